//! From paths to readers: what is a Shapefile's part, what is in an archive, what can be read.

use std::path::{Path, PathBuf};

use kernel::Text;

use super::process::{self, ReaderProcess};
use super::sniff::{Content, sniff};
use super::{Reader, Source, archive, csv, gdal, shapefile, xlsx};
use crate::register;
use crate::report::Note;
use crate::stop::Stoppable;
use crate::{IngestError, Limits, Stop};

/// Who opens what GDAL reads.
#[derive(Clone, Debug)]
pub(crate) enum Opener {
    /// A process of its own, that ends when we are told to stop.
    Process(ReaderProcess, Stop),
    /// This one: only where the files are our own.
    #[cfg(test)]
    Here,
}

impl Opener {
    fn stop(&self) -> Stop {
        match self {
            Self::Process(_, stop) => stop.clone(),
            #[cfg(test)]
            Self::Here => Stop::default(),
        }
    }

    fn open(
        &self,
        path: &Path,
        file: &str,
        content: Content,
        layer: Option<&str>,
        limits: &Limits,
    ) -> Result<Box<dyn Reader>, IngestError> {
        Ok(match self {
            Self::Process(process, stop) => Box::new(process::open(process, stop, path, file, content, layer, limits)?),
            #[cfg(test)]
            Self::Here => guarded(path, file, content, layer, limits)?,
        })
    }
}

/// Opens what a hostile file could do harm in: to be called in a process of its own.
pub(crate) fn guarded(
    path: &Path,
    file: &str,
    content: Content,
    layer: Option<&str>,
    limits: &Limits,
) -> Result<Box<dyn Reader>, IngestError> {
    Ok(match content {
        Content::Xlsx => Box::new(xlsx::open(path, file, layer, limits)?),
        _ => Box::new(gdal::open(path, file, content, layer, limits)?),
    })
}

/// What can be read, by suffix, inside archives and folders.
const SUFFIXES: [&str; 20] = [
    "gpkg", "shp", "geojson", "json", "geojsonl", "geojsons", "ndjson", "fgb", "gml", "kml", "gpx", "dxf", "xlsx", "xlsm", "dbf", "csv",
    "tsv", "tab", "txt", "jsonl",
];

/// Files that belong to a Shapefile of the same name.
const PARTS: [&str; 10] = ["shx", "dbf", "prj", "cpg", "qpj", "sbn", "sbx", "qix", "qmd", "xml"];

/// Opens every file. Archives are unpacked below `temporary`, which the caller keeps until the readers are done.
pub(crate) fn open(
    files: &[PathBuf],
    layer: Option<&str>,
    temporary: &Path,
    opener: &Opener,
    limits: &Limits,
) -> Result<Vec<Source>, IngestError> {
    let mut sources = Vec::new();
    for (index, path) in without_parts(files).into_iter().enumerate() {
        if !path.exists() {
            return Err(IngestError::NoFile(path.clone()));
        }
        let file = name(path);
        if path.is_dir() {
            sources.extend(open_inside(path, &file, layer, opener, limits)?);
            continue;
        }
        if sniff(path, &file)? == Content::Zip {
            let into = temporary.join(index.to_string());
            std::fs::create_dir_all(&into).map_err(IngestError::io(&into))?;
            archive::unpack(path, &file, &into, limits, &opener.stop())?;
            sources.extend(open_inside(&into, &file, layer, opener, limits)?);
        } else {
            sources.push(open_one(path, file, layer, opener, limits)?);
        }
    }
    Ok(sources)
}

/// Leaves out the parts of a Shapefile whose `.shp` is there as well, so that `roads.*` can be said.
fn without_parts(files: &[PathBuf]) -> Vec<&PathBuf> {
    let stem = |path: &Path| path.with_extension("");
    let shapes: Vec<PathBuf> = files.iter().filter(|p| suffix(p) == "shp").map(|p| stem(p)).collect();
    files.iter().filter(|p| !(PARTS.contains(&suffix(p).as_str()) && shapes.contains(&stem(p)))).collect()
}

