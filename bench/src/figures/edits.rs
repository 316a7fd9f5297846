use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::Bench;
use super::tiles::position;
use crate::client::Client;
use crate::measure::{Sample, wait_until};
use crate::program::opensit;
use crate::table::Table;

/// Who edit at the same time, each over a connection of their own.
const CLIENTS: usize = 8;
/// How long a run is.
const RUN: Duration = Duration::from_secs(10);
/// One edit in so many is looked for in its tile.
const SAMPLED: u32 = 100;
/// Who look for them.
const WATCHERS: usize = 2;
/// Lodgings, made for this and removed afterwards, at so many places of the town.
const ROWS: usize = 8000;
/// Numbers of beds that no lodging has.
const FIRST_VALUE: u32 = 2_000_000;

/// A feature to edit.
struct Row {
    id: String,
    /// The address of its tile of zoom 18.
    tile: String,
    /// Of its state as last seen.
    etag: String,
}

/// An edit that is looked for.
struct Edit {
    tile: String,
    value: u32,
    position: String,
    sent: Instant,
}

impl Bench {
    /// Edits over HTTP, each a transaction with its history and its entry in the audit log, as many as go; one in a hundred is followed to
    /// its tile.
    pub(crate) fn edits(&mut self, table: &mut Table) -> Result<()> {
        let mut rows = self.plant()?;
        let key = self.key(&["--scope", "edit", "--layers", "lodgings", "--rate", "1000000"])?;
        let server = self.server()?.url.clone();
        let client = || Client::of(&server).with_header("x-api-key", &key);
        let (mut rates, mut seen, mut slowest, mut all) = (Sample::default(), Sample::default(), 0.0_f64, 0);
        let values = AtomicU32::new(FIRST_VALUE);
        for _ in 0..self.runs {
            table.breathe();
            let (rate, followed) = run(&mut rows, &values, &client)?;
            rates.add(rate);
            seen.add(followed.quantile(0.95));
            slowest = slowest.max(followed.max());
            all += followed.len();
        }
        self.psql().statement("delete from tourism.lodgings where id like 'bench-%'")?;
        let edits = values.load(Ordering::Relaxed) - FIRST_VALUE;
        let logged = self.psql().rows("select count(*) from identity.audit where layer = 'lodgings' and event = 'update'")?;
        let logged: u32 = logged.concat().concat().parse()?;
        ensure!(logged >= edits, "{edits} edits, of which the audit log has {logged}");
        self.audited()?;
        table.at_least(format!("edits by {CLIENTS} clients over HTTP for {} s, audited", RUN.as_secs()), "1/s", rates, 1000.0);
        table.figure("an edit to its tile of zoom 18, 95th percentile of one in 100", "ms", seen, None, 1000.0);
        table.note(format!(
            "Edits: {edits}, all in the audit log, which is whole; of {all} looked for in their tiles the slowest took {slowest:.0} ms."
        ));
        Ok(())
    }

    /// Lodgings on parcels.
    fn plant(&self) -> Result<Vec<Row>> {
        self.psql().statement(&format!(
            "delete from tourism.lodgings where id like 'bench-%';
             insert into tourism.lodgings (id, comune, name, kind, beds, geom)
                 select 'bench-' || fid, comune, 'Bench ' || fid, 'rooms', 2, st_pointonsurface(geom)
                   from cadastre.parcels where kind = 'land' order by md5(fid::text) limit {ROWS}"
        ))?;
        self.psql().statement("analyze tourism.lodgings")?;
        let rows = self.psql().rows(
            "select id, st_x(g), st_y(g) from (select id, st_transform(geom, 4326) as g from tourism.lodgings where id like 'bench-%') t",
        )?;
        let row = |row: Vec<String>| {
            let [id, lon, lat] = <[String; 3]>::try_from(row).map_err(|row| anyhow::anyhow!("{row:?}"))?;
            let (x, y) = position(18, lon.parse()?, lat.parse()?);
            Ok(Row { id, tile: format!("/xyz/lodgings/18/{x}/{y}"), etag: "*".to_owned() })
        };
        rows.into_iter().map(row).collect()
    }

    /// The audit log is whole, once every entry is sealed.
    fn audited(&self) -> Result<()> {
        let mut said = String::new();
        let mut failed = None;
        let sealed = wait_until(Duration::from_secs(60), || {
            let Ok(output) = opensit(&self.program).args(["audit", "verify", "--data-dir"]).arg(&self.data_dir).output() else {
                return false;
            };
            said = String::from_utf8_lossy(&output.stdout).into_owned();
            failed = (!output.status.success()).then(|| said.clone());
            failed.is_some() || said.contains("every entry is sealed")
        });
        ensure!(sealed, "the audit log is not sealed: {said}");
        if let Some(failed) = failed {
            bail!("the audit log: {failed}");
        }
        Ok(())
    }
}

