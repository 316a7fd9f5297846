//! A whole map, of the exchange format or out of a drawing: what each area on it is, how large, and whether the areas fit together.

mod area;
mod crossing;
mod drawing;
mod place;
mod topology;

use std::collections::HashMap;
use std::io::{self, Read};

use serde::Serialize;

pub use area::Area;
pub use topology::{Finding, Misfit, Topology};

use crate::cxf::{Border, Header, Located, MapKind, Position, Reader, Record};
use crate::remark::{Issue, Remarks};
use crate::{MapName, ParcelNumber, ParcelRef};

/// Vertices that a map may have: some 100 MB with what is computed from them.
const MOST_VERTICES: usize = 1_000_000;

/// What an area of a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The border of the map itself.
    Border,
    /// On a quadro d'unione, the border of a sheet.
    SheetBorder,
    /// Public streets.
    Street,
    /// Public waters.
    Water,
    /// A building.
    Building,
    /// A particella.
    Parcel,
}

/// An area of a map, with rings that are closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The line of its record.
    pub line: u64,
    /// What it is.
    pub kind: Kind,
    /// Its code: `STRADA`, `37+`, `37`.
    pub code: String,
    /// Which of the areas of the same code, in the order of the file: 1 is the first.
    pub ordinal: u32,
    /// The outer ring, then the holes; each ends where it began. Empty if none of its rings is an area.
    pub rings: Vec<Vec<Position>>,
    /// Its area without the holes.
    pub area: Area,
}

impl Piece {
    /// A point inside, as far from the outline as one of a few levels has it: where a text can stand. The file's own points
    /// are not to be relied on.
    pub fn label_point(&self) -> Option<Position> {
        place::label_point(&self.rings)
    }

    /// Whether a position is inside or on the outline.
    pub fn holds(&self, at: Position) -> bool {
        place::holds(&self.rings, at)
    }

    /// Of a building, the code of its parcel; of others their own.
    pub fn parcel_code(&self) -> &str {
        if self.kind == Kind::Building { self.code.trim_end_matches('+').trim_end() } else { &self.code }
    }
}

/// What a map came as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MapFormat {
    /// A file of the exchange format (CXF).
    #[serde(rename = "cxf")]
    Exchange,
    /// A drawing (DXF), out of which the records were made up.
    #[serde(rename = "dxf")]
    Drawing,
}

/// A map, whole in memory.
#[derive(Clone, Debug)]
pub struct SheetMap {
    /// What it came as.
    pub format: MapFormat,
    /// Its first three lines; of a drawing its name alone.
    pub header: Header,
    /// Its name, if it is one.
    pub name: Option<MapName>,
    /// Every record, in the order of the file.
    pub records: Vec<Located<Record>>,
    /// The areas, in the order of the file.
    pub pieces: Vec<Piece>,
}

impl SheetMap {
    /// Reads a map. What is otherwise than it should be is among the remarks.
    pub fn read(source: impl Read) -> io::Result<(Self, Remarks)> {
        let mut reader = Reader::new(source)?;
        let (mut records, mut vertices, mut more) = (Vec::new(), 0, Remarks::default());
        while let Some(record) = reader.read()? {
            vertices += vertices_of(&record.value) + 1;
            if vertices > MOST_VERTICES {
                more.add(record.line, Issue::TooLarge { allowed: MOST_VERTICES });
                break;
            }
            records.push(record);
        }
        let header = reader.header().clone();
        let mut remarks = reader.into_remarks();
        remarks.extend(more);
        let map = Self::of(MapFormat::Exchange, header, records, &mut remarks);
        Ok((map, remarks))
    }

    /// Reads a drawing (DXF) of a map, which has the name of its file (without folders and suffix). What a drawing can't say, and what is otherwise
    /// than it should be, is among the remarks.
    pub fn read_drawing(source: impl Read, file: &str) -> io::Result<(Self, Remarks)> {
        drawing::read(source, file)
    }

    fn of(format: MapFormat, header: Header, records: Vec<Located<Record>>, remarks: &mut Remarks) -> Self {
        let name = header.name.trim().parse().ok();
        if name.is_none() {
            let line = if format == MapFormat::Exchange { 2 } else { 0 };
            remarks.add(line, Issue::MapName { name: header.name.trim().chars().take(40).collect() });
        }
        let mut counts: HashMap<&str, u32> = HashMap::new();
        let mut pieces = Vec::new();
        for record in &records {
            let Record::Border(border) = &record.value else { continue };
            let code = border.code();
            let ordinal = counts.entry(code).or_default();
            *ordinal += 1;
            let kind = kind(code, &header);
            // of a drawing that was said already
            if kind == Kind::Parcel && format == MapFormat::Exchange && code.parse::<ParcelNumber>().is_err() {
                remarks.add(record.line, Issue::NoNumberOfParcel { code: code.chars().take(40).collect() });
            }
            let rings = rings(border, record.line, remarks);
            let area = Area::of_rings(&rings);
            pieces.push(Piece { line: record.line, kind, code: code.to_owned(), ordinal: *ordinal, rings, area });
        }
        Self { format, header, name, records, pieces }
    }

