//! What the citizens of the town have reported, and what became of it.

use crate::Town;
use crate::records::{HouseNumber, Point};
use crate::rng::Rng;

/// One house number in so many has something reported before it.
const NUMBERS_A_REPORT: usize = 4;

/// A report.
#[derive(Clone, Debug, PartialEq)]
pub struct CitizenReport {
    /// Its number, `R-2026-00001`.
    pub id: String,
    /// ISTAT code.
    pub comune: &'static str,
    /// What it is about, as the theme codes it.
    pub category: &'static str,
    /// The office that deals with it.
    pub office: &'static str,
    /// What becomes of it in the end, as the theme codes its states.
    pub state: &'static str,
    /// What its author wrote, if anything.
    pub text: Option<&'static str>,
    /// The house number that it is before.
    pub address: String,
    /// When it came, in minutes since 1 May 2026 at midnight UTC.
    pub received: u32,
    /// Days in which an answer is expected.
    pub days: u32,
    /// Minutes until it was approved, answered and closed; only those that its state has gone through count.
    pub took: [u32; 3],
    /// Others who saw it too.
    pub supporters: u32,
    /// The number of the report that it was merged into.
    pub duplicate_of: Option<String>,
    /// Why it was closed.
    pub reason: &'static str,
    /// The office's answer.
    pub answer: &'static str,
    /// How its author can be reached, if they said it: nobody's address.
    pub email: Option<String>,
    /// Where it is.
    pub geometry: Point,
}

/// Code, office, days, and what people write.
type Subject = (&'static str, &'static str, u32, [&'static str; 3]);

const SUBJECTS: [Subject; 10] = [
    (
        "road",
        "manutenzioni",
        15,
        ["Buca profonda in mezzo alla strada", "L'asfalto ha ceduto vicino al tombino", "Tombino che balla e fa rumore di notte"],
    ),
    (
        "lighting",
        "impianti",
        10,
        ["Il lampione è spento da una settimana", "Luce che si accende e si spegne", "Palo piegato dopo l'urto di un furgone"],
    ),
    ("waste", "ambiente", 5, ["Materasso abbandonato sul marciapiede", "Cestino pieno da giorni", "Sacchi non ritirati"]),
    ("green", "ambiente", 20, ["Ramo spezzato sopra la panchina", "Erba alta sul marciapiede", "Altalena rotta"]),
    ("water", "impianti", 3, ["Perdita d'acqua dal marciapiede", "Caditoia otturata, quando piove si allaga", "Cattivo odore dal tombino"]),
    ("signs", "manutenzioni", 15, ["Cartello girato dal vento", "Strisce pedonali che non si vedono più", "Semaforo pedonale spento"]),
    (
        "building",
        "manutenzioni",
        7,
        ["Pezzi di intonaco sul marciapiede", "Muro di sostegno con una crepa", "Grondaia che pende sulla strada"],
    ),
    ("access", "manutenzioni", 30, ["Marciapiede senza scivolo", "Auto sempre davanti alla rampa", "Gradino rotto"]),
    ("animals", "ambiente", 5, ["Cane vagante impaurito", "Nido di vespe vicino alla fermata", "Gabbiano ferito"]),
    ("other", "urp", 30, ["La panchina della piazza è rotta", "Fontanella chiusa", "Scritte sul muro della scuola"]),
];
/// State, and how many of a hundred end in it.
const STATES: [(&str, usize); 6] = [("closed", 46), ("answered", 12), ("assigned", 14), ("open", 12), ("received", 11), ("rejected", 5)];
const REASONS: [&str; 5] = ["done", "done", "done", "planned", "not_found"];
const ANSWERS: [&str; 4] = [
    "Abbiamo avvisato la ditta, l'intervento è in settimana.",
    "Sopralluogo fatto: serve un ricambio, vi aggiorniamo.",
    "Grazie della segnalazione, la squadra passa domani.",
    "L'intervento è nel programma del prossimo mese.",
];

/// Adds them to a town that has its house numbers.
pub(crate) fn keep(town: &mut Town, seed: u64) {
    let mut rng = Rng::new(seed, 0x5E6A);
    let houses = town.house_numbers.iter().step_by(NUMBERS_A_REPORT).enumerate();
    town.reports = houses.map(|(k, house)| report(k, house, &mut rng)).collect();
    // now and then two see the same, a few steps apart
    for k in (8..town.reports.len()).step_by(17) {
        let (first, second) = town.reports.split_at_mut(k);
        let (kept, twin) = (&first[k - 1], &mut second[0]);
        if kept.comune == twin.comune && ["open", "assigned", "answered"].contains(&kept.state) {
            let [east, north] = kept.geometry;
            (twin.state, twin.category, twin.duplicate_of) = ("merged", kept.category, Some(kept.id.clone()));
            (twin.geometry, twin.address) = ([east + 3.0, north - 2.0], kept.address.clone());
        }
    }
}

fn report(k: usize, house: &HouseNumber, rng: &mut Rng) -> CitizenReport {
    let (category, office, days, texts) = rng.pick(&SUBJECTS);
    let mut draw = rng.below(100);
    let mut state = "open";
    for (code, share) in STATES {
        if draw < share {
            state = code;
            break;
        }
        draw -= share;
    }
    // what is still new came lately
    let since = if state == "received" { 280_000 } else { 0 };
    let [east, north] = house.geometry;
    CitizenReport {
        id: format!("R-2026-{:05}", k + 1),
        comune: house.comune,
        category,
        office,
        state,
        text: rng.chance(0.75).then(|| rng.pick(&texts)),
        address: house.address.clone(),
        received: since + rng.below(293_000 - since as usize) as u32,
        days,
        took: [20 + rng.below(1_500) as u32, 1_600 + rng.below(9_000) as u32, 11_000 + rng.below(26_000) as u32],
        supporters: if rng.chance(0.3) { 1 + rng.below(14) as u32 } else { 0 },
        duplicate_of: None,
        reason: rng.pick(&REASONS),
        answer: rng.pick(&ANSWERS),
        email: rng.chance(0.25).then(|| format!("cittadino{}@posta.example", k + 1)),
        geometry: [east + (rng.below(5) as f64) - 2.0, north + (rng.below(5) as f64) - 2.0],
    }
}
