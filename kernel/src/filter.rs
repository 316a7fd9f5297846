//! Which rows: one typed filter, written into SQL with bind parameters and names that come from the catalogue only.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::{Postgres, QueryBuilder};

use crate::{Bbox, Column, Srid};

/// A condition on the rows of one layer.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// All of them; none: every row.
    And(Vec<Filter>),
    /// The column has this value.
    Equal(Column, Value),
    /// The column, as text and without regard to case, has this value.
    SameText(Column, String),
    /// The geometry shares a point with the rectangle, in this system (the layer's own, or one that PostGIS may
    /// transform between: the RDN2008, ETRS89 and WGS84 family).
    Intersects(Bbox, Srid),
    /// The row is valid at this instant.
    ValidAt(DateTime<Utc>),
    /// The row is valid at some time of the interval; an open end is `None`.
    ValidDuring(Option<DateTime<Utc>>, Option<DateTime<Utc>>),
}

/// A value to compare with.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// True or false.
    Boolean(bool),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    Instant(DateTime<Utc>),
}

impl Filter {
    /// Writes the condition after a `WHERE` or `AND`, for a table whose geometry is `geom` in `storage`.
    pub fn write(&self, storage: Srid, sql: &mut QueryBuilder<Postgres>) {
        match self {
            Self::And(parts) if parts.is_empty() => {
                sql.push("true");
            }
            Self::And(parts) => {
                for (i, part) in parts.iter().enumerate() {
                    if i > 0 {
                        sql.push(" and ");
                    }
                    part.write(storage, sql);
                }
            }
            Self::Equal(column, value) => {
                sql.push(column.sql()).push(" = ");
                match value {
                    Value::Text(v) => sql.push_bind(v.clone()),
                    Value::Integer(v) => sql.push_bind(*v),
                    Value::Number(v) => sql.push_bind(*v),
                    Value::Boolean(v) => sql.push_bind(*v),
                    Value::Date(v) => sql.push_bind(*v),
                    Value::Instant(v) => sql.push_bind(*v),
                };
            }
            Self::SameText(column, value) => {
                sql.push("lower(").push(column.sql()).push("::text) = lower(").push_bind(value.clone()).push(")");
            }
            Self::Intersects(bbox, srid) => write_intersects(bbox, *srid, storage, sql),
            Self::ValidAt(instant) => {
                sql.push("valid_from <= ").push_bind(*instant).push(" and (valid_to is null or valid_to > ").push_bind(*instant).push(")");
            }
            Self::ValidDuring(from, to) => {
                sql.push("true");
                if let Some(to) = to {
                    sql.push(" and valid_from <= ").push_bind(*to);
                }
                if let Some(from) = from {
                    sql.push(" and (valid_to is null or valid_to > ").push_bind(*from).push(")");
                }
            }
        }
    }
}

/// `geom && box` for the index, and `ST_Intersects` for the answer. A box of another system is transformed with points
/// along its sides, since these are curves in the layer's system.
fn write_intersects(bbox: &Bbox, srid: Srid, storage: Srid, sql: &mut QueryBuilder<Postgres>) {
    let push_box = |sql: &mut QueryBuilder<Postgres>| {
        let same = srid.postgis() == storage.postgis();
        if !same {
            sql.push("st_transform(st_segmentize(");
        }
        sql.push("st_makeenvelope(");
        for side in [bbox.west(), bbox.south(), bbox.east(), bbox.north()] {
            sql.push_bind(side).push(", ");
        }
        sql.push(format!("{})", srid.postgis()));
        if !same {
            let step = (bbox.width().max(bbox.height()) / 16.0).max(f64::MIN_POSITIVE);
            sql.push(", ").push_bind(step).push(format!("), {})", storage.postgis()));
        }
    };
    sql.push("geom && ");
    push_box(sql);
    sql.push(" and st_intersects(geom, ");
    push_box(sql);
    sql.push(")");
}

#[cfg(test)]
mod tests {
    use super::{Filter, Value};
    use crate::{Bbox, Column, Srid};
    use sqlx::QueryBuilder;

    #[test]
    fn values_are_bound_and_names_quoted() {
        let filter = Filter::And(vec![
            Filter::Equal(Column::new("number").unwrap(), Value::Text("1'; drop table x".into())),
            Filter::Intersects(Bbox::new(0.0, 0.0, 1.0, 1.0).unwrap(), Srid::RDN2008_UTM33),
        ]);
        let mut sql = QueryBuilder::new("");
        filter.write(Srid::RDN2008_UTM33, &mut sql);
        assert_eq!(
            sql.sql().as_str(),
            "\"number\" = $1 and geom && st_makeenvelope($2, $3, $4, $5, 7792) and st_intersects(geom, st_makeenvelope($6, $7, $8, $9, 7792))"
        );
    }
}