/// Everything in a folder that can be read, in the order of names.
fn open_inside(folder: &Path, file: &str, layer: Option<&str>, opener: &Opener, limits: &Limits) -> Result<Vec<Source>, IngestError> {
    let mut found = Vec::new();
    walk(folder, &mut found, 0).map_err(IngestError::io(folder))?;
    found.sort();
    let is_part = |path: &Path| suffix(path) == "dbf" && shapefile::of_table(path).is_some();
    let readable: Vec<&PathBuf> =
        found.iter().filter(|p| SUFFIXES.contains(&suffix(p).as_str()) && !hidden(p, folder) && !is_part(p)).collect();
    let kinds: Vec<String> = readable.iter().map(|p| suffix(p)).collect();
    // a note beside the data is no data
    let texts_too = kinds.iter().all(|k| k == "txt");
    let chosen: Vec<&PathBuf> = readable.into_iter().filter(|p| texts_too || suffix(p) != "txt").collect();
    let nothing = || {
        let entries: Vec<String> = found.iter().take(8).map(|p| name(p)).collect();
        IngestError::NothingInside { file: file.to_owned(), entries: entries.join(", ") }
    };
    if chosen.is_empty() {
        return Err(nothing());
    }
    let inner = |path: &Path| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    let (chosen, layer) = pick(chosen, layer, &inner);
    let open = |path: &PathBuf| open_one(path, format!("{file}/{}", inner(path)), layer.as_deref(), opener, limits);
    let opened: Result<Vec<Source>, IngestError> = chosen.into_iter().map(open).collect();
    let says_where = |source: &Source| {
        let layer = source.reader.layer();
        layer.placed || !register::ways(&layer.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>()).is_empty()
    };
    match opened {
        // a text that is no table is no data that can't be read
        Err(IngestError::NoHeader { .. }) if texts_too => Err(nothing()),
        Ok(sources) if texts_too && !sources.iter().all(says_where) => Err(nothing()),
        other => other,
    }
}

/// Of several files, the one that the layer's name means: its path in the archive, its name or that without suffix; what follows
/// after `:` is a layer of that file. Otherwise all of them, which have a layer of that name each.
fn pick<'a>(files: Vec<&'a PathBuf>, wanted: Option<&str>, inner: &dyn Fn(&Path) -> String) -> (Vec<&'a PathBuf>, Option<String>) {
    let whole = wanted.map(str::to_owned);
    let Some(wanted) = wanted.filter(|_| files.len() > 1) else { return (files, whole) };
    let (of, layer) = wanted.split_once(':').map_or((wanted, None), |(of, layer)| (of, Some(layer.to_owned())));
    let is = |path: &PathBuf| inner(path) == of || name(path) == of || path.file_stem().is_some_and(|s| s.to_string_lossy() == of);
    let meant: Vec<&PathBuf> = files.iter().copied().filter(|path| is(path)).collect();
    if meant.is_empty() { (files, whole) } else { (meant, layer) }
}

fn walk(folder: &Path, found: &mut Vec<PathBuf>, depth: u8) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() && depth < 4 {
            walk(&entry.path(), found, depth + 1)?;
        } else if kind.is_file() {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// What macOS and others leave in archives.
fn hidden(path: &Path, folder: &Path) -> bool {
    let inner = path.strip_prefix(folder).unwrap_or(path);
    inner.components().any(|c| matches!(c.as_os_str().to_str(), Some(n) if n.starts_with('.') || n == "__MACOSX"))
}

fn open_one(path: &Path, file: String, layer: Option<&str>, opener: &Opener, limits: &Limits) -> Result<Source, IngestError> {
    let content = sniff(path, &file)?;
    let suffix = suffix(path);
    let strict = matches!(suffix.as_str(), "gpkg" | "shp" | "geojson");
    if strict && content == Content::Text {
        let (it, en) =
            if suffix == "shp" { ("uno Shapefile", "a Shapefile") } else { ("ciò che il nome promette", "what its name promises") };
        let found = Text::new(format!("testo, non {it}"), format!("text, not {en}"));
        let hint = Text::new("; controllare che cosa è stato esportato", "; check what was exported");
        return Err(IngestError::Format { file, found, hint });
    }
    let mut reader: Box<dyn Reader> = match content {
        Content::Zip => {
            let why = Text::new("è un archivio nell'archivio", "is an archive in the archive");
            return Err(IngestError::Archive { entry: name(path), file, why });
        }
        Content::Text => Box::new(csv::open(path, &file, limits)?),
        Content::Dbf => match shapefile::of_table(path) {
            Some(shapes) => return open_one(&shapes, file, layer, opener, limits),
            None => {
                let damaged = |cause| IngestError::Damaged { file: file.clone(), format: content.name(), cause };
                shapefile::check_table(path).map_err(IngestError::io(path))?.map_err(damaged)?;
                opener.open(path, &file, content, layer, limits)?
            }
        },
        Content::Shapefile => {
            shapefile::check(path, &file)?;
            opener.open(path, &file, content, layer, limits)?
        }
        _ => opener.open(path, &file, content, layer, limits)?,
    };
    if !content.fits(&suffix) {
        reader.note(Note::suffix(&name(path), content.name()));
    }
    Ok(Source { file, reader: Box::new(Stoppable { reader, stop: opener.stop() }) })
}

fn suffix(path: &Path) -> String {
    path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase()
}

/// What people call the file.
fn name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}
