//! A sheet out of a drawing (DXF), as the Agenzia delle Entrate hands it out: lines and texts on layers, from which the records of the exchange
//! format are made up, so that all that holds for these holds for it.
//!
//! Nobody publishes the layers' names. Those here are what programs that read such drawings look for; a layer is what its name has in it.

mod levels;
mod nesting;
mod numbers;

use std::collections::HashMap;
use std::io::{self, Read};

use super::{MapFormat, SheetMap, place};
use crate::MapName;
use crate::cxf::{Border, Fiducial, Header, Line, Located, MapKind, Position, Record, Symbol, TextRecord};
use crate::dxf::{BINARY, Entity, Reader, Shape};
use crate::remark::{Issue, Remarks};
use levels::Level;
use nesting::{Nested, Ring, Steps, nest};
use numbers::{Number, give};

/// Vertices that a drawing may have.
const MOST_VERTICES: usize = 1_000_000;
/// Rings that are put into each other.
const MOST_RINGS: usize = 20_000;
/// The other layers that are named.
const MOST_NAMED: usize = 10;
/// How far a fiducial's number may stand from its point, millimetres.
const NEAR_MM: i128 = 200_000;

/// What a drawing has, by what it is for a sheet.
#[derive(Default)]
struct Drawn {
    rings: Vec<Ring>,
    numbers: Vec<Number>,
    texts: Vec<Located<TextRecord>>,
    symbols: Vec<Located<Symbol>>,
    points: Vec<Located<(i64, Position)>>,
    point_numbers: Vec<Located<(String, Position)>>,
    lines: Vec<Located<Line>>,
    /// Layers that are none of a sheet, and how much is on them.
    other_layers: HashMap<String, u64>,
    /// Kinds of entities that nobody reads, and how many.
    other_kinds: HashMap<String, u64>,
    /// Whether anything is on a layer of a sheet.
    any: bool,
}

/// Reads a drawing; its map's name is that of the file.
pub(super) fn read(mut source: impl Read, file: &str) -> io::Result<(SheetMap, Remarks)> {
    let name = map_name(file);
    // what a drawing does not say: the scale
    let header = Header { kind: MapKind::Map, name: name.clone(), scale_thousandths: 0 };
    let mut head = Vec::new();
    source.by_ref().take(BINARY.len() as u64).read_to_end(&mut head)?;
    if head == BINARY {
        let mut remarks = Remarks::default();
        remarks.add(0, Issue::BinaryDrawing);
        return Ok((SheetMap::of(MapFormat::Drawing, header, Vec::new(), &mut remarks), remarks));
    }
    let mut reader = Reader::new(head.as_slice().chain(source));
    let (mut drawn, mut remarks, mut vertices) = (Drawn::default(), Remarks::default(), 0);
    while let Some(entity) = reader.read()? {
        vertices += 1;
        if let Shape::Line { vertices: own, .. } = &entity.value.shape {
            vertices += own.len();
        }
        if vertices > MOST_VERTICES {
            remarks.add(entity.line, Issue::TooLarge { allowed: MOST_VERTICES });
            break;
        }
        drawn.take(entity, &mut remarks);
    }
    let mut found = reader.into_remarks();
    found.extend(remarks);
    drawn.tell(&mut found);
    let records = drawn.into_records(&name, &mut found);
    Ok((SheetMap::of(MapFormat::Drawing, header, records, &mut found), found))
}

/// `H224_001200`; also `H224_0012`, to which neither allegato nor sviluppo is added.
fn map_name(file: &str) -> String {
    let name = file.trim().to_ascii_uppercase();
    if name.len() == 9 && format!("{name}00").parse::<MapName>().is_ok() { format!("{name}00") } else { name }
}

