//! The areas that go with a map of the exchange format (SUP): a name of eleven characters and a number of ten on each line,
//! square metres.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use chrono::NaiveDate;
use serde::Serialize;

use crate::cxf::Located;
use crate::lines::{self, Lines, quoted};
use crate::number::whole;
use crate::remark::{Issue, Remarks};
use crate::sheet_map::{Area, Kind, SheetMap};

/// Rows that a file may have.
const MOST_ROWS: usize = 1_000_000;

/// The counts before the parcels, in the order of the file.
const COUNTS: [&str; 5] = ["N.FABBRIC", "N.PARTIC", "N.STRADE", "N.ACQUE", "N.SVIL-ALL"];
/// The sum before the parcels.
const BUILDINGS: &str = "FABBRIC";
/// The sums after the parcels, in the order of the file.
const SUMS: [&str; 7] = ["PARTIC", "STRADE", "ACQUE", "SVIL-ALL", "TOTALE", "CONFINE", "SBILANCIO"];

/// A name and its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The name.
    pub name: String,
    /// The number.
    pub value: i64,
}

/// What such a file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sup {
    /// The map's name.
    pub map: String,
    /// The day of the data.
    pub day: Option<NaiveDate>,
    /// Buildings, parcels, streets, waters, and allegati or sviluppi: how many there are.
    pub counts: [i64; 5],
    /// The area of all buildings.
    pub buildings_m2: i64,
    /// The area of each parcel, ordered by its code as a text, and those of the same code by area.
    pub parcels: Vec<Located<Row>>,
    /// The areas of parcels, streets, waters, allegati and sviluppi, of the first three, of the border, and the difference of
    /// the last two (SBILANCIO), which should be 0.
    pub sums: [i64; 7],
}

impl Sup {
    /// Reads such a file; what it lacks is zero, and remarked on.
    pub fn read(source: impl Read) -> io::Result<(Self, Remarks)> {
        let (mut lines, mut remarks, mut sup) = (Lines::new(source), Remarks::default(), Self::default());
        if let Some(line) = lines.next()? {
            let (name, rest) = split(line.bytes);
            sup.map = name;
            sup.day = std::str::from_utf8(rest).ok().and_then(|day| NaiveDate::parse_from_str(day.trim(), "%Y%m%d").ok());
            if sup.day.is_none() {
                remarks.add(1, Issue::Date { field: "data" });
            }
        }
        let mut rows = Vec::new();
        while let Some(line) = lines.next()? {
            let (name, rest) = split(line.bytes);
            match whole(rest) {
                Some(value) if rows.len() < MOST_ROWS => rows.push(Located { line: line.number, value: Row { name, value } }),
                Some(_) => break,
                None if line.bytes.trim_ascii().is_empty() || line.bytes == [0x1a] => {}
                None => remarks.add(line.number, Issue::SupLine { found: quoted(line.bytes) }),
            }
        }
        sup.take(rows, &mut remarks);
        Ok((sup, remarks))
    }

    /// Rows of fixed names stand before and after the parcels, among which a parcel may be called as it likes.
    fn take(&mut self, mut rows: Vec<Located<Row>>, remarks: &mut Remarks) {
        for (place, name) in self.counts.iter_mut().chain([&mut self.buildings_m2]).zip(COUNTS.iter().chain([&BUILDINGS])) {
            match rows.first() {
                Some(row) if row.value.name == *name => *place = rows.remove(0).value.value,
                _ => remarks.add(0, Issue::SupLacks { record: name }),
            }
        }
        for (place, name) in self.sums.iter_mut().zip(SUMS).rev() {
            match rows.last() {
                Some(row) if row.value.name == name => *place = rows.pop().map_or(0, |row| row.value.value),
                _ => remarks.add(0, Issue::SupLacks { record: name }),
            }
        }
        self.parcels = rows;
        if self.sums[6] != 0 {
            remarks.add(0, Issue::SupImbalance { said: self.sums[6] });
        }
    }

