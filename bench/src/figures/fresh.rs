use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Bench;
use super::edits::shows;
use super::tiles::position;
use crate::events::Events;
use crate::measure::Sample;
use crate::table::{Bar, Table};
use crate::wire::{PLAIN, Wire};

/// How many edits are followed to their tiles.
const EDITS: usize = 10_000;
/// At so many parcels.
const PARCELS: usize = 4_000;
/// Areas that no parcel has.
const FIRST_VALUE: u32 = 20_000_000;
/// How long those write whose throughput is measured, seconds.
const WRITING: u32 = 8;
/// How many they are: one, who leaves a processor to whoever follows; and as many as take all there is.
const WRITERS: [u32; 2] = [1, 4];

impl Bench {
    /// From committed edits to the tiles that show them, and what being followed costs who edits.
    pub(crate) fn fresh(&mut self, table: &mut Table) -> Result<()> {
        self.followed(table)?;
        self.written(table)
    }

    fn followed(&self, table: &mut Table) -> Result<()> {
        let rows = self.psql().rows(&format!(
            "select fid, st_x(g), st_y(g) from (select fid, st_transform(st_pointonsurface(geom), 4326) as g from cadastre.parcels \
             where kind = 'land' and valid_to is null order by md5(fid::text) limit {PARCELS}) t"
        ))?;
        let mut parcels = Vec::new();
        for row in rows {
            let [fid, lon, lat] = row.try_into().ok().context("three columns")?;
            let (x, y) = position(17, lon.parse()?, lat.parse()?);
            parcels.push((fid, format!("/xyz/parcels/17/{x}/{y}")));
        }
        let url = &self.server()?.url;
        let (events, mut wire, mut psql) = (Events::open(url, "parcels")?, Wire::open(url, PLAIN)?, self.psql().session()?);
        let (mut from_commit, mut from_statement, mut stale) = (Vec::new(), Vec::new(), 0);
        for ((fid, tile), value) in parcels.iter().cycle().take(EDITS).zip(FIRST_VALUE..) {
            if value.is_multiple_of(1_000) {
                table.breathe();
            }
            events.drain();
            let begun = Instant::now();
            psql.run(&format!("update cadastre.parcels set area_m2 = {value} where fid = {fid}"))?;
            let committed = Instant::now();
            loop {
                wire.get(tile)?;
                if shows(&wire.body, value) {
                    break;
                }
                ensure!(committed.elapsed() < Duration::from_secs(10), "{tile} does not show an edit of ten seconds ago");
            }
            from_commit.push(committed.elapsed().as_secs_f64() * 1000.0);
            from_statement.push(begun.elapsed().as_secs_f64() * 1000.0);
            // whoever has been told of the change must find it
            events.next("parcels", Duration::from_secs(10)).context("no event within ten seconds of an edit")?;
            wire.get(tile)?;
            stale += u32::from(!shows(&wire.body, value));
        }
        let (from_commit, from_statement) = (Sample::from(from_commit), Sample::from(from_statement));
        table.judged(
            format!("committed UPDATE to changed tile, 99th percentile of {EDITS}"),
            "ms",
            of(from_commit.quantile(0.99)),
            None,
            Bar::Most(10.0, Some(5.0)),
        );
        table.judged(format!("stale tiles in {EDITS} edits"), "", of(stale.into()), None, Bar::Most(0.0, Some(0.0)));
        table.note(format!(
            "Freshness: from the moment psql is told of the commit to the tile's last byte {:.2} ms at the median, {:.2} at the 99th percentile, \
             {:.2} at worst; from the moment psql is given the statement {:.2}, {:.2} and {:.2}. Each tile was asked for once more after the \
             change's event: stale is one that does not show it then.",
            from_commit.median(),
            from_commit.quantile(0.99),
            from_commit.max(),
            from_statement.median(),
            from_statement.quantile(0.99),
            from_statement.max()
        ));
        Ok(())
    }

    /// What `pgbench` writes in a second while the server follows, and without it.
    fn written(&mut self, table: &mut Table) -> Result<()> {
        let fids = self.psql().rows("select min(fid), max(fid) from cadastre.parcels where kind = 'land' and valid_to is null")?.concat();
        let [first, last] = fids.try_into().ok().context("two numbers")?;
        let script = tempfile::NamedTempFile::new()?;
        std::fs::write(
            script.path(),
            format!("\\set fid random({first}, {last})\nupdate cadastre.parcels set area_m2 = area_m2 % 1000 + 1 where fid = :fid;\n"),
        )?;
        let mut samples: [[Sample; 3]; 2] = Default::default();
        for run in 0..self.runs {
            table.breathe();
            let mut rates = [[0.0; 2]; 2];
            // each comes first in turn, since tables grow as they are written
            for followed in if run % 2 == 0 { [true, false] } else { [false, true] } {
                if followed {
                    self.serve("parcels")?;
                } else {
                    self.stop()?;
                }
                self.psql().statement("vacuum (analyze) cadastre.parcels")?;
                for (rate, clients) in rates.iter_mut().zip(WRITERS) {
                    rate[usize::from(followed)] = pgbench(self.psql().url(), script.path(), clients)?;
                }
            }
            for ([cost, with, without], [alone, followed]) in samples.iter_mut().zip(rates) {
                cost.add((1.0 - followed / alone) * 100.0);
                with.add(followed);
                without.add(alone);
            }
        }
        if self.server.is_none() {
            self.serve("parcels")?;
        }
        for ([cost, with, without], writers) in samples.into_iter().zip(WRITERS) {
            let bar = if writers == 1 { Bar::Most(5.0, Some(2.0)) } else { Bar::Told };
            table.judged(format!("cost of being followed to {writers} who write without a pause"), "%", cost, None, bar);
            table.judged(format!("UPDATEs by {writers}, followed and not"), "1/s", with, Some(without), Bar::Told);
        }
        Ok(())
    }
}

fn of(value: f64) -> Sample {
    vec![value].into()
}

/// Transactions a second.
fn pgbench(url: &str, script: &std::path::Path, clients: u32) -> Result<f64> {
    let mut command = Command::new("pgbench");
    command.args(["-n", "-M", "prepared", "-T", &WRITING.to_string(), "-c", &clients.to_string(), "-f"]).arg(script).arg(url);
    let output = command.stdin(Stdio::null()).output().context("pgbench can't be run: it comes with PostgreSQL")?;
    ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    rate(&said).with_context(|| format!("pgbench states no rate: {said}"))
}

fn rate(said: &str) -> Option<f64> {
    said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::rate;

    #[test]
    fn what_pgbench_says() {
        let said = "number of failed transactions: 0 (0.000%)\nlatency average = 1.2 ms\ntps = 3321.52 (without initial connection time)\n";
        assert_eq!(rate(said), Some(3321.52));
        assert_eq!(rate("tps\n"), None);
    }
}