impl Drawn {
    fn take(&mut self, entity: Located<Entity>, remarks: &mut Remarks) {
        let (line, Entity { layer, shape }) = (entity.line, entity.value);
        if let Shape::Other { kind } = &shape {
            if self.other_kinds.len() < MOST_RINGS {
                *self.other_kinds.entry(kind.clone()).or_default() += 1;
            }
            return;
        }
        let Some(level) = Level::of(&layer) else {
            if self.other_layers.len() < MOST_RINGS {
                *self.other_layers.entry(layer).or_default() += 1;
            }
            return;
        };
        self.any = true;
        match shape {
            Shape::Line { vertices, closed, line_type } => self.line(line, level, vertices, closed, &line_type, remarks),
            Shape::Text { text, .. } if text.is_empty() => {}
            Shape::Text { text, position, .. } if level == Level::Fiducial => {
                self.point_numbers.push(Located { line, value: (text, position) });
            }
            Shape::Text { text, height, angle, position, centred } => {
                let angle = radians(angle);
                let record = TextRecord { text, size: height, angle, position, mostly_outside: false };
                match Number::of(line, &record, centred, level) {
                    Some(number) => self.numbers.push(number),
                    None => self.texts.push(Located { line, value: record }),
                }
            }
            Shape::Mark { block, position, .. } if level == Level::Fiducial => {
                self.points.push(Located { line, value: (levels::code(&block).unwrap_or(20), position) });
            }
            Shape::Mark { block, angle, position } => {
                if level.is_area() && !block.is_empty() {
                    remarks.once(line, Issue::BlockOnAreas);
                }
                let code = levels::code(&block).unwrap_or(0);
                let value = Symbol { code, angle: radians(angle), position, mostly_outside: false };
                self.symbols.push(Located { line, value });
            }
            Shape::Other { .. } => {}
        }
    }

    fn line(&mut self, line: u64, level: Level, mut vertices: Vec<Position>, closed: bool, line_type: &str, remarks: &mut Remarks) {
        vertices.dedup();
        if level.is_area() && closed && vertices.len() >= 3 {
            if self.rings.len() >= MOST_RINGS {
                remarks.once(line, Issue::ManyRings { allowed: MOST_RINGS });
                return;
            }
            vertices.extend(vertices.first().copied());
            self.rings.push(Ring::new(line, level, vertices));
            return;
        }
        if vertices.len() < 2 {
            return;
        }
        if level.is_area() {
            remarks.add(line, Issue::OpenOutline);
        }
        if closed {
            vertices.extend(vertices.first().copied());
        }
        self.lines.push(Located { line, value: Line { style: levels::style(line_type), vertices, mostly_outside: false } });
    }

    /// Says what was not read.
    fn tell(&self, remarks: &mut Remarks) {
        let named = |counts: &HashMap<String, u64>| {
            let mut names: Vec<&str> = counts.keys().map(String::as_str).collect();
            names.sort_unstable();
            let more = if names.len() > MOST_NAMED { ", …" } else { "" };
            names.truncate(MOST_NAMED);
            (names.join(", ") + more, counts.values().sum::<u64>())
        };
        if !self.any {
            let (layers, _) = named(&self.other_layers);
            remarks.add(0, Issue::NoLevels { layers });
        } else if !self.other_layers.is_empty() {
            let (layers, entities) = named(&self.other_layers);
            remarks.add(0, Issue::OtherLayers { layers, entities });
        }
        if !self.other_kinds.is_empty() {
            let (kinds, entities) = named(&self.other_kinds);
            remarks.add(0, Issue::OtherEntities { kinds, entities });
        }
    }

