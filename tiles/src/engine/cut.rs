//! Cutting areas with their holes at the sides of a square. What of a ring lies inside are chains from one place on the sides to another;
//! they are joined along the sides, where the inside of the area lies at the same hand as along the chains (Weiler and Atherton 1977, for a
//! rectangle). Of sound areas this makes sound areas, without looking for crossings.

use super::area::{Rings, holds};
use super::clip::{Square, Unit, inside};

/// What of a ring is inside, from where it enters to where it leaves.
struct Chain {
    positions: Vec<Unit>,
    enters: i64,
    leaves: i64,
}

/// The part inside of an area, as areas: the first of the rings is the outer one, and none has its first position again; outer ones run
/// clockwise on the screen, holes the other way, so that the area is at the right hand. `None`: the rings are not what they should be.
pub(crate) fn areas(rings: &Rings, square: Square) -> Option<Vec<Rings>> {
    let mut chains = Vec::new();
    // whole rings inside: the outer one, and holes
    let (mut outer_is_inside, mut holes) = (false, Vec::new());
    for (r, ring) in rings.iter().enumerate() {
        if ring.iter().all(|at| square.holds(*at)) {
            if r > 0 { holes.push(ring) } else { outer_is_inside = true }
        } else {
            pieces(ring, square, &mut chains)?;
        }
    }
    let mut areas = joined(chains, square)?;
    if areas.is_empty() {
        let outer = rings.iter().next()?;
        let corner = [square.from, square.from];
        if outer_is_inside {
            areas.push(one(outer.to_vec()));
        } else if holds(outer, corner) && !rings.iter().skip(1).any(|hole| holds(hole, corner)) {
            areas.push(one(square.corners().to_vec()));
        }
    }
    for hole in holes {
        let own = match &mut areas[..] {
            [only] => Some(only),
            several => several.iter_mut().find(|area| area.iter().next().is_some_and(|outer| holds(outer, hole[0]))),
        };
        // a hole of a piece that has no piece inside is none
        if let Some(own) = own {
            own.positions.extend_from_slice(hole);
            own.ends.push(own.positions.len());
        }
    }
    Some(areas)
}

fn one(ring: Vec<Unit>) -> Rings {
    Rings { ends: vec![ring.len()], positions: ring }
}

/// The chains of a ring that is not inside as a whole.
fn pieces(ring: &[Unit], square: Square, chains: &mut Vec<Chain>) -> Option<()> {
    // from a position that is outside, so that no chain goes over the seam
    let start = ring.iter().position(|at| !square.holds(*at))?;
    let (before, after) = ring.split_at(start);
    let mut open: Vec<Unit> = Vec::new();
    let mut a = ring[start];
    for &b in after[1..].iter().chain(before).chain(&ring[start..=start]) {
        let a = std::mem::replace(&mut a, b);
        let Some((from, to)) = inside(a, b, square) else { continue };
        if open.is_empty() {
            open.push(from);
        }
        if open.last() != Some(&to) {
            open.push(to);
        }
        if !square.holds(b) {
            let positions = std::mem::take(&mut open);
            // what only touches a side has no inside
            if positions.len() > 1 {
                let (enters, leaves) = (square.along(*positions.first()?)?, square.along(*positions.last()?)?);
                chains.push(Chain { positions, enters, leaves });
            }
        }
    }
    open.is_empty().then_some(())
}

/// Rings of chains: where one leaves, the next that enters follows clockwise along the sides.
fn joined(mut chains: Vec<Chain>, square: Square) -> Option<Vec<Rings>> {
    chains.sort_by_key(|chain| chain.enters);
    let corners = square.corners();
    let side = square.to - square.from;
    let mut used = vec![false; chains.len()];
    let mut areas = Vec::new();
    for first in 0..chains.len() {
        if used[first] {
            continue;
        }
        let (mut ring, mut at) = (Vec::new(), first);
        loop {
            if std::mem::replace(&mut used[at], true) {
                return None;
            }
            ring.extend_from_slice(&chains[at].positions);
            let leaves = chains[at].leaves;
            let next = chains.partition_point(|chain| chain.enters < leaves);
            let (next, enters) = match chains.get(next) {
                Some(chain) => (next, chain.enters),
                None => (0, chains[0].enters + 4 * side),
            };
            for step in leaves.div_euclid(side) + 1..=enters.div_euclid(side) {
                // the corner itself may be where the next enters
                if step * side < enters {
                    ring.push(corners[(step % 4) as usize]);
                }
            }
            if next == first {
                break;
            }
            at = next;
        }
        areas.push(one(ring));
    }
    Some(areas)
}

#[cfg(test)]
mod tests {
    use super::areas;
    use crate::engine::area::Rings;
    use crate::engine::clip::{Square, Unit};
    use geo::{Area, BooleanOps, Validation};
    use rand::{Rng, SeedableRng};

    const SQUARE: Square = Square { from: -1_000, to: 11_000 };

    fn rings(parts: &[Vec<Unit>]) -> Rings {
        let mut rings = Rings::default();
        for part in parts {
            rings.positions.extend_from_slice(part);
            rings.ends.push(rings.positions.len());
        }
        rings
    }

