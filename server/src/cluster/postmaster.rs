//! The postmaster as a process: is it there, start it, wait for it, stop it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime};

use rustix::process::{Pid, Signal, kill_process};

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::layout::Layout;

/// Recovery after a crash replays up to `max_wal_size`.
const START_PATIENCE: Duration = Duration::from_secs(300);
/// After that, a fast shutdown becomes an immediate one, which the next start recovers from.
const FAST_PATIENCE: Duration = Duration::from_secs(30);
const STOP_PATIENCE: Duration = Duration::from_secs(60);
/// What is left of a dead postmaster goes within a second or two.
const REMAINS_PATIENCE: Duration = Duration::from_secs(15);
/// The process that writes the log ends a little later than the postmaster.
const LOG_PATIENCE: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(10);

/// What `postmaster.pid` says of a live postmaster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) socket_folder: PathBuf,
    pub(super) phase: Phase,
}

/// How far a postmaster is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Starting,
    Ready,
    Stopping,
}

impl Postmaster {
    /// The live postmaster of this cluster, if there is one. A file left by a dead one counts as none.
    pub(super) fn find(layout: &Layout, account: &Account) -> Result<Option<Self>, ClusterError> {
        let path = layout.cluster.join("postmaster.pid");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(ClusterError::io("read", &path, error)),
        };
        let Some(found) = parse(&text) else { return Ok(None) };
        if is_postmaster(found.pid, &layout.cluster, account) {
            return Ok(Some(found));
        }
        if Path::new("/proc").join(found.pid.to_string()).exists() {
            // Its number went to another process; PostgreSQL would take that one for a live postmaster.
            fs::remove_file(&path).map_err(|e| ClusterError::io("remove", &path, e))?;
        }
        Ok(None)
    }

    /// Starts one and waits until it accepts connections. It survives this process and its terminal: the caller stops it.
    /// After a crash, what is left of the dead postmaster and its children takes a moment to go, and is waited for.
    pub(super) fn start(binaries: &Binaries, layout: &Layout, account: &Account) -> Result<(Self, Child), ClusterError> {
        let began = Instant::now();
        loop {
            match Self::try_start(binaries, layout, account) {
                Err(ClusterError::Start { tail, .. }) if is_remains(&tail) && began.elapsed() < REMAINS_PATIENCE => sleep(LOG_PATIENCE),
                result => return result,
            }
        }
    }

    fn try_start(binaries: &Binaries, layout: &Layout, account: &Account) -> Result<(Self, Child), ClusterError> {
        let log = layout.log.join("start.log");
        let (output, errors, began) = new_log(&log).map_err(|e| ClusterError::io("write", &log, e))?;
        let program = binaries.program("postgres");
        let mut command = account.command(&program);
        command.arg("-D").arg(&layout.cluster).process_group(0);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let mut child = command.spawn().map_err(|source| ClusterError::Program { program, source })?;
        let ended = |child: &mut Child| child.try_wait().ok().flatten().map(|status| format!("it ended ({status})"));
        wait_until_ready(layout, account, began, || ended(&mut child)).map(|found| (found, child))
    }

    /// Waits until a postmaster that somebody else started accepts connections, or is gone (then nothing).
    pub(super) fn settle(layout: &Layout, account: &Account) -> Result<Option<Self>, ClusterError> {
        let began = Instant::now();
        while let Some(found) = Self::find(layout, account)? {
            match found.phase {
                Phase::Ready => return Ok(Some(found)),
                Phase::Stopping if began.elapsed() > STOP_PATIENCE => return Err(stop_error(layout, found.pid, began)),
                _ if began.elapsed() > START_PATIENCE => {
                    return Err(start_error(layout, "it did not become ready in time".to_owned(), SystemTime::UNIX_EPOCH));
                }
                _ => sleep(PAUSE),
            }
        }
        Ok(None)
    }

    /// Stops it: open transactions are rolled back, and what was committed is on disk. `child` is this process's own, if it is.
    pub(super) fn stop(&self, layout: &Layout, account: &Account, mut child: Option<Child>) -> Result<(), ClusterError> {
        let began = Instant::now();
        self.signal(Signal::INT);
        let mut is_immediate = false;
        loop {
            // A child that ended stays a zombie until it is waited for.
            let _ = child.as_mut().map(Child::try_wait);
            if Self::find(layout, account)?.is_none_or(|found| found.pid != self.pid) {
                return Ok(());
            }
            if began.elapsed() > FAST_PATIENCE && !is_immediate {
                tracing::warn!(pid = self.pid, "the database takes long to stop; stopping it at once");
                self.signal(Signal::QUIT);
                is_immediate = true;
            }
            if began.elapsed() > STOP_PATIENCE {
                return Err(stop_error(layout, self.pid, began));
            }
            sleep(PAUSE);
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(Err(error)) = pid.map(|pid| kill_process(pid, signal)) {
            tracing::debug!(pid = self.pid, %error, "the database was gone before it was told to stop");
        }
    }
}

