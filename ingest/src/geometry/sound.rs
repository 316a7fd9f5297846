//! Whether an area is valid beyond doubt, and a point inside it, so that the database need not look.

use robust::{Coord, orient2d};

use super::{Family, Shape};

/// Below so many edges each is held against each; beyond, along a line that sweeps over them.
const FEW: usize = 40;

/// Beyond so many positions the database looks: in the worst case each edge is held against each here.
const MANY: usize = 5_000;

/// An edge of a ring: where it begins, and where it ends.
type Edge = [[f64; 2]; 2];

impl Shape {
    /// Whether it is an area of one part whose rings are simple, touch neither themselves nor each other, and whose holes lie inside the outer
    /// ring and in no other: then it is valid (OGC 06-103r4, 6.1.11.1). One that is not told so may be valid all the same.
    pub(crate) fn is_surely_valid(&self) -> bool {
        if self.family != Family::Polygon || self.parts.len() != 1 || self.positions.len() > MANY {
            return false;
        }
        let rings: Vec<&[[f64; 2]]> = self.rings().collect();
        if rings.iter().any(|ring| ring.len() < 4 || ring.first() != ring.last()) {
            return false;
        }
        let mut edges: Vec<(Edge, usize, usize)> = Vec::with_capacity(self.positions.len());
        for (number, ring) in rings.iter().enumerate() {
            edges.extend(ring.windows(2).enumerate().map(|(at, ends)| ([ends[0], ends[1]], number, at)));
        }
        let meet = |(one, ring, at): &(Edge, usize, usize), (other, its_ring, its_at): &(Edge, usize, usize)| {
            let last = rings[*ring].len() - 2;
            match ring == its_ring {
                true if its_at.abs_diff(*at) == 1 || (*at.min(its_at), *at.max(its_at)) == (0, last) => folds(one, other),
                _ => touch(one, other),
            }
        };
        if edges.iter().any(|([a, b], ..)| a == b) {
            return false;
        }
        let sound = if edges.len() < FEW {
            edges.iter().enumerate().all(|(i, one)| edges[i + 1..].iter().all(|other| !meet(one, other)))
        } else {
            let west = |([a, b], ..): &(Edge, usize, usize)| a[0].min(b[0]);
            edges.sort_by(|one, other| west(one).total_cmp(&west(other)));
            edges.iter().enumerate().all(|(i, one)| {
                let east = one.0[0][0].max(one.0[1][0]);
                edges[i + 1..].iter().take_while(|other| west(other) <= east).all(|other| !meet(one, other))
            })
        };
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

/// Whether two edges that share an end lie on each other beyond it.
fn folds([a, b]: &Edge, [c, d]: &Edge) -> bool {
    let (before, at, after) = if b == c { (a, b, d) } else { (c, a, b) };
    let onwards = (at[0] - before[0]) * (after[0] - at[0]) + (at[1] - before[1]) * (after[1] - at[1]);
    onwards < 0.0 && side(*before, *at, *after) == 0.0
}

/// Whether two edges have a point in common.
fn touch([a, b]: &Edge, [c, d]: &Edge) -> bool {
    let apart = |axis: usize| a[axis].max(b[axis]) < c[axis].min(d[axis]) || c[axis].max(d[axis]) < a[axis].min(b[axis]);
    if apart(0) || apart(1) {
        return false;
    }
    let same = |one: f64, other: f64| (one > 0.0 && other > 0.0) || (one < 0.0 && other < 0.0);
    !same(side(*a, *b, *c), side(*a, *b, *d)) && !same(side(*c, *d, *a), side(*c, *d, *b))
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