    fn polygon(rings: &Rings) -> geo_types::Polygon<f64> {
        let mut lines = rings.iter().map(|ring| geo_types::LineString::from_iter(ring.iter().map(|p| (p[0] as f64, p[1] as f64))));
        let outer = lines.next().unwrap();
        geo_types::Polygon::new(outer, lines.collect())
    }

    /// As areas have their rings.
    fn turned(mut parts: Vec<Vec<Unit>>) -> Vec<Vec<Unit>> {
        for (i, part) in parts.iter_mut().enumerate() {
            if (Rings::doubled_area(part) > 0) == (i > 0) {
                part.reverse();
            }
        }
        parts
    }

    fn rectangle(west: i64, north: i64, east: i64, south: i64) -> Vec<Unit> {
        vec![[west, north], [east, north], [east, south], [west, south]]
    }

    fn cut(parts: &[Vec<Unit>]) -> Vec<f64> {
        let mut areas: Vec<f64> =
            areas(&rings(&turned(parts.to_vec())), SQUARE).unwrap().iter().map(|area| polygon(area).unsigned_area()).collect();
        areas.sort_by(f64::total_cmp);
        areas
    }

    #[test]
    fn simple_ones() {
        assert_eq!(cut(&[rectangle(0, 0, 10, 10)]), [100.0]);
        assert_eq!(cut(&[rectangle(10_000, 0, 20_000, 10)]), [10_000.0]);
        assert!(cut(&[rectangle(20_000, 0, 30_000, 10)]).is_empty());
        assert_eq!(cut(&[rectangle(-9_000, -9_000, 90_000, 90_000)]), [12_000.0 * 12_000.0], "all of the square");
        assert!(cut(&[rectangle(-9_000, -9_000, 90_000, 90_000), rectangle(-8_000, -8_000, 80_000, 80_000)]).is_empty(), "within a hole");
        let hole = rectangle(0, 0, 100, 100);
        assert_eq!(cut(&[rectangle(-9_000, -9_000, 90_000, 90_000), hole]), [12_000.0 * 12_000.0 - 10_000.0]);
        // a band across with a hole that cuts it in two
        assert_eq!(cut(&[rectangle(-9_000, 0, 90_000, 1_000), rectangle(-8_000, 100, 80_000, 900)]), [1_200_000.0, 1_200_000.0]);
        // a corner of the square
        assert_eq!(cut(&[rectangle(-9_000, -9_000, 0, 0)]), [1_000_000.0]);
        let comb = vec![[12_000, 0], [0, 0], [0, 100], [12_000, 100], [12_000, 200], [0, 200], [0, 300], [13_000, 300], [13_000, 0]];
        assert_eq!(cut(&[comb]), [11_000.0 * 100.0, 11_000.0 * 100.0]);
    }

    /// A ring round a centre that does not cross itself.
    fn star(random: &mut rand::rngs::StdRng, centre: Unit, (least, most): (f64, f64)) -> Vec<Unit> {
        let n = random.random_range(3..40);
        let at = |i: i32, r: f64| {
            let angle = f64::from(i) / f64::from(n) * std::f64::consts::TAU;
            [centre[0] + (r * angle.cos()) as i64, centre[1] + (r * angle.sin()) as i64]
        };
        (0..n).map(|i| at(i, random.random_range(least..most))).collect()
    }

    #[test]
    fn of_random_areas_with_holes_what_boolean_operations_say() {
        let mut random = rand::rngs::StdRng::seed_from_u64(5);
        let square = geo_types::Rect::new((-1_000.0, -1_000.0), (11_000.0, 11_000.0)).to_polygon();
        let (mut compared, mut several) = (0, 0);
        for _ in 0..3_000 {
            let centre = [random.random_range(-6_000..16_000), random.random_range(-6_000..16_000)];
            let mut parts = vec![star(&mut random, centre, (4_000.0, 9_000.0))];
            for quarter in 0..4 {
                if random.random_bool(0.7) {
                    let beside = [[900, 900], [-900, 900], [900, -900], [-900, -900]][quarter];
                    parts.push(star(&mut random, [centre[0] + beside[0], centre[1] + beside[1]], (100.0, 800.0)));
                }
            }
            let whole = rings(&turned(parts.clone()));
            if !polygon(&whole).is_valid() || !whole.are_sound(&mut Vec::new()) {
                continue;
            }
            let Some(made) = areas(&whole, SQUARE) else { panic!("{parts:?}") };
            let expected = polygon(&whole).intersection(&square);
            let area: f64 = made.iter().map(|area| polygon(area).unsigned_area()).sum();
            assert!((area - expected.unsigned_area()).abs() <= 60_000.0, "{area} {} {parts:?}", expected.unsigned_area());
            for own in &made {
                assert!(own.positions.iter().all(|at| SQUARE.holds(*at)));
                assert!(polygon(own).is_valid() || !own.are_sound(&mut Vec::new()), "{parts:?}");
            }
            compared += usize::from(!made.is_empty());
            several += usize::from(made.len() > 1);
        }
        assert!(compared > 1_000 && several > 50, "{compared} {several}");
    }
}
