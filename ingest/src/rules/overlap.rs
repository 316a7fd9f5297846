//! Areas that lie over others: by how much, of all of a delivery. They are kept in millimetres, in memory, and held against each other beside
//! the database, which would take minutes for a city's parcels.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;
use rstar::primitives::{GeomWithData, Rectangle};
use rstar::{AABB, RTree};

use super::{Example, Findings, Rule};
use crate::geometry::Shape;
use crate::load::EXAMPLES;

/// Units a metre.
const FINE: f64 = 1_000.0;

/// With more pairs of edges than this, two areas are held against each other along a line that sweeps over them.
const MANY: usize = 4_000_000;

/// Two areas of at most so many positions each are first held against a line that might part them.
const FEW: usize = 48;

/// Edges whose common extent is known.
const CHUNK: usize = 16;

/// An edge above a level, as far as it is looked at: from where to where, how high at both ends, and whether the area is below it or above.
#[derive(Clone, Copy, Debug)]
struct Slope {
    west: f64,
    east: f64,
    height: [f64; 2],
    sign: f64,
}

/// Extents, each with the number of its area.
type Tree = RTree<GeomWithData<Rectangle<Fine>, u32>>;

/// Two areas with more square metres in common lie over each other, be it by a hair: a square millimetre, below which is what rounding makes.
const LITTLE: f64 = 1e-6;

/// The turn of an area that has none yet.
const NEVER: u32 = u32::MAX;

/// A position in millimetres east and north of the first of all.
type Fine = [i32; 2];

/// Areas in storage's metres, each with the row that it is of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Areas {
    origin: Option<[f64; 2]>,
    /// Rings without their first position again; outer ones run anticlockwise, holes the other way.
    positions: Vec<Fine>,
    /// Where each ring ends.
    rings: Vec<u32>,
    areas: Vec<AreaOf>,
    /// Once all are there: how far west, east and north the edges reach that end at so many positions, one after the other.
    reaches: Vec<[i32; 3]>,
}

#[derive(Clone, Copy, Debug)]
struct AreaOf {
    /// Where its rings end among all.
    rings: u32,
    /// Which of all rows it is, from one on, and of which file by which number.
    seq: u32,
    file: u32,
    number: u32,
}

/// A row that lies over one before it.
struct Over {
    area: usize,
    other: usize,
    square_metres: f64,
}

impl Areas {
    /// Adds an area that is valid. One that is farther off than millimetres reach, or of a row beyond what is counted, is left out.
    pub(crate) fn add(&mut self, shape: &Shape, seq: u64, file: usize, number: u64) {
        let (Ok(seq), Ok(file), Ok(number)) = (u32::try_from(seq), u32::try_from(file), u32::try_from(number)) else { return };
        let Some(first) = shape.positions.first() else { return };
        let origin = *self.origin.get_or_insert(*first);
        let fine = |at: &[f64; 2]| [0, 1].map(|axis| ((at[axis] - origin[axis]) * FINE).round());
        if shape.positions.iter().any(|at| fine(at).into_iter().any(|along| along.abs() > f64::from(i32::MAX / 2))) {
            return;
        }
        // the ring that the next part begins with, which is an outer one
        let (mut outer, mut ends) = (0, shape.parts.iter());
        for (index, ring) in shape.rings().enumerate() {
            let is_hole = index != outer;
            if !is_hole {
                outer = ends.next().copied().unwrap_or(usize::MAX);
            }
            let from = self.positions.len();
            self.positions.extend(ring[..ring.len().saturating_sub(1)].iter().map(|at| fine(at).map(|along| along as i32)));
            let own = &mut self.positions[from..];
            if (doubled(own) < 0) != is_hole {
                own.reverse();
            }
            self.rings.push(self.positions.len() as u32);
        }
        self.areas.push(AreaOf { rings: self.rings.len() as u32, seq, file, number });
    }

