//! Rows of texts under a header, as a CSV or a spreadsheet has them: what kind of value each column holds, and which columns say
//! where a row is.

pub(crate) mod number;
mod positions;
mod typing;

use std::borrow::Cow;

use kernel::layer::FieldType;

use self::number::Decimal;
use self::positions::Positions;
use super::{Numbers, RawGeometry, SourceField, Value};
use crate::register;
use crate::report::{Note, Reason};

pub(crate) use typing::read_as;
pub(in crate::source) use typing::{Kind, Typing};

/// The columns of a table, typed by all its rows.
pub(in crate::source) struct Table {
    kinds: Vec<Kind>,
    /// How the numbers of each are written.
    numbers: Vec<Numbers>,
    /// Which of them say where a row is; without any, it has no coordinates.
    positions: Option<Positions>,
    text_bytes: usize,
}

impl Table {
    /// From what was seen in all rows.
    pub(in crate::source) fn new(names: &[String], typing: &Typing, text_bytes: usize) -> Self {
        let numbers = typing.decimals().into_iter().enumerate();
        let numbers = numbers.map(|(index, decimal)| Numbers { decimal, unclear: typing.is_unclear(index) }).collect();
        Self { kinds: typing.kinds(), numbers, positions: positions::find(names, typing.samples()), text_bytes }
    }

    /// Whether a column says where a row is.
    pub(in crate::source) fn has_positions(&self) -> bool {
        self.positions.is_some()
    }

    fn is_position(&self, index: usize) -> bool {
        self.positions.is_some_and(|positions| positions.is_one_of(index))
    }

    /// The columns that are no positions.
    pub(in crate::source) fn fields(&self, names: &[String]) -> Vec<SourceField> {
        let columns = names.iter().zip(&self.kinds).zip(&self.numbers).enumerate();
        let own = columns.filter(|(index, _)| !self.is_position(*index));
        own.map(|(_, ((name, kind), numbers))| SourceField { name: name.clone(), kind: kind.field_type(), numbers: *numbers }).collect()
    }

    /// Takes the values of a field as they stand there, of whatever kind they all are.
    pub(in crate::source) fn as_text(&mut self, field: usize) {
        let column = (0..self.kinds.len()).filter(|index| !self.is_position(*index)).nth(field);
        if let Some(kind) = column.and_then(|column| self.kinds.get_mut(column)) {
            *kind = Kind::Text;
        }
    }

    /// What the report should say of them.
    pub(in crate::source) fn notes(&self, names: &[String]) -> Vec<Note> {
        let mut notes = Vec::new();
        let comma = names.iter().zip(&self.kinds).filter(|(_, k)| **k == Kind::Number(Decimal::Comma));
        let comma: Vec<&str> = comma.map(|(name, _)| name.as_str()).collect();
        if !comma.is_empty() {
            notes.push(Note::decimal_comma(&comma));
        }
        let unclear = self.fields(names).into_iter().filter(|field| field.numbers.unclear && field.kind == FieldType::Text);
        let unclear: Vec<String> = unclear.map(|field| field.name).collect();
        notes.extend((!unclear.is_empty()).then(|| Note::unclear_numbers(&unclear)));
        let used = names.iter().enumerate().filter(|(i, _)| self.is_position(*i));
        let used: Vec<&str> = used.map(|(_, n)| n.as_str()).collect();
        notes.extend((!used.is_empty()).then(|| Note::became_geometry(&used)));
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
            None => RawGeometry::Missing,
            Some(Positions::Text(column)) => match value(column) {
                wkt if wkt.is_empty() => RawGeometry::Missing,
                wkt => RawGeometry::Wkt(wkt.into_owned()),
            },
            Some(Positions::Columns(x, y)) => {
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
        let columns = self.kinds.iter().enumerate().filter(|(index, _)| !self.is_position(*index));
        columns.map(|(index, kind)| kind.value(&value(index))).collect()
    }
}

/// How well a header says where rows are, by the columns' names alone: 2 by coordinates, 1 by parcels or addresses, 0 not at all.
pub(in crate::source) fn says_where(names: &[String]) -> u8 {
    let ways = || register::ways(&names.iter().map(String::as_str).collect::<Vec<_>>());
    match positions::find(names, &[]) {
        Some(_) => 2,
        None => u8::from(!ways().is_empty()),
    }
}
