//! What PostGIS says of areas, once they are placed: which were invalid and how they were mended, which lie over others.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{Example, Findings, Rule, Rules, Severity, Thresholds};
use crate::IngestError;
use crate::geometry::Family;
use crate::load::{EXAMPLES, Staging, row_name};

/// Looks at the rows that were placed. Nothing is told of points and lines, which are neither.
pub(crate) async fn look_at_placed(
    database: &mut PgConnection,
    staging: &Staging,
    family: Family,
    rules: &Rules,
    thresholds: &Thresholds,
    files: &[String],
    found: &mut Findings,
) -> Result<(), IngestError> {
    if family != Family::Polygon {
        return Ok(());
    }
    let failed = IngestError::database("can't look at the areas");
    let look = async {
        invalid(database, staging, files, found).await?;
        if rules.get(Rule::Overlap) != Severity::Off {
            overlaps(database, staging, thresholds, files, found).await?;
        }
        Ok(())
    };
    look.await.map_err(failed)
}

/// Areas that were invalid: why, and how large they are before and after.
async fn invalid(database: &mut PgConnection, staging: &Staging, files: &[String], found: &mut Findings) -> Result<(), sqlx::Error> {
    let sql = format!(
        "with examples as (
             select _seq, _file, _row, l._geom as before, p.geom as after, count(*) over () as rows
             from {placed} p join {loading} l using (_seq) where p.mended order by _seq limit {EXAMPLES}
         )
         select _file, _row, rows, (st_isvaliddetail(before)).reason as reason,
                st_area(before) as area_before, coalesce(st_area(after), 0) as area_after,
                st_x(st_centroid(st_envelope(before))) as x, st_y(st_centroid(st_envelope(before))) as y
         from examples order by _seq",
        placed = staging.placed.sql(),
        loading = staging.loading.sql(),
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(database).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let count: i64 = first.try_get("rows")?;
    let mut examples = Vec::with_capacity(rows.len());
    for row in &rows {
        let reason: Option<String> = row.try_get("reason")?;
        let (before, after): (f64, f64) = (row.try_get("area_before")?, row.try_get("area_after")?);
        let what = format!("{}: {before:.2} m² → {after:.2} m²", reason.unwrap_or_default());
        examples.push(Example { row: name(row, files)?, what: Some(what), at: Some([row.try_get("x")?, row.try_get("y")?]) });
    }
    found.add_all(Rule::InvalidGeometry, count.unsigned_abs(), examples);
    Ok(())
}

/// Pairs of areas that share more than the threshold; the later row of each pair counts.
async fn overlaps(
    database: &mut PgConnection,
    staging: &Staging,
    thresholds: &Thresholds,
    files: &[String],
    found: &mut Findings,
) -> Result<(), sqlx::Error> {
    let (placed, loading) = (staging.placed.sql(), staging.loading.sql());
    for sql in [
        "drop table if exists opensit_ingest_areas".to_owned(),
        format!(
            "create temporary table opensit_ingest_areas as
             select _seq, _file, _row, coalesce(p.geom, l._geom) as geom from {placed} p join {loading} l using (_seq) where p.kept_out is null"
        ),
        "create index on opensit_ingest_areas using gist (geom)".to_owned(),
        "analyze opensit_ingest_areas".to_owned(),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    }
    let rows = sqlx::query(
        "with pairs as (
             select b._seq, b._file, b._row, a._row as other, st_intersection(a.geom, b.geom) as common
             from opensit_ingest_areas a join opensit_ingest_areas b
               on a.geom && b.geom and a._seq < b._seq and st_relate(a.geom, b.geom, 'T********')
         ), large as (
             select distinct on (_seq) _seq, _file, _row, other, st_area(common) as area, st_pointonsurface(common) as p
             from pairs where st_area(common) >= $1 order by _seq, st_area(common) desc
         )
         select _file, _row, other, area, st_x(p) as x, st_y(p) as y, count(*) over () as rows from large order by _seq limit $2",
    )
    .bind(thresholds.overlap_m2)
    .bind(EXAMPLES as i64)
    .fetch_all(&mut *database)
    .await?;
    sqlx::query("drop table opensit_ingest_areas").execute(&mut *database).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let count: i64 = first.try_get("rows")?;
    let mut examples = Vec::with_capacity(rows.len());
    for row in &rows {
        let (area, other): (f64, i64) = (row.try_get("area")?, row.try_get("other")?);
        let what = Some(format!("{area:.2} m² ∩ {other}"));
        examples.push(Example { row: name(row, files)?, what, at: Some([row.try_get("x")?, row.try_get("y")?]) });
    }
    found.add_all(Rule::Overlap, count.unsigned_abs(), examples);
    Ok(())
}

fn name(row: &sqlx::postgres::PgRow, files: &[String]) -> Result<String, sqlx::Error> {
    let (file, number): (i32, i64) = (row.try_get("_file")?, row.try_get("_row")?);
    let file = usize::try_from(file).ok().filter(|_| files.len() > 1).and_then(|f| files.get(f));
    Ok(row_name(file.map(String::as_str), number.unsigned_abs()))
}
