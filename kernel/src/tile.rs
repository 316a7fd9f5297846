use std::f64::consts::PI;

use thiserror::Error;

use crate::Bbox;

/// Half the side of the Web Mercator square, metres: π times the radius of the sphere.
const HALF_WORLD: f64 = 20_037_508.342_789_244;

/// A tile of the Web Mercator grid in XYZ order: `y` grows southwards (OGC's WebMercatorQuad with its row and column).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TileCoord {
    z: u8,
    x: u32,
    y: u32,
}

/// Why three numbers are no tile.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TileCoordError {
    /// The zoom is no integer from 0 to [`TileCoord::MAX_ZOOM`].
    #[error("zoom `{0}` is not an integer from 0 to {max}", max = TileCoord::MAX_ZOOM)]
    Zoom(String),
    /// The column or row is no integer.
    #[error("`{0}` is not a tile number")]
    Number(String),
    /// The column or row lies outside the grid of its zoom.
    #[error("at zoom {z} tile numbers go from 0 to {max}")]
    OutsideGrid {
        /// The zoom.
        z: u8,
        /// The greatest number at that zoom.
        max: u32,
    },
}

impl TileCoord {
    /// The greatest zoom served: 2.4 cm on the ground for a tile unit of 4096 at the latitude of the Strait.
    pub const MAX_ZOOM: u8 = 22;

    /// A tile of the grid.
    pub fn new(z: u8, x: u32, y: u32) -> Result<Self, TileCoordError> {
        if z > Self::MAX_ZOOM {
            return Err(TileCoordError::Zoom(z.to_string()));
        }
        let max = (1u32 << z) - 1;
        if x > max || y > max {
            return Err(TileCoordError::OutsideGrid { z, max });
        }
        Ok(Self { z, x, y })
    }

    /// Reads the three segments of a path.
    pub fn parse(z: &str, x: &str, y: &str) -> Result<Self, TileCoordError> {
        let zoom = z.parse().map_err(|_| TileCoordError::Zoom(z.chars().take(20).collect()))?;
        if zoom > Self::MAX_ZOOM {
            return Err(TileCoordError::Zoom(z.chars().take(20).collect()));
        }
        let outside = TileCoordError::OutsideGrid { z: zoom, max: (1u32 << zoom) - 1 };
        let number = |text: &str| match text.parse::<i128>() {
            Ok(n) => u32::try_from(n).map_err(|_| outside.clone()),
            Err(_) => Err(TileCoordError::Number(text.chars().take(20).collect())),
        };
        Self::new(zoom, number(x)?, number(y)?)
    }

    /// The zoom.
    pub fn z(&self) -> u8 {
        self.z
    }
    /// The column, from the west.
    pub fn x(&self) -> u32 {
        self.x
    }
    /// The row, from the north.
    pub fn y(&self) -> u32 {
        self.y
    }

    /// The side of a tile of this zoom, in Web Mercator metres.
    pub fn side(&self) -> f64 {
        2.0 * HALF_WORLD / f64::from(1u32 << self.z)
    }

    /// The tile's square in EPSG:3857, metres, widened by `margin` (0.0 to 1.0) of its side on each side.
    pub fn web_mercator(&self, margin: f64) -> Bbox {
        let side = self.side();
        let west = -HALF_WORLD + side * f64::from(self.x);
        let north = HALF_WORLD - side * f64::from(self.y);
        // the sides of a tile are finite and in order
        Bbox::around([(west, north - side), (west + side, north)])
            .unwrap_or_else(|| unreachable!("a tile has four finite sides"))
            .widened(side * margin)
    }

    /// The tile's square, widened as [`Self::web_mercator`], in longitude and latitude (CRS84), kept on the globe.
    pub fn crs84(&self, margin: f64) -> Bbox {
        let square = self.web_mercator(margin);
        let longitude = |x: f64| (x / HALF_WORLD * 180.0).clamp(-180.0, 180.0);
        let latitude = |y: f64| ((y / HALF_WORLD * PI).exp().atan() * 2.0 - PI / 2.0).to_degrees();
        Bbox::around([(longitude(square.west()), latitude(square.south())), (longitude(square.east()), latitude(square.north()))])
            .unwrap_or_else(|| unreachable!("a tile has four finite sides"))
    }
}

#[cfg(test)]
mod tests {
    use super::{TileCoord, TileCoordError};

    #[test]
    fn the_world_is_one_tile() {
        let world = TileCoord::new(0, 0, 0).unwrap();
        let b = world.crs84(0.0);
        assert!((b.west() + 180.0).abs() < 1e-9 && (b.north() - 85.051_128_78).abs() < 1e-7);
    }

    #[test]
    fn a_tile_of_the_strait() {
        // 38.1 N, 15.65 E at zoom 14: column and row by the formula of the OGC Two Dimensional Tile Matrix Set
        let b = TileCoord::new(14, 8904, 6313).unwrap().crs84(0.0);
        assert!(b.west() < 15.65 && 15.65 < b.east(), "{b:?}");
        assert!(b.south() < 38.1 && 38.1 < b.north(), "{b:?}");
    }

    #[test]
    fn numbers_outside_the_grid_differ_from_what_is_no_number() {
        assert!(matches!(TileCoord::parse("2", "4", "0"), Err(TileCoordError::OutsideGrid { z: 2, max: 3 })));
        assert!(matches!(TileCoord::parse("2", "-1", "0"), Err(TileCoordError::OutsideGrid { .. })));
        assert!(matches!(TileCoord::parse("2", "99999999999999", "0"), Err(TileCoordError::OutsideGrid { .. })));
        assert!(matches!(TileCoord::parse("31", "0", "0"), Err(TileCoordError::Zoom(_))));
        assert!(matches!(TileCoord::parse("2", "..%2f", "0"), Err(TileCoordError::Number(_))));
    }
}