    /// Tells which areas share more than so many square metres with one of a row before; each is told with the first that is found.
    pub(crate) fn tell(mut self, at_least: f64, name: &dyn Fn(usize, u64) -> String, found: &mut Findings) {
        self.finish();
        let over = self.over(at_least);
        let examples = over.iter().take(EXAMPLES).map(|Over { area, other, square_metres }| {
            let row = |area: usize| name(self.areas[area].file as usize, self.areas[area].number.into());
            let what = Some(format!("{square_metres:.2} m² ∩ {}", row(*other)));
            Example { row: row(*area), what, at: self.within_both(*area, *other) }
        });
        found.add_all(Rule::Overlap, over.len() as u64, examples.collect());
    }

    /// All are there.
    fn finish(&mut self) {
        self.in_order();
        self.reaches = vec![[i32::MAX, i32::MIN, i32::MIN]; self.positions.len().div_ceil(CHUNK)];
        let rings: Vec<Range<usize>> = (0..self.areas.len()).flat_map(|area| self.rings_of(area)).collect();
        for ring in rings {
            for at in ring.clone() {
                let [from, to] = self.edge(&ring, at);
                let [west, east, north] = &mut self.reaches[at / CHUNK];
                (*west, *east, *north) =
                    ((*west).min(from[0]).min(to[0]), (*east).max(from[0]).max(to[0]), (*north).max(from[1]).max(to[1]));
            }
        }
    }

    /// The edge of a ring that ends at a position.
    fn edge(&self, ring: &Range<usize>, at: usize) -> [Fine; 2] {
        [self.positions[if at == ring.start { ring.end } else { at } - 1], self.positions[at]]
    }

    /// Puts the areas in the order of their rows: those that the database looked at were added last.
    fn in_order(&mut self) {
        if self.areas.is_sorted_by_key(|area| area.seq) {
            return;
        }
        let mut order: Vec<usize> = (0..self.areas.len()).collect();
        order.sort_by_key(|area| self.areas[*area].seq);
        let mut sorted = Self { origin: self.origin, ..Self::default() };
        for area in order {
            for ring in self.rings_of(area) {
                sorted.positions.extend_from_slice(&self.positions[ring]);
                sorted.rings.push(sorted.positions.len() as u32);
            }
            sorted.areas.push(AreaOf { rings: sorted.rings.len() as u32, ..self.areas[area] });
        }
        *self = sorted;
    }

    /// The positions of each ring of an area.
    fn rings_of(&self, area: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let first = if area == 0 { 0 } else { self.areas[area - 1].rings as usize };
        (first..self.areas[area].rings as usize).map(|ring| {
            let from = if ring == 0 { 0 } else { self.rings[ring - 1] as usize };
            from..self.rings[ring] as usize
        })
    }

    /// All positions of an area.
    fn positions_of(&self, area: usize) -> &[Fine] {
        let end = |rings: u32| if rings == 0 { 0 } else { self.rings[rings as usize - 1] as usize };
        let before = if area == 0 { 0 } else { self.areas[area - 1].rings };
        &self.positions[end(before)..end(self.areas[area].rings)]
    }

    fn extent(&self, area: usize) -> (Fine, Fine) {
        self.positions_of(area).iter().fold(([i32::MAX; 2], [i32::MIN; 2]), |(low, high), [x, y]| {
            ([low[0].min(*x), low[1].min(*y)], [high[0].max(*x), high[1].max(*y)])
        })
    }

    /// Those that lie over one before, each with the first of them that was found.
    ///
    /// Of most areas every edge is a neighbour's, too, the other way round, as on a map that was drawn without gaps: those are passed over.
    /// For the number of areas round a point changes but where an edge stands alone; so where two lie over each other, what is covered twice
    /// is bounded by such edges, and an area with one of them lies over another there. From it the others are found: once two are known to lie
    /// over each other, however little, all round them are looked at.
    fn over(&self, at_least: f64) -> Vec<Over> {
        let boxes = (0..self.areas.len()).map(|area| {
            let (low, high) = self.extent(area);
            GeomWithData::new(Rectangle::from_corners(low, high), area as u32)
        });
        let tree = RTree::bulk_load(boxes.collect());
        let mut turns = vec![NEVER; self.areas.len()];
        let mut areas = self.open(&tree);
        let (mut over, mut spread) = (Vec::new(), vec![false; self.areas.len()]);
        let mut turn = 0;
        areas.iter().for_each(|area| turns[*area] = turn);
        while !areas.is_empty() {
            let met = by_all_processors(&areas, |own| own.iter().flat_map(|area| self.met(*area, &turns, &tree, at_least)).collect());
            turn += 1;
            areas.clear();
            for area in met.iter().flat_map(|met| [met.area, met.other]) {
                if std::mem::replace(&mut spread[area], true) {
                    continue;
                }
                for near in self.near(area, &tree).filter(|near| turns[*near] == NEVER).collect::<Vec<_>>() {
                    turns[near] = turn;
                    areas.push(near);
                }
            }
            over.extend(met.into_iter().filter(|met| met.square_metres >= at_least));
        }
        over.sort_unstable_by_key(|over| (over.area, over.other));
        over.dedup_by_key(|over| over.area);
        over
    }

