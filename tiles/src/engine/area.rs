//! Areas in a tile's units: whether their rings are sound, and making them so.

use i_overlay::core::fill_rule::FillRule;
use i_overlay::core::overlay::{IntOverlayOptions, Overlay, ShapeType};
use i_overlay::core::overlay_rule::OverlayRule;
use i_overlay::i_float::int::point::IntPoint;

use super::clip::{Square, Unit};

/// The rings of one area, the outer one first, none with its first position again.
#[derive(Debug, Default)]
pub(crate) struct Rings {
    pub(crate) positions: Vec<Unit>,
    pub(crate) ends: Vec<usize>,
}

/// An edge of a ring: which of the positions it begins and ends at.
type Edge = (u32, u32);

/// The edge that begins at a position of the ring from `first` to before `end`.
fn edge(at: usize, first: usize, end: usize) -> Edge {
    (at as u32, if at + 1 == end { first } else { at + 1 } as u32)
}

/// An edge with its box.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boxed {
    west: i32,
    east: i32,
    north: i32,
    south: i32,
    edge: Edge,
}

impl Boxed {
    fn meets(&self, other: &Self) -> bool {
        self.north <= other.south && other.north <= self.south && self.west <= other.east && other.west <= self.east
    }
}

/// The boxes of all edges, side by side: which of them meet another is found out for several at once.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    west: Vec<i32>,
    east: Vec<i32>,
    north: Vec<i32>,
    south: Vec<i32>,
}

impl Lanes {
    fn fill(&mut self, rings: &Rings) {
        let Self { west, east, north, south } = self;
        [&mut *west, &mut *east, &mut *north, &mut *south].into_iter().for_each(Vec::clear);
        for ring in rings.iter() {
            for (i, at) in ring.iter().enumerate() {
                let ([ax, ay], [bx, by]) = (narrow(at), narrow(&ring[if i + 1 == ring.len() { 0 } else { i + 1 }]));
                west.push(ax.min(bx));
                east.push(ax.max(bx));
                north.push(ay.min(by));
                south.push(ay.max(by));
            }
        }
    }

    fn meet(&self, a: usize, b: usize) -> bool {
        (self.west[a] <= self.east[b])
            & (self.west[b] <= self.east[a])
            & (self.north[a] <= self.south[b])
            & (self.north[b] <= self.south[a])
    }

    /// How many boxes that of an edge meets, itself among them.
    fn met_by(&self, edge: usize) -> i32 {
        let (west, east, north, south) = (self.west[edge], self.east[edge], self.north[edge], self.south[edge]);
        let others = self.west.iter().zip(&self.east).zip(self.north.iter().zip(&self.south));
        others.map(|((w, e), (n, s))| i32::from((*w <= east) & (*e >= west) & (*n <= south) & (*s >= north))).sum()
    }
}

/// A unit in four bytes: nothing that matters lies farther out.
fn narrow(at: &Unit) -> [i32; 2] {
    at.map(|along| along.clamp(i64::from(i32::MIN), i64::from(i32::MAX)) as i32)
}

impl Rings {
    pub(crate) fn clear(&mut self) {
        self.positions.clear();
        self.ends.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Unit]> + Clone {
        (0..self.ends.len()).map(|r| &self.positions[if r == 0 { 0 } else { self.ends[r - 1] }..self.ends[r]])
    }

    /// Whether no two edges share a point but neighbours their common end: then the area is valid (OGC 06-103r4, 6.1.11), if it was
    /// before it was rounded.
    pub(crate) fn are_sound(&self, edges: &mut Vec<Boxed>) -> bool {
        if self.ends.len() == 1 && self.positions.len() <= FEW {
            return is_convex(&self.positions) || self.no_two_clash();
        }
        let mut sound = true;
        self.clashes(edges, |_, _| {
            sound = false;
            false
        });
        sound
    }

    /// Whether all holes lie inside the outer ring, if none touches it.
    pub(crate) fn holes_are_inside(&self) -> bool {
        let mut rings = self.iter();
        rings.next().is_none_or(|outer| rings.all(|hole| holds(outer, hole[0])))
    }

    /// Which rings have an edge that clashes with another.
    fn clashing(&self, edges: &mut Vec<Boxed>) -> Vec<bool> {
        let mut rings = vec![false; self.ends.len()];
        let ring = |edge: Edge| self.ends.partition_point(|end| *end <= edge.0 as usize);
        self.clashes(edges, |one, other| {
            rings[ring(one)] = true;
            rings[ring(other)] = true;
            true
        });
        rings
    }

