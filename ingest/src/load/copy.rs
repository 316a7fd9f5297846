use catalogue::copy::{Copy, Rows};
use sqlx::PgConnection;
use tokio::sync::mpsc::{Receiver, channel};

use super::feed_rows::{Chunk, Plan, read_into};
use super::{Staging, Tally};
use crate::source::Source;
use crate::{IngestError, Progress};

/// Chunks that wait to be sent while others are made.
pub(crate) const WAITING: usize = 4;

const FAILED: &str = "did not take the rows";

/// Rows on their way into the database: into the loading table, by one connection; and those at which PostGIS has nothing to look into
/// the next table, by another, if the plan says so.
pub(crate) struct Copying<'c> {
    loading: Copy<'c>,
    next: Option<Copy<'c>>,
}

impl<'c> Copying<'c> {
    pub(crate) async fn start(
        database: &'c mut PgConnection,
        helper: &'c mut PgConnection,
        staging: &Staging,
        plan: &Plan,
    ) -> Result<Self, IngestError> {
        let loading = Copy::start(helper, &staging.loading, &plan.columns()).await.map_err(IngestError::database(FAILED))?;
        let mut next = None;
        if plan.direct.is_some() {
            next = Some(Copy::into_new(database, &staging.next, &plan.direct_columns()).await.map_err(IngestError::database(FAILED))?);
        }
        Ok(Self { loading, next })
    }

    /// Sends what comes, until no more does, or it is not taken: then who makes the chunks stops at the next.
    pub(crate) async fn send(&mut self, mut chunks: Receiver<Chunk>, progress: &dyn Progress) -> Result<(), IngestError> {
        while let Some(Chunk { mut rows, direct, read }) = chunks.recv().await {
            let copy = if direct { self.next.as_mut() } else { None }.unwrap_or(&mut self.loading);
            copy.send(&mut rows).await.map_err(IngestError::database(FAILED))?;
            progress.rows(read);
        }
        Ok(())
    }

    /// All were sent. Both connections can be used again, whatever comes of it.
    pub(crate) async fn finish(self) -> Result<(), IngestError> {
        let mut ended = Ok(());
        for copy in [Some(self.loading), self.next].into_iter().flatten() {
            ended = ended.and(copy.finish(&mut Rows::new(0)).await.map(|_| ()));
        }
        ended.map_err(IngestError::database(FAILED))
    }

    /// None are taken.
    pub(crate) async fn abort(self) -> Result<(), IngestError> {
        let mut ended = Ok(());
        for copy in [Some(self.loading), self.next].into_iter().flatten() {
            ended = ended.and(copy.abort("the file can't be loaded").await);
        }
        ended.map_err(IngestError::database(FAILED))
    }
}

/// Reads the files on a thread of their own and streams their rows into the database.
pub(crate) async fn copy(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    staging: &Staging,
    mut sources: Vec<Source>,
    plan: Plan,
    progress: &dyn Progress,
) -> Result<(Tally, Vec<Source>), IngestError> {
    let mut copying = Copying::start(database, helper, staging, &plan).await?;
    let (out, chunks) = channel::<Chunk>(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let tally = read_into(&mut sources, &plan, &out);
        (tally, sources)
    });
    let sent = copying.send(chunks, progress).await;
    let (tally, sources) = reading.await.map_err(|e| IngestError::Reader(e.to_string()))?;
    sent?;
    match tally {
        Ok(tally) => {
            copying.finish().await?;
            staging.keep_next(database).await?;
            progress.rows(tally.read);
            Ok((tally, sources))
        }
        Err(error) => {
            copying.abort().await?;
            Err(error)
        }
    }
}