    /// The areas whose extents meet that of one, which is among them.
    fn near<'t>(&self, area: usize, tree: &'t Tree) -> impl Iterator<Item = usize> + 't {
        let (low, high) = self.extent(area);
        tree.locate_in_envelope_intersecting(&AABB::from_corners(low, high)).map(|near| near.data as usize)
    }

    /// The areas that have an edge which is no other's the other way round, or is more than one's.
    fn open(&self, tree: &Tree) -> Vec<usize> {
        let met: Vec<AtomicU8> = (0..self.positions.len().div_ceil(8)).map(|_| AtomicU8::new(0)).collect();
        let open: Vec<AtomicBool> = (0..self.areas.len()).map(|_| AtomicBool::new(false)).collect();
        // whether it was so before
        let meet = |at: usize| met[at / 8].fetch_or(1 << (at % 8), Ordering::Relaxed) >> (at % 8) & 1 == 1;
        let all: Vec<usize> = (0..self.areas.len()).collect();
        by_all_processors(&all, |own| {
            let (mut edges, mut others) = (Vec::new(), Vec::new());
            for area in own {
                for other in self.near(*area, tree).filter(|other| other < area) {
                    let within = self.common_box(*area, other);
                    self.edges_within(*area, within, &mut edges);
                    self.edges_within(other, within, &mut others);
                    others.sort_unstable();
                    let along = |edge: [Fine; 2]| {
                        let first = others.partition_point(|(its, _)| *its < edge);
                        others[first..].iter().take_while(move |(its, _)| *its == edge).map(|(_, at)| *at)
                    };
                    for ([from, to], at) in &edges {
                        let again = along([*to, *from]).fold(false, |again, its| again | meet(its) | meet(*at));
                        if again || along([*from, *to]).next().is_some() {
                            open[*area].store(true, Ordering::Relaxed);
                            open[other].store(true, Ordering::Relaxed);
                        }
                    }
                }
            }
            Vec::<()>::new()
        });
        let is_met = |at: usize| met[at / 8].load(Ordering::Relaxed) >> (at % 8) & 1 == 1;
        let stands_alone =
            |ring: Range<usize>| ring.clone().any(|at| !is_met(at) && matches!(self.edge(&ring, at), [from, to] if from != to));
        (0..self.areas.len()).filter(|area| open[*area].load(Ordering::Relaxed) || self.rings_of(*area).any(stands_alone)).collect()
    }

    /// The edges of an area, each with its number, that have both ends in a box or on its sides.
    fn edges_within(&self, area: usize, (low, high): (Fine, Fine), out: &mut Vec<([Fine; 2], usize)>) {
        let holds = |[x, y]: &Fine| low[0] <= *x && *x <= high[0] && low[1] <= *y && *y <= high[1];
        out.clear();
        for ring in self.rings_of(area) {
            let mut at = ring.start;
            while at < ring.end {
                let (begun, [west, east, north]) = (at, self.reaches[at / CHUNK]);
                at = ((begun / CHUNK + 1) * CHUNK).min(ring.end);
                if west > high[0] || east < low[0] || north < low[1] {
                    continue;
                }
                let edges = (begun..at).map(|at| (self.edge(&ring, at), at));
                out.extend(edges.filter(|([from, to], _)| holds(from) && holds(to) && from != to));
            }
        }
    }

    /// The box in which the extents of two areas meet.
    fn common_box(&self, one: usize, other: usize) -> (Fine, Fine) {
        let ((low, high), (its_low, its_high)) = (self.extent(one), self.extent(other));
        ([0, 1].map(|axis| low[axis].max(its_low[axis])), [0, 1].map(|axis| high[axis].min(its_high[axis])))
    }

    /// The areas with which one, whose turn it is, has something in common; of those before it none behind the first that it lies over. A pair is
    /// looked at in the turn of the one that has its turn first, and in the same turn in that of the one before.
    fn met(&self, area: usize, turns: &[u32], tree: &Tree, at_least: f64) -> Vec<Over> {
        let own = turns[area];
        let (mut slopes, mut is_over) = ((Vec::new(), Vec::new()), false);
        let meets = |other: usize| {
            let done = turns[other] < own || (turns[other] == own && other < area);
            if other == area || done || (is_over && other < area) {
                return None;
            }
            let (low, high) = self.common_box(area, other);
            let most = f64::from(high[0] - low[0]) * f64::from(high[1] - low[1]) / (FINE * FINE);
            if most < LITTLE || self.are_parted(area, other, (low, high), LITTLE) {
                return None;
            }
            let square_metres = self.common(area, other, (low, high), &mut slopes) / (FINE * FINE);
            is_over |= other < area && square_metres >= at_least;
            (square_metres >= at_least.min(LITTLE)).then_some(Over { area: area.max(other), other: area.min(other), square_metres })
        };
        self.near(area, tree).filter_map(meets).collect()
    }

    /// Whether an edge of one of two small areas parts them, as it does most neighbours: each lies on its own side of it, but for a strip so narrow
    /// that no more than `at_least` square metres of it are in the box in which their extents meet.
    fn are_parted(&self, one: usize, other: usize, (low, high): (Fine, Fine), at_least: f64) -> bool {
        let (a, b) = (self.positions_of(one), self.positions_of(other));
        if a.len() > FEW || b.len() > FEW {
            return false;
        }
        let across = f64::from(high[0] - low[0]).hypot(f64::from(high[1] - low[1]));
        let narrow = 0.4 * at_least * FINE * FINE / across.max(1.0);
        let parts = |from: &Fine, to: &Fine, inside: &[Fine], outside: &[Fine]| {
            let along = [0, 1].map(|axis| f64::from(to[axis] - from[axis]));
            let most = narrow * along[0].hypot(along[1]);
            let left = |at: &Fine| along[0] * f64::from(at[1] - from[1]) - along[1] * f64::from(at[0] - from[0]);
            most > 0.0 && outside.iter().all(|at| left(at) <= most) && inside.iter().all(|at| left(at) >= -most)
        };
        [(one, a, b), (other, b, a)].into_iter().any(|(area, inside, outside)| {
            self.rings_of(area).any(|ring| {
                let ends = |at| self.edge(&ring, at);
                ring.clone().any(|at| matches!(ends(at), [from, to] if parts(&from, &to, inside, outside)))
            })
        })
    }

    /// The area that two have in common, square millimetres; the extents of both meet in the box. An area is what lies below its edges that it is
    /// below of, less what lies below those that it is above of; so what is common to two is the sum, over all pairs of edges, of what lies
    /// below both.
    fn common(&self, one: usize, other: usize, within: (Fine, Fine), slopes: &mut (Vec<Slope>, Vec<Slope>)) -> f64 {
        let (a, b) = slopes;
        self.slopes(one, within, a);
        self.slopes(other, within, b);
        if a.len().saturating_mul(b.len()) > MANY {
            return self.swept(one, other);
        }
        b.sort_unstable_by(|one, other| one.west.total_cmp(&other.west));
        let below = |one: &Slope| -> f64 { b.iter().take_while(|other| other.west < one.east).map(|other| below_both(one, other)).sum() };
        a.iter().map(below).sum()
    }

    /// The edges of an area above the bottom of a box, between its sides, no higher than its top.
    fn slopes(&self, area: usize, (low, high): (Fine, Fine), out: &mut Vec<Slope>) {
        out.clear();
        let (width, top) = (f64::from(high[0] - low[0]), f64::from(high[1] - low[1]));
        for ring in self.rings_of(area) {
            let mut at = ring.start;
            while at < ring.end {
                let (begun, [west, east, north]) = (at, self.reaches[at / CHUNK]);
                at = ((begun / CHUNK + 1) * CHUNK).min(ring.end);
                if west >= high[0] || east <= low[0] || north <= low[1] {
                    continue;
                }
                for [from, to] in (begun..at).map(|at| self.edge(&ring, at)) {
                    if from[0] == to[0] || from[0].max(to[0]) <= low[0] || from[0].min(to[0]) >= high[0] || from[1].max(to[1]) <= low[1] {
                        continue;
                    }
                    // anticlockwise the area is below what runs west
                    let (sign, west, east) = if from[0] > to[0] { (1.0, to, from) } else { (-1.0, from, to) };
                    let [west, east] = [west, east].map(|at| [0, 1].map(|axis| f64::from(at[axis] - low[axis])));
                    let steep = (east[1] - west[1]) / (east[0] - west[0]);
                    let height = |x: f64| west[1] + (x - west[0]) * steep;
                    let (from, to) = (west[0].max(0.0), east[0].min(width));
                    // where it leaves the box below or above
                    let [mut a, mut b] =
                        if steep == 0.0 { [to; 2] } else { [0.0, top].map(|level| (west[0] + (level - west[1]) / steep).clamp(from, to)) };
                    if a > b {
                        std::mem::swap(&mut a, &mut b);
                    }
                    for (west, east) in [(from, a), (a, b), (b, to)] {
                        let ends = [height(west), height(east)].map(|height| height.clamp(0.0, top));
                        if west < east && ends != [0.0; 2] {
                            out.push(Slope { west, east, height: ends, sign });
                        }
                    }
                }
            }
        }
    }

    /// The same by a sweep (crate i_overlay).
    fn swept(&self, one: usize, other: usize) -> f64 {
        let mut overlay = Overlay::<i32>::new(self.rings_of(one).chain(self.rings_of(other)).map(|ring| ring.len()).sum());
        for (area, kind) in [(one, ShapeType::Subject), (other, ShapeType::Clip)] {
            for ring in self.rings_of(area) {
                overlay.add_path_iter(self.positions[ring].iter().map(|[x, y]| IntPoint::new(*x, *y)), kind);
            }
        }
        let shapes = overlay.overlay(OverlayRule::Intersect, FillRule::EvenOdd);
        let doubled = |ring: &Vec<IntPoint>| doubled(&ring.iter().map(|at| [at.x, at.y]).collect::<Vec<_>>()) as f64;
        shapes.iter().flatten().map(doubled).sum::<f64>().abs() / 2.0
    }

    /// A point that is in both, in storage: in the widest stretch that both have of some levels. `None`: none of the levels meets both.
    fn within_both(&self, one: usize, other: usize) -> Option<[f64; 2]> {
        const LEVELS: i32 = 32;
        let ((low, high), (other_low, other_high)) = (self.extent(one), self.extent(other));
        let (south, north) = (low[1].max(other_low[1]), high[1].min(other_high[1]));
        let mut widest: Option<(f64, [f64; 2])> = None;
        for level in 0..LEVELS {
            let y = f64::from(south) + f64::from(north - south) * (f64::from(level) + 0.5) / f64::from(LEVELS);
            let (a, b) = (self.crossings(one, y), self.crossings(other, y));
            for (a, b) in a.chunks_exact(2).flat_map(|a| b.chunks_exact(2).map(move |b| (a, b))) {
                let (west, east) = (a[0].max(b[0]), a[1].min(b[1]));
                if east > west && widest.is_none_or(|(width, _)| east - west > width) {
                    widest = Some((east - west, [f64::midpoint(west, east), y]));
                }
            }
        }
        let (_, at) = widest?;
        let origin = self.origin?;
        Some([0, 1].map(|axis| origin[axis] + at[axis] / FINE))
    }

    /// Where an area's outline crosses a level, from west to east.
    fn crossings(&self, area: usize, y: f64) -> Vec<f64> {
        let mut crossings = Vec::new();
        for ring in self.rings_of(area) {
            let ring = &self.positions[ring];
            let mut before = ring.last().copied().unwrap_or_default();
            for at in ring {
                let [[ax, ay], [bx, by]] = [std::mem::replace(&mut before, *at), *at].map(|at| at.map(f64::from));
                if (ay > y) != (by > y) {
                    crossings.push((bx - ax) * (y - ay) / (by - ay) + ax);
                }
            }
        }
        crossings.sort_by(f64::total_cmp);
        crossings
    }
}