    /// Calls `tell` for edges that clash, until it says that it is enough.
    pub(crate) fn clashes(&self, edges: &mut Vec<Boxed>, mut tell: impl FnMut(Edge, Edge) -> bool) {
        self.edges(edges);
        edges.sort_unstable_by_key(|edge| edge.west);
        for (i, one) in edges.iter().enumerate() {
            for other in edges[i + 1..].iter().take_while(|other| other.west <= one.east) {
                if one.meets(other) && self.clash(one.edge, other.edge) && !tell(one.edge, other.edge) {
                    return;
                }
            }
        }
    }

    /// All edges with their boxes.
    fn edges(&self, edges: &mut Vec<Boxed>) {
        edges.clear();
        let mut from = 0;
        for &to in &self.ends {
            let ring = &self.positions[from..to];
            let mut before = ring.last().map_or([0; 2], narrow);
            edges.extend(ring.iter().enumerate().map(|(i, at)| {
                let [bx, by] = narrow(at);
                let [ax, ay] = std::mem::replace(&mut before, [bx, by]);
                let edge = (if i == 0 { to } else { from + i } as u32 - 1, (from + i) as u32);
                Boxed { west: ax.min(bx), east: ax.max(bx), north: ay.min(by), south: ay.max(by), edge }
            }));
            from = to;
        }
    }

    /// Whether it is sound, of an area that was before it was cut at the sides of a square: edges that end there may clash with others.
    pub(crate) fn are_sound_along(&self, square: Square, lanes: &mut Lanes) -> bool {
        if self.ends.len() == 1 && self.positions.len() <= FEW {
            let n = self.positions.len();
            let edge = |i: usize| edge(i, 0, n);
            let is_cut = |(a, b): Edge| !square.holds_inside(self.at(a)) || !square.holds_inside(self.at(b));
            return (0..n).filter(|i| is_cut(edge(*i))).all(|i| (0..n).all(|j| i == j || !self.clash(edge(i), edge(j))));
        }
        lanes.fill(self);
        let mut from = 0;
        for &to in &self.ends {
            for i in from..to {
                let j = if i + 1 == to { from } else { i + 1 };
                if square.holds_inside(self.positions[i]) && square.holds_inside(self.positions[j]) {
                    continue;
                }
                let own = (i as u32, j as u32);
                let next = if j + 1 == to { from } else { j + 1 };
                // itself and its neighbours are met
                if self.clash(own, (own.1, next as u32)) || (lanes.met_by(i) > 3 && self.clashes_with(own, lanes)) {
                    return false;
                }
            }
            from = to;
        }
        true
    }

    /// Whether an edge clashes with another.
    fn clashes_with(&self, own: Edge, lanes: &Lanes) -> bool {
        let mut begun = 0;
        self.ends.iter().any(|end| {
            let first = std::mem::replace(&mut begun, *end);
            let other = |k: usize| edge(k, first, *end);
            (first..*end).any(|k| lanes.meet(own.0 as usize, k) && other(k) != own && self.clash(own, other(k)))
        })
    }

    /// Moves positions at which edges touch others by a unit, so that they do not; whether that is enough.
    pub(crate) fn parted(&mut self, edges: &mut Vec<Boxed>) -> bool {
        for _ in 0..PARTINGS {
            let mut met: Option<(Edge, Edge)> = None;
            self.clashes(edges, |one, other| {
                met = Some((one, other));
                false
            });
            let Some((one, other)) = met else { return true };
            if ![one.0, one.1, other.0, other.1].into_iter().any(|at| self.moved(at as usize)) {
                return false;
            }
        }
        false
    }

