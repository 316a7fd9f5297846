//! What became of parcels: some were cut in two, some were put together, and old acts cite the numbers that they had.

use std::collections::{BTreeMap, BTreeSet};

use crate::Town;
use crate::applications::FormerParcel;
use crate::records::{Descent, Parcel, ParcelKind, Point, Polygon, Ring};

/// Numbers of parcels that are no more begin here; those of applications lie below.
const FIRST_NUMBER: usize = 9_001;
/// Parcels between one change and the next one, at least.
const APART: usize = 100;
/// Changes in a town, about.
const CHANGES: usize = 800;
/// Parcels with more vertices than this are left alone.
const VERTICES: usize = 40;

/// Whole millimetres.
type P = (i64, i64);

/// Adds former parcels, and what became of them, to a town that has its parcels and applications.
pub(crate) fn trace(town: &mut Town) {
    let taken: BTreeSet<String> = town.lineage.iter().map(|descent| descent.child.clone()).collect();
    let apart = APART.max(town.parcels.len() / CHANGES);
    let (mut former, mut lineage) = (Vec::new(), Vec::new());
    let (mut at, mut is_split) = (apart / 2, true);
    while at < town.parcels.len() {
        let number = FIRST_NUMBER + former.len();
        let found = (at..town.parcels.len().min(at + apart / 2)).find_map(|first| {
            if is_split { split(&town.parcels, first, number, &taken) } else { merge(&town.parcels, first, number, &taken) }
        });
        if let Some((parents, descents)) = found {
            former.extend(parents);
            lineage.extend(descents);
            is_split = !is_split;
        }
        at += apart;
    }
    town.former_parcels.extend(former);
    town.lineage.extend(lineage);
}

fn is_plain(parcel: &Parcel, taken: &BTreeSet<String>) -> bool {
    parcel.kind == ParcelKind::Land
        && parcel.geometry.len() == 1
        && parcel.geometry[0].len() <= VERTICES
        && parcel.area_m2 > 60
        && !taken.contains(&parcel.id)
}

/// A parcel that was cut into this one and one beside it.
fn split(parcels: &[Parcel], first: usize, number: usize, taken: &BTreeSet<String>) -> Option<(Vec<FormerParcel>, Vec<Descent>)> {
    let one = parcels.get(first).filter(|p| is_plain(p, taken))?;
    let beside = parcels.get(first + 1..)?.iter().take(5).filter(|p| (p.comune, p.sheet) == (one.comune, one.sheet) && is_plain(p, taken));
    let (other, ring) = beside.filter_map(|other| Some((other, join(&whole(&one.geometry[0]), &whole(&other.geometry[0]))?))).next()?;
    let day = one.updated.clone().min(other.updated.clone());
    let parent = was(one, number, &day, vec![metres(&ring)]);
    let descents = [one, other].map(|child| Descent {
        parent: parent.id.clone(),
        child: child.id.clone(),
        day: day.clone(),
        area_m2: area_m2(&whole(&child.geometry[0])),
    });
    Some((vec![parent], descents.into()))
}

/// Two parcels that this one was made of.
fn merge(parcels: &[Parcel], first: usize, number: usize, taken: &BTreeSet<String>) -> Option<(Vec<FormerParcel>, Vec<Descent>)> {
    let child = parcels.get(first).filter(|p| is_plain(p, taken))?;
    let halves = halve(&whole(&child.geometry[0]))?;
    let parents = [0, 1].map(|k| was(child, number + k, &child.updated, vec![metres(&halves[k])]));
    let descents = [0, 1].map(|k| Descent {
        parent: parents[k].id.clone(),
        child: child.id.clone(),
        day: child.updated.clone(),
        area_m2: area_m2(&halves[k]),
    });
    Some((parents.into(), descents.into()))
}

fn was(now: &Parcel, number: usize, to: &str, geometry: Polygon) -> FormerParcel {
    let sheet = now.id.split('.').next().unwrap_or_default();
    FormerParcel {
        id: format!("{sheet}.{number}"),
        comune: now.comune,
        sheet: now.sheet,
        number: number.to_string(),
        from: "1952-07-01".to_owned(),
        to: to.to_owned(),
        geometry,
    }
}

/// The ring of both, if they have a piece of border in common, vertex for vertex, and touch nowhere else.
fn join(one: &[P], other: &[P]) -> Option<Vec<P>> {
    if !vertices_meet(one, other) || !vertices_meet(other, one) {
        return None;
    }
    let edges = |ring: &[P]| (0..ring.len()).map(|i| (ring[i], ring[(i + 1) % ring.len()])).collect::<BTreeSet<_>>();
    let (mine, theirs) = (edges(one), edges(other));
    let is_shared = |of: &BTreeSet<(P, P)>, (a, b): &(P, P)| of.contains(&(*b, *a));
    let left: Vec<(P, P)> =
        mine.iter().filter(|edge| !is_shared(&theirs, edge)).chain(theirs.iter().filter(|edge| !is_shared(&mine, edge))).copied().collect();
    if left.len() == mine.len() + theirs.len() {
        return None;
    }
    let next: BTreeMap<P, P> = left.iter().copied().collect();
    // a vertex that two edges leave is where they touch once more
    if next.len() != left.len() {
        return None;
    }
    let start = left[0].0;
    let (mut ring, mut at) = (vec![start], next[&start]);
    while at != start && ring.len() <= left.len() {
        ring.push(at);
        at = *next.get(&at)?;
    }
    (ring.len() == left.len()).then_some(ring)
}

/// Whether no vertex of the one lies on an edge of the other where that has no vertex.
fn vertices_meet(one: &[P], other: &[P]) -> bool {
    one.iter().all(|p| other.contains(p) || (0..other.len()).all(|i| distance2(*p, other[i], other[(i + 1) % other.len()]) > 25.0))
}