/// What comes of a list, a part of it done by each processor.
fn by_all_processors<T: Send>(list: &[usize], work: impl Fn(&[usize]) -> Vec<T> + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let parts = list.chunks(list.len().div_ceil(threads).max(1));
        let tasks: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
        tasks.into_iter().flat_map(|task| task.join().unwrap_or_default()).collect()
    })
}

/// What lies below two edges at once, with the signs of both.
fn below_both(one: &Slope, other: &Slope) -> f64 {
    let (west, east) = (one.west.max(other.west), one.east.min(other.east));
    if west >= east {
        return 0.0;
    }
    let heights = |slope: &Slope| {
        let steep = (slope.height[1] - slope.height[0]) / (slope.east - slope.west);
        [west, east].map(|x| slope.height[0] + (x - slope.west) * steep)
    };
    let (a, b) = (heights(one), heights(other));
    let (first, last) = (a[0] - b[0], a[1] - b[1]);
    let lower = [a[0].min(b[0]), a[1].min(b[1])];
    let width = east - west;
    let area = if first * last < 0.0 {
        let part = first / (first - last);
        let crossing = a[0] + (a[1] - a[0]) * part;
        width * (part * (lower[0] + crossing) + (1.0 - part) * (crossing + lower[1])) / 2.0
    } else {
        width * (lower[0] + lower[1]) / 2.0
    };
    area * one.sign * other.sign
}

