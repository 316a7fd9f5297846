//! Looks that a layer's values propose, each with its legend.

use chrono::{DateTime, Utc};
use kernel::layer::{Field, FieldType, Style};
use kernel::{Column, Filter, Layer, Principal, Text};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::figures::Source;
use super::look::{Share, drawn};
use super::rank::{CATEGORIES, Way, candidates, ways, worth};
use super::{breaks, default_style, words};

/// Fields that are looked at where none is named.
const LOOKED_AT: usize = 40;
/// Fields that are proposed then.
const BEST: usize = 4;
/// Classes of numbers.
const CLASSES: usize = 5;
/// The colours of categories, in the palette: told apart by those who see colours otherwise too.
const CATEGORY: [&str; CATEGORIES] = ["$category1", "$category2", "$category3", "$category4", "$category5", "$category6", "$category7"];
const OTHER: &str = "$category_other";
/// The colours of what grows, the least first.
const STEP: [&str; 6] = ["$step1", "$step2", "$step3", "$step4", "$step5", "$step6"];

/// Whose proposals are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Who asks: rows that they don't see are not counted.
    pub who: &'a Principal,
    /// About how many rows there are.
    pub rows: i64,
    /// The field it shall be drawn by; without, the best few.
    pub field: Option<&'a Field>,
    /// When.
    pub now: DateTime<Utc>,
}

/// A way to draw a layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    /// What it is called.
    pub name: Text,
    /// The field it is drawn by.
    pub field: Option<Column>,
    /// In which way.
    pub kind: Kind,
    /// The style, with colours of the palette.
    pub style: Style,
    /// What it means.
    pub legend: Vec<LegendLine>,
}

/// How a layer is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// In one colour.
    Plain,
    /// A colour a value.
    Categories,
    /// A step of a colour a range of numbers.
    Classes,
}

/// A line of a legend.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LegendLine {
    /// What is drawn so.
    pub label: Text,
    /// The colour's name in the palette, `$category1`.
    pub color: String,
    /// How many rows.
    pub rows: i64,
}

