//! A layer of a tile, written by hand (Mapbox Vector Tile 2.1, 4.1).

use std::cell::RefCell;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::{Filter, Layer, Principal, TileCoord};

use super::ahead::{Ahead, MANY};
use super::blocks::Block;
use super::draw::Pen;
use super::index::hilbert;
use super::level::{self, Cells, Item, Level, MAX_LARGE};
use super::mosaic::{self, By, Counted, Mosaic};
use super::plan::Plan;
use super::protobuf::{Out, SLACK, copy_short, field, put, varint, varint_length};
use super::run::{Bits, Kind, Run};
use super::values::{Column, NULL};
use super::world::{Extent, Grid};
use crate::choice::Selection;
use crate::frame::EXTENT;
use crate::render::SMALL_BELOW_ZOOM;
use crate::sql::Form;

/// Some rows of a run: those that are still so.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) run: Arc<Run>,
    /// The rows that were changed or deleted since.
    pub(crate) dead: Arc<Bits>,
}

/// What somebody sees of a run.
pub(crate) struct Seen<'a> {
    pub(crate) part: &'a Part,
    /// The rows; without, all.
    pub(crate) rows: Option<Arc<Bits>>,
    /// For each column that is seen at all: the rows in which it is; without, all.
    pub(crate) fields: Vec<Option<Arc<Bits>>>,
}

/// A row that the tile may show, or what is drawn for several.
#[derive(Clone, Copy)]
struct Candidate {
    run: u32,
    row: u32,
    /// How many rows it stands for.
    count: u32,
    /// Which of the squares is drawn for it.
    square: Option<NonZeroU32>,
}

/// What of each candidate is written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Rows,
    Labels,
    /// Their geometry, how many they are, and what they have in common.
    Bare,
}

/// Where no more than one row in as many is large enough to be seen, all are drawn together.
const FEW: usize = 8;

/// How many conditions may be asked of rows for a tile: about a second's work. Beyond it the database is asked, with its time limit.
const MAX_WORK: usize = 10_000_000;

/// How much work a filter is for one row, in simple conditions.
fn weight(filter: &Filter) -> usize {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().map(weight).sum::<usize>().max(1),
        Filter::Not(part) => weight(part),
        Filter::In(_, values) => 1 + values.len() / 4,
        Filter::Like(_, pattern) => 2 + pattern.text().len() / 8,
        _ => 1,
    }
}

/// A run of fewer rows is divided into cells for each tile.
const WORTH_A_LEVEL: usize = 2_000;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// What encoding needs again and again.
#[derive(Default)]
struct Desk {
    /// Whether rows have their `id` as a property.
    has_id: bool,
    /// Whether a second thread may draw.
    alone: bool,
    pen: Pen,
    found: Vec<u32>,
    candidates: Vec<Candidate>,
    squares: Vec<Extent>,
    blocks: Vec<Block>,
    /// The tags of the candidates that are drawn, and from where to where each has its own.
    tags: Out,
    spans: Vec<Option<(usize, usize)>>,
    features: Out,
    /// The tables of the layer, and how many values there are.
    keys: Vec<u8>,
    values: Out,
    count: u32,
    /// For each code of a column of a run: the number that the tile's table has for it, counted on from `base`; less: it is not there yet.
    numbers: Vec<u32>,
    base: u32,
}

/// A layer's part of a tile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The layer, and the layer of its labels after it; empty if nothing is there.
    pub(crate) bytes: Vec<u8>,
    /// Which of the forms it has.
    pub(crate) form: usize,
    /// Why it is not the first.
    pub(crate) why: &'static str,
    /// Whether only the largest are drawn of what is large: as many as this.
    pub(crate) largest: Option<usize>,
}

