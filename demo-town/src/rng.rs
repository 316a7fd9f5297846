//! Chance, the same on every machine: a seeded ChaCha stream, and smooth noise made of exact arithmetic only.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// A stream of chance.
pub(crate) struct Rng(ChaCha8Rng);

impl Rng {
    /// A stream of its own for each purpose (`key`), so that a change in one part does not stir the others.
    pub(crate) fn new(seed: u64, key: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(mix(seed ^ mix(key))))
    }

    /// From 0 to below 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// From `low` to below `high`.
    pub(crate) fn range(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// From 0 to below `count`; 0 when there is nothing to choose from.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((self.unit() * count as f64) as usize).min(count.saturating_sub(1))
    }

    /// True with this probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// One of a few.
    pub(crate) fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Any order, each as likely.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}

/// Spreads the bits of a number (SplitMix64's finaliser).
pub(crate) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Smooth value noise in the plane.
#[derive(Clone, Copy)]
pub(crate) struct Noise {
    seed: u64,
    /// Distance between its knots, metres.
    pub(crate) wave: f64,
}

impl Noise {
    pub(crate) fn new(seed: u64, key: u64, wave: f64) -> Self {
        Self { seed: mix(seed ^ mix(key ^ 0x006e_6f69_7365)), wave }
    }

    /// From -1 to 1, smooth in both arguments (metres).
    pub(crate) fn at(&self, x: f64, y: f64) -> f64 {
        let (x, y) = (x / self.wave, y / self.wave);
        let (column, row) = (x.floor(), y.floor());
        let (s, t) = (smooth(x - column), smooth(y - row));
        let knot = |i: f64, j: f64| {
            let key = (((column + i) as i64 as u64) << 32) ^ ((row + j) as i64 as u64 & 0xffff_ffff);
            (mix(self.seed ^ mix(key)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        };
        let south = knot(0.0, 0.0) * (1.0 - s) + knot(1.0, 0.0) * s;
        let north = knot(0.0, 1.0) * (1.0 - s) + knot(1.0, 1.0) * s;
        south * (1.0 - t) + north * t
    }
}

/// Goes from 0 at 0 to 1 at 1 with a level start and end.
pub(crate) fn smooth(x: f64) -> f64 {
    let x = x.clamp(0.0, 1.0);
    x * x * x * (x * (x * 6.0 - 15.0) + 10.0)
}

/// A periodic wave, -1 to 1, period 1, close to a sine and made of exact arithmetic only.
pub(crate) fn wave(turns: f64) -> f64 {
    let x = turns - turns.floor();
    let half = if x < 0.5 { x } else { x - 0.5 };
    let arch = 16.0 * half * (0.5 - half);
    let arch = arch * (0.775 + 0.225 * arch);
    if x < 0.5 { arch } else { -arch }
}
