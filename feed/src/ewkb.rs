//! Geometries in EWKB, PostGIS's binary form, which the stream carries as hexadecimal text and `COPY` as bytes.

use kernel::Bbox;
use thiserror::Error;

/// How deep a geometry may hold others. A multipolygon needs two levels; a collection of collections is never stored.
pub const MAX_DEPTH: u8 = 8;

/// Why bytes are no geometry that we read.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum EwkbError {
    /// It ends before it is whole, or says that it holds more than it does.
    #[error("the geometry is cut off")]
    Truncated,
    /// A character that is no hexadecimal digit.
    #[error("the geometry is not hexadecimal")]
    NotHexadecimal,
    /// A byte order or a geometry type that is none of Simple Features.
    #[error("the geometry has an unknown byte order or type")]
    Unknown,
    /// Geometries within geometries beyond [`MAX_DEPTH`].
    #[error("the geometry holds others too deep")]
    TooDeep,
}

/// What positions that were read belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One position.
    Point,
    /// All of a line.
    Line,
    /// All of a ring, whose first position comes again at its end; `outer`: the first of its area.
    Ring {
        /// Whether an area begins with it.
        outer: bool,
    },
}

/// What a geometry is told to: positions, and after them what they are.
pub trait Visitor {
    /// A position, in the geometry's own coordinates; heights and measures are left out. Empty points have none.
    fn position(&mut self, x: f64, y: f64);
    /// The positions since the part before are this.
    fn part(&mut self, part: Part);
}

/// Reads a geometry given as EWKB.
///
/// Whatever the bytes say, this takes time in proportion to their number and no recursion deeper than [`MAX_DEPTH`].
pub fn read(bytes: &[u8], visitor: &mut impl Visitor) -> Result<(), EwkbError> {
    Reader { rest: bytes, little: true, visitor }.geometry(0)
}

