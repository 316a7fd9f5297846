//! All rows of a layer, by one binary `COPY`.

use std::sync::Arc;

use futures::TryStreamExt;
use kernel::Position;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};
use thiserror::Error;
use tokio::sync::mpsc;

use super::builder::{Builder, Row};
use super::plan::Plan;
use super::projection::Projection;
use super::run::Run;

/// Why a layer can't be kept in memory.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Projection(#[from] crs::CrsError),
    #[error("what COPY sent can't be read")]
    Malformed,
    #[error("it takes more memory than there is for tiles")]
    TooLarge,
    #[error("loading it was broken off")]
    BrokenOff,
}

/// The rows as one snapshot of the database has them, and a position of the log that is not before any of them. Given up when it takes
/// more than `at_most` bytes.
pub(crate) async fn load(
    options: &PgConnectOptions,
    plan: Arc<Plan>,
    mut projection: Projection,
    at_most: usize,
) -> Result<(Run, Position), LoadError> {
    let mut connection = options.connect().await?;
    sqlx::raw_sql("begin isolation level repeatable read read only; set local statement_timeout = 0").execute(&mut connection).await?;
    // the snapshot is taken with the first query; what it has was in the log before
    sqlx::query("select 1").execute(&mut connection).await?;
    let position: String = sqlx::query_scalar("select pg_current_wal_lsn()::text").fetch_one(&mut connection).await?;
    let position = position.parse().map_err(|_| LoadError::Malformed)?;
    let copy = plan.copy();
    let mut builder = Builder::new(plan);
    let (sender, mut receiver) = mpsc::channel::<bytes::Bytes>(256);
    let building = tokio::task::spawn_blocking(move || {
        let mut reader = Reader::default();
        while let Some(bytes) = receiver.blocking_recv() {
            reader.buffer.extend_from_slice(&bytes);
            reader.rows(&mut builder, &mut projection)?;
            if builder.bytes() > at_most {
                return Err(LoadError::TooLarge);
            }
        }
        if reader.ended { Ok(builder.finish()) } else { Err(LoadError::Malformed) }
    });
    let mut stream = connection.copy_out_raw(&copy).await?;
    while let Some(bytes) = stream.try_next().await? {
        if sender.send(bytes).await.is_err() {
            break;
        }
    }
    drop((stream, sender));
    let built = building.await.map_err(|_| LoadError::BrokenOff)?;
    connection.close().await?;
    Ok((built?, position))
}

/// Reads the binary format of `COPY` (PostgreSQL 15, `COPY`, "Binary Format") as it comes.
#[derive(Default)]
struct Reader {
    buffer: Vec<u8>,
    begun: bool,
    ended: bool,
}

const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";

impl Reader {
    /// Takes in the rows that have come whole.
    fn rows(&mut self, builder: &mut Builder, projection: &mut Projection) -> Result<(), LoadError> {
        let mut at = 0;
        if !self.begun {
            // signature, flags, and an extension that nobody uses
            if self.buffer.len() < SIGNATURE.len() + 8 {
                return Ok(());
            }
            if !self.buffer.starts_with(SIGNATURE) {
                return Err(LoadError::Malformed);
            }
            (self.begun, at) = (true, SIGNATURE.len() + 8);
        }
        while !self.ended {
            let Some(fields) = self.int16(at) else { break };
            if fields == -1 {
                (self.ended, at) = (true, at + 2);
                break;
            }
            let Some((values, end)) = self.row(at + 2, fields)? else { break };
            take(builder, projection, &values)?;
            at = end;
        }
        self.buffer.drain(..at);
        Ok(())
    }

    fn int16(&self, at: usize) -> Option<i16> {
        Some(i16::from_be_bytes(self.buffer.get(at..at + 2)?.try_into().ok()?))
    }

    /// The fields of a row, and where it ends; nothing if it has not come whole.
    #[expect(clippy::type_complexity, reason = "a row, or not yet")]
    fn row(&self, mut at: usize, fields: i16) -> Result<Option<(Vec<Option<&[u8]>>, usize)>, LoadError> {
        let mut values = Vec::with_capacity(usize::try_from(fields).map_err(|_| LoadError::Malformed)?);
        for _ in 0..fields {
            let Some(length) = self.buffer.get(at..at + 4) else { return Ok(None) };
            let length = i32::from_be_bytes(length.try_into().map_err(|_| LoadError::Malformed)?);
            at += 4;
            let Ok(length) = usize::try_from(length) else {
                values.push(None);
                continue;
            };
            let Some(value) = self.buffer.get(at..at + length) else { return Ok(None) };
            values.push(Some(value));
            at += length;
        }
        Ok(Some((values, at)))
    }
}

/// A row in the columns of [`Plan::copy`].
fn take(builder: &mut Builder, projection: &mut Projection, values: &[Option<&[u8]>]) -> Result<(), LoadError> {
    let text = |at: usize| -> Result<Option<&str>, LoadError> {
        let bytes = *values.get(at).ok_or(LoadError::Malformed)?;
        bytes.map(std::str::from_utf8).transpose().map_err(|_| LoadError::Malformed)
    };
    let fid = values.first().copied().flatten().ok_or(LoadError::Malformed)?;
    let validity = builder.plan().layer.validity;
    let first = if validity { 5 } else { 3 };
    let row = Row {
        fid: i64::from_be_bytes(fid.try_into().map_err(|_| LoadError::Malformed)?),
        id: text(1)?.unwrap_or_default(),
        geometry: values.get(2).copied().flatten(),
        valid_from: if validity { text(3)? } else { None },
        valid_to: if validity { text(4)? } else { None },
        columns: (first..values.len()).map(|at| Ok((text(at)?, false))).collect::<Result<_, LoadError>>()?,
    };
    if let Err(error) = builder.push(projection, &row) {
        tracing::warn!(layer = %builder.plan().layer.id, fid = row.fid, cause = %error, "a row has no place on the map");
    }
    Ok(())
}
