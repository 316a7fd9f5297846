//! What is fixed at the first use of an installation: its system, its boundary, its name.

use std::path::PathBuf;

use ingest::Boundary;
use kernel::{Bbox, Installation, Srid, Text};
use sqlx::types::{Json, Uuid};
use sqlx::{FromRow, PgPool};

use crate::commands::read_file;
use crate::config::{Config, Given};
use crate::failure::Failure;

#[derive(FromRow)]
struct Row {
    instance: Uuid,
    title: Json<Text>,
    storage_srid: i32,
    demo: Option<String>,
    west: Option<f64>,
    south: Option<f64>,
    east: Option<f64>,
    north: Option<f64>,
}

/// Italy, where an installation without a boundary begins (CRS84).
const ITALY: [f64; 4] = [6.6, 35.4, 18.6, 47.1];

/// Reads the boundary that configuration names before a first use makes a database: a file that is refused leaves nothing
/// behind. Where there is a database, [`take_boundary`] reads it, if it is needed at all.
pub(crate) async fn check_boundary(config: &Config) -> Result<(), Failure> {
    let Some(file) = &config.boundary else { return Ok(()) };
    if config.database_url.is_some() || config.data_dir.value.join("postgres").exists() {
        return Ok(());
    }
    let storage = config.storage_crs.as_ref().map_or(Srid::RDN2008_UTM33, |g| g.value);
    Boundary::read(&file.value, storage, &read_file::process()?).await.map(|_| ()).map_err(|e| refused(file, &e))
}

/// Names the setting beside the file.
fn refused(file: &Given<PathBuf>, error: &ingest::IngestError) -> Failure {
    Failure::new(format!("--boundary (from {}): {error}", file.source))
}

/// Takes the boundary that configuration names, unless the installation has one already: then another one is told.
pub(crate) async fn take_boundary(owner: &PgPool, config: &Config, storage: Srid) -> Result<(), Failure> {
    let Some(file) = &config.boundary else { return Ok(()) };
    let known: i64 = sqlx::query_scalar("select count(*) from territory.v_comuni")
        .fetch_one(owner)
        .await
        .map_err(Failure::database("reading the boundary"))?;
    if known > 0 {
        return tell_if_another(owner, file, storage).await;
    }
    let mut conn = owner.acquire().await.map_err(Failure::database("reading the boundary"))?;
    let boundary = Boundary::read(&file.value, storage, &read_file::process()?).await.map_err(|e| refused(file, &e))?;
    boundary.store(&mut conn).await.map_err(|e| refused(file, &e))?;
    let comuni: Vec<_> = boundary.comuni().collect();
    let title = match comuni.as_slice() {
        [one] => Text::new(format!("Comune di {}", one.name), format!("Municipality of {}", one.name)),
        many => Text::new(format!("{} comuni", many.len()), format!("{} municipalities", many.len())),
    };
    sqlx::query("update opensit.installation set title = $1")
        .bind(Json(title))
        .execute(&mut *conn)
        .await
        .map_err(Failure::database("naming the installation"))?;
    tracing::info!(comuni = comuni.len(), file = %file.value.display(), "the boundary was read");
    Ok(())
}

/// Warns where the file has other comuni than those that hold, or none: it is given again at each start, and read once.
async fn tell_if_another(owner: &PgPool, file: &Given<PathBuf>, storage: Srid) -> Result<(), Failure> {
    let there: Vec<(String, String)> = sqlx::query_as("select istat, name from territory.v_comuni order by istat")
        .fetch_all(owner)
        .await
        .map_err(Failure::database("reading the boundary"))?;
    let given = Boundary::read(&file.value, storage, &read_file::process()?).await.map(|boundary| {
        let mut codes: Vec<String> = boundary.comuni().map(|c| c.istat.clone()).collect();
        codes.sort();
        codes
    });
    if given.is_ok_and(|codes| codes.iter().eq(there.iter().map(|(id, _)| id))) {
        tracing::debug!(comuni = there.len(), "the installation has its boundary already");
        return Ok(());
    }
    let more = if there.len() > 3 { format!(" and {} more", there.len() - 3) } else { String::new() };
    let names: Vec<String> = there.iter().take(3).map(|(id, name)| format!("{name} ({id})")).collect();
    tracing::warn!(
        file = %file.value.display(),
        "the boundary that is given is not taken: this installation has one already, {}{more}, and that holds. \
         Leave --boundary out, or make an installation of its own for it with another --data-dir",
        names.join(", ")
    );
    Ok(())
}

/// The installation as it is.
pub(crate) async fn read(database: &PgPool) -> Result<(Installation, Option<String>), Failure> {
    let row: Row = sqlx::query_as(
        "select instance, title, storage_srid, demo,
                st_xmin(lonlat) as west, st_ymin(lonlat) as south, st_xmax(lonlat) as east, st_ymax(lonlat) as north
           from opensit.installation
          cross join (select st_setsrid(st_extent(geom)::geometry, max(st_srid(geom))) as box from territory.v_comuni) extent
          cross join lateral (select st_transform(box, 4326) as lonlat) transformed",
    )
    .fetch_one(database)
    .await
    .map_err(Failure::database("reading the installation"))?;
    let bbox = match (row.west, row.south, row.east, row.north) {
        (Some(west), Some(south), Some(east), Some(north)) => Bbox::new(west, south, east, north),
        _ => Bbox::try_from(ITALY),
    }
    .map_err(|e| Failure::new(format!("the boundary has no rectangle: {e}")))?;
    let storage_crs = Srid::new(row.storage_srid).ok_or_else(|| Failure::new("opensit.installation has no valid storage system"))?;
    Ok((Installation { instance: row.instance, title: row.title.0, storage_crs, bbox, demo: row.demo.is_some() }, row.demo))
}

/// How datums are shifted here: by the region that configuration names, else the one its comuni belong to, with the
/// operator's grids.
pub(crate) async fn crs_settings(database: &PgPool, config: &Config) -> Result<crs::Settings, Failure> {
    let comune: Option<String> = sqlx::query_scalar("select min(istat) from territory.v_comuni")
        .fetch_one(database)
        .await
        .map_err(Failure::database("reading the boundary"))?;
    let region = match config.file.region {
        Some(code) => crs::Region::of_region(code)
            .ok_or_else(|| Failure::new(format!("region = {code} in the configuration file: ISTAT's region codes go from 1 to 20")))?,
        None => comune.as_deref().and_then(crs::Region::of_comune).unwrap_or_default(),
    };
    let mut settings = crs::Settings::new(region);
    let wrong = |e: crs::CrsError| Failure::new(format!("a grid in the configuration file: {e}"));
    if let Some(file) = &config.file.monte_mario_grid {
        settings = settings.with_monte_mario_grid(file.clone()).map_err(wrong)?;
    }
    if let Some(file) = &config.file.ed50_grid {
        settings = settings.with_ed50_grid(file.clone()).map_err(wrong)?;
    }
    Ok(settings)
}
