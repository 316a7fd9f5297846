//! The geometries of a run, close together: positions in two bytes a coordinate, counted from the north-west corner of the row's box, and
//! the upper two bytes beside them for the rows that are larger (65,535 world units are some 450 m in Calabria).

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, OnceLock};

use super::bodies::{self, Bodies, Made};
use super::index::Index;
use super::ready::{Areas, CHUNK, FEW, Large, Look, Ready};
use super::run::{HOLE, Kind};
use super::world::{Extent, Grid, World};

/// The size of a box that does not fit, which is with [`Far`].
const BEYOND: u16 = u16::MAX;
/// The bit of [`Shapes::kinds`] that says that the row has several parts.
const SEVERAL: u8 = 4;

/// The geometries of rows, by row.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    corners: Vec<World>,
    /// Width and height.
    sizes: Vec<[u16; 2]>,
    /// The rows that are larger, in order.
    far: Vec<Far>,
    kinds: Vec<u8>,
    /// Of each row [`Ready`], which is found out little by little.
    ready: Vec<AtomicU16>,
    /// Where the positions of each row end.
    ends: Vec<u32>,
    /// The rows of several parts in order, and where their ends begin among those of parts.
    several: Vec<(u32, u32)>,
    /// Where each part of these ends among the positions; holes with [`HOLE`].
    parts: Vec<u32>,
    /// The boxes of these parts.
    part_boxes: Vec<Extent>,
    /// The lower halves of all positions, and the upper halves of those of [`Far`].
    low: Vec<[u16; 2]>,
    high: Vec<[u16; 2]>,
    /// The lowest zoom at which each position is needed.
    keep: Vec<u8>,
    /// What is known of the areas of many positions, by row.
    large: Vec<(u32, Arc<Large>)>,
    /// A point inside each area, from the corner as positions are, where the layer has labels.
    labels: Vec<[u16; 2]>,
    /// The plain areas for each of [`bodies::ZOOMS`], made when nobody waits for it.
    bodies: OnceLock<Vec<Bodies>>,
    index: Index,
}

/// What a row has more that is larger than two bytes can tell.
#[derive(Debug)]
struct Far {
    row: u32,
    size: [u32; 2],
    /// Where the upper halves of its positions begin.
    high: u32,
    label: Option<World>,
}

/// A row to be taken in.
pub(crate) struct Shape<'a> {
    pub(crate) kind: Kind,
    pub(crate) ready: Ready,
    pub(crate) extent: Extent,
    pub(crate) positions: &'a [World],
    pub(crate) keep: &'a [u8],
    /// Where the parts end among the positions from `from` on; holes with [`HOLE`].
    pub(crate) ends: &'a [u32],
    pub(crate) from: u32,
    pub(crate) label: Option<World>,
    pub(crate) large: Option<Arc<Large>>,
}

/// A part of a row's geometry: a line, a ring, or all its points.
#[derive(Clone, Copy)]
pub(crate) struct PartOf<'a> {
    corner: World,
    low: &'a [[u16; 2]],
    /// As many, or none.
    high: &'a [[u16; 2]],
    keep: &'a [u8],
    pub(crate) hole: bool,
    /// The box of a part of several.
    extent: Option<&'a Extent>,
    /// Of a row of many positions what is known, and the first of the part's chunks.
    large: Option<(&'a Large, usize)>,
}

/// The positions of a part from the corner of the box, and the zooms at which they are needed.
pub(crate) struct Near<'a> {
    pub(crate) corner: World,
    pub(crate) low: &'a [[u16; 2]],
    pub(crate) keep: &'a [u8],
}