/// An empty log, twice, and its time. A link in its place is not followed: the account could have planted it for root.
fn new_log(path: &Path) -> io::Result<(File, File, SystemTime)> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = fs::OpenOptions::new().append(true).create_new(true).open(path)?;
    let began = file.metadata()?.modified()?;
    Ok((file.try_clone()?, file, began))
}

fn wait_until_ready(
    layout: &Layout,
    account: &Account,
    began: SystemTime,
    mut ended: impl FnMut() -> Option<String>,
) -> Result<Postmaster, ClusterError> {
    let start = Instant::now();
    loop {
        if let Some(why) = ended() {
            sleep(LOG_PATIENCE);
            return Err(start_error(layout, why, began));
        }
        match Postmaster::find(layout, account)? {
            Some(found) if found.phase == Phase::Ready => return Ok(found),
            _ if start.elapsed() > START_PATIENCE => {
                let why = format!("it was not ready after {} s", START_PATIENCE.as_secs());
                return Err(start_error(layout, why, began));
            }
            _ => sleep(PAUSE),
        }
    }
}

/// PostgreSQL's words for a dead postmaster's children, which still hold its memory, and for its process that nobody waited for.
fn is_remains(tail: &str) -> bool {
    tail.contains("pre-existing shared memory block") || tail.contains("Is another postmaster (PID")
}

/// The lines are: process, data directory, start time, port, socket folder, TCP address, shared memory, state.
fn parse(text: &str) -> Option<Postmaster> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let phase = match lines.get(7).copied() {
        Some("ready") => Phase::Ready,
        Some("stopping") => Phase::Stopping,
        _ => Phase::Starting,
    };
    Some(Postmaster {
        pid: lines.first()?.parse().ok()?,
        port: lines.get(3).and_then(|port| port.parse().ok()).unwrap_or(super::settings::SOCKET_PORT),
        socket_folder: PathBuf::from(lines.get(4).copied().unwrap_or_default()),
        phase,
    })
}

/// A process number can be used again: it must be a `postgres` of the account, at work in this cluster. In a container without
/// the right to look into other users' processes, root can't read where a process is at work; the first two then have to do.
fn is_postmaster(pid: u32, cluster: &Path, account: &Account) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let is_postgres = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "postgres");
    let is_accounts = process.metadata().is_ok_and(|metadata| metadata.uid() == account.uid);
    if !is_postgres || !is_accounts {
        return false;
    }
    match fs::read_link(process.join("cwd")) {
        Ok(folder) => cluster.canonicalize().is_ok_and(|cluster| cluster == folder),
        Err(error) => error.kind() == io::ErrorKind::PermissionDenied,
    }
}

fn stop_error(layout: &Layout, pid: u32, began: Instant) -> ClusterError {
    let waited_s = began.elapsed().as_secs();
    ClusterError::Stop { directory: layout.cluster.clone(), pid, waited_s, log: layout.log.clone() }
}

fn start_error(layout: &Layout, why: String, since: SystemTime) -> ClusterError {
    let tail = tail(&layout.log, since);
    if tail.contains("No space left on device") {
        return ClusterError::DiskFull { path: layout.cluster.clone(), free_mb: 0, needed_mb: super::layout::ROOM_TO_START_MB };
    }
    ClusterError::Start { directory: layout.cluster.clone(), why, log: layout.log.clone(), tail }
}

/// The last lines of the logs that were written since then.
fn tail(log: &Path, since: SystemTime) -> String {
    const LINES: usize = 12;
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(log)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .filter(|(modified, _)| *modified + Duration::from_secs(1) >= since)
        .collect();
    files.sort();
    let text: String = files.iter().filter_map(|(_, path)| fs::read_to_string(path).ok()).collect();
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_process_file_of_a_ready_postmaster() {
        let text = "4711\n/d/postgres\n1700000000\n5433\n/run/opensit/1\n*\n  123 4\nready   \n";
        let found = parse(text).unwrap();
        assert_eq!(found.pid, 4711);
        assert_eq!(found.port, 5433);
        assert_eq!(found.socket_folder, Path::new("/run/opensit/1"));
        assert_eq!(found.phase, Phase::Ready);
    }

    #[test]
    fn a_file_that_is_just_being_written_means_starting() {
        assert_eq!(parse("4711\n/d/postgres\n").unwrap().phase, Phase::Starting);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn another_process_with_the_same_number_is_no_postmaster() {
        let account = Account::current().unwrap();
        assert!(!is_postmaster(std::process::id(), Path::new("/"), &account));
    }
}
