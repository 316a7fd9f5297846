use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cpu::Clock;
use crate::measure::wait_until;
use crate::psql::Psql;
use crate::wire::{PLAIN, Wire};

/// The release that the figures are beside.
const VERSION: &str = "1.14.0";

/// The parcels' columns that become properties, as our tiles have them.
const PROPERTIES: [(&str, &str); 8] = [
    ("id", "text"),
    ("sheet", "int4"),
    ("number", "text"),
    ("kind", "text"),
    ("land_use", "text"),
    ("area_m2", "int4"),
    ("urban", "bool"),
    ("updated_on", "date"),
];

/// The program: the one given, else the one in `PATH`. `None`: there is none, or not in this release.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, String> {
    let program = given.map_or_else(|| PathBuf::from("martin"), Path::to_owned);
    let output = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    let said = output.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default();
    if said.split_whitespace().last() == Some(VERSION) {
        return Ok(program);
    }
    let found = if said.is_empty() { "is not there".to_owned() } else { format!("says that it is `{said}`") };
    Err(format!(
        "martin {VERSION} is the peer of these figures, and `{}` {found}. Install it with \
         `cargo install martin@{VERSION} --locked --no-default-features --features postgres,metrics --root target/peers` \
         and say --martin target/peers/bin/martin; `make bench` does so.",
        program.display()
    ))
}

/// A running martin that serves the parcels of an installation's database. Dropping it ends it.
pub(crate) struct Martin {
    child: Child,
    /// Where it serves.
    pub(crate) url: String,
    psql: Psql,
    _config: tempfile::NamedTempFile,
}

impl Martin {
    /// Starts it; `cache_mb` is how much it may keep of tiles, 0 for none.
    pub(crate) fn start(program: &Path, psql: &Psql, extent: [f64; 4], cache_mb: u32) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let config = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        std::fs::write(config.path(), settings(psql.url(), port, extent, cache_mb)?)?;
        let mut command = Command::new(program);
        command.arg("--config").arg(config.path()).env("RUST_LOG", "warn").env("PGAPPNAME", "martin");
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().context("martin can't be started")?;
        let mut martin = Self { child, url: format!("http://127.0.0.1:{port}"), psql: psql.clone(), _config: config };
        let mut ended = None;
        let serves = wait_until(Duration::from_secs(60), || {
            ended = martin.child.try_wait().ok().flatten();
            ended.is_some() || Wire::open(&martin.url, PLAIN).and_then(|mut wire| wire.get("/health")).is_ok()
        });
        if !serves || ended.is_some() {
            let _ = martin.child.kill();
            let mut said = String::new();
            if let Some(mut err) = martin.child.stderr.take() {
                std::io::Read::read_to_string(&mut err, &mut said)?;
            }
            bail!("martin does not serve: {said}");
        }
        Ok(martin)
    }

    /// A tile's path.
    pub(crate) fn path(tile: crate::browsing::Tile) -> String {
        format!("/parcels/{}/{}/{}", tile.z, tile.x, tile.y)
    }

    /// The clock of its own process.
    pub(crate) fn own_clock(&self) -> Clock {
        Clock::of(vec![self.child.id()])
    }

    /// The clock of its process and of the database's that work for it: ask it for something first.
    pub(crate) fn clock(&self) -> Result<Clock> {
        let rows = self.psql.rows(
            "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() \
             and query like '%ST_AsMVT(tile%'",
        )?;
        ensure!(!rows.is_empty(), "no connection of martin's is to be found in the database");
        let backends = rows.concat().iter().map(|pid| Ok(pid.parse()?)).collect::<Result<Vec<u32>>>()?;
        Ok(Clock::of(std::iter::once(self.child.id()).chain(backends).collect()))
    }
}

impl Drop for Martin {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        if !wait_until(Duration::from_secs(10), || matches!(self.child.try_wait(), Ok(Some(_)))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Its configuration file: the parcels, with the same properties and `fid` as the features' id.
fn settings(url: &str, port: u16, [west, south, east, north]: [f64; 4], cache_mb: u32) -> Result<String> {
    let mut text = format!(
        "listen_addresses: '127.0.0.1:{port}'\ncache:\n  size_mb: {cache_mb}\npostgres:\n  connection_string: '{url}'\n  \
         auto_publish: false\n  tables:\n    parcels:\n      layer_id: parcels\n      schema: cadastre\n      table: parcels\n      srid: 7792\n      \
         geometry_column: geom\n      geometry_type: POLYGON\n      id_column: fid\n      extent: 4096\n      buffer: 64\n      \
         clip_geom: true\n      bounds: [{west}, {south}, {east}, {north}]\n      properties:\n"
    );
    for (name, kind) in PROPERTIES {
        writeln!(text, "        {name}: {kind}")?;
    }
    Ok(text)
}
