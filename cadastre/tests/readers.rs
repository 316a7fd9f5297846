//! The readers over sheets and files that were written by hand: what an independent reader makes of them, and what random
//! damage makes of the readers.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

mod entries;

use cadastre::census::{self, CensusFile};
use cadastre::cxf::{self, Record};
use cadastre::gml;
use cadastre::remark::Remarks;
use cadastre::sheet_map::{Area, Kind, SheetMap};
use cadastre::sup::Sup;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn sheet() -> Vec<u8> {
    std::fs::read(data("X101_001200.CXF")).unwrap()
}

/// The same sheet, drawn.
fn drawing() -> Vec<u8> {
    std::fs::read(data("X101_001200.dxf")).unwrap()
}

fn map(bytes: &[u8]) -> (SheetMap, Remarks) {
    SheetMap::read(bytes).unwrap()
}

#[test]
fn another_reader_counts_and_measures_the_same() {
    let output = Command::new("python3").arg(data("measure.py")).arg(data("X101_001200.CXF")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let (map, remarks) = map(&sheet());
    assert_eq!(remarks.kept(), []);
    let kinds = [
        ("border", Kind::Border),
        ("parcel", Kind::Parcel),
        ("street", Kind::Street),
        ("water", Kind::Water),
        ("building", Kind::Building),
    ];
    let mut counts: BTreeMap<&str, usize> = kinds.iter().map(|(name, kind)| (*name, map.of_kind(*kind).count())).collect();
    counts.extend([
        ("TESTO", map.count(|r| matches!(r, Record::Text(_)))),
        ("SIMBOLO", map.count(|r| matches!(r, Record::Symbol(_)))),
        ("FIDUCIALE", map.count(|r| matches!(r, Record::Fiducial(_)))),
        ("LINEA", map.count(|r| matches!(r, Record::Line(_)))),
        ("RIFERIMENTO_RASTER", map.count(|r| matches!(r, Record::Raster(_)))),
        ("LIBRETTO", map.count(|r| matches!(r, Record::Survey(_)))),
    ]);
    let areas: BTreeMap<&str, String> = kinds.iter().map(|(name, kind)| (*name, map.area_of(*kind).to_string())).collect();
    assert_eq!(theirs["counts"], serde_json::to_value(&counts).unwrap());
    assert_eq!(theirs["areas"], serde_json::to_value(&areas).unwrap());
    // and by hand: 100 by 60 metres, of which 10 by 10 are drawn apart
    assert_eq!(areas["border"], "5900.000");
}

#[test]
fn the_sheet_fits_together() {
    let (map, mut remarks) = map(&sheet());
    let found = map.topology(&mut remarks);
    assert_eq!(remarks.kept(), []);
    assert_eq!((found.balance_m2, found.overlap_m2, found.gap_m2), (Area::ZERO, Some(Area::ZERO), Some(Area::ZERO)));
    assert_eq!((found.buildings_inside, found.inner_points_inside, found.positions_inside), (3, 1, 4));
    let references: Vec<String> = map.of_kind(Kind::Parcel).map(|p| map.reference(p).unwrap().to_string()).collect();
    assert_eq!(references, ["X101_001200.1", "X101_001200.2", "X101_001200.3", "X101_001200.4"]);
    assert!(map.of_kind(Kind::Parcel).all(|piece| piece.holds(piece.label_point().unwrap())));
}

#[test]
fn a_drawing_of_the_sheet_has_the_same_areas() {
    let (drawn, mut remarks) = SheetMap::read_drawing(drawing().as_slice(), "X101_001200").unwrap();
    let found = drawn.topology(&mut remarks);
    assert_eq!(remarks.kept(), []);
    assert_eq!((found.balance_m2, found.overlap_m2, found.gap_m2), (Area::ZERO, Some(Area::ZERO), Some(Area::ZERO)));
    let pieces = |map: &SheetMap| {
        let mut all: Vec<String> = map.pieces.iter().map(|p| format!("{:?} {} {}", p.kind, p.code, p.area)).collect();
        all.sort();
        all
    };
    let (map, _) = map(&sheet());
    assert_eq!(pieces(&drawn), pieces(&map));
    for (is, kind) in [
        ((|r| matches!(r, Record::Symbol(_))) as fn(&Record) -> bool, "symbols"),
        (|r| matches!(r, Record::Fiducial(_)), "fiducials"),
        (|r| matches!(r, Record::Line(_)), "lines"),
    ] {
        assert_eq!(drawn.count(is), map.count(is), "{kind}");
    }
}

#[test]
fn a_sheet_is_written_byte_for_byte_as_it_was_read() {
    let bytes = sheet();
    let (map, _) = map(&bytes);
    let mut out = Vec::new();
    cxf::write(&mut out, &map.header, map.records.iter().map(|record| &record.value)).unwrap();
    assert!(out == bytes, "{}", String::from_utf8_lossy(&out));
}

const CENSUS: [(CensusFile, &str); 5] = [
    (
        CensusFile::Buildings,
        "X101| |5810|F|3|1|006|A02|06|6,5|141|1825000|1057,45|1|2|A|12|013|T|1|2|3|27012020|28012020|V|045227|001|2020|||||||0001234|Nota|341|342|RC1|29022020|VAR|D|VCL|A|3|\r\n\
         X101|A|351073|F|1|2|RC|0142|00101||0004||RC|0142|.0102|0001|0005|E|\r\nX101| |4326|F|3|3|236|DEI MILLE|0073|||603|\r\n\
         X101| |173704|F|2|4||0391|00329||||0391|00578|||\r\nX101| |3675191|F|4|5|5||1|0000012|\r\n",
    ),
    (
        CensusFile::Land,
        "X101|B|2041104|T|2|1|0197|00198|0001|0002||041|02|2|34|56|1|0|0|25000|12500|12,91|6,46|19022001|20022001|M|121089|001|2001|03042010|05042010|F|000777|001|2010|0000123|Nota|234408950|234408951|\r\n\
         X101| |1676490|T|1|4|AA|033|02|0|12|50|AB|041|01|1|00|05|\r\nX101| |5992|T|10|2|<A6|B1|\r\nX101|A|1676490|T|3|3|5||\r\n",
    ),
    (
        CensusFile::Subjects,
        "X101| |7125464|P|ROSSI|MARIO|1|01091973|X101|RSSMRA73P01X101K|nota|\r\nX101| |8363|G|COMUNE DI X|X101|01234567890|\r\n",
    ),
    (
        CensusFile::Titles,
        "X101| |54898|P|1437626|F|10||1|2|C||12112003|N|053614|001|2003|25082010|0000012|||||||9167994||28099632|SEN|Divisione||\r\n",
    ),
    (CensusFile::Parameters, "Comune: X101\r\nData=01012024\r\nTipo|attualita\r\n"),
];

const SUP: &str = "X101_001200  20240131\r\nN.FABBRIC           3\r\nN.PARTIC            4\r\nN.STRADE            1\r\nN.ACQUE             2\r\n\
    N.SVIL-ALL          1\r\nFABBRIC           131\r\n1                1109\r\n2                 100\r\n3                1191\r\n4                2040\r\n\
    PARTIC           4440\r\nSTRADE            390\r\nACQUE            1070\r\nSVIL-ALL          100\r\nTOTALE           5900\r\nCONFINE          5900\r\nSBILANCIO           0\r\n";

#[test]
fn the_areas_by_hand_are_those_of_the_sheet() {
    let (sup, mut remarks) = Sup::read(SUP.as_bytes()).unwrap();
    let own = Sup::of(&map(&sheet()).0, sup.day);
    sup.check(&own, &mut remarks);
    assert_eq!(remarks.kept(), []);
    let mut out = Vec::new();
    own.write(&mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), SUP);
}

