use std::time::{Duration, Instant};

use anyhow::Result;

/// How long something takes, seconds.
pub(crate) fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    work()?;
    Ok(start.elapsed().as_secs_f64())
}

/// Some measurements of one thing, all in one unit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample(Vec<f64>);

impl From<Vec<f64>> for Sample {
    fn from(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

impl Sample {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The value that this part (0 to 1) of them does not exceed: the nearest rank.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let rank = (part * self.0.len() as f64).ceil().max(1.0) as usize;
        self.0.get(rank - 1).or(self.0.last()).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.len() / 2;
        match self.0.get(middle.saturating_sub(1)).zip(self.0.get(middle)) {
            Some((low, high)) if self.0.len().is_multiple_of(2) => (low + high) / 2.0,
            Some((_, high)) => *high,
            None => f64::NAN,
        }
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.first().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.last().copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A fixed piece of work of one processor, milliseconds: what it varies by is the machine's noise.
pub(crate) fn yardstick() -> f64 {
    let start = Instant::now();
    let mut numbers = crate::seeded::Seeded(1);
    let mut sum = 0u64;
    for _ in 0..20_000_000 {
        sum = sum.wrapping_add(numbers.below(1 << 20));
    }
    std::hint::black_box(sum);
    start.elapsed().as_secs_f64() * 1000.0
}

/// Waits until something is so, asking every ten milliseconds.
pub(crate) fn wait_until(within: Duration, mut so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + within;
    while Instant::now() < end {
        if so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn medians_and_ranks() {
        let mut sample = Sample::default();
        for value in [5.0, 1.0, 3.0, 2.0, 4.0] {
            sample.add(value);
        }
        assert_eq!((sample.min(), sample.median(), sample.max()), (1.0, 3.0, 5.0));
        assert_eq!((sample.quantile(0.95), sample.quantile(0.2), sample.quantile(0.0)), (5.0, 1.0, 1.0));
        sample.add(6.0);
        assert_eq!(sample.median(), 3.5);
        assert!(Sample::default().median().is_nan());
    }
}
