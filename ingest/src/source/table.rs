//! Rows of texts under a header, as a CSV or a spreadsheet has them: what kind of value each column holds, and which columns say
//! where a row is.

pub(crate) mod number;
mod positions;
mod typing;

use std::borrow::Cow;

use self::number::Decimal;
use self::positions::Positions;
use super::{RawGeometry, SourceField, Value};
use crate::report::{Note, Reason};

pub(crate) use typing::read_as;
pub(in crate::source) use typing::{Kind, Typing};

/// The columns of a table, typed by all its rows.
pub(in crate::source) struct Table {
    kinds: Vec<Kind>,
    positions: Positions,
    text_bytes: usize,
}

impl Table {
    /// From what was seen in all rows; `None` if no column says where a row is.
    pub(in crate::source) fn new(names: &[String], typing: &Typing, text_bytes: usize) -> Option<Self> {
        Some(Self { kinds: typing.kinds(), positions: positions::find(names, typing.samples())?, text_bytes })
    }

    /// The columns that are no positions.
    pub(in crate::source) fn fields(&self, names: &[String]) -> Vec<SourceField> {
        let own = names.iter().zip(&self.kinds).enumerate().filter(|(index, _)| !self.positions.is_one_of(*index));
        own.map(|(_, (name, kind))| SourceField { name: name.clone(), kind: kind.field_type() }).collect()
    }

    /// What the report should say of them.
    pub(in crate::source) fn notes(&self, names: &[String]) -> Vec<Note> {
        let mut notes = Vec::new();
        let comma = names.iter().zip(&self.kinds).filter(|(_, k)| **k == Kind::Number(Decimal::Comma));
        let comma: Vec<&str> = comma.map(|(name, _)| name.as_str()).collect();
        if !comma.is_empty() {
            notes.push(Note::decimal_comma(&comma));
        }
        let used = names.iter().enumerate().filter(|(i, _)| self.positions.is_one_of(*i));
        notes.push(Note::became_geometry(&used.map(|(_, n)| n.as_str()).collect::<Vec<_>>()));
        notes
    }

    /// A row's position. `len` and `longest` are how many values it has, and the bytes of the longest.
    pub(in crate::source) fn geometry<'a>(&self, len: usize, longest: usize, value: impl Fn(usize) -> Cow<'a, str>) -> RawGeometry {
        if len > self.kinds.len() {
            return RawGeometry::Broken(Reason::TooManyValues);
        }
        if longest > self.text_bytes {
            return RawGeometry::Broken(Reason::TextTooLong);
        }
        match self.positions {
            Positions::Text(column) => match value(column) {
                wkt if wkt.is_empty() => RawGeometry::Missing,
                wkt => RawGeometry::Wkt(wkt.into_owned()),
            },
            Positions::Columns(x, y) => {
                let (east, north) = (value(x), value(y));
                let coordinate =
                    |text: &str, index: usize| number::parse(text, self.kinds.get(index).map_or(Decimal::Either, Kind::decimal));
                match (east.is_empty() || north.is_empty(), coordinate(&east, x), coordinate(&north, y)) {
                    (true, ..) => RawGeometry::Missing,
                    (false, Some(x), Some(y)) => RawGeometry::Position([x, y]),
                    (false, ..) => RawGeometry::Broken(Reason::Unreadable),
                }
            }
        }
    }

    /// A row's values, one for each of [`Self::fields`].
    pub(in crate::source) fn values<'a>(&self, value: impl Fn(usize) -> Cow<'a, str>) -> Vec<Value> {
        let columns = self.kinds.iter().enumerate().filter(|(index, _)| !self.positions.is_one_of(*index));
        columns.map(|(index, kind)| kind.value(&value(index))).collect()
    }
}

/// Whether a header has the columns that say where a row is, by their names alone.
pub(in crate::source) fn has_positions(names: &[String]) -> bool {
    positions::find(names, &[]).is_some()
}
