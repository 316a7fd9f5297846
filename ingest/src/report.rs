//! What happened, for people and for programs.

mod counted;
mod html;
mod kept;
mod note;
mod reason;
mod words;

use kernel::layer::{FieldType, GeometryType};
use kernel::{Bbox, Language, LayerId, Srid, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use counted::{rows, rows_are};
pub use kept::KeptReport;
pub use note::Note;
pub use reason::Reason;
pub(crate) use words::kind as kind_name;

use crate::register::Unplaced;
use crate::rules::{Example, Finding, Picture};
use crate::update::Difference;
use crate::{Mode, Told};

/// What became of a load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The layer.
    pub layer: LayerId,
    /// Its name for people.
    pub title: Text,
    /// What was asked for.
    pub mode: Mode,
    /// The files, with the archive's entry and the format, `a.zip/b.gpkg (GeoPackage)`.
    pub files: Vec<String>,
    /// Rows that the files have.
    pub rows_read: u64,
    /// Rows that are in the layer now because of them.
    pub rows_loaded: u64,
    /// Those that are not, each under one reason.
    pub kept_out: Vec<KeptOut>,
    /// The first of those that the register does not place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<Unplaced>,
    /// Those whose geometry was mended.
    pub mended: Mended,
    /// The layer's geometry type.
    pub geometry: GeometryType,
    /// The coordinate system of each file, and how it was decided.
    pub crs: Vec<CrsReport>,
    /// Where the rows lie, against the boundary.
    pub extent: ExtentReport,
    /// The layer's fields.
    pub fields: Vec<FieldReport>,
    /// Where the public `id` of each row comes from.
    pub id: IdSource,
    /// How many rows each comune has, by ISTAT code.
    pub comuni: Vec<(String, u64)>,
    /// For an update: what differs from what was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
    /// Rows for which a rule did not hold, and that it did not keep out; each once for a rule.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What else should be known.
    pub notes: Vec<Note>,
    /// How long it took.
    pub duration_s: f64,
    /// Rows read by the time it took.
    pub rows_per_s: f64,
}

/// Rows that were kept out for one reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptOut {
    /// Why.
    pub reason: Reason,
    /// How many.
    pub rows: u64,
    /// The first of them: `12`, or `b.csv 12` when there are several files.
    pub examples: Vec<String>,
    /// What is wrong with them and where they are, if a rule says so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<Example>,
    /// What some of them look like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pictures: Vec<Picture>,
}

impl KeptOut {
    /// Some of them in words: `12 (nome: cittÃ )`.
    pub(crate) fn examples(&self) -> Vec<String> {
        if self.found.is_empty() { self.examples.clone() } else { self.found.iter().map(Example::to_string).collect() }
    }
}

/// Rows whose geometry was mended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mended {
    /// How many.
    pub rows: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

/// The coordinate system of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CrsReport {
    /// The file.
    pub file: String,
    /// The system.
    pub crs: Srid,
    /// Its name.
    pub title: String,
    /// How it was decided.
    pub decided: CrsSource,
    /// How sure positions are in the storage system, metres.
    pub accuracy_m: f64,
    /// By which operation they got there.
    pub operation: Text,
}

/// How a file's coordinate system was decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrsSource {
    /// The caller said so.
    Given,
    /// The file states its code.
    Stated,
    /// The file defines it without a code; the definition, of this name, was recognised.
    Recognised(String),
    /// The file has no coordinates: its rows were placed through the register of this name.
    Register(Text),
}

/// Where the rows lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExtentReport {
    /// The rectangle round them, in the storage system.
    pub bbox: Option<Bbox>,
    /// The storage system.
    pub crs: Srid,
    /// How many rows lie inside the boundary; without a boundary, `None`.
    pub inside: Option<u64>,
    /// How many lie outside and were given to the nearest comune.
    pub outside: u64,
    /// How far out the farthest of them lies, metres.
    pub farthest_m: f64,
}

/// A field of the layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldReport {
    /// The column.
    pub name: String,
    /// What the file calls it.
    pub source: String,
    /// The kind of value.
    #[serde(rename = "type")]
    pub kind: FieldType,
}

/// Where the public `id` of each row comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdSource {
    /// From this column of the file, where each row has another value.
    Column(String),
    /// From the rows' order: the file has no such column.
    Sequence,
}

impl Report {
    /// The report as JSON, in the words of the plan, in which each reason and rule has its `words` and its `cure`, and a difference its `words`.
    pub fn with_words(&self) -> Value {
        let Ok(mut document) = serde_json::to_value(self) else { return Value::Null };
        for (row, kept) in document["kept_out"].as_array_mut().into_iter().flatten().zip(&self.kept_out) {
            (row["words"], row["cure"]) = (json!(kept.reason.words()), json!(kept.reason.cure(Told::Plan)));
        }
        for (row, found) in document["findings"].as_array_mut().into_iter().flatten().zip(&self.findings) {
            (row["words"], row["cure"]) = (json!(found.rule.words()), json!(found.rule.cure()));
        }
        if let Some(difference) = &self.difference {
            document["difference"] = difference.with_words();
        }
        document
    }

    /// The report in plain words: a dozen lines, without colours.
    pub fn text(&self, language: Language) -> String {
        words::write(self, language)
    }
}