impl<'a> PartOf<'a> {
    /// The positions, and the lowest zoom at which each is needed.
    pub(crate) fn positions(self) -> impl Iterator<Item = (World, u8)> + 'a {
        let [west, north] = self.corner;
        let high = self.high;
        self.low.iter().zip(self.keep).enumerate().map(move |(at, ([x, y], keep))| {
            let [above_x, above_y] = high.get(at).copied().unwrap_or_default();
            let whole = |low: u16, high: u16| u32::from(high) << 16 | u32::from(low);
            ([west + whole(*x, above_x), north + whole(*y, above_y)], *keep)
        })
    }

    /// The positions of a zoom that matter for what of a ring meets the extent: between those that are left out the ring lies beside it, and
    /// so do the lines over them. Whether the edges there are known to share no point with others.
    pub(crate) fn positions_near(self, extent: &Extent, z: u8, mut take: impl FnMut(World)) -> bool {
        let Some((large, first)) = self.large else {
            self.positions().filter(|(_, keep)| *keep <= z).for_each(|(position, _)| take(position));
            return false;
        };
        let mut free = true;
        for (from, chunk) in (0..self.low.len()).step_by(CHUNK).zip(first..) {
            let is_near = large.chunks[chunk].meets(extent);
            free &= !is_near || large.is_free(chunk, z);
            let to = if is_near { self.low.len().min(from + CHUNK) } else { from + 1 };
            let own = Self {
                low: &self.low[from..to],
                keep: &self.keep[from..to],
                high: if self.high.is_empty() { &[] } else { &self.high[from..to] },
                large: None,
                ..self
            };
            own.positions().filter(|(_, keep)| !is_near || *keep <= z).for_each(|(position, _)| take(position));
        }
        free
    }

    /// Whether it is large, so that much of it may lie beside a tile.
    pub(crate) fn is_large(self) -> bool {
        self.large.is_some()
    }

    /// Whether it is known to lie beside the extent.
    pub(crate) fn is_beside(self, extent: &Extent) -> bool {
        self.extent.is_some_and(|own| !own.meets(extent))
    }

    /// What its positions are counted from.
    pub(crate) fn corner(self) -> World {
        self.corner
    }

    /// The positions from the corner, where two bytes are enough for them.
    pub(crate) fn near(self) -> Option<Near<'a>> {
        self.high.is_empty().then_some(Near { corner: self.corner, low: self.low, keep: self.keep })
    }
}

impl Shapes {
    /// For so many rows and positions.
    pub(crate) fn with_capacity(rows: usize, positions: usize, labels: bool) -> Self {
        Self {
            corners: Vec::with_capacity(rows),
            sizes: Vec::with_capacity(rows),
            kinds: Vec::with_capacity(rows),
            ready: Vec::with_capacity(rows),
            ends: Vec::with_capacity(rows),
            low: Vec::with_capacity(positions),
            keep: Vec::with_capacity(positions),
            labels: Vec::with_capacity(if labels { rows } else { 0 }),
            ..Self::default()
        }
    }

    /// Takes a row in, after the others.
    pub(crate) fn push(&mut self, shape: &Shape<'_>, labels: bool) {
        let (row, extent) = (self.kinds.len() as u32, shape.extent);
        let corner = [extent.west, extent.north];
        let size = [extent.east - extent.west, extent.south - extent.north];
        let is_near = size.iter().all(|side| *side < u32::from(BEYOND));
        let from_corner = |[x, y]: World| [x - corner[0], y - corner[1]];
        let low = |at: World| from_corner(at).map(|along| along as u16);
        if !is_near {
            self.far.push(Far { row, size, high: self.high.len() as u32, label: shape.label });
            self.high.extend(shape.positions.iter().map(|at| from_corner(*at).map(|along| (along >> 16) as u16)));
        }
        let begun = self.low.len() as u32;
        self.low.extend(shape.positions.iter().map(|at| low(*at)));
        self.keep.extend_from_slice(shape.keep);
        let several = shape.ends.len() != 1;
        if several {
            self.several.push((row, self.parts.len() as u32));
            self.parts.extend(shape.ends.iter().map(|end| ((end & !HOLE) - shape.from + begun) | end & HOLE));
            let mut from = 0;
            for end in shape.ends {
                let to = ((end & !HOLE) - shape.from) as usize;
                self.part_boxes.push(Extent::around(&shape.positions[std::mem::replace(&mut from, to)..to]));
            }
        }
        self.large.extend(shape.large.clone().map(|large| (row, large)));
        self.corners.push(corner);
        self.sizes.push(if is_near { size.map(|side| side as u16) } else { [BEYOND; 2] });
        self.kinds.push(shape.kind as u8 | if several { SEVERAL } else { 0 });
        self.ready.push(AtomicU16::new(shape.ready.bits()));
        self.ends.push(self.low.len() as u32);
        if labels {
            self.labels.push(shape.label.filter(|_| is_near).map_or([BEYOND; 2], low));
        }
    }

