//! Cutting at the sides of a tile, in its own units.

/// A position in a tile's units.
pub(crate) type Unit = [i64; 2];

/// What is kept: from the first to the second on both axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Square {
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Square {
    pub(crate) fn holds(self, [x, y]: Unit) -> bool {
        (self.from..=self.to).contains(&x) && (self.from..=self.to).contains(&y)
    }

    /// Whether a position is in it and not on its sides.
    pub(crate) fn holds_inside(self, [x, y]: Unit) -> bool {
        (self.from + 1..self.to).contains(&x) && (self.from + 1..self.to).contains(&y)
    }

    /// Its corners, clockwise on the screen from the north-western.
    pub(crate) fn corners(self) -> [Unit; 4] {
        let Self { from, to } = self;
        [[from, from], [to, from], [to, to], [from, to]]
    }

    /// How far along its sides a position on them is, clockwise on the screen from the north-western corner.
    pub(crate) fn along(self, [x, y]: Unit) -> Option<i64> {
        let side = self.to - self.from;
        match () {
            () if y == self.from => Some(x - self.from),
            () if x == self.to => Some(side + y - self.from),
            () if y == self.to => Some(2 * side + self.to - x),
            () if x == self.from => Some(3 * side + self.to - y),
            () => None,
        }
    }

    fn sides(self) -> [Side; 4] {
        [(0, self.from, 1), (0, self.to, -1), (1, self.from, 1), (1, self.to, -1)].map(|(axis, at, sign)| Side { axis, at, sign })
    }
}

/// The half plane on one side of a line along an axis.
#[derive(Clone, Copy)]
struct Side {
    axis: usize,
    at: i64,
    sign: i64,
}

impl Side {
    fn holds(self, position: Unit) -> bool {
        (position[self.axis] - self.at) * self.sign >= 0
    }

    /// Where an edge crosses the line.
    fn crossing(self, a: Unit, b: Unit) -> Unit {
        let other = 1 - self.axis;
        let part = (self.at - a[self.axis]) as f64 / (b[self.axis] - a[self.axis]) as f64;
        let mut crossing = [self.at; 2];
        crossing[other] = a[other] + rounded((b[other] - a[other]) as f64 * part);
        crossing
    }
}

/// Cuts a ring (without its first position again) in place, side by side (Sutherland and Hodgman 1974). Whether it is sure to be in one
/// piece: one that crosses a side more than twice may leave pieces that hang together by edges along that side.
pub(crate) fn ring(ring: &mut Vec<Unit>, scratch: &mut Vec<Unit>, square: Square) -> bool {
    let mut whole = true;
    for side in square.sides() {
        let Some(last) = ring.last() else { break };
        let (mut from, mut was) = (*last, side.holds(*last));
        let mut crossings = 0;
        scratch.clear();
        for &to in &*ring {
            let is = side.holds(to);
            if was != is {
                crossings += 1;
                scratch.push(side.crossing(from, to));
            }
            if is {
                scratch.push(to);
            }
            (from, was) = (to, is);
        }
        whole &= crossings <= 2;
        std::mem::swap(ring, scratch);
    }
    whole
}

/// A position between two units as the nearest of them, without a call.
pub(crate) fn rounded(along: f64) -> i64 {
    // so that nothing is negative where it is cut off
    const FAR: f64 = (1u64 << 40) as f64;
    (along + FAR + 0.5) as i64 - FAR as i64
}

/// The parts of a line inside the square, one after the other into `out`, each followed by its end in `ends` (Liang and Barsky 1984).
pub(crate) fn line(line: &[Unit], square: Square, out: &mut Vec<Unit>, ends: &mut Vec<usize>) {
    let mut open = false;
    for edge in line.windows(2) {
        let (a, b) = (edge[0], edge[1]);
        let Some((from, to)) = inside(a, b, square) else {
            close(&mut open, out, ends);
            continue;
        };
        if !open || out.last() != Some(&from) {
            close(&mut open, out, ends);
            out.push(from);
            open = true;
        }
        out.push(to);
        if to != b {
            close(&mut open, out, ends);
        }
    }
    close(&mut open, out, ends);
}

