//! Geometry as PostGIS reads it: extended well-known binary, little-endian, with the SRID; two dimensions.

use geo_types::{Geometry, LineString, Polygon};
use kernel::Srid;

const HAS_SRID: u32 = 0x2000_0000;

/// Writes a point, `[east, north]`.
pub fn point(position: [f64; 2], srid: Srid) -> Vec<u8> {
    let mut out = Vec::with_capacity(25);
    head(&mut out, 1, Some(srid));
    put(&mut out, position);
    out
}

/// Writes a line.
pub fn line(line: &[[f64; 2]], srid: Srid) -> Vec<u8> {
    let mut out = Vec::with_capacity(13 + 16 * line.len());
    head(&mut out, 2, Some(srid));
    positions(&mut out, line);
    out
}

/// Writes a polygon: outer ring, then holes, each closed.
pub fn polygon(rings: &[Vec<[f64; 2]>], srid: Srid) -> Vec<u8> {
    let mut out = Vec::new();
    rings_of(&mut out, rings, Some(srid));
    out
}

/// Writes a multi-polygon.
pub fn multi_polygon(polygons: &[Vec<Vec<[f64; 2]>>], srid: Srid) -> Vec<u8> {
    let mut out = Vec::new();
    head(&mut out, 6, Some(srid));
    count(&mut out, polygons.len());
    for polygon in polygons {
        rings_of(&mut out, polygon, None);
    }
    out
}

/// Writes any geometry of `geo_types` but a collection's members are written as they are.
pub fn geometry(geometry: &Geometry<f64>, srid: Srid) -> Vec<u8> {
    let mut out = Vec::new();
    any(&mut out, geometry, Some(srid));
    out
}

fn any(out: &mut Vec<u8>, geometry: &Geometry<f64>, srid: Option<Srid>) {
    match geometry {
        Geometry::Point(p) => {
            head(out, 1, srid);
            put(out, [p.x(), p.y()]);
        }
        Geometry::LineString(l) => linestring(out, l, srid),
        Geometry::Line(l) => linestring(out, &LineString::from(*l), srid),
        Geometry::Polygon(p) => area(out, p, srid),
        Geometry::Rect(r) => area(out, &r.to_polygon(), srid),
        Geometry::Triangle(t) => area(out, &t.to_polygon(), srid),
        Geometry::MultiPoint(m) => {
            head(out, 4, srid);
            count(out, m.0.len());
            for p in m {
                head(out, 1, None);
                put(out, [p.x(), p.y()]);
            }
        }
        Geometry::MultiLineString(m) => {
            head(out, 5, srid);
            count(out, m.0.len());
            m.iter().for_each(|l| linestring(out, l, None));
        }
        Geometry::MultiPolygon(m) => {
            head(out, 6, srid);
            count(out, m.0.len());
            m.iter().for_each(|p| area(out, p, None));
        }
        Geometry::GeometryCollection(c) => {
            head(out, 7, srid);
            count(out, c.0.len());
            c.iter().for_each(|g| any(out, g, None));
        }
    }
}

fn linestring(out: &mut Vec<u8>, line: &LineString<f64>, srid: Option<Srid>) {
    head(out, 2, srid);
    ring(out, line);
}

fn area(out: &mut Vec<u8>, polygon: &Polygon<f64>, srid: Option<Srid>) {
    head(out, 3, srid);
    let empty = polygon.exterior().0.is_empty();
    count(out, if empty { 0 } else { 1 + polygon.interiors().len() });
    if !empty {
        ring(out, polygon.exterior());
        polygon.interiors().iter().for_each(|r| ring(out, r));
    }
}

fn ring(out: &mut Vec<u8>, ring: &LineString<f64>) {
    count(out, ring.0.len());
    ring.0.iter().for_each(|c| put(out, [c.x, c.y]));
}

fn rings_of(out: &mut Vec<u8>, rings: &[Vec<[f64; 2]>], srid: Option<Srid>) {
    head(out, 3, srid);
    count(out, rings.len());
    rings.iter().for_each(|r| positions(out, r));
}

fn positions(out: &mut Vec<u8>, line: &[[f64; 2]]) {
    count(out, line.len());
    line.iter().for_each(|p| put(out, *p));
}

fn head(out: &mut Vec<u8>, kind: u32, srid: Option<Srid>) {
    out.push(1);
    out.extend((kind | if srid.is_some() { HAS_SRID } else { 0 }).to_le_bytes());
    if let Some(srid) = srid {
        out.extend(srid.postgis().to_le_bytes());
    }
}

fn count(out: &mut Vec<u8>, n: usize) {
    // a geometry of more than 2^32 positions does not fit into memory
    out.extend(u32::try_from(n).unwrap_or(u32::MAX).to_le_bytes());
}

fn put(out: &mut Vec<u8>, [x, y]: [f64; 2]) {
    out.extend(x.to_le_bytes());
    out.extend(y.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::{geometry, point};
    use geo_types::{Geometry, Point, polygon};
    use kernel::Srid;

    /// What PostGIS 3.3 answers to `select 'SRID=7792;POINT(1 2)'::geometry`.
    #[test]
    fn a_point_as_postgis_writes_it() {
        let hex: String = point([1.0, 2.0], Srid::RDN2008_UTM33).iter().map(|b| format!("{b:02X}")).collect();
        assert_eq!(hex, "0101000020701E0000000000000000F03F0000000000000040");
        assert_eq!(point([1.0, 2.0], Srid::RDN2008_UTM33), geometry(&Geometry::Point(Point::new(1.0, 2.0)), Srid::RDN2008_UTM33));
    }

    #[test]
    fn both_writers_of_polygons_agree() {
        let rings = vec![vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]];
        let shape = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 1.0, y: 1.0), (x: 0.0, y: 0.0)];
        assert_eq!(super::polygon(&rings, Srid::RDN2008_UTM33), geometry(&Geometry::Polygon(shape), Srid::RDN2008_UTM33));
    }
}
