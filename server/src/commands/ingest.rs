mod plan;
mod report;
mod undo;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::ingest::{Limits, Mode, PlanFile, Progress, Request, Settings, Stage, Stop, Update};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use kernel::{LayerId, Srid, SystemClock, Text};
use sqlx::PgPool;

use crate::commands::{read_file, say};
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{installation, migrate};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  opensit ingest alberi.gpkg --layer trees_2026 --title \"Alberi 2026\"
  opensit ingest civici.csv --layer civici --crs EPSG:3003 --replace
  opensit ingest vincoli.zip --layer vincoli --outside ok --comune 080063
  opensit ingest plan alberi.gpkg --out alberi.toml && opensit ingest alberi.gpkg --plan alberi.toml
  opensit ingest alberi-2027.gpkg --layer trees --update --dry-run --changes differenza.geojson
  opensit ingest alberi-2027.gpkg --layer trees --update
  opensit ingest licenze.xlsx --layer licences --unplaced da-correggere.csv
  opensit ingest undo trees

A layer that exists is refused unless --update, --replace or --append says what may happen to it. (A file called `plan`, `report` or `undo` is `./plan` and so on.)"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    load: Option<Load>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Says what is in files and proposes how they become a layer, as a plan to be read and changed
    Plan(plan::Arguments),
    /// Tells again what became of the files that a layer was made of
    Report(report::Arguments),
    /// Takes the last delivery of a layer back that was an update or was appended
    Undo(undo::Arguments),
}

