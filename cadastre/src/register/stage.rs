//! What is read goes into the transaction's temporary tables, and is made fit to be compared.

use std::sync::Arc;

use catalogue::copy::Copy;
use kernel::{TableName, Vault};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::sync::mpsc;

use super::import::{ImportError, Known, Request};
use super::reading::{Batch, Ended, MapFile, Reading};
use super::rows::{COLUMNS, TABLES};
use super::systems::Systems;
use crate::Sheet;
use crate::check::Report;
use crate::holdings;
use crate::remark::Issue;

/// By how much parcels move that are not merely measured better, metres.
const SHIFTED_M: f64 = 1.0;
/// Batches that wait to be taken.
const WAITING: usize = 4;

/// Reads everything; returns the report, and how many sheets are to be compared.
pub(super) async fn stage(
    conn: &mut PgConnection,
    request: Request,
    known: Known,
    systems: Arc<dyn Systems>,
    vault: &Vault,
) -> Result<(Report, i64), ImportError> {
    sqlx::raw_sql(TABLES).execute(&mut *conn).await?;
    let Known { comuni, before, placements } = known;
    let (day, today, complete) = (request.day, request.today, request.whole);
    let reading = Reading {
        paths: request.paths,
        limits: request.limits,
        crs: request.crs,
        before,
        placements,
        comuni,
        systems: Arc::clone(&systems),
    };
    let (to, mut from) = mpsc::channel(WAITING);
    holdings::prepare(conn).await?;
    let (gathering, mut batches) = holdings::channel(vault, reading.comuni.clone());
    let thread = tokio::task::spawn_blocking(move || reading.run(to, gathering));
    let table = TableName::new("pg_temp", "arriving").map_err(|e| ImportError::Reading(e.to_string()))?;
    let (mut maps, mut census) = (true, true);
    while maps || census {
        tokio::select! {
            batch = from.recv(), if maps => match batch {
                Some(Batch::Rows(mut rows)) => {
                    Copy::start(conn, &table, &COLUMNS).await?.finish(&mut rows).await?;
                }
                Some(Batch::Map(map)) => keep_map(conn, &map, day).await?,
                Some(Batch::Instead(map)) => forget_drawing(conn, &map).await?,
                None => maps = false,
            },
            batch = batches.next(), if census => match batch {
                Some(batch) => {
                    batch.load(conn).await?;
                }
                None => census = false,
            },
        }
    }
    let Ended { mut report, published, days, behind } = thread.await.map_err(|e| ImportError::Reading(e.to_string()))?;
    let (maps, comuni): (Vec<String>, Vec<String>) = published.into_iter().map(|(map, comune)| (map.to_string(), comune)).unzip();
    sqlx::query(
        "insert into arriving_maps (map, comune, day, whole, complete, file, srid)
         select map, comune, $3, false, $5, '', $4 from unnest($1::text[], $2::text[]) m (map, comune) on conflict do nothing",
    )
    .bind(maps)
    .bind(comuni)
    .bind(day)
    .bind(systems.storage().postgis())
    .bind(complete)
    .execute(&mut *conn)
    .await?;
    for (file, map) in behind {
        report.remark(place(file), 0, Issue::BehindExchange { map: map.to_string() });
    }
    for (file, day) in days.values().filter(|(_, day)| *day > today) {
        report.remark(place(*file), 0, Issue::Future { day: *day });
    }
    let days = days.into_iter().filter(|(_, (_, day))| *day <= today).map(|(map, (_, day))| (map, day));
    let (maps, days): (Vec<_>, Vec<_>) = days.unzip();
    sqlx::query("update arriving_maps m set day = d.day from unnest($1::text[], $2::date[]) d (map, day) where d.map = m.map and m.whole")
        .bind(maps)
        .bind(days)
        .execute(&mut *conn)
        .await?;
    behind_maps(conn, &mut report).await?;
    elsewhere(conn, &mut report).await?;
    since(conn, &mut report).await?;
    not_told(conn, &mut report).await?;
    mend(conn, &mut report).await?;
    sqlx::raw_sql("create index on arriving (kind, id); create index on arriving (row); analyze arriving; analyze arriving_maps")
        .execute(&mut *conn)
        .await?;
    let sheets = sqlx::query_scalar("select count(*) from arriving_maps").fetch_one(conn).await?;
    Ok((report, sheets))
}