    /// What a map gives.
    pub fn of(map: &SheetMap, day: Option<NaiveDate>) -> Self {
        let count = |kind| map.of_kind(kind).count() as i64;
        let holes = || map.of_kind(Kind::Border).flat_map(|piece| piece.rings.iter().skip(1));
        let apart: Area = holes().map(|ring| Area::of_rings(std::slice::from_ref(ring))).sum();
        let [parcels, streets, water, border] = [Kind::Parcel, Kind::Street, Kind::Water, Kind::Border].map(|kind| map.area_of(kind));
        let total = parcels + streets + water;
        let mut rows: Vec<Row> =
            map.of_kind(Kind::Parcel).map(|piece| Row { name: piece.code.clone(), value: piece.area.whole_m2() }).collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name).then(a.value.cmp(&b.value)));
        Self {
            map: map.header.name.trim().to_owned(),
            day,
            counts: [count(Kind::Building), count(Kind::Parcel), count(Kind::Street), count(Kind::Water), holes().count() as i64],
            buildings_m2: map.area_of(Kind::Building).whole_m2(),
            parcels: rows.into_iter().map(|value| Located { line: 0, value }).collect(),
            sums: [parcels, streets, water, apart, total, border, total - border].map(Area::whole_m2),
        }
    }

    /// Compares what it says with what its map gives ([`Sup::of`]).
    pub fn check(&self, own: &Self, remarks: &mut Remarks) {
        if self.map != own.map {
            remarks.add(1, Issue::SupName { said: self.map.clone(), map: own.map.clone() });
        }
        let mut compare = |line, record: &str, said: i64, found: i64, allowed: i64| {
            if said.abs_diff(found) > allowed.unsigned_abs() {
                remarks.add(line, Issue::SupDiffers { record: record.chars().take(40).collect(), said, found });
            }
        };
        for (name, (said, found)) in COUNTS.iter().zip(self.counts.iter().zip(own.counts)) {
            compare(0, name, *said, found, 0);
        }
        // sums of rounded numbers differ from rounded sums by half a metre each
        let rounding = |pieces: i64| 1 + pieces / 2;
        compare(0, BUILDINGS, self.buildings_m2, own.buildings_m2, rounding(own.counts[0]));
        let tiles = own.counts[1] + own.counts[2] + own.counts[3];
        for (name, (said, found)) in SUMS.iter().zip(self.sums.iter().zip(own.sums)) {
            // whether what is drawn apart belongs to total and border is not told: then to both
            let apart = own.sums[3] != 0 && matches!(*name, "TOTALE" | "CONFINE") && (said - found).abs_diff(own.sums[3]) <= 1;
            if !apart {
                compare(0, name, *said, found, rounding(tiles));
            }
        }
        let mut of_map: HashMap<&str, Vec<i64>> = HashMap::new();
        for row in &own.parcels {
            of_map.entry(&row.value.name).or_default().push(row.value.value);
        }
        for row in &self.parcels {
            let areas = of_map.entry(&row.value.name).or_default();
            let nearest = areas.iter().enumerate().min_by_key(|(_, area)| area.abs_diff(row.value.value)).map(|(index, _)| index);
            let found = nearest.map_or(0, |index| areas.remove(index));
            compare(row.line, &row.value.name, row.value.value, found, 1);
        }
        let mut left: Vec<(&str, i64)> =
            of_map.into_iter().flat_map(|(name, areas)| areas.into_iter().map(move |area| (name, area))).collect();
        left.sort_unstable();
        for (name, area) in left {
            compare(0, name, 0, area, 0);
        }
    }

    /// Writes it, lines that end in CRLF.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let day = self.day.map_or_else(|| "00000000".to_owned(), |day| day.format("%Y%m%d").to_string());
        write_row(out, &self.map, &day)?;
        let before = COUNTS.iter().zip(self.counts).chain([(&BUILDINGS, self.buildings_m2)]);
        before.into_iter().try_for_each(|(name, value)| write_row(out, name, &value.to_string()))?;
        self.parcels.iter().try_for_each(|row| write_row(out, &row.value.name, &row.value.value.to_string()))?;
        SUMS.iter().zip(self.sums).try_for_each(|(name, value)| write_row(out, name, &value.to_string()))
    }
}

fn write_row(out: &mut impl Write, name: &str, value: &str) -> io::Result<()> {
    out.write_all(&encoding_rs::WINDOWS_1252.encode(&format!("{name:<11}{value:>10}")).0)?;
    out.write_all(b"\r\n")
}

/// Whether a file begins as one of these does.
pub(crate) fn is_sup(first: &[u8], second: &[u8]) -> bool {
    let (name, day) = split(first);
    name.chars().count() == 11 && day.trim_ascii().len() == 8 && whole(day).is_some() && split(second).0 == COUNTS[0]
}

/// The name, in eleven characters or up to a blank, and what follows.
fn split(line: &[u8]) -> (String, &[u8]) {
    let (name, rest) = match line.split_at_checked(11) {
        Some((name, rest)) if !rest.is_empty() => (name, rest),
        _ => {
            let blank = line.iter().position(|b| *b == b' ').unwrap_or(line.len());
            line.split_at(blank)
        }
    };
    (lines::decode(name).0.trim().to_owned(), rest)
}

