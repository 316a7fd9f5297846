use axum::body::Body;
use bytes::{BufMut, Bytes};
use futures::{StreamExt, TryStreamExt};
use kernel::{Problem, Session};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row, ValueRef};
use thiserror::Error;
use tokio::sync::mpsc::{self, Sender};
use tokio_stream::wrappers::ReceiverStream;

use super::csv::CsvWriter;
use crate::geojson::{Cells, FeatureWriter, WriteError};

/// Rows that are written together, so that PROJ is called once for all of them.
const BATCH: usize = 128;
/// A chunk is sent when it has this many bytes.
const CHUNK: usize = 64 * 1024;
/// Chunks that may wait for a slow reader before the database is made to wait too: 8 MiB. Most pages fit, so that a reader
/// on a slow line does not hold a connection, nor run into the time-out of statements.
const WAITING: usize = 128;

/// What breaks a response off after it has begun. The connection is then closed without the end of the document, so that no
/// reader takes the part for the whole.
#[derive(Debug, Error)]
pub(crate) enum StreamError {
    /// The database, most likely its time-out of statements.
    #[error("the rows can't be read: {0}")]
    Database(#[from] sqlx::Error),
    /// A row that is not what the catalogue says.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl Cells for PgRow {
    fn cell(&self, index: usize) -> Option<&[u8]> {
        let value = self.try_get_raw(index).ok()?;
        if value.is_null() { None } else { value.as_bytes().ok() }
    }
}

/// A document whose middle is rows: what goes before, what reads and writes them, what goes after.
pub(crate) struct Document {
    /// As far as `"features":[`.
    pub(crate) head: Vec<u8>,
    /// From `]` on.
    pub(crate) tail: &'static [u8],
    /// The rows, or `None` for no rows.
    pub(crate) rows: Option<QueryBuilder<Postgres>>,
    /// How they are written.
    pub(crate) writer: Writer,
}

/// In which form rows are written.
pub(crate) enum Writer {
    /// As GeoJSON features with commas between them.
    Features(FeatureWriter),
    /// As lines of a table.
    Table(CsvWriter),
}

impl Writer {
    fn write<R: Cells>(&mut self, rows: &[R], first: bool, out: &mut Vec<u8>) -> Result<(), WriteError> {
        match self {
            Self::Features(writer) => writer.write(rows, first, out),
            Self::Table(writer) => writer.write(rows, out),
        }
    }
}

impl Document {
    /// Reads and writes in a task of its own, while the body is sent. What fails before the first chunk is still an answer.
    pub(crate) async fn stream(self, transaction: Session) -> Result<Body, Problem> {
        let (sender, mut receiver) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            if let Err(error) = self.produce(transaction, &sender).await {
                tracing::error!(operation = "items", cause = %error, "the rows of a response ended early");
                let _ = sender.send(Err(error)).await;
            }
        });
        match receiver.recv().await {
            Some(Err(StreamError::Database(error))) => Err(Problem::database("items", &error)),
            Some(Err(StreamError::Write(error))) => Err(Problem::internal("items", &error)),
            first => Ok(Body::from_stream(futures::stream::iter(first).chain(ReceiverStream::new(receiver)))),
        }
    }

    async fn produce(mut self, mut transaction: Session, sender: &Sender<Result<Bytes, StreamError>>) -> Result<(), StreamError> {
        let mut out = std::mem::take(&mut self.head);
        out.reserve(CHUNK);
        if let Some(mut query) = self.rows.take() {
            let mut rows = query.build().fetch(&mut *transaction);
            let mut batch: Vec<PgRow> = Vec::with_capacity(BATCH);
            let mut first = true;
            loop {
                let row = rows.try_next().await?;
                let ended = row.is_none();
                batch.extend(row);
                if batch.len() < BATCH && !ended {
                    continue;
                }
                self.writer.write(&batch, first, &mut out)?;
                first = first && batch.is_empty();
                batch.clear();
                if ended {
                    break;
                }
                if out.len() >= CHUNK && !send(sender, &mut out).await {
                    // Nobody reads any more.
                    return Ok(());
                }
            }
        }
        out.put_slice(self.tail);
        send(sender, &mut out).await;
        Ok(())
    }
}

/// Hands a chunk over; false: the reader has gone.
async fn send(sender: &Sender<Result<Bytes, StreamError>>, out: &mut Vec<u8>) -> bool {
    let chunk = std::mem::replace(out, Vec::with_capacity(CHUNK + CHUNK / 4));
    sender.send(Ok(chunk.into())).await.is_ok()
}