/// Twice the area of a ring, more than nought if it runs anticlockwise.
fn doubled(ring: &[Fine]) -> i128 {
    let Some(last) = ring.last() else { return 0 };
    let mut before = *last;
    let crossed = |at: &Fine| {
        let from = std::mem::replace(&mut before, *at);
        i128::from(from[0]) * i128::from(at[1]) - i128::from(at[0]) * i128::from(from[1])
    };
    ring.iter().map(crossed).sum()
}

#[cfg(test)]
mod tests {
    use super::Areas;
    use crate::Limits;
    use crate::geometry;
    use crate::rules::{Example, Findings};
    use crate::source::RawGeometry;

    fn areas(wkt: &[String]) -> Areas {
        let mut areas = Areas::default();
        for (row, wkt) in (1..).zip(wkt) {
            let shape = geometry::tidy(RawGeometry::Wkt(wkt.clone()), &Limits::default()).unwrap().shape;
            areas.add(&shape, row, 0, row);
        }
        areas
    }

    impl Areas {
        /// The numbers of the rows that lie over one before.
        fn over_rows(mut self, at_least: f64) -> Vec<u32> {
            self.finish();
            self.over(at_least).iter().map(|over| self.areas[over.area].number).collect()
        }
    }

    fn found(wkt: &[&str]) -> Vec<Example> {
        let mut found = Findings::default();
        let wkt: Vec<String> = wkt.iter().map(|wkt| (*wkt).to_owned()).collect();
        areas(&wkt).tell(0.1, &|_, row| row.to_string(), &mut found);
        found
            .each()
            .flat_map(|(_, rows, examples)| {
                assert_eq!(rows as usize, examples.len());
                examples.to_vec()
            })
            .collect()
    }

