//! Well-known binary: OGC Simple Features 1.2.1 (ISO codes), with PostGIS's and the older 2.5D flags.

use super::{Family, Shape, arc};
use crate::Limits;
use crate::report::Reason;

/// How deep collections may lie in each other: a multi-polygon in a collection in a collection.
const MAX_DEPTH: u8 = 4;

/// Reads a geometry, leaving out heights and measures. Counts are never believed beyond the bytes that are there.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Shape, Reason> {
    let mut cursor = Cursor { bytes, at: 0, little: true };
    let mut shape = None;
    let multi = geometry(&mut cursor, &mut shape, MAX_DEPTH, limits.vertices)?;
    let mut shape = shape.ok_or(Reason::Empty)?;
    shape.multi = multi;
    Ok(shape)
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    little: bool,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Reason> {
        let bytes = self.bytes.get(self.at..self.at + N).and_then(|b| b.try_into().ok()).ok_or(Reason::Unreadable)?;
        self.at += N;
        Ok(bytes)
    }

    fn order(&mut self) -> Result<(), Reason> {
        self.little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(Reason::Unreadable),
        };
        Ok(())
    }

    fn u32(&mut self) -> Result<u32, Reason> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self) -> Result<f64, Reason> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// A count of things of which each takes at least `size` bytes.
    fn count(&mut self, size: usize) -> Result<usize, Reason> {
        let count = self.u32()? as usize;
        if count > (self.bytes.len() - self.at) / size { Err(Reason::Unreadable) } else { Ok(count) }
    }
}

/// What a geometry says of itself: its kind, and how many numbers a position has.
fn head(cursor: &mut Cursor) -> Result<(u32, usize), Reason> {
    cursor.order()?;
    let code = cursor.u32()?;
    let (has_z, has_m) = (code & 0x8000_0000 != 0, code & 0x4000_0000 != 0);
    if code & 0x2000_0000 != 0 {
        cursor.u32()?;
    }
    let code = code & 0x0FFF_FFFF;
    let size = 2 + usize::from(has_z || matches!(code / 1000, 1 | 3)) + usize::from(has_m || matches!(code / 1000, 2 | 3));
    if code / 1000 > 3 { Err(Reason::Unreadable) } else { Ok((code % 1000, size)) }
}

/// Reads one geometry into the shape; returns whether it is a multi-geometry.
fn geometry(cursor: &mut Cursor, shape: &mut Option<Shape>, depth: u8, vertices: usize) -> Result<bool, Reason> {
    let (kind, size) = head(cursor)?;
    match kind {
        1 => point(cursor, into(shape, Family::Point)?, size)?,
        2 => {
            let shape = into(shape, Family::Line)?;
            if sequence(cursor, shape, size, vertices)? > 0 {
                shape.sequences.push(shape.positions.len());
            }
        }
        3 => polygon(cursor, into(shape, Family::Polygon)?, size, vertices)?,
        4..=7 | 11 | 12 => {
            let members = cursor.count(5)?;
            if depth == 0 {
                return Err(Reason::Unreadable);
            }
            for _ in 0..members {
                geometry(cursor, shape, depth - 1, vertices)?;
            }
            return Ok(true);
        }
        8 | 9 => {
            let mut line = Vec::new();
            curve(cursor, (kind, size), &mut line, vertices)?;
            add(into(shape, Family::Line)?, line, vertices)?;
        }
        10 => {
            let shape = into(shape, Family::Polygon)?;
            let before = shape.sequences.len();
            for _ in 0..cursor.count(9)? {
                let (of, mut ring) = (head(cursor)?, Vec::new());
                curve(cursor, of, &mut ring, vertices)?;
                add(shape, ring, vertices)?;
            }
            if shape.sequences.len() > before {
                shape.parts.push(shape.sequences.len());
            }
        }
        15..=17 => return Err(Reason::Surface),
        _ => return Err(Reason::Unreadable),
    }
    Ok(false)
}

