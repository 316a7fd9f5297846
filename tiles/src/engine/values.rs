//! Attributes as tiles have them: each value once, in the bytes of a `Value` of Mapbox Vector Tile 2.1 (4.1), and columns of codes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use foldhash::fast::FixedState;
use kernel::filter;
use kernel::layer::FieldType;

use super::protobuf::{SLACK, read_varint, varint, zigzag};

/// The code of no value.
pub(crate) const NULL: u32 = 0;

/// Writes a value as it comes in PostgreSQL's text format: a `Value` of a tile, the same as `ST_AsMVT` writes of it. `false` if it is none
/// of its type; a text always is.
pub(crate) fn write(kind: FieldType, single: bool, text: &str, out: &mut Vec<u8>) -> bool {
    match kind {
        FieldType::Text | FieldType::Date => string(text, out),
        FieldType::DateTime => match instant(text) {
            Some(at) => string(&at.format("%Y-%m-%dT%H:%M:%SZ").to_string(), out),
            None => return false,
        },
        FieldType::Integer => match text.parse::<i64>() {
            // uint_value, or sint_value
            Ok(number) if number >= 0 => tagged(5, number.unsigned_abs(), out),
            Ok(number) => tagged(6, zigzag(number), out),
            Err(_) => return false,
        },
        FieldType::Number => {
            let number = if single { text.parse::<f32>().map(f64::from) } else { text.parse::<f64>() };
            let Ok(number) = number else { return false };
            out.push(3 << 3 | 1);
            out.extend(number.to_le_bytes());
        }
        FieldType::Boolean => tagged(7, u64::from(text.starts_with('t')), out),
    }
    true
}

fn tagged(field: u8, value: u64, out: &mut Vec<u8>) {
    out.push(field << 3);
    varint(value, out);
}

/// `string_value`
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(1 << 3 | 2);
    varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// An instant as PostgreSQL writes it. Those beyond the calendar, as `infinity`, are none.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    Some(DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z").ok()?.with_timezone(&Utc))
}

/// The value that these bytes stand for, as filters know it.
pub(crate) fn read(kind: FieldType, bytes: &[u8]) -> Option<filter::Value> {
    let (tag, rest) = bytes.split_first()?;
    let value = match tag >> 3 {
        1 => {
            let (length, text) = read_varint(rest)?;
            let text = std::str::from_utf8(text.get(..usize::try_from(length).ok()?)?).ok()?;
            match kind {
                FieldType::Date => filter::Value::Date(text.parse().ok()?),
                FieldType::DateTime => filter::Value::Instant(text.parse().ok()?),
                _ => filter::Value::Text(text.to_owned()),
            }
        }
        3 => filter::Value::Number(f64::from_le_bytes(rest.try_into().ok()?)),
        5 => filter::Value::Integer(i64::try_from(read_varint(rest)?.0).ok()?),
        6 => {
            let coded = read_varint(rest)?.0;
            filter::Value::Integer((coded >> 1) as i64 ^ -((coded & 1) as i64))
        }
        7 => filter::Value::Boolean(read_varint(rest)?.0 == 1),
        _ => return None,
    };
    Some(value)
}

/// Different byte strings, each with a number from nought.
#[derive(Debug, Default)]
pub(crate) struct Dictionary {
    bytes: Vec<u8>,
    ends: Vec<u32>,
}

impl Dictionary {
    pub(crate) fn get(&self, number: u32) -> &[u8] {
        let number = number as usize;
        &self.bytes[if number == 0 { 0 } else { self.ends[number - 1] as usize }..self.ends[number] as usize]
    }

    /// The bytes of one and [`SLACK`] behind them, and how many are its own. The dictionary is finished.
    #[inline]
    pub(crate) fn with_slack(&self, number: u32) -> (&[u8], usize) {
        let number = number as usize;
        let (from, to) = (if number == 0 { 0 } else { self.ends[number - 1] as usize }, self.ends[number] as usize);
        (&self.bytes[from..to + SLACK], to - from)
    }

    pub(crate) fn push(&mut self, value: &[u8]) -> u32 {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len() as u32);
        self.ends.len() as u32 - 1
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<u32>()
    }

    /// Nothing more is pushed.
    pub(crate) fn finish(&mut self) {
        self.bytes.extend_from_slice(&[0; SLACK]);
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// A dictionary that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    dictionary: Dictionary,
    known: HashMap<Box<[u8]>, u32, FixedState>,
}

impl Interner {
    pub(crate) fn number(&mut self, value: &[u8]) -> u32 {
        if let Some(number) = self.known.get(value) {
            return *number;
        }
        let number = self.dictionary.push(value);
        self.known.insert(value.into(), number);
        number
    }

    /// How many different values there are.
    pub(crate) fn len(&self) -> usize {
        self.dictionary.len()
    }

    pub(crate) fn finish(mut self) -> Dictionary {
        self.dictionary.finish();
        self.dictionary
    }
}

