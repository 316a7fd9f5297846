//! What kind of value each column holds, by looking at all of them.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};

use kernel::layer::FieldType;

use super::number::{self, Decimal, Evidence};
use crate::source::Value;

/// The kind of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::source) enum Kind {
    Boolean,
    Integer,
    Number(Decimal),
    /// With its pattern.
    Date(&'static str),
    Instant,
    Text,
}

/// Days as Italians and machines write them.
const DATES: [&str; 5] = ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d"];

/// The kinds tried, the narrowest first.
const KINDS: [Kind; 10] = [
    Kind::Boolean,
    Kind::Integer,
    Kind::Number(Decimal::Point),
    Kind::Number(Decimal::Comma),
    Kind::Date(DATES[0]),
    Kind::Date(DATES[1]),
    Kind::Date(DATES[2]),
    Kind::Date(DATES[3]),
    Kind::Date(DATES[4]),
    Kind::Instant,
];

impl Kind {
    /// A value of this kind. Empty is NULL; and so would be what is of another kind, but the column was typed so that
    /// there is none.
    pub(in crate::source) fn value(&self, text: &str) -> Value {
        if text.is_empty() { Value::Null } else { self.read(text).unwrap_or(Value::Null) }
    }

    /// The decimal mark of a column of numbers; otherwise each value is taken as it looks.
    pub(in crate::source) fn decimal(&self) -> Decimal {
        match self {
            Self::Number(decimal) => *decimal,
            _ => Decimal::Either,
        }
    }

    pub(in crate::source) fn field_type(self) -> FieldType {
        match self {
            Self::Boolean => FieldType::Boolean,
            Self::Integer => FieldType::Integer,
            Self::Number(_) => FieldType::Number,
            Self::Date(_) => FieldType::Date,
            Self::Instant => FieldType::DateTime,
            Self::Text => FieldType::Text,
        }
    }

    fn read(&self, text: &str) -> Option<Value> {
        match self {
            Self::Boolean => match text.to_ascii_lowercase().as_str() {
                "true" | "vero" => Some(Value::Boolean(true)),
                "false" | "falso" => Some(Value::Boolean(false)),
                _ => None,
            },
            Self::Integer => integer(text).map(Value::Integer),
            // a code with leading zeros is no number, nor are digits that a number would round
            Self::Number(_) if zeros_first(text) || (text.len() > 15 && text.bytes().all(|b| b.is_ascii_digit())) => None,
            Self::Number(decimal) => number::parse(text, *decimal).map(Value::Number),
            Self::Date(pattern) => date(text, pattern).map(Value::Date),
            Self::Instant => instant(text).map(Value::Instant),
            Self::Text => Some(Value::Text(text.to_owned())),
        }
    }
}

/// What a text says, as a value of a kind; `None` if it is none of that kind. Numbers are read as their column's decimals are written, days as
/// each looks.
pub(crate) fn read_as(text: &str, kind: FieldType, decimal: Decimal) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Value::Null);
    }
    match kind {
        FieldType::Text => Some(Value::Text(text.to_owned())),
        FieldType::Integer => match number::parse(text, decimal)? {
            whole if whole.fract() == 0.0 && whole.abs() < 9e15 => Some(Value::Integer(whole as i64)),
            _ => None,
        },
        FieldType::Number => number::parse(text, decimal).map(Value::Number),
        FieldType::Boolean => match text.to_lowercase().as_str() {
            "true" | "vero" | "sì" | "si" | "s" | "yes" | "1" => Some(Value::Boolean(true)),
            "false" | "falso" | "no" | "n" | "0" => Some(Value::Boolean(false)),
            _ => None,
        },
        FieldType::Date => DATES.iter().find_map(|pattern| date(text, pattern)).or_else(|| instant(text).map(in_rome)).map(Value::Date),
        FieldType::DateTime => instant(text)
            .or_else(|| DATES.iter().find_map(|pattern| date(text, pattern)).and_then(|date| instant(&date.to_string())))
            .map(Value::Instant),
    }
}

fn in_rome(instant: DateTime<Utc>) -> NaiveDate {
    instant.with_timezone(&chrono_tz::Europe::Rome).date_naive()
}

fn zeros_first(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
    matches!(digits, [b'0', b'0'..=b'9', ..])
}

fn integer(text: &str) -> Option<i64> {
    let plain = text.bytes().enumerate().all(|(i, b)| b.is_ascii_digit() || (i == 0 && b == b'-'));
    if plain && !zeros_first(text) { text.parse().ok() } else { None }
}

