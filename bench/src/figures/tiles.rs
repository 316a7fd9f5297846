pub(super) mod peer;

use anyhow::{Result, ensure};

use super::Bench;
use crate::browsing::{Tile, place};
use crate::measure::{Sample, seconds};
use crate::seeded::Seeded;
use crate::table::Table;

/// The layers of the session.
const LAYERS: &str = "parcels,buildings,streets";
/// How many tiles of each zoom, before those are dropped that are empty.
const TILES: [(u8, usize); 7] = [(12, 4), (13, 8), (14, 20), (15, 36), (16, 52), (17, 60), (18, 60)];

/// The column and row of the tile that holds a position in degrees.
pub(crate) fn position(z: u8, lon: f64, lat: f64) -> (u32, u32) {
    let (x, y) = place(z, lon, lat);
    (x as u32, y as u32)
}

/// The address of a tile of these layers.
pub(crate) fn path(layers: &str, tile: &Tile) -> String {
    format!("/xyz/{layers}/{}/{}/{}", tile.z, tile.x, tile.y)
}

/// The tiles of a session: places in the town from a fixed seed.
pub(crate) fn session([west, south, east, north]: [f64; 4]) -> Vec<Tile> {
    let mut random = Seeded(200);
    let zooms = TILES.iter().flat_map(|(z, count)| std::iter::repeat_n(*z, *count));
    zooms
        .map(|z| {
            let (x, y) = position(z, random.between(west, east), random.between(south, north));
            Tile { z, x, y }
        })
        .collect()
}

impl Bench {
    /// A session of tiles over one connection, beside the same statements with literal bounds in one psql.
    pub(crate) fn tiles(&mut self, table: &mut Table) -> Result<()> {
        let client = self.client()?;
        let path = |t: &Tile| path(LAYERS, t);
        let (mut tiles, mut bytes, mut generalised, mut empty) = (Vec::new(), 0, 0, 0);
        for tile in session(self.extent) {
            let answer = client.get(&path(&tile))?;
            if answer.generalised {
                generalised += 1;
            } else if answer.status == 204 {
                empty += 1;
            } else {
                tiles.push(tile);
                bytes += answer.body.len();
            }
        }
        ensure!(!tiles.is_empty(), "no tile of the session holds anything");
        let peer = peer::Peer::prepare(self.psql(), &client, LAYERS, &tiles)?;
        let theirs = peer.bytes()?;
        peer.run()?;
        let (mut ours, mut psql) = (Sample::default(), Sample::default());
        for _ in 0..self.runs {
            table.breathe();
            ours.add(seconds(|| tiles.iter().try_for_each(|t| client.get(&path(t)).map(|_| ())))?);
            let start = seconds(|| self.psql().statement("select 1"))?;
            psql.add((seconds(|| peer.run())? - start).max(0.0));
        }
        let count = tiles.len();
        table.figure(format!("session of {count} tiles, beside ST_AsMVT in psql"), "s", ours, Some(psql), 0.2);
        table.note(format!(
            "Tiles: {LAYERS}, zoom 12 to 18, uncompressed; {bytes} bytes from us, {theirs} from psql. Of the list {empty} empty and \
             {generalised} generalised tiles are left out on both sides, since the peer would do other work for these."
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{position, session};

    #[test]
    fn tiles_of_known_places() {
        assert_eq!(position(0, 15.6, 38.0), (0, 0));
        assert_eq!(position(1, 15.6, 38.0), (1, 0));
        // Reggio Calabria, by the formula of the OpenStreetMap wiki "Slippy map tilenames"
        assert_eq!(position(14, 15.65, 38.11), (8904, 6313));
    }

    #[test]
    fn a_session_is_the_same_each_time() {
        let extent = [15.59, 37.98, 15.66, 38.04];
        assert_eq!(session(extent), session(extent));
        assert_eq!(session(extent).len(), 240);
    }
}
