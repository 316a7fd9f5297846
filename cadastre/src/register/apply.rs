//! What differs is written: what was ends, what is begins, and it is kept what became of what.

use sqlx::{AssertSqlSafe, PgConnection};

use super::rows::Table;

/// Ground that two parcels must share to be one of the other's, m², and the part of the smaller: less is drawing.
pub(super) const SHARED_M2: f64 = 1.0;
const SHARED_PART: f64 = 0.02;

/// Ends what changed or is gone, and begins what is new or changed. The register's own (what the census says of a parcel, what is known of a
/// building) goes on from one version to the next.
pub(super) async fn write(conn: &mut PgConnection, table: Table, import: i64) -> Result<(), sqlx::Error> {
    let name = table.name();
    let end = format!(
        "update cadastre.{name} c set valid_to = m.since, ended = $2
           from differing d, arriving_maps m
          where d.kind = $1 and d.what in ('changed', 'gone') and c.fid = d.fid and m.map = left(c.id, 11)"
    );
    sqlx::query(AssertSqlSafe(end)).bind(table as i16).bind(import).execute(&mut *conn).await?;
    let (columns, values): (Vec<_>, Vec<_>) = table.own_columns().iter().copied().unzip();
    let begin = format!(
        "insert into cadastre.{name} (id, comune, section, attachment, development, imported, valid_from, geom, {})
         select a.id, a.comune, a.section, a.attachment, a.development, $2, m.since, {}, {}
           from differing d join arriving a on a.row = d.row join arriving_maps m on m.map = a.map left join cadastre.{name} c on c.fid = d.fid
          where d.kind = $1 and d.what in ('new', 'changed')",
        columns.join(", "),
        if table == Table::Findings { "st_multi(a.geom)" } else { "a.geom" },
        values.join(", "),
    );
    sqlx::query(AssertSqlSafe(begin)).bind(table as i16).bind(import).execute(conn).await.map(|_| ())
}

/// Keeps which parcels are made of the ground of which: those that end or shrink, and those that begin or grow. Returns how many pairs.
pub(super) async fn lineage(conn: &mut PgConnection, import: i64) -> Result<u64, sqlx::Error> {
    sqlx::query(
        "insert into cadastre.lineage (parent, child, day, area_m2, imported)
         select parent, child, day, max(shared), $1 from (
             select regexp_replace(old.id, '-[0-9]+$', '') as parent, regexp_replace(new.id, '-[0-9]+$', '') as child, m.day,
                    st_area(st_intersection(old.geom, new.geom)) as shared, least(st_area(old.geom), st_area(new.geom)) as smaller
               from cadastre.parcels old
               join arriving_maps m on m.map = left(old.id, 11)
               join cadastre.parcels new on new.imported = $1 and new.geom && old.geom and new.valid_from = m.since
              where old.ended = $1 and old.kind = 'land' and new.kind = 'land'
         ) pairs
          where parent <> child and shared > $2 and shared > $3 * smaller
          group by parent, child, day
         on conflict do nothing",
    )
    .bind(import)
    .bind(SHARED_M2)
    .bind(SHARED_PART)
    .execute(conn)
    .await
    .map(|done| done.rows_affected())
}
