mod adjust;
mod export;
mod import;
mod maps;
mod origin;
mod undo;

use std::path::PathBuf;
use std::process::ExitCode;

use ::cadastre::MapName;
use ::cadastre::check::{NoFit, SystemFit, check};
use ::cadastre::files::Limits;
use clap::Subcommand;
use crs::{Crs, Region, Settings, Transformer};
use ingest::Boundary;
use kernel::{Language, Srid};

use crate::commands::{read_file, say};
use crate::config::Config;
use crate::failure::Failure;

pub(crate) use import::Known;

/// The systems in which the Agenzia delle Entrate hands out maps, RDN2008 / UTM and Gauss-Boaga, and degrees; no others are looked for.
/// ED50 would put a sheet into its comune too, nearly two hundred metres off.
const HANDED_OUT: [i32; 5] = [7791, 7792, 3003, 3004, 4326];
/// The share of a map that must lie in its comune for a coordinate system to be offered.
const ENOUGH: f64 = 0.5;

#[derive(Debug, Subcommand)]
#[command(after_help = "Examples:
  opensit cadastre check H224_001200.CXF --boundary comuni.geojson
  opensit cadastre check consegna.zip censuario/ --json
  opensit cadastre import H224_001200.CXF --crs EPSG:7792 --dry-run
  opensit cadastre import consegna/ censuario.zip
  opensit cadastre undo
  opensit cadastre export H224_001200 H224_001200.CXF
  opensit cadastre adjust H224A punti.csv --to-crs EPSG:7792 --kind similarity
  opensit cadastre origin H224 --lat 38.112345 --lon 15.654321 --crs EPSG:4265")]
pub(crate) enum Command {
    /// Says what is in files of the cadastre, whether it fits together, and in which coordinate system a map may be; ends with 1 if there is something to remark
    Check {
        /// CXF, DXF, SUP, GML of the Agenzia delle Entrate, FAB, TER, SOG, TIT, PRM; also in folders, zips, and zips within zips
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Print what was found as JSON
        #[arg(long)]
        json: bool,
    },
    /// Brings files of the cadastre into the register: what differs from what is there is written, in one transaction; ends with 1 if there is something to remark
    Import(import::Arguments),
    /// Takes the last import back
    Undo(undo::Arguments),
    /// Writes a sheet as it was received (CXF, DXF), or parcels and sheets as INSPIRE has them (GML)
    Export(export::Arguments),
    /// Finds what brings maps that are in no known system to where they belong, from points that are known in both, and keeps it for their import
    Adjust(adjust::Arguments),
    /// Says from which origin maps in Cassini-Soldner count their metres, and keeps it for their import
    Origin(origin::Arguments),
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { paths, json } => look(paths, *json, config).await,
        Command::Import(arguments) => import::run(arguments, config).await,
        Command::Undo(arguments) => undo::run(arguments, config).await.map(|()| ExitCode::SUCCESS),
        Command::Export(arguments) => export::run(arguments, config).await.map(|()| ExitCode::SUCCESS),
        Command::Adjust(arguments) => adjust::run(arguments, config).await.map(|()| ExitCode::SUCCESS),
        Command::Origin(arguments) => origin::run(arguments, config).await.map(|()| ExitCode::SUCCESS),
    }
}

async fn look(paths: &[PathBuf], json: bool, config: &Config) -> Result<ExitCode, Failure> {
    let boundary = match &config.boundary {
        Some(file) => {
            let read = Boundary::read(&file.value, Srid::CRS84, &read_file::process()?).await;
            Some(read.map_err(|e| Failure::new(format!("--boundary (from {}): {e}", file.source)))?)
        }
        None => None,
    };
    let report = check(paths, &Limits::default(), &|map, positions| fit(boundary.as_ref(), map, positions));
    if json {
        say(&serde_json::to_string_pretty(&report).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        say(&report.text(Language::En));
    }
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// How much of a map lies in its comune, positions being in a system of the register.
fn inside(boundary: &Boundary, map: &MapName, positions: &[[f64; 2]], srid: Srid, settings: &Settings) -> Result<SystemFit, NoFit> {
    let (_, area) = boundary.of(map.comune()).ok_or(NoFit::OtherComune)?;
    let mut places = positions.to_vec();
    let brought = Transformer::new(srid, Srid::CRS84, settings).and_then(|way| way.convert(&mut places));
    let candidates = if brought.is_ok() { crs::candidates(&places, &area, settings) } else { Vec::new() };
    let found = candidates.into_iter().find(|candidate| candidate.srid == Srid::WGS84 && !candidate.swapped);
    let (share_inside, distance_m) = found.map_or((0.0, 0.0), |found| (found.share_inside, found.distance_m));
    let title = Crs::get(srid).map_or("", Crs::title).to_owned();
    Ok(SystemFit { crs: srid, title, also: Vec::new(), swapped: false, share_inside, distance_m, fits: share_inside >= ENOUGH })
}

/// The systems that a map may be in, given where its comune is.
fn fit(boundary: Option<&Boundary>, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit> {
    let (comune, area) = boundary.ok_or(NoFit::NoBoundary)?.of(map.comune()).ok_or(NoFit::OtherComune)?;
    let settings = Settings::new(Region::of_comune(&comune.istat).unwrap_or_default());
    let found = crs::candidates(positions, &area, &settings);
    let fit = |candidate: crs::Candidate| SystemFit {
        crs: candidate.srid,
        title: candidate.title.to_owned(),
        also: candidate.also,
        swapped: candidate.swapped,
        share_inside: candidate.share_inside,
        distance_m: candidate.distance_m,
        fits: candidate.share_inside >= ENOUGH,
    };
    Ok(found.into_iter().filter(|candidate| HANDED_OUT.contains(&candidate.srid.postgis())).map(fit).collect())
}
