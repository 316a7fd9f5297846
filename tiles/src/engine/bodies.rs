//! Plain areas as tiles write them, made beforehand for the zooms at which a town's parcels fill the screen. From one position of a ring to
//! the next it is as far in all tiles of a zoom, so that only the first position is a tile's own.

use std::ops::RangeInclusive;

use super::protobuf::SLACK;
use super::shapes::Near;
use super::world::{Frame, World};

/// The zooms that they are made for: from where a parcel of some metres is seen to where few are in a tile.
pub(super) const ZOOMS: RangeInclusive<u8> = 12..=15;

/// Runs of more rows do without: their memory counts more than the time of their tiles.
pub(super) const MOST_ROWS: usize = 1_000_000;

/// What was made of a row: the ring's first position counted from the row's corner, the corner, and what follows it, as [`Bodies::get`] has it.
pub(super) type Made<'a> = ([u16; 2], World, (&'a [u8], usize));

/// As many rows are counted from one number.
const GROUP: usize = 256;

/// What follows the first position of the ring of each row at a zoom: the command to go on, each step, and the command to close (Mapbox Vector
/// Tile 2.1, 4.3). Nothing for rows that are not drawn like this.
#[derive(Debug, Default)]
pub(super) struct Bodies {
    bytes: Vec<u8>,
    /// Where the first of each [`GROUP`] begins.
    starts: Vec<u32>,
    /// Where each ends, counted from there.
    ends: Vec<u16>,
}

impl Bodies {
    /// For so many rows, which are pushed one after the other.
    pub(super) fn with_capacity(rows: usize) -> Self {
        Self { bytes: Vec::new(), starts: Vec::with_capacity(rows.div_ceil(GROUP)), ends: Vec::with_capacity(rows) }
    }

    /// What the next row has. What is more than its group can count is left out: 65,535 bytes.
    pub(super) fn push(&mut self, body: &[u8]) {
        if self.ends.len().is_multiple_of(GROUP) {
            self.starts.push(self.bytes.len() as u32);
        }
        let start = self.starts.last().copied().unwrap_or_default() as usize;
        if self.bytes.len() + body.len() - start <= usize::from(u16::MAX) && u32::try_from(self.bytes.len() + body.len()).is_ok() {
            self.bytes.extend_from_slice(body);
        }
        self.ends.push((self.bytes.len() - start) as u16);
    }

    /// After the last row.
    pub(super) fn finish(mut self) -> Self {
        self.bytes.resize(self.bytes.len() + SLACK, 0);
        self.bytes.shrink_to_fit();
        self
    }

    /// What a row has with [`SLACK`] behind it, and how many bytes are its own.
    #[inline]
    pub(super) fn get(&self, row: usize) -> (&[u8], usize) {
        let start = self.starts[row / GROUP] as usize;
        let from = if row.is_multiple_of(GROUP) { 0 } else { self.ends[row - 1] };
        let length = usize::from(self.ends[row] - from);
        (&self.bytes[start + usize::from(from)..], length)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes.capacity() + self.starts.capacity() * size_of::<u32>() + self.ends.capacity() * size_of::<u16>()
    }
}

/// The command to move to one position, and the one to close a ring.
pub(super) const MOVE_ONCE: u8 = 1 << 3 | 1;
pub(super) const CLOSE: u8 = 1 << 3 | 7;

/// How much room [`write`] needs.
pub(super) fn room(ring: &Near<'_>) -> usize {
    4 * ring.low.len() + 4
}

/// Writes what follows the first position of a ring that has no more than 2,047: what its zoom needs of it, nothing twice in a row. How many
/// bytes that takes, and where the ring's last position lies in the tile's units.
pub(super) fn write(ring: &Near<'_>, frame: Frame, z: u8, room: &mut [u8]) -> (usize, [i32; 2]) {
    let n = ring.low.len().min(ring.keep.len());
    let (low, keep) = (&ring.low[..n], &ring.keep[..n]);
    // the first position is always needed
    let first = frame.at(low[0]);
    // one byte for the number of lines if so few can't need two
    let head = if n <= 16 { 1 } else { 2 };
    let mut at = head;
    let ([mut x, mut y], mut count) = (first, 0);
    // the last step that was taken: its bytes, and how far it went
    let mut last = (0, 0, 0);
    for (low, keep) in low.iter().zip(keep) {
        let [next_x, next_y] = frame.at(*low);
        let (along, down) = (next_x - x, next_y - y);
        let bytes = step(along, down, &mut room[at..]);
        // without a branch: nobody can tell beforehand
        let taken = usize::from((*keep <= z) & ((along | down) != 0));
        let mask = -(taken as i32);
        last = if taken == 1 { (bytes, along, down) } else { last };
        (x, y) = (x + (along & mask), y + (down & mask));
        at += bytes & taken.wrapping_neg();
        count += taken;
    }
    if [x, y] == first && count > 0 {
        // the ring comes back to where it began before its end
        (at, x, y) = (at - last.0, x - last.1, y - last.2);
        count -= 1;
    }
    let command = (count << 3 | 2) as u16;
    if head == 2 && command < 0x80 {
        room.copy_within(2..at, 1);
        at -= 1;
    }
    if command < 0x80 {
        room[0] = command as u8;
    } else {
        [room[0], room[1]] = [command as u8 | 0x80, (command >> 7) as u8];
    }
    room[at] = CLOSE;
    (at + 1, [x, y])
}