/// Bytes from their hexadecimal digits.
pub fn from_hex(hex: &[u8]) -> Result<Vec<u8>, EwkbError> {
    let digit = |c: u8| char::from(c).to_digit(16).ok_or(EwkbError::NotHexadecimal);
    if !hex.len().is_multiple_of(2) {
        return Err(EwkbError::Truncated);
    }
    hex.chunks_exact(2).map(|pair| Ok((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

/// The rectangle round a geometry given as hexadecimal EWKB, in its own coordinates. `None` for an empty one.
pub(crate) fn bbox_of_hex(hex: &[u8]) -> Result<Option<Bbox>, EwkbError> {
    bbox(&from_hex(hex)?)
}

/// The rectangle round a geometry given as EWKB.
fn bbox(bytes: &[u8]) -> Result<Option<Bbox>, EwkbError> {
    let mut sides = Sides(None);
    read(bytes, &mut sides)?;
    Ok(sides.0.and_then(|[w, s, e, n]| Bbox::new(w, s, e, n).ok()))
}

/// West, south, east, north of the positions read so far.
struct Sides(Option<[f64; 4]>);

impl Visitor for Sides {
    fn position(&mut self, x: f64, y: f64) {
        let [w, s, e, n] = self.0.unwrap_or([x, y, x, y]);
        self.0 = Some([w.min(x), s.min(y), e.max(x), n.max(y)]);
    }

    fn part(&mut self, _: Part) {}
}

struct Reader<'a, V> {
    rest: &'a [u8],
    little: bool,
    visitor: &'a mut V,
}

impl<V: Visitor> Reader<'_, V> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], EwkbError> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(EwkbError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }

    fn integer(&mut self) -> Result<u32, EwkbError> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self) -> Result<f64, EwkbError> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    /// A count of things that take at least `size` bytes each: it can't be more than the bytes left could hold.
    fn count(&mut self, size: usize) -> Result<usize, EwkbError> {
        let count = self.integer()? as usize;
        if count > self.rest.len() / size { Err(EwkbError::Truncated) } else { Ok(count) }
    }

    fn geometry(&mut self, depth: u8) -> Result<(), EwkbError> {
        if depth > MAX_DEPTH {
            return Err(EwkbError::TooDeep);
        }
        self.little = match self.take::<1>()? {
            [0] => false,
            [1] => true,
            _ => return Err(EwkbError::Unknown),
        };
        let word = self.integer()?;
        if word & 0x2000_0000 != 0 {
            self.integer()?; // the SRID
        }
        let flags = usize::from(word & 0x8000_0000 != 0) + usize::from(word & 0x4000_0000 != 0);
        let code = word & 0x0FFF_FFFF;
        // ISO 13249-3 writes the dimensions into the type (1001 is a point with height), PostGIS into flags
        let dimensions = 2 + flags.max([0, 1, 1, 2].get((code / 1000) as usize).copied().ok_or(EwkbError::Unknown)?);
        match code % 1000 {
            1 => {
                if self.position(dimensions)? {
                    self.visitor.part(Part::Point);
                }
                Ok(())
            }
            2 => self.positions(dimensions, Part::Line),
            3 => {
                for ring in 0..self.count(4)? {
                    self.positions(dimensions, Part::Ring { outer: ring == 0 })?;
                }
                Ok(())
            }
            4..=7 => {
                for _ in 0..self.count(9)? {
                    self.geometry(depth + 1)?;
                }
                Ok(())
            }
            _ => Err(EwkbError::Unknown),
        }
    }

    fn positions(&mut self, dimensions: usize, part: Part) -> Result<(), EwkbError> {
        for _ in 0..self.count(8 * dimensions)? {
            self.position(dimensions)?;
        }
        self.visitor.part(part);
        Ok(())
    }

    /// Whether there was one: an empty point is written with NaN.
    fn position(&mut self, dimensions: usize) -> Result<bool, EwkbError> {
        let (x, y) = (self.number()?, self.number()?);
        for _ in 2..dimensions {
            self.number()?;
        }
        let finite = x.is_finite() && y.is_finite();
        if finite {
            self.visitor.position(x, y);
        }
        Ok(finite)
    }
}

#[cfg(test)]
mod tests {
    use super::{EwkbError, bbox, bbox_of_hex};
    use kernel::Bbox;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|b| format!("{b:02X}")).collect()
    }

    /// `select st_asewkb('SRID=7792;MULTIPOLYGON(((1 2,5 2,5 9,1 2)))')` in either byte order.
    fn multipolygon(little: bool) -> Vec<u8> {
        let int = |v: u32| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let num = |v: f64| if little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut b = vec![u8::from(little)];
        b.extend([int(0x2000_0006), int(7792), int(1)].concat());
        b.push(u8::from(little));
        b.extend([int(3), int(1), int(4)].concat());
        b.extend([1.0, 2.0, 5.0, 2.0, 5.0, 9.0, 1.0, 2.0].map(num).concat());
        b
    }

    #[test]
    fn reads_both_byte_orders() {
        let expected = Ok(Bbox::new(1.0, 2.0, 5.0, 9.0).ok());
        assert_eq!(bbox(&multipolygon(true)), expected);
        assert_eq!(bbox(&multipolygon(false)), expected);
        assert_eq!(bbox_of_hex(hex(&multipolygon(true)).as_bytes()), expected);
        assert_eq!(bbox_of_hex(hex(&multipolygon(true)).to_lowercase().as_bytes()), expected);
    }

    #[test]
    fn heights_and_measures_are_left_out() {
        // SELECT 'SRID=7792;POINT ZM(1 2 300 400)'::geometry, and the ISO form of the same
        for word in [0xE000_0001u32, 0x2000_0000 | 3001] {
            let mut b = vec![1];
            b.extend([word.to_le_bytes(), 7792u32.to_le_bytes()].concat());
            b.extend([1.0f64, 2.0, 300.0, 400.0].map(f64::to_le_bytes).concat());
            assert_eq!(bbox(&b), Ok(Bbox::new(1.0, 2.0, 1.0, 2.0).ok()));
        }
    }

    #[test]
    fn an_empty_geometry_has_no_rectangle() {
        // SELECT 'POINT EMPTY'::geometry; SELECT 'MULTIPOLYGON EMPTY'::geometry
        assert_eq!(bbox_of_hex(b"0101000000000000000000F87F000000000000F87F"), Ok(None));
        assert_eq!(bbox_of_hex(b"010600000000000000"), Ok(None));
    }

    #[test]
    fn every_cut_is_an_error_and_no_panic() {
        let whole = multipolygon(true);
        for end in 0..whole.len() {
            assert_eq!(bbox(&whole[..end]), Err(EwkbError::Truncated), "{end}");
        }
    }

    #[test]
    fn counts_that_lie_take_no_time_or_memory() {
        for code in [2u32, 3, 4, 5, 6, 7] {
            let mut b = vec![1];
            b.extend([code.to_le_bytes(), u32::MAX.to_le_bytes()].concat());
            assert_eq!(bbox(&b), Err(EwkbError::Truncated), "{code}");
        }
    }

    #[test]
    fn collections_within_collections_end_somewhere() {
        let level = [&[1u8][..], &7u32.to_le_bytes(), &1u32.to_le_bytes()].concat();
        assert_eq!(bbox(&level.repeat(100_000)), Err(EwkbError::TooDeep));
    }

    #[test]
    fn any_byte_may_be_wrong() {
        let whole = multipolygon(true);
        for at in 0..whole.len() {
            for value in [0u8, 1, 2, 0x7F, 0x80, 0xFF] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = bbox(&bytes);
            }
        }
        assert_eq!(bbox_of_hex(b"01ZZ"), Err(EwkbError::NotHexadecimal));
        assert_eq!(bbox_of_hex(b"010"), Err(EwkbError::Truncated));
        assert_eq!(bbox(&[7, 0, 0, 0, 0]), Err(EwkbError::Unknown));
    }
}
