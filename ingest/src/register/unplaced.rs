//! The rows that the register does not place.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use crate::IngestError;
use crate::export::harmless;
use crate::report::Reason;
use crate::source::{Row, Value};

/// Rows that a report lists; a file has all of them.
const LISTED: usize = 200;

/// A row that is not on the map, since the register does not know where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unplaced {
    /// Its number: `12`, or `b.csv 12` when there are several files.
    pub row: String,
    /// Why.
    pub reason: Reason,
    /// What it says of where it is, as it was understood.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// Gathers them, and writes them into a file if somebody wants one.
pub(super) struct List {
    pub(super) rows: Vec<Unplaced>,
    file: Option<(csv::Writer<NamedTempFile>, PathBuf)>,
}

impl List {
    /// `path` is the file that is wanted: a CSV with the reason and the file's own columns, which can be mended and loaded by itself.
    pub(super) fn new(path: Option<&Path>) -> Result<Self, IngestError> {
        let open = |path: &Path| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
            let file = tempfile::Builder::new().prefix(".opensit-").suffix(".csv").permissions(mode).tempfile_in(folder);
            let file = file.map_err(IngestError::io(path))?;
            let writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(file);
            Ok::<_, IngestError>((writer, path.to_owned()))
        };
        Ok(Self { rows: Vec::new(), file: path.map(open).transpose()? })
    }

    /// Begins the rows of a file with these columns.
    pub(super) fn columns(&mut self, names: &[&str]) -> Result<(), IngestError> {
        let Some((file, path)) = &mut self.file else { return Ok(()) };
        let record = ["riga", "motivo"].into_iter().chain(names.iter().copied()).map(harmless);
        file.write_record(record.map(|name| name.into_owned())).map_err(failed(path))
    }

    pub(super) fn add(&mut self, unplaced: Unplaced, row: &Row) -> Result<(), IngestError> {
        if let Some((file, path)) = &mut self.file {
            let values = row.values.iter().map(|value| match value {
                Value::Text(text) => harmless(text).into_owned(),
                other => other.to_text().unwrap_or_default(),
            });
            let record = [unplaced.row.clone(), unplaced.reason.words().it].into_iter().chain(values);
            file.write_record(record).map_err(failed(path))?;
        }
        if self.rows.len() < LISTED {
            self.rows.push(unplaced);
        }
        Ok(())
    }

    /// Puts the file in its place.
    pub(super) fn end(self) -> Result<Vec<Unplaced>, IngestError> {
        if let Some((file, path)) = self.file {
            let file = file.into_inner().map_err(|e| IngestError::Io { path: path.clone(), cause: e.into_error() })?;
            file.persist(&path).map_err(|e| IngestError::Io { path, cause: e.error })?;
        }
        Ok(self.rows)
    }
}

fn failed(path: &Path) -> impl FnOnce(csv::Error) -> IngestError {
    move |e| IngestError::Io { path: path.to_owned(), cause: std::io::Error::other(e) }
}
