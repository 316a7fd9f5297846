use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{Bench, WARM};
use crate::browsing::{Tile, session};
use crate::cpu::Clock;
use crate::martin::Martin;
use crate::measure::Sample;
use crate::table::{Bar, Table};
use crate::wire::{BROWSER, PLAIN, Wire};

/// How many tiles a session has.
pub(super) const TILES: usize = 2_000;
/// Over so many connections throughput is measured.
const CONNECTIONS: usize = 8;
/// How long throughput is measured at least, seconds.
const LONG_ENOUGH: f64 = 2.0;
/// What the peer may keep where its cache is to be warm, megabytes: more than it needs.
const CACHE_MB: u32 = 2_000;

/// A tile of ours.
pub(super) fn ours(tile: Tile) -> String {
    format!("/xyz/parcels/{}/{}/{}", tile.z, tile.x, tile.y)
}

/// The same tiles of both.
struct Paths {
    ours: Vec<String>,
    theirs: Vec<String>,
}

impl Paths {
    fn of(tiles: &[Tile], which: impl Fn(&Tile) -> bool) -> Self {
        let chosen: Vec<Tile> = tiles.iter().copied().filter(|tile| which(tile)).collect();
        Self { ours: chosen.iter().map(|t| ours(*t)).collect(), theirs: chosen.iter().map(|t| Martin::path(*t)).collect() }
    }
}

/// What one pass through a session took.
struct Walk {
    /// Seconds.
    total: f64,
    /// Milliseconds, a value a tile.
    each: Sample,
    bytes: usize,
    /// Seconds of processor time of whoever serves.
    processor: f64,
}

/// Each tile once, one after the other over one connection.
fn walk(url: &str, accept: &str, paths: &[String], clock: &mut Clock) -> Result<Walk> {
    let mut wire = Wire::open(url, accept)?;
    let (mut each, mut bytes) = (Vec::with_capacity(paths.len()), 0);
    let processor = clock.read();
    let start = Instant::now();
    for path in paths {
        let begun = Instant::now();
        wire.get(path)?;
        each.push(begun.elapsed().as_secs_f64() * 1000.0);
        bytes += wire.body.len();
    }
    let total = start.elapsed().as_secs_f64();
    Ok(Walk { total, each: each.into(), bytes, processor: clock.read() - processor })
}

/// Requests a second when so many connections ask for the tiles, each for the next one that nobody has asked for, so many times over; and
/// the processor time of a request, microseconds.
fn throughput(url: &str, accept: &str, paths: &[String], times: usize, clock: &mut Clock) -> Result<(f64, f64)> {
    let (next, end) = (AtomicUsize::new(0), paths.len() * times);
    let wires = (0..CONNECTIONS).map(|_| Wire::open(url, accept)).collect::<Result<Vec<_>>>()?;
    let processor = clock.read();
    let start = Instant::now();
    std::thread::scope(|scope| {
        let ask = |mut wire: Wire| -> Result<()> {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= end {
                    return Ok(());
                }
                wire.get(&paths[at % paths.len()])?;
            }
        };
        let all: Vec<_> = wires.into_iter().map(|wire| scope.spawn(move || ask(wire))).collect();
        all.into_iter().try_for_each(|one| one.join().map_err(|_| anyhow::anyhow!("a client panicked"))?)
    })?;
    let took = start.elapsed().as_secs_f64();
    Ok((end as f64 / took, (clock.read() - processor) * 1e6 / end as f64))
}

/// Two sides of one figure.
#[derive(Default)]
struct Sides {
    ours: Sample,
    theirs: Sample,
}

impl Sides {
    fn add(&mut self, ours: f64, theirs: f64) {
        self.ours.add(ours);
        self.theirs.add(theirs);
    }

    fn into(self, table: &mut Table, figure: impl Into<String>, unit: &'static str, bar: Bar) {
        table.judged(figure, unit, self.ours, Some(self.theirs), bar);
    }
}

impl Bench {
    /// The city's parcels as tiles, beside martin on the same database: cold, compressed, and with its cache warm.
    pub(crate) fn beside_martin(&mut self, table: &mut Table) -> Result<()> {
        let program = match &self.martin {
            Ok(program) => program.clone(),
            Err(why) => {
                table.note(why);
                return Ok(());
            }
        };
        self.parcels_alone()?;
        self.psql().statement("vacuum (analyze) cadastre.parcels")?;
        let tiles = session(self.extent, TILES);
        ensure!(tiles.len() == TILES, "the town is too small for a session of {TILES} tiles");
        let cold = Martin::start(&program, self.psql(), self.extent, 0)?;
        self.cold(table, &tiles, &cold)?;
        drop(cold);
        let warm = Martin::start(&program, self.psql(), self.extent, CACHE_MB)?;
        self.uncached(table, &tiles, &warm)?;
        self.serve_with(WARM, "parcels")?;
        self.parcels_alone()?;
        self.warm(table, &tiles, &warm)
    }

