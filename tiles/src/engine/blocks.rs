//! The outlines of blocks of cells.
//!
//! A cell is of the label that covers most of it, where at least half is covered. Outlines run through the middles of the cells' sides, so
//! that stairs become slopes, and through the corners at which three labels meet: both sides of a border draw the same line, and nothing
//! is left open between neighbours. What is too thin to fill a cell is drawn as a square of its size, so that nothing vanishes.

use super::mosaic::Canvas;
use super::world::World;

/// What is drawn of a label.
#[derive(Debug, PartialEq)]
pub(crate) struct Block {
    /// The value that its areas share, as tiles have it; empty if it is none.
    pub(crate) value: Vec<u8>,
    /// Each with its outer ring first.
    pub(crate) areas: Vec<Vec<Vec<World>>>,
}

/// Cells by rows; 0 is nobody's, as all beyond.
struct Field {
    width: usize,
    height: usize,
    labels: Vec<u32>,
}

/// A corner of cells, or one of their sides' middles: in halves of a cell.
type Half = [usize; 2];

/// East, south, west and north.
const WAYS: [[isize; 2]; 4] = [[1, 0], [0, 1], [-1, 0], [0, -1]];

/// The blocks of a canvas, in the order of comune and value.
pub(crate) fn trace(canvas: &Canvas<'_>) -> Vec<Block> {
    let mut order: Vec<u32> = (1..canvas.labels.len() as u32).collect();
    // the same in every tile
    order.sort_unstable_by(|a, b| {
        let ([a_value, a_comune], [b_value, b_comune]) = (canvas.labels[*a as usize], canvas.labels[*b as usize]);
        (a_comune, a_value).cmp(&(b_comune, b_value))
    });
    let mut ranks = vec![0; canvas.labels.len()];
    order.iter().zip(1..).for_each(|(label, rank)| ranks[*label as usize] = rank);
    let (field, thin) = judged(canvas, &ranks);
    let from = canvas.window.from;
    let world = |[x, y]: Half| -> World {
        let along = |half: usize, from: u32| ((((u64::from(from) << 1) + half as u64) << canvas.bits) >> 1).min(u64::from(u32::MAX)) as u32;
        [along(x, from[0]), along(y, from[1])]
    };
    let mut all: Vec<Vec<Vec<Vec<World>>>> = vec![Vec::new(); ranks.len()];
    field.rings(world, &mut all);
    for (rank, at, area) in thin {
        let middle = world([2 * (at % field.width) + 1, 2 * (at / field.width) + 1]);
        all[rank as usize].push(vec![square(middle, area, canvas.bits)]);
    }
    let blocks = order.iter().map(|label| canvas.labels[*label as usize][0].to_vec()).zip(all.into_iter().skip(1));
    blocks.filter(|(_, areas)| !areas.is_empty()).map(|(value, areas)| Block { value, areas }).collect()
}

/// A square round a middle that covers so much of a cell; half a cell wide at least, and less than two.
fn square([x, y]: World, share: f64, bits: u32) -> Vec<World> {
    let side = f64::from(bits).exp2();
    let half = ((share.sqrt() * side / 2.0).clamp(side / 4.0, side * 15.0 / 16.0) as u32).max(1);
    let (west, east) = (x.saturating_sub(half), x.saturating_add(half));
    let (north, south) = (y.saturating_sub(half), y.saturating_add(half));
    vec![[west, north], [east, north], [east, south], [west, south]]
}

/// Whose each cell is, and the cells that stand for what fills none: their label, place, and how many cells' area.
fn judged(canvas: &Canvas<'_>, ranks: &[u32]) -> (Field, Vec<(u32, usize, f64)>) {
    let (width, height) = (canvas.window.width(), canvas.window.height());
    let mut labels = vec![0; width * height];
    let mut thin = Vec::new();
    for (at, own) in labels.iter_mut().enumerate() {
        let all = canvas.covers(at).filter(|one| one.cover > 0);
        let total: i64 = all.clone().map(|one| one.cover).sum();
        let Some(most) = all.map(|one| (one.cover, std::cmp::Reverse(ranks[one.label as usize]))).max() else { continue };
        if total * 2 >= canvas.full {
            *own = most.1.0;
        } else {
            thin.push((most.1.0, at, total));
        }
    }
    let field = Field { width, height, labels };
    let totals: std::collections::HashMap<usize, i64, foldhash::fast::FixedState> =
        thin.iter().map(|(_, at, total)| (*at, *total)).collect();
    let round = |at: usize| {
        let (x, y) = ((at % width) as isize, (at / width) as isize);
        (-1..=1)
            .flat_map(move |dy| (-1..=1).map(move |dx| (x + dx, y + dy)))
            .filter(move |(x, y)| (0..width as isize).contains(x) && (0..height as isize).contains(y))
    };
    let stands = |at: usize, total: i64| -> Option<f64> {
        let mut sum = 0;
        for (x, y) in round(at) {
            let other = y as usize * width + x as usize;
            if field.labels[other] != 0 {
                return None;
            }
            let own = totals.get(&other).copied().unwrap_or(0);
            if (own, std::cmp::Reverse(other)) > (total, std::cmp::Reverse(at)) {
                return None;
            }
            sum += own;
        }
        Some(sum as f64 / canvas.full as f64)
    };
    let thin = thin.iter().filter_map(|(rank, at, total)| stands(*at, *total).map(|share| (*rank, *at, share))).collect();
    (field, thin)
}