const REFERENCES: [&str; 6] = ["X101_001200.345", "G273_0033A0.673", "A000W000200.STRADA001", "H501D1234QU", "X101_001200", "A"];

/// Numbers that lie about what follows.
const LIES: [&[u8]; 8] = [b"999999999", b"-1", b"2147483648", b"99999999999999999999", b"0", b"NaN", b"1e308", b"EOF"];

/// The bytes with a few things broken.
fn damaged(bytes: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..7) {
            0 => bytes[at] = random.random(),
            1 => bytes.truncate(at),
            2 => drop(bytes.drain(at..(at + random.random_range(0..60)).min(bytes.len()))),
            3 => {
                let copied = bytes[at..(at + random.random_range(0..200)).min(bytes.len())].to_vec();
                let to = random.random_range(0..=bytes.len());
                drop(bytes.splice(to..to, copied));
            }
            // a whole line or field becomes a lie
            4 | 5 => {
                let ends = |b: &u8| matches!(b, b'\n' | b'\r' | b'|' | b' ' | b'>' | b'<' | b'"');
                let from = bytes[..at].iter().rposition(ends).map_or(0, |i| i + 1);
                let to = bytes[at..].iter().position(ends).map_or(bytes.len(), |i| at + i);
                if from <= to {
                    drop(bytes.splice(from..to, LIES[random.random_range(0..LIES.len())].iter().copied()));
                }
            }
            _ => bytes.insert(at, [b'\n', b'|', b'<', 0, 0xff, b'&'][random.random_range(0..6)]),
        }
    }
    bytes
}

/// What a process has of address space, bytes: memory that is asked for counts, whether it is used or not.
fn address_space() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmPeak")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

/// An archive of an archive with the sheet in it.
fn archive() -> Vec<u8> {
    let zip = |name: &str, bytes: &[u8]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, bytes).unwrap();
        zip.finish().unwrap().into_inner()
    };
    zip("X101.zip", &zip("X101_001200.CXF", &sheet()))
}

#[test]
fn damage_never_makes_a_reader_panic_or_ask_for_memory() {
    let mut random = ChaCha8Rng::seed_from_u64(767);
    let (sheet, drawing, gml, archive) = (sheet(), drawing(), std::fs::read(data("X101_ple.gml")).unwrap(), archive());
    for _ in 0..400 {
        entries::map(&damaged(&sheet, &mut random));
        entries::drawing(&damaged(&drawing, &mut random));
        entries::sup(&damaged(SUP.as_bytes(), &mut random));
        entries::gml(&damaged(&gml, &mut random));
        entries::archive(&damaged(&archive, &mut random));
        for (file, text) in CENSUS {
            entries::census(&damaged(text.as_bytes(), &mut random), file);
        }
        for reference in REFERENCES {
            entries::reference(&damaged(reference.as_bytes(), &mut random));
        }
    }
    assert!(address_space() < 2 << 30, "{}", address_space());
}

#[test]
fn the_files_as_they_are_leave_nothing_to_say() {
    for (file, text) in CENSUS {
        let mut reader = census::Reader::new(text.as_bytes(), file);
        while reader.read().unwrap().is_some() {}
        assert_eq!(reader.remarks().kept(), [], "{file:?}");
    }
    let gml = std::fs::read(data("X101_ple.gml")).unwrap();
    let mut reader = gml::Reader::new(&gml[..]).unwrap();
    let mut shapes = Vec::new();
    while let Some(feature) = reader.read().unwrap() {
        shapes.push(feature.value.polygons.iter().map(Vec::len).collect::<Vec<_>>());
    }
    assert_eq!((reader.remarks().kept().len(), shapes), (0, vec![vec![2], vec![1, 1]]));
}
