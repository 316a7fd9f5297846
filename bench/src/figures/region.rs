use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::beside::{TILES, ours};
use super::{Bench, IN_MEMORY};
use crate::Options;
use crate::browsing::{Tile, covering, session};
use crate::client::Client;
use crate::measure::Sample;
use crate::table::{Bar, Table};
use crate::wire::{PLAIN, Wire};

/// What is in the way of a map of the whole region.
const LOW_ZOOMS: std::ops::RangeInclusive<u8> = 8..=13;
/// How often each of these tiles is asked for.
const ASKED: usize = 3;

/// The region of three million parcels: its load, its memory, its worst tiles at low zooms, and the city's tiles in it beside those of the
/// city alone.
pub(crate) fn region(program: &Path, options: &Options, table: &mut Table) -> Result<()> {
    eprintln!("Building the region …");
    table.breathe();
    let mut region = Bench::open(program, options, "region", IN_MEMORY)?;
    if let Some(loaded) = region.server()?.logged(&["Loaded", "features in"]) {
        let seconds = loaded.split(' ').rev().nth(1).and_then(|s| s.parse::<f64>().ok()).context("no seconds are said")?;
        table.judged("the region in PostGIS (once)", "s", vec![seconds].into(), None, Bar::Most(600.0, None));
    }
    loading(&mut region, table)?;
    region.references(table)?;
    low_zooms(&region, table)?;
    growth(program, options, &region, table)
}

/// What the parcels take of memory, and how long it took to load them.
fn loading(region: &mut Bench, table: &mut Table) -> Result<()> {
    let (mut took, mut each) = (Sample::default(), Sample::default());
    for run in 0..region.runs.min(3) {
        if run > 0 {
            table.breathe();
            region.serve("parcels")?;
        }
        let line = region.server()?.logged(&["layer=parcels", "took_ms="]).context("the log does not say how long the parcels took")?;
        let milliseconds = line.split("took_ms=").nth(1).map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
        took.add(milliseconds.context("no number")?.parse::<f64>()? / 1000.0);
        // what is made beforehand for tiles is memory too
        region.made_ready()?;
        let metrics = String::from_utf8(region.client()?.get("/metrics")?.body)?;
        let rows = value(&metrics, "tiles_memory_rows")?;
        ensure!(rows > 0.0, "no parcels are in memory");
        each.add(value(&metrics, "tiles_memory_bytes")? / rows);
    }
    table.judged("memory of a parcel of the region", "B", each, None, Bar::Most(170.0, Some(110.0)));
    table.judged("load of the region's parcels into memory", "s", took, None, Bar::Most(14.0, Some(10.0)));
    Ok(())
}

/// The value of a gauge of the parcels.
fn value(metrics: &str, gauge: &str) -> Result<f64> {
    let name = format!("{gauge}{{layer=\"parcels\"}} ");
    let value = metrics.lines().find_map(|line| line.strip_prefix(&name)?.trim().parse().ok());
    value.with_context(|| format!("/metrics has no {gauge} of the parcels"))
}

/// The tile that takes longest and the one that is largest of all that the region has at low zooms, generalised as they are for everybody.
fn low_zooms(region: &Bench, table: &mut Table) -> Result<()> {
    region.parcels_alone()?;
    let url = &region.server()?.url;
    let (mut plain, mut zipped) = (Wire::open(url, PLAIN)?, Wire::open(url, "gzip")?);
    let (mut slowest, mut largest) = ((Sample::default(), None), (0, None));
    let mut told = Vec::new();
    for z in LOW_ZOOMS {
        table.breathe();
        let (mut slow, mut large, mut first, mut generalised) = (0.0_f64, 0, 0.0_f64, 0);
        let tiles = covering(z, region.extent);
        for tile in &tiles {
            let path = ours(*tile);
            let mut times = Vec::new();
            for run in 0..=ASKED {
                let begun = Instant::now();
                plain.get(&path)?;
                let took = begun.elapsed().as_secs_f64() * 1000.0;
                // the first one of a zoom prepares it for all others
                if run == 0 { first = first.max(took) } else { times.push(took) }
            }
            generalised += usize::from(plain.generalised);
            zipped.get(&path)?;
            let (times, bytes) = (Sample::from(times), zipped.body.len());
            (slow, large) = (slow.max(times.median()), large.max(bytes));
            if slowest.1.is_none() || times.median() > slowest.0.median() {
                slowest = (times, Some(*tile));
            }
            if bytes > largest.0 {
                largest = (bytes, Some(*tile));
            }
        }
        told.push(format!(
            "z{z} {slow:.2} ms, {:.0} KB, when first asked for {first:.0} ms ({generalised} of {} generalised)",
            large as f64 / 1000.0,
            tiles.len()
        ));
    }
    let name = |tile: Option<Tile>| tile.map_or_else(String::new, |t| format!(" ({}/{}/{})", t.z, t.x, t.y));
    table.judged(format!("slowest tile of the region, z8–z13{}", name(slowest.1)), "ms", slowest.0, None, Bar::Most(8.0, Some(3.0)));
    let size = vec![largest.0 as f64 / 1000.0].into();
    table.judged(format!("largest tile of the region, z8–z13, gzip{}", name(largest.1)), "KB", size, None, Bar::Most(500.0, Some(250.0)));
    table.note(format!("The region's worst tiles of parcels, all asked for: {}.", told.join("; ")));
    Ok(())
}

/// The same tiles of the city, where there is nothing else and where there is the region.
fn growth(program: &Path, options: &Options, region: &Bench, table: &mut Table) -> Result<()> {
    let city = Bench::open(program, &Options { size: None, ..options.clone() }, "city", IN_MEMORY)?;
    city.parcels_alone()?;
    let paths: Vec<String> = session(city.extent, TILES).into_iter().filter(|tile| tile.z >= 13).map(ours).collect();
    let (mut alone, mut within) = (Sample::default(), Sample::default());
    for run in 0..=region.runs {
        table.breathe();
        for (bench, sample) in [(region, &mut within), (&city, &mut alone)] {
            let median = median(&bench.client()?, &bench.server()?.url, &paths)?;
            // the first pass is for the processor's caches
            if run > 0 {
                sample.add(median);
            }
        }
    }
    table.judged("the city's cold tiles z13–z18 in the region, and alone: median", "ms", within, Some(alone), Bar::Most(1.3, Some(1.1)));
    Ok(())
}

/// Milliseconds of the median tile that holds something.
fn median(client: &Client, url: &str, paths: &[String]) -> Result<f64> {
    ensure!(client.json("/xyz/parcels")?["served_from"] == "memory", "the parcels do not come from memory");
    let mut wire = Wire::open(url, PLAIN)?;
    let mut each = Vec::new();
    for path in paths {
        let begun = Instant::now();
        if wire.get(path)? == 200 {
            each.push(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok(Sample::from(each).median())
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn a_gauge_is_read() {
        let metrics =
            "# TYPE tiles_memory_rows gauge\ntiles_memory_rows{layer=\"trees\"} 5\ntiles_memory_rows{layer=\"parcels\"} 3012000\n";
        assert_eq!(value(metrics, "tiles_memory_rows").unwrap(), 3_012_000.0);
        assert!(value(metrics, "tiles_memory_bytes").is_err());
    }
}