    /// The areas of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Piece> {
        self.pieces.iter().filter(move |piece| piece.kind == kind)
    }

    /// The sum of the areas of a kind.
    pub fn area_of(&self, kind: Kind) -> Area {
        self.of_kind(kind).map(|piece| piece.area).sum()
    }

    /// How many parcels have no number, as they may in a drawing.
    pub fn unnumbered(&self) -> usize {
        self.of_kind(Kind::Parcel).filter(|piece| piece.code.is_empty()).count()
    }

    /// The height of a text on the ground, metres: of the exchange format it is in tenths of a millimetre of the paper, of a drawing in
    /// millimetres of the ground.
    pub fn text_height_m(&self, size: i64) -> f64 {
        match self.format {
            MapFormat::Exchange => size as f64 * (self.header.scale_thousandths as f64 / 1000.0) / 10_000.0,
            MapFormat::Drawing => size as f64 / 1000.0,
        }
    }

    /// How many records are of a kind, other than areas: texts, symbols, fiducials, lines, scans, surveyed lines.
    pub fn count(&self, is: fn(&Record) -> bool) -> usize {
        self.records.iter().filter(|record| is(&record.value)).count()
    }

    /// The national reference of a parcel, if the map and the parcel are named as they should be.
    pub fn reference(&self, piece: &Piece) -> Option<ParcelRef> {
        let sheet = self.name.as_ref()?.sheet()?.clone();
        Some(ParcelRef::new(sheet, piece.parcel_code().parse().ok()?))
    }

    /// Whether and by how much the areas fit together; what does not is remarked on.
    pub fn topology(&self, remarks: &mut Remarks) -> Topology {
        topology::examine(self, remarks)
    }

    /// Positions all over the map, for finding out in which system they are: those of the borders, of what they enclose
    /// otherwise.
    pub fn positions(&self) -> Vec<[f64; 2]> {
        let borders = |piece: &&Piece| matches!(piece.kind, Kind::Border | Kind::SheetBorder);
        let any = self.pieces.iter().any(|piece| borders(&piece) && !piece.rings.is_empty());
        let chosen = self.pieces.iter().filter(|piece| !any || borders(piece));
        let mut positions: Vec<[f64; 2]> = chosen.flat_map(|piece| piece.rings.iter().flatten()).map(|at| metres(*at)).collect();
        if positions.is_empty() {
            let lines = self.records.iter().filter_map(|r| if let Record::Line(line) = &r.value { Some(&line.vertices) } else { None });
            positions = lines.flatten().map(|at| metres(*at)).collect();
        }
        positions
    }
}

/// A position in metres.
pub(crate) fn metres([x, y]: Position) -> [f64; 2] {
    [x as f64 / 1000.0, y as f64 / 1000.0]
}

fn vertices_of(record: &Record) -> usize {
    match record {
        Record::Border(border) => border.rings.iter().map(Vec::len).sum(),
        Record::Line(line) => line.vertices.len(),
        Record::Survey(survey) => survey.vertices.len(),
        _ => 1,
    }
}

/// What the code says that an area is; the rules are tried in this order.
fn kind(code: &str, header: &Header) -> Kind {
    let numbered = |word: &str| code.strip_prefix(word).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
    let land_map = header.kind == MapKind::LandMap;
    if code == header.name.trim() {
        Kind::Border
    } else if code.len() == 11 && code.parse::<MapName>().is_ok() {
        Kind::SheetBorder
    } else if numbered("STRADA") || (land_map && code.starts_with('S')) {
        Kind::Street
    } else if numbered("ACQUA") || (land_map && code.starts_with('A')) {
        Kind::Water
    } else if code.ends_with('+') {
        Kind::Building
    } else {
        Kind::Parcel
    }
}

/// The rings of an area, closed, without positions that stand twice in a row; those that are none are left out, and with
/// the outer one all.
fn rings(border: &Border, line: u64, remarks: &mut Remarks) -> Vec<Vec<Position>> {
    let code = || border.code().chars().take(40).collect::<String>();
    let mut rings = Vec::with_capacity(border.rings.len());
    for (index, written) in border.rings.iter().enumerate() {
        let mut ring = written.clone();
        ring.dedup();
        if ring.len() > 1 && ring.first() != ring.last() {
            remarks.add(line, Issue::Unclosed { code: code() });
            ring.extend(ring.first().copied());
        }
        if ring.len() >= 4 {
            rings.push(ring);
            continue;
        }
        remarks.add(line, Issue::FewVertices { code: code() });
        if index == 0 {
            return Vec::new();
        }
    }
    rings
}

#[cfg(test)]
mod tests;
