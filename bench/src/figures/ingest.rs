use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::Bench;
use crate::measure::{Sample, seconds};
use crate::program::{folder, opensit};
use crate::seeded::Seeded;
use crate::table::Table;

/// How many rows are loaded.
const ROWS: usize = 500_000;

/// Places inside the boundaries, metres, in the storage system. A first number fixes them.
const PLACES: &str = "select st_x(p), st_y(p), st_srid(p) from (select (st_dump(st_generatepoints(st_union(geom), 500000, 7))).geom as p \
    from territory.boundaries) points";

const SPECIES: [&str; 3] = ["Quercus ilex", "Pinus pinea", "Platanus hispanica"];

impl Bench {
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

pub(super) fn ogr2ogr(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().context("ogr2ogr can't be run: it comes with GDAL (gdal-bin)")?;
    ensure!(output.status.success(), "ogr2ogr: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
