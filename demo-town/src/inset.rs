//! From a face between street axes to the block that the streets leave.

use crate::plane::{M, V, along, cross, dot, left, length, sub, unit};
use crate::ring::{COAST, Edge, Ring, simple};
use crate::splits::Splits;

/// An edge of the face, moved inwards.
#[derive(Clone, Copy)]
struct Side {
    /// Ends on the face, metres.
    a: M,
    b: M,
    direction: M,
    /// How far it moves, metres.
    by: f64,
    edge: Edge,
}

impl Side {
    fn moved(&self, p: M) -> M {
        along(p, left(self.direction), self.by)
    }
}

/// Moves each edge inwards by `by(edge)` metres and cuts convex corners back by up to `corner(vertex)` metres. Edges that do
/// not move keep their vertices, and points that come to lie on them are told to `splits`. `None` when nothing is left.
pub(crate) fn inset(face: &Ring, by: &dyn Fn(Edge) -> f64, corner: &mut dyn FnMut() -> f64, splits: &mut Splits) -> Option<Ring> {
    [1.0, 0.75, 0.5, 0.3].into_iter().find_map(|share| attempt(face, &|e| by(e) * share, corner, splits))
}

fn attempt(face: &Ring, by: &dyn Fn(Edge) -> f64, corner: &mut dyn FnMut() -> f64, splits: &mut Splits) -> Option<Ring> {
    let mut sides = sides(face, by);
    // A side that would run backwards is swallowed by its neighbours.
    loop {
        if sides.len() < 3 {
            return None;
        }
        let n = sides.len();
        let mut worst = (0.0, None);
        for i in 0..n {
            let start = joint(&sides[(i + n - 1) % n], &sides[i]).1;
            let stop = joint(&sides[i], &sides[(i + 1) % n]).0;
            let run = dot(sub(stop, start), sides[i].direction);
            if run < worst.0 {
                worst = (run, Some(i));
            }
        }
        match worst.1 {
            Some(i) => sides.remove(i),
            None => break,
        };
    }
    let (ring, pending) = draw(&sides, corner)?;
    let large = ring.len() >= 3 && ring.area() > 40.0 && ring.thickness() > 1.5;
    if !large || !ring.is_simple() || !inside(&ring, face) {
        return None;
    }
    pending.into_iter().for_each(|(a, b, p)| splits.split(a, b, p));
    Some(ring)
}

/// The edges of the face as sides; neighbours on the same road and in line become one.
fn sides(face: &Ring, by: &dyn Fn(Edge) -> f64) -> Vec<Side> {
    let mut out: Vec<Side> = Vec::with_capacity(face.len());
    for i in 0..face.len() {
        let (a, b) = (face.edge(i).0.m(), face.edge(i).1.m());
        let side = Side { a, b, direction: unit(sub(b, a)), by: by(face.e[i]), edge: face.e[i] };
        match out.last_mut() {
            Some(last) if last.edge == side.edge && side.by > 0.0 && in_line(last, &side) => {
                last.b = b;
                last.direction = unit(sub(b, last.a));
            }
            _ => out.push(side),
        }
    }
    out
}

fn in_line(a: &Side, b: &Side) -> bool {
    let whole = unit(sub(b.b, a.a));
    cross(whole, sub(a.b, a.a)).abs() < 0.02 && dot(a.direction, b.direction) > 0.9
}

/// Where two sides meet once moved: one point, or the two ends of a step where they are almost in line.
fn joint(a: &Side, b: &Side) -> (M, M) {
    let turn = cross(a.direction, b.direction);
    let (p, q) = (a.moved(a.b), b.moved(b.a));
    if a.by == 0.0 && b.by == 0.0 {
        return (a.b, a.b);
    }
    if turn.abs() < 0.12 && dot(a.direction, b.direction) > 0.0 {
        if (a.by - b.by).abs() < 0.3 {
            let m = [(p[0] + q[0]) / 2.0, (p[1] + q[1]) / 2.0];
            return (m, m);
        }
        return (p, q);
    }
    if turn.abs() < 0.02 {
        return (p, q);
    }
    let k = cross(sub(q, p), b.direction) / turn;
    let m = along(p, a.direction, k);
    (m, m)
}

