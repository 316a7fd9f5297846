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

/// An edge of a ring: where it begins and ends among the positions.
type Edge = (usize, usize);

impl Rings {
    pub(crate) fn clear(&mut self) {
        self.positions.clear();
        self.ends.clear();
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[Unit]> {
        (0..self.ends.len()).map(|r| &self.positions[if r == 0 { 0 } else { self.ends[r - 1] }..self.ends[r]])
    }

    /// Whether no two edges share a point but neighbours their common end: then the area is valid (OGC 06-103r4, 6.1.11), if it was
    /// before it was rounded.
    pub(crate) fn are_sound(&self, edges: &mut Vec<Edge>) -> bool {
        edges.clear();
        let mut from = 0;
        for &to in &self.ends {
            edges.extend((from..to).map(|i| (i, if i + 1 == to { from } else { i + 1 })));
            from = to;
        }
        let west = |edge: &Edge| self.positions[edge.0][0].min(self.positions[edge.1][0]);
        let east = |edge: &Edge| self.positions[edge.0][0].max(self.positions[edge.1][0]);
        edges.sort_unstable_by_key(west);
        for (i, one) in edges.iter().enumerate() {
            let reach = east(one);
            for other in edges[i + 1..].iter().take_while(|other| west(other) <= reach) {
                if self.clash(*one, *other) {
                    return false;
                }
            }
        }
        true
    }

    fn clash(&self, (a, b): Edge, (c, d): Edge) -> bool {
        let at = |i: usize| self.positions[i];
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
const FARTHEST: i64 = 1 << 29;

/// The same area as sound areas, each a list of rings with the outer one first: what is covered an odd number of times, of it what lies in
/// the square if one is given, to a unit.
pub(crate) fn repaired(rings: &Rings, within: Option<Square>) -> Vec<Vec<Vec<Unit>>> {
    let int = |[x, y]: &Unit| IntPoint::new((*x).clamp(-FARTHEST, FARTHEST) as i32, (*y).clamp(-FARTHEST, FARTHEST) as i32);
    let mut overlay = Overlay::<i32>::new_custom(rings.positions.len() + 4, IntOverlayOptions::ogc(), Default::default());
    for ring in rings.iter() {
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
    use super::{Rings, Unit, repaired};
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
            if is_sound {
                found_sound += 1
            } else {
                found_unsound += 1
            }
            for within in [None, Some(Square { from: 2, to: side / 2 })] {
                for shape in repaired(&one, within) {
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
