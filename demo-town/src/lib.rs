//! One invented, coherent coastal town near the Strait of Messina, at any of three sizes, or with others in a region, the same on every machine:
//! demo, tests, benchmarks and screenshots agree on it. Nobody and nothing in it is real.
//!
//! ```
//! let town = demo_town::Town::generate(demo_town::Size::Small, 1908);
//! assert_eq!(town.boundaries.len(), 2);
//! ```

mod affairs;
mod applications;
mod assemble;
pub mod census;
mod civic;
mod cut;
mod districts;
mod fields;
mod frame;
mod hazards;
mod houses;
mod inset;
mod layout;
mod lineage;
mod lots;
mod names;
mod odonyms;
mod places;
mod plane;
mod plots;
mod purposes;
mod records;
mod region;
mod reports;
mod ring;
mod rng;
mod roads;
mod sheets;
mod size;
mod skeleton;
mod splits;
mod stitch;
mod streets;
mod texts;
mod trees;
mod works;
mod zones;

pub use applications::{Application, ApplicationStep, FormerParcel};
pub use hazards::{BathingStretch, Hazard, HazardKind, WasteContainer};
pub use records::*;
pub use region::towns;
pub use reports::CitizenReport;
pub use size::{Size, UnknownSize};

/// ISTAT code of Castelmarina dello Stretto, the larger comune, on the coast.
pub const CASTELMARINA: &str = "080901";
/// ISTAT code of Rocca Sant'Elia, on the hill behind.
pub const ROCCA: &str = "080902";
/// The seed that the demo, the tests and the pictures use.
pub const DEFAULT_SEED: u64 = 1908;

/// Everything there is in the town.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Town {
    /// The two comuni.
    pub boundaries: Vec<Boundary>,
    /// Streets, a record for each piece between junctions.
    pub streets: Vec<Street>,
    /// Railways.
    pub railways: Vec<Railway>,
    /// House numbers.
    pub house_numbers: Vec<HouseNumber>,
    /// Names on the map.
    pub place_names: Vec<PlaceName>,
    /// Land cover.
    pub land_cover: Vec<LandCover>,
    /// Water surfaces.
    pub water: Vec<Water>,
    /// Coast.
    pub coastlines: Vec<Coastline>,
    /// Cadastral sheets.
    pub sheets: Vec<Sheet>,
    /// Cadastral parcels.
    pub parcels: Vec<Parcel>,
    /// Buildings.
    pub buildings: Vec<Building>,
    /// Trees.
    pub trees: Vec<Tree>,
    /// Points of interest.
    pub points_of_interest: Vec<PointOfInterest>,
    /// Inspections of trees, for the comune's own people.
    pub tree_inspections: Vec<TreeInspection>,
    /// Lodgings; who runs them is private.
    pub lodgings: Vec<Lodging>,
    /// Events; those not announced are private.
    pub events: Vec<Event>,
    /// Building applications; who files them is private.
    pub applications: Vec<Application>,
    /// Parcels that are no more, and that some applications cite.
    pub former_parcels: Vec<FormerParcel>,
    /// What became of them.
    pub lineage: Vec<Descent>,
    /// Public works with their phases, money and progress.
    pub public_works: Vec<PublicWork>,
    /// Road ordinances: past, in force, to come.
    pub road_ordinances: Vec<RoadOrdinance>,
    /// What may harm, in the versions of its surveys.
    pub hazards: Vec<Hazard>,
    /// Stretches of sea where people bathe.
    pub bathing_stretches: Vec<BathingStretch>,
    /// Containers for waste, beside the streets.
    pub waste_containers: Vec<WasteContainer>,
    /// What citizens reported; those not approved are private.
    pub reports: Vec<CitizenReport>,
}

impl Town {
    /// Makes the town of this size from a seed; equal arguments give equal towns everywhere. Of the region it is the city.
    pub fn generate(size: Size, seed: u64) -> Self {
        let size = if size == Size::Region { Size::City } else { size };
        let layout = layout::Layout::of(size);
        let mut ground = skeleton::Ground::survey(seed, layout);
        // A first guess of how many parcels a square metre of the country will hold: what the town leaves over, spread evenly.
        let field = 0.5 * size.parcels() as f64 / (layout.depth * layout.length * 0.7);
        let quarters = ground.quarters(field);
        let blocks = ground.blocks(&quarters);
        let fogli = sheets::fogli(&quarters, &ground.splits, &ground.frame, field, layout.sheet);
        let purposes = purposes::Purposes::decide(&ground, &blocks);
        names::christen(&mut ground);
        let mut plots = plots::Plots::divide(&mut ground, size, fogli.len(), &blocks, &purposes);
        plots.settle(seed, size);

        let comune_of = |block: usize| quarters[blocks[block].quarter].comune;
        let names = places::names(&ground, &blocks, &comune_of);
        let sights = places::sights(&ground, &blocks, &purposes, &mut plots, &comune_of);
        let network = streets::Network::trace(&ground);
        let civics = civic::number(&ground, &network, &plots, size.parcels() * 36 / 100);
        let trees = trees::plant(&ground, &network, &blocks, &purposes, &plots, size.points().saturating_sub(civics.len() + sights.len()));

        let members = members(&quarters, &blocks, &fogli);
        let mut town = Self::default();
        let plan = assemble::Plan {
            ground: &ground,
            quarters: &quarters,
            blocks: &blocks,
            fogli: &fogli,
            purposes: &purposes,
            plots: &plots,
            members: &members,
        };
        plan.land(&mut town);
        assemble::network(&ground, &network, &mut town);
        let hill: Vec<(&ring::Ring, _)> = quarters.iter().filter(|q| q.comune == 1).map(|q| (&q.ring, q.ring.extent([1.0, 0.0]))).collect();
        let within = |[low, high]: [f64; 2], x: f64| low <= x && x <= high;
        let comune_at = |v: plane::V| {
            let p = v.m();
            usize::from(hill.iter().any(|(r, (x, y))| within(*x, p[0]) && within(*y, p[1]) && r.contains(p)))
        };
        assemble::points(civics, trees, &comune_at, names, sights, &mut town);
        affairs::keep(&mut town, seed);
        applications::keep(&mut town, size, seed);
        lineage::trace(&mut town);
        works::build(&mut town, seed);
        hazards::survey(&ground, seed, &mut town);
        reports::keep(&mut town, seed);
        town
    }
}

/// The blocks of each foglio.
fn members(quarters: &[districts::Quarter], blocks: &[districts::Block], fogli: &[sheets::Foglio]) -> Vec<Vec<usize>> {
    let mut home = vec![0; quarters.len()];
    for (i, foglio) in fogli.iter().enumerate() {
        foglio.quarters.iter().for_each(|q| home[*q] = i);
    }
    let mut members = vec![Vec::new(); fogli.len()];
    blocks.iter().enumerate().for_each(|(i, block)| members[home[block.quarter]].push(i));
    members
}