#[derive(Debug, Args)]
struct Load {
    /// GeoPackage, Shapefile, GeoJSON, FlatGeobuf, GML, KML, GPX, DXF, CSV or XLSX, also in a folder or zipped; several become one layer
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The layer they become: lower-case letters, digits and `_`
    #[arg(long, value_name = "ID", value_parser = layer_id, required_unless_present = "plan")]
    layer: Option<LayerId>,
    /// The plan that they are loaded by; what is said here as well wins [default: none]
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Its name for people [default: the file's name]
    #[arg(long)]
    title: Option<String>,
    /// The system its coordinates are in, whatever the file says
    #[arg(long, value_name = "EPSG:CODE", value_parser = srid)]
    crs: Option<Srid>,
    /// Put it in the place of the layer that exists
    #[arg(long, conflicts_with_all = ["append", "update"])]
    replace: bool,
    /// Add its rows to the layer that exists
    #[arg(long, conflicts_with = "update")]
    append: bool,
    /// Compare its rows with those of the layer that exists, and write what differs: new, changed and vanished ones
    #[arg(long)]
    update: bool,
    /// The column that tells rows apart, and that their ids come from [default: as before, else one with a telling name]
    #[arg(long, value_name = "COLUMN")]
    key: Option<String>,
    /// Only say what differs
    #[arg(long, requires = "update")]
    dry_run: bool,
    /// The file is of a part only: rows that it lacks stay
    #[arg(long, requires = "update")]
    keep_vanished: bool,
    /// How many of the layer's rows may vanish, percent; if more do, nothing is written [default: 20, of a layer of 50 rows or more]
    #[arg(long, value_name = "PERCENT", value_parser = percent, requires = "update", conflicts_with = "keep_vanished")]
    vanish_at_most: Option<f64>,
    /// Also write the rows that differ, before and after, as GeoJSON
    #[arg(long, value_name = "FILE", requires = "update")]
    changes: Option<PathBuf>,
    /// `ok`: rows may lie far outside the installation's boundary; --comune must say whose they are
    #[arg(long, value_name = "ok", value_parser = ["ok"])]
    outside: Option<String>,
    /// The comune of every row, by its ISTAT code [default: the one each row lies in]
    #[arg(long, value_name = "ISTAT")]
    comune: Option<String>,
    /// Also write the rows, as CSV, that say where they are by a parcel or an address that the register has not
    #[arg(long, value_name = "FILE")]
    unplaced: Option<PathBuf>,
    /// Which layer of a file that has several, which sheet, or which file of an archive (FILE or FILE:LAYER)
    #[arg(long, value_name = "NAME")]
    source_layer: Option<String>,
    /// The file has north before east (latitude before longitude)
    #[arg(long)]
    swap_axes: bool,
    /// A new layer is a draft, which administrators alone see until `opensit layers publish` ends it
    #[arg(long, conflicts_with_all = ["replace", "append", "update"])]
    draft: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn layer_id(text: &str) -> Result<LayerId, String> {
    LayerId::new(text).map_err(|e| e.to_string())
}

fn percent(text: &str) -> Result<f64, String> {
    text.trim_end_matches('%')
        .trim()
        .parse()
        .ok()
        .filter(|p| (0.0..=100.0).contains(p))
        .ok_or_else(|| "a number from 0 to 100 is expected".to_owned())
}

pub(super) fn srid(text: &str) -> Result<Srid, String> {
    crs::Crs::named(text).map(crs::Crs::srid).map_err(|e| e.to_string())
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    match (&arguments.command, &arguments.load) {
        (Some(Command::Plan(arguments)), _) => plan::run(arguments, config).await,
        (Some(Command::Report(arguments)), _) => report::run(arguments, config).await,
        (Some(Command::Undo(arguments)), _) => undo::run(arguments, config).await,
        (None, Some(load)) => publish(load, config).await,
        (None, None) => Err(Failure::new("say which file: `opensit ingest FILE --layer ID`")),
    }
}

async fn publish(arguments: &Load, config: &Config) -> Result<(), Failure> {
    // a plan that can't be read is known before a database is made
    let request = arguments.request()?;
    installation::check_boundary(config).await?;
    let database = Database::open(config, None).await?;
    let result = load(arguments, request, config, &database).await;
    database.close().await?;
    result
}

/// The database as its owner, with the boundary in it, and what holds for every load.
async fn prepare(config: &Config, database: &Database) -> Result<(PgPool, Settings), Failure> {
    let owner = migrate::run(database, config).await?;
    let (installed, _) = installation::read(&owner).await?;
    installation::take_boundary(&owner, config, installed.storage_crs).await?;
    let settings = Settings {
        storage: installed.storage_crs,
        crs: installation::crs_settings(&owner, config).await?,
        limits: Limits::default(),
        reader: read_file::process()?,
        temporary: std::env::temp_dir(),
        clock: Arc::new(SystemClock),
    };
    Ok((owner, settings))
}

async fn load(arguments: &Load, request: Request, config: &Config, database: &Database) -> Result<(), Failure> {
    let (owner, settings) = prepare(config, database).await?;
    if let Some(comune) = &request.comune {
        let known: bool = sqlx::query_scalar(
            "select exists (select from territory.v_comuni where istat = $1) or not exists (select from territory.v_comuni)",
        )
        .bind(comune)
        .fetch_one(&owner)
        .await
        .map_err(Failure::database("reading the boundary"))?;
        if !known {
            return Err(Failure::new(format!("--comune {comune}: this installation's boundary has no comune with that ISTAT code")));
        }
    }
    let bar = Bar::new();
    let report = ::ingest::run(&owner, &settings, request, &bar).await;
    bar.0.finish_and_clear();
    let report = report.map_err(|e| Failure::new(e.to_string()))?;
    owner.close().await;
    if arguments.json {
        say(&serde_json::to_string_pretty(&report).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        say(&report.text(kernel::Language::En));
    }
    Ok(())
}

impl Load {
    fn request(&self) -> Result<Request, Failure> {
        let plan = self.plan.as_deref().map(PlanFile::read).transpose().map_err(|e| Failure::new(e.to_string()))?;
        let layer = self.layer.as_ref().or(plan.as_ref().map(|plan| &plan.layer));
        let request = Request {
            files: self.files.clone(),
            layer: layer.cloned().ok_or_else(|| Failure::new("say which layer the files become, with --layer or in a plan"))?,
            title: self.title.as_ref().map(Text::same),
            crs: self.crs,
            mode: match (self.replace, self.append, self.update) {
                (true, _, _) => Mode::Replace,
                (_, true, _) => Mode::Append,
                (_, _, true) => Mode::Update,
                _ => Mode::Create,
            },
            outside_ok: self.outside.is_some(),
            comune: self.comune.clone(),
            source_layer: self.source_layer.clone(),
            swap_axes: self.swap_axes,
            key: self.key.clone(),
            draft: self.draft,
            author: None,
            by: None,
            whose: kernel::Comuni::All,
            only_own: false,
            update: Update {
                only_look: self.dry_run,
                keep_vanished: self.keep_vanished,
                vanish_at_most: self.vanish_at_most,
                changes: self.changes.clone(),
            },
            unplaced: self.unplaced.clone(),
            plan: None,
            order: None,
            stop: Stop::default(),
        };
        Ok(match plan {
            Some(plan) => request.by(plan),
            None => request,
        })
    }
}

/// A bar on a terminal; nothing elsewhere.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(bar)
    }
}

impl Progress for Bar {
    fn stage(&self, stage: Stage, rows: Option<u64>) {
        let what = match stage {
            Stage::Opening => "opening",
            Stage::Surveying => "looking through the rows",
            Stage::Loading => "loading",
            Stage::Placing => "mending and placing",
            Stage::Comparing => "comparing",
            Stage::Publishing => "publishing",
        };
        let template = if rows.is_some() { "{msg:26} {bar:30} {pos}/{len} {per_sec}" } else { "{spinner} {msg:26} {pos} rows" };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.0.set_style(style);
        }
        match rows {
            Some(rows) => self.0.set_length(rows),
            None => self.0.unset_length(),
        }
        self.0.set_position(0);
        self.0.set_message(what);
    }

    fn rows(&self, done: u64) {
        self.0.set_position(done);
    }
}
