//! A layer where there is more of it than a map can show: what is smaller than a cell of a grid is drawn as one for each cell, what is
//! larger as it is.
//!
//! The grid lies in world units from their origin, so that neighbouring tiles agree on it; a row belongs to the cell of its box's middle.
//! Of the small rows of a cell the largest (of these the latest) stands for all: points and lines as they are, areas as a square in the
//! middle of the cell with the area of them all, so that a town does not vanish when each of its parcels is smaller than a unit. Where the
//! layer says by which value its rows may be merged, one stands for those of each value; areas are then drawn as blocks ([`super::mosaic`]).
//!
//! A large run is divided into cells once. What changed since is told apart by its cells, which are looked at anew; so is what is valid
//! for a time only. A tile of a low zoom is therefore as fresh as any other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::DateTime;
use foldhash::fast::FixedState;
use kernel::Filter;

use super::area::Rings;
use super::encode::Seen;
use super::index::Index;
use super::mosaic::By;
use super::run::{Bits, Kind, Run};
use super::world::{Extent, Grid, World};

/// Column and row of a cell, rows first, so that the cells of a row follow one another.
pub(crate) type Cell = (u32, u32);

/// The small rows of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Few {
    cell: Cell,
    pub(crate) row: u32,
    pub(crate) count: u32,
    /// World units, squared.
    area: f64,
}

/// A run divided by a grid: its rows that are valid from some time until further notice, and that a class of readers sees.
#[derive(Debug)]
pub(crate) struct Level {
    /// In the order of their cells.
    cells: Vec<Few>,
    /// The rows as large as a cell, in order, with their boxes and what finds them.
    large: Vec<u32>,
    boxes: Vec<Extent>,
    index: Index,
    /// The rows that are valid at other times.
    pub(crate) unsettled: Unsettled,
}

/// A row, or what stands for the small ones of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Item {
    pub(crate) run: u32,
    pub(crate) row: u32,
    /// How many it stands for.
    pub(crate) count: u32,
    /// For areas of which there are several: the square that is drawn for them.
    pub(crate) square: Option<Extent>,
    /// How large the row is.
    side: u32,
}

/// As many of the large ones are drawn, the largest.
pub(crate) const MAX_LARGE: usize = 4_000;

/// A grid of cells of so many world units, a power of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cells {
    bits: u32,
}

impl Cells {
    /// Of so many units (a power of two) of the tile.
    pub(crate) fn new(grid: &Grid, units: u32) -> Self {
        Self { bits: grid.bits(units) }
    }

    fn side(self) -> u64 {
        1 << self.bits
    }

    fn of(self, [x, y]: World) -> Cell {
        ((u64::from(y) >> self.bits) as u32, (u64::from(x) >> self.bits) as u32)
    }

    fn extent(self, (y, x): Cell) -> Extent {
        let from = |n: u32| (u64::from(n) << self.bits).min(u64::from(u32::MAX)) as u32;
        let to = |n: u32| ((u64::from(n) + 1) * self.side() - 1).min(u64::from(u32::MAX)) as u32;
        Extent { west: from(x), east: to(x), north: from(y), south: to(y) }
    }

    fn holds_small(self, run: &Run, row: usize) -> bool {
        u64::from(run.extent(row).side()) < self.side()
    }
}

impl Level {
    /// Of the rows of a class as they are seen at a time.
    pub(crate) fn new(run: &Run, class: Option<&Bits>, cells: Cells, by: Option<By>, time: &Filter) -> Self {
        let unsettled = Unsettled::new(run, class, time);
        let (mut few, mut large) = (Fews::default(), Vec::new());
        for row in (0..run.len()).filter(|row| class.is_none_or(|class| class.holds(*row))) {
            if is_merged(run, row, by) || !unsettled.settles(run, row) {
                continue;
            }
            if cells.holds_small(run, row) {
                few.add(run, row as u32, cells, by);
            } else {
                large.push(row as u32);
            }
        }
        let boxes: Vec<Extent> = large.iter().map(|row| run.extent(*row as usize)).collect();
        let mut cells: Vec<Few> = few.0.into_values().collect();
        cells.sort_unstable_by_key(|few| (few.cell, few.row));
        Self { index: Index::new(boxes.len(), |i| boxes[i]), cells, large, boxes, unsettled }
    }

