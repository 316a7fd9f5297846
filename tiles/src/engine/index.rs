//! A packed R-tree over boxes that are sorted along a Hilbert curve: each node holds the sixteen below it.

use super::world::{Extent, World};

const NODE: usize = 16;

/// The boxes above the features' own, lowest level first.
#[derive(Debug, Default)]
pub(crate) struct Index {
    levels: Vec<Vec<Extent>>,
}

impl Index {
    /// Over so many boxes.
    pub(crate) fn new(n: usize, of: impl Fn(usize) -> Extent) -> Self {
        if n <= NODE {
            return Self::default();
        }
        let around = |boxes: &mut dyn Iterator<Item = Extent>| boxes.fold(Extent::NOTHING, Extent::union);
        let mut below: Vec<Extent> = (0..n).step_by(NODE).map(|from| around(&mut (from..n.min(from + NODE)).map(&of))).collect();
        let mut levels = Vec::new();
        while below.len() > NODE {
            let above = below.chunks(NODE).map(|node| around(&mut node.iter().copied())).collect();
            levels.push(std::mem::replace(&mut below, above));
        }
        levels.push(below);
        Self { levels }
    }

    /// Those of the `n` boxes (the same that it was made of) that meet the extent, as `meets` says of each, in their order; no more are looked
    /// for when there are more than `most`.
    pub(crate) fn search(&self, n: usize, meets: &impl Fn(usize) -> bool, extent: &Extent, most: usize, found: &mut Vec<u32>) {
        let top = self.levels.len();
        let nodes = self.levels.last().map_or(n, Vec::len);
        self.descend(n, meets, (extent, most), top, 0..nodes, found);
    }

    /// `level` counts from the features' own boxes, which are nought.
    fn descend(
        &self,
        n: usize,
        meets: &impl Fn(usize) -> bool,
        (extent, most): (&Extent, usize),
        level: usize,
        nodes: std::ops::Range<usize>,
        found: &mut Vec<u32>,
    ) {
        let Some(own) = level.checked_sub(1).map(|level| &self.levels[level]) else {
            found.extend(nodes.filter(|node| meets(*node)).map(|node| node as u32));
            return;
        };
        let below = if level == 1 { n } else { self.levels[level - 2].len() };
        for node in nodes.filter(|node| own[*node].meets(extent)) {
            if found.len() > most {
                return;
            }
            let nodes = node * NODE..((node + 1) * NODE).min(below);
            if level == 1 && extent.holds(&own[node]) {
                found.extend(nodes.map(|node| node as u32));
            } else {
                self.descend(n, meets, (extent, most), level - 1, nodes, found);
            }
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.levels.iter().map(|level| level.capacity() * size_of::<Extent>()).sum()
    }
}

/// Where a position comes along a Hilbert curve of the world with 2^16 steps a side.
pub(crate) fn hilbert([x, y]: World) -> u32 {
    let (mut x, mut y) = (x >> 16, y >> 16);
    let mut along = 0;
    let mut side = 1 << 15;
    while side > 0 {
        let (right, down) = (u32::from(x & side > 0), u32::from(y & side > 0));
        along += side * side * ((3 * right) ^ down);
        if down == 0 {
            if right == 1 {
                x = 0xFFFF - x;
                y = 0xFFFF - y;
            }
            std::mem::swap(&mut x, &mut y);
        }
        side >>= 1;
    }
    along
}

#[cfg(test)]
mod tests {
    use super::{Index, hilbert};
    use crate::engine::world::Extent;
    use rand::{Rng, SeedableRng};

    #[test]
    fn finds_what_a_scan_finds_in_the_same_order() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        let mut some = |size: u32| {
            let (west, north) = (random.random_range(0..1 << 20), random.random_range(0..1 << 20));
            Extent { west, north, east: west + random.random_range(0..=size), south: north + random.random_range(0..=size) }
        };
        for n in [0, 1, 15, 16, 17, 256, 257, 5_000] {
            let mut boxes: Vec<Extent> = (0..n).map(|_| some(3_000)).collect();
            boxes.sort_by_key(|b| hilbert(b.centre()));
            let index = Index::new(boxes.len(), |i| boxes[i]);
            for _ in 0..50 {
                let wanted = some(100_000);
                let mut found = Vec::new();
                index.search(boxes.len(), &|i| boxes[i].meets(&wanted), &wanted, usize::MAX, &mut found);
                let scanned: Vec<u32> = (0..n).filter(|i| boxes[*i as usize].meets(&wanted)).collect();
                assert_eq!(found, scanned, "{n}");
            }
        }
    }

    #[test]
    fn neighbours_along_the_curve_are_neighbours_in_the_plane() {
        let mut cells: Vec<(u32, [u32; 2])> =
            (0..16u32).flat_map(|x| (0..16u32).map(move |y| [x << 16, y << 16])).map(|at| (hilbert(at), at)).collect();
        cells.sort_unstable();
        assert!(cells.windows(2).all(|pair| {
            let ([ax, ay], [bx, by]) = (pair[0].1, pair[1].1);
            pair[0].0 < pair[1].0 && ax.abs_diff(bx) + ay.abs_diff(by) == 1 << 16
        }));
    }
}