async fn keep_map(conn: &mut PgConnection, map: &MapFile, day: chrono::NaiveDate) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into arriving_maps (map, comune, day, whole, partial, content, sha256, file, srid, origin, shift)
         values ($1, $2, $3, true, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(map.map.to_string())
    .bind(&map.comune)
    .bind(day)
    .bind(map.partial)
    .bind(&map.content)
    .bind(map.sha256.as_slice())
    .bind(&map.file)
    .bind(map.srid.postgis())
    .bind(map.origin.as_ref().map(sqlx::types::Json))
    .bind(map.shift.as_ref().map(sqlx::types::Json))
    .execute(conn)
    .await
    .map(|_| ())
}

/// Takes away what a drawing brought.
async fn forget_drawing(conn: &mut PgConnection, map: &Sheet) -> Result<(), sqlx::Error> {
    for sql in ["delete from arriving where map = $1 and not published", "delete from arriving_maps where map = $1 and whole"] {
        sqlx::query(sql).bind(map.to_string()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Published parcels of a sheet that is there as a map too are left out.
async fn behind_maps(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let left: Vec<(i32, String, i64)> = sqlx::query_as(
        "with gone as (
             delete from arriving a using arriving_maps m where m.map = a.map and m.whole and a.published returning a.file, a.map
         ) select file, map, count(*) from gone group by file, map order by file, map",
    )
    .fetch_all(conn)
    .await?;
    for (file, map, features) in left {
        report.remark(place(file), 0, Issue::BehindMap { map, features: features.unsigned_abs() });
    }
    Ok(())
}

/// A file's place in the report.
fn place(file: i32) -> usize {
    usize::try_from(file).unwrap_or(usize::MAX)
}

/// Published sheets whose features lie far from their comune are left out: what says where they are is the file alone.
async fn elsewhere(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let far: Vec<(i32, String)> = sqlx::query_as(
        "with far as (
             select a.map from arriving a left join territory.v_comuni c on c.istat = a.comune
              where a.published group by a.map having avg((st_expand(c.geom, 1000) && a.geom)::integer) < 0.5
         ), gone as (
             delete from arriving a using far where a.map = far.map and a.published returning a.file, a.map
         ), maps as (
             delete from arriving_maps m using far where m.map = far.map and not m.whole
         ) select distinct file, map from gone order by file, map",
    )
    .fetch_all(conn)
    .await?;
    for (file, map) in far {
        report.remark(place(file), 0, Issue::Elsewhere { map });
    }
    Ok(())
}

/// Parcels of published sheets that the delivery does not tell of stay, since an extract has some alone; how many is told.
async fn not_told(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let kept: Vec<(Option<i32>, String, i64)> = sqlx::query_as(
        "select (select min(a.file) from arriving a where a.map = m.map), m.map, count(*)
           from arriving_maps m join cadastre.parcels c on left(c.id, 11) collate \"C\" = m.map and c.valid_to is null
          where not m.whole and not m.complete and exists (select from arriving a where a.map = m.map and a.kind = 2)
            and not exists (select from arriving a where a.kind = 2 and a.id = c.id)
          group by m.map order by m.map limit 200",
    )
    .fetch_all(conn)
    .await?;
    for (file, map, features) in kept {
        report.remark(file.map_or(usize::MAX, place), 0, Issue::NotTold { map, features: features.unsigned_abs() });
    }
    Ok(())
}

/// Sheets of which most parcels moved by more than a drawing's accuracy: somebody should look whether they are in the system that they were in.
pub(super) async fn shifted(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let moved: Vec<(Option<i32>, String, i64, f64)> = sqlx::query_as(
        "with moved as (
             select left(id, 11) as map, count(*) as parcels, percentile_cont(0.5) within group (order by moved) as metres
               from differing where kind = 2 and what = 'changed' and moved > $1 group by 1
         )
         select (select min(a.file) from arriving a where a.map = moved.map), map, parcels, metres from moved
          where parcels * 2 > (select count(*) from arriving a where a.kind = 2 and a.map = moved.map) order by map limit 200",
    )
    .bind(SHIFTED_M)
    .fetch_all(conn)
    .await?;
    for (file, map, parcels, metres) in moved {
        report.remark(file.map_or(usize::MAX, place), 0, Issue::Shifted { map, parcels: parcels.unsigned_abs(), metres });
    }
    Ok(())
}

