//! Which tiles lie over a rectangle, in the order in which an archive holds them.

use kernel::Bbox;
use pmtiles::{TileCoord, TileId};

/// Columns and rows of one zoom, first and last of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    z: u8,
    x: (u32, u32),
    y: (u32, u32),
}

impl Range {
    /// The tiles over a rectangle of CRS84, and `margin` tiles more on each side: what is drawn beside a feature's own tile.
    pub(super) fn over(bbox: Bbox, z: u8, margin: u32) -> Self {
        let last = (1u32 << z) - 1;
        let tiles = f64::from(1u32 << z);
        let cell = |share: f64| ((share * tiles).floor().max(0.0) as u32).min(last);
        let column = |lon: f64| cell((lon + 180.0) / 360.0);
        let row = |lat: f64| cell((1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0);
        let wider = |first: u32, end: u32| (first.saturating_sub(margin), end.saturating_add(margin).min(last));
        Self { z, x: wider(column(bbox.west()), column(bbox.east())), y: wider(row(bbox.north()), row(bbox.south())) }
    }

    /// How many tiles these are.
    pub(super) fn count(&self) -> u64 {
        u64::from(self.x.1 - self.x.0 + 1) * u64::from(self.y.1 - self.y.0 + 1)
    }

    /// The tiles, along the Hilbert curve by which PMTiles numbers them: written so, neighbours on the map are neighbours in the file.
    pub(super) fn tiles(&self) -> Vec<TileCoord> {
        let rows = || self.y.0..=self.y.1;
        let all = (self.x.0..=self.x.1).flat_map(|x| rows().map(move |y| (x, y)));
        let mut tiles: Vec<TileCoord> = all.filter_map(|(x, y)| TileCoord::new(self.z, x, y).ok()).collect();
        tiles.sort_by_cached_key(|tile| TileId::from(*tile).value());
        tiles
    }
}

#[cfg(test)]
mod tests {
    use super::Range;
    use kernel::Bbox;

    #[test]
    fn a_rectangle_is_covered_and_no_more() {
        // 15.65 E, 38.1 N lies in 14/8904/6313
        let town = Bbox::new(15.65, 38.1, 15.65, 38.1).unwrap();
        assert_eq!(Range::over(town, 14, 0), Range { z: 14, x: (8904, 8904), y: (6313, 6313) });
        assert_eq!(Range::over(town, 14, 1).count(), 9);
        let world = Bbox::new(-180.0, -90.0, 180.0, 90.0).unwrap();
        assert_eq!((Range::over(world, 0, 1).count(), Range::over(world, 3, 1).count()), (1, 64));
        assert_eq!(Range::over(world, 1, 0).tiles().len(), 4);
    }

    #[test]
    fn tiles_come_in_the_order_of_their_numbers() {
        let tiles = Range::over(Bbox::new(15.0, 38.0, 16.0, 39.0).unwrap(), 10, 0).tiles();
        let numbers: Vec<u64> = tiles.iter().map(|tile| pmtiles::TileId::from(*tile).value()).collect();
        assert!(numbers.len() > 9 && numbers.is_sorted());
    }
}
