//! What PostGIS says of areas, once they are placed: which were invalid and how they were mended, which lie over others.

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, PgConnection, Row};
use tokio::task::JoinHandle;

use super::{Areas, Example, Findings, Picture, Rule, Rules, Severity, Thresholds};
use crate::geometry::{Family, read_wkb};
use crate::load::{EXAMPLES, Staging, Tally, row_name};
use crate::{IngestError, Limits};

/// Areas that are held against each other on threads of their own, beside what the database does.
#[derive(Debug, Default)]
pub(crate) struct Overlaps(Option<JoinHandle<Findings>>);

impl Overlaps {
    /// Waits for what was found.
    pub(crate) async fn found(self, tally: &mut Tally) -> Result<(), IngestError> {
        let Some(task) = self.0 else { return Ok(()) };
        let found = task.await.map_err(|e| IngestError::Reader(e.to_string()))?;
        for (rule, rows, examples) in found.each() {
            tally.found.add_all(rule, rows, examples.to_vec());
        }
        Ok(())
    }
}

/// Looks at the rows that were placed, and begins to look which lie over others. Nothing is told of points and lines, which are neither.
pub(crate) async fn look_at_placed(
    database: &mut PgConnection,
    staging: &Staging,
    family: Family,
    rules: &Rules,
    thresholds: &Thresholds,
    files: &[String],
    tally: &mut Tally,
) -> Result<Overlaps, IngestError> {
    if family != Family::Polygon {
        return Ok(Overlaps::default());
    }
    let failed = IngestError::database("can't look at the areas");
    let look = async {
        invalid(database, staging, files, tally).await?;
        if rules.get(Rule::Overlap) == Severity::Off {
            return Ok(Overlaps::default());
        }
        overlaps(database, staging, thresholds, files, std::mem::take(&mut tally.areas)).await
    };
    look.await.map_err(failed)
}

/// The longer side of a picture.
const PICTURE: f64 = 160.0;

/// Vertices of an area that is still drawn.
const DRAWN: u32 = 5_000;

/// Areas that were invalid: why, how large they are before and after, and what they look like.
async fn invalid(database: &mut PgConnection, staging: &Staging, files: &[String], tally: &mut Tally) -> Result<(), sqlx::Error> {
    let sql = format!(
        "with examples as (
             select _seq, _file, _row, l._geom as before, p.geom as after, count(*) over () as rows
             from {placed} p join {loading} l using (_seq)
             where p.mended and coalesce(p.kept_out, 'invalid') = 'invalid' order by _seq limit {EXAMPLES}
         ), seen as (
             select *, st_isvaliddetail(before) as detail, st_xmin(before) as west, st_ymin(before) as south,
                    st_xmax(before) - st_xmin(before) as width, st_ymax(before) - st_ymin(before) as height
             from examples
         ), sized as (select *, {PICTURE} / greatest(width, height, 0.001) as k from seen)
         select _file, _row, rows, (detail).reason as reason,
                st_area(before) as area_before, coalesce(st_area(after), 0) as area_after,
                st_x(st_centroid(st_envelope(before))) as x, st_y(st_centroid(st_envelope(before))) as y,
                width * k as width, height * k as height,
                case when st_npoints(before) <= {DRAWN} then {drawn_before} end as drawn_before, {drawn_after} as drawn_after,
                (st_x((detail).location) - west) * k as fault_x, (st_y((detail).location) - south) * k as fault_y
         from sized order by _seq",
        placed = staging.placed.sql(),
        loading = staging.loading.sql(),
        drawn_before = drawn("before"),
        drawn_after = drawn("after"),
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
        tally.pictures.extend(picture(row, files)?);
    }
    tally.found.add_all(Rule::InvalidGeometry, count.unsigned_abs(), examples);
    Ok(())
}

/// An area as a path, in the picture's units from its south-western corner; without vertices that nobody could tell apart there.
fn drawn(geometry: &str) -> String {
    format!("st_assvg(st_removerepeatedpoints(st_scale(st_translate({geometry}, -west, -south), k, k), 0.2), 0, 1)")
}

fn picture(row: &sqlx::postgres::PgRow, files: &[String]) -> Result<Option<Picture>, sqlx::Error> {
    let Some(before) = row.try_get("drawn_before")? else { return Ok(None) };
    let after: Option<String> = row.try_get("drawn_after")?;
    let fault = match (row.try_get("fault_x")?, row.try_get("fault_y")?) {
        (Some(x), Some(y)) => Some([x, y]),
        _ => None,
    };
    let (width, height) = (row.try_get("width")?, row.try_get("height")?);
    Ok(Some(Picture { row: name(row, files)?, width, height, before, after: after.unwrap_or_default(), fault }))
}

/// The areas that were placed, beside those at which the database had nothing to look: which share more than the threshold with one of a row
/// before.
async fn overlaps(
    database: &mut PgConnection,
    staging: &Staging,
    thresholds: &Thresholds,
    files: &[String],
    mut areas: Areas,
) -> Result<Overlaps, sqlx::Error> {
    let sql = format!(
        "select _seq, _file, _row, st_asbinary(coalesce(p.geom, l._geom)) as geom
         from {placed} p join {loading} l using (_seq) where p.kept_out is null and l._geom is not null",
        placed = staging.placed.sql(),
        loading = staging.loading.sql(),
    );
    let mut rows = sqlx::query(AssertSqlSafe(sql)).fetch(database);
    while let Some(row) = rows.try_next().await? {
        let (seq, file, number): (i64, i32, i64) = (row.try_get("_seq")?, row.try_get("_file")?, row.try_get("_row")?);
        // as PostGIS writes it, it can be read
        if let Ok(shape) = read_wkb(row.try_get("geom")?, &Limits::default()) {
            areas.add(&shape, seq.unsigned_abs(), file.unsigned_abs() as usize, number.unsigned_abs());
        }
    }
    drop(rows);
    let (at_least, files) = (thresholds.overlap_m2, files.to_vec());
    Ok(Overlaps(Some(tokio::task::spawn_blocking(move || {
        let mut found = Findings::default();
        let name = |file: usize, number: u64| row_name(files.get(file).filter(|_| files.len() > 1).map(String::as_str), number);
        areas.tell(at_least, &name, &mut found);
        found
    }))))
}

fn name(row: &sqlx::postgres::PgRow, files: &[String]) -> Result<String, sqlx::Error> {
    let (file, number): (i32, i64) = (row.try_get("_file")?, row.try_get("_row")?);
    let file = usize::try_from(file).ok().filter(|_| files.len() > 1).and_then(|f| files.get(f));
    Ok(row_name(file.map(String::as_str), number.unsigned_abs()))
}
