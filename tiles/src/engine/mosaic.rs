//! Areas that share a value, as the cells of a grid that they cover: what is drawn of them where there is more of them than a map can show.
//!
//! What each row covers is counted in cells of one fine grid, and those of coarser grids are their sums. Such sums can be added to and
//! taken from: a large run is counted once, and of what changed since, or is valid for a time only, the difference is made at each tile.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use kernel::Filter;

use super::blocks::{self, Block};
use super::cover::{FULL, Painter, Window};
use super::encode::Seen;
use super::level::Unsettled;
use super::run::{Bits, Run};
use super::world::{Extent, Grid};

/// The cells in which large runs are counted, in bits of a world unit: 16 tile units at zoom 13, some 15 m in Italy.
const FINEST: u32 = 11;
/// As many rows of cells are counted at a time.
const BAND: u32 = 256;

/// The codes of a run for the value that areas share, and for their comune.
type Codes = [Option<u32>; 2];

/// A run counted by cells of a grid: its rows that are valid from some time until further notice, and that a class of readers sees.
#[derive(Debug, Default)]
pub(crate) struct Mosaic {
    bits: u32,
    labels: Vec<Codes>,
    /// Each row of cells with the end of its spans; in order.
    lines: Vec<(u32, u32)>,
    spans: Vec<Span>,
    /// The rows that are valid at other times.
    pub(crate) unsettled: Arc<Unsettled>,
}

/// So many cells, one after the other, of which each is covered alike. One that several labels cover is in several spans.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Span {
    x: u32,
    cells: u32,
    label: u32,
    cover: i64,
}

/// What somebody sees of a run, how it is counted, and the column of the value.
pub(crate) struct Counted<'a> {
    pub(crate) seen: &'a Seen<'a>,
    pub(crate) mosaic: Option<Arc<Mosaic>>,
}

/// What divides areas: the column of the value that they share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct By(pub(crate) usize);

impl By {
    fn codes(self, run: &Run, row: usize) -> Codes {
        [run.value(row, self.0), run.value(row, run.plan.columns() - 1)]
    }
}

impl Mosaic {
    /// Whether runs are counted by cells of these bits at all; smaller ones are painted for each tile.
    pub(crate) fn has(bits: u32) -> bool {
        (FINEST..32).contains(&bits)
    }

    /// The bits of the next finer grid, if there is one.
    pub(crate) fn finer(bits: u32) -> Option<u32> {
        (bits > FINEST).then(|| bits - 1)
    }

    /// Counts the rows of a class, as they are seen at a time, by the finest cells.
    pub(crate) fn new(run: &Run, class: Option<&Bits>, by: By, time: &Filter) -> Self {
        let is_seen = |row: usize| class.is_none_or(|class| class.holds(row));
        let unsettled = Arc::new(Unsettled::new(run, class, time));
        let mut mosaic = Self { bits: FINEST, unsettled: Arc::clone(&unsettled), ..Self::default() };
        let mut known: HashMap<Codes, u32, FixedState> = HashMap::default();
        let all = (0..run.len()).fold(Extent::NOTHING, |all, row| all.union(run.extent(row)));
        let (mut found, mut parts, mut painter) = (Vec::new(), Vec::new(), Painter::default());
        let mut line = all.north >> FINEST;
        while line <= all.south >> FINEST && run.len() > 0 {
            let window = Window { from: [0, line], to: [u32::MAX, line + BAND] };
            let south = (u64::from(line + BAND) << FINEST).min(u64::from(u32::MAX)) as u32;
            found.clear();
            run.search(&Extent { west: 0, east: u32::MAX, north: line << FINEST, south }, &mut found);
            for row in found.iter().map(|row| *row as usize).filter(|row| is_seen(*row) && unsettled.settles(run, *row)) {
                let codes = by.codes(run, row);
                let label = *known.entry(codes).or_insert_with(|| {
                    mosaic.labels.push(codes);
                    mosaic.labels.len() as u32 - 1
                });
                painter.paint(run, row, FINEST, &window, |[x, y], cover| parts.push((y, x, label, cover)));
            }
            mosaic.append(&mut parts);
            line += BAND;
        }
        mosaic.lines.shrink_to_fit();
        mosaic.spans.shrink_to_fit();
        mosaic
    }

