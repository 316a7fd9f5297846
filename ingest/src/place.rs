//! Where a file's rows are: which coordinate system they are in, and whether that can be true.

mod locator;
mod territory;

use crs::{Crs, Transformer};
use kernel::layer::Accuracy;
use kernel::{Srid, Text};
use serde::Serialize;
use sqlx::PgConnection;

pub(crate) use locator::Locator;
pub(crate) use territory::Territory;

use crate::report::{CrsSource, Note};
use crate::source::DeclaredCrs;
use crate::survey::FileSurvey;
use crate::{IngestError, Request, Settings, Told};

/// The share of a file's rows that must lie inside the boundary, or near it.
pub(crate) const ENOUGH: f64 = 0.5;

/// A system that a file may be in.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Guess {
    /// The system to name with `--crs`.
    pub crs: Srid,
    /// Its name.
    pub title: String,
    /// Systems that give the same positions to within their accuracy.
    pub also: Vec<Srid>,
    /// Whether its axes would be swapped.
    pub swapped: bool,
    /// How many of the rows would lie inside the boundary, 0 to 1.
    pub share_inside: f64,
    /// From the middle row to the boundary, metres.
    pub distance_m: f64,
}

/// A file's coordinate system, settled.
#[derive(Clone, Debug)]
pub(crate) struct Placement {
    pub(crate) decided: CrsSource,
    pub(crate) transformer: Transformer,
    /// How sure positions are in storage, if anybody says.
    pub(crate) accuracy: Option<Accuracy>,
    pub(crate) note: Option<Note>,
}

/// Settles the system of a file, or refuses it with the likely ones.
pub(crate) async fn settle(
    database: &mut PgConnection,
    file: &str,
    declared: &DeclaredCrs,
    survey: &FileSurvey,
    territory: &Territory,
    request: &Request,
    settings: &Settings,
) -> Result<Placement, IngestError> {
    if let DeclaredCrs::Register(srid, register, accuracy) = declared {
        let transformer = Transformer::new(*srid, settings.storage, &settings.crs)
            .map_err(|cause| IngestError::UnknownCrs { file: file.to_owned(), cause })?;
        let accuracy = accuracy.clone();
        return Ok(Placement { decided: CrsSource::Register(register.clone()), transformer, accuracy, note: None });
    }
    let (srid, decided, note) = match (request.crs, declared) {
        (Some(given), DeclaredCrs::Stated(stated) | DeclaredCrs::Recognised(stated, _)) if stated.postgis() != given.postgis() => {
            (given, CrsSource::Given, Some(Note::crs_overruled(*stated, given)))
        }
        (Some(given), _) => (given, CrsSource::Given, None),
        (None, DeclaredCrs::Stated(stated)) => (*stated, CrsSource::Stated, None),
        (None, DeclaredCrs::Recognised(srid, name)) => (*srid, CrsSource::Recognised(name.clone()), None),
        (None, DeclaredCrs::None | DeclaredCrs::Unrecognised(_) | DeclaredCrs::Register(..)) => {
            let definition = if let DeclaredCrs::Unrecognised(name) = declared { Some(name.clone()) } else { None };
            let candidates = guesses(&survey.sample, None, territory, settings);
            return Err(IngestError::NoCrs { file: file.to_owned(), definition, candidates });
        }
    };
    let transformer = Transformer::new(srid, settings.storage, &settings.crs)
        .map_err(|cause| IngestError::UnknownCrs { file: file.to_owned(), cause })?;
    if !request.outside_ok && territory.is_known() && !survey.sample.is_empty() {
        check(database, file, survey, territory, &transformer, settings).await?;
    }
    let accuracy = Some(transformer.accuracy().clone());
    Ok(Placement { decided, transformer, accuracy, note })
}

