//! Names on the map and points of interest.

use crate::districts::Block;
use crate::layout::Layout;
use crate::names::country;
use crate::plane::{M, V, add};
use crate::plots::Plots;
use crate::purposes::{Purposes, Use};
use crate::records::{BuildingKind, PlaceKind, PoiKind};
use crate::ring::Ring;
use crate::rng::Rng;
use crate::skeleton::{Ground, inner};
use crate::zones::Zone;

/// A name with its place, metres from the origin.
pub(crate) struct Name {
    pub(crate) comune: usize,
    pub(crate) name: String,
    pub(crate) kind: PlaceKind,
    pub(crate) rank: u8,
    pub(crate) at: M,
}

/// A point of interest before it has an id.
pub(crate) struct Sight {
    pub(crate) comune: usize,
    pub(crate) kind: PoiKind,
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) at: V,
}

/// Names of quarters of the first nucleus, old town and grid, then of the others.
const QUARTERS: &[(&str, &str)] = &[
    ("Città Vecchia", "Centro"),
    ("Marina di Sotto", "Rione Ferrovieri"),
    ("Pescara Bassa", "Rione Nuovo"),
    ("Borgo San Leo", "Rione Industria"),
    ("Torre Lupo", "Santa Venere"),
];

pub(crate) fn names(ground: &Ground, blocks: &[Block], comune_of: &dyn Fn(usize) -> usize) -> Vec<Name> {
    let layout = ground.layout;
    let at = |u: f64, v: f64| ground.frame.ground(u, v);
    let mut out = Vec::new();
    let mut put = |comune, name: &str, kind, rank, at| out.push(Name { comune, name: name.to_owned(), kind, rank, at });
    let first = &layout.nuclei[0];
    put(0, "Castelmarina dello Stretto", PlaceKind::Town, 1, at(layout.corso, (first.old.v[1] + first.grid.v[0]) / 2.0));
    put(1, "Rocca Sant'Elia", PlaceKind::Town, 2, at(layout.village.u, layout.village.v));
    for (nucleus, (old, grid)) in layout.nuclei.iter().zip(QUARTERS) {
        let (o, g) = (nucleus.old.middle(), nucleus.grid.middle());
        put(0, old, PlaceKind::District, 3, at(o[0], o[1]));
        put(0, grid, PlaceKind::District, 3, at(g[0], g[1]));
    }
    for hamlet in layout.hamlets {
        put(0, hamlet.name, PlaceKind::District, 4, at(hamlet.u, hamlet.v));
    }
    for river in layout.rivers {
        for (k, u) in [(0, 0.22), (1, 0.6)] {
            let p = river_at(ground, blocks, u * layout.depth, river.name);
            if let Some(p) = p {
                put(0, river.name, PlaceKind::River, 4 + k, p);
            }
        }
    }
    put(0, "Stretto di Messina", PlaceKind::Sea, 1, add(at(0.0, layout.length * 0.52), [-0.45 * layout.length.min(9000.0), 0.0]));
    put(0, "Spiaggia delle Sirene", PlaceKind::Locality, 6, at(layout.promenade * 0.4, layout.length * 0.82));
    for (i, (u, v)) in [(0.96, 0.2), (0.93, 0.62), (0.97, 0.87)].into_iter().enumerate() {
        let name = ["Monte Scirocco", "Cozzo Sant'Elia", "Timpa del Falco"][i];
        let p = at(layout.depth * u, layout.length * v);
        let comune = usize::from(layout.rocca.holds(layout.depth * u, layout.length * v));
        put(comune, name, PlaceKind::Peak, 5, p);
    }
    localities(ground, blocks, &mut out, comune_of);
    out
}

fn river_at(ground: &Ground, blocks: &[Block], u: f64, name: &str) -> Option<M> {
    let index = ground.layout.rivers.iter().position(|r| r.name == name)? as u8;
    let places = blocks.iter().filter(|b| b.zone == Zone::River(index)).map(|b| inner(&b.ring));
    places.min_by(|a, b| (ground.frame.plan(*a)[0] - u).abs().total_cmp(&(ground.frame.plan(*b)[0] - u).abs()))
}

/// Contrade, one where no other is near.
fn localities(ground: &Ground, blocks: &[Block], out: &mut Vec<Name>, comune_of: &dyn Fn(usize) -> usize) {
    let mut taken: Vec<M> = out.iter().map(|n| n.at).collect();
    let mut n = 0;
    for (i, block) in blocks.iter().enumerate() {
        let p = inner(&block.ring);
        let gap = (ground.layout.length / 11.0).clamp(240.0, 640.0);
        if block.zone == Zone::Field && taken.iter().all(|t| crate::plane::distance(*t, p) > gap) {
            taken.push(p);
            let name = country(n);
            let name = if n % 3 == 0 { format!("Contrada {name}") } else { name.to_owned() };
            out.push(Name { comune: comune_of(i), name, kind: PlaceKind::Locality, rank: 7, at: p });
            n += 1;
        }
    }
}

