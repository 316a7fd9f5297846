//! Town blocks into building lots that front the streets.

use crate::cut::{Care, cut};
use crate::plane::{M, V, along, dot, left};
use crate::ring::{INNER, Ring};
use crate::rng::Rng;
use crate::splits::Splits;
use crate::zones::Zone;

/// How the lots of a zone are cut.
#[derive(Clone, Copy)]
struct Manner {
    /// Width along the street and depth, metres.
    front: f64,
    depth: f64,
    /// How often a boundary has a jog.
    jog: f64,
    /// How often a lot stays larger than the rest.
    large: f64,
}

const CARE: Care = Care { to_node: 1.1, to_vertex: 0.9, cosine: 0.95, area: 28.0, thickness: 2.2 };

fn manner(zone: Zone) -> Manner {
    let m = |front, depth, jog, large| Manner { front, depth, jog, large };
    match zone {
        Zone::Old(_) => m(10.5, 15.0, 0.55, 0.07),
        Zone::Hamlet(_) => m(13.5, 18.0, 0.5, 0.08),
        Zone::Grid(_) => m(20.0, 29.0, 0.3, 0.06),
        Zone::Suburb => m(26.0, 38.0, 0.25, 0.07),
        Zone::Works => m(46.0, 52.0, 0.2, 0.12),
        Zone::Beach | Zone::Harbour | Zone::Seafront => m(140.0, 400.0, 0.0, 0.0),
        _ => m(21.0, 31.0, 0.3, 0.07),
    }
}

/// Cuts the block into lots; `splits` tells every vertex that came to lie on a boundary. The lots tile the block.
pub(crate) fn lots(block: Ring, zone: Zone, rng: &mut Rng, splits: &mut Splits) -> Vec<Ring> {
    let mut manner = manner(zone);
    let scale = rng.range(0.8, 1.35);
    manner.front *= scale;
    let mut done = Vec::new();
    let mut todo = vec![block];
    while let Some(piece) = todo.pop() {
        let piece = splits.expand(&piece);
        match halve(&piece, &manner, rng, splits) {
            Some((a, b)) => todo.extend([a, b]),
            None => done.push(piece),
        }
    }
    done.iter().map(|lot| splits.expand(lot)).collect()
}

fn halve(piece: &Ring, manner: &Manner, rng: &mut Rng, splits: &mut Splits) -> Option<(Ring, Ring)> {
    let axis = piece.long_axis();
    let (s, t) = piece.extent(axis);
    let (w, h) = (s[1] - s[0], t[1] - t[0]);
    let fronts = piece.e.iter().filter(|e| **e != INNER).count();
    if fronts == 0 && piece.area() < 3.0 * manner.front * manner.depth {
        return None;
    }
    let area = piece.area();
    if area < 2.6 * manner.front * manner.depth && area > 1.2 * manner.front * manner.depth && rng.chance(manner.large) {
        return None;
    }
    // Two rows back to back first; in a block that is almost square, a slice off one end.
    let rows = h > 1.65 * manner.depth;
    let columns = (w / manner.front).round();
    let (dir, low, span, k) = if rows && !(w < 1.35 * h && w > 2.4 * manner.depth && rng.chance(0.6)) {
        (left(axis), t[0], h, rng.range(0.42, 0.58))
    } else if rows {
        let k = (manner.depth * rng.range(0.9, 1.1) / w).min(0.5);
        (axis, s[0], w, if rng.chance(0.5) { k } else { 1.0 - k })
    } else if columns >= 2.0 && area > 1.45 * manner.front * manner.depth.min(h) * 0.8 {
        let k = (columns / 2.0).floor() / columns + rng.range(-0.16, 0.16) / columns;
        (axis, s[0], w, if rng.chance(0.5) { k } else { 1.0 - k })
    } else {
        return None;
    };
    for attempt in 0..3 {
        let at = low + span * (k + f64::from(attempt) * rng.range(-0.09, 0.09)).clamp(0.2, 0.8);
        let jog = attempt == 0 && rng.chance(manner.jog);
        let line = boundary(piece, dir, at, jog, rng);
        if let Some(parts) = cut(piece, &line, INNER, &CARE, splits) {
            return Some((parts.left, parts.right));
        }
    }
    None
}

/// A line at right angles to `dir` where the projection on it is `at`, with a step aside on the way or without.
fn boundary(piece: &Ring, dir: M, at: f64, jog: bool, rng: &mut Rng) -> Vec<V> {
    let n = left(dir);
    let (_, t) = piece.extent(dir);
    let lean = rng.range(-0.035, 0.035);
    let middle = (t[0] + t[1]) / 2.0;
    let point = |across: f64, shift: f64| {
        let s = at + shift + lean * (across - middle);
        [dir[0] * s + n[0] * across, dir[1] * s + n[1] * across]
    };
    let (start, stop) = (t[0] - 5.0, t[1] + 5.0);
    let mut line = vec![point(start, 0.0)];
    let mut shift = 0.0;
    if jog {
        let place = t[0] + (t[1] - t[0]) * rng.range(0.35, 0.65);
        shift = rng.range(1.0, 3.2) * if rng.chance(0.5) { 1.0 } else { -1.0 };
        line.push(point(place, 0.0));
        line.push(point(place, shift));
    }
    line.push(point(stop, shift));
    line.into_iter().map(V::round).collect()
}

/// A small plot inside a lot, with a boundary of its own all around: a courtyard in town, a farmhouse in a field.
/// Counter-clockwise; `None` where there is no room `margin` metres from the edges.
pub(crate) fn island(lot: &Ring, half: [f64; 2], margin: f64, rng: &mut Rng) -> Option<Vec<V>> {
    let c = lot.centroid();
    if !lot.contains(c) || lot.distance(c) < (dot(half, half)).sqrt() + margin {
        return None;
    }
    let d = lot.long_axis();
    let n = left(d);
    let corner = |s: f64, t: f64| V::round(along(along(c, d, s * half[0]), n, t * half[1]));
    let mut ring = vec![corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0)];
    if rng.chance(0.5) {
        ring.extend([corner(0.2, 1.0), corner(0.2, 0.6), corner(-1.0, 0.6)]);
    } else {
        ring.push(corner(-1.0, 1.0));
    }
    Some(ring)
}
