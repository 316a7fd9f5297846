//! What the database is doing for a load ends when the load is told to stop: a statement may take minutes.

use std::time::Duration;

use sqlx::{PgConnection, PgPool};

use crate::{IngestError, Stop};

/// Between two words to the database: what ends may begin another statement before it learns of it.
const AGAIN: Duration = Duration::from_millis(200);

/// The process of the database that serves a connection.
pub(crate) async fn backend(database: &mut PgConnection) -> Result<i32, IngestError> {
    sqlx::query_scalar("select pg_backend_pid()").fetch_one(database).await.map_err(IngestError::database("does not say who serves us"))
}

/// Work that these processes of the database do their part of. Told to stop, it ends with [`IngestError::Cancelled`], unless it was
/// done by then.
pub(crate) async fn unless_stopped<T>(
    owner: &PgPool,
    backends: [i32; 2],
    stop: &Stop,
    work: impl Future<Output = Result<T, IngestError>>,
) -> Result<T, IngestError> {
    let mut work = std::pin::pin!(work);
    let outcome = tokio::select! {
        outcome = &mut work => outcome,
        () = stop.asked() => loop {
            let cancelled = sqlx::query("select pg_cancel_backend(pid) from unnest($1::int[]) pid").bind(backends).execute(owner).await;
            if let Err(error) = cancelled {
                tracing::warn!(cause = %error, "the database can't be told to stop a load; trying again");
            }
            if let Ok(outcome) = tokio::time::timeout(AGAIN, &mut work).await {
                break outcome;
            }
        },
    };
    if outcome.is_err() && stop.is_asked() { Err(IngestError::Cancelled) } else { outcome }
}
