use anyhow::Result;

use super::Bench;
use crate::edits::Edits;
use crate::measure::Sample;
use crate::seeded::Seeded;
use crate::table::Table;

/// How many edits are followed.
const EDITS: u32 = 30;

impl Bench {
    /// From an UPDATE given to psql to its event.
    pub(crate) fn edit(&mut self, table: &mut Table) -> Result<()> {
        let mut edits = Edits::open(self.psql(), &self.server()?.url, Seeded(30))?;
        edits.one()?;
        let mut sample = Sample::default();
        for number in 0..EDITS {
            if number % 6 == 0 {
                table.breathe();
            }
            sample.add(edits.one()? * 1000.0);
        }
        table.figure(format!("UPDATE in psql to its event (median of {EDITS})"), "ms", sample, None, 1000.0);
        Ok(())
    }
}
