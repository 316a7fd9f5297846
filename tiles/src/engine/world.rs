//! Positions in world units: the square of Web Mercator as 2^32 by 2^32, x eastwards and y southwards. One is 7 mm on the ground
//! in Calabria, and the way to a tile's units is an addition and a shift.

use kernel::{Bbox, TileCoord};

use super::clip::Square;
use super::projection::{HALF_WORLD_M, in_world};
use crate::frame::EXTENT;

/// A position in world units, x before y.
pub(crate) type World = [u32; 2];

/// A position of Web Mercator, metres, in world units.
pub(crate) fn at_mercator(position: [f64; 2]) -> World {
    in_world(position).map(|along| along.round().clamp(0.0, f64::from(u32::MAX)) as u32)
}

/// Longitude and latitude of a position, degrees.
pub(crate) fn degrees([x, y]: World) -> [f64; 2] {
    let along = |unit: u32| f64::from(unit) / 4_294_967_296.0;
    let latitude = ((0.5 - along(y)) * std::f64::consts::TAU).sinh().atan();
    [along(x) * 360.0 - 180.0, latitude.to_degrees()]
}

/// A rectangle in world units, all sides included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) west: u32,
    pub(crate) north: u32,
    pub(crate) east: u32,
    pub(crate) south: u32,
}

impl Extent {
    /// Round nothing: any position widens it.
    pub(crate) const NOTHING: Self = Self { west: u32::MAX, north: u32::MAX, east: 0, south: 0 };

    /// A rectangle in degrees (CRS84), as far as the square of Web Mercator reaches.
    pub(crate) fn of_degrees(bbox: &Bbox) -> Self {
        let metres = |lon: f64, lat: f64| {
            let latitude = lat.clamp(-85.06, 85.06).to_radians();
            let north = (latitude.tan() + 1.0 / latitude.cos()).ln() / std::f64::consts::PI;
            at_mercator([lon / 180.0 * HALF_WORLD_M, north * HALF_WORLD_M])
        };
        let ([west, south], [east, north]) = (metres(bbox.west(), bbox.south()), metres(bbox.east(), bbox.north()));
        Self { west, north, east, south }
    }

    pub(crate) fn around(positions: &[World]) -> Self {
        let mut all = Self::NOTHING;
        for [x, y] in positions {
            all.west = all.west.min(*x);
            all.east = all.east.max(*x);
            all.north = all.north.min(*y);
            all.south = all.south.max(*y);
        }
        all
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            west: self.west.min(other.west),
            north: self.north.min(other.north),
            east: self.east.max(other.east),
            south: self.south.max(other.south),
        }
    }

    pub(crate) fn meets(&self, other: &Self) -> bool {
        self.west <= other.east && other.west <= self.east && self.north <= other.south && other.north <= self.south
    }

    /// Whether the other lies in it.
    pub(crate) fn holds(&self, other: &Self) -> bool {
        self.west <= other.west && other.east <= self.east && self.north <= other.north && other.south <= self.south
    }

    pub(crate) fn centre(&self) -> World {
        let middle = |a: u32, b: u32| (u64::from(a) + u64::from(b)).div_euclid(2) as u32;
        [middle(self.west, self.east), middle(self.north, self.south)]
    }

    /// The longer side.
    pub(crate) fn side(&self) -> u32 {
        self.east.saturating_sub(self.west).max(self.south.saturating_sub(self.north))
    }
}

/// A tile in world units, with its buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    pub(crate) z: u8,
    west: i64,
    north: i64,
    /// How many bits a world unit has more than a tile unit; negative from zoom 21.
    shift: i8,
    /// How far the tile reaches beyond its sides, tile units.
    pub(crate) buffer: i64,
    /// The tile with its buffer.
    extent: Extent,
}

impl Grid {
    pub(crate) fn new(tile: TileCoord, buffer: u32) -> Self {
        let bits = 32 - u32::from(tile.z());
        let mut grid = Self {
            z: tile.z(),
            west: i64::from(tile.x()) << bits,
            north: i64::from(tile.y()) << bits,
            shift: 20 - tile.z() as i8,
            buffer: i64::from(buffer),
            extent: Extent::NOTHING,
        };
        grid.extent = grid.around(Square { from: -grid.buffer, to: i64::from(EXTENT) + grid.buffer });
        grid
    }

    /// That of the tile that a position lies in, without a buffer.
    pub(crate) fn around_position(z: u8, [x, y]: World) -> Option<Self> {
        let column = |along: u32| along.checked_shr(32 - u32::from(z)).unwrap_or(0);
        TileCoord::new(z, column(x), column(y)).ok().map(|tile| Self::new(tile, 0))
    }

    /// A position in the tile's units, from its north-west corner.
    pub(crate) fn quantise(&self, position: World) -> [i64; 2] {
        self.offset(position).map(|along| self.units(along))
    }

    /// The unit that a position lies in, from the tile's north-west corner.
    pub(crate) fn floor(&self, position: World) -> [i64; 2] {
        self.offset(position).map(|along| if self.shift > 0 { along >> self.shift } else { along << -self.shift })
    }

    /// The way from two bytes a coordinate, counted from a corner that lies in the tile or its buffer, to the tile's units. `None`: these
    /// bytes are too few for the zoom, or a unit is smaller than a world unit.
    pub(crate) fn frame(&self, corner: World) -> Option<Frame> {
        let shift = u32::try_from(self.shift).ok().filter(|shift| *shift < 16 && self.buffer < i64::from(EXTENT) / 2)?;
        let half = (1 << shift) >> 1;
        let from = |along: i64| i32::try_from(along + half).ok().filter(|along| along.abs() < 1 << 30);
        let [x, y] = self.offset(corner);
        Some(Frame { from: [from(x)?, from(y)?], shift })
    }

