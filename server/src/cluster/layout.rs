//! The data directory: its folders, their owners and modes.
//!
//! ```text
//! DIR/                 the caller's; as root: root's, group postgres, mode 0710, so that the database's user passes and no more
//!   postgres/          the cluster (0700, the database user's)
//!   log/               PostgreSQL's logs, one file a weekday (0700, the database user's)
//!   server.lock        held by the server: its process and its address
//!   cluster.lock       held while somebody starts or stops the cluster
//!   users.lock         held, shared, by everybody who uses the cluster
//!   owner-password     the owner's password for TCP, once --db-listen was used (0600)
//! ```

use std::fs::{self, DirBuilder, File, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::account::{Account, user_name};
use super::error::ClusterError;

/// Free disk space below which a start is refused: two WAL segments and a checkpoint.
pub(super) const ROOM_TO_START_MB: u64 = 64;
/// Free disk space below which a new cluster is refused: an empty one with PostGIS takes about 100 MB.
pub(super) const ROOM_TO_CREATE_MB: u64 = 250;

/// The data directory's paths. The directory exists once this value does.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) data_dir: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) log: PathBuf,
}

impl Layout {
    /// Makes the directory if it is missing, and checks that the account can reach it and owns what is in it.
    pub(super) fn prepare(data_dir: &Path, account: &Account) -> Result<Self, ClusterError> {
        let asked = std::path::absolute(data_dir).map_err(|e| ClusterError::io("find", data_dir, e))?;
        check_reach(&asked, account)?;
        let is_new = create(&asked)?;
        let data_dir = asked.canonicalize().map_err(|e| ClusterError::io("open", &asked, e))?;
        if is_new || is_empty_and_own(&data_dir)? {
            claim(&data_dir, account).map_err(|e| ClusterError::io("set the permissions of", &data_dir, e))?;
        }
        check_reach(&data_dir, account)?;
        let layout = Self { cluster: data_dir.join("postgres"), log: data_dir.join("log"), data_dir };
        check_owner(&layout, account)?;
        folder_of(&layout.log, account)?;
        Ok(layout)
    }

    /// The lock file of one name.
    pub(super) fn lock(&self, name: &str) -> PathBuf {
        self.data_dir.join(name)
    }

    /// Refuses to go on when the disk has less room than that.
    pub(super) fn check_room(&self, needed_mb: u64) -> Result<(), ClusterError> {
        let stat = rustix::fs::statvfs(&self.data_dir).map_err(|e| ClusterError::io("read the free space of", &self.data_dir, e.into()))?;
        let free_mb = stat.f_bavail.saturating_mul(stat.f_frsize) / (1024 * 1024);
        if free_mb < needed_mb {
            return Err(ClusterError::DiskFull { path: self.data_dir.clone(), free_mb, needed_mb });
        }
        Ok(())
    }
}

/// Makes a folder of mode 0700 that belongs to the account, or leaves the one that is there.
pub(super) fn folder_of(path: &Path, account: &Account) -> Result<(), ClusterError> {
    match DirBuilder::new().mode(0o700).create(path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
        Err(error) => return Err(ClusterError::io("create", path, error)),
    }
    let open = File::open(path).and_then(|folder| account.own(&folder));
    open.map_err(|e| ClusterError::io("set the owner of", path, e))
}

/// Replaces a file by new text, owned by the account, mode 0600. Follows no link: the account could have planted one for root.
pub(super) fn write_file(path: &Path, text: &str, account: &Account) -> Result<(), ClusterError> {
    let part = path.with_extension("part");
    let write = || -> io::Result<()> {
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&part)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        account.own(&file)?;
        fs::rename(&part, path)
    };
    write().map_err(|e| ClusterError::io("write", path, e))
}

fn check_reach(path: &Path, account: &Account) -> Result<(), ClusterError> {
    if !account.is_dropped_to {
        return Ok(());
    }
    account.blocked_at(path).map_or(Ok(()), |(blocked_at, mode)| {
        Err(ClusterError::Unreachable { user: account.name.clone(), blocked_at, mode, data_dir: path.to_owned() })
    })
}

/// True if the directory had to be made.
fn create(path: &Path) -> Result<bool, ClusterError> {
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => return Ok(false),
        Ok(_) => return Err(ClusterError::io("use", path, io::ErrorKind::NotADirectory.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(ClusterError::io("open", path, error)),
    }
    fs::create_dir_all(path).map_err(|e| ClusterError::io("create", path, e))?;
    Ok(true)
}

fn is_empty_and_own(path: &Path) -> Result<bool, ClusterError> {
    let read = || -> io::Result<bool> {
        let is_own = path.metadata()?.uid() == rustix::process::geteuid().as_raw();
        Ok(is_own && fs::read_dir(path)?.next().is_none())
    };
    read().map_err(|e| ClusterError::io("read", path, e))
}

/// Closes the directory to everybody but the caller and, if it is another, the account, who may pass it.
fn claim(path: &Path, account: &Account) -> io::Result<()> {
    let folder = File::open(path)?;
    if !account.is_dropped_to {
        return folder.set_permissions(Permissions::from_mode(0o700));
    }
    fchown(&folder, None, Some(account.gid))?;
    folder.set_permissions(Permissions::from_mode(0o710))
}

fn check_owner(layout: &Layout, account: &Account) -> Result<(), ClusterError> {
    let metadata = match layout.cluster.metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => {
            return Err(layout.data_dir.metadata().map_or_else(
                |_| ClusterError::io("open", &layout.cluster, error),
                |metadata| other_owner(&layout.data_dir, metadata.uid(), account),
            ));
        }
    };
    if metadata.uid() == account.uid { Ok(()) } else { Err(other_owner(&layout.cluster, metadata.uid(), account)) }
}

/// Root's clusters belong to the system user, as whom nobody signs in: there the cure is to be root.
fn other_owner(path: &Path, owner: u32, account: &Account) -> ClusterError {
    let owner = user_name(owner);
    let is_roots = !account.is_dropped_to && ["root", super::account::SYSTEM_USER].contains(&owner.as_str());
    let cure = if is_roots { "It was made by root: run the command with sudo".to_owned() } else { format!("Run it as {owner}") };
    ClusterError::OtherOwner { path: path.to_owned(), owner, wanted: account.name.clone(), cure }
}
