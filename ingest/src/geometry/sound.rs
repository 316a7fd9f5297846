//! Whether an area is valid beyond doubt, and a point inside it, so that the database need not look.

use robust::{Coord, orient2d};

use super::{Family, Shape};

/// Below so many edges each is held against each; beyond, along a line that sweeps over them.
const FEW: usize = 40;

/// Beyond so many positions the database looks: in the worst case each edge is held against each here.
const MANY: usize = 5_000;

/// An edge of a ring.
struct Edge {
    from: [f64; 2],
    to: [f64; 2],
    /// Its extent.
    low: [f64; 2],
    high: [f64; 2],
    /// Which of all edges begins where it ends.
    next: usize,
}

impl Edge {
    fn of(from: [f64; 2], to: [f64; 2], next: usize) -> Self {
        Self { from, to, low: [0, 1].map(|axis| from[axis].min(to[axis])), high: [0, 1].map(|axis| from[axis].max(to[axis])), next }
    }

    /// Whether their extents have a point in common. All four are compared at once: which of them parts two edges can't be foreseen.
    fn is_near(&self, other: &Self) -> bool {
        (self.low[0] <= other.high[0]) & (other.low[0] <= self.high[0]) & (self.low[1] <= other.high[1]) & (other.low[1] <= self.high[1])
    }
}

impl Shape {
    /// Whether it is an area of one part whose rings are simple, touch neither themselves nor each other, and whose holes lie inside the outer
    /// ring and in no other: then it is valid (OGC 06-103r4, 6.1.11.1). One that is not told so may be valid all the same.
    pub(crate) fn is_surely_valid(&self) -> bool {
        if self.family != Family::Polygon || self.parts.len() != 1 || self.positions.len() > MANY {
            return false;
        }
        let mut edges: Vec<Edge> = Vec::with_capacity(self.positions.len());
        for ring in self.rings() {
            if ring.len() < 4 || ring.first() != ring.last() {
                return false;
            }
            let first = edges.len();
            edges.extend(ring.windows(2).enumerate().map(|(at, ends)| Edge::of(ends[0], ends[1], first + at + 1)));
            let last = edges.len() - 1;
            edges[last].next = first;
        }
        if edges.iter().any(|edge| edge.from == edge.to) {
            return false;
        }
        let meet = |one: usize, other: usize| {
            let (a, b) = (&edges[one], &edges[other]);
            a.is_near(b)
                && match (a.next == other, b.next == one) {
                    (true, _) => folds(a, b),
                    (false, true) => folds(b, a),
                    (false, false) => touch(a, b),
                }
        };
        let sound = if edges.len() < FEW {
            (0..edges.len()).all(|one| (one + 1..edges.len()).all(|other| !meet(one, other)))
        } else {
            let mut order: Vec<usize> = (0..edges.len()).collect();
            order.sort_by(|one, other| edges[*one].low[0].total_cmp(&edges[*other].low[0]));
            order.iter().enumerate().all(|(at, one)| {
                let east = edges[*one].high[0];
                order[at + 1..].iter().take_while(|other| edges[**other].low[0] <= east).all(|other| !meet(*one, *other))
            })
        };
        let rings: Vec<&[[f64; 2]]> = self.rings().collect();
        let (outer, holes) = (rings[0], &rings[1..]);
        sound
            && holes
                .iter()
                .enumerate()
                .all(|(i, hole)| holds(outer, hole[0]) && holes.iter().enumerate().all(|(j, other)| i == j || !holds(other, hole[0])))
    }

    /// A point inside an area: in the middle of the widest part of a level that halves it and goes through none of its positions, as GEOS has
    /// it (`InteriorPointArea`). `None`: it has no inside.
    pub(crate) fn point_inside(&self) -> Option<[f64; 2]> {
        let (low, high) = self.positions.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), [_, y]| (low.min(*y), high.max(*y)));
        let middle = f64::midpoint(low, high);
        let (mut below, mut above) = (low, high);
        for [_, y] in &self.positions {
            if *y <= middle { below = below.max(*y) } else { above = above.min(*y) }
        }
        let level = f64::midpoint(below, above);
        let mut crossings = Vec::with_capacity(8);
        for edge in self.rings().flat_map(|ring| ring.windows(2)) {
            let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
            if (ay > level) != (by > level) {
                crossings.push((bx - ax) * (level - ay) / (by - ay) + ax);
            }
        }
        crossings.sort_by(f64::total_cmp);
        let widest = crossings.chunks_exact(2).max_by(|one, other| (one[1] - one[0]).total_cmp(&(other[1] - other[0])))?;
        Some([f64::midpoint(widest[0], widest[1]), level])
    }

    /// The rings of areas, each with its first position again.
    pub(crate) fn rings(&self) -> impl Iterator<Item = &[[f64; 2]]> {
        let mut first = 0;
        self.sequences.iter().map(move |end| &self.positions[std::mem::replace(&mut first, *end)..*end])
    }
}

