//! Conditions over the values of one row, without a database.

use std::cmp::Ordering;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use geo::{BoundingRect, Distance, Euclidean, Intersects, Relate};
use geo_types::{Coord, Geometry, Line, Point, Rect};

use super::{Comparison, Filter, Relation, Shape, Value};
use crate::{Bbox, Column, Srid};

/// The values of a row.
pub trait RowValues {
    /// The value of a column; `None` for null. A text column has a text, and so on.
    fn value(&self, column: &Column) -> Option<Value>;
    /// The geometry, east first.
    fn geometry(&self) -> Option<&Geometry<f64>>;
    /// The system that the geometry is in.
    fn srid(&self) -> Srid;
}

static VALID_FROM: LazyLock<Option<Column>> = LazyLock::new(|| Column::new("valid_from").ok());
static VALID_TO: LazyLock<Option<Column>> = LazyLock::new(|| Column::new("valid_to").ok());

impl Filter {
    /// Whether a row meets the condition, as the database would have it; `None`: unknown, which is as good as no.
    ///
    /// Unknown are also a geometry in another system than the row's ([`Filter::in_system`] brings it there), and a test on
    /// the principal that has not been resolved ([`Filter::for_principal`]).
    pub fn matches(&self, row: &impl RowValues) -> Option<bool> {
        match self {
            Self::And(parts) => decide(parts, false, row),
            Self::Or(parts) => decide(parts, true, row),
            Self::Not(part) => part.matches(row).map(|met| !met),
            Self::Equal(column, value) => order(row, column, value).map(Ordering::is_eq),
            Self::Compare(column, comparison, value) => order(row, column, value).map(|order| match comparison {
                Comparison::NotEqual => order.is_ne(),
                Comparison::Less => order.is_lt(),
                Comparison::LessOrEqual => order.is_le(),
                Comparison::Greater => order.is_gt(),
                Comparison::GreaterOrEqual => order.is_ge(),
            }),
            Self::SameText(column, text) => row.value(column).map(|value| as_text(value).eq_ignore_ascii_case(text)),
            Self::In(_, values) if values.is_empty() => Some(false),
            Self::In(column, values) => {
                let found = row.value(column)?;
                let orders: Vec<_> = values.iter().map(|value| found.order(value)).collect();
                if orders.contains(&Some(Ordering::Equal)) { Some(true) } else { orders.iter().all(Option::is_some).then_some(false) }
            }
            Self::Between(column, low, high) => {
                let above = order(row, column, low).map(Ordering::is_ge);
                both(above, order(row, column, high).map(Ordering::is_le))
            }
            Self::Like(column, pattern) => match row.value(column)? {
                Value::Text(text) => Some(pattern.matches(&text)),
                _ => None,
            },
            Self::IsNull(column) => Some(row.value(column).is_none()),
            Self::Intersects(bbox, srid) => Some(meets_box(geometry_in(row, *srid)?, bbox)),
            Self::Spatial(relation, shape) => Some(stands(geometry_in(row, shape.srid())?, *relation, shape)),
            Self::Near(shape, metres) => Some(Euclidean.distance(geometry_in(row, shape.srid())?, shape.geometry()) <= *metres),
            Self::ValidAt(at) => both(from_by(row, at), to_after(row, at)),
            Self::ValidDuring(from, to) => {
                let to = to.map_or(Some(true), |to| from_by(row, &to));
                both(to, from.map_or(Some(true), |from| to_after(row, &from)))
            }
            Self::InScope(_) | Self::OfficeIs(_) | Self::SubjectIs(_) | Self::HasRole(_) => None,
        }
    }
}

/// The first part that is `decisive` decides; else an unknown one leaves it open.
fn decide(parts: &[Filter], decisive: bool, row: &impl RowValues) -> Option<bool> {
    let mut result = Some(!decisive);
    for part in parts {
        match part.matches(row) {
            Some(met) if met == decisive => return Some(decisive),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn order(row: &impl RowValues, column: &Column, value: &Value) -> Option<Ordering> {
    row.value(column)?.order(value)
}

/// As PostgreSQL writes it, for the types that have one writing.
fn as_text(value: Value) -> String {
    match value {
        Value::Text(v) => v,
        Value::Integer(v) => v.to_string(),
        Value::Number(v) => v.to_string(),
        Value::Boolean(v) => v.to_string(),
        Value::Date(v) => v.to_string(),
        Value::Instant(v) => v.to_rfc3339(),
    }
}

/// The row's geometry, if it is in this system.
fn geometry_in(row: &impl RowValues, srid: Srid) -> Option<&Geometry<f64>> {
    row.geometry().filter(|_| row.srid().postgis() == srid.postgis())
}

fn from_by(row: &impl RowValues, at: &DateTime<Utc>) -> Option<bool> {
    order(row, VALID_FROM.as_ref()?, &Value::Instant(*at)).map(Ordering::is_le)
}

fn to_after(row: &impl RowValues, at: &DateTime<Utc>) -> Option<bool> {
    match row.value(VALID_TO.as_ref()?) {
        None => Some(true),
        Some(to) => to.order(&Value::Instant(*at)).map(Ordering::is_gt),
    }
}

/// A rectangle without width or height is a line or a point.
fn meets_box(geometry: &Geometry<f64>, bbox: &Bbox) -> bool {
    let (a, b) = (Coord { x: bbox.west(), y: bbox.south() }, Coord { x: bbox.east(), y: bbox.north() });
    if a == b {
        geometry.intersects(&Point(a))
    } else if a.x == b.x || a.y == b.y {
        geometry.intersects(&Line::new(a, b))
    } else {
        geometry.intersects(&Rect::new(a, b))
    }
}

fn stands(geometry: &Geometry<f64>, relation: Relation, shape: &Shape) -> bool {
    let bbox = geometry.bounding_rect().and_then(|r| Bbox::new(r.min().x, r.min().y, r.max().x, r.max().y).ok());
    let near = bbox.is_some_and(|bbox| bbox.intersects(shape.bbox()));
    match relation {
        Relation::Intersects => near && geometry.intersects(shape.geometry()),
        Relation::Disjoint => !(near && geometry.intersects(shape.geometry())),
        Relation::Within => near && geometry.relate(shape.geometry()).is_within(),
        Relation::Contains => near && geometry.relate(shape.geometry()).is_contains(),
    }
}
