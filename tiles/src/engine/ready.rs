//! What is found out of an area once, so that tiles need not: at which zooms it is drawn as it is, and where not. Where a position comes to
//! lie in a tile is the same in all tiles of a zoom, from the tile's corner. Of what a commit brings it is found out at once where positions are
//! few; of the rest when a layer was loaded or its parts were joined, while tiles look for themselves.

use std::sync::OnceLock;

use super::area::{Boxed, Rings};
use super::clip::Unit;
use super::run::HOLE;
use super::simplify::safe_zoom;
use super::world::{Extent, World};

/// The zooms that are known; beyond them it is looked at in each tile.
const LOWEST: u8 = 5;
const HIGHEST: u8 = 20;
/// Of more positions it is worth to know where they are.
pub(crate) const FEW: usize = 48;
/// As many positions are told of together.
pub(crate) const CHUNK: usize = 16;
/// To this zoom an area of many positions that would touch itself is kept as it is mended; beyond it few tiles have one as a whole.
const MENDED_TO: u8 = 15;

/// A bit for each zoom at which rings, simplified and rounded, are rings still, run the way they should, and share no point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ready(u16);

impl Ready {
    pub(crate) const NEVER: Self = Self(0);
    pub(crate) const ALWAYS: Self = Self(u16::MAX);

    pub(crate) fn at(self, z: u8) -> bool {
        (LOWEST..=HIGHEST).contains(&z) && self.0 >> (z - LOWEST) & 1 == 1
    }

    /// All of it, to be kept.
    pub(crate) fn bits(self) -> u16 {
        self.0
    }

    pub(crate) fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    fn not_at(&mut self, z: u8) {
        self.0 &= !(1 << (z - LOWEST));
    }
}

/// What more is known of areas of more than [`FEW`] positions.
#[derive(Debug)]
pub(crate) struct Large {
    /// The boxes round each [`CHUNK`] of positions of a ring, or its last ones, and the position after them.
    pub(crate) chunks: Box<[Extent]>,
    /// Looking takes long: it is done when nobody waits for it.
    found: OnceLock<Found>,
}

#[derive(Debug)]
struct Found {
    /// As of other areas.
    ready: Ready,
    /// For each chunk: at which zooms the edges that have an end in it share no point with another.
    free: Box<[Ready]>,
    mended: Box<[(u8, Mended)]>,
}

/// The areas that a row is drawn as where it is whole in a tile of a zoom.
#[derive(Debug)]
pub(crate) struct Mended {
    /// In units of the zoom from the one north-west of that of the corner of the row's box.
    positions: Box<[[u16; 2]]>,
    /// Where the rings end, which run as they should, and the areas.
    ends: Box<[u32]>,
    areas: Box<[u32]>,
    /// Whether no two edges of an area share a point, so that it can be cut.
    pub(crate) parted: bool,
}

impl Large {
    /// Of areas, if they have so many positions.
    pub(crate) fn of(areas: Areas<'_>) -> Option<Self> {
        (areas.positions.len() > FEW).then(|| Self { chunks: chunks(areas), found: OnceLock::new() })
    }

    /// Looks at the areas for tiles from a zoom on, if nobody has.
    pub(crate) fn look(&self, look: &mut Look, areas: Areas<'_>, from_zoom: u8) {
        self.found.get_or_init(|| look.at_large(areas, self.chunks.len(), from_zoom));
    }

    /// Whether somebody has looked.
    pub(crate) fn is_known(&self) -> bool {
        self.found.get().is_some()
    }

    pub(crate) fn is_ready(&self, z: u8) -> bool {
        self.found.get().is_some_and(|found| found.ready.at(z))
    }

    pub(crate) fn is_free(&self, chunk: usize, z: u8) -> bool {
        self.found.get().is_some_and(|found| found.free[chunk].at(z))
    }

    /// Whether all chunks that meet the extent are.
    pub(crate) fn is_free_in(&self, extent: &Extent, z: u8) -> bool {
        let near = self.chunks.iter().enumerate().filter(|(_, chunk)| chunk.meets(extent));
        self.found.get().is_some_and(|found| near.into_iter().all(|(at, _)| found.free[at].at(z)))
    }

