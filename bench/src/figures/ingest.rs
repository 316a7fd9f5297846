use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};

use super::Bench;
use super::tiles::{path, session};
use crate::measure::{Sample, seconds, wait_until};
use crate::program::{folder, opensit};
use crate::seeded::Seeded;
use crate::table::{Bar, Table};
use crate::wire::Wire;

/// How many rows are loaded.
const ROWS: usize = 500_000;

/// Places inside the boundaries, metres, in the storage system. A first number fixes them.
const PLACES: &str = "select st_x(p), st_y(p), st_srid(p) from (select (st_dump(st_generatepoints(st_union(geom), 500000, 7))).geom as p \
    from territory.boundaries) points";

const SPECIES: [&str; 3] = ["Quercus ilex", "Pinus pinea", "Platanus hispanica"];

/// A format that the city's parcels are read from.
struct Format {
    suffix: &'static str,
    /// What ours is told beside the file; behind it comes the plan, or the system.
    ours: Option<&'static str>,
    /// What ogr2ogr is told, before the system if it is told anything.
    peer: &'static [&'static str],
    /// How many times as fast as ogr2ogr ours is to be: at least, and better.
    times: (f64, f64),
}

const PLAN: &str = "--plan";

const FORMATS: [Format; 6] = [
    Format { suffix: "gpkg", ours: Some(PLAN), peer: &[], times: (1.5, 2.0) },
    Format { suffix: "gpkg", ours: None, peer: &[], times: (2.2, 2.8) },
    Format { suffix: "shp.zip", ours: None, peer: &[], times: (1.2, 2.0) },
    Format { suffix: "fgb", ours: None, peer: &[], times: (1.2, 2.0) },
    Format { suffix: "geojson", ours: None, peer: &["-t_srs"], times: (1.2, 2.0) },
    Format {
        suffix: "csv",
        ours: Some("--crs"),
        peer: &["-oo", "GEOM_POSSIBLE_NAMES=wkt", "-oo", "KEEP_GEOM_COLUMNS=NO", "-oo", "AUTODETECT_TYPE=YES", "-a_srs"],
        times: (1.2, 2.0),
    },
];

impl Bench {
    /// The city's parcels, from files of each format, with every rule of the plan that is proposed and without one; how much memory it takes, and
    /// what tiles take meanwhile.
    pub(crate) fn parcels(&mut self, table: &mut Table) -> Result<()> {
        let folder = folder()?;
        let name = |suffix: &str| folder.path().join(format!("parcels.{suffix}"));
        for Format { suffix, .. } in FORMATS {
            let format = suffix.split('.').next().unwrap_or(suffix);
            self.ours(&["export", "parcels", &name(suffix).display().to_string(), "--format", format, "--replace"])?;
        }
        let (file, plan) = (name("gpkg").display().to_string(), folder.path().join("plan.toml").display().to_string());
        self.ours(&["ingest", "plan", &file, "--layer", "bench_parcels", "--out", &plan])?;
        let system = format!("EPSG:{}", self.psql().rows("select st_srid(geom) from cadastre.parcels limit 1")?[0][0]);
        self.psql().statement("create schema if not exists bench_peer")?;
        let mut memory = 0;
        for Format { suffix, ours: ours_says, peer: peer_says, times: (floor, goal) } in FORMATS {
            let file = name(suffix);
            let says: Vec<&str> = ours_says.into_iter().flat_map(|said| [said, if said == PLAN { &plan } else { &system }]).collect();
            let system = (!peer_says.is_empty()).then_some(system.as_str());
            // the type that a file states may be that of its first row
            let peer_says: Vec<&str> = peer_says.iter().copied().chain(system).chain(["-nlt", "GEOMETRY"]).collect();
            let (mut ours, mut peer) = (Sample::default(), Sample::default());
            for _ in 0..self.runs {
                table.breathe();
                ours.add(seconds(|| {
                    memory = memory.max(self.watched(&file, &says)?);
                    Ok(())
                })?);
                self.taken_in("bench_parcels")?;
                let zipped = format!("/vsizip/{}", file.display());
                let read = if suffix == "shp.zip" { Path::new(&zipped) } else { &file };
                peer.add(seconds(|| self.peer(read, &peer_says))?);
            }
            let loaded =
                self.psql().rows("select (select count(*) from published.bench_parcels), (select count(*) from bench_peer.trees)")?;
            ensure!(loaded[0][0] == loaded[0][1], "loaded {loaded:?} rows");
            let rules = if ours_says == Some(PLAN) { ", every rule" } else { "" };
            let figure = format!("{} parcels from {suffix} as a layer{rules}, beside ogr2ogr", loaded[0][0]);
            table.judged(figure, "s", ours, Some(peer), Bar::TimesLess(floor, goal));
        }
        table.judged("… the most memory of the program and its readers", "MB", vec![memory as f64 / 1e6].into(), None, Bar::Told);
        let (quiet, busy) = (self.tiles_meanwhile(None)?, self.tiles_meanwhile(Some(&name("gpkg")))?);
        table.judged(
            "p99 of tiles while the parcels are loaded, and while they are not",
            "ms",
            busy,
            Some(quiet),
            Bar::Most(2.0, Some(1.3)),
        );
        self.psql().statement("drop schema bench_peer cascade")
    }

