//! The one writer of conditions.

use std::mem::discriminant;

use sqlx::{Postgres, QueryBuilder};

use super::literal::{Bound, Literal, Sink};
use super::{Filter, Relation, Shape, Value};
use crate::{Bbox, Column, Role, Srid};

impl Filter {
    /// Writes the condition after a `WHERE` or `AND`, for a table whose geometry is `geom` in `storage`. Values are bound.
    ///
    /// Whatever is within a system that PostGIS may not transform from must have been brought to the storage system
    /// before ([`Filter::in_system`]). Tests on the principal ask the session's settings, as in a policy;
    /// [`Filter::for_principal`] leaves none.
    pub fn write(&self, storage: Srid, sql: &mut QueryBuilder<Postgres>) {
        write(self, storage, &mut Bound(sql));
    }

    /// The same as text with literals and without parameters, for `create policy` and for statements that are run once.
    /// Tests on the principal ask functions `opensit.who_…` once for each query.
    pub fn policy_sql(&self, storage: Srid) -> String {
        let mut sql = Literal(String::new());
        write(self, storage, &mut sql);
        sql.0
    }
}

fn write(filter: &Filter, storage: Srid, out: &mut impl Sink) {
    match filter {
        Filter::And(parts) if parts.is_empty() => out.sql("true"),
        Filter::Or(parts) if parts.is_empty() => out.sql("false"),
        Filter::And(parts) => join(parts, " and ", storage, out),
        Filter::Or(parts) => {
            out.sql("(");
            join(parts, " or ", storage, out);
            out.sql(")");
        }
        Filter::Not(part) => {
            out.sql("not (");
            write(part, storage, out);
            out.sql(")");
        }
        Filter::Equal(column, value) => {
            out.sql(&column.sql());
            out.sql(" = ");
            out.value(value);
        }
        Filter::Compare(column, comparison, value) => {
            out.sql(&ordered(column, value));
            out.sql(&format!(" {} ", comparison.operator()));
            out.value(value);
        }
        Filter::SameText(column, text) => {
            out.sql(&format!("lower({}::text collate \"C\") = lower(", column.sql()));
            out.value(&Value::Text(text.clone()));
            out.sql(" collate \"C\")");
        }
        Filter::In(column, values) => write_in(column, values, storage, out),
        Filter::Between(column, low, high) => {
            out.sql(&ordered(column, low));
            out.sql(" between ");
            out.value(low);
            out.sql(" and ");
            out.value(high);
        }
        Filter::Like(column, pattern) => {
            let text = Value::Text(pattern.text().to_owned());
            if pattern.any_case() {
                out.sql(&format!("lower({} collate \"und-x-icu\") like lower(", column.sql()));
                out.value(&text);
                out.sql(" collate \"und-x-icu\")");
            } else {
                out.sql(&format!("{} like ", column.sql()));
                out.value(&text);
            }
        }
        Filter::IsNull(column) => out.sql(&format!("{} is null", column.sql())),
        Filter::Intersects(bbox, srid) => meets("st_intersects(geom, ", ")", out, |out| write_box(bbox, *srid, storage, out)),
        Filter::Spatial(relation, shape) => write_spatial(*relation, shape, storage, out),
        Filter::Near(shape, metres) => {
            out.sql("geom && st_expand(");
            write_shape(shape, storage, out);
            out.sql(", ");
            out.value(&Value::Number(*metres));
            out.sql(") and st_dwithin(geom, ");
            write_shape(shape, storage, out);
            out.sql(", ");
            out.value(&Value::Number(*metres));
            out.sql(")");
        }
        Filter::ValidAt(instant) => {
            out.sql("valid_from <= ");
            out.value(&Value::Instant(*instant));
            out.sql(" and (valid_to is null or valid_to > ");
            out.value(&Value::Instant(*instant));
            out.sql(")");
        }
        Filter::ValidDuring(from, to) => {
            out.sql("true");
            if let Some(to) = to {
                out.sql(" and valid_from <= ");
                out.value(&Value::Instant(*to));
            }
            if let Some(from) = from {
                out.sql(" and (valid_to is null or valid_to > ");
                out.value(&Value::Instant(*from));
                out.sql(")");
            }
        }
        Filter::InScope(column) => {
            out.sql(&format!("((select opensit.who_serves_all()) or {} = any((select opensit.who_comuni())::text[]))", column.sql()))
        }
        Filter::OfficeIs(column) => out.sql(&format!("{} = any((select opensit.who_offices())::text[])", column.sql())),
        Filter::SubjectIs(column) => {
            out.sql(&format!("((select opensit.who_subject()) is not null and {} = (select opensit.who_subject()))", column.sql()))
        }
        Filter::HasRole(roles) => {
            let names: Vec<String> = roles.iter().map(|role: &Role| format!("'{}'", role.name())).collect();
            // Compared inside, so that it is a yes or no to the planner: outside, it takes one row in fifty for those let through,
            // and reads and sorts a whole table for a page of it.
            out.sql(&format!("(select opensit.who_role() = any(array[{}]::text[]))", names.join(", ")));
        }
    }
}

fn join(parts: &[Filter], word: &str, storage: Srid, out: &mut impl Sink) {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            out.sql(word);
        }
        write(part, storage, out);
    }
}