    pub(crate) fn mended(&self, z: u8) -> Option<&Mended> {
        self.found.get()?.mended.iter().find(|(own, _)| *own == z).map(|(_, mended)| mended)
    }

    pub(crate) fn bytes(&self) -> usize {
        let of_mended =
            |(_, m): &(u8, Mended)| size_of::<(u8, Mended)>() + size_of_val(&*m.positions) + size_of_val(&*m.ends) + size_of_val(&*m.areas);
        let of_found = |found: &Found| size_of_val(&*found.free) + found.mended.iter().map(of_mended).sum::<usize>();
        size_of::<Self>() + size_of_val(&*self.chunks) + self.found.get().map_or(0, of_found)
    }
}

impl Mended {
    /// Each area's rings, in a tile's units, of which the one that the corner of the row's box lies in is given.
    pub(crate) fn areas(&self, [x, y]: Unit, rings: &mut Rings, mut draw: impl FnMut(&mut Rings)) {
        let (mut from, mut ends) = (0, self.ends.iter());
        for last in &self.areas {
            rings.clear();
            for to in ends.by_ref() {
                let own = &self.positions[std::mem::replace(&mut from, *to as usize)..*to as usize];
                rings.positions.extend(own.iter().map(|[right, down]| [x - 1 + i64::from(*right), y - 1 + i64::from(*down)]));
                rings.ends.push(rings.positions.len());
                if to == last {
                    break;
                }
            }
            draw(rings);
        }
    }
}

/// A row's areas: all positions, the lowest zooms at which they are needed, and where the rings end, holes with [`HOLE`].
#[derive(Clone, Copy)]
pub(crate) struct Areas<'a> {
    pub(crate) positions: &'a [World],
    pub(crate) keep: &'a [u8],
    pub(crate) ends: &'a [u32],
    /// The box round them.
    pub(crate) extent: Extent,
}

/// What looking at areas needs again and again.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub(crate) rings: Rings,
    pub(crate) edges: Vec<Boxed>,
    /// For each of the positions of the rings: which it is of the area's.
    origins: Vec<usize>,
}

impl Look {
    /// At which zooms areas of few positions are known to be ready without looking closely.
    pub(crate) fn safe(areas: Areas<'_>) -> Ready {
        if areas.positions.len() > FEW {
            return Ready::NEVER;
        }
        match areas.each().map(|area| safe_zoom(&area.rings_of())).max().unwrap_or(0) {
            0..=LOWEST => Ready::ALWAYS,
            safe @ ..=HIGHEST => Ready(u16::MAX << (safe - LOWEST)),
            _ => Ready::NEVER,
        }
    }

    /// At which zooms from one on they are, of which some are known.
    pub(crate) fn at(&mut self, areas: Areas<'_>, known: Ready, from_zoom: u8) -> Ready {
        let unknown = areas.zooms(from_zoom).filter(|z| !known.at(*z));
        unknown.fold(known, |ready, z| Ready(ready.0 | u16::from(self.is_ready(areas, z, &mut [])) << (z - LOWEST)))
    }

    fn at_large(&mut self, areas: Areas<'_>, chunks: usize, from_zoom: u8) -> Found {
        let (mut ready, mut mended) = (Ready::NEVER, Vec::new());
        let mut free = vec![Ready::ALWAYS; chunks];
        for z in areas.zooms(from_zoom) {
            if self.is_ready(areas, z, &mut free) {
                ready.0 |= 1 << (z - LOWEST);
            } else if z <= MENDED_TO {
                mended.extend(self.mended(areas, z).map(|mended| (z, mended)));
            }
        }
        let drawn = areas.zooms(from_zoom).fold(0, |drawn, z| drawn | 1 << (z - LOWEST));
        free.iter_mut().for_each(|free| free.0 &= drawn);
        Found { ready, free: free.into(), mended: mended.into() }
    }