    #[test]
    fn neighbours_share_no_area() {
        let squares = ["POLYGON((0 0,4 0,4 4,0 4,0 0))", "POLYGON((4 1,8 1,8 3,4 3,4 1))", "POLYGON((0 4,4 4,2 9,0 4))"];
        assert_eq!(found(&squares), []);
        // in a hole, and a hundredth of a square metre
        assert_eq!(found(&["POLYGON((0 0,9 0,9 9,0 9,0 0),(2 2,2 7,7 7,7 2,2 2))", "POLYGON((2 2,7 2,7 7,2 7,2 2))"]), []);
        assert_eq!(found(&["POLYGON((0 0,4 0,4 4,0 4,0 0))", "POLYGON((3.99 0,5 0,5 1,3.99 1,3.99 0))"]), []);
    }

    #[test]
    fn the_later_of_two_is_told_with_a_place_in_both() {
        let over = found(&["POLYGON((0 0,4 0,4 4,0 4,0 0))", "POLYGON((8 8,9 8,9 9,8 9,8 8))", "POLYGON((6 2,2 2,2 6,6 6,6 2))"]);
        assert_eq!((over[0].row.as_str(), over[0].what.as_deref()), ("3", Some("4.00 m² ∩ 1")));
        let [x, y] = over[0].at.unwrap();
        assert!((2.0..4.0).contains(&x) && (2.0..4.0).contains(&y), "{x} {y}");
        // the same twice, one within another, parts, a hole that is drawn the wrong way round
        assert_eq!(found(&["POLYGON((0 0,4 0,4 4,0 4,0 0))"; 2])[0].what.as_deref(), Some("16.00 m² ∩ 1"));
        assert_eq!(found(&["POLYGON((0 0,9 0,9 9,0 0))", "POLYGON((5 1,5 2,6 2,5 1))"])[0].what.as_deref(), Some("0.50 m² ∩ 1"));
        let parts = "MULTIPOLYGON(((0 0,1 0,1 1,0 1,0 0)),((5 0,6 0,6 1,5 1,5 0)))";
        assert_eq!(found(&[parts, "POLYGON((0 0,9 0,9 0.5,0 0.5,0 0))"])[0].what.as_deref(), Some("1.00 m² ∩ 1"));
        let hole = "POLYGON((0 0,9 0,9 9,0 9,0 0),(2 2,7 2,7 7,2 7,2 2))";
        assert_eq!(found(&[hole, "POLYGON((0 4,9 4,9 5,0 5,0 4))"])[0].what.as_deref(), Some("4.00 m² ∩ 1"));
    }