/// Reads a line, a circular string or one made of both, as a line.
fn curve(cursor: &mut Cursor, (kind, size): (u32, usize), line: &mut Vec<[f64; 2]>, vertices: usize) -> Result<(), Reason> {
    match kind {
        2 | 8 => {
            let mut piece = Shape::new(Family::Line);
            sequence(cursor, &mut piece, size, vertices)?;
            if kind == 2 {
                arc::join(line, &piece.positions);
            } else {
                arc::append(line, &piece.positions).ok_or(Reason::Unreadable)?;
            }
            if line.len() > vertices { Err(Reason::TooManyVertices) } else { Ok(()) }
        }
        9 => {
            for _ in 0..cursor.count(9)? {
                // none of them is made of others again
                let (kind, size) = head(cursor)?;
                if kind == 9 {
                    return Err(Reason::Unreadable);
                }
                curve(cursor, (kind, size), line, vertices)?;
            }
            Ok(())
        }
        _ => Err(Reason::Unreadable),
    }
}

/// A line, or a ring.
fn add(shape: &mut Shape, line: Vec<[f64; 2]>, vertices: usize) -> Result<(), Reason> {
    if shape.positions.len() + line.len() > vertices {
        return Err(Reason::TooManyVertices);
    }
    if !line.is_empty() {
        shape.positions.extend(line);
        shape.sequences.push(shape.positions.len());
    }
    Ok(())
}

fn into(shape: &mut Option<Shape>, family: Family) -> Result<&mut Shape, Reason> {
    let shape = shape.get_or_insert_with(|| Shape::new(family));
    if shape.family == family { Ok(shape) } else { Err(Reason::MixedCollection) }
}

fn point(cursor: &mut Cursor, shape: &mut Shape, size: usize) -> Result<(), Reason> {
    let position = position(cursor, size)?;
    // an empty point is written as NaN
    if !(position[0].is_nan() && position[1].is_nan()) {
        shape.positions.push(position);
    }
    Ok(())
}

fn position(cursor: &mut Cursor, size: usize) -> Result<[f64; 2], Reason> {
    let position = [cursor.f64()?, cursor.f64()?];
    for _ in 2..size {
        cursor.f64()?;
    }
    Ok(position)
}

fn sequence(cursor: &mut Cursor, shape: &mut Shape, size: usize, vertices: usize) -> Result<usize, Reason> {
    let count = cursor.count(8 * size)?;
    if shape.positions.len() + count > vertices {
        return Err(Reason::TooManyVertices);
    }
    shape.positions.reserve(count);
    for _ in 0..count {
        shape.positions.push(position(cursor, size)?);
    }
    Ok(count)
}

