//! How much of each cell of a grid an area covers, in whole numbers.
//!
//! Neighbours that share their border share it to the last digit: what one has less of a cell the other has more. So areas that fill
//! a plane cover each cell exactly, and what is taken away again leaves nothing behind.

use super::level::area;
use super::run::{Kind, Run};
use super::world::World;

/// What covers a whole cell of the finest grid that was painted.
pub(crate) const FULL: i64 = 1 << 16;

/// Cells of a grid from the north-west one to before the south-east one, columns before rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) from: [u32; 2],
    pub(crate) to: [u32; 2],
}

impl Window {
    pub(crate) fn holds(&self, [x, y]: [u32; 2]) -> bool {
        (self.from[0]..self.to[0]).contains(&x) && (self.from[1]..self.to[1]).contains(&y)
    }

    pub(crate) fn width(&self) -> usize {
        self.to[0].saturating_sub(self.from[0]) as usize
    }

    pub(crate) fn height(&self) -> usize {
        self.to[1].saturating_sub(self.from[1]) as usize
    }

    /// The same ground in cells of which these are so many halvings.
    pub(crate) fn finer(&self, halvings: u32) -> Self {
        let fine = |at: u32| ((u64::from(at)) << halvings).min(u64::from(u32::MAX)) as u32;
        Self { from: self.from.map(fine), to: self.to.map(fine) }
    }
}

/// Paints areas, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Painter {
    /// By rows of cells: how much more of a cell is covered than of the one before.
    more: Vec<i64>,
    ring: Vec<[i64; 2]>,
}

/// The cells that a ring runs through.
struct Box_ {
    /// The first cell.
    corner: [u32; 2],
    width: usize,
    height: usize,
    bits: u32,
}

impl Painter {
    /// Tells what a row covers of the cells of a window, whose sides are `2^bits` world units, at most 2^16. What is smaller than a cell is all
    /// in the one of its middle. Anything but an area covers nothing.
    pub(crate) fn paint(&mut self, run: &Run, row: usize, bits: u32, window: &Window, mut put: impl FnMut([u32; 2], i64)) {
        let extent = run.extent(row);
        if run.kind(row) != Kind::Area {
            return;
        }
        let cell = |[x, y]: World| [x >> bits, y >> bits];
        if u64::from(extent.side()) < 1 << bits {
            let middle = cell(extent.centre());
            if window.holds(middle) {
                put(middle, whole(run, row, bits));
            }
            return;
        }
        let ([west, north], [east, south]) = (cell([extent.west, extent.north]), cell([extent.east, extent.south]));
        let (from, to) = (north.max(window.from[1]), south.saturating_add(1).min(window.to[1]));
        if from >= to || west >= window.to[0] || east < window.from[0] {
            return;
        }
        let box_ = Box_ { corner: [west, from], width: (east - west + 1) as usize, height: (to - from) as usize, bits };
        self.more.clear();
        self.more.resize((box_.width + 2) * box_.height, 0);
        for part in run.parts(row) {
            self.ring.clear();
            self.ring.extend(part.positions().map(|([x, y], _)| [i64::from(x), i64::from(y)]));
            for at in 0..self.ring.len() {
                let (a, b) = (self.ring[at], self.ring[(at + 1) % self.ring.len()]);
                // what runs southwards has the area to its left
                match a[1].cmp(&b[1]) {
                    std::cmp::Ordering::Less => edge(&mut self.more, &box_, a, b, -1),
                    std::cmp::Ordering::Greater => edge(&mut self.more, &box_, b, a, 1),
                    std::cmp::Ordering::Equal => {}
                }
            }
        }
        for (line, more) in self.more.chunks_exact(box_.width + 2).enumerate() {
            let mut covered = 0;
            for (column, more) in more[..box_.width].iter().enumerate() {
                covered += more;
                let at = [west + column as u32, from + line as u32];
                if covered != 0 && window.holds(at) {
                    put(at, covered);
                }
            }
        }
    }
}

/// All of a row, at least a trace.
fn whole(run: &Run, row: usize, bits: u32) -> i64 {
    let share = area(run, row) / f64::from(2 * bits).exp2();
    ((share * FULL as f64).round() as i64).max(1)
}

/// Adds what lies east of an edge that runs from `a` southwards to `b`, times `sign`.
fn edge(more: &mut [i64], box_: &Box_, a: [i64; 2], b: [i64; 2], sign: i64) {
    let Box_ { corner, width, height, bits } = *box_;
    let side = f64::from(bits).exp2();
    let slope = (b[0] - a[0]) as f64 / (b[1] - a[1]) as f64;
    // in cells of the whole grid, so that it is the same whatever box it is seen in
    let column = |y: i64| (a[0] as f64 + (y - a[1]) as f64 * slope) / side - f64::from(corner[0]);
    let first = i64::from(corner[1]) << bits;
    let (mut y, end) = (a[1].max(first), b[1].min(first + ((height as i64) << bits)));
    while y < end {
        let line = (y - first) >> bits;
        let next = (first + ((line + 1) << bits)).min(end);
        let tall = ((next - y) << 16) >> bits;
        let (one, other) = (column(y), column(next));
        let from = line as usize * (width + 2);
        share(&mut more[from..from + width + 2], one.min(other), one.max(other), tall, sign);
        y = next;
    }
}

/// Along one row of cells: what lies east of a slope between two columns.
fn share(more: &mut [i64], low: f64, high: f64, tall: i64, sign: i64) {
    let beyond = more.len() - 1;
    let first = (low.max(0.0) as usize).min(beyond);
    let last = ((high.ceil().max(1.0) as usize) - 1).clamp(first, beyond);
    // how much of a column and of all before it is covered
    let up_to = |column: usize| {
        let end = column as f64 + 1.0;
        if end >= high { end - (low + high) / 2.0 } else { (end - low).max(0.0).powi(2) / (2.0 * (high - low)) }
    };
    let (mut before, mut told) = (0.0, 0);
    for (column, more) in more.iter_mut().enumerate().take(last + 1).skip(first) {
        let all = up_to(column);
        let covered = ((tall as f64) * (all - before)).round() as i64;
        *more += sign * (covered - told);
        (before, told) = (all, covered);
    }
    if last < beyond {
        more[last + 1] += sign * (tall - told);
    }
}
