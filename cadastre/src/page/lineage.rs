//! What a parcel came from, and what became of it.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{Layer, Principal};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use super::record::valid_at;

/// How many parcels are told, and how many followed.
const MOST: i64 = 1_000;

/// A parcel that has ground in common with another, before or after it.
#[derive(Clone, Debug, PartialEq, FromRow)]
pub(super) struct Relative {
    pub(super) id: String,
    pub(super) day: NaiveDate,
    /// Of the ground that both have.
    pub(super) area_m2: f64,
}

/// Both ways.
#[derive(Clone, Debug, Default)]
pub(super) struct Lineage {
    pub(super) came_from: Vec<Relative>,
    pub(super) became: Vec<Relative>,
    /// What there is now of all that came of it, by id.
    pub(super) present: Vec<String>,
}

impl Lineage {
    pub(super) async fn read(
        conn: &mut PgConnection,
        layer: &Layer,
        who: &Principal,
        id: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, sqlx::Error> {
        let came_from = sqlx::query_as(
            "select parent as id, day, area_m2 from cadastre.lineage where child = $1 and parent <> $1
              order by day, parent collate opensit.natural_order limit $2",
        );
        let came_from = came_from.bind(id).bind(MOST).fetch_all(&mut *conn).await?;
        let became = sqlx::query_as(
            "select child as id, day, area_m2 from cadastre.lineage where parent = $1 and child <> $1
              order by day, child collate opensit.natural_order limit $2",
        );
        let became: Vec<Relative> = became.bind(id).bind(MOST).fetch_all(&mut *conn).await?;
        let present = if became.is_empty() { Vec::new() } else { present(conn, layer, who, id, now).await? };
        Ok(Self { came_from, became, present })
    }
}

async fn present(
    conn: &mut PgConnection,
    layer: &Layer,
    who: &Principal,
    id: &str,
    now: DateTime<Utc>,
) -> Result<Vec<String>, sqlx::Error> {
    // each is followed once, whatever circle an error of the register makes
    let mut sql = QueryBuilder::new("with recursive became as (select child from cadastre.lineage where parent = ");
    sql.push_bind(id);
    sql.push(" union select l.child from became b join cadastre.lineage l on l.parent = b.child) select id from ");
    sql.push(layer.seen_by(who, "seen"));
    sql.push(" where id = any(array(select child from became limit ").push_bind(MOST).push(")) and id <> ").push_bind(id).push(" and ");
    valid_at(now, layer, &mut sql);
    sql.push(" order by id collate opensit.natural_order");
    sql.build_query_scalar().fetch_all(conn).await
}
