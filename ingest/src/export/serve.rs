//! The process that writes with GDAL, from its own side.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use kernel::layer::{FieldType, GeometryType};
use kernel::{Layer, Srid};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::gdal::GdalFile;
use super::rows::{Columns, OutRow};
use super::{Format, Wanted};
use crate::Limits;
use crate::source::process::{add, first, receive, send};

/// What a file may hold at most, bytes.
const LARGEST_FILE: u64 = 256 << 30;
/// Open files.
const FILES: u64 = 64;

/// What the process is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Told {
    /// First of all.
    Order(Order),
    Row(OutRow),
    /// There are no more rows: without it the file is not ended.
    End,
}

/// What it answers, once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Said {
    Done,
    Failed(String),
}

/// What to write.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    /// A path need not be UTF-8.
    path: Vec<u8>,
    pub(super) format: Format,
    pub(super) layer: String,
    pub(super) title: String,
    pub(super) geometry: GeometryType,
    pub(super) columns: Vec<(String, FieldType)>,
    pub(super) srid: i32,
    /// What the key of a GeoPackage is called, where it is the rows' ids.
    pub(super) key: Option<String>,
}

impl Order {
    pub(super) fn new(path: &Path, wanted: &Wanted, layer: &Layer, columns: &Columns, crs: Srid) -> Self {
        let format = wanted.format;
        Self {
            key: wanted.key().map(str::to_owned),
            path: path.as_os_str().as_bytes().to_vec(),
            format,
            layer: layer.id.to_string(),
            title: layer.title.it.clone(),
            geometry: layer.geometry,
            columns: columns.iter().map(|(name, kind)| (name.to_owned(), format.kind(kind))).collect(),
            srid: crs.postgis(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        OsString::from_vec(self.path.clone()).into()
    }
}

/// Does the work of the process that an export starts: takes an order and rows from `orders`, writes the file that the order names, and
/// says in `answer` whether it is whole. Without the end of the rows it ends without a word: whoever sent them is gone.
///
/// # Errors
/// When `answer` can't be written.
pub fn serve_writer(orders: impl Read, mut answer: impl Write) -> io::Result<()> {
    restrict()?;
    let said = match write(orders) {
        Ok(true) => Said::Done,
        Ok(false) => return Ok(()),
        Err(why) => Said::Failed(why),
    };
    send(&mut answer, &mut add(&said, Vec::new())?)
}

/// Whether the file is whole.
fn write(mut orders: impl Read) -> Result<bool, String> {
    let words = |e: io::Error| e.to_string();
    let (mut frame, mut file) = (Vec::new(), None);
    while receive(&mut orders, &mut frame).map_err(words)? {
        let mut rest = frame.as_slice();
        while !rest.is_empty() {
            let (told, after) = first(rest).map_err(words)?;
            rest = after;
            match (told, &mut file) {
                (Told::Order(order), None) => file = Some(GdalFile::create(&order)?),
                (Told::Row(row), Some(file)) => file.write(&row)?,
                (Told::End, _) => return file.take().map_or(Ok(()), GdalFile::finish).map(|()| true),
                _ => return Err("was told something out of turn".to_owned()),
            }
        }
    }
    Ok(false)
}

fn restrict() -> io::Result<()> {
    let limits = Limits::default();
    let at_most = |resource: Resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    at_most(Resource::Core, 0)?;
    at_most(Resource::As, limits.reader_memory_bytes)?;
    at_most(Resource::Cpu, limits.reader_cpu_s)?;
    at_most(Resource::Fsize, LARGEST_FILE)?;
    at_most(Resource::Nofile, FILES)?;
    Ok(())
}
