//! Those who keep copies of rows, and what they are told.

use std::sync::Arc;

use kernel::TableName;

use crate::pgoutput::{Tuple, Value};

/// Keeps copies of rows of some tables. It is told of a commit when its rows are visible in the database, before subscribers hear that
/// something changed: who asks the copies because of that finds the change in them.
pub trait Copies: Send + Sync {
    /// Whether it keeps rows of this table.
    fn keeps(&self, table: &TableName) -> bool;
    /// What a commit did to rows of one table, in order. Called by one commit after the other.
    fn apply(&self, table: &TableName, changes: Vec<RowChange>);
    /// The stream begins (again): of what was before nothing is known, and every copy is to be made anew.
    fn begin(&self);
}

/// What happened to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// The row with this content is there; it may have been before.
    Put(StreamedRow),
    /// The row of this `fid` is gone.
    Gone(i64),
    /// All rows are gone.
    Emptied,
    /// Something that can't be told row by row: the copy is to be made anew.
    Unknown,
}

/// A row as the stream has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedRow {
    /// The table's columns.
    pub columns: Arc<[StreamedColumn]>,
    /// A value for each, as PostgreSQL writes it, or null.
    pub values: Vec<Option<Box<[u8]>>>,
}

/// A column of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamedColumn {
    /// Its name.
    pub name: String,
    /// The number of its type (`pg_type.oid`).
    pub kind: u32,
}

/// Beyond as many rows of one table in a transaction its copy is made anew.
pub(crate) const MAX_ROWS: usize = 200_000;

/// What a transaction did to the rows of a table that is kept.
#[derive(Debug, Default)]
pub(crate) struct Copied(pub(crate) Vec<RowChange>);

impl Copied {
    fn add(&mut self, change: RowChange) {
        if self.0.len() >= MAX_ROWS {
            self.0 = vec![RowChange::Unknown];
        }
        if self.0.first() != Some(&RowChange::Unknown) {
            self.0.push(change);
        }
    }

    pub(crate) fn put(&mut self, columns: &Arc<[StreamedColumn]>, new: &Tuple<'_>, old: Option<&Tuple<'_>>) {
        let before = old.and_then(|old| fid(columns, old));
        if let Some(before) = before
            && fid(columns, new) != Some(before)
        {
            self.add(RowChange::Gone(before));
        }
        let value = |(at, value): (usize, &Value<'_>)| match (value, old.map(|old| (old.whole, old.values.get(at)))) {
            (Value::Text(text), _) | (Value::Unchanged, Some((true, Some(Value::Text(text))))) => Some(Some(Box::from(*text))),
            (Value::Null, _) => Some(None),
            _ => None,
        };
        let values: Option<Vec<_>> = new.values.iter().enumerate().map(value).collect();
        self.add(match values {
            Some(values) if values.len() == columns.len() => RowChange::Put(StreamedRow { columns: Arc::clone(columns), values }),
            _ => RowChange::Unknown,
        });
    }

    pub(crate) fn gone(&mut self, columns: &[StreamedColumn], old: &Tuple<'_>) {
        self.add(fid(columns, old).map_or(RowChange::Unknown, RowChange::Gone));
    }

    /// What was before it does not matter any more.
    pub(crate) fn emptied(&mut self) {
        self.0 = vec![RowChange::Emptied];
    }
}

fn fid(columns: &[StreamedColumn], row: &Tuple<'_>) -> Option<i64> {
    let at = columns.iter().position(|column| column.name == "fid")?;
    match row.values.get(at)? {
        Value::Text(text) => std::str::from_utf8(text).ok()?.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Copied, MAX_ROWS, RowChange, StreamedColumn};
    use crate::pgoutput::{Tuple, Value};
    use std::sync::Arc;

    fn columns() -> Arc<[StreamedColumn]> {
        ["fid", "geom"].map(|name| StreamedColumn { name: name.into(), kind: 25 }).into()
    }

    fn row<'a>(fid: &'a [u8], geometry: Value<'a>) -> Tuple<'a> {
        Tuple { whole: true, values: vec![Value::Text(fid), geometry] }
    }

    fn put<'a>(new: &Tuple<'a>, old: Option<&Tuple<'a>>) -> Vec<RowChange> {
        let mut copied = Copied::default();
        copied.put(&columns(), new, old);
        copied.0
    }

    #[test]
    fn a_long_value_that_was_not_touched_is_the_one_before() {
        let (new, old) = (row(b"7", Value::Unchanged), row(b"7", Value::Text(b"0101")));
        let [RowChange::Put(put_row)] = &put(&new, Some(&old))[..] else { panic!("one row") };
        assert_eq!(put_row.values[1].as_deref(), Some(&b"0101"[..]));
        assert_eq!(put(&new, None), [RowChange::Unknown]);
        let key = Tuple { whole: false, values: vec![Value::Text(b"7"), Value::Null] };
        assert_eq!(put(&new, Some(&key)), [RowChange::Unknown]);
    }

    #[test]
    fn another_fid_is_another_row() {
        let changes = put(&row(b"8", Value::Null), Some(&row(b"7", Value::Null)));
        assert!(matches!(&changes[..], [RowChange::Gone(7), RowChange::Put(_)]), "{changes:?}");
    }

    #[test]
    fn too_many_rows_are_not_told_one_by_one() {
        let mut copied = Copied::default();
        for _ in 0..=MAX_ROWS + 5 {
            copied.gone(&columns(), &row(b"7", Value::Null));
        }
        assert_eq!(copied.0, [RowChange::Unknown]);
        copied.emptied();
        copied.gone(&columns(), &row(b"9", Value::Null));
        assert_eq!(copied.0, [RowChange::Emptied, RowChange::Gone(9)]);
    }
}