async fn check(
    database: &mut PgConnection,
    file: &str,
    survey: &FileSurvey,
    territory: &Territory,
    transformer: &Transformer,
    settings: &Settings,
) -> Result<(), IngestError> {
    let crs = transformer.from().srid();
    let as_it_is = territory.fit(database, &convert(transformer, &survey.sample), survey.sample.len(), settings.storage).await?;
    if as_it_is.near >= ENOUGH {
        return Ok(());
    }
    let file = file.to_owned();
    let swapped: Vec<[f64; 2]> = survey.sample.iter().map(|[x, y]| [*y, *x]).collect();
    let swapped = territory.fit(database, &convert(transformer, &swapped), swapped.len(), settings.storage).await?;
    if swapped.near >= ENOUGH {
        return Err(IngestError::SwappedAxes { file, crs, share: percent(swapped.near) });
    }
    let mut candidates = guesses(&survey.sample, Some(crs), territory, settings);
    candidates.retain(|g| g.share_inside > as_it_is.inside);
    Err(IngestError::Outside { file, crs, share: percent(as_it_is.inside), distance_m: as_it_is.median_m, candidates })
}

/// Positions in storage; those that have no place there are left out.
fn convert(transformer: &Transformer, positions: &[[f64; 2]]) -> Vec<[f64; 2]> {
    positions.iter().filter_map(|p| transformer.convert_one(*p).ok()).collect()
}

/// What else the positions could be in: the systems that put most of them inside the boundary; for a file that says
/// nothing, without such a system, the three that come nearest.
fn guesses(sample: &[[f64; 2]], except: Option<Srid>, territory: &Territory, settings: &Settings) -> Vec<Guess> {
    if !territory.is_known() {
        return Vec::new();
    }
    let found = crs::candidates(&without_strays(sample), territory.outline(), &settings.crs);
    let told = except.map(Srid::postgis);
    let mut guesses: Vec<Guess> = found
        .into_iter()
        .filter(|c| Some(c.srid.postgis()) != told)
        .map(|c| Guess {
            crs: c.srid,
            title: c.title.to_owned(),
            also: c.also,
            swapped: c.swapped,
            share_inside: c.share_inside,
            distance_m: c.distance_m,
        })
        .collect();
    let near = guesses.iter().take_while(|g| g.share_inside >= ENOUGH).count();
    match except {
        // a file that says what it is in is only contradicted by what fits
        Some(_) => guesses.truncate(near),
        None if near > 0 => guesses.truncate(near),
        None => guesses.retain(|g| g.distance_m < 1_000_000.0),
    }
    guesses.truncate(3);
    for guess in &mut guesses {
        guess.share_inside = share_inside(sample, guess, territory, settings);
    }
    guesses
}

/// The systems that positions may be in, the likeliest first.
pub(crate) fn candidates(sample: &[[f64; 2]], territory: &Territory, settings: &Settings) -> Vec<Guess> {
    guesses(sample, None, territory, settings)
}

/// Of all positions, those too that have no place in the system or are strays.
fn share_inside(sample: &[[f64; 2]], guess: &Guess, territory: &Territory, settings: &Settings) -> f64 {
    let Ok(transformer) = Transformer::new(guess.crs, settings.storage, &settings.crs) else { return 0.0 };
    let positions: Vec<[f64; 2]> = sample.iter().map(|&[x, y]| if guess.swapped { [y, x] } else { [x, y] }).collect();
    let locator = territory.locator();
    let inside = convert(&transformer, &positions).into_iter().filter(|p| locator.locate(*p).is_some()).count();
    inside as f64 / sample.len().max(1) as f64
}

/// Without positions at zero, which stand for "not known", and without the outer fiftieth on each side: one wild number
/// would rule out every system.
fn without_strays(sample: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut kept: Vec<[f64; 2]> = sample.iter().copied().filter(|p| p[0] != 0.0 && p[1] != 0.0).collect();
    let strays = kept.len() / 50;
    for axis in 0..2 {
        kept.sort_by(|a, b| a[axis].total_cmp(&b[axis]));
        kept.drain(..strays);
        kept.truncate(kept.len() - strays);
    }
    kept
}

