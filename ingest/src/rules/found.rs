use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Rule, Severity};
use crate::load::EXAMPLES;

/// Rows for which a rule did not hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// What was done about it.
    pub done: Severity,
    /// How many rows.
    pub rows: u64,
    /// The first of them.
    pub examples: Vec<Example>,
    /// What some of them look like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
}

/// An area before and after it was mended, to be drawn: paths as SVG has them, north up, from 0 to `width` and from `-height` to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    /// The row, as an example is called.
    pub row: String,
    /// The extent of what was there.
    pub width: f64,
    /// The same.
    pub height: f64,
    /// Its outlines.
    pub before: String,
    /// What became of it; empty if nothing did.
    pub after: String,
    /// Where it is wrong, if the database says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<[f64; 2]>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// Its number: `12`, or `b.csv 12` when there are several files.
    pub row: String,
    /// What is wrong: the value, or what the database says of the geometry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub what: Option<String>,
    /// Where it is, longitude and latitude in degrees (CRS84).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<[f64; 2]>,
}

/// `12 (nome: cittÃ )`
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Some(what) => write!(f, "{} ({what})", self.row),
            None => f.write_str(&self.row),
        }
    }
}

/// What was found so far; places of examples are in storage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings(BTreeMap<Rule, (u64, Vec<Example>)>);

impl Findings {
    /// Counts a row.
    pub(crate) fn add(&mut self, rule: Rule, example: impl FnOnce() -> Example) {
        let (rows, examples) = self.0.entry(rule).or_default();
        *rows += 1;
        if examples.len() < EXAMPLES {
            examples.push(example());
        }
    }

    /// Counts many rows at once.
    pub(crate) fn add_all(&mut self, rule: Rule, rows: u64, examples: Vec<Example>) {
        if rows > 0 {
            let (sum, there) = self.0.entry(rule).or_default();
            *sum += rows;
            there.extend(examples);
            there.truncate(EXAMPLES);
        }
    }

    pub(crate) fn each(&self) -> impl Iterator<Item = (Rule, u64, &[Example])> {
        self.0.iter().map(|(rule, (rows, examples))| (*rule, *rows, examples.as_slice()))
    }
}
