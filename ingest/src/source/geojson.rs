//! What GDAL keeps to itself of a GeoJSON: a coordinate system that it does not know, in whose place it takes WGS 84, and
//! texts that it ends at a null character. One pass over the bytes; nothing is kept but the member `crs`. And of a sequence of
//! features: whether each is one, since GDAL passes over what is none.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

/// Longest `crs` member that is looked at.
const LONGEST: usize = 4096;

/// Names of WGS 84, by their last part.
const WGS84: [&str; 5] = ["4326", "4979", "crs84", "crs84h", "wgs84"];

/// What the bytes say.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Scan {
    /// The name of the collection's system, if it has one that is not WGS 84: `EPSG:3004`.
    pub(super) crs: Option<String>,
    /// Escaped null characters in the whole text.
    pub(super) nulls: u64,
}

/// Looks through a file.
pub(super) fn scan(path: &Path) -> io::Result<Scan> {
    let mut file = File::open(path)?;
    let mut scanner = Scanner::default();
    let mut block = vec![0; 1 << 18];
    loop {
        match file.read(&mut block)? {
            0 => break,
            read => scanner.take_all(&block[..read]),
        }
    }
    Ok(Scan { crs: name(&scanner.crs).filter(|name| !is_wgs84(name)), nulls: scanner.nulls })
}

/// How far the first object of a sequence may reach; one feature is not longer.
const FIRST: u64 = 64 << 20;

/// Whether the text is one object after the other, each a line or begun by a record separator (RFC 8142), and not a single one.
pub(super) fn is_sequence(path: &Path) -> io::Result<bool> {
    let mut scanner = Scanner::default();
    let (mut begun, mut ended) = (false, false);
    for byte in BufReader::with_capacity(1 << 16, File::open(path)?.take(FIRST)).bytes() {
        let byte = byte?;
        if ended && !byte.is_ascii_whitespace() {
            return Ok(matches!(byte, b'{' | SEPARATOR));
        }
        scanner.take(byte);
        // one collection, or a sequence of collections, which nobody writes
        if scanner.depth == 1 && !scanner.in_text && matches!(scanner.text.as_slice(), b"features" | b"FeatureCollection") {
            return Ok(false);
        }
        begun |= scanner.depth > 0;
        ended = begun && scanner.depth == 0;
    }
    Ok(false)
}

/// Stands before each object of a sequence, if it is not each a line.
const SEPARATOR: u8 = 0x1e;

/// What a record must be.
#[derive(Deserialize)]
struct Record {
    #[serde(rename = "type")]
    kind: String,
}

/// The first record of a sequence that is no feature, with what is wrong with it.
pub(super) fn first_bad_record(path: &Path) -> io::Result<Option<String>> {
    let mut reader = BufReader::with_capacity(1 << 18, File::open(path)?);
    let mut by = SEPARATOR;
    if !reader.fill_buf()?.trim_ascii_start().starts_with(&[SEPARATOR]) {
        by = b'\n';
    }
    let (mut record, mut number) = (Vec::new(), 0_u64);
    while reader.read_until(by, &mut record)? > 0 {
        number += 1;
        let text = record.strip_suffix(&[by]).unwrap_or(&record).trim_ascii();
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        // nothing stands before the first separator
        number -= u64::from(by == SEPARATOR && text.is_empty());
        let found = match serde_json::from_slice::<Record>(text) {
            _ if text.is_empty() => None,
            Ok(Record { kind }) if kind == "Feature" => None,
            Ok(Record { kind }) => Some(format!("is a {kind}, not a Feature")),
            Err(error) => Some(format!("is no feature ({error})")),
        };
        if let Some(found) = found {
            let what = if by == SEPARATOR { "record" } else { "line" };
            return Ok(Some(format!("{what} {number} {found}")));
        }
        record.clear();
    }
    Ok(None)
}

/// Texts in the collection are kept up to this length: `FeatureCollection`, and what is longer is another.
const LONGEST_NAME: usize = 18;

#[derive(Default)]
struct Scanner {
    depth: u32,
    in_text: bool,
    /// What was read of an escape, from the backslash.
    escape: Vec<u8>,
    /// The last text directly in the collection.
    text: Vec<u8>,
    /// Whether the bytes belong to the member `crs`.
    in_crs: bool,
    crs: Vec<u8>,
    nulls: u64,
}

impl Scanner {
    /// Takes each byte, and passes quickly over those that change nothing.
    fn take_all(&mut self, mut bytes: &[u8]) {
        while let Some(at) = self.next(bytes) {
            self.take(bytes[at]);
            bytes = &bytes[at + 1..];
        }
    }

