use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use thiserror::Error;

use super::rows::Table;

/// What taking an import back did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undone {
    /// The import.
    pub number: i64,
    /// Rows that are no more.
    pub removed: u64,
    /// Rows that hold again.
    pub restored: u64,
    /// Whether it brought records of the census too, which stay.
    pub census_stays: bool,
}

/// Why an import can't be taken back.
#[derive(Debug, Error)]
pub enum UndoError {
    /// There is none to be taken back.
    #[error("there is no import to take back")]
    None,
    /// It is not the last one.
    #[error("import {asked} is not the last one that counts, which is {last}: take that one back first")]
    NotLast {
        /// The one that was asked for.
        asked: i64,
        /// The last one.
        last: i64,
    },
    /// It brought nothing but records of the census, which are written over.
    #[error("import {0} brought nothing but the census, whose state before was not kept: import the extraction before it again")]
    Census(i64),
    /// The database did not do its part.
    #[error("the database refused: {0}. Nothing was taken back")]
    Database(#[from] sqlx::Error),
}

/// Takes the last import back, in one transaction: its rows are no more, and what it ended holds again. `number` says which one is meant.
pub async fn undo(conn: &mut PgConnection, number: Option<i64>, by: &str) -> Result<Undone, UndoError> {
    let mut transaction = conn.begin().await?;
    sqlx::query("select pg_advisory_xact_lock(hashtext('cadastre.imports')), set_config('opensit.actor', $1, true)")
        .bind(by)
        .execute(&mut *transaction)
        .await?;
    // what the census was before is not kept: an import of nothing else is passed over, and of the others the census stays
    let last: Option<i64> = sqlx::query_scalar(
        "select max(number) from cadastre.imports i where undone_at is null
            and exists (select from jsonb_to_recordset(i.counts) c (layer text, new bigint, changed bigint, gone bigint)
                         where c.layer = any($1) and c.new + c.changed + c.gone > 0)",
    )
    .bind(Table::ALL.map(Table::name).as_slice())
    .fetch_one(&mut *transaction)
    .await?;
    if let Some(asked) = number.filter(|asked| Some(*asked) != last) {
        let census: bool =
            sqlx::query_scalar("select exists (select from cadastre.imports where number = $1 and undone_at is null) and $2 <= $1")
                .bind(asked)
                .bind(last.unwrap_or(0))
                .fetch_one(&mut *transaction)
                .await?;
        return Err(match last {
            _ if census => UndoError::Census(asked),
            Some(last) => UndoError::NotLast { asked, last },
            None => UndoError::None,
        });
    }
    let last = last.ok_or(UndoError::None)?;
    let census_stays: bool = sqlx::query_scalar(
        "select exists (select from jsonb_to_recordset(counts) c (layer text, new bigint, changed bigint)
                         where c.layer <> all($2) and c.new + c.changed > 0) from cadastre.imports where number = $1",
    )
    .bind(last)
    .bind(Table::ALL.map(Table::name).as_slice())
    .fetch_one(&mut *transaction)
    .await?;
    let (mut removed, mut restored) = (0, 0);
    for table in Table::ALL {
        let name = table.name();
        for (count, sql) in [
            (&mut removed, format!("delete from cadastre.{name} where imported = $1")),
            (&mut restored, format!("update cadastre.{name} set valid_to = null, ended = null where ended = $1")),
        ] {
            *count += sqlx::query(AssertSqlSafe(sql)).bind(last).execute(&mut *transaction).await?.rows_affected();
        }
    }
    for sql in ["delete from cadastre.lineage where imported = $1", "delete from cadastre.map_files where imported = $1"] {
        sqlx::query(sql).bind(last).execute(&mut *transaction).await?;
    }
    sqlx::query("update cadastre.imports set undone_at = now(), undone_by = $2 where number = $1")
        .bind(last)
        .bind(by)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(Undone { number: last, removed, restored, census_stays })
}
