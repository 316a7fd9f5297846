//! The last delivery taken back: its rows become what the history says they were, in one transaction.

use catalogue::store;
use kernel::{Comuni, Layer, LayerId};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use super::delivery::Kept;
use super::{Counts, words};
use crate::load::{self, EXAMPLES, explain, insert, listed, own_columns};
use crate::plan::SCHEMA;
use crate::whose::is_foreign;
use crate::{IngestError, NoUndo};

/// What was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The layer.
    pub layer: LayerId,
    /// The delivery's number.
    pub delivery: i64,
    /// Its files.
    pub files: Vec<String>,
    /// What it had done: `new` rows are gone again, `changed` are as they were, `vanished` are back.
    pub rows: Counts,
    /// How many of them were edited since: that is in the history alone.
    pub edited: u64,
}

impl Undone {
    /// In plain words.
    pub fn text(&self, language: kernel::Language) -> String {
        words::undone(self, language)
    }
}

/// Takes the last delivery of a layer back, as one transaction: the old rows come back under their `fid` and `id`. If some of its rows
/// were edited since it is refused, unless `over_edits`; and if some are of comuni that are not among `whose`. The next one takes back the delivery before.
pub async fn undo(owner: &PgPool, layer: &LayerId, over_edits: bool, whose: &Comuni) -> Result<Undone, IngestError> {
    let mut database = owner.acquire().await.map_err(IngestError::database("has no connection to spare"))?;
    load::lock_layer(&mut database, layer).await?;
    let outcome = locked(&mut database, layer, over_edits, whose).await;
    let unlocked = load::unlock_layer(&mut database, layer).await;
    let undone = outcome?;
    unlocked?;
    Ok(undone)
}

async fn locked(database: &mut PgConnection, id: &LayerId, over_edits: bool, whose: &Comuni) -> Result<Undone, IngestError> {
    let failed = || IngestError::database("can't take the delivery back");
    let mut transaction = database.begin().await.map_err(failed())?;
    let layer = store::get(&mut transaction, id).await?.ok_or_else(|| nothing(id, NoUndo::NoLayer))?;
    if layer.module != SCHEMA {
        return Err(nothing(id, NoUndo::OfModule));
    }
    load::lock(&mut transaction, &layer).await.map_err(failed())?;
    let last = Kept::last(&mut transaction, &layer).await?;
    let kept = last.ok_or_else(|| nothing(id, NoUndo::NoDelivery))?;
    if !matches!(kept.mode.as_str(), "update" | "append") {
        return Err(nothing(id, NoUndo::Whole));
    }
    gather(&mut transaction, &layer, kept.number).await.map_err(failed())?;
    let rows = kept.rows.0;
    let found = scalar(&mut transaction, &format!("select count(*) from {ENTRIES}")).await.map_err(failed())?;
    if found == 0 && kept.mode == "append" {
        return Err(nothing(id, NoUndo::Unrecorded));
    }
    if found != rows.new + rows.changed + rows.vanished {
        return Err(nothing(id, NoUndo::Incomplete));
    }
    let foreign = format!("select count(*) from {ENTRIES} where {} or {}", is_foreign("comune", whose), is_foreign("was_in", whose));
    let foreign = scalar(&mut transaction, &foreign).await.map_err(failed())?;
    if foreign > 0 {
        return Err(IngestError::ForeignRows { layer: id.clone(), rows: foreign });
    }
    let edited = edited(&mut transaction, id, over_edits).await?;
    refuse_taken_ids(&mut transaction, &layer).await?;
    explain(&mut transaction, &format!("delivery {} taken back", kept.number)).await.map_err(failed())?;
    restore(&mut transaction, &layer).await.map_err(failed())?;
    sqlx::query("update opensit.deliveries set undone_at = now(), undone_by = pg_current_xact_id() where number = $1")
        .bind(kept.number)
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
    transaction.commit().await.map_err(failed())?;
    Ok(Undone { layer: id.clone(), delivery: kept.number, files: kept.files, rows, edited })
}

fn nothing(layer: &LayerId, why: NoUndo) -> IngestError {
    IngestError::NothingToUndo { layer: layer.clone(), why }
}

