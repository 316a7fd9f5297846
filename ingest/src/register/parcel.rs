//! How lists name a parcel, and the register's parcel that they mean.

use std::collections::HashMap;
use std::fmt;

use chrono::{DateTime, Utc};
use kernel::{Column, Layer};
use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::Spot;
use crate::IngestError;
use crate::plan::PlaceBy;
use crate::report::Reason;

/// Parcels asked for by one query.
const AT_ONCE: usize = 20_000;

/// A parcel as a list names it; what it does not say is not asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct ParcelKey {
    /// ISTAT code.
    comune: Option<String>,
    /// The cadastral code, of a whole reference.
    belfiore: Option<String>,
    /// `_` says that there is none.
    section: Option<char>,
    sheet: i32,
    attachment: Option<char>,
    development: Option<char>,
    /// In lower case.
    number: String,
}

impl ParcelKey {
    /// From foglio, particella and section as they stand in cells: zeros before them, `13A` and `13/A` (an allegato), `345/a`, a
    /// subalterno, words like `fg.` and `p.lla` are forgiven.
    pub(super) fn of_cells(sheet: &str, number: &str, section: Option<&str>) -> Option<Self> {
        let key = if let Some(key) = Self::of_sheet(sheet.trim()) { key } else { foglio(sheet)? };
        let section = match section.map(str::trim).filter(|s| !matches!(*s, "" | "-" | "0")) {
            Some(section) => Some(only(section)?.to_ascii_uppercase()),
            None => key.section,
        };
        Some(Self { section, number: particella(number)?, ..key })
    }

    pub(super) fn in_comune(self, comune: Option<String>) -> Self {
        Self { comune, ..self }
    }

    /// From a national reference: `H224_001200.345`.
    pub(super) fn of_reference(text: &str) -> Option<Self> {
        let text = text.trim();
        // INSPIRE writes `IT.AGE.PLA.` before it
        let text = text.strip_prefix("IT.AGE.PLA.").unwrap_or(text);
        let (sheet, number) = text.split_once('.')?;
        Some(Self { number: particella(number)?, ..Self::of_sheet(sheet)? })
    }

    /// From the eleven characters that name a sheet, read by position.
    fn of_sheet(text: &str) -> Option<Self> {
        if text.len() != 11 || !text.is_ascii() {
            return None;
        }
        let text = text.to_ascii_uppercase();
        let (belfiore, digits) = (&text[..4], &text[5..9]);
        let comune = belfiore.as_bytes()[0].is_ascii_uppercase() && belfiore[1..].bytes().all(|b| b.is_ascii_digit());
        let mark = |at: usize| text[at..].chars().next();
        if !comune || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            comune: None,
            belfiore: Some(belfiore.to_owned()),
            section: mark(4),
            sheet: digits.parse().ok().filter(|sheet| *sheet > 0)?,
            attachment: mark(9),
            development: mark(10),
            number: String::new(),
        })
    }
}

fn only(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|c| letters.next().is_none() && (c.is_ascii_alphanumeric() || *c == '_'))
}

/// `0013`, `13A`, `13/A`, `fg. 13`.
fn foglio(text: &str) -> Option<ParcelKey> {
    let text = text.trim().to_ascii_uppercase();
    let text = without(&text, &["FOGLIO", "FOGL", "FOG", "FGL", "FG", "F"]);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let sheet = text[..end].parse().ok().filter(|sheet| (1..=9999).contains(sheet))?;
    let mut marks = text[end..].trim_start_matches([' ', '/', '-', '.']).chars();
    let (attachment, development) = (marks.next(), marks.next());
    let fits = marks.next().is_none()
        && attachment.is_none_or(|c| c.is_ascii_uppercase())
        && development.is_none_or(|c| c.is_ascii_alphanumeric());
    fits.then_some(ParcelKey { comune: None, belfiore: None, section: None, sheet, attachment, development, number: String::new() })
}