    /// Where the first byte is that may change something.
    fn next(&self, bytes: &[u8]) -> Option<usize> {
        if self.in_crs || !self.escape.is_empty() || self.in_text && self.depth == 1 {
            return (!bytes.is_empty()).then_some(0);
        }
        if self.in_text {
            return bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
        }
        bytes.iter().position(|byte| matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b':'))
    }

    fn take(&mut self, byte: u8) {
        if self.in_crs && self.depth == 1 && !self.in_text && matches!(byte, b',' | b'}') {
            self.in_crs = false;
        }
        if self.in_crs && self.crs.len() < LONGEST {
            self.crs.push(byte);
        }
        if self.in_text {
            return self.take_of_text(byte);
        }
        match byte {
            b'"' => {
                self.in_text = true;
                self.text.clear();
            }
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            b':' if self.depth == 1 && self.text == b"crs" && !self.in_crs => {
                self.in_crs = true;
                self.crs.clear();
            }
            _ => {}
        }
    }

    fn take_of_text(&mut self, byte: u8) {
        if !self.escape.is_empty() {
            self.escape.push(byte);
            self.nulls += u64::from(self.escape == b"\\u0000");
            if self.escape[1] != b'u' || self.escape.len() == 6 {
                self.escape.clear();
            }
        } else if byte == b'\\' {
            self.escape.push(byte);
        } else if byte == b'"' {
            self.in_text = false;
        } else if self.depth == 1 && self.text.len() < LONGEST_NAME {
            self.text.push(byte);
        }
    }
}

/// The name in a `crs` member, in either of the two forms that the specification of 2008 and its drafts had.
fn name(member: &[u8]) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(member).ok()?;
    let properties = &value["properties"];
    let text = match (&properties["name"], &properties["code"]) {
        (serde_json::Value::String(name), _) => name.clone(),
        (_, serde_json::Value::Number(code)) => format!("EPSG:{code}"),
        (_, serde_json::Value::String(code)) => format!("EPSG:{code}"),
        _ => return None,
    };
    let parts: Vec<&str> = text.split(':').collect();
    Some(match parts.as_slice() {
        ["urn", _, "def", "crs", authority, .., code] => format!("{authority}:{code}"),
        _ => text,
    })
}

fn is_wgs84(name: &str) -> bool {
    let plain = name.to_ascii_lowercase().replace(' ', "");
    plain.rsplit([':', '/', '#']).next().is_some_and(|last| WGS84.contains(&last))
}

#[cfg(test)]
mod tests {
    use super::{Scan, first_bad_record, is_sequence, scan};

    fn scan_text(text: &str) -> Scan {
        scan(written(text).path()).unwrap()
    }

    #[test]
    fn the_collection_s_system_is_found_wherever_it_stands() {
        let named = |name: &str| {
            let crs = format!(r#""crs" : {{"type":"name","properties":{{"name":"{name}"}}}}"#);
            let first = scan_text(&format!(r#"{{"type":"FeatureCollection",{crs},"features":[{{"crs":1,"a":"crs"}}]}}"#)).crs;
            let last = scan_text(&format!(r#"{{"features":[{{"properties":{{"crs":{{"a":"}}"}}}}}}],{crs}}}"#)).crs;
            assert_eq!(first, last);
            first
        };
        assert_eq!(named("urn:ogc:def:crs:EPSG::999999").as_deref(), Some("EPSG:999999"));
        assert_eq!(named("pippo").as_deref(), Some("pippo"));
        for wgs84 in ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "http://www.opengis.net/gml/srs/epsg.xml#4326", "WGS 84"] {
            assert_eq!(named(wgs84), None, "{wgs84}");
        }
        assert_eq!(scan_text(r#"{"crs":null,"features":[]}"#).crs, None);
        assert_eq!(scan_text(r#"{"crs":{"type":"EPSG","properties":{"code":99}}}"#).crs.as_deref(), Some("EPSG:99"));
    }

    fn written(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    #[test]
    fn one_object_after_the_other_is_a_sequence() {
        for (text, is) in [
            ("{\"type\":\"Feature\",\"properties\":{\"a\":\"}\"}}\n{\"type\":\"Feature\"}\n", true),
            ("{\"type\":\"Feature\",\"properties\":{}}\n", false),
            ("{\"type\":\"FeatureCollection\",\"features\":[]}\n{}", false),
            ("\u{1e}{\"type\":\"Feature\"}\n\u{1e}{\"type\":\"Feature\"}\n", true),
        ] {
            assert_eq!(is_sequence(written(text).path()).unwrap(), is, "{text}");
        }
    }

    #[test]
    fn a_record_that_is_no_feature_is_named() {
        let good = r#"{"type":"Feature","properties":{},"geometry":null}"#;
        let bad = |text: &str| first_bad_record(written(text).path()).unwrap();
        assert_eq!(bad(&format!("{good}\n\n{good}\r\n")), None);
        assert_eq!(bad(&format!("\u{1e}{good}\n\u{1e}{{\n \"type\":\"Feature\"}}\n")), None);
        assert!(bad(&format!("{good}\n{{\"type\":\"Fea\n{good}\n")).unwrap().starts_with("line 2 is no feature"));
        assert!(bad(&format!("\u{1e}{good}\n\u{1e}{{\"type\":\"Point\"}}\n")).unwrap().starts_with("record 2 is a Point"));
    }

    #[test]
    fn null_characters_are_counted_and_escaped_backslashes_are_none() {
        assert_eq!(scan_text(r#"{"a":["x\u0000y","\\u0000","\"\u00001","\u00e8"]}"#).nulls, 2);
    }
}
