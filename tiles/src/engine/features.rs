//! The features of a layer, and the table of values that they refer to (Mapbox Vector Tile 2.1, 4.2 to 4.4).
//!
//! Rows are taken some hundreds at a time: first what is drawn of each, then their values column by column, then what was found is put
//! together row by row. Values lie all over memory, and written row by row they were waited for two thirds of the time: within a column no row
//! hangs on another, so that the processor waits for many at once.

use std::collections::HashMap;
use std::num::NonZeroU32;

use super::ahead::{Ahead, CHUNK, Drawn};
use super::draw::Pen;
use super::encode::Seen;
use super::mosaic::By;
use super::protobuf::{Key, Out, SLACK, TAG, copy_short, field, put, varint, varint_length};
use super::run::{Bits, Run};
use super::values::{Column, NULL, Slot};
use crate::frame::EXTENT;

/// A row that the tile may show, or what is drawn for several.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub(super) run: u32,
    pub(super) row: u32,
    /// How many rows it stands for.
    pub(super) count: u32,
    /// Which of the squares is drawn for it.
    pub(super) square: Option<NonZeroU32>,
}

/// Of what, and how, the features of a layer are written.
pub(super) struct Of<'a> {
    pub(super) columns: &'a [(usize, &'a str)],
    pub(super) sources: &'a [Source<'a>],
    pub(super) seen: &'a [Seen<'a>],
    /// Whether they have more than what the rows that they stand for have in common, and the column of that.
    pub(super) whole: bool,
    pub(super) by: Option<By>,
    /// Whether they say for how many rows they stand.
    pub(super) counted: bool,
}

impl<'a> Of<'a> {
    /// The columns of a run.
    fn sources(&self, run: usize) -> &'a [Source<'a>] {
        &self.sources[run * self.columns.len()..(run + 1) * self.columns.len()]
    }
}

/// A column of a run that is seen.
pub(super) struct Source<'a> {
    by: By,
    column: &'a Column<u32>,
    slots: &'a [Slot],
    /// The rows in which it is seen; without, all.
    rows: Option<&'a Bits>,
    key: Key,
    /// Where its codes begin among those of all.
    offset: usize,
}

