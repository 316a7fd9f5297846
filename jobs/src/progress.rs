use std::sync::Arc;

use sqlx::PgConnection;
use tokio::sync::watch;
use uuid::Uuid;

use crate::JobId;

/// The job is no longer this worker's: it was cancelled, or its lease ran out and somebody else took it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the job is no longer held")]
pub struct LostLease;

/// How far a handler says it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) percent: i32,
    pub(crate) message: Option<String>,
}

/// A handler's link to its job. Cheap to clone, also into blocking threads.
#[derive(Clone, Debug)]
pub struct Progress {
    job: JobId,
    lease: Uuid,
    told: Arc<watch::Sender<Told>>,
    stop: watch::Receiver<bool>,
}

impl Progress {
    pub(crate) fn new(job: JobId, lease: Uuid, told: Arc<watch::Sender<Told>>, stop: watch::Receiver<bool>) -> Self {
        Self { job, lease, told, stop }
    }

    /// Says how far the work is (0 to 100) and what is being done. Written with the next renewal of the lease; costs nothing.
    pub fn set(&self, percent: u8, message: impl Into<String>) {
        let message = message.into().chars().filter(|c| *c != '\0').take(300).collect();
        self.told.send_replace(Told { percent: i32::from(percent.min(100)), message: Some(message) });
    }

    /// Whether the work shall stop: it was cancelled, the lease is lost, or the program ends. Return
    /// [`Failure::Cancelled`](crate::Failure::Cancelled) then; who doesn't is dropped at its next `await` after a grace.
    pub fn cancelled(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until the work shall stop.
    pub async fn until_cancelled(&self) {
        let mut stop = self.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Makes the handler's own transaction depend on the job: while it is open nobody else can take the job, and it fails if
    /// somebody has. Call it last before the commit, so that what a worker thought dead did is not there twice.
    pub async fn fence(&self, conn: &mut PgConnection) -> Result<(), LostLease> {
        let held: Result<Option<i32>, _> =
            sqlx::query_scalar("select 1 from jobs.jobs where id = $1 and lease = $2 and not cancel for update")
                .bind(self.job.0)
                .bind(self.lease)
                .fetch_optional(conn)
                .await;
        if matches!(held, Ok(Some(_))) { Ok(()) } else { Err(LostLease) }
    }
}
