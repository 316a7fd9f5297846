//! What each block is for: squares, parks, churches, schools and the rest find their place here.

use crate::districts::Block;
use crate::names::country;
use crate::plane::{M, distance};
use crate::records::{BuildingKind, PoiKind};
use crate::rng::{Noise, Rng};
use crate::skeleton::{Ground, inner};
use crate::zones::Zone;

/// What a block is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Lots,
    /// Paved, no parcel of its own.
    Square,
    Park,
    Sport,
    Cemetery,
    /// One site with a large building.
    Public(BuildingKind),
    Field,
    Wood,
    Scrub,
    Sand,
    Quay,
    Water,
}

/// A place that visitors look for.
pub(crate) struct Site {
    pub(crate) kind: PoiKind,
    pub(crate) name: String,
    pub(crate) name_en: String,
    pub(crate) block: usize,
}

struct Wish<'a> {
    kind: PoiKind,
    usage: Use,
    name: String,
    name_en: String,
    near: M,
    area: [f64; 2],
    zone: &'a dyn Fn(Zone) -> bool,
    /// No further away than this, metres.
    within: f64,
}

pub(crate) struct Purposes {
    pub(crate) uses: Vec<Use>,
    pub(crate) sites: Vec<Site>,
}

const SAINTS: &[(&str, &str)] = &[
    ("San Giorgio al Corso", "St George"),
    ("Santa Maria di Portosalvo", "St Mary of the Safe Harbour"),
    ("San Francesco di Paola", "St Francis of Paola"),
    ("San Rocco", "St Roch"),
    ("Santa Lucia", "St Lucy"),
    ("San Nicola", "St Nicholas"),
    ("Sant'Anna", "St Anne"),
    ("San Giuseppe", "St Joseph"),
    ("Santa Caterina", "St Catherine"),
    ("San Domenico", "St Dominic"),
    ("San Paolo", "St Paul"),
    ("Sacro Cuore", "Sacred Heart"),
    ("San Brancaleo", "St Brancaleo"),
    ("Santa Venere", "St Venera"),
    ("San Cristoforo", "St Christopher"),
    ("San Luca", "St Luke"),
    ("Santa Rita", "St Rita"),
    ("San Michele", "St Michael"),
];
const SCHOOLS: &[&str] = &[
    "Tommaso Campanella",
    "Gioacchino da Fiore",
    "Maria Montessori",
    "Bernardino Telesio",
    "Galileo Galilei",
    "Dante Alighieri",
    "Fata Morgana",
    "Ibico",
    "Nosside",
    "Carducci",
    "De Amicis",
    "Pascoli",
    "Collodi",
    "Archimede",
    "Zeleuco",
];

impl Purposes {
    pub(crate) fn decide(ground: &Ground, blocks: &[Block]) -> Self {
        let cover = [Noise::new(ground.seed, 501, 620.0), Noise::new(ground.seed, 502, 300.0)];
        let uses = blocks.iter().map(|b| natural(ground, b, &cover)).collect();
        let mut purposes = Self { uses, sites: Vec::new() };
        let centres: Vec<M> = blocks.iter().map(|b| inner(&b.ring)).collect();
        purposes.centres(ground, blocks, &centres);
        purposes.villages(ground, blocks, &centres);
        purposes.quarters(ground, blocks, &centres);
        purposes
    }

    /// Gives the wish the best block that is still free.
    fn grant(&mut self, blocks: &[Block], centres: &[M], wish: Wish<'_>) -> Option<usize> {
        let score = |i: &usize| distance(centres[*i], wish.near);
        let free =
            (0..blocks.len()).filter(|i| matches!(self.uses[*i], Use::Lots | Use::Field | Use::Scrub) && (wish.zone)(blocks[*i].zone));
        let fits = free.filter(|i| (wish.area[0]..wish.area[1]).contains(&blocks[*i].ring.area()));
        let block = fits.min_by(|a, b| score(a).total_cmp(&score(b))).filter(|i| score(i) < wish.within)?;
        self.uses[block] = wish.usage;
        self.sites.push(Site { kind: wish.kind, name: wish.name, name_en: wish.name_en, block });
        Some(block)
    }

