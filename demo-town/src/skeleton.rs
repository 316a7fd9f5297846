//! The land and the main lines that divide it, in the order in which they were drawn.

use crate::cut::{Care, cut};
use crate::frame::Frame;
use crate::layout::{Layout, River};
use crate::plane::{M, V, simplify};
use crate::ring::{COAST, Edge, LIMIT, Ring};
use crate::rng::{Noise, wave};
use crate::roads::{Class, Roads};
use crate::splits::Splits;

/// A piece of the ground between lines.
#[derive(Clone)]
pub(crate) struct Face {
    pub(crate) ring: Ring,
    /// Index of the comune: 0 on the coast, 1 on the hill.
    pub(crate) comune: usize,
    /// The river whose bed it is.
    pub(crate) river: Option<u8>,
    pub(crate) seaward: bool,
}

/// The ground in the making.
pub(crate) struct Ground {
    pub(crate) seed: u64,
    pub(crate) frame: Frame,
    pub(crate) layout: &'static Layout,
    pub(crate) roads: Roads,
    pub(crate) splits: Splits,
    pub(crate) faces: Vec<Face>,
    /// The shore from south to north.
    pub(crate) shore: Vec<V>,
}

const CARE: Care = Care { to_node: 13.0, to_vertex: 3.0, cosine: 0.93, area: 900.0, thickness: 5.0 };

impl Ground {
    /// Land, rivers and main roads.
    pub(crate) fn survey(seed: u64, layout: &'static Layout) -> Self {
        let frame = Frame::new(seed, layout.depth, layout.length);
        let shore = shore(&frame, layout);
        let ring = land(&frame, layout, &shore);
        let mut ground = Self {
            seed,
            frame,
            layout,
            roads: Roads::default(),
            splits: Splits::default(),
            faces: vec![Face { ring, comune: 0, river: None, seaward: false }],
            shore,
        };
        ground.border();
        ground.lungomare();
        for (i, river) in layout.rivers.iter().enumerate() {
            ground.river(i as u8, river);
        }
        ground.long_roads();
        ground.avenues();
        ground.along_the_coast();
        ground.beach();
        ground
    }

    /// Cuts every face that `wanted` picks along the line; each piece is a road of its own or the road of `road`.
    pub(crate) fn cut_all(
        &mut self,
        line: &[M],
        care: &Care,
        wanted: &dyn Fn(&Face) -> bool,
        road: &mut dyn FnMut(&mut Roads, M, usize) -> Edge,
    ) {
        let line: Vec<V> = simplify(line, 0.12).into_iter().map(V::round).collect();
        let mut todo: Vec<usize> = (0..self.faces.len()).collect();
        while let Some(i) = todo.pop() {
            if !wanted(&self.faces[i]) || !near(&self.faces[i].ring, &line) {
                continue;
            }
            let ring = self.splits.expand(&self.faces[i].ring);
            // The road is made only when the cut succeeds; its number is already known.
            let number = self.roads.0.len() as Edge;
            let Some(parts) = cut(&ring, &line, number, care, &mut self.splits) else {
                self.faces[i].ring = ring;
                continue;
            };
            let middle = parts.chain[parts.chain.len() / 2].m();
            let edge = road(&mut self.roads, middle, self.faces[i].comune);
            let (mut left, mut right) = (parts.left, parts.right);
            for part in [&mut left, &mut right] {
                part.e.iter_mut().filter(|e| **e == number).for_each(|e| *e = edge);
            }
            if let Some(road) = self.roads.0.get_mut(edge as usize) {
                road.pieces.push(parts.chain);
            }
            let face = self.faces[i].clone();
            self.faces[i].ring = left;
            self.faces.push(Face { ring: right, ..face });
            todo.push(i);
            todo.push(self.faces.len() - 1);
        }
    }

