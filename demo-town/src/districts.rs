//! From the faces between main lines to quarters of a sheet's size, and on to blocks.

use crate::cut::{Care, Parts, cut};
use crate::plane::{M, V, add, along, dot, left, simplify, sub, unit};
use crate::ring::{Edge, Ring};
use crate::rng::{Noise, Rng};
use crate::roads::Class;
use crate::skeleton::{Ground, inner};
use crate::splits::Lookup;
use crate::zones::{Zone, Zoning};

/// A part of town, or of the fields, that lies in one sheet.
pub(crate) struct Quarter {
    pub(crate) ring: Ring,
    pub(crate) comune: usize,
    pub(crate) zone: Zone,
}

/// What streets leave between them, up to their axes.
pub(crate) struct Block {
    pub(crate) ring: Ring,
    pub(crate) zone: Zone,
    pub(crate) quarter: usize,
}

/// How the streets of a zone run.
struct Style {
    /// Length and depth of a block between street axes, metres.
    size: [f64; 2],
    /// How much directions wander, and over what distance.
    wander: f64,
    wave: f64,
    /// How much a cut strays from the even position.
    stray: f64,
    class: Class,
    /// Half widths, metres: least and most.
    half: [f64; 2],
    care: Care,
}

const CARE: Care = Care { to_node: 7.5, to_vertex: 2.0, cosine: 0.86, area: 500.0, thickness: 8.0 };

fn style(zone: Zone) -> Style {
    let s = |size, wander, wave, stray, class, half, care| Style { size, wander, wave, stray, class, half, care };
    match zone {
        Zone::Old(_) => s(
            [56.0, 37.0],
            0.75,
            85.0,
            0.2,
            Class::Alley,
            [1.6, 2.8],
            Care { to_node: 3.0, to_vertex: 1.5, area: 150.0, thickness: 5.0, ..CARE },
        ),
        Zone::Hamlet(_) => {
            s([74.0, 46.0], 0.8, 130.0, 0.18, Class::Lane, [2.0, 3.0], Care { to_node: 4.0, area: 250.0, thickness: 6.0, ..CARE })
        }
        Zone::Grid(_) => s([112.0, 72.0], 0.07, 600.0, 0.03, Class::Grid, [4.5, 5.5], Care { to_node: 14.0, ..CARE }),
        Zone::Town => s([132.0, 76.0], 0.42, 380.0, 0.09, Class::Local, [3.75, 5.0], CARE),
        Zone::Suburb => s([172.0, 88.0], 0.8, 330.0, 0.12, Class::Local, [3.2, 4.25], CARE),
        Zone::Works => s([190.0, 120.0], 0.1, 600.0, 0.08, Class::Local, [5.0, 6.0], CARE),
        Zone::Seafront | Zone::Beach | Zone::Harbour | Zone::River(_) => s([1e9, 1e9], 0.0, 600.0, 0.0, Class::Local, [3.0, 3.0], CARE),
        Zone::Field => {
            s([330.0, 240.0], 1.0, 330.0, 0.15, Class::Track, [1.5, 2.4], Care { to_node: 12.0, area: 3000.0, thickness: 16.0, ..CARE })
        }
    }
}

impl Ground {
    /// Quarters, each of at most about `layout.sheet` expected parcels.
    pub(crate) fn quarters(&mut self, field: f64) -> Vec<Quarter> {
        let frame = crate::frame::Frame::new(self.seed, self.layout.depth, self.layout.length);
        let zoning = Zoning::new(self.seed, &frame, self.layout);
        let mut rng = Rng::new(self.seed, 200);
        let mut todo: Vec<crate::skeleton::Face> = std::mem::take(&mut self.faces);
        todo.reverse();
        let mut out = Vec::new();
        while let Some(mut face) = todo.pop() {
            face.ring = self.splits.expand(&face.ring);
            let zone = self.zone_of(&face, &zoning);
            let expected = face.ring.area() * zone.density(field);
            let large = expected > 1.25 * self.layout.sheet || (zone == Zone::Field && face.ring.area() > 900_000.0);
            if large && let Some(parts) = self.halve(&face.ring, zone, face.comune, &mut rng) {
                todo.push(crate::skeleton::Face { ring: parts.right, ..face.clone() });
                todo.push(crate::skeleton::Face { ring: parts.left, ..face });
                continue;
            }
            out.push(Quarter { ring: face.ring, comune: face.comune, zone });
        }
        out
    }