    /// What every nucleus of the town has.
    fn centres(&mut self, ground: &Ground, blocks: &[Block], centres: &[M]) {
        use BuildingKind::{Church, Commercial, Public};
        let layout = ground.layout;
        for (i, nucleus) in layout.nuclei.iter().enumerate() {
            let main = i == 0;
            let old = |z: Zone| z == Zone::Old(i as u8);
            let grid = |z: Zone| z == Zone::Grid(i as u8);
            let either = |z: Zone| z == Zone::Old(i as u8) || z == Zone::Grid(i as u8);
            let [u, v] = nucleus.old.middle();
            let heart = ground.frame.ground(u, v);
            let [gu, gv] = nucleus.grid.middle();
            let new = ground.frame.ground(layout.corso + 0.35 * (gu - layout.corso).max(0.0), gv);
            let station = ground.frame.ground(layout.rail + 40.0, nucleus.grid.v[0] + 0.22 * (nucleus.grid.v[1] - nucleus.grid.v[0]));
            let castle = ground.frame.ground(nucleus.old.u[1] - 60.0, nucleus.old.v[0] + 0.7 * (nucleus.old.v[1] - nucleus.old.v[0]));
            let (saint, saint_en) = SAINTS[i % SAINTS.len()];
            let mut wish = |kind, usage, name: &str, name_en: &str, near, area, zone: &dyn Fn(Zone) -> bool, within| {
                self.grant(
                    blocks,
                    centres,
                    Wish { kind, usage, name: name.to_owned(), name_en: name_en.to_owned(), near, area, zone, within },
                )
            };
            let (square, square_en) =
                if main { ("Piazza del Duomo", "Cathedral Square") } else { ("Piazza della Matrice", "Parish Square") };
            wish(PoiKind::Monument, Use::Square, square, square_en, heart, [900.0, 3200.0], &old, 400.0);
            let church = if main { "Duomo di Santa Maria del Mare".to_owned() } else { format!("Chiesa matrice di {saint}") };
            let church_en = if main { "Cathedral of St Mary of the Sea".to_owned() } else { format!("Parish church of {saint_en}") };
            wish(PoiKind::Church, Use::Public(Church), &church, &church_en, heart, [900.0, 4500.0], &old, 400.0);
            if main {
                wish(
                    PoiKind::TownHall,
                    Use::Public(Public),
                    "Palazzo San Giorgio, Municipio",
                    "Town hall",
                    heart,
                    [900.0, 6000.0],
                    &either,
                    900.0,
                );
                wish(
                    PoiKind::Museum,
                    Use::Public(Public),
                    "Museo dello Stretto",
                    "Museum of the Strait",
                    new,
                    [2500.0, 12_000.0],
                    &grid,
                    900.0,
                );
                wish(
                    PoiKind::Library,
                    Use::Public(Public),
                    "Biblioteca comunale Nosside",
                    "Nosside public library",
                    heart,
                    [900.0, 6000.0],
                    &either,
                    900.0,
                );
                wish(
                    PoiKind::Health,
                    Use::Public(Public),
                    "Ospedale Santa Ciriaca",
                    "St Ciriaca hospital",
                    ground.frame.ground(0.9 * layout.ring, gv),
                    [5000.0, 40_000.0],
                    &|z| matches!(z, Zone::Town | Zone::Suburb | Zone::Grid(_)),
                    3000.0,
                );
                wish(
                    PoiKind::Market,
                    Use::Public(Commercial),
                    "Mercato coperto",
                    "Covered market",
                    ground.frame.ground(layout.corso + 40.0, nucleus.old.v[1] + 60.0),
                    [1800.0, 9000.0],
                    &either,
                    900.0,
                );
                wish(PoiKind::Monument, Use::Public(Public), "Teatro Cilea Nuovo", "Theatre", new, [2500.0, 12_000.0], &grid, 900.0);
            }
            wish(
                PoiKind::Castle,
                Use::Public(Public),
                if main { "Castello aragonese" } else { "Torre costiera" },
                if main { "Aragonese castle" } else { "Coastal tower" },
                castle,
                [900.0, 9000.0],
                &old,
                500.0,
            );
            wish(
                PoiKind::Station,
                Use::Public(Public),
                if main { "Stazione di Castelmarina Centrale" } else { "Stazione" },
                if main { "Castelmarina central station" } else { "Railway station" },
                station,
                [2500.0, 12_000.0],
                &grid,
                700.0,
            );
            wish(
                PoiKind::Park,
                Use::Park,
                if main { "Villa comunale" } else { "Giardini pubblici" },
                if main { "Town park" } else { "Public gardens" },
                new,
                [3500.0, 16_000.0],
                &grid,
                900.0,
            );
            wish(
                PoiKind::Monument,
                Use::Square,
                if main { "Piazza Italia" } else { "Piazza Garibaldi" },
                if main { "Italy Square" } else { "Garibaldi Square" },
                ground.frame.ground(layout.corso + 60.0, gv + 150.0),
                [1800.0, 7500.0],
                &grid,
                900.0,
            );
        }
    }

