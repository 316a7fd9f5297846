use catalogue::copy::Copy;
use sqlx::PgConnection;
use tokio::sync::mpsc::channel;

use super::feed_rows::{Chunk, Plan, read_into};
use super::{Staging, Tally};
use crate::source::Source;
use crate::{IngestError, Progress};

/// Chunks that wait to be sent while others are made.
const WAITING: usize = 4;

/// Reads the files on a thread of their own and streams their rows into the loading table.
pub(crate) async fn copy(
    database: &mut PgConnection,
    staging: &Staging,
    mut sources: Vec<Source>,
    plan: Plan,
    progress: &dyn Progress,
) -> Result<(Tally, Vec<Source>), IngestError> {
    let failed = "did not take the rows";
    let columns: Vec<String> = plan.columns().into_iter().map(str::to_owned).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut rest = catalogue::copy::Rows::new(columns.len());
    let mut copy = Copy::start(database, &staging.loading, &columns).await.map_err(IngestError::database(failed))?;
    let (out, mut chunks) = channel::<Chunk>(WAITING);
    let reading = tokio::task::spawn_blocking(move || {
        let tally = read_into(&mut sources, &plan, &out);
        (tally, sources)
    });
    let mut broken = None;
    while let Some((mut rows, read)) = chunks.recv().await {
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
            copy.finish(&mut rest).await.map_err(IngestError::database(failed))?;
            progress.rows(tally.read);
            Ok((tally, sources))
        }
        Err(error) => {
            copy.abort("the file can't be read").await.map_err(IngestError::database(failed))?;
            Err(error)
        }
    }
}