    fn zone_of(&self, face: &crate::skeleton::Face, zoning: &Zoning<'_>) -> Zone {
        if let Some(river) = face.river {
            return Zone::River(river);
        }
        let p = inner(&face.ring);
        let [u, v] = zoning.frame.plan(p);
        let layout = self.layout;
        if face.seaward {
            let harbour = (layout.harbour - 45.0..layout.harbour + 1.3 * layout.mole).contains(&v);
            let touches = face.ring.e.contains(&crate::ring::COAST);
            return match (harbour, touches) {
                (true, true) => Zone::Harbour,
                (_, false) if u > 0.75 * layout.promenade => Zone::Seafront,
                _ => Zone::Beach,
            };
        }
        zoning.at(p)
    }

    /// Cuts a quarter that is too large along a through road.
    fn halve(&mut self, ring: &Ring, zone: Zone, comune: usize, rng: &mut Rng) -> Option<Parts> {
        let (class, half) = match zone {
            Zone::Field | Zone::River(_) => (Class::Track, 2.6),
            Zone::Beach | Zone::Harbour | Zone::Seafront => return None,
            Zone::Old(_) => (Class::Lane, 3.2),
            Zone::Hamlet(_) => (Class::Lane, 3.5),
            _ => (Class::Secondary, 6.0),
        };
        let flow = self.flow(ring, zone);
        let d = flow.base;
        for attempt in 0..6 {
            let (s, t) = ring.extent(d);
            let across = (s[1] - s[0] > 1.15 * (t[1] - t[0])) ^ (attempt % 2 == 1);
            let k = rng.range(0.42, 0.58);
            let seed = match across {
                true => seed_at(ring, d, s[0] + k * (s[1] - s[0])),
                false => seed_at(ring, left(d), t[0] + k * (t[1] - t[0])),
            };
            let Some(seed) = seed else { continue };
            let line = flow.trace(seed, across, ring.perimeter());
            let care = Care { area: 8000.0, thickness: 30.0, to_node: 12.0, ..CARE };
            if let Some(parts) = self.cut_street(ring, &line, class, half, comune, &care, None) {
                return Some(parts);
            }
        }
        None
    }

    /// Cuts and books the street; `known` is an existing road that this is a part of.
    #[allow(clippy::too_many_arguments, reason = "one call, in two places")]
    fn cut_street(
        &mut self,
        ring: &Ring,
        line: &[V],
        class: Class,
        half: f64,
        comune: usize,
        care: &Care,
        known: Option<Edge>,
    ) -> Option<Parts> {
        let edge = known.unwrap_or(self.roads.0.len() as Edge);
        let parts = cut(ring, line, edge, care, &mut self.splits)?;
        let edge = known.unwrap_or_else(|| self.roads.add(class, half, comune));
        let first = parts.chain[0];
        if let Some(road) = self.roads.0.get_mut(edge as usize) {
            road.pieces.push(parts.chain.clone());
            if road.parent.is_none() {
                road.parent = (0..ring.len())
                    .find(|i| ring.v[*i] == first || crate::plane::to_segment(first.m(), ring.edge(*i).0.m(), ring.edge(*i).1.m()) < 0.01)
                    .map(|i| ring.e[i]);
            }
        }
        Some(parts)
    }