    /// A position in world units from the tile's north-west corner.
    pub(crate) fn offset(&self, [x, y]: World) -> [i64; 2] {
        [i64::from(x) - self.west, i64::from(y) - self.north]
    }

    /// A square of tile units in world units.
    pub(crate) fn in_world(&self, Square { from, to }: Square) -> Square {
        Square { from: self.world(from), to: self.world(to) }
    }

    pub(crate) fn units(&self, world: i64) -> i64 {
        match self.shift {
            s if s > 0 => (world + (1 << (s - 1))) >> s,
            s => world << -s,
        }
    }

    /// As many world units.
    fn world(&self, units: i64) -> i64 {
        if self.shift >= 0 { units << self.shift } else { units.div_euclid(1 << -self.shift) }
    }

    /// How many bits of a position are those within a cell of so many units, a power of two.
    pub(crate) fn bits(&self, units: u32) -> u32 {
        (units.trailing_zeros() as i32 + i32::from(self.shift)).clamp(0, 32) as u32
    }

    /// Half a tile unit in world units: what is smaller is not there. Nothing is from zoom 20 on.
    pub(crate) fn half_unit(&self) -> u32 {
        if self.shift > 0 { 1 << (self.shift - 1) } else { 0 }
    }

    /// The tile with its buffer; what lies in it is whole in the tile.
    pub(crate) fn extent(&self) -> Extent {
        self.extent
    }

    /// A square of tile units in the world.
    pub(crate) fn around(&self, square: Square) -> Extent {
        let Square { from, to } = self.in_world(square);
        let unit = |at: i64| at.clamp(0, i64::from(u32::MAX)) as u32;
        Extent { west: unit(self.west + from), north: unit(self.north + from), east: unit(self.west + to), south: unit(self.north + to) }
    }

    /// Whether a position lies in the tile itself, of its sides on the northern or western.
    pub(crate) fn owns(&self, [x, y]: World) -> bool {
        let side = 1i64 << (32 - u32::from(self.z));
        let within = |at: u32, from: i64| (from..from + side).contains(&i64::from(at));
        within(x, self.west) && within(y, self.north)
    }

    /// Whether a box reaches beyond each side of the tile with its buffer: the western, the eastern, the northern, the southern.
    pub(crate) fn beside(&self, extent: &Extent) -> [bool; 4] {
        let own = self.extent;
        [extent.west < own.west, extent.east > own.east, extent.north < own.north, extent.south > own.south]
    }

    /// Whether it has no need to be clipped.
    pub(crate) fn holds(&self, extent: &Extent) -> bool {
        self.beside(extent) == [false; 4]
    }
}

/// Where positions near a corner come to lie in a tile.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    from: [i32; 2],
    shift: u32,
}

impl Frame {
    #[inline(always)]
    pub(crate) fn at(self, [x, y]: [u16; 2]) -> [i32; 2] {
        [(self.from[0] + i32::from(x)) >> self.shift, (self.from[1] + i32::from(y)) >> self.shift]
    }
}

#[cfg(test)]
mod tests {
    use super::{Extent, Grid};
    use kernel::TileCoord;

    #[test]
    fn degrees_and_back() {
        for (lon, lat) in [(15.646, 38.104), (-180.0, 0.0), (-122.05, -37.36), (0.0, 84.9)] {
            let extent = Extent::of_degrees(&kernel::Bbox::new(lon, lat, lon, lat).unwrap());
            let [x, y] = super::degrees([extent.west, extent.north]);
            assert!((x - lon).abs() < 1e-7 && (y - lat).abs() < 1e-7, "{lon} {lat}: {x} {y}");
        }
        let all = Extent::of_degrees(&kernel::Bbox::new(-180.0, -90.0, 180.0, 90.0).unwrap());
        assert_eq!(all, Extent { west: 0, north: 0, east: u32::MAX, south: u32::MAX });
    }

    #[test]
    fn positions_are_rounded_to_units_at_every_zoom() {
        let at = [2_334_000_001, 1_655_000_003];
        for z in 0..=22u8 {
            let (x, y) = (at[0] >> (32 - z.max(1)), at[1] >> (32 - z.max(1)));
            let tile = if z == 0 { TileCoord::new(0, 0, 0) } else { TileCoord::new(z, x, y) }.unwrap();
            let grid = Grid::new(tile, 64);
            let side = 2f64.powi(32 - i32::from(z));
            let expected =
                [(f64::from(at[0]) / side - f64::from(tile.x())) * 4096.0, (f64::from(at[1]) / side - f64::from(tile.y())) * 4096.0];
            let got = grid.quantise(at);
            assert!((got[0] as f64 - expected[0]).abs() <= 0.5 && (got[1] as f64 - expected[1]).abs() <= 0.5, "{z}: {got:?} {expected:?}");
            assert!(grid.extent().meets(&Extent { west: at[0], east: at[0], north: at[1], south: at[1] }));
        }
    }

    #[test]
    fn the_worlds_edges_do_not_overflow() {
        let world = Grid::new(TileCoord::new(0, 0, 0).unwrap(), 64);
        assert_eq!(world.extent(), Extent { west: 0, north: 0, east: u32::MAX, south: u32::MAX });
        assert_eq!(world.quantise([u32::MAX, 0]), [4096, 0]);
        let last = (1 << 22) - 1;
        let corner = Grid::new(TileCoord::new(22, last, last).unwrap(), 4095);
        assert_eq!(corner.extent().east, u32::MAX);
    }
}