const PHARMACIES: &[&str] = &[
    "del Corso",
    "dello Stretto",
    "Centrale",
    "della Marina",
    "Santa Lucia",
    "della Stazione",
    "San Giorgio",
    "Moderna",
    "del Rione",
    "delle Palme",
];
const HOTELS: &[&str] = &[
    "Miramare",
    "Fata Morgana",
    "Excelsior",
    "dello Stretto",
    "Bellavista",
    "Nausicaa",
    "Le Zagare",
    "Ulisse",
    "Continental",
    "Villa dei Gelsomini",
    "Primavera",
    "Delle Palme",
];
const TABLES: &[&str] = &[
    "La Spadara",
    "Il Gozzo",
    "Da Scirocco",
    "Al Vecchio Faro",
    "La Lampara",
    "Il Bergamotto",
    "Trattoria del Duomo",
    "Osteria della Rocca",
    "La Cambusa",
    "Mare Nostrum",
];
const LIDOS: &[&str] = &[
    "Lido delle Sirene",
    "Lido Nausicaa",
    "Lido Scirocco",
    "Lido Polifemo",
    "Lido Calipso",
    "Lido Ponente",
    "Lido La Vela",
    "Lido Azzurro",
    "Lido Cariddi",
    "Lido Eolo",
];
const VIEWS: &[&str] = &["Belvedere dello Stretto", "Belvedere Fata Morgana", "Belvedere dei Due Mari", "Belvedere Sant'Elia"];

/// Everything of interest: sites of their own, then shops and hotels in ordinary houses, lidos on the beach, views on the hill.
pub(crate) fn sights(
    ground: &Ground,
    blocks: &[Block],
    purposes: &Purposes,
    plots: &mut Plots,
    comune_of: &dyn Fn(usize) -> usize,
) -> Vec<Sight> {
    let mut out = Vec::new();
    for site in &purposes.sites {
        let house = plots.plots[site.block].iter().flat_map(|p| &p.houses).next();
        let at = house.map_or_else(|| inner(&blocks[site.block].ring), |h| middle(&h.ring));
        let (name, name_en) = (site.name.clone(), site.name_en.clone());
        out.push(Sight { comune: comune_of(site.block), kind: site.kind, name, name_en, at: V::round(at) });
    }
    trades(ground, blocks, plots, comune_of, &mut out);
    outdoors(ground, blocks, &mut out);
    out
}

fn middle(ring: &[V]) -> M {
    inner(&Ring { v: ring.to_vec(), e: vec![0; ring.len()] })
}

fn trades(ground: &Ground, blocks: &[Block], plots: &mut Plots, comune_of: &dyn Fn(usize) -> usize, out: &mut Vec<Sight>) {
    let mut rng = Rng::new(ground.seed, 900);
    let mut houses: Vec<(usize, usize)> = Vec::new();
    for (i, list) in plots.plots.iter().enumerate() {
        let central = matches!(blocks[i].zone, Zone::Old(_) | Zone::Grid(_) | Zone::Town);
        houses.extend((0..list.len()).filter(|k| central && list[*k].usage == Use::Lots && !list[*k].houses.is_empty()).map(|k| (i, k)));
    }
    rng.shuffle(&mut houses);
    let each = (houses.len() / 240).max(2);
    let lists: [(PoiKind, &[&str], &str, &str); 3] = [
        (PoiKind::Pharmacy, PHARMACIES, "Farmacia", "pharmacy"),
        (PoiKind::Hotel, HOTELS, "Hotel", "hotel"),
        (PoiKind::Restaurant, TABLES, "Ristorante", "restaurant"),
    ];
    let mut next = houses.into_iter();
    for (kind, names, word, word_en) in lists {
        for (n, (i, k)) in next.by_ref().take(each).enumerate() {
            let round = n / names.len();
            let own = names[n % names.len()];
            let tail = if round == 0 { String::new() } else { format!(" {}", country(n * 3 + round)) };
            let at = V::round(middle(&plots.plots[i][k].houses[0].ring));
            if kind == PoiKind::Hotel {
                plots.plots[i][k].houses[0].kind = BuildingKind::Commercial;
            }
            out.push(Sight {
                comune: comune_of(i),
                kind,
                name: format!("{word} {own}{tail}"),
                name_en: format!("{own}{tail} {word_en}"),
                at,
            });
        }
    }
}

fn outdoors(ground: &Ground, blocks: &[Block], out: &mut Vec<Sight>) {
    let layout: &Layout = ground.layout;
    let mut n = 0;
    let gap = (layout.length / 16.0).clamp(160.0, 420.0);
    let mut v = layout.centre[0] * 0.5;
    let beaches: Vec<&Ring> = blocks.iter().filter(|b| b.zone == Zone::Beach).map(|b| &b.ring).collect();
    while v < layout.length {
        let p = ground.frame.ground(0.45 * layout.promenade, v);
        if beaches.iter().any(|b| b.contains(p)) {
            let name = if n < LIDOS.len() { LIDOS[n].to_owned() } else { format!("{} {}", LIDOS[n % LIDOS.len()], country(n)) };
            out.push(Sight { comune: 0, kind: PoiKind::Lido, name_en: format!("{name} (beach)"), name, at: V::round(p) });
            n += 1;
        }
        v += gap;
    }
    let port = ground.frame.ground(layout.promenade * 0.6, layout.harbour + 0.8 * layout.mole);
    out.push(Sight {
        comune: 0,
        kind: PoiKind::Harbour,
        name: "Porto di Castelmarina".to_owned(),
        name_en: "Castelmarina harbour".to_owned(),
        at: V::round(port),
    });
    for (i, name) in VIEWS.iter().enumerate() {
        let v = layout.length * (0.31 + 0.2 * i as f64);
        let u = if i == 3 { layout.village.u + layout.village.radius } else { layout.ring * 1.04 };
        let v = if i == 3 { layout.village.v } else { v };
        let p = ground.frame.ground(u, v);
        out.push(Sight {
            comune: usize::from(i == 3),
            kind: PoiKind::Viewpoint,
            name: (*name).to_owned(),
            name_en: format!("{name} (view point)"),
            at: V::round(p),
        });
    }
}
