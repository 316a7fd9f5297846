//! From the plan, where the coast is a straight line, to the ground, where nothing is.

use crate::plane::{M, sub, unit};
use crate::rng::{Noise, wave};

/// Maps `(u, v)` - metres inland from the shore, metres northwards along it - to east and north from the town's origin.
pub(crate) struct Frame {
    /// Depth of the land, metres.
    depth: f64,
    /// Length of the coast, metres.
    length: f64,
    ripple: Noise,
    east: Noise,
    north: Noise,
}

/// How far the coast leans to the east as it goes north.
const TILT: f64 = 0.16;

/// Metres inland and along a straight coast, as metres east and north.
pub(crate) fn leaning([u, v]: M) -> M {
    let c = 1.0 / (1.0 + TILT * TILT).sqrt();
    [c * (u + TILT * v), c * (v - TILT * u)]
}

impl Frame {
    pub(crate) fn new(seed: u64, depth: f64, length: f64) -> Self {
        let span = depth.clamp(1200.0, 2600.0);
        Self {
            depth,
            length,
            ripple: Noise::new(seed, 11, 260.0),
            east: Noise::new(seed, 12, span * 0.5),
            north: Noise::new(seed, 13, span * 0.5),
        }
    }

    /// How far the shore is pushed inland at this place along it.
    fn bay(&self, v: f64) -> f64 {
        let t = v / self.length;
        let scale = self.length.min(9000.0);
        let broad = 0.055 * scale * wave(t * 0.85 + 0.13);
        let small = 0.012 * scale * wave(v / (0.37 * scale) + 0.4);
        broad + small + 5.0 * self.ripple.at(v, 0.0)
    }

    pub(crate) fn ground(&self, u: f64, v: f64) -> M {
        let inland = u.max(0.0);
        let shift = self.bay(v) / (1.0 + inland / (0.6 * self.depth));
        let bend = (inland * 0.09).min(0.028 * self.depth.min(3500.0));
        let x = u + shift + bend * self.east.at(u, v);
        let y = v + bend * self.north.at(u, v);
        leaning([x, y])
    }

    /// The plan's coordinates of a place on the ground, good to a few millimetres.
    pub(crate) fn plan(&self, p: M) -> M {
        let c = 1.0 / (1.0 + TILT * TILT).sqrt();
        let (x, y) = (c * (p[0] - TILT * p[1]), c * (p[1] + TILT * p[0]));
        let (mut u, mut v) = (x, y);
        for _ in 0..12 {
            let g = self.ground(u, v);
            let (gx, gy) = (c * (g[0] - TILT * g[1]), c * (g[1] + TILT * g[0]));
            u += x - gx;
            v += y - gy;
        }
        [u, v]
    }

    /// The direction along the coast, northwards, as it is felt at this place on the ground.
    pub(crate) fn northwards(&self, p: M) -> M {
        let [u, v] = self.plan(p);
        unit(sub(self.ground(u, v + 40.0), self.ground(u, v - 40.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::distance;

    #[test]
    fn plan_undoes_ground() {
        let frame = Frame::new(1, 5200.0, 7800.0);
        for (u, v) in [(0.0, 0.0), (300.0, 4000.0), (2500.0, 7000.0), (5100.0, 100.0)] {
            let back = frame.plan(frame.ground(u, v));
            assert!(distance(back, [u, v]) < 0.05, "{back:?} for {u} {v}");
        }
    }
}
