use std::time::Instant;

use anyhow::Result;

use super::Bench;
use crate::client::Client;
use crate::measure::Sample;
use crate::program::Server;
use crate::table::Table;

impl Bench {
    /// A second start, from the command to the first tile in the client's hands.
    pub(crate) fn start(&mut self, table: &mut Table) -> Result<()> {
        let [west, south, east, north] = self.extent;
        let (x, y) = super::tiles::position(16, (west + east) / 2.0, (south + north) / 2.0);
        let mut sample = Sample::default();
        for _ in 0..self.runs {
            self.server = None;
            table.breathe();
            let start = Instant::now();
            let server = Server::start(&self.program, &self.size, &self.data_dir)?;
            Client::of(&server.url).get(&format!("/xyz/parcels,buildings,streets/16/{x}/{y}"))?;
            sample.add(start.elapsed().as_secs_f64());
            self.server = Some(server);
        }
        table.figure(format!("second start of the {} to its first tile", self.size), "s", sample, None, 5.0);
        Ok(())
    }
}
