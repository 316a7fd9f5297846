//! What a file gives: rows of named values with a geometry, as they stand in it. Nothing is transformed here.

pub(crate) mod archive;
pub(crate) mod csv;
pub(crate) mod gdal;
mod geojson;
pub(crate) mod open;
pub(crate) mod process;
pub(crate) mod shapefile;
pub(crate) mod sniff;
pub(crate) mod table;
pub(crate) mod xlsx;
mod xml;

use std::borrow::Cow;
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::layer::{Accuracy, FieldType};
use kernel::{Srid, Text};
use serde::{Deserialize, Serialize};

use crate::IngestError;
use crate::report::{Note, Reason};
use table::number::Decimal;

/// A value of a row.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Value {
    #[default]
    Null,
    Text(String),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    #[serde(with = "process::days")]
    Date(NaiveDate),
    #[serde(with = "chrono::serde::ts_microseconds")]
    Instant(DateTime<Utc>),
}

/// A geometry as the file has it, in the file's coordinate system, east coordinate first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum RawGeometry {
    /// The row has none.
    #[default]
    Missing,
    /// A position, from two columns.
    Position([f64; 2]),
    /// Well-known binary, ISO or extended.
    Wkb(#[serde(with = "process::bytes")] Vec<u8>),
    /// Well-known text.
    Wkt(String),
    /// The row can't be read.
    Broken(Reason),
}

impl RawGeometry {
    /// Whether its positions have heights or measures, which a layer does not keep.
    pub(crate) fn has_heights(&self) -> bool {
        match self {
            Self::Wkb(bytes) => {
                let Some((order, Some(code))) = bytes.split_first().map(|(order, rest)| (*order, rest.first_chunk::<4>())) else {
                    return false;
                };
                let code = if order == 0 { u32::from_be_bytes(*code) } else { u32::from_le_bytes(*code) };
                code & 0xC000_0000 != 0 || (code & 0x0FFF_FFFF) / 1000 > 0
            }
            Self::Wkt(text) => {
                // the first position stands behind the innermost bracket, whatever is named before it
                let first = text.split_once('(').and_then(|(_, lists)| lists.split([',', ')']).next());
                let position = first.and_then(|lists| lists.rsplit('(').next());
                position.is_some_and(|position| position.split_whitespace().count() > 2)
            }
            Self::Missing | Self::Position(_) | Self::Broken(_) => false,
        }
    }
}

/// A row as the file has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What people count: the first feature is 1; in a CSV the header is row 1, as a spreadsheet shows it.
    pub(crate) number: u64,
    /// The row's key in the file, where the format has one apart from the fields (GeoPackage).
    pub(crate) key: Option<i64>,
    /// One for each field of the [`SourceLayer`].
    pub(crate) values: Vec<Value>,
    /// Whether a value had to be left empty, since it is none of its kind (the 31st of June).
    pub(crate) lost: bool,
    pub(crate) geometry: RawGeometry,
}

/// A field as the file names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceField {
    pub(crate) name: String,
    pub(crate) kind: FieldType,
    /// How numbers in its texts are written.
    pub(crate) numbers: Numbers,
}

/// How numbers in the texts of a column are written, as far as its values tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    pub(crate) decimal: Decimal,
    /// Whether it has some that may be two (`1.100`), and nothing tells which they are.
    pub(crate) unclear: bool,
}

impl Numbers {
    /// How they are in both of two files.
    pub(crate) fn and(self, other: Self) -> Self {
        let decimal = if self.decimal == other.decimal { self.decimal } else { Decimal::Unclear };
        Self { decimal, unclear: self.unclear || other.unclear }
    }
}

/// What the file says of its coordinate system.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum DeclaredCrs {
    /// Nothing.
    None,
    /// A system, by its code; or by the format's own rule (RFC 7946).
    Stated(Srid),
    /// A definition that was recognised as this system although it bears no code; with the definition's name.
    Recognised(Srid, String),
    /// A definition that nobody recognises; its name.
    Unrecognised(String),
    /// Storage: its rows were placed through the register of this name, which is as accurate as that.
    Register(Srid, Text, Option<Accuracy>),
}

/// One layer of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SourceLayer {
    pub(crate) name: String,
    /// The format, as people call it.
    pub(crate) format: &'static str,
    pub(crate) fields: Vec<SourceField>,
    pub(crate) crs: DeclaredCrs,
    /// Whether it says where its rows are by coordinates.
    pub(crate) placed: bool,
    /// How many rows, if that is known without reading them.
    pub(crate) rows: Option<u64>,
    /// The column that holds [`Row::key`].
    pub(crate) key: Option<String>,
    /// How its texts are encoded, as people call it.
    pub(crate) encoding: String,
    /// Every layer of the file, where it may have several.
    pub(crate) siblings: Vec<String>,
    /// What was found out on the way and the report should say.
    pub(crate) notes: Vec<Note>,
}

