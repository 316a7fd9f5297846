use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::Bench;
use super::beside::{TILES, ours};
use super::tiles::peer::{Frame, SETTINGS, frames};
use crate::browsing::{Tile, session};
use crate::cpu::Clock;
use crate::measure::Sample;
use crate::psql::Session;
use crate::table::{Bar, Table};
use crate::wire::{PLAIN, Wire};

/// At most so many tiles of a zoom.
const EACH: usize = 15;
/// How long one tile is asked for again and again, seconds, for its processor time to be known well.
const LONG_ENOUGH: f64 = 0.03;
/// A tile where nothing is: what it costs is the request's, not the tile's.
const NOWHERE: &str = "/xyz/parcels/18/0/0";

/// The parcels in Web Mercator, as somebody has them who stores them for the map alone.
const STORED: &str = "create schema if not exists bench;
    create table if not exists bench.parcels_3857 as
        select fid, id, sheet, number, kind, land_use, area_m2, urban, updated_on, st_transform(geom, 3857) as geom
          from cadastre.parcels where valid_from <= now() and (valid_to is null or valid_to > now());
    create index if not exists parcels_3857_geom on bench.parcels_3857 using gist (geom);";

/// What a tile costs each, microseconds.
#[derive(Default)]
struct Costs {
    ours: Vec<f64>,
    native: Vec<f64>,
    stored: Vec<f64>,
}

impl Bench {
    /// The processor time of a tile at each zoom, beside that of a PostgreSQL backend for `ST_AsMVT`.
    pub(crate) fn zooms(&mut self, table: &mut Table) -> Result<()> {
        self.parcels_alone()?;
        for sql in [STORED, "vacuum (analyze) cadastre.parcels", "vacuum (analyze) bench.parcels_3857"] {
            self.psql().statement(sql)?;
        }
        let tiles = session(self.extent, TILES);
        let mut session = self.psql().session()?;
        let backend =
            session.rows("select pg_backend_pid()")?.first().and_then(|row| row.first()?.parse().ok()).context("no process of psql's")?;
        session.run(SETTINGS.trim_end().trim_end_matches(';'))?;
        session.run("\\o /dev/null\nselect 1")?;
        let mut database = Database { session, clock: Clock::of(vec![backend]) };
        let mut server = Server { wire: Wire::open(&self.server()?.url, PLAIN)?, clock: self.server()?.clock() };
        let request = (0..20).map(|_| server.cost(NOWHERE, 500)).collect::<Result<Vec<f64>>>()?;
        let request = Sample::from(request).median();
        let mut whole = Vec::new();
        for z in 10..=18 {
            table.breathe();
            let costs = self.zoom(z, &tiles, &mut server, &mut database)?;
            let (native, stored) = (Sample::from(costs.native), Sample::from(costs.stored));
            whole.push(format!("z{z} {:.0}", Sample::from(costs.ours.clone()).median()));
            let alone = || Sample::from(costs.ours.iter().map(|cost| (cost - request).max(0.1)).collect::<Vec<f64>>());
            table.judged(
                format!("processor time of a cold tile, z{z}, against ST_AsMVT"),
                "µs",
                alone(),
                Some(native),
                Bar::TimesLess(40.0, 60.0),
            );
            let figure = format!("processor time of a cold tile, z{z}, against ST_AsMVT of stored 3857");
            table.judged(figure, "µs", alone(), Some(stored), Bar::TimesLess(30.0, 45.0));
        }
        table.note(format!(
            "Processor time at each zoom: of {EACH} tiles of the session at most, the range is that between tiles. Ours is the server's for the \
             whole request, less the {request:.1} µs that a request takes where nothing is; with them, the medians are {} µs. The peer's \
             is that of the database's process, planning and sending the tile included.",
            whole.join(", ")
        ));
        Ok(())
    }

    fn zoom(&self, z: u8, tiles: &[Tile], server: &mut Server, database: &mut Database) -> Result<Costs> {
        let mut chosen = Vec::new();
        for tile in tiles.iter().filter(|tile| tile.z == z) {
            if chosen.len() < EACH && server.wire.get(&ours(*tile))? == 200 {
                chosen.push(*tile);
            }
        }
        ensure!(!chosen.is_empty(), "no tile of zoom {z} holds anything");
        let mut costs = Costs::default();
        for (tile, frame) in chosen.iter().zip(frames(self.psql(), &chosen)?) {
            let path = ours(*tile);
            let begun = Instant::now();
            server.wire.get(&path)?;
            costs.ours.push(server.cost(&path, often(begun, 1_000))?);
            for (sql, costs) in [(native(&frame), &mut costs.native), (stored(&frame, tile), &mut costs.stored)] {
                let begun = Instant::now();
                database.session.run(&sql)?;
                costs.push(database.cost(&sql, often(begun, 100))?);
            }
        }
        Ok(costs)
    }
}

/// How often to do again what was begun then and is done now.
fn often(begun: Instant, most: usize) -> usize {
    ((LONG_ENOUGH / begun.elapsed().as_secs_f64()) as usize).clamp(1, most)
}

struct Server {
    wire: Wire,
    clock: Clock,
}

impl Server {
    /// The processor time of a request, microseconds.
    fn cost(&mut self, path: &str, times: usize) -> Result<f64> {
        let begin = self.clock.read();
        for _ in 0..times {
            self.wire.get(path)?;
        }
        // what the server does once the answer has gone counts too
        std::thread::sleep(std::time::Duration::from_millis(1));
        Ok((self.clock.read() - begin) * 1e6 / times as f64)
    }
}

struct Database {
    session: Session,
    clock: Clock,
}

impl Database {
    /// The processor time of a statement, microseconds.
    fn cost(&mut self, sql: &str, times: usize) -> Result<f64> {
        let begin = self.clock.read();
        for _ in 0..times {
            self.session.run(sql)?;
        }
        Ok((self.clock.read() - begin) * 1e6 / times as f64)
    }
}

const COLUMNS: &str = "fid, id, sheet, number, kind, land_use, area_m2, urban, updated_on";

/// A tile of what is stored in the installation's system.
fn native(Frame { square, search, .. }: &Frame) -> String {
    format!(
        "copy (select st_asmvt(t, 'parcels', 4096, 'geom', 'fid') from (select {COLUMNS}, \
         st_asmvtgeom(st_transform(geom, 3857), {square}, 4096, 64, true) as geom from cadastre.parcels \
         where geom && {search} and valid_from <= now() and (valid_to is null or valid_to > now())) t) to stdout (format binary)"
    )
}

/// A tile of what is stored in Web Mercator.
fn stored(Frame { square, .. }: &Frame, tile: &Tile) -> String {
    format!(
        "copy (select st_asmvt(t, 'parcels', 4096, 'geom', 'fid') from (select {COLUMNS}, \
         st_asmvtgeom(geom, {square}, 4096, 64, true) as geom from bench.parcels_3857 \
         where geom && st_tileenvelope({}, {}, {}, margin => 0.015625)) t) to stdout (format binary)",
        tile.z, tile.x, tile.y
    )
}
