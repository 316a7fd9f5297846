//! From PostGIS's EWKB to a GeoJSON geometry, in two passes, so that all positions of a batch are transformed in between by
//! one call: [`collect`] takes the positions out, [`write`] puts them back in their structure.

use thiserror::Error;

use super::number::write_fixed;

/// Bytes that are no geometry of ours.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum GeometryError {
    /// They end before they should.
    #[error("a stored geometry is cut short")]
    Short,
    /// A type outside Simple Features' seven.
    #[error("a stored geometry has the type {0}, which GeoJSON has not")]
    Type(u32),
    /// Collections inside collections beyond any use.
    #[error("a stored geometry is nested too deeply")]
    Depth,
}

/// How positions are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    /// The north coordinate first.
    pub(crate) north_first: bool,
    /// Decimals, at most.
    pub(crate) decimals: u32,
}

const POINT: u32 = 1;
const LINE: u32 = 2;
const POLYGON: u32 = 3;
const COLLECTION: u32 = 7;
const NAMES: [&str; 8] = ["", "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"];

/// Flags of EWKB's type word, and how deep collections may nest.
const HAS_Z: u32 = 0x8000_0000;
const HAS_M: u32 = 0x4000_0000;
const HAS_SRID: u32 = 0x2000_0000;
const MAX_DEPTH: u8 = 16;

/// Appends the geometry's positions, east first; heights and measures are dropped.
pub(crate) fn collect(ewkb: &[u8], positions: &mut Vec<[f64; 2]>) -> Result<(), GeometryError> {
    let mut reader = Reader { bytes: ewkb, little: true };
    collect_one(&mut reader, positions, 0)
}

fn collect_one(reader: &mut Reader<'_>, positions: &mut Vec<[f64; 2]>, depth: u8) -> Result<(), GeometryError> {
    let header = reader.header(depth)?;
    match header.kind {
        POINT => positions.push(reader.position(header.extra)?),
        LINE => reader.sequence(header.extra, positions)?,
        POLYGON => {
            for _ in 0..reader.count(4)? {
                reader.sequence(header.extra, positions)?;
            }
        }
        _ => {
            for _ in 0..reader.count(5)? {
                collect_one(reader, positions, depth + 1)?;
            }
        }
    }
    Ok(())
}

/// Writes the GeoJSON geometry whose positions, in the order of [`collect`], are `positions`.
///
/// Exterior rings go counter-clockwise and holes clockwise (RFC 7946, 3.1.6), however they are stored.
pub(crate) fn write(ewkb: &[u8], positions: &[[f64; 2]], manner: Manner, out: &mut Vec<u8>) -> Result<(), GeometryError> {
    let mut writer = Writer { reader: Reader { bytes: ewkb, little: true }, rest: positions, manner, out };
    writer.geometry(0)
}

struct Writer<'a> {
    reader: Reader<'a>,
    rest: &'a [[f64; 2]],
    manner: Manner,
    out: &'a mut Vec<u8>,
}

