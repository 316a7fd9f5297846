use std::fs::{self, File};
use std::io::{Cursor, Write};
use std::path::Path;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{FileKind, Limits, recognise, walk};
use crate::census::CensusFile;
use crate::remark::Issue;

const MAP: &[u8] = b"MAPPA\r\nX101_001200\r\n    2000.000\r\nEOF\r\n";
const GML: &[u8] = b"<?xml version='1.0'?><c xmlns:CP=\"http://mapserver.gis.umn.edu/mapserver\"></c>";

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// Name, kind, bytes, remarks.
type Seen = (String, Option<FileKind>, usize, Vec<Issue>);

fn seen(path: &Path, limits: &Limits) -> Vec<Seen> {
    let mut seen = Vec::new();
    walk(path, limits, &mut |found| {
        let bytes = std::io::copy(found.source, &mut std::io::sink()).unwrap() as usize;
        seen.push((found.file, found.kind, bytes, found.remarks.kept().iter().map(|r| r.issue.clone()).collect()));
    })
    .unwrap();
    seen
}

fn names(seen: &[Seen]) -> Vec<&str> {
    seen.iter().map(|(name, ..)| name.as_str()).collect()
}

#[test]
fn content_decides_and_then_the_name() {
    let sup = b"X101_001200  20240131\r\nN.FABBRIC           1\r\n";
    let row = b"X101| |5810|F|3|1|006|A02|06|6,5|141|\r\n";
    for (bytes, name, kind) in [
        (MAP, "a.txt", Some(FileKind::Map)),
        (b"QUADRO D'UNIONE\nX101_1234QU\n", "a", Some(FileKind::Map)),
        (sup, "x", Some(FileKind::Areas)),
        (b"999\r\na comment\r\n  0\r\nSECTION\r\n  2\r\nENTITIES\r\n", "x.txt", Some(FileKind::Drawing)),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "x", Some(FileKind::Drawing)),
        (b"0\nTRAILER\n", "x", None),
        (b"", "X101_001200.dxf", Some(FileKind::Drawing)),
        (GML, "x.xml", Some(FileKind::Gml)),
        (row, "x.dat", Some(FileKind::Census(CensusFile::Buildings))),
        (b"PK\x03\x04", "x.gml", Some(FileKind::Archive)),
        (b"Data: 1", "X101.PRM", Some(FileKind::Census(CensusFile::Parameters))),
        (b"", "X101_001200.CXF", Some(FileKind::Map)),
        (b"<html>", "a.html", None),
        (b"%PDF-1.7", "a.pdf", None),
        (b"id;nome\n1;a\n", "a.csv", None),
    ] {
        assert_eq!(recognise(bytes, name), kind, "{name}");
    }
    let wide: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(std::str::from_utf8(GML).unwrap().encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(recognise(&wide, "a"), Some(FileKind::Gml));
}

#[test]
fn archives_in_archives_and_folders_are_gone_through() {
    let folder = tempfile::tempdir().unwrap();
    let comune = zip(&[("X101_map.gml", GML), ("X101_ple.gml", GML)]);
    let province = zip(&[("X101.zip", &comune), ("leggimi.txt", b"text")]);
    fs::create_dir(folder.path().join("in")).unwrap();
    fs::write(folder.path().join("in/RC.zip"), province).unwrap();
    fs::write(folder.path().join("in/X101_001200.CXF"), MAP).unwrap();
    let seen = seen(&folder.path().join("in"), &Limits::default());
    assert_eq!(
        names(&seen),
        [
            "in/RC.zip/X101.zip/X101_map.gml",
            "in/RC.zip/X101.zip/X101_ple.gml",
            "in/RC.zip/X101.zip",
            "in/RC.zip/leggimi.txt",
            "in/RC.zip",
            "in/X101_001200.CXF"
        ]
    );
    assert_eq!((seen[0].1, seen[0].2, seen[3].1), (Some(FileKind::Gml), GML.len(), None));
    assert!(seen.iter().all(|(.., issues)| issues.is_empty()), "{seen:?}");
}

#[test]
fn archives_are_taken_within_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let zeros = vec![b' '; 40 << 20];
    fs::write(&path, zip(&[("bomb.gml", &zeros), ("good.cxf", MAP)])).unwrap();
    let all = seen(&path, &Limits::default());
    assert_eq!((all[0].2, all[1].2), (16 << 20, MAP.len()));
    assert_eq!(all[2].3, [Issue::Swollen { entry: "bomb.gml".into() }]);

    let mut nested = zip(&[("a.cxf", MAP)]);
    for _ in 0..6 {
        nested = zip(&[("inner.zip", &nested)]);
    }
    fs::write(&path, nested).unwrap();
    let all = seen(&path, &Limits::default());
    assert!(
        all.iter().any(|(.., issues)| matches!(issues[..], [Issue::TooDeep { .. }])) && !names(&all).iter().any(|n| n.ends_with("a.cxf"))
    );

    fs::write(&path, zip(&[("a.cxf", MAP), ("b.cxf", MAP), ("c.cxf", MAP)])).unwrap();
    let all = seen(&path, &Limits { entries: 2, ..Limits::default() });
    assert_eq!((all.len(), &all[2].3[..]), (3, &[Issue::ManyEntries { allowed: 2 }][..]));
}

#[test]
fn links_and_strange_names_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    zip.add_symlink("a.cxf", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    zip.start_file("../../b\u{1b}[2J.cxf", SimpleFileOptions::default()).unwrap();
    zip.write_all(MAP).unwrap();
    zip.finish().unwrap();
    let all = seen(&path, &Limits::default());
    assert_eq!(names(&all), ["a.zip/../../b\u{fffd}[2J.cxf", "a.zip"]);
    assert_eq!(all[1].3, [Issue::Link { entry: "a.cxf".into() }]);
}

#[test]
fn an_archive_that_is_damaged_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let bytes = zip(&[("a.cxf", MAP)]);
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(matches!(seen(&path, &Limits::default())[0].3[..], [Issue::Archive { .. }]));
    assert!(matches!(seen(&folder.path().join("none.zip"), &Limits::default())[0].3[..], [Issue::Unreadable { .. }]));
}