    /// After the last row.
    pub(crate) fn finish(mut self) -> Self {
        self.far.shrink_to_fit();
        self.large.shrink_to_fit();
        self.several.shrink_to_fit();
        self.parts.shrink_to_fit();
        self.part_boxes.shrink_to_fit();
        self.high.shrink_to_fit();
        self.index = Index::new(self.len(), |row| self.extent(row));
        self
    }

    pub(crate) fn len(&self) -> usize {
        self.kinds.len()
    }

    #[cold]
    fn far(&self, row: usize) -> Option<&Far> {
        let at = self.far.binary_search_by_key(&(row as u32), |far| far.row).ok()?;
        self.far.get(at)
    }

    /// The box round a row.
    #[inline]
    pub(crate) fn extent(&self, row: usize) -> Extent {
        let [west, north] = self.corners[row];
        let [width, height] = match self.sizes[row] {
            [BEYOND, _] => self.far(row).map_or([0; 2], |far| far.size),
            near => near.map(u32::from),
        };
        Extent { west, north, east: west + width, south: north + height }
    }

    /// The rows whose boxes meet the extent, in order; not all of them if there are more than `most`.
    pub(crate) fn search(&self, extent: &Extent, most: usize, found: &mut Vec<u32>) {
        self.index.search(self.len(), &|row| self.extent(row).meets(extent), extent, most, found);
    }

    pub(crate) fn kind(&self, row: usize) -> Kind {
        match self.kinds[row] & !SEVERAL {
            0 => Kind::Point,
            1 => Kind::Line,
            _ => Kind::Area,
        }
    }

    pub(crate) fn ready(&self, row: usize) -> Ready {
        Ready::of_bits(self.ready[row].load(Ordering::Relaxed))
    }

    /// What is known of an area of many positions.
    pub(crate) fn large(&self, row: usize) -> Option<&Arc<Large>> {
        let at = self.large.binary_search_by_key(&(row as u32), |(large, _)| *large).ok()?;
        self.large.get(at).map(|(_, large)| large)
    }

    /// Looks at areas for tiles from a zoom on: those of few positions, and the others too if all are wanted.
    pub(crate) fn look(&self, from_zoom: u8, all: bool) {
        let (mut look, mut positions, mut keep, mut ends) = (Look::default(), Vec::new(), Vec::new(), Vec::new());
        for row in (0..self.len()).filter(|row| self.kind(*row) == Kind::Area) {
            let large = self.large(row).filter(|large| !large.is_known());
            if large.is_some() && !all {
                continue;
            }
            positions.clear();
            keep.clear();
            ends.clear();
            for part in self.parts(row) {
                part.positions().for_each(|(position, zoom)| {
                    positions.push(position);
                    keep.push(zoom);
                });
                ends.push(positions.len() as u32 | if part.hole { HOLE } else { 0 });
            }
            let areas = Areas { positions: &positions, keep: &keep, ends: &ends, extent: self.extent(row) };
            match large {
                Some(large) => large.look(&mut look, areas, from_zoom),
                None if positions.len() <= FEW => {
                    self.ready[row].store(look.at(areas, self.ready(row), from_zoom).bits(), Ordering::Relaxed);
                }
                None => {}
            }
        }
    }

    /// Makes the plain areas beforehand that are known to be drawn as they are, unless they are too many.
    pub(crate) fn make_bodies(&self) {
        if self.len() <= bodies::MOST_ROWS {
            self.bodies.get_or_init(|| bodies::ZOOMS.map(|z| self.bodies_at(z)).collect());
        }
    }

