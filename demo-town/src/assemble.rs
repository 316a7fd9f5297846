//! From the plan to records: identities, numbers, codes and coordinates.

use crate::civic::Civic;
use crate::districts::{Block, Quarter};
use crate::places::{Name, Sight};
use crate::plane::V;
use crate::plots::{Plot, Plots};
use crate::purposes::{Purposes, Use};
use crate::records::{
    Boundary, Building, BuildingKind, Coastline, HouseNumber, LandCover, LandCoverKind, Line, Parcel, ParcelKind, PlaceName, Point,
    PointOfInterest, Polygon, Railway, Sheet, Street, Tree, Water, WaterKind,
};
use crate::rng::Rng;
use crate::sheets::{Foglio, union};
use crate::skeleton::Ground;
use crate::stitch::{Outline, Shape};
use crate::streets::Network;
use crate::trees::Sapling;
use crate::zones::Zone;
use crate::{CASTELMARINA, ROCCA, Town};

/// East and north of the plan's origin, millimetres.
pub(crate) const ORIGIN: [i64; 2] = [552_000_000, 4_205_000_000];
/// ISTAT code, code of the cadastre and name of each comune.
const COMUNI: [(&str, &str, &str); 2] = [(CASTELMARINA, "X101", "Castelmarina dello Stretto"), (ROCCA, "X102", "Rocca Sant'Elia")];

fn point(v: V) -> Point {
    [(ORIGIN[0] + i64::from(v.x)) as f64 / 1000.0, (ORIGIN[1] + i64::from(v.y)) as f64 / 1000.0]
}

fn line(vertices: &[V]) -> Line {
    vertices.iter().map(|v| point(*v)).collect()
}

pub(crate) fn ring(vertices: &[V]) -> Line {
    vertices.iter().chain(vertices.first()).map(|v| point(*v)).collect()
}

fn polygon(shape: &Shape) -> Polygon {
    shape.iter().map(|r| ring(r)).collect()
}

/// Everything that the plan holds.
pub(crate) struct Plan<'a> {
    pub(crate) ground: &'a Ground,
    pub(crate) quarters: &'a [Quarter],
    pub(crate) blocks: &'a [Block],
    pub(crate) fogli: &'a [Foglio],
    pub(crate) purposes: &'a Purposes,
    pub(crate) plots: &'a Plots,
    /// Indices of the blocks in each foglio.
    pub(crate) members: &'a [Vec<usize>],
}