    /// The cells that meet the extent.
    fn within(&self, extent: &Extent, cells: Cells) -> impl Iterator<Item = &Few> {
        let ((north, west), (south, east)) = (cells.of([extent.west, extent.north]), cells.of([extent.east, extent.south]));
        (north..=south).flat_map(move |y| {
            let from = self.cells.partition_point(|few| few.cell < (y, west));
            self.cells[from..].iter().take_while(move |few| few.cell <= (y, east))
        })
    }

    pub(crate) fn bytes(&self) -> usize {
        self.cells.capacity() * size_of::<Few>() + self.large.capacity() * 20 + self.unsettled.bytes() + self.index.bytes()
    }
}

/// The instant that is meant, microseconds since 1970; nothing for an interval.
fn instant(time: &Filter) -> Option<i64> {
    match time {
        Filter::ValidAt(at) => Some(DateTime::timestamp_micros(at)),
        _ => None,
    }
}

/// The rows of a run that are not valid from some instant on until further notice, for what is kept of the others.
#[derive(Debug, Default)]
pub(crate) struct Unsettled {
    pub(crate) rows: Vec<u32>,
    /// From when on those without an end are valid, in order.
    begins: Vec<i64>,
    /// How many settled ones there are.
    settled: usize,
    /// The instant, microseconds since 1970; nothing where that is not one.
    pub(crate) from: Option<i64>,
}

impl Unsettled {
    /// Of the rows that a class sees, for a time.
    pub(crate) fn new(run: &Run, class: Option<&Bits>, time: &Filter) -> Self {
        let from = if run.plan.layer.validity { instant(time) } else { Some(i64::MIN) };
        let mut own = Self { from, ..Self::default() };
        for row in (0..run.len()).filter(|row| class.is_none_or(|class| class.holds(*row))) {
            if own.settles(run, row) {
                own.settled += 1;
                continue;
            }
            own.rows.push(row as u32);
            own.begins.extend(run.validity(row).filter(|(_, ends)| ends.is_none()).map(|(begins, _)| begins));
        }
        own.begins.sort_unstable();
        own
    }

    /// Whether a row is none of them.
    pub(crate) fn settles(&self, run: &Run, row: usize) -> bool {
        let from = self.from.unwrap_or(i64::MIN);
        run.validity(row).is_none_or(|(begins, ends)| begins <= from && ends.is_none())
    }

    /// Whether what is kept of the others may be asked for what is valid at this time.
    pub(crate) fn is_for(&self, time: &Filter) -> bool {
        self.from.is_some_and(|from| from == i64::MIN || instant(time).is_some_and(|at| at >= from))
    }

    /// Whether so many have become valid since that keeping them too is worth it.
    pub(crate) fn is_stale(&self, time: &Filter) -> bool {
        let valid = instant(time).map_or(0, |at| self.begins.partition_point(|begins| *begins <= at));
        valid > self.settled / 4 + 1_000
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.capacity() * 4 + self.begins.capacity() * 8
    }
}

/// Whether the row is part of a block.
fn is_merged(run: &Run, row: usize, by: Option<By>) -> bool {
    by.is_some() && run.kind(row) == Kind::Area
}

/// Small rows by their cells, and by the value that tells them apart.
#[derive(Default)]
struct Fews(HashMap<(Cell, Option<u32>), Few, FixedState>);

impl Fews {
    fn add(&mut self, run: &Run, row: u32, cells: Cells, by: Option<By>) {
        let cell = cells.of(run.extent(row as usize).centre());
        let area = if run.kind(row as usize) == Kind::Area { area(run, row as usize) } else { 0.0 };
        let value = by.and_then(|by| run.value(row as usize, by.0));
        let few = self.0.entry((cell, value)).or_insert(Few { cell, row, count: 0, area: 0.0 });
        few.count += 1;
        few.area += area;
        let rank = |row: u32| (run.extent(row as usize).side(), run.fid(row as usize));
        if rank(row) > rank(few.row) {
            few.row = row;
        }
    }
}

