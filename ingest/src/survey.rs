//! The first reading: what is in the files, without keeping it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::ControlFlow;

use crate::geometry::{self, Family, Tidied};
use crate::load::{Tally, row_name};
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
    /// Rows with a text that had to be mended.
    pub(crate) damaged_text: u64,
    /// Rows with a value that is none.
    pub(crate) lost_values: u64,
    /// Rows with a whole number at the end of what 64 bits hold, to which GDAL cuts those of a GeoJSON.
    pub(crate) clamped: u64,
    /// Rows whose geometry can't be loaded, by reason.
    pub(crate) tally: Tally,
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

/// Reads every row of every file once.
pub(crate) fn survey(
    sources: &mut [Source],
    fields: &[FieldPlan],
    swap_axes: bool,
    limits: &Limits,
    progress: &dyn Fn(u64),
) -> Result<Survey, IngestError> {
    let mut counts = [(0u64, false); 3];
    let mut keys = Keys::new(fields, sources);
    let mut files = Vec::with_capacity(sources.len());
    let (mut damaged_text, mut lost_values, mut clamped, mut total) = (0, 0, 0, 0);
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
            damaged_text += u64::from(row.values.iter().any(|v| matches!(v, Value::Text(t) if t.contains('\u{FFFD}'))));
            lost_values += u64::from(row.lost);
            clamped += u64::from(clamps && row.values.iter().any(|v| matches!(v, Value::Integer(i64::MIN | i64::MAX))));
            match geometry::tidy(row.geometry, limits) {
                Ok(Tidied { shape, .. }) => {
                    let (count, multi) = &mut counts[shape.family as usize];
                    *count += 1;
                    *multi |= shape.multi || shape.part_count() > 1;
                    sample(&mut survey, &mut stride, shape.middle(), swap_axes);
                }
                Err(reason) => tally.keep_out(reason, || row_name(several.then_some(source.file.as_str()), row.number)),
            }
            ControlFlow::Continue(())
        })?;
        files.push(survey);
    }
    progress(total);
    tally.read = total;
    let best = [Family::Polygon, Family::Line, Family::Point]
        .into_iter()
        .reduce(|a, b| if counts[b as usize].0 > counts[a as usize].0 { b } else { a });
    let family = best.filter(|f| counts[*f as usize].0 > 0);
    let multi = family.is_some_and(|f| counts[f as usize].1);
    let no_keys = keys.failed(fields);
    Ok(Survey { files, family, multi, key: keys.best(), no_keys, damaged_text, lost_values, clamped, tally })
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
}

/// In each file, the field's number among the file's; and the values seen, as hashes.
struct Candidate {
    index: Vec<Option<usize>>,
    seen: HashSet<u64>,
    holds: bool,
}

impl Keys {
    fn new(fields: &[FieldPlan], sources: &[Source]) -> Self {
        let mut candidates: Vec<(Key, Candidate)> = plan::key_fields(fields)
            .map(|index| (Key::Field(index), Candidate::new(fields[index].source.iter().copied().map(Some).collect())))
            .collect();
        if let [only] = sources
            && let Some(name) = &only.reader.layer().key
        {
            candidates.push((Key::Own(name.clone()), Candidate::new(vec![None])));
        }
        Self { candidates }
    }

    fn look(&mut self, row: &Row, file: usize) {
        for (_, candidate) in self.candidates.iter_mut().filter(|(_, c)| c.holds) {
            let text = match candidate.index[file] {
                Some(index) => row.values.get(index).and_then(Value::to_text),
                None => row.key.map(|k| k.to_string()),
            };
            candidate.holds = text.is_some_and(|text| {
                let mut hasher = DefaultHasher::new();
                text.hash(&mut hasher);
                fit_for_id(&text) && candidate.seen.insert(hasher.finish())
            });
            if !candidate.holds {
                candidate.seen = HashSet::new();
            }
        }
    }

    fn failed(&self, fields: &[FieldPlan]) -> Vec<String> {
        let name = |key: &Key| if let Key::Field(index) = key { Some(fields[*index].name.clone()) } else { None };
        self.candidates.iter().filter(|(_, c)| !c.holds).filter_map(|(key, _)| name(key)).collect()
    }

    fn best(self) -> Key {
        self.candidates.into_iter().find(|(_, c)| c.holds && !c.seen.is_empty()).map_or(Key::Sequence, |(key, _)| key)
    }
}

impl Candidate {
    fn new(index: Vec<Option<usize>>) -> Self {
        Self { index, seen: HashSet::new(), holds: true }
    }
}

/// Whether a text can stand in an address as it is.
fn fit_for_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ':' | '{' | '}'))
}