/// The longest step each way that takes no more than two bytes each way: longer than any within a tile and its buffer.
pub(super) const STEP: i64 = 1 << 13;

/// Writes a step that is shorter than [`STEP`] each way at the beginning of some room; how many bytes it took.
#[inline(always)]
pub(super) fn step(along: i32, down: i32, room: &mut [u8]) -> usize {
    let [x, y] = [along, down].map(|along| ((along << 1) ^ (along >> 31)) as u32);
    let (long_x, long_y) = (usize::from(x > 0x7F), usize::from(y > 0x7F));
    let two = |n: u32, long: usize| (n & 0x7F | (long as u32) << 7 | n >> 7 << 8) as u16;
    let room = &mut room[..4];
    room[..2].copy_from_slice(&two(x, long_x).to_le_bytes());
    room[1 + long_x..][..2].copy_from_slice(&two(y, long_y).to_le_bytes());
    2 + long_x + long_y
}

#[cfg(test)]
mod tests {
    use kernel::TileCoord;
    use rand::{Rng, SeedableRng};

    use super::{Bodies, ZOOMS, room, write};
    use crate::engine::ready::Ready;
    use crate::engine::run::Kind;
    use crate::engine::shapes::{Shape, Shapes};
    use crate::engine::world::{Extent, Grid, World};

    #[test]
    fn what_was_made_is_what_any_tile_of_the_zoom_writes() {
        let mut random = rand::rngs::StdRng::seed_from_u64(3);
        let mut shapes = Shapes::with_capacity(0, 0, false);
        for row in 0..2_000 {
            let reach = [3, 300, 5_000, 60_000, 70_000][row % 5];
            let corner = [0; 2].map(|_: u32| random.random_range(2_300_000_000..2_300_900_000));
            let positions: Vec<World> =
                (0..random.random_range(3..40)).map(|_| corner.map(|at| at + random.random_range(0..=reach))).collect();
            let keep: Vec<u8> = (0..positions.len()).map(|at| if at == 0 { 0 } else { random.random_range(8..18) }).collect();
            let ends = if row % 7 == 0 { vec![3, positions.len() as u32] } else { vec![positions.len() as u32] };
            let kind = if row % 11 == 0 { Kind::Line } else { Kind::Area };
            let ready = if row % 13 == 0 { Ready::NEVER } else { Ready::ALWAYS };
            let extent = Extent::around(&positions);
            shapes.push(
                &Shape { kind, ready, extent, positions: &positions, keep: &keep, ends: &ends, from: 0, label: None, large: None },
                false,
            );
        }
        let shapes = shapes.finish();
        shapes.make_bodies();
        let mut made = 0;
        for (row, z) in (0..shapes.len()).flat_map(|row| (10..=17).map(move |z| (row, z))) {
            let [x, y] = [shapes.extent(row).west, shapes.extent(row).north].map(|at| at >> (32 - u32::from(z)));
            let grid = Grid::new(TileCoord::new(z, x + random.random_range(0..2), y - random.random_range(0..2)).unwrap(), 64);
            let is_seen = shapes.extent(row).side() >= grid.half_unit();
            let expected = shapes.plain(row).filter(|_| ZOOMS.contains(&z) && is_seen && shapes.ready(row).at(z)).map(|ring| {
                let frame = grid.frame(ring.corner).unwrap();
                let mut room = vec![0; room(&ring)];
                let length = write(&ring, frame, z, &mut room).0;
                (frame.at(ring.low[0]), room[..length].to_vec())
            });
            let got =
                shapes.made(row, z).map(|(first, corner, (body, length))| (grid.frame(corner).unwrap().at(first), body[..length].to_vec()));
            assert_eq!(got, expected, "{row} {z}");
            made += usize::from(got.is_some());
        }
        assert!(made > 3_000, "{made}");
    }

    #[test]
    fn each_row_has_its_own() {
        let body = |row: usize| vec![row as u8; row % 7 * (row % 3)];
        let mut bodies = Bodies::with_capacity(1_000);
        (0..1_000).for_each(|row| bodies.push(&body(row)));
        let bodies = bodies.finish();
        for row in 0..1_000 {
            let (bytes, length) = bodies.get(row);
            assert_eq!(bytes[..length], body(row), "{row}");
            assert!(bytes.len() >= length + super::SLACK);
        }
    }

    #[test]
    fn what_is_too_much_for_its_group_is_left_out() {
        let mut bodies = Bodies::default();
        (0..300).for_each(|_| bodies.push(&[7; 300]));
        let bodies = bodies.finish();
        let of = |row: usize| bodies.get(row).1;
        assert_eq!([of(0), of(217), of(218), of(255), of(256), of(299)], [300, 300, 0, 0, 300, 300]);
    }
}