#[cfg(test)]
mod tests {
    use super::Sup;
    use crate::remark::Issue;
    use crate::sheet_map::SheetMap;
    use chrono::NaiveDate;

    /// A border of 20 by 10 metres with two parcels, one of them twice, a street and a building.
    const MAP: &str = "MAPPA\nX101_001200\n2000.000\n\
        BORDO\nX101_001200\n0\n0\n0\n0\n0\n0\n0\n5\n0.0\n0.0\n20.0\n0.0\n20.0\n10.0\n0.0\n10.0\n0.0\n0.0\n\
        BORDO\n2\n0\n0\n0\n0\n0\n0\n0\n5\n0.0\n0.0\n10.0\n0.0\n10.0\n10.0\n0.0\n10.0\n0.0\n0.0\n\
        BORDO\n10\n0\n0\n0\n0\n0\n0\n0\n5\n10.0\n0.0\n14.0\n0.0\n14.0\n10.0\n10.0\n10.0\n10.0\n0.0\n\
        BORDO\n10\n0\n0\n0\n0\n0\n0\n0\n5\n14.0\n0.0\n16.4\n0.0\n16.4\n10.0\n14.0\n10.0\n14.0\n0.0\n\
        BORDO\nSTRADA\n0\n0\n0\n0\n0\n0\n0\n5\n16.4\n0.0\n20.0\n0.0\n20.0\n10.0\n16.4\n10.0\n16.4\n0.0\n\
        BORDO\n2+\n0\n0\n0\n0\n0\n0\n0\n5\n1.0\n1.0\n3.0\n1.0\n3.0\n3.0\n1.0\n3.0\n1.0\n1.0\nEOF\n";

    const SUP: &str = "X101_001200  20240131\r\n\
        N.FABBRIC           1\r\n\
        N.PARTIC            3\r\n\
        N.STRADE            1\r\n\
        N.ACQUE             0\r\n\
        N.SVIL-ALL          0\r\n\
        FABBRIC             4\r\n\
        10                 24\r\n\
        10                 40\r\n\
        2                 100\r\n\
        PARTIC            164\r\n\
        STRADE             36\r\n\
        ACQUE               0\r\n\
        SVIL-ALL            0\r\n\
        TOTALE            200\r\n\
        CONFINE           200\r\n\
        SBILANCIO           0\r\n";

    fn map() -> SheetMap {
        SheetMap::read(MAP.as_bytes()).unwrap().0
    }

    #[test]
    fn what_a_map_gives_is_written_as_the_format_has_it() {
        let mut out = Vec::new();
        Sup::of(&map(), NaiveDate::from_ymd_opt(2024, 1, 31)).write(&mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), SUP);
    }

    #[test]
    fn areas_that_agree_with_their_map_leave_nothing_to_say() {
        let (sup, mut remarks) = Sup::read(SUP.as_bytes()).unwrap();
        sup.check(&Sup::of(&map(), None), &mut remarks);
        assert_eq!(remarks.kept(), []);
        assert_eq!((sup.parcels.len(), sup.day), (3, NaiveDate::from_ymd_opt(2024, 1, 31)));
    }

    #[test]
    fn what_differs_is_told_with_its_line() {
        let other = SUP.replace("10                 24", "10                 34").replace("SBILANCIO           0", "SBILANCIO          12");
        let (sup, mut remarks) = Sup::read(other.replace("STRADE             36\r\n", "").as_bytes()).unwrap();
        sup.check(&Sup::of(&map(), None), &mut remarks);
        let found: Vec<(u64, &Issue)> = remarks.kept().iter().map(|r| (r.line, &r.issue)).collect();
        assert!(found.contains(&(0, &Issue::SupImbalance { said: 12 })), "{found:?}");
        assert!(
            found.iter().any(|(line, i)| *line == 8 && matches!(i, Issue::SupDiffers { record, said: 34, .. } if record == "10")),
            "{found:?}"
        );
        assert!(found.contains(&(0, &Issue::SupLacks { record: "STRADE" })), "{found:?}");
    }

    #[test]
    fn a_file_cut_short_is_read_as_far_as_it_goes() {
        for length in 0..SUP.len() {
            let (sup, remarks) = Sup::read(&SUP.as_bytes()[..length]).unwrap();
            sup.check(&Sup::of(&map(), None), &mut remarks.clone());
            assert!(length + 4 > SUP.len() || remarks.count() > 0, "{length}");
        }
    }
}
