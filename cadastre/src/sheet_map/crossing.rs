//! Whether outlines cross, within bounds of time: files may be made to have as many crossings as the square of their edges.

use super::place::side;
use crate::cxf::Position;

/// Pairs of edges that are looked at, of one outline or of a whole sheet.
const MOST_PAIRS: u64 = 60_000_000;

/// An outline that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outline {
    /// No edge crosses another.
    Sound,
    /// Two edges cross near here.
    Crosses(Position),
    /// There were too many pairs.
    Unknown,
}

struct Edge {
    west: i64,
    east: i64,
    low: i64,
    high: i64,
    from: Position,
    to: Position,
}

fn edges<'a>(rings: impl Iterator<Item = &'a Vec<Position>>) -> Vec<Edge> {
    let edge = |pair: &[Position]| {
        let (from, to) = (pair[0], pair[1]);
        let (west, east) = (from[0].min(to[0]), from[0].max(to[0]));
        Edge { west, east, low: from[1].min(to[1]), high: from[1].max(to[1]), from, to }
    };
    let mut edges: Vec<Edge> = rings.flat_map(|ring| ring.windows(2)).map(edge).collect();
    edges.sort_unstable_by_key(|edge| edge.west);
    edges
}

/// Hands over pairs of edges whose boxes meet until `each` says that it has seen enough; `false` if there were too many
/// pairs to be looked at.
fn pairs(edges: &[Edge], mut each: impl FnMut(&Edge, &Edge) -> bool) -> bool {
    let mut seen = 0_u64;
    for (index, one) in edges.iter().enumerate() {
        for other in edges[index + 1..].iter().take_while(|other| other.west <= one.east) {
            seen += 1;
            if seen > MOST_PAIRS {
                return false;
            }
            if one.low <= other.high && other.low <= one.high && each(one, other) {
                return true;
            }
        }
    }
    true
}

/// Whether edges of an area cross each other; touching is no crossing.
pub(super) fn outline(rings: &[Vec<Position>]) -> Outline {
    let mut found = None;
    let whole = pairs(&edges(rings.iter()), |one, other| {
        let sides = |a: &Edge, b: &Edge| side(a.from, a.to, b.from).signum() * side(a.from, a.to, b.to).signum();
        if sides(one, other) < 0 && sides(other, one) < 0 {
            found = Some(one.from);
        }
        found.is_some()
    });
    match found {
        Some(at) => Outline::Crosses(at),
        None if whole => Outline::Sound,
        None => Outline::Unknown,
    }
}

/// Whether outlines meet so often that an overlay of all of them would take too much memory. In a tessellation an edge
/// meets its twin and its neighbours.
pub(super) fn is_tangled<'a>(rings: impl Iterator<Item = &'a Vec<Position>>) -> bool {
    let edges = edges(rings);
    let (most, mut met) = (60 * edges.len() as u64 + 1_000_000, 0);
    let whole = pairs(&edges, |_, _| {
        met += 1;
        met > most
    });
    !whole || met > most
}

#[cfg(test)]
mod tests {
    use super::{Outline, is_tangled, outline};

    #[test]
    fn a_bow_tie_crosses_and_a_pinch_does_not() {
        assert!(matches!(outline(&[vec![[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]]), Outline::Crosses(_)));
        for ring in [vec![[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]], vec![[0, 0], [4, 0], [2, 2], [4, 4], [0, 4], [2, 2], [0, 0]]] {
            assert_eq!(outline(&[ring]), Outline::Sound);
        }
    }

    #[test]
    fn what_meets_without_end_is_given_up() {
        let comb: Vec<Vec<[i64; 2]>> = (0..20_000).map(|i| vec![[0, i], [1_000_000, 20_000 - i]]).collect();
        assert!(is_tangled(comb.iter()));
        let side_by_side: Vec<Vec<[i64; 2]>> = (0..20_000).map(|i| vec![[i, 0], [i, 9]]).collect();
        assert!(!is_tangled(side_by_side.iter()));
    }
}
