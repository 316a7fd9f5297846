//! Bringing a map that is in no known system to where it belongs: a plane transformation found from points that are known in both.
//!
//! Two parameters shift; four shift, turn and scale (Helmert's similarity); six are affine. Least squares, as in P. R. Wolf and C. D. Ghilani,
//! "Adjustment Computations", ch. 18. Positions are metres, east before north.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How free a transformation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Freedom {
    /// It shifts.
    Shift,
    /// It shifts, turns and scales.
    Similarity,
    /// It is affine.
    Affine,
}

impl Freedom {
    /// How many points determine it.
    pub fn least(self) -> usize {
        match self {
            Self::Shift => 1,
            Self::Similarity => 2,
            Self::Affine => 3,
        }
    }
}

/// A point that is known in both systems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControlPoint {
    /// What people call it: a fiducial's number, say.
    pub name: String,
    /// Where it is on the map, metres.
    pub from: [f64; 2],
    /// Where it is, metres.
    pub to: [f64; 2],
}

/// A transformation that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adjustment {
    /// How free it is.
    pub freedom: Freedom,
    /// The middle of the points on the map, which the rest is counted from.
    pub origin: [f64; 2],
    /// Where that is.
    pub target: [f64; 2],
    /// `[[a, b], [c, d]]`: east = a·x + b·y, north = c·x + d·y.
    pub matrix: [[f64; 2]; 2],
    /// How far each point is from where it should be, east and north, metres.
    pub residuals: Vec<(String, [f64; 2])>,
    /// The root of the mean square of the residuals' lengths, metres.
    pub rmse_m: f64,
}

/// Why there is no transformation.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum AdjustError {
    /// There are too few points.
    #[error("{there} control points, and such a transformation needs {least}")]
    Few {
        /// How many there are.
        there: usize,
        /// How many it needs.
        least: usize,
    },
    /// They lie on one place, or for an affine one on a line.
    #[error("the control points lie at one place or on one line: nothing follows from them for the rest of the map")]
    Degenerate,
    /// A coordinate is no number.
    #[error("control point {0}: a coordinate is no number")]
    NoNumber(String),
}

impl Adjustment {
    /// Finds the transformation that misses the points least.
    pub fn find(points: &[ControlPoint], freedom: Freedom) -> Result<Self, AdjustError> {
        if let Some(point) = points.iter().find(|p| !p.from.iter().chain(&p.to).all(|v| v.is_finite())) {
            return Err(AdjustError::NoNumber(point.name.clone()));
        }
        if points.len() < freedom.least() {
            return Err(AdjustError::Few { there: points.len(), least: freedom.least() });
        }
        let count = points.len() as f64;
        let middle = |of: fn(&ControlPoint) -> [f64; 2]| [0, 1].map(|axis| points.iter().map(|point| of(point)[axis]).sum::<f64>() / count);
        let (origin, target) = (middle(|p| p.from), middle(|p| p.to));
        let centred = points.iter().map(|p| ([p.from[0] - origin[0], p.from[1] - origin[1]], [p.to[0] - target[0], p.to[1] - target[1]]));
        // the sums that the normal equations are made of
        let (mut xx, mut xy, mut yy, mut ex, mut ey, mut nx, mut ny) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for ([x, y], [e, n]) in centred {
            (xx, xy, yy) = (xx + x * x, xy + x * y, yy + y * y);
            (ex, ey, nx, ny) = (ex + e * x, ey + e * y, nx + n * x, ny + n * y);
        }
        let spread = xx + yy;
        let matrix = match freedom {
            Freedom::Shift => [[1.0, 0.0], [0.0, 1.0]],
            Freedom::Similarity => {
                // within a tenth of a millimetre of each other they say nothing of a turn
                if spread < 1e-8 {
                    return Err(AdjustError::Degenerate);
                }
                let (a, b) = ((ex + ny) / spread, (nx - ey) / spread);
                [[a, -b], [b, a]]
            }
            Freedom::Affine => {
                let determinant = xx * yy - xy * xy;
                if determinant <= 1e-9 * spread * spread {
                    return Err(AdjustError::Degenerate);
                }
                let solve =
                    |with_x: f64, with_y: f64| [(with_x * yy - with_y * xy) / determinant, (with_y * xx - with_x * xy) / determinant];
                [solve(ex, ey), solve(nx, ny)]
            }
        };
        let mut found = Self { freedom, origin, target, matrix, residuals: Vec::new(), rmse_m: 0.0 };
        found.residuals = points
            .iter()
            .map(|point| {
                let [e, n] = found.apply(point.from);
                (point.name.clone(), [e - point.to[0], n - point.to[1]])
            })
            .collect();
        found.rmse_m = (found.residuals.iter().map(|(_, [e, n])| e * e + n * n).sum::<f64>() / count).sqrt();
        Ok(found)
    }