/// What the rings of a row enclose, world units squared.
pub(crate) fn area(run: &Run, row: usize) -> f64 {
    let mut ring = Vec::new();
    let mut area = 0.0;
    for part in run.parts(row) {
        ring.clear();
        ring.extend(part.positions().map(|([x, y], _)| [i64::from(x), i64::from(y)]));
        let own = Rings::doubled_area(&ring).unsigned_abs() as f64 / 2.0;
        area += if part.hole { -own } else { own };
    }
    f64::max(area, 0.0)
}

/// What is drawn of a layer in a tile, `levels` being those of the runs that have one; in no order. And whether that is all: of what is large
/// no more than [`MAX_LARGE`] are drawn.
pub(crate) fn items(
    seen: &[Seen<'_>],
    levels: &[Option<Arc<Level>>],
    time: &Filter,
    grid: &Grid,
    cells: Cells,
    by: Option<By>,
) -> (Vec<Item>, bool) {
    let extent = grid.extent();
    // what stands for a cell beside the tile may reach into it
    let wider = widened(&extent, cells);
    let is_seen = |number: usize, row: usize| {
        let Seen { part, rows, .. } = &seen[number];
        !part.dead.holds(row) && rows.as_ref().is_none_or(|rows| rows.holds(row)) && part.run.is_valid(row, time)
    };
    let mut found = Vec::new();
    let (mut large, mut changed): (Vec<Item>, HashSet<Cell, FixedState>) = (Vec::new(), HashSet::default());
    let item = |run: usize, row: u32, count, square| Item {
        run: run as u32,
        row,
        count,
        square,
        side: seen[run].part.run.extent(row as usize).side(),
    };
    for (number, Seen { part, .. }) in seen.iter().enumerate() {
        let run = &*part.run;
        // rows that the level does not have, and, in cells that are looked at anew, rows that it has and that are no more
        let mut look = |row: u32, alive: bool| {
            let at = row as usize;
            if is_merged(run, at, by) {
                return;
            }
            if cells.holds_small(run, at) {
                changed.insert(cells.of(run.extent(at).centre()));
            } else if alive && run.extent(at).meets(&extent) {
                large.push(item(number, row, 1, None));
            }
        };
        match &levels[number] {
            None => {
                found.clear();
                run.search(&widened(&wider, cells), &mut found);
                found.iter().filter(|row| is_seen(number, **row as usize)).for_each(|row| look(*row, true));
            }
            Some(level) => {
                part.dead.rows().for_each(|row| look(row as u32, false));
                level.unsettled.rows.iter().filter(|row| is_seen(number, **row as usize)).for_each(|row| look(*row, true));
                found.clear();
                level.index.search(level.boxes.len(), &|i| level.boxes[i].meets(&extent), &extent, usize::MAX, &mut found);
                let rows = found.iter().map(|at| level.large[*at as usize]);
                large.extend(rows.filter(|row| !part.dead.holds(*row as usize)).map(|row| item(number, row, 1, None)));
            }
        }
    }
    large.sort_unstable_by_key(|item| std::cmp::Reverse(item.side));
    let is_all = large.len() <= MAX_LARGE;
    large.truncate(MAX_LARGE);
    let mut items = large;
    // cells in which nothing changed
    for (number, level) in levels.iter().enumerate() {
        let Some(level) = level else { continue };
        let few = level.within(&wider, cells).filter(|few| !changed.contains(&few.cell));
        items.extend(few.map(|few| item(number, few.row, few.count, square(&seen[number].part.run, few, cells))));
    }
    // and those in which something did, over all runs
    let (from, to) = (cells.of([wider.west, wider.north]), cells.of([wider.east, wider.south]));
    for cell in changed.into_iter().filter(|(y, x)| (from.0..=to.0).contains(y) && (from.1..=to.1).contains(x)) {
        let mut best: Vec<(&[u8], usize, Few)> = Vec::new();
        for (number, Seen { part, .. }) in seen.iter().enumerate() {
            let run = &*part.run;
            let mut few = Fews::default();
            found.clear();
            run.search(&cells.extent(cell), &mut found);
            for row in &found {
                let at = *row as usize;
                let is_here = cells.holds_small(run, at) && cells.of(run.extent(at).centre()) == cell && !is_merged(run, at, by);
                if is_here && is_seen(number, at) {
                    few.add(run, *row, cells, by);
                }
            }
            let rank = |number: usize, few: &Few| {
                (seen[number].part.run.extent(few.row as usize).side(), seen[number].part.run.fid(few.row as usize))
            };
            for ((_, value), own) in few.0 {
                let value = value.map_or(&[][..], |value| run.bytes_of(value));
                match best.iter_mut().find(|(other, ..)| *other == value) {
                    None => best.push((value, number, own)),
                    Some((_, other, best)) => {
                        let (count, area) = (best.count + own.count, best.area + own.area);
                        let (number, first) = if rank(number, &own) > rank(*other, best) { (number, own) } else { (*other, *best) };
                        (*other, *best) = (number, Few { count, area, ..first });
                    }
                }
            }
        }
        let drawn = |(_, number, few): (&[u8], usize, Few)| item(number, few.row, few.count, square(&seen[number].part.run, &few, cells));
        items.extend(best.into_iter().map(drawn));
    }
    (items, is_all)
}

/// How far rows are looked at for a tile whose cells have at most so many units; without cells, the tile and its buffer.
pub(crate) fn reach(grid: &Grid, units: u32) -> Extent {
    let extent = grid.extent();
    if units == 0 {
        return extent;
    }
    let cells = Cells::new(grid, units);
    // what stands for a cell beside the tile, and what reaches into that cell
    widened(&widened(&extent, cells), cells)
}

fn widened(extent: &Extent, cells: Cells) -> Extent {
    let side = cells.side().min(u64::from(u32::MAX)) as u32;
    Extent {
        west: extent.west.saturating_sub(side),
        north: extent.north.saturating_sub(side),
        east: extent.east.saturating_add(side),
        south: extent.south.saturating_add(side),
    }
}

/// The square that is drawn for the areas of a cell, if there are several.
fn square(run: &Run, few: &Few, cells: Cells) -> Option<Extent> {
    if few.count == 1 || run.kind(few.row as usize) != Kind::Area {
        return None;
    }
    let own = cells.extent(few.cell);
    let half = (few.area.sqrt().min(cells.side() as f64) / 2.0) as u32;
    let [x, y] = own.centre();
    Some(Extent {
        west: x.saturating_sub(half),
        east: x.saturating_add(half),
        north: y.saturating_sub(half),
        south: y.saturating_add(half),
    })
}

#[cfg(test)]
mod tests {
    use super::{Cells, Level, items};
    use crate::engine::builder::{Builder, Row};
    use crate::engine::encode::{Part, Seen};
    use crate::engine::plan::Plan;
    use crate::engine::projection::Projection;
    use crate::engine::run::{Bits, Run};
    use crate::engine::state::merged;
    use crate::engine::world::Grid;
    use chrono::{TimeZone, Utc};
    use kernel::{Filter, Srid, TileCoord};
    use rand::{Rng, SeedableRng};
    use serde_json::json;
    use std::collections::BTreeSet;
    use std::sync::Arc;

    /// Squares of different sizes within two kilometres, some of them valid for a time.
    fn run(plan: &Arc<Plan>, fids: impl Iterator<Item = i64>, random: &mut rand::rngs::StdRng) -> Run {
        let mut projection = Projection::from(Srid::RDN2008_UTM33).unwrap();
        let mut builder = Builder::new(Arc::clone(plan));
        for fid in fids {
            let (x, y) = (556_000.0 + random.random_range(0.0..2_000.0), 4_217_000.0 + random.random_range(0.0..2_000.0));
            let side = if random.random_bool(0.05) { 200.0 } else { random.random_range(1.0..30.0) };
            let ring = vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]];
            let geometry = catalogue::ewkb::polygon(&[ring], Srid::RDN2008_UTM33);
            let from = if random.random_bool(0.1) { "2030-01-01 00:00:00+00" } else { "2020-01-01 00:00:00+00" };
            let to = random.random_bool(0.2).then_some("2031-01-01 00:00:00+00");
            let id = fid.to_string();
            let row = Row {
                fid,
                id: &id,
                geometry: Some(&geometry),
                valid_from: Some(from),
                valid_to: to,
                columns: vec![(Some("080901"), false)],
            };
            builder.push(&mut projection, &row).unwrap();
        }
        builder.finish()
    }

    /// What is drawn, by the row and its square.
    fn drawn(parts: &[Part], time: &Filter, grid: &Grid, cell: u32, levels: bool) -> BTreeSet<(i64, Option<[u32; 2]>)> {
        let seen: Vec<Seen<'_>> = parts.iter().map(|part| Seen { part, rows: None, fields: Vec::new() }).collect();
        let cells = Cells::new(grid, cell);
        let level = |part: &Part| levels.then(|| Arc::new(Level::new(&part.run, None, cells, None, time))).filter(|_| part.run.len() > 500);
        let levels: Vec<_> = parts.iter().map(level).collect();
        let (items, _) = items(&seen, &levels, time, grid, cells, None);
        items
            .iter()
            // what lies beyond the tile may be there or not
            .filter(|item| item.square.unwrap_or_else(|| parts[item.run as usize].run.extent(item.row as usize)).meets(&grid.extent()))
            .map(|item| (parts[item.run as usize].run.fid(item.row as usize), item.square.map(|s| [s.west, s.north])))
            .collect()
    }

    #[test]
    fn what_changed_since_is_divided_as_if_it_had_always_been_so() {
        let layer = serde_json::from_value(json!({
            "id": "parcels", "module": "cadastre", "title": {"it": "p", "en": "p"}, "table": "cadastre.parcels", "geometry": "Polygon",
            "srid": 7792, "validity": true, "fields": []
        }));
        let plan = Arc::new(Plan::new(Arc::new(layer.unwrap())));
        let mut random = rand::rngs::StdRng::seed_from_u64(3);
        let large = Arc::new(run(&plan, 1..=4_000, &mut random));
        let mut dead = Bits::default();
        (0..large.len()).filter(|_| random.random_bool(0.03)).for_each(|row| dead.set(row));
        let small = Arc::new(run(&plan, 4_001..=4_100, &mut random));
        let parts = [Part { run: large, dead: Arc::new(dead) }, Part { run: small, dead: Arc::default() }];
        let one = [Part { run: Arc::new(merged(&plan, &parts)), dead: Arc::default() }];
        let at = |year| Filter::ValidAt(Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap());
        let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single();
        let (mut all, mut squares) = (0, 0);
        for (z, x, y) in [(10, 556, 394), (12, 2226, 1578), (13, 4452, 3156), (14, 8904, 6313)] {
            let grid = Grid::new(TileCoord::new(z, x, y).unwrap(), 64);
            for time in [at(2026), at(2030), at(2032), Filter::ValidDuring(year(2031), year(2033))] {
                for cell in [32, 128] {
                    let expected = drawn(&one, &time, &grid, cell, false);
                    assert_eq!(drawn(&parts, &time, &grid, cell, true), expected, "{z} {time:?} {cell}");
                    assert_eq!(drawn(&one, &time, &grid, cell, true), expected, "{z} {time:?} {cell}");
                    all += expected.len();
                    squares += expected.iter().filter(|(_, square)| square.is_some()).count();
                }
            }
        }
        assert!(all > 5_000 && squares > 1_000, "{all} {squares}");
    }

    #[test]
    fn a_division_of_the_present_serves_later_instants_and_none_before() {
        let layer = |validity: bool| {
            let layer = json!({
                "id": "parcels", "module": "cadastre", "title": {"it": "p", "en": "p"}, "table": "cadastre.parcels", "geometry": "Polygon",
                "srid": 7792, "validity": validity, "fields": []
            });
            Arc::new(Plan::new(Arc::new(serde_json::from_value(layer).unwrap())))
        };
        let random = rand::rngs::StdRng::seed_from_u64(3);
        let grid = Grid::new(TileCoord::new(12, 2226, 1578).unwrap(), 64);
        let at = |year| Filter::ValidAt(Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap());
        let always = Filter::ValidDuring(None, None);
        let level = |validity, time: &Filter| {
            Level::new(&run(&layer(validity), 1..=9, &mut random.clone()), None, Cells::new(&grid, 32), None, time)
        };
        let present = level(true, &at(2026));
        assert!(
            present.unsettled.is_for(&at(2026))
                && present.unsettled.is_for(&at(2040))
                && !present.unsettled.is_for(&at(2025))
                && !present.unsettled.is_for(&always)
        );
        assert!(!level(true, &always).unsettled.is_for(&at(2026)), "an interval's is nobody else's");
        assert!(level(false, &always).unsettled.is_for(&at(1990)) && level(false, &at(2026)).unsettled.is_for(&always));
    }
}
