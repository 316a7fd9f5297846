use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::Database;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::claim::{Taken, claim, renew};
use crate::expire::sweep;
use crate::finish::{Ending, Keeping, finish};
use crate::progress::Told;
use crate::{Failure, Job, Output, Progress};

type Outcome = Result<Output, Failure>;
type Handler = Arc<dyn Fn(Job, Progress) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// How a worker works.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many jobs it does at a time.
    pub at_a_time: usize,
    /// How long a job stays a dead worker's.
    pub lease: Duration,
    /// How often the lease is renewed and progress written; a cancellation is noticed as soon.
    pub heartbeat: Duration,
    /// How often an idle worker looks for work.
    pub look: Duration,
    /// How long a handler that was told to stop may go on.
    pub grace: Duration,
    /// The wait before the second attempt; each further one is four times as long, an hour at most.
    pub retry_after: Duration,
    /// How long ended jobs and their results are kept.
    pub keep: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            at_a_time: 2,
            lease: Duration::from_secs(30),
            heartbeat: Duration::from_secs(1),
            look: Duration::from_millis(500),
            grace: Duration::from_secs(5),
            retry_after: Duration::from_secs(5),
            keep: Duration::from_secs(7 * 24 * 3600),
        }
    }
}

/// Does the jobs of the kinds that it has handlers for.
pub struct Worker {
    database: Database,
    settings: Settings,
    handlers: HashMap<String, Handler>,
}

impl Worker {
    /// One without handlers yet.
    pub fn new(database: Database, settings: Settings) -> Self {
        Self { database, settings, handlers: HashMap::new() }
    }

    /// With a handler for a kind of jobs. Work that blocks a thread belongs into `spawn_blocking`, with the [`Progress`].
    #[must_use]
    pub fn on<F, R>(mut self, kind: &str, handler: F) -> Self
    where
        F: Fn(Job, Progress) -> R + Send + Sync + 'static,
        R: Future<Output = Outcome> + Send + 'static,
    {
        self.handlers.insert(kind.to_owned(), Arc::new(move |job, progress| Box::pin(handler(job, progress))));
        self
    }

    /// Whether it has no handlers, and so would never find anything to do.
    pub fn is_idle(&self) -> bool {
        self.handlers.is_empty()
    }

