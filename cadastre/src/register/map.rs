//! The rows of a map of the exchange format (CXF).

use std::collections::HashMap;

use catalogue::copy::Rows;
use catalogue::ewkb;
use kernel::Srid;
use sha2::{Digest, Sha256};

use super::rows::{Own, Place, Table, id, polygon, write};
use super::systems::Converter;
use crate::Sheet;
use crate::cxf::{Located, Position, Record};
use crate::remark::{Issue, Remarks};
use crate::sheet_map::{Finding, Kind, MapFormat, Misfit, Piece, SheetMap, Topology, metres};

/// How long a line is by which an angle is brought into another system.
const BASELINE_M: f64 = 10.0;

/// Where the rows of a map go, and what brings its positions there.
pub(super) struct MapRows<'a> {
    pub(super) place: Place,
    pub(super) convert: &'a Converter,
    pub(super) storage: Srid,
}

impl MapRows<'_> {
    /// Hands over the rows of a map, one after the other.
    pub(super) fn all(&self, map: &SheetMap, topology: &Topology, remarks: &mut Remarks, rows: &mut Rows) {
        for piece in map.pieces.iter().filter(|piece| !piece.rings.is_empty()) {
            self.piece(map, piece, remarks, rows);
        }
        let mut seen = HashMap::new();
        for record in &map.records {
            self.drawn(map, record, &mut seen, remarks, rows);
        }
        for finding in &topology.findings {
            self.finding(finding, &mut seen, rows);
        }
    }

    fn piece(&self, map: &SheetMap, piece: &Piece, remarks: &mut Remarks, rows: &mut Rows) {
        let Some(rings) = self.rings(&piece.rings) else {
            remarks.add(piece.line, Issue::OutOfSystem { code: piece.code.chars().take(40).collect() });
            return;
        };
        let (code, name) = (plain(piece.parcel_code()), self.place.map.to_string());
        if code.trim().is_empty() {
            // of a drawing that was said already
            if map.format == MapFormat::Exchange {
                remarks.add(piece.line, Issue::NoCode);
            }
            return;
        }
        let own = |id: String, number: Option<i32>| Own { line: piece.line, id, word: &code, number, ..Own::default() };
        let (table, place, own) = match piece.kind {
            Kind::Border => {
                let scale = i32::try_from(map.header.scale_thousandths / 1000).ok().filter(|scale| *scale > 0);
                (Table::Sheets, self.place.clone(), own(id(name, piece.ordinal), scale))
            }
            Kind::SheetBorder => {
                let Ok(sheet) = piece.code.parse::<Sheet>() else { return };
                let place = Place { map: sheet, ..self.place.clone() };
                (Table::Sheets, place, own(id(piece.code.clone(), piece.ordinal), None))
            }
            Kind::Building => (Table::Buildings, self.place.clone(), own(id(format!("{name}.{code}+"), piece.ordinal), None)),
            Kind::Street | Kind::Water | Kind::Parcel => {
                let kind = match piece.kind {
                    Kind::Street => 1,
                    Kind::Water => 2,
                    _ => 0,
                };
                (Table::Parcels, self.place.clone(), own(id(format!("{name}.{code}"), piece.ordinal), Some(kind)))
            }
        };
        write(rows, table, &place, &own, &polygon(&rings, self.storage));
    }

    fn drawn(&self, map: &SheetMap, record: &Located<Record>, seen: &mut HashMap<String, u32>, remarks: &mut Remarks, rows: &mut Rows) {
        let line = record.line;
        let outside = |outside: bool| if outside { "\\" } else { "" };
        match &record.value {
            Record::Text(text) => {
                let Some(at) = self.point(text.position) else { return lost(line, &text.text, remarks) };
                let word = plain(text.text.trim());
                let own = Own {
                    line,
                    id: self.named('T', seen, &[&word, &format!("{:?}", (text.size, text.angle, text.position))]),
                    word: &word,
                    number: Some(i32::from(text.mostly_outside)),
                    size_m: Some(map.text_height_m(text.size)),
                    angle: Some(self.angle(text.position, text.angle)),
                };
                write(rows, Table::Texts, &self.place, &own, &ewkb::point(at, self.storage));
            }
            Record::Symbol(symbol) => {
                let Some(at) = self.point(symbol.position) else { return lost(line, "SIMBOLO", remarks) };
                let own = Own {
                    line,
                    id: self.named('S', seen, &[&format!("{:?}", (symbol.code, symbol.angle, symbol.position))]),
                    word: outside(symbol.mostly_outside),
                    number: Some(small(symbol.code)),
                    angle: Some(self.angle(symbol.position, symbol.angle)),
                    ..Own::default()
                };
                write(rows, Table::Symbols, &self.place, &own, &ewkb::point(at, self.storage));
            }
            Record::Fiducial(fiducial) => {
                let Some(at) = self.point(fiducial.position) else { return lost(line, "FIDUCIALE", remarks) };
                let word = plain(fiducial.number.trim());
                let base = format!("{}.PF{word}", self.place.map);
                let own = Own { line, id: counted(base, seen), word: &word, number: Some(small(fiducial.code)), ..Own::default() };
                write(rows, Table::Fiducials, &self.place, &own, &ewkb::point(at, self.storage));
            }
            Record::Line(drawn) => {
                let mut vertices = drawn.vertices.clone();
                vertices.dedup();
                let positions: Vec<_> = vertices.iter().map(|at| metres(*at)).collect();
                let Some(positions) = self.bring(positions).filter(|there| there.len() > 1) else { return lost(line, "LINEA", remarks) };
                let own = Own {
                    line,
                    id: self.named('L', seen, &[&format!("{:?}", (drawn.style, &drawn.vertices))]),
                    word: outside(drawn.mostly_outside),
                    number: Some(small(drawn.style)),
                    ..Own::default()
                };
                write(rows, Table::Lines, &self.place, &own, &ewkb::line(&positions, self.storage));
            }
            Record::Border(_) | Record::Raster(_) | Record::Survey(_) => {}
        }
    }

    fn finding(&self, finding: &Finding, seen: &mut HashMap<String, u32>, rows: &mut Rows) {
        let Some(rings) = self.rings(&finding.rings) else { return };
        let misfit = match finding.misfit {
            Misfit::Overlap => "overlap",
            Misfit::Gap => "gap",
            Misfit::Beyond => "beyond",
            Misfit::Building => "building",
        };
        let word = plain(&format!("{misfit}:{}", finding.codes.replace(':', " ")));
        let own = Own {
            id: self.named('F', seen, &[&word, &format!("{:?}", finding.rings)]),
            word: &word,
            size_m: Some(finding.area.m2()),
            ..Own::default()
        };
        write(rows, Table::Findings, &self.place, &own, &ewkb::multi_polygon(&[rings], self.storage));
    }

    /// A name made of all that a row has: the same at the next import, another as soon as something is otherwise.
    fn named(&self, letter: char, seen: &mut HashMap<String, u32>, parts: &[&str]) -> String {
        let mut hash = Sha256::new();
        parts.iter().for_each(|part| hash.update(part.as_bytes()));
        let digest = hash.finalize();
        let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        counted(format!("{}.{letter}{hex}", self.place.map), seen)
    }

    fn rings(&self, rings: &[Vec<Position>]) -> Option<Vec<Vec<[f64; 2]>>> {
        rings.iter().map(|ring| self.bring(ring.iter().map(|at| metres(*at)).collect())).collect()
    }

    fn point(&self, at: Position) -> Option<[f64; 2]> {
        self.bring(vec![metres(at)])?.first().copied()
    }

    /// The angle in the storage system, degrees, of one in the map's, thousandths of a radian: the two norths may differ (the convergence of
    /// meridians, an adjustment that turns).
    fn angle(&self, at: Position, angle: i64) -> f64 {
        let (angle, [x, y]) = (angle as f64 / 1000.0, metres(at));
        let (north, east) = angle.sin_cos();
        let there = self.bring(vec![[x, y], [x + BASELINE_M * east, y + BASELINE_M * north]]);
        let turned = match there.as_deref() {
            Some([from, to]) => (to[1] - from[1]).atan2(to[0] - from[0]) - angle,
            _ => 0.0,
        };
        let turned = turned.sin().atan2(turned.cos());
        // less than an arc second is arithmetic
        (if turned.abs() < 5e-6 { angle } else { angle + turned }).to_degrees()
    }

    fn bring(&self, mut positions: Vec<[f64; 2]>) -> Option<Vec<[f64; 2]>> {
        (self.convert)(&mut positions).then_some(positions)
    }
}

fn counted(base: String, seen: &mut HashMap<String, u32>) -> String {
    let count = seen.entry(base.clone()).or_default();
    *count += 1;
    id(base, *count)
}

fn lost(line: u64, code: &str, remarks: &mut Remarks) {
    remarks.add(line, Issue::OutOfSystem { code: code.trim().chars().take(40).collect() });
}

/// A code as an id can have it: no control characters, and not endless.
fn plain(code: &str) -> String {
    code.chars().map(|c| if c.is_control() { ' ' } else { c }).take(80).collect()
}

fn small(code: i64) -> i32 {
    i32::try_from(code).unwrap_or(i32::MAX)
}
