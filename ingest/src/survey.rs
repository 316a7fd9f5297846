//! The first reading: what is in the files, without keeping it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use kernel::Text;

use crate::geometry::{self, Family, Tidied};
use crate::load::{EXAMPLES, Tally, row_name};
use crate::plan::{self, FieldPlan};
use crate::source::sniff::Content;
use crate::source::{Row, Source, Value};
use crate::{IngestError, Limits};

/// Positions kept of each file, to see where it lies.
const SAMPLE: usize = 500;

/// Longest value that makes a public id.
const LONGEST_ID: usize = 100;

/// Rows between two words about progress.
const STEP: u64 = 4096;

/// What the files have in common.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) files: Vec<FileSurvey>,
    /// The family of most rows; `None` if no row has a geometry that can be loaded.
    pub(crate) family: Option<Family>,
    /// Whether a row of that family has several parts, or says that it might.
    pub(crate) multi: bool,
    /// Where public ids can come from.
    pub(crate) key: Key,
    /// Columns that look like keys by their names, and are none.
    pub(crate) no_keys: Vec<String>,
    /// Rows with a value that is none.
    pub(crate) lost_values: u64,
    /// Rows with heights or measures, which are left out.
    pub(crate) heights: u64,
    /// Rows with a whole number at the end of what 64 bits hold, to which GDAL cuts those of a GeoJSON.
    pub(crate) clamped: u64,
    /// Rows whose geometry can't be loaded, by reason.
    pub(crate) tally: Tally,
}

/// What was said about the rows before they are read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    pub(crate) swap_axes: bool,
    /// The family that is loaded; without a word, that of most rows.
    pub(crate) family: Option<Family>,
    /// Whether rows whose key is not their own are kept out, instead of refusing the file.
    pub(crate) keys_may_repeat: bool,
}

/// What one file has.
#[derive(Debug, Default)]
pub(crate) struct FileSurvey {
    pub(crate) rows: u64,
    /// The middle of some rows, evenly spread over the file, in its own system.
    pub(crate) sample: Vec<[f64; 2]>,
}

/// Where the public id of a row comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// This field of the plan.
    Field(usize),
    /// The format's own key, in a column of this name.
    Own(String),
    /// There is none: the row's number.
    Sequence,
}

impl Key {
    /// The column, as the file calls it; `None` for the rows' numbers.
    pub(crate) fn name(&self, fields: &[FieldPlan]) -> Option<String> {
        match self {
            Self::Field(index) => Some(fields[*index].name.clone()),
            Self::Own(name) => Some(name.clone()),
            Self::Sequence => None,
        }
    }

    /// The column, as the layer calls it: the same whatever the format of a delivery makes of its name.
    pub(crate) fn column(&self, fields: &[FieldPlan]) -> Option<String> {
        match self {
            Self::Field(index) => Some(fields[*index].column.to_string()),
            Self::Own(name) => Some(name.clone()),
            Self::Sequence => None,
        }
    }

    /// The column that somebody calls so: by its name in the file, or in the layer.
    pub(crate) fn named(name: &str, fields: &[FieldPlan], sources: &[Source]) -> Result<Self, IngestError> {
        if let Some(index) = fields.iter().position(|f| f.name == name).or_else(|| fields.iter().position(|f| f.column.as_str() == name)) {
            return Ok(Self::Field(index));
        }
        let own = sources.first().and_then(|s| s.reader.layer().key.as_deref());
        if own == Some(name) && sources.len() == 1 {
            return Ok(Self::Own(name.to_owned()));
        }
        let columns = fields.iter().map(|f| f.name.as_str()).chain(own).map(str::to_owned).collect();
        Err(IngestError::NoKeyColumn { column: name.to_owned(), columns })
    }
}

/// Reads every row of every file once. `wanted` is the key that somebody named.
pub(crate) fn survey(
    sources: &mut [Source],
    fields: &[FieldPlan],
    wanted: Option<Key>,
    wish: &Wish,
    limits: &Limits,
    progress: &dyn Fn(u64),
) -> Result<Survey, IngestError> {
    let mut counts = [(0u64, false); 3];
    let mut keys = wanted.map_or_else(|| Keys::new(fields, sources), |key| Keys::only(key, fields, sources));
    let mut files = Vec::with_capacity(sources.len());
    let (mut lost_values, mut heights, mut clamped, mut total) = (0, 0, 0, 0);
    let (mut tally, several) = (Tally::default(), sources.len() > 1);
    for (file, source) in sources.iter_mut().enumerate() {
        let mut survey = FileSurvey::default();
        let mut stride = 1;
        let clamps = source.reader.layer().format == Content::GeoJson.name();
        source.reader.read(&mut |row: Row| {
            survey.rows += 1;
            total += 1;
            if total % STEP == 0 {
                progress(total);
            }
            keys.look(&row, file);
            lost_values += u64::from(row.lost);
            heights += u64::from(row.geometry.has_heights());
            clamped += u64::from(clamps && row.values.iter().any(|v| matches!(v, Value::Integer(i64::MIN | i64::MAX))));
            match geometry::tidy(row.geometry, limits) {
                Ok(Tidied { shape, .. }) => {
                    let (count, multi) = &mut counts[shape.family as usize];
                    *count += 1;
                    *multi |= shape.multi || shape.part_count() > 1;
                    sample(&mut survey, &mut stride, shape.middle(), wish.swap_axes);
                }
                Err(reason) => tally.keep_out(reason, || row_name(several.then_some(source.file.as_str()), row.number)),
            }
            ControlFlow::Continue(())
        })?;
        files.push(survey);
    }
    progress(total);
    tally.read = total;
    if !wish.keys_may_repeat {
        keys.require(fields)?;
    }
    let best = [Family::Polygon, Family::Line, Family::Point]
        .into_iter()
        .reduce(|a, b| if counts[b as usize].0 > counts[a as usize].0 { b } else { a });
    let there = |f: &Family| counts[*f as usize].0 > 0 || (*f == Family::Polygon && counts[Family::Line as usize].0 > 0);
    let family = match wish.family {
        Some(told) => Some(told).filter(there),
        None => best.filter(|f| counts[*f as usize].0 > 0),
    };
    let closed = wish.family == Some(Family::Polygon) && counts[Family::Line as usize].1;
    let multi = family.is_some_and(|f| counts[f as usize].1) || closed;
    let no_keys = keys.failed(fields);
    Ok(Survey { files, family, multi, key: keys.best(), no_keys, lost_values, heights, clamped, tally })
}