    /// Works until `stop`; then hands back what it had not ended. A database that is away is waited for. Dropped before that, it takes its
    /// handlers along: what they were at is taken up again when the lease has run out.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let kinds: Vec<String> = self.handlers.keys().cloned().collect();
        let this = Arc::new(self);
        let (close, closing) = watch::channel(false);
        let mut at_work = JoinSet::new();
        let mut sweeping = tokio::time::interval(this.settings.lease.min(Duration::from_secs(60)));
        tokio::pin!(stop);
        loop {
            while at_work.len() < this.settings.at_a_time {
                match claim(&this.database, &kinds, this.settings.lease).await {
                    Ok(Some(taken)) => {
                        at_work.spawn(Arc::clone(&this).work(taken, closing.clone()));
                    }
                    Ok(None) => break,
                    Err(error) => {
                        tracing::warn!(cause = %error, "the job queue can't be read; trying again");
                        break;
                    }
                }
            }
            tokio::select! {
                () = &mut stop => break,
                _ = at_work.join_next(), if !at_work.is_empty() => {}
                _ = sweeping.tick() => {
                    if let Err(error) = sweep(&this.database, this.settings.keep).await {
                        tracing::warn!(cause = %error, "expired jobs can't be removed; trying again");
                    }
                }
                () = tokio::time::sleep(this.settings.look) => {}
            }
        }
        close.send_replace(true);
        while at_work.join_next().await.is_some() {}
    }

    async fn work(self: Arc<Self>, taken: Taken, closing: watch::Receiver<bool>) {
        let (job, settings) = (&taken.job, self.settings);
        let Some(handler) = self.handlers.get(&job.kind) else { return };
        tracing::info!(job = %job.id, kind = job.kind, attempt = job.attempt, "job begins");
        let (stop, stopped) = watch::channel(false);
        let told = Arc::new(watch::Sender::new(Told::default()));
        let progress = Progress::new(job.id, taken.lease, Arc::clone(&told), stopped);
        // a task of its own, so that a panic is a failure like any other
        let task = tokio::spawn(handler(job.clone(), progress));
        let _ends_with_us = Ends(task.abort_handle());
        let Some(ending) = self.watch(&taken, task, &told, &stop, closing).await else {
            stop.send_replace(true);
            tracing::warn!(job = %job.id, kind = job.kind, "the lease of a job was lost; its work here is dropped");
            return;
        };
        let keeping = Keeping { keep: settings.keep, retry_after: settings.retry_after };
        let begun = Instant::now();
        loop {
            match finish(&self.database, &taken, &ending, keeping).await {
                Ok(true) => tracing::info!(job = %job.id, kind = job.kind, ending = name(&ending), "job ends"),
                Ok(false) => tracing::warn!(job = %job.id, kind = job.kind, "the lease of a job was lost before its end could be written"),
                Err(error) if begun.elapsed() < settings.lease => {
                    tracing::warn!(job = %job.id, cause = %error, "a job's end can't be written; trying again");
                    tokio::time::sleep(settings.heartbeat).await;
                    continue;
                }
                Err(error) => tracing::error!(job = %job.id, cause = %error, "a job's end was not written; it will be done again"),
            }
            return;
        }
    }

    /// Renews the lease until the work ends. `None`: the lease is lost.
    async fn watch(
        &self,
        taken: &Taken,
        mut task: JoinHandle<Outcome>,
        told: &watch::Sender<Told>,
        stop: &watch::Sender<bool>,
        mut closing: watch::Receiver<bool>,
    ) -> Option<Ending> {
        let settings = self.settings;
        let (mut renewed, mut asked_to_stop) = (Instant::now(), None);
        let mut heartbeat = tokio::time::interval(settings.heartbeat);
        heartbeat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let closes = *closing.borrow();
            tokio::select! {
                outcome = &mut task => return Some(ending(outcome, closes)),
                _ = heartbeat.tick() => {
                    let now = told.borrow().clone();
                    match renew(&self.database, taken, settings.lease, &now).await {
                        Ok(Some(cancel)) => {
                            renewed = Instant::now();
                            if cancel && asked_to_stop.is_none() {
                                asked_to_stop = Some(Instant::now());
                            }
                        }
                        Ok(None) => {
                            task.abort();
                            return None;
                        }
                        Err(error) => tracing::warn!(job = %taken.job.id, cause = %error, "a job's lease can't be renewed; trying again"),
                    }
                    if renewed.elapsed() >= settings.lease {
                        task.abort();
                        return None;
                    }
                }
                _ = closing.changed(), if !closes => asked_to_stop = asked_to_stop.or(Some(Instant::now())),
            }
            if let Some(since) = asked_to_stop {
                stop.send_replace(true);
                if since.elapsed() >= settings.grace {
                    task.abort();
                    return Some(if *closing.borrow() { Ending::Released } else { Ending::Failed(Failure::Cancelled) });
                }
            }
        }
    }
}

/// Work that nobody waits for any more ends.
struct Ends(AbortHandle);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn ending(outcome: Result<Outcome, tokio::task::JoinError>, closes: bool) -> Ending {
    match outcome {
        Ok(Ok(output)) if output.content.len() > Output::MAX_BYTES => {
            Ending::Failed(Failure::Final(format!("the result has {} bytes; at most {} are kept", output.content.len(), Output::MAX_BYTES)))
        }
        Ok(Ok(output)) => Ending::Done(output),
        Ok(Err(Failure::Cancelled)) if closes => Ending::Released,
        Ok(Err(failure)) => Ending::Failed(failure),
        Err(error) => {
            tracing::error!(cause = %error, "a job's work broke off");
            Ending::Failed(Failure::Again("the work broke off; the cause is in the server's log".to_owned()))
        }
    }
}

fn name(ending: &Ending) -> &'static str {
    match ending {
        Ending::Done(_) => "done",
        Ending::Released => "released",
        Ending::Failed(Failure::Again(_)) => "failed, to be tried again unless it was the last time",
        Ending::Failed(Failure::Final(_)) => "failed",
        Ending::Failed(Failure::Cancelled) => "cancelled",
    }
}