fn close(open: &mut bool, out: &[Unit], ends: &mut Vec<usize>) {
    if std::mem::take(open) {
        ends.push(out.len());
    }
}

/// The part of an edge that is inside.
pub(crate) fn inside(a: Unit, b: Unit, square: Square) -> Option<(Unit, Unit)> {
    if square.holds(a) && square.holds(b) {
        return Some((a, b));
    }
    let beside = |axis: usize| a[axis].max(b[axis]) < square.from || a[axis].min(b[axis]) > square.to;
    if beside(0) || beside(1) {
        return None;
    }
    let delta = [(b[0] - a[0]) as f64, (b[1] - a[1]) as f64];
    let (mut enters, mut leaves) = (0.0f64, 1.0f64);
    for axis in 0..2 {
        let (low, high) = ((square.from - a[axis]) as f64, (square.to - a[axis]) as f64);
        if delta[axis] == 0.0 {
            if low > 0.0 || high < 0.0 {
                return None;
            }
            continue;
        }
        let (near, far) = (low / delta[axis], high / delta[axis]);
        enters = enters.max(near.min(far));
        leaves = leaves.min(near.max(far));
    }
    if enters > leaves {
        return None;
    }
    let at = |part: f64| {
        let on = |axis: usize| (a[axis] + rounded(delta[axis] * part)).clamp(square.from, square.to);
        [on(0), on(1)]
    };
    Some((if square.holds(a) { a } else { at(enters) }, if square.holds(b) { b } else { at(leaves) }))
}

#[cfg(test)]
mod tests {
    use super::{Square, Unit, line, ring};

    const SQUARE: Square = Square { from: -10, to: 110 };

    fn cut(positions: &[Unit]) -> (Vec<Unit>, bool) {
        let mut out = positions.to_vec();
        let whole = ring(&mut out, &mut Vec::new(), SQUARE);
        (out, whole)
    }

    #[test]
    fn a_corner_is_cut_off() {
        let (out, whole) = cut(&[[50, 50], [200, 50], [200, 60], [50, 60]]);
        assert!(whole);
        assert_eq!(out, [[50, 50], [110, 50], [110, 60], [50, 60]]);
        assert_eq!(cut(&[[0, 0], [5, 0], [5, 5]]).0, [[0, 0], [5, 0], [5, 5]], "what is inside stays");
        assert!(cut(&[[200, 0], [300, 0], [300, 5]]).0.is_empty());
        let (all, whole) = cut(&[[-500, -500], [500, -500], [500, 500], [-500, 500]]);
        assert!(whole && all.len() == 4 && all.iter().all(|p| p.iter().all(|c| [-10, 110].contains(c))), "{all:?}");
    }

    #[test]
    fn a_comb_across_a_side_may_fall_apart() {
        let outside = [[200, 0], [50, 0], [50, 20], [150, 20], [150, 40], [50, 40], [50, 60], [200, 60]];
        assert!(!cut(&outside).1, "two teeth that reach in, held together outside");
    }

    #[test]
    fn lines_come_in_parts() {
        let parts = |positions: &[Unit]| {
            let (mut out, mut ends) = (Vec::new(), Vec::new());
            line(positions, SQUARE, &mut out, &mut ends);
            let mut from = 0;
            ends.iter().map(|to| out[std::mem::replace(&mut from, *to)..*to].to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(parts(&[[0, 0], [200, 0], [200, 50], [0, 50]]), [vec![[0, 0], [110, 0]], vec![[110, 50], [0, 50]]]);
        assert_eq!(parts(&[[-100, 50], [300, 50]]), [vec![[-10, 50], [110, 50]]]);
        assert_eq!(parts(&[[0, 0], [50, 50], [100, 0]]), [vec![[0, 0], [50, 50], [100, 0]]]);
        assert!(parts(&[[-100, 0], [0, 300]]).is_empty() && parts(&[[200, 200], [300, 300]]).is_empty());
        assert!(parts(&[[0, 200], [50, 200]]).is_empty());
    }
}
