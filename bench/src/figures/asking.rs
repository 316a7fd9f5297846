use anyhow::Result;

use super::Bench;
use crate::client::{Client, escaped};
use crate::measure::{Sample, seconds};
use crate::seeded::Seeded;
use crate::table::Table;

/// How many questions of each kind.
const QUESTIONS: usize = 50;

impl Bench {
    /// Search by address and parcel, and identify: what 95 of 100 answers keep within.
    pub(crate) fn asking(&mut self, table: &mut Table) -> Result<()> {
        let searches = self.searches()?;
        self.ask(table, "search, 95th percentile of 50", &searches, 150.0)?;
        let mut random = Seeded(50);
        let [west, south, east, north] = self.extent;
        let points: Vec<String> = (0..QUESTIONS)
            .map(|_| (random.between(west, east), random.between(south, north)))
            .map(|(lon, lat)| format!("/identify?point={lon:.7},{lat:.7}&zoom=17"))
            .collect();
        self.ask(table, "identify, 95th percentile of 50", &points, 200.0)
    }

    /// Addresses, beginnings of addresses and references of parcels that the town has.
    fn searches(&self) -> Result<Vec<String>> {
        let addresses = self.psql().rows("select address from territory.house_numbers order by md5(id) limit 25")?;
        let parcels =
            self.psql().rows("select sheet || '/' || number from cadastre.parcels where kind = 'land' order by md5(id) limit 25")?;
        let beginning = |(number, text): (usize, String)| match number % 3 {
            0 => text.chars().take(text.chars().count() * 2 / 3).collect(),
            _ => text,
        };
        let addresses = addresses.into_iter().flatten().enumerate().map(beginning);
        let all = addresses.chain(parcels.into_iter().flatten());
        Ok(all.map(|text| format!("/search?q={}&limit=10&lang=it", escaped(text.trim()))).collect())
    }

    fn ask(&self, table: &mut Table, what: &str, paths: &[String], budget_ms: f64) -> Result<()> {
        let client: Client = self.client()?;
        let mut sample = Sample::default();
        for path in paths {
            client.get(path)?;
        }
        for _ in 0..self.runs {
            table.breathe();
            let mut run = Sample::default();
            for path in paths {
                run.add(seconds(|| client.get(path).map(|_| ()))? * 1000.0);
            }
            sample.add(run.quantile(0.95));
        }
        table.figure(what, "ms", sample, None, budget_ms);
        Ok(())
    }
}
