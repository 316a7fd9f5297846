//! Who PostgreSQL runs as: the caller, or the system user `postgres` when the caller is root.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::{MetadataExt, fchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ClusterError;

/// The user that PostgreSQL refuses root for, as Debian's package names it.
pub(super) const SYSTEM_USER: &str = "postgres";

/// The operating system's user under which PostgreSQL's programs run and who owns its files.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// True when this process is root and has to become that user for PostgreSQL's programs.
    pub(super) is_dropped_to: bool,
}

impl Account {
    /// The caller, or `postgres` if the caller is root.
    pub(super) fn current() -> Result<Self, ClusterError> {
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            let gid = rustix::process::getegid().as_raw();
            return Ok(Self { name: user_name(uid.as_raw()), uid: uid.as_raw(), gid, is_dropped_to: false });
        }
        let (Some(uid), Some(gid)) = (id(&["-u", SYSTEM_USER]), id(&["-g", SYSTEM_USER])) else {
            return Err(ClusterError::NoSystemUser);
        };
        Ok(Self { name: SYSTEM_USER.to_owned(), uid, gid, is_dropped_to: true })
    }

    /// A command that runs as this account, from `/`, with nothing of the caller's environment (a `PGHOST`, a `PROJ_DATA` or a
    /// locale of the caller's must not decide how the database behaves).
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
        if self.is_dropped_to {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives an open file or folder to this account, where it is not the caller's own.
    pub(super) fn own(&self, file: &std::fs::File) -> io::Result<()> {
        if self.is_dropped_to { fchown(file, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// The first folder on the way to `path` (itself included, as far as it exists) that this account can't enter, by the
    /// permission bits, with those bits.
    pub(super) fn blocked_at(&self, path: &Path) -> Option<(PathBuf, u32)> {
        let mut folders: Vec<&Path> = path.ancestors().collect();
        folders.reverse();
        folders.into_iter().find_map(|folder| {
            let metadata = folder.metadata().ok()?;
            (metadata.is_dir() && !self.may_enter(&metadata)).then(|| (folder.to_owned(), metadata.mode() & 0o777))
        })
    }

    fn may_enter(&self, folder: &Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}

/// The name of a user, or its number where it has none.
pub(super) fn user_name(uid: u32) -> String {
    let output = Command::new("id").args(["-un", &uid.to_string()]).output();
    match output {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        _ => format!("user {uid}"),
    }
}

fn id(arguments: &[&str]) -> Option<u32> {
    let output = Command::new("id").args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
