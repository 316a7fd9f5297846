//! Where classes of numbers end: by the gaps between them (the natural breaks of Jenks, by Fisher's exact method) or so that each has as many, at
//! round numbers.

/// Values that natural breaks are looked for in, spread over all.
const SPREAD: usize = 512;
/// How far a break may be moved to be round, as a share of the narrower class beside it.
const GIVE: f64 = 0.15;

/// The natural breaks between so many classes: the values at which the second and further ones begin. Fewer where there are fewer values.
/// `sorted` ascends and is finite.
pub(super) fn natural(sorted: &[f64], classes: usize, whole: bool) -> Vec<f64> {
    let values = spread(sorted);
    let begins = fisher(&values, classes);
    let gaps: Vec<(f64, f64)> = begins.iter().map(|begin| (values[begin - 1], values[*begin])).collect();
    rounded(&gaps, sorted, whole)
}

/// The breaks between so many classes with as many values each, as nearly as may be.
pub(super) fn equal_counts(sorted: &[f64], classes: usize, whole: bool) -> Vec<f64> {
    let at = |share: usize| sorted[(sorted.len() * share / classes).min(sorted.len() - 1)];
    let gaps: Vec<(f64, f64)> = (1..classes).map(|share| (at(share), at(share))).collect();
    rounded(&gaps, sorted, whole)
}

/// Different values in ascending order, spread over all that there are.
fn spread(sorted: &[f64]) -> Vec<f64> {
    let step = sorted.len().div_ceil(SPREAD).max(1);
    let last = sorted.last().copied();
    let mut values: Vec<f64> = sorted.iter().step_by(step).copied().chain(last).collect();
    values.dedup();
    values
}

/// Where the classes begin, by number, so that the squares of the distances from their means are the least.
fn fisher(values: &[f64], classes: usize) -> Vec<usize> {
    let (n, k) = (values.len(), classes.min(values.len()));
    if k < 2 {
        return Vec::new();
    }
    let mut sums = vec![(0.0, 0.0)];
    let origin = values[0];
    for value in values {
        let (sum, squares) = sums[sums.len() - 1];
        let value = value - origin;
        sums.push((sum + value, squares + value * value));
    }
    let cost = |from: usize, to: usize| {
        let (sum, squares) = (sums[to].0 - sums[from].0, sums[to].1 - sums[from].1);
        squares - sum * sum / (to - from) as f64
    };
    // the least cost of the first `to` values in so many classes, and where the last of them begins
    let mut least: Vec<f64> = (0..=n).map(|to| if to == 0 { 0.0 } else { cost(0, to) }).collect();
    let mut begins = Vec::new();
    for class in 2..=k {
        let mut next = vec![f64::INFINITY; n + 1];
        let mut begin = vec![0; n + 1];
        for to in class..=n {
            for (from, before) in least.iter().enumerate().take(to).skip(class - 1) {
                let total = before + cost(from, to);
                if total < next[to] {
                    (next[to], begin[to]) = (total, from);
                }
            }
        }
        least = next;
        begins.push(begin);
    }
    let mut to = n;
    let mut found: Vec<usize> = begins
        .iter()
        .rev()
        .map(|begin| {
            to = begin[to];
            to
        })
        .collect();
    found.reverse();
    found
}

/// The roundest number of each gap, with some give; ascending, and none at or below the least value or above the greatest.
fn rounded(gaps: &[(f64, f64)], sorted: &[f64], whole: bool) -> Vec<f64> {
    let (Some(least), Some(greatest)) = (sorted.first(), sorted.last()) else { return Vec::new() };
    let mut breaks: Vec<f64> = Vec::new();
    for (index, (low, high)) in gaps.iter().enumerate() {
        let before = if index == 0 { *least } else { gaps[index - 1].1 };
        let after = gaps.get(index + 1).map_or(*greatest, |gap| gap.0);
        let give = GIVE * (low - before).min(after - high).max(0.0);
        let number = roundest(low - give, high + give, whole);
        if number > *least && number <= *greatest && breaks.last().is_none_or(|last| number > *last) {
            breaks.push(number);
        }
    }
    breaks
}

