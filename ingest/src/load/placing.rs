//! What PostGIS does with the loaded rows, all at once: mend areas, find each row's comune, keep out what does not fit.

use std::collections::BTreeMap;

use kernel::Bbox;
use kernel::layer::GeometryType;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::feed_rows::row_name;
use super::{Direct, EXAMPLES, Staging, Tally};
use crate::geometry::Family;
use crate::report::Reason;
use crate::rules::{Rule, Severity};
use crate::whose::is_foreign;
use crate::{IngestError, Request};

/// Boundaries are drawn coarsely, and a row that lies a little outside is given to the nearest comune. Beyond this it is
/// kept out, unless the caller says whose it is; metres.
const FAR_M: f64 = 10_000.0;

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Placed {
    /// Whether a row has several parts now.
    pub(crate) several_parts: bool,
    /// Rows inside the boundary; `None` if the caller said the comune.
    pub(crate) inside: Option<u64>,
    /// Rows given to the nearest comune, and the farthest of them, metres.
    pub(crate) outside: u64,
    pub(crate) farthest_m: f64,
    /// Round the rows that are not kept out, in storage.
    pub(crate) bbox: Option<Bbox>,
}

/// Which rows are placed, and into what.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Into<'a> {
    /// The geometry type of the layer that they become rows of, where it is there.
    pub(crate) existing: Option<GeometryType>,
    /// A query of their `_seq`, where it is not all of them.
    pub(crate) only: Option<&'a str>,
}

/// Fills the placed table with what PostGIS has to look at.
pub(crate) async fn place(
    database: &mut PgConnection,
    staging: &Staging,
    family: Family,
    request: &Request,
    into: Into<'_>,
    files: &[String],
    tally: &mut Tally,
) -> Result<Placed, IngestError> {
    let failed = IngestError::database("can't place the rows");
    let only = into.only.map_or_else(String::new, |rows| format!(" and s._seq in ({rows})"));
    run(database, staging, family, request, into.existing, &only, tally.staged > 0).await.map_err(failed)?;
    let summary = IngestError::database("can't sum the rows up");
    count(database, staging, files, request, &only, tally).await.map_err(summary)
}