impl Plan<'_> {
    /// Boundaries, sheets, parcels, buildings, land cover and water.
    pub(crate) fn land(&self, town: &mut Town) {
        for (comune, (istat, catasto, name)) in COMUNI.iter().enumerate() {
            let parts = union(self.quarters.iter().filter(|q| q.comune == comune).map(|q| &q.ring), &self.ground.splits);
            let geometry = parts.iter().map(polygon).collect();
            town.boundaries.push(Boundary {
                id: (*istat).to_owned(),
                name: (*name).to_owned(),
                catasto_code: (*catasto).to_owned(),
                geometry,
            });
        }
        for (index, foglio) in self.fogli.iter().enumerate() {
            self.sheet(town, index, foglio);
            self.cover(town, index, foglio);
        }
        self.water(town);
    }

    fn sheet(&self, town: &mut Town, index: usize, foglio: &Foglio) {
        let (comune, catasto, _) = COMUNI[foglio.comune];
        let id = format!("{catasto}_{:04}00", foglio.number);
        let splits = &self.ground.splits;
        let mut outline = Outline::default();
        let mut streets = Outline::default();
        for q in &foglio.quarters {
            let ring = splits.expand(&self.quarters[*q].ring);
            outline.add(&ring.v);
            streets.add(&ring.v);
        }
        for block in &self.members[index] {
            if let Some(ring) = &self.plots.blocks[*block] {
                streets.remove(&splits.expand(ring).v);
            }
        }
        for shape in outline.shapes() {
            town.sheets.push(Sheet { id: id.clone(), comune, section: '_', number: foglio.number, letter: '0', geometry: polygon(&shape) });
        }
        let mut rng = Rng::new(self.ground.seed, 3_000_000 + index as u64);
        let base = Parcel {
            id: String::new(),
            comune,
            section: '_',
            sheet: foglio.number,
            attachment: '0',
            development: '0',
            number: String::new(),
            kind: ParcelKind::Land,
            land_use: "",
            area_m2: 0,
            urban: false,
            updated: String::new(),
            geometry: Vec::new(),
        };
        let mut shapes = streets.shapes();
        shapes.sort_by_key(|s| std::cmp::Reverse(crate::ring::twice_area(&s[0])));
        for (k, shape) in shapes.iter().enumerate() {
            let number = format!("STRADA{:03}", k + 1);
            let geometry = polygon(shape);
            town.parcels.push(Parcel {
                id: format!("{id}.{number}"),
                number,
                kind: ParcelKind::Street,
                land_use: "STRADE PUBBLICHE",
                area_m2: area(shape).round() as u32,
                updated: "1986-01-01".to_owned(),
                geometry,
                ..base.clone()
            });
        }
        self.parcels(town, index, &id, &base, &mut rng);
    }

    fn parcels(&self, town: &mut Town, index: usize, sheet: &str, base: &Parcel, rng: &mut Rng) {
        let mut blocks: Vec<(i64, i64, usize)> = self.members[index]
            .iter()
            .map(|b| {
                let [u, v] = self.ground.frame.plan(self.blocks[*b].ring.centroid());
                (-(v / 120.0) as i64, u as i64, *b)
            })
            .collect();
        blocks.sort_unstable();
        let plots: Vec<&Plot> = blocks.iter().flat_map(|(_, _, b)| &self.plots.plots[*b]).collect();
        let (mut number, mut late, mut water) = (0, plots.len() + plots.len() / 9 + 1, 0);
        for plot in plots {
            // What was split off later carries a number after all the others.
            let label = if plot.usage == Use::Water {
                water += 1;
                format!("ACQUA{water:03}")
            } else if rng.chance(0.07) {
                late += 1 + rng.below(3);
                late.to_string()
            } else {
                number += if rng.chance(0.03) { 2 } else { 1 };
                number.to_string()
            };
            let shape: Shape = std::iter::once(self.vertices(plot)).chain(plot.holes.iter().cloned()).collect();
            let urban = plot.houses.iter().any(|h| h.kind != BuildingKind::Annex);
            let id = format!("{sheet}.{label}");
            self.buildings(town, plot, &id, &label, base);
            let basin = if plot.basin { crate::inset::shrink(&plot.ring.v, 1.2) } else { None };
            if let Some(ring_) = basin {
                let (id, name) = (format!("W-{id}"), "Vasca irrigua".to_owned());
                town.water.push(Water { id, comune: base.comune, kind: WaterKind::Basin, name, geometry: vec![ring(&ring_)] });
            }
            town.parcels.push(Parcel {
                id,
                number: label,
                kind: if plot.usage == Use::Water { ParcelKind::Water } else { ParcelKind::Land },
                land_use: land_use(plot, urban, rng),
                area_m2: (area(&shape) * rng.range(0.985, 1.015)).round().max(1.0) as u32,
                urban,
                updated: date(rng),
                geometry: polygon(&shape),
                ..base.clone()
            });
        }
    }

    fn buildings(&self, town: &mut Town, plot: &Plot, parcel: &str, number: &str, base: &Parcel) {
        for (k, house) in plot.houses.iter().enumerate() {
            town.buildings.push(Building {
                id: format!("{parcel}-{}", k + 1),
                comune: base.comune,
                sheet: base.sheet,
                parcel: number.to_owned(),
                kind: house.kind,
                floors: house.floors,
                height_m: house.height,
                geometry: vec![ring(&house.ring)],
            });
        }
    }

    /// The outer ring; plots on the shore get the vertices that came later.
    fn vertices(&self, plot: &Plot) -> Vec<V> {
        match plot.usage {
            Use::Sand | Use::Quay | Use::Water => self.ground.splits.expand(&plot.ring).v,
            _ => plot.ring.v.clone(),
        }
    }

    fn cover(&self, town: &mut Town, index: usize, foglio: &Foglio) {
        for kind in LandCoverKind::ALL {
            let same = self.members[index].iter().filter(|b| cover_of(self.purposes.uses[**b]) == *kind).map(|b| &self.blocks[*b].ring);
            for shape in union(same, &self.ground.splits) {
                let id = format!("L{:06}", town.land_cover.len() + 1);
                town.land_cover.push(LandCover { id, comune: COMUNI[foglio.comune].0, kind: *kind, geometry: polygon(&shape) });
            }
        }
    }

    fn water(&self, town: &mut Town) {
        let splits = &self.ground.splits;
        for (i, river) in self.ground.layout.rivers.iter().enumerate() {
            for (comune, code) in COMUNI.iter().enumerate() {
                let bed = self.blocks.iter().filter(|b| b.zone == Zone::River(i as u8) && self.quarters[b.quarter].comune == comune);
                for shape in union(bed.map(|b| &b.ring), splits) {
                    let kind = if river.width[0] < 30.0 { WaterKind::Stream } else { WaterKind::River };
                    let id = format!("W{:04}", town.water.len() + 1);
                    town.water.push(Water { id, comune: code.0, kind, name: river.name.to_owned(), geometry: polygon(&shape) });
                }
            }
        }
        let shore = splits.expand_line(&self.ground.shore);
        // Sea and coast go on beyond the comune, so that no map shows where they end: 25 km in steps of 100 m, then 75 km in
        // steps of 500 m on either side, and 120 km out.
        let length = self.ground.layout.length;
        let far = |v: f64| V::round(self.ground.frame.ground(0.0, v));
        let steps: Vec<f64> = (1..=250).map(|k| 100.0 * f64::from(k)).chain((1..=150).map(|k| 25_000.0 + 500.0 * f64::from(k))).collect();
        let beyond: Vec<V> = steps.iter().map(|step| far(length + step)).collect();
        let before: Vec<V> = steps.iter().rev().map(|step| far(-step)).collect();
        let mut all = before;
        all.extend(&shore);
        all.extend(beyond);
        town.coastlines.push(Coastline { id: "C1".to_owned(), comune: CASTELMARINA, geometry: line(&all) });
        let (first, last) = (all[0], all[all.len() - 1]);
        let west = first.x.min(last.x) - 120_000_000;
        all.push(V { x: west, y: last.y });
        all.push(V { x: west, y: first.y });
        town.water.push(Water {
            id: "W0000".to_owned(),
            comune: CASTELMARINA,
            kind: WaterKind::Sea,
            name: "Stretto di Messina".to_owned(),
            geometry: vec![ring(&all)],
        });
    }
}

