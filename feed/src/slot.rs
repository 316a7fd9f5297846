//! The replication slot, by SQL on an ordinary connection.

use std::time::Duration;

use kernel::Position;
use sqlx::{PgConnection, Row};
use uuid::Uuid;

use crate::run::FeedError;

/// What the slots of an installation's feeds begin with.
pub(crate) fn prefix(instance: Uuid) -> String {
    format!("opensit_feed_{:.12}_", instance.simple().to_string())
}

/// A slot as the database has it.
#[derive(Debug)]
pub(crate) struct State {
    /// Whether somebody reads it.
    pub(crate) active: bool,
    /// Whether the database has given up the log it would need.
    pub(crate) lost: bool,
    /// How much log is kept for it, bytes.
    pub(crate) retained_bytes: u64,
    /// The end of the database's log.
    pub(crate) end: Position,
}

/// Drops what killed runs of this installation left behind. Slots that somebody reads are another server's: they stay.
pub(crate) async fn reap(sql: &mut PgConnection, instance: Uuid) -> Result<(), FeedError> {
    let left: Vec<String> = sqlx::query_scalar(
        "select slot_name::text from pg_replication_slots
          where starts_with(slot_name::text, $1) and not active and database = current_database()",
    )
    .bind(prefix(instance))
    .fetch_all(&mut *sql)
    .await?;
    for name in left {
        // between the two statements its reader may have come back: then it is no left-over
        match sqlx::query("select pg_drop_replication_slot($1)").bind(&name).execute(&mut *sql).await {
            Ok(_) => tracing::info!(slot = name, "dropped a replication slot that an earlier run left behind"),
            Err(error) => tracing::warn!(slot = name, cause = %error, "a replication slot of an earlier run can't be dropped"),
        }
    }
    Ok(())
}

/// Makes a slot; returns its name and where it begins. Waits until every transaction that is writing now has ended.
pub(crate) async fn create(sql: &mut PgConnection, instance: Uuid) -> Result<(String, Position), FeedError> {
    let row = sqlx::query(
        "select slot_name::text, lsn::text
           from pg_create_logical_replication_slot($1 || left(gen_random_uuid()::text, 8), 'pgoutput', false)",
    )
    .bind(prefix(instance))
    .fetch_one(sql)
    .await?;
    Ok((row.try_get(0)?, position(row.try_get(1)?)?))
}

/// How the slot is doing; `None` if there is no such slot any more.
pub(crate) async fn state(sql: &mut PgConnection, name: &str) -> Result<Option<State>, FeedError> {
    let row = sqlx::query(
        "select active,
                coalesce(wal_status = 'lost', false),
                greatest(coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0), 0)::bigint,
                pg_current_wal_lsn()::text
           from pg_replication_slots
          where slot_name = $1",
    )
    .bind(name)
    .fetch_optional(sql)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let retained: i64 = row.try_get(2)?;
    Ok(Some(State {
        active: row.try_get(0)?,
        lost: row.try_get(1)?,
        retained_bytes: retained.unsigned_abs(),
        end: position(row.try_get(3)?)?,
    }))
}

/// Drops a slot, whose reader may still be on its way out.
pub(crate) async fn drop(sql: &mut PgConnection, name: &str) -> Result<(), FeedError> {
    const IN_USE: &str = "55006";
    const UNKNOWN: &str = "42704";
    for _ in 0..40 {
        match sqlx::query("select pg_drop_replication_slot($1)").bind(name).execute(&mut *sql).await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some(UNKNOWN) => return Ok(()),
            Err(sqlx::Error::Database(e)) if e.code().as_deref() == Some(IN_USE) => tokio::time::sleep(Duration::from_millis(50)).await,
            Err(error) => return Err(error.into()),
        }
    }
    Err(FeedError::Busy(name.to_owned()))
}

fn position(text: String) -> Result<Position, FeedError> {
    text.parse().map_err(|_| FeedError::Position(text))
}

#[cfg(test)]
mod tests {
    use super::prefix;
    use uuid::Uuid;

    #[test]
    fn a_slot_is_named_after_the_installation_and_fits() {
        let prefix = prefix(Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0));
        assert_eq!(prefix, "opensit_feed_123456789abc_");
        assert!(prefix.len() + 8 < 64);
    }
}
