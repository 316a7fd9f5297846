//! Up to which zoom a run has more rows in a tile than one can show.

use kernel::TileCoord;

use super::run::Run;
use super::world::Grid;
use crate::frame::buffer;

/// As many tiles are looked at, at most: more of them are crowded only where so many areas lie one over another that there is no end of it.
const MAX_LOOKED_AT: usize = 4_096;

/// The highest zoom, `last` at most, at which more than so many rows lie in one tile or beside it where it reaches beyond its sides.
pub(super) fn to(run: &Run, most: usize, last: u8) -> Option<u8> {
    let mut search = Search { run, most, last, found: Vec::new(), looked_at: 0, deepest: None };
    if let Ok(world) = TileCoord::new(0, 0, 0) {
        search.look(world);
    }
    search.deepest
}

struct Search<'a> {
    run: &'a Run,
    most: usize,
    last: u8,
    found: Vec<u32>,
    looked_at: usize,
    deepest: Option<u8>,
}

impl Search<'_> {
    /// A tile has all that the four have which it is divided into, and more beside it: these are crowded only if it is.
    fn look(&mut self, tile: TileCoord) {
        if self.deepest == Some(self.last) || self.looked_at == MAX_LOOKED_AT {
            return;
        }
        self.looked_at += 1;
        let extent = Grid::new(tile, buffer(tile, self.run.plan.layer.geometry)).extent();
        self.found.clear();
        self.run.search_some(&extent, self.most, &mut self.found);
        if self.found.len() <= self.most {
            return;
        }
        self.deepest = self.deepest.max(Some(tile.z()));
        if tile.z() < self.last {
            let four = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(x, y)| TileCoord::new(tile.z() + 1, tile.x() * 2 + x, tile.y() * 2 + y));
            four.into_iter().flatten().for_each(|tile| self.look(tile));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kernel::{Srid, TileCoord};
    use rand::{Rng, SeedableRng};
    use serde_json::json;

    use super::to;
    use crate::engine::builder::{Builder, Row};
    use crate::engine::plan::Plan;
    use crate::engine::projection::Projection;
    use crate::engine::run::Run;
    use crate::engine::world::Grid;
    use crate::frame::buffer;

    /// Squares within two kilometres, most of them about some places.
    fn run(plan: &Arc<Plan>, count: i64, random: &mut rand::rngs::StdRng) -> Run {
        let mut projection = Projection::from(Srid::RDN2008_UTM33).unwrap();
        let mut builder = Builder::new(Arc::clone(plan));
        let places: Vec<(f64, f64)> = (0..6).map(|_| (random.random_range(0.0..2_000.0), random.random_range(0.0..2_000.0))).collect();
        for fid in 1..=count {
            let (x, y) = places[random.random_range(0..places.len())];
            let (x, y) = (556_000.0 + x + random.random_range(-150.0..150.0), 4_217_000.0 + y + random.random_range(-150.0..150.0));
            let side = if random.random_bool(0.1) { 200.0 } else { random.random_range(1.0..30.0) };
            let ring = vec![[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]];
            let geometry = catalogue::ewkb::polygon(&[ring], Srid::RDN2008_UTM33);
            let id = fid.to_string();
            let row =
                Row { fid, id: &id, geometry: Some(&geometry), valid_from: None, valid_to: None, columns: vec![(Some("080901"), false)] };
            builder.push(&mut projection, &row).unwrap();
        }
        builder.finish()
    }

    /// The same from every tile that a row is in or beside.
    fn of_every_tile(run: &Run, most: usize, last: u8) -> Option<u8> {
        let is_crowded = |z: u8| {
            let sides = |row: usize| {
                let extent = run.extent(row);
                let tile = |at: u32| (u64::from(at) >> (32 - u32::from(z))) as u32;
                (tile(extent.west)..=tile(extent.east)).flat_map(move |x| (tile(extent.north)..=tile(extent.south)).map(move |y| (x, y)))
            };
            let mut tiles: Vec<(u32, u32)> = (0..run.len()).flat_map(sides).collect();
            tiles.sort_unstable();
            tiles.dedup();
            tiles.into_iter().any(|(x, y)| {
                let tile = TileCoord::new(z, x, y).unwrap();
                let mut found = Vec::new();
                run.search(&Grid::new(tile, buffer(tile, run.plan.layer.geometry)).extent(), &mut found);
                found.len() > most
            })
        };
        (0..=last).rev().find(|z| is_crowded(*z))
    }

    #[test]
    fn it_is_the_last_zoom_with_a_tile_that_has_more() {
        let layer = serde_json::from_value(json!({
            "id": "parcels", "module": "cadastre", "title": {"it": "p", "en": "p"}, "table": "cadastre.parcels", "geometry": "Polygon",
            "srid": 7792, "fields": []
        }));
        let plan = Arc::new(Plan::new(Arc::new(layer.unwrap())));
        let mut random = rand::rngs::StdRng::seed_from_u64(7);
        for _ in 0..12 {
            let run = run(&plan, 600, &mut random);
            for most in [20, 50, 90, 150, 300, 599, 600] {
                assert_eq!(to(&run, most, 16), of_every_tile(&run, most, 16), "{most}");
            }
            assert_eq!((to(&run, 100, 9), to(&run, 600, 16)), (Some(9), None));
        }
    }

    #[test]
    fn areas_without_end_over_one_another_end_the_search() {
        let layer = serde_json::from_value(json!({
            "id": "zones", "module": "m", "title": {"it": "z", "en": "z"}, "table": "m.zones", "geometry": "Polygon", "srid": 7792, "fields": []
        }));
        let plan = Arc::new(Plan::new(Arc::new(layer.unwrap())));
        let mut projection = Projection::from(Srid::RDN2008_UTM33).unwrap();
        let mut builder = Builder::new(Arc::clone(&plan));
        for fid in 1..=40 {
            let (west, east) = (556_000.0 - fid as f64, 566_000.0 + fid as f64);
            let ring = vec![[west, 4_217_000.0], [east, 4_217_000.0], [east, 4_227_000.0], [west, 4_227_000.0], [west, 4_217_000.0]];
            let geometry = catalogue::ewkb::polygon(&[ring], Srid::RDN2008_UTM33);
            let id = fid.to_string();
            let row =
                Row { fid, id: &id, geometry: Some(&geometry), valid_from: None, valid_to: None, columns: vec![(Some("080901"), false)] };
            builder.push(&mut projection, &row).unwrap();
        }
        assert_eq!(to(&builder.finish(), 39, 22), Some(22));
    }
}