/// A block, and the points that came to lie on sides that stay: (side's ends, point).
type Drawn = (Ring, Vec<(V, V, V)>);

/// The ring through the joints.
fn draw(sides: &[Side], corner: &mut dyn FnMut() -> f64) -> Option<Drawn> {
    let n = sides.len();
    let mut ring = Ring::default();
    let mut pending: Vec<(V, V, V)> = Vec::new();
    let mut put = |p: M, edge: Edge| {
        let v = V::round(p);
        if ring.v.last() == Some(&v) {
            ring.e.pop();
            ring.v.pop();
        }
        ring.v.push(v);
        ring.e.push(edge);
    };
    for i in 0..n {
        let (a, b) = (&sides[i], &sides[(i + 1) % n]);
        let (p, q) = joint(a, b);
        for (side, at) in [(a, p), (b, q)] {
            if side.by == 0.0 && V::round(at) != V::round(side.a) && V::round(at) != V::round(side.b) {
                pending.push((V::round(side.a), V::round(side.b), V::round(at)));
            }
        }
        if p != q {
            put(p, a.edge);
            put(q, b.edge);
            continue;
        }
        let back = corner();
        let turn = cross(a.direction, b.direction);
        let room = 0.3 * length(sub(a.b, a.a)).min(length(sub(b.b, b.a)));
        if turn > 0.45 && back > 0.5 && a.by > 0.0 && b.by > 0.0 && room > 1.0 {
            let back = if dot(a.direction, b.direction) < -0.3 { back * 1.6 } else { back }.min(room);
            put(along(p, a.direction, -back), a.edge);
            put(along(p, b.direction, back), b.edge);
        } else {
            put(p, b.edge);
        }
    }
    if ring.len() > 1 && ring.v.first() == ring.v.last() {
        ring.v.pop();
        ring.e.pop();
    }
    // A point off the side that it should lie on means that the corner cannot be drawn.
    if pending.iter().any(|(a, b, p)| crate::plane::to_segment(p.m(), a.m(), b.m()) > 0.002) {
        return None;
    }
    Some((ring, pending))
}

/// Does no edge of the block cross the face? Edges on the coast lie on it.
fn inside(ring: &Ring, face: &Ring) -> bool {
    for i in 0..ring.len() {
        if ring.e[i] == COAST {
            continue;
        }
        let (a, b) = ring.edge(i);
        for j in 0..face.len() {
            let (c, d) = face.edge(j);
            if face.e[j] != COAST && crate::plane::meet(a, b, c, d) {
                return false;
            }
        }
    }
    let (a, b) = ring.edge(0);
    let mid = [(a.m()[0] + b.m()[0]) / 2.0, (a.m()[1] + b.m()[1]) / 2.0];
    ring.e[0] == COAST || face.contains(mid)
}

/// The ring moved inwards by the same distance everywhere, for buildings; `None` when nothing sound is left.
pub(crate) fn shrink(ring: &[V], by: f64) -> Option<Vec<V>> {
    let n = ring.len();
    let mut out = Vec::with_capacity(n);
    for i in 0..n {
        let (p, q, r) = (ring[(i + n - 1) % n].m(), ring[i].m(), ring[(i + 1) % n].m());
        let (d, e) = (unit(sub(q, p)), unit(sub(r, q)));
        let turn = cross(d, e);
        let (a, b) = (along(q, left(d), by), along(q, left(e), by));
        let m = if turn.abs() < 0.05 { [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0] } else { along(a, d, cross(sub(b, a), e) / turn) };
        out.push(V::round(m));
    }
    for i in 0..n {
        let (a, b) = (ring[i].m(), ring[(i + 1) % n].m());
        let (c, d) = (out[i].m(), out[(i + 1) % n].m());
        if dot(sub(b, a), sub(d, c)) <= 0.0 {
            return None;
        }
    }
    simple(&out).then_some(out)
}
