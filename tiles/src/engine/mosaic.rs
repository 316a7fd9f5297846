//! Areas that share a value, as the cells of a grid that they cover: what is drawn of them where there is more of them than a map can show.
//!
//! What each row covers is counted in cells of one fine grid, and those of coarser grids are their sums. Such sums can be added to and
//! taken from: a large run is counted once, and of what changed since, or is valid for a time only, the difference is made at each tile.

use std::collections::HashMap;
use std::sync::Arc;

use kernel::Filter;
use xxhash_rust::xxh3::Xxh3Builder;

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
        let mut known: HashMap<Codes, u32, Xxh3Builder> = HashMap::default();
        let all = run.boxes.iter().fold(Extent::NOTHING, |all, one| all.union(*one));
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

/// The cells of a window, as they are covered by what is to be drawn.
pub(crate) struct Canvas<'a> {
    pub(crate) window: Window,
    pub(crate) bits: u32,
    /// What covers a whole cell.
    pub(crate) full: i64,
    /// The first label of each cell with what it covers, rows first, and the cell's other labels.
    pub(crate) cells: Vec<(u32, i64)>,
    pub(crate) others: HashMap<u32, Vec<(u32, i64)>, Xxh3Builder>,
    /// The value and the comune of each label, as tiles have them; empty where there is none. The first is nobody's.
    pub(crate) labels: Vec<[&'a [u8]; 2]>,
    known: HashMap<[&'a [u8]; 2], u32, Xxh3Builder>,
}

impl<'a> Canvas<'a> {
    fn new(extent: &Extent, bits: u32) -> Self {
        // two cells beyond what is shown decide how it is drawn
        let from = |at: u32| (at >> bits).saturating_sub(2);
        let to = |at: u32| (at >> bits).saturating_add(3);
        let window = Window { from: [from(extent.west), from(extent.north)], to: [to(extent.east), to(extent.south)] };
        let full = FULL << (2 * bits.saturating_sub(FINEST));
        let cells = vec![(0, 0); window.width() * window.height()];
        Self { window, bits, full, cells, others: HashMap::default(), labels: vec![[&[]; 2]], known: HashMap::default() }
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
        let at = (y - self.window.from[1]) as usize * self.window.width() + (x - self.window.from[0]) as usize;
        let first = &mut self.cells[at];
        if first.0 == label || first.0 == 0 {
            *first = (label, first.1 + cover);
            return;
        }
        let others = self.others.entry(at as u32).or_default();
        match others.iter_mut().find(|(other, _)| *other == label) {
            Some((_, sum)) => *sum += cover,
            None => others.push((label, cover)),
        }
    }

    /// Adds what is counted.
    fn lay(&mut self, run: &'a Run, mosaic: &Mosaic) {
        let mut labels: HashMap<u32, u32, Xxh3Builder> = HashMap::default();
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
                let label = match labels.get(&span.label) {
                    Some(label) => *label,
                    None => {
                        let label = self.label(run, mosaic.labels[span.label as usize]);
                        labels.insert(span.label, label);
                        label
                    }
                };
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
                    if run.boxes[row].meets(&ground) {
                        canvas.paint(&mut painter, run, row, by, 1);
                    }
                }
                for row in part.dead.rows().filter(|row| is_seen(*row) && mosaic.unsettled.settles(run, *row)) {
                    if run.boxes[row].meets(&ground) {
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