/// The column, in the order that does not depend on where the database was set up.
fn ordered(column: &Column, value: &Value) -> String {
    if matches!(value, Value::Text(_)) { format!("{} collate \"C\"", column.sql()) } else { column.sql() }
}

/// One array, if the values are of one type; whole and other numbers beside each other are compared one by one.
fn write_in(column: &Column, values: &[Value], storage: Srid, out: &mut impl Sink) {
    match values.first() {
        None => out.sql("false"),
        Some(first) if values.iter().all(|v| discriminant(v) == discriminant(first)) => {
            out.sql(&format!("{} = any(", column.sql()));
            out.array(values);
            out.sql(")");
        }
        Some(_) => {
            let each = values.iter().map(|value| Filter::Equal(column.clone(), value.clone()));
            write(&Filter::Or(each.collect()), storage, out);
        }
    }
}

/// `geom && …` for the index, and the exact predicate for the answer.
fn meets<S: Sink>(before: &str, after: &str, out: &mut S, geometry: impl Fn(&mut S)) {
    out.sql("geom && ");
    geometry(out);
    out.sql(&format!(" and {before}"));
    geometry(out);
    out.sql(after);
}

fn write_spatial(relation: Relation, shape: &Shape, storage: Srid, out: &mut impl Sink) {
    let name = match relation {
        Relation::Intersects | Relation::Disjoint => "st_intersects",
        Relation::Within => "st_within",
        Relation::Contains => "st_contains",
    };
    let apart = relation == Relation::Disjoint;
    if apart {
        out.sql("not (");
    }
    meets(&format!("{name}(geom, "), ")", out, |out| write_shape(shape, storage, out));
    if apart {
        out.sql(")");
    }
}

fn write_shape(shape: &Shape, storage: Srid, out: &mut impl Sink) {
    use geo_types::Geometry::{MultiPoint, Point};
    let straight = matches!(shape.geometry(), Point(_) | MultiPoint(_));
    moved(shape.bbox(), shape.srid(), storage, straight, out, |out| {
        out.sql("st_setsrid(st_geomfromgeojson(");
        out.value(&Value::Text(geojson::Geometry::from(shape.geometry()).to_string()));
        out.sql(&format!("), {})", shape.srid().postgis()));
    });
}

/// One without width or height is told as the line or point that it is: as an area it would not be valid.
fn write_box(bbox: &Bbox, srid: Srid, storage: Srid, out: &mut impl Sink) {
    if (bbox.width() == 0.0 || bbox.height() == 0.0)
        && let Ok(shape) = Shape::outlined(bbox, srid)
    {
        return write_shape(&shape, storage, out);
    }
    moved(bbox, srid, storage, false, out, |out| {
        out.sql("st_makeenvelope(");
        for side in [bbox.west(), bbox.south(), bbox.east(), bbox.north()] {
            out.value(&Value::Number(side));
            out.sql(", ");
        }
        out.sql(&format!("{})", srid.postgis()));
    });
}

/// A geometry in the storage system. One of another system is transformed with points along its sides, since these are
/// curves in the layer's system.
fn moved<S: Sink>(bbox: &Bbox, srid: Srid, storage: Srid, straight: bool, out: &mut S, geometry: impl Fn(&mut S)) {
    if srid.postgis() == storage.postgis() {
        return geometry(out);
    }
    out.sql(if straight { "st_transform(" } else { "st_transform(st_segmentize(" });
    geometry(out);
    if !straight {
        out.sql(", ");
        out.value(&Value::Number((bbox.width().max(bbox.height()) / 16.0).max(f64::MIN_POSITIVE)));
        out.sql(")");
    }
    out.sql(&format!(", {})", storage.postgis()));
}

#[cfg(test)]
mod tests {
    use super::{Filter, Value};
    use crate::{Bbox, Column, Srid};
    use sqlx::QueryBuilder;

    fn column(name: &str) -> Column {
        Column::new(name).unwrap()
    }

    #[test]
    fn values_are_bound_and_names_quoted() {
        let filter = Filter::And(vec![
            Filter::Equal(column("number"), Value::Text("1'; drop table x".into())),
            Filter::Intersects(Bbox::new(0.0, 0.0, 1.0, 1.0).unwrap(), Srid::RDN2008_UTM33),
        ]);
        let mut sql = QueryBuilder::new("");
        filter.write(Srid::RDN2008_UTM33, &mut sql);
        assert_eq!(
            sql.sql().as_str(),
            "\"number\" = $1 and geom && st_makeenvelope($2, $3, $4, $5, 7792) and st_intersects(geom, st_makeenvelope($6, $7, $8, $9, 7792))"
        );
    }

    #[test]
    fn in_a_policy_values_are_literals_that_nothing_ends() {
        let filter = Filter::Or(vec![
            Filter::In(column("number"), vec![Value::Text("1'; drop table x; --\\".into()), Value::Text("b".into())]),
            Filter::Compare(column("sheet"), super::super::Comparison::Greater, Value::Integer(i64::MIN)),
            Filter::InScope(column("comune")),
        ]);
        assert_eq!(
            filter.policy_sql(Srid::RDN2008_UTM33),
            "(\"number\" = any(array[E'1''; drop table x; --\\\\'::text, E'b'::text]) or \"sheet\" > '-9223372036854775808'::bigint or \
             ((select opensit.who_serves_all()) or \"comune\" = any((select opensit.who_comuni())::text[])))"
        );
    }
}
