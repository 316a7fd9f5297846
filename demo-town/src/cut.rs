//! Cutting a face in two along a line.

use crate::plane::{V, dot, lerp, meet, orient, sub, unit};
use crate::ring::{Edge, Ring};
use crate::splits::Splits;

/// How careful to be.
#[derive(Clone, Copy)]
pub(crate) struct Care {
    /// An end this close to a vertex where lines meet goes there, metres.
    pub(crate) to_node: f64,
    /// An end this close to any other vertex goes there, metres.
    pub(crate) to_vertex: f64,
    /// Cosine of the smallest angle that the line may make with the edge it ends on.
    pub(crate) cosine: f64,
    /// Neither part may be smaller, square metres.
    pub(crate) area: f64,
    /// Neither part may be thinner, metres (see [`Ring::thickness`]).
    pub(crate) thickness: f64,
}

/// The parts left and right of the line, and the line between them.
pub(crate) struct Parts {
    pub(crate) left: Ring,
    pub(crate) right: Ring,
    pub(crate) chain: Vec<V>,
}

#[derive(Clone, Copy)]
struct Crossing {
    /// Which segment of the line, and where on it.
    at: (usize, f64),
    edge: usize,
    point: V,
}

/// Cuts the ring along the first stretch of the line that runs through it from edge to edge and leaves two sound parts.
/// The ends become vertices of the ring, and `splits` tells the neighbours. `None`: the ring stays whole.
pub(crate) fn cut(ring: &Ring, line: &[V], edge: Edge, care: &Care, splits: &mut Splits) -> Option<Parts> {
    let crossings = crossings(ring, line);
    for pair in crossings.windows(2) {
        if let Some(parts) = cut_between(ring, line, edge, care, splits, pair[0], pair[1]) {
            return Some(parts);
        }
    }
    None
}

fn crossings(ring: &Ring, line: &[V]) -> Vec<Crossing> {
    let mut found = Vec::new();
    for s in 0..line.len() - 1 {
        let (p, q) = (line[s], line[s + 1]);
        let (low, high) = (V { x: p.x.min(q.x), y: p.y.min(q.y) }, V { x: p.x.max(q.x), y: p.y.max(q.y) });
        for i in 0..ring.len() {
            let (a, b) = ring.edge(i);
            if a.x.max(b.x) < low.x || a.x.min(b.x) > high.x || a.y.max(b.y) < low.y || a.y.min(b.y) > high.y {
                continue;
            }
            let (oa, ob) = (orient(p, q, a), orient(p, q, b));
            let (op, oq) = (orient(a, b, p), orient(a, b, q));
            if (oa >= 0) == (ob >= 0) || (op >= 0) == (oq >= 0) {
                continue;
            }
            let t = oa as f64 / (oa as f64 - ob as f64);
            let k = op as f64 / (op as f64 - oq as f64);
            found.push(Crossing { at: (s, k), edge: i, point: V::round(lerp(a.m(), b.m(), t)) });
        }
    }
    found.sort_by(|x, y| x.at.0.cmp(&y.at.0).then(x.at.1.total_cmp(&y.at.1)));
    found
}

/// Where an end goes: an index of a vertex, or a new point on an edge.
enum End {
    Vertex(usize),
    New(usize, V),
}

fn end(ring: &Ring, c: Crossing, care: &Care, splits: &Splits) -> End {
    let (i, j) = (c.edge, ring.next(c.edge));
    let mut best: Option<(f64, usize)> = None;
    let around = [i, j, ring.next(j), (i + ring.len() - 1) % ring.len()];
    for k in around {
        let reach = if splits.is_node(ring.v[k]) { care.to_node } else { care.to_vertex };
        let d = ring.v[k].distance2(c.point).sqrt();
        if d <= reach && best.is_none_or(|(b, _)| d < b) {
            best = Some((d, k));
        }
    }
    match best {
        Some((_, k)) => End::Vertex(k),
        None if c.point == ring.v[i] => End::Vertex(i),
        None if c.point == ring.v[j] => End::Vertex(j),
        None => End::New(i, c.point),
    }
}

