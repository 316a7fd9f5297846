//! What somebody who looks round a map asks for: the tiles that come into view, each once.

use std::collections::HashSet;
use std::f64::consts::PI;

use crate::seeded::Seeded;

/// A tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Tile {
    pub(crate) z: u8,
    pub(crate) x: u32,
    pub(crate) y: u32,
}

/// A position in degrees as columns and rows of tiles, with fractions.
pub(crate) fn place(z: u8, lon: f64, lat: f64) -> (f64, f64) {
    let tiles = f64::from(1u32 << z);
    let lat = lat.to_radians();
    let y = (1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / PI) / 2.0;
    ((lon + 180.0) / 360.0 * tiles, y * tiles)
}

/// Every tile of a zoom that a rectangle (west, south, east, north) meets.
pub(crate) fn covering(z: u8, [west, south, east, north]: [f64; 4]) -> Vec<Tile> {
    let ((x0, y0), (x1, y1)) = (place(z, west, north), place(z, east, south));
    (y0 as u32..=y1 as u32).flat_map(|y| (x0 as u32..=x1 as u32).map(move |x| Tile { z, x, y })).collect()
}

/// A window of 1280 by 800 pixels, in tiles of 512.
const WINDOW: [f64; 2] = [2.5, 1.5625];
/// The zooms that are looked at.
const ZOOMS: (u8, u8) = (10, 18);
/// How many moves somebody makes before the next one comes.
const MOVES: usize = 24;

/// The first so many tiles that people ask for who come one after the other, look at a place of the rectangle from above, go nearer, move
/// about, go back, and search for another place. Nobody asks again for what anybody has asked for: each tile is cold.
pub(crate) fn session(extent: [f64; 4], count: usize) -> Vec<Tile> {
    let [west, south, east, north] = extent;
    let mut random = Seeded(1908);
    let (mut asked, mut known) = (Vec::new(), HashSet::new());
    // a rectangle that has fewer tiles ends it too
    for _ in 0..count {
        let somewhere = |random: &mut Seeded| (random.between(west, east), random.between(south, north));
        let (mut at, mut z) = (somewhere(&mut random), 10 + random.below(4) as u8);
        for _ in 0..MOVES {
            for tile in view(z, at) {
                if known.insert(tile) {
                    asked.push(tile);
                }
            }
            let degrees = 360.0 / f64::from(1u32 << z);
            match random.below(20) {
                0..9 => {
                    at.0 = (at.0 + random.between(-1.0, 1.0) * WINDOW[0] * degrees).clamp(west, east);
                    at.1 = (at.1 + random.between(-1.0, 1.0) * WINDOW[1] * degrees * 0.79).clamp(south, north);
                }
                9..16 => z = (z + 1).min(ZOOMS.1),
                16..19 => z = (z - 1).max(ZOOMS.0),
                _ => (at, z) = (somewhere(&mut random), 16),
            }
        }
        if asked.len() >= count {
            break;
        }
    }
    asked.truncate(count);
    asked
}

/// The tiles in a window with a place in its middle.
fn view(z: u8, (lon, lat): (f64, f64)) -> impl Iterator<Item = Tile> {
    let (x, y) = place(z, lon, lat);
    let most = f64::from((1u32 << z) - 1);
    let from = |at: f64, size: f64| (at - size / 2.0).clamp(0.0, most) as u32;
    let to = |at: f64, size: f64| (at + size / 2.0).clamp(0.0, most) as u32;
    let (x0, x1) = (from(x, WINDOW[0]), to(x, WINDOW[0]));
    (from(y, WINDOW[1])..=to(y, WINDOW[1])).flat_map(move |y| (x0..=x1).map(move |x| Tile { z, x, y }))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{Tile, covering, session, view};

    const CITY: [f64; 4] = [15.59, 37.98, 15.80, 38.22];

    #[test]
    fn a_session_is_the_same_each_time_and_asks_for_nothing_twice() {
        let tiles = session(CITY, 2_000);
        assert_eq!(tiles, session(CITY, 2_000));
        assert_eq!(tiles.len(), 2_000);
        assert_eq!(tiles.iter().collect::<HashSet<_>>().len(), 2_000);
        for z in 10..=18 {
            assert!(tiles.iter().any(|t| t.z == z), "nobody looks at zoom {z}");
        }
    }

    #[test]
    fn a_small_place_has_fewer() {
        assert!(session([15.6, 38.0, 15.6001, 38.0001], 2_000).len() < 2_000);
    }

    #[test]
    fn what_a_window_shows_and_what_a_rectangle_meets() {
        // Reggio Calabria in its tile (8904, 6313) of zoom 14
        let tiles: Vec<Tile> = view(14, (15.65, 38.11)).collect();
        assert!(tiles.contains(&Tile { z: 14, x: 8904, y: 6313 }) && (6..=12).contains(&tiles.len()), "{tiles:?}");
        assert_eq!(covering(14, [15.65, 38.11, 15.65, 38.11]), [Tile { z: 14, x: 8904, y: 6313 }]);
        assert_eq!(covering(1, [-10.0, -10.0, 10.0, 10.0]).len(), 4);
    }
}