/// The delivery's entries in the history, with whether their rows are there, and whether somebody changed them since.
const ENTRIES: &str = "opensit_ingest_entries";

async fn gather(transaction: &mut PgConnection, layer: &Layer, number: i64) -> Result<(), sqlx::Error> {
    // deliveries since then were all taken back: what they and that wrote is no edit
    let sql = format!(
        "create temporary table {ENTRIES} on commit drop as
         select h.fid, h.operation, h.geom, h.attributes, t.fid is not null as there, h.attributes ->> 'id' as id,
                t.comune, h.attributes ->> 'comune' as was_in,
                h.operation = 'delete' and t.fid is not null
                or exists (select from opensit.row_history s
                            where s.relation = h.relation and s.fid = h.fid and s.version > h.version
                              and not exists (select from opensit.deliveries o
                                               where o.layer = d.layer and o.number > d.number
                                                 and ((o.transaction, o.at) = (s.transaction, s.changed_at)
                                                   or (o.undone_by, o.undone_at) = (s.transaction, s.changed_at)))) as edited
         from opensit.deliveries d
         join opensit.row_history h on h.relation = d.relation and h.changed_at = d.at and h.transaction = d.transaction
         left join {table} t on t.fid = h.fid
         where d.number = {number}",
        table = layer.table.sql()
    );
    sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    sqlx::query(AssertSqlSafe(format!("analyze {ENTRIES}"))).execute(transaction).await?;
    Ok(())
}

async fn scalar(transaction: &mut PgConnection, sql: &str) -> Result<u64, sqlx::Error> {
    let count: i64 = sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(transaction).await?;
    Ok(count.unsigned_abs())
}

async fn edited(transaction: &mut PgConnection, layer: &LayerId, over_edits: bool) -> Result<u64, IngestError> {
    let failed = "can't say what was edited";
    let rows = scalar(transaction, &format!("select count(*) from {ENTRIES} where edited")).await.map_err(IngestError::database(failed))?;
    if rows == 0 || over_edits {
        return Ok(rows);
    }
    let sql = format!("select id from {ENTRIES} where edited order by fid limit {EXAMPLES}");
    let examples = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(transaction).await.map_err(IngestError::database(failed))?;
    Err(IngestError::EditedSince { layer: layer.clone(), rows, examples })
}

async fn refuse_taken_ids(transaction: &mut PgConnection, layer: &Layer) -> Result<(), IngestError> {
    let sql = format!(
        "select e.id from {ENTRIES} e join {table} t on t.id = e.id and t.fid <> e.fid where e.operation <> 'insert' order by e.fid limit {EXAMPLES}",
        table = layer.table.sql()
    );
    let examples: Vec<String> =
        sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(transaction).await.map_err(IngestError::database("can't compare ids"))?;
    if examples.is_empty() { Ok(()) } else { Err(IngestError::IdsTaken { layer: layer.id.clone(), examples }) }
}

async fn restore(transaction: &mut PgConnection, layer: &Layer) -> Result<(), sqlx::Error> {
    let table = layer.table.sql();
    let columns = own_columns(layer);
    let assigned: String = columns.iter().map(|c| format!(", {name} = r.{name}", name = c.sql())).collect();
    let was = format!("cross join lateral jsonb_populate_record(null::{table}, e.attributes) r");
    for sql in [
        format!("delete from {table} t using {ENTRIES} e where t.fid = e.fid and e.operation = 'insert'"),
        format!(
            "update {table} t set id = r.id, comune = r.comune, geom = case when t.geom is distinct from e.geom then e.geom else t.geom end{assigned}
             from {ENTRIES} e {was} where t.fid = e.fid and e.operation <> 'insert'"
        ),
    ] {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
    }
    // as a feature that is restored: its return has a number of its own, and so has what it becomes
    let back = format!(
        "select e.fid, r.id, r.comune, (select max(version) + 2 from opensit.row_history h where h.relation = '{relation}' and h.fid = e.fid),
                e.geom{}
         from {ENTRIES} e {was} where e.operation <> 'insert' and not e.there order by e.fid",
        listed(&columns, "r"),
        relation = layer.table
    );
    insert(transaction, layer, &format!("fid, id, comune, version, geom{}", listed(&columns, "")), &back).await?;
    Ok(())
}