fn side(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    let coord = |[x, y]: [f64; 2]| Coord { x, y };
    orient2d(coord(a), coord(b), coord(c))
}

/// Whether an edge lies on the one before it beyond the end that they share.
fn folds(before: &Edge, after: &Edge) -> bool {
    let along = |axis: usize| (before.to[axis] - before.from[axis]) * (after.to[axis] - after.from[axis]);
    along(0) + along(1) < 0.0 && side(before.from, after.from, after.to) == 0.0
}

/// Whether two edges that are near have a point in common.
fn touch(one: &Edge, other: &Edge) -> bool {
    let parts = |a: f64, b: f64| (a > 0.0 && b > 0.0) || (a < 0.0 && b < 0.0);
    let aside = |edge: &Edge, of: &Edge| parts(side(edge.from, edge.to, of.from), side(edge.from, edge.to, of.to));
    !aside(one, other) && !aside(other, one)
}

/// Whether a point that is not on a ring lies in it.
fn holds(ring: &[[f64; 2]], [x, y]: [f64; 2]) -> bool {
    let crosses = |edge: &&[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
        (ay > y) != (by > y) && (side([ax, ay], [bx, by], [x, y]) > 0.0) == (by > ay)
    };
    ring.windows(2).filter(crosses).count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::geometry::{Shape, tidy};
    use crate::source::RawGeometry;

    fn shape(wkt: &str) -> Shape {
        tidy(RawGeometry::Wkt(wkt.to_owned()), &Limits::default()).unwrap().shape
    }

    #[test]
    fn what_touches_itself_is_left_to_the_database() {
        for sound in [
            "POLYGON((0 0,4 0,4 4,0 4,0 0))",
            "POLYGON((0 0,2 0,4 0,4 4,0 4,0 0))",
            "POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,1 2,2 2,1 1),(4 4,4 5,5 5,4 4))",
        ] {
            assert!(shape(sound).is_surely_valid(), "{sound}");
        }
        for doubtful in [
            "POLYGON((0 0,4 4,4 0,0 4,0 0))",
            "POLYGON((0 0,4 0,4 4,4 0,0 4,0 0))",
            "POLYGON((0 0,4 0,2 0,4 4,0 4,0 0))",
            "POLYGON((0 0,4 0,4 0,4 4,0 4,0 0))",
            "POLYGON((0 0,8 0,8 8,4 0,0 8,0 0))",
            "POLYGON((0 0,9 0,9 9,0 9,0 0),(10 10,10 11,11 11,10 10))",
            "POLYGON((0 0,9 0,9 9,0 9,0 0),(1 1,1 8,8 8,1 1),(2 4,2 5,3 5,2 4))",
            "POLYGON((0 0,9 0,9 9,0 9,0 0),(0 0,1 2,2 2,0 0))",
            "POLYGON((0 0,9 0,9 9,0 9,0 0),(5 5,5 12,7 7,5 5))",
            "MULTIPOLYGON(((0 0,4 0,4 4,0 4,0 0)),((8 8,9 8,9 9,8 8)))",
            "POINT(1 2)",
        ] {
            assert!(!shape(doubtful).is_surely_valid(), "{doubtful}");
        }
    }

    #[test]
    fn many_edges_are_as_few() {
        let corners = |dent: bool| {
            let at = |i: usize| {
                let angle = i as f64 / 200.0 * std::f64::consts::TAU;
                let radius = if i.is_multiple_of(2) { 100.0 } else { 90.0 };
                // one position that crosses over to the other side
                let radius = if dent && i == 50 { -110.0 } else { radius };
                format!("{} {}", radius * angle.cos(), radius * angle.sin())
            };
            let ring: Vec<String> = (0..200).chain([0]).map(at).collect();
            format!("POLYGON(({}))", ring.join(","))
        };
        assert!(shape(&corners(false)).is_surely_valid());
        assert!(!shape(&corners(true)).is_surely_valid());
    }

    #[test]
    fn a_point_inside_is_inside() {
        assert_eq!(shape("POLYGON((0 0,4 0,4 4,0 4,0 0))").point_inside(), Some([2.0, 2.0]));
        // the hole is in the middle, and the part right of it is wider
        assert_eq!(shape("POLYGON((0 0,9 0,9 9,0 9,0 0),(2 1,2 8,4 8,4 1,2 1))").point_inside(), Some([6.5, 4.5]));
        assert_eq!(shape("MULTIPOLYGON(((0 0,1 0,1 4,0 4,0 0)),((5 0,9 0,9 4,5 4,5 0)))").point_inside(), Some([7.0, 2.0]));
        // a level through a position counts it once
        let [x, y] = shape("POLYGON((0 0,4 2,0 4,1 2,0 0))").point_inside().unwrap();
        assert!(y != 2.0 && x > 0.25 && x < 4.0, "{x} {y}");
    }
}
