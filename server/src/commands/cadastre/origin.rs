use ::cadastre::{Origin, OriginEllipsoid};
use clap::{Args, ValueEnum};
use kernel::{Language, Srid};
use sqlx::PgPool;
use sqlx::types::Json;

use super::maps;
use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::{installation, migrate};

#[derive(Debug, Args)]
#[command(
    after_help = "Where a table of origins has latitude and longitude in Roma 1940 (Monte Mario) and as oriented at Genova or at Castanea delle Furie, the former \
are wanted, with --crs EPSG:4265.
  opensit cadastre origin H224 --lat 38.112345 --lon 15.654321 --crs EPSG:4265
  opensit cadastre origin H224_0012 --lat 38.1 --lon 15.65 --crs EPSG:6706 --false-east 1000"
)]
pub(crate) struct Arguments {
    /// Which maps: the beginning of their names, from a comune (H224) to a single sheet (H224A001200)
    #[arg(value_name = "MAPS", required_unless_present = "list")]
    maps: Option<String>,
    /// Latitude of the origin, degrees
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true, required_unless_present_any = ["list", "forget"])]
    lat: Option<f64>,
    /// Longitude of the origin, degrees east of Greenwich
    #[arg(long, value_name = "DEGREES", allow_hyphen_values = true, required_unless_present_any = ["list", "forget"])]
    lon: Option<f64>,
    /// The system in which latitude and longitude are known: EPSG:4265 (Roma 1940), EPSG:6706 (RDN2008), EPSG:4230 (ED50)
    #[arg(long, value_name = "EPSG:CODE", value_parser = crate::commands::ingest::srid, required_unless_present_any = ["list", "forget"])]
    crs: Option<Srid>,
    /// The ellipsoid on which the maps were computed
    #[arg(long, value_name = "NAME", default_value = "bessel")]
    ellipsoid: Ellipsoid,
    /// What the maps call the origin's east coordinate, metres
    #[arg(long, value_name = "METRES", allow_hyphen_values = true, default_value_t = 0.0)]
    false_east: f64,
    /// What the maps call the origin's north coordinate, metres
    #[arg(long, value_name = "METRES", allow_hyphen_values = true, default_value_t = 0.0)]
    false_north: f64,
    /// Only say where it would be
    #[arg(long)]
    dry_run: bool,
    /// Say which origins are kept
    #[arg(long, conflicts_with_all = ["maps", "lat", "lon", "crs", "dry_run", "forget"])]
    list: bool,
    /// Forget the one that is kept for these maps
    #[arg(long, conflicts_with_all = ["lat", "lon", "crs", "dry_run"])]
    forget: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Ellipsoid {
    /// Bessel 1841
    Bessel,
    /// International 1924 (Hayford)
    International,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let maps = arguments.maps.as_deref().map(maps::beginning).transpose()?;
    let origin = match (arguments.lat, arguments.lon, arguments.crs) {
        (Some(latitude), Some(longitude), Some(crs)) => {
            let ellipsoid = match arguments.ellipsoid {
                Ellipsoid::Bessel => OriginEllipsoid::Bessel,
                Ellipsoid::International => OriginEllipsoid::International,
            };
            Some(Origin { latitude, longitude, crs, ellipsoid, called: [arguments.false_east, arguments.false_north] })
        }
        _ => None,
    };
    if let Some(origin) = &origin {
        // what can be none is known before a database is opened
        in_italy(origin)?;
        plane(origin)?;
    }
    let database = Database::open_existing(config).await?;
    let result = with(arguments, maps.as_deref(), origin, config, &database).await;
    database.close().await?;
    result
}

/// Origins of the Italian cadastre lie in Italy: elsewhere the two numbers are the wrong way round, or one is not of Greenwich.
fn in_italy(origin: &Origin) -> Result<(), Failure> {
    let inside = |latitude: f64, longitude: f64| (35.0..48.0).contains(&latitude) && (6.0..19.0).contains(&longitude);
    let Origin { latitude, longitude, .. } = *origin;
    if inside(latitude, longitude) {
        return Ok(());
    }
    let why = if inside(longitude, latitude) {
        "the two are the wrong way round"
    } else {
        "degrees are wanted, north of the equator and east of Greenwich (Monte Mario is 12.452333 east of it)"
    };
    Err(Failure::new(format!("latitude {latitude}, longitude {longitude}: the origin would not lie in Italy; {why}. Nothing was kept")))
}

