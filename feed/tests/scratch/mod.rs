//! A PostgreSQL cluster of a test's own, from the installed binaries, with the migrations of the repository; stopped and
//! removed with the value. As root it runs as the user `postgres`, since the server refuses root.
#![allow(dead_code, unreachable_pub, reason = "each test program uses its part")]
#![allow(clippy::expect_used, reason = "a test's own set-up")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tempfile::TempDir;

/// Roles and extensions, as the set-up of a database makes them.
const ROLES: &str = "
    create role opensit_owner login;
    create role opensit_app login;
    create role opensit_replication login replication;
    create database opensit owner opensit_owner template template0 encoding 'UTF8';
    \\connect opensit
    create extension postgis; create extension btree_gist; create extension pg_trgm; create extension unaccent;
    alter function geometry_overlaps(geometry, geometry) leakproof;";

pub struct Scratch {
    folder: TempDir,
    storage_srid: i32,
}

impl Scratch {
    /// A cluster with the database `opensit`, migrated, whose layers are stored in this system.
    pub fn start(storage_srid: i32) -> Self {
        Self::with(storage_srid, "logical")
    }

    /// As one whose DBA allows no logical replication: neither by the server's settings, nor to the role.
    pub fn without_replication(storage_srid: i32) -> Self {
        let scratch = Self::with(storage_srid, "replica");
        scratch.psql("postgres", "opensit", "alter role opensit_replication noreplication");
        scratch.sql("call opensit.keep_journal(true)");
        scratch
    }

    fn with(storage_srid: i32, wal_level: &str) -> Self {
        let folder = TempDir::with_prefix("sit").expect("a temporary folder");
        std::fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).expect("its mode");
        let scratch = Self { folder, storage_srid };
        scratch.run("initdb", ["-D", &scratch.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]);
        let settings = format!(
            "listen_addresses = ''\nwal_level = {wal_level}\nfsync = off\nmax_wal_size = 256MB\nshared_buffers = 64MB\n\
             wal_sender_timeout = 10s\nautovacuum = off\n"
        );
        let file = scratch.folder.path().join("data/postgresql.auto.conf");
        std::fs::write(file, format!("{settings}unix_socket_directories = '{}'\n", scratch.socket())).expect("its settings");
        scratch.start_database();
        scratch.psql("postgres", "postgres", ROLES);
        scratch.migrate();
        scratch
    }

    /// The directory of its socket; the port is 5432.
    pub fn socket(&self) -> String {
        self.folder.path().display().to_string()
    }

    fn data(&self) -> String {
        self.folder.path().join("data").display().to_string()
    }

    pub fn start_database(&self) {
        let log = self.folder.path().join("log").display().to_string();
        self.run("pg_ctl", ["-D", &self.data(), "-l", &log, "-w", "-s", "start"]);
    }

    pub fn stop_database(&self) {
        self.run("pg_ctl", ["-D", &self.data(), "-m", "fast", "-w", "-s", "stop"]);
    }

    /// Runs SQL with `psql`, as an operator would; returns what it prints, without headings.
    pub fn sql(&self, sql: &str) -> String {
        self.psql("opensit_owner", "opensit", sql)
    }

    pub fn psql(&self, role: &str, database: &str, sql: &str) -> String {
        let file = self.folder.path().join(format!("{:x}.sql", sql.len() * 31 + usize::from(sql.as_bytes()[0])));
        std::fs::write(&file, sql).expect("the SQL");
        self.psql_file(role, database, &file)
    }

    fn psql_file(&self, role: &str, database: &str, file: &Path) -> String {
        let output = Command::new(program("psql"))
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", &self.socket(), "-U", role, "-d", database, "-f"])
            .arg(file)
            .env("PGOPTIONS", format!("-c opensit.storage_srid={} -c client_min_messages=warning", self.storage_srid))
            .output()
            .expect("psql runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
    }

    fn migrate(&self) {
        self.sql("create schema if not exists opensit");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder).expect("migrations").map(|f| f.expect("a file").path()).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "sql"));
        files.sort();
        for file in files {
            self.psql_file("opensit_owner", "opensit", &file);
        }
    }

    /// How a role connects.
    pub fn options(&self, role: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass().socket(self.socket()).username(role).database("opensit")
    }

    /// Connections as a role.
    pub fn pool(&self, role: &str) -> PgPool {
        PgPoolOptions::new().max_connections(4).connect_lazy_with(self.options(role))
    }

    fn run<const N: usize>(&self, name: &str, args: [&str; N]) {
        let mut command = if rustix::process::getuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "postgres", "--regid", "postgres", "--init-groups", "--"]).arg(program(name));
            command
        } else {
            Command::new(program(name))
        };
        command.args(args).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().expect("PostgreSQL's programs are installed");
        assert!(status.success(), "{name} failed; see {}/log", self.socket());
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if std::fs::exists(self.folder.path().join("data/postmaster.pid")).unwrap_or(false) {
            self.run("pg_ctl", ["-D", &self.data(), "-m", "immediate", "-w", "-s", "stop"]);
        }
    }
}

/// The newest installed PostgreSQL's program.
fn program(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .expect("PostgreSQL is installed")
        .filter_map(|v| v.ok())
        .filter_map(|v| Some((v.file_name().to_str()?.parse().ok()?, v.path().join("bin").join(name))))
        .filter(|(_, path)| path.exists())
        .collect();
    versions.sort();
    versions.pop().expect("PostgreSQL is installed").1
}