fn polygon(cursor: &mut Cursor, shape: &mut Shape, size: usize, vertices: usize) -> Result<(), Reason> {
    let rings = cursor.count(4)?;
    let before = shape.sequences.len();
    for _ in 0..rings {
        if sequence(cursor, shape, size, vertices)? > 0 {
            shape.sequences.push(shape.positions.len());
        }
    }
    if shape.sequences.len() > before {
        shape.parts.push(shape.sequences.len());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::Limits;
    use crate::geometry::Family;
    use crate::report::Reason;

    fn wkb(code: u32, body: &[u8]) -> Vec<u8> {
        [&[1u8][..], &code.to_le_bytes(), body].concat()
    }

    fn numbers(numbers: &[f64]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
    }

    #[test]
    fn heights_and_measures_are_left_out() {
        for code in [1001, 2001, 0x8000_0001, 0x4000_0001] {
            let shape = read(&wkb(code, &numbers(&[1.0, 2.0, 3.0])), &Limits::default()).unwrap();
            assert_eq!(shape.positions, [[1.0, 2.0]], "{code:x}");
        }
        assert_eq!(read(&wkb(3001, &numbers(&[1.0, 2.0, 3.0, 4.0])), &Limits::default()).unwrap().positions, [[1.0, 2.0]]);
    }

    #[test]
    fn a_count_that_lies_is_not_believed() {
        for code in [2, 3, 4, 5, 6, 7] {
            let body = [&u32::MAX.to_le_bytes()[..], &numbers(&[1.0, 2.0])].concat();
            assert_eq!(read(&wkb(code, &body), &Limits::default()), Err(Reason::Unreadable), "{code}");
        }
        assert_eq!(read(&[], &Limits::default()), Err(Reason::Unreadable));
        assert_eq!(read(&wkb(1, &[0; 15]), &Limits::default()), Err(Reason::Unreadable));
    }

    #[test]
    fn collections_in_collections_end_somewhere() {
        let mut nested = wkb(1, &numbers(&[1.0, 2.0]));
        for _ in 0..3 {
            nested = wkb(7, &[&1u32.to_le_bytes()[..], &nested].concat());
        }
        assert_eq!(read(&nested, &Limits::default()).unwrap().positions.len(), 1);
        for _ in 0..100_000 / 9 {
            nested = wkb(7, &[&1u32.to_le_bytes()[..], &nested].concat());
        }
        assert_eq!(read(&nested, &Limits::default()), Err(Reason::Unreadable));
    }

    #[test]
    fn what_is_empty_or_mixed_is_told_apart() {
        let limits = Limits::default();
        assert_eq!(read(&wkb(1, &numbers(&[f64::NAN, f64::NAN])), &limits).unwrap().positions.len(), 0);
        assert_eq!(read(&wkb(7, &0u32.to_le_bytes()), &limits), Err(Reason::Empty));
        assert_eq!(read(&wkb(13, &0u32.to_le_bytes()), &limits), Err(Reason::Unreadable));
        assert_eq!(read(&wkb(16, &0u32.to_le_bytes()), &limits), Err(Reason::Surface));
        let point = wkb(1, &numbers(&[1.0, 2.0]));
        let line = wkb(2, &[&2u32.to_le_bytes()[..], &numbers(&[0.0, 0.0, 1.0, 1.0])].concat());
        let mixed = wkb(7, &[&2u32.to_le_bytes()[..], &point, &line].concat());
        assert_eq!(read(&mixed, &limits), Err(Reason::MixedCollection));
        let points = read(&wkb(7, &[&2u32.to_le_bytes()[..], &point, &point].concat()), &limits).unwrap();
        assert_eq!((points.family, points.part_count(), points.multi), (Family::Point, 2, true));
    }

    #[test]
    fn curves_are_lines() {
        let limits = Limits::default();
        let list = |members: &[Vec<u8>]| [&u32::try_from(members.len()).unwrap().to_le_bytes()[..], &members.concat()].concat();
        let arc = wkb(8, &[&3u32.to_le_bytes()[..], &numbers(&[0.0, 0.0, 1.0, 1.0, 2.0, 0.0])].concat());
        let back = wkb(2, &[&2u32.to_le_bytes()[..], &numbers(&[2.0, 0.0, 0.0, 0.0])].concat());
        let compound = wkb(9, &list(&[arc.clone(), back]));
        for (bytes, text) in [
            (arc.clone(), "CIRCULARSTRING(0 0,1 1,2 0)"),
            (compound.clone(), "COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,0 0))"),
            (
                wkb(11, &list(&[arc, compound.clone()])),
                "MULTICURVE(CIRCULARSTRING(0 0,1 1,2 0),COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,0 0)))",
            ),
            (wkb(10, &list(std::slice::from_ref(&compound))), "CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,0 0)))"),
            (
                wkb(12, &list(&[wkb(10, &list(std::slice::from_ref(&compound)))])),
                "MULTISURFACE(CURVEPOLYGON(COMPOUNDCURVE(CIRCULARSTRING(0 0,1 1,2 0),(2 0,0 0))))",
            ),
        ] {
            assert_eq!(read(&bytes, &limits), crate::geometry::wkt::read(text, &limits), "{text}");
        }
        assert_eq!(read(&wkb(9, &list(&[compound])), &limits), Err(Reason::Unreadable));
        assert_eq!(read(&wkb(9, &u32::MAX.to_le_bytes()), &limits), Err(Reason::Unreadable));
    }

    #[test]
    fn too_many_vertices_are_refused_before_they_are_read() {
        let limits = Limits { vertices: 1, ..Limits::default() };
        let line = wkb(2, &[&2u32.to_le_bytes()[..], &numbers(&[0.0, 0.0, 1.0, 1.0])].concat());
        assert_eq!(read(&line, &limits), Err(Reason::TooManyVertices));
    }
}
