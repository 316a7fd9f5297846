//! A layer of a tile, written by hand (Mapbox Vector Tile 2.1, 4.1).

use std::cell::RefCell;
use std::sync::Arc;

use kernel::{Filter, Layer, Principal};

use super::draw::Pen;
use super::index::hilbert;
use super::level::{self, Cells, Level};
use super::plan::Plan;
use super::protobuf::{field, varint, varint_length};
use super::run::{Bits, Kind, Run};
use super::world::{Extent, Grid};
use crate::choice::Selection;
use crate::frame::EXTENT;
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
    /// Where it comes in the order in which the layer is drawn, and the `fid` after it.
    along: u32,
    fid: i64,
    run: u32,
    row: u32,
    square: Option<Extent>,
}

/// What of each candidate is written.
#[derive(Clone, Copy, PartialEq, Eq)]
struct What {
    /// Points for labels, in place of the geometry.
    labels: bool,
    /// The columns that are seen.
    columns: bool,
    id: bool,
}

impl What {
    /// Their geometry alone.
    const BARE: Self = Self { labels: false, columns: false, id: false };
}

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
    pen: Pen,
    found: Vec<u32>,
    candidates: Vec<Candidate>,
    tags: Vec<u8>,
    scratch: Vec<u8>,
    /// For each value of a run: when it was last used, and what number the tile's table has for it.
    numbers: Vec<(u32, u32)>,
    use_: u32,
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
        let (most_rows, most_bytes) = most;
        let has_id = asked.selection.wants("id");
        let (rows, labels) = (What { labels: false, columns: true, id: has_id }, What { labels: true, columns: true, id: has_id });
        let mut why = "";
        for (number, form) in forms.iter().enumerate() {
            let last = number + 1 == forms.len();
            let mut written = Written { bytes: Vec::new(), form: number, why };
            match form {
                Form::Detail => {
                    self.gather(&seen, asked.time, grid);
                    if self.candidates.len() > most_rows && !last {
                        why = "features";
                        continue;
                    }
                    self.write(layer.id.as_str(), &columns, &seen, grid, rows, &mut written.bytes);
                    if layer.label_points().is_some_and(|from| grid.z >= from) {
                        self.write(&layer.label_points_id(), &columns, &seen, grid, labels, &mut written.bytes);
                    }
                }
                Form::Generalised { cell, attributes } => {
                    let class = asked.filter.is_none().then_some(&readable);
                    self.divide(&seen, class, asked.time, grid, *cell);
                    let what = if *attributes { rows } else { What::BARE };
                    self.write(layer.id.as_str(), &columns, &seen, grid, what, &mut written.bytes);
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

    /// What is drawn of the rows where there are many; `readable` is the condition that all of them meet that are in its class of readers,
    /// if that is all that is asked.
    fn divide(&mut self, seen: &[Seen<'_>], readable: Option<&Filter>, time: &Filter, grid: &Grid, cell: u32) {
        let cells = Cells::new(grid, cell);
        let levels: Vec<Option<Arc<Level>>> = seen
            .iter()
            .map(|Seen { part, rows, .. }| {
                let readable = readable.filter(|_| part.run.len() > WORTH_A_LEVEL)?;
                let class = rows.as_ref().map(|bits| (readable, &**bits));
                Some(part.run.level(class, cells, time))
            })
            .collect();
        self.candidates.clear();
        self.candidates.extend(level::items(seen, &levels, time, grid, cells).into_iter().map(|item| {
            let (run, row) = (&seen[item.run as usize].part.run, item.row as usize);
            Candidate { along: hilbert(run.extent(row).centre()), fid: run.fid(row), run: item.run, row: item.row, square: item.square }
        }));
        self.candidates.sort_unstable_by_key(|candidate| (candidate.along, candidate.fid));
    }

    /// The candidates in the order in which they are drawn, the same in all tiles.
    fn gather(&mut self, seen: &[Seen<'_>], time: &Filter, grid: &Grid) {
        self.candidates.clear();
        let extent = grid.extent();
        let half = grid.half_unit();
        for (number, Seen { part, rows, .. }) in seen.iter().enumerate() {
            self.found.clear();
            part.run.search(&extent, &mut self.found);
            for &row in &self.found {
                let at = row as usize;
                let shows = !part.dead.holds(at)
                    && rows.as_ref().is_none_or(|rows| rows.holds(at))
                    && part.run.is_valid(at, time)
                    && (part.run.kind(at) == Kind::Point || part.run.extent(at).side() >= half);
                if shows {
                    // one run is in order already
                    let along = if seen.len() == 1 { row } else { hilbert(part.run.extent(at).centre()) };
                    self.candidates.push(Candidate { along, fid: part.run.fid(at), run: number as u32, row, square: None });
                }
            }
        }
        if seen.len() > 1 {
            self.candidates.sort_unstable_by_key(|candidate| (candidate.along, candidate.fid));
        }
    }

    /// Writes the candidates; the columns with their names.
    fn write(&mut self, name: &str, columns: &[(usize, &str)], seen: &[Seen<'_>], grid: &Grid, what: What, out: &mut Vec<u8>) {
        let Self { pen, candidates, tags, numbers, use_, scratch, .. } = self;
        // the numbers of one run's values after those of the run before
        let mut offsets = Vec::with_capacity(seen.len());
        let mut all = 0;
        for Seen { part, .. } in seen {
            offsets.push(all);
            all += part.run.values();
        }
        if numbers.len() < all {
            numbers.resize(all, (0, 0));
        }
        *use_ = use_.checked_add(1).unwrap_or_else(|| {
            numbers.fill((0, 0));
            1
        });
        let (mut features, mut values, mut count) = (Vec::with_capacity(candidates.len() * 96), Vec::new(), 0u32);
        let (columns, has_id) = (if what.columns { columns } else { &[] }, what.id);
        for Candidate { run: number, row, square, .. } in candidates.iter() {
            let (Seen { part, fields, .. }, row) = (&seen[*number as usize], *row as usize);
            let run = &*part.run;
            let drawn = match (what.labels, square) {
                (true, _) => run.label(row).is_some_and(|at| pen.draw_label(at, grid)),
                (false, Some(square)) => pen.draw_square(square, grid),
                (false, None) => pen.draw(run, row, grid),
            };
            if !drawn {
                continue;
            }
            tags.clear();
            let mut tag = |key: usize, value: u32| {
                varint(key as u64, tags);
                varint(u64::from(value), tags);
            };
            if has_id {
                run.id_value(row, scratch, &mut values);
                tag(0, count);
                count += 1;
            }
            for ((key, (column, _)), rows) in columns.iter().enumerate().zip(fields) {
                let Some(value) = run.value(row, *column).filter(|_| rows.as_ref().is_none_or(|rows| rows.holds(row))) else { continue };
                let (used, known) = &mut numbers[offsets[*number as usize] + value as usize];
                if *used != *use_ {
                    field(4, run.bytes_of(value), &mut values);
                    (*used, *known) = (*use_, count);
                    count += 1;
                }
                tag(key + usize::from(has_id), *known);
            }
            let kind = if what.labels { 1 } else { 1 + run.kind(row) as u64 };
            feature(run.fid(row).cast_unsigned(), kind, tags, &pen.commands, &mut features);
        }
        if features.is_empty() {
            return;
        }
        let mut head = Vec::with_capacity(64);
        field(1, name.as_bytes(), &mut head);
        let mut tail = Vec::new();
        has_id.then_some("id").into_iter().chain(columns.iter().map(|(_, name)| *name)).for_each(|key| field(3, key.as_bytes(), &mut tail));
        tail.append(&mut values);
        tail.push(5 << 3);
        varint(u64::from(EXTENT), &mut tail);
        tail.extend([15 << 3, 2]);
        out.push(3 << 3 | 2);
        varint((head.len() + features.len() + tail.len()) as u64, out);
        out.extend_from_slice(&head);
        out.extend_from_slice(&features);
        out.extend_from_slice(&tail);
    }
}

/// Appends a feature: its id, tags, type and geometry.
fn feature(id: u64, kind: u64, tags: &[u8], geometry: &[u8], out: &mut Vec<u8>) {
    let packed = |bytes: &[u8]| 1 + varint_length(bytes.len() as u64) + bytes.len();
    let length = 1 + varint_length(id) + packed(tags) + 2 + packed(geometry);
    out.push(2 << 3 | 2);
    varint(length as u64, out);
    out.push(1 << 3);
    varint(id, out);
    field(2, tags, out);
    out.extend([3 << 3, kind as u8]);
    field(4, geometry, out);
}
