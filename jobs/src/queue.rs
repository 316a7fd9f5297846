//! Adding and cancelling, inside the caller's transaction.

use std::time::Duration;

use kernel::{Principal, Role};
use serde::Serialize;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{JobId, who::Who};

/// Why a job can't be added or cancelled.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database.
    #[error("the queue can't be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// What is asked for can't be written as JSON.
    #[error("the job can't be written down: {0}")]
    Payload(#[from] serde_json::Error),
    /// Nobody asks for it.
    #[error("a job belongs to somebody: sign in first")]
    Nobody,
}

/// A job to be added.
#[derive(Clone, Debug)]
pub struct NewJob<'a, T> {
    /// Which handler it is for: lower-case letters, digits, `_`, `.`, `-`.
    pub kind: &'a str,
    /// What is asked for, as JSON.
    pub payload: &'a T,
    /// How often it may be tried, 1 to 100.
    pub attempts: i32,
    /// How long it waits at least.
    pub delay: Duration,
}

impl<'a, T: Serialize> NewJob<'a, T> {
    /// A job that is tried three times, as soon as may be.
    pub fn new(kind: &'a str, payload: &'a T) -> Self {
        Self { kind, payload, attempts: 3, delay: Duration::ZERO }
    }
}

/// Adds a job in the caller's transaction: it exists if that commits.
pub async fn put<T: Serialize>(conn: &mut PgConnection, who: &Principal, new: &NewJob<'_, T>) -> Result<JobId, JobError> {
    if who.role() == Role::Anonymous {
        return Err(JobError::Nobody);
    }
    let id = Uuid::new_v4();
    sqlx::query(
        "insert into jobs.jobs (id, kind, payload, subject, who, attempts, run_at)
         values ($1, $2, $3, $4, $5, $6, clock_timestamp() + make_interval(secs => $7))",
    )
    .bind(id)
    .bind(new.kind)
    .bind(serde_json::to_value(new.payload)?)
    .bind(who.id())
    .bind(serde_json::to_value(Who::from(who))?)
    .bind(new.attempts)
    .bind(new.delay.as_secs_f64())
    .execute(conn)
    .await?;
    Ok(JobId(id))
}

/// Adds a job of the program's own that follows from what somebody without a name did, who could not see or cancel it. Its handler
/// gets nobody as the principal.
pub async fn put_own<T: Serialize>(conn: &mut PgConnection, new: &NewJob<'_, T>) -> Result<JobId, JobError> {
    let id: Uuid = sqlx::query_scalar("select jobs.put_own($1, $2, $3, $4, $5)")
        .bind(new.kind)
        .bind(serde_json::to_value(new.payload)?)
        .bind(serde_json::to_value(Who::from(&Principal::anonymous()))?)
        .bind(new.attempts)
        .bind(new.delay.as_secs_f64())
        .fetch_one(conn)
        .await?;
    Ok(JobId(id))
}

/// Asks for a job to stop: one that waits never starts; one that runs is told within seconds. `None`: they have no such job.
/// `false`: it had ended already.
pub async fn cancel(conn: &mut PgConnection, who: &Principal, id: JobId) -> Result<Option<bool>, sqlx::Error> {
    let before: Option<String> = sqlx::query_scalar("select state from jobs.jobs where id = $1 and (subject = $2 or $3) for update")
        .bind(id.0)
        .bind(who.id())
        .bind(who.may_administer())
        .fetch_optional(&mut *conn)
        .await?;
    let update = match before.as_deref() {
        None => return Ok(None),
        Some("queued") => {
            "update jobs.jobs set state = 'cancelled', cancel = true, finished_at = clock_timestamp(),
                    expires_at = clock_timestamp() + interval '1 day' where id = $1"
        }
        Some("running") => "update jobs.jobs set cancel = true where id = $1",
        Some(_) => return Ok(Some(false)),
    };
    sqlx::query(update).bind(id.0).execute(conn).await?;
    Ok(Some(true))
}