    /// The same by cells of twice the side.
    pub(crate) fn coarser(&self) -> Self {
        let (bits, labels, unsettled) = (self.bits + 1, self.labels.clone(), Arc::clone(&self.unsettled));
        let mut coarse = Self { bits, labels, unsettled, ..Self::default() };
        let mut parts = Vec::new();
        for (at, (y, _)) in self.lines.iter().enumerate() {
            for span in self.line(at) {
                let (mut x, end) = (span.x, span.x + span.cells);
                while x < end {
                    let next = ((x | 1) + 1).min(end);
                    parts.push((y >> 1, x >> 1, span.label, i64::from(next - x) * span.cover));
                    x = next;
                }
            }
            if self.lines.get(at + 1).is_none_or(|(next, _)| next >> 1 != y >> 1) {
                coarse.append(&mut parts);
            }
        }
        coarse.lines.shrink_to_fit();
        coarse.spans.shrink_to_fit();
        coarse
    }

    /// Appends whole rows of cells.
    fn append(&mut self, parts: &mut Vec<(u32, u32, u32, i64)>) {
        parts.sort_unstable_by_key(|(y, x, label, _)| (*y, *x, *label));
        let mut from = 0;
        while from < parts.len() {
            let (y, x, label, _) = parts[from];
            let same = parts[from..].iter().take_while(|part| (part.0, part.1, part.2) == (y, x, label));
            let (n, cover) = same.fold((0, 0), |(n, sum), part| (n + 1, sum + part.3));
            from += n;
            if cover == 0 {
                continue;
            }
            let begun = self.lines.last().is_some_and(|line| line.0 == y);
            if !begun {
                self.lines.push((y, self.spans.len() as u32));
            }
            let alike = |span: &&mut Span| begun && span.x + span.cells == x && span.label == label && span.cover == cover;
            match self.spans.last_mut().filter(alike) {
                Some(span) => span.cells += 1,
                None => self.spans.push(Span { x, cells: 1, label, cover }),
            }
            if let Some(line) = self.lines.last_mut() {
                line.1 = self.spans.len() as u32;
            }
        }
        parts.clear();
    }

    fn line(&self, at: usize) -> &[Span] {
        let from = if at == 0 { 0 } else { self.lines[at - 1].1 };
        &self.spans[from as usize..self.lines[at].1 as usize]
    }

    /// What it takes of memory beside its rows that are valid at other times, which it shares, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.spans.capacity() * size_of::<Span>() + self.lines.capacity() * 8 + self.labels.capacity() * size_of::<Codes>()
    }
}

/// What a label covers of a cell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cover {
    pub(crate) label: u32,
    /// Where the cell's next one is among [`Canvas::more`], from one; nought: this is the last.
    next: u32,
    pub(crate) cover: i64,
}