fn percent(share: f64) -> u32 {
    (share * 100.0).round() as u32
}

/// `350 m`, `12 km`.
pub(crate) fn distance_words(metres: f64) -> String {
    if metres < 1_000.0 { format!("{metres:.0} m") } else { format!("{:.0} km", metres / 1_000.0) }
}

impl Guess {
    /// Whether it is this system, by whatever name.
    pub(crate) fn same_as(&self, crs: Srid) -> bool {
        let same = |crs: &Crs| Crs::get(self.crs).is_some_and(|own| own.has_the_numbers_of(crs));
        self.crs.postgis() == crs.postgis() || self.also.contains(&crs) || Crs::get(crs).is_some_and(same)
    }

    /// Its name, and what it can't be told from: `WGS 84 = EPSG:4258, EPSG:6706`.
    fn named(&self) -> String {
        let also: Vec<String> = self.also.iter().map(Srid::to_string).collect();
        if also.is_empty() { self.title.clone() } else { format!("{} = {}", self.title, also.join(", ")) }
    }

    /// What it would do to the rows, and how it is named.
    pub(crate) fn words(&self, told: Told) -> Text {
        let (crs, title) = (self.crs, self.named());
        let [it, en] = match told {
            Told::CommandLine => {
                let axes = if self.swapped { " --swap-axes" } else { "" };
                [format!("`--crs {crs}{axes}` ({title})"), format!("`--crs {crs}{axes}` ({title})")]
            }
            Told::Plan => {
                let [it, en] = if self.swapped { [", assi scambiati,", ", axes swapped,"] } else { ["", ""] };
                [format!("{crs} ({title}){it}"), format!("{crs} ({title}){en}")]
            }
        };
        if self.share_inside > 0.0 {
            let share = percent(self.share_inside);
            return Text::new(
                format!("{it} mette il {share} % delle righe dentro il confine"),
                format!("{en} puts {share} % of the rows inside the boundary"),
            );
        }
        let away = distance_words(self.distance_m);
        Text::new(format!("{it} le mette a {away} dal confine"), format!("{en} puts them {away} away from the boundary"))
    }
}

/// The name of a system, for the report.
pub(crate) fn title(srid: Srid) -> String {
    Crs::get(srid).map(|c| c.title().to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Guess, without_strays};
    use crate::Told;
    use kernel::Srid;

    #[test]
    fn zeros_and_the_outermost_do_not_count() {
        let mut sample: Vec<[f64; 2]> = (0..200).map(|i| [100.0 + f64::from(i), 200.0]).collect();
        sample.extend([[0.0, 0.0], [1e300, 5.0], [-1e9, 1e9]]);
        let kept = without_strays(&sample);
        assert!(kept.len() > 180 && kept.iter().all(|p| (100.0..300.0).contains(&p[0]) && p[1] == 200.0));
    }

    #[test]
    fn a_guess_says_what_to_type() {
        let guess = Guess {
            crs: Srid::new(3003).unwrap(),
            title: "Gauss".into(),
            also: vec![],
            swapped: true,
            share_inside: 0.985,
            distance_m: 0.0,
        };
        assert_eq!(guess.words(Told::CommandLine).en, "`--crs EPSG:3003 --swap-axes` (Gauss) puts 99 % of the rows inside the boundary");
        assert_eq!(guess.words(Told::Plan).it, "EPSG:3003 (Gauss), assi scambiati, mette il 99 % delle righe dentro il confine");
        let guess = Guess { crs: Srid::WGS84, title: "WGS 84".into(), also: vec![Srid::new(6706).unwrap()], swapped: false, ..guess };
        assert_eq!(guess.words(Told::Plan).en, "EPSG:4326 (WGS 84 = EPSG:6706) puts 99 % of the rows inside the boundary");
    }
}
