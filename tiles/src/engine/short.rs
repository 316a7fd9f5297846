//! Cutting rings of few positions, as most areas have, at the sides of a tile.

/// A position in a tile's units.
type Unit = [i32; 2];

/// As many positions fit: those of a ring, and two more for each side that it is cut at.
pub(crate) const MOST: usize = super::ready::FEW + 8;

/// A ring of few positions, without its first one again.
#[derive(Debug)]
pub(crate) struct Short {
    at: [Unit; MOST],
    length: usize,
}

impl Default for Short {
    fn default() -> Self {
        Self { at: [[0; 2]; MOST], length: 0 }
    }
}

impl Short {
    pub(crate) fn positions(&self) -> &[Unit] {
        &self.at[..self.length]
    }

    /// Makes it the positions that are wanted, none twice in a row.
    pub(crate) fn fill(&mut self, positions: impl Iterator<Item = (Unit, bool)>) {
        self.length = 0;
        for (at, wanted) in positions {
            self.at[self.length] = at;
            let is_new = self.length == 0 || self.at[self.length - 1] != at;
            self.length = (self.length + usize::from(wanted & is_new)).min(MOST - 1);
        }
    }

    /// Makes it what of another lies at one side of a line along an axis (Sutherland and Hodgman 1974): where `at` times `sign` is no more
    /// than the coordinate times it. Nothing if that may be in pieces, or if there is no room.
    pub(crate) fn cut(&mut self, whole: &Self, axis: usize, at: i32, sign: i32) -> Option<()> {
        self.length = 0;
        let Some(last) = whole.positions().last() else { return Some(()) };
        let inside = |position: &Unit| (position[axis] - at) * sign;
        let (mut from, mut was) = (*last, inside(last));
        let (mut length, mut crossings) = (0, 0);
        for to in whole.positions() {
            let is = inside(to);
            if (was < 0) != (is < 0) {
                crossings += 1;
                let part = f64::from(was) / f64::from(was - is);
                let mut crossing = [at; 2];
                crossing[1 - axis] = from[1 - axis] + super::clip::rounded(f64::from(to[1 - axis] - from[1 - axis]) * part) as i32;
                *self.at.get_mut(length)? = crossing;
                length += 1;
            }
            if is >= 0 {
                *self.at.get_mut(length)? = *to;
                length += 1;
            }
            (from, was) = (*to, is);
        }
        self.length = length;
        (crossings <= 2).then_some(())
    }

    /// Takes out positions that come twice in a row, the first one again at the end, too.
    pub(crate) fn dedup(&mut self) {
        let mut length = 0;
        for i in 0..self.length {
            if length == 0 || self.at[length - 1] != self.at[i] {
                self.at[length] = self.at[i];
                length += 1;
            }
        }
        while length > 1 && self.at[length - 1] == self.at[0] {
            length -= 1;
        }
        self.length = length;
    }

    /// Whether it turns right at every position, on a screen whose y grows downwards, and once round: then it touches itself nowhere.
    pub(crate) fn is_convex(&self) -> bool {
        let [.., before, last] = self.positions() else { return false };
        let minus = |a: Unit, b: Unit| [i64::from(a[0] - b[0]), i64::from(a[1] - b[1])];
        let (mut from, mut along) = (*last, minus(*last, *before));
        let (mut eastwards, mut changes) = (0, 0);
        for at in self.positions() {
            let next = minus(*at, from);
            if along[0] * next[1] - along[1] * next[0] <= 0 {
                return false;
            }
            let way = next[0].signum();
            changes += i32::from(way != 0 && way == -eastwards);
            eastwards = if way == 0 { eastwards } else { way };
            (from, along) = (*at, next);
        }
        changes <= 2
    }
}

#[cfg(test)]
mod tests {
    use super::{Short, Unit};
    use crate::engine::clip::{self, Square};
    use rand::{Rng, SeedableRng};

    fn short(positions: &[Unit]) -> Short {
        let mut short = Short::default();
        short.fill(positions.iter().map(|at| (*at, true)));
        short
    }

    #[test]
    fn what_turns_right_once_round_is_convex() {
        assert!(short(&[[0, 0], [10, 0], [10, 10], [0, 10]]).is_convex());
        assert!(!short(&[[0, 0], [0, 10], [10, 10], [10, 0]]).is_convex(), "it turns left");
        assert!(!short(&[[0, 0], [5, 0], [10, 0], [0, 10]]).is_convex(), "it goes on straight");
        let star: Vec<Unit> = (0..5)
            .map(|i| f64::from(i) * 4.0 * std::f64::consts::PI / 5.0)
            .map(|a| [(a.cos() * 100.0) as i32, (a.sin() * 100.0) as i32])
            .collect();
        assert!(!short(&star).is_convex(), "it goes round twice");
    }

    #[test]
    fn it_is_cut_as_any_ring_is() {
        let mut random = rand::rngs::StdRng::seed_from_u64(3);
        let square = Square { from: -64, to: 4_160 };
        for _ in 0..2_000 {
            let positions: Vec<Unit> =
                (0..random.random_range(3..12)).map(|_| [0; 2].map(|_: i32| random.random_range(-400..4_500))).collect();
            let (mut short, mut other) = (short(&positions), Short::default());
            let whole = [(0, -64, 1), (0, 4_160, -1), (1, -64, 1), (1, 4_160, -1)].map(|(axis, at, sign)| {
                std::mem::swap(&mut short, &mut other);
                short.cut(&other, axis, at, sign)
            });
            let mut ring: Vec<clip::Unit> = positions.iter().map(|at| at.map(i64::from)).collect();
            assert_eq!(whole.iter().all(Option::is_some), clip::ring(&mut ring, &mut Vec::new(), square));
            assert_eq!(short.positions().iter().map(|at| at.map(i64::from)).collect::<Vec<_>>(), ring);
        }
        let mut twice = short(&[[0, 0], [5, 5], [0, 9]]);
        twice.at[3..6].copy_from_slice(&[[0, 9], [0, 0], [0, 0]]);
        twice.length = 6;
        twice.dedup();
        assert_eq!(twice.positions(), [[0, 0], [5, 5], [0, 9]]);
    }
}
