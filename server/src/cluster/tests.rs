//! The cluster, really run: every test makes its own in a temporary directory.

mod crash;
mod life;
mod refusals;
mod sharing;
mod tcp;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::{Cluster, ClusterError, ClusterOptions, Role};

/// An empty data directory. As root, the database's user must be able to pass the folders above it; `/tmp` it can.
fn data_dir() -> TempDir {
    tempfile::Builder::new().prefix("opensit-cluster-").tempdir().unwrap()
}

/// A folder that every user may enter, for data directories of other names.
fn open_folder() -> TempDir {
    let folder = data_dir();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

fn open(data_dir: &Path) -> Result<Cluster, ClusterError> {
    Cluster::open(data_dir, &ClusterOptions::default())
}

fn serve(data_dir: &Path) -> Result<Cluster, ClusterError> {
    let server = Some("http://localhost:8080".to_owned());
    Cluster::open(data_dir, &ClusterOptions { server, db_listen: None })
}

/// What psql answers, without decoration; what it complains of, if it fails.
fn psql(cluster: &Cluster, url: &str, sql: &str) -> String {
    let mut command = Command::new(cluster.binaries().program("psql"));
    let output = command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, url]).output().unwrap();
    let said = if output.status.success() { output.stdout } else { output.stderr };
    String::from_utf8(said).unwrap().trim().to_owned()
}

fn ask(cluster: &Cluster, role: Role, sql: &str) -> String {
    psql(cluster, &cluster.url(role), sql)
}

/// Ends the use of a cluster as `kill -9` would: the locks are gone, and nobody stopped the database.
fn crash(mut cluster: Cluster) {
    cluster.is_left = true;
}

fn is_running(data_dir: &Path) -> bool {
    data_dir.join("postgres/postmaster.pid").exists()
}

fn postmaster_pid(cluster: &Cluster) -> u32 {
    cluster.process().postmaster.pid
}
