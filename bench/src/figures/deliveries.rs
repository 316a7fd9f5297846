use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use super::Bench;
use super::ingest::ogr2ogr;
use crate::measure::{Sample, seconds};
use crate::program::folder;
use crate::table::{Bar, Table};

/// How many rows are delivered.
const ROWS: u64 = 300_000;

/// Areas of eight corners inside the boundaries, in the storage system. A first number fixes where.
const AREAS: &str = "create schema bench_delivery;
create table bench_delivery.areas as
select number as id, 'Lotto ' || number as name, number / 7.0 as surface, date '2020-01-01' + (number % 900)::int as surveyed,
       st_buffer(place, 3 + number % 5, 'quad_segs=2') as geom
from (select row_number() over () as number, place
      from (select (st_dump(st_generatepoints(st_union(geom), 300000, 7))).geom as place from territory.boundaries) places) numbered";

/// A hundredth of them: moved, renamed, taken away, and as many new ones.
const CHANGED: &str = "update bench_delivery.areas set geom = st_translate(geom, 1.5, 0) where id % 250 = 1;
update bench_delivery.areas set name = 'Lotto grande ' || id where id % 250 = 2;
insert into bench_delivery.areas select id + 1000000, name, surface, surveyed, st_translate(geom, 2, 2) from bench_delivery.areas where id % 1000 = 3;
delete from bench_delivery.areas where id % 1000 = 4";

impl Bench {
    /// A second delivery of a layer of which a hundredth changed; the same again; and the way back.
    pub(crate) fn deliveries(&mut self, table: &mut Table) -> Result<()> {
        let folder = folder()?;
        let psql = self.psql();
        psql.statement("drop schema if exists bench_delivery cascade")?;
        psql.statement(AREAS)?;
        let first = self.write_areas(&folder.path().join("first.gpkg"))?;
        psql.statement(CHANGED)?;
        let second = self.write_areas(&folder.path().join("second.gpkg"))?;
        psql.statement("drop schema bench_delivery cascade")?;
        self.ours(&["ingest", &first, "--layer", "bench_areas", "--replace"])?;
        let (mut delivered, mut again, mut undone) = (Sample::default(), Sample::default(), Sample::default());
        for _ in 0..self.runs {
            table.breathe();
            delivered.add(seconds(|| self.ours(&["ingest", &second, "--layer", "bench_areas", "--update"]))?);
            ensure!(self.renamed()? == "1200", "{} rows were renamed", self.renamed()?);
            again.add(seconds(|| self.ours(&["ingest", &second, "--layer", "bench_areas", "--update"]))?);
            undone.add(seconds(|| self.ours(&["ingest", "undo", "bench_areas"]))?);
            ensure!(self.renamed()? == "0", "{} rows are renamed still", self.renamed()?);
        }
        table.judged(format!("re-delivery of {ROWS} areas of a GeoPackage, 1 % changed"), "s", delivered, None, Bar::Most(5.0, Some(2.0)));
        table.judged("… the same again, which writes nothing", "s", again, None, Bar::Told);
        table.judged("… taken back", "s", undone, None, Bar::Told);
        Ok(())
    }

    fn renamed(&self) -> Result<String> {
        let rows = self.psql().rows("select count(*) from published.bench_areas where name like 'Lotto grande %'")?;
        Ok(rows[0][0].clone())
    }

    fn write_areas(&self, file: &Path) -> Result<String> {
        let source = format!("PG:{}", self.psql().url());
        let select = "select id, name, surface, surveyed, geom from bench_delivery.areas order by id";
        let options = ["-sql", select, "-nln", "areas", "-lco", "FID=row"];
        ogr2ogr(Command::new("ogr2ogr").args(["-f", "GPKG"]).arg(file).arg(source).args(options))?;
        Ok(PathBuf::from(file).display().to_string())
    }
}
