use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cpu::Clock;

/// How long a first start may take before it counts as failed.
const START: Duration = Duration::from_secs(1_800);

/// The program to measure: the one given, else the one beside this executable.
pub(crate) fn find(given: Option<PathBuf>) -> Result<PathBuf> {
    let program = match given {
        Some(program) => program,
        None => std::env::current_exe()?.with_file_name("opensit"),
    };
    ensure!(program.is_file(), "{} is missing: run `make build` first", program.display());
    Ok(program)
}

/// The program without whatever the environment says of installations.
pub(crate) fn opensit(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(n, _)| n == "DATABASE_URL" || n.to_string_lossy().starts_with("OPENSIT_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// A temporary folder that the private database's user may enter.
pub(crate) fn folder() -> Result<tempfile::TempDir> {
    let open = std::fs::Permissions::from_mode(0o711);
    Ok(tempfile::Builder::new().prefix("opensit-bench-").permissions(open).tempdir()?)
}

/// A running server. Dropping it stops it as Ctrl-C would, and waits until it has ended.
pub(crate) struct Server {
    child: Child,
    /// Where it serves, `http://localhost:PORT`.
    pub(crate) url: String,
    log: Arc<Mutex<Vec<String>>>,
    _config: Option<tempfile::NamedTempFile>,
}

impl Server {
    /// Starts the demo and waits until it says where it serves.
    pub(crate) fn start(program: &Path, size: &str, data_dir: &Path) -> Result<Self> {
        Self::start_with(program, size, data_dir, "")
    }

    /// The same with a configuration file that says this.
    pub(crate) fn start_with(program: &Path, size: &str, data_dir: &Path, configuration: &str) -> Result<Self> {
        let mut command = opensit(program);
        command.args(["demo", "--size", size, "--no-open", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
        // the one thing told at this level is how long layers took to load
        command.args(["--log", "warn,tiles=info"]);
        let config = if configuration.is_empty() { None } else { Some(tempfile::Builder::new().suffix(".toml").tempfile()?) };
        if let Some(config) = &config {
            std::fs::write(config.path(), configuration)?;
            command.arg("--config").arg(config.path());
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().context("the program can't be started")?;
        let out = child.stdout.take().context("no standard output")?;
        let err = child.stderr.take().context("no standard error")?;
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                if let Some(at) = line.find("http://") {
                    let _ = sender.send(line[at..].trim().trim_end_matches("/portal/").to_owned());
                }
            }
        });
        let log = Arc::new(Mutex::new(Vec::new()));
        let said = Arc::clone(&log);
        let reading = std::thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                said.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        match receiver.recv_timeout(START) {
            // by address: `localhost` may be tried over IPv6 first
            Ok(url) => Ok(Self { child, url: url.replace("//localhost:", "//127.0.0.1:"), log, _config: config }),
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                let _ = reading.join();
                bail!("the program does not serve: {}", log.lock().unwrap_or_else(PoisonError::into_inner).join("\n"))
            }
        }
    }

    /// The clock of its process.
    pub(crate) fn clock(&self) -> Clock {
        Clock::of(vec![self.child.id()])
    }

    /// The last line of its log that has these words.
    pub(crate) fn logged(&self, words: &[&str]) -> Option<String> {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.iter().rev().find(|line| words.iter().all(|word| line.contains(word))).cloned()
    }

    /// Its memory in use (resident set), bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("the server has ended")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}