/// What is asked for of a layer.
pub(crate) struct Asked<'a> {
    pub(crate) layer: &'a Layer,
    pub(crate) who: &'a Principal,
    pub(crate) time: &'a Filter,
    /// A condition beside the layer's own, over what this principal sees.
    pub(crate) filter: Option<&'a Filter>,
    pub(crate) selection: &'a Selection,
    pub(crate) grid: Grid,
    /// Whether no other tile of many rows is written, so that this one may take a second thread.
    pub(crate) alone: bool,
}

/// Where a candidate's geometry comes from: it is drawn where it is wanted, or was ahead.
struct Geometries<'a, F> {
    pen: &'a mut Pen,
    draw: &'a F,
    ahead: Option<&'a Ahead<'a, F>>,
}

impl<F: Fn(&mut Pen, usize) -> bool> Geometries<'_, F> {
    /// The commands with slack behind them, and how many bytes they are, if anything of it is in the tile.
    fn get(&mut self, at: usize) -> Option<(&[u8], usize)> {
        match self.ahead {
            Some(ahead) => ahead.geometry(at, self.pen),
            None => (self.draw)(self.pen, at).then(|| (self.pen.commands.from(0), self.pen.commands.len())),
        }
    }
}

/// Writes what there is to see of runs of one plan, in the first of the forms (the last may be any size) that is small enough. `None`:
/// the filter is too much to be asked of so many rows.
pub(crate) fn layer(plan: &Plan, parts: &[Part], asked: &Asked<'_>, forms: &[Form], most: (usize, usize)) -> Option<Written> {
    DESK.with_borrow_mut(|desk| desk.layer(plan, parts, asked, forms, most))
}

impl Desk {
    fn layer(&mut self, plan: &Plan, parts: &[Part], asked: &Asked<'_>, forms: &[Form], most: (usize, usize)) -> Option<Written> {
        let Asked { layer, who, grid, .. } = asked;
        let readable = layer.readable_rows(who);
        let rows_with = |name: &str| layer.field(name).map_or_else(Filter::nothing, |field| layer.rows_with(field, who));
        let columns: Vec<(usize, &str, Filter)> = plan
            .fields()
            .enumerate()
            .map(|(at, field)| (at, field.name.as_str(), rows_with(field.name.as_str())))
            .filter(|(_, name, rows)| !rows.is_nothing() && asked.selection.wants(name))
            .collect();
        let class = |run: &Run, filter: &Filter| (!filter.is_everything()).then(|| run.class(filter));
        let mut seen: Vec<Seen<'_>> = parts
            .iter()
            .map(|part| Seen {
                part,
                rows: class(&part.run, &readable),
                fields: columns.iter().map(|(.., rows)| class(&part.run, rows)).collect(),
            })
            .collect();
        if let Some(filter) = asked.filter {
            self.sift(&mut seen, filter, grid, forms)?;
        }
        let columns: Vec<(usize, &str)> = columns.iter().map(|(at, name, _)| (*at, *name)).collect();
        let by = merged_by(plan, layer, who);
        let (most_rows, most_bytes) = most;
        (self.has_id, self.alone) = (asked.selection.wants("id"), asked.alone);
        let mut why = "";
        for (number, form) in forms.iter().enumerate() {
            let last = number + 1 == forms.len();
            let mut written = Written { bytes: Vec::new(), form: number, why, largest: None };
            match form {
                Form::Detail => {
                    self.blocks.clear();
                    let met = self.gather(&seen, asked.time, grid, if last { usize::MAX } else { most_rows });
                    if met > most_rows && !last {
                        why = "features";
                        continue;
                    }
                    if grid.z < SMALL_BELOW_ZOOM && self.candidates.len() * FEW < met && !last {
                        why = "size";
                        continue;
                    }
                    self.write(layer.id.as_str(), &columns, &seen, grid, (What::Rows, None), &mut written.bytes);
                    if layer.label_points().is_some_and(|from| grid.z >= from) {
                        self.write(&layer.label_points_id(), &columns, &seen, grid, (What::Labels, None), &mut written.bytes);
                    }
                }
                Form::Generalised { cell, attributes } => {
                    let is_all = self.divide(&seen, asked.filter.is_none().then_some(&readable), asked, *cell, by);
                    if !is_all && !last {
                        why = "features";
                        continue;
                    }
                    written.largest = (!is_all).then_some(MAX_LARGE);
                    let what = if *attributes { What::Rows } else { What::Bare };
                    self.write(layer.id.as_str(), &columns, &seen, grid, (what, by), &mut written.bytes);
                }
            }
            if last || written.bytes.len() <= most_bytes {
                return Some(written);
            }
            why = "bytes";
        }
        Some(Written::default())
    }

