mod database;
mod expected;
mod judge;
mod program;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};
use std::{path::Path, thread};

use anyhow::{Context, Result, bail};

use crate::Options;
use crate::client::Client;
use crate::figures::{Bench, in_memory};
use crate::measure::{Sample, wait_until};
use crate::seeded::Seeded;
use database::Database;
use expected::{Expected, Seen};
use program::Program;

/// How many read at once.
const READERS: u64 = 4;
/// How long an edit may take to its event, even under load, seconds.
const LAG: f64 = 5.0;
/// How much more memory the last quarter may take than the second: a share of that, and some bytes.
const GROWTH: (f64, f64) = (1.15, 32.0 * 1024.0 * 1024.0);

/// What all watch together.
#[derive(Default)]
struct Watch {
    over: AtomicBool,
    answers: AtomicU64,
    edits: AtomicU64,
    /// Tiles that were looked into after an edit, and how many of them did not show it.
    looks: AtomicU64,
    stale: AtomicU64,
    /// Tiles that were compared with the database.
    compared: AtomicU64,
    failures: Mutex<Vec<String>>,
    /// Who edits shares it; who compares has it alone.
    editing: RwLock<()>,
}

impl Watch {
    fn failed(&self, what: String) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        eprintln!("FAILED: {what}");
        failures.push(what);
    }

    fn goes_on(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn edits(&self) -> RwLockReadGuard<'_, ()> {
        self.editing.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn rest(&self) -> RwLockWriteGuard<'_, ()> {
        self.editing.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks whether readers see what they must, after a position or at once.
    fn look(&self, client: &Client, random: &mut Seeded, expected: &Expected, after: Option<&str>) {
        match expected.look(client, random, after) {
            Ok(Seen::Fresh) => {}
            Ok(Seen::Crowded) => return,
            Ok(Seen::Stale(what)) => {
                self.stale.fetch_add(1, Ordering::Relaxed);
                self.failed(what);
            }
            Err(error) => self.failed(format!("{error:#}")),
        }
        self.looks.fetch_add(1, Ordering::Relaxed);
    }
}

/// Readers of random tiles, pages and cards while random edits of every kind run, each looked for in a tile as soon as it must be there;
/// fails if anything went wrong.
pub(crate) fn run(program: &Path, options: &Options, time: Duration) -> Result<()> {
    let bench = Bench::open(program, options, "town", "")?;
    let url = bench.server()?.url.clone();
    database::make_layer(bench.psql())?;
    let known = Client::of(&url);
    if !wait_until(Duration::from_secs(20), || known.ask(&format!("/xyz/{}", database::LAYER)).is_ok_and(|a| a.status == 200)) {
        bail!("the soak's layer does not become known");
    }
    in_memory(&known, &format!("parcels,buildings,streets,lodgings,{}", database::LAYER))?;
    let key = bench.key(&["--scope", "edit", "--layers", "lodgings", "--rate", "1000000"])?;
    let database = Database::open(bench.psql(), &url, bench.extent, Seeded(7))?;
    let edited = Program::open(&url, &key, bench.extent, Seeded(8));
    let watch = Watch::default();
    eprintln!("Soaking for {} s …", time.as_secs());
    let (memory, lags) = thread::scope(|scope| -> Result<(Vec<u64>, Sample)> {
        for reader in 0..READERS {
            let (watch, url, extent) = (&watch, &url, bench.extent);
            scope.spawn(move || read(watch, &Client::of(url), extent, Seeded(1000 + reader)));
        }
        scope.spawn(|| edit_by_program(&watch, &Client::of(&url), edited));
        scope.spawn(|| compare(&watch, &bench, &Client::of(&url)));
        let editing = scope.spawn(|| edit(&watch, &Client::of(&url), database));
        let memory = observe(&watch, &bench, time);
        watch.over.store(true, Ordering::Relaxed);
        let lags = editing.join().ok().context("the editor broke down")?;
        Ok((memory?, lags))
    })?;
    database::remove_layer(bench.psql())?;
    let client = bench.client()?;
    if !wait_until(Duration::from_secs(10), || feed_lag(&client).is_some_and(|bytes| bytes == 0.0)) {
        watch.failed("the change feed has not caught up 10 s after the last edit".to_owned());
    }
    report(&watch, &memory, &lags)
}

/// Reads at random until told to stop.
fn read(watch: &Watch, client: &Client, [west, south, east, north]: [f64; 4], mut random: Seeded) {
    while watch.goes_on() {
        let (lon, lat) = (random.between(west, east), random.between(south, north));
        let path = match random.below(10) {
            0 => format!("/collections/parcels/items?limit=500&bbox={},{},{},{}", lon - 0.002, lat - 0.002, lon + 0.002, lat + 0.002),
            1 => format!("/identify?point={lon:.7},{lat:.7}&zoom=17"),
            2 => "/search?q=via&limit=10&lang=it".to_owned(),
            _ => {
                let z = 12 + random.below(7) as u8;
                let (x, y) = crate::figures::position(z, lon, lat);
                format!("/xyz/parcels,buildings,streets/{z}/{x}/{y}")
            }
        };
        match client.ask(&path) {
            Ok(answer) if answer.status < 400 => {}
            Ok(answer) => watch.failed(format!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body))),
            Err(error) => watch.failed(format!("{error:#}")),
        }
        watch.answers.fetch_add(1, Ordering::Relaxed);
    }
}