async fn run(
    database: &mut PgConnection,
    staging: &Staging,
    family: Family,
    request: &Request,
    existing: Option<GeometryType>,
    only: &str,
    any: bool,
) -> Result<(), sqlx::Error> {
    let valid = if family == Family::Polygon { "st_isvalid(s._geom)" } else { "true" };
    let by_place = any && request.comune.is_none();
    if by_place {
        prepare_comuni(database).await?;
    }
    let single = existing.is_some_and(|g| g != g.multi());
    // what needs no look: what is surely valid, in a comune that is known
    let looked_at = if single && family != Family::Polygon { "true" } else { "(s._comune is null or s._sure is not true)" };
    let sql = format!(
        "create unlogged table {placed} as
         select s._seq,
                case when not v.valid then m.geom end as geom,
                not v.valid as mended,
                st_numgeometries(m.geom) as parts,
                coalesce(s._comune, c.id, n.id) as comune,
                coalesce(n.metres, 0) as metres,
                case when {out} and not v.valid then 'invalid'
                     when st_isempty(m.geom) then 'not_mendable'
                     when {single} and st_numgeometries(m.geom) > 1 then 'several_parts'
                     when n.metres > {FAR_M} then 'far_outside'
                     when {foreign} then 'foreign_comune' end as kept_out
         from {loading} s
         cross join lateral (select {valid} as valid offset 0) v
         cross join lateral (select case when v.valid then s._geom
                                         else st_collectionextract(st_makevalid(s._geom), 3) end as geom offset 0) m
         cross join lateral (select st_pointonsurface(m.geom) as p where s._comune is null
                             union all select null where s._comune is not null offset 0) q
         left join lateral (select id from {comuni} b
                            where b.geom && q.p and st_intersects(b.geom, q.p) order by id limit 1) c on true
         left join lateral (select istat as id, st_distance(b.geom, m.geom) as metres from territory.v_comuni b
                            where s._comune is null and c.id is null order by b.geom <-> m.geom limit 1) n on true
         where {looked_at}{only}",
        placed = staging.placed.sql(),
        loading = staging.loading.sql(),
        foreign = is_foreign("coalesce(s._comune, c.id, n.id)", &request.whose),
        out = request.rules().get(Rule::InvalidGeometry) == Severity::KeepOut,
        // asked for nothing when the comune is given or there is no row, but a table has to be there
        comuni = if by_place { "opensit_ingest_comuni" } else { "(select istat as id, geom from territory.v_comuni)" },
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    sqlx::query(AssertSqlSafe(format!("analyze {}", staging.placed.sql()))).execute(database).await?;
    Ok(())
}

/// The comuni in small pieces, so that a point is compared with a hundred vertices and not with ten thousand.
async fn prepare_comuni(database: &mut PgConnection) -> Result<(), sqlx::Error> {
    for sql in [
        "drop table if exists opensit_ingest_comuni",
        "create temporary table opensit_ingest_comuni as select istat as id, st_subdivide(geom, 100) as geom from territory.v_comuni",
        "create index on opensit_ingest_comuni using gist (geom)",
        "analyze opensit_ingest_comuni",
    ] {
        sqlx::query(sql).execute(&mut *database).await?;
    }
    Ok(())
}

async fn count(
    database: &mut PgConnection,
    staging: &Staging,
    files: &[String],
    request: &Request,
    only: &str,
    tally: &mut Tally,
) -> Result<Placed, sqlx::Error> {
    let (placed, loading) = (staging.placed.sql(), staging.loading.sql());
    let names = |row: &sqlx::postgres::PgRow| -> Result<String, sqlx::Error> {
        let (file, number): (i32, i64) = (row.try_get("_file")?, row.try_get("_row")?);
        let file = usize::try_from(file).ok().filter(|_| files.len() > 1).and_then(|f| files.get(f));
        Ok(row_name(file.map(String::as_str), u64::try_from(number).unwrap_or(0)))
    };
    for (reason, name) in [
        (Reason::Invalid, "invalid"),
        (Reason::NotMendable, "not_mendable"),
        (Reason::SeveralParts, "several_parts"),
        (Reason::FarOutside, "far_outside"),
        (Reason::ForeignComune, "foreign_comune"),
    ] {
        let sql = format!(
            "select l._file, l._row, count(*) over () as rows from {placed} p join {loading} l using (_seq)
             where p.kept_out = $1 order by _seq limit {EXAMPLES}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(name).fetch_all(&mut *database).await?;
        let Some(first) = rows.first() else { continue };
        let count: i64 = first.try_get("rows")?;
        let entry = tally.kept_out.entry(reason).or_default();
        entry.0 += u64::try_from(count).unwrap_or(0);
        for row in &rows {
            entry.1.push(names(row)?);
        }
    }
    let sql = format!(
        "select l._file, l._row, count(*) over () as rows from {placed} p join {loading} l using (_seq)
         where p.mended and p.kept_out is null order by _seq limit {EXAMPLES}"
    );
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(&mut *database).await?;
    if let Some(first) = rows.first() {
        let count: i64 = first.try_get("rows")?;
        tally.mended.rows += u64::try_from(count).unwrap_or(0);
        for row in &rows {
            let name = names(row)?;
            if tally.mended.examples.len() < EXAMPLES && !tally.mended.examples.contains(&name) {
                tally.mended.examples.push(name);
            }
        }
    }
    let sql = format!(
        "select coalesce(bool_or(p.parts > 1), false) as several, count(*) filter (where coalesce(p.metres, 0) = 0) as inside,
                count(*) filter (where p.metres > 0) as outside, coalesce(max(p.metres), 0) as farthest,
                st_xmin(st_extent(box)) as west, st_ymin(st_extent(box)) as south,
                st_xmax(st_extent(box)) as east, st_ymax(st_extent(box)) as north
         from {loading} s left join {placed} p using (_seq) cross join lateral (select coalesce(p.geom, s._geom) as box) g
         where p.kept_out is null{only}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(database).await?;
    let number = |name: &str| row.try_get::<i64, _>(name).map(|n| u64::try_from(n).unwrap_or(0));
    let corners = match (row.try_get("west")?, row.try_get("south")?, row.try_get("east")?, row.try_get("north")?) {
        (Some(west), Some(south), Some(east), Some(north)) => Some([west, south, east, north]),
        _ => None,
    };
    let corners = corners.into_iter().chain(tally.direct.bbox).flat_map(|[w, s, e, n]| [(w, s), (e, n)]);
    Ok(Placed {
        several_parts: row.try_get("several")?,
        inside: if request.comune.is_none() { Some(number("inside")? + tally.direct.rows()) } else { None },
        outside: number("outside")?,
        farthest_m: row.try_get("farthest")?,
        bbox: Bbox::around(corners),
    })
}

/// How many rows each comune gets, by ISTAT code; nothing if every row is kept out.
pub(crate) async fn comuni(database: &mut PgConnection, staging: &Staging, direct: &Direct) -> Result<Vec<(String, u64)>, IngestError> {
    let failed = "can't count the rows of each comune";
    let sql = format!(
        "select coalesce(l._comune, p.comune), count(*) from {} l left join {} p using (_seq) where p.kept_out is null group by 1 order by 1",
        staging.loading.sql(),
        staging.placed.sql()
    );
    let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(sql)).fetch_all(database).await.map_err(IngestError::database(failed))?;
    let mut comuni: BTreeMap<String, u64> = direct.comuni.iter().cloned().collect();
    for (comune, rows) in rows {
        *comuni.entry(comune).or_default() += u64::try_from(rows).unwrap_or(0);
    }
    Ok(comuni.into_iter().collect())
}
