//! Bringing a database up to this program: our schemas, and the declared layers in the catalogue.

use catalogue::store;
use kernel::Srid;
use sqlx::migrate::Migrator;
use sqlx::{Connection, PgConnection, PgPool};

use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::modules;

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// Migrates as the owner, then writes what the themes declare. Doing it again changes nothing.
pub(crate) async fn run(database: &Database, config: &Config) -> Result<PgPool, Failure> {
    let wanted = config.storage_crs.as_ref().map(|g| g.value);
    if let Some(wanted) = wanted.filter(|w| !can_store(*w)) {
        return Err(Failure::new(format!(
            "layers can't be stored in {wanted}: it must be a metric system of the RDN2008, ETRS89 or WGS84 family, which the database can \
             bring to a map's without shifting a datum. EPSG:7791 (zone 32) or EPSG:7792 (zone 33) fit Italy"
        )));
    }
    let srid = wanted.unwrap_or(Srid::RDN2008_UTM33).postgis().to_string();
    let owner = database.owner(&[("search_path", "opensit,public"), ("opensit.storage_srid", &srid)]).await?;
    let failed = Failure::database("preparing the database");
    // sqlx keeps its own table in the first schema of the search path
    sqlx::raw_sql("do $$ begin if to_regnamespace('opensit') is null then create schema opensit; end if; end $$")
        .execute(&owner)
        .await
        .map_err(failed)?;
    MIGRATIONS
        .run(&owner)
        .await
        .map_err(|e| Failure::new(format!("the database can't be brought up to this version: {e}. Nothing of the failed step was kept")))?;
    let mut conn = owner.acquire().await.map_err(Failure::database("reading the installation"))?;
    let stored = stored_crs(&mut conn).await?;
    if let Some(wanted) = wanted.filter(|w| *w != stored) {
        return Err(Failure::new(format!(
            "this installation stores its layers in {stored}, set at its first use; it can't become {wanted}. \
             Leave --storage-crs out, or make a new installation in another data directory or database"
        )));
    }
    declare(&mut conn, stored).await?;
    publish(&mut conn).await?;
    drop(conn);
    Ok(owner)
}

/// Sees that the publication has every layer's table: a backup has none, since it is of our schemas alone.
async fn publish(conn: &mut PgConnection) -> Result<(), Failure> {
    sqlx::raw_sql(
        "do $$
         declare missing text;
         begin
             if not exists (select from pg_publication where pubname = 'opensit') then
                 create publication opensit for table opensit.layers;
             end if;
             for missing in
                 select relation from opensit.layers join pg_class on pg_class.oid = to_regclass(relation) and relkind in ('r', 'p')
                 except select schemaname || '.' || tablename from pg_publication_tables where pubname = 'opensit'
             loop
                 execute format('alter publication opensit add table %s', missing);
             end loop;
         end $$",
    )
    .execute(conn)
    .await
    .map(|_| ())
    .map_err(Failure::database("publishing the layers' changes"))
}

/// Metric, and one that PostGIS may transform itself (crate `crs` does the others).
fn can_store(srid: Srid) -> bool {
    crs::Crs::get(srid).is_some_and(|c| c.unit() == crs::Unit::Metre && c.in_postgis() == srid && srid != Srid::WEB_MERCATOR)
}

async fn stored_crs(conn: &mut PgConnection) -> Result<Srid, Failure> {
    let code: i32 = sqlx::query_scalar("select storage_srid from opensit.installation")
        .fetch_one(conn)
        .await
        .map_err(Failure::database("reading the installation"))?;
    Srid::new(code)
        .ok_or_else(|| Failure::new(format!("opensit.installation says that layers are stored in EPSG:{code}, which is no system")))
}

async fn declare(conn: &mut PgConnection, storage: Srid) -> Result<(), Failure> {
    let mut transaction = conn.begin().await.map_err(Failure::database("declaring the layers"))?;
    let mut ordinal = 0;
    for module in modules::all()? {
        for mut layer in module.layers {
            layer.srid = storage;
            ordinal += 10;
            store::declare(&mut transaction, layer, ordinal).await?;
        }
    }
    transaction.commit().await.map_err(Failure::database("declaring the layers"))
}
