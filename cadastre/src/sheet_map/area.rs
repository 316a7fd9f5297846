use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use serde::{Serialize, Serializer};

use crate::cxf::Position;

/// An area, exactly: twice its square millimetres, which positions in whole millimetres make a whole number. It is written in
/// square metres with three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Area(i128);

/// Twice a square metre.
const UNIT: i128 = 2_000_000;

impl Area {
    /// None.
    pub const ZERO: Self = Self(0);

    /// Of so many thousandths of a square metre.
    pub(crate) const fn of_m2_thousandths(thousandths: i128) -> Self {
        Self(thousandths * UNIT / 1000)
    }

    /// Of an outer ring without its holes, whichever way they go round.
    pub fn of_rings(rings: &[Vec<Position>]) -> Self {
        let mut sizes = rings.iter().map(|ring| twice(ring).abs());
        Self(sizes.next().unwrap_or(0) - sizes.sum::<i128>())
    }

    /// In square metres.
    pub fn m2(self) -> f64 {
        self.0 as f64 / UNIT as f64
    }

    /// In whole square metres, the nearest.
    pub fn whole_m2(self) -> i64 {
        i64::try_from(rounded(self.0, UNIT)).unwrap_or(i64::MAX)
    }

    /// Without its sign.
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }
}

/// Twice the area that a ring goes round, positive against the clock.
pub(crate) fn twice(ring: &[Position]) -> i128 {
    let Some([ox, oy]) = ring.first().copied() else { return 0 };
    let step = |edge: &[Position]| {
        let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
        i128::from(ax - ox) * i128::from(by - oy) - i128::from(bx - ox) * i128::from(ay - oy)
    };
    ring.windows(2).map(step).sum()
}

/// A quotient, the nearest whole number.
fn rounded(value: i128, by: i128) -> i128 {
    (value.abs() + by / 2) / by * value.signum()
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let thousandths = rounded(self.0, UNIT / 1000);
        let (sign, size) = (if thousandths < 0 { "-" } else { "" }, thousandths.abs());
        write!(f, "{sign}{}.{:03}", size / 1000, size % 1000)
    }
}

/// As a number of square metres with three decimals.
impl Serialize for Area {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(rounded(self.0, UNIT / 1000) as f64 / 1000.0)
    }
}

impl Add for Area {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Area {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Sum for Area {
    fn sum<I: Iterator<Item = Self>>(areas: I) -> Self {
        areas.fold(Self::ZERO, Self::add)
    }
}

#[cfg(test)]
mod tests {
    use super::Area;

    #[test]
    fn areas_are_exact_and_written_to_the_thousandth() {
        let square = vec![[0, 0], [1000, 0], [1000, 1000], [0, 1000], [0, 0]];
        assert_eq!(Area::of_rings(std::slice::from_ref(&square)).to_string(), "1.000");
        let clockwise: Vec<_> = square.iter().rev().map(|[x, y]| [x / 2 + 200, y / 2 + 200]).collect();
        let with_hole = Area::of_rings(&[square.clone(), clockwise]);
        assert_eq!((with_hole.to_string().as_str(), with_hole.m2(), with_hole.whole_m2()), ("0.750", 0.75, 1));
        assert_eq!((Area::ZERO - with_hole).to_string(), "-0.750");
        // 0.5 mm² and 500 mm² are half a unit of the last place, or a thousandth of one
        assert_eq!(Area(1).to_string(), "0.000");
        assert_eq!(Area(1000).to_string(), "0.001");
        assert_eq!(serde_json::to_string(&with_hole).unwrap(), "0.75");
        assert_eq!(Area::of_rings(&[]), Area::ZERO);
    }

    #[test]
    fn far_away_positions_lose_nothing() {
        let far = |x: i64, y: i64| [280_035_511 + x, 4_639_069_209 + y];
        let ring = vec![far(0, 0), far(1, 0), far(1, 1), far(0, 0)];
        assert_eq!(Area::of_rings(&[ring]), Area(1));
    }
}