    /// Moves a position by a unit to where its edges clash with nothing, if there is such a place.
    fn moved(&mut self, at: usize) -> bool {
        let ring = self.ends.partition_point(|end| *end <= at);
        let (from, to) = (if ring == 0 { 0 } else { self.ends[ring - 1] }, self.ends[ring]);
        let before = if at == from { to - 1 } else { at - 1 };
        let after = if at + 1 == to { from } else { at + 1 };
        let own = [(before as u32, at as u32), (at as u32, after as u32)];
        let stood = self.positions[at];
        for [right, down] in [[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [-1, 1], [1, -1], [-1, -1]] {
            self.positions[at] = [stood[0] + right, stood[1] + down];
            let mut begun = 0;
            let is_free = self.ends.iter().all(|end| {
                let first = std::mem::replace(&mut begun, *end);
                (first..*end).map(|k| edge(k, first, *end)).all(|other| own.iter().all(|edge| *edge == other || !self.clash(*edge, other)))
            });
            if is_free {
                return true;
            }
        }
        self.positions[at] = stood;
        false
    }

    /// The same area, tidied, as sound areas, each a list of rings with the outer one first.
    pub(crate) fn as_sound(&mut self, edges: &mut Vec<Boxed>) -> Vec<Vec<Vec<Unit>>> {
        self.tidy();
        if self.ends.is_empty() {
            return Vec::new();
        }
        if self.are_sound(edges) {
            return vec![self.iter().map(<[Unit]>::to_vec).collect()];
        }
        self.hull().map_or_else(|| self.repaired(edges, None), |hull| vec![vec![hull]])
    }

    /// The same area as sound areas, each a list of rings with the outer one first: what is covered an odd number of times, of it what lies
    /// in the square if one is given, to a unit.
    pub(crate) fn repaired(&self, edges: &mut Vec<Boxed>, within: Option<Square>) -> Vec<Vec<Vec<Unit>>> {
        let some = if self.ends.len() < 3 { None } else { self.repaired_in_part(edges, within) };
        some.unwrap_or_else(|| overlaid(self.iter(), within))
    }

    /// The same, with the holes that touch nothing as they are; nothing if that does not come to sound areas.
    fn repaired_in_part(&self, edges: &mut Vec<Boxed>, within: Option<Square>) -> Option<Vec<Vec<Vec<Unit>>>> {
        let clashing = self.clashing(edges);
        let is_free = |(r, ring): &(usize, &[Unit])| {
            *r > 0 && !clashing[*r] && within.is_none_or(|square| ring.iter().all(|at| square.holds_inside(*at)))
        };
        let (free, bound): (Vec<_>, Vec<_>) = self.iter().enumerate().partition(is_free);
        if free.is_empty() {
            return None;
        }
        let mut shapes = overlaid(bound.iter().map(|(_, ring)| *ring), within);
        for (_, hole) in free {
            let own = match &mut shapes[..] {
                [only] => Some(only),
                several => {
                    several.iter_mut().find(|shape| holds(&shape[0], hole[0]) && shape[1..].iter().all(|other| !holds(other, hole[0])))
                }
            };
            if let Some(shape) = own {
                let mut hole = hole.to_vec();
                if Self::doubled_area(&hole) > 0 {
                    hole.reverse();
                }
                shape.push(hole);
            }
        }
        // what was overlaid is rounded, and may have come to touch them
        let mut whole = Self::default();
        let is_sound = |shape: &Vec<Vec<Unit>>| {
            whole.clear();
            for ring in shape {
                whole.positions.extend_from_slice(ring);
                whole.ends.push(whole.positions.len());
            }
            shape.len() == 1 || whole.are_sound(edges)
        };
        shapes.iter().all(is_sound).then_some(shapes)
    }

    /// Whether no two edges of the one ring share a point but neighbours their common end.
    fn no_two_clash(&self) -> bool {
        let n = self.positions.len();
        let edge = |i: usize| edge(i, 0, n);
        (1..n).all(|i| (0..i).all(|j| !self.clash(edge(j), edge(i))))
    }

    /// Takes out what encloses nothing: positions on a line between their neighbours, and those from which a ring goes back the way that it
    /// came. Rings that become nothing are left out, with an outer ring its holes.
    pub(crate) fn tidy(&mut self) {
        let (mut kept, mut from) = (0, 0);
        for r in 0..self.ends.len() {
            let to = std::mem::replace(&mut self.ends[r], 0);
            let begun = kept;
            for i in from..to {
                let at = self.positions[i];
                while kept > begun && (self.positions[kept - 1] == at || (kept > begun + 1 && self.in_line(kept - 2, kept - 1, at))) {
                    kept -= 1;
                }
                self.positions[kept] = at;
                kept += 1;
            }
            // round the seam
            let mut first = begun;
            while kept - first > 2 {
                let (start, end) = (self.positions[first], self.positions[kept - 1]);
                if start == end || self.in_line(kept - 2, kept - 1, start) {
                    kept -= 1;
                } else if self.in_line(kept - 1, first, self.positions[first + 1]) {
                    first += 1;
                } else {
                    break;
                }
            }
            self.positions.copy_within(first..kept, begun);
            kept = if kept - first < 3 { begun } else { begun + kept - first };
            self.ends[r] = kept;
            from = to;
            if r == 0 && kept == begun {
                return self.clear();
            }
        }
        self.positions.truncate(kept);
        let mut before = 0;
        self.ends.retain(|end| std::mem::replace(&mut before, *end) != *end);
    }

    /// The convex hull of a small ring that is the only one, if none of its positions lies more than a unit inside: what touches itself by
    /// being rounded is mostly a notch of less than that.
    pub(crate) fn hull(&self) -> Option<Vec<Unit>> {
        if self.ends.len() != 1 || self.positions.len() > FEW {
            return None;
        }
        // the upper and the lower half, from west to east (Andrew 1979)
        let mut sorted = self.positions.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let half = |positions: &mut dyn Iterator<Item = Unit>| {
            let mut half: Vec<Unit> = Vec::with_capacity(FEW);
            for at in positions {
                while let [.., a, b] = half[..]
                    && cross(minus(b, a), minus(at, b)) <= 0
                {
                    half.pop();
                }
                half.push(at);
            }
            half.pop();
            half
        };
        let mut hull = half(&mut sorted.iter().copied());
        hull.append(&mut half(&mut sorted.iter().rev().copied()));
        let is_near = |at: &Unit| {
            (0..hull.len()).any(|i| {
                let along = minus(hull[(i + 1) % hull.len()], hull[i]);
                let from = cross(along, minus(*at, hull[i])) as f64;
                from.abs() <= (along[0] as f64).hypot(along[1] as f64)
            })
        };
        (hull.len() >= 3 && self.positions.iter().all(is_near)).then_some(hull)
    }

    fn in_line(&self, a: usize, b: usize, c: Unit) -> bool {
        let ([px, py], [qx, qy]) = (minus(self.positions[b], self.positions[a]), minus(c, self.positions[b]));
        px * qy == py * qx
    }

    fn at(&self, i: u32) -> Unit {
        self.positions[i as usize]
    }

    fn clash(&self, (a, b): Edge, (c, d): Edge) -> bool {
        let at = |i: u32| self.at(i);
        if b == c || d == a {
            // neighbours, which may not lie on one another; both, where a ring has two positions
            let (before, corner, after) = if b == c { (a, b, d) } else { (c, d, b) };
            let ([px, py], [qx, qy]) = (minus(at(before), at(corner)), minus(at(after), at(corner)));
            return (b == c && d == a) || (px * qy == py * qx && px * qx + py * qy > 0);
        }
        touch(at(a), at(b), at(c), at(d))
    }

    /// Twice the signed area of a ring: positive where it runs clockwise on a screen, whose y grows downwards.
    pub(crate) fn doubled_area(ring: &[Unit]) -> i64 {
        let Some(&origin) = ring.first() else { return 0 };
        let cross = |pair: &[Unit]| {
            let ([ax, ay], [bx, by]) = (minus(pair[0], origin), minus(pair[1], origin));
            ax * by - ay * bx
        };
        ring.windows(2).map(cross).sum()
    }
}

/// As many positions are moved to part what touches.
const PARTINGS: usize = 64;
/// As many edges are looked at in pairs; more are sorted first.
const FEW: usize = 24;

/// Whether a ring turns one way at every position, and once round.
fn is_convex(ring: &[Unit]) -> bool {
    let [.., before, last] = ring else { return false };
    let (mut from, mut along) = (*last, minus(*last, *before));
    let (mut turns, mut eastwards, mut changes) = (0, 0, 0);
    for at in ring {
        let next = minus(*at, from);
        let turn = (along[0] * next[1] - along[1] * next[0]).signum();
        if turn == 0 || turn == -turns {
            return false;
        }
        turns = turn;
        let way = next[0].signum();
        changes += i32::from(way != 0 && way == -eastwards);
        eastwards = if way == 0 { eastwards } else { way };
        (from, along) = (*at, next);
    }
    changes <= 2
}

fn cross([px, py]: Unit, [qx, qy]: Unit) -> i64 {
    px * qy - py * qx
}

fn minus(a: Unit, b: Unit) -> Unit {
    [a[0] - b[0], a[1] - b[1]]
}

/// Whether two edges share a point.
fn touch(a: Unit, b: Unit, c: Unit, d: Unit) -> bool {
    let apart = |axis: usize| a[axis].max(b[axis]) < c[axis].min(d[axis]) || c[axis].max(d[axis]) < a[axis].min(b[axis]);
    if apart(0) || apart(1) {
        return false;
    }
    let side = |p: Unit, q: Unit, r: Unit| {
        let ([qx, qy], [rx, ry]) = (minus(q, p), minus(r, p));
        (qx * ry - qy * rx).signum()
    };
    // where all lie on one line their boxes meet
    side(a, b, c) * side(a, b, d) <= 0 && side(c, d, a) * side(c, d, b) <= 0
}

/// Beyond so many units the operations below would overflow; nothing that is cut to twice a tile is.
pub(crate) const FARTHEST: i64 = 1 << 29;

/// Whether a ring holds a position that does not lie on it.
pub(crate) fn holds(ring: &[Unit], [x, y]: Unit) -> bool {
    let mut inside = false;
    let mut before = ring.last().copied().unwrap_or_default();
    for &at in ring {
        if (at[1] > y) != (before[1] > y) {
            // west of the edge, compared without a division
            let (dx, dy) = (at[0] - before[0], at[1] - before[1]);
            let side = dx * (y - before[1]) - dy * (x - before[0]);
            inside ^= (side > 0) == (dy > 0);
        }
        before = at;
    }
    inside
}

/// What of some rings is covered an odd number of times, as sound areas.
pub(crate) fn overlaid<'a>(rings: impl Iterator<Item = &'a [Unit]> + Clone, within: Option<Square>) -> Vec<Vec<Vec<Unit>>> {
    let int = |[x, y]: &Unit| IntPoint::new((*x).clamp(-FARTHEST, FARTHEST) as i32, (*y).clamp(-FARTHEST, FARTHEST) as i32);
    let mut overlay =
        Overlay::<i32>::new_custom(rings.clone().map(<[Unit]>::len).sum::<usize>() + 4, IntOverlayOptions::ogc(), Default::default());
    for ring in rings {
        overlay.add_path_iter(ring.iter().map(int), ShapeType::Subject);
    }
    let rule = match within {
        Some(Square { from, to }) => {
            let square = [[from, from], [to, from], [to, to], [from, to]];
            overlay.add_path_iter(square.iter().map(int), ShapeType::Clip);
            OverlayRule::Intersect
        }
        None => OverlayRule::Subject,
    };
    let shapes = overlay.overlay(rule, FillRule::EvenOdd);
    let unit = |p: &IntPoint| [i64::from(p.x), i64::from(p.y)];
    shapes.iter().map(|shape| shape.iter().map(|ring| ring.iter().map(unit).collect()).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Rings, Unit};
    use crate::engine::clip::Square;
    use geo::Validation;
    use rand::{Rng, SeedableRng};

    fn rings(parts: &[&[Unit]]) -> Rings {
        let mut rings = Rings::default();
        for part in parts {
            rings.positions.extend_from_slice(part);
            rings.ends.push(rings.positions.len());
        }
        rings
    }

    fn sound(parts: &[&[Unit]]) -> bool {
        rings(parts).are_sound(&mut Vec::new())
    }

    fn polygon(rings: &[Vec<Unit>]) -> geo_types::Polygon<f64> {
        let line = |ring: &Vec<Unit>| geo_types::LineString::from_iter(ring.iter().map(|p| (p[0] as f64, p[1] as f64)));
        geo_types::Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect())
    }

    const SQUARE: [Unit; 4] = [[0, 0], [10, 0], [10, 10], [0, 10]];

    #[test]
    fn what_is_sound() {
        assert!(sound(&[&SQUARE]) && sound(&[&[[0, 0], [5, 5], [0, 5]]]));
        assert!(sound(&[&SQUARE, &[[2, 2], [2, 4], [4, 4]]]), "a hole");
        assert!(!sound(&[&SQUARE, &[[0, 2], [2, 4], [4, 4]]]), "a hole that touches the outer ring");
        assert!(!sound(&[&[[0, 0], [10, 0], [0, 10], [10, 10]]]), "a bow");
        assert!(!sound(&[&[[0, 0], [10, 0], [10, 10], [10, 0], [0, 10]]]), "a spike");
        assert!(!sound(&[&[[0, 0], [10, 0], [5, 0], [5, 5]]]), "an edge that comes back on itself");
        assert!(!sound(&[&[[0, 0], [10, 0], [10, 10], [5, 0], [0, 10]]]), "a ring that touches itself");
        assert!(!sound(&[&[[0, 0], [5, 5]]]), "two positions");
        let star: Vec<Unit> = (0..5)
            .map(|i| f64::from(i) * 4.0 * std::f64::consts::PI / 5.0)
            .map(|a| [(a.sin() * 100.0) as i64, (a.cos() * 100.0) as i64])
            .collect();
        assert!(!sound(&[&star]), "one that turns one way, and twice round");
    }

    #[test]
    fn what_encloses_nothing_is_taken_out() {
        let tidied = |parts: &[&[Unit]]| {
            let mut rings = rings(parts);
            rings.tidy();
            rings.iter().map(<[Unit]>::to_vec).collect::<Vec<_>>()
        };
        assert_eq!(tidied(&[&SQUARE]), [SQUARE.to_vec()]);
        let spiked = [[0, 0], [5, 0], [10, 0], [20, 0], [10, 0], [10, 10], [10, 15], [10, 10], [0, 10], [0, 5]];
        assert_eq!(tidied(&[&spiked]), [SQUARE.to_vec()], "spikes, and what lies between");
        let at_the_seam = [[-5, 0], [0, 0], [10, 0], [10, 10], [0, 10], [0, 0]];
        assert_eq!(tidied(&[&at_the_seam])[0].len(), 4);
        assert!(tidied(&[&[[0, 0], [5, 5], [0, 0], [7, 7]], &[[1, 1], [1, 2], [2, 2]]]).is_empty(), "no holes without an outer ring");
        assert_eq!(tidied(&[&SQUARE, &[[1, 1], [2, 2], [3, 3]], &[[2, 2], [2, 4], [4, 4]]]).len(), 2);
    }

    #[test]
    fn a_small_ring_with_a_notch_is_its_hull() {
        let notched = [[0, 0], [5, 0], [5, 1], [5, 0], [10, 0], [10, 10], [0, 10]];
        assert_eq!(rings(&[&notched]).hull().map(|hull| Rings::doubled_area(&hull)), Some(200));
        let deep = [[0, 0], [5, 0], [5, 3], [5, 0], [10, 0], [10, 10], [0, 10]];
        assert!(rings(&[&deep]).hull().is_none() && rings(&[&[[0, 0], [1, 1], [2, 2]]]).hull().is_none());
        assert!(rings(&[&SQUARE, &[[1, 1], [2, 2], [1, 2]]]).hull().is_none());
    }

    #[test]
    fn an_area_runs_clockwise_on_the_screen() {
        assert_eq!(Rings::doubled_area(&SQUARE), 200);
        assert_eq!(Rings::doubled_area(&[[0, 10], [10, 10], [10, 0], [0, 0]]), -200);
    }

    #[test]
    fn anything_is_repaired_and_what_is_called_sound_is_valid() {
        let mut random = rand::rngs::StdRng::seed_from_u64(11);
        let (mut found_sound, mut found_unsound) = (0, 0);
        for round in 0..3_000 {
            let n = random.random_range(3..9);
            // on a coarse grid, so that much touches
            let side = if round % 2 == 0 { 8 } else { 400 };
            let mut ring: Vec<Unit> = (0..n).map(|_| [random.random_range(0..side), random.random_range(0..side)]).collect();
            ring.dedup();
            if ring.first() == ring.last() {
                ring.pop();
            }
            let one = rings(&[&ring]);
            let is_sound = ring.len() > 2 && one.are_sound(&mut Vec::new());
            if ring.len() > 2 && Rings::doubled_area(&ring) != 0 {
                assert_eq!(is_sound, polygon(&[ring.clone()]).is_valid() && is_sound, "{ring:?}");
            }
            let mut tidy = rings(&[&ring]);
            tidy.tidy();
            let area = |rings: &Rings| rings.iter().map(Rings::doubled_area).sum::<i64>();
            assert_eq!(area(&tidy), area(&one), "{ring:?}");
            assert!(!is_sound || tidy.are_sound(&mut Vec::new()), "{ring:?}");
            if is_sound {
                found_sound += 1
            } else {
                found_unsound += 1
            }
            for within in [None, Some(Square { from: 2, to: side / 2 })] {
                for shape in one.repaired(&mut Vec::new(), within) {
                    assert!(polygon(&shape).is_valid(), "{ring:?} {within:?} {shape:?}");
                    // a crossing that is rounded may come to lie a unit outside
                    let held = |p: &Unit| within.is_none_or(|Square { from, to }| Square { from: from - 1, to: to + 1 }.holds(*p));
                    assert!(shape.iter().flatten().all(held), "{ring:?} {shape:?}");
                }
            }
        }
        assert!(found_sound > 500 && found_unsound > 500, "{found_sound} {found_unsound}");
    }
}
