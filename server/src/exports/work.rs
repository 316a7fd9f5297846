//! Writing the file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ingest::{ExportError, Wanted, Workshop, Writing};
use jobs::{Failure, Job, Output, Progress};

use super::order::Order;
use super::{Exports, file_name, media_type};
use crate::commands::{read_file, write_file};

/// How often it is looked how far and how large the file is.
const LOOK: Duration = Duration::from_millis(250);
/// Bytes of the disk that a file may take while it is made: a Shapefile is packed last.
const MAKING: u64 = 8 * Output::MAX_BYTES as u64;

/// Does a job of the kind `export`. Who asked must still have their account, and sees in it what they see now.
pub(super) async fn work(exports: Exports, job: Job, progress: Progress) -> Result<Output, Failure> {
    let order: Order = job.read()?;
    let database = &exports.context.database;
    let who = identity::standing(database, &job.who).await?;
    let who = who.ok_or_else(|| Failure::Final("the account that asked for it is not active any more".to_owned()))?;
    let gone = || Failure::Final(format!("there is no layer `{}`, or it is not for you any more", order.layer));
    let entry = exports.catalogue.layer_now(database, &who, order.layer.as_str()).await.ok_or_else(gone)?;
    let layer = &entry.layer;
    let checked = order.wish.check(layer, &who, &exports.crs).map_err(|problem| Failure::Final(problem.detail().to_owned()))?;
    let mut owner = exports.owner.acquire().await?;
    let ids = ingest::ids_of(&mut owner, layer).await.map_err(|e| Failure::Again(e.to_string()))?;
    drop(owner);
    let sent = Arc::new(AtomicU64::new(0));
    let now = exports.context.clock.now();
    let wanted = Wanted { who, filter: checked.filter, format: checked.format, crs: checked.crs, now, ids, sent: Arc::clone(&sent) };
    let rows = ingest::count(database, layer, &wanted).await.map_err(failed)?;
    let process = read_file::again(write_file::NAME).map_err(|e| Failure::Final(e.to_string()))?;
    let writing = Writing { crs: exports.crs.clone(), process };
    let folder = Workshop::within(&std::env::temp_dir(), "opensit-export-job-").map_err(|e| disk(&e))?;
    let file = folder.path().join(file_name(&layer.id, checked.format));
    progress.set(0, format!("0 of {rows} rows"));
    let written = tokio::select! {
        written = ingest::export(database, &writing, layer, &wanted, &file) => written.map_err(failed)?,
        () = progress.until_cancelled() => return Err(Failure::Cancelled),
        bytes = too_large(folder.path(), &progress, &sent, rows) => return Err(over(bytes)),
    };
    let bytes = tokio::fs::metadata(&file).await.map_err(|e| disk(&e))?.len();
    if bytes > Output::MAX_BYTES as u64 {
        return Err(over(bytes));
    }
    progress.set(100, format!("{} rows", written.rows));
    let content = tokio::fs::read(&file).await.map_err(|e| disk(&e))?;
    Ok(Output { media_type: media_type(checked.format).to_owned(), name: Some(file_name(&layer.id, checked.format)), content })
}

/// Says how far it is, until what lies in the folder is too large; how large it is then.
async fn too_large(folder: &Path, progress: &Progress, sent: &AtomicU64, rows: u64) -> u64 {
    loop {
        tokio::time::sleep(LOOK).await;
        let done = sent.load(Ordering::Relaxed).min(rows);
        let percent = u8::try_from((99 * done).checked_div(rows).unwrap_or(99)).unwrap_or(99);
        progress.set(percent, format!("{done} of {rows} rows"));
        let bytes = size(folder);
        if bytes > MAKING {
            return bytes;
        }
    }
}

/// Bytes of the files in a folder and in those in it.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(of).sum()
}

fn over(bytes: u64) -> Failure {
    let most = Output::MAX_BYTES >> 20;
    Failure::Final(format!(
        "the file would have {} MiB, and {most} are kept: ask for fewer rows with `filter` or `bbox`, or for FlatGeobuf or a Shapefile, which are smaller; \
         the whole layer is written by `opensit export`",
        bytes >> 20
    ))
}

fn disk(error: &std::io::Error) -> Failure {
    tracing::warn!(cause = %error, "an export can't be written");
    Failure::Again("the file can't be written on the server's disk at the moment".to_owned())
}

fn failed(error: ExportError) -> Failure {
    match error {
        ExportError::Database(cause) => cause.into(),
        ExportError::Io { cause, .. } => disk(&cause),
        ExportError::Writer { .. } | ExportError::Thread(_) => {
            tracing::warn!(cause = %error, "an export failed");
            Failure::Again(error.to_string())
        }
        other => Failure::Final(other.to_string()),
    }
}