    /// Leaves only the rows that meet the filter. It is asked of the rows of this tile and kept nowhere: there is no end of filters.
    /// `None`: that would be too much.
    fn sift(&mut self, seen: &mut [Seen<'_>], filter: &Filter, grid: &Grid, forms: &[Form]) -> Option<()> {
        let cells = |form: &Form| if let Form::Generalised { cell, .. } = form { *cell } else { 0 };
        let extent = level::reach(grid, forms.iter().map(cells).max().unwrap_or(0));
        let weight = weight(filter);
        let mut work = 0;
        for Seen { part, rows, .. } in seen {
            self.found.clear();
            part.run.search(&extent, &mut self.found);
            work += self.found.len().saturating_mul(weight);
            if work > MAX_WORK {
                return None;
            }
            let mut met = Bits::default();
            let candidates = self.found.iter().map(|row| *row as usize).filter(|row| !part.dead.holds(*row));
            candidates
                .filter(|row| rows.as_ref().is_none_or(|rows| rows.holds(*row)) && part.run.meets(*row, filter))
                .for_each(|row| met.set(row));
            *rows = Some(Arc::new(met));
        }
        Some(())
    }

    /// What is drawn of the rows where there are many; `readable` is the condition that all of them meet that are in its class of readers, if
    /// that is all that is asked. Whether all of what is large is drawn.
    fn divide(&mut self, seen: &[Seen<'_>], readable: Option<&Filter>, asked: &Asked<'_>, cell: u32, by: Option<By>) -> bool {
        let Asked { layer, time, grid, .. } = asked;
        self.candidates.clear();
        self.blocks.clear();
        let is_large = |part: &Part| part.run.len() > WORTH_A_LEVEL;
        if let Some(by) = by.filter(|_| layer.geometry.holds(2)) {
            // what is merged has finer borders than what stands for others has room
            let bits = grid.bits((cell / 2).max(1));
            let mosaic = |Seen { part, rows, .. }: &Seen<'_>| {
                let readable = readable.filter(|_| is_large(part) && Mosaic::has(bits))?;
                let class = rows.as_ref().map(|bits| (readable, &**bits));
                Some(part.run.mosaic(class, bits, by, time))
            };
            let counted: Vec<Counted<'_>> = seen.iter().map(|seen| Counted { mosaic: mosaic(seen), seen }).collect();
            self.blocks = mosaic::blocks(&counted, by, time, grid, bits);
            if layer.geometry.dimension() == Some(2) {
                return true;
            }
        }
        let cells = Cells::new(grid, cell);
        let level = |Seen { part, rows, .. }: &Seen<'_>| {
            let readable = readable.filter(|_| is_large(part))?;
            let class = rows.as_ref().map(|bits| (readable, &**bits));
            Some(part.run.level(class, cells, by, time))
        };
        let levels: Vec<Option<Arc<Level>>> = seen.iter().map(level).collect();
        let (items, is_all) = level::items(seen, &levels, time, grid, cells, by);
        self.squares.clear();
        for Item { run, row, count, square, .. } in items {
            self.squares.extend(square);
            let square = square.and_then(|_| NonZeroU32::new(self.squares.len() as u32));
            self.candidates.push(Candidate { run, row, count, square });
        }
        self.sort(seen);
        is_all
    }