/// The number of the fewest digits above the first, up to the second; of several the one of the largest step, in the middle.
fn roundest(low: f64, high: f64, whole: bool) -> f64 {
    if whole && high.floor() <= low {
        return high.ceil();
    }
    let middle = low + (high - low) / 2.0;
    let top = low.abs().max(high.abs()).max(f64::MIN_POSITIVE).log10().ceil() as i32;
    let bottom = if whole { 0 } else { top - 12 };
    for exponent in (bottom..=top).rev() {
        for factor in [1.0, 0.5, 0.25, 0.2] {
            let step = factor * 10_f64.powi(exponent);
            if whole && step.fract() != 0.0 {
                continue;
            }
            let near = (middle / step).round();
            // a step below one is divided by, so that 0.3 is written so
            let number = if step < 1.0 { near / (1.0 / step).round() } else { near * step };
            if (number > low || low == high) && number <= high {
                return number;
            }
        }
    }
    if whole { high.ceil() } else { high }
}

#[cfg(test)]
mod tests {
    use super::{equal_counts, fisher, natural, roundest};

    /// The least cost by trying everything.
    fn tried(values: &[f64], classes: usize) -> f64 {
        let cost = |part: &[f64]| {
            let mean = part.iter().sum::<f64>() / part.len() as f64;
            part.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>()
        };
        if classes == 1 {
            return cost(values);
        }
        (classes - 1..values.len()).map(|at| tried(&values[..at], classes - 1) + cost(&values[at..])).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn natural_breaks_are_the_best_there_are() {
        let mut state = 7_u64;
        let mut random = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            ((state >> 40) % 1_000) as f64
        };
        for classes in 2..5 {
            let mut values: Vec<f64> = (0..14).map(|_| random()).collect();
            values.sort_by(f64::total_cmp);
            values.dedup();
            let begins = fisher(&values, classes);
            let edges: Vec<usize> = [0].into_iter().chain(begins).chain([values.len()]).collect();
            let cost: f64 = edges.windows(2).map(|pair| tried(&values[pair[0]..pair[1]], 1)).sum();
            assert!((cost - tried(&values, classes)).abs() < 1e-6, "{classes}: {cost}");
        }
    }

    #[test]
    fn gaps_are_found_and_breaks_are_round() {
        let mut values: Vec<f64> = Vec::new();
        for (centre, spread) in [(3.0, 0.4), (12.0, 1.1), (47.0, 3.0)] {
            values.extend((0..200).map(|i| centre + spread * (f64::from(i) / 100.0 - 1.0)));
        }
        values.sort_by(f64::total_cmp);
        let breaks = natural(&values, 3, false);
        assert_eq!(breaks.len(), 2, "{breaks:?}");
        assert!((3.4..=10.9).contains(&breaks[0]) && (13.1..=44.0).contains(&breaks[1]), "{breaks:?}");
        assert_eq!(breaks.iter().filter(|number| number.fract() == 0.0).count(), 2, "{breaks:?}");
        let equal = equal_counts(&values, 3, false);
        let below = |limit: f64| values.iter().filter(|value| **value < limit).count();
        assert!(equal.len() == 2 && (150..=250).contains(&below(equal[0])), "{equal:?}");
    }

    #[test]
    fn few_or_equal_values_have_few_classes() {
        assert!(natural(&[], 5, false).is_empty() && natural(&[1.0], 5, true).is_empty() && natural(&[2.0; 50], 5, false).is_empty());
        assert_eq!(natural(&[1.0, 2.0, 3.0], 5, true), [2.0, 3.0]);
        assert_eq!(equal_counts(&[0.0, 0.0, 0.0, 0.0, 9.0], 5, true), [9.0]);
        let years: Vec<f64> = (1900..2000).map(f64::from).collect();
        let breaks = natural(&years, 4, true);
        assert!(breaks.len() == 3 && breaks.iter().all(|year| year % 5.0 == 0.0), "{breaks:?}");
    }

    #[test]
    fn the_roundest_number_has_the_fewest_digits() {
        for (low, high, whole, expected) in [
            (9.7, 10.4, false, 10.0),
            (0.26, 0.34, false, 0.3),
            (-3.2, 4.0, false, 0.0),
            (1_230.0, 1_280.0, true, 1_250.0),
            (6.2, 6.9, true, 7.0),
        ] {
            assert_eq!(roundest(low, high, whole), expected, "{low} to {high}");
        }
    }
}