/// The values of some columns, as codes: those of a row one beside the other, each in as few bytes as its column needs.
#[derive(Debug)]
pub(crate) struct Table<T> {
    columns: Vec<Column<T>>,
    /// How many bytes a row has.
    stride: usize,
    codes: Vec<u8>,
}

/// A column of a [`Table`]: where its codes, nought for no value, are in a row.
#[derive(Debug)]
pub(crate) struct Column<T> {
    at: usize,
    mask: u32,
    /// What the codes from one on stand for.
    meanings: Vec<T>,
}

/// A code is read as so many bytes, of which some may be those of the next.
const WIDEST: usize = size_of::<u32>();

impl<T: Copy + Eq + std::hash::Hash> Table<T> {
    /// Of so many columns of so many rows: the values of a column, by row.
    pub(crate) fn new<V: Iterator<Item = Option<T>>>(rows: usize, columns: usize, values: impl Fn(usize) -> V) -> Self {
        let mut table = Self { columns: Vec::with_capacity(columns), stride: 0, codes: Vec::new() };
        let mut coded: Vec<(Vec<u32>, usize)> = Vec::with_capacity(columns);
        for column in 0..columns {
            let mut known: HashMap<T, u32, FixedState> = HashMap::default();
            let mut meanings = Vec::new();
            let code = |value: Option<T>| match value {
                None => NULL,
                Some(value) => *known.entry(value).or_insert_with(|| {
                    meanings.push(value);
                    meanings.len() as u32
                }),
            };
            let codes = values(column).map(code).collect();
            meanings.shrink_to_fit();
            let bytes = WIDEST - (meanings.len() as u32 | 1).leading_zeros() as usize / 8;
            coded.push((codes, bytes));
            table.columns.push(Column { at: table.stride, mask: u32::MAX >> (8 * (WIDEST - bytes)), meanings });
            table.stride += bytes;
        }
        table.codes.reserve_exact(rows * table.stride + WIDEST);
        for row in 0..rows {
            for (codes, bytes) in &coded {
                table.codes.extend_from_slice(&codes[row].to_le_bytes()[..*bytes]);
            }
        }
        table.codes.extend_from_slice(&[0; WIDEST]);
        table
    }

    /// The code of a row's value in one of the columns, or [`NULL`].
    #[inline]
    pub(crate) fn code(&self, row: usize, column: &Column<T>) -> u32 {
        let at = row * self.stride + column.at;
        u32::from_le_bytes(self.codes[at..at + WIDEST].try_into().unwrap_or_default()) & column.mask
    }

    pub(crate) fn column(&self, at: usize) -> &Column<T> {
        &self.columns[at]
    }

    pub(crate) fn get(&self, row: usize, column: usize) -> Option<T> {
        let column = &self.columns[column];
        column.meaning(self.code(row, column))
    }

    /// All values of all columns.
    pub(crate) fn meanings(&self) -> impl Iterator<Item = T> {
        self.columns.iter().flat_map(|column| &column.meanings).copied()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.codes.capacity() + self.columns.iter().map(|column| column.meanings.capacity() * size_of::<T>()).sum::<usize>()
    }
}

impl<T: Copy> Column<T> {
    /// What a code stands for.
    #[inline]
    pub(crate) fn meaning(&self, code: u32) -> Option<T> {
        (code != NULL).then(|| self.meanings[code as usize - 1])
    }

    /// How many codes there are, that of no value with them.
    pub(crate) fn codes(&self) -> usize {
        self.meanings.len() + 1
    }
}

/// A value as a field of a tile's layer (Mapbox Vector Tile 2.1, 4.1: `values`) in one place of memory, if it is short, and how many bytes it has
/// in the last one; nought if it is not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Slot([u8; SLACK]);

impl Slot {
    fn new(value: &[u8]) -> Self {
        let mut slot = [0; SLACK];
        let length = value.len() + 2;
        if length < SLACK {
            // one byte is enough for the length
            slot[..2].copy_from_slice(&[4 << 3 | 2, value.len() as u8]);
            slot[2..length].copy_from_slice(value);
            slot[SLACK - 1] = length as u8;
        }
        Self(slot)
    }

    /// The field, and what is not its own.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8; SLACK] {
        &self.0
    }

    /// How many bytes of it are its own; nothing if the value is too long.
    #[inline]
    pub(crate) fn length(&self) -> Option<usize> {
        Some(usize::from(self.0[SLACK - 1])).filter(|length| *length > 0)
    }
}

/// The values of all columns of a table, by code.
#[derive(Debug)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    /// Where those of each column begin.
    starts: Vec<usize>,
}

impl Slots {
    pub(crate) fn new(table: &Table<u32>, values: &Dictionary) -> Self {
        let (mut slots, mut starts) = (Vec::new(), vec![0]);
        for column in &table.columns {
            slots.reserve_exact(column.codes());
            // the first is that of no value
            slots.push(Slot::default());
            slots.extend(column.meanings.iter().map(|value| Slot::new(values.get(*value))));
            starts.push(slots.len());
        }
        Self { slots, starts }
    }

