//! Cadastral files wherever they lie: in folders, and in archives within archives, as the Agenzia delle Entrate hands out a
//! region. What a file is, its content decides, and its name where the content does not.

mod archive;

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use crate::census::CensusFile;
use crate::cxf::MapKind;
use crate::dxf;
use crate::lines::quoted;
use crate::remark::{Issue, Remarks};
use crate::sup;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// A map in the exchange format (CXF).
    Map,
    /// A map as a drawing (DXF).
    Drawing,
    /// The areas that go with one (SUP).
    Areas,
    /// Parcels or sheets of the Agenzia delle Entrate (GML).
    Gml,
    /// A file of the census.
    Census(CensusFile),
    /// A zip.
    Archive,
}

/// Bounds of what is taken out of archives and folders.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files in all of them together.
    pub entries: usize,
    /// Archives within each other.
    pub depth: u8,
    /// Bytes of one file, whatever its size in the archive.
    pub entry_bytes: u64,
    /// How many times its size in the archive a file may have, from 16 MB on.
    pub entry_ratio: u64,
    /// Bytes of all files together.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 100_000, depth: 4, entry_bytes: 8 << 30, entry_ratio: 300, bytes: 256 << 30 }
    }
}

/// A file that was found.
pub struct Found<'a> {
    /// What people call it, with the archives that it is in: `RC.zip/H224.zip/H224_map.gml`.
    pub file: String,
    /// What it is; `None` for what is nothing of the cadastre.
    pub kind: Option<FileKind>,
    /// Its bytes, once.
    pub source: &'a mut dyn Read,
    /// What was found on the way to it, and about it.
    pub remarks: Remarks,
}

/// Bytes by which a file is recognised.
const HEAD: u64 = 64 << 10;

/// Hands over every file at a path and, if it is a folder or an archive, in it, in the order of names or of the archive.
/// An archive is handed over too, after what is in it, without bytes, for its own remarks.
pub fn walk(path: &Path, limits: &Limits, each: &mut dyn FnMut(Found<'_>)) -> io::Result<()> {
    let mut left = Left { entries: limits.entries, bytes: limits.bytes };
    let mut paths = Vec::new();
    let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
    list(path, &name, limits.depth, &mut left, &mut paths)?;
    for (path, name) in paths {
        match File::open(&path) {
            Ok(file) => archive::take(file, &name, limits, &mut left, each),
            Err(error) => unreadable(name, &error, each),
        }
    }
    Ok(())
}

/// What may still be taken.
struct Left {
    entries: usize,
    bytes: u64,
}

fn list(path: &Path, name: &str, depth: u8, left: &mut Left, found: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    if !path.is_dir() {
        found.push((path.to_owned(), name.to_owned()));
        return Ok(());
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)?.take(left.entries).collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let inner = format!("{name}/{}", entry.file_name().to_string_lossy());
        if kind.is_symlink() || left.entries == 0 {
            continue;
        }
        left.entries -= 1;
        if kind.is_file() {
            found.push((entry.path(), inner));
        } else if depth > 0 {
            list(&entry.path(), &inner, depth - 1, left, found)?;
        }
    }
    Ok(())
}

fn unreadable(file: String, error: &io::Error, each: &mut dyn FnMut(Found<'_>)) {
    let mut remarks = Remarks::default();
    remarks.add(0, Issue::Unreadable { cause: error.to_string() });
    each(Found { file, kind: None, source: &mut io::empty(), remarks });
}

/// What a file is by its first bytes and its name.
fn recognise(head: &[u8], name: &str) -> Option<FileKind> {
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Some(FileKind::Archive);
    }
    let mut lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    if MapKind::read(first).is_some() {
        return Some(FileKind::Map);
    }
    if sup::is_sup(first, second) {
        return Some(FileKind::Areas);
    }
    if dxf::is_drawing(head) {
        return Some(FileKind::Drawing);
    }
    if is_gml(head) {
        return Some(FileKind::Gml);
    }
    if let Some(file) = CensusFile::of_line(first) {
        return Some(FileKind::Census(file));
    }
    let suffix = name.rsplit_once('.').map_or("", |(_, suffix)| suffix).to_ascii_lowercase();
    match suffix.as_str() {
        "cxf" | "ctf" => Some(FileKind::Map),
        "dxf" => Some(FileKind::Drawing),
        "sup" => Some(FileKind::Areas),
        suffix => CensusFile::of_suffix(suffix).map(FileKind::Census),
    }
}

fn is_gml(head: &[u8]) -> bool {
    let start = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    // of other widths every other byte is a zero
    let narrow: Vec<u8> = if start.starts_with(b"<") { start.to_vec() } else { head.iter().copied().filter(|b| *b != 0).collect() };
    let is_xml = narrow.starts_with(b"<") || narrow.starts_with(b"\xff\xfe<") || narrow.starts_with(b"\xfe\xff<");
    let has = |word: &str| memchr::memmem::find(&narrow, word.as_bytes()).is_some();
    is_xml && (has("CadastralParcel") || has("CadastralZoning") || has("mapserver.gis.umn.edu/mapserver"))
}

/// The last part of a file's name, without its suffix.
pub(crate) fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// A source with its first bytes, which are looked at and given again.
fn with_head<'a>(source: &'a mut dyn Read) -> io::Result<(Vec<u8>, impl Read + 'a)> {
    let mut head = Vec::new();
    source.take(HEAD).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}

/// A name out of an archive, as it can be shown.
fn shown(name: &str) -> String {
    name.split('/').map(|part| quoted(part.as_bytes())).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
