//! What can go wrong with the private cluster. Each message says what failed, where, why, and what to do.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A failure to find, create, start, join or stop the private PostgreSQL cluster.
///
/// The `Display` text is meant for the person at the terminal and is complete: print it as it is.
#[derive(Debug, Error)]
pub(crate) enum ClusterError {
    /// No PostgreSQL of a supported version is installed.
    #[error(
        "No PostgreSQL 15 or newer was found (looked in {looked_in}). OpenSIT runs its own private database and needs the \
         server programs. On Debian: apt install postgresql-15 postgresql-15-postgis-3. Or name a database of your own \
         with --database-url."
    )]
    NoPostgres {
        /// The folders that were searched, as one text.
        looked_in: String,
    },

    /// PostgreSQL is there, PostGIS or a contributed extension for it is not.
    #[error(
        "PostgreSQL {major} has no {extension} (there is no {}). On Debian: apt install postgresql-{major} postgresql-{major}-postgis-3.",
        .control_file.display()
    )]
    MissingExtension {
        /// PostgreSQL's major version.
        major: u32,
        /// The extension's name.
        extension: &'static str,
        /// The file that says that an extension is installed.
        control_file: PathBuf,
    },

    /// The data directory was made by a version that is not installed.
    #[error(
        "The database in {} was made by PostgreSQL {found}, and installed here is {installed}: another major version can't \
         read it. Install postgresql-{found} and postgresql-{found}-postgis-3; to move to a newer version, write a backup \
         with `opensit database backup` under the old one and restore it into a new data directory.",
        .directory.display()
    )]
    OtherVersion {
        /// The cluster's directory.
        directory: PathBuf,
        /// The version that made it.
        found: String,
        /// The versions that are installed, as one text.
        installed: String,
    },

    /// The place where the cluster goes holds something else.
    #[error(
        "{} exists and is not a PostgreSQL cluster (it has no PG_VERSION file). OpenSIT overwrites nothing: move it away, or \
         choose another --data-dir.",
        .directory.display()
    )]
    NotACluster {
        /// The directory in the way.
        directory: PathBuf,
    },

    /// The data directory belongs to somebody else.
    #[error(
        "The data directory {} belongs to {owner}, and this command would run PostgreSQL as {wanted}. {cure}, or \
         choose another --data-dir.",
        .path.display()
    )]
    OtherOwner {
        /// The file or folder whose owner is wrong.
        path: PathBuf,
        /// Who owns it.
        owner: String,
        /// Who should.
        wanted: String,
        /// What to do, as the beginning of a sentence.
        cure: String,
    },

    /// The system user that PostgreSQL runs as can't pass a folder on the way to the data directory.
    #[error(
        "PostgreSQL refuses to run as root, so it runs as the system user {user}; and {user} can't enter {} (mode {mode:03o}), \
         on the way to the data directory {}. Use a directory that {user} can reach, such as --data-dir /var/lib/opensit.",
        .blocked_at.display(), .data_dir.display()
    )]
    Unreachable {
        /// The system user.
        user: String,
        /// The first folder that user can't pass.
        blocked_at: PathBuf,
        /// That folder's permission bits.
        mode: u32,
        /// The directory asked for.
        data_dir: PathBuf,
    },

    /// A file or folder could not be made, read or written.
    #[error("Can't {action} {}: {source}. Check the permissions, or choose another --data-dir.", .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },

    /// The file system has no room.
    #[error(
        "The disk that holds {} is full ({free_mb} MB free; the database needs at least {needed_mb} MB to start). Free some \
         space, or choose a --data-dir on another disk.",
        .path.display()
    )]
    DiskFull {
        /// A path on that file system.
        path: PathBuf,
        /// What is left, in megabytes.
        free_mb: u64,
        /// What is needed, in megabytes.
        needed_mb: u64,
    },

    /// There is no system user for PostgreSQL to run as.
    #[error(
        "PostgreSQL refuses to run as root, and this system has no user named postgres for it to run as. Install the \
         postgresql package (it makes that user), or run this command as an ordinary user."
    )]
    NoSystemUser,

    /// Another server has the directory.
    #[error(
        "Another OpenSIT server ({holder}) already serves the data directory {}. Stop it first, or choose another --data-dir. \
         Commands such as ingest and layers can run beside it.",
        .data_dir.display()
    )]
    AlreadyServed {
        /// The directory.
        data_dir: PathBuf,
        /// The other server: process and address, as far as known.
        holder: String,
    },

    /// Another process has been starting or stopping the cluster for too long.
    #[error(
        "Another process has been starting or stopping the database in {} for {waited_s} s. Wait for it to finish, or see \
         what it does (its lock is {}).",
        .data_dir.display(), .lock.display()
    )]
    Busy {
        /// The directory.
        data_dir: PathBuf,
        /// The lock file.
        lock: PathBuf,
        /// How long this process has waited, in seconds.
        waited_s: u64,
    },

    /// `initdb` failed.
    #[error("Can't create the database in {}: initdb said:\n{output}", .directory.display())]
    Init {
        /// Where it was being made.
        directory: PathBuf,
        /// What initdb printed.
        output: String,
    },

    /// The folder for the socket is not ours alone.
    #[error(
        "The folder for the database's socket, {}, can't be used: {why}. Remove it, or have its owner remove it.",
        .path.display()
    )]
    SocketFolder {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },

    /// The address for TCP connections is taken or not this machine's.
    #[error("The database can't listen on {address} (--db-listen): {source}. Choose another port or address.")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },

    /// The postmaster ended or never became ready.
    #[error("The database in {} did not start: {why}. The last lines of its log ({}):\n{tail}", .directory.display(), .log.display())]
    Start {
        /// The cluster's directory.
        directory: PathBuf,
        /// How it failed.
        why: String,
        /// The folder with its logs.
        log: PathBuf,
        /// The last lines.
        tail: String,
    },

    /// The postmaster did not end.
    #[error(
        "The database in {} (process {pid}) is still running {waited_s} s after it was told to stop. See its log in {}.",
        .directory.display(), .log.display()
    )]
    Stop {
        /// The cluster's directory.
        directory: PathBuf,
        /// The postmaster.
        pid: u32,
        /// How long this process has waited, in seconds.
        waited_s: u64,
        /// The folder with its logs.
        log: PathBuf,
    },

    /// The set-up SQL failed.
    #[error("Setting up the database in {} failed; psql said:\n{output}", .directory.display())]
    SetUp {
        /// The cluster's directory.
        directory: PathBuf,
        /// What psql printed.
        output: String,
    },

    /// A program of PostgreSQL could not be run.
    #[error("Can't run {}: {source}. Is PostgreSQL whole? On Debian: apt install --reinstall postgresql-15 postgresql-client-15.", .program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl ClusterError {
    /// Wraps an input/output error, telling a full disk from the rest.
    pub(super) fn io(action: &'static str, path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::StorageFull {
            return Self::DiskFull { path: path.to_owned(), free_mb: 0, needed_mb: super::layout::ROOM_TO_START_MB };
        }
        Self::Io { action, path: path.to_owned(), source }
    }
}
