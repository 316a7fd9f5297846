//! What is in a file: looked at once, for a plan.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{FieldPlan, Sample};
use crate::geometry::{self, Family};
use crate::load::row_name;
use crate::rules::{Checker, Facts, Findings};
use crate::source::{DeclaredCrs, Source, Value};
use crate::survey::fit_for_id;
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
    /// Whether it tells rows apart: each has a value that can stand in an address, and no other row the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Whether they are numbers that may be two each, as `1.100`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unclear: bool,
}

/// Of more different values than this a column is not asked whether it tells rows apart: they would take too much memory.
const MOST_KEYS: usize = 2_000_000;

/// What was seen of a column so far.
#[derive(Default)]
struct Column {
    filled: u64,
    values: BTreeSet<String>,
    more: bool,
    /// Its values, as hashes, as long as they tell rows apart.
    seen: HashSet<u64>,
    repeats: bool,
}

impl Column {
    fn look(&mut self, value: &Value) {
        let Some(text) = value.to_text() else {
            self.give_up();
            return;
        };
        self.filled += 1;
        let tells_apart = self.repeats || (self.seen.len() < MOST_KEYS && fit_for_id(&text) && self.seen.insert(xxh3_64(text.as_bytes())));
        if !tells_apart {
            self.give_up();
        }
        if !self.more {
            let text: String = text.chars().take(60).collect();
            self.more = self.values.len() == VALUES && !self.values.contains(&text);
            if !self.more {
                self.values.insert(text);
            }
        }
    }

    /// It is no key.
    fn give_up(&mut self) {
        self.repeats = true;
        self.seen = HashSet::new();
    }

    fn end(self, field: &FieldPlan) -> FoundColumn {
        // a few of many tell what they look like; few of few are what a code list is made of
        let values = self.values.into_iter().take(if self.more { 3 } else { VALUES }).collect();
        let unique = self.filled > 0 && !self.repeats;
        FoundColumn { source: field.name.clone(), filled: self.filled, values, more: self.more, unique, unclear: field.numbers.unclear }
    }
}

/// Files, columns, the rules that do not hold, and some rows.
pub(crate) type Read = (Vec<FoundFile>, Vec<FoundColumn>, Findings, Sample);

/// Looks through the rows of every file.
pub(crate) fn look(sources: &mut [Source], fields: &[FieldPlan], facts: Facts, limits: &Limits) -> Result<Read, IngestError> {
    let mut columns: Vec<Column> = fields.iter().map(|_| Column::default()).collect();
    let mut files = Vec::with_capacity(sources.len());
    let (mut checker, several) = (Checker::new(facts, fields), sources.len() > 1);
    let mut sample = Sample::of(sources, fields);
    for (index, source) in sources.iter_mut().enumerate() {
        let mut counts = [0_u64; 3];
        let (mut rows, mut without) = (0, 0);
        source.reader.read(&mut |row| {
            rows += 1;
            for (field, column) in fields.iter().zip(&mut columns) {
                column.look(row.values.get(field.source[index]).unwrap_or(&Value::Null));
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
    let columns = fields.iter().zip(columns).map(|(field, column)| column.end(field));
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

#[cfg(test)]
mod tests {
    use kernel::layer::FieldType;

    use super::{Column, FoundColumn};
    use crate::plan::FieldPlan;
    use crate::source::Value;

    fn seen(values: impl IntoIterator<Item = Value>) -> FoundColumn {
        let mut column = Column::default();
        values.into_iter().for_each(|value| column.look(&value));
        column.end(&FieldPlan::new(kernel::Column::new("a").unwrap(), "A", FieldType::Text, vec![0]))
    }

    #[test]
    fn only_what_tells_every_row_apart_may_be_a_key() {
        let codes = |of: fn(u32) -> u32| (0..1_000).map(move |i| Value::Text(format!("T-{}", of(i))));
        let found = seen(codes(|i| i));
        assert_eq!((found.unique, found.more, found.values.len(), found.filled), (true, true, 3, 1_000));
        let repeats = seen(codes(|i| i.min(998)));
        assert_eq!((repeats.unique, repeats.more, repeats.filled), (false, true, 1_000), "two of a thousand are the same");
        assert!(!seen(codes(|i| i).chain([Value::Null])).unique, "one row has none");
        assert!(!seen([Value::Text("via Roma 1".into())]).unique, "it can't stand in an address");
        assert!(!seen([]).unique);
        let few = seen([Value::Integer(1), Value::Integer(2)]);
        assert_eq!((few.unique, few.more, few.values), (true, false, vec!["1".to_owned(), "2".to_owned()]));
    }
}
