//! Street records: the roads, broken at their junctions.

use crate::plane::{M, V, along, distance, sub, unit};
use crate::records::StreetKind;
use crate::roads::{Class, Road};
use crate::skeleton::Ground;
use crate::splits::{Lookup, Seen};

/// A piece of a road between junctions.
pub(crate) struct Segment {
    pub(crate) road: usize,
    pub(crate) name: String,
    pub(crate) kind: StreetKind,
    pub(crate) line: Vec<V>,
}

/// Streets by piece, with the pieces of each road, and the railway.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) segments: Vec<Segment>,
    /// Indices of segments, for each road.
    pub(crate) of_road: Vec<Vec<usize>>,
    pub(crate) rails: Vec<(usize, Vec<V>)>,
}

impl Network {
    pub(crate) fn trace(ground: &Ground) -> Self {
        let lines: Vec<Vec<Vec<V>>> =
            ground.roads.0.iter().map(|r| r.pieces.iter().map(|p| ground.splits.expand_line(p)).collect()).collect();
        let apart = |road: &Road| matches!(road.class, Class::Rail | Class::Motorway);
        let mut degree: Lookup<V, u8> = Lookup::default();
        let mut barrier: Seen<V> = Seen::default();
        for (road, lines) in ground.roads.0.iter().zip(&lines) {
            for line in lines {
                if apart(road) {
                    barrier.extend(line);
                    continue;
                }
                for pair in line.windows(2) {
                    *degree.entry(pair[0]).or_default() += 1;
                    *degree.entry(pair[1]).or_default() += 1;
                }
            }
        }
        let mut network = Self { of_road: vec![Vec::new(); lines.len()], ..Self::default() };
        for (i, road) in ground.roads.0.iter().enumerate() {
            for line in &lines[i] {
                let Some(kind) = road.kind else {
                    network.rails.push((road.comune, line.clone()));
                    continue;
                };
                let mut start = 0;
                for k in 1..line.len() {
                    let last = k + 1 == line.len();
                    let junction = !apart(road) && degree.get(&line[k]).is_some_and(|d| *d > 2);
                    if last || junction {
                        network.add(ground, i, road, kind, &line[start..=k], &barrier);
                        start = k;
                    }
                }
            }
        }
        network
    }

    fn add(&mut self, ground: &Ground, i: usize, road: &Road, kind: StreetKind, line: &[V], barrier: &Seen<V>) {
        let mut line: Vec<V> = line.to_vec();
        let small = matches!(road.class, Class::Grid | Class::Local | Class::Alley | Class::Lane | Class::Track);
        if small {
            // Side streets stop at the fence of the railway and below the motorway.
            for _ in 0..2 {
                if line.first().is_some_and(|v| barrier.contains(v)) {
                    line = trimmed(&line, if kind == StreetKind::Track { 14.0 } else { 8.5 });
                }
                line.reverse();
            }
        }
        if line.len() < 2 {
            return;
        }
        let middle = line[line.len() / 2].m();
        let (name, kind) = local_name(ground, road, kind, middle);
        self.of_road[i].push(self.segments.len());
        self.segments.push(Segment { road: i, name, kind, line });
    }

    /// The segment of this road that is nearest to a place, with the distance.
    pub(crate) fn nearest(&self, road: usize, p: M) -> Option<(usize, f64)> {
        let to = |s: &usize| {
            let line = &self.segments[*s].line;
            line.windows(2).map(|w| crate::plane::to_segment(p, w[0].m(), w[1].m())).fold(f64::MAX, f64::min)
        };
        self.of_road.get(road)?.iter().map(|s| (*s, to(s))).min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// Long roads change name and rank outside the centre.
fn local_name(ground: &Ground, road: &Road, kind: StreetKind, middle: M) -> (String, StreetKind) {
    let [_, v] = ground.frame.plan(middle);
    let [south, north] = ground.layout.centre;
    match road.class {
        Class::Lungomare if v < south => ("Via Marina di Ponente".to_owned(), StreetKind::Local),
        Class::Lungomare if v > north => ("Via Marina Grande".to_owned(), StreetKind::Secondary),
        Class::Corso if v < south => ("Via Nazionale Sud".to_owned(), kind),
        Class::Corso if v > north => ("Via Nazionale Nord".to_owned(), kind),
        Class::RingRoad if v < south => ("Strada provinciale 3".to_owned(), StreetKind::Secondary),
        Class::RingRoad if v > north => ("Strada provinciale 4".to_owned(), StreetKind::Secondary),
        _ => (road.name.clone(), kind),
    }
}

/// The line without its first metres.
fn trimmed(line: &[V], mut by: f64) -> Vec<V> {
    for k in 0..line.len() - 1 {
        let (a, b) = (line[k].m(), line[k + 1].m());
        let run = distance(a, b);
        if run > by + 1.0 {
            let mut out = vec![V::round(along(a, unit(sub(b, a)), by))];
            out.extend(&line[k + 1..]);
            return out;
        }
        by -= run;
        if by < 0.0 {
            return line[k + 1..].to_vec();
        }
    }
    Vec::new()
}
