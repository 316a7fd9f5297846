//! Farmland into fields and terraces with the crooked boundaries that they have.

use crate::cut::{Care, cut};
use crate::plane::{M, V, left};
use crate::ring::{INNER, Ring};
use crate::rng::Rng;
use crate::splits::Splits;

const CARE: Care = Care { to_node: 2.0, to_vertex: 1.5, cosine: 0.93, area: 60.0, thickness: 4.0 };

/// Metres between the bends of a boundary.
const BEND: f64 = 28.0;

/// Cuts the block into `count` fields, fewer where its shape doesn't allow it; `splits` as for lots.
pub(crate) fn fields(block: Ring, count: usize, rng: &mut Rng, splits: &mut Splits) -> Vec<Ring> {
    let mut done = Vec::new();
    let mut todo = vec![(block, count)];
    // What a piece could not be divided into is tried on the next one.
    let mut owed = 0;
    while let Some((piece, count)) = todo.pop() {
        let piece = splits.expand(&piece);
        let count = count + owed;
        owed = 0;
        if count < 2 {
            done.push(piece);
            continue;
        }
        match halve(&piece, count, rng, splits) {
            Some((a, b)) => {
                let share = a.area() / (a.area() + b.area());
                // Some parts are cut finer than others.
                let first = ((count as f64 * share * rng.range(0.75, 1.25)).round() as usize).clamp(1, count - 1);
                todo.push((b, count - first));
                todo.push((a, first));
            }
            None => {
                owed = count - 1;
                done.push(piece);
            }
        }
    }
    done.iter().map(|field| splits.expand(field)).collect()
}

fn halve(piece: &Ring, count: usize, rng: &mut Rng, splits: &mut Splits) -> Option<(Ring, Ring)> {
    let axis = piece.long_axis();
    let half = (count / 2) as f64 / count as f64;
    for attempt in 0..6 {
        let dir = if attempt % 2 == 0 { axis } else { left(axis) };
        let (s, _) = piece.extent(dir);
        let k = (half + rng.range(-0.1, 0.1)).clamp(0.25, 0.75);
        let line = boundary(piece, dir, s[0] + k * (s[1] - s[0]), attempt < 4, rng);
        if let Some(parts) = cut(piece, &line, INNER, &CARE, splits) {
            return Some((parts.left, parts.right));
        }
    }
    None
}

/// A crooked line about at right angles to `dir`: a bow, and a bend every few metres.
fn boundary(piece: &Ring, dir: M, at: f64, crooked: bool, rng: &mut Rng) -> Vec<V> {
    let n = left(dir);
    let (_, t) = piece.extent(dir);
    let run = t[1] - t[0] + 12.0;
    let lean = rng.range(-0.22, 0.22);
    let bow = if crooked { rng.range(-0.12, 0.12) * run } else { 0.0 };
    let steps = if crooked { (run / (BEND * rng.range(0.8, 1.25))).ceil().max(2.0) as usize } else { 1 };
    let rough = if crooked { 0.085 * run / steps as f64 } else { 0.0 };
    (0..=steps)
        .map(|i| {
            let inside = i > 0 && i < steps;
            let (aside, onward) = if inside { (rng.range(-1.6, 1.6), rng.range(-0.22, 0.22)) } else { (0.0, 0.0) };
            let f = (i as f64 + onward) / steps as f64;
            let shift = at + lean * run * (f - 0.5) + bow * (4.0 * f * (1.0 - f) - 0.66) + rough * aside;
            let across = t[0] - 6.0 + run * f;
            V::round([dir[0] * shift + n[0] * across, dir[1] * shift + n[1] * across])
        })
        .collect()
}
