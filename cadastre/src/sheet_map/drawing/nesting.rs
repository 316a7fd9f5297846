use super::levels::Level;
use crate::cxf::Position;
use crate::sheet_map::area::Area;
use crate::sheet_map::place;

/// Edges that are looked at: some seconds.
const MOST_STEPS: u64 = 100_000_000;

/// How much may still be looked at, so that a drawing of which everything lies in everything does not take for ever.
pub(super) struct Steps {
    left: u64,
}

impl Steps {
    pub(super) fn new() -> Self {
        Self { left: MOST_STEPS }
    }

    /// Whether so many more may be looked at.
    fn take(&mut self, edges: usize) -> bool {
        let enough = self.left >= edges as u64;
        self.left = self.left.saturating_sub(edges as u64);
        enough
    }

    /// Whether a list of areas may still be gone through; each is a small step.
    pub(super) fn through(&mut self, areas: usize) -> bool {
        self.take(areas / 8 + 1)
    }

    /// Whether something was not looked at.
    pub(super) fn are_over(&self) -> bool {
        self.left == 0
    }
}

/// A closed line.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    pub(super) line: u64,
    pub(super) level: Level,
    /// It ends where it began.
    vertices: Vec<Position>,
    pub(super) area: Area,
    /// West, south, east, north.
    bounds: [i64; 4],
}

impl Ring {
    pub(super) fn new(line: u64, level: Level, vertices: Vec<Position>) -> Self {
        let area = Area::of_rings(std::slice::from_ref(&vertices));
        let bounds = bounds(&vertices);
        Self { line, level, vertices, area, bounds }
    }

    /// Whether another one, not larger, lies in it; both may have parts of their outlines in common.
    fn has(&self, other: &Self, steps: &mut Steps) -> bool {
        if other.area > self.area
            || !within(self.bounds, [other.bounds[0], other.bounds[1]])
            || !within(self.bounds, [other.bounds[2], other.bounds[3]])
        {
            return false;
        }
        let own = std::slice::from_ref(&self.vertices);
        let all = other.vertices.len().saturating_mul(self.vertices.len());
        if !steps.take(all) || !other.vertices.iter().all(|at| place::holds(own, *at)) {
            return false;
        }
        place::label_point(std::slice::from_ref(&other.vertices)).is_some_and(|at| place::holds(own, at))
    }

    /// The same outline, wherever it begins and whichever way it goes round.
    fn is_same(&self, other: &Self) -> bool {
        if self.bounds != other.bounds || self.area != other.area || self.vertices.len() != other.vertices.len() {
            return false;
        }
        let sorted = |ring: &Self| {
            let mut vertices = ring.vertices[1..].to_vec();
            vertices.sort_unstable();
            vertices
        };
        sorted(self) == sorted(other)
    }
}

fn bounds(vertices: &[Position]) -> [i64; 4] {
    vertices.iter().fold([i64::MAX, i64::MAX, i64::MIN, i64::MIN], |[w, s, e, n], [x, y]| [w.min(*x), s.min(*y), e.max(*x), n.max(*y)])
}

fn within([west, south, east, north]: [i64; 4], [x, y]: Position) -> bool {
    (west..=east).contains(&x) && (south..=north).contains(&y)
}

/// An area with its holes.
pub(super) struct Nested {
    pub(super) line: u64,
    pub(super) level: Level,
    /// The outer ring, then the holes.
    pub(super) rings: Vec<Vec<Position>>,
    bounds: [i64; 4],
}

impl Nested {
    fn new(ring: Ring, holes: Vec<Vec<Position>>) -> Self {
        let rings = std::iter::once(ring.vertices).chain(holes).collect();
        Self { line: ring.line, level: ring.level, rings, bounds: ring.bounds }
    }

    /// Whether a position is inside or on the outline.
    pub(super) fn holds(&self, at: Position, steps: &mut Steps) -> bool {
        within(self.bounds, at) && steps.take(self.rings.iter().map(Vec::len).sum()) && place::holds(&self.rings, at)
    }
}

/// Rings of which every second one within another is a hole: of borders, and of buildings, which may have courts.
pub(super) fn with_holes(rings: Vec<Ring>, steps: &mut Steps) -> Vec<Nested> {
    let rings = without_copies(rings);
    let parents = parents(&rings, steps);
    let depth = |mut index: usize| {
        let mut depth = 0;
        while let Some(parent) = parents[index] {
            (index, depth) = (parent, depth + 1);
        }
        depth
    };
    let outer: Vec<bool> = (0..rings.len()).map(|index| depth(index) % 2 == 0).collect();
    assemble(rings, &parents, |index| outer[index])
}

/// The areas that tile a sheet; rings of borders stand for holes of the sheet. What lies directly in an area is no part of it; a ring within another that others fill
/// exactly is the outline of a hole and no area.
pub(super) fn nest(rings: Vec<Ring>, steps: &mut Steps) -> Vec<Nested> {
    let rings = without_copies(rings);
    let parents = parents(&rings, steps);
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); rings.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            children[*parent].push(index);
        }
    }
    let mut is_hole = vec![false; rings.len()];
    for (index, ring) in rings.iter().enumerate().filter(|(_, ring)| ring.level == Level::Parcel) {
        let inner = &children[index];
        let filled = !inner.is_empty() && inner.iter().map(|child| rings[*child].area).sum::<Area>() == ring.area;
        is_hole[index] = filled && parents[index].is_some();
    }
    let is_area: Vec<bool> = rings.iter().zip(is_hole).map(|(ring, hole)| !hole && ring.level != Level::Border).collect();
    assemble(rings, &parents, |index| is_area[index])
}

/// One of each outline. Of a parcel's hole and the street in it, say, the street is kept.
fn without_copies(mut rings: Vec<Ring>) -> Vec<Ring> {
    // the same ones stand beside each other, those of parcels behind the others
    rings.sort_by_key(|ring| (ring.bounds, ring.area, ring.vertices.len(), ring.level == Level::Parcel, ring.line));
    rings.dedup_by(|later, earlier| later.is_same(earlier));
    rings.sort_by_key(|ring| ring.line);
    rings
}

/// The smallest ring that each lies in.
fn parents(rings: &[Ring], steps: &mut Steps) -> Vec<Option<usize>> {
    let mut by_size: Vec<usize> = (0..rings.len()).collect();
    by_size.sort_by_key(|index| rings[*index].area);
    let mut parents = vec![None; rings.len()];
    for (place, index) in by_size.iter().enumerate() {
        let own = &rings[*index];
        parents[*index] = by_size[place + 1..].iter().copied().find(|other| rings[*other].has(own, steps));
    }
    parents
}

fn assemble(rings: Vec<Ring>, parents: &[Option<usize>], is_area: impl Fn(usize) -> bool) -> Vec<Nested> {
    let mut holes: Vec<Vec<Vec<Position>>> = vec![Vec::new(); rings.len()];
    for (index, parent) in parents.iter().enumerate() {
        if let Some(parent) = parent {
            holes[*parent].push(rings[index].vertices.clone());
        }
    }
    let all = rings.into_iter().zip(holes).enumerate();
    all.filter(|(index, _)| is_area(*index)).map(|(_, (ring, holes))| Nested::new(ring, holes)).collect()
}
