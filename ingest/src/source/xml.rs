//! What an XML file is, by its first element; and what it must not have: a document type, by which a parser could be made to read other
//! files or to grow a text without end.

use std::io::{self, BufReader};
use std::path::Path;

use encoding_rs_io::DecodeReaderBytesBuilder;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::sniff::{Content, Strange};

/// Bytes in which the first element must begin.
pub(super) const HEAD: usize = 256 << 10;

/// The format of a text that begins with `<`, or what it is instead and what to do.
pub(super) fn content(head: &[u8]) -> Result<Content, Strange> {
    const WEB: Strange = (["una pagina web (HTML)", "a web page (HTML)"], ["", ""]);
    let nothing = (["XML senza un elemento", "XML without an element"], ["; esportarlo di nuovo", "; export it again"]);
    // names are ASCII, and other characters tell nothing here
    let text = String::from_utf8_lossy(head);
    let mut reader = Reader::from_str(&text);
    loop {
        let element = match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => element,
            Ok(Event::DocType(kind)) if kind.to_ascii_lowercase().starts_with("html") => return Err(WEB),
            Ok(Event::DocType(_)) => {
                return Err((
                    [
                        "XML con un tipo di documento (<!DOCTYPE …>), con cui chi legge può essere portato ad altri file",
                        "XML with a document type (<!DOCTYPE …>), by which a reader can be led to other files",
                    ],
                    ["; toglierlo, o esportare di nuovo il file senza", "; take it out, or export the file again without it"],
                ));
            }
            Ok(Event::Text(text)) if !text.trim().is_empty() => return Err(nothing),
            Ok(Event::Eof) | Err(_) => return Err(nothing),
            Ok(_) => continue,
        };
        let gml = element.attributes().flatten().any(|a| a.value.contains("www.opengis.net/gml"));
        return match element.local_name().as_ref() {
            "kml" => Ok(Content::Kml),
            "gpx" => Ok(Content::Gpx),
            "html" => Err(WEB),
            "OGRVRTDataSource" | "VRTDataset" | "OGRVRTLayer" => Err((
                ["un insieme di dati virtuale, che nomina altri file", "a virtual dataset, which names other files"],
                ["; caricare quelli", "; load those"],
            )),
            name if gml || name == "FeatureCollection" => Ok(Content::Gml),
            _ => Err((
                [
                    "XML di un tipo che qui non si conosce (né GML, né KML, né GPX)",
                    "XML of a kind that is not known here (no GML, KML or GPX)",
                ],
                ["; convertirlo in GeoPackage", "; convert it to GeoPackage"],
            )),
        };
    }
}

/// How many elements of this name a file has; or why it is no XML, with the byte at which that shows.
pub(super) fn count(path: &Path, name: &str) -> io::Result<Result<u64, String>> {
    let text = DecodeReaderBytesBuilder::new().encoding(Some(encoding_rs::UTF_8)).bom_override(true).build(std::fs::File::open(path)?);
    let mut reader = Reader::from_reader(BufReader::with_capacity(1 << 18, text));
    let (mut buffer, mut found, mut open) = (Vec::new(), 0, 0_u64);
    loop {
        match reader.read_event_into(&mut buffer) {
            Ok(Event::Start(element)) => {
                open += 1;
                found += u64::from(element.local_name().as_ref() == name);
            }
            Ok(Event::Empty(element)) => found += u64::from(element.local_name().as_ref() == name),
            Ok(Event::End(_)) => open -= 1,
            Ok(Event::Eof) if open > 0 => return Ok(Err(format!("it ends in the middle, with {open} elements open"))),
            Ok(Event::Eof) => return Ok(Ok(found)),
            Ok(_) => {}
            Err(error) => return Ok(Err(format!("{error}, at byte {}", reader.error_position()))),
        }
        buffer.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, content, count};

    #[test]
    fn the_first_element_decides() {
        assert_eq!(content(b"<?xml version=\"1.0\"?><!-- x --><kml xmlns=\"http://www.opengis.net/kml/2.2\">"), Ok(Content::Kml));
        assert_eq!(content(b"<gpx version=\"1.1\"/>"), Ok(Content::Gpx));
        assert_eq!(content(b"<wfs:FeatureCollection xmlns:wfs=\"http://www.opengis.net/wfs/2.0\">"), Ok(Content::Gml));
        assert_eq!(content(b"<a:Base xmlns:gml='http://www.opengis.net/gml/3.2'>"), Ok(Content::Gml));
        for (text, words) in [
            ("<OGRVRTDataSource>", "virtual"),
            ("<!DOCTYPE html><html>", "web page"),
            ("<!DOCTYPE kml [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><kml>&a;</kml>", "DOCTYPE"),
            ("<?xml version=\"1.0\" encoding=\"UTF-7\"?>+ADwAIQ-DOCTYPE kml+AD4-<kml/>", "without an element"),
            ("<feed/>", "not known"),
            ("<!-- only this -->", "without an element"),
        ] {
            assert!(content(text.as_bytes()).unwrap_err().0[1].contains(words), "{text}");
        }
    }

    #[test]
    fn elements_are_counted_whatever_their_prefix() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "<kml:kml><kml:NetworkLink/><NetworkLink><href>x</href></NetworkLink></kml:kml>").unwrap();
        assert_eq!(count(file.path(), "NetworkLink").unwrap(), Ok(2));
        for broken in ["<kml><NetworkLink></Document>", "<kml><Document></Document>", "<kml></kml></kml>"] {
            std::fs::write(file.path(), broken).unwrap();
            assert!(count(file.path(), "NetworkLink").unwrap().is_err(), "{broken}");
        }
    }
}