    /// The blocks of every quarter.
    pub(crate) fn blocks(&mut self, quarters: &[Quarter]) -> Vec<Block> {
        let frame = crate::frame::Frame::new(self.seed, self.layout.depth, self.layout.length);
        let zoning = Zoning::new(self.seed, &frame, self.layout);
        let mut lattice: Lookup<(u32, u32, i32), Edge> = Lookup::default();
        let mut out = Vec::new();
        for (index, quarter) in quarters.iter().enumerate() {
            let mut rng = Rng::new(self.seed, 1_000 + index as u64);
            let ring = self.splits.expand(&quarter.ring);
            let mut flows = vec![(quarter.zone, self.flow(&ring, quarter.zone))];
            let mut todo = vec![ring];
            while let Some(ring) = todo.pop() {
                let ring = self.splits.expand(&ring);
                let zone = piece_zone(quarter.zone, &ring, &zoning);
                if !flows.iter().any(|f| f.0 == zone) {
                    flows.push((zone, self.flow(&ring, zone)));
                }
                let Some((_, flow)) = flows.iter().find(|f| f.0 == zone) else { continue };
                match self.divide(&ring, zone, quarter.comune, flow, &mut rng, &mut lattice) {
                    Some(parts) => {
                        todo.push(parts.right);
                        todo.push(parts.left);
                    }
                    None => out.push(Block { ring, zone, quarter: index }),
                }
            }
        }
        out
    }

    fn divide(
        &mut self,
        ring: &Ring,
        zone: Zone,
        comune: usize,
        flow: &Flow,
        rng: &mut Rng,
        lattice: &mut Lookup<(u32, u32, i32), Edge>,
    ) -> Option<Parts> {
        let mut style = style(zone);
        style.size = style.size.map(|s| s * self.layout.coarse);
        let here = flow.at(inner(ring));
        let (s, t) = ring.extent(here);
        let (w, h) = (s[1] - s[0], t[1] - t[0]);
        let (nw, nh) = (w / style.size[0], h / style.size[1]);
        if nw.max(nh) < 1.5 || ring.area() < 1.2 * style.size[0] * style.size[1] {
            return None;
        }
        for attempt in 0..4 {
            let across = (nw >= nh) ^ (attempt % 2 == 1);
            let (n, low, span) = if across { (nw, s[0], w) } else { (nh, t[0], h) };
            if n < 1.4 {
                continue;
            }
            let parts = n.round().max(2.0);
            let mut k = ((parts / 2.0).floor() + if rng.chance(0.5) && parts % 2.0 == 1.0 { 1.0 } else { 0.0 }) / parts;
            k = (k + rng.range(-style.stray, style.stray) / (parts / 2.0).max(1.0)).clamp(0.2, 0.8);
            let dir = if across { here } else { left(here) };
            let mut at = low + k * span;
            let mut known = None;
            let mut key = None;
            if let Zone::Grid(nucleus) = zone {
                let spacing = style.size[usize::from(!across)];
                let origin = dot(flow.origin, dir);
                let i = ((at - origin) / spacing).round();
                let snapped = origin + i * spacing + 0.10 * spacing * flow.noise.at(i * 977.0, f64::from(u8::from(across)) * 5000.0);
                if snapped - low > 0.5 * spacing && low + span - snapped > 0.5 * spacing {
                    at = snapped;
                    key = Some((u32::from(nucleus) * 2 + comune as u32 * 64, u32::from(across), i as i32));
                    known = key.and_then(|k| lattice.get(&k).copied());
                }
            }
            let Some(seed) = seed_at(ring, dir, at) else { continue };
            let line = flow.trace(seed, across, 1.2 * (w + h));
            let half = rng.range(style.half[0], style.half[1]);
            let class = match zone {
                Zone::Old(_) if rng.chance(0.22) => Class::Lane,
                _ => style.class,
            };
            let half = if class == Class::Lane { half.max(2.6) } else { half };
            if let Some(parts) = self.cut_street(ring, &line, class, half, comune, &style.care, known) {
                if let (None, Some(key)) = (known, key) {
                    lattice.insert(key, (self.roads.0.len() - 1) as Edge);
                }
                return Some(parts);
            }
        }
        None
    }