impl Field {
    fn at(&self, x: isize, y: isize) -> u32 {
        let within = (0..self.width as isize).contains(&x) && (0..self.height as isize).contains(&y);
        if within { self.labels[y as usize * self.width + x as usize] } else { 0 }
    }

    /// The cells round a corner, clockwise from the north-west.
    fn round(&self, [x, y]: [isize; 2]) -> [u32; 4] {
        [self.at(x - 1, y - 1), self.at(x, y - 1), self.at(x, y), self.at(x - 1, y)]
    }

    /// The cells to the left and to the right of a side that begins at a corner.
    fn beside(&self, corner: [isize; 2], way: usize) -> (u32, u32) {
        let [nw, ne, se, sw] = self.round(corner);
        match way {
            0 => (ne, se),
            1 => (se, sw),
            2 => (sw, nw),
            _ => (nw, ne),
        }
    }

    /// Appends each label's areas.
    fn rings(&self, world: impl Fn(Half) -> World, areas: &mut [Vec<Vec<Vec<World>>>]) {
        let mut halves = Vec::new();
        let mut pieces = self.pieces();
        // where the area of each piece is among its label's
        let mut places: Vec<u32> = vec![u32::MAX; self.labels.len()];
        let mut passed = vec![false; self.labels.len()];
        for (at, label) in self.labels.iter().enumerate().filter(|(_, label)| **label != 0) {
            let (x, y) = ((at % self.width) as isize, (at / self.width) as isize);
            if passed[at] || self.at(x, y - 1) == *label {
                continue;
            }
            self.ring([x, y], *label, &mut passed, &mut halves);
            let ring = halves.iter().map(|at| world(*at)).collect();
            let piece = root(&mut pieces, at);
            let own = &mut areas[*label as usize];
            // the first of a piece is met at its top: what is round it
            match places[piece] {
                u32::MAX => {
                    places[piece] = own.len() as u32;
                    own.push(vec![ring]);
                }
                place => own[place as usize].push(ring),
            }
        }
    }

    /// The ring with a cell's northern side in it, run through with the label to its right: outer ones clockwise.
    fn ring(&self, from: [isize; 2], label: u32, passed: &mut [bool], ring: &mut Vec<Half>) {
        let (mut corner, mut way) = (from, 0);
        ring.clear();
        loop {
            if way == 0 {
                passed[corner[1] as usize * self.width + corner[0] as usize] = true;
            }
            let [dx, dy] = WAYS[way];
            push(ring, [(2 * corner[0] + dx) as usize, (2 * corner[1] + dy) as usize]);
            corner = [corner[0] + dx, corner[1] + dy];
            let round = self.round(corner);
            let joined = joined(round);
            if joined.is_none() && many(round) {
                push(ring, [2 * corner[0] as usize, 2 * corner[1] as usize]);
            }
            let (left, right) = self.beside(corner, way);
            way = match (left == label, right == label) {
                (false, true) => way,
                (true, true) => (way + 3) % 4,
                (true, false) if joined == Some(label) => (way + 3) % 4,
                _ => (way + 1) % 4,
            };
            if corner == from && way == 0 {
                break;
            }
        }
        // the first position may lie on a straight line too
        if ring.len() > 3 && straight(ring[ring.len() - 1], ring[0], ring[1]) {
            ring.remove(0);
        }
        if ring.len() > 3 && straight(ring[ring.len() - 2], ring[ring.len() - 1], ring[0]) {
            ring.pop();
        }
    }

