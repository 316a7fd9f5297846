use std::path::{Path, PathBuf};

use ::cadastre::{Adjustment, ControlPoint, Freedom, Origin};
use clap::{Args, ValueEnum};
use kernel::Srid;
use sqlx::types::Json;

use super::maps;
use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{installation, migrate};

#[derive(Debug, Args)]
#[command(
    after_help = "The file of points is CSV with the columns name, x, y (on the map, metres), east, north (where that is, in the system of --to-crs):
  name,x,y,east,north
  PF01,-9600.120,4210.500,280035.511,4639069.209"
)]
pub(crate) struct Arguments {
    /// Which maps: the beginning of their names, from a comune (H224) to a single sheet (H224A001200)
    #[arg(value_name = "MAPS")]
    maps: String,
    /// The points, as CSV [default: with --forget none]
    #[arg(value_name = "FILE", required_unless_present = "forget")]
    points: Option<PathBuf>,
    /// The system that it brings them into
    #[arg(long, value_name = "EPSG:CODE", value_parser = crate::commands::ingest::srid, required_unless_present = "forget")]
    to_crs: Option<Srid>,
    /// How free it is: with two, four or six parameters
    #[arg(long, value_name = "KIND", default_value = "similarity")]
    kind: Kind,
    /// It goes upon the origin that is kept for these maps: what is left between where that puts the points and where they are
    #[arg(long)]
    on_origin: bool,
    /// The largest root mean square of what is left between the points, metres; beyond it nothing is kept
    #[arg(long, value_name = "METRES", default_value_t = 2.0)]
    rmse_at_most: f64,
    /// Only say what it would be
    #[arg(long)]
    dry_run: bool,
    /// Forget the one that is kept for these maps
    #[arg(long, conflicts_with_all = ["points", "to_crs", "dry_run", "on_origin"])]
    forget: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// By how much a map may grow or shrink: paper does by less.
const MOST_SCALE: f64 = 0.02;

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    /// It shifts (2 parameters, from 1 point on)
    Shift,
    /// It shifts, turns and scales (4, from 2 points on)
    Similarity,
    /// It is affine (6, from 3 points on)
    Affine,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let maps = maps::beginning(&arguments.maps)?;
    let upon = if arguments.on_origin { Some(upon_origin(&maps, config).await?) } else { None };
    let found = match (&arguments.points, arguments.to_crs) {
        (Some(file), Some(srid)) => {
            let mut points = read(file)?;
            if let Some((origin, settings)) = &upon {
                bring(&mut points, origin, srid, settings)?;
            }
            let kind = match arguments.kind {
                Kind::Shift => Freedom::Shift,
                Kind::Similarity => Freedom::Similarity,
                Kind::Affine => Freedom::Affine,
            };
            let found = Adjustment::find(&points, kind).map_err(|e| Failure::new(format!("{}: {e}", file.display())))?;
            tell(arguments, &found)?;
            let (_, scales) = found.turn_and_scale();
            if scales.iter().any(|scale| (scale - 1.0).abs() > MOST_SCALE) {
                return Err(Failure::new(
                    "it would make the map longer or shorter by more than 2 %, and maps are in metres: look at the points. Nothing was kept",
                ));
            }
            if found.rmse_m > arguments.rmse_at_most {
                return Err(Failure::new(format!(
                    "the points disagree by {:.3} m, more than {} m: look at those that are farthest off, or say --rmse-at-most. Nothing was kept",
                    found.rmse_m, arguments.rmse_at_most
                )));
            }
            Some(Found { srid, adjustment: found, points, origin: upon.map(|(origin, _)| origin) })
        }
        _ => None,
    };
    if arguments.dry_run {
        return Ok(());
    }
    let database = Database::open_existing(config).await?;
    let result = keep(&maps, found, config, &database).await;
    database.close().await?;
    result
}

/// What was found, and what it was found upon.
struct Found {
    srid: Srid,
    adjustment: Adjustment,
    points: Vec<ControlPoint>,
    origin: Option<Origin>,
}

