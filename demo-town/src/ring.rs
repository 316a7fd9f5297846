//! A simple polygon without holes whose edges remember what they lie on.

use crate::plane::{M, V, cross, dot, left, meet, orient, sub, to_segment, unit};

/// What an edge lies on: the number of a road, or one of the constants below.
pub(crate) type Edge = u32;

/// Between parcels of a block.
pub(crate) const INNER: Edge = u32::MAX;
/// The shore.
pub(crate) const COAST: Edge = u32::MAX - 1;
/// The border of a comune: a ditch, half of which lies on either side.
pub(crate) const LIMIT: Edge = u32::MAX - 2;

/// Counter-clockwise, open (the first vertex is not repeated); `e[i]` is the edge from `v[i]` to the next.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ring {
    pub(crate) v: Vec<V>,
    pub(crate) e: Vec<Edge>,
}

impl Ring {
    pub(crate) fn len(&self) -> usize {
        self.v.len()
    }

    pub(crate) fn next(&self, i: usize) -> usize {
        if i + 1 == self.v.len() { 0 } else { i + 1 }
    }

    /// Ends of edge `i`.
    pub(crate) fn edge(&self, i: usize) -> (V, V) {
        (self.v[i], self.v[self.next(i)])
    }

    /// Square metres, positive when counter-clockwise.
    pub(crate) fn area(&self) -> f64 {
        twice_area(&self.v) as f64 / 2e6
    }

    /// Metres.
    pub(crate) fn perimeter(&self) -> f64 {
        (0..self.len()).map(|i| self.edge(i)).map(|(a, b)| a.distance2(b).sqrt()).sum()
    }

    /// About half the width of a long shape, metres.
    pub(crate) fn thickness(&self) -> f64 {
        2.0 * self.area() / self.perimeter().max(0.001)
    }

    /// Centre of mass.
    pub(crate) fn centroid(&self) -> M {
        let o = self.v[0].m();
        let (mut x, mut y, mut total) = (0.0, 0.0, 0.0);
        for i in 0..self.len() {
            let (a, b) = self.edge(i);
            let (a, b) = (sub(a.m(), o), sub(b.m(), o));
            let k = cross(a, b);
            x += (a[0] + b[0]) * k;
            y += (a[1] + b[1]) * k;
            total += k;
        }
        [o[0] + x / (3.0 * total), o[1] + y / (3.0 * total)]
    }

    pub(crate) fn contains(&self, p: M) -> bool {
        let mut inside = false;
        for i in 0..self.len() {
            let (a, b) = self.edge(i);
            let (a, b) = (a.m(), b.m());
            if (a[1] > p[1]) != (b[1] > p[1]) && p[0] < (b[0] - a[0]) * (p[1] - a[1]) / (b[1] - a[1]) + a[0] {
                inside = !inside;
            }
        }
        inside
    }

    /// From a point to the nearest edge, metres.
    pub(crate) fn distance(&self, p: M) -> f64 {
        (0..self.len()).map(|i| self.edge(i)).map(|(a, b)| to_segment(p, a.m(), b.m())).fold(f64::MAX, f64::min)
    }

    /// Least and greatest of the projections on two directions: `(along d, along left(d))`.
    pub(crate) fn extent(&self, d: M) -> ([f64; 2], [f64; 2]) {
        let n = left(d);
        let mut e = ([f64::MAX, f64::MIN], [f64::MAX, f64::MIN]);
        for v in &self.v {
            let (s, t) = (dot(v.m(), d), dot(v.m(), n));
            e.0 = [e.0[0].min(s), e.0[1].max(s)];
            e.1 = [e.1[0].min(t), e.1[1].max(t)];
        }
        e
    }

    /// The direction of an edge along which the smallest box around the ring is longest.
    pub(crate) fn long_axis(&self) -> M {
        let mut best = (f64::MAX, [1.0, 0.0]);
        for i in 0..self.len() {
            let (a, b) = self.edge(i);
            if a.distance2(b) < 9.0 {
                continue;
            }
            let d = unit(sub(b.m(), a.m()));
            let (s, t) = self.extent(d);
            let (w, h) = (s[1] - s[0], t[1] - t[0]);
            if w * h < best.0 * 0.999 {
                best = (w * h, if w >= h { d } else { left(d) });
            }
        }
        best.1
    }

    /// Does no edge touch another but at their common end?
    pub(crate) fn is_simple(&self) -> bool {
        simple(&self.v)
    }
}

/// Twice the signed area, square millimetres.
pub(crate) fn twice_area(v: &[V]) -> i64 {
    let o = v[0];
    (1..v.len().saturating_sub(1)).map(|i| orient(o, v[i], v[i + 1])).sum()
}

/// Does no edge of the closed ring touch another but at their common end, and does it turn back nowhere?
pub(crate) fn simple(v: &[V]) -> bool {
    let n = v.len();
    if n < 3 {
        return false;
    }
    for i in 0..n {
        let (a, b) = (v[i], v[(i + 1) % n]);
        let c = v[(i + 2) % n];
        if a == b {
            return false;
        }
        let ahead = dot(sub(b.m(), a.m()), sub(c.m(), b.m()));
        if orient(a, b, c) == 0 && ahead < 0.0 {
            return false;
        }
        for j in i + 2..n {
            if (j + 1) % n != i && meet(a, b, v[j], v[(j + 1) % n]) {
                return false;
            }
        }
    }
    true
}
