//! Well-known text (OGC Simple Features 1.2.1, chapter 7), and what spreadsheets carry in its place: hexadecimal WKB.

mod curves;

use super::{Family, Shape, wkb};
use crate::Limits;
use crate::report::Reason;

/// Reads `POINT (1 2)`, with or without `SRID=…;` before it, or hexadecimal well-known binary. Without recursion.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Shape, Reason> {
    let text = text.trim();
    if text.starts_with(['0']) {
        return wkb::read(&hexadecimal(text).ok_or(Reason::Unreadable)?, limits);
    }
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.len() < 20 && srid.trim_start().to_ascii_uppercase().starts_with("SRID") => rest.trim_start(),
        _ => text,
    };
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (kind, body) = text.split_at(letters);
    let body = body.trim_start();
    let body = ["ZM", "Z", "M"].iter().find_map(|d| strip_word(body, d)).unwrap_or(body);
    // `POINTZ(…)` is met as well
    let upper = kind.to_ascii_uppercase();
    let name = upper.strip_suffix("ZM").or_else(|| upper.strip_suffix('Z')).or_else(|| upper.strip_suffix('M')).unwrap_or(&upper);
    let (family, multi, depth) = match name {
        "POINT" => (Family::Point, false, 1),
        "MULTIPOINT" => (Family::Point, true, 2),
        "LINESTRING" => (Family::Line, false, 1),
        "MULTILINESTRING" => (Family::Line, true, 2),
        "POLYGON" => (Family::Polygon, false, 2),
        "MULTIPOLYGON" => (Family::Polygon, true, 3),
        "CIRCULARSTRING" | "COMPOUNDCURVE" | "CURVEPOLYGON" | "MULTICURVE" | "MULTISURFACE" => return curves::read(name, body, limits),
        "POLYHEDRALSURFACE" | "TIN" | "TRIANGLE" => return Err(Reason::Surface),
        "GEOMETRYCOLLECTION" => return Err(Reason::MixedCollection),
        _ => return Err(Reason::Unreadable),
    };
    let mut shape = Shape { multi, ..Shape::new(family) };
    if strip_word(body, "EMPTY").is_none() {
        lists(body, depth, &mut shape, limits)?;
    }
    Ok(shape)
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    (head.eq_ignore_ascii_case(word) && !rest.starts_with(|c: char| c.is_ascii_alphabetic())).then(|| rest.trim_start())
}

/// Reads nested lists of positions; `depth` is how deep positions lie for this kind of geometry.
fn lists(body: &str, depth: usize, shape: &mut Shape, limits: &Limits) -> Result<(), Reason> {
    let bytes = body.as_bytes();
    let (mut at, mut level) = (0, 0usize);
    // MULTIPOINT (1 2, 3 4) is as good as MULTIPOINT ((1 2), (3 4))
    let flat_points = shape.family == Family::Point;
    while at < bytes.len() {
        match bytes[at] {
            b'(' if level < depth => {
                level += 1;
                at += 1;
            }
            b')' if level > 0 => {
                close(shape, depth - level);
                level -= 1;
                at += 1;
                if level == 0 && !body[at..].trim().is_empty() {
                    return Err(Reason::Unreadable);
                }
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' => at += 1,
            _ if level == depth || (flat_points && level > 0) => {
                let end = at + bytes[at..].iter().position(|b| matches!(b, b',' | b')' | b'(')).ok_or(Reason::Unreadable)?;
                shape.positions.push(position(&body[at..end])?);
                if shape.positions.len() > limits.vertices {
                    return Err(Reason::TooManyVertices);
                }
                at = end;
            }
            _ => return Err(Reason::Unreadable),
        }
    }
    if level == 0 { Ok(()) } else { Err(Reason::Unreadable) }
}

/// Ends a list that is `height` levels above the positions' own.
fn close(shape: &mut Shape, height: usize) {
    match (shape.family, height) {
        (Family::Line | Family::Polygon, 0) if shape.sequences.last().copied().unwrap_or(0) < shape.positions.len() => {
            shape.sequences.push(shape.positions.len());
        }
        (Family::Polygon, 1) if shape.parts.last().copied().unwrap_or(0) < shape.sequences.len() => {
            shape.parts.push(shape.sequences.len());
        }
        _ => {}
    }
}

fn position(text: &str) -> Result<[f64; 2], Reason> {
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<f64>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(x)), Some(Ok(y))) if numbers.all(|n| n.is_ok()) => Ok([x, y]),
        _ => Err(Reason::Unreadable),
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().map(|b| (b as char).to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::Limits;
    use crate::geometry::Family;
    use crate::report::Reason;

    #[test]
    fn reads_what_programs_write() {
        for text in [
            "POINT (1 2)",
            "point(1 2)",
            "POINT Z (1 2 3)",
            "POINTZM(1 2 3 4)",
            "SRID=3003;POINT(1 2)",
            "0101000000000000000000F03F0000000000000040",
        ] {
            assert_eq!(read(text, &Limits::default()).unwrap().positions, [[1.0, 2.0]], "{text}");
        }
        for text in ["MULTIPOINT (1 2, 3 4)", "MULTIPOINT ((1 2), (3 4))"] {
            assert_eq!(read(text, &Limits::default()).unwrap().part_count(), 2, "{text}");
        }
        let shape = read("MULTIPOLYGON(((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1)),((9 9,10 9,10 10,9 9)))", &Limits::default()).unwrap();
        assert_eq!((shape.family, shape.sequences, shape.parts), (Family::Polygon, vec![4, 8, 12], vec![2, 3]));
    }

    #[test]
    fn what_is_no_geometry_is_unreadable_however_deep() {
        let deep = format!("POLYGON{}", "(".repeat(100_000));
        for text in ["", "POINT", "POINT (1)", "POINT (a b)", "POINT (1 2", "POINT (1 2) (3 4)", "CIRCLE (1 2)", "012", "zz", deep.as_str()]
        {
            let outcome = read(text, &Limits::default()).map(|s| s.positions.len());
            assert!(matches!(outcome, Err(Reason::Unreadable) | Ok(0)), "{text:.20}: {outcome:?}");
        }
        assert_eq!(read("POINT EMPTY", &Limits::default()).unwrap().positions.len(), 0);
    }
}
