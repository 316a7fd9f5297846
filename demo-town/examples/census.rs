//! Counts what is in the census of a town: `cargo run -p demo-town --release --example census -- city`.

use demo_town::census::{Record, census};
use demo_town::{DEFAULT_SEED, Size, Town};

fn main() {
    let size: Size = std::env::args().nth(1).and_then(|a| a.parse().ok()).unwrap_or(Size::Small);
    let town = Town::generate(size, DEFAULT_SEED);
    let start = std::time::Instant::now();
    let (mut properties, mut titles, mut subjects, mut addresses) = (0, 0, 0, 0);
    for record in census(&town, DEFAULT_SEED) {
        match record {
            Record::Property(property) => {
                properties += 1;
                addresses += usize::from(property.address.is_some());
            }
            Record::Title(_) => titles += 1,
            Record::Subject(_) => subjects += 1,
        }
    }
    println!(
        "{properties} versions of properties, {addresses} with an address; {titles} titles, {subjects} subjects; {} descents",
        town.lineage.len()
    );
    println!("made in {:.2} s", start.elapsed().as_secs_f64());
}
