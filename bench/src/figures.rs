//! The figures, one file each.

mod access;
mod asking;
mod city;
mod edit;
mod edits;
mod ingest;
mod items;
mod reports;
mod services;
mod start;
mod tiles;

pub(crate) use city::city;
pub(crate) use tiles::position;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::Options;
use crate::client::Client;
use crate::program::{Server, folder, opensit};
use crate::psql::Psql;

/// A served town, and how often to measure it.
pub(crate) struct Bench {
    program: PathBuf,
    size: String,
    data_dir: PathBuf,
    runs: u32,
    server: Option<Server>,
    psql: Psql,
    /// Where the town is: west, south, east, north in degrees.
    pub(crate) extent: [f64; 4],
    /// Removed at the end, after the server has ended: fields are dropped in this order.
    _folder: Option<TempDir>,
}

impl Bench {
    /// Builds the town, or serves the one that is there.
    pub(crate) fn open(program: &Path, options: &Options) -> Result<Self> {
        let folder = if options.data_dir.is_none() { Some(folder()?) } else { None };
        let data_dir = match (&options.data_dir, &folder) {
            (Some(given), _) => given.clone(),
            (None, Some(folder)) => folder.path().join("data"),
            (None, None) => bail!("no folder"),
        };
        eprintln!("Starting the {} with {} …", options.size, program.display());
        let server = Server::start(program, &options.size, &data_dir)?;
        let psql = Psql::of(program, &data_dir)?;
        let extent = extent(&Client::of(&server.url))?;
        in_memory(&Client::of(&server.url), "parcels,buildings,streets")?;
        let (program, size, runs) = (program.to_owned(), options.size.clone(), options.runs);
        Ok(Self { program, size, data_dir, runs, server: Some(server), psql, extent, _folder: folder })
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the town is not served")
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Ok(Client::of(&self.server()?.url))
    }

    pub(crate) fn psql(&self) -> &Psql {
        &self.psql
    }

    /// A key for both comuni.
    pub(crate) fn key(&self, arguments: &[&str]) -> Result<String> {
        let mut command = opensit(&self.program);
        command.args(["keys", "create", "--name", "bench", "--comune", "080901", "--comune", "080902"]).args(arguments);
        let output = command.arg("--data-dir").arg(&self.data_dir).output().context("a key is made")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// Waits until tiles come from memory, as they do but for the first seconds.
pub(crate) fn in_memory(client: &Client, layers: &str) -> Result<()> {
    for _ in 0..1_200 {
        if client.json(&format!("/xyz/{layers}"))?["served_from"] == "memory" {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    bail!("{layers}: not in memory after two minutes")
}

/// The town's bounds as its catalogue says them.
fn extent(client: &Client) -> Result<[f64; 4]> {
    let catalogue = client.json("/portal/catalogue.json")?;
    let bounds: Vec<f64> = catalogue["bbox"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
    bounds.try_into().ok().context("the catalogue states no bounds")
}