    /// Whether all areas are ready at a zoom; says of the chunks of which that is not so.
    fn is_ready(&mut self, areas: Areas<'_>, z: u8, free: &mut [Ready]) -> bool {
        let (mut ready, mut first) = (true, 0);
        for area in areas.each() {
            let Self { rings, edges, origins } = self;
            rings.clear();
            origins.clear();
            let mut begun = 0;
            for (ring, hole) in area.rings() {
                let from = rings.positions.len();
                area.quantise(ring.clone(), (z, false), rings, origins);
                let doubled = Rings::doubled_area(&rings.positions[from..]);
                if rings.positions.len() < from + 3 || doubled == 0 || (doubled > 0) == hole {
                    ready = false;
                    if free.is_empty() {
                        return false;
                    }
                    rings.positions.truncate(from);
                    origins.truncate(from);
                    let own = first + begun..first + begun + ring.len().div_ceil(CHUNK);
                    free[own].iter_mut().for_each(|free| free.not_at(z));
                } else {
                    rings.ends.push(rings.positions.len());
                }
                begun += ring.len().div_ceil(CHUNK);
            }
            if free.is_empty() {
                if !rings.are_sound(edges) {
                    return false;
                }
            } else {
                rings.clashes(edges, |one, other| {
                    ready = false;
                    for (a, b) in [one, other] {
                        let within = area.chunks(origins[a as usize], origins[b as usize]);
                        within.for_each(|at| free[first + at].not_at(z));
                    }
                    true
                });
            }
            first += begun;
        }
        ready
    }

    /// The areas as they are drawn at a zoom at which they are not ready.
    fn mended(&mut self, areas: Areas<'_>, z: u8) -> Option<Mended> {
        let (mut positions, mut ends, mut ends_of_areas, mut parted) = (Vec::new(), Vec::new(), Vec::new(), true);
        for area in areas.each() {
            let Self { rings, edges, origins } = self;
            rings.clear();
            for (ring, hole) in area.rings() {
                let from = rings.positions.len();
                let is_ring = [false, true].into_iter().any(|all| {
                    rings.positions.truncate(from);
                    origins.clear();
                    area.quantise(ring.clone(), (z, all), rings, origins);
                    rings.positions.len() > from + 2 && Rings::doubled_area(&rings.positions[from..]) != 0
                });
                if is_ring {
                    rings.ends.push(rings.positions.len());
                    continue;
                }
                rings.positions.truncate(from);
                if !hole {
                    break;
                }
            }
            for shape in rings.as_sound(edges) {
                rings.clear();
                for ring in &shape {
                    rings.positions.extend_from_slice(ring);
                    rings.ends.push(rings.positions.len());
                }
                parted &= rings.parted(edges);
                for (hole, ring) in rings.iter().enumerate() {
                    let backwards = (Rings::doubled_area(ring) > 0) == (hole > 0);
                    for i in 0..ring.len() {
                        let at = ring[if backwards { ring.len() - 1 - i } else { i }];
                        let near = |axis: usize| u16::try_from(at[axis] + 1).ok();
                        positions.push([near(0)?, near(1)?]);
                    }
                    ends.push(positions.len() as u32);
                }
                ends_of_areas.push(positions.len() as u32);
            }
        }
        Some(Mended { positions: positions.into(), ends: ends.into(), areas: ends_of_areas.into(), parted })
    }
}

impl<'a> Areas<'a> {
    /// The zooms from one on at which they are drawn: what is smaller than half a unit is not.
    fn zooms(self, from_zoom: u8) -> impl Iterator<Item = u8> {
        let side = u64::from(self.extent.side());
        (from_zoom.max(LOWEST)..=HIGHEST).filter(move |z| side << 1 >= 1 << (HIGHEST - z))
    }

    /// Each by itself, with its holes.
    fn each(self) -> impl Iterator<Item = Area<'a>> {
        let mut from = 0;
        std::iter::from_fn(move || {
            let own = self.ends.get(from..).filter(|ends| !ends.is_empty())?;
            let count = own[1..].iter().position(|end| end & HOLE == 0).map_or(own.len(), |next| next + 1);
            let begun = if from == 0 { 0 } else { (self.ends[from - 1] & !HOLE) as usize };
            from += count;
            Some(Area { all: self, begun, ends: &own[..count] })
        })
    }
}

