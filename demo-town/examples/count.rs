//! Counts what is in a town: `cargo run -p demo-town --release --example count -- town`.

use demo_town::{DEFAULT_SEED, Size, Town};
use std::collections::BTreeMap;

fn main() {
    let size: Size = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(Size::Small);
    let town = Town::generate(size, DEFAULT_SEED);
    let vertices: usize = town.parcels.iter().flat_map(|p| &p.geometry).map(Vec::len).sum();
    let points = town.house_numbers.len() + town.trees.len() + town.points_of_interest.len();
    println!("parcels {} of {}, {:.2} vertices each", town.parcels.len(), size.parcels(), vertices as f64 / town.parcels.len() as f64);
    println!("buildings {} of {}", town.buildings.len(), size.buildings());
    println!("street segments {} of {}", town.streets.len(), size.parcels() / 10);
    println!(
        "points {points} of {}: {} house numbers, {} trees, {} of interest",
        size.points(),
        town.house_numbers.len(),
        town.trees.len(),
        town.points_of_interest.len()
    );
    println!(
        "sheets {}, land cover {}, water {}, names {}",
        town.sheets.len(),
        town.land_cover.len(),
        town.water.len(),
        town.place_names.len()
    );
    let mut uses: BTreeMap<(&str, bool), (usize, f64, usize)> = BTreeMap::new();
    for parcel in &town.parcels {
        let entry = uses.entry((parcel.land_use, parcel.urban)).or_default();
        entry.0 += 1;
        entry.1 += f64::from(parcel.area_m2);
        entry.2 += parcel.geometry.iter().map(Vec::len).sum::<usize>();
    }
    for ((land_use, urban), (count, area, vertices)) in uses {
        println!(
            "  {land_use:24} {urban:5} {count:7}  mean {:8.0} m2  {:5.1} vertices",
            area / count as f64,
            vertices as f64 / count as f64
        );
    }
}