fn date(text: &str, pattern: &str) -> Option<NaiveDate> {
    if !matches!(text.len(), 8..=10) || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let year_first = pattern.starts_with("%Y");
    let long_year = text.split(['-', '/', '.']).nth(if year_first { 0 } else { 2 }).is_some_and(|y| y.len() == 4);
    if long_year { NaiveDate::parse_from_str(text, pattern).ok() } else { None }
}

/// ISO 8601; without a zone it is the time in Rome, without a time its midnight: a spreadsheet leaves zeros away.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    if text.len() == 10 {
        let midnight = date(text, DATES[0])?.and_time(chrono::NaiveTime::MIN);
        return chrono_tz::Europe::Rome.from_local_datetime(&midnight).earliest().map(|t| t.with_timezone(&Utc));
    }
    if text.len() < 16 || !text.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Some(instant.with_timezone(&Utc));
    }
    let local = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M"]
        .iter()
        .find_map(|pattern| NaiveDateTime::parse_from_str(text, pattern).ok())?;
    chrono_tz::Europe::Rome.from_local_datetime(&local).earliest().map(|t| t.with_timezone(&Utc))
}

/// What each column can still be.
pub(in crate::source) struct Typing {
    columns: Vec<Candidates>,
    samples: Vec<String>,
    /// Whether a number that may be two has a decimal point: where the format, or the mark between fields, says so.
    points: bool,
}

#[derive(Clone)]
struct Candidates {
    /// Those of [`KINDS`] that every value so far was of.
    left: Vec<Kind>,
    seen: bool,
    decimals: Evidence,
}

impl Typing {
    /// `points`: a number that may be two, as `1.100`, has a decimal point.
    pub(in crate::source) fn new(columns: usize, points: bool) -> Self {
        let column = Candidates { left: KINDS.to_vec(), seen: false, decimals: Evidence::default() };
        Self { columns: vec![column; columns], samples: vec![String::new(); columns], points }
    }