/// One area of several.
struct Area<'a> {
    all: Areas<'a>,
    begun: usize,
    ends: &'a [u32],
}

impl<'a> Area<'a> {
    /// Where each ring's positions are among all, and whether it is a hole.
    fn rings(&self) -> impl Iterator<Item = (std::ops::Range<usize>, bool)> {
        let mut begun = self.begun;
        self.ends.iter().map(move |end| {
            let to = (end & !HOLE) as usize;
            (std::mem::replace(&mut begun, to)..to, end & HOLE != 0)
        })
    }

    fn rings_of(&self) -> Vec<&'a [World]> {
        self.rings().map(|(ring, _)| &self.all.positions[ring]).collect()
    }

    /// The area's chunks from that of one of all positions to that of another of the same ring, over the end of the ring if that comes first.
    fn chunks(&self, from: usize, to: usize) -> impl Iterator<Item = usize> {
        let mut before = 0;
        let mut own = self.rings().map(|(ring, _)| {
            let first = before;
            before += ring.len().div_ceil(CHUNK);
            (first, ring)
        });
        let (first, ring) = own.find(|(_, ring)| ring.contains(&from)).unwrap_or_default();
        let of = |at: usize| first + at.saturating_sub(ring.start) / CHUNK;
        let last = first + ring.len().div_ceil(CHUNK);
        let (on, again) = if from <= to { (of(from)..of(to) + 1, first..first) } else { (of(from)..last, first..of(to) + 1) };
        on.chain(again)
    }

    /// Appends the positions of a ring that a zoom needs (or all of them) in its units from that of the corner of the box, none twice in a row and not the first one again.
    fn quantise(&self, ring: std::ops::Range<usize>, (z, all): (u8, bool), rings: &mut Rings, origins: &mut Vec<usize>) {
        let (shift, half) = (HIGHEST - z, (1 << (HIGHEST - z)) >> 1);
        let corner = [self.all.extent.west, self.all.extent.north].map(|along| i64::from(along) >> shift);
        let from = rings.positions.len();
        for at in ring.filter(|at| all || self.all.keep[*at] <= z) {
            let [x, y] = self.all.positions[at].map(|along| (i64::from(along) + half) >> shift);
            let unit = [x - corner[0], y - corner[1]];
            if rings.positions.len() == from || rings.positions.last() != Some(&unit) {
                rings.positions.push(unit);
                origins.push(at);
            }
        }
        while rings.positions.len() > from + 1 && rings.positions.last() == Some(&rings.positions[from]) {
            rings.positions.pop();
            origins.pop();
        }
    }
}

/// The boxes of chunks.
fn chunks(areas: Areas<'_>) -> Box<[Extent]> {
    let mut chunks = Vec::new();
    let mut begun = 0;
    for end in areas.ends {
        let to = (end & !HOLE) as usize;
        let ring = &areas.positions[std::mem::replace(&mut begun, to)..to];
        let after = |at: usize| *ring.get(at + CHUNK).unwrap_or(&ring[0]);
        let extent = |at: usize| Extent::around(&ring[at..ring.len().min(at + CHUNK)]).union(Extent::around(&[after(at)]));
        chunks.extend((0..ring.len()).step_by(CHUNK).map(extent));
    }
    chunks.into()
}

#[cfg(test)]
mod tests {
    use super::{Areas, CHUNK, FEW, Large, Look, MENDED_TO, Ready};
    use crate::engine::area::Rings;
    use crate::engine::clip::Unit;
    use crate::engine::simplify::zooms;
    use crate::engine::world::{Extent, World};
    use geo::Validation;
    use rand::{Rng, SeedableRng};

