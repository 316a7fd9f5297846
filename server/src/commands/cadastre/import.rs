use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use ::cadastre::check::{NoFit, SystemFit};
use ::cadastre::files::Limits;
use ::cadastre::register::{self, Converter, Request, Systems};
use ::cadastre::{MapName, Origin};
use chrono::NaiveDate;
use chrono_tz::Europe::Rome;
use clap::Args;
use crs::Transformer;
use ingest::Boundary;
use kernel::{Clock, Comuni, Language, Srid, SystemClock};
use sqlx::PgPool;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::http::who::installation_key;
use crate::{installation, migrate};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// CXF, DXF, SUP, GML of the Agenzia delle Entrate, FAB, TER, SOG, TIT, PRM; also in folders, zips, and zips within zips
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The system that maps are in, which no map says [default: that of the comune's maps before]
    #[arg(long, value_name = "EPSG:CODE", value_parser = crate::commands::ingest::srid)]
    crs: Option<Srid>,
    /// The day of the data, where no SUP tells it [default: today]
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<NaiveDate>,
    /// Published parcels (GML) are all that their sheets have: those that are not there are suppressed
    #[arg(long)]
    whole: bool,
    /// Only say what differs
    #[arg(long)]
    dry_run: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<ExitCode, Failure> {
    for path in &arguments.paths {
        // a database that nobody needs is not made
        std::fs::metadata(path).map_err(|e| Failure::new(format!("{}: {e}", path.display())))?;
    }
    installation::check_boundary(config).await?;
    let database = Database::open(config, None).await?;
    let result = import(arguments, config, &database).await;
    database.close().await?;
    result
}

async fn import(arguments: &Arguments, config: &Config, database: &Database) -> Result<ExitCode, Failure> {
    let owner = migrate::run(database, config).await?;
    let (installed, _) = installation::read(&owner).await?;
    installation::take_boundary(&owner, config, installed.storage_crs).await?;
    let systems = Known::read(&owner, installed.storage_crs, installation::crs_settings(&owner, config).await?).await?;
    let today = SystemClock.now().with_timezone(&Rome).date_naive();
    let request = Request {
        paths: arguments.paths.clone(),
        limits: Limits::default(),
        crs: arguments.crs,
        day: arguments.day.unwrap_or(today),
        today,
        whole: arguments.whole,
        by: "command line".to_owned(),
        whose: Comuni::All,
        only_look: arguments.dry_run,
    };
    let vault = installation_key(config)?.vault().clone();
    let mut conn = owner.acquire().await.map_err(Failure::database("importing"))?;
    let done = register::run(&mut conn, request, Arc::new(systems), &vault).await.map_err(|e| Failure::new(e.to_string()))?;
    drop(conn);
    owner.close().await;
    if arguments.json {
        say(&serde_json::to_string_pretty(&done).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        say(&done.text(Language::En));
    }
    Ok(if done.report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The installation's coordinate systems, and where its comuni are.
pub(crate) struct Known {
    /// CRS84.
    boundary: Boundary,
    storage: Srid,
    settings: crs::Settings,
}

impl Known {
    /// Reads the boundary.
    pub(crate) async fn read(owner: &PgPool, storage: Srid, settings: crs::Settings) -> Result<Self, Failure> {
        let mut conn = owner.acquire().await.map_err(Failure::database("reading the boundary"))?;
        let boundary = Boundary::installed(&mut conn, storage, Srid::CRS84, &settings).await.map_err(|e| Failure::new(e.to_string()))?;
        Ok(Self { boundary, storage, settings })
    }
}

impl Systems for Known {
    fn fit(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit> {
        super::fit(Some(&self.boundary), map, positions)
    }

    fn converter(&self, from: Srid) -> Result<Converter, String> {
        let transformer = Transformer::new(from, self.storage, &self.settings).map_err(|e| e.to_string())?;
        Ok(Box::new(move |positions| transformer.convert(positions).is_ok()))
    }

    fn origin_converter(&self, origin: &Origin, to: Srid) -> Result<Converter, String> {
        let plane = super::origin::plane(origin).map_err(|e| e.to_string())?;
        let way = plane.to(to, &self.settings).map_err(|e| e.to_string())?;
        Ok(Box::new(move |positions| way.convert(positions).is_ok()))
    }

    fn inside(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<SystemFit, NoFit> {
        super::inside(&self.boundary, map, positions, self.storage, &self.settings)
    }

    fn storage(&self) -> Srid {
        self.storage
    }
}