/// Reads one layer of a file, as often as asked.
///
/// A reader blocks: it is used on a thread of its own. What it meets in a row (an unreadable geometry, a date that is
/// none) is told in the row; an error means that the file can't be read on.
pub(crate) trait Reader: Send {
    /// The layer.
    fn layer(&self) -> &SourceLayer;

    /// Gives the values of a field as the text that stands in the file, where the file has nothing but texts and their kind was made out.
    fn as_text(&mut self, field: usize);

    /// Adds to what the report should say.
    fn note(&mut self, note: Note);

    /// Hands over every row in the file's order, until there is none or `each` breaks.
    fn read(&mut self, each: &mut dyn FnMut(Row) -> ControlFlow<()>) -> Result<(), IngestError>;
}

/// A reader, with what people call the file it reads.
pub(crate) struct Source {
    /// The file's name, with the entry of the archive it was in.
    pub(crate) file: String,
    pub(crate) reader: Box<dyn Reader>,
}

impl Value {
    /// The value as text, as it is read and written without loss; `None` for NULL.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        Some(
            match self {
                Self::Null => return None,
                Self::Text(v) => return Some(v.into()),
                Self::Integer(v) => v.to_string(),
                Self::Number(v) => v.to_string(),
                Self::Boolean(v) => v.to_string(),
                Self::Date(v) => v.to_string(),
                Self::Instant(v) => v.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            }
            .into(),
        )
    }

    /// The same, of its own.
    pub(crate) fn to_text(&self) -> Option<String> {
        self.text().map(Cow::into_owned)
    }

    /// The same value as another kind, if nothing is lost by it: a whole number as a number, anything as text, and a text as what
    /// is written in it, with decimals written so. Otherwise the value is given back.
    pub(crate) fn fit(self, kind: FieldType, decimal: Decimal) -> Result<Self, Self> {
        match (self, kind) {
            (Self::Null, _) => Ok(Self::Null),
            (value @ Self::Text(_), FieldType::Text)
            | (value @ Self::Integer(_), FieldType::Integer)
            | (value @ Self::Number(_), FieldType::Number)
            | (value @ Self::Boolean(_), FieldType::Boolean)
            | (value @ Self::Date(_), FieldType::Date)
            | (value @ Self::Instant(_), FieldType::DateTime) => Ok(value),
            (Self::Integer(v), FieldType::Number) => Ok(Self::Number(v as f64)),
            (Self::Number(v), FieldType::Integer) if v.fract() == 0.0 && v.abs() < 9e15 => Ok(Self::Integer(v as i64)),
            (Self::Integer(v @ (0 | 1)), FieldType::Boolean) => Ok(Self::Boolean(v == 1)),
            (value, FieldType::Text) => Ok(value.to_text().map_or(Self::Null, Self::Text)),
            (Self::Text(text), kind) => table::read_as(&text, kind, decimal).ok_or(Self::Text(text)),
            (Self::Date(date), FieldType::DateTime) => table::read_as(&date.to_string(), kind, decimal).ok_or(Self::Date(date)),
            (value, _) => Err(value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::RawGeometry;

    #[test]
    fn heights_and_measures_are_seen() {
        let wkt = |text: &str| RawGeometry::Wkt(text.to_owned()).has_heights();
        assert!(wkt("POINT Z (1 2 3)") && wkt("LINESTRING ZM(1 2 3 4,5 6 7 8)") && wkt("POLYGON((1 2 3,4 5 6,7 8 9,1 2 3))"));
        assert!(wkt("COMPOUNDCURVE(CIRCULARSTRING Z (0 0 1,1 1 1,2 0 1))") && !wkt("COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0))"));
        assert!(!wkt("POINT(1 2)") && !wkt("MULTIPOLYGON(((1 2,3 4,5 6,1 2)))") && !wkt("POINT EMPTY") && !wkt(""));
        let wkb = |order: u8, code: [u8; 4]| RawGeometry::Wkb([&[order][..], &code, &[0; 24]].concat()).has_heights();
        assert!(wkb(1, 1_001u32.to_le_bytes()) && wkb(0, 3_003u32.to_be_bytes()) && wkb(1, 0x8000_0001u32.to_le_bytes()));
        assert!(!wkb(1, 1u32.to_le_bytes()) && !wkb(0, 6u32.to_be_bytes()) && !wkb(1, 0x2000_0001u32.to_le_bytes()));
        assert!(!RawGeometry::Wkb(vec![1]).has_heights());
    }
}
