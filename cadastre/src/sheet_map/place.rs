//! Where positions lie.

use crate::cxf::Position;

/// Levels at which a place for a text is looked for.
const LEVELS: i64 = 15;

/// On which side of a line a position lies: positive on its left.
pub(super) fn side([ax, ay]: Position, [bx, by]: Position, [x, y]: Position) -> i128 {
    i128::from(bx - ax) * i128::from(y - ay) - i128::from(x - ax) * i128::from(by - ay)
}

/// Whether a position that lies on a line's straight is between its ends.
pub(super) fn between([ax, ay]: Position, [bx, by]: Position, [x, y]: Position) -> bool {
    ax.min(bx) <= x && x <= ax.max(bx) && ay.min(by) <= y && y <= ay.max(by)
}

/// Whether a position is inside of rings, by the even-odd rule, or on one of them.
pub(super) fn holds(rings: &[Vec<Position>], at: Position) -> bool {
    let mut inside = false;
    for edge in rings.iter().flat_map(|ring| ring.windows(2)) {
        let (a, b) = (edge[0], edge[1]);
        let side = side(a, b, at);
        if side == 0 && between(a, b, at) {
            return true;
        }
        if (a[1] > at[1]) != (b[1] > at[1]) && (side > 0) == (b[1] > a[1]) {
            inside = !inside;
        }
    }
    inside
}

/// Of the middles of the widest stretches at a few levels, the one that is farthest from the outline.
pub(super) fn label_point(rings: &[Vec<Position>]) -> Option<Position> {
    let heights = || rings.first().into_iter().flatten().map(|at| at[1]);
    let (low, high) = (heights().min()?, heights().max()?);
    let mut best: Option<(f64, Position)> = None;
    for level in 0..LEVELS {
        let y = low + (high - low) * (2 * level + 1) / (2 * LEVELS);
        let Some(at) = middle_of_widest(rings, y).filter(|at| holds(rings, *at)) else { continue };
        let room = room(rings, at);
        if best.is_none_or(|(most, _)| room > most) {
            best = Some((room, at));
        }
    }
    // what is thinner than a millimetre has a corner
    best.map(|(_, at)| at).or_else(|| rings.first()?.first().copied())
}

fn middle_of_widest(rings: &[Vec<Position>], y: i64) -> Option<Position> {
    let mut crossings: Vec<f64> = Vec::new();
    for edge in rings.iter().flat_map(|ring| ring.windows(2)) {
        let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
        if (ay > y) != (by > y) {
            crossings.push(ax as f64 + (bx - ax) as f64 * (y - ay) as f64 / (by - ay) as f64);
        }
    }
    crossings.sort_by(f64::total_cmp);
    let widest = crossings.chunks_exact(2).max_by(|a, b| (a[1] - a[0]).total_cmp(&(b[1] - b[0])))?;
    Some([f64::midpoint(widest[0], widest[1]).round() as i64, y])
}

/// The square of the distance to the nearest edge.
fn room(rings: &[Vec<Position>], [x, y]: Position) -> f64 {
    let distance = |edge: &[Position]| {
        let [from, to] = [edge[0], edge[1]].map(|[ax, ay]| [(ax - x) as f64, (ay - y) as f64]);
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx * dx + dy * dy;
        let t = if length > 0.0 { (-(from[0] * dx + from[1] * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
        (from[0] + t * dx).powi(2) + (from[1] + t * dy).powi(2)
    };
    rings.iter().flat_map(|ring| ring.windows(2)).map(distance).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::{holds, label_point};

    fn square(from: i64, to: i64) -> Vec<[i64; 2]> {
        vec![[from, from], [to, from], [to, to], [from, to], [from, from]]
    }

    #[test]
    fn the_outline_belongs_to_an_area_and_its_holes_do_not() {
        let rings = [square(0, 9), square(3, 6)];
        for (at, inside) in
            [([1, 1], true), ([4, 4], false), ([0, 5], true), ([9, 9], true), ([3, 4], true), ([10, 5], false), ([-1, 0], false)]
        {
            assert_eq!(holds(&rings, at), inside, "{at:?}");
        }
    }

    #[test]
    fn a_label_stands_where_there_is_room() {
        assert_eq!(label_point(&[square(0, 100)]), Some([50, 50]));
        // the hole is in the middle
        let ring = [square(0, 9000), square(2000, 7000)];
        let at = label_point(&ring).unwrap();
        assert!(holds(&ring, at), "{at:?}");
        // the leg of an L has less room than its foot
        let foot = vec![[0, 0], [10_000, 0], [10_000, 3000], [1000, 3000], [1000, 9000], [0, 9000], [0, 0]];
        let at = label_point(std::slice::from_ref(&foot)).unwrap();
        assert!(at[1] < 3000 && at[0] > 1000 && holds(&[foot], at), "{at:?}");
        let sliver = [vec![[0, 0], [5, 0], [9, 0], [0, 0]]];
        assert!(label_point(&sliver).is_some() && label_point(&[]).is_none());
    }
}
