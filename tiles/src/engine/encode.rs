//! A layer of a tile, written by hand (Mapbox Vector Tile 2.1, 4.1).

use std::cell::RefCell;
use std::sync::Arc;

use kernel::{Filter, Layer, Principal};

use super::draw::Pen;
use super::index::hilbert;
use super::plan::Plan;
use super::protobuf::{field, varint, varint_length};
use super::run::{Bits, Kind, Run};
use super::world::Grid;
use crate::frame::EXTENT;

/// Some rows of a run: those that are still so.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) run: Arc<Run>,
    /// The rows that were changed or deleted since.
    pub(crate) dead: Arc<Bits>,
}

/// What somebody sees of a run.
struct Seen<'a> {
    part: &'a Part,
    /// The rows; without, all.
    rows: Option<Arc<Bits>>,
    /// For each column that is seen at all: the rows in which it is; without, all.
    fields: Vec<Option<Arc<Bits>>>,
}

/// A row that the tile may show, in the order in which it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    along: u32,
    fid: i64,
    run: u32,
    row: u32,
}

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
    /// For each value of a run: when it was last used, and what number the tile's table has for it.
    numbers: Vec<(u32, u32)>,
    use_: u32,
}

/// A layer's part of a tile.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The layer, and the layer of its labels after it; empty if nothing is there.
    pub(crate) bytes: Vec<u8>,
    /// How many rows there might have been.
    pub(crate) candidates: usize,
}

/// Writes what this principal sees, at the time given, of runs of one plan. `None`: there are more than so many rows.
pub(crate) fn layer(
    plan: &Plan,
    layer: &Layer,
    parts: &[Part],
    who: &Principal,
    time: &Filter,
    grid: &Grid,
    at_most: usize,
) -> Option<Written> {
    DESK.with_borrow_mut(|desk| {
        let readable = layer.readable_rows(who);
        let columns: Vec<(usize, &str, Filter)> = plan
            .fields()
            .enumerate()
            .map(|(at, field)| {
                (at, field.name.as_str(), layer.field(field.name.as_str()).map_or_else(Filter::nothing, |now| layer.rows_with(now, who)))
            })
            .filter(|(.., rows)| !rows.is_nothing())
            .collect();
        let class = |run: &Run, filter: &Filter| (!filter.is_everything()).then(|| run.class(filter));
        let seen: Vec<Seen<'_>> = parts
            .iter()
            .map(|part| Seen {
                part,
                rows: class(&part.run, &readable),
                fields: columns.iter().map(|(.., rows)| class(&part.run, rows)).collect(),
            })
            .collect();
        desk.gather(&seen, time, grid);
        if desk.candidates.len() > at_most {
            return None;
        }
        let mut written = Written { candidates: desk.candidates.len(), bytes: Vec::new() };
        if written.candidates > 0 {
            let columns: Vec<(usize, &str)> = columns.iter().map(|(at, name, _)| (*at, *name)).collect();
            desk.write(layer.id.as_str(), &columns, &seen, grid, false, &mut written.bytes);
            if layer.label_points().is_some_and(|from| grid.z >= from) {
                desk.write(&layer.label_points_id(), &columns, &seen, grid, true, &mut written.bytes);
            }
        }
        Some(written)
    })
}

impl Desk {
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
                    && (part.run.kind(at) == Kind::Point || part.run.boxes[at].side() >= half);
                if shows {
                    // one run is in order already
                    let along = if seen.len() == 1 { row } else { hilbert(part.run.boxes[at].centre()) };
                    self.candidates.push(Candidate { along, fid: part.run.fids[at], run: number as u32, row });
                }
            }
        }
        if seen.len() > 1 {
            self.candidates.sort_unstable();
        }
    }

    /// Writes the candidates, or the points for their labels; the columns with their names.
    fn write(&mut self, name: &str, columns: &[(usize, &str)], seen: &[Seen<'_>], grid: &Grid, labels: bool, out: &mut Vec<u8>) {
        let Self { pen, candidates, tags, numbers, use_, .. } = self;
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
        for Candidate { run: number, row, .. } in candidates.iter() {
            let (Seen { part, fields, .. }, row) = (&seen[*number as usize], *row as usize);
            let run = &*part.run;
            let drawn = match labels {
                true => run.label(row).is_some_and(|at| pen.draw_label(at, grid)),
                false => pen.draw(run, row, grid),
            };
            if !drawn {
                continue;
            }
            tags.clear();
            let mut tag = |key: usize, value: u32| {
                varint(key as u64, tags);
                varint(u64::from(value), tags);
            };
            field(4, run.id(row), &mut values);
            tag(0, count);
            count += 1;
            for ((key, (column, _)), rows) in columns.iter().enumerate().zip(fields) {
                let Some(value) = run.value(row, *column).filter(|_| rows.as_ref().is_none_or(|rows| rows.holds(row))) else { continue };
                let (used, known) = &mut numbers[offsets[*number as usize] + value as usize];
                if *used != *use_ {
                    field(4, run.bytes_of(value), &mut values);
                    (*used, *known) = (*use_, count);
                    count += 1;
                }
                tag(key + 1, *known);
            }
            let kind = if labels { 1 } else { 1 + run.kind(row) as u64 };
            feature(run.fids[row].cast_unsigned(), kind, tags, &pen.commands, &mut features);
        }
        if features.is_empty() {
            return;
        }
        let mut head = Vec::with_capacity(64);
        field(1, name.as_bytes(), &mut head);
        let mut tail = Vec::new();
        ["id"].into_iter().chain(columns.iter().map(|(_, name)| *name)).for_each(|key| field(3, key.as_bytes(), &mut tail));
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