    /// Which cells hang together: for each another one of its piece, for the first of a piece itself.
    fn pieces(&self) -> Vec<u32> {
        let mut pieces: Vec<u32> = (0..self.labels.len() as u32).collect();
        let cell = |x: isize, y: isize| y as usize * self.width + x as usize;
        for y in 0..self.height as isize {
            for x in 0..self.width as isize {
                let label = self.at(x, y);
                if label != 0 && x > 0 && self.at(x - 1, y) == label {
                    join(&mut pieces, cell(x, y), cell(x - 1, y));
                }
                if label != 0 && y > 0 && self.at(x, y - 1) == label {
                    join(&mut pieces, cell(x, y), cell(x, y - 1));
                }
                let round = self.round([x, y]);
                match joined(round) {
                    Some(label) if label != 0 && label == round[0] => join(&mut pieces, cell(x, y), cell(x - 1, y - 1)),
                    Some(label) if label != 0 => join(&mut pieces, cell(x, y - 1), cell(x - 1, y)),
                    _ => {}
                }
            }
        }
        pieces
    }
}

/// Of four cells round a corner, of which two opposite ones are alike and their neighbours are not: whose hang together there.
fn joined([nw, ne, se, sw]: [u32; 4]) -> Option<u32> {
    let falling = nw == se && nw != ne && nw != sw;
    let rising = ne == sw && ne != nw && ne != se;
    match (falling, rising) {
        (true, true) => Some(nw.max(ne)),
        (true, false) => Some(nw),
        (false, true) => Some(ne),
        (false, false) => None,
    }
}

/// Whether three labels or more meet.
fn many(mut round: [u32; 4]) -> bool {
    round.sort_unstable();
    round.windows(2).filter(|pair| pair[0] != pair[1]).count() >= 2
}

fn straight(a: Half, b: Half, c: Half) -> bool {
    let minus = |p: Half, q: Half| [p[0] as i64 - q[0] as i64, p[1] as i64 - q[1] as i64];
    let ([ax, ay], [bx, by]) = (minus(b, a), minus(c, b));
    ax * by == ay * bx
}

/// Appends a position; the last one is dropped if it lies on the way.
fn push(ring: &mut Vec<Half>, at: Half) {
    if let [.., a, b] = ring[..]
        && straight(a, b, at)
    {
        ring.pop();
    }
    ring.push(at);
}

fn root(pieces: &mut [u32], mut at: usize) -> usize {
    while pieces[at] as usize != at {
        pieces[at] = pieces[pieces[at] as usize];
        at = pieces[at] as usize;
    }
    at
}

fn join(pieces: &mut [u32], one: usize, other: usize) {
    let (one, other) = (root(pieces, one), root(pieces, other));
    pieces[one.max(other)] = one.min(other) as u32;
}

#[cfg(test)]
mod tests {
    use super::{Block, trace};
    use crate::engine::cover::{FULL, Window};
    use crate::engine::mosaic::Canvas;
    use geo::{Area, Contains, Validation};
    use geo_types::{LineString, MultiPolygon, Point, Polygon};
    use rand::{Rng, SeedableRng};

    const NAMES: [&[u8]; 5] = [b"", b"a", b"b", b"c", b"d"];