    /// Waits until the server has a layer in memory and is done with it: what it does after a load is no part of the peer's.
    fn taken_in(&self, layer: &str) -> Result<()> {
        let client = self.client()?;
        let is_there = || client.json(&format!("/xyz/{layer}")).is_ok_and(|tiles| tiles["served_from"] == "memory");
        ensure!(wait_until(Duration::from_secs(300), is_there), "{layer} is not in memory after five minutes");
        self.made_ready()
    }

    /// Loads a file; the most memory that the program and the processes that it began had at once, bytes, looked at each twentieth of a second.
    fn watched(&self, file: &Path, says: &[&str]) -> Result<u64> {
        let mut command = opensit(&self.program);
        command.arg("ingest").arg(file).args(["--layer", "bench_parcels", "--replace", "--data-dir"]).arg(&self.data_dir).args(says);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("the program can't be run")?;
        let mut most = 0;
        loop {
            most = most.max(memory_of(child.id()));
            if let Some(status) = child.try_wait()? {
                let mut told = String::new();
                child.stderr.take().context("what it says")?.read_to_string(&mut told)?;
                ensure!(status.success(), "ingest {}: {told}", file.display());
                return Ok(most);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The 99th of a hundred tiles, milliseconds: of a session that is asked for again and again while a file is loaded, or once.
    fn tiles_meanwhile(&self, file: Option<&PathBuf>) -> Result<Sample> {
        let paths: Vec<String> = session(self.extent).iter().map(|tile| path("parcels", tile)).collect();
        let mut wire = Wire::open(&self.server()?.url, "gzip")?;
        let mut times = Vec::new();
        std::thread::scope(|scope| {
            let load = file.map(|file| scope.spawn(|| self.watched(file, &[])));
            loop {
                for path in &paths {
                    let begun = Instant::now();
                    wire.get(path)?;
                    times.push(begun.elapsed().as_secs_f64() * 1000.0);
                    if load.as_ref().is_some_and(|load| load.is_finished()) {
                        break;
                    }
                }
                match &load {
                    Some(load) if !load.is_finished() => {}
                    _ => break,
                }
            }
            load.map(|load| load.join().map_err(|_| anyhow!("the load broke off"))?).transpose()?;
            Ok::<_, anyhow::Error>(())
        })?;
        Ok(vec![Sample::from(times).quantile(0.99)].into())
    }

    /// Runs the program on the town's data.
    pub(super) fn ours(&self, arguments: &[&str]) -> Result<()> {
        let output =
            opensit(&self.program).args(arguments).arg("--data-dir").arg(&self.data_dir).output().context("the program can't be run")?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Points of a GeoPackage and of a CSV as a layer, beside the table that ogr2ogr makes of them.
    pub(crate) fn ingest(&mut self, table: &mut Table) -> Result<()> {
        let folder = folder()?;
        let (csv, gpkg) = (folder.path().join("trees.csv"), folder.path().join("trees.gpkg"));
        let srid = self.write(&csv)?;
        let system = format!("EPSG:{srid}");
        let columns =
            ["-oo", "X_POSSIBLE_NAMES=x", "-oo", "Y_POSSIBLE_NAMES=y", "-oo", "KEEP_GEOM_COLUMNS=NO", "-oo", "AUTODETECT_TYPE=YES"];
        let as_csv = [&columns[..], &["-a_srs", &system]].concat();
        ogr2ogr(Command::new("ogr2ogr").args(["-f", "GPKG"]).arg(&gpkg).arg(&csv).args(&as_csv))?;
        self.psql().statement("create schema if not exists bench_peer")?;
        for (format, file, ours_says, peer_says) in
            [("GeoPackage", &gpkg, &[][..], &[][..]), ("CSV", &csv, &["--crs", &system][..], as_csv.as_slice())]
        {
            let (mut ours, mut peer) = (Sample::default(), Sample::default());
            for _ in 0..self.runs {
                table.breathe();
                ours.add(seconds(|| self.load(file, ours_says))?);
                self.taken_in("bench_trees")?;
                peer.add(seconds(|| self.peer(file, peer_says))?);
            }
            let loaded =
                self.psql().rows("select (select count(*) from published.bench_trees), (select count(*) from bench_peer.trees)")?;
            ensure!(loaded[0] == [ROWS.to_string(), ROWS.to_string()], "loaded {loaded:?} rows");
            table.figure(format!("{ROWS} points of a {format} as a layer, beside ogr2ogr"), "s", ours, Some(peer), 2.0);
        }
        self.psql().statement("drop schema bench_peer cascade")
    }

    /// Writes the rows, with three texts, a number, a whole number and a date. Returns the code of their system.
    fn write(&self, csv: &Path) -> Result<String> {
        let places = self.psql().rows(PLACES)?;
        ensure!(places.len() == ROWS, "{} places", places.len());
        let mut seeded = Seeded(3);
        let mut text = String::from("id;name;species;height;planted;surveyed;x;y\n");
        for (number, place) in places.iter().enumerate() {
            let (species, height) = (SPECIES[seeded.below(3) as usize], seeded.below(200) as f64 / 10.0);
            let (planted, month, day) = (1950 + seeded.below(70), 1 + seeded.below(9), 10 + seeded.below(10));
            let (x, y) = (&place[0], &place[1]);
            writeln!(text, "{0};Tree {0};{species};{height:.1};{planted};2020-0{month}-{day};{x};{y}", number + 1)?;
        }
        std::fs::write(csv, text)?;
        Ok(places[0][2].clone())
    }

    fn load(&self, file: &Path, says: &[&str]) -> Result<()> {
        let mut command = opensit(&self.program);
        command.arg("ingest").arg(file).args(["--layer", "bench_trees", "--replace", "--data-dir"]).arg(&self.data_dir).args(says);
        let output = command.output().context("the program can't be run")?;
        ensure!(output.status.success(), "ingest: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn peer(&self, file: &Path, says: &[&str]) -> Result<()> {
        let mut command = Command::new("ogr2ogr");
        command.env("PG_USE_COPY", "YES").args(["-f", "PostgreSQL", "-overwrite", "-nln", "bench_peer.trees"]);
        ogr2ogr(command.arg(format!("PG:{}", self.psql().url())).arg(file).args(says))
    }
}

/// The resident memory of a process and of those that it began, bytes; nought of what has ended.
fn memory_of(process: u32) -> u64 {
    let read = |file: String| std::fs::read_to_string(file).unwrap_or_default();
    let status = read(format!("/proc/{process}/status"));
    let own = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let children = tasks.map(|task| read(format!("{}/children", task.path().display())));
    let begun: Vec<u32> = children.flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>()).collect();
    own.unwrap_or(0) * 1024 + begun.into_iter().map(memory_of).sum::<u64>()
}

pub(super) fn ogr2ogr(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("ogr2ogr can't be run: it comes with GDAL (gdal-bin)")?;
    ensure!(output.status.success(), "ogr2ogr: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
