//! Numeri civici: odd on the left of a street, even on the right, counted from its start.

use std::collections::BTreeMap;

use crate::plane::{M, V, cross, distance, dot, lerp, sub, unit};
use crate::plots::{Plot, Plots};
use crate::records::BuildingKind;
use crate::ring::{INNER, LIMIT};
use crate::rng::Rng;
use crate::skeleton::Ground;
use crate::streets::Network;
use crate::zones::Zone;

/// A gate with its number.
pub(crate) struct Civic {
    pub(crate) comune: usize,
    pub(crate) street: String,
    pub(crate) number: String,
    pub(crate) at: V,
}

struct Gate {
    /// Which road, and how far along it.
    place: (usize, f64),
    left: bool,
    /// The lot that it opens; gates of one lot may share a number.
    lot: (usize, usize),
    at: V,
    segment: usize,
    spare: bool,
}

/// At most `limit` numbers for all that is built; the shops' extra doors are the first to go without.
pub(crate) fn number(ground: &Ground, network: &Network, plots: &Plots, limit: usize) -> Vec<Civic> {
    let mut rng = Rng::new(ground.seed, 700);
    let starts = starts(network);
    let mut gates = gates(network, plots, &starts, &mut rng);
    let main = gates.iter().filter(|g| !g.spare).count();
    let spare = gates.len() - main;
    let keep = if spare == 0 { 1.0 } else { (limit.saturating_sub(main) as f64 / spare as f64).min(1.0) };
    gates.retain(|g| !g.spare || rng.chance(keep));
    let mut streets: BTreeMap<(usize, &str), Vec<Gate>> = BTreeMap::new();
    for gate in gates {
        let segment = &network.segments[gate.segment];
        streets.entry((ground.roads.0[segment.road].comune, &segment.name)).or_default().push(gate);
    }
    let mut out = Vec::new();
    for ((comune, street), mut gates) in streets {
        gates.sort_by(|a, b| a.place.0.cmp(&b.place.0).then(a.place.1.total_cmp(&b.place.1)).then(a.at.cmp(&b.at)));
        for left in [true, false] {
            let (mut number, mut letter, mut last) = (if left { 1 } else { 2 }, 0u8, None);
            for gate in gates.iter().filter(|g| g.left == left) {
                if last == Some(gate.lot) && letter < 5 && rng.chance(0.6) {
                    letter += 1;
                } else if last.is_some() {
                    number += if rng.chance(0.1) { 4 } else { 2 };
                    letter = 0;
                }
                last = Some(gate.lot);
                let suffix = if letter == 0 { String::new() } else { format!("/{}", char::from(b'A' + letter - 1)) };
                out.push(Civic { comune, street: street.to_owned(), number: format!("{number}{suffix}"), at: gate.at });
            }
        }
    }
    out
}

/// How far from the start of its road each segment begins, metres, and whether it is drawn against the road's sense.
fn starts(network: &Network) -> Vec<(f64, bool)> {
    let mut out = vec![(0.0, false); network.segments.len()];
    for segments in &network.of_road {
        let Some(first) = segments.first() else { continue };
        let origin = network.segments[*first].line[0].m();
        let ends =
            segments.iter().flat_map(|s| [network.segments[*s].line[0], network.segments[*s].line[network.segments[*s].line.len() - 1]]);
        let far = ends.map(V::m).max_by(|a, b| distance(origin, *a).total_cmp(&distance(origin, *b))).unwrap_or(origin);
        let d = unit(sub(far, origin));
        let middle = |s: usize| {
            let line = &network.segments[s].line;
            (dot(line[0].m(), d) + dot(line[line.len() - 1].m(), d)) / 2.0
        };
        let mut order = segments.clone();
        order.sort_by(|a, b| middle(*a).total_cmp(&middle(*b)));
        let mut run = 0.0;
        for s in order {
            let line = &network.segments[s].line;
            let against = dot(sub(line[line.len() - 1].m(), line[0].m()), d) < 0.0;
            out[s] = (run, against);
            run += line.windows(2).map(|w| distance(w[0].m(), w[1].m())).sum::<f64>();
        }
    }
    out
}

fn gates(network: &Network, plots: &Plots, starts: &[(f64, bool)], rng: &mut Rng) -> Vec<Gate> {
    let mut out = Vec::new();
    for (i, list) in plots.plots.iter().enumerate() {
        for (k, plot) in list.iter().enumerate() {
            if !plot.houses.iter().any(|h| h.kind != BuildingKind::Annex) {
                continue;
            }
            let Some((edge, width)) = street_edge(network, plot) else { continue };
            let doors = match plot.zone {
                Zone::Old(_) | Zone::Grid(_) | Zone::Town => ((width / 6.5) as usize).clamp(1, 3),
                _ => 1,
            };
            let (a, b) = plot.ring.edge(edge);
            for door in 0..doors {
                let at = V::round(lerp(a.m(), b.m(), (door as f64 + rng.range(0.4, 0.6)) / doors as f64));
                let Some((segment, away)) = network.nearest(plot.ring.e[edge] as usize, at.m()) else { continue };
                if away > 24.0 {
                    continue;
                }
                let (along, left) = place(&network.segments[segment].line, at.m());
                let (start, against) = starts[segment];
                let length: f64 = network.segments[segment].line.windows(2).map(|w| distance(w[0].m(), w[1].m())).sum();
                let param = start + if against { length - along } else { along };
                let road = network.segments[segment].road;
                out.push(Gate { place: (road, param), left: left != against, lot: (i, k), at, segment, spare: door > 0 });
            }
        }
    }
    out
}

/// The longest edge on a street that has segments.
fn street_edge(network: &Network, plot: &Plot) -> Option<(usize, f64)> {
    let ring = &plot.ring;
    let real =
        |i: &usize| ring.e[*i] != INNER && ring.e[*i] != LIMIT && network.of_road.get(ring.e[*i] as usize).is_some_and(|s| !s.is_empty());
    (0..ring.len()).filter(real).map(|i| (i, ring.edge(i).0.distance2(ring.edge(i).1).sqrt())).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// How far along the line the nearest place is, and whether the point is on its left.
fn place(line: &[V], p: M) -> (f64, bool) {
    let (mut best, mut run) = ((f64::MAX, 0.0, false), 0.0);
    for w in line.windows(2) {
        let (a, b) = (w[0].m(), w[1].m());
        let away = crate::plane::to_segment(p, a, b);
        let d = unit(sub(b, a));
        if away < best.0 {
            best = (away, run + dot(sub(p, a), d).clamp(0.0, distance(a, b)), cross(d, sub(p, a)) > 0.0);
        }
        run += distance(a, b);
    }
    (best.1, best.2)
}