    fn bodies_at(&self, z: u8) -> Bodies {
        let mut bodies = Bodies::with_capacity(self.len());
        let mut room = Vec::new();
        for row in 0..self.len() {
            let plain = self.plain(row).filter(|_| self.ready(row).at(z)).zip(Grid::around_position(z, self.corners[row]));
            let written = plain.and_then(|(ring, grid)| {
                let frame = grid.frame(ring.corner).filter(|_| self.extent(row).side() >= grid.half_unit())?;
                room.resize(bodies::room(&ring), 0);
                Some(bodies::write(&ring, frame, z, &mut room).0)
            });
            bodies.push(&room[..written.unwrap_or(0)]);
        }
        bodies.finish()
    }

    /// What was made beforehand of a row at a zoom.
    #[inline]
    pub(crate) fn made(&self, row: usize, z: u8) -> Option<Made<'_>> {
        let at = z.checked_sub(*bodies::ZOOMS.start())?;
        let body = self.bodies.get()?.get(usize::from(at))?.get(row);
        let first = if row == 0 { 0 } else { self.ends[row - 1] };
        (body.1 > 0).then(|| (self.low[first as usize], self.corners[row], body))
    }

    /// An area of one ring and few positions, if the row is one.
    #[inline]
    pub(crate) fn plain(&self, row: usize) -> Option<Near<'_>> {
        let is_plain = self.kinds[row] == Kind::Area as u8 && self.sizes[row][0] != BEYOND;
        let own = if row == 0 { 0 } else { self.ends[row - 1] } as usize..self.ends[row] as usize;
        (is_plain && own.len() <= FEW).then(|| Near { corner: self.corners[row], low: &self.low[own.clone()], keep: &self.keep[own] })
    }

    /// The parts of a row: how many there are, and each.
    pub(crate) fn parts(&self, row: usize) -> impl ExactSizeIterator<Item = PartOf<'_>> {
        let (from, to) = (if row == 0 { 0 } else { self.ends[row - 1] }, self.ends[row]);
        let (ends, boxes) = match self.kinds[row] & SEVERAL {
            0 => (std::slice::from_ref(&self.ends[row]), &[][..]),
            _ => {
                let own = self.parts_of(row);
                (&self.parts[own.clone()], &self.part_boxes[own])
            }
        };
        let high = match self.sizes[row] {
            [BEYOND, _] => self.far(row).map_or(&[][..], |far| &self.high[far.high as usize..(far.high + to - from) as usize]),
            _ => &[],
        };
        let corner = self.corners[row];
        let mut large = if to - from > FEW as u32 { self.large(row).map(|large| (&**large, 0)) } else { None };
        (0..ends.len()).map(move |at| {
            let begins = if at == 0 { from } else { ends[at - 1] & !HOLE } as usize;
            let (own, hole) = (begins..(ends[at] & !HOLE) as usize, ends[at] & HOLE != 0);
            let above = if high.is_empty() { high } else { &high[own.start - from as usize..own.end - from as usize] };
            let of_part = large;
            large = large.map(|(large, first)| (large, first + own.len().div_ceil(CHUNK)));
            PartOf { corner, low: &self.low[own.clone()], high: above, keep: &self.keep[own], hole, extent: boxes.get(at), large: of_part }
        })
    }

    /// Of a row of several parts, which they are.
    fn parts_of(&self, row: usize) -> std::ops::Range<usize> {
        let at = self.several.partition_point(|(several, _)| (*several as usize) < row);
        let from = self.several.get(at).map_or(0, |(_, from)| *from as usize);
        let to = self.several.get(at + 1).map_or(self.parts.len(), |(_, from)| *from as usize);
        from..to
    }

    /// The point inside an area.
    pub(crate) fn label(&self, row: usize) -> Option<World> {
        match (self.labels.get(row)?, self.sizes[row]) {
            (_, [BEYOND, _]) => self.far(row)?.label,
            ([BEYOND, _], _) => None,
            ([x, y], _) => Some([self.corners[row][0] + u32::from(*x), self.corners[row][1] + u32::from(*y)]),
        }
    }

    /// What they take of memory.
    pub(crate) fn bytes(&self) -> usize {
        self.corners.capacity() * size_of::<World>()
            + (self.sizes.capacity() + self.low.capacity() + self.high.capacity() + self.labels.capacity()) * 4
            + self.far.capacity() * size_of::<Far>()
            + self.kinds.capacity()
            + self.ready.capacity() * size_of::<Ready>()
            + self.keep.capacity()
            + (self.ends.capacity() + self.parts.capacity() + 2 * self.several.capacity()) * 4
            + self.large.capacity() * size_of::<(u32, Arc<Large>)>()
            + self.large.iter().map(|(_, large)| large.bytes()).sum::<usize>()
            + self.part_boxes.capacity() * size_of::<Extent>()
            + self.bodies.get().map_or(0, |bodies| bodies.iter().map(Bodies::bytes).sum())
            + self.index.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ready, Shape, Shapes};
    use crate::engine::run::{HOLE, Kind};
    use crate::engine::world::{Extent, World};
    use rand::{Rng, SeedableRng};

    const READY: [Ready; 2] = [Ready::NEVER, Ready::ALWAYS];

    #[test]
    fn rows_of_any_size_and_number_of_parts_are_read_as_they_were_put_in() {
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        type Row = (Vec<World>, Vec<u8>, Vec<u32>, Option<World>);
        let mut rows: Vec<Row> = Vec::new();
        for _ in 0..500 {
            let reach = [1, 60_000, 65_534, 65_535, 65_536, 4_000_000_000][random.random_range(0..6)];
            let corner = [random.random_range(0..200_000_000), random.random_range(0..200_000_000)];
            let mut positions: Vec<World> = Vec::new();
            let mut ends = Vec::new();
            for part in 0..random.random_range(1..4) {
                for _ in 0..random.random_range(1..5) {
                    positions.push([corner[0] + random.random_range(0..=reach), corner[1] + random.random_range(0..=reach)]);
                }
                ends.push(positions.len() as u32 | if part > 0 { HOLE } else { 0 });
            }
            let keep = positions.iter().map(|_| random.random()).collect();
            let label = random.random_bool(0.8).then(|| Extent::around(&positions).centre());
            rows.push((positions, keep, ends, label));
        }
        let mut shapes = Shapes::with_capacity(rows.len(), 0, true);
        for (i, (positions, keep, ends, label)) in rows.iter().enumerate() {
            // as among the positions of others
            let ends: Vec<u32> = ends.iter().map(|end| end + 1_000).collect();
            let (kind, extent) = ([Kind::Point, Kind::Line, Kind::Area][i % 3], Extent::around(positions));
            shapes.push(
                &Shape { kind, ready: READY[i % 2], extent, positions, keep, ends: &ends, from: 1_000, label: *label, large: None },
                true,
            );
        }
        let shapes = shapes.finish();
        for (row, (positions, keep, ends, label)) in rows.iter().enumerate() {
            assert_eq!(shapes.extent(row), Extent::around(positions));
            assert_eq!((shapes.kind(row), shapes.ready(row)), ([Kind::Point, Kind::Line, Kind::Area][row % 3], READY[row % 2]));
            assert_eq!(shapes.label(row), *label, "{row}");
            let parts: Vec<Vec<(World, u8)>> = shapes.parts(row).map(|part| part.positions().collect()).collect();
            assert_eq!(parts.len(), ends.len());
            assert_eq!(shapes.parts(row).map(|part| part.hole).collect::<Vec<_>>(), ends.iter().map(|e| e & HOLE != 0).collect::<Vec<_>>());
            assert_eq!(parts.concat(), positions.iter().copied().zip(keep.iter().copied()).collect::<Vec<_>>());
            assert_eq!(parts[0].len(), (ends[0] & !HOLE) as usize);
        }
    }
}