    /// Churches and squares of the villages inland, and the town hall and castle of Rocca.
    fn villages(&mut self, ground: &Ground, blocks: &[Block], centres: &[M]) {
        use BuildingKind::{Church, Public, School};
        let layout = ground.layout;
        for (i, hamlet) in layout.hamlets.iter().chain([&layout.village]).enumerate() {
            let rocca = i == layout.hamlets.len();
            let zone = |z: Zone| z == Zone::Hamlet(i as u8);
            let near = ground.frame.ground(hamlet.u, hamlet.v);
            let (saint, saint_en) = SAINTS[(i + 5) % SAINTS.len()];
            let within = hamlet.radius * 1.5;
            let mut wish = |kind, usage, name: String, name_en: String, near, area| {
                self.grant(blocks, centres, Wish { kind, usage, name, name_en, near, area, zone: &zone, within });
            };
            wish(
                PoiKind::Monument,
                Use::Square,
                format!("Piazza di {}", hamlet.name),
                format!("{} square", hamlet.name),
                near,
                [400.0, 3500.0],
            );
            wish(
                PoiKind::Church,
                Use::Public(Church),
                format!("Chiesa di {saint}"),
                format!("Church of {saint_en}"),
                near,
                [600.0, 6000.0],
            );
            if rocca {
                let top = ground.frame.ground(hamlet.u + 0.7 * hamlet.radius, hamlet.v);
                wish(
                    PoiKind::TownHall,
                    Use::Public(Public),
                    "Municipio di Rocca Sant'Elia".to_owned(),
                    "Town hall of Rocca Sant'Elia".to_owned(),
                    near,
                    [600.0, 6000.0],
                );
                wish(
                    PoiKind::Castle,
                    Use::Public(Public),
                    "Rocca normanna (ruderi)".to_owned(),
                    "Norman keep (ruins)".to_owned(),
                    top,
                    [600.0, 9000.0],
                );
                wish(
                    PoiKind::School,
                    Use::Public(School),
                    "Scuola primaria Ibico".to_owned(),
                    "Ibico primary school".to_owned(),
                    near,
                    [900.0, 9000.0],
                );
            }
        }
    }

    /// Schools, churches, parks and squares all over the built-up area, as often as a town has them.
    fn quarters(&mut self, ground: &Ground, blocks: &[Block], centres: &[M]) {
        use BuildingKind::{Church, School};
        let mut rng = Rng::new(ground.seed, 510);
        let layout = ground.layout;
        let pitch = 640.0_f64.min(layout.length / 3.2);
        let town = |z: Zone| matches!(z, Zone::Town | Zone::Suburb | Zone::Grid(_));
        let edge = |z: Zone| matches!(z, Zone::Suburb | Zone::Field);
        let (mut v, mut n) = (pitch * 0.4, 0);
        while v < layout.length {
            let mut u = layout.corso;
            while u < layout.ring + 1500.0 {
                let at = ground.frame.ground(u + rng.range(-150.0, 150.0), v + rng.range(-150.0, 150.0));
                let (saint, saint_en) = SAINTS[(n * 5 + 3) % SAINTS.len()];
                let school = SCHOOLS[n % SCHOOLS.len()];
                let mut wish = |kind, usage, name: String, name_en: String, area| {
                    self.grant(blocks, centres, Wish { kind, usage, name, name_en, near: at, area, zone: &town, within: 330.0 });
                };
                match n % 4 {
                    0 => wish(
                        PoiKind::School,
                        Use::Public(School),
                        format!("Istituto comprensivo {school}"),
                        format!("{school} school"),
                        [4000.0, 14_000.0],
                    ),
                    1 => wish(
                        PoiKind::Church,
                        Use::Public(Church),
                        format!("Parrocchia di {saint}"),
                        format!("{saint_en} church"),
                        [2500.0, 9000.0],
                    ),
                    2 => wish(
                        PoiKind::Park,
                        Use::Park,
                        format!("Parco {}", country(n * 7 + 3)),
                        format!("{} park", country(n * 7 + 3)),
                        [4000.0, 20_000.0],
                    ),
                    _ => wish(
                        PoiKind::Sport,
                        Use::Sport,
                        format!("Campo sportivo {}", country(n * 5 + 1)),
                        format!("{} sports ground", country(n * 5 + 1)),
                        [6500.0, 22_000.0],
                    ),
                }
                n += 1;
                u += pitch * 0.75;
            }
            v += pitch;
        }
        let plots = (layout.length / 6000.0).ceil() as usize;
        for i in 0..plots {
            let at = layout.length * (i as f64 + 0.62) / plots as f64;
            let near = ground.frame.ground(layout.ring * 1.15, at);
            let name = if i == 0 { "Cimitero di Condera Alta".to_owned() } else { format!("Cimitero di {}", country(i * 9 + 4)) };
            let wish = Wish {
                kind: PoiKind::Cemetery,
                usage: Use::Cemetery,
                name_en: "Cemetery".to_owned(),
                name,
                near,
                area: [9000.0, 60_000.0],
                zone: &edge,
                within: 2500.0,
            };
            self.grant(blocks, centres, wish);
        }
    }
}

/// What a block is used for when nobody wishes otherwise.
fn natural(ground: &Ground, block: &Block, cover: &[Noise; 2]) -> Use {
    let p = inner(&block.ring);
    match block.zone {
        Zone::River(_) => Use::Water,
        Zone::Beach => Use::Sand,
        Zone::Harbour => Use::Quay,
        Zone::Seafront => Use::Park,
        Zone::Field => {
            let height = ground.frame.plan(p)[0] / ground.layout.depth;
            let wild = 0.75 * cover[0].at(p[0], p[1]) + 0.35 * cover[1].at(p[0], p[1]) + 0.85 * (height - 0.62);
            if wild > 0.36 {
                Use::Wood
            } else if wild > 0.2 {
                Use::Scrub
            } else {
                Use::Field
            }
        }
        _ => Use::Lots,
    }
}
