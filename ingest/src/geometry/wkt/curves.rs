//! Curves in well-known text (ISO 13249-3; OGC Simple Features 1.2.1, chapter 7), as lines: what stands in them is named, or is straight.

use super::super::{Family, Shape, arc};
use super::{position, strip_word};
use crate::Limits;
use crate::report::Reason;

/// Reads what stands behind `CIRCULARSTRING`, `COMPOUNDCURVE`, `CURVEPOLYGON`, `MULTICURVE` or `MULTISURFACE`.
pub(super) fn read(name: &str, body: &str, limits: &Limits) -> Result<Shape, Reason> {
    let mut text = Text { rest: body, limits };
    let (family, multi) = match name {
        "CIRCULARSTRING" | "COMPOUNDCURVE" => (Family::Line, false),
        "MULTICURVE" => (Family::Line, true),
        "CURVEPOLYGON" => (Family::Polygon, false),
        _ => (Family::Polygon, true),
    };
    let mut shape = Shape { multi, ..Shape::new(family) };
    match (name, multi) {
        ("CURVEPOLYGON", _) => text.area(&mut shape)?,
        (_, false) => text.curve_of(name, &mut shape)?,
        (_, true) => text.list(|text| {
            let name = text.name()?;
            match family {
                Family::Polygon if matches!(name, "" | "POLYGON" | "CURVEPOLYGON") => text.area(&mut shape),
                Family::Polygon => Err(Reason::Unreadable),
                _ => text.curve_of(name, &mut shape),
            }
        })?,
    }
    if text.rest.trim().is_empty() { Ok(shape) } else { Err(Reason::Unreadable) }
}

/// What is left to be read.
struct Text<'a> {
    rest: &'a str,
    limits: &'a Limits,
}

