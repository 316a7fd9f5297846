//! Makes the cluster at first use: into a folder beside its place, then renamed, so that it is there whole or not at all.

use std::fs;
use std::io;
use std::path::Path;

use super::account::Account;
use super::binaries::Binaries;
use super::error::ClusterError;
use super::layout::{self, Layout};

/// The prefix of half-made clusters' folder names; the process follows.
const UNFINISHED: &str = "postgres.new.";

/// The programs for this directory's cluster, which is made if it is missing.
pub(super) fn ensure(layout: &Layout, account: &Account) -> Result<Binaries, ClusterError> {
    if let Some(version) = version(&layout.cluster)? {
        return binaries_for(&layout.cluster, &version);
    }
    let binaries = Binaries::newest()?;
    layout.check_room(layout::ROOM_TO_CREATE_MB)?;
    remove_unfinished(&layout.data_dir)?;
    let unfinished = layout.data_dir.join(format!("{UNFINISHED}{}", std::process::id()));
    layout::folder_of(&unfinished, account)?;
    tracing::info!(directory = %layout.cluster.display(), version = binaries.major(), "creating the database");
    let made = initdb(&binaries, &unfinished, account);
    if let Err(error) = made {
        let _ = fs::remove_dir_all(&unfinished);
        return Err(error);
    }
    fs::rename(&unfinished, &layout.cluster).map_err(|e| ClusterError::io("rename", &unfinished, e))?;
    Ok(binaries)
}

/// The content of `PG_VERSION`; nothing where there is no cluster yet.
fn version(cluster: &Path) -> Result<Option<String>, ClusterError> {
    let path = cluster.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let is_empty = fs::read_dir(cluster).map_or(true, |mut entries| entries.next().is_none());
            if is_empty { Ok(None) } else { Err(ClusterError::NotACluster { directory: cluster.to_owned() }) }
        }
        Err(error) => Err(ClusterError::io("read", &path, error)),
    }
}

/// The installed programs of exactly the version that made the cluster.
fn binaries_for(cluster: &Path, found: &str) -> Result<Binaries, ClusterError> {
    let installed = Binaries::installed();
    if let Some(binaries) = installed.iter().find(|binaries| binaries.major().to_string() == found) {
        binaries.check_extensions()?;
        return Ok(binaries.clone());
    }
    let versions: Vec<String> = installed.iter().map(|binaries| binaries.major().to_string()).collect();
    Err(ClusterError::OtherVersion {
        directory: cluster.to_owned(),
        found: found.to_owned(),
        installed: if versions.is_empty() { "none".to_owned() } else { versions.join(" and ") },
    })
}

/// Removes what processes that were killed during initdb left. The gate is held, so nobody is at work in them; an `initdb`
/// that outlived its parent works in a folder named after that parent, and fails alone.
fn remove_unfinished(data_dir: &Path) -> Result<(), ClusterError> {
    let entries = fs::read_dir(data_dir).map_err(|e| ClusterError::io("read", data_dir, e))?;
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            tracing::warn!(folder = %entry.path().display(), "removing a half-made database that an interrupted start left");
            fs::remove_dir_all(entry.path()).map_err(|e| ClusterError::io("remove", &entry.path(), e))?;
        }
    }
    Ok(())
}

/// The C locale with UTF-8 needs nothing installed and never changes its order with a new libc, which would break indexes;
/// Italian order is asked for where it is wanted, with an ICU collation. Connections over the socket are trusted, because
/// only root and the account can enter its folder.
fn initdb(binaries: &Binaries, directory: &Path, account: &Account) -> Result<(), ClusterError> {
    let program = binaries.program("initdb");
    let mut command = account.command(&program);
    command.arg("--pgdata").arg(directory).args([
        "--username=postgres",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--lc-messages=C",
        "--text-search-config=simple",
        "--data-checksums",
        "--auth-local=trust",
        "--auth-host=scram-sha-256",
    ]);
    let output = command.output().map_err(|source| ClusterError::Program { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if said.contains("No space left on device") {
        return Err(ClusterError::DiskFull { path: directory.to_owned(), free_mb: 0, needed_mb: layout::ROOM_TO_CREATE_MB });
    }
    Err(ClusterError::Init { directory: directory.to_owned(), output: said })
}