    /// Without a cache on either side.
    fn cold(&self, table: &mut Table, tiles: &[Tile], martin: &Martin) -> Result<()> {
        let url = &self.server()?.url;
        let (all, near) = (Paths::of(tiles, |_| true), Paths::of(tiles, |t| t.z >= 13));
        let (mut time, mut processor, mut slow, mut zipped, mut rate) =
            (Sides::default(), Sides::default(), Sides::default(), Sides::default(), Sides::default());
        let mut bytes = [0; 4];
        let mut mine = self.server()?.clock();
        walk(url, PLAIN, &all.ours, &mut mine)?;
        throughput(&martin.url, PLAIN, &near.theirs, 1, &mut martin.own_clock())?;
        let (first, _) = throughput(url, PLAIN, &near.ours, 1, &mut mine)?;
        let times = times(first, near.ours.len());
        for _ in 0..self.runs {
            let mut theirs = martin.clock()?;
            table.breathe();
            let (a, b) = (walk(url, PLAIN, &all.ours, &mut mine)?, walk(&martin.url, PLAIN, &all.theirs, &mut theirs)?);
            time.add(a.total, b.total);
            processor.add(a.processor, b.processor);
            slow.add(a.each.quantile(0.99), b.each.quantile(0.99));
            bytes[..2].copy_from_slice(&[a.bytes, b.bytes]);
            table.breathe();
            let (a, b) = (walk(url, BROWSER, &all.ours, &mut mine)?, walk(&martin.url, BROWSER, &all.theirs, &mut theirs)?);
            zipped.add(a.total, b.total);
            bytes[2..].copy_from_slice(&[a.bytes, b.bytes]);
            table.breathe();
            let (a, _) = throughput(url, PLAIN, &near.ours, times, &mut mine)?;
            let (b, _) = throughput(&martin.url, PLAIN, &near.theirs, 1, &mut theirs)?;
            rate.add(a, b);
        }
        time.into(table, format!("cold session of {TILES} tiles, z10–z18"), "s", Bar::TimesLess(45.0, 60.0));
        processor.into(table, "its processor time, database included", "s", Bar::Told);
        slow.into(table, "99th percentile of its tiles", "ms", Bar::TimesLess(50.0, 70.0));
        zipped.into(table, "the session compressed, as a browser accepts", "s", Bar::TimesLess(30.0, 45.0));
        let figure = format!("cold, z13–z18, {CONNECTIONS} connections");
        rate.into(table, figure, "1/s", Bar::Least(50.0, Some(65.0)));
        let of = |z: u8| tiles.iter().filter(|t| t.z == z).count();
        let zooms: Vec<String> = (10..=18).map(|z| format!("z{z} {}", of(z))).collect();
        table.note(format!(
            "The session: {}; {} bytes from us, {} from martin; compressed (`{BROWSER}`) {} and {}. martin has `id_column`, and no cache. \
             Each tile is asked for once by the session; {CONNECTIONS} connections ask for those of z13–z18 {times} times of us, once of martin.",
            zooms.join(", "),
            bytes[0],
            bytes[1],
            bytes[2],
            bytes[3]
        ));
        Ok(())
    }

    /// Without a cache, beside its warm one.
    fn uncached(&self, table: &mut Table, tiles: &[Tile], martin: &Martin) -> Result<()> {
        let url = &self.server()?.url;
        let sixteen = Paths::of(tiles, |t| t.z == 16);
        let (mut mine, mut theirs, mut uncached) = (self.server()?.clock(), martin.own_clock(), Sides::default());
        let mut often = 1;
        for _ in 0..2 {
            throughput(url, PLAIN, &sixteen.ours, 1, &mut mine)?;
            let (rate, _) = throughput(&martin.url, PLAIN, &sixteen.theirs, 1, &mut theirs)?;
            often = times(rate, sixteen.ours.len());
        }
        for _ in 0..self.runs {
            table.breathe();
            let (a, _) = throughput(url, PLAIN, &sixteen.ours, often, &mut mine)?;
            let (b, _) = throughput(&martin.url, PLAIN, &sixteen.theirs, often, &mut theirs)?;
            uncached.add(a, b);
        }
        uncached.into(table, "uncached z16 against martin's warm cache", "1/s", Bar::Least(0.45, Some(0.6)));
        Ok(())
    }

    /// With a warm cache, beside its own.
    fn warm(&self, table: &mut Table, tiles: &[Tile], martin: &Martin) -> Result<()> {
        let url = &self.server()?.url;
        let near = Paths::of(tiles, |t| t.z >= 13);
        let (mut rate, mut processor) = (Sides::default(), Sides::default());
        let (mut mine, mut theirs) = (self.server()?.clock(), martin.own_clock());
        let mut often = 1;
        // as often as it takes for each to be compressed as well as it will be
        for _ in 0..8 {
            throughput(url, BROWSER, &near.ours, 1, &mut mine)?;
            let (rate, _) = throughput(&martin.url, BROWSER, &near.theirs, 1, &mut theirs)?;
            often = times(rate, near.ours.len());
        }
        for _ in 0..self.runs {
            table.breathe();
            let (a, mine_each) = throughput(url, BROWSER, &near.ours, often, &mut mine)?;
            let (b, theirs_each) = throughput(&martin.url, BROWSER, &near.theirs, often, &mut theirs)?;
            rate.add(a, b);
            processor.add(mine_each, theirs_each);
        }
        rate.into(table, "warm z13–z18 against martin's warm cache, compressed", "1/s", Bar::Least(1.4, Some(1.7)));
        processor.into(table, "processor time of such a request", "µs", Bar::Most(0.6, Some(0.5)));
        Ok(())
    }
}

/// How many times over a list is to be asked for at such a rate, to take long enough.
fn times(rate: f64, length: usize) -> usize {
    ((rate * LONG_ENOUGH / length.max(1) as f64).ceil() as usize).max(1)
}
