//! Writing a difference into the layer: three statements, by which rows keep their `fid` and `id`, and their history.

use kernel::Layer;
use sqlx::{AssertSqlSafe, PgConnection};

use super::compare::{CHANGES, VANISHED};
use crate::load::{Staging, insert, listed, own_columns};

/// Writes what differs. The triggers keep what each row was, and let its version grow.
pub(super) async fn apply(database: &mut PgConnection, staging: &Staging, layer: &Layer, keep_vanished: bool) -> Result<(), sqlx::Error> {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let columns = own_columns(layer);
    if !keep_vanished {
        let sql = format!("delete from {table} t using {VANISHED} v where t.fid = v.fid");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    }
    let assigned: String = columns.iter().map(|c| format!(", {name} = l.{name}", name = c.sql())).collect();
    // a geometry that is the same is left where it is stored
    let sql = format!(
        "update {table} t set comune = c.comune, geom = case when c.moved_m is null then t.geom else c.geom end{assigned}
         from {CHANGES} c join {loading} l using (_seq) where t.fid = c.fid"
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    let new = format!(
        "select c.id, c.comune, c.geom{} from {CHANGES} c join {loading} l using (_seq) where c.fid is null order by c._seq",
        listed(&columns, "l")
    );
    insert(database, layer, &format!("id, comune, geom{}", listed(&columns, "")), &new).await?;
    Ok(())
}
