use std::collections::HashMap;

use super::{Nature, Title};
use crate::remark::{Issue, Remarks};

/// A part of a right: numerator and denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Above.
    pub numerator: u64,
    /// Below; not 0.
    pub denominator: u64,
}

/// Rights whose shares are summed at once.
const MOST: usize = 2_000_000;

/// Sums the shares of each right in each property, of titles that hold today: more than the whole is somebody's error.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// Sums with denominators; `None` where they grew beyond what can be summed.
    sums: HashMap<(Nature, u64, String), Option<(u128, u128)>>,
}

impl Shares {
    /// Adds a title; a remark, at its line, where it is the one by which a sum becomes more than 1.
    pub fn add(&mut self, line: u64, title: &Title, remarks: &mut Remarks) {
        let (Some(share), None) = (title.share, title.until.day()) else { return };
        let key = (title.nature, title.property, title.right.clone());
        if self.sums.len() >= MOST && !self.sums.contains_key(&key) {
            return;
        }
        let sum = self.sums.entry(key).or_insert(Some((0, 1)));
        let Some((numerator, denominator)) = *sum else { return };
        *sum = plus((numerator, denominator), share);
        if let Some((more, below)) = *sum
            && numerator <= denominator
            && more > below
        {
            remarks.add(line, Issue::SharesBeyond { numerator: more, denominator: below });
        }
    }

    /// How many rights have shares that make 1, less, and more.
    pub fn whole_less_more(&self) -> [u64; 3] {
        let mut counts = [0; 3];
        for (numerator, denominator) in self.sums.values().flatten() {
            counts[if numerator == denominator { 0 } else { 1 + usize::from(numerator > denominator) }] += 1;
        }
        counts
    }
}

/// The sum, in its lowest terms; `None` where it can't be told in so many digits.
pub(crate) fn plus((numerator, denominator): (u128, u128), share: Share) -> Option<(u128, u128)> {
    let (other, below) = (u128::from(share.numerator), u128::from(share.denominator));
    let common = denominator.checked_mul(below)?;
    let sum = numerator.checked_mul(below)?.checked_add(other.checked_mul(denominator)?)?;
    let by = divisor(sum, common);
    Some((sum / by, common / by))
}

fn divisor(mut a: u128, mut b: u128) -> u128 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::{Share, plus};

    #[test]
    fn fractions_are_summed_exactly() {
        let third = Share { numerator: 1, denominator: 3 };
        let sum = (0..3).try_fold((0, 1), |sum, _| plus(sum, third));
        assert_eq!(sum, Some((1, 1)));
        assert_eq!(plus((1, 2), Share { numerator: 3, denominator: 4 }), Some((5, 4)));
        assert_eq!(plus((1, 1), Share { numerator: 0, denominator: 7 }), Some((1, 1)));
        let large = Share { numerator: u64::MAX, denominator: u64::MAX - 1 };
        let sum = plus((1, u128::MAX - 5), large);
        assert!(sum.is_none());
    }
}