    /// The border between the comuni.
    fn border(&mut self) {
        let area = self.layout.rocca;
        let noise = Noise::new(self.seed, 31, 420.0);
        let mut line = Vec::new();
        let (v0, v1, depth) = (area.v[0], area.v[1], self.layout.depth + 400.0);
        let wild = (0.05 * self.layout.depth).min(170.0);
        let round = 0.22 * (v1 - v0);
        let mut steps = Vec::new();
        let mut u = depth;
        while u > area.u[0] + round {
            steps.push([u, v0]);
            u -= 25.0;
        }
        let arc = |k: f64| [round * (1.0 - (1.0 - (1.0 - k) * (1.0 - k)).max(0.0).sqrt()), round * (1.0 - (1.0 - k * k).max(0.0).sqrt())];
        (0..=12).map(|k| arc(f64::from(k) / 12.0)).for_each(|[a, b]| steps.push([area.u[0] + a.min(round), v0 + b]));
        let mut v = v0 + round + 25.0;
        while v < v1 - round {
            steps.push([area.u[0], v]);
            v += 25.0;
        }
        (0..=12).rev().map(|k| arc(f64::from(k) / 12.0)).for_each(|[a, b]| steps.push([area.u[0] + a.min(round), v1 - b]));
        let mut u = area.u[0] + round + 25.0;
        while u < depth {
            steps.push([u, v1]);
            u += 25.0;
        }
        for [u, v] in steps {
            line.push(self.frame.ground(u + wild * noise.at(u, v), v + wild * noise.at(v + 9000.0, u)));
        }
        self.cut_all(&line, &CARE, &|_| true, &mut |_, _, _| LIMIT);
        let middle = self.frame.ground(self.layout.village.u, self.layout.village.v);
        for face in &mut self.faces {
            face.comune = usize::from(face.ring.contains(middle));
        }
    }

    fn lungomare(&mut self) {
        let line = self.coastwise(self.layout.lungomare, 4.0, 41);
        let mut edge = None;
        self.cut_all(&line, &CARE, &|_| true, &mut |roads, _, comune| {
            *edge.get_or_insert_with(|| roads.add(Class::Lungomare, 7.5, comune))
        });
        let frame = &self.frame;
        for face in &mut self.faces {
            face.seaward = frame.plan(inner(&face.ring))[0] < self.layout.lungomare;
        }
    }

    fn river(&mut self, i: u8, river: &River) {
        let (seed, depth) = (self.seed, self.layout.depth);
        let small = Noise::new(seed, 70 + u64::from(i), 70.0);
        let width = move |u: f64| river.width_at(u, depth);
        let course = Course::of(seed, depth, i, river);
        let axis = |u: f64| course.at(u);
        for right in [true, false] {
            let side = if right { -0.5 } else { 0.5 };
            let mut line = Vec::new();
            let mut u = -120.0;
            while u < depth + 400.0 {
                let rough = 0.10 * width(u) * small.at(u, side * 900.0);
                line.push(self.frame.ground(u, axis(u) + side * width(u) + rough));
                u += 14.0;
            }
            let mut edges = [None; 2];
            self.cut_all(&line, &Care { to_node: 3.5, thickness: 3.0, ..CARE }, &|_| true, &mut |roads, _, comune| {
                *edges[comune].get_or_insert_with(|| roads.add(Class::Bank(i, right), 2.2, comune))
            });
        }
        let frame = &self.frame;
        for face in &mut self.faces {
            let [u, v] = frame.plan(inner(&face.ring));
            if u < depth && (v - axis(u)).abs() < 0.5 * width(u) {
                face.river = Some(i);
            }
        }
    }

    /// Motorway, ring road and hill roads, from border to border.
    fn long_roads(&mut self) {
        let layout = self.layout;
        let line = self.coastwise(layout.motorway, 90.0, 42);
        self.one_road(&line, Class::Motorway, 12.5);
        let line = self.coastwise(layout.ring, 45.0, 43);
        self.one_road(&line, Class::RingRoad, 7.0);
        for (i, u) in layout.hill_roads.iter().enumerate() {
            let line = self.winding(*u, i as u64);
            self.one_road(&line, Class::HillRoad(i as u8), 4.0);
        }
    }

