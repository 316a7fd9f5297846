//! The first reading: what is in the files, without keeping it.

use std::ops::ControlFlow;

use foldhash::{HashSet, HashSetExt};
use kernel::{Column, Text};
use xxhash_rust::xxh3::xxh3_64;

use crate::geometry::{self, Family, Tidied};
use crate::load::{EXAMPLES, Tally, row_name};
use crate::plan::{self, FieldPlan};
use crate::report::Reason;
use crate::source::sniff::Content;
use crate::source::{Row, Source, Value};
use crate::{IngestError, Limits};

/// Positions kept of each file, to see where it lies.
const SAMPLE: usize = 500;

/// Longest value that makes a public id.
const LONGEST_ID: usize = 100;

/// Rows between two words about progress.
pub(crate) const STEP: u64 = 4096;

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
    /// Columns of the layer whose texts are too few for so many rows to be searched for.
    pub(crate) few_texts: Vec<Column>,
}

impl Survey {
    /// What all rows decide.
    pub(crate) fn sketch(&self) -> Sketch {
        Sketch { family: self.family, multi: self.multi, key: self.key.clone() }
    }
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
#[derive(Clone, Debug, Default)]
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
    let mut surveyor = Surveyor::new(sources, fields, wanted, wish, limits);
    for source in sources {
        surveyor.begin(source);
        source.reader.read(&mut |mut row: Row| {
            // why a row has no geometry is counted
            let _ = surveyor.look(&mut row);
            if surveyor.rows().is_multiple_of(STEP) {
                progress(surveyor.rows());
            }
            ControlFlow::Continue(())
        })?;
    }
    progress(surveyor.rows());
    surveyor.end(fields)
}

/// Looks at one row after the other.
pub(crate) struct Surveyor {
    wish: Wish,
    limits: Limits,
    /// Of each family, its rows, and whether one has several parts, or says that it might.
    counts: [(u64, bool); 3],
    keys: Keys,
    texts: Vec<Texts>,
    files: Vec<FileSurvey>,
    stride: u64,
    lost_values: u64,
    heights: u64,
    clamped: u64,
    tally: Tally,
    several: bool,
    /// Of the file that is read.
    name: Option<String>,
    clamps: bool,
}

/// What decides how rows are loaded, as far as they were looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sketch {
    /// As [`Survey::family`].
    pub(crate) family: Option<Family>,
    /// As [`Survey::multi`].
    pub(crate) multi: bool,
    /// As [`Survey::key`].
    pub(crate) key: Key,
}

impl Surveyor {
    pub(crate) fn new(sources: &[Source], fields: &[FieldPlan], wanted: Option<Key>, wish: &Wish, limits: &Limits) -> Self {
        Self {
            wish: *wish,
            limits: *limits,
            counts: [(0, false); 3],
            keys: wanted.map_or_else(|| Keys::new(fields, sources), |key| Keys::only(key, fields, sources)),
            texts: plan::searched(fields).map(Texts::of).collect(),
            files: Vec::with_capacity(sources.len()),
            stride: 1,
            lost_values: 0,
            heights: 0,
            clamped: 0,
            tally: Tally::default(),
            several: sources.len() > 1,
            name: None,
            clamps: false,
        }
    }

    /// The rows that follow are of this file.
    pub(crate) fn begin(&mut self, source: &Source) {
        self.files.push(FileSurvey::default());
        self.stride = 1;
        self.name = self.several.then(|| source.file.clone());
        self.clamps = source.reader.layer().format == Content::GeoJson.name();
    }

    /// Looks at a row, and takes its geometry: made fit, or why it can't be loaded.
    pub(crate) fn look(&mut self, row: &mut Row) -> Result<Tidied, Reason> {
        self.tally.read += 1;
        let file = self.files.len().saturating_sub(1);
        self.keys.look(row, file);
        self.texts.iter_mut().for_each(|texts| texts.look(row, file));
        self.lost_values += u64::from(row.lost);
        self.heights += u64::from(row.geometry.has_heights());
        self.clamped += u64::from(self.clamps && row.values.iter().any(|v| matches!(v, Value::Integer(i64::MIN | i64::MAX))));
        let tidied = geometry::tidy(std::mem::take(&mut row.geometry), &self.limits);
        if let Some(file) = self.files.last_mut() {
            file.rows += 1;
            if let Ok(Tidied { shape, .. }) = &tidied {
                sample(file, &mut self.stride, || shape.middle(), self.wish.swap_axes);
            }
        }
        match &tidied {
            Ok(Tidied { shape, .. }) => {
                let (count, multi) = &mut self.counts[shape.family as usize];
                *count += 1;
                *multi |= shape.multi || shape.part_count() > 1;
            }
            Err(reason) => self.tally.keep_out(*reason, || row_name(self.name.as_deref(), row.number)),
        }
        tidied
    }