    /// The candidates in the order in which they are drawn, the same in all tiles: how many there are with those that are too small. Given up
    /// when there are more than `most`.
    fn gather(&mut self, seen: &[Seen<'_>], time: &Filter, grid: &Grid, most: usize) -> usize {
        self.candidates.clear();
        let mut met = 0;
        let extent = grid.extent();
        let half = grid.half_unit();
        for (number, Seen { part, rows, .. }) in seen.iter().enumerate() {
            let valid = part.run.valid(time);
            let is_valid = |at: usize| valid.as_ref().map_or_else(|| part.run.is_valid(at, time), |valid| valid.holds(at));
            let is_seen = |at: usize| !part.dead.holds(at) && rows.as_ref().is_none_or(|rows| rows.holds(at)) && is_valid(at);
            let some = most.saturating_mul(2);
            self.found.clear();
            part.run.search_some(&extent, some, &mut self.found);
            if self.found.len() > some {
                let of_some = self.found.iter().filter(|row| is_seen(**row as usize)).count();
                if of_some > most {
                    return of_some;
                }
                self.found.clear();
                part.run.search(&extent, &mut self.found);
            }
            for &row in &self.found {
                let at = row as usize;
                let shows = is_seen(at);
                met += usize::from(shows);
                let shows = shows && (part.run.kind(at) == Kind::Point || part.run.extent(at).side() >= half);
                if shows {
                    self.candidates.push(Candidate { run: number as u32, row, count: 1, square: None });
                }
            }
        }
        // one run is in order already
        if seen.len() > 1 {
            self.sort(seen);
        }
        met
    }

    /// Puts the candidates in the order in which the layer is drawn.
    fn sort(&mut self, seen: &[Seen<'_>]) {
        self.candidates.sort_by_cached_key(|Candidate { run, row, .. }| {
            let (run, row) = (&seen[*run as usize].part.run, *row as usize);
            (hilbert(run.extent(row).centre()), run.fid(row))
        });
    }

    /// Writes the candidates, and the blocks; the columns with their names, and the one that is common to those that one stands for. Labels
    /// have the tags and the tables of the rows, which were written before.
    fn write(
        &mut self,
        name: &str,
        columns: &[(usize, &str)],
        seen: &[Seen<'_>],
        grid: &Grid,
        (what, by): (What, Option<By>),
        out: &mut Vec<u8>,
    ) {
        self.features.clear();
        let sources = sources(seen, columns, self.has_id);
        if what != What::Labels {
            self.begin(columns, &sources);
        }
        let has_labels = seen.first().is_some_and(|seen| seen.part.run.plan.labels);
        let count_name = seen.first().and_then(|seen| count_name(&seen.part.run.plan.layer));
        let (mut pen, candidates, squares) =
            (std::mem::take(&mut self.pen), std::mem::take(&mut self.candidates), std::mem::take(&mut self.squares));
        let draw = |pen: &mut Pen, at: usize| {
            let Candidate { run, row, square, .. } = candidates[at];
            let (run, row) = (&*seen[run as usize].part.run, row as usize);
            match square {
                _ if what == What::Labels => run.label(row).is_some_and(|at| pen.draw_label(at, grid)),
                Some(square) => pen.draw_square(&squares[square.get() as usize - 1], grid),
                None => pen.draw(run, row, grid),
            }
        };
        let of = Of { columns, sources: &sources, seen, what, by, counted: count_name.is_some(), has_labels };
        let has_counts = if self.alone && what != What::Labels && candidates.len() >= MANY {
            let ahead = Ahead::new(candidates.len(), &draw);
            std::thread::scope(|scope| {
                scope.spawn(|| ahead.run());
                self.features(&of, &candidates, Geometries { pen: &mut pen, draw: &draw, ahead: Some(&ahead) })
            })
        } else {
            self.features(&of, &candidates, Geometries { pen: &mut pen, draw: &draw, ahead: None })
        };
        (self.pen, self.candidates, self.squares) = (pen, candidates, squares);
        for Block { value, areas } in &self.blocks {
            self.tags.clear();
            if let Some(key) = columns.iter().position(|(column, _)| by == Some(By(*column))).filter(|_| !value.is_empty()) {
                self.values.field(4, value);
                self.tags.varint(key as u64 + u64::from(self.has_id));
                self.tags.varint(u64::from(self.count));
                self.count += 1;
            }
            if self.pen.draw_block(areas, grid) {
                let (tags, geometry) = ((self.tags.from(0), self.tags.len()), (self.pen.commands.from(0), self.pen.commands.len()));
                feature(None, 3, tags, geometry, &mut self.features);
            }
        }
        if self.features.is_empty() {
            return;
        }
        if let Some(name) = count_name.filter(|_| has_counts) {
            field(3, name.as_bytes(), &mut self.keys);
        }
        let length = 1 + varint_length(name.len() as u64) + name.len() + self.features.len() + self.keys.len() + self.values.len();
        let end = [5 << 3, EXTENT as u8 & 0x7F | 0x80, (EXTENT >> 7) as u8, 15 << 3, 2];
        out.reserve(length + end.len() + 8);
        out.push(3 << 3 | 2);
        varint((length + end.len()) as u64, out);
        field(1, name.as_bytes(), out);
        out.extend_from_slice(self.features.written());
        out.extend_from_slice(&self.keys);
        out.extend_from_slice(self.values.written());
        out.extend_from_slice(&end);
    }

    /// Writes the candidates; whether any of them says for how many it stands.
    fn features<F: Fn(&mut Pen, usize) -> bool>(
        &mut self,
        of: &Of<'_>,
        candidates: &[Candidate],
        mut geometries: Geometries<'_, F>,
    ) -> bool {
        let Of { columns, sources, seen, what, by, .. } = *of;
        let mut counts: HashMap<u32, u32> = HashMap::new();
        for (at, Candidate { run: number, row, count: stands_for, .. }) in candidates.iter().enumerate() {
            let (number, row, stands_for) = (*number as usize, *row as usize, *stands_for);
            let run = &*seen[number].part.run;
            // what stands for several that have something in common is none of them
            let is_row = by.is_none() || stands_for == 1;
            let (geometry, (from, to)) = if what == What::Labels {
                let Some(span) = self.spans[at] else { continue };
                let Some(geometry) = geometries.get(at) else { continue };
                (geometry, span)
            } else {
                let geometry = geometries.get(at);
                if !of.has_labels {
                    self.tags.clear();
                }
                let from = self.tags.len();
                if geometry.is_some() {
                    let own = &sources[number * columns.len()..(number + 1) * columns.len()];
                    let whole = is_row && what != What::Bare;
                    self.tag(run, own, row, if whole { Tags::All } else { Tags::Common(by) });
                    if stands_for > 1 && of.counted {
                        let known = *counts.entry(stands_for).or_insert_with(|| {
                            let mut value = vec![5 << 3];
                            varint(u64::from(stands_for), &mut value);
                            self.values.field(4, &value);
                            self.count += 1;
                            self.count - 1
                        });
                        self.tags.varint(columns.len() as u64 + u64::from(self.has_id));
                        self.tags.varint(u64::from(known));
                    }
                }
                if of.has_labels {
                    self.spans.push(geometry.map(|_| (from, self.tags.len())));
                }
                let Some(geometry) = geometry else { continue };
                (geometry, (from, self.tags.len()))
            };
            let kind = if what == What::Labels { 1 } else { 1 + run.kind(row) as u64 };
            let id = is_row.then(|| run.fid(row).cast_unsigned());
            feature(id, kind, (self.tags.from(from), to - from), geometry, &mut self.features);
        }
        !counts.is_empty()
    }

    /// Begins the tables of a layer: its keys, and no values.
    fn begin(&mut self, columns: &[(usize, &str)], sources: &[Source<'_>]) {
        // what earlier tables had is less than what this one will have
        let most = self.candidates.len() * (columns.len() + 2) + self.blocks.len();
        let most = u32::try_from(most).unwrap_or(u32::MAX);
        self.base = self.base.max(1).checked_add(self.count).filter(|base| base.checked_add(most).is_some()).unwrap_or_else(|| {
            self.numbers.fill(0);
            1
        });
        let codes = sources.last().map_or(0, |last| last.offset + last.column.codes());
        if self.numbers.len() < codes {
            self.numbers.resize(codes, 0);
        }
        self.tags.clear();
        self.spans.clear();
        self.keys.clear();
        self.values.clear();
        self.count = 0;
        self.has_id
            .then_some("id")
            .into_iter()
            .chain(columns.iter().map(|(_, name)| *name))
            .for_each(|key| field(3, key.as_bytes(), &mut self.keys));
    }

    /// Appends the tags of a row, of whose run the sources are; values that are not in the table yet are added to it.
    fn tag(&mut self, run: &Run, sources: &[Source<'_>], row: usize, which: Tags) {
        let Self { tags, values, count, numbers, base, has_id, .. } = self;
        // a key and a number of a value take no more than ten bytes
        let room = tags.room(10 * (sources.len() + 1));
        let mut at = 0;
        if *has_id && which == Tags::All {
            run.id_value(row, values);
            room[0] = 0;
            at = 1 + put(u64::from(*count), &mut room[1..]);
            *count += 1;
        }
        let codes = run.codes(row);
        for source in sources {
            if let Tags::Common(by) = which
                && by != Some(source.by)
            {
                continue;
            }
            let code = source.column.code(codes);
            if code == NULL || source.rows.is_some_and(|rows| !rows.holds(row)) {
                continue;
            }
            let number = &mut numbers[source.offset + code as usize];
            if *number < *base {
                let Some(value) = source.column.meaning(code) else { continue };
                let (bytes, length) = run.value_with_slack(value);
                let room = values.room(length + 2 * SLACK);
                room[0] = 4 << 3 | 2;
                let begun = 1 + put(length as u64, &mut room[1..]);
                copy_short(bytes, length, &mut room[begun..]);
                values.wrote(begun + length);
                *number = *base + *count;
                *count += 1;
            }
            let (key, bytes) = source.key;
            room[at..at + 2].copy_from_slice(&key);
            at += bytes;
            at += put(u64::from(*number - *base), &mut room[at..]);
        }
        tags.wrote(at);
    }
}

/// Of what, and how, the features of a layer are written.
struct Of<'a> {
    columns: &'a [(usize, &'a str)],
    sources: &'a [Source<'a>],
    seen: &'a [Seen<'a>],
    what: What,
    by: Option<By>,
    /// Whether they say for how many rows they stand, and whether there are labels after them.
    counted: bool,
    has_labels: bool,
}

