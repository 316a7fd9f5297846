//! Footprints of buildings on their lots.

use crate::inset::shrink;
use crate::plane::{M, V, along, cross, distance, dot, left, meet, sub, unit};
use crate::records::BuildingKind;
use crate::ring::{INNER, LIMIT, Ring, simple, twice_area};
use crate::rng::Rng;
use crate::zones::Zone;

/// A building before it has an id.
pub(crate) struct House {
    pub(crate) ring: Vec<V>,
    pub(crate) kind: BuildingKind,
    pub(crate) floors: u8,
    pub(crate) height: f64,
}

/// The edge of the lot that looks on a street: the longest one, as `(index, length)`.
pub(crate) fn front(lot: &Ring) -> Option<(usize, f64)> {
    let fronts = (0..lot.len()).filter(|i| lot.e[*i] != INNER && lot.e[*i] != LIMIT);
    fronts.map(|i| (i, lot.edge(i).0.distance2(lot.edge(i).1).sqrt())).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The main building of a lot, in the manner of its zone.
pub(crate) fn house(lot: &Ring, zone: Zone, rng: &mut Rng) -> Option<House> {
    let (edge, width) = front(lot)?;
    let area = lot.area();
    let (ring, floors, kind) = match zone {
        Zone::Old(_) | Zone::Hamlet(_) => {
            let fill = area < 330.0 && rng.chance(0.85);
            let ring = if fill { shrink(&lot.v, 0.03).filter(|r| within(r, lot, 0.005)) } else { row(lot, edge, rng.range(8.0, 12.0)) };
            (ring, 2 + rng.below(3), BuildingKind::Residential)
        }
        Zone::Grid(_) => {
            let ring = if rng.chance(0.78) && width > 7.0 { row(lot, edge, rng.range(11.0, 14.5)) } else { None };
            let ring = ring.or_else(|| detached(lot, edge, [width, 14.0], rng.range(0.3, 2.0), rng));
            (ring, 2 + rng.below(4), if rng.chance(0.12) { BuildingKind::Commercial } else { BuildingKind::Residential })
        }
        Zone::Works => {
            let size = [(width * 0.72).min(60.0), (area / width * 0.62).min(70.0)];
            let kind = if rng.chance(0.8) { BuildingKind::Industrial } else { BuildingKind::Commercial };
            (detached(lot, edge, size, rng.range(6.0, 12.0), rng), 1 + rng.below(2), kind)
        }
        Zone::Suburb | Zone::Field => {
            let size = [rng.range(10.0, 17.0), rng.range(9.0, 13.0)];
            (detached(lot, edge, size, rng.range(4.0, 9.0), rng), 1 + rng.below(3), BuildingKind::Residential)
        }
        _ => {
            let ring = if rng.chance(0.25) && width < 22.0 { row(lot, edge, rng.range(11.0, 14.0)) } else { None };
            let size = [rng.range(12.0, 23.0), rng.range(11.0, 16.0)];
            let ring = ring.or_else(|| detached(lot, edge, size, rng.range(2.0, 6.0), rng));
            (ring, 2 + rng.below(5), if rng.chance(0.07) { BuildingKind::Commercial } else { BuildingKind::Residential })
        }
    };
    // On an awkward lot a small house will still stand somewhere.
    let ring = ring.or_else(|| detached(lot, edge, [13.0, 10.0], 1.5, rng)).or_else(|| anywhere(lot, rng))?;
    Some(finish(ring, kind, floors, rng))
}

/// A garage or shed at the back of the lot, away from the house.
pub(crate) fn annex(lot: &Ring, houses: &[House], rng: &mut Rng) -> Option<House> {
    let edge = front(lot).map_or(0, |f| f.0);
    let (a, b) = lot.edge(edge);
    let d = unit(sub(b.m(), a.m()));
    let (s, t) = lot.extent(d);
    let half = [rng.range(1.7, 3.8), rng.range(1.5, 2.7)];
    for (x, y) in [(0.12, 0.85), (0.88, 0.85), (0.5, 0.88), (0.15, 0.6), (0.85, 0.6)] {
        let (u, v) = (s[0] + x * (s[1] - s[0]), t[0] + y * (t[1] - t[0]));
        let n = left(d);
        let c = [d[0] * u + n[0] * v, d[1] * u + n[1] * v];
        let ring = rectangle(c, d, half);
        let clear =
            houses.iter().flat_map(|h| (0..h.ring.len()).map(move |i| (h.ring[i], h.ring[(i + 1) % h.ring.len()]))).all(|(p, q)| {
                (0..4).all(|j| !meet(p, q, ring[j], ring[(j + 1) % 4])) && crate::plane::to_segment(c, p.m(), q.m()) > half[0] + 1.0
            });
        let outside = houses.iter().all(|h| !Ring { v: h.ring.clone(), e: Vec::new() }.contains(c));
        if clear && outside && within(&ring, lot, 0.4) {
            return Some(finish(ring, BuildingKind::Annex, 1, rng));
        }
    }
    None
}

/// A farmhouse on a small plot of its own.
pub(crate) fn cottage(lot: &Ring, rng: &mut Rng) -> Option<House> {
    let size = [rng.range(8.0, 13.0), rng.range(7.5, 10.5)];
    let edge =
        (0..lot.len()).max_by(|a, b| lot.edge(*a).0.distance2(lot.edge(*a).1).total_cmp(&lot.edge(*b).0.distance2(lot.edge(*b).1)))?;
    let ring = detached(lot, edge, size, rng.range(1.5, 3.0), rng)?;
    Some(finish(ring, BuildingKind::Residential, 1 + rng.below(2), rng))
}

/// A large building in the middle of a site: church with an apse, or a block with wings.
pub(crate) fn landmark(lot: &Ring, kind: BuildingKind, share: f64, rng: &mut Rng) -> Option<House> {
    let axis = lot.long_axis();
    let (s, t) = lot.extent(axis);
    let c = crate::skeleton::inner(lot);
    let (w, h) = ((s[1] - s[0]) * share, (t[1] - t[0]) * share);
    let (w, h) = match kind {
        BuildingKind::Church => ((h * 1.9).min(w).min(46.0), h.min(w / 1.7).min(22.0)),
        _ => (w.min(95.0), h.min(60.0)),
    };
    let floors = if kind == BuildingKind::Church { 1 } else { 2 + rng.below(3) };
    for k in [1.0, 0.85, 0.72, 0.6, 0.48, 0.36] {
        let half = [w * k / 2.0, h * k / 2.0];
        let ring = match kind {
            BuildingKind::Church => church(c, axis, half),
            _ if half[1] > 14.0 => courtyard_wings(c, axis, half, rng),
            _ => rectangle(c, axis, half),
        };
        if simple(&ring) && within(&ring, lot, 0.5) {
            let mut house = finish(ring, kind, floors, rng);
            if kind == BuildingKind::Church {
                house.height = 14.0 + (rng.below(80) as f64) / 10.0;
            }
            return Some(house);
        }
    }
    None
}

fn finish(mut ring: Vec<V>, kind: BuildingKind, floors: usize, rng: &mut Rng) -> House {
    if twice_area(&ring) < 0 {
        ring.reverse();
    }
    let storey = match kind {
        BuildingKind::Industrial => 6.0,
        BuildingKind::Annex => 2.6,
        _ => 3.2,
    };
    let height = ((storey * floors as f64 + rng.range(0.0, 1.2)) * 10.0).round() / 10.0;
    House { ring, kind, floors: floors as u8, height }
}

fn rectangle(c: M, d: M, half: [f64; 2]) -> Vec<V> {
    figure(c, d, half, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
}

fn figure(c: M, d: M, half: [f64; 2], corners: &[(f64, f64)]) -> Vec<V> {
    let n = left(d);
    corners.iter().map(|(s, t)| V::round(along(along(c, d, s * half[0]), n, t * half[1]))).collect()
}

fn church(c: M, d: M, half: [f64; 2]) -> Vec<V> {
    figure(
        c,
        d,
        half,
        &[
            (-1.0, -0.62),
            (0.2, -0.62),
            (0.2, -1.0),
            (0.58, -1.0),
            (0.58, -0.62),
            (0.74, -0.5),
            (0.92, -0.38),
            (1.0, -0.14),
            (1.0, 0.14),
            (0.92, 0.38),
            (0.74, 0.5),
            (0.58, 0.62),
            (0.58, 1.0),
            (0.2, 1.0),
            (0.2, 0.62),
            (-1.0, 0.62),
        ],
    )
}

fn courtyard_wings(c: M, d: M, half: [f64; 2], rng: &mut Rng) -> Vec<V> {
    let (w, h) = (1.0 - 26.0 / (2.0 * half[0]).max(40.0), 1.0 - 26.0 / (2.0 * half[1]).max(40.0));
    if rng.chance(0.5) {
        figure(c, d, half, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (w, 1.0), (w, -h), (-w, -h), (-w, 1.0), (-1.0, 1.0)])
    } else {
        figure(c, d, half, &[(-1.0, -1.0), (1.0, -1.0), (1.0, -h), (-w, -h), (-w, 1.0), (-1.0, 1.0)])
    }
}

/// A plain house in the middle of the lot.
fn anywhere(lot: &Ring, rng: &mut Rng) -> Option<Vec<V>> {
    let (c, d) = (crate::skeleton::inner(lot), lot.long_axis());
    let (s, t) = lot.extent(d);
    let whole = [(s[1] - s[0]) * rng.range(0.3, 0.36), (t[1] - t[0]) * rng.range(0.3, 0.36)];
    let half = [whole[0].min(11.0), whole[1].min(7.5)];
    [1.0, 0.8, 0.62].into_iter().map(|k| rectangle(c, d, [half[0] * k, half[1] * k])).find(|ring| half[1] > 2.4 && within(ring, lot, 0.3))
}

/// A house in a row: the part of the lot within `depth` metres of the street, a hair inside the boundaries.
fn row(lot: &Ring, edge: usize, depth: f64) -> Option<Vec<V>> {
    let (a, b) = lot.edge(edge);
    let (a, d) = (a.m(), unit(sub(b.m(), a.m())));
    let n = left(d);
    let deep = |p: M| dot(sub(p, a), n) - depth;
    let count = lot.len();
    let mut out: Vec<V> = Vec::new();
    for i in 0..count {
        let (p, q) = lot.edge(i);
        let (dp, dq) = (deep(p.m()), deep(q.m()));
        if dp <= 0.0 {
            out.push(p);
        }
        if (dp < 0.0) != (dq < 0.0) && dp != 0.0 && dq != 0.0 {
            let k = dp / (dp - dq);
            out.push(V::round(along(p.m(), sub(q.m(), p.m()), k)));
        }
    }
    out.dedup();
    if out.len() < 3 || !simple(&out) || twice_area(&out) < 60_000_000 {
        return None;
    }
    let ring = shrink(&out, 0.03)?;
    within(&ring, lot, 0.005).then_some(ring)
}

/// A house that stands free, `back` metres behind the street edge.
fn detached(lot: &Ring, edge: usize, size: [f64; 2], back: f64, rng: &mut Rng) -> Option<Vec<V>> {
    let (a, b) = lot.edge(edge);
    let d = unit(sub(b.m(), a.m()));
    let n = left(d);
    let width = distance(a.m(), b.m());
    let place = rng.range(0.42, 0.58);
    let form = rng.unit();
    for k in [1.0, 0.88, 0.77, 0.66, 0.55, 0.45] {
        let half = [(size[0] * k).min(width * 1.2 - 2.0) / 2.0, size[1] * k / 2.0];
        if half[0] < 2.5 || half[1] < 2.5 {
            return None;
        }
        let c = along(along(a.m(), d, width * place), n, back * k + half[1]);
        let ring = if form < 0.55 {
            rectangle(c, d, half)
        } else if form < 0.8 {
            figure(c, d, half, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 0.2), (0.1, 0.2), (0.1, 1.0), (-1.0, 1.0)])
        } else if form < 0.92 {
            figure(c, d, half, &[(-1.0, -0.7), (-0.3, -0.7), (-0.3, -1.0), (0.4, -1.0), (0.4, -0.7), (1.0, -0.7), (1.0, 1.0), (-1.0, 1.0)])
        } else {
            figure(c, d, half, &[(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (0.25, 1.0), (0.25, 0.45), (-1.0, 0.45)])
        };
        if within(&ring, lot, 0.35) {
            return Some(ring);
        }
    }
    None
}

/// Is the footprint inside the lot, with this much room to its boundaries?
fn within(ring: &[V], lot: &Ring, room: f64) -> bool {
    for (i, p) in ring.iter().enumerate() {
        if !lot.contains(p.m()) || lot.distance(p.m()) < room {
            return false;
        }
        let q = ring[(i + 1) % ring.len()];
        for j in 0..lot.len() {
            let (a, b) = lot.edge(j);
            if meet(*p, q, a, b) {
                return false;
            }
        }
    }
    let o = ring[0].m();
    cross(sub(ring[1].m(), o), sub(ring[2].m(), o)).abs() > 0.0
}
