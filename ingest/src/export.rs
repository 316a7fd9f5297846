//! A layer's rows into a file: as somebody sees them, in a format and a coordinate system of choice, whole or not at all.
//!
//! Rows are read in one snapshot of the database, through the rule of the layer (`rows`); brought to the file's system by crate `crs`;
//! and written by [`sink`]s on a thread of their own: CSV and GeoJSON by Rust, the others by GDAL in a process of its own, below limits
//! (`process`, `serve`). The file is made in a folder beside the place where it belongs, and moved there when it is whole (`draft`).

mod csv;
mod draft;
mod error;
mod format;
mod gdal;
mod geojson;
mod process;
mod rows;
mod serve;
mod sink;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chrono::{DateTime, Utc};
use crs::Transformer;
use kernel::layer::GeometryType;
use kernel::{Database, Filter, Layer, Principal, Srid};
use serde::Serialize;
use tokio::sync::mpsc::channel;

pub(crate) use csv::harmless;
pub use error::ExportError;
pub use format::Format;
pub use serve::serve_writer;

use crate::{Note, ReaderProcess};
use draft::Draft;
use rows::{Columns, Rows};
use sink::Sink;

/// What to write.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// For whom: the file has the rows and fields that they see.
    pub who: Principal,
    /// Which of these; every one without.
    pub filter: Option<Filter>,
    /// The format.
    pub format: Format,
    /// The coordinate system; without, the one that the format or else the storage has.
    pub crs: Option<Srid>,
    /// The instant at which validity is judged.
    pub now: DateTime<Utc>,
    /// Where the ids of its rows come from ([`crate::ids_of`]).
    pub ids: Ids,
    /// How many rows were read so far, for who waits.
    pub sent: Arc<AtomicU64>,
}

/// Where the ids of a layer's rows come from: in a file that is to be delivered again they stand there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ids {
    /// From one of its fields: they need no column of their own.
    Field,
    /// From the key of a GeoPackage, of this name.
    Key(String),
    /// From elsewhere: the file has a column `id`.
    Elsewhere,
}

/// What is the same for every export of an installation.
#[derive(Clone, Debug)]
pub struct Writing {
    /// How datums are shifted.
    pub crs: crs::Settings,
    /// How to start the process that writes with GDAL: a program that calls [`serve_writer`].
    pub process: ReaderProcess,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// How many rows.
    pub rows: u64,
    /// Its coordinate system.
    pub crs: Srid,
    /// How sure positions are in it, metres: the layer's own accuracy is not in this.
    pub accuracy_m: f64,
    /// What the format can't hold.
    pub notes: Vec<Note>,
}

/// Writes a layer into a file, which appears when it is whole. What is there of that name makes place.
///
/// # Errors
/// When the format can't hold the layer, the database or the disk fails, or the writing process dies. There is no file then.
pub async fn export(database: &Database, writing: &Writing, layer: &Layer, wanted: &Wanted, file: &Path) -> Result<Exported, ExportError> {
    let format = wanted.format;
    format.holds(layer, file)?;
    let crs = format.crs(wanted.crs, layer.srid)?;
    let transformer = Transformer::new(layer.srid, crs, &writing.crs)?;
    let columns = Columns::of(layer, wanted);
    let draft = Draft::beside(file, format)?;
    let sink = Sink::open(&draft, wanted, layer, &columns, crs, &writing.process)?;
    let accuracy_m = transformer.accuracy().metres;
    let way = (layer.srid.postgis() != crs.postgis()).then_some(transformer);
    let mut session = database.snapshot(&wanted.who).await.map_err(ExportError::Database)?;
    // a pool that answers requests stops what takes long
    sqlx::query("set local statement_timeout = 0").execute(&mut *session).await.map_err(ExportError::Database)?;
    let mut rows = Rows::new(layer, wanted, &columns);
    let (out, batches) = channel(4);
    let working = tokio::task::spawn_blocking(move || sink.write_all(batches, way.as_ref()));
    let read = rows.send(&mut session, out).await;
    // the writer's error explains why nobody takes rows any more
    let (count, losses) = working.await.map_err(|e| ExportError::Thread(e.to_string()))??;
    read.map_err(ExportError::Database)?;
    drop(session);
    tokio::task::spawn_blocking({
        let file = file.to_owned();
        move || draft.finish(&file)
    })
    .await
    .map_err(|e| ExportError::Thread(e.to_string()))??;
    Ok(Exported { rows: count, crs, accuracy_m, notes: format.notes(&columns, losses) })
}

/// How many rows an export has.
///
/// # Errors
/// When the database fails.
pub async fn count(database: &Database, layer: &Layer, wanted: &Wanted) -> Result<u64, ExportError> {
    let mut session = database.snapshot(&wanted.who).await.map_err(ExportError::Database)?;
    sqlx::query("set local statement_timeout = 0").execute(&mut *session).await.map_err(ExportError::Database)?;
    let rows = rows::count(&mut session, layer, wanted).await.map_err(ExportError::Database)?;
    Ok(rows.unsigned_abs())
}

/// What the geometries of a file are.
fn one_kind(geometry: GeometryType) -> bool {
    geometry != GeometryType::Geometry
}
