//! Geometries as text: well-known text and GeoJSON, every digit that a position has.

use std::fmt::Write;

use super::{Family, Shape};

/// Well-known text, without a system.
pub(crate) fn to_wkt(shape: &Shape) -> String {
    let multi = is_multi(shape);
    let name = match shape.family {
        Family::Point => "POINT",
        Family::Line => "LINESTRING",
        Family::Polygon => "POLYGON",
    };
    let brackets =
        Brackets { open: '(', close: ')', between: ", ", position: |[x, y], out| _ = write!(out, "{x} {y}"), point: Some(('(', ')')) };
    let mut out = format!("{}{name} ", if multi { "MULTI" } else { "" });
    brackets.shape(shape, multi, &mut out);
    out
}

/// A GeoJSON geometry.
pub(crate) fn to_geojson(shape: &Shape, out: &mut String) {
    let multi = is_multi(shape);
    let name = match shape.family {
        Family::Point => "Point",
        Family::Line => "LineString",
        Family::Polygon => "Polygon",
    };
    let brackets = Brackets { open: '[', close: ']', between: ",", position: |[x, y], out| _ = write!(out, "[{x},{y}]"), point: None };
    let _ = write!(out, r#"{{"type":"{}{name}","coordinates":"#, if multi { "Multi" } else { "" });
    brackets.shape(shape, multi, out);
    out.push('}');
}

fn is_multi(shape: &Shape) -> bool {
    shape.multi || shape.part_count() != 1
}

/// How lists and positions are written.
struct Brackets {
    open: char,
    close: char,
    between: &'static str,
    position: fn([f64; 2], &mut String),
    /// Round a position that stands alone.
    point: Option<(char, char)>,
}

impl Brackets {
    fn shape(&self, shape: &Shape, multi: bool, out: &mut String) {
        match shape.family {
            Family::Point if multi => self.list(&shape.positions, out, |s, p, out| s.alone(*p, out)),
            Family::Point => shape.positions.iter().for_each(|p| self.alone(*p, out)),
            Family::Line => {
                let lines = split(&shape.positions, &shape.sequences);
                if multi {
                    self.list(&lines, out, |s, line, out| s.line(line, out))
                } else {
                    lines.iter().for_each(|line| self.line(line, out))
                }
            }
            Family::Polygon => {
                let rings = split(&shape.positions, &shape.sequences);
                let areas = split(&rings, &shape.parts);
                let area = |s: &Self, rings: &&[&[[f64; 2]]], out: &mut String| s.list(rings, out, |s, ring, out| s.line(ring, out));
                if multi { self.list(&areas, out, area) } else { areas.iter().for_each(|rings| area(self, rings, out)) }
            }
        }
    }

    fn alone(&self, position: [f64; 2], out: &mut String) {
        out.extend(self.point.map(|(open, _)| open));
        (self.position)(position, out);
        out.extend(self.point.map(|(_, close)| close));
    }

    fn line(&self, line: &[[f64; 2]], out: &mut String) {
        self.list(line, out, |s, position, out| (s.position)(*position, out));
    }

    fn list<T>(&self, items: &[T], out: &mut String, each: impl Fn(&Self, &T, &mut String)) {
        out.push(self.open);
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                out.push_str(self.between);
            }
            each(self, item, out);
        }
        out.push(self.close);
    }
}

/// The pieces between these ends.
fn split<'a, T>(items: &'a [T], ends: &[usize]) -> Vec<&'a [T]> {
    let mut first = 0;
    let piece = |&end: &usize| {
        let piece = &items[first..end];
        first = end;
        piece
    };
    ends.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::{to_geojson, to_wkt};
    use crate::Limits;
    use crate::geometry::wkt;

    fn geojson(text: &str) -> String {
        let mut out = String::new();
        to_geojson(&wkt::read(text, &Limits::default()).unwrap(), &mut out);
        out
    }

    #[test]
    fn what_is_written_is_read_as_the_same() {
        for text in [
            "POINT (1.25 -2)",
            "MULTIPOINT ((1 2))",
            "LINESTRING (0 0, 0.1 0.30000000000000004)",
            "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3, 4 4))",
            "POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1))",
            "MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1)), ((20 0, 29 0, 29 9, 20 0)))",
        ] {
            assert_eq!(to_wkt(&wkt::read(text, &Limits::default()).unwrap()), text);
        }
        assert_eq!(geojson("POINT (1 2)"), r#"{"type":"Point","coordinates":[1,2]}"#);
        assert_eq!(
            geojson("MULTIPOLYGON (((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1)))"),
            r#"{"type":"MultiPolygon","coordinates":[[[[0,0],[9,0],[9,9],[0,0]],[[2,1],[3,1],[3,2],[2,1]]]]}"#
        );
    }
}
