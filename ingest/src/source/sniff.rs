//! What a file is, by its first bytes; its name is only a promise.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::IngestError;

/// A format, by content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Content {
    GeoPackage,
    Shapefile,
    GeoJson,
    /// Text that may be delimited.
    Text,
    Zip,
}

impl Content {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GeoPackage => "GeoPackage",
            Self::Shapefile => "Shapefile",
            Self::GeoJson => "GeoJSON",
            Self::Text => "CSV",
            Self::Zip => "zip",
        }
    }

    /// Whether a name with this suffix promises this content.
    pub(crate) fn fits(self, suffix: &str) -> bool {
        match self {
            Self::GeoPackage => suffix == "gpkg",
            Self::Shapefile => suffix == "shp",
            Self::GeoJson => matches!(suffix, "geojson" | "json"),
            Self::Text => matches!(suffix, "csv" | "txt" | "tsv" | "tab"),
            Self::Zip => matches!(suffix, "zip" | "shz"),
        }
    }
}

/// Things that are mistaken for map data, by their first bytes.
const OTHERS: [(&[u8], &str, &str); 11] = [
    (b"%PDF", "a PDF document", "; ask for the data the map was drawn from"),
    (b"\x89PNG", "a picture (PNG)", ""),
    (b"\xff\xd8\xff", "a picture (JPEG)", ""),
    (b"II*\0", "a picture (TIFF)", ""),
    (b"MM\0*", "a picture (TIFF)", ""),
    (b"\x1f\x8b", "compressed by gzip", "; unpack it first"),
    (b"7z\xbc\xaf", "a 7z archive", "; unpack it, or make it a zip"),
    (b"Rar!", "a RAR archive", "; unpack it, or make it a zip"),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word document", "; save it as CSV"),
    (b"MAPPA", "a cadastral sheet (CXF)", ""),
    (b"fgb\x03", "FlatGeobuf", "; export it as GeoPackage"),
];

/// Looks at the beginning of a file. `file` is its name in messages.
pub(crate) fn sniff(path: &Path, file: &str) -> Result<Content, IngestError> {
    let mut head = Vec::with_capacity(4096);
    File::open(path).and_then(|f| f.take(4096).read_to_end(&mut head)).map_err(IngestError::io(path))?;
    if head.is_empty() {
        return Err(IngestError::EmptyFile(file.to_owned()));
    }
    by_bytes(&head).map_err(|(found, hint)| IngestError::Format { file: file.to_owned(), found: found.to_owned(), hint: hint.to_owned() })
}

fn by_bytes(head: &[u8]) -> Result<Content, (&'static str, &'static str)> {
    if head.starts_with(b"SQLite format 3\0") {
        return Ok(Content::GeoPackage);
    }
    if head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06") {
        return Ok(Content::Zip);
    }
    if head.starts_with(&[0, 0, 0x27, 0x0a]) {
        return Ok(Content::Shapefile);
    }
    if let Some((_, found, hint)) = OTHERS.iter().find(|(magic, ..)| head.starts_with(magic)) {
        return Err((found, hint));
    }
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    if wide {
        return Ok(Content::Text);
    }
    if head.contains(&0) {
        return Err(("binary and of no kind that is known here", ""));
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    match text.first() {
        Some(b'{' | b'[') => Ok(Content::GeoJson),
        Some(b'<') => Err(("XML or HTML (GML, KML, a virtual dataset or a web page)", "; convert it to GeoPackage")),
        _ => Ok(Content::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, by_bytes};

    #[test]
    fn content_decides() {
        assert_eq!(by_bytes(b"SQLite format 3\0..."), Ok(Content::GeoPackage));
        assert_eq!(by_bytes(b"\xef\xbb\xbf  {\"type\""), Ok(Content::GeoJson));
        assert_eq!(by_bytes(b"x;y\n1;2\n"), Ok(Content::Text));
        assert!(by_bytes(b"%PDF-1.7").unwrap_err().0.contains("PDF"));
        assert!(by_bytes(b"<OGRVRTDataset>").unwrap_err().0.contains("XML"));
        assert!(by_bytes(b"ab\0cd").is_err());
    }
}
