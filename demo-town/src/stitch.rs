//! The outline of faces put together: what is left when edges that two of them share cancel out.

use crate::plane::{V, orient};
use crate::ring::twice_area;
use crate::splits::Seen;

/// Outer ring counter-clockwise, then holes clockwise; open rings.
pub(crate) type Shape = Vec<Vec<V>>;

/// Directed edges of a region that lies on their left; edges that occur both ways cancel out.
#[derive(Default)]
pub(crate) struct Outline {
    edges: Vec<(V, V)>,
}

impl Outline {
    /// Adds a counter-clockwise ring.
    pub(crate) fn add(&mut self, ring: &[V]) {
        for i in 0..ring.len() {
            self.edges.push((ring[i], ring[(i + 1) % ring.len()]));
        }
    }

    /// Takes a counter-clockwise ring away.
    pub(crate) fn remove(&mut self, ring: &[V]) {
        for i in 0..ring.len() {
            self.edges.push((ring[(i + 1) % ring.len()], ring[i]));
        }
    }

    /// The shapes that remain, by their smallest vertex.
    pub(crate) fn shapes(mut self) -> Vec<Shape> {
        self.cancel();
        let rings = self.rings();
        let (mut outers, mut holes) = (Vec::new(), Vec::new());
        for ring in rings {
            let area = twice_area(&ring);
            if area > 0 {
                outers.push((area, vec![ring]));
            } else if area < 0 {
                holes.push(ring);
            }
        }
        for hole in holes {
            let home = (0..outers.len()).filter(|i| holds(&outers[*i].1[0], &hole)).min_by_key(|i| outers[*i].0);
            if let Some(i) = home {
                outers[i].1.push(hole);
            }
        }
        outers.into_iter().map(|(_, shape)| shape).collect()
    }

    fn cancel(&mut self) {
        let key = |e: &(V, V)| if e.0 < e.1 { (e.0, e.1) } else { (e.1, e.0) };
        self.edges.sort_unstable_by_key(|e| (key(e), e.0 > e.1));
        let mut kept = Vec::with_capacity(self.edges.len());
        let mut i = 0;
        while i < self.edges.len() {
            let mut j = i;
            let mut balance = 0i32;
            while j < self.edges.len() && key(&self.edges[j]) == key(&self.edges[i]) {
                balance += if self.edges[j].0 < self.edges[j].1 { 1 } else { -1 };
                j += 1;
            }
            let (a, b) = key(&self.edges[i]);
            match balance {
                1.. => kept.push((a, b)),
                0 => {}
                _ => kept.push((b, a)),
            }
            i = j;
        }
        kept.sort_unstable();
        self.edges = kept;
    }

    /// Follows the edges with the region on the left; where a vertex is met again, the loop in between is a ring of its own.
    fn rings(&self) -> Vec<Vec<V>> {
        let mut used = vec![false; self.edges.len()];
        let mut rings = Vec::new();
        for first in 0..self.edges.len() {
            if used[first] {
                continue;
            }
            let mut path: Vec<V> = Vec::new();
            let mut on_path = Seen::default();
            let mut edge = first;
            loop {
                used[edge] = true;
                let (from, at) = self.edges[edge];
                path.push(from);
                on_path.insert(from);
                if let Some(k) = on_path.contains(&at).then(|| path.iter().rposition(|v| *v == at)).flatten() {
                    let ring = path.split_off(k);
                    ring.iter().for_each(|v| {
                        on_path.remove(v);
                    });
                    rings.push(ring);
                    if path.is_empty() {
                        break;
                    }
                }
                match self.onward(from, at, &used) {
                    Some(next) => edge = next,
                    None => break,
                }
            }
        }
        rings
    }

    /// The unused edge out of `at` that turns most to the left for one who comes from `from`.
    fn onward(&self, from: V, at: V, used: &[bool]) -> Option<usize> {
        let start = self.edges.partition_point(|e| e.0 < at);
        let mut best: Option<usize> = None;
        for i in (start..self.edges.len()).take_while(|i| self.edges[*i].0 == at) {
            if used[i] {
                continue;
            }
            best = match best {
                Some(b) if !more_left(from, at, self.edges[i].1, self.edges[b].1) => Some(b),
                _ => Some(i),
            };
        }
        best
    }
}

/// Coming from `from` to `at`: does going on to `p` turn more to the left than to `q`?
fn more_left(from: V, at: V, p: V, q: V) -> bool {
    let (sp, sq) = (orient(from, at, p), orient(from, at, q));
    match (sp >= 0, sq >= 0) {
        (true, false) => true,
        (false, true) => false,
        _ => orient(at, q, p) > 0,
    }
}

fn holds(outer: &[V], hole: &[V]) -> bool {
    let (a, b) = (hole[0].m(), hole[1].m());
    let p = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
    let mut inside = false;
    for i in 0..outer.len() {
        let (a, b) = (outer[i].m(), outer[(i + 1) % outer.len()].m());
        if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    fn square(x: i32, y: i32, side: i32) -> Vec<V> {
        [(0, 0), (1, 0), (1, 1), (0, 1)].map(|(i, j)| V { x: x + i * side, y: y + j * side }).to_vec()
    }

    #[test]
    fn shared_edges_vanish() {
        let mut outline = Outline::default();
        outline.add(&square(0, 0, 10));
        outline.add(&square(10, 0, 10));
        let shapes = outline.shapes();
        assert_eq!(shapes.len(), 1);
        assert_eq!(twice_area(&shapes[0][0]), 400);
    }

    #[test]
    fn what_is_taken_away_becomes_holes_also_when_they_touch() {
        let mut outline = Outline::default();
        outline.add(&square(0, 0, 100));
        outline.remove(&square(10, 10, 20));
        outline.remove(&square(30, 30, 20));
        let shapes = outline.shapes();
        assert_eq!(shapes.len(), 1);
        assert_eq!(shapes[0].len(), 3);
        assert!(shapes[0].iter().all(|r| crate::ring::simple(r)));
    }

    #[test]
    fn two_corners_that_touch_stay_two_shapes() {
        let mut outline = Outline::default();
        outline.add(&square(0, 0, 10));
        outline.add(&square(10, 10, 10));
        assert_eq!(outline.shapes().len(), 2);
    }
}
