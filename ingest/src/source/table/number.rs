use serde::{Deserialize, Serialize};

/// How decimals are written in a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decimal {
    /// `1234.5`
    Point,
    /// `1234,5` or `1.234,5`
    Comma,
    /// As each value looks; one that may be either has a point.
    Either,
    /// As each value looks; one that may be either (`1.100`) is none.
    #[default]
    Unclear,
}

/// The mark that somebody says stands before decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// `1.100` is one and a tenth.
    Point,
    /// `1.100` is eleven hundred.
    Comma,
}

impl From<Mark> for Decimal {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Point => Self::Point,
            Mark::Comma => Self::Comma,
        }
    }
}

/// Reads a finite number; nothing but digits, a sign, the decimal mark, dots between thousands (with a decimal comma)
/// and, with a point, an exponent.
pub(crate) fn parse(text: &str, decimal: Decimal) -> Option<f64> {
    match decimal {
        Decimal::Point => point(text),
        Decimal::Comma => comma(text),
        Decimal::Either => point(text).or_else(|| comma(text)),
        Decimal::Unclear if either(text).is_some() => None,
        Decimal::Unclear => point(text).or_else(|| comma(text)),
    }
    .filter(|n| n.is_finite())
}

/// Of a number that may be two: with a dot between thousands, and with a decimal point. `1.100` is 1100 and 1.1.
pub(crate) fn either(text: &str) -> Option<[f64; 2]> {
    let point = point(text).filter(|_| text.contains('.'))?;
    comma(text).filter(|comma| *comma != point).map(|comma| [comma, point])
}

/// What the values of a column tell of how its decimals are written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence {
    point: bool,
    comma: bool,
    unclear: bool,
}

impl Evidence {
    /// Takes a value into account; texts that are no numbers tell nothing.
    pub(super) fn look(&mut self, text: &str) {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) || !digits.contains(['.', ',']) {
            return;
        }
        match (point(text), comma(text)) {
            (Some(_), None) => self.point = true,
            (None, Some(_)) => self.comma = true,
            (Some(point), Some(comma)) => self.unclear |= point != comma,
            (None, None) => {}
        }
    }

    /// Takes a value into account that has this mark and could have no other.
    pub(super) fn tell(&mut self, decimal: Decimal) {
        self.point |= decimal == Decimal::Point;
        self.comma |= decimal == Decimal::Comma;
    }

    /// Whether nothing that is still to come can tell more.
    pub(super) fn is_complete(self) -> bool {
        self.point && self.comma
    }

    /// All in all.
    pub(super) fn decimal(self) -> Decimal {
        match (self.point, self.comma) {
            (true, false) => Decimal::Point,
            (false, true) => Decimal::Comma,
            _ => Decimal::Unclear,
        }
    }

    /// Whether there are numbers that may be two, and nothing tells which they are.
    pub(super) fn is_unclear(self) -> bool {
        self.unclear && self.decimal() == Decimal::Unclear
    }
}

fn point(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    if plain && text.bytes().any(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

fn comma(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (whole, fraction) = unsigned.split_once(',').unwrap_or((unsigned, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let mut groups = whole.split('.');
    let first = groups.next().unwrap_or_default();
    let mut rest = groups.clone();
    // nobody writes thousands of nothing: 0.350
    let begins = matches!(first.len(), 1..=3) && !first.starts_with('0');
    let grouped = groups.next().is_none() || (begins && rest.all(|g| g.len() == 3 && digits(g)));
    if whole.is_empty() || !digits(first) || !grouped || !digits(fraction) {
        return None;
    }
    let value: f64 = format!("{}.{fraction}0", whole.replace('.', "")).parse().ok()?;
    Some(if text.starts_with('-') { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{Decimal, Evidence, either, parse};

    #[test]
    fn each_style_reads_its_own() {
        assert_eq!(parse("1234.5", Decimal::Point), Some(1234.5));
        assert_eq!(parse("-1.5e3", Decimal::Point), Some(-1500.0));
        assert_eq!(parse("1234,5", Decimal::Comma), Some(1234.5));
        assert_eq!(parse("1.472.210,83", Decimal::Comma), Some(1_472_210.83));
        assert_eq!(parse("-0,5", Decimal::Comma), Some(-0.5));
        assert_eq!(parse("7", Decimal::Comma), Some(7.0));
    }

    #[test]
    fn three_digits_behind_a_dot_may_be_thousands() {
        assert_eq!(either("1.100"), Some([1100.0, 1.1]));
        assert_eq!(either("-12.345"), Some([-12_345.0, -12.345]));
        for clear in ["0.350", "1.10", "1.1000", "1234.500", "1.100.200", "1.100,5", "1100", "1,5", "a"] {
            assert_eq!(either(clear), None, "{clear}");
        }
        assert_eq!((parse("1.100", Decimal::Unclear), parse("1.100", Decimal::Either)), (None, Some(1.1)));
        assert_eq!((parse("1.5", Decimal::Unclear), parse("1,5", Decimal::Unclear)), (Some(1.5), Some(1.5)));
    }

    #[test]
    fn the_values_of_a_column_tell_of_each_other() {
        let of = |values: &[&str]| {
            let mut evidence = Evidence::default();
            values.iter().for_each(|value| evidence.look(value));
            (evidence.decimal(), evidence.is_unclear())
        };
        assert_eq!(of(&["1.100", "12,5", "circa 3"]), (Decimal::Comma, false));
        assert_eq!(of(&["1.100", "0.350"]), (Decimal::Point, false));
        assert_eq!(of(&["1.100", "2.000", "7", "n.d."]), (Decimal::Unclear, true));
        assert_eq!(of(&["1.100", "1.5", "2,5"]), (Decimal::Unclear, true));
        assert_eq!(of(&["7", "Via 4.500"]), (Decimal::Unclear, false));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", ".", "nan", "inf", "Infinity", "1e999", "1.2.3", "12 m", "1,2,3", "1.23,4", "0x10"] {
            assert_eq!(parse(text, Decimal::Either), None, "{text}");
        }
        assert_eq!(parse("1234,5", Decimal::Point), None);
    }
}