    /// Cells of 16 world units far from the world's edge.
    fn canvas(width: u32, height: u32) -> Canvas<'static> {
        let window = Window { from: [1_000, 2_000], to: [1_000 + width, 2_000 + height] };
        let mut canvas = Canvas::empty(window, 4);
        canvas.labels = NAMES.map(|name| [name, &b"080901"[..]]).to_vec();
        canvas
    }

    fn geometry(block: &Block) -> MultiPolygon<f64> {
        let line = |ring: &Vec<[u32; 2]>| LineString::from_iter(ring.iter().map(|[x, y]| (f64::from(*x), f64::from(*y))));
        let area = |rings: &Vec<Vec<[u32; 2]>>| Polygon::new(line(&rings[0]), rings[1..].iter().map(line).collect());
        MultiPolygon(block.areas.iter().map(area).collect())
    }

    #[test]
    fn blocks_of_any_shape_are_valid_and_leave_nothing_open_between_them() {
        let mut random = rand::rngs::StdRng::seed_from_u64(11);
        for turn in 0..60 {
            let labels = 1 + turn % 5;
            let (width, height) = (14, 11);
            let mut canvas = canvas(width, height);
            (0..canvas.cells.len()).for_each(|at| canvas.put(at, random.random_range(0..labels), FULL));
            let cells = canvas.cells.clone();
            let blocks: Vec<(Vec<u8>, MultiPolygon<f64>)> = trace(&canvas).iter().map(|b| (b.value.clone(), geometry(b))).collect();
            for (name, block) in &blocks {
                assert!(block.is_valid(), "{turn} {name:?}: {block:?}");
            }
            let label = |x: usize, y: usize| cells[y * width as usize + x].label;
            for _ in 0..2_000 {
                let (x, y) = (random.random_range(1.0..f64::from(width) - 1.0), random.random_range(1.0..f64::from(height) - 1.0));
                let place = Point::new((1_000.0 + x) * 16.0, (2_000.0 + y) * 16.0);
                let holding: Vec<&Vec<u8>> = blocks.iter().filter(|(_, block)| block.contains(&place)).map(|(name, _)| name).collect();
                let (column, row) = (x as usize, y as usize);
                let round: Vec<u32> =
                    (row - 1..=row + 1).flat_map(|y| (column - 1..=column + 1).map(move |x| (x, y))).map(|(x, y)| label(x, y)).collect();
                // a border may be met to the digit
                assert!(holding.len() <= 1, "{turn} {x} {y}: {holding:?}");
                if !round.contains(&0) && holding.is_empty() {
                    let near = blocks.iter().filter(|(_, block)| {
                        let d = 1e-6;
                        [(d, d), (-d, d), (d, -d), (-d, -d)]
                            .iter()
                            .any(|(dx, dy)| block.contains(&Point::new(place.x() + dx, place.y() + dy)))
                    });
                    assert!(near.count() > 1, "nobody has {x} {y} in {turn}");
                }
                if let [name] = holding[..]
                    && round.iter().all(|other| *other == round[0])
                {
                    assert_eq!(name.as_slice(), NAMES[round[0] as usize], "{turn} {x} {y}");
                }
            }
        }
    }

    #[test]
    fn stairs_become_slopes_and_holes_stay() {
        let mut canvas = canvas(40, 40);
        for at in 0..1_600 {
            let (x, y) = (at % 40, at / 40);
            let hole = (10..14).contains(&x) && (30..34).contains(&y);
            if x > 0 && y < 39 && y > x && !hole {
                canvas.put(at, 1, FULL);
            }
        }
        let blocks = trace(&canvas);
        let [area] = &blocks[0].areas[..] else { panic!("one area: {blocks:?}") };
        assert_eq!(area.len(), 2, "a hole");
        assert!(area[0].len() <= 8 && area[1].len() == 8, "{area:?}");
        let truth = (37.0 * 38.0 / 2.0 - 16.0) * 256.0;
        assert!((geometry(&blocks[0]).unsigned_area() / truth - 1.0).abs() < 0.03);
    }

    #[test]
    fn what_fills_no_cell_is_a_square_of_its_size_where_there_is_most_of_it() {
        let mut canvas = canvas(20, 20);
        let at = |x: usize, y: usize| y * 20 + x;
        canvas.put(at(5, 5), 1, FULL / 4);
        canvas.put(at(6, 5), 2, FULL / 5);
        canvas.put(at(12, 12), 3, 1);
        canvas.put(at(15, 3), 4, FULL);
        canvas.put(at(16, 3), 4, FULL / 3);
        let blocks = trace(&canvas);
        let areas: Vec<(&[u8], f64)> = blocks.iter().map(|b| (&b.value[..], geometry(b).unsigned_area() / 256.0)).collect();
        let [(b"a", a), (b"c", c), (b"d", d)] = areas[..] else { panic!("{areas:?}") };
        assert!((a - 0.45).abs() < 0.1, "both its cells' share: {a}");
        assert!((c - 0.25).abs() < 0.02, "as small as can be seen: {c}");
        assert!((d - 0.5).abs() < 0.02, "a lone cell, its corners cut, and what it hangs on is in it: {d}");
    }

    #[test]
    fn most_of_a_cell_has_it_and_half_of_it_is_enough() {
        let mut most = canvas(9, 9);
        (0..81).for_each(|at| most.put(at, 1, FULL * 2 / 5));
        let mut both = canvas(9, 9);
        (0..81).for_each(|at| both.put(at, 1, FULL * 2 / 5));
        (0..81).for_each(|at| both.put(at, 2, FULL / 5));
        let blocks = trace(&both);
        assert_eq!(blocks.iter().map(|b| &b.value[..]).collect::<Vec<_>>(), [b"a"]);
        assert!(trace(&most).iter().all(|b| geometry(b).unsigned_area() / 256.0 < 20.0), "too little for a block");
    }
}