/// `0345`, `345/a`, `345 sub 3`, `p.lla 345`, `STRADA001`; `None` for several numbers, and for what is none.
fn particella(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let text = without(&text, &["PARTICELLA", "PART.LLA", "P.LLA", "PLLA", "PART", "MAPPALE", "MAPP", "MAP", "N", "P"]);
    let text =
        text.find("SUB").filter(|at| *at > 0 && !text[..*at].ends_with(|c: char| c.is_ascii_alphabetic())).map_or(text, |at| &text[..at]);
    let text = text.trim_end_matches([' ', ',', '.', '-', '/']);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let letters = if digits.is_empty() { rest } else { rest.trim_start_matches([' ', '/', '-']) };
    // digits behind a sign would be another number
    let one = digits.is_empty() || letters.len() == rest.len() || letters.bytes().all(|b| b.is_ascii_alphabetic());
    let digits = digits.trim_start_matches('0');
    let number = format!("{digits}{letters}").to_ascii_lowercase();
    (one && (1..=12).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric())).then_some(number)
}

/// What follows one of these words and signs, if a digit does; otherwise the text.
fn without<'a>(text: &'a str, words: &[&str]) -> &'a str {
    let rest = words.iter().find_map(|word| text.strip_prefix(word)).map(|rest| rest.trim_start_matches(['.', ':', ' ', '°', 'º', ',']));
    rest.filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text)
}

/// `foglio 12, particella 345`
impl fmt::Display for ParcelKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(comune) = self.comune.as_ref().or(self.belfiore.as_ref()) {
            write!(f, "{comune} ")?;
        }
        if let Some(section) = self.section.filter(|s| *s != '_') {
            write!(f, "sezione {section} ")?;
        }
        write!(f, "foglio {}", self.sheet)?;
        for mark in [self.attachment, self.development].into_iter().flatten().filter(|mark| *mark != '0') {
            write!(f, "{mark}")?;
        }
        write!(f, ", particella {}", self.number.to_uppercase())
    }
}

/// The columns of foglio and particella.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns<'a> {
    pub(super) sheet: &'a Column,
    pub(super) number: &'a Column,
}

#[derive(FromRow)]
struct Found {
    n: i32,
    parcels: i64,
    x: Option<f64>,
    y: Option<f64>,
    area: Option<Vec<u8>>,
}

/// Where parcels are, as the register has them at an instant: a point on their surface, or their area.
pub(super) async fn look_up(
    database: &mut PgConnection,
    layer: &Layer,
    columns: Columns<'_>,
    keys: &[ParcelKey],
    by: PlaceBy,
    now: DateTime<Utc>,
) -> Result<HashMap<ParcelKey, Spot>, IngestError> {
    let valid = if layer.validity { " and t.valid_from <= $8 and (t.valid_to is null or t.valid_to > $8)" } else { " and $8 is not null" };
    let area = if by == PlaceBy::ParcelArea { "st_asbinary(geom)" } else { "null::bytea" };
    // the columns are compared as the index that searches use has them
    let sql = format!(
        "select n::integer, parcels, st_x(p) as x, st_y(p) as y, {area} as area
         from (select q.n, count(t.fid) as parcels, (array_agg(t.geom))[1] as geom
               from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) with ordinality
                    as q (sheet, number, comune, belfiore, section, attachment, development, n)
               left join lateral (
                   select fid, geom from {table} t
                   where t.{sheet} = q.sheet and lower(t.{number} collate \"C\") = q.number
                     and (q.comune is null or t.comune = q.comune) and (q.belfiore is null or substr(t.id, 1, 4) = q.belfiore)
                     and (q.section is null or substr(t.id, 5, 1) = q.section)
                     and (q.attachment is null or substr(t.id, 10, 1) = q.attachment)
                     and (q.development is null or substr(t.id, 11, 1) = q.development){valid}
                   limit 2) t on true
               group by q.n) f
         cross join lateral (select case when parcels = 1 then st_pointonsurface(geom) end as p offset 0) s",
        table = layer.table.sql(),
        sheet = columns.sheet.sql(),
        number = columns.number.sql(),
    );
    let mut spots = HashMap::with_capacity(keys.len());
    for keys in keys.chunks(AT_ONCE) {
        let marks = |of: fn(&ParcelKey) -> Option<char>| keys.iter().map(|k| of(k).map(String::from)).collect::<Vec<_>>();
        let found: Vec<Found> = sqlx::query_as(AssertSqlSafe(sql.clone()))
            .bind(keys.iter().map(|k| k.sheet).collect::<Vec<_>>())
            .bind(keys.iter().map(|k| k.number.as_str()).collect::<Vec<_>>())
            .bind(keys.iter().map(|k| k.comune.as_deref()).collect::<Vec<_>>())
            .bind(keys.iter().map(|k| k.belfiore.as_deref()).collect::<Vec<_>>())
            .bind(marks(|k| k.section))
            .bind(marks(|k| k.attachment))
            .bind(marks(|k| k.development))
            .bind(now)
            .fetch_all(&mut *database)
            .await
            .map_err(IngestError::database("did not say where the parcels are"))?;
        for row in found {
            let Some(key) = usize::try_from(row.n - 1).ok().and_then(|n| keys.get(n)) else { continue };
            let spot = match (row.parcels, row.area, row.x, row.y) {
                (0, ..) => Spot::Nowhere(Reason::NoSuchParcel),
                (1, Some(area), ..) => Spot::Area(area),
                (1, None, Some(x), Some(y)) => Spot::Point([x, y]),
                _ => Spot::Nowhere(Reason::SeveralParcels),
            };
            spots.insert(key.clone(), spot);
        }
    }
    Ok(spots)
}

