//! Where rows go: transformed, batch by batch, and written in the file's format. Runs on a thread of its own.

use std::path::PathBuf;

use crs::Transformer;
use kernel::layer::FieldType;
use kernel::{Layer, Srid};
use tokio::sync::mpsc::Receiver;

use super::csv::CsvSink;
use super::draft::Draft;
use super::format::DBF_TEXT;
use super::geojson::GeoJsonSink;
use super::process::ProcessSink;
use super::rows::{Columns, OutRow};
use super::{ExportError, Format, Wanted};
use crate::geometry::{self, Shape};
use crate::source::Value;
use crate::source::table::number::Decimal;
use crate::{Limits, ReaderProcess};

/// Values that the format could not hold as they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Losses {
    /// Texts that were too long.
    pub(super) cut: u64,
    /// Texts that would have been formulas.
    pub(super) formulas: u64,
}

/// A file that takes rows.
pub(super) struct Sink {
    into: Into,
    format: Format,
    kinds: Vec<FieldType>,
    crs: Srid,
    path: PathBuf,
    losses: Losses,
}

enum Into {
    Csv(Box<CsvSink>),
    GeoJson(GeoJsonSink),
    Process(ProcessSink),
}

impl Sink {
    pub(super) fn open(
        draft: &Draft,
        wanted: &Wanted,
        layer: &Layer,
        columns: &Columns,
        crs: Srid,
        process: &ReaderProcess,
    ) -> Result<Self, ExportError> {
        let (path, format) = (draft.path().to_owned(), wanted.format);
        let into = match format {
            Format::Csv => Into::Csv(Box::new(CsvSink::create(&path, layer.geometry, columns).map_err(ExportError::io(&path))?)),
            Format::GeoJson => Into::GeoJson(GeoJsonSink::create(&path, layer, columns, crs).map_err(ExportError::io(&path))?),
            _ => Into::Process(ProcessSink::start(process, &path, wanted, layer, columns, crs)?),
        };
        Ok(Self { into, format, kinds: columns.iter().map(|(_, kind)| kind).collect(), crs, path, losses: Losses::default() })
    }

    /// Writes every row that comes, and closes the file. How many there were, and what was lost of them.
    pub(super) fn write_all(mut self, mut batches: Receiver<Vec<OutRow>>, way: Option<&Transformer>) -> Result<(u64, Losses), ExportError> {
        let mut rows = 0;
        while let Some(batch) = batches.blocking_recv() {
            for row in batch {
                rows += 1;
                self.write(row, way)?;
            }
        }
        let path = self.path;
        match self.into {
            Into::Csv(sink) => sink.finish().map_err(ExportError::io(path))?,
            Into::GeoJson(sink) => sink.finish().map_err(ExportError::io(path))?,
            Into::Process(sink) => sink.finish()?,
        }
        Ok((rows, self.losses))
    }

    fn write(&mut self, mut row: OutRow, way: Option<&Transformer>) -> Result<(), ExportError> {
        for (value, kind) in row.values.iter_mut().zip(&self.kinds) {
            let kind = self.format.kind(*kind);
            *value = std::mem::replace(value, Value::Null).fit(kind, Decimal::Point).unwrap_or(Value::Null);
            self.losses.cut += u64::from(self.format == Format::Shp && matches!(value, Value::Text(text) if text.len() > DBF_TEXT));
        }
        let path = &self.path;
        match &mut self.into {
            Into::Process(sink) => {
                if way.is_some() {
                    row.wkb = geometry::write_wkb(&brought(&row, way, self.crs)?, self.crs);
                }
                sink.write(row)
            }
            Into::Csv(sink) => {
                let shape = brought(&row, way, self.crs)?;
                self.losses.formulas += sink.write(&row.values, &shape).map_err(ExportError::io(path))?;
                Ok(())
            }
            Into::GeoJson(sink) => {
                let shape = brought(&row, way, self.crs)?;
                sink.write(&row.values, &shape).map_err(ExportError::io(path))
            }
        }
    }
}

/// The row's geometry in the file's system.
fn brought(row: &OutRow, way: Option<&Transformer>, crs: Srid) -> Result<Shape, ExportError> {
    let id = || row.values.first().and_then(Value::to_text).unwrap_or_default();
    let refused = |why: String| ExportError::NoPlace { id: id(), crs: crs.to_string(), why };
    let mut shape = geometry::read_wkb(&row.wkb, &Limits::default()).map_err(|reason| refused(reason.words().en))?;
    if let Some(way) = way {
        way.convert(&mut shape.positions).map_err(|e| refused(e.to_string()))?;
    }
    Ok(shape)
}
