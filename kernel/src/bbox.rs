use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A rectangle, `[west, south, east, north]`: always the east coordinate first, whatever the authority's axis order.
///
/// It is finite and not reversed. Units are those of the system it is said to be in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "[f64; 4]", try_from = "[f64; 4]")]
pub struct Bbox {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// Why four numbers are no rectangle.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BboxError {
    /// Not four (or, with heights, six) numbers.
    #[error("a bbox is four numbers `west,south,east,north` (or six, with heights), separated by commas")]
    Count,
    /// One of them is no number, infinite or NaN.
    #[error("`{0}` is not a finite number")]
    Number(String),
    /// South is above north.
    #[error("south ({0}) is greater than north ({1})")]
    SouthAboveNorth(f64, f64),
    /// West is beyond east.
    #[error("west ({0}) is greater than east ({1})")]
    WestBeyondEast(f64, f64),
}

impl Bbox {
    /// A rectangle from its sides.
    pub fn new(west: f64, south: f64, east: f64, north: f64) -> Result<Self, BboxError> {
        for side in [west, south, east, north] {
            if !side.is_finite() {
                return Err(BboxError::Number(side.to_string()));
            }
        }
        if south > north {
            return Err(BboxError::SouthAboveNorth(south, north));
        }
        if west > east {
            return Err(BboxError::WestBeyondEast(west, east));
        }
        Ok(Self { west, south, east, north })
    }

    /// Reads `a,b,c,d`, or six numbers whose third and sixth, the heights, are dropped (OGC API Features, 7.15.3).
    ///
    /// Returns the numbers in the order given: the axis order depends on the system, which the caller knows.
    pub fn parse_numbers(text: &str) -> Result<[f64; 4], BboxError> {
        let mut numbers = Vec::with_capacity(6);
        for part in text.split(',') {
            let number: f64 = part.trim().parse().map_err(|_| BboxError::Number(part.trim().chars().take(40).collect()))?;
            if !number.is_finite() {
                return Err(BboxError::Number(part.trim().chars().take(40).collect()));
            }
            numbers.push(number);
            if numbers.len() > 6 {
                return Err(BboxError::Count);
            }
        }
        match numbers[..] {
            [a, b, c, d] => Ok([a, b, c, d]),
            [a, b, _, c, d, _] => Ok([a, b, c, d]),
            _ => Err(BboxError::Count),
        }
    }

    /// The smallest rectangle round some positions, or `None` for none.
    pub fn around(positions: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        positions.into_iter().filter(|(x, y)| x.is_finite() && y.is_finite()).fold(None, |bbox: Option<Self>, (x, y)| {
            Some(match bbox {
                None => Self { west: x, south: y, east: x, north: y },
                Some(b) => Self { west: b.west.min(x), south: b.south.min(y), east: b.east.max(x), north: b.north.max(y) },
            })
        })
    }

    /// The smallest rectangle that holds both.
    pub fn union(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            south: self.south.min(other.south),
            east: self.east.max(other.east),
            north: self.north.max(other.north),
        }
    }

    /// The rectangle widened by `margin` on every side.
    pub fn widened(self, margin: f64) -> Self {
        Self { west: self.west - margin, south: self.south - margin, east: self.east + margin, north: self.north + margin }
    }

    /// Whether the two share at least a point.
    pub fn intersects(&self, other: &Self) -> bool {
        self.west <= other.east && other.west <= self.east && self.south <= other.north && other.south <= self.north
    }

    /// The western side: the least x.
    pub fn west(&self) -> f64 {
        self.west
    }
    /// The southern side: the least y.
    pub fn south(&self) -> f64 {
        self.south
    }
    /// The eastern side: the greatest x.
    pub fn east(&self) -> f64 {
        self.east
    }
    /// The northern side: the greatest y.
    pub fn north(&self) -> f64 {
        self.north
    }
    /// East less west.
    pub fn width(&self) -> f64 {
        self.east - self.west
    }
    /// North less south.
    pub fn height(&self) -> f64 {
        self.north - self.south
    }
    /// The middle, x and y.
    pub fn centre(&self) -> (f64, f64) {
        (self.west + self.width() / 2.0, self.south + self.height() / 2.0)
    }
    /// The corners counter-clockwise from the south-west, the first repeated, with `steps` points a side, so that the
    /// outline can be transformed to a system where its sides are curved.
    pub fn outline(&self, steps: usize) -> Vec<(f64, f64)> {
        let corners = [(self.west, self.south), (self.east, self.south), (self.east, self.north), (self.west, self.north)];
        let mut points = Vec::with_capacity(4 * steps + 1);
        for side in 0..4 {
            let ((ax, ay), (bx, by)) = (corners[side], corners[(side + 1) % 4]);
            for step in 0..steps.max(1) {
                let t = step as f64 / steps.max(1) as f64;
                points.push((ax + (bx - ax) * t, ay + (by - ay) * t));
            }
        }
        points.push(corners[0]);
        points
    }
}

impl From<Bbox> for [f64; 4] {
    fn from(b: Bbox) -> Self {
        [b.west, b.south, b.east, b.north]
    }
}

impl TryFrom<[f64; 4]> for Bbox {
    type Error = BboxError;
    fn try_from([west, south, east, north]: [f64; 4]) -> Result<Self, BboxError> {
        Self::new(west, south, east, north)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bbox, BboxError};

    #[test]
    fn refuses_what_is_no_rectangle() {
        assert_eq!(Bbox::new(1.0, 0.0, 0.0, 1.0), Err(BboxError::WestBeyondEast(1.0, 0.0)));
        assert_eq!(Bbox::new(0.0, 1.0, 1.0, 0.0), Err(BboxError::SouthAboveNorth(1.0, 0.0)));
        assert!(matches!(Bbox::new(f64::NAN, 0.0, 1.0, 1.0), Err(BboxError::Number(_))));
        for text in ["", "1", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d", "1,2,3,inf", "1,,2,3"] {
            assert!(Bbox::parse_numbers(text).is_err(), "{text}");
        }
    }

    #[test]
    fn heights_are_dropped() {
        assert_eq!(Bbox::parse_numbers("1,2,-5,3,4,9"), Ok([1.0, 2.0, 3.0, 4.0]));
    }

    #[test]
    fn an_outline_is_closed_and_goes_round() {
        let outline = Bbox::new(0.0, 0.0, 2.0, 1.0).unwrap().outline(2);
        assert_eq!(outline.len(), 9);
        assert_eq!(outline.first(), outline.last());
        assert_eq!(outline[1], (1.0, 0.0));
    }
}
