//! All rows of a layer, by one binary `COPY`.

use std::sync::Arc;

use catalogue::copy::{Malformed, Received};
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

/// Bytes that are handed over at once, and how many such pieces wait.
const PIECE: usize = 256 << 10;
const WAITING: usize = 4;

/// Why a layer can't be kept in memory.
#[derive(Debug, Error)]
pub(crate) enum LoadError {
    #[error("{0}")]
    Database(#[from] sqlx::Error),
    #[error("{0}")]
    Projection(#[from] crs::CrsError),
    #[error("{0}")]
    Malformed(#[from] Malformed),
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
    let position = position.parse().map_err(|_| Malformed)?;
    let copy = plan.copy();
    let mut builder = Builder::new(plan);
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(WAITING);
    let building = tokio::task::spawn_blocking(move || {
        let mut received = Received::default();
        while let Some(bytes) = receiver.blocking_recv() {
            received.push(bytes);
            received.rows(|values| take(&mut builder, &mut projection, values))?;
            if builder.bytes() > at_most {
                return Err(LoadError::TooLarge);
            }
        }
        if received.has_ended() { Ok(builder.finish()) } else { Err(Malformed.into()) }
    });
    let mut stream = connection.copy_out_raw(&copy).await?;
    let mut piece = Vec::with_capacity(2 * PIECE);
    while let Some(bytes) = stream.try_next().await? {
        // the database sends row by row: to hand each over would take longer than to read it
        piece.extend_from_slice(&bytes);
        if piece.len() >= PIECE && sender.send(std::mem::replace(&mut piece, Vec::with_capacity(2 * PIECE))).await.is_err() {
            break;
        }
    }
    let _ = sender.send(piece).await;
    drop((stream, sender));
    let built = building.await.map_err(|_| LoadError::BrokenOff)?;
    connection.close().await?;
    Ok((built?, position))
}

/// A row in the columns of [`Plan::copy`].
fn take(builder: &mut Builder, projection: &mut Projection, values: &[Option<&[u8]>]) -> Result<(), LoadError> {
    let text = |at: usize| -> Result<Option<&str>, LoadError> {
        let bytes = *values.get(at).ok_or(Malformed)?;
        Ok(bytes.map(std::str::from_utf8).transpose().map_err(|_| Malformed)?)
    };
    let fid = values.first().copied().flatten().ok_or(Malformed)?;
    let validity = builder.plan().layer.validity;
    let first = if validity { 5 } else { 3 };
    let row = Row {
        fid: i64::from_be_bytes(fid.try_into().map_err(|_| Malformed)?),
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
