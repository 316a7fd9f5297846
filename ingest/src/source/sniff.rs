//! What a file is, by its content; its name is only a promise.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use kernel::Text;
use serde::{Deserialize, Serialize};

use super::{geojson, xml};
use crate::IngestError;

/// A format, by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    GeoPackage,
    Shapefile,
    /// The table of a Shapefile, or one by itself.
    Dbf,
    GeoJson,
    GeoJsonSeq,
    FlatGeobuf,
    Gml,
    Kml,
    Gpx,
    Dxf,
    Xlsx,
    /// Text that may be delimited.
    Text,
    Zip,
}

impl Content {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GeoPackage => "GeoPackage",
            Self::Shapefile => "Shapefile",
            Self::Dbf => "DBF",
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonSeq => "GeoJSONSeq",
            Self::FlatGeobuf => "FlatGeobuf",
            Self::Gml => "GML",
            Self::Kml => "KML",
            Self::Gpx => "GPX",
            Self::Dxf => "DXF",
            Self::Xlsx => "XLSX",
            Self::Text => "CSV",
            Self::Zip => "zip",
        }
    }

    /// The suffixes that promise this content.
    pub(crate) fn suffixes(self) -> &'static [&'static str] {
        match self {
            Self::GeoPackage => &["gpkg"],
            Self::Shapefile => &["shp"],
            Self::Dbf => &["dbf"],
            Self::GeoJson => &["geojson", "json"],
            Self::GeoJsonSeq => &["geojsonl", "geojsons", "geojsonseq", "ndjson", "jsonl"],
            Self::FlatGeobuf => &["fgb"],
            Self::Gml => &["gml", "xml"],
            Self::Kml => &["kml"],
            Self::Gpx => &["gpx"],
            Self::Dxf => &["dxf"],
            Self::Xlsx => &["xlsx", "xlsm"],
            Self::Text => &["csv", "txt", "tsv", "tab"],
            Self::Zip => &["zip", "shz", "kmz"],
        }
    }

    /// Whether a name with this suffix promises this content.
    pub(crate) fn fits(self, suffix: &str) -> bool {
        self.suffixes().contains(&suffix)
    }
}

/// What a file is that can't be read, and what to do, each in Italian and English.
pub(super) type Strange = ([&'static str; 2], [&'static str; 2]);

const NOTHING: [&str; 2] = ["", ""];
const UNPACK: [&str; 2] = ["; estrarlo, o farne uno zip", "; unpack it, or make it a zip"];

/// Things that are mistaken for map data, by their first bytes.
const OTHERS: [(&[u8], [&str; 2], [&str; 2]); 12] = [
    (
        b"%PDF",
        ["un documento PDF", "a PDF document"],
        ["; chiedere i dati da cui è stata disegnata la mappa", "; ask for the data the map was drawn from"],
    ),
    (b"\x89PNG", ["un'immagine (PNG)", "a picture (PNG)"], NOTHING),
    (b"\xff\xd8\xff", ["un'immagine (JPEG)", "a picture (JPEG)"], NOTHING),
    (b"II*\0", ["un'immagine (TIFF)", "a picture (TIFF)"], NOTHING),
    (b"MM\0*", ["un'immagine (TIFF)", "a picture (TIFF)"], NOTHING),
    (b"\x1f\x8b", ["compresso con gzip", "compressed by gzip"], ["; estrarlo prima", "; unpack it first"]),
    (b"7z\xbc\xaf", ["un archivio 7z", "a 7z archive"], UNPACK),
    (b"Rar!", ["un archivio RAR", "a RAR archive"], UNPACK),
    (
        b"\xd0\xcf\x11\xe0",
        ["un vecchio documento Excel o Word", "an old Excel or Word document"],
        ["; salvarlo come XLSX o CSV", "; save it as XLSX or CSV"],
    ),
    (b"MAPPA", ["un foglio catastale (CXF)", "a cadastral sheet (CXF)"], NOTHING),
    (b"AC10", ["un disegno DWG", "a DWG drawing"], ["; salvarlo come DXF", "; save it as DXF"]),
    (
        b"AutoCAD Binary DXF",
        ["un DXF binario", "a binary DXF"],
        ["; salvarlo come DXF in testo (ASCII)", "; save it as DXF in text (ASCII)"],
    ),
];

/// Looks at a file. `file` is its name in messages.
pub(crate) fn sniff(path: &Path, file: &str) -> Result<Content, IngestError> {
    let mut head = Vec::with_capacity(4096);
    let io = || IngestError::io(path);
    let mut opened = File::open(path).map_err(io())?;
    opened.by_ref().take(4096).read_to_end(&mut head).map_err(io())?;
    if head.is_empty() {
        return Err(IngestError::EmptyFile(file.to_owned()));
    }
    let mut content = by_bytes(&head);
    if content == Ok(Content::Gml) {
        // some kind of XML: its first element tells which
        opened.take(xml::HEAD as u64).read_to_end(&mut head).map_err(io())?;
        content = xml::content(&as_utf8(&head));
    }
    if content == Ok(Content::Zip) && is_workbook(path) {
        content = Ok(Content::Xlsx);
    }
    if content == Ok(Content::GeoJson) && geojson::is_sequence(path).map_err(io())? {
        content = Ok(Content::GeoJsonSeq);
    }
    let words = |[it, en]: [&str; 2]| Text::new(it, en);
    content.map_err(|(found, hint)| IngestError::Format { file: file.to_owned(), found: words(found), hint: words(hint) })
}

