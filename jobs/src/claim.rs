//! Taking a job, and keeping it.

use std::time::Duration;

use kernel::{Database, Principal};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::progress::Told;
use crate::who::Who;
use crate::{Job, JobId};

/// A job and the lease under which it is held.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) job: Job,
    pub(crate) lease: Uuid,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    kind: String,
    payload: Value,
    who: Value,
    attempt: i32,
}

/// Takes the job that has waited longest, of the kinds that this worker knows, or one that a dead worker left. Exactly one
/// worker gets it: who comes at the same moment skips the row that is locked.
pub(crate) async fn claim(database: &Database, kinds: &[String], lease: Duration) -> Result<Option<Taken>, sqlx::Error> {
    let token = Uuid::new_v4();
    let mut transaction = database.write(&Principal::operator()).await?;
    let row: Option<Row> = sqlx::query_as(
        "update jobs.jobs
            set state = 'running', attempt = attempt + 1, lease = $1, lease_until = clock_timestamp() + make_interval(secs => $2),
                started_at = coalesce(started_at, clock_timestamp()), percent = 0, message = null
          where id = (
              select id from jobs.jobs
               where kind = any($3)
                 and (state = 'queued' and run_at <= clock_timestamp()
                   or state = 'running' and lease_until < clock_timestamp() and attempt < attempts and not cancel)
               order by run_at, ordinal limit 1 for update skip locked)
      returning id, kind, payload, who, attempt",
    )
    .bind(token)
    .bind(lease.as_secs_f64())
    .bind(kinds)
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(row.map(|row| {
        let who = serde_json::from_value::<Who>(row.who).map_or_else(|_| Principal::anonymous(), Who::principal);
        let job = Job { id: JobId(row.id), kind: row.kind, payload: row.payload, who, attempt: row.attempt };
        Taken { job, lease: token }
    }))
}

/// Renews the lease and writes down how far the work is. Answers whether it is to stop; `None` if the job is somebody else's.
pub(crate) async fn renew(database: &Database, taken: &Taken, lease: Duration, told: &Told) -> Result<Option<bool>, sqlx::Error> {
    let mut transaction = database.write(&Principal::operator()).await?;
    let cancel = sqlx::query_scalar(
        "update jobs.jobs
            set lease_until = clock_timestamp() + make_interval(secs => $3), percent = $4, message = coalesce($5, message)
          where id = $1 and lease = $2 returning cancel",
    )
    .bind(taken.job.id.0)
    .bind(taken.lease)
    .bind(lease.as_secs_f64())
    .bind(told.percent)
    .bind(told.message.as_deref())
    .fetch_optional(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(cancel)
}