/// The cells of a window, as they are covered by what is to be drawn.
pub(crate) struct Canvas<'a> {
    pub(crate) window: Window,
    pub(crate) bits: u32,
    /// What covers a whole cell.
    pub(crate) full: i64,
    /// What the first label of each cell covers, rows first.
    pub(crate) cells: Vec<Cover>,
    /// What others cover, of all cells.
    more: Vec<Cover>,
    /// The value and the comune of each label, as tiles have them; empty where there is none. The first is nobody's.
    pub(crate) labels: Vec<[&'a [u8]; 2]>,
    known: HashMap<[&'a [u8]; 2], u32, FixedState>,
}

impl<'a> Canvas<'a> {
    fn new(extent: &Extent, bits: u32) -> Self {
        // two cells beyond what is shown decide how it is drawn
        let from = |at: u32| (at >> bits).saturating_sub(2);
        let to = |at: u32| (at >> bits).saturating_add(3);
        let window = Window { from: [from(extent.west), from(extent.north)], to: [to(extent.east), to(extent.south)] };
        Self::empty(window, bits)
    }

    /// Without anything on it.
    pub(crate) fn empty(window: Window, bits: u32) -> Self {
        let full = FULL << (2 * bits.saturating_sub(FINEST));
        let cells = vec![Cover::default(); window.width() * window.height()];
        Self { window, bits, full, cells, more: Vec::new(), labels: vec![[&[]; 2]], known: HashMap::default() }
    }

    fn label(&mut self, run: &'a Run, codes: Codes) -> u32 {
        let key = codes.map(|code| code.map_or(&[][..], |code| run.bytes_of(code)));
        let labels = &mut self.labels;
        *self.known.entry(key).or_insert_with(|| {
            labels.push(key);
            labels.len() as u32 - 1
        })
    }

    fn add(&mut self, [x, y]: [u32; 2], label: u32, cover: i64) {
        self.put((y - self.window.from[1]) as usize * self.window.width() + (x - self.window.from[0]) as usize, label, cover);
    }

    /// Adds to what a label covers of a cell.
    pub(crate) fn put(&mut self, at: usize, label: u32, cover: i64) {
        let first = &mut self.cells[at];
        if first.label == 0 || first.label == label {
            first.label = label;
            first.cover += cover;
            return;
        }
        let mut next = first.next as usize;
        while let Some(other) = next.checked_sub(1).and_then(|at| self.more.get_mut(at)) {
            if other.label == label {
                other.cover += cover;
                return;
            }
            next = other.next as usize;
        }
        self.more.push(Cover { label, next: first.next, cover });
        first.next = self.more.len() as u32;
    }

    /// What covers a cell.
    pub(crate) fn covers(&self, at: usize) -> impl Iterator<Item = &Cover> + Clone {
        std::iter::successors(self.cells.get(at), |cover| self.more.get((cover.next as usize).checked_sub(1)?))
    }

    /// Adds what is counted.
    fn lay(&mut self, run: &'a Run, mosaic: &Mosaic) {
        // of the labels of the mosaic those here; nought: not known yet
        let mut labels = vec![0; mosaic.labels.len()];
        let Window { from: [west, north], to: [east, south] } = self.window;
        let first = mosaic.lines.partition_point(|(y, _)| *y < north);
        for at in first..mosaic.lines.len() {
            let y = mosaic.lines[at].0;
            if y >= south {
                break;
            }
            let line = mosaic.line(at);
            let begin = line.partition_point(|span| span.x + span.cells <= west);
            for span in line[begin..].iter().take_while(|span| span.x < east) {
                let label = match labels[span.label as usize] {
                    0 => self.label(run, mosaic.labels[span.label as usize]),
                    label => label,
                };
                labels[span.label as usize] = label;
                for x in span.x.max(west)..(span.x + span.cells).min(east) {
                    self.add([x, y], label, span.cover);
                }
            }
        }
    }

    /// Adds what a row covers, or takes it away.
    fn paint(&mut self, painter: &mut Painter, run: &'a Run, row: usize, by: By, sign: i64) {
        let label = self.label(run, by.codes(run, row));
        let finest = self.bits.min(FINEST);
        let halvings = self.bits - finest;
        let fine = self.window.finer(halvings);
        painter.paint(run, row, finest, &fine, |[x, y], cover| self.add([x >> halvings, y >> halvings], label, sign * cover));
    }
}

/// The areas of some runs as blocks of one value each, in cells of so many bits.
pub(crate) fn blocks(counted: &[Counted<'_>], by: By, time: &Filter, grid: &Grid, bits: u32) -> Vec<Block> {
    let mut canvas = Canvas::new(&grid.extent(), bits);
    let ground = extent_of(&canvas.window, bits);
    let (mut painter, mut found) = (Painter::default(), Vec::new());
    for Counted { seen: Seen { part, rows, .. }, mosaic } in counted {
        let run = &*part.run;
        let is_seen = |row: usize| rows.as_ref().is_none_or(|rows| rows.holds(row));
        let is_alive = |row: usize| is_seen(row) && !part.dead.holds(row) && run.is_valid(row, time);
        match mosaic {
            Some(mosaic) => {
                canvas.lay(run, mosaic);
                for row in mosaic.unsettled.rows.iter().map(|row| *row as usize).filter(|row| is_alive(*row)) {
                    if run.extent(row).meets(&ground) {
                        canvas.paint(&mut painter, run, row, by, 1);
                    }
                }
                for row in part.dead.rows().filter(|row| is_seen(*row) && mosaic.unsettled.settles(run, *row)) {
                    if run.extent(row).meets(&ground) {
                        canvas.paint(&mut painter, run, row, by, -1);
                    }
                }
            }
            None => {
                found.clear();
                run.search(&ground, &mut found);
                for row in found.iter().map(|row| *row as usize).filter(|row| is_alive(*row)) {
                    canvas.paint(&mut painter, run, row, by, 1);
                }
            }
        }
    }
    blocks::trace(&canvas)
}

fn extent_of(window: &Window, bits: u32) -> Extent {
    let at = |cell: u32| (u64::from(cell) << bits).min(u64::from(u32::MAX)) as u32;
    Extent { west: at(window.from[0]), north: at(window.from[1]), east: at(window.to[0]), south: at(window.to[1]) }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{By, Canvas, Counted, FINEST, Mosaic, blocks};
    use crate::engine::builder::{Builder, Row};
    use crate::engine::cover::{FULL, Painter, Window};
    use crate::engine::encode::{Part, Seen};
    use crate::engine::plan::Plan;
    use crate::engine::projection::Projection;
    use crate::engine::run::{Bits, Run};
    use crate::engine::state::merged;
    use crate::engine::world::{Extent, Grid};
    use chrono::{TimeZone, Utc};
    use kernel::{Filter, Srid, TileCoord};
    use rand::{Rng, SeedableRng};
    use serde_json::json;
    use std::sync::Arc;

    /// The columns are the sheet, and the comune.
    const BY: By = By(0);

    pub(crate) fn plan() -> Arc<Plan> {
        let layer = serde_json::from_value(json!({
            "id": "parcels", "module": "cadastre", "title": {"it": "p", "en": "p"}, "table": "cadastre.parcels", "geometry": "Polygon",
            "srid": 7792, "validity": true, "aggregate_by": "sheet", "fields": [{"name": "sheet", "label": {"it": "f", "en": "s"}, "type": "integer"}]
        }));
        Arc::new(Plan::new(Arc::new(layer.unwrap())))
    }

    /// Parcels of some `step` metres that fill a square without gaps, their corners displaced; by sheets of ten by ten.
    pub(crate) fn parcels(
        plan: &Arc<Plan>,
        cells: std::ops::Range<usize>,
        all: usize,
        step: f64,
        valid: impl Fn(usize) -> (&'static str, Option<&'static str>),
    ) -> Run {
        let mut projection = Projection::from(Srid::RDN2008_UTM33).unwrap();
        let mut random = rand::rngs::StdRng::seed_from_u64(4);
        let side = all + 1;
        let corners: Vec<[f64; 2]> = (0..side * side)
            .map(|at| {
                let along = |at: usize, r: f64| at as f64 * step + r;
                [
                    556_000.0 + along(at % side, random.random_range(-0.3..0.3) * step),
                    4_217_000.0 + along(at / side, random.random_range(-0.3..0.3) * step),
                ]
            })
            .collect();
        let mut builder = Builder::new(Arc::clone(plan));
        for at in cells {
            let (x, y) = (at % all, at / all);
            let corner = |dx: usize, dy: usize| corners[(y + dy) * side + x + dx];
            let ring = vec![corner(0, 0), corner(1, 0), corner(1, 1), corner(0, 1), corner(0, 0)];
            let geometry = catalogue::ewkb::polygon(&[ring], Srid::RDN2008_UTM33);
            let sheet = (x / 10 + y / 10 * 10).to_string();
            let (from, to) = valid(at);
            let row = Row {
                fid: at as i64 + 1,
                id: "p",
                geometry: Some(&geometry),
                valid_from: Some(from),
                valid_to: to,
                columns: vec![(Some(&sheet), false), (Some("080901"), false)],
            };
            builder.push(&mut projection, &row).unwrap();
        }
        builder.finish()
    }

    pub(crate) fn always(_: usize) -> (&'static str, Option<&'static str>) {
        ("2020-01-01 00:00:00+00", None)
    }

    fn at(year: i32) -> Filter {
        Filter::ValidAt(Utc.with_ymd_and_hms(year, 6, 1, 0, 0, 0).unwrap())
    }

    #[test]
    fn areas_that_fill_the_plane_cover_each_cell_exactly_and_leave_nothing_when_they_go() {
        // larger than the cells of some 15 m, so that none is told by its middle
        let run = parcels(&plan(), 0..900, 30, 40.0, always);
        let all = (0..run.len()).fold(Extent::NOTHING, |all, row| all.union(run.extent(row)));
        let window = Window { from: [all.west >> FINEST, all.north >> FINEST], to: [(all.east >> FINEST) + 1, (all.south >> FINEST) + 1] };
        let mut canvas = Canvas::empty(window, FINEST);
        let mut painter = Painter::default();
        (0..run.len()).for_each(|row| canvas.paint(&mut painter, &run, row, BY, 1));
        let totals: Vec<i64> = (0..canvas.cells.len()).map(|at| canvas.covers(at).map(|one| one.cover).sum()).collect();
        let width = window.width();
        let inner = |at: usize| (6..width - 6).contains(&(at % width)) && (6..window.height() - 6).contains(&(at / width));
        assert!(totals.iter().enumerate().filter(|(at, _)| inner(*at)).all(|(_, total)| *total == FULL), "{totals:?}");
        let area: f64 = totals.iter().sum::<i64>() as f64 / FULL as f64 * 4f64.powi(FINEST as i32);
        let truth: f64 = (0..run.len()).map(|row| outline(&run, row)).sum();
        assert!((area / truth - 1.0).abs() < 1e-4, "{area} {truth}");
        (0..run.len()).for_each(|row| canvas.paint(&mut painter, &run, row, BY, -1));
        assert!((0..canvas.cells.len()).flat_map(|at| canvas.covers(at)).all(|one| one.cover == 0));
    }

    fn outline(run: &Run, row: usize) -> f64 {
        let ring = |part: crate::engine::shapes::PartOf<'_>| {
            let at: Vec<[f64; 2]> = part.positions().map(|(at, _)| at.map(f64::from)).collect();
            (0..at.len()).map(|i| at[i][0] * at[(i + 1) % at.len()][1] - at[(i + 1) % at.len()][0] * at[i][1]).sum::<f64>().abs() / 2.0
        };
        run.parts(row).map(ring).sum()
    }

    fn drawn(parts: &[Part], counted: bool, time: &Filter, grid: &Grid, bits: u32) -> Vec<super::Block> {
        let seen: Vec<Seen<'_>> = parts.iter().map(|part| Seen { part, rows: None, fields: Vec::new() }).collect();
        let mosaic = |part: &Part| (counted && part.run.len() > 500 && Mosaic::has(bits)).then(|| part.run.mosaic(None, bits, BY, time));
        let counted: Vec<Counted<'_>> = seen.iter().map(|seen| Counted { mosaic: mosaic(seen.part), seen }).collect();
        blocks(&counted, BY, time, grid, bits)
    }

    #[test]
    fn what_changed_since_is_counted_as_if_it_had_always_been_so() {
        let plan = plan();
        let valid = |at: usize| match at % 17 {
            0 => ("2030-01-01 00:00:00+00", None),
            1 => ("2020-01-01 00:00:00+00", Some("2031-01-01 00:00:00+00")),
            _ => ("2020-01-01 00:00:00+00", None),
        };
        // smaller than the finest cells, and larger
        for step in [9.0, 33.0] {
            let large = Arc::new(parcels(&plan, 0..5_000, 75, step, valid));
            let mut dead = Bits::default();
            (0..large.len()).filter(|row| row % 31 < 3 || (400..700).contains(row)).for_each(|row| dead.set(row));
            let small = Arc::new(parcels(&plan, 5_000..5_400, 75, step, valid));
            let parts = [Part { run: large, dead: Arc::new(dead) }, Part { run: small, dead: Arc::default() }];
            let one = [Part { run: Arc::new(merged(&plan, &parts)), dead: Arc::default() }];
            let mut areas = 0;
            for (z, x, y) in [(0, 0, 0), (6, 34, 24), (10, 556, 394), (12, 2226, 1578), (13, 4452, 3156), (14, 8904, 6313)] {
                let grid = Grid::new(TileCoord::new(z, x, y).unwrap(), 64);
                for time in [at(2026), at(2030), at(2025), Filter::ValidDuring(None, None)] {
                    for units in [16, 64] {
                        let bits = grid.bits(units);
                        let expected = drawn(&one, false, &time, &grid, bits);
                        assert_eq!(drawn(&parts, true, &time, &grid, bits), expected, "{z} {time:?} {units}");
                        assert_eq!(drawn(&one, true, &time, &grid, bits), expected, "{z} {time:?} {units}");
                        assert!(z > 10 || !expected.is_empty(), "blank at {z}");
                        areas += expected.iter().map(|block| block.areas.len()).sum::<usize>();
                    }
                }
            }
            assert!(areas > 100, "{areas}");
            let gone: Bits = (0..one[0].run.len()).fold(Bits::default(), |mut all, row| {
                all.set(row);
                all
            });
            let none = [Part { run: Arc::clone(&one[0].run), dead: Arc::new(gone) }];
            let grid = Grid::new(TileCoord::new(10, 556, 394).unwrap(), 64);
            assert_eq!(drawn(&none, true, &at(2026), &grid, grid.bits(16)), [], "nothing is left of what has gone");
        }
    }

    #[test]
    fn neighbouring_tiles_agree_on_what_lies_between_them() {
        let run = Arc::new(parcels(&plan(), 0..19_600, 140, 37.0, always));
        let parts = [Part { run, dead: Arc::default() }];
        // the blocks of the common strip, as squares of a cell that are whose
        let own = |x: u32| {
            let grid = Grid::new(TileCoord::new(13, x, 3156).unwrap(), 64);
            drawn(&parts, true, &at(2026), &grid, grid.bits(16))
        };
        use geo::Contains;
        let whose = |blocks: &[super::Block], place: geo_types::Point<f64>| -> Option<Vec<u8>> {
            let line = |ring: &Vec<[u32; 2]>| geo_types::LineString::from_iter(ring.iter().map(|[x, y]| (f64::from(*x), f64::from(*y))));
            let holds =
                |area: &Vec<Vec<[u32; 2]>>| geo_types::Polygon::new(line(&area[0]), area[1..].iter().map(line).collect()).contains(&place);
            blocks.iter().find(|block| block.areas.iter().any(holds)).map(|block| block.value.clone())
        };
        let (west, east) = (own(4452), own(4453));
        let border = f64::from(4453u32 << 19);
        let mut random = rand::rngs::StdRng::seed_from_u64(9);
        let mut held = 0;
        for _ in 0..3_000 {
            let place = geo_types::Point::new(
                border + random.random_range(-8_000.0..8_000.0),
                f64::from(3156u32 << 19) + random.random_range(0.0..524_288.0),
            );
            let owner = whose(&west, place);
            assert_eq!(owner, whose(&east, place), "{place:?}");
            held += usize::from(owner.is_some());
        }
        assert!(held > 500, "{held}");
    }
}