/// The origin that is kept for these maps, that of the longest beginning, and what the installation fixes about datums.
async fn upon_origin(maps: &str, config: &Config) -> Result<(Origin, crs::Settings), Failure> {
    let database = Database::open_existing(config).await?;
    let found = async {
        let owner = migrate::run(&database, config).await?;
        let origin: Option<Json<Origin>> =
            sqlx::query_scalar("select origin from cadastre.origins where starts_with($1, maps) order by length(maps) desc limit 1")
                .bind(maps)
                .fetch_optional(&owner)
                .await
                .map_err(Failure::database("reading origins"))?;
        let settings = installation::crs_settings(&owner, config).await?;
        owner.close().await;
        let Json(origin) = origin.ok_or_else(|| Failure::new(format!("no origin is kept for {maps}: `opensit cadastre origin`")))?;
        Ok((origin, settings))
    }
    .await;
    database.close().await?;
    found
}

/// The points of the map, where the origin puts them.
fn bring(points: &mut [ControlPoint], origin: &Origin, srid: Srid, settings: &crs::Settings) -> Result<(), Failure> {
    let failed = |e: crs::OriginError| Failure::new(e.to_string());
    let way = super::origin::plane(origin)?.to(srid, settings).map_err(failed)?;
    let mut positions: Vec<[f64; 2]> = points.iter().map(|point| point.from).collect();
    way.convert(&mut positions).map_err(failed)?;
    for (point, there) in points.iter_mut().zip(positions) {
        point.from = there;
    }
    Ok(())
}

async fn keep(maps: &str, found: Option<Found>, config: &Config, database: &Database) -> Result<(), Failure> {
    let owner = migrate::run(database, config).await?;
    let failed = Failure::database("keeping an adjustment");
    let Some(found) = found else {
        let gone = sqlx::query("delete from cadastre.adjustments where maps = $1").bind(maps).execute(&owner).await.map_err(failed)?;
        owner.close().await;
        if gone.rows_affected() == 0 {
            return Err(Failure::new(format!("no adjustment is kept for {maps}")));
        }
        say(&format!("The adjustment of {maps} is forgotten."));
        return Ok(());
    };
    sqlx::query(
        "insert into cadastre.adjustments (maps, srid, adjustment, points, origin, by) values ($1, $2, $3, $4, $5, 'command line')
         on conflict (maps) do update set srid = excluded.srid, adjustment = excluded.adjustment, points = excluded.points, origin = excluded.origin,
                                          at = now(), by = excluded.by",
    )
    .bind(maps)
    .bind(found.srid.postgis())
    .bind(Json(found.adjustment))
    .bind(Json(found.points))
    .bind(found.origin.map(Json))
    .execute(&owner)
    .await
    .map_err(failed)?;
    owner.close().await;
    Ok(())
}

fn tell(arguments: &Arguments, found: &Adjustment) -> Result<(), Failure> {
    if arguments.json {
        say(&serde_json::to_string_pretty(found).map_err(|e| Failure::new(e.to_string()))?);
        return Ok(());
    }
    let (turn, [east, north]) = found.turn_and_scale();
    say(&format!("Turned by {turn:.6}°, scaled by {east:.8} (east) and {north:.8} (north); root mean square {:.3} m.", found.rmse_m));
    for (name, [e, n]) in &found.residuals {
        say(&format!("  {name}: {e:+.3} m east, {n:+.3} m north, {:.3} m", e.hypot(*n)));
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<ControlPoint>, Failure> {
    #[derive(serde::Deserialize)]
    struct Row {
        name: String,
        x: f64,
        y: f64,
        east: f64,
        north: f64,
    }
    let shown = file.display();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(file).map_err(|e| Failure::new(format!("{shown}: {e}")))?;
    let rows: Result<Vec<Row>, _> = reader.deserialize().collect();
    let rows =
        rows.map_err(|e| Failure::new(format!("{shown}: {e}; its columns are name, x, y, east, north, numbers with a decimal point")))?;
    Ok(rows.into_iter().map(|r| ControlPoint { name: r.name, from: [r.x, r.y], to: [r.east, r.north] }).collect())
}
