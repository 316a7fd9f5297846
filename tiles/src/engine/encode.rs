//! A layer of a tile, written by hand (Mapbox Vector Tile 2.1, 4.1).

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kernel::{Filter, Layer, Principal, TileCoord};

use super::ahead::{Ahead, MANY};
use super::blocks::Block;
use super::draw::Pen;
use super::features::{Candidate, Features, Geometries, Of, sources};
use super::index::hilbert;
use super::level::{self, Cells, Item, Level, MAX_LARGE};
use super::mosaic::{self, By, Counted, Mosaic};
use super::plan::Plan;
use super::run::{Bits, Kind, Run};
use super::world::{Extent, Grid};
use crate::choice::Selection;
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

/// What of each candidate is written.
#[derive(Clone, Copy)]
struct What {
    /// Whether rows have their `id` as a property.
    has_id: bool,
    /// Whether points for their labels are written after them.
    has_labels: bool,
    /// Whether they have more than their geometry, how many they are, and the column that is common to those that one stands for.
    whole: bool,
    by: Option<By>,
    /// Whether a second thread may draw.
    alone: bool,
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
    pen: Pen,
    found: Vec<u32>,
    candidates: Vec<Candidate>,
    squares: Vec<Extent>,
    blocks: Vec<Block>,
    features: Features,
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
    /// Whether no other tile is made, so that this one may take a second thread.
    pub(crate) alone: bool,
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
        let (has_id, alone) = (asked.selection.wants("id"), asked.alone);
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
                    let has_labels = layer.label_points().is_some_and(|from| grid.z >= from);
                    let what = What { has_id, has_labels, whole: true, by: None, alone };
                    self.write(layer, &columns, &seen, grid, what, &mut written.bytes);
                }
                Form::Generalised { cell, attributes } => {
                    let is_all = self.divide(&seen, asked.filter.is_none().then_some(&readable), asked, *cell, by);
                    if !is_all && !last {
                        why = "features";
                        continue;
                    }
                    written.largest = (!is_all).then_some(MAX_LARGE);
                    let what = What { has_id, has_labels: false, whole: *attributes, by, alone };
                    self.write(layer, &columns, &seen, grid, what, &mut written.bytes);
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

    /// Writes the layer of the candidates and the blocks, and that of the labels after it; the columns with their names.
    fn write(&mut self, layer: &Layer, columns: &[(usize, &str)], seen: &[Seen<'_>], grid: &Grid, what: What, out: &mut Vec<u8>) {
        let Self { pen, candidates, squares, blocks, features, .. } = self;
        let What { has_id, has_labels, whole, by, alone } = what;
        let sources = sources(seen, columns, has_id);
        features.begin(has_id, columns, &sources, candidates.len() + blocks.len(), has_labels);
        let count_name = count_name(layer);
        let draw = |pen: &mut Pen, at: usize| {
            let Candidate { run, row, square, .. } = candidates[at];
            match square {
                Some(square) => pen.draw_square(&squares[square.get() as usize - 1], grid),
                None => pen.draw(&seen[run as usize].part.run, row as usize, grid),
            }
        };
        let of = Of { columns, sources: &sources, seen, whole, by, counted: count_name.is_some() };
        let has_counts = if alone && candidates.len() >= MANY && rayon::current_num_threads() > 1 {
            let ahead = Ahead::new(candidates.len(), &draw);
            rayon::in_place_scope(|scope| {
                scope.spawn(|_| ahead.run());
                features.rows(&of, candidates, pen, &Geometries::Ahead(&ahead))
            })
        } else {
            features.rows(&of, candidates, pen, &Geometries::Here(&draw))
        };
        for Block { value, areas } in blocks {
            let key = columns.iter().position(|(column, _)| by == Some(By(*column))).filter(|_| !value.is_empty());
            if pen.draw_block(areas, grid) {
                features.block(key.map(|key| (key, &**value)), pen);
            }
        }
        features.end(layer.id.as_str(), count_name.filter(|_| has_counts), out);
        if has_labels {
            features.again();
            let label = |pen: &mut Pen, at: usize| {
                let Candidate { run, row, .. } = candidates[at];
                seen[run as usize].part.run.label(row as usize).is_some_and(|at| pen.draw_label(at, grid))
            };
            features.labels(&of, candidates, pen, &label);
            features.end(&layer.label_points_id(), None, out);
        }
    }
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
