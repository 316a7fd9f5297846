//! The units of buildings: flats, shops, garages, schools.

use crate::records::{Building, BuildingKind};
use crate::rng::Rng;

/// A unit as the register has it.
pub(super) struct Unit {
    pub(super) kind: BuildingKind,
    pub(super) category: &'static str,
    /// 0 for none: units of groups D and E are valued one by one.
    pub(super) class: u8,
    pub(super) size_tenths: u32,
    pub(super) area_m2: u32,
    pub(super) income_cents: u32,
    pub(super) storey: &'static str,
}

/// Flats of a house, at most.
const FLATS: usize = 5;
const STOREYS: [&str; 8] = ["T", "1", "2", "3", "4", "5", "6", "7"];

/// The units of a parcel's buildings.
pub(super) fn of(buildings: &[Building], rng: &mut Rng) -> Vec<Unit> {
    let mut units = Vec::new();
    for building in buildings {
        let footprint = footprint_m2(building);
        match building.kind {
            BuildingKind::Residential => homes(building, footprint, rng, &mut units),
            BuildingKind::Commercial if footprint > 500.0 => units.push(valued(building, "D08", footprint, 1_900)),
            BuildingKind::Commercial => units.push(sized(building, "C01", footprint * 0.85, 1_450, rng)),
            BuildingKind::Industrial => units.push(valued(building, "D07", footprint, 900)),
            BuildingKind::Church => units.push(valued(building, "E07", footprint, 0)),
            BuildingKind::Public => units.push(voluminous(building, "B04", footprint, rng)),
            BuildingKind::School => units.push(voluminous(building, "B05", footprint, rng)),
            BuildingKind::Annex => {
                let category = if footprint < 40.0 { "C06" } else { "C02" };
                units.push(sized(building, category, footprint * 0.9, 260, rng));
            }
        }
    }
    units
}

/// A house is one flat, a taller one has a flat to a storey, its ground floor is at times a shop.
fn homes(building: &Building, footprint: f64, rng: &mut Rng, units: &mut Vec<Unit>) {
    let floors = usize::from(building.floors.max(1));
    let flats = if floors < 3 { 1 } else { (floors - 1).min(FLATS) };
    let whole = footprint * floors as f64 * 0.8 / flats as f64;
    let (category, rate) = match rng.below(10) {
        0 if flats == 1 => ("A07", 12_500),
        0..4 => ("A02", 9_600),
        4..8 => ("A03", 6_200),
        _ => ("A04", 4_100),
    };
    let class = 1 + rng.below(5) as u8;
    for k in 0..flats {
        // half rooms, 18 square metres each
        let halves = (whole / 9.0).round().clamp(3.0, 30.0) as u32;
        let is_shop = flats > 2 && k == 0 && rng.chance(0.35);
        if is_shop {
            units.push(sized(building, "C01", footprint * 0.7, 1_450, rng));
            continue;
        }
        units.push(Unit {
            kind: building.kind,
            category,
            class,
            size_tenths: halves * 5,
            area_m2: whole.round().max(20.0) as u32,
            income_cents: halves * rate * (10 + u32::from(class)) / 20,
            storey: if flats == 1 { "T" } else { STOREYS[(k + usize::from(floors > flats)).min(7)] },
        });
    }
}

/// By square metres.
fn sized(building: &Building, category: &'static str, area: f64, rate: u32, rng: &mut Rng) -> Unit {
    let (square, class) = (area.round().max(8.0) as u32, 1 + rng.below(5) as u8);
    let income_cents = square * rate * (10 + u32::from(class)) / 12;
    Unit { kind: building.kind, category, class, size_tenths: square * 10, area_m2: square, income_cents, storey: "T" }
}

/// By cubic metres.
fn voluminous(building: &Building, category: &'static str, footprint: f64, rng: &mut Rng) -> Unit {
    let (cubic, class) = ((footprint * building.height_m).round().max(50.0) as u32, 1 + rng.below(3) as u8);
    let area_m2 = (footprint * f64::from(building.floors.max(1)) * 0.9).round() as u32;
    Unit { kind: building.kind, category, class, size_tenths: cubic * 10, area_m2, income_cents: cubic * 95, storey: "T" }
}

/// One by one.
fn valued(building: &Building, category: &'static str, footprint: f64, rate: u32) -> Unit {
    let area_m2 = (footprint * f64::from(building.floors.max(1))).round() as u32;
    Unit { kind: building.kind, category, class: 0, size_tenths: 0, area_m2, income_cents: area_m2 * rate, storey: "T" }
}

fn footprint_m2(building: &Building) -> f64 {
    crate::lineage::covered_m2(&building.geometry)
}