impl Writer<'_> {
    fn geometry(&mut self, depth: u8) -> Result<(), GeometryError> {
        let header = self.reader.header(depth)?;
        let name = NAMES.get(header.kind as usize).copied().unwrap_or_default();
        self.out.extend_from_slice(b"{\"type\":\"");
        self.out.extend_from_slice(name.as_bytes());
        if header.kind == COLLECTION {
            self.out.extend_from_slice(b"\",\"geometries\":[");
            for i in 0..self.reader.count(5)? {
                self.comma(i);
                self.geometry(depth + 1)?;
            }
            self.out.push(b']');
        } else {
            self.out.extend_from_slice(b"\",\"coordinates\":");
            self.coordinates(&header, depth)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    fn coordinates(&mut self, header: &Header, depth: u8) -> Result<(), GeometryError> {
        match header.kind {
            POINT => {
                self.reader.position(header.extra)?;
                let [position] = *self.take(1)? else { return Err(GeometryError::Short) };
                self.position(position);
                Ok(())
            }
            LINE => self.line(header),
            POLYGON => {
                self.out.push(b'[');
                for i in 0..self.reader.count(4)? {
                    self.comma(i);
                    self.ring(header, i == 0)?;
                }
                self.out.push(b']');
                Ok(())
            }
            _ => {
                self.out.push(b'[');
                for i in 0..self.reader.count(5)? {
                    self.comma(i);
                    let part = self.reader.header(depth + 1)?;
                    self.coordinates(&part, depth + 1)?;
                }
                self.out.push(b']');
                Ok(())
            }
        }
    }

    fn line(&mut self, header: &Header) -> Result<(), GeometryError> {
        let count = self.reader.skip_sequence(header.extra)?;
        let positions = self.take(count)?;
        self.positions(positions.iter());
        Ok(())
    }

    fn ring(&mut self, header: &Header, exterior: bool) -> Result<(), GeometryError> {
        let count = self.reader.skip_sequence(header.extra)?;
        let positions = self.take(count)?;
        if counter_clockwise(positions) == exterior {
            self.positions(positions.iter());
        } else {
            self.positions(positions.iter().rev());
        }
        Ok(())
    }

    fn positions<'p>(&mut self, positions: impl Iterator<Item = &'p [f64; 2]>) {
        self.out.push(b'[');
        for (i, position) in positions.enumerate() {
            self.comma(i);
            self.position(*position);
        }
        self.out.push(b']');
    }

    fn position(&mut self, [x, y]: [f64; 2]) {
        let (first, second) = if self.manner.north_first { (y, x) } else { (x, y) };
        self.out.push(b'[');
        write_fixed(self.out, first, self.manner.decimals);
        self.out.push(b',');
        write_fixed(self.out, second, self.manner.decimals);
        self.out.push(b']');
    }

    fn comma(&mut self, index: usize) {
        if index > 0 {
            self.out.push(b',');
        }
    }

    fn take<'p>(&mut self, count: usize) -> Result<&'p [[f64; 2]], GeometryError>
    where
        Self: 'p,
    {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(GeometryError::Short)?;
        self.rest = rest;
        Ok(taken)
    }
}

/// By the sign of twice the area, taken from the first position so that large coordinates lose nothing.
fn counter_clockwise(ring: &[[f64; 2]]) -> bool {
    let Some([ox, oy]) = ring.first().copied() else {
        return true;
    };
    let area: f64 = ring.windows(2).map(|w| (w[0][0] - ox) * (w[1][1] - oy) - (w[1][0] - ox) * (w[0][1] - oy)).sum();
    area >= 0.0
}

struct Header {
    kind: u32,
    /// Bytes of a position after x and y.
    extra: usize,
}

struct Reader<'a> {
    bytes: &'a [u8],
    little: bool,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], GeometryError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(GeometryError::Short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn header(&mut self, depth: u8) -> Result<Header, GeometryError> {
        if depth > MAX_DEPTH {
            return Err(GeometryError::Depth);
        }
        self.little = self.take(1)?[0] == 1;
        let word = self.word()?;
        let kind = word & 0xFF;
        if !(POINT..=COLLECTION).contains(&kind) || word & !(HAS_Z | HAS_M | HAS_SRID | 0xFF) != 0 {
            return Err(GeometryError::Type(word));
        }
        if word & HAS_SRID != 0 {
            self.take(4)?;
        }
        let extra = 8 * (usize::from(word & HAS_Z != 0) + usize::from(word & HAS_M != 0));
        Ok(Header { kind, extra })
    }

    fn word(&mut self) -> Result<u32, GeometryError> {
        let bytes: [u8; 4] = self.take(4)?.try_into().map_err(|_| GeometryError::Short)?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    /// How many follow, each of at least so many bytes: a count that the bytes can't hold is a lie.
    fn count(&mut self, at_least: usize) -> Result<usize, GeometryError> {
        let count = self.word()? as usize;
        if count.saturating_mul(at_least) > self.bytes.len() { Err(GeometryError::Short) } else { Ok(count) }
    }

    fn position(&mut self, extra: usize) -> Result<[f64; 2], GeometryError> {
        let bytes = self.take(16 + extra)?;
        Ok([number(bytes, 0, self.little), number(bytes, 8, self.little)])
    }

    fn sequence(&mut self, extra: usize, positions: &mut Vec<[f64; 2]>) -> Result<(), GeometryError> {
        let count = self.count(16 + extra)?;
        let (bytes, little) = (self.take(count * (16 + extra))?, self.little);
        positions.extend(bytes.chunks_exact(16 + extra).map(|p| [number(p, 0, little), number(p, 8, little)]));
        Ok(())
    }

    fn skip_sequence(&mut self, extra: usize) -> Result<usize, GeometryError> {
        let count = self.count(16 + extra)?;
        self.take(count * (16 + extra))?;
        Ok(count)
    }
}

fn number(bytes: &[u8], at: usize, little: bool) -> f64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    if little { f64::from_le_bytes(eight) } else { f64::from_be_bytes(eight) }
}