/// Streets and railways.
pub(crate) fn network(ground: &Ground, network: &Network, town: &mut Town) {
    for (k, segment) in network.segments.iter().enumerate() {
        let road = &ground.roads.0[segment.road];
        town.streets.push(Street {
            id: format!("S{:06}", k + 1),
            comune: COMUNI[road.comune].0,
            name: segment.name.clone(),
            kind: segment.kind,
            width_m: 2.0 * road.half,
            geometry: line(&segment.line),
        });
    }
    for (k, (comune, rail)) in network.rails.iter().enumerate() {
        town.railways.push(Railway {
            id: format!("R{:03}", k + 1),
            comune: COMUNI[*comune].0,
            name: "Ferrovia tirrenica".to_owned(),
            geometry: line(rail),
        });
    }
}

/// House numbers, trees, names and points of interest.
pub(crate) fn points(
    civics: Vec<Civic>,
    trees: Vec<Sapling>,
    comune_at: &dyn Fn(V) -> usize,
    names: Vec<Name>,
    sights: Vec<Sight>,
    town: &mut Town,
) {
    for (k, civic) in civics.into_iter().enumerate() {
        let address = format!("{} {}", civic.street, civic.number);
        let comune = COMUNI[civic.comune].0;
        town.house_numbers.push(HouseNumber {
            id: format!("N{:06}", k + 1),
            comune,
            street: civic.street,
            number: civic.number,
            address,
            geometry: point(civic.at),
        });
    }
    for (k, tree) in trees.into_iter().enumerate() {
        town.trees.push(Tree {
            id: format!("A{:06}", k + 1),
            comune: COMUNI[comune_at(tree.at)].0,
            species: tree.species,
            height_m: tree.size[0],
            crown_m: tree.size[1],
            planted_year: tree.year,
            site: tree.site,
            geometry: point(tree.at),
        });
    }
    for (k, name) in names.into_iter().enumerate() {
        let id = format!("T{:04}", k + 1);
        town.place_names.push(PlaceName {
            id,
            comune: COMUNI[name.comune].0,
            name: name.name,
            kind: name.kind,
            rank: name.rank,
            geometry: point(V::round(name.at)),
        });
    }
    for (k, sight) in sights.into_iter().enumerate() {
        let (description, description_en) = crate::texts::describe(sight.kind);
        town.points_of_interest.push(PointOfInterest {
            id: format!("P{:04}", k + 1),
            comune: COMUNI[sight.comune].0,
            name: sight.name,
            name_en: sight.name_en,
            kind: sight.kind,
            description: description.to_owned(),
            description_en: description_en.to_owned(),
            geometry: point(sight.at),
        });
    }
}