    fn into_records(mut self, map: &str, remarks: &mut Remarks) -> Vec<Located<Record>> {
        let mut steps = Steps::new();
        let mut records = Vec::new();
        let (mut ground, rest): (Vec<Ring>, Vec<Ring>) = self.rings.into_iter().partition(|ring| ring.level.is_ground());
        let (borders, buildings): (Vec<Ring>, Vec<Ring>) = rest.into_iter().partition(|ring| ring.level == Level::Border);
        for border in nesting::with_holes(borders, &mut steps) {
            // what is drawn apart is no ground of this sheet
            ground.extend(border.rings.iter().skip(1).map(|hole| Ring::new(border.line, Level::Border, hole.clone())));
            records.push(area(&border, map.to_owned(), None));
        }
        let (ground, left) = give(nest(ground, &mut steps), self.numbers, &mut steps, remarks);
        for (piece, code, at) in &ground {
            records.push(area(piece, code.clone(), *at));
        }
        for building in nesting::with_holes(buildings, &mut steps) {
            let inside = place::label_point(&building.rings);
            let parcel = inside.filter(|_| steps.through(ground.len())).and_then(|at| {
                let mut around = ground.iter().filter(|(piece, ..)| piece.level == Level::Parcel && piece.holds(at, &mut steps));
                around.next().filter(|_| around.next().is_none())
            });
            let code = parcel.map_or("", |(_, code, _)| code.as_str());
            records.push(area(&building, format!("{code}+"), None));
        }
        self.texts.extend(left);
        if steps.are_over() {
            remarks.add(0, Issue::Tangled);
        }
        records.extend(self.texts.into_iter().map(|text| Located { line: text.line, value: Record::Text(text.value) }));
        records.extend(self.symbols.into_iter().map(|symbol| Located { line: symbol.line, value: Record::Symbol(symbol.value) }));
        records.extend(self.lines.into_iter().map(|line| Located { line: line.line, value: Record::Line(line.value) }));
        records.extend(fiducials(self.points, self.point_numbers, remarks));
        records
    }
}

/// The record of an area.
fn area(piece: &Nested, code: String, number_at: Option<Position>) -> Located<Record> {
    let inner = place::label_point(&piece.rings).unwrap_or_default();
    let position = number_at.unwrap_or(inner);
    let rings = piece.rings.clone();
    let border = Border { written_code: code, size: 0, angle: 0, position, inner, rings, mostly_outside: false };
    Located { line: piece.line, value: Record::Border(border) }
}

/// Each number goes to the nearest point that has none. A number without a point stands where its point is, as far as anybody can tell.
fn fiducials(
    points: Vec<Located<(i64, Position)>>,
    numbers: Vec<Located<(String, Position)>>,
    remarks: &mut Remarks,
) -> Vec<Located<Record>> {
    let distance = |[ax, ay]: Position, [bx, by]: Position| i128::from(ax - bx).pow(2) + i128::from(ay - by).pow(2);
    let mut taken = vec![false; points.len()];
    let mut records = Vec::new();
    // each is compared with each: there are some dozens on a sheet
    let few = points.len().saturating_mul(numbers.len()) <= 4_000_000;
    for Located { line, value: (text, label) } in numbers {
        let near = points.iter().enumerate().filter(|(index, _)| few && !taken[*index]);
        let nearest = near.min_by_key(|(_, point)| distance(point.value.1, label));
        let nearest = nearest.filter(|(_, point)| distance(point.value.1, label) <= NEAR_MM * NEAR_MM);
        let (code, position) = nearest.map_or((20, label), |(_, point)| point.value);
        match nearest {
            Some((index, _)) => taken[index] = true,
            None => remarks.once(line, Issue::NumberForPoint),
        }
        let number = text.trim_start_matches(|c: char| !c.is_ascii_digit()).to_owned();
        let number = if number.is_empty() { text } else { number };
        records.push(Located { line, value: Record::Fiducial(Fiducial { number, code, position, label, mostly_outside: false }) });
    }
    let alone = points.into_iter().zip(taken).filter(|(_, taken)| !taken);
    for (Located { line, value: (_, _) }, _) in alone {
        remarks.add(line, Issue::PointWithoutNumber);
    }
    records
}

/// Thousandths of a degree in thousandths of a radian.
fn radians(angle: i64) -> i64 {
    (angle as f64).to_radians().round() as i64
}

#[cfg(test)]
mod tests;