impl<'a> Text<'a> {
    /// The name of what follows, without its dimensions; none of what is straight.
    fn name(&mut self) -> Result<&'a str, Reason> {
        const NAMES: [&str; 5] = ["CIRCULARSTRING", "COMPOUNDCURVE", "CURVEPOLYGON", "LINESTRING", "POLYGON"];
        self.rest = self.rest.trim_start();
        let letters = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        let upper = self.rest[..letters].to_ascii_uppercase();
        if letters == 0 || upper == "EMPTY" {
            return Ok("");
        }
        let named = |name: &&&str| upper.strip_prefix(**name).is_some_and(|dimensions| matches!(dimensions, "" | "Z" | "M" | "ZM"));
        let name = NAMES.iter().find(named).copied().ok_or(Reason::Unreadable)?;
        self.rest = self.rest[letters..].trim_start();
        self.rest = ["ZM", "Z", "M"].iter().find_map(|d| strip_word(self.rest, d)).unwrap_or(self.rest);
        Ok(name)
    }

    /// Everything between brackets, one after the other; nothing of what is `EMPTY`.
    fn list(&mut self, mut each: impl FnMut(&mut Self) -> Result<(), Reason>) -> Result<(), Reason> {
        self.rest = self.rest.trim_start();
        if let Some(rest) = strip_word(self.rest, "EMPTY") {
            self.rest = rest;
            return Ok(());
        }
        self.rest = self.rest.strip_prefix('(').ok_or(Reason::Unreadable)?;
        loop {
            each(self)?;
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                return Ok(());
            }
            self.rest = self.rest.strip_prefix(',').ok_or(Reason::Unreadable)?;
        }
    }

    fn positions(&mut self) -> Result<Vec<[f64; 2]>, Reason> {
        let (mut positions, most) = (Vec::new(), self.limits.vertices);
        self.list(|text| {
            let end = text.rest.find([',', ')']).ok_or(Reason::Unreadable)?;
            positions.push(position(&text.rest[..end])?);
            text.rest = &text.rest[end..];
            if positions.len() > most { Err(Reason::TooManyVertices) } else { Ok(()) }
        })?;
        Ok(positions)
    }

    /// A straight line or a circular string, at the end of a line.
    fn piece(&mut self, name: &str, line: &mut Vec<[f64; 2]>) -> Result<(), Reason> {
        let positions = self.positions()?;
        match name {
            "" | "LINESTRING" => arc::join(line, &positions),
            "CIRCULARSTRING" => arc::append(line, &positions).ok_or(Reason::Unreadable)?,
            _ => return Err(Reason::Unreadable),
        }
        Ok(())
    }

    /// A curve of this name, as a line or a ring of its own.
    fn curve_of(&mut self, name: &str, shape: &mut Shape) -> Result<(), Reason> {
        let mut line = Vec::new();
        match name {
            "COMPOUNDCURVE" => self.list(|text| {
                let name = text.name()?;
                text.piece(name, &mut line)
            })?,
            _ => self.piece(name, &mut line)?,
        }
        if shape.positions.len() + line.len() > self.limits.vertices {
            return Err(Reason::TooManyVertices);
        }
        if !line.is_empty() {
            shape.positions.append(&mut line);
            shape.sequences.push(shape.positions.len());
        }
        Ok(())
    }

    /// The rings of an area.
    fn area(&mut self, shape: &mut Shape) -> Result<(), Reason> {
        let before = shape.sequences.len();
        self.list(|text| {
            let name = text.name()?;
            text.curve_of(name, shape)
        })?;
        if shape.sequences.len() > before {
            shape.parts.push(shape.sequences.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::Limits;
    use crate::geometry::{Family, Shape};
    use crate::report::Reason;

    fn read(text: &str) -> Result<Shape, Reason> {
        super::super::read(text, &Limits::default())
    }

    fn counts(text: &str) -> (Family, bool, usize, usize) {
        let shape = read(text).unwrap_or_else(|reason| panic!("{text}: {reason:?}"));
        (shape.family, shape.multi, shape.sequences.len(), shape.part_count())
    }

    #[test]
    fn every_kind_of_curve_is_read() {
        for (text, found) in [
            ("CIRCULARSTRING(0 0,1 1,2 0)", (Family::Line, false, 1, 1)),
            ("CircularString Z (0 0 7, 1 1 7, 2 0 7)", (Family::Line, false, 1, 1)),
            ("SRID=7792;COMPOUNDCURVE((9 0,0 0),CIRCULARSTRING(0 0,1 1,2 0),LINESTRING (2 0,5 5))", (Family::Line, false, 1, 1)),
            ("MULTICURVE((0 0,1 1),CIRCULARSTRING(0 0,1 1,2 0),COMPOUNDCURVE((0 0,5 0)))", (Family::Line, true, 3, 3)),
            ("CURVEPOLYGON(CIRCULARSTRING(0 0,4 0,0 0),(1 0,2 0,2 1,1 0))", (Family::Polygon, false, 2, 1)),
            ("CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,0 0)))", (Family::Polygon, false, 1, 1)),
            (
                "MULTISURFACE(((0 0,4 0,4 4,0 0)),CURVEPOLYGON(CIRCULARSTRING(9 9,13 9,9 9)),POLYGON((20 0,24 0,24 4,20 0)))",
                (Family::Polygon, true, 3, 3),
            ),
            ("MULTISURFACE EMPTY", (Family::Polygon, true, 0, 0)),
            ("COMPOUNDCURVE (EMPTY, (0 0, 1 1))", (Family::Line, false, 1, 1)),
        ] {
            assert_eq!(counts(text), found, "{text}");
        }
    }

    #[test]
    fn pieces_of_a_compound_meet_in_one_position() {
        let line = read("COMPOUNDCURVE((9 0,0 0),CIRCULARSTRING(0 0,1 1,2 0),(2 0,5 5))").unwrap().positions;
        assert_eq!((line[0], line[1], *line.last().unwrap()), ([9.0, 0.0], [0.0, 0.0], [5.0, 5.0]));
        assert!(line.windows(2).all(|pair| pair[0] != pair[1]), "{line:?}");
        assert!(line.contains(&[1.0, 1.0]) && line.len() > 40, "{line:?}");
    }

    #[test]
    fn what_is_no_curve_is_unreadable_however_deep() {
        let deep = format!("COMPOUNDCURVE{}", "(".repeat(100_000));
        let nested = format!("MULTISURFACE({}", "CURVEPOLYGON(".repeat(10_000));
        for text in [
            "CIRCULARSTRING",
            "CIRCULARSTRING(0 0,1 1)",
            "CIRCULARSTRING(0 0,1 1,2 0,3 1)",
            "CIRCULARSTRING(0 0,1 1,2 0",
            "CIRCULARSTRING(0 0,1 1,2 0))",
            "COMPOUNDCURVE(POLYGON((0 0,1 1)))",
            "CURVEPOLYGON(0 0,1 1,2 0)",
            "MULTISURFACE(CIRCULARSTRING(0 0,1 1,2 0))",
            "MULTICURVE(POINT(0 0))",
            deep.as_str(),
            nested.as_str(),
        ] {
            assert_eq!(read(text), Err(Reason::Unreadable), "{text:.40}");
        }
        let limits = Limits { vertices: 20, ..Limits::default() };
        assert_eq!(super::super::read("CIRCULARSTRING(0 0,1 1,2 0)", &limits), Err(Reason::TooManyVertices));
    }
}
