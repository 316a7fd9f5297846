use kernel::Srid;
use kernel::layer::GeometryType;

use super::{Family, Shape};

const HAS_SRID: u32 = 0x2000_0000;

/// Writes a shape as PostGIS's extended well-known binary, little-endian, with the SRID: as a single geometry if it has
/// one part and is not called multi, else as a multi-geometry.
pub(crate) fn write(shape: &Shape, srid: Srid, out: &mut Vec<u8>) {
    out.clear();
    let single = shape.part_count() == 1 && !shape.multi;
    let code = match shape.family {
        Family::Point => 1,
        Family::Line => 2,
        Family::Polygon => 3,
    };
    let outer = if single { code } else { code + 3 };
    head(out, outer | HAS_SRID);
    out.extend(srid.postgis().to_le_bytes());
    if !single {
        count(out, shape.part_count());
    }
    match shape.family {
        Family::Point => {
            for p in &shape.positions {
                member(out, single, code);
                position(out, p);
            }
        }
        Family::Line => {
            let mut first = 0;
            for &end in &shape.sequences {
                member(out, single, code);
                positions(out, &shape.positions[first..end]);
                first = end;
            }
        }
        Family::Polygon => {
            let (mut ring, mut first) = (0, 0);
            for &last_ring in &shape.parts {
                member(out, single, code);
                count(out, last_ring - ring);
                for &end in &shape.sequences[ring..last_ring] {
                    positions(out, &shape.positions[first..end]);
                    first = end;
                }
                ring = last_ring;
            }
        }
    }
}

/// The same without the SRID: plain well-known binary.
pub(crate) fn write_wkb(shape: &Shape, srid: Srid) -> Vec<u8> {
    let mut out = Vec::new();
    write(shape, srid, &mut out);
    // the flag is in the highest byte of the type, and the number follows it
    out[4] &= !0x20;
    out.drain(5..9);
    out
}

fn head(out: &mut Vec<u8>, code: u32) {
    out.push(1);
    out.extend(code.to_le_bytes());
}

fn member(out: &mut Vec<u8>, single: bool, code: u32) {
    if !single {
        head(out, code);
    }
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

fn position(out: &mut Vec<u8>, position: &[f64; 2]) {
    out.extend(position[0].to_le_bytes());
    out.extend(position[1].to_le_bytes());
}

fn positions(out: &mut Vec<u8>, positions: &[[f64; 2]]) {
    count(out, positions.len());
    for p in positions {
        position(out, p);
    }
}

impl Family {
    /// The layer's geometry type for this family.
    pub(crate) fn geometry_type(self, multi: bool) -> GeometryType {
        let single = match self {
            Self::Point => GeometryType::Point,
            Self::Line => GeometryType::LineString,
            Self::Polygon => GeometryType::Polygon,
        };
        if multi { single.multi() } else { single }
    }
}

#[cfg(test)]
mod tests {
    use super::write;
    use crate::Limits;
    use crate::geometry::{Shape, wkb, wkt};
    use kernel::Srid;

    fn round_trip(text: &str) -> (Shape, Shape) {
        let shape = wkt::read(text, &Limits::default()).unwrap();
        let mut bytes = Vec::new();
        write(&shape, Srid::RDN2008_UTM33, &mut bytes);
        let back = wkb::read(&bytes, &Limits::default()).unwrap();
        (shape, back)
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "POINT(1 2)",
            "MULTIPOINT((1 2),(3 4))",
            "LINESTRING(0 0,1 1)",
            "MULTILINESTRING((0 0,1 1),(2 2,3 3,4 5))",
            "POLYGON((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1))",
            "MULTIPOLYGON(((0 0,4 0,4 4,0 0),(1 1,2 1,2 2,1 1)),((9 9,10 9,10 10,9 9)))",
        ] {
            let (shape, back) = round_trip(text);
            assert_eq!(shape, back, "{text}");
        }
    }
}
