//! Public works and road ordinances: where streets, squares and places of the town are.

use crate::Town;
use crate::records::{Funding, LandCoverKind, PublicWork, RoadOrdinance, Shape, StreetKind, WorkPhase, WorkProgress};
use crate::rng::Rng;

/// One work for so many house numbers, and at least this many.
const NUMBERS_A_WORK: usize = 60;
const LEAST: usize = 36;
/// One ordinance for so many house numbers, and at least this many.
const NUMBERS_AN_ORDINANCE: usize = 90;
const LEAST_ORDINANCES: usize = 18;

/// State, progress, phases that are over, and the year in which the first begins.
const STAGES: [(&str, u8, usize, i32); 9] = [
    ("planned", 0, 0, 2027),
    ("design", 0, 1, 2026),
    ("tender", 0, 2, 2026),
    ("under_way", 35, 3, 2025),
    ("under_way", 70, 3, 2024),
    ("suspended", 45, 3, 2024),
    ("unfinished", 60, 3, 2021),
    ("testing", 100, 4, 2024),
    ("completed", 100, 5, 2022),
];
const PHASES: [&str; 5] = ["pfte", "executive", "tender", "execution", "testing"];
/// When a phase begins and ends, in months from the first, as planned.
const MONTHS: [(u32, u32); 5] = [(0, 4), (5, 9), (10, 13), (14, 25), (26, 28)];
const SOURCES: [&str; 5] =
    ["PNRR M5C2", "Regione, fondo per la viabilità", "Mutuo Cassa Depositi e Prestiti", "Bilancio comunale", "Fondo sviluppo e coesione"];
const PEOPLE: [&str; 6] = [
    "Ing. Teodora Vallescura",
    "Arch. Natale Lanternari",
    "Ing. Ida Marepiano",
    "Geom. Quinto Oliverana",
    "Arch. Melina Ferracina",
    "Ing. Letterio Calamona",
];

/// Adds them to a town that has its streets, land cover and points of interest.
pub(crate) fn build(town: &mut Town, seed: u64) {
    let mut rng = Rng::new(seed, 0xB111);
    let count = (town.house_numbers.len() / NUMBERS_A_WORK).max(LEAST);
    let sites = sites(town, count);
    town.public_works = sites.into_iter().enumerate().map(|(k, site)| work(k, site, &mut rng)).collect();
    town.road_ordinances = ordinances(town, &mut rng);
}

