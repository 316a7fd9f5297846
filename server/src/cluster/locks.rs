//! Three locks in the data directory (`flock`: the kernel lets go of them when a process ends, however it ends).
//!
//! - `server.lock`, exclusive, for a server's whole life: one server a directory.
//! - `cluster.lock`, exclusive, while somebody starts, joins or stops the cluster: one at a time.
//! - `users.lock`, shared, by everybody who uses the cluster: who leaves and gets it exclusively was the last, and stops it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::error::ClusterError;
use super::layout::Layout;

/// How long to wait for another process that starts the cluster: a first start, or recovery after a crash, takes a while.
const PATIENCE: Duration = Duration::from_secs(180);

/// The right to be the server of a data directory, until dropped.
#[derive(Debug)]
pub(super) struct ServerLock {
    file: File,
}

impl ServerLock {
    /// Takes the lock and notes the process and `address` in it.
    pub(super) fn take(layout: &Layout, address: &str) -> Result<Self, ClusterError> {
        let path = layout.lock("server.lock");
        let file = open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&layout.data_dir).unwrap_or_else(|| "just starting".to_owned());
                return Err(ClusterError::AlreadyServed { data_dir: layout.data_dir.clone(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(ClusterError::io("lock", &path, error)),
        }
        let lock = Self { file };
        lock.note(address).map_err(|e| ClusterError::io("write", &path, e))?;
        Ok(lock)
    }

    /// Notes another address, once it is known.
    pub(super) fn note(&self, address: &str) -> io::Result<()> {
        let mut file = &self.file;
        file.set_len(0)?;
        file.rewind()?;
        write!(file, "process {}, {address}", std::process::id())
    }
}

/// What the server of this directory noted about itself, such as `process 4711, http://localhost:8080`; nothing if none runs.
pub(super) fn holder(data_dir: &Path) -> Option<String> {
    let path = data_dir.join("server.lock");
    let file = File::open(&path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => std::fs::read_to_string(&path).ok().filter(|note| !note.is_empty()),
        _ => None,
    }
}

/// The right to start, join or stop the cluster, until dropped.
#[derive(Debug)]
pub(super) struct Gate {
    _file: File,
}

impl Gate {
    /// Waits until nobody else starts, joins or stops the cluster.
    pub(super) fn enter(layout: &Layout) -> Result<Self, ClusterError> {
        let path = layout.lock("cluster.lock");
        let file = open(&path)?;
        let start = Instant::now();
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file }),
                Err(TryLockError::Error(error)) => return Err(ClusterError::io("lock", &path, error)),
                Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                    let waited_s = start.elapsed().as_secs();
                    return Err(ClusterError::Busy { data_dir: layout.data_dir.clone(), lock: path, waited_s });
                }
                Err(TryLockError::WouldBlock) => sleep(Duration::from_millis(20)),
            }
        }
    }
}

/// One user's share in the running cluster. Only touched while holding the [`Gate`].
#[derive(Debug)]
pub(super) struct Share {
    file: File,
}

impl Share {
    pub(super) fn open(layout: &Layout) -> Result<Self, ClusterError> {
        Ok(Self { file: open(&layout.lock("users.lock"))? })
    }

    /// True if nobody else uses the cluster; it then stays so until [`Share::join`] or the end of the gate.
    pub(super) fn is_alone(&self) -> bool {
        self.file.unlock().is_ok() && self.file.try_lock().is_ok()
    }

    /// Becomes one of the users.
    pub(super) fn join(&self, layout: &Layout) -> Result<(), ClusterError> {
        let lock = || self.file.unlock().and_then(|()| self.file.lock_shared());
        lock().map_err(|e| ClusterError::io("lock", &layout.lock("users.lock"), e))
    }
}

fn open(path: &Path) -> Result<File, ClusterError> {
    let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    open.map_err(|e| ClusterError::io("open", path, e))
}