/// Both parts of a ring along the diagonal that makes the smaller one largest.
fn halve(ring: &[P]) -> Option<[Vec<P>; 2]> {
    let n = ring.len();
    let pairs = (0..n).flat_map(|i| (i + 2..n).map(move |j| (i, j))).filter(|(i, j)| (j + 1) % n != *i && is_inside(ring, *i, *j));
    let parts = pairs.map(|(i, j)| [ring[i..=j].to_vec(), [&ring[j..], &ring[..=i]].concat()]);
    let least = |parts: &[Vec<P>; 2]| twice_area(&parts[0]).min(twice_area(&parts[1]));
    parts.max_by_key(least).filter(|parts| least(parts) * 5 > twice_area(ring))
}

/// Whether the diagonal between two vertices runs within the ring, well off the others.
fn is_inside(ring: &[P], i: usize, j: usize) -> bool {
    let (a, b) = (ring[i], ring[j]);
    let n = ring.len();
    let clear = (0..n).filter(|k| *k != i && *k != j).all(|k| distance2(ring[k], a, b) > 250_000.0);
    let crosses = (0..n).any(|k| {
        let (c, d) = (ring[k], ring[(k + 1) % n]);
        let ends = [k, (k + 1) % n];
        !ends.contains(&i) && !ends.contains(&j) && turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0
    });
    let middle = ((a.0 + b.0) / 2, (a.1 + b.1) / 2);
    clear && !crosses && contains(ring, middle)
}

/// The side of a line that a point lies on: 1 left, -1 right.
fn turn(a: P, b: P, p: P) -> i32 {
    let cross = i128::from(b.0 - a.0) * i128::from(p.1 - a.1) - i128::from(b.1 - a.1) * i128::from(p.0 - a.0);
    cross.signum() as i32
}

fn contains(ring: &[P], p: P) -> bool {
    let mut inside = false;
    for k in 0..ring.len() {
        let (a, b) = (ring[k], ring[(k + 1) % ring.len()]);
        if (a.1 > p.1) != (b.1 > p.1) {
            let side = turn(a, b, p);
            inside ^= if b.1 > a.1 { side > 0 } else { side < 0 };
        }
    }
    inside
}

/// From a point to a segment, squared millimetres.
fn distance2(p: P, a: P, b: P) -> f64 {
    let (dx, dy, ex, ey) = ((b.0 - a.0) as f64, (b.1 - a.1) as f64, (p.0 - a.0) as f64, (p.1 - a.1) as f64);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 { ((ex * dx + ey * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
    let (x, y) = (ex - t * dx, ey - t * dy);
    x * x + y * y
}

fn twice_area(ring: &[P]) -> i64 {
    let origin = ring.first().copied().unwrap_or_default();
    let moved = |p: P| (p.0 - origin.0, p.1 - origin.1);
    (0..ring.len())
        .map(|i| {
            let (a, b) = (moved(ring[i]), moved(ring[(i + 1) % ring.len()]));
            a.0 * b.1 - a.1 * b.0
        })
        .sum()
}

/// Square metres, to the hundredth.
fn area_m2(ring: &[P]) -> f64 {
    (twice_area(ring) as f64 / 2e4).round() / 100.0
}

/// The open ring in whole millimetres.
fn whole(ring: &Ring) -> Vec<P> {
    ring.iter().skip(1).map(|[x, y]| ((x * 1000.0).round() as i64, (y * 1000.0).round() as i64)).collect()
}

/// The closed ring in metres.
fn metres(ring: &[P]) -> Ring {
    let point = |p: &P| -> Point { [p.0 as f64 / 1000.0, p.1 as f64 / 1000.0] };
    ring.iter().chain(ring.first()).map(point).collect()
}

/// Square metres of what a polygon covers, to the hundredth.
pub(crate) fn covered_m2(polygon: &Polygon) -> f64 {
    let twice: i64 = polygon.iter().map(|ring| twice_area(&whole(ring))).sum();
    (twice as f64 / 2e4).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::{P, halve, join, twice_area};

    const A: [P; 4] = [(0, 0), (10_000, 0), (10_000, 10_000), (0, 10_000)];
    const B: [P; 4] = [(10_000, 0), (20_000, 0), (20_000, 10_000), (10_000, 10_000)];

    #[test]
    fn neighbours_are_joined_along_what_they_share() {
        let both = join(&A, &B).unwrap();
        assert_eq!((both.len(), twice_area(&both)), (6, 400_000_000));
        let away: Vec<P> = B.iter().map(|(x, y)| (x + 1, *y)).collect();
        assert_eq!(join(&A, &away), None, "a millimetre apart");
        let (corner, step) = ([(10_000, 10_000), (20_000, 10_000), (20_000, 20_000)], [(10_000, 5_000), (20_000, 5_000), (20_000, 9_000)]);
        assert!(join(&A, &corner).is_none() && join(&A, &step).is_none(), "a corner, a vertex on an edge");
    }

    #[test]
    fn a_ring_is_cut_where_both_parts_are_large() {
        let [one, other] = halve(&A).unwrap();
        assert_eq!((twice_area(&one), twice_area(&other)), (100_000_000, 100_000_000));
        // the only diagonals of a dart that run within it
        let dart = [(0, 0), (10_000, 4_000), (20_000, 0), (10_000, 20_000)];
        let [one, other] = halve(&dart).unwrap();
        assert_eq!((twice_area(&one), twice_area(&other)), (160_000_000, 160_000_000));
        assert_eq!(halve(&[(0, 0), (10_000, 0), (0, 10_000)]), None);
    }
}