    fn one_road(&mut self, line: &[M], class: Class, half: f64) {
        let mut edges = [None; 2];
        self.cut_all(line, &CARE, &|f| !f.seaward, &mut |roads, _, comune| {
            *edges[comune].get_or_insert_with(|| roads.add(class, half, comune))
        });
    }

    /// Streets at right angles to the coast; most stop at the ring road, some climb on.
    fn avenues(&mut self) {
        let layout = self.layout;
        for (i, v0) in layout.avenues.iter().enumerate() {
            let slant = Noise::new(self.seed, 80 + i as u64, 700.0);
            let sway = (0.03 * layout.length).min(75.0);
            let v_at = |u: f64| v0 + sway * smoothed(u - layout.corso, 900.0) * slant.at(u, 0.0);
            let step = |to: f64, from: f64| (0..).map(move |k| from + 15.0 * f64::from(k)).take_while(move |u| *u < to + 45.0);
            let town: Vec<M> = step(layout.ring, -200.0).map(|u| self.frame.ground(u, v_at(u))).collect();
            let mut edge = None;
            self.cut_all(&town, &CARE, &|f| !f.seaward && f.river.is_none(), &mut |roads, _, comune| {
                *edge.get_or_insert_with(|| roads.add(Class::Avenue(i as u8), 7.0, comune))
            });
            // Above the ring road it winds, and every third stops at the first hill road.
            let top = if i % 3 == 2 { layout.hill_roads[0] } else { layout.depth + 400.0 };
            let turns = Noise::new(self.seed, 110 + i as u64, 130.0);
            let reach = (0.02 * layout.depth).min(58.0);
            let hills: Vec<M> = step(top, layout.ring - 60.0)
                .map(|u| {
                    let rise = smoothed(u - layout.ring, 350.0);
                    self.frame.ground(u, v_at(u) + reach * rise * (wave(u / 310.0) + 1.3 * turns.at(u, 0.0)))
                })
                .collect();
            let mut edges = [None; 2];
            self.cut_all(&hills, &CARE, &|f| !f.seaward && f.river.is_none(), &mut |roads, _, comune| {
                *edges[comune].get_or_insert_with(|| roads.add(Class::Climb(i as u8), 3.5, comune))
            });
        }
    }

    /// Railway, corso and the through roads above it.
    fn along_the_coast(&mut self) {
        let layout = self.layout;
        let rail = self.coastwise(layout.rail, 5.0, 44);
        self.one_road(&rail, Class::Rail, 6.5);
        let corso = self.coastwise(layout.corso, 16.0, 45);
        self.one_road(&corso, Class::Corso, 8.5);
        for (i, u) in layout.upper.iter().enumerate() {
            let line = self.coastwise(*u, 38.0, 46 + i as u64);
            self.one_road(&line, Class::Upper(i as u8), 6.5);
        }
    }

    /// Lanes from the lungomare to the sea, and the promenade in front of the centre.
    fn beach(&mut self) {
        let layout = self.layout;
        let [south, north] = layout.centre;
        let mut stops: Vec<f64> = vec![south, north];
        let gap = (layout.length / 14.0).clamp(150.0, 620.0);
        let mut v = gap * 0.7;
        while v < layout.length - 0.4 * gap {
            let near_river = layout.rivers.iter().any(|r| (r.v - v).abs() < r.width[0] + 50.0);
            let near_stop = [south, north].iter().any(|s| (s - v).abs() < 0.45 * gap);
            let in_harbour = v > layout.harbour - 60.0 && v < layout.harbour + 1.5 * layout.mole;
            if !near_river && !near_stop && !in_harbour {
                stops.push(v);
            }
            v += gap;
        }
        stops.push(layout.harbour - 45.0);
        stops.push(layout.harbour + 1.3 * layout.mole);
        for v in stops {
            let line: Vec<M> = [-300.0, layout.lungomare + 40.0].map(|u| self.frame.ground(u, v)).to_vec();
            self.cut_all(&line, &CARE, &|f| f.seaward && f.river.is_none(), &mut |roads, _, comune| {
                roads.add(Class::BeachLane, 2.0, comune)
            });
        }
        let line = self.coastwise(layout.promenade, 0.0, 40);
        let frame = &self.frame;
        let inside: Vec<bool> =
            self.faces.iter().map(|f| f.seaward && f.river.is_none() && (south..north).contains(&frame.plan(inner(&f.ring))[1])).collect();
        let chosen: Vec<V> = self.faces.iter().zip(inside).filter(|(_, i)| *i).map(|(f, _)| f.ring.v[0]).collect();
        let care = Care { thickness: 3.0, ..CARE };
        let mut edge = None;
        self.cut_all(&line, &care, &|f| f.seaward && chosen.contains(&f.ring.v[0]), &mut |roads, _, comune| {
            *edge.get_or_insert_with(|| roads.add(Class::Promenade, 3.5, comune))
        });
    }