/// A column of a run that is seen.
struct Source<'a> {
    by: By,
    column: &'a Column<u32>,
    /// The rows in which it is seen; without, all.
    rows: Option<&'a Bits>,
    /// Its key's number as it is written, and in how many bytes.
    key: ([u8; 2], usize),
    /// Where its codes begin among those of all.
    offset: usize,
}

/// The columns of each run that is seen, one run after the other.
fn sources<'a>(seen: &'a [Seen<'_>], columns: &[(usize, &str)], has_id: bool) -> Vec<Source<'a>> {
    let (mut sources, mut offset) = (Vec::with_capacity(seen.len() * columns.len()), 0);
    for Seen { part, fields, .. } in seen {
        for (key, ((at, _), rows)) in (u64::from(has_id)..).zip(columns.iter().zip(fields)) {
            let mut room = [0; 10];
            let bytes = put(key, &mut room);
            let column = part.run.column(*at);
            sources.push(Source { by: By(*at), column, rows: rows.as_deref(), key: ([room[0], room[1]], bytes), offset });
            offset += column.codes();
        }
    }
    sources
}

/// Which properties a feature has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tags {
    All,
    /// What the rows that it stands for have in common.
    Common(Option<By>),
}

/// Divides a run as everybody sees it now for the tiles of low zooms, before they are asked for: where a tile has more than so many rows.
pub(crate) fn prepare(run: &Run, now: DateTime<Utc>, cell: u32, most: usize) {
    let (layer, who, time) = (&run.plan.layer, Principal::anonymous(), Filter::ValidAt(now));
    let readable = layer.readable_rows(&who);
    let Some(to) = run.crowded_to(most).filter(|_| !readable.is_nothing() && run.plan.can_tell(&readable)) else {
        return;
    };
    let bits = (!readable.is_everything()).then(|| run.class(&readable));
    let class = bits.as_ref().map(|bits| (&readable, &**bits));
    let by = merged_by(&run.plan, layer, &who);
    for z in layer.zoom.0..=to.min(layer.zoom.1) {
        let Ok(tile) = TileCoord::new(z, 0, 0) else { continue };
        let grid = Grid::new(tile, 0);
        let bits = grid.bits((cell / 2).max(1));
        if let Some(by) = by.filter(|_| layer.geometry.holds(2) && Mosaic::has(bits)) {
            run.mosaic(class, bits, by, &time);
        }
        if by.is_none() || layer.geometry.dimension() != Some(2) {
            run.level(class, Cells::new(&grid, cell), by, &time);
        }
    }
}