    #[test]
    fn of_random_stars_it_is_what_a_sweep_says() {
        let mut random = random(7);
        let mut star = || {
            let (n, x, y) = (3 + random(40), random(40) as f64, random(40) as f64);
            let mut ring: Vec<String> = (0..n)
                .map(|i| {
                    let (angle, radius) = (i as f64 / n as f64 * std::f64::consts::TAU, 1.0 + random(20) as f64);
                    format!("{:.3} {:.3}", x + radius * angle.cos(), y + radius * angle.sin())
                })
                .collect();
            ring.push(ring[0].clone());
            format!("POLYGON(({}))", ring.join(","))
        };
        let stars: Vec<String> = (0..60).map(|_| star()).collect();
        let mut areas = areas(&stars);
        areas.finish();
        let (mut slopes, mut met, mut parted) = ((Vec::new(), Vec::new()), 0, 0);
        for (one, other) in (0..60).flat_map(|one| (0..one).map(move |other| (one, other))) {
            let within = areas.common_box(one, other);
            if within.0[0] >= within.1[0] || within.0[1] >= within.1[1] {
                continue;
            }
            if areas.are_parted(one, other, within, 5.0) {
                parted += 1;
                assert!(areas.swept(one, other) / 1e6 <= 5.0, "{one} {other}");
            }
            let (summed, swept) = (areas.common(one, other, within, &mut slopes) / 1e6, areas.swept(one, other) / 1e6);
            assert!((summed - swept).abs() < 0.05, "{one} {other}: {summed} {swept}\n{}\n{}", stars[one], stars[other]);
            met += usize::from(swept > 0.1);
        }
        assert!(met > 500 && parted > 5, "{met} {parted}");
    }

    /// Numbers that nobody foresees, the same each time.
    fn random(seed: u64) -> impl FnMut(u64) -> u64 {
        let mut number = seed;
        move |most| {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (number >> 33) % most
        }
    }

