//! The building office: applications in every state, on parcels that there are, a few on parcels that there were.

use std::collections::HashMap;

use crate::affairs::{FAMILY, GIVEN};
use crate::lineage::covered_m2;
use crate::records::{BuildingKind, Descent, HouseNumber, Parcel, ParcelKind, Polygon};
use crate::rng::Rng;
use crate::{Size, Town};

/// A particella that was suppressed: its ground has another number since.
#[derive(Clone, Debug, PartialEq)]
pub struct FormerParcel {
    /// Reference by the national grammar.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// Number of the foglio.
    pub sheet: u16,
    /// Number in the sheet.
    pub number: String,
    /// First day.
    pub from: String,
    /// Day from which it is no more.
    pub to: String,
    /// Surface.
    pub geometry: Polygon,
}

/// Something that happened to an application.
#[derive(Clone, Debug, PartialEq)]
pub struct ApplicationStep {
    /// The state that began, as the layer of permits has it.
    pub state: &'static str,
    /// The day, `2026-11-23`.
    pub day: String,
}

/// A building application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Year and number in the register of its comune: `2026-000123`.
    pub protocol: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// What is asked for or declared, as the layer of permits has it.
    pub kind: &'static str,
    /// What the works are.
    pub subject: &'static str,
    /// Street and number, where a house number is near.
    pub address: Option<String>,
    /// Public id of that house number.
    pub house_number: Option<String>,
    /// References of parcels, some of which are no more.
    pub parcels: Vec<String>,
    /// Kind and source of a constraint on the place.
    pub constraint: Option<(&'static str, &'static str)>,
    /// The first is its filing.
    pub steps: Vec<ApplicationStep>,
    /// Invented.
    pub applicant: String,
    /// Invented.
    pub technician: String,
    /// What the parcels cover.
    pub geometry: Polygon,
}

/// 27 November 2026, the day that the office's desk is a picture of, in days since 1 January 1970.
const DESK: i64 = 20_784;
/// One application in so many cites a parcel that is no more.
const APPLICATIONS_A_FORMER: usize = 15;
/// The side of a square in which house numbers are looked for, metres.
const CELL_M: f64 = 60.0;

const WORKS: &[&str] = &[
    "Ristrutturazione edilizia con ampliamento",
    "Demolizione e ricostruzione di edificio residenziale",
    "Manutenzione straordinaria interna",
    "Cambio di destinazione d'uso da magazzino a laboratorio",
    "Frazionamento di unità immobiliare",
    "Recupero abitativo del sottotetto",
    "Recinzione e cancello carrabile",
    "Installazione di ascensore esterno",
];

