//! The parser's tree as a document of CQL2-JSON.

use cql2::Expr;
use serde_json::{Map, Value as Json, json};

/// Beyond these a whole number is not exact in the tree, whose numbers are doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

pub(super) fn json(tree: &Expr) -> Result<Json, String> {
    Ok(match tree {
        Expr::Operation { op, args }
            if op.eq_ignore_ascii_case("in")
                && matches!(args.get(1).map(|list| &**list), Some(Expr::Array(values)) if values.is_empty()) =>
        {
            return Err("IN takes a list with at least one value".to_owned());
        }
        Expr::Operation { op, args } => json!({"op": op, "args": several(args)?}),
        Expr::Property { property } => json!({"property": property}),
        Expr::Date { date } => one("date", moment(date)?),
        Expr::Timestamp { timestamp } => one("timestamp", moment(timestamp)?),
        Expr::Interval { interval } => {
            let ends = interval.iter().map(|end| match &**end {
                property @ Expr::Property { .. } => json(property),
                other => moment(other),
            });
            json!({"interval": ends.collect::<Result<Vec<_>, _>>()?})
        }
        Expr::BBox { bbox } => json!({"bbox": several(bbox)?}),
        Expr::Float(v) => number(*v)?,
        Expr::Literal(v) => v.as_str().into(),
        Expr::Bool(v) => (*v).into(),
        Expr::Array(values) => several(values)?.into(),
        Expr::Geometry(geometry) => {
            serde_json::to_value(geometry).map_err(|e| format!("a geometry is empty or can't be read: {}", short(&e.to_string())))?
        }
        Expr::Null => Json::Null,
    })
}

fn several(trees: &[Box<Expr>]) -> Result<Vec<Json>, String> {
    trees.iter().map(|tree| json(tree)).collect()
}

fn one(name: &str, value: Json) -> Json {
    Json::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// The text of `DATE('…')`, or of an end of an interval.
fn moment(tree: &Expr) -> Result<Json, String> {
    match tree {
        Expr::Literal(text) => Ok(text.as_str().into()),
        Expr::Date { date: inner } | Expr::Timestamp { timestamp: inner } => moment(inner),
        _ => Err(
            "DATE, TIMESTAMP and INTERVAL take texts: DATE('2026-01-31'), TIMESTAMP('2026-01-31T12:00:00Z'), INTERVAL('2026-01-31', '..')"
                .to_owned(),
        ),
    }
}

fn number(value: f64) -> Result<Json, String> {
    if !value.is_finite() {
        return Err("a number is so large that it can't be told".to_owned());
    }
    if value.fract() != 0.0 {
        return Ok(value.into());
    }
    // the greatest are not taken: the one after them reads the same
    if value.abs() < EXACT {
        return Ok((value as i64).into());
    }
    if value.abs() > 1e19 {
        return Ok(value.into());
    }
    Err(format!("{value} is a whole number that can't be told exactly in text: write it in CQL2-JSON (filter-lang=cql2-json)"))
}

/// The beginning of a text, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