    /// A ring round a middle, whose positions lie at any distance from it: clockwise on the screen.
    fn star(random: &mut rand::rngs::StdRng, n: usize, size: f64) -> Vec<World> {
        let turn = std::f64::consts::TAU / n as f64;
        (0..n)
            .map(|i| ((i as f64 + random.random_range(0.0..0.9)) * turn, size * random.random_range(0.3..1.0)))
            .map(|(angle, far)| [2_300_000_000.0 + far * angle.cos(), 1_600_000_000.0 + far * angle.sin()].map(|along| along as u32))
            .collect()
    }

    fn is_valid(rings: &Rings) -> bool {
        let mut lines = rings.iter().map(|ring| geo_types::LineString::from_iter(ring.iter().map(|p| (p[0] as f64, p[1] as f64))));
        lines.next().is_some_and(|outer| geo_types::Polygon::new(outer, lines.collect()).is_valid())
    }

    fn length(ring: &[Unit]) -> f64 {
        (0..ring.len())
            .map(|i| (ring[i], ring[(i + 1) % ring.len()]))
            .map(|(a, b)| ((b[0] - a[0]) as f64).hypot((b[1] - a[1]) as f64))
            .sum()
    }

    #[test]
    fn what_is_ready_is_sound_and_of_what_is_not_the_mended_is() {
        let mut random = rand::rngs::StdRng::seed_from_u64(5);
        let (mut ready_ones, mut mended_ones, mut parted, mut free) = (0, 0, 0, 0);
        for round in 0..240 {
            let size = 10f64.powf(random.random_range(3.0..5.5));
            let positions = star(&mut random, [5, 12, FEW, 120, 300][round % 5], size);
            let mut keep = Vec::new();
            zooms(&positions, true, &mut keep);
            let ends = [positions.len() as u32];
            let areas = Areas { positions: &positions, keep: &keep, ends: &ends, extent: Extent::around(&positions) };
            let mut look = Look::default();
            let ready = if positions.len() > FEW { Ready::NEVER } else { look.at(areas, Look::safe(areas), 0) };
            let large = Large::of(areas);
            assert_eq!(large.is_some(), positions.len() > FEW);
            if let Some(large) = &large {
                assert!(!large.is_ready(20) && !large.is_free(0, 20), "nobody has looked yet");
                large.look(&mut look, areas, 0);
                assert_eq!(large.chunks.len(), positions.len().div_ceil(CHUNK));
                assert!(ready == Ready::NEVER);
            }
            for z in areas.zooms(0) {
                let mut rings = Rings::default();
                for area in areas.each() {
                    area.quantise(0..positions.len(), (z, false), &mut rings, &mut Vec::new());
                    rings.ends.push(rings.positions.len());
                }
                if ready.at(z) || large.as_ref().is_some_and(|large| large.is_ready(z)) {
                    assert!(is_valid(&rings) && Rings::doubled_area(&rings.positions) > 0, "{round} {z}: {rings:?}");
                    ready_ones += 1;
                    free += large.iter().filter(|large| (0..large.chunks.len()).all(|chunk| large.is_free(chunk, z))).count();
                } else if let Some(large) = large.as_ref().filter(|_| z <= MENDED_TO) {
                    let mended = large.mended(z).unwrap();
                    let mut doubled = 0;
                    mended.areas([0, 0], &mut Rings::default(), |own| {
                        assert!(is_valid(own), "{round} {z}: {own:?}");
                        assert!(!mended.parted || own.are_sound(&mut Vec::new()), "{round} {z}: {own:?}");
                        assert!(own.iter().enumerate().all(|(hole, ring)| (Rings::doubled_area(ring) > 0) == (hole == 0)));
                        doubled += own.iter().map(Rings::doubled_area).sum::<i64>();
                    });
                    let off = (doubled - Rings::doubled_area(&rings.positions)).abs() as f64;
                    assert!(off <= 4.0 * length(&rings.positions), "{round} {z}: {off}");
                    mended_ones += 1;
                    parted += usize::from(mended.parted);
                }
            }
        }
        assert!(
            ready_ones > 500 && mended_ones > 50 && parted * 10 > mended_ones * 9 && free > 20,
            "{ready_ones} {mended_ones} {parted} {free}"
        );
    }
}