#[cfg(test)]
mod tests {
    use super::{GeometryError, Manner, collect, write};

    /// `select encode(st_asewkb('SRID=7792;…'), 'hex')` of PostGIS 3.3.
    const POINT: &str = "0101000020701E0000000000000000F03F0000000000000040";
    const CLOCKWISE_WITH_HOLE: &str = "01030000000200000005000000000000000000000000000000000000000000000000000000000000000000104000000000000010400000000000001040000000000000104000000000000000000000000000000000000000000000000005000000000000000000f03f000000000000f03f0000000000000040000000000000f03f00000000000000400000000000000040000000000000f03f0000000000000040000000000000f03f000000000000f03f";
    const MULTI_POINT_Z: &str = "01040000A0701E0000020000000101000080000000000000F03F000000000000004000000000000008400101000080000000000000104000000000000014400000000000001840";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
    }

    fn json(hex: &str, north_first: bool) -> String {
        let ewkb = bytes(hex);
        let mut positions = Vec::new();
        collect(&ewkb, &mut positions).unwrap();
        let mut out = Vec::new();
        write(&ewkb, &positions, Manner { north_first, decimals: 4 }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn points_in_either_order() {
        assert_eq!(json(POINT, false), r#"{"type":"Point","coordinates":[1,2]}"#);
        assert_eq!(json(POINT, true), r#"{"type":"Point","coordinates":[2,1]}"#);
        assert_eq!(json(MULTI_POINT_Z, false), r#"{"type":"MultiPoint","coordinates":[[1,2],[4,5]]}"#);
    }

    #[test]
    fn the_exterior_goes_counter_clockwise_and_a_hole_the_other_way() {
        assert_eq!(
            json(CLOCKWISE_WITH_HOLE, false),
            r#"{"type":"Polygon","coordinates":[[[0,0],[4,0],[4,4],[0,4],[0,0]],[[1,1],[1,2],[2,2],[2,1],[1,1]]]}"#
        );
    }

    #[test]
    fn empty_ones_have_no_coordinates() {
        assert_eq!(json("010300000000000000", false), r#"{"type":"Polygon","coordinates":[]}"#);
        assert_eq!(json("010700000000000000", false), r#"{"type":"GeometryCollection","geometries":[]}"#);
    }

    #[test]
    fn lying_bytes_are_an_error_not_a_panic() {
        let mut positions = Vec::new();
        for hex in ["", "01", "0102000000FFFFFFFF", "0103000000FFFFFF7F", "0106000000FFFFFFFF", "01020000000200000000000000"] {
            assert_eq!(collect(&bytes(hex), &mut positions), Err(GeometryError::Short), "{hex}");
        }
        assert_eq!(collect(&bytes("0111000000"), &mut positions), Err(GeometryError::Type(17)));
        let deep: String = "010700000001000000".repeat(1000);
        assert_eq!(collect(&bytes(&deep), &mut positions), Err(GeometryError::Depth));
    }
}