#[cfg(test)]
mod tests {
    use super::ParcelKey;

    fn told(sheet: &str, number: &str, section: Option<&str>) -> String {
        ParcelKey::of_cells(sheet, number, section).map_or_else(|| "–".to_owned(), |key| key.to_string())
    }

    #[test]
    fn cells_are_read_as_people_fill_them() {
        for (sheet, number) in [
            ("12", "345"),
            ("0012", "00345"),
            ("fg. 12", "p.lla 345"),
            (" 12 ", "345 sub 3"),
            ("Foglio 12", "345 SUB.3"),
            ("F12", "N. 345"),
        ] {
            assert_eq!(told(sheet, number, Some("")), "foglio 12, particella 345", "{sheet} {number}");
        }
        for (sheet, number) in [("12A", "345/a"), ("12/A", "345A"), ("12 a", "345-a"), ("012-A", "0345 A")] {
            assert_eq!(told(sheet, number, None), "foglio 12A, particella 345A", "{sheet} {number}");
        }
        assert_eq!(told("2", "STRADA001", Some("a")), "sezione A foglio 2, particella STRADA001");
        assert_eq!(
            (told("767", "A", None), told("7", "x0012", None)),
            ("foglio 767, particella A".into(), "foglio 7, particella X0012".into())
        );
        assert_eq!(told("H833_0013A0", "7", None), "H833 foglio 13A, particella 7");
    }

    #[test]
    fn what_is_no_parcel_or_several_is_not_guessed() {
        for (sheet, number) in [
            ("", "3"),
            ("0", "3"),
            ("12", ""),
            ("12", "0"),
            ("12", "345/346"),
            ("12", "345,346"),
            ("12", "345-346"),
            ("12", "345 e 346"),
            ("12;13", "3"),
            ("12ABC", "3"),
            ("x", "3"),
            ("12", "…"),
        ] {
            assert_eq!(told(sheet, number, None), "–", "{sheet} {number}");
        }
        assert_eq!(told("12", "345", Some("RC")), "–");
    }

    #[test]
    fn references_are_read_by_position() {
        let told = |text: &str| ParcelKey::of_reference(text).map(|key| key.to_string());
        assert_eq!(told("G273_0033A0.673").as_deref(), Some("G273 foglio 33A, particella 673"));
        assert_eq!(told("IT.AGE.PLA.a000w000200.strada001").as_deref(), Some("A000 sezione W foglio 2, particella STRADA001"));
        assert_eq!((told("12/345"), told("H224_00A200.345"), told("")), (None, None, None));
    }
}