/// From which instant the data of each sheet hold: midnight of their day in Europe/Rome, or a moment after what was written of that day. Older
/// data than those that are there are left out.
async fn since(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update arriving_maps m
            set since = greatest(m.day::timestamp at time zone 'Europe/Rome', latest.at + interval '1 second')
           from arriving_maps same left join lateral (
                select max(greatest(valid_from, valid_to)) as at from (
                    select valid_from, valid_to from cadastre.sheets where id = same.map
                    union all select valid_from, valid_to from cadastre.parcels where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.buildings where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.fiducials where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.cadastral_texts where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.cadastral_symbols where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.cadastral_lines where left(id, 11) collate \"C\" = same.map
                    union all select valid_from, valid_to from cadastre.cadastral_findings where left(id, 11) collate \"C\" = same.map
                ) rows) latest on true
          where same.map = m.map",
    )
    .execute(&mut *conn)
    .await?;
    let older: Vec<(i32, String, chrono::NaiveDate, chrono::NaiveDate)> = sqlx::query_as(
        "with old as (
             delete from arriving_maps where (since at time zone 'Europe/Rome')::date > day returning map, day, (since at time zone 'Europe/Rome')::date as there
         ), gone as (
             delete from arriving a using old where a.map = old.map returning a.file, old.map, old.day, old.there
         ) select distinct file, map, day, there from gone order by file, map",
    )
    .fetch_all(conn)
    .await?;
    for (file, map, day, there) in older {
        report.remark(place(file), 0, Issue::Older { map, day, there });
    }
    Ok(())
}

/// Outlines that cross themselves: the largest part is taken; what leaves none is left out.
async fn mend(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let mended: Vec<(i32, i64, String, f64)> = sqlx::query_as(
        "with bad as materialized (
             select row, st_collectionextract(st_makevalid(geom), 3) as mended from arriving
              where geometrytype(geom) in ('POLYGON', 'MULTIPOLYGON') and not st_isvalid(geom)
         ), largest as (
             select bad.row, case when geometrytype(a.geom) = 'POLYGON' then part.geom else st_multi(bad.mended) end as geom, st_area(bad.mended) as whole
               from bad join arriving a on a.row = bad.row
               left join lateral (select d.geom from st_dump(bad.mended) d order by st_area(d.geom) desc limit 1) part on true
         )
         update arriving a set geom = coalesce(largest.geom, 'POLYGON EMPTY'::geometry) from largest where a.row = largest.row
         returning a.file, a.line, a.id, coalesce(largest.whole - st_area(largest.geom), -1)",
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::raw_sql(AssertSqlSafe(
        "delete from arriving where st_isempty(geom) or geometrytype(geom) = 'LINESTRING' and st_length(geom) = 0".to_owned(),
    ))
    .execute(conn)
    .await?;
    for (file, line, id, lost_m2) in mended {
        let issue = if lost_m2 < 0.0 { Issue::Unmendable { id } } else { Issue::Mended { id, lost_m2 } };
        report.remark(place(file), line.unsigned_abs(), issue);
    }
    Ok(())
}

/// Of rows with one id the last is kept.
pub(super) async fn leave_one_of_each(conn: &mut PgConnection, report: &mut Report) -> Result<(), sqlx::Error> {
    let twice: Vec<(i32, i64, String)> = sqlx::query_as(
        "delete from arriving a using arriving b where a.kind = b.kind and a.id = b.id and a.row < b.row returning a.file, a.line, a.id",
    )
    .fetch_all(conn)
    .await?;
    for (file, line, id) in twice {
        report.remark(place(file), line.unsigned_abs(), Issue::Twice { id });
    }
    Ok(())
}

/// Keeps the maps as they came, but those that are kept already.
pub(super) async fn keep_maps(conn: &mut PgConnection, import: i64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into cadastre.map_files (map, day, comune, file, sha256, srid, origin, shift, content, imported)
         select map, day, comune, file, sha256, srid, origin, shift, content, $1 from arriving_maps m
          where whole and m.sha256 is distinct from
                (select f.sha256 from cadastre.map_files f where f.map = m.map order by f.imported desc limit 1)",
    )
    .bind(import)
    .execute(conn)
    .await
    .map(|_| ())
}

/// The comuni that something came of, by ISTAT code.
pub(super) async fn comuni(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let staged: Vec<String> = holdings::staged().map(|table| format!("union select comune from {table}")).collect();
    let sql = format!("select comune from arriving_maps {}", staged.join(" "));
    sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(conn).await
}
