//! What is called with any bytes at all, by the tests and by the fuzz targets: each reads them as one kind of file, and does with what it read
//! what a check does. None may panic, and what a reader gives must be fit for what comes after it.

#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "each caller has its part, and fails by panicking")]

use cadastre::census::{self, CensusFile};
use cadastre::remark::Remarks;
use cadastre::sheet_map::SheetMap;
use cadastre::sup::Sup;
use cadastre::{MapName, ParcelNumber, ParcelRef, Reference, Sheet, cxf, files, gml};
use kernel::Language;

/// CXF.
pub(crate) fn map(bytes: &[u8]) {
    let (map, remarks) = SheetMap::read(bytes).unwrap();
    examine(&map, remarks);
    let mut out = Vec::new();
    cxf::write(&mut out, &map.header, map.records.iter().map(|record| &record.value)).unwrap();
}

/// DXF.
pub(crate) fn drawing(bytes: &[u8]) {
    let (map, remarks) = SheetMap::read_drawing(bytes, "X101_001200").unwrap();
    examine(&map, remarks);
}

fn examine(map: &SheetMap, mut remarks: Remarks) {
    map.topology(&mut remarks);
    map.positions();
    for piece in &map.pieces {
        piece.label_point();
        map.reference(piece);
    }
    let own = Sup::of(map, None);
    own.check(&own, &mut remarks);
    told(&remarks);
}

/// SUP.
pub(crate) fn sup(bytes: &[u8]) {
    let (sup, mut remarks) = Sup::read(bytes).unwrap();
    sup.check(&Sup::default(), &mut remarks);
    sup.write(&mut Vec::new()).unwrap();
    told(&remarks);
}

/// GML of the Agenzia delle Entrate.
pub(crate) fn gml(bytes: &[u8]) {
    let mut reader = gml::Reader::new(bytes).unwrap();
    while reader.read().unwrap().is_some() {}
    told(&reader.into_remarks());
}

/// FAB, TER, SOG, TIT, PRM.
pub(crate) fn census(bytes: &[u8], file: CensusFile) {
    let mut reader = census::Reader::new(bytes, file);
    while reader.read().unwrap().is_some() {}
    told(&reader.into_remarks());
}

/// The files of the census, in one order.
pub(crate) const CENSUS_FILES: [CensusFile; 5] =
    [CensusFile::Buildings, CensusFile::Land, CensusFile::Subjects, CensusFile::Titles, CensusFile::Parameters];

/// References: what is one is written as itself.
pub(crate) fn reference(bytes: &[u8]) {
    fn again<T: std::str::FromStr + std::fmt::Display + PartialEq>(text: &str) {
        if let Ok(one) = text.parse::<T>() {
            let written = one.to_string();
            assert!(written.parse::<T>().is_ok_and(|same| same == one), "{text} becomes {written}");
        }
    }
    let text = String::from_utf8_lossy(bytes);
    again::<MapName>(&text);
    again::<ParcelNumber>(&text);
    again::<ParcelRef>(&text);
    again::<Reference>(&text);
    again::<Sheet>(&text);
}

/// Zips, and whatever is recognised in them.
pub(crate) fn archive(bytes: &[u8]) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let limits = files::Limits { entry_bytes: 16 << 20, bytes: 64 << 20, ..files::Limits::default() };
    files::walk(file.path(), &limits, &mut |found| {
        let _ = std::io::copy(found.source, &mut std::io::sink());
        told(&found.remarks);
    })
    .unwrap();
}

fn told(remarks: &Remarks) {
    for remark in remarks.kept() {
        assert!([Language::It, Language::En].iter().all(|language| !remark.text(*language).is_empty()));
    }
}