    #[test]
    fn what_is_hemmed_by_narrow_strips_is_found_too() {
        // two squares that share much, their outlines cut into pieces of which each has a strip of a millimetre on its other side
        let square = |[x, y]: [f64; 2]| {
            let side = |from: [f64; 2], [dx, dy]: [f64; 2]| (0..6).map(move |i| [from[0] + dx * f64::from(i), from[1] + dy * f64::from(i)]);
            let corners = [[x, y], [x + 3.0, y], [x + 3.0, y + 3.0], [x, y + 3.0]];
            let along = [[0.5, 0.0], [0.0, 0.5], [-0.5, 0.0], [0.0, -0.5]];
            corners.into_iter().zip(along).flat_map(|(corner, along)| side(corner, along)).collect::<Vec<[f64; 2]>>()
        };
        let wkt = |ring: &[[f64; 2]]| {
            let text: Vec<String> = ring.iter().chain(&ring[..1]).map(|[x, y]| format!("{x:.3} {y:.3}")).collect();
            format!("POLYGON(({}))", text.join(","))
        };
        let mut rings = Vec::new();
        for square in [square([0.0, 0.0]), square([1.2, 1.2])] {
            let after = |i: usize| square[(i + 1) % square.len()];
            rings.push(wkt(&square));
            for (i, [ax, ay]) in square.iter().copied().enumerate() {
                let [bx, by] = after(i);
                let (nx, ny) = ((by - ay) / 500.0, (ax - bx) / 500.0);
                rings.push(wkt(&[[bx, by], [ax, ay], [ax + nx, ay + ny], [bx + nx, by + ny]]));
            }
        }
        // the two, which are the first and the one behind its strips
        assert_eq!(areas(&rings).over_rows(0.1), [26]);
    }

    #[test]
    fn on_maps_without_gaps_what_lies_over_another_is_found_whatever_was_done_to_them() {
        let (mut found, mut maps) = (0, 0);
        for seed in 0..120 {
            let mut random = random(seed);
            // cells whose corners are moved a little, all of a corner's cells alike
            let (n, side) = (7usize, 10.0);
            let jitter: Vec<[f64; 2]> = (0..(n + 1) * (n + 1)).map(|_| [random(5) as f64, random(5) as f64]).collect();
            let corner = |x: usize, y: usize| {
                let [dx, dy] = jitter[y * (n + 1) + x];
                [x as f64 * side + dx, y as f64 * side + dy]
            };
            let cell = |x: usize, y: usize| vec![corner(x, y), corner(x + 1, y), corner(x + 1, y + 1), corner(x, y + 1)];
            let mut rings: Vec<Vec<[f64; 2]>> = (0..n * n).map(|i| cell(i % n, i / n)).collect();
            // again: nothing, a few cells, a whole block of them, all; as they are or a little aside; or one cell grows, or a large one over many
            let again: Vec<usize> = match random(6) {
                0 => Vec::new(),
                1 => (0..3).map(|_| random((n * n) as u64) as usize).collect(),
                2 => (0..n * n).filter(|i| (2..6).contains(&(i % n)) && (1..5).contains(&(i / n))).collect(),
                3 => (0..n * n).collect(),
                4 => {
                    let grown = random((n * n) as u64) as usize;
                    rings[grown][2] = [rings[grown][2][0] + 4.0, rings[grown][2][1] + 3.0];
                    Vec::new()
                }
                _ => {
                    rings.push(vec![corner(1, 1), corner(5, 1), corner(5, 5), corner(1, 5)]);
                    Vec::new()
                }
            };
            let aside = if random(2) == 0 { 0.0 } else { 0.25 };
            for cell in again {
                let copy = rings[cell].iter().map(|[x, y]| [x + aside, *y]).collect();
                rings.push(copy);
            }
            let wkt: Vec<String> = rings
                .iter()
                .map(|ring| {
                    let text: Vec<String> = ring.iter().chain(&ring[..1]).map(|[x, y]| format!("{x} {y}")).collect();
                    format!("POLYGON(({}))", text.join(","))
                })
                .collect();
            let areas = areas(&wkt);
            let over = areas.clone().over_rows(0.5);
            let is_over = |area: &usize| (0..*area).any(|other| areas.swept(*area, other) / 1e6 >= 0.5);
            let expected: Vec<u32> = (0..wkt.len()).filter(is_over).map(|area| area as u32 + 1).collect();
            assert_eq!(over, expected, "map {seed}: {wkt:?}");
            found += expected.len();
            maps += usize::from(expected.is_empty());
        }
        assert!(found > 500 && maps > 5, "{found} in all, {maps} maps without one");
    }
}