/// The columns of each run that is seen, one run after the other.
pub(super) fn sources<'a>(seen: &'a [Seen<'_>], columns: &[(usize, &str)], has_id: bool) -> Vec<Source<'a>> {
    let (mut sources, mut offset) = (Vec::with_capacity(seen.len() * columns.len()), 0);
    for Seen { part, fields, .. } in seen {
        for (number, ((at, _), rows)) in (usize::from(has_id)..).zip(columns.iter().zip(fields)) {
            let (column, slots) = (part.run.column(*at), part.run.slots(*at));
            sources.push(Source { by: By(*at), column, slots, rows: rows.as_deref(), key: Key::new(number), offset });
            offset += column.codes();
        }
    }
    sources
}

/// From where geometries come.
pub(super) enum Geometries<'a, F> {
    /// They are drawn here.
    Here(&'a F),
    /// Another thread draws them, too.
    Ahead(&'a Ahead<'a, F>),
}

/// A candidate of which something is drawn.
#[derive(Clone, Copy)]
struct Own {
    run: u32,
    row: u32,
    /// Which of its chunk it is.
    at: u32,
    count: u32,
    /// Whether it has all its values.
    whole: bool,
}

/// What a column of so many codes has of them is not near the processor.
const MANY_CODES: usize = 1_024;

/// No value.
const NOTHING: u32 = u32::MAX;

/// Features and the tables of their layer.
#[derive(Default)]
pub(super) struct Features {
    /// Whether rows have their `id` as a property.
    has_id: bool,
    bytes: Out,
    /// The tags of the candidates of which something is drawn, and from where to where each has its own, if somebody will ask for them.
    tags: Out,
    spans: Option<Vec<Option<(usize, usize)>>>,
    /// The tables of the layer, and how many values there are.
    keys: Vec<u8>,
    values: Out,
    count: u32,
    /// For each code of a column of a run: the number that the tile's table has for it, counted on from `base`; less: it is not there yet.
    numbers: Vec<u32>,
    base: u32,
    /// The columns in the order in which their values are put into the table: those of few first, since rows have them in common, and a number
    /// is the shorter the earlier it comes.
    order: Vec<usize>,
    /// The chunk at hand: what of it is drawn, and for each column and each of these the number of the value.
    drawn: Drawn,
    own: Vec<Own>,
    numbered: Vec<u32>,
}

impl Features {
    /// Begins a layer of no more than so many features: its keys, and no values.
    pub(super) fn begin(&mut self, has_id: bool, columns: &[(usize, &str)], sources: &[Source<'_>], most: usize, has_labels: bool) {
        // what earlier tables had is less than what this one will have
        let most = u32::try_from(most * (columns.len() + 2)).unwrap_or(u32::MAX);
        self.base = self.base.max(1).checked_add(self.count).filter(|base| base.checked_add(most).is_some()).unwrap_or_else(|| {
            self.numbers.fill(0);
            1
        });
        let codes = sources.last().map_or(0, |last| last.offset + last.column.codes());
        if self.numbers.len() < codes {
            self.numbers.resize(codes, 0);
        }
        self.order.clear();
        self.order.extend(0..columns.len());
        self.order
            .sort_by_key(|column| sources.iter().skip(*column).step_by(columns.len()).map(|source| source.column.codes()).sum::<usize>());
        self.numbered.resize((columns.len() + 1) * CHUNK, NOTHING);
        self.has_id = has_id;
        self.again();
        self.tags.clear();
        self.spans = has_labels.then(Vec::new);
        self.keys.clear();
        self.values.clear();
        self.count = 0;
        has_id
            .then_some("id")
            .into_iter()
            .chain(columns.iter().map(|(_, name)| *name))
            .for_each(|key| field(3, key.as_bytes(), &mut self.keys));
    }

    /// Begins a layer of the tags and the tables of the one before.
    pub(super) fn again(&mut self) {
        self.bytes.clear();
    }

    /// Writes the candidates; whether any of them says for how many it stands.
    pub(super) fn rows<F: Fn(&mut Pen, usize) -> bool>(
        &mut self,
        of: &Of<'_>,
        candidates: &[Candidate],
        pen: &mut Pen,
        geometries: &Geometries<'_, F>,
    ) -> bool {
        let mut counts = HashMap::new();
        let mut here = std::mem::take(&mut self.drawn);
        for (number, chunk) in candidates.chunks(CHUNK).enumerate() {
            let Some(drawn) = geometries.chunk(number, chunk.len(), pen, &mut here) else { break };
            self.own.clear();
            self.own.extend(chunk.iter().zip(0..).filter(|(_, at)| drawn.has(*at as usize)).map(|(candidate, at)| {
                let Candidate { run, row, count, .. } = *candidate;
                // what stands for several that have something in common is none of them
                Own { run, row, at, count, whole: of.whole && (of.by.is_none() || count == 1) }
            }));
            self.number(of);
            self.put_together(of, drawn, number * CHUNK, &mut counts);
        }
        self.drawn = here;
        !counts.is_empty()
    }

    /// Finds, or puts into the table, the values of the rows of the chunk.
    fn number(&mut self, of: &Of<'_>) {
        let Self { own, numbered, numbers, base, count, values, has_id, order, .. } = self;
        let mut from = 0;
        for stretch in own.chunk_by(|one, next| one.run == next.run) {
            let (to, number) = (from + stretch.len(), stretch[0].run as usize);
            let run = &*of.seen[number].part.run;
            let sources = of.sources(number);
            for column in &*order {
                let (source, numbered) = (&sources[*column], &mut numbered[(1 + column) * CHUNK..(2 + column) * CHUNK]);
                let known = &mut numbers[source.offset..source.offset + source.column.codes()];
                if known.len() > MANY_CODES {
                    // memory is asked for all of them at once: below, each would be waited for before it is known what to do
                    let code = |own: &Own| run.code(own.row as usize, source.column) as usize;
                    let asked = stretch.iter().map(code).fold(0, |all, code| all ^ known[code] ^ u32::from(source.slots[code].bytes()[0]));
                    std::hint::black_box(asked);
                }
                for (own, numbered) in stretch.iter().zip(&mut numbered[from..to]) {
                    let row = own.row as usize;
                    let code = run.code(row, source.column);
                    let is_said = own.whole || of.by == Some(source.by);
                    *numbered = NOTHING;
                    if code == NULL || !is_said || source.rows.is_some_and(|rows| !rows.holds(row)) {
                        continue;
                    }
                    let known = &mut known[code as usize];
                    if *known < *base {
                        write_value(run, source, code, values);
                        *known = *base + *count;
                        *count += 1;
                    }
                    *numbered = *known - *base;
                }
            }
            if *has_id {
                for (own, numbered) in stretch.iter().zip(&mut numbered[from..to]) {
                    *numbered = NOTHING;
                    if own.whole {
                        run.id_value(own.row as usize, values);
                        *numbered = *count;
                        *count += 1;
                    }
                }
            }
            from = to;
        }
    }

    /// Writes the features of the chunk that begins with a candidate; `counts`: the value of each number of rows that was said.
    fn put_together(&mut self, of: &Of<'_>, drawn: &Drawn, first: usize, counts: &mut HashMap<u32, u32>) {
        for (at, own) in self.own.iter().enumerate() {
            if self.spans.is_none() {
                self.tags.clear();
            }
            let from = self.tags.len();
            let sources = of.sources(own.run as usize);
            let room = self.tags.room(TAG * (sources.len() + 2));
            let mut end = 0;
            if self.has_id && own.whole {
                end = Key::new(0).put(self.numbered[at], room);
            }
            for (source, numbered) in sources.iter().zip(self.numbered.chunks(CHUNK).skip(1)) {
                if numbered[at] != NOTHING {
                    end += source.key.put(numbered[at], &mut room[end..]);
                }
            }
            if own.count > 1 && of.counted {
                let known = *counts.entry(own.count).or_insert_with(|| {
                    let mut value = vec![5 << 3];
                    varint(u64::from(own.count), &mut value);
                    self.values.field(4, &value);
                    self.count += 1;
                    self.count - 1
                });
                end += Key::new(of.columns.len() + usize::from(self.has_id)).put(known, &mut room[end..]);
            }
            self.tags.wrote(end);
            if let Some(spans) = &mut self.spans {
                // those between of which nothing is drawn have none
                spans.resize(first + own.at as usize, None);
                spans.push(Some((from, from + end)));
            }
            let run = &*of.seen[own.run as usize].part.run;
            let id = (of.by.is_none() || own.count == 1).then(|| run.fid(own.row as usize).cast_unsigned());
            let kind = 1 + run.kind(own.row as usize) as u64;
            feature(id, kind, (self.tags.from(from), end), drawn.get(own.at as usize), &mut self.bytes);
        }
    }

    /// Writes a point for each candidate of which something was drawn, with its tags.
    pub(super) fn labels<F: Fn(&mut Pen, usize) -> bool>(&mut self, of: &Of<'_>, candidates: &[Candidate], pen: &mut Pen, draw: &F) {
        for (at, span) in self.spans.iter().flatten().enumerate() {
            let Some((from, to)) = span.filter(|_| draw(pen, at)) else { continue };
            let Candidate { run, row, count, .. } = candidates[at];
            let id = (of.by.is_none() || count == 1).then(|| of.seen[run as usize].part.run.fid(row as usize).cast_unsigned());
            feature(id, 1, (self.tags.from(from), to - from), (pen.commands.from(0), pen.commands.len()), &mut self.bytes);
        }
    }

    /// Writes areas that rows were merged into, as they were drawn, with the value that these have in common, of a key.
    pub(super) fn block(&mut self, common: Option<(usize, &[u8])>, pen: &Pen) {
        self.tags.clear();
        if let Some((key, value)) = common {
            self.values.field(4, value);
            self.tags.varint(key as u64 + u64::from(self.has_id));
            self.tags.varint(u64::from(self.count));
            self.count += 1;
        }
        let (tags, geometry) = ((self.tags.from(0), self.tags.len()), (pen.commands.from(0), pen.commands.len()));
        feature(None, 3, tags, geometry, &mut self.bytes);
    }

    /// Appends the layer, if it has any features; `count`: what is called for how many rows they stand.
    pub(super) fn end(&mut self, name: &str, count: Option<&str>, out: &mut Vec<u8>) {
        if self.bytes.is_empty() {
            return;
        }
        if let Some(count) = count {
            field(3, count.as_bytes(), &mut self.keys);
        }
        let length = 1 + varint_length(name.len() as u64) + name.len() + self.bytes.len() + self.keys.len() + self.values.len();
        let end = [5 << 3, EXTENT as u8 & 0x7F | 0x80, (EXTENT >> 7) as u8, 15 << 3, 2];
        out.reserve(length + end.len() + 8);
        out.push(3 << 3 | 2);
        varint((length + end.len()) as u64, out);
        field(1, name.as_bytes(), out);
        out.extend_from_slice(self.bytes.written());
        out.extend_from_slice(&self.keys);
        out.extend_from_slice(self.values.written());
        out.extend_from_slice(&end);
    }
}

impl<F: Fn(&mut Pen, usize) -> bool> Geometries<'_, F> {
    /// What is drawn of a chunk of so many candidates; `here`: where it is drawn if it is drawn here. Nothing where another thread failed.
    fn chunk<'d>(&'d self, number: usize, length: usize, pen: &mut Pen, here: &'d mut Drawn) -> Option<&'d Drawn> {
        match self {
            Self::Here(draw) => {
                here.draw(number * CHUNK..number * CHUNK + length, *draw, pen);
                Some(here)
            }
            Self::Ahead(ahead) => ahead.chunk(number, pen),
        }
    }
}

/// Appends a value to the table.
#[inline]
fn write_value(run: &Run, source: &Source<'_>, code: u32, values: &mut Out) {
    let slot = &source.slots[code as usize];
    if let Some(length) = slot.length() {
        values.room(SLACK)[..SLACK].copy_from_slice(slot.bytes());
        values.wrote(length);
    } else if let Some(value) = source.column.meaning(code) {
        values.field(4, run.bytes_of(value));
    }
}

/// Appends a feature: its id if it has one, tags, type and geometry, of both the bytes and how many.
fn feature(id: Option<u64>, kind: u64, (tags, tags_length): (&[u8], usize), (geometry, length): (&[u8], usize), out: &mut Out) {
    let packed = |length: usize| 1 + varint_length(length as u64) + length;
    let all = id.map_or(0, |id| 1 + varint_length(id)) + packed(tags_length) + 2 + packed(length);
    let room = out.room(all + 2 * SLACK);
    room[0] = 2 << 3 | 2;
    let mut at = 1 + put(all as u64, &mut room[1..]);
    if let Some(id) = id {
        room[at] = 1 << 3;
        at += 1 + put(id, &mut room[at + 1..]);
    }
    room[at] = 2 << 3 | 2;
    at += 1 + put(tags_length as u64, &mut room[at + 1..]);
    copy_short(tags, tags_length, &mut room[at..]);
    at += tags_length;
    room[at..at + 3].copy_from_slice(&[3 << 3, kind as u8, 4 << 3 | 2]);
    at += 3 + put(length as u64, &mut room[at + 3..]);
    copy_short(geometry, length, &mut room[at..]);
    out.wrote(at + length);
}