/// What is built, in which comune, on which shape.
type Site = (String, &'static str, Shape);

/// A third of each kind, as evenly over the town as its records lie.
fn sites(town: &Town, count: usize) -> Vec<Site> {
    const ON_STREETS: [&str; 4] = ["Rifacimento dei marciapiedi di", "Nuova fognatura in", "Rete idrica di", "Illuminazione a LED di"];
    const AT_PLACES: [&str; 3] = ["Adeguamento sismico:", "Efficientamento energetico:", "Abbattimento delle barriere:"];
    let spread = |all: usize| (all / (count / 3).max(1)).max(1);
    let named: Vec<_> = town.streets.iter().filter(|s| !s.name.is_empty() && s.kind != StreetKind::Motorway).collect();
    let lines = named.iter().step_by(spread(named.len())).enumerate();
    let lines = lines.map(|(k, s)| (format!("{} {}", ON_STREETS[k % 4], s.name), s.comune, Shape::Line(s.geometry.clone())));
    let places = town.points_of_interest.iter().step_by(spread(town.points_of_interest.len())).enumerate();
    let places = places.map(|(k, p)| (format!("{} {}", AT_PLACES[k % 3], p.name), p.comune, Shape::Point(p.geometry)));
    let parks: Vec<_> = town.land_cover.iter().filter(|c| c.kind == LandCoverKind::Park).collect();
    let areas = parks.iter().step_by(spread(parks.len())).enumerate();
    let areas = areas.map(|(k, c)| (format!("Riqualificazione del verde, lotto {}", k + 1), c.comune, Shape::Area(c.geometry.clone())));
    lines.chain(places).chain(areas).collect()
}

fn work(k: usize, (title, comune, shape): Site, rng: &mut Rng) -> PublicWork {
    let (state, progress, over, year) = STAGES[k % STAGES.len()];
    let amount_eur = 25_000 * (2 + rng.below(120) as u32);
    let (source, second) = (rng.pick(&SOURCES), rng.below(3) == 0);
    let mut funding = vec![Funding { source, amount_eur: if second { amount_eur / 5 * 4 } else { amount_eur } }];
    if second {
        funding.push(Funding { source: "Bilancio comunale (cofinanziamento)", amount_eur: amount_eur - amount_eur / 5 * 4 });
    }
    let late = rng.below(4) as u32;
    let phases: Vec<WorkPhase> = PHASES
        .iter()
        .zip(MONTHS)
        .enumerate()
        .map(|(n, (phase, (from, to)))| WorkPhase {
            phase,
            planned: [day(year, from, 1), day(year, to, 28)],
            actual_from: (n < over || n == over && progress > 0 && n < PHASES.len()).then(|| day(year, from + late, 3)),
            actual_to: (n < over).then(|| day(year, to + late, 20)),
        })
        .collect();
    let entries = progress_of(progress, year, late, amount_eur);
    // every fourth has no CUP yet, and goes by a code of the comune's own
    let cup = (k % 4 != 3).then(|| format!("X{:02}B{:02}{:09}", 10 + k % 90, year % 100, 4_000 + k * 10));
    PublicWork {
        id: cup.clone().unwrap_or_else(|| format!("LP-{year}-{:04}", k + 1)),
        comune,
        title,
        cup,
        responsible: rng.pick(&PEOPLE),
        state,
        amount_eur,
        progress,
        planned: [day(year, 14, 1), day(year, 28, 28)],
        actual_from: phases[3].actual_from.clone(),
        actual_to: phases[4].actual_to.clone(),
        cigs: if over >= 2 { vec![format!("{:07}{:03X}", 8_800_000 + k * 37, (k * 53) % 4096)] } else { Vec::new() },
        funding,
        phases,
        entries,
        shape,
    }
}

/// States of progress up to what is reached, each with its part of nine tenths of the amount.
fn progress_of(reached: u8, year: i32, late: u32, amount_eur: u32) -> Vec<WorkProgress> {
    let steps: Vec<u8> = [20, 35, 45, 60, 70, 85, 100].into_iter().filter(|percent| *percent <= reached).collect();
    let mut before = 0;
    let entry = |(n, percent): (usize, u8)| {
        let part = u32::from(percent - before);
        before = percent;
        WorkProgress { measured_on: day(year, 15 + late + n as u32, 15), percent, amount_eur: amount_eur / 1_000 * 9 * part }
    };
    steps.into_iter().enumerate().map(entry).collect()
}

fn day(year: i32, months: u32, day: u32) -> String {
    format!("{}-{:02}-{day:02}", year + (months / 12) as i32, months % 12 + 1)
}

/// From and to, in Italian winter or summer time, each with its reason.
const TIMES: [(&str, &str, &str, &str); 6] = [
    ("total", "2026-08-14T18:00:00+02:00", "2026-08-16T02:00:00+02:00", "Festa di Ferragosto"),
    ("total", "2025-10-06T08:00:00+02:00", "2025-11-15T18:00:00+01:00", "Posa della fognatura"),
    ("parking_ban", "2026-03-02T00:00:00+01:00", "", "Pista ciclabile"),
    ("one_way", "2026-05-11T06:00:00+02:00", "", "Nuovo piano del traffico"),
    ("speed_limit", "2026-01-12T00:00:00+01:00", "2031-12-31T23:59:00+01:00", "Zona scolastica"),
    ("partial", "2031-02-03T07:00:00+01:00", "2031-04-30T19:00:00+02:00", "Rifacimento del ponte"),
];

fn ordinances(town: &Town, rng: &mut Rng) -> Vec<RoadOrdinance> {
    let named: Vec<_> = town.streets.iter().filter(|s| !s.name.is_empty() && s.kind != StreetKind::Motorway).collect();
    let count = (town.house_numbers.len() / NUMBERS_AN_ORDINANCE).max(LEAST_ORDINANCES);
    let every = (named.len() / count).max(1);
    // beside those that works are on
    let streets = named.iter().skip(every / 2).step_by(every).enumerate();
    streets
        .map(|(k, street)| {
            let (closure, from, to, why) = TIMES[k % TIMES.len()];
            let year = &from[..4];
            let way = named[(k * every + every / 2 + 1 + rng.below(3)) % named.len()];
            RoadOrdinance {
                id: format!("{}-{year}-{}", street.comune, 10 + k),
                comune: street.comune,
                number: format!("{}/{year}", 10 + k),
                // issued before it begins, and none in the future
                issued_on: if year == "2031" { "2026-11-02".to_owned() } else { format!("{year}-01-08") },
                closure,
                limit_kmh: (closure == "speed_limit").then_some(30),
                road: street.name.clone(),
                diversion: (closure == "total" && way.name != street.name).then(|| format!("Per {}", way.name)),
                act: format!("Ordinanza dirigenziale {}/{year}: {why}", 10 + k),
                valid_from: from,
                valid_to: to,
                geometry: street.geometry.clone(),
            }
        })
        .collect()
}
