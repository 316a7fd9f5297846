//! What the offices of the town keep, beside what everybody may see: inspections of trees, lodgings, events.

use crate::Town;
use crate::records::{Event, HouseNumber, Lodging, LodgingKind, PoiKind, PointOfInterest, Tree, TreeInspection, TreeRisk, TreeSite};
use crate::rng::Rng;

/// One tree on public ground in so many has been inspected.
const TREES_AN_INSPECTION: usize = 12;
/// One house number in so many is a lodging's.
const NUMBERS_A_LODGING: usize = 45;

#[rustfmt::skip]
pub(crate) const GIVEN: &[&str] = &[
    "Agata", "Bruna", "Carmelo", "Consolato", "Demetrio", "Elvira", "Fortunata", "Giosafatte", "Ida", "Letterio", "Melina", "Natale",
    "Orsola", "Pasquale", "Quinto", "Rosaria", "Santa", "Teodoro", "Ughetta", "Zaira",
];
#[rustfmt::skip]
pub(crate) const FAMILY: &[&str] = &[
    "Acquadolce", "Belfiore del Capo", "Calamona", "Duescogli", "Ferracina", "Grandinara", "Lanternari", "Marepiano", "Nespolaro",
    "Oliverana", "Pescalupo", "Quattroventi", "Roccabianca", "Sottomonte", "Tramontari", "Vallescura",
];
const SIGNS: &[&str] =
    &["La Zagara", "Il Bergamotto", "Fata Morgana", "Lo Scirocco", "La Lanterna", "Le Ginestre", "Il Gelsomino", "La Rena"];

/// Adds them to a town that has its trees, house numbers and points of interest.
pub(crate) fn keep(town: &mut Town, seed: u64) {
    let mut rng = Rng::new(seed, 0xAFFA);
    // on the hill there is no avenue: what may fall there stands beside a path between fields
    let watched = |tree: &&Tree| tree.site != TreeSite::Garden && (tree.site != TreeSite::Field || tree.comune == crate::ROCCA);
    town.tree_inspections = town.trees.iter().filter(watched).step_by(TREES_AN_INSPECTION).map(|tree| inspect(tree, &mut rng)).collect();
    let houses = town.house_numbers.iter().step_by(NUMBERS_A_LODGING).enumerate();
    town.lodgings = houses.map(|(k, house)| lodge(k, house, &mut rng)).collect();
    let occasions = town.points_of_interest.iter().filter_map(|place| Some((place, occasion(place.kind)?)));
    town.events = occasions.enumerate().flat_map(|(k, (place, titles))| editions(k, place, titles, &mut rng)).collect();
}

fn inspect(tree: &Tree, rng: &mut Rng) -> TreeInspection {
    let (risk, notes) = rng.pick(&[
        (TreeRisk::A, "Nessun difetto rilevato."),
        (TreeRisk::B, "Rami secchi in chioma: rimonda entro l'anno."),
        (TreeRisk::B, "Branca codominante con corteccia inclusa, da seguire."),
        (TreeRisk::C, "Carie al colletto: ripetere la prova strumentale fra dodici mesi."),
        (TreeRisk::CD, "Cavità estesa sul lato strada: riduzione della chioma entro sessanta giorni."),
        (TreeRisk::D, "Apparato radicale compromesso: abbattimento e sostituzione."),
    ]);
    let year = 2023 + rng.below(3);
    TreeInspection {
        id: format!("{}-{year}", tree.id),
        comune: tree.comune,
        tree: tree.id.clone(),
        risk,
        inspected: day(year, rng),
        notes,
        geometry: tree.geometry,
    }
}

fn lodge(k: usize, house: &HouseNumber, rng: &mut Rng) -> Lodging {
    let kind = rng.pick(LodgingKind::ALL);
    Lodging {
        id: format!("IT{}C1{k:07}", house.comune),
        comune: house.comune,
        name: format!("{} {}", rng.pick(SIGNS), house.number),
        kind,
        beds: 2 + 2 * rng.below(6) as u8,
        address: house.address.clone(),
        manager: format!("{} {}", rng.pick(GIVEN), rng.pick(FAMILY)),
        phone: format!("0965 000{:03}", rng.below(1000)),
        geometry: house.geometry,
    }
}

/// What is held at a place of this kind, if anything is.
fn occasion(kind: PoiKind) -> Option<(&'static str, &'static str)> {
    Some(match kind {
        PoiKind::Church => ("Festa patronale", "Feast of the patron saint"),
        PoiKind::Market => ("Fiera del bergamotto", "Bergamot fair"),
        PoiKind::Museum => ("Notte dei musei", "Night of the museums"),
        PoiKind::Lido => ("Cinema sulla spiaggia", "Cinema on the beach"),
        PoiKind::Library => ("Letture ad alta voce", "Readings aloud"),
        PoiKind::Park => ("Orto in festa", "Feast of the garden"),
        PoiKind::Harbour => ("Palio delle barche", "Race of the boats"),
        PoiKind::Sport => ("Torneo dei quartieri", "Tournament of the districts"),
        PoiKind::Castle => ("Rievocazione storica", "Historical pageant"),
        _ => return None,
    })
}

/// This year's edition, which is announced, and the next one's, which is being prepared.
fn editions(k: usize, place: &PointOfInterest, (name, name_en): (&str, &str), rng: &mut Rng) -> [Event; 2] {
    let (month, first, budget_eur) = (1 + rng.below(12), 1 + rng.below(24), 500 * (1 + rng.below(40) as u32));
    let last = first + rng.below(4);
    [(2026, true), (2027, false)].map(|(year, published)| Event {
        id: format!("E{year}-{:04}", k + 1),
        comune: place.comune,
        name: format!("{name} {year}, {}", place.name),
        name_en: format!("{name_en} {year}, {}", place.name_en),
        begins: format!("{year}-{month:02}-{first:02}"),
        ends: format!("{year}-{month:02}-{last:02}"),
        published,
        budget_eur,
        geometry: place.geometry,
    })
}

fn day(year: usize, rng: &mut Rng) -> String {
    format!("{year}-{:02}-{:02}", 1 + rng.below(12), 1 + rng.below(28))
}
