use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;

use super::Bench;
use super::tiles::{path, session};
use crate::client::Client;
use crate::measure::{Sample, seconds};
use crate::seeded::Seeded;
use crate::table::Table;

/// Who report at the same time, each over a connection of their own.
const CLIENTS: usize = 50;
/// How long a run is.
const RUN: Duration = Duration::from_secs(8);
/// What the reports of the bench say, by which they are found and removed.
const TEXT: &str = "Segnalazione della misura";

impl Bench {
    /// Reports without a photo, as the desk takes them, and what the tiles of the map cost meanwhile.
    pub(crate) fn reports(&mut self, table: &mut Table) -> Result<()> {
        let cookie = self.client()?.sign_in("/auth/demo/officer")?;
        let tiles: Vec<String> = session(self.extent).iter().map(|tile| path("parcels,buildings", tile)).collect();
        let (mut rates, mut alone, mut beside) = (Sample::default(), Sample::default(), Sample::default());
        for _ in 0..self.runs.min(3) {
            table.breathe();
            alone.add(slowest(&self.client()?, &tiles, &AtomicBool::new(false))?);
            let (rate, meanwhile) = self.run(&cookie, &tiles)?;
            rates.add(rate);
            beside.add(meanwhile);
        }
        self.psql().statement(&format!("delete from reports.reports where text = '{TEXT}'"))?;
        table.at_least(format!("reports without a photo, from {CLIENTS} clients"), "1/s", rates, 200.0);
        table.figure("tiles while these come, 99th percentile, beside without them", "ms", beside, Some(alone), 2.0);
        Ok(())
    }

    fn run(&self, cookie: &str, tiles: &[String]) -> Result<(f64, f64)> {
        let server = &self.server()?.url;
        let (done, ended) = (AtomicU32::new(0), AtomicBool::new(false));
        let [west, south, east, north] = self.extent;
        let begin = Instant::now();
        let meanwhile = std::thread::scope(|scope| -> Result<f64> {
            let reporting: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let (done, ended) = (&done, &ended);
                    scope.spawn(move || -> Result<()> {
                        let client = Client::of(server).with_header("cookie", cookie).with_header("sec-fetch-site", "same-origin");
                        let mut random = Seeded(1_000 + number as u64);
                        while begin.elapsed() < RUN {
                            // well inside the comune
                            let lon = random.between(west + 0.45 * (east - west), west + 0.55 * (east - west));
                            let lat = random.between(south + 0.45 * (north - south), south + 0.55 * (north - south));
                            client.post("/reports/", &json!({"category": "road", "lon": lon, "lat": lat, "text": TEXT}).to_string())?;
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        ended.store(true, Ordering::Relaxed);
                        Ok(())
                    })
                })
                .collect();
            let meanwhile = slowest(&Client::of(server), tiles, &ended);
            for one in reporting {
                one.join().map_err(|_| anyhow::anyhow!("a client broke off"))??;
            }
            meanwhile
        })?;
        Ok((f64::from(done.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64(), meanwhile))
    }
}

/// The 99th percentile of these tiles, milliseconds, asked for one after the other, once or until it has ended.
fn slowest(client: &Client, tiles: &[String], ended: &AtomicBool) -> Result<f64> {
    let mut sample = Sample::default();
    for tile in tiles {
        if ended.load(Ordering::Relaxed) {
            break;
        }
        sample.add(seconds(|| client.get(tile).map(|_| ()))? * 1000.0);
    }
    Ok(sample.quantile(0.99))
}
