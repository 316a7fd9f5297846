use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
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
/// How many a second are sent to see what tiles cost meanwhile: without photos, and with.
const PACE: f64 = 210.0;
const PHOTOS_PACE: f64 = 5.5;
/// What the reports of the bench say, by which they are found and removed.
const TEXT: &str = "Segnalazione della misura";

/// How often reports come: all of them together, a second; without a pace as fast as they are taken.
#[derive(Clone, Copy)]
struct Coming<'a> {
    pace: Option<f64>,
    photo: Option<&'a [u8]>,
}

/// What a run gives.
struct Run {
    /// Reports a second.
    rate: f64,
    /// The 99th percentile of tiles meanwhile, milliseconds.
    tiles: f64,
}

impl Bench {
    /// Reports as the desk takes them, without a photo and with one, and what the tiles of the map cost meanwhile.
    pub(crate) fn reports(&mut self, table: &mut Table) -> Result<()> {
        let cookie = self.client()?.sign_in("/auth/demo/officer")?;
        let tiles: Vec<String> = session(self.extent).iter().map(|tile| path("parcels,buildings", tile)).collect();
        let photo = photo()?;
        let runs = self.runs.min(3);
        let mut run = |coming: Coming<'_>| -> Result<(Sample, Sample, Sample)> {
            let (mut rates, mut alone, mut beside) = (Sample::default(), Sample::default(), Sample::default());
            for _ in 0..runs {
                table.breathe();
                alone.add(slowest(&self.client()?, &tiles, RUN)?);
                let found = self.run(&cookie, &tiles, coming)?;
                rates.add(found.rate);
                beside.add(found.tiles);
            }
            Ok((rates, beside, alone))
        };
        let (fastest, ..) = run(Coming { pace: None, photo: None })?;
        let (paced, beside, alone) = run(Coming { pace: Some(PACE), photo: None })?;
        let (photos, beside_photos, alone_photos) = run(Coming { pace: Some(PHOTOS_PACE), photo: Some(&photo) })?;
        table.at_least(format!("reports without a photo, from {CLIENTS} clients"), "1/s", fastest, 200.0);
        table.at_least(format!("the same, {PACE} a second sent"), "1/s", paced, 200.0);
        table.figure("tiles while these come, 99th percentile, beside without them", "ms", beside, Some(alone), 2.0);
        table.at_least(
            format!("reports with a photo of {:.1} MB, {PHOTOS_PACE} a second sent", photo.len() as f64 / 1e6),
            "1/s",
            photos,
            5.0,
        );
        table.figure("tiles while these come, 99th percentile, beside without them", "ms", beside_photos, Some(alone_photos), 2.0);
        self.wait_for_photos()?;
        self.psql().statement(&format!("delete from reports.reports where text = '{TEXT}'"))
    }

    fn run(&self, cookie: &str, tiles: &[String], coming: Coming<'_>) -> Result<Run> {
        let server = &self.server()?.url;
        let done = AtomicU32::new(0);
        let [west, south, east, north] = self.extent;
        let begin = Instant::now();
        let tiles = std::thread::scope(|scope| -> Result<f64> {
            let reporting: Vec<_> = (0..CLIENTS)
                .map(|number| {
                    let done = &done;
                    scope.spawn(move || -> Result<()> {
                        let client = Client::of(server).with_header("cookie", cookie).with_header("sec-fetch-site", "same-origin");
                        let mut random = Seeded(1_000 + number as u64);
                        // each in its turn, and then again after all others
                        let mut due = coming.pace.map(|pace| (number as f64 / pace, CLIENTS as f64 / pace));
                        while begin.elapsed() < RUN {
                            if let Some((next, every)) = &mut due {
                                let at = Duration::from_secs_f64(*next);
                                if at >= RUN {
                                    break;
                                }
                                std::thread::sleep(at.saturating_sub(begin.elapsed()));
                                *next += *every;
                            }
                            // well inside the comune
                            let lon = random.between(west + 0.45 * (east - west), west + 0.55 * (east - west));
                            let lat = random.between(south + 0.45 * (north - south), south + 0.55 * (north - south));
                            match coming.photo {
                                None => client
                                    .post("/reports/", &json!({"category": "road", "lon": lon, "lat": lat, "text": TEXT}).to_string())?,
                                Some(photo) => client.send("/reports/", "multipart/form-data; boundary=x", &form(lon, lat, photo))?,
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(())
                    })
                })
                .collect();
            let tiles = slowest(&Client::of(server), tiles, RUN);
            for one in reporting {
                one.join().map_err(|_| anyhow::anyhow!("a client broke off"))??;
            }
            tiles
        })?;
        Ok(Run { rate: f64::from(done.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64(), tiles })
    }

    /// Every photo is written anew before it is published; they must not pile up.
    fn wait_for_photos(&self) -> Result<()> {
        let begin = Instant::now();
        loop {
            let left = self.psql().rows("select count(*) from jobs.jobs where kind = 'reports.photo' and finished_at is null")?;
            if left.concat().concat() == "0" {
                return Ok(());
            }
            ensure!(begin.elapsed() < Duration::from_secs(120), "the photos are not written anew: {left:?} are left");
            std::thread::sleep(Duration::from_millis(500));
        }
    }
}

/// A photo of about two megabytes: noise, which compresses badly.
fn photo() -> Result<Vec<u8>> {
    let mut random = Seeded(5);
    let noise = image::RgbImage::from_fn(1_500, 1_100, |_, _| image::Rgb(std::array::from_fn(|_| random.below(256) as u8)));
    let mut out = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut out, 85).encode_image(&noise)?;
    Ok(out)
}

fn form(lon: f64, lat: f64, photo: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(photo.len() + 1_000);
    for (name, value) in [("category", "road"), ("lon", &lon.to_string()), ("lat", &lat.to_string()), ("text", TEXT)] {
        out.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    out.extend(b"--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"foto.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n");
    out.extend(photo);
    out.extend(b"\r\n--x--\r\n");
    out
}

/// The 99th percentile of these tiles, milliseconds, asked for one after the other again and again.
fn slowest(client: &Client, tiles: &[String], during: Duration) -> Result<f64> {
    let (mut sample, begin) = (Sample::default(), Instant::now());
    for tile in tiles.iter().cycle().take_while(|_| begin.elapsed() < during) {
        sample.add(seconds(|| client.get(tile).map(|_| ()))? * 1000.0);
    }
    Ok(sample.quantile(0.99))
}
