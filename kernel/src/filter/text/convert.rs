//! The parser's tree as a document of CQL2-JSON.

use cql2::Expr;
use serde_json::{Map, Value as Json, json};

use super::tokens::Token;

/// Beyond these a whole number is not exact in the tree, whose numbers are doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// What can't be told in the document.
pub(super) struct Wrong {
    pub(super) what: String,
    place: Place,
}

/// By what it is found in the text.
enum Place {
    Words(&'static [&'static str]),
    Number(f64),
}

impl Wrong {
    fn new(what: impl Into<String>, words: &'static [&'static str]) -> Self {
        Self { what: what.into(), place: Place::Words(words) }
    }

    /// Whether this part of the text is what it says.
    pub(super) fn is_at(&self, part: &Token) -> bool {
        match self.place {
            Place::Words(words) => words.iter().any(|word| part.is_word(word)),
            Place::Number(number) => part.text.parse::<f64>().is_ok_and(|written| written == number.abs()),
        }
    }
}

const MOMENTS: &[&str] = &["date", "timestamp", "interval"];
const GEOMETRIES: &[&str] = &["point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection"];

pub(super) fn json(tree: &Expr) -> Result<Json, Wrong> {
    Ok(match tree {
        Expr::Operation { op, args }
            if op.eq_ignore_ascii_case("in")
                && matches!(args.get(1).map(|list| &**list), Some(Expr::Array(values)) if values.is_empty()) =>
        {
            return Err(Wrong::new("IN takes a list with at least one value", &["in"]));
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
            let read = serde_json::to_value(geometry);
            read.map_err(|e| Wrong::new(format!("a geometry is empty or can't be read: {}", short(&e.to_string())), GEOMETRIES))?
        }
        Expr::Null => Json::Null,
    })
}

fn several(trees: &[Box<Expr>]) -> Result<Vec<Json>, Wrong> {
    trees.iter().map(|tree| json(tree)).collect()
}

fn one(name: &str, value: Json) -> Json {
    Json::Object(Map::from_iter([(name.to_owned(), value)]))
}

/// The text of `DATE('…')`, or of an end of an interval.
fn moment(tree: &Expr) -> Result<Json, Wrong> {
    match tree {
        Expr::Literal(text) => Ok(text.as_str().into()),
        Expr::Date { date: inner } | Expr::Timestamp { timestamp: inner } => moment(inner),
        _ => Err(Wrong::new(
            "DATE, TIMESTAMP and INTERVAL take texts: DATE('2026-01-31'), TIMESTAMP('2026-01-31T12:00:00Z'), INTERVAL('2026-01-31', '..')",
            MOMENTS,
        )),
    }
}

fn number(value: f64) -> Result<Json, Wrong> {
    let wrong = |what: String| Err(Wrong { what, place: Place::Number(value) });
    if !value.is_finite() {
        return wrong("a number is so large that it can't be told".to_owned());
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
    wrong(format!("{value} is a whole number that can't be told exactly in text: write it in CQL2-JSON (filter-lang=cql2-json)"))
}

/// The beginning of a text, for a message.
pub(super) fn short(text: &str) -> String {
    text.chars().take(40).collect()
}
