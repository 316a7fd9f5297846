//! What is in a file: looked at once, for a plan.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::{FieldPlan, Sample};
use crate::geometry::{self, Family};
use crate::load::row_name;
use crate::rules::{Checker, Facts, Findings};
use crate::source::{DeclaredCrs, Source, Value};
use crate::{IngestError, Limits};

/// Different values of a field that are told.
const VALUES: usize = 12;

/// What was in the files when a plan was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Found {
    /// When, in UTC.
    pub made: String,
    /// What to look at before loading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Each file.
    #[serde(rename = "file")]
    pub files: Vec<FoundFile>,
    /// The systems in which the rows would lie inside the boundary, the likeliest first.
    #[serde(default, rename = "candidate", skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<FoundCrs>,
    /// Each column.
    #[serde(default, rename = "column", skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<FoundColumn>,
}

/// A file, or an entry of an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FoundFile {
    /// Its name.
    pub name: String,
    /// The format.
    pub format: String,
    /// The layer that is read of it.
    pub layer: String,
    /// All layers that it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,
    /// How its texts are encoded.
    pub encoding: String,
    /// What it says of its coordinate system.
    pub crs: String,
    /// Rows.
    pub rows: u64,
    /// Rows with points.
    pub points: u64,
    /// Rows with lines.
    pub lines: u64,
    /// Rows with areas.
    pub areas: u64,
    /// Rows whose geometry is missing or can't be loaded.
    pub without: u64,
}

/// A system that the rows may be in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FoundCrs {
    /// The system.
    pub crs: String,
    /// Its name.
    pub title: String,
    /// Systems that give the same positions to within their accuracy.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Whether its axes would be swapped.
    pub swapped: bool,
    /// How many of the rows would lie inside the boundary, percent.
    pub inside_percent: f64,
    /// From the middle row to the boundary, metres.
    pub distance_m: f64,
}

/// A column of the files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FoundColumn {
    /// Its name.
    pub source: String,
    /// Rows that have a value.
    pub filled: u64,
    /// The different values, if they are few; otherwise the first.
    pub values: Vec<String>,
    /// Whether there are more.
    pub more: bool,
    /// Whether they are numbers that may be two each, as `1.100`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclear: bool,
}

/// Files, columns, the rules that do not hold, and some rows.
pub(crate) type Read = (Vec<FoundFile>, Vec<FoundColumn>, Findings, Sample);

/// Looks through the rows of every file.
pub(crate) fn look(sources: &mut [Source], fields: &[FieldPlan], facts: Facts, limits: &Limits) -> Result<Read, IngestError> {
    let mut columns: Vec<(u64, BTreeSet<String>, bool)> = vec![(0, BTreeSet::new(), false); fields.len()];
    let mut files = Vec::with_capacity(sources.len());
    let (mut checker, several) = (Checker::new(facts, fields), sources.len() > 1);
    let mut sample = Sample::of(sources, fields);
    for (index, source) in sources.iter_mut().enumerate() {
        let mut counts = [0_u64; 3];
        let (mut rows, mut without) = (0, 0);
        source.reader.read(&mut |row| {
            rows += 1;
            for (field, (filled, values, more)) in fields.iter().zip(&mut columns) {
                let Some(value) = row.values.get(field.source[index]).filter(|v| **v != Value::Null) else { continue };
                *filled += 1;
                if *more {
                    continue;
                }
                let text: String = value.to_text().unwrap_or_default().chars().take(60).collect();
                *more = values.len() == VALUES && !values.contains(&text);
                if !*more {
                    values.insert(text);
                }
            }
            let label = || row_name(several.then_some(source.file.as_str()), row.number);
            let mut values: Vec<Value> = fields.iter().map(|f| row.values.get(f.source[index]).cloned().unwrap_or(Value::Null)).collect();
            let sampled = sample.wants().then(|| values.clone());
            // nothing is kept out yet
            let _ = checker.values(&mut values, &label, &|| None);
            match geometry::tidy(row.geometry, limits) {
                Ok(tidied) => {
                    counts[tidied.shape.family as usize] += 1;
                    sampled.iter().for_each(|values| sample.take(index, row.number, values, &tidied.shape));
                }
                Err(_) => without += 1,
            }
            ControlFlow::Continue(())
        })?;
        let layer = source.reader.layer();
        files.push(FoundFile {
            name: source.file.clone(),
            format: layer.format.to_owned(),
            layer: layer.name.clone(),
            layers: layer.siblings.clone(),
            encoding: layer.encoding.clone(),
            crs: stated(&layer.crs),
            rows,
            points: counts[Family::Point as usize],
            lines: counts[Family::Line as usize],
            areas: counts[Family::Polygon as usize],
            without,
        });
    }
    let columns = fields.iter().zip(columns).map(|(field, (filled, values, more))| {
        // a few of many tell what they look like; few of few are what a code list is made of
        let values = values.into_iter().take(if more { 3 } else { VALUES }).collect();
        FoundColumn { source: field.name.clone(), filled, values, more, unclear: field.numbers.unclear }
    });
    Ok((files, columns.collect(), checker.end(), sample.end()))
}

fn stated(crs: &DeclaredCrs) -> String {
    match crs {
        DeclaredCrs::None => "none".to_owned(),
        DeclaredCrs::Register(_, register, _) => format!("none: placed by {}", register.en),
        DeclaredCrs::Stated(srid) => srid.to_string(),
        DeclaredCrs::Recognised(srid, name) => format!("{srid} ({name})"),
        DeclaredCrs::Unrecognised(name) => format!("unknown: {name}"),
    }
}