/// Edits a second, and how long those looked for took to their tiles, milliseconds.
fn run(rows: &mut [Row], values: &AtomicU32, client: &(impl Fn() -> Client + Sync)) -> Result<(f64, Sample)> {
    let (sender, receiver) = channel();
    let (receiver, seen) = (Mutex::new(receiver), Mutex::new(Sample::default()));
    let start = Instant::now();
    let first = values.load(Ordering::Relaxed);
    let each = rows.len().div_ceil(CLIENTS).max(1);
    let took = std::thread::scope(|scope| {
        let editors: Vec<_> = rows
            .chunks_mut(each)
            .map(|rows| {
                let sender = sender.clone();
                scope.spawn(move || edit(rows, values, &client(), &sender, start + RUN))
            })
            .collect();
        drop(sender);
        let watchers: Vec<_> = (0..WATCHERS).map(|_| scope.spawn(|| watch(&receiver, &client(), &seen))).collect();
        for editor in editors {
            editor.join().map_err(|_| anyhow::anyhow!("an editor panicked"))??;
        }
        let took = start.elapsed();
        for watcher in watchers {
            watcher.join().map_err(|_| anyhow::anyhow!("a watcher panicked"))??;
        }
        Ok::<_, anyhow::Error>(took)
    })?;
    let edits = values.load(Ordering::Relaxed) - first;
    let seen = seen.into_inner().map_err(|_| anyhow::anyhow!("a watcher panicked"))?;
    Ok((f64::from(edits) / took.as_secs_f64(), seen))
}

/// One row after the other, each with the tag of its state, until it is time.
fn edit(rows: &mut [Row], values: &AtomicU32, client: &Client, sender: &Sender<Edit>, end: Instant) -> Result<()> {
    loop {
        for row in &mut *rows {
            if Instant::now() >= end {
                return Ok(());
            }
            let value = values.fetch_add(1, Ordering::Relaxed);
            let sent = Instant::now();
            let path = format!("/collections/lodgings/items/{}", row.id);
            let (etag, position) = client.patch(&path, &row.etag, &format!(r#"{{"properties": {{"beds": {value}}}}}"#))?;
            row.etag = etag;
            if value.is_multiple_of(SAMPLED) {
                sender.send(Edit { tile: row.tile.clone(), value, position, sent }).context("nobody watches")?;
            }
        }
    }
}

/// Asks for the tile of each edit until it shows the new value.
fn watch(edits: &Mutex<Receiver<Edit>>, client: &Client, seen: &Mutex<Sample>) -> Result<()> {
    loop {
        let next = edits.lock().map_err(|_| anyhow::anyhow!("a watcher panicked"))?.recv();
        let Ok(edit) = next else { return Ok(()) };
        loop {
            let answer = client.ask_after(&edit.tile, &edit.position)?;
            if answer.status == 200 && shows(&answer.body, edit.value) {
                break;
            }
            ensure!(edit.sent.elapsed() < Duration::from_secs(5), "{} does not show an edit of 5 s ago", edit.tile);
        }
        seen.lock().map_err(|_| anyhow::anyhow!("a watcher panicked"))?.add(edit.sent.elapsed().as_secs_f64() * 1000.0);
    }
}

/// Whether a tile has this number among its values (Mapbox Vector Tile 2.1, 4.4: `int_value`, `uint_value`, or zigzag in `sint_value`).
pub(super) fn shows(tile: &[u8], value: u32) -> bool {
    let held = |tag: u8, value: u64| {
        let mut bytes = vec![tag];
        varint(value, &mut bytes);
        tile.windows(bytes.len()).any(|part| part == bytes)
    };
    held(0x20, value.into()) || held(0x28, value.into()) || held(0x30, u64::from(value) * 2)
}

fn varint(mut value: u64, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::shows;

    #[test]
    fn a_number_is_found_among_a_tiles_values() {
        // 2,000,000 is 0x80 0x89 0x7a; doubled 0x80 0x92 0xf4 0x01
        for tile in [&[0x22, 4, 0x20, 0x80, 0x89, 0x7a][..], &[0x28, 0x80, 0x89, 0x7a], &[0x30, 0x80, 0x92, 0xf4, 0x01]] {
            assert!(shows(tile, 2_000_000) && !shows(tile, 2_000_001));
        }
    }
}