    /// A line along the coast at this distance from it, with a slow sway of so many metres.
    fn coastwise(&self, u: f64, sway: f64, key: u64) -> Vec<M> {
        let noise = Noise::new(self.seed, key, 850.0);
        let sway = sway.min(0.05 * self.layout.depth);
        let mut line = Vec::new();
        let mut v = -500.0;
        while v < self.layout.length + 500.0 {
            line.push(self.frame.ground(u + sway * noise.at(v, 0.0), v));
            v += 14.0;
        }
        line
    }

    /// A hill road along the slope, in and out of every valley.
    fn winding(&self, u: f64, key: u64) -> Vec<M> {
        let slow = Noise::new(self.seed, 130 + key, 560.0);
        let quick = Noise::new(self.seed, 140 + key, 190.0);
        let reach = (0.035 * self.layout.depth).min(210.0);
        let mut line = Vec::new();
        let mut v = -500.0;
        while v < self.layout.length + 500.0 {
            let out = reach * (slow.at(v, 0.0) + 0.42 * quick.at(v, 0.0));
            let along = 0.25 * reach * quick.at(v + 77.0, 500.0);
            line.push(self.frame.ground(u + out, v + along));
            v += 12.0;
        }
        line
    }
}

/// Where a river runs.
pub(crate) struct Course<'a> {
    noise: Noise,
    swing: f64,
    river: &'a River,
    turns: f64,
}

impl<'a> Course<'a> {
    pub(crate) fn of(seed: u64, depth: f64, i: u8, river: &'a River) -> Self {
        let noise = Noise::new(seed, 50 + u64::from(i), 380.0);
        Self { noise, swing: (0.05 * depth).min(190.0), river, turns: wave(f64::from(i) * 0.31 + 0.1) }
    }

    /// How far north along the coast its middle lies, so far inland.
    pub(crate) fn at(&self, u: f64) -> f64 {
        self.river.v + self.swing * smoothed(u, 600.0) * self.noise.at(u, 0.0) + 0.05 * u * self.turns
    }
}

/// Grows from 0 at 0 to 1 at `run`.
fn smoothed(x: f64, run: f64) -> f64 {
    crate::rng::smooth(x / run)
}

/// A point inside the ring, near its middle where that is inside.
pub(crate) fn inner(ring: &Ring) -> M {
    let c = ring.centroid();
    if ring.contains(c) {
        return c;
    }
    let mut best = (0.0, c);
    for i in 0..ring.len() {
        for j in [ring.len() / 3, ring.len() / 2, 2 * ring.len() / 3] {
            let (a, b) = (ring.v[i].m(), ring.v[(i + j) % ring.len()].m());
            let p = [(a[0] + b[0]) / 2.0, (a[1] + b[1]) / 2.0];
            if ring.contains(p) {
                let d = ring.distance(p);
                if d > best.0 {
                    best = (d, p);
                }
            }
        }
    }
    // In a thin and winding shape, step inwards from an edge.
    let step = 0.5 * ring.thickness();
    for i in 0..ring.len() {
        let (a, b) = (ring.edge(i).0.m(), ring.edge(i).1.m());
        let n = crate::plane::left(crate::plane::unit(crate::plane::sub(b, a)));
        let p = crate::plane::along(crate::plane::lerp(a, b, 0.5), n, step);
        if best.0 == 0.0 && ring.contains(p) {
            return p;
        }
    }
    best.1
}

