use std::path::Path;
use std::time::Instant;

use anyhow::Result;

use crate::measure::Sample;
use crate::program::{Server, folder};
use crate::table::Table;

/// A first start of the city, in an empty folder, until it serves; once.
pub(crate) fn city(program: &Path, table: &mut Table) -> Result<()> {
    let folder = folder()?;
    eprintln!("Building the city …");
    table.breathe();
    let start = Instant::now();
    let server = Server::start(program, "city", &folder.path().join("data"))?;
    let mut sample = Sample::default();
    sample.add(start.elapsed().as_secs_f64());
    table.breathe();
    drop(server);
    table.figure("first start of the city until it serves (once)", "s", sample, None, 60.0);
    Ok(())
}
