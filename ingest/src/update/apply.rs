//! Writing a difference into the layer: three statements, by which rows keep their `fid` and `id`, and their history.

use kernel::Layer;
use sqlx::{AssertSqlSafe, PgConnection};

use super::compare::{CHANGES, VANISHED};
use crate::load::Staging;

/// Longest reason that the history takes.
const LONGEST_REASON: usize = 500;

/// Writes what differs. The triggers keep what each row was, and let its version grow; of new rows it is kept here that this
/// delivery made them, by which it can be taken back.
pub(super) async fn apply(database: &mut PgConnection, staging: &Staging, layer: &Layer, keep_vanished: bool) -> Result<(), sqlx::Error> {
    let (loading, table) = (staging.loading.sql(), layer.table.sql());
    let names: String = layer.fields.iter().map(|f| format!(", {}", f.name.sql())).collect();
    let values: String = layer.fields.iter().map(|f| format!(", l.{}", f.name.sql())).collect();
    let assigned: String = layer.fields.iter().map(|f| format!(", {name} = l.{name}", name = f.name.sql())).collect();
    let gone = if keep_vanished { "false" } else { "t.fid = v.fid" };
    for sql in [
        format!("delete from {table} t using {VANISHED} v where {gone}"),
        // a geometry that is the same is left where it is stored
        format!(
            "update {table} t set comune = c.comune, geom = case when c.moved_m is null then t.geom else c.geom end{assigned}
             from {CHANGES} c join {loading} l using (_seq) where t.fid = c.fid"
        ),
        format!(
            "with made as (
                 insert into {table} (id, comune, geom{names})
                 select c.id, c.comune, c.geom{values} from {CHANGES} c join {loading} l using (_seq) where c.fid is null order by c._seq
                 returning fid, version, id, comune
             )
             insert into opensit.row_history (relation, fid, version, operation, attributes, reason)
             select '{relation}', fid, version - 1, 'insert', jsonb_build_object('id', id, 'comune', comune), current_setting('opensit.reason')
             from made",
            relation = layer.table
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *database).await?;
    }
    Ok(())
}

/// Says why rows change, for the history, until the transaction ends.
pub(super) async fn explain(database: &mut PgConnection, reason: &str) -> Result<(), sqlx::Error> {
    let reason: String = reason.chars().take(LONGEST_REASON).collect();
    sqlx::query("select set_config('opensit.reason', $1, true)").bind(reason).execute(database).await?;
    Ok(())
}
