use catalogue::copy::Copy;
use sqlx::PgConnection;
use tokio::sync::mpsc::channel;

use super::feed_rows::{Chunk, Plan, read_into};
use super::{Staging, Tally};
use crate::source::Source;
use crate::{IngestError, Progress};

/// Chunks that wait to be sent while others are made.
const WAITING: usize = 4;

/// Reads the files on a thread of their own and streams their rows into the loading table, by `helper`; and those at which
/// PostGIS has nothing to look into the next table, by `database`, if the plan says so.
pub(crate) async fn copy(
    database: &mut PgConnection,
    helper: &mut PgConnection,
    staging: &Staging,
    mut sources: Vec<Source>,
    plan: Plan,
    progress: &dyn Progress,
) -> Result<(Tally, Vec<Source>), IngestError> {
    let failed = "did not take the rows";
    let mut loading = Copy::start(helper, &staging.loading, &plan.columns()).await.map_err(IngestError::database(failed))?;
    let mut next = None;
    if plan.direct.is_some() {
        next = Some(Copy::start(database, &staging.next, &plan.direct_columns()).await.map_err(IngestError::database(failed))?);
    }
    let mut rest = catalogue::copy::Rows::new(0);
    let (out, mut chunks) = channel::<Chunk>(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let tally = read_into(&mut sources, &plan, &out);
        (tally, sources)
    });
    let mut broken = None;
    while let Some(Chunk { mut rows, direct, read }) = chunks.recv().await {
        let copy = if direct { next.as_mut() } else { None }.unwrap_or(&mut loading);
        if let Err(cause) = copy.send(&mut rows).await {
            broken = Some(cause);
            break;
        }
        progress.rows(read);
    }
    // the reader stops at its next chunk
    drop(chunks);
    let (tally, sources) = reading.await.map_err(|e| IngestError::Reader(e.to_string()))?;
    if let Some(cause) = broken {
        return Err(IngestError::Database { what: failed, cause });
    }
    match tally {
        Ok(tally) => {
            loading.finish(&mut rest).await.map_err(IngestError::database(failed))?;
            if let Some(next) = next {
                next.finish(&mut rest).await.map_err(IngestError::database(failed))?;
            }
            progress.rows(tally.read);
            Ok((tally, sources))
        }
        Err(error) => {
            for copy in [Some(loading), next].into_iter().flatten() {
                copy.abort("the file can't be read").await.map_err(IngestError::database(failed))?;
            }
            Err(error)
        }
    }
}