/// Edits with `psql` some five times a second until told to stop; how long each took to its event, seconds.
///
/// Half of the edits are looked for right after their event, half with their position before it is waited for.
fn edit(watch: &Watch, client: &Client, mut database: Database) -> Sample {
    let (mut lags, mut random) = (Sample::default(), Seeded(9));
    while watch.goes_on() {
        let editing = watch.edits();
        let done = database.edit().and_then(|edit| {
            if random.below(2) == 0 {
                edit.expected.iter().for_each(|expected| watch.look(client, &mut random, expected, Some(&edit.position)));
                return database.heard(&edit);
            }
            let lag = database.heard(&edit)?;
            edit.expected.iter().for_each(|expected| watch.look(client, &mut random, expected, None));
            Ok(lag)
        });
        drop(editing);
        watch.edits.fetch_add(1, Ordering::Relaxed);
        match done {
            Ok(Some(lag)) if lag > LAG => watch.failed(format!("an edit took {lag:.1} s to its event")),
            Ok(lag) => lag.into_iter().for_each(|lag| lags.add(lag)),
            Err(error) => {
                watch.failed(format!("{error:#}"));
                return lags;
            }
        }
        thread::sleep(Duration::from_millis(150));
    }
    lags
}

/// Edits over HTTP, each looked for with the position that its answer has.
fn edit_by_program(watch: &Watch, client: &Client, mut program: Program) {
    let mut random = Seeded(10);
    while watch.goes_on() {
        let editing = watch.edits();
        match program.edit() {
            Ok((expected, position)) => watch.look(client, &mut random, &expected, Some(&position)),
            Err(error) => return watch.failed(format!("{error:#}")),
        }
        drop(editing);
        watch.edits.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(100));
    }
}

/// Compares random tiles with the database while nobody edits.
fn compare(watch: &Watch, bench: &Bench, client: &Client) {
    let mut random = Seeded(11);
    let mut session = match bench.psql().session() {
        Ok(session) => session,
        Err(error) => return watch.failed(format!("{error:#}")),
    };
    while watch.goes_on() {
        let resting = watch.rest();
        let compared = judge::compare(client, &mut session, &mut random, bench.extent);
        drop(resting);
        match compared {
            Ok(None) => {}
            Ok(Some(what)) => watch.failed(what),
            Err(error) => return watch.failed(format!("{error:#}")),
        }
        watch.compared.fetch_add(1, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(700));
    }
}

/// The server's memory, ten times a second at first, less often in a long run.
fn observe(watch: &Watch, bench: &Bench, time: Duration) -> Result<Vec<u64>> {
    let (start, mut memory, mut told) = (Instant::now(), Vec::new(), Instant::now());
    let pause = (time / 50).clamp(Duration::from_millis(100), Duration::from_secs(2));
    while start.elapsed() < time {
        memory.push(bench.server()?.memory()?);
        if told.elapsed() > Duration::from_secs(60) {
            let (answers, last) = (watch.answers.load(Ordering::Relaxed), memory.last().copied().unwrap_or(0));
            eprintln!("  {:>6} s  {answers} answers  {} MiB", start.elapsed().as_secs(), last >> 20);
            told = Instant::now();
        }
        thread::sleep(pause);
    }
    Ok(memory)
}

/// What the server says its feed is behind by, bytes.
fn feed_lag(client: &Client) -> Option<f64> {
    let metrics = String::from_utf8(client.get("/metrics").ok()?.body).ok()?;
    metrics.lines().find_map(|l| l.strip_prefix("feed_lag_bytes ")).and_then(|v| v.trim().parse().ok())
}

fn report(watch: &Watch, memory: &[u64], lags: &Sample) -> Result<()> {
    let quarter = |from: usize| {
        let mut sample = Sample::default();
        memory[memory.len() * from / 4..memory.len() * (from + 1) / 4].iter().for_each(|m| sample.add(*m as f64));
        sample.median()
    };
    let (early, late) = (quarter(1), quarter(3));
    if late > early * GROWTH.0 + GROWTH.1 {
        watch.failed(format!("memory grew from {:.0} to {:.0} MiB", early / 1048576.0, late / 1048576.0));
    }
    if lags.len() == 0 {
        watch.failed("no edit came through".to_owned());
    }
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    if count(&watch.looks) == 0 || count(&watch.compared) == 0 {
        watch.failed("no edit was looked for in a tile, or no tile was compared".to_owned());
    }
    let failures = watch.failures.lock().unwrap_or_else(PoisonError::into_inner);
    println!(
        "{} answers, {} edits, looked for in {} tiles of which {} were stale; {} tiles compared with the database; edit to event {:.0} ms at the median, {:.0} at the 95th percentile, {:.0} at most; memory {:.0} MiB in the \
         second quarter, {:.0} in the last; {} failures",
        count(&watch.answers),
        count(&watch.edits),
        count(&watch.looks),
        count(&watch.stale),
        count(&watch.compared),
        lags.median() * 1000.0,
        lags.quantile(0.95) * 1000.0,
        lags.max() * 1000.0,
        early / 1048576.0,
        late / 1048576.0,
        failures.len()
    );
    match failures.first() {
        None => Ok(()),
        Some(first) => bail!("the soak failed {} times, first: {first}", failures.len()),
    }
}