/// How an application of the demo goes: its kind, how many days ago it was filed (from, to), what followed after how many days, and
/// whether a constraint lies on the place.
type Course = (&'static str, (i64, i64), &'static [(&'static str, i64)], bool);

#[rustfmt::skip]
const COURSES: &[Course] = &[
    ("pdc", (5, 60), &[], false),
    ("scia", (1, 28), &[], false),
    ("cila", (20, 300), &[("started", 0)], false),
    ("pdc", (95, 130), &[], false),
    ("pdc", (50, 100), &[("integration_requested", 25)], false),
    ("pdc", (105, 118), &[("integration_requested", 30), ("resumed", 52)], false),
    ("pdc", (40, 85), &[("conference", 20)], true),
    ("pdc", (120, 500), &[("issued", 70)], false),
    ("pdc", (200, 600), &[("issued", 80), ("started", 110)], false),
    ("pdc", (420, 650), &[("integration_requested", 40), ("resumed", 60), ("issued", 95), ("started", 130), ("ended", 400)], false),
    ("pdc", (150, 400), &[("tacit", 110)], false),
    ("pdc_sanatoria", (80, 500), &[("refused", 58)], false),
    ("pdc_sanatoria", (54, 59), &[], false),
    ("scia_alternativa", (200, 500), &[("started", 40), ("ended", 180), ("archived", 190)], false),
    ("sca", (3, 25), &[], false),
    ("cilas", (300, 600), &[("started", 2), ("ended", 250)], false),
    ("sanatoria_parziale", (10, 40), &[], true),
    ("scia", (35, 120), &[("integration_requested", 10), ("withdrawn", 25)], false),
    ("pdc", (60, 88), &[], true),
    ("cila", (1, 20), &[], false),
];

/// Adds them to a town that has its parcels, buildings and house numbers.
pub(crate) fn keep(town: &mut Town, size: Size, seed: u64) {
    let mut rng = Rng::new(seed, 0x5BE);
    let wanted = 60 + size.parcels() / 90;
    let land = town.parcels.iter().filter(|p| p.kind == ParcelKind::Land);
    let by_number: HashMap<(&str, u16, &str), &Parcel> = land.map(|p| ((p.comune, p.sheet, &*p.number), p)).collect();
    let used = |kind| matches!(kind, BuildingKind::Residential | BuildingKind::Commercial | BuildingKind::Industrial);
    let grounds: Vec<&Parcel> =
        town.buildings.iter().filter(|b| used(b.kind)).filter_map(|b| by_number.get(&(b.comune, b.sheet, &*b.parcel)).copied()).collect();
    let houses = Houses::of(&town.house_numbers);
    let (mut applications, mut former, mut lineage) = (Vec::new(), Vec::new(), Vec::new());
    for (k, parcel) in grounds.iter().step_by((grounds.len() / wanted).max(1)).take(wanted).enumerate() {
        let mut application = apply(k, parcel, houses.near(parcel), &mut rng);
        if k % APPLICATIONS_A_FORMER == 3 {
            let was = suppressed(k, parcel);
            application.parcels = vec![was.id.clone()];
            let (parent, child, day) = (was.id.clone(), parcel.id.clone(), was.to.clone());
            lineage.push(Descent { parent, child, day, area_m2: covered_m2(&parcel.geometry) });
            former.push(was);
        }
        applications.push(application);
    }
    number(&mut applications);
    (town.applications, town.former_parcels, town.lineage) = (applications, former, lineage);
}

fn apply(k: usize, parcel: &Parcel, house: Option<&HouseNumber>, rng: &mut Rng) -> Application {
    let (kind, (least, most), then, constrained) = COURSES[k % COURSES.len()];
    let filed = DESK - least - rng.below((most - least + 1) as usize) as i64;
    let mut steps = vec![ApplicationStep { state: "submitted", day: date(filed) }];
    steps.extend(then.iter().map(|(state, after)| ApplicationStep { state, day: date((filed + after).min(DESK)) }));
    Application {
        protocol: String::new(),
        comune: parcel.comune,
        kind,
        subject: rng.pick(WORKS),
        address: house.map(|h| h.address.clone()),
        house_number: house.map(|h| h.id.clone()),
        parcels: vec![parcel.id.clone()],
        constraint: constrained.then_some(("landscape", "D.Lgs. 42/2004, art. 142, fascia costiera (dimostrativo)")),
        steps,
        applicant: format!("{} {}", rng.pick(GIVEN), rng.pick(FAMILY)),
        technician: format!("{} {}", rng.pick(GIVEN), rng.pick(FAMILY)),
        geometry: parcel.geometry.clone(),
    }
}

/// What the ground was called before it had its number of today.
fn suppressed(k: usize, parcel: &Parcel) -> FormerParcel {
    let number = (5_000 + k).to_string();
    let sheet = parcel.id.split('.').next().unwrap_or_default();
    FormerParcel {
        id: format!("{sheet}.{number}"),
        comune: parcel.comune,
        sheet: parcel.sheet,
        number,
        from: "1952-07-01".to_owned(),
        to: parcel.updated.clone(),
        geometry: parcel.geometry.clone(),
    }
}

/// Gives each its number, in the order of filing, in the register of its comune, which begins anew each year.
fn number(applications: &mut [Application]) {
    applications.sort_by(|a, b| (a.comune, &a.steps[0].day, &a.parcels).cmp(&(b.comune, &b.steps[0].day, &b.parcels)));
    let mut last: HashMap<(&str, String), usize> = HashMap::new();
    for application in applications {
        let year = application.steps[0].day[..4].to_owned();
        // the register has letters of every office: applications take one number in some
        let number = last.entry((application.comune, year.clone())).and_modify(|n| *n += 7).or_insert(11);
        application.protocol = format!("{year}-{number:06}");
    }
}

/// House numbers by the square they stand in. Looked up, never walked.
pub(crate) struct Houses<'a>(HashMap<(i64, i64), Vec<&'a HouseNumber>>);

impl<'a> Houses<'a> {
    pub(crate) fn of(all: &'a [HouseNumber]) -> Self {
        let mut cells: HashMap<(i64, i64), Vec<&HouseNumber>> = HashMap::new();
        all.iter().for_each(|house| cells.entry(cell(house.geometry)).or_default().push(house));
        Self(cells)
    }

    /// The one nearest to a corner of the parcel, if it stands on its edge.
    pub(crate) fn near(&self, parcel: &Parcel) -> Option<&'a HouseNumber> {
        let ring = parcel.geometry.first()?;
        let mut best: Option<(f64, &HouseNumber)> = None;
        for edge in ring.windows(2) {
            let (x, y) = cell(edge[0]);
            let around = (-1..=1).flat_map(|i| (-1..=1).map(move |j| (x + i, y + j))).filter_map(|cell| self.0.get(&cell)).flatten();
            for house in around.filter(|h| h.comune == parcel.comune) {
                let away = distance(house.geometry, edge[0], edge[1]);
                if away < 0.5 && best.is_none_or(|(least, _)| away < least) {
                    best = Some((away, house));
                }
            }
        }
        best.map(|(_, house)| house)
    }
}

fn cell([x, y]: [f64; 2]) -> (i64, i64) {
    ((x / CELL_M).floor() as i64, (y / CELL_M).floor() as i64)
}

/// From a point to a segment, squared metres.
fn distance(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (d, e) = ([b[0] - a[0], b[1] - a[1]], [p[0] - a[0], p[1] - a[1]]);
    let length = d[0] * d[0] + d[1] * d[1];
    let t = if length > 0.0 { ((e[0] * d[0] + e[1] * d[1]) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (e[0] - t * d[0], e[1] - t * d[1]);
    x * x + y * y
}

/// A day, from its number since 1 January 1970 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn date(days: i64) -> String {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::{COURSES, DESK, date};
    use crate::{DEFAULT_SEED, Size, Town};
    use std::collections::BTreeSet;

    #[test]
    fn days_have_their_dates() {
        assert_eq!(
            (date(DESK), date(0), date(11_016), date(20_454)),
            ("2026-11-27".into(), "1970-01-01".into(), "2000-02-29".into(), "2026-01-01".into())
        );
    }

    #[test]
    fn every_course_is_taken_on_parcels_that_there_are_or_were() {
        let town = Town::generate(Size::Small, DEFAULT_SEED);
        let kinds: BTreeSet<&str> = town.applications.iter().map(|a| a.kind).collect();
        assert_eq!(kinds, COURSES.iter().map(|c| c.0).collect());
        let now: BTreeSet<&str> = town.parcels.iter().map(|p| &*p.id).collect();
        let former: BTreeSet<&str> = town.former_parcels.iter().map(|p| &*p.id).collect();
        assert!(former.len() > 2 && former.is_disjoint(&now));
        assert!(town.applications.iter().flat_map(|a| &a.parcels).all(|p| now.contains(&**p) || former.contains(&**p)));
        let ids: BTreeSet<(&str, &str)> = town.applications.iter().map(|a| (a.comune, &*a.protocol)).collect();
        assert!(ids.len() == town.applications.len() && ids.len() > 80, "{}", ids.len());
        assert!(town.applications.iter().filter(|a| a.address.is_some()).count() > 20, "some have a house number on their edge");
        assert!(town.former_parcels.iter().all(|p| p.from < p.to));
        assert_eq!(Town::generate(Size::Small, DEFAULT_SEED).applications, town.applications);
    }
}