    pub(crate) fn column(&self, at: usize) -> &[Slot] {
        &self.slots[self.starts[at]..self.starts[at + 1]]
    }

    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<Slot>()
    }
}

#[cfg(test)]
mod tests {
    use super::{Dictionary, Interner, Slots, Table, read, write};
    use crate::engine::protobuf::Out;
    use kernel::filter::Value;
    use kernel::layer::FieldType::{Boolean, Date, DateTime, Integer, Number, Text};

    #[test]
    fn values_are_written_as_postgis_does_and_read_again() {
        let written = |kind, text: &str| {
            let mut out = Vec::new();
            write(kind, false, text, &mut out).then_some(out)
        };
        assert_eq!(written(Text, "già").unwrap(), b"\x0a\x04gi\xc3\xa0");
        assert_eq!(written(Integer, "300").unwrap(), [5 << 3, 0xAC, 2]);
        assert_eq!(written(Integer, "-3").unwrap(), [6 << 3, 5]);
        assert_eq!(written(Boolean, "t").unwrap(), [7 << 3, 1]);
        assert_eq!(written(Number, "1.5").unwrap(), [&[3 << 3 | 1][..], &1.5f64.to_le_bytes()].concat());
        for text in ["2026-03-01 12:00:00.123+00", "2026-03-01 13:00:00+01"] {
            assert_eq!(written(DateTime, text).unwrap(), b"\x0a\x142026-03-01T12:00:00Z");
        }
        assert!(written(Integer, "x").is_none() && written(Number, "").is_none() && written(DateTime, "infinity").is_none());
        let mut single = Vec::new();
        assert!(write(Number, true, "0.1", &mut single));
        assert_eq!(single[1..], f64::from(0.1f32).to_le_bytes(), "a real is not the nearest double of its digits");
        for (kind, text, value) in [
            (Text, "già", Value::Text("già".into())),
            (Integer, "300", Value::Integer(300)),
            (Integer, "-3", Value::Integer(-3)),
            (Boolean, "f", Value::Boolean(false)),
            (Number, "-1.5", Value::Number(-1.5)),
            (Date, "2026-03-01", Value::Date("2026-03-01".parse().unwrap())),
            (DateTime, "2026-03-01 12:00:00+00", Value::Instant("2026-03-01T12:00:00Z".parse().unwrap())),
        ] {
            assert_eq!(read(kind, &written(kind, text).unwrap()), Some(value), "{text}");
        }
    }

    #[test]
    fn a_short_value_is_its_field_and_a_long_one_is_not_there() {
        let mut values = Dictionary::default();
        let texts: Vec<Vec<u8>> = (0..20).map(|length| (0..length).collect()).collect();
        texts.iter().for_each(|text| {
            values.push(text);
        });
        values.finish();
        let rows: Vec<Option<u32>> = [None].into_iter().chain((0..20).rev().map(Some)).collect();
        let table = Table::new(rows.len(), 2, |_| rows.iter().copied());
        let slots = Slots::new(&table, &values);
        for (column, row) in (0..2).flat_map(|column| (0..rows.len()).map(move |row| (column, row))) {
            let code = table.code(row, table.column(column));
            let slot = slots.column(column)[code as usize];
            let expected = rows[row].map(|value| &texts[value as usize]).filter(|text| text.len() < 14).map(|text| {
                let mut out = Out::default();
                out.field(4, text);
                out.written().to_vec()
            });
            assert_eq!(slot.length().map(|length| slot.bytes()[..length].to_vec()), expected, "{column} {row}");
        }
    }

    #[test]
    fn each_value_once_and_codes_as_short_as_can_be() {
        let mut interner = Interner::default();
        assert_eq!([&b"a"[..], b"b", b"a", b""].map(|v| interner.number(v)), [0, 1, 0, 2]);
        let dictionary = interner.finish();
        assert_eq!([dictionary.get(0), dictionary.get(1), dictionary.get(2)], [&b"a"[..], b"b", b""]);
        // as many different values as one to four bytes can tell apart, and one more
        let sizes = [0u32, 3, 255, 256, 65_535, 65_536, 70_000];
        let rows = 70_001usize;
        let value = |column: usize, row: usize| (row % 3 != 1).then_some(()).and_then(|()| (row as u32).checked_rem(sizes[column]));
        let table = Table::new(rows, sizes.len(), |column| (0..rows).map(move |row| value(column, row)));
        for (column, row) in (0..sizes.len()).flat_map(|column| (0..rows).map(move |row| (column, row))) {
            assert_eq!(table.get(row, column), value(column, row), "{column} {row}");
        }
        assert_eq!(Table::<u32>::new(2, 0, |_| std::iter::empty()).meanings().count(), 0, "no columns");
    }
}