/// Keeps every `stride`-th position; when there are too many, every second of them, at twice the stride.
fn sample(survey: &mut FileSurvey, stride: &mut u64, middle: Option<[f64; 2]>, swap_axes: bool) {
    let Some([x, y]) = middle.filter(|_| survey.rows.is_multiple_of(*stride) || survey.sample.is_empty()) else { return };
    survey.sample.push(if swap_axes { [y, x] } else { [x, y] });
    if survey.sample.len() >= 2 * SAMPLE {
        let mut index = 0;
        survey.sample.retain(|_| {
            index += 1;
            index % 2 == 0
        });
        *stride *= 2;
    }
}

/// The columns that might tell the rows apart, and what was seen in them.
struct Keys {
    candidates: Vec<(Key, Candidate)>,
    /// Somebody named the only one: it must hold.
    named: bool,
}

/// In each file, the field's number among the file's; and the values seen, as hashes.
struct Candidate {
    index: Vec<Option<usize>>,
    seen: HashSet<u64>,
    holds: bool,
    /// Of one that was named: rows that it does not tell apart, and some of them.
    faults: u64,
    examples: Vec<Text>,
}

impl Keys {
    fn only(key: Key, fields: &[FieldPlan], sources: &[Source]) -> Self {
        if key == Key::Sequence {
            return Self { candidates: Vec::new(), named: true };
        }
        let index = match &key {
            Key::Field(index) => fields[*index].source.iter().copied().map(Some).collect(),
            _ => vec![None; sources.len()],
        };
        Self { candidates: vec![(key, Candidate::new(index))], named: true }
    }

    fn new(fields: &[FieldPlan], sources: &[Source]) -> Self {
        let mut candidates: Vec<(Key, Candidate)> = plan::key_fields(fields)
            .map(|index| (Key::Field(index), Candidate::new(fields[index].source.iter().copied().map(Some).collect())))
            .collect();
        if let [only] = sources
            && let Some(name) = &only.reader.layer().key
        {
            candidates.push((Key::Own(name.clone()), Candidate::new(vec![None])));
        }
        Self { candidates, named: false }
    }

    fn look(&mut self, row: &Row, file: usize) {
        for (_, candidate) in self.candidates.iter_mut().filter(|(_, c)| c.holds || self.named) {
            let text = match candidate.index[file] {
                Some(index) => row.values.get(index).and_then(Value::to_text),
                None => row.key.map(|k| k.to_string()),
            };
            let tells_apart = text.as_ref().is_some_and(|text| {
                let mut hasher = DefaultHasher::new();
                text.hash(&mut hasher);
                fit_for_id(text) && candidate.seen.insert(hasher.finish())
            });
            candidate.holds &= tells_apart;
            if !candidate.holds && !self.named {
                candidate.seen = HashSet::new();
            }
            if !tells_apart && self.named {
                candidate.fault(row.number, text.as_deref());
            }
        }
    }

    /// One that was named tells every row apart, or the load is refused.
    fn require(&self, fields: &[FieldPlan]) -> Result<(), IngestError> {
        let Some((key, candidate)) = self.candidates.first().filter(|(_, c)| self.named && c.faults > 0) else { return Ok(()) };
        let column = key.name(fields).unwrap_or_default();
        Err(IngestError::KeyFails { column, rows: candidate.faults, examples: candidate.examples.clone() })
    }

    fn failed(&self, fields: &[FieldPlan]) -> Vec<String> {
        let name = |key: &Key| if let Key::Field(index) = key { Some(fields[*index].name.clone()) } else { None };
        self.candidates.iter().filter(|(_, c)| !c.holds).filter_map(|(key, _)| name(key)).collect()
    }

    fn best(self) -> Key {
        let named = self.named;
        self.candidates.into_iter().find(|(_, c)| (c.holds || named) && !c.seen.is_empty()).map_or(Key::Sequence, |(key, _)| key)
    }
}

impl Candidate {
    fn new(index: Vec<Option<usize>>) -> Self {
        Self { index, seen: HashSet::new(), holds: true, faults: 0, examples: Vec::new() }
    }

    fn fault(&mut self, row: u64, text: Option<&str>) {
        self.faults += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(match text {
                None => Text::new(format!("la riga {row} non l'ha"), format!("row {row} has none")),
                Some(text) if fit_for_id(text) => {
                    Text::new(format!("la riga {row} ha `{text}`, come una prima"), format!("row {row} has `{text}`, as one before"))
                }
                Some(text) => {
                    let text: String = text.chars().take(60).collect();
                    Text::new(format!("la riga {row} ha `{text}`"), format!("row {row} has `{text}`"))
                }
            });
        }
    }
}

/// Whether a text can stand in an address as it is.
pub(crate) fn fit_for_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '{' | '}'))
}
