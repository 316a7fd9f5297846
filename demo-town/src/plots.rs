//! Every parcel of land and water, with what is built on it.

use crate::districts::Block;
use crate::fields::fields;
use crate::houses::{House, annex, cottage, house, landmark};
use crate::inset::inset;
use crate::lots::{island, lots};
use crate::plane::V;
use crate::purposes::{Purposes, Use};
use crate::records::BuildingKind;
use crate::ring::{INNER, Ring};
use crate::rng::Rng;
use crate::size::Size;
use crate::skeleton::Ground;
use crate::splits::Splits;
use crate::zones::Zone;

/// A parcel before it has a number.
pub(crate) struct Plot {
    pub(crate) block: usize,
    pub(crate) ring: Ring,
    /// Clockwise holes, each filled by another plot.
    pub(crate) holes: Vec<Vec<V>>,
    pub(crate) zone: Zone,
    pub(crate) usage: Use,
    pub(crate) houses: Vec<House>,
    /// An irrigation basin.
    pub(crate) basin: bool,
}

/// The plots of every block, and what the streets left of the block itself, with all its vertices.
#[derive(Default)]
pub(crate) struct Plots {
    pub(crate) plots: Vec<Vec<Plot>>,
    pub(crate) blocks: Vec<Option<Ring>>,
}

impl Plots {
    /// Town first; then the country makes up the number that the size asks for.
    pub(crate) fn divide(ground: &mut Ground, size: Size, fogli: usize, blocks: &[Block], purposes: &Purposes) -> Self {
        let mut out = Self { plots: blocks.iter().map(|_| Vec::new()).collect(), blocks: blocks.iter().map(|_| None).collect() };
        let mut country = Vec::new();
        for (i, block) in blocks.iter().enumerate() {
            let mut rng = Rng::new(ground.seed, 100_000 + i as u64);
            let usage = purposes.uses[i];
            if usage == Use::Square {
                continue;
            }
            let face = ground.splits.expand(&block.ring);
            let corner = corners(block.zone);
            let roads = &ground.roads;
            let mut cut_back = || if rng.chance(corner.0) { corner.1 * (0.7 + 0.6 * rng.unit()) } else { 0.0 };
            let Some(ring) = inset(&face, &|e| roads.half(e), &mut cut_back, &mut ground.splits) else { continue };
            match usage {
                Use::Field | Use::Wood | Use::Scrub => country.push((i, ring)),
                _ => out.town(ground, i, block, usage, ring, &mut rng),
            }
        }
        let town: usize = out.plots.iter().map(Vec::len).sum();
        let streets = fogli + fogli / 5;
        out.country(ground, size.parcels().saturating_sub(town + streets), country, purposes);
        out
    }

    fn town(&mut self, ground: &mut Ground, i: usize, block: &Block, usage: Use, ring: Ring, rng: &mut Rng) {
        let zone = block.zone;
        let whole = |ring: &Ring, houses| Plot { block: i, ring: ring.clone(), holes: Vec::new(), zone, usage, houses, basin: false };
        match usage {
            Use::Lots => {
                let mut splits = Splits::default();
                let parts = lots(ring.clone(), zone, rng, &mut splits);
                self.blocks[i] = Some(splits.expand(&ring));
                for lot in parts {
                    self.lot(i, lot, zone, rng);
                }
            }
            Use::Sand | Use::Quay => {
                let parts = lots(ring.clone(), zone, rng, &mut ground.splits);
                self.blocks[i] = Some(ground.splits.expand(&ring));
                self.plots[i] = parts.iter().map(|r| whole(r, Vec::new())).collect();
            }
            Use::Water => {
                self.blocks[i] = Some(ring.clone());
                self.plots[i] = vec![whole(&ring, Vec::new())];
            }
            _ => {
                let built = match usage {
                    Use::Public(kind) => landmark(&ring, kind, if zone == Zone::Suburb { 0.6 } else { 0.74 }, rng),
                    Use::Cemetery => landmark(&ring, BuildingKind::Church, 0.12, rng),
                    Use::Sport => landmark(&ring, BuildingKind::Public, 0.14, rng),
                    _ => None,
                };
                self.plots[i] = vec![whole(&ring, built.into_iter().collect())];
                self.blocks[i] = Some(ring);
            }
        }
    }