/// The column by which rows of the layer are merged for somebody who sees its values in all rows.
fn merged_by(plan: &Plan, layer: &Layer, who: &Principal) -> Option<By> {
    let name = layer.aggregate_by.as_ref()?;
    let is_open = layer.field(name.as_str()).is_some_and(|field| layer.rows_with(field, who).is_everything());
    plan.column(name.as_str()).filter(|_| is_open).map(|(column, _)| By(column))
}

/// What is called how many rows a feature stands for; nothing where a field of the layer is called so.
pub(crate) fn count_name(layer: &Layer) -> Option<&'static str> {
    let name = if layer.geometry.dimension() == Some(0) { "point_count" } else { "feature_count" };
    layer.field(name).is_none().then_some(name)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{Filter, Principal, TileCoord};

    use super::super::ahead::MANY;
    use super::super::mosaic::tests::{always, parcels, plan};
    use super::{Asked, Part, layer};
    use crate::choice::Selection;
    use crate::engine::world::Grid;
    use crate::sql::Form;

    #[test]
    fn with_a_second_thread_a_tile_is_the_same_to_the_byte() {
        let plan = plan();
        let run = Arc::new(parcels(&plan, 0..6_400, 80, 20.0, always));
        let parts = [Part { run, dead: Arc::default() }];
        let (who, time, selection) = (Principal::operator(), Filter::ValidDuring(None, None), Selection::default());
        let mut most = 0;
        for (z, x, y) in [(12, 2226, 1578), (13, 4452, 3156), (13, 4453, 3156), (14, 8904, 6313), (14, 8905, 6312), (15, 17809, 12626)] {
            let tile = |form: Form, alone: bool| {
                let grid = Grid::new(TileCoord::new(z, x, y).unwrap(), 64);
                let asked = Asked { layer: &plan.layer, who: &who, time: &time, filter: None, selection: &selection, grid, alone };
                layer(&plan, &parts, &asked, &[form], (usize::MAX, usize::MAX)).unwrap()
            };
            for form in [Form::Detail, Form::Generalised { cell: 32, attributes: true }] {
                let one = tile(form, false);
                assert_eq!(one, tile(form, true), "{z}/{x}/{y} {form:?}");
                most = most.max(one.bytes.len());
            }
        }
        assert!(most > 20 * MANY, "there is a tile of many rows: {most}");
    }
}
