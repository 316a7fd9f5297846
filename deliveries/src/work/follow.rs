//! How far a job is, written down while it goes on; and the word to stop, handed on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ingest::{IngestError, Progress, Stage, Stop};
use serde::Serialize;

use super::Task;

/// How often it is written at most.
const EVERY: Duration = Duration::from_millis(400);

/// Where `ingest` says that it is.
#[derive(Clone, Default)]
pub(super) struct Told(Arc<Mutex<Option<At>>>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct At {
    name: Stage,
    done: u64,
    of: Option<u64>,
}

impl Told {
    fn now(&self) -> Option<At> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Progress for Told {
    fn stage(&self, stage: Stage, rows: Option<u64>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(At { name: stage, done: 0, of: rows });
    }

    fn rows(&self, done: u64) {
        if let Some(at) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            at.done = done;
        }
    }
}

/// Asks for the work to stop when nobody waits for it any more.
struct Unwanted<'a>(&'a Stop);

impl Drop for Unwanted<'_> {
    fn drop(&mut self) {
        self.0.ask();
    }
}

/// Does the work on a thread of its own, so that it takes none from those who ask for tiles; meanwhile what `told` hears is written to
/// the delivery's row and to the job, and a cancellation told to the work.
pub(super) async fn followed<T, F>(
    task: &Task,
    told: &Told,
    progress: &jobs::Progress,
    work: impl FnOnce() -> F + Send + 'static,
) -> Result<T, IngestError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, IngestError>>,
{
    let runtime = tokio::runtime::Handle::current();
    let mut working = tokio::task::spawn_blocking(move || runtime.block_on(work()));
    let _unwanted = Unwanted(&task.stop);
    let stopping = async {
        progress.until_cancelled().await;
        task.stop.ask();
        std::future::pending::<()>().await;
    };
    let writing = async {
        let mut written = None;
        loop {
            tokio::time::sleep(EVERY).await;
            let Some(now) = told.now().filter(|now| written.as_ref() != Some(now)) else { continue };
            progress.set(percent(&now), name(now.name));
            let stage = serde_json::to_value(&now).unwrap_or_default();
            if let Err(error) = task.write(&[("stage", stage)]).await {
                tracing::warn!(delivery = %task.order.delivery, cause = %error, "how far a job is can't be written; trying again");
            }
            written = Some(now);
        }
    };
    tokio::select! {
        outcome = &mut working => outcome.map_err(|e| IngestError::Reader(e.to_string()))?,
        () = stopping => unreachable!("it waits for ever"),
        () = writing => unreachable!("it goes on for ever"),
    }
}

/// Roughly: what takes longest are loading and publishing.
fn percent(at: &At) -> u8 {
    let (from, to) = match at.name {
        Stage::Opening => (0, 2),
        Stage::Surveying => (2, 30),
        Stage::Loading => (30, 65),
        Stage::Placing => (65, 80),
        Stage::Comparing => (65, 95),
        Stage::Publishing => (80, 99),
    };
    let share = at.of.filter(|of| *of > 0).map_or(0.0, |of| (at.done as f64 / of as f64).min(1.0));
    from + (share * f64::from(to - from)) as u8
}

fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::Opening => "opening",
        Stage::Surveying => "looking through the rows",
        Stage::Loading => "loading",
        Stage::Placing => "mending and placing",
        Stage::Comparing => "comparing",
        Stage::Publishing => "publishing",
    }
}