/// Looks for the layer, the best first; the last is plain.
///
/// # Errors
/// When the database fails.
pub async fn propose(conn: &mut PgConnection, layer: &Layer, asked: Asked<'_>) -> Result<Vec<Proposal>, sqlx::Error> {
    let source = Source::new(layer, asked.who, asked.rows, &Filter::ValidAt(asked.now));
    let fields: Vec<&Field> = match asked.field {
        Some(field) => vec![field],
        None => candidates(layer).take(LOOKED_AT).collect(),
    };
    let figures = source.figures(conn, &fields).await?;
    let mut ranked: Vec<(f64, &Field, Vec<Way>)> = fields
        .iter()
        .zip(&figures)
        .filter_map(|(field, figures)| {
            let ways = ways(field, figures);
            Some((worth(field, figures, *ways.first()?), *field, ways))
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut proposals = Vec::new();
    for (_, field, ways) in ranked.into_iter().take(BEST) {
        let ways = if asked.field.is_some() { ways.as_slice() } else { &ways[..1] };
        for way in ways {
            match way {
                Way::Categories => proposals.extend(by_categories(conn, &source, layer, field).await?),
                Way::Classes => proposals.extend(by_classes(conn, &source, layer, field, asked.field.is_some()).await?),
            }
        }
    }
    proposals.push(plain(layer, figures.first().map_or(0, |_| asked.rows)));
    Ok(proposals)
}

fn plain(layer: &Layer, rows: i64) -> Proposal {
    let legend = vec![LegendLine { label: layer.title.clone(), color: "$data1".to_owned(), rows }];
    let style = default_style(layer.geometry, layer.label.as_ref(), &layer.title);
    Proposal { name: words::plain(), field: None, kind: Kind::Plain, style, legend }
}

async fn by_categories(conn: &mut PgConnection, source: &Source, layer: &Layer, field: &Field) -> Result<Option<Proposal>, sqlx::Error> {
    let (values, rows) = source.commonest(conn, field, CATEGORIES).await?;
    // a text with a `$` at its head would be a colour
    if values.len() < 2 || values.iter().any(|(value, _)| value.as_str().is_some_and(|text| text.starts_with('$'))) {
        return Ok(None);
    }
    let name = field.name.as_str();
    let filters: Vec<Value> = values.iter().map(|(value, _)| json!(["==", ["get", name], value])).collect();
    let rest = rows - values.iter().map(|(_, rows)| rows).sum::<i64>();
    let shares = values.iter().zip(&filters).zip(CATEGORY).enumerate();
    let shares = shares.map(|(index, (((value, rows), filter), colour))| {
        (Share { name: format!("c{}", index + 1), filter: Some(filter.clone()), colour, legend: Some(words::value(field, value)) }, *rows)
    });
    let shares: Vec<(Share, i64)> = shares.chain([(others(&filters, words::others()), rest)]).collect();
    Ok(Some(proposal(layer, field, Kind::Categories, words::categories(field), shares, 0.4)))
}

async fn by_classes(
    conn: &mut PgConnection,
    source: &Source,
    layer: &Layer,
    field: &Field,
    in_each_way: bool,
) -> Result<Vec<Proposal>, sqlx::Error> {
    let numbers = source.numbers(conn, field).await?;
    let whole = field.kind == FieldType::Integer;
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = vec![(words::natural(field), breaks::natural(&numbers, CLASSES, whole))];
    if in_each_way {
        found.push((words::equal_counts(field), breaks::equal_counts(&numbers, CLASSES, whole)));
    }
    let mut proposals = Vec::new();
    for (title, breaks) in found {
        if breaks.is_empty() {
            continue;
        }
        let counts = source.counts(conn, field, &breaks).await?;
        let limits = |class: usize| (class.checked_sub(1).and_then(|at| breaks.get(at)).copied(), breaks.get(class).copied());
        let classes = breaks.len() + 1;
        let filters: Vec<Value> = (0..classes).map(|class| within(field, limits(class))).collect();
        let shares = (0..classes).map(|class| {
            let (from, to) = limits(class);
            let colour = STEP[class * (STEP.len() - 1) / (classes - 1)];
            let legend = Some(words::class(field, from, to));
            (Share { name: format!("c{}", class + 1), filter: Some(filters[class].clone()), colour, legend }, counts[class])
        });
        let shares: Vec<(Share, i64)> = shares.chain([(others(&filters, words::none()), counts[classes])]).collect();
        proposals.push(proposal(layer, field, Kind::Classes, title, shares, 0.55));
    }
    Ok(proposals)
}

/// The condition that a field's number is in a class.
fn within(field: &Field, (from, to): (Option<f64>, Option<f64>)) -> Value {
    let name = field.name.as_str();
    let number = |value: f64| if value.fract() == 0.0 && value.abs() < 1e15 { json!(value as i64) } else { json!(value) };
    // what has no value is compared with nothing
    let mut all = vec![json!("all"), json!(["has", name])];
    all.extend(from.map(|from| json!([">=", ["get", name], number(from)])));
    all.extend(to.map(|to| json!(["<", ["get", name], number(to)])));
    Value::Array(all)
}

/// All rows that meet none of the conditions.
fn others(filters: &[Value], label: Text) -> Share {
    let any: Vec<Value> = [json!("any")].into_iter().chain(filters.iter().cloned()).collect();
    Share { name: "other".to_owned(), filter: Some(json!(["!", any])), colour: OTHER, legend: Some(label) }
}

/// What is in no row is in no legend, but drawn: there may be such rows tomorrow, and tiles of low zooms leave attributes out.
fn proposal(layer: &Layer, field: &Field, kind: Kind, name: Text, shares: Vec<(Share, i64)>, opacity: f64) -> Proposal {
    let mut legend = Vec::new();
    let mut drawn_shares = Vec::new();
    for (mut share, rows) in shares {
        match share.legend.clone() {
            Some(label) if rows > 0 => legend.push(LegendLine { label, color: share.colour.to_owned(), rows }),
            _ => share.legend = None,
        }
        drawn_shares.push(share);
    }
    let style = drawn(layer.geometry, layer.label.as_ref(), &drawn_shares, opacity);
    Proposal { name, field: Some(field.name.clone()), kind, style, legend }
}
