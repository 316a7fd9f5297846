use std::io::{self, Read};

use super::pairs::Pairs;
use super::{Entity, Shape};
use crate::cxf::{Located, Position};
use crate::lines::{decode, quoted};
use crate::number::{thousandths, whole};
use crate::remark::{Issue, Remarks};

/// Vertices that a line may have.
const MOST_VERTICES: usize = 1_000_000;
/// Bytes of a text that are kept.
const LONGEST_TEXT: usize = 4096;
/// Beyond this nothing on Earth is, in thousandths of a metre or of a degree.
const LARGEST: f64 = 1e12;
/// `$INSUNITS` of drawings in metres, and of those that do not say.
const METRES: [i64; 2] = [0, 6];

/// Reads a drawing entity by entity, in memory that the largest entity alone decides.
///
/// What is otherwise than the reference says is remarked on. An error is the system's: the bytes can't be had.
pub struct Reader<R> {
    pairs: Pairs<R>,
    remarks: Remarks,
    section: Section,
    /// The variable of the header whose value comes next.
    units_come: bool,
    /// What is being read.
    current: Option<Draft>,
    /// What was finished by what began after it.
    done: Option<Located<Entity>>,
    ended: bool,
}

/// Where in the file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Header,
    Entities,
    /// Begins, and its name comes.
    Unnamed,
    Other,
}

impl<R: Read> Reader<R> {
    /// From the first byte on.
    pub fn new(source: R) -> Self {
        Self {
            pairs: Pairs::new(source),
            remarks: Remarks::default(),
            section: Section::Other,
            units_come: false,
            current: None,
            done: None,
            ended: false,
        }
    }

    /// What was found to be otherwise than the reference says.
    pub fn into_remarks(self) -> Remarks {
        self.remarks
    }

    /// The next entity; `None` after the last.
    pub fn read(&mut self) -> io::Result<Option<Located<Entity>>> {
        loop {
            if let Some(done) = self.done.take() {
                return Ok(Some(done));
            }
            if self.ended {
                return Ok(None);
            }
            self.step()?;
        }
    }

    fn step(&mut self) -> io::Result<()> {
        let Some(pair) = self.pairs.next(&mut self.remarks)? else {
            self.ended = true;
            self.remarks.add(self.pairs.line(), Issue::NoEnd);
            // what was being drawn may be cut short
            self.current = None;
            return Ok(());
        };
        if pair.code == 0 {
            let (line, word) = (pair.line, quoted(pair.value));
            self.begin(line, &word);
            return Ok(());
        }
        match self.section {
            Section::Unnamed => {
                self.section = match (pair.code, pair.value) {
                    (2, b"HEADER") => Section::Header,
                    (2, b"ENTITIES") => Section::Entities,
                    _ => Section::Other,
                };
            }
            Section::Header => {
                if pair.code == 9 {
                    self.units_come = pair.value == b"$INSUNITS";
                } else if pair.code == 70 && std::mem::take(&mut self.units_come) && whole(pair.value).is_some_and(|u| !METRES.contains(&u))
                {
                    self.remarks.add(pair.line, Issue::DrawingUnits { found: quoted(pair.value) });
                }
            }
            Section::Entities => {
                if let Some(draft) = &mut self.current {
                    draft.take(pair.line, pair.code, pair.value, &mut self.remarks);
                }
            }
            Section::Other => {}
        }
        Ok(())
    }

    /// Something begins, and with it what was before is finished.
    fn begin(&mut self, line: u64, word: &str) {
        let within = self.current.as_mut().is_some_and(|draft| draft.goes_on(word));
        if within {
            return;
        }
        self.done = self.current.take().and_then(|draft| draft.finish(&mut self.remarks));
        match word {
            "SECTION" => self.section = Section::Unnamed,
            "ENDSEC" => self.section = Section::Other,
            "EOF" => self.ended = true,
            // a stray end of a polyline
            "SEQEND" | "VERTEX" => {}
            _ if self.section == Section::Entities => self.current = Some(Draft::new(line, word)),
            _ => {}
        }
    }
}

/// An entity that is being read.
struct Draft {
    line: u64,
    kind: String,
    layer: String,
    line_type: String,
    block: String,
    text: Vec<u8>,
    vertices: Vec<Position>,
    /// A position whose north coordinate comes.
    east: Option<i64>,
    /// The second position, of lines and justified texts, by axis.
    second: [Option<i64>; 2],
    height: i64,
    angle: i64,
    /// `70`, of polylines: 1 is closed.
    flags: i64,
    /// `72` and `73`, of texts.
    justified: [i64; 2],
    /// Within a vertex of a `POLYLINE`.
    in_vertex: bool,
    /// It is on paper, not on the ground.
    on_paper: bool,
    too_long: bool,
    lost_vertex: bool,
}

impl Draft {
    fn new(line: u64, kind: &str) -> Self {
        Self {
            line,
            kind: kind.to_owned(),
            layer: String::new(),
            line_type: String::new(),
            block: String::new(),
            text: Vec::new(),
            vertices: Vec::new(),
            east: None,
            second: [None; 2],
            height: 0,
            angle: 0,
            flags: 0,
            justified: [0; 2],
            in_vertex: false,
            on_paper: false,
            too_long: false,
            lost_vertex: false,
        }
    }

    /// Whether what begins is a part of it.
    fn goes_on(&mut self, word: &str) -> bool {
        let within = self.kind == "POLYLINE" && word == "VERTEX";
        if within && !self.in_vertex {
            // a polyline's own position is its height above the ground
            self.vertices.clear();
        }
        if within {
            (self.in_vertex, self.east) = (true, None);
        }
        within
    }

