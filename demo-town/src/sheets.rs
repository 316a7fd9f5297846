//! Which quarters form a foglio, and in which order the fogli are numbered.

use crate::districts::Quarter;
use crate::frame::Frame;
use crate::plane::V;
use crate::splits::Splits;
use crate::stitch::{Outline, Shape};

/// A foglio in the making.
pub(crate) struct Foglio {
    pub(crate) comune: usize,
    pub(crate) number: u16,
    pub(crate) quarters: Vec<usize>,
}

/// Puts quarters that are too small for a sheet together with a neighbour, and numbers the sheets of each comune from north
/// to south, from the sea inland.
pub(crate) fn fogli(quarters: &[Quarter], splits: &Splits, frame: &Frame, field: f64, full: f64) -> Vec<Foglio> {
    let expected: Vec<f64> = quarters.iter().map(|q| q.ring.area() * q.zone.density(field)).collect();
    let borders = borders(quarters, splits);
    let mut group: Vec<usize> = (0..quarters.len()).collect();
    let mut load = expected.clone();
    let mut order: Vec<usize> = (0..quarters.len()).collect();
    order.sort_by(|a, b| expected[*a].total_cmp(&expected[*b]));
    for round in 0..3 {
        for &i in &order {
            let home = group[i];
            if load[home] > [0.35, 0.4, 0.4][round] * full {
                continue;
            }
            let mut shared: std::collections::BTreeMap<usize, f64> = std::collections::BTreeMap::new();
            for (a, b, length) in &borders {
                let (ga, gb) = (group[*a], group[*b]);
                let other = if ga == home {
                    gb
                } else if gb == home {
                    ga
                } else {
                    continue;
                };
                if other != home && quarters[*a].comune == quarters[*b].comune {
                    *shared.entry(other).or_default() += length;
                }
            }
            let limit = [1.3, 1.6, 9.0][round] * full;
            let choice = shared.into_iter().filter(|(g, _)| load[*g] + load[home] < limit).max_by(|x, y| x.1.total_cmp(&y.1));
            if let Some((other, _)) = choice {
                load[other] += load[home];
                group.iter_mut().filter(|g| **g == home).for_each(|g| *g = other);
            }
        }
    }
    let mut members: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
    group.iter().enumerate().for_each(|(i, g)| members.entry(*g).or_default().push(i));
    number(members.into_values().collect(), quarters, frame)
}

fn number(groups: Vec<Vec<usize>>, quarters: &[Quarter], frame: &Frame) -> Vec<Foglio> {
    let mut keyed: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let total: f64 = group.iter().map(|q| quarters[*q].ring.area()).sum();
            let mean = group.iter().fold([0.0, 0.0], |m, q| {
                let (c, a) = (frame.plan(quarters[*q].ring.centroid()), quarters[*q].ring.area() / total);
                [m[0] + c[0] * a, m[1] + c[1] * a]
            });
            let band = (mean[1] / 650.0) as i64;
            ((quarters[group[0]].comune, -band, mean[0] as i64, mean[1] as i64), group)
        })
        .collect();
    keyed.sort();
    let mut next = [1u16; 2];
    keyed
        .into_iter()
        .map(|((comune, ..), quarters)| {
            let number = next[comune];
            next[comune] += 1;
            Foglio { comune, number, quarters }
        })
        .collect()
}

/// Pairs of neighbours with the length of the border between them.
fn borders(quarters: &[Quarter], splits: &Splits) -> Vec<(usize, usize, f64)> {
    let mut edges: Vec<(V, V, usize)> = Vec::new();
    for (i, quarter) in quarters.iter().enumerate() {
        let ring = splits.expand(&quarter.ring);
        for k in 0..ring.len() {
            let (a, b) = ring.edge(k);
            edges.push(if a < b { (a, b, i) } else { (b, a, i) });
        }
    }
    edges.sort_unstable();
    let mut sums: std::collections::BTreeMap<(usize, usize), f64> = std::collections::BTreeMap::new();
    for pair in edges.windows(2) {
        if (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) {
            *sums.entry((pair[0].2, pair[1].2)).or_default() += pair[0].0.distance2(pair[0].1).sqrt();
        }
    }
    sums.into_iter().map(|((a, b), length)| (a, b, length)).collect()
}

/// The outline of faces put together, with every vertex that was put on it.
pub(crate) fn union<'a>(rings: impl Iterator<Item = &'a crate::ring::Ring>, splits: &Splits) -> Vec<Shape> {
    let mut outline = Outline::default();
    rings.for_each(|ring| outline.add(&splits.expand(ring).v));
    outline.shapes()
}