    /// The directions of streets in this part of a zone.
    fn flow(&self, ring: &Ring, zone: Zone) -> Flow {
        let style = style(zone);
        let p = inner(ring);
        let turn = Noise::new(self.seed, 301, 1100.0);
        let (origin, angle) = match zone {
            Zone::Grid(i) => {
                let [u, v] = self.layout.nuclei[usize::from(i)].grid.middle();
                (self.frame.ground(u, v), 0.0)
            }
            Zone::Town => (p, 0.55 * turn.at(p[0], p[1])),
            Zone::Suburb | Zone::Old(_) => (p, 0.8 * turn.at(p[0], p[1])),
            Zone::Works => (p, 0.2),
            _ => (p, turn.at(p[0], p[1])),
        };
        let north = self.frame.northwards(origin);
        let base = unit(along(north, left(north), angle));
        Flow { base, origin, wander: style.wander, noise: Noise::new(self.seed, 302, style.wave) }
    }
}

/// The zone of a piece of a quarter: towards the country a quarter is not of one kind.
fn piece_zone(quarter: Zone, ring: &Ring, zoning: &Zoning<'_>) -> Zone {
    if !matches!(quarter, Zone::Field | Zone::Suburb | Zone::Town) || ring.area() > 260_000.0 {
        return quarter;
    }
    if let Some(village) = zoning.village_in(ring) {
        return village;
    }
    match zoning.at(inner(ring)) {
        zone @ (Zone::Field | Zone::Suburb | Zone::Town | Zone::Hamlet(_)) => zone,
        _ => quarter,
    }
}

/// A smooth field of directions.
struct Flow {
    base: M,
    origin: M,
    wander: f64,
    noise: Noise,
}

impl Flow {
    fn at(&self, p: M) -> M {
        unit(along(self.base, left(self.base), self.wander * self.noise.at(p[0], p[1])))
    }

    /// The line through a point that follows the field, or crosses it at right angles, for so many metres both ways.
    fn trace(&self, seed: M, across: bool, reach: f64) -> Vec<V> {
        let step = 9.0;
        let dir = |p: M| if across { left(self.at(p)) } else { self.at(p) };
        let half = |sign: f64| {
            let mut line = Vec::new();
            let mut p = seed;
            let mut gone = 0.0;
            while gone < reach {
                let d = dir(p);
                let ahead = dir(along(p, d, sign * step / 2.0));
                p = along(p, ahead, sign * step);
                line.push(p);
                gone += step;
            }
            line
        };
        let mut line: Vec<M> = half(-1.0).into_iter().rev().collect();
        line.push(seed);
        line.extend(half(1.0));
        simplify(&line, 0.1).into_iter().map(V::round).collect()
    }
}

/// A point inside the ring whose projection on `d` is `at`: in the middle of the longest stretch.
fn seed_at(ring: &Ring, d: M, at: f64) -> Option<M> {
    let n = left(d);
    let mut hits: Vec<f64> = Vec::new();
    for i in 0..ring.len() {
        let (a, b) = ring.edge(i);
        let (sa, sb) = (dot(a.m(), d) - at, dot(b.m(), d) - at);
        if (sa > 0.0) != (sb > 0.0) {
            let p = add(a.m(), [sub(b.m(), a.m())[0] * sa / (sa - sb), sub(b.m(), a.m())[1] * sa / (sa - sb)]);
            hits.push(dot(p, n));
        }
    }
    hits.sort_by(f64::total_cmp);
    let best = hits.chunks_exact(2).max_by(|x, y| (x[1] - x[0]).total_cmp(&(y[1] - y[0])))?;
    let t = (best[0] + best[1]) / 2.0;
    Some([d[0] * at + n[0] * t, d[1] * at + n[1] * t])
}