    /// Takes a row of `len` values into account. Rows with too many values are kept out later, and their values stand under wrong
    /// names.
    pub(in crate::source) fn look<'a>(&mut self, len: usize, value: impl Fn(usize) -> Cow<'a, str>) {
        if len > self.columns.len() {
            return;
        }
        for (index, column) in self.columns[..len].iter_mut().enumerate() {
            if column.seen && column.left.is_empty() && column.decimals.is_complete() {
                continue;
            }
            let text = value(index);
            if text.is_empty() {
                continue;
            }
            if !column.seen {
                self.samples[index] = text.chars().take(200).collect();
                column.seen = true;
            }
            column.left.retain(|kind| kind.read(&text).is_some());
            let mut marks = column.left.iter().filter_map(|kind| if let Kind::Number(decimal) = kind { Some(*decimal) } else { None });
            match (marks.next(), marks.next()) {
                // a value before could have no other
                (Some(only), None) => column.decimals.tell(only),
                _ => column.decimals.look(&text),
            }
        }
    }

    /// The first value of each column.
    pub(in crate::source) fn samples(&self) -> &[String] {
        &self.samples
    }

    /// The narrowest kind that holds all values of each column; text for a column without any, and for one of numbers that may be two.
    pub(in crate::source) fn kinds(&self) -> Vec<Kind> {
        let kind = |(index, column): (usize, &Candidates)| match column.left.first() {
            Some(kind) if column.seen && !(self.is_unclear(index) && matches!(kind, Kind::Number(_))) => *kind,
            _ => Kind::Text,
        };
        self.columns.iter().enumerate().map(kind).collect()
    }

    /// How the decimals of each column are written.
    pub(in crate::source) fn decimals(&self) -> Vec<Decimal> {
        let of = |column: &Candidates| match column.decimals.decimal() {
            Decimal::Unclear if self.points => Decimal::Either,
            decimal => decimal,
        };
        self.columns.iter().map(of).collect()
    }

    /// Whether a column has numbers that may be two, and nothing tells which they are.
    pub(in crate::source) fn is_unclear(&self, column: usize) -> bool {
        !self.points && self.columns.get(column).is_some_and(|column| column.decimals.is_unclear())
    }

    /// Takes into account that a column has a number that is one, whatever its text may be.
    pub(in crate::source) fn has_number(&mut self, column: usize) {
        if let Some(column) = self.columns.get_mut(column) {
            column.decimals.tell(Decimal::Point);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Typing};
    use crate::source::table::number::Decimal;

    fn kind(values: &[&str]) -> Kind {
        let mut typing = Typing::new(1, false);
        for value in values {
            typing.look(1, |_| (*value).into());
        }
        typing.kinds()[0]
    }

    #[test]
    fn the_narrowest_kind_that_holds_all_values() {
        assert_eq!(kind(&["1", "", "-20"]), Kind::Integer);
        assert_eq!(kind(&["1", "2.5"]), Kind::Number(Decimal::Point));
        assert_eq!(kind(&["1", "2,5", "1.234,75"]), Kind::Number(Decimal::Comma));
        assert_eq!(kind(&["2,5", "2.55"]), Kind::Text);
        assert_eq!(kind(&["2010-11-22"]), Kind::Date("%Y-%m-%d"));
        assert_eq!(kind(&["22/11/2010", "01/02/2011"]), Kind::Date("%d/%m/%Y"));
        assert_eq!(kind(&["2010-11-22T10:00:00Z", "2010-11-22 10:00"]), Kind::Instant);
        assert_eq!(kind(&["2010-11-22", "2010-11-22T10:00:00"]), Kind::Instant);
        assert_eq!(kind(&["vero", "FALSO"]), Kind::Boolean);
        assert_eq!(kind(&["", ""]), Kind::Text);
    }

    #[test]
    fn a_text_is_read_as_what_a_plan_says() {
        use super::{FieldType, Value, read_as};
        let day = |text: &str| Value::Date(text.parse().unwrap());
        for (text, kind, value) in [
            ("1.234,5", FieldType::Number, Some(Value::Number(1234.5))),
            ("007", FieldType::Integer, Some(Value::Integer(7))),
            ("7,5", FieldType::Integer, None),
            ("sì", FieldType::Boolean, Some(Value::Boolean(true))),
            ("31/12/2020", FieldType::Date, Some(day("2020-12-31"))),
            ("2020-12-31T23:30:00Z", FieldType::Date, Some(day("2021-01-01"))),
            ("31/06/2020", FieldType::Date, None),
            (" ", FieldType::Number, Some(Value::Null)),
            ("circa 3", FieldType::Number, None),
            ("1.100", FieldType::Number, None),
        ] {
            assert_eq!(read_as(text, kind, Decimal::Unclear), value, "{text}");
        }
    }

    #[test]
    fn numbers_that_may_be_two_stay_text_unless_another_value_tells() {
        assert_eq!(kind(&["1.100", "2.500", "7"]), Kind::Text);
        assert_eq!(kind(&["1.100", "2.500", "7,5"]), Kind::Number(Decimal::Comma));
        assert_eq!(kind(&["1.100", "2.5"]), Kind::Number(Decimal::Point));
        assert_eq!(kind(&["1.100", "0.250"]), Kind::Number(Decimal::Point));
        assert_eq!(kind(&["1.100.000", "2.500"]), Kind::Number(Decimal::Comma));
        let mut typing = Typing::new(2, true);
        typing.look(2, |_| "1.100".into());
        assert_eq!((typing.kinds()[0], typing.decimals()[0], typing.is_unclear(0)), (Kind::Number(Decimal::Point), Decimal::Either, false));
        for (values, decimal) in [(["1.100", "circa 3", "12,5"], Decimal::Comma), (["1.5", "1.100", "circa 3"], Decimal::Point)] {
            let mut typing = Typing::new(1, false);
            for value in values {
                typing.look(1, |_| value.into());
            }
            assert_eq!((typing.kinds()[0], typing.decimals()[0], typing.is_unclear(0)), (Kind::Text, decimal, false));
        }
    }

    #[test]
    fn codes_with_leading_zeros_stay_text() {
        assert_eq!(kind(&["15122", "00186"]), Kind::Text);
        assert_eq!(kind(&["006003"]), Kind::Text);
        assert_eq!(kind(&["0", "0,5"]), Kind::Number(Decimal::Comma));
        assert_eq!(kind(&["99999999999999999999"]), Kind::Text);
    }

    #[test]
    fn one_value_late_in_the_file_makes_it_text_and_is_not_lost() {
        let mut values = vec!["1"; 5000];
        values.push("1/A");
        assert_eq!(kind(&values), Kind::Text);
    }
}
