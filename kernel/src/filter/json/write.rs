use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value as Json, json};

use super::super::{Filter, FilterError, Relation, Shape, Value};
use crate::{Column, Srid};

pub(super) fn filter(filter: &Filter) -> Result<Json, FilterError> {
    Ok(match filter {
        Filter::And(parts) if parts.is_empty() => Json::Bool(true),
        Filter::Or(parts) if parts.is_empty() => Json::Bool(false),
        Filter::And(parts) => operation("and", parts.iter().map(self::filter).collect::<Result<_, _>>()?),
        Filter::Or(parts) => operation("or", parts.iter().map(self::filter).collect::<Result<_, _>>()?),
        Filter::Not(part) => operation("not", vec![self::filter(part)?]),
        Filter::Equal(column, v) => operation("=", vec![property(column), value(v)?]),
        Filter::Compare(column, comparison, v) => operation(comparison.operator(), vec![property(column), value(v)?]),
        Filter::SameText(column, text) => operation("sameText", vec![property(column), text.as_str().into()]),
        Filter::In(column, values) => {
            let values = values.iter().map(value).collect::<Result<Vec<_>, _>>()?;
            operation("in", vec![property(column), values.into()])
        }
        Filter::Between(column, low, high) => operation("between", vec![property(column), value(low)?, value(high)?]),
        Filter::Like(column, pattern) => {
            let args = [property(column), pattern.text().into()];
            let args = if pattern.any_case() { args.map(|arg| operation("casei", vec![arg])) } else { args };
            operation("like", args.to_vec())
        }
        Filter::IsNull(column) => operation("isNull", vec![property(column)]),
        Filter::Intersects(bbox, srid) => {
            operation("s_intersects", vec![geometry(), with_system(json!({"bbox": <[f64; 4]>::from(*bbox)}), *srid)])
        }
        Filter::Spatial(relation, shape) => {
            let name = match relation {
                Relation::Intersects => "s_intersects",
                Relation::Within => "s_within",
                Relation::Contains => "s_contains",
                Relation::Disjoint => "s_disjoint",
            };
            operation(name, vec![geometry(), geojson(shape)])
        }
        Filter::Near(shape, metres) => operation("s_dwithin", vec![geometry(), geojson(shape), (*metres).into()]),
        Filter::ValidAt(at) => valid(json!({"timestamp": instant(at)})),
        Filter::ValidDuring(from, to) => {
            let end = |end: &Option<DateTime<Utc>>| end.as_ref().map_or_else(|| "..".to_owned(), instant);
            valid(json!({"interval": [end(from), end(to)]}))
        }
        Filter::InScope(column) => operation("inScope", vec![property(column)]),
        Filter::OfficeIs(column) => operation("officeIs", vec![property(column)]),
        Filter::SubjectIs(column) => operation("subjectIs", vec![property(column)]),
        Filter::HasRole(roles) => operation("hasRole", roles.iter().map(|role| role.name().into()).collect()),
    })
}

fn operation(name: &str, args: Vec<Json>) -> Json {
    json!({"op": name, "args": args})
}

fn property(column: &Column) -> Json {
    json!({"property": column})
}

fn geometry() -> Json {
    json!({"property": "geometry"})
}

fn valid(when: Json) -> Json {
    operation("t_intersects", vec![json!({"interval": [{"property": "valid_from"}, {"property": "valid_to"}]}), when])
}

fn instant(at: &DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn value(value: &Value) -> Result<Json, FilterError> {
    Ok(match value {
        Value::Text(v) => v.as_str().into(),
        Value::Integer(v) => (*v).into(),
        Value::Number(v) if !v.is_finite() => return Err(FilterError::new("", format!("{v} can't be written in JSON"))),
        Value::Number(v) => (*v).into(),
        Value::Boolean(v) => (*v).into(),
        Value::Date(v) => json!({"date": v}),
        Value::Instant(v) => json!({"timestamp": instant(v)}),
    })
}

fn geojson(shape: &Shape) -> Json {
    with_system(json!(geojson::Geometry::from(shape.geometry())), shape.srid())
}

fn with_system(mut document: Json, srid: Srid) -> Json {
    if srid != Srid::CRS84 {
        document["coordRefSys"] = srid.uri().into();
    }
    document
}
