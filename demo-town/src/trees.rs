//! Trees: rows along avenues, parks, squares, gardens and fields.

use crate::districts::Block;
use crate::plane::{M, V, along, distance, left, lerp, sub, unit};
use crate::plots::{Plot, Plots};
use crate::purposes::{Purposes, Use};
use crate::records::TreeSite;
use crate::ring::{Ring, twice_area};
use crate::rng::{Rng, mix};
use crate::roads::Class;
use crate::skeleton::Ground;
use crate::streets::Network;
use crate::zones::{Zone, Zoning};

/// A tree before it has an id.
pub(crate) struct Sapling {
    pub(crate) species: &'static str,
    /// Height and crown, metres.
    pub(crate) size: [f64; 2],
    pub(crate) year: u16,
    pub(crate) site: TreeSite,
    pub(crate) at: V,
}

/// Species with the height and crown of a grown tree, metres.
type Species = (&'static str, f64, f64);

const AVENUE: &[Species] = &[
    ("Ficus microcarpa", 12.0, 9.0),
    ("Quercus ilex", 11.0, 8.0),
    ("Jacaranda mimosifolia", 10.0, 8.0),
    ("Citrus × aurantium", 4.5, 3.2),
    ("Cercis siliquastrum", 6.0, 5.0),
    ("Platanus × hispanica", 16.0, 10.0),
    ("Tipuana tipu", 12.0, 10.0),
    ("Celtis australis", 13.0, 9.0),
    ("Ligustrum lucidum", 7.0, 5.0),
];
const PALMS: &[Species] = &[("Washingtonia robusta", 15.0, 3.6), ("Phoenix canariensis", 11.0, 7.0)];
const PARK: &[Species] = &[
    ("Pinus pinea", 15.0, 11.0),
    ("Quercus ilex", 12.0, 9.0),
    ("Ficus macrophylla", 18.0, 17.0),
    ("Magnolia grandiflora", 11.0, 8.0),
    ("Cedrus deodara", 17.0, 9.0),
    ("Phoenix canariensis", 11.0, 7.0),
    ("Ceiba speciosa", 13.0, 9.0),
    ("Araucaria heterophylla", 20.0, 8.0),
    ("Cupressus sempervirens", 14.0, 3.0),
];
const GARDEN: &[Species] = &[
    ("Citrus bergamia", 4.0, 3.6),
    ("Citrus × limon", 4.0, 3.4),
    ("Citrus × sinensis", 4.5, 3.8),
    ("Olea europaea", 6.0, 5.4),
    ("Ficus carica", 5.0, 5.0),
    ("Prunus dulcis", 5.5, 4.6),
    ("Eriobotrya japonica", 5.0, 4.6),
    ("Punica granatum", 3.5, 3.0),
    ("Pinus pinea", 13.0, 9.0),
    ("Cupressus sempervirens", 12.0, 2.6),
];
const FIELD: &[Species] =
    &[("Olea europaea", 7.0, 6.4), ("Quercus pubescens", 11.0, 9.0), ("Ceratonia siliqua", 8.0, 8.0), ("Castanea sativa", 14.0, 10.0)];

/// About `count` trees: all public ones, then as many private ones as are still wanted.
pub(crate) fn plant(
    ground: &Ground,
    network: &Network,
    blocks: &[Block],
    purposes: &Purposes,
    plots: &Plots,
    count: usize,
) -> Vec<Sapling> {
    let mut rng = Rng::new(ground.seed, 800);
    let mut out = Vec::new();
    for (i, usage) in purposes.uses.iter().enumerate() {
        match (usage, &plots.blocks[i]) {
            (Use::Park | Use::Cemetery, Some(ring)) => {
                let built = plots.plots[i].iter().flat_map(|p| &p.houses).map(|h| h.ring.as_slice()).collect::<Vec<_>>();
                grove(ring, 7.5, 0.62, &built, &mut rng, &mut out);
            }
            (Use::Square, _) => square(&blocks[i].ring, &mut rng, &mut out),
            _ => {}
        }
    }
    let mut rows = Vec::new();
    avenues(ground, network, &mut rng, &mut rows);
    // Where there would be too many, gaps are left in the rows.
    let keep = count.saturating_sub(out.len()) as f64 / rows.len().max(1) as f64;
    rows.retain(|_| rng.chance(0.93 * keep));
    out.extend(rows);
    let mut private = Vec::new();
    for plot in plots.plots.iter().flatten() {
        let (site, tries, species) = match (plot.zone, plot.usage) {
            (Zone::Suburb, Use::Lots) => (TreeSite::Garden, 4, GARDEN),
            (Zone::Town | Zone::Grid(_) | Zone::Hamlet(_), Use::Lots) => (TreeSite::Garden, 2, GARDEN),
            (Zone::Field, Use::Field | Use::Scrub) => (TreeSite::Field, 2, FIELD),
            _ => continue,
        };
        for _ in 0..tries {
            private.extend(spot(plot, &mut rng).map(|at| sapling(rng.pick(species), site, at, &mut rng)));
        }
    }
    rng.shuffle(&mut private);
    private.truncate(count.saturating_sub(out.len()));
    out.extend(private);
    out.truncate(count.max(1));
    out
}

fn sapling(species: Species, site: TreeSite, at: V, rng: &mut Rng) -> Sapling {
    let age = rng.range(0.0, 1.0);
    let grown = 0.45 + 0.55 * (1.0 - (1.0 - age) * (1.0 - age));
    let tenth = |x: f64| (x * 10.0).round() / 10.0;
    let year = 2024 - (age * 85.0) as u16;
    let size = [tenth(species.1 * grown * rng.range(0.9, 1.1)), tenth(species.2 * grown * rng.range(0.9, 1.1))];
    Sapling { species: species.0, size, year, site, at }
}

/// Rows on both sides, one kind a street.
fn avenues(ground: &Ground, network: &Network, rng: &mut Rng, out: &mut Vec<Sapling>) {
    let zoning = Zoning::new(ground.seed, &ground.frame, ground.layout);
    for segment in &network.segments {
        let road = &ground.roads.0[segment.road];
        let lot = mix(ground.seed ^ mix(segment.road as u64 + 77));
        let leafy = match road.class {
            Class::Lungomare | Class::Promenade | Class::Corso | Class::Upper(_) | Class::RingRoad | Class::Avenue(_) => true,
            Class::Secondary => lot % 100 < 65,
            Class::Grid => lot % 100 < 22,
            _ => false,
        };
        let middle = segment.line[segment.line.len() / 2].m();
        if !leafy || !(zoning.at(middle).is_urban() || matches!(road.class, Class::Promenade | Class::Lungomare)) {
            continue;
        }
        let species = match road.class {
            Class::Lungomare | Class::Promenade => PALMS[(lot >> 8) as usize % PALMS.len()],
            _ => AVENUE[(lot >> 8) as usize % AVENUE.len()],
        };
        let step = 8.0 + (lot >> 16) as f64 % 4.0;
        let total: f64 = segment.line.windows(2).map(|w| distance(w[0].m(), w[1].m())).sum();
        let mut next = 11.0;
        let mut run = 0.0;
        for w in segment.line.windows(2) {
            let (a, b) = (w[0].m(), w[1].m());
            let length = distance(a, b);
            while next < run + length && next < total - 11.0 {
                let p = lerp(a, b, (next - run) / length);
                let n = left(unit(sub(b, a)));
                for side in [-1.0, 1.0] {
                    if rng.chance(0.9) {
                        let at = V::round(along(p, n, side * (road.half - 1.3)));
                        out.push(sapling(species, TreeSite::Avenue, at, rng));
                    }
                }
                next += step;
            }
            run += length;
        }
    }
}

/// Trees all over a ring, away from its edge and from what is built on it.
fn grove(ring: &Ring, step: f64, share: f64, built: &[&[V]], rng: &mut Rng, out: &mut Vec<Sapling>) {
    let (x, y) = ring.extent([1.0, 0.0]);
    let mut mix = [rng.pick(PARK), rng.pick(PARK), rng.pick(PARK), rng.pick(GARDEN)];
    rng.shuffle(&mut mix);
    let mut v = y[0] + 2.0;
    while v < y[1] {
        let mut u = x[0] + 2.0;
        while u < x[1] {
            let p = [u + rng.range(-2.6, 2.6), v + rng.range(-2.6, 2.6)];
            let free = built.iter().all(|b| away(b, p) > 3.0);
            if rng.chance(share) && free && ring.contains(p) && ring.distance(p) > 2.0 {
                out.push(sapling(rng.pick(&mix), TreeSite::Park, V::round(p), rng));
            }
            u += step;
        }
        v += step;
    }
}

/// Distance to a footprint, 0 inside it.
fn away(ring: &[V], p: M) -> f64 {
    let ring = Ring { e: vec![0; ring.len()], v: ring.to_vec() };
    if ring.contains(p) { 0.0 } else { ring.distance(p) }
}

/// A row around a square.
fn square(ring: &Ring, rng: &mut Rng, out: &mut Vec<Sapling>) {
    if twice_area(&ring.v) <= 0 {
        return;
    }
    let species = rng.pick(&[AVENUE[0], AVENUE[1], AVENUE[3], PALMS[1]]);
    for i in 0..ring.len() {
        let (a, b) = ring.edge(i);
        let (a, b) = (a.m(), b.m());
        let (length, n) = (distance(a, b), left(unit(sub(b, a))));
        let count = (length / 8.5) as usize;
        for k in 0..count {
            let p = along(lerp(a, b, (k as f64 + 0.5) / count as f64), n, 9.5);
            if ring.contains(p) && ring.distance(p) > 8.5 {
                out.push(sapling(species, TreeSite::Square, V::round(p), rng));
            }
        }
    }
}

/// A place for a tree on a plot: inside, not on the boundary, not in the house.
fn spot(plot: &Plot, rng: &mut Rng) -> Option<V> {
    let ring = &plot.ring;
    let (x, y) = ring.extent([1.0, 0.0]);
    for _ in 0..4 {
        let p = [rng.range(x[0], x[1]), rng.range(y[0], y[1])];
        let free = plot.houses.iter().all(|h| away(&h.ring, p) > 2.2) && plot.holes.iter().all(|h| away(h, p) > 1.0);
        if free && ring.contains(p) && ring.distance(p) > 1.5 {
            return Some(V::round(p));
        }
    }
    None
}