    /// How many rows were looked at.
    pub(crate) fn rows(&self) -> u64 {
        self.tally.read
    }

    /// What is known of the file that is read.
    pub(crate) fn file(&self) -> Option<&FileSurvey> {
        self.files.last()
    }

    /// What the rows so far decide.
    pub(crate) fn sketch(&self) -> Sketch {
        let counts = &self.counts;
        let best = [Family::Polygon, Family::Line, Family::Point]
            .into_iter()
            .reduce(|a, b| if counts[b as usize].0 > counts[a as usize].0 { b } else { a });
        let there = |f: &Family| counts[*f as usize].0 > 0 || (*f == Family::Polygon && counts[Family::Line as usize].0 > 0);
        let family = match self.wish.family {
            Some(told) => Some(told).filter(there),
            None => best.filter(|f| counts[*f as usize].0 > 0),
        };
        Sketch { family, multi: self.are_multi(family), key: self.keys.best() }
    }

    /// Whether a row of this family so far has several parts, or says that it might.
    pub(crate) fn are_multi(&self, family: Option<Family>) -> bool {
        let closed = self.wish.family == Some(Family::Polygon) && self.counts[Family::Line as usize].1;
        family.is_some_and(|family| self.counts[family as usize].1) || closed
    }

    /// What was found, or why the files can't be loaded.
    pub(crate) fn end(self, fields: &[FieldPlan]) -> Result<Survey, IngestError> {
        if !self.wish.keys_may_repeat {
            self.keys.require(fields)?;
        }
        let Sketch { family, multi, key } = self.sketch();
        let no_keys = self.keys.failed(fields);
        let Self { files, lost_values, heights, clamped, tally, texts, .. } = self;
        let few_texts = texts.into_iter().filter(|texts| texts.are_few(tally.read)).map(|texts| texts.column).collect();
        Ok(Survey { files, family, multi, key, no_keys, lost_values, heights, clamped, tally, few_texts })
    }
}

/// Keeps every `stride`-th position; when there are too many, every second of them, at twice the stride.
fn sample(survey: &mut FileSurvey, stride: &mut u64, middle: impl FnOnce() -> Option<[f64; 2]>, swap_axes: bool) {
    if !survey.rows.is_multiple_of(*stride) && !survey.sample.is_empty() {
        return;
    }
    let Some([x, y]) = middle() else { return };
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

/// What was seen in a column that people might search in.
struct Texts {
    column: Column,
    /// Its number in each file.
    index: Vec<usize>,
    /// As hashes, until there are more than are few.
    seen: HashSet<u64>,
}

impl Texts {
    /// More are worth searching for, however many rows there are.
    const FEW: usize = 64;
    /// In a layer of fewer rows every text is.
    const ROWS: u64 = 10_000;
    /// A text of more rows each is not.
    const ROWS_EACH: u64 = 1_000;

    fn of(field: &FieldPlan) -> Self {
        Self { column: field.column.clone(), index: field.source.clone(), seen: HashSet::new() }
    }

    fn look(&mut self, row: &Row, file: usize) {
        if self.seen.len() <= Self::FEW
            && let Some(Value::Text(text)) = self.index.get(file).and_then(|index| row.values.get(*index))
        {
            self.seen.insert(xxh3_64(text.as_bytes()));
        }
    }

    fn are_few(&self, rows: u64) -> bool {
        let seen = self.seen.len();
        rows >= Self::ROWS && seen <= Self::FEW && seen as u64 * Self::ROWS_EACH < rows
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
                Some(index) => row.values.get(index).and_then(Value::text),
                None => row.key.map(|k| k.to_string().into()),
            };
            let tells_apart = text.as_ref().is_some_and(|text| fit_for_id(text) && candidate.seen.insert(xxh3_64(text.as_bytes())));
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

    fn best(&self) -> Key {
        let best = self.candidates.iter().find(|(_, c)| (c.holds || self.named) && !c.seen.is_empty());
        best.map_or(Key::Sequence, |(key, _)| key.clone())
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
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b':' | b'{' | b'}');
    (1..=LONGEST_ID).contains(&text.len())
        && (text.bytes().all(plain) || text.chars().all(|c| c.is_alphanumeric() || c.is_ascii() && plain(c as u8)))
}