    fn is_text(&self) -> bool {
        matches!(self.kind.as_str(), "TEXT" | "MTEXT")
    }

    fn take(&mut self, line: u64, code: i32, value: &[u8], remarks: &mut Remarks) {
        match code {
            10 => {
                self.east = measure(line, value, remarks);
                self.lost_vertex |= self.east.is_none();
            }
            20 => {
                let north = measure(line, value, remarks);
                self.lost_vertex |= north.is_none();
                if let (Some(east), Some(north)) = (self.east.take(), north) {
                    self.too_long |= self.vertices.len() >= MOST_VERTICES;
                    if !self.too_long {
                        self.vertices.push([east, north]);
                    }
                }
            }
            42 if matches!(self.kind.as_str(), "LWPOLYLINE" | "POLYLINE") && thousandths(value).is_none_or(|(bulge, _)| bulge != 0) => {
                remarks.once(line, Issue::Bulge);
            }
            _ if self.in_vertex => {}
            8 => self.layer = quoted(value),
            6 => self.line_type = quoted(value),
            2 if self.kind == "INSERT" => self.block = quoted(value),
            1 | 3 if self.is_text() && self.text.len() + value.len() <= LONGEST_TEXT => self.text.extend_from_slice(value),
            11 => self.second[0] = measure(line, value, remarks),
            21 => self.second[1] = measure(line, value, remarks),
            40 if self.is_text() => self.height = measure(line, value, remarks).unwrap_or(0),
            50 => self.angle = measure(line, value, remarks).unwrap_or(0),
            67 => self.on_paper = whole(value) == Some(1),
            70 => self.flags = whole(value).unwrap_or(0),
            72 => self.justified[0] = whole(value).unwrap_or(0),
            73 => self.justified[1] = whole(value).unwrap_or(0),
            _ => {}
        }
    }

    fn finish(mut self, remarks: &mut Remarks) -> Option<Located<Entity>> {
        if self.on_paper {
            return None;
        }
        let (line, layer) = (self.line, std::mem::take(&mut self.layer));
        if self.too_long {
            remarks.add(line, Issue::ManyVertices { allowed: MOST_VERTICES });
            return None;
        }
        // which was said: without one of its vertices it would be another
        if self.lost_vertex {
            return None;
        }
        let kind = self.kind.clone();
        let Some(shape) = self.shape() else {
            remarks.add(line, Issue::NoPlace { kind });
            return None;
        };
        Some(Located { line, value: Entity { layer, shape } })
    }

    /// What it is; `None` for what has no place.
    fn shape(self) -> Option<Shape> {
        let first = self.vertices.first().copied();
        let second = if let [Some(x), Some(y)] = self.second { Some([x, y]) } else { None };
        Some(match self.kind.as_str() {
            "LINE" => Shape::Line { vertices: vec![first?, second?], closed: false, line_type: self.line_type },
            "LWPOLYLINE" | "POLYLINE" => {
                let mut vertices = self.vertices;
                let ends = vertices.len() > 1 && vertices.first() == vertices.last();
                let closed = self.flags & 1 == 1 || ends;
                if ends {
                    vertices.pop();
                }
                first?;
                Shape::Line { vertices, closed, line_type: self.line_type }
            }
            "TEXT" => {
                let [across, up] = self.justified;
                // 0 and 0 is left on the line; 3 and 5 stretch from there to the second position
                let justified = (across != 0 || up != 0) && !matches!(across, 3 | 5);
                let position = second.filter(|_| justified).or(first)?;
                let centred = justified && (across == 4 || (across == 1 && up == 2));
                Shape::Text { text: plain(&self.text, false), height: self.height, angle: self.angle, position, centred }
            }
            "MTEXT" => {
                // 71, where it is attached, is not looked at; its second position is a direction
                let text = plain(&self.text, true);
                Shape::Text { text, height: self.height, angle: self.angle, position: first?, centred: false }
            }
            "INSERT" | "POINT" | "CIRCLE" => Shape::Mark { block: self.block, angle: self.angle, position: first? },
            _ => Shape::Other { kind: self.kind },
        })
    }
}

/// A length or an angle, in thousandths; what is none is remarked on.
fn measure(line: u64, value: &[u8], remarks: &mut Remarks) -> Option<i64> {
    let exponent = || {
        let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
        let number = (number * 1000.0).round();
        // NaN is not within either
        (number.abs() <= LARGEST).then_some(number as i64)
    };
    let found = thousandths(value).map(|(value, _)| value).or_else(exponent);
    if found.is_none() {
        remarks.add(line, Issue::LostVertex { found: quoted(value) });
    }
    found
}

/// A text without what formats it: `\P` and `{\fArial;…}` of MTEXT, `\U+00E0` of both.
fn plain(bytes: &[u8], formatted: bool) -> String {
    let (text, _) = decode(bytes);
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.as_str().starts_with("U+") => {
                let code = rest.as_str().get(2..6).and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
                match code {
                    Some(c) => {
                        out.push(c);
                        rest = rest.as_str().get(6..).unwrap_or_default().chars();
                    }
                    None => out.push(c),
                }
            }
            '\\' if formatted => match rest.next() {
                Some('P') => out.push(' '),
                Some(c @ ('\\' | '{' | '}')) => out.push(c),
                Some('~') => out.push(' '),
                Some('L' | 'l' | 'O' | 'o' | 'K' | 'k') | None => {}
                // the others go as far as a semicolon
                Some(_) => rest = rest.as_str().split_once(';').map_or("", |(_, after)| after).chars(),
            },
            '{' | '}' if formatted => {}
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}