async fn with(
    arguments: &Arguments,
    maps: Option<&str>,
    origin: Option<Origin>,
    config: &Config,
    database: &Database,
) -> Result<(), Failure> {
    let owner = migrate::run(database, config).await?;
    let result = match (maps, origin) {
        (Some(maps), Some(origin)) => {
            tell(maps, &origin, &owner, config).await?;
            if arguments.dry_run { Ok(()) } else { keep(maps, origin, &owner).await }
        }
        (Some(maps), None) => forget(maps, &owner).await,
        (None, _) => list(&owner, config).await,
    };
    owner.close().await;
    result
}

async fn keep(maps: &str, origin: Origin, owner: &PgPool) -> Result<(), Failure> {
    sqlx::query(
        "insert into cadastre.origins (maps, origin, by) values ($1, $2, 'command line')
         on conflict (maps) do update set origin = excluded.origin, at = now(), by = excluded.by",
    )
    .bind(maps)
    .bind(Json(origin))
    .execute(owner)
    .await
    .map_err(Failure::database("keeping an origin"))?;
    let adjusted: Vec<String> = sqlx::query_scalar("select maps from cadastre.adjustments where starts_with(maps, $1) order by maps")
        .bind(maps)
        .fetch_all(owner)
        .await
        .map_err(Failure::database("keeping an origin"))?;
    if !adjusted.is_empty() {
        say(&format!("Adjustments that are kept count for their maps as before: {}.", adjusted.join(", ")));
    }
    Ok(())
}

async fn forget(maps: &str, owner: &PgPool) -> Result<(), Failure> {
    let gone = sqlx::query("delete from cadastre.origins where maps = $1").bind(maps).execute(owner).await;
    if gone.map_err(Failure::database("forgetting an origin"))?.rows_affected() == 0 {
        return Err(Failure::new(format!("no origin is kept for {maps}")));
    }
    say(&format!("The origin of {maps} is forgotten."));
    Ok(())
}

async fn list(owner: &PgPool, config: &Config) -> Result<(), Failure> {
    let kept: Vec<(String, Json<Origin>)> = sqlx::query_as("select maps, origin from cadastre.origins order by maps")
        .fetch_all(owner)
        .await
        .map_err(Failure::database("listing origins"))?;
    if kept.is_empty() {
        say("No origin is kept.");
    }
    for (maps, Json(origin)) in kept {
        tell(&maps, &origin, owner, config).await?;
    }
    Ok(())
}

/// Where it is, in the system that layers are stored in, and how sure that is.
async fn tell(maps: &str, origin: &Origin, owner: &PgPool, config: &Config) -> Result<(), Failure> {
    let (installed, _) = installation::read(owner).await?;
    let settings = installation::crs_settings(owner, config).await?;
    let failed = |e: crs::OriginError| Failure::new(format!("{maps}: {e}"));
    let way = plane(origin)?.to(installed.storage_crs, &settings).map_err(failed)?;
    let mut at = [origin.called];
    way.convert(&mut at).map_err(failed)?;
    let ([[east, north]], [called_east, called_north]) = (at, origin.called);
    let (accuracy, ellipsoid) = (way.accuracy(), format!("{:?}", origin.ellipsoid));
    say(&format!(
        "{maps}: Cassini-Soldner from {}, {} ({}), called {called_east} east and {called_north} north, on the ellipsoid {ellipsoid}.\n  \
         It lies at {east:.3} east, {north:.3} north ({}), within {} m: {}.",
        origin.latitude,
        origin.longitude,
        origin.crs,
        installed.storage_crs,
        accuracy.metres,
        accuracy.source.get(Language::En)
    ));
    Ok(())
}

/// The plane round an origin; why it can be none.
pub(super) fn plane(origin: &Origin) -> Result<crs::CassiniSoldner, Failure> {
    let ellipsoid = match origin.ellipsoid {
        OriginEllipsoid::Bessel => crs::Ellipsoid::Bessel,
        OriginEllipsoid::International => crs::Ellipsoid::International,
    };
    crs::CassiniSoldner::new([origin.longitude, origin.latitude], origin.crs, ellipsoid, origin.called)
        .map_err(|e| Failure::new(e.to_string()))
}