/// UTF-16 with a byte order mark, as UTF-8; anything else as it is, without a mark.
fn as_utf8(head: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    match encoding_rs::Encoding::for_bom(head) {
        Some((encoding, length)) => encoding.decode_without_bom_handling(&head[length..]).0.into_owned().into_bytes().into(),
        None => head.into(),
    }
}

/// Whether a zip is a spreadsheet: it has the part that lists the sheets.
fn is_workbook(path: &Path) -> bool {
    let archive = File::open(path).ok().and_then(|f| zip::ZipArchive::new(BufReader::new(f)).ok());
    archive.is_some_and(|archive| archive.file_names().any(|name| name.eq_ignore_ascii_case("xl/workbook.xml")))
}

fn by_bytes(head: &[u8]) -> Result<Content, Strange> {
    if head.starts_with(b"SQLite format 3\0") {
        return Ok(Content::GeoPackage);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Content::Zip);
    }
    if head.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Ok(Content::Shapefile);
    }
    if head.starts_with(b"fgb\x03") {
        return Ok(Content::FlatGeobuf);
    }
    if let Some((_, found, hint)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err((*found, *hint));
    }
    if is_dbf(head) {
        return Ok(Content::Dbf);
    }
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let head = as_utf8(head);
    if !wide && head.contains(&0) {
        return Err((["binario, di un tipo che qui non si conosce", "binary and of no kind that is known here"], NOTHING));
    }
    let text = head.trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => Ok(Content::GeoJson),
        // the record separator of RFC 8142
        Some(0x1e) => Ok(Content::GeoJsonSeq),
        Some(b'<') => Ok(Content::Gml),
        _ if is_dxf(text) => Ok(Content::Dxf),
        _ => Ok(Content::Text),
    }
}

/// dBASE III and what came after it: a version, the day of its last change, and a header of 32 bytes for itself and each field.
fn is_dbf(head: &[u8]) -> bool {
    let [version, _, month, day, _, _, _, _, low, high, ..] = *head else { return false };
    let header = u16::from_le_bytes([low, high]);
    let known = matches!(version, 0x03 | 0x30 | 0x31 | 0x83 | 0x8b | 0xf5);
    known && (1..=12).contains(&month) && (1..=31).contains(&day) && header > 64 && head.len() > 32
}

/// Pairs of lines, a code and a value: remarks (999), then the first section.
fn is_dxf(text: &[u8]) -> bool {
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    while let (Some(code), Some(value)) = (lines.next(), lines.next()) {
        match code {
            b"999" => {}
            b"0" => return value == b"SECTION",
            _ => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{Content, by_bytes, sniff};

    #[test]
    fn content_decides() {
        assert_eq!(by_bytes(b"SQLite format 3\0..."), Ok(Content::GeoPackage));
        assert_eq!(by_bytes(b"\xef\xbb\xbf  {\"type\""), Ok(Content::GeoJson));
        assert_eq!(by_bytes(b"x;y\n1;2\n"), Ok(Content::Text));
        assert_eq!(by_bytes(b"999\r\na remark\r\n  0\r\nSECTION\r\n"), Ok(Content::Dxf));
        assert_eq!(by_bytes(b"0\n1\n"), Ok(Content::Text));
        assert_eq!(by_bytes(b"fgb\x03fgb\x00"), Ok(Content::FlatGeobuf));
        assert!(by_bytes(b"%PDF-1.7").unwrap_err().0[1].contains("PDF"));
        assert!(by_bytes(b"AC1032").unwrap_err().1[1].contains("DXF"));
        assert!(by_bytes(b"ab\0cd").is_err());
        let mut table = vec![3, 126, 11, 29, 2, 0, 0, 0, 97, 0, 20, 0];
        table.resize(97, 0);
        assert_eq!(by_bytes(&table), Ok(Content::Dbf));
    }

    #[test]
    fn xml_of_another_width_hides_nothing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for (text, told) in [("<kml/>", None), ("<!DOCTYPE kml [<!ENTITY a 'b'>]><kml/>", Some("DOCTYPE")), ("x;y\n1;2", None)] {
            let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
            std::fs::write(file.path(), wide).unwrap();
            let found = sniff(file.path(), "a");
            assert_eq!(found.as_ref().err().map(|e| e.to_string().contains(told.unwrap_or("?"))), told.map(|_| true), "{found:?}");
        }
    }
}
