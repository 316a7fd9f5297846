//! What a position is needed for, found out once when a feature is taken in, so that simplifying in a tile is a comparison.

use super::world::World;

/// The zoom of positions that no zoom needs: they lie on the line between their neighbours.
pub(crate) const NEVER: u8 = u8::MAX;
/// From as many positions on an area is not measured; then every tile looks whether its rings are sound.
const MEASURED: usize = 256;
/// How far two positions may come nearer in a tile, units: each edge moves by half a unit when it is simplified, and each position by
/// the half diagonal of a unit when it is rounded.
const NEARER_UNITS: f64 = 2.5;

/// The lowest zoom at which each position is needed (Douglas and Peucker 1973, with half a tile unit as tolerance, as PostGIS does),
/// added to `keep`. A ring, without its last position again, always keeps its first position and the one farthest from it.
pub(crate) fn zooms(positions: &[World], closed: bool, keep: &mut Vec<u8>) {
    let n = positions.len();
    let first = keep.len();
    keep.resize(first + n, NEVER);
    let keep = &mut keep[first..];
    if n == 0 {
        return;
    }
    keep[0] = 0;
    if closed {
        let far = (1..n).max_by_key(|i| squared(positions[0], positions[*i])).unwrap_or(0);
        keep[far] = 0;
        chain(positions, 0, far, f64::INFINITY, keep);
        chain(positions, far, n, f64::INFINITY, keep);
    } else {
        keep[n - 1] = 0;
        chain(positions, 0, n - 1, f64::INFINITY, keep);
    }
}

/// Between two positions that are kept; `to` may be the number of positions: the first one again.
fn chain(positions: &[World], from: usize, to: usize, at_most: f64, keep: &mut [u8]) {
    let mut waiting = vec![(from, to, at_most)];
    while let Some((from, to, at_most)) = waiting.pop() {
        if to <= from + 1 {
            continue;
        }
        let (a, b) = (positions[from], positions[to % positions.len()]);
        let mut farthest = (0.0, from + 1);
        for (i, position) in positions.iter().enumerate().take(to).skip(from + 1) {
            let squared = squared_to_segment(*position, a, b);
            if squared > farthest.0 {
                farthest = (squared, i);
            }
        }
        // no position is needed at a zoom that does not need the one which splits its chain
        let distance = f64::min(farthest.0.sqrt(), at_most);
        if distance > 0.0 {
            keep[farthest.1] = from_zoom(distance, 0.5);
            waiting.push((from, farthest.1, distance));
            waiting.push((farthest.1, to, distance));
        }
    }
}

/// The zoom from which the rings of one area, simplified and rounded, can't touch themselves or one another; [`NEVER`] if that is not known.
pub(crate) fn safe_zoom(rings: &[&[World]]) -> u8 {
    let n: usize = rings.iter().map(|ring| ring.len()).sum();
    if n > MEASURED {
        return NEVER;
    }
    let mut nearest = f64::INFINITY;
    for (r, ring) in rings.iter().enumerate() {
        for (i, position) in ring.iter().enumerate() {
            for (s, other) in rings.iter().enumerate() {
                for j in 0..other.len() {
                    let next = (j + 1) % other.len();
                    if r != s || (i != j && i != next) {
                        nearest = nearest.min(squared_to_segment(*position, other[j], other[next]));
                    }
                }
            }
        }
    }
    if nearest > 0.0 { from_zoom(nearest.sqrt(), NEARER_UNITS) } else { NEVER }
}

/// The lowest zoom at which a distance in world units is more than so many tile units.
fn from_zoom(distance: f64, units: f64) -> u8 {
    // a unit of zoom z is 2^(20 - z)
    let zoom = (20.0 + (units / distance).log2()).floor() + 1.0;
    zoom.clamp(0.0, f64::from(NEVER - 1)) as u8
}

fn squared(a: World, b: World) -> u64 {
    let side = |i: usize| u64::from(a[i].abs_diff(b[i]));
    side(0).pow(2).saturating_add(side(1).pow(2))
}

fn squared_to_segment(p: World, a: World, b: World) -> f64 {
    let from_a = |q: World| [f64::from(q[0]) - f64::from(a[0]), f64::from(q[1]) - f64::from(a[1])];
    let ([px, py], [bx, by]) = (from_a(p), from_a(b));
    let length = bx * bx + by * by;
    let along = if length > 0.0 { ((px * bx + py * by) / length).clamp(0.0, 1.0) } else { 0.0 };
    (px - along * bx).powi(2) + (py - along * by).powi(2)
}

#[cfg(test)]
mod tests {
    use super::{NEVER, from_zoom, safe_zoom, zooms};

    #[test]
    fn the_zoom_is_the_first_at_which_the_distance_counts() {
        // at zoom 10 a unit is 1,024 world units
        assert_eq!([from_zoom(513.0, 0.5), from_zoom(512.0, 0.5), from_zoom(511.0, 0.5)], [10, 11, 11]);
        assert_eq!([from_zoom(1e12, 0.5), from_zoom(1e-3, 0.5)], [0, 29]);
    }

    #[test]
    fn a_dent_is_needed_where_it_is_seen_and_a_position_on_the_line_never() {
        let mut keep = vec![9];
        // a line along y = 0 with a dent of 513 units, and a position on the line to it
        zooms(&[[0, 1_000], [10_000, 1_000], [20_000, 1_513], [30_000, 1_000], [40_000, 1_000]], false, &mut keep);
        assert_eq!(keep[0], 9, "what was there stays");
        assert_eq!([keep[1], keep[3], keep[5]], [0, 10, 0]);
        assert!(keep[2] >= 10 && keep[4] >= 10, "a chain's parts are not needed before what splits it: {keep:?}");
        let mut keep = Vec::new();
        zooms(&[[0, 0], [500, 0], [1_000, 0]], false, &mut keep);
        assert_eq!(keep, [0, NEVER, 0]);
    }

    #[test]
    fn a_ring_keeps_two_positions_that_lie_far_apart() {
        let mut keep = Vec::new();
        zooms(&[[0, 0], [4_096, 0], [4_096, 4_096], [0, 4_096]], true, &mut keep);
        assert_eq!([keep[0], keep[2]], [0, 0]);
        // the others are 2,896 units from the diagonal: more than half a unit of zoom 8 (2,048)
        assert_eq!([keep[1], keep[3]], [8, 8]);
    }

    #[test]
    fn narrow_necks_are_unsafe_until_they_are_wide_in_a_tile() {
        let square = [[0, 0], [100_000, 0], [100_000, 100_000], [0, 100_000]];
        assert_eq!(safe_zoom(&[&square]), from_zoom(100_000.0, 2.5));
        let hole = [[1_000, 1_000], [1_000, 2_000], [2_000, 2_000]];
        assert_eq!(safe_zoom(&[&square, &hole]), from_zoom(707.0, 2.5), "a hole, by its nearest side");
        let touching = [[0, 500], [1_000, 2_000], [2_000, 2_000]];
        assert_eq!(safe_zoom(&[&square, &touching]), NEVER);
        let many: Vec<[u32; 2]> = (0..300).map(|i| [i * 100, i * i]).collect();
        assert_eq!(safe_zoom(&[&many]), NEVER);
    }
}
