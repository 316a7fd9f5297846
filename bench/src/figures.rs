//! The figures, one file each.

mod access;
mod asking;
mod beside;
mod cadastre;
mod city;
mod deliveries;
mod edit;
mod edits;
mod fresh;
mod ingest;
mod items;
mod region;
mod reports;
mod services;
mod start;
mod tiles;
mod zooms;

pub(crate) use city::city;
pub(crate) use region::region;
pub(crate) use tiles::position;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::Options;
use crate::client::Client;
use crate::martin;
use crate::measure::wait_until;
use crate::program::{Server, folder, opensit};
use crate::psql::Psql;

/// What it says where as much is generalised as ever, everything in memory, and no tile kept that was made.
pub(crate) const IN_MEMORY: &str = "[limits]\ntiles-memory-mib = 8192\ntiles-cache-mib = 0\n";
/// What the configuration file says where ours is to draw as much as the peers do: nothing generalised, everything in memory, no tile kept
/// that was made.
pub(crate) const IN_DETAIL: &str =
    "[limits]\ntiles-memory-mib = 8192\ntiles-cache-mib = 0\ntiles-layer-features = 4000000000\ntiles-layer-kib = 4000000\n";
/// The same, and tiles are kept.
pub(crate) const WARM: &str =
    "[limits]\ntiles-memory-mib = 8192\ntiles-cache-mib = 2000\ntiles-layer-features = 4000000000\ntiles-layer-kib = 4000000\n";

/// A served town, and how often to measure it.
pub(crate) struct Bench {
    program: PathBuf,
    size: String,
    data_dir: PathBuf,
    configuration: String,
    runs: u32,
    /// The martin to measure beside, or why there is none.
    martin: Result<PathBuf, String>,
    server: Option<Server>,
    psql: Psql,
    /// Where the town is: west, south, east, north in degrees.
    pub(crate) extent: [f64; 4],
    /// Removed at the end, after the server has ended: fields are dropped in this order.
    _folder: Option<TempDir>,
}

impl Bench {
    /// Builds the town, or serves the one that is there; of this size if none is asked for, with this in the configuration file.
    pub(crate) fn open(program: &Path, options: &Options, size: &str, configuration: &str) -> Result<Self> {
        let (usual, size) = (size, options.size.as_deref().unwrap_or(size));
        let folder = if options.data_dir.is_none() { Some(folder()?) } else { None };
        let data_dir = match (&options.data_dir, &folder) {
            // whoever keeps a town may keep larger ones beside it
            (Some(given), _) if usual != "town" => given.join(size),
            (Some(given), _) => given.clone(),
            (None, Some(folder)) => folder.path().join("data"),
            (None, None) => bail!("no folder"),
        };
        eprintln!("Starting the {size} with {} …", program.display());
        let server = Server::start_with(program, size, &data_dir, configuration)?;
        let psql = Psql::of(program, &data_dir)?;
        let extent = extent(&Client::of(&server.url))?;
        in_memory(&Client::of(&server.url), "parcels,buildings,streets")?;
        let (program, size, runs) = (program.to_owned(), size.to_owned(), options.runs);
        let martin = martin::find(options.martin.as_deref());
        let configuration = configuration.to_owned();
        Ok(Self { program, size, data_dir, configuration, runs, martin, server: Some(server), psql, extent, _folder: folder })
    }

    pub(crate) fn server(&self) -> Result<&Server> {
        self.server.as_ref().context("the town is not served")
    }

    /// Stops the server; the database goes on.
    pub(crate) fn stop(&mut self) -> Result<()> {
        self.server = None;
        // asking for its address starts it
        self.psql = Psql::of(&self.program, &self.data_dir)?;
        Ok(())
    }

    /// Serves with another configuration from now on, and waits until these layers are in memory.
    pub(crate) fn serve_with(&mut self, configuration: &str, layers: &str) -> Result<()> {
        self.configuration = configuration.to_owned();
        self.serve(layers)
    }

    /// Serves again what was stopped, and waits until these layers are in memory.
    pub(crate) fn serve(&mut self, layers: &str) -> Result<()> {
        self.server = None;
        let server = Server::start_with(&self.program, &self.size, &self.data_dir, &self.configuration)?;
        in_memory(&Client::of(&server.url), layers)?;
        self.server = Some(server);
        Ok(())
    }

    pub(crate) fn client(&self) -> Result<Client> {
        Ok(Client::of(&self.server()?.url))
    }

    pub(crate) fn psql(&self) -> &Psql {
        &self.psql
    }

    /// The parcels at every zoom and without points for labels, as the peers have them: the declaration is changed until the next start.
    pub(crate) fn parcels_alone(&self) -> Result<()> {
        // the points of labels are drawn where the style has texts
        self.psql.statement(
            "update opensit.layers set declaration = jsonb_set(jsonb_set(declaration, '{zoom}', '[0, 22]'), '{style}', (
                 select jsonb_agg(part) from jsonb_array_elements(declaration -> 'style') part where part ->> 'type' <> 'symbol'))
             where id = 'parcels'",
        )?;
        let client = self.client()?;
        let so = || {
            client.json("/xyz/parcels").is_ok_and(|t| {
                let only = t["vector_layers"].as_array().is_some_and(|layers| layers.len() == 1);
                t["minzoom"] == 0 && only && t["served_from"] == "memory"
            })
        };
        ensure!(wait_until(Duration::from_secs(300), so), "the parcels are not served at every zoom after five minutes");
        // what is made ahead is no tile's work
        self.made_ready()
    }

    /// Waits until everything that is made ahead of tiles is there.
    pub(crate) fn made_ready(&self) -> Result<()> {
        let client = self.client()?;
        let is_ready =
            || client.get("/metrics").is_ok_and(|m| String::from_utf8_lossy(&m.body).lines().any(|l| l == "tiles_layers_preparing 0"));
        ensure!(wait_until(Duration::from_secs(300), is_ready), "layers are still being made ready after five minutes");
        Ok(())
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
    for _ in 0..3_000 {
        if client.json(&format!("/xyz/{layers}"))?["served_from"] == "memory" {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    bail!("{layers}: not in memory after five minutes")
}

/// The town's bounds as its catalogue says them.
fn extent(client: &Client) -> Result<[f64; 4]> {
    let catalogue = client.json("/portal/catalogue.json")?;
    let bounds: Vec<f64> = catalogue["bbox"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_f64).collect();
    bounds.try_into().ok().context("the catalogue states no bounds")
}
