//! What differs between the staged rows and the layer's: by joins in the database, in three tables that the transaction takes along
//! when it ends.

use kernel::{Comuni, Layer};
use sqlx::{AssertSqlSafe, PgConnection};

use super::Held;
use crate::load::{Staging, geometry_sql, own_columns};
use crate::whose::is_foreign;

/// Staged rows (`_seq`) that differ from the layer's row of their key (`fid`), or have none; `looked`: their place does.
pub(super) const DIFFERENT: &str = "opensit_ingest_different";
/// Those that still do after they were mended and placed, with what is written: `id`, `what`, `geom`, `comune`, `fields`, `moved_m`.
pub(super) const CHANGES: &str = "opensit_ingest_changes";
/// The layer's rows (`fid`) that the delivery lacks.
pub(super) const VANISHED: &str = "opensit_ingest_vanished";

/// Vertices of two outlines whose distance is measured all along; of longer ones the sides of their boxes are compared.
const MEASURED_VERTICES: u32 = 2_000;

/// Finds the rows that may differ, among those that were staged: all, or those that are not in `held` as they are. A geometry that is the same
/// byte by byte needs no second look: it was mended and placed when it came first.
pub(super) async fn find_different(
    database: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    comune_is_told: bool,
    held: Option<&Held>,
) -> Result<(), sqlx::Error> {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let values: String = own_columns(layer).iter().map(|c| format!(" or l.{name} is distinct from t.{name}", name = c.sql())).collect();
    let comune = if comune_is_told { " or l._comune <> t.comune" } else { "" };
    for sql in [
        format!("analyze {loading} (_seq, _key)"),
        format!(
            "create temporary table {DIFFERENT} on commit drop as
             select l._seq, t.fid, t.fid is null or l._geom is distinct from t.geom as looked
             from {loading} l left join {table} t on t.id = l._key
             where l._geom is not null and (t.fid is null{values}{comune} or l._geom is distinct from t.geom)"
        ),
        format!("analyze {DIFFERENT}"),
        format!("create temporary table {VANISHED} (fid bigint) on commit drop"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    }
    // what is kept out of a delivery is staged without a geometry, and known as delivered: it has not vanished
    let vanished = match held {
        Some(_) => "select unnest($1::bigint[])".to_owned(),
        None => {
            format!("select t.fid from {table} t where $1::bigint[] is null and not exists (select from {loading} l where l._key = t.id)")
        }
    };
    let vanished = format!("insert into {VANISHED} {vanished}");
    sqlx::query(AssertSqlSafe(vanished)).bind(held.map(Held::vanished)).execute(&mut *database).await?;
    sqlx::query(AssertSqlSafe(format!("analyze {VANISHED}"))).execute(database).await?;
    Ok(())
}

/// Takes back what would be done to rows that are there and are not theirs: one that differs is staged as one that is kept out, and none
/// vanishes. The file and the number of each of the former, in their order.
pub(super) async fn leave_foreign(
    database: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    whose: &Comuni,
) -> Result<Vec<(i32, i64)>, sqlx::Error> {
    if *whose == Comuni::All {
        return Ok(Vec::new());
    }
    let (loading, table, foreign) = (staging.loading.sql(), layer.table.sql(), is_foreign("t.comune", whose));
    let vanished = format!("delete from {VANISHED} v using {table} t where t.fid = v.fid and {foreign}");
    sqlx::query(AssertSqlSafe(vanished)).execute(&mut *database).await?;
    let different = format!(
        "with foreign_rows as (delete from {DIFFERENT} d using {table} t where t.fid = d.fid and {foreign} returning d._seq),
              left_out as (update {loading} l set _geom = null from foreign_rows f where l._seq = f._seq returning l._seq, l._file, l._row)
         select _file, _row from left_out order by _seq"
    );
    sqlx::query_as(AssertSqlSafe(different)).fetch_all(database).await
}

/// The rows that PostGIS has to look at.
pub(super) fn looked() -> String {
    format!("select _seq from {DIFFERENT} where looked")
}

/// Says of each row that differs what does, after those whose place differs were mended and placed.
pub(super) async fn describe(
    database: &mut PgConnection,
    staging: &Staging,
    layer: &Layer,
    comune_is_told: bool,
) -> Result<(), sqlx::Error> {
    let (loading, placed, table) = (staging.loading.sql(), staging.placed.sql(), layer.table.sql());
    let fields: Vec<String> = own_columns(layer)
        .iter()
        .map(|c| format!("case when l.{name} is distinct from t.{name} then '{plain}' end", name = c.sql(), plain = c.as_str()))
        .collect();
    let fields =
        if fields.is_empty() { "'{}'::text[]".to_owned() } else { format!("array_remove(array[{}]::text[], null)", fields.join(", ")) };
    let geometry = geometry_sql(layer);
    let told = comune_is_told;
    for sql in [
        format!(
            "create temporary table {CHANGES} on commit drop as
             select d._seq, d.fid, l._key as id, g.geom, f.fields,
                    case when d.looked or {told} then coalesce(l._comune, p.comune, t.comune) else t.comune end as comune,
                    t.comune as was_in,
                    case when d.fid is null or g.geom is not distinct from t.geom then null
                         when st_npoints(g.geom) + st_npoints(t.geom) <= {MEASURED_VERTICES} then st_hausdorffdistance(g.geom, t.geom)
                         else greatest(abs(st_xmin(g.geom) - st_xmin(t.geom)), abs(st_ymin(g.geom) - st_ymin(t.geom)),
                                       abs(st_xmax(g.geom) - st_xmax(t.geom)), abs(st_ymax(g.geom) - st_ymax(t.geom))) end as moved_m
             from {DIFFERENT} d
             join {loading} l using (_seq)
             left join {placed} p using (_seq)
             left join {table} t on t.fid = d.fid
             cross join lateral (select {geometry} as geom offset 0) g
             cross join lateral (select case when d.fid is null then '{{}}' else {fields} end as fields offset 0) f
             where p.kept_out is null"
        ),
        // what was mended now was mended so before
        format!(
            "delete from {CHANGES}
              where fid is not null and fields = '{{}}' and moved_m is null and comune is not distinct from was_in"
        ),
        format!("create index on {CHANGES} (fid)"),
        format!("analyze {CHANGES} (fid, _seq)"),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    }
    Ok(())
}
