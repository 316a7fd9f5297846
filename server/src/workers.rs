//! Background work that this server does: one line for each kind of jobs.

use std::future::Future;
use std::time::Duration;

use deliveries::Deliveries;
use jobs::{Settings, Worker};
use kernel::{Database, Services};
use tokio::task::JoinHandle;

use crate::commands::serve::GRACE;
use crate::exports::{self, Exports};
use crate::imports::{self, Imports};

/// How long a handler that is told to stop may go on: what is handed back must be written before the server's own grace is over.
const HANDLERS_GRACE: Duration = Duration::from_millis(1_500);
const _: () = assert!(HANDLERS_GRACE.as_millis() < GRACE.as_millis());

/// The worker with the handlers of all themes, each a line `.on("theme.kind", …)`.
pub(crate) fn worker(services: &Services) -> Worker {
    let photos = services.clone();
    Worker::new(services.context.database.clone(), Settings { grace: HANDLERS_GRACE, ..Settings::default() })
        .on(reports::PHOTO_JOB, move |job, _| reports::write_anew(photos.clone(), job))
}

/// The worker that loads what is sent: apart from the other, so that a photo does not wait for a cadastre.
pub(crate) fn loader(database: Database, deliveries: &Deliveries, at_a_time: usize) -> Worker {
    let worker = Worker::new(database, Settings { grace: HANDLERS_GRACE, at_a_time, ..Settings::default() });
    deliveries::KINDS.into_iter().fold(worker, |worker, kind| {
        let deliveries = deliveries.clone();
        worker.on(kind, move |job, progress| deliveries::work(deliveries.clone(), job, progress))
    })
}

/// The worker that writes layers as files: apart from the others, so that neither waits for it.
pub(crate) fn exporter(exports: Exports) -> Worker {
    let settings = Settings { grace: HANDLERS_GRACE, ..Settings::default() };
    exports::on(Worker::new(exports.context.database.clone(), settings), exports)
}

/// The worker that imports files of the cadastre, one after the other.
pub(crate) fn importer(imports: Imports) -> Worker {
    let settings = Settings { grace: HANDLERS_GRACE, at_a_time: 1, ..Settings::default() };
    imports::on(Worker::new(imports.context.database.clone(), settings), imports)
}

/// A worker at work. Dropped, it stops at once; what it had not ended is taken up again when its lease has run out.
#[derive(Debug)]
pub(crate) struct Working(Option<JoinHandle<()>>);

impl Working {
    /// Begins, until `stop`. One without handlers would ask the database for nothing, again and again: it does not begin.
    pub(crate) fn start(worker: Worker, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        Self((!worker.is_idle()).then(|| tokio::spawn(worker.run(stop))))
    }

    /// Ends when it has stopped and handed back what it had not ended; at once if it never began.
    pub(crate) async fn ended(&mut self) {
        if let Some(task) = &mut self.0
            && let Err(error) = task.await
        {
            tracing::error!(cause = %error, "background work broke off");
        }
        self.0 = None;
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jobs::{Failure, Settings, Worker};
    use kernel::Database;
    use sqlx::postgres::PgPoolOptions;
    use tokio::sync::oneshot;

    use super::Working;

    /// On a database that is away.
    fn worker() -> Worker {
        let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500));
        let pool = pool.connect_lazy("postgresql://nobody@127.0.0.1:1/nothing").unwrap();
        Worker::new(Database::new(pool), Settings::default())
    }

    #[tokio::test]
    async fn a_worker_without_handlers_does_not_begin() {
        let mut working = Working::start(worker(), std::future::pending());
        assert!(working.0.is_none());
        working.ended().await;
    }

    #[tokio::test]
    async fn a_worker_ends_when_it_is_told_to() {
        let (stop, stopped) = oneshot::channel::<()>();
        let worker = worker().on("x", |_, _| async { Err(Failure::Cancelled) });
        let mut working = Working::start(worker, async { drop(stopped.await) });
        let early = tokio::time::timeout(Duration::from_millis(200), working.ended()).await;
        assert!(early.is_err(), "it waits for a database that is away");
        drop(stop);
        tokio::time::timeout(Duration::from_secs(20), working.ended()).await.unwrap();
        assert!(working.0.is_none());
    }
}