fn cut_between(ring: &Ring, line: &[V], edge: Edge, care: &Care, splits: &mut Splits, from: Crossing, to: Crossing) -> Option<Parts> {
    let (start, stop) = (end(ring, from, care, splits), end(ring, to, care, splits));
    let mut whole = ring.clone();
    let place = |e: &End| match *e {
        End::Vertex(i) => (i, 0, ring.v[i]),
        End::New(i, p) => (i, 1, p),
    };
    let (a, b) = (place(&start), place(&stop));
    if a.2 == b.2 || (a.0 == b.0 && a.1 == 1 && b.1 == 1) {
        return None;
    }
    // The later one first, so that the earlier index stays right.
    let mut ends = [a, b];
    ends.sort_by_key(|e| std::cmp::Reverse(e.0));
    for (i, new, p) in ends {
        if new == 1 {
            whole.v.insert(i + 1, p);
            whole.e.insert(i + 1, ring.e[i]);
        }
    }
    let (ia, ib) = (whole.v.iter().position(|v| *v == a.2)?, whole.v.iter().position(|v| *v == b.2)?);
    let chain = chain(line, from, to, a.2, b.2, care);
    if !fits(&whole, &chain, ia, ib, care.cosine) {
        return None;
    }
    let parts = Parts { left: side(&whole, ib, ia, &chain, edge, false), right: side(&whole, ia, ib, &chain, edge, true), chain };
    for part in [&parts.left, &parts.right] {
        if part.len() < 3 || part.area() < care.area || part.thickness() < care.thickness {
            return None;
        }
    }
    for end in [&start, &stop] {
        if let End::New(i, p) = *end {
            let (u, v) = ring.edge(i);
            splits.split(u, v, p);
        }
    }
    splits.mark(a.2);
    splits.mark(b.2);
    Some(parts)
}

/// The stretch of the line between the two ends, without points that crowd them.
fn chain(line: &[V], from: Crossing, to: Crossing, a: V, b: V, care: &Care) -> Vec<V> {
    let (ra, rb) = (clear(a, from, care), clear(b, to, care));
    let mut chain = vec![a];
    for p in &line[from.at.0 + 1..=to.at.0] {
        if p.distance2(a).sqrt() > ra && p.distance2(b).sqrt() > rb && chain.last() != Some(p) {
            chain.push(*p);
        }
    }
    chain.push(b);
    chain
}

/// How far from an end the line's own points start to count.
fn clear(end: V, crossing: Crossing, care: &Care) -> f64 {
    let moved = end.distance2(crossing.point).sqrt();
    (care.to_vertex * 1.5).max(moved * 2.5)
}

/// Is the chain inside the ring, away from its other edges, and at fair angles with it?
fn fits(ring: &Ring, chain: &[V], ia: usize, ib: usize, cosine: f64) -> bool {
    let n = ring.len();
    let mid = chain.len() / 2;
    if !ring.contains(lerp(chain[mid - 1].m(), chain[mid].m(), 0.5)) {
        return false;
    }
    for (k, to, at) in [(0, 1, ia), (chain.len() - 1, chain.len() - 2, ib)] {
        let d = unit(sub(chain[to].m(), chain[k].m()));
        for other in [ring.v[(at + 1) % n], ring.v[(at + n - 1) % n]] {
            if dot(d, unit(sub(other.m(), chain[k].m()))) > cosine {
                return false;
            }
        }
        if !ring.contains(lerp(chain[k].m(), chain[to].m(), 0.5)) {
            return false;
        }
    }
    for (s, pair) in chain.windows(2).enumerate() {
        for i in 0..n {
            let (a, b) = ring.edge(i);
            let at_start = s == 0 && (i == ia || ring.next(i) == ia);
            let at_end = s + 2 == chain.len() && (i == ib || ring.next(i) == ib);
            if !at_start && !at_end && meet(pair[0], pair[1], a, b) {
                return false;
            }
        }
    }
    true
}

/// The ring from vertex `first` on to vertex `last`, closed along the chain (forwards, or backwards when `reverse`).
fn side(ring: &Ring, first: usize, last: usize, chain: &[V], edge: Edge, reverse: bool) -> Ring {
    let mut out = Ring::default();
    let mut i = first;
    while i != last {
        out.v.push(ring.v[i]);
        out.e.push(ring.e[i]);
        i = ring.next(i);
    }
    let inner = chain.len() - 1;
    let mut put = |v: V| {
        out.v.push(v);
        out.e.push(edge);
    };
    if reverse {
        chain[1..].iter().rev().for_each(|v| put(*v));
    } else {
        chain[..inner].iter().for_each(|v| put(*v));
    }
    out
}
