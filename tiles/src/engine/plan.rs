//! What is kept of a layer's rows.

use std::sync::Arc;

use chrono::Timelike;
use kernel::filter::{Comparison, Value};
use kernel::layer::{Field, FieldType};
use kernel::{Column, Filter, Layer};

/// Of a layer as it is declared: which columns, in which order.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) layer: Arc<Layer>,
    /// The fields that may be in a tile for somebody, by their places in the declaration.
    fields: Vec<usize>,
    /// Whether tiles have points for labels.
    pub(crate) labels: bool,
}

impl Plan {
    pub(crate) fn new(layer: Arc<Layer>) -> Self {
        let fields = layer.fields.iter().enumerate().filter(|(_, field)| !field.personal).map(|(i, _)| i).collect();
        Self { labels: layer.label_points().is_some(), fields, layer }
    }

    /// The fields in the order of the columns.
    pub(crate) fn fields(&self) -> impl ExactSizeIterator<Item = &Field> {
        self.fields.iter().map(|i| &self.layer.fields[*i])
    }

    /// How many columns there are: the fields and the comune.
    pub(crate) fn columns(&self) -> usize {
        self.fields.len() + 1
    }

    /// The place and type of a column.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, FieldType)> {
        if name == Column::comune().as_str() {
            return Some((self.fields.len(), FieldType::Text));
        }
        let at = self.fields().position(|field| field.name.as_str() == name)?;
        Some((at, self.layer.fields[self.fields[at]].kind))
    }

    /// Whether rows kept by this plan are still those of the layer as it is declared now.
    pub(crate) fn fits(&self, layer: &Layer) -> bool {
        fn columns(layer: &Layer) -> impl Iterator<Item = (&Column, FieldType, bool)> {
            layer.fields.iter().map(|f| (&f.name, f.kind, f.personal))
        }
        let shape = |layer: &Layer| (layer.srid, layer.geometry, layer.validity, layer.label_points().is_some());
        self.layer.table == layer.table && shape(&self.layer) == shape(layer) && columns(&self.layer).eq(columns(layer))
    }

    /// Whether the rows that meet the condition can be told from what is kept.
    pub(crate) fn can_tell(&self, filter: &Filter) -> bool {
        filter.is_everything() || filter.is_nothing() || self.knows(filter)
    }

    /// Whether the condition speaks only of what is kept.
    fn knows(&self, filter: &Filter) -> bool {
        match filter {
            Filter::And(parts) | Filter::Or(parts) => parts.iter().all(|part| self.knows(part)),
            Filter::Not(part) => self.knows(part),
            Filter::IsNull(column) => self.has(column),
            // instants are kept to the second, as tiles have them: only what falls between seconds can't be told
            Filter::Compare(column, Comparison::Less | Comparison::GreaterOrEqual, Value::Instant(at)) => {
                at.nanosecond() == 0 && self.has(column)
            }
            Filter::Equal(column, _)
            | Filter::Compare(column, ..)
            | Filter::SameText(column, _)
            | Filter::In(column, _)
            | Filter::Between(column, ..)
            | Filter::Like(column, _) => {
                self.has(column) && !self.column(column.as_str()).is_some_and(|(_, kind)| kind == FieldType::DateTime)
            }
            _ => false,
        }
    }

    fn has(&self, column: &Column) -> bool {
        matches!(column.as_str(), "fid" | "id") || self.column(column.as_str()).is_some()
    }

    /// The statement that sends all rows, in the columns that [`super::builder::Row`] has.
    pub(crate) fn copy(&self) -> String {
        let mut columns = vec!["fid".to_owned(), "id::text".to_owned(), "geom::bytea".to_owned()];
        if self.layer.validity {
            columns.extend(["valid_from", "valid_to"].map(|name| format!("{name}::text")));
        }
        columns.extend(self.fields().map(|field| match field.kind {
            // a `real` is written as the double that it is
            FieldType::Number => format!("{}::double precision::text", field.name.sql()),
            _ => format!("{}::text", field.name.sql()),
        }));
        columns.push(format!("{}::text", Column::comune().sql()));
        format!("copy (select {} from {}) to stdout (format binary)", columns.join(", "), self.layer.table.sql())
    }
}
