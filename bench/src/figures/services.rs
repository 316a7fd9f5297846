use anyhow::{Context, Result, ensure};

use super::Bench;
use crate::client::{Client, escaped};
use crate::measure::{Sample, seconds};
use crate::seeded::Seeded;
use crate::table::Table;

/// How many questions of each kind.
const QUESTIONS: usize = 100;
/// As many permits are in the list, at least.
const PERMITS: u32 = 100_000;

impl Bench {
    /// What the services of the town answer: what applies at a place, what lies on a parcel, a work list at any depth.
    pub(crate) fn services(&mut self, table: &mut Table) -> Result<()> {
        let officer = self.client()?.sign_in("/auth/demo/officer")?;
        let officer = self.client()?.with_header("cookie", &officer);
        let parcels = self.psql().rows(&format!(
            "select id from cadastre.parcels where kind = 'land' and valid_to is null order by md5(id) limit {QUESTIONS}"
        ))?;
        let parcels: Vec<String> = parcels.into_iter().flatten().map(|id| escaped(&id)).collect();
        let mut random = Seeded(77);
        let [west, south, east, north] = self.extent;
        let points = (0..QUESTIONS).map(|_| format!("{:.7},{:.7}", random.between(west, east), random.between(south, north)));
        let places: Vec<String> = points.map(|p| format!("/environment/at?point={p}")).collect();
        self.slowest(table, &officer, "what applies at a place, 95th percentile of 100", &places, 20.0)?;
        let on_parcels: Vec<String> = parcels.iter().map(|id| format!("/environment/at?parcel={id}")).collect();
        self.slowest(table, &officer, "what applies on a parcel, 95th percentile of 100", &on_parcels, 20.0)?;
        let cards: Vec<String> = parcels.iter().map(|id| format!("/identify?feature=parcels/{id}")).collect();
        self.slowest(table, &officer, "a parcel's joined card, 95th percentile of 100", &cards, 50.0)?;
        self.work_list(table, &officer)
    }

    fn slowest(&self, table: &mut Table, client: &Client, what: &str, paths: &[String], budget_ms: f64) -> Result<()> {
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

    /// Every page of the list of permits, by the links from one to the next: in two orders whole, then filtered.
    fn work_list(&self, table: &mut Table, client: &Client) -> Result<()> {
        let added = self.more_permits()?;
        let mut whole = Turned::default();
        for sort in ["due", "-filed"] {
            whole.turn(table, client, &format!("sort={sort}"))?;
        }
        let mut filtered = Turned::default();
        let year = self.psql().rows("select left(min(protocol), 4) from permits.permits")?.concat().concat();
        for filter in
            ["q=via", &format!("q={year}"), "due=paused", "due=late&q=via", "state=withdrawn&q=via", &format!("kind=sca&q={year}")]
        {
            for sort in ["due", "-filed"] {
                filtered.turn(table, client, &format!("{filter}&sort={sort}"))?;
            }
        }
        self.psql().statement("delete from permits.permits where id like 'BENCH-%'")?;
        ensure!(whole.rows >= 2 * PERMITS as usize && filtered.rows > 0, "{} and {} permits", whole.rows, filtered.rows);
        table.figure("a page of the list of 100,000 permits at any depth, 95th percentile", "ms", whole.slowest, None, 50.0);
        let mut worst = Sample::default();
        worst.add(filtered.slowest.max());
        table.figure("the same of the slowest list by text, year, term, state and kind", "ms", worst, None, 50.0);
        let (pages, more) = (whole.pages, filtered.pages);
        table.note(format!(
            "Permits: {added} copies were added to the town's; all {pages} pages of two orders were turned, and {more} filtered."
        ));
        Ok(())
    }

    /// Copies of the town's permits, so that there are as many as a large city has.
    fn more_permits(&self) -> Result<u32> {
        let columns = self.psql().rows(
            "select string_agg(quote_ident(column_name), ', ') from information_schema.columns
              where table_schema = 'permits' and table_name = 'permits' and column_name not in ('fid', 'id', 'version', 'protocol')",
        )?;
        let columns = columns.concat().concat();
        self.psql().statement(&format!(
            "alter table permits.permits disable trigger user;
             insert into permits.permits (id, protocol, {columns})
                 select 'BENCH-' || row_number() over (), left(protocol, 5) || lpad((500000 + row_number() over ())::text, 6, '0'), {columns}
                   from permits.permits cross join generate_series(1, (select {PERMITS} / greatest(count(*), 1) + 1 from permits.permits))
                  where id not like 'BENCH-%' limit {PERMITS};
             alter table permits.permits enable trigger user"
        ))?;
        self.psql().statement("vacuum analyze permits.permits")?;
        let count = self.psql().rows("select count(*) from permits.permits where id like 'BENCH-%'")?;
        count.concat().concat().parse().context("a number of permits")
    }
}

/// Lists that were turned from the first page to the last.
#[derive(Default)]
struct Turned {
    /// The 95th percentile of each list's pages.
    slowest: Sample,
    pages: usize,
    rows: usize,
}

impl Turned {
    fn turn(&mut self, table: &mut Table, client: &Client, query: &str) -> Result<()> {
        table.breathe();
        let mut run = Sample::default();
        let mut next = Some(format!("/permits/?f=json&limit=50&{query}"));
        while let Some(path) = next {
            let mut page = serde_json::Value::Null;
            run.add(
                seconds(|| {
                    page = client.json(&path)?;
                    Ok(())
                })? * 1000.0,
            );
            self.rows += page["permits"].as_array().map_or(0, Vec::len);
            self.pages += 1;
            next = page["next"].as_str().and_then(|link| link.find("/permits/").map(|at| link[at..].to_owned()));
        }
        self.slowest.add(run.quantile(0.95));
        Ok(())
    }
}
