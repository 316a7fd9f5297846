//! How an attempt ends. Each way asks for the lease: who lost it changes nothing.

use std::time::Duration;

use kernel::{Database, Principal};
use sqlx::PgConnection;

use crate::claim::Taken;
use crate::{Failure, Output};

/// How an attempt ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Done(Output),
    Failed(Failure),
    /// The program ends: another worker goes on, and the attempt does not count.
    Released,
}

/// How long ended jobs are kept, and the first wait before another attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keeping {
    pub(crate) keep: Duration,
    pub(crate) retry_after: Duration,
}

/// Writes the end of an attempt. `false`: the job was no longer held, and nothing was written.
pub(crate) async fn finish(database: &Database, taken: &Taken, ending: &Ending, keeping: Keeping) -> Result<bool, sqlx::Error> {
    let mut transaction = database.write(&Principal::operator()).await?;
    let conn: &mut PgConnection = &mut transaction;
    let held = match ending {
        Ending::Done(output) => done(conn, taken, output, keeping).await?,
        Ending::Released => release(conn, taken, keeping).await?,
        Ending::Failed(Failure::Again(error)) => again(conn, taken, error, keeping).await?,
        Ending::Failed(Failure::Final(error)) => end(conn, taken, "failed", Some(error), keeping).await?,
        Ending::Failed(Failure::Cancelled) => end(conn, taken, "cancelled", None, keeping).await?,
    };
    transaction.commit().await?;
    Ok(held)
}

async fn done(conn: &mut PgConnection, taken: &Taken, output: &Output, keeping: Keeping) -> Result<bool, sqlx::Error> {
    if !end(conn, taken, "done", None, keeping).await? {
        return Ok(false);
    }
    sqlx::query("insert into jobs.results (job, media_type, name, content) values ($1, $2, $3, $4)")
        .bind(taken.job.id.0)
        .bind(&output.media_type)
        .bind(output.name.as_deref())
        .bind(&output.content)
        .execute(conn)
        .await?;
    Ok(true)
}

async fn end(conn: &mut PgConnection, taken: &Taken, state: &str, error: Option<&str>, keeping: Keeping) -> Result<bool, sqlx::Error> {
    let ended = sqlx::query(
        "update jobs.jobs
            set state = $3, error = $4, lease = null, lease_until = null, finished_at = clock_timestamp(),
                percent = case when $3 = 'done' then 100 else percent end,
                expires_at = clock_timestamp() + make_interval(secs => $5)
          where id = $1 and lease = $2",
    )
    .bind(taken.job.id.0)
    .bind(taken.lease)
    .bind(state)
    .bind(error.map(tidy))
    .bind(keeping.keep.as_secs_f64())
    .execute(conn)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Back into the queue, each time for four times as long, an hour at most, give or take a fifth; or the end, if it was the last
/// attempt or somebody cancelled meanwhile.
async fn again(conn: &mut PgConnection, taken: &Taken, error: &str, keeping: Keeping) -> Result<bool, sqlx::Error> {
    let wait = keeping.retry_after.as_secs_f64() * 4_f64.powi(taken.job.attempt.clamp(1, 20) - 1);
    let queued = sqlx::query(
        "update jobs.jobs
            set state = 'queued', error = $3, lease = null, lease_until = null,
                run_at = clock_timestamp() + make_interval(secs => least($4, 3600) * (0.8 + 0.4 * random()))
          where id = $1 and lease = $2 and attempt < attempts and not cancel",
    )
    .bind(taken.job.id.0)
    .bind(taken.lease)
    .bind(tidy(error))
    .bind(wait)
    .execute(&mut *conn)
    .await?;
    if queued.rows_affected() == 1 {
        return Ok(true);
    }
    let cancelled: Option<bool> = sqlx::query_scalar("select cancel from jobs.jobs where id = $1 and lease = $2")
        .bind(taken.job.id.0)
        .bind(taken.lease)
        .fetch_optional(&mut *conn)
        .await?;
    match cancelled {
        None => Ok(false),
        Some(true) => end(conn, taken, "cancelled", None, keeping).await,
        Some(false) => end(conn, taken, "failed", Some(error), keeping).await,
    }
}

async fn release(conn: &mut PgConnection, taken: &Taken, keeping: Keeping) -> Result<bool, sqlx::Error> {
    let released = sqlx::query(
        "update jobs.jobs
            set state = 'queued', attempt = attempt - 1, lease = null, lease_until = null, run_at = clock_timestamp()
          where id = $1 and lease = $2 and not cancel",
    )
    .bind(taken.job.id.0)
    .bind(taken.lease)
    .execute(&mut *conn)
    .await?;
    // nobody needs to take it up again only to learn that it was cancelled
    Ok(released.rows_affected() == 1 || end(conn, taken, "cancelled", None, keeping).await?)
}

/// As the database can keep it, and short enough to be shown.
fn tidy(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(2000).collect()
}
