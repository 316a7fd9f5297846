//! A tile seen from a storage system: where to search, and how large a unit of the tile is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crs::{Crs, CrsError, Settings, Transformer, Unit};
use kernel::layer::GeometryType;
use kernel::{Bbox, Srid, TileCoord};

/// Units along a side of a tile.
pub(crate) const EXTENT: u32 = 4096;
/// How far beyond its sides a tile reaches at least, units: lines and outlines meet in the neighbour's tile behind this.
pub(crate) const BUFFER: u32 = 64;
/// How far beyond its sides a tile has lines, metres on the ground: streets are drawn as wide as they are, up to 24 m, so that one
/// whose axis runs beside a tile still covers a part of it.
const BESIDE_LINES_M: f64 = 15.0;
/// How far at most, units: one tile less a unit on each side. MapLibre has 16 bits for a position in half units, which is just
/// enough for that. At 38° N the 15 m are 128 units at zoom 16, 1,022 at 19, 4,086 at 21; at 22 it is 7.5 m.
const MAX_BUFFER: u32 = EXTENT - 1;
/// How far beyond its area of use a system is still asked for positions, degrees.
const BEYOND_AREA_DEGREES: f64 = 20.0;
/// How much wider than computed a search box is, in parts of its size: between the points along its transformed sides
/// these bulge by less, also for a tile as large as Italy.
const BULGE: f64 = 0.01;

/// The ways from longitude and latitude to the storage systems that were needed so far.
#[derive(Debug, Default)]
pub(crate) struct Ways(Mutex<HashMap<Srid, Arc<Way>>>);

/// What must be known of a storage system.
#[derive(Debug)]
pub(crate) struct Way {
    storage: &'static Crs,
    transformer: Transformer,
}

/// A tile in the terms of a storage system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    /// The tile without its buffer, EPSG:3857.
    pub(crate) square: Bbox,
    /// Where its features are, the buffer's too, in the storage system.
    pub(crate) search: Bbox,
    /// A unit of the tile in the units of the storage system.
    pub(crate) unit: f64,
    /// How far beyond its sides the tile has its features, units.
    pub(crate) buffer: u32,
}

/// The buffer of a layer in a tile, units: wide enough for lines as they are drawn; [`BUFFER`] for points and areas.
pub(crate) fn buffer(tile: TileCoord, geometry: GeometryType) -> u32 {
    if !geometry.holds(1) {
        return BUFFER;
    }
    let square = tile.crs84(0.0);
    let unit_m = tile.side() / f64::from(EXTENT) * ((square.south() + square.north()) / 2.0).to_radians().cos();
    ((BESIDE_LINES_M / unit_m).ceil() as u32).clamp(BUFFER, MAX_BUFFER)
}

impl Ways {
    /// The way to a storage system. Refused for systems that PostGIS is not to be trusted with: outside the RDN2008,
    /// ETRS89 and WGS84 family its answer depends on its version.
    pub(crate) fn to(&self, storage: Srid) -> Result<Arc<Way>, CrsError> {
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(way) = ways.get(&storage) {
            return Ok(Arc::clone(way));
        }
        let crs = Crs::require(storage)?;
        if crs.in_postgis() != storage {
            return Err(CrsError::Unknown { name: storage.to_string() });
        }
        let transformer = Transformer::new(Srid::CRS84, storage, &Settings::default())?;
        let way = Arc::new(Way { storage: crs, transformer });
        ways.insert(storage, Arc::clone(&way));
        Ok(way)
    }
}

impl Way {
    /// The tile's frame with a buffer of so many units; `None` where the system has no positions, so that no feature can be there.
    pub(crate) fn frame(&self, tile: TileCoord, buffer: u32) -> Option<Frame> {
        let degrees = tile.crs84(f64::from(buffer) / f64::from(EXTENT));
        let area = self.storage.area().widened(BEYOND_AREA_DEGREES);
        let (west, east) = (degrees.west().max(area.west()), degrees.east().min(area.east()));
        let (south, north) = (degrees.south().max(area.south()).max(-89.9), degrees.north().min(area.north()).min(89.9));
        let search = self.transformer.transform_bbox(&Bbox::new(west, south, east, north).ok()?).ok()?;
        let search = search.widened(search.width().max(search.height()) * BULGE);
        let unit = match self.storage.unit() {
            Unit::Degree => 360.0 / f64::from(1u32 << tile.z()) / f64::from(EXTENT),
            Unit::Metre => tile.side() / f64::from(EXTENT) * ((south + north) / 2.0).to_radians().cos(),
        };
        Some(Frame { square: tile.web_mercator(0.0), search, unit, buffer })
    }
}

#[cfg(test)]
mod tests {
    use super::{BUFFER, Ways, buffer};
    use kernel::layer::GeometryType::{Geometry, LineString, MultiLineString, Point, Polygon};
    use kernel::{Srid, TileCoord};

    fn srid(code: i32) -> Srid {
        Srid::new(code).unwrap()
    }

    #[test]
    fn a_unit_on_the_ground() {
        let frame = Ways::default().to(srid(7792)).unwrap().frame(TileCoord::new(14, 8904, 6313).unwrap(), BUFFER).unwrap();
        // 40,075,017 m round the equator, 2^14 tiles, 4096 units, cosine of 38.2 degrees
        assert!((frame.unit - 0.469).abs() < 0.001, "{}", frame.unit);
        assert!(frame.search.width() > 1990.0 && frame.search.width() < 2200.0, "{:?}", frame.search);
    }

    /// The tiles lie round 15.65 E, 38.1 N.
    #[test]
    fn lines_have_fifteen_metres_beside_the_tile_as_far_as_a_map_can_hold_them() {
        let of = |z: u8, x, y| buffer(TileCoord::new(z, x, y).unwrap(), LineString);
        assert_eq!([of(0, 0, 0), of(14, 8904, 6313), of(15, 17808, 12626)], [64, 64, 64]);
        assert_eq!([of(16, 35616, 25255), of(18, 142467, 101020)], [128, 511]);
        assert_eq!([of(19, 284935, 202047), of(21, 1139743, 808191), of(22, 2279487, 1616383)], [1022, 4086, 4095]);
        let tile = TileCoord::new(19, 284935, 202047).unwrap();
        assert_eq!([MultiLineString, Geometry, Point, Polygon].map(|g| buffer(tile, g)), [1022, 1022, 64, 64]);
    }

    #[test]
    fn every_tile_has_a_box_or_nothing_in_it() {
        for code in [7791, 7792, 7794, 25832, 3857, 6706] {
            let way = Ways::default().to(srid(code)).unwrap();
            for z in 0..=22u8 {
                let last = (1u32 << z) - 1;
                for (x, y) in [(0, 0), (last, last), (last / 2, last / 2), (last, 0), (last / 2 + last / 24, last / 3)] {
                    if let Some(frame) = way.frame(TileCoord::new(z, x, y).unwrap(), BUFFER) {
                        assert!(frame.unit > 0.0 && frame.search.width().is_finite(), "{code} {z}/{x}/{y}");
                    }
                }
            }
            assert!(way.frame(TileCoord::new(0, 0, 0).unwrap(), BUFFER).is_some(), "the world holds every system");
        }
        assert!(Ways::default().to(srid(7792)).unwrap().frame(TileCoord::new(10, 0, 512).unwrap(), BUFFER).is_none());
    }

    #[test]
    fn a_system_that_postgis_moves_at_its_own_will_is_refused() {
        for code in [3003, 3004, 23033, 2154] {
            assert!(Ways::default().to(srid(code)).is_err(), "{code}");
        }
    }
}