    fn lot(&mut self, i: usize, lot: Ring, zone: Zone, rng: &mut Rng) {
        let share = match zone {
            Zone::Old(_) => 0.95,
            Zone::Hamlet(_) => 0.85,
            Zone::Grid(_) => 0.93,
            Zone::Suburb => 0.74,
            _ => 0.88,
        };
        let mut plot = Plot { block: i, ring: lot, holes: Vec::new(), zone, usage: Use::Lots, houses: Vec::new(), basin: false };
        if rng.chance(share) {
            plot.houses.extend(house(&plot.ring, zone, rng));
        }
        let court = plot.houses.is_empty() && rng.chance(0.16);
        if court && let Some(ring) = island(&plot.ring, [rng.range(3.5, 6.5), rng.range(3.0, 5.0)], 1.2, rng) {
            self.fill(&mut plot, ring, false, rng);
        }
        self.plots[i].push(plot);
    }

    /// Puts a plot of its own in a hole of this one.
    fn fill(&mut self, around: &mut Plot, ring: Vec<V>, farm: bool, rng: &mut Rng) {
        around.holes.push(ring.iter().rev().copied().collect());
        let ring = Ring { e: vec![INNER; ring.len()], v: ring };
        let basin = farm && rng.chance(0.07);
        let mut plot =
            Plot { block: around.block, ring, holes: Vec::new(), zone: around.zone, usage: Use::Lots, houses: Vec::new(), basin };
        if farm && !basin {
            plot.houses.extend(cottage(&plot.ring, rng));
        }
        self.plots[around.block].push(plot);
    }

    fn country(&mut self, ground: &Ground, count: usize, blocks: Vec<(usize, Ring)>, purposes: &Purposes) {
        let weight = |i: usize, ring: &Ring| {
            let rough = match purposes.uses[i] {
                Use::Field => 1.0,
                Use::Scrub => 0.6,
                _ => 0.42,
            };
            rough * ring.area()
        };
        let total: f64 = blocks.iter().map(|(i, ring)| weight(*i, ring)).sum();
        let mut owed = 0.0;
        for (i, ring) in blocks {
            let mut rng = Rng::new(ground.seed, 2_000_000 + i as u64);
            let due = count as f64 * weight(i, &ring) / total.max(1.0) + owed;
            let share = (due.round() as usize).max(1);
            let mut splits = Splits::default();
            let parts = fields(ring.clone(), share, &mut rng, &mut splits);
            self.blocks[i] = Some(splits.expand(&ring));
            for field in parts {
                let usage = purposes.uses[i];
                let mut plot =
                    Plot { block: i, ring: field, holes: Vec::new(), zone: Zone::Field, usage, houses: Vec::new(), basin: false };
                let farm = usage != Use::Wood && plot.ring.area() > 750.0 && rng.chance(0.11);
                if farm && let Some(ring) = island(&plot.ring, [rng.range(8.0, 12.0), rng.range(7.0, 10.0)], 1.5, &mut rng) {
                    self.fill(&mut plot, ring, true, &mut rng);
                }
                self.plots[i].push(plot);
            }
            owed = due - self.plots[i].len() as f64;
        }
    }

    /// Brings the number of buildings to what the size asks for: sheds are added, or houses at the edge of town left out.
    pub(crate) fn settle(&mut self, seed: u64, size: Size) {
        let mut rng = Rng::new(seed, 600);
        let built = self.plots.iter().flatten().map(|p| p.houses.len()).sum::<usize>();
        let mut order: Vec<(usize, usize)> = Vec::new();
        for (i, plots) in self.plots.iter().enumerate() {
            order.extend((0..plots.len()).filter(|k| plots[*k].usage == Use::Lots && !plots[*k].houses.is_empty()).map(|k| (i, k)));
        }
        rng.shuffle(&mut order);
        let mut missing = size.buildings() as i64 - built as i64;
        for (i, k) in order.iter().chain(&order).chain(&order).copied() {
            let plot = &mut self.plots[i][k];
            if plot.houses.is_empty() {
                continue;
            }
            if missing > 0 {
                let shed = annex(&plot.ring, &plot.houses, &mut rng);
                missing -= i64::from(shed.is_some());
                plot.houses.extend(shed);
            } else if missing < 0 && matches!(plot.zone, Zone::Suburb | Zone::Town) {
                plot.houses.clear();
                missing += 1;
            }
        }
    }
}

/// How often a corner of a block is cut back, and by how much, metres.
fn corners(zone: Zone) -> (f64, f64) {
    match zone {
        Zone::Old(_) => (0.12, 1.2),
        Zone::Grid(_) => (0.85, 3.4),
        Zone::Town | Zone::Works => (0.6, 3.6),
        Zone::Suburb => (0.5, 3.0),
        Zone::Field | Zone::Hamlet(_) => (0.3, 4.0),
        _ => (0.0, 0.0),
    }
}