    /// Where a position of the map is.
    pub fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        let (x, y) = (x - self.origin[0], y - self.origin[1]);
        [0, 1].map(|axis| self.target[axis] + self.matrix[axis][0] * x + self.matrix[axis][1] * y)
    }

    /// By how much it turns (degrees against the clock) and scales along the map's two axes.
    pub fn turn_and_scale(&self) -> (f64, [f64; 2]) {
        let [[a, b], [c, d]] = self.matrix;
        (c.atan2(a).to_degrees(), [a.hypot(c), b.hypot(d)])
    }
}

#[cfg(test)]
mod tests {
    use super::{AdjustError, Adjustment, ControlPoint, Freedom};

    fn point(name: &str, from: [f64; 2], to: [f64; 2]) -> ControlPoint {
        ControlPoint { name: name.to_owned(), from, to }
    }

    /// Turned by 90° against the clock, doubled, shifted by (1000, 2000): (x, y) becomes (1000 − 2y, 2000 + 2x).
    fn turned() -> Vec<ControlPoint> {
        [("1", [0.0, 0.0]), ("2", [10.0, 0.0]), ("3", [10.0, 5.0]), ("4", [0.0, 5.0])]
            .map(|(name, [x, y])| point(name, [x, y], [1000.0 - 2.0 * y, 2000.0 + 2.0 * x]))
            .into()
    }

    fn near(one: [f64; 2], other: [f64; 2]) -> bool {
        (one[0] - other[0]).abs() < 1e-9 && (one[1] - other[1]).abs() < 1e-9
    }

    #[test]
    fn what_was_turned_and_scaled_is_found_again() {
        for freedom in [Freedom::Similarity, Freedom::Affine] {
            let found = Adjustment::find(&turned(), freedom).unwrap();
            assert!(near(found.apply([3.0, 4.0]), [992.0, 2006.0]), "{found:?}");
            assert!(found.rmse_m < 1e-9);
            let (turn, [east, north]) = found.turn_and_scale();
            assert!((turn - 90.0).abs() < 1e-9 && (east - 2.0).abs() < 1e-9 && (north - 2.0).abs() < 1e-9);
        }
    }

    #[test]
    fn a_shift_is_the_mean_and_says_how_far_it_misses() {
        let points = [point("1", [0.0, 0.0], [100.0, 0.0]), point("2", [10.0, 0.0], [112.0, 0.0])];
        let found = Adjustment::find(&points, Freedom::Shift).unwrap();
        assert!(near(found.apply([5.0, 7.0]), [106.0, 7.0]));
        assert_eq!(found.residuals, [("1".to_owned(), [1.0, 0.0]), ("2".to_owned(), [-1.0, 0.0])]);
        assert!((found.rmse_m - 1.0).abs() < 1e-12);
    }

    #[test]
    fn too_little_is_told() {
        let all = turned();
        assert_eq!(Adjustment::find(&all[..1], Freedom::Similarity), Err(AdjustError::Few { there: 1, least: 2 }));
        assert_eq!(Adjustment::find(&all[..2], Freedom::Affine), Err(AdjustError::Few { there: 2, least: 3 }));
        let same = [all[0].clone(), all[0].clone()];
        assert_eq!(Adjustment::find(&same, Freedom::Similarity), Err(AdjustError::Degenerate));
        let line = [0.0, 1.0, 2.0].map(|x| point("p", [x, x], [x, x]));
        assert_eq!(Adjustment::find(&line, Freedom::Affine), Err(AdjustError::Degenerate));
        assert_eq!(Adjustment::find(&[point("x", [f64::NAN, 0.0], [0.0, 0.0])], Freedom::Shift), Err(AdjustError::NoNumber("x".into())));
    }
}