fn near(ring: &Ring, line: &[V]) -> bool {
    let bounds = |v: &[V]| {
        v.iter().fold([i32::MAX, i32::MAX, i32::MIN, i32::MIN], |b, p| [b[0].min(p.x), b[1].min(p.y), b[2].max(p.x), b[3].max(p.y)])
    };
    let (r, l) = (bounds(&ring.v), bounds(line));
    r[0] <= l[2] && l[0] <= r[2] && r[1] <= l[3] && l[1] <= r[3]
}

/// The shore from south to north, with the harbour's mole.
fn shore(frame: &Frame, layout: &Layout) -> Vec<V> {
    let (at, mole) = (layout.harbour, layout.mole);
    let end = at + 1.12 * mole;
    let mut line = Vec::new();
    let mut v = 0.0;
    while v < layout.length {
        if v < at - 5.0 || v > end + 5.0 {
            line.push(frame.ground(0.0, v));
        }
        let next = v + 13.0;
        if v < at && next >= at {
            // A mole that shelters the basin from the south, a shorter one from the north, quays between.
            let w = (0.055 * mole).clamp(6.0, 16.0);
            let out = 0.62 * mole;
            for (u, dv) in [
                (0.0, 0.0),
                (-out * 0.8, 0.0),
                (-out, 0.22 * mole),
                (-out, 0.86 * mole),
                (w - out, 0.86 * mole),
                (w - out, 0.25 * mole),
                (w - out * 0.8, w),
                (14.0, w),
                (14.0, 0.5 * mole),
                (-0.14 * mole, 0.5 * mole),
                (-0.14 * mole, 0.5 * mole + w),
                (14.0, 0.5 * mole + w),
                (14.0, 1.1 * mole - w),
                (-0.42 * mole, 1.1 * mole - w),
                (-0.42 * mole, 1.1 * mole),
                (0.0, 1.1 * mole),
            ] {
                line.push(frame.ground(u, at + dv));
            }
        }
        v = next;
    }
    line.push(frame.ground(0.0, layout.length));
    line.into_iter().map(V::round).collect()
}

/// The land as one ring: shore, then the border in the north, east and south.
fn land(frame: &Frame, layout: &Layout, shore: &[V]) -> Ring {
    let noise = Noise::new(7, 7, 330.0);
    let wild = (0.04 * layout.depth).min(120.0);
    let mut border: Vec<[f64; 2]> = Vec::new();
    let steps = |length: f64| (1..).map(|k| 22.0 * f64::from(k)).take_while(move |x| *x < length - 15.0);
    for v in steps(layout.length) {
        border.push([layout.depth + wild * (1.0 + noise.at(v, 0.0)), v]);
    }
    let ease = |u: f64| smoothed(u - 60.0, 300.0);
    let south: Vec<_> = steps(layout.depth).map(|u| [u, wild * ease(u) * noise.at(u, 5000.0)]).collect();
    let north: Vec<_> = steps(layout.depth).map(|u| [u, layout.length + wild * ease(u) * noise.at(u, 9000.0)]).collect();
    let mut ring = Ring::default();
    let mut put = |p: [f64; 2]| {
        ring.v.push(V::round(frame.ground(p[0], p[1])));
        ring.e.push(LIMIT);
    };
    south.into_iter().for_each(&mut put);
    border.into_iter().for_each(&mut put);
    north.into_iter().rev().for_each(&mut put);
    for v in shore.iter().rev() {
        ring.v.push(*v);
        ring.e.push(COAST);
    }
    if let Some(last) = ring.e.last_mut() {
        *last = LIMIT;
    }
    ring
}
