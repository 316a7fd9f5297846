//! What nobody holds any more: jobs whose worker died at the last attempt, and those past their time.

use std::time::Duration;

use kernel::{Database, Principal};

/// Ends jobs whose worker died and that may not be tried again, and forgets what has expired.
pub(crate) async fn sweep(database: &Database, keep: Duration) -> Result<(), sqlx::Error> {
    let mut transaction = database.write(&Principal::operator()).await?;
    sqlx::query(
        "update jobs.jobs
            set state = case when cancel then 'cancelled' else 'failed' end,
                error = case when cancel then null else 'the program was stopped while it worked, at each attempt' end,
                lease = null, lease_until = null, finished_at = clock_timestamp(),
                expires_at = clock_timestamp() + make_interval(secs => $1)
          where id in (
              select id from jobs.jobs
               where state = 'running' and lease_until < clock_timestamp() and (cancel or attempt >= attempts)
                 for update skip locked)",
    )
    .bind(keep.as_secs_f64())
    .execute(&mut *transaction)
    .await?;
    sqlx::query("delete from jobs.jobs where expires_at < clock_timestamp()").execute(&mut *transaction).await?;
    transaction.commit().await
}

/// Says that whoever held jobs is dead: for a program that is the only one of its database and holds none yet. They are taken up again after
/// this time, in which the database notices what was going on for the dead.
///
/// # Errors
/// When the database does not answer.
pub async fn take_over(database: &Database, after: Duration) -> Result<(), sqlx::Error> {
    let mut transaction = database.write(&Principal::operator()).await?;
    sqlx::query(
        "update jobs.jobs set lease_until = least(lease_until, clock_timestamp() + make_interval(secs => $1)) where state = 'running'",
    )
    .bind(after.as_secs_f64())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await
}