fn area(shape: &Shape) -> f64 {
    shape.iter().map(|r| crate::ring::twice_area(r) as f64 / 2e6).sum()
}

fn cover_of(usage: Use) -> LandCoverKind {
    match usage {
        Use::Lots | Use::Square | Use::Public(_) | Use::Quay => LandCoverKind::BuiltUp,
        Use::Park | Use::Sport | Use::Cemetery => LandCoverKind::Park,
        Use::Field => LandCoverKind::Farmland,
        Use::Wood => LandCoverKind::Wood,
        Use::Scrub | Use::Water => LandCoverKind::Scrub,
        Use::Sand => LandCoverKind::Sand,
    }
}

fn land_use(plot: &Plot, urban: bool, rng: &mut Rng) -> &'static str {
    match plot.usage {
        Use::Public(_) | Use::Quay => "ENTE URBANO",
        Use::Lots if plot.basin => "ACQUE PRIVATE",
        Use::Lots if urban => "ENTE URBANO",
        Use::Lots => rng.pick(&["CORTE", "AREA URBANA", "ORTO IRRIGUO", "GIARDINO", "INCOLTO PRODUTTIVO"]),
        Use::Square => "STRADE PUBBLICHE",
        Use::Park | Use::Sport => "GIARDINO PUBBLICO",
        Use::Cemetery => "CIMITERO",
        Use::Field => rng.pick(&[
            "AGRUMETO",
            "AGRUMETO",
            "ULIVETO",
            "ULIVETO",
            "VIGNETO",
            "SEMINATIVO",
            "SEMINATIVO ARBORATO",
            "ORTO IRRIGUO",
            "FRUTTETO",
            "MANDORLETO",
        ]),
        Use::Wood => rng.pick(&["BOSCO CEDUO", "BOSCO MISTO", "CASTAGNETO DA FRUTTO", "QUERCETO"]),
        Use::Scrub => rng.pick(&["PASCOLO", "PASCOLO CESPUGLIATO", "INCOLTO PRODUTTIVO", "INCOLTO STERILE"]),
        Use::Sand => "ARENILE",
        Use::Water => "ACQUE ESENTI DA ESTIMO",
    }
}

fn date(rng: &mut Rng) -> String {
    let year = 2025 - (rng.unit() * rng.unit() * 40.0) as u32;
    format!("{year}-{:02}-{:02}", 1 + rng.below(12), 1 + rng.below(28))
}
