//! The cluster that the tests of one process share.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Weak};

use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;
use tokio::sync::Mutex;

/// Roles and extensions, as `opensit migrate --print-roles` has a DBA make them.
const ROLES: &str = "create role opensit_owner login; create role opensit_app login; create role opensit_replication login replication;";
const EXTENSIONS: &str = "create extension postgis; create extension btree_gist; create extension pg_trgm; create extension unaccent;";

/// A running cluster; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: TempDir,
}

impl Cluster {
    /// The one of this process, made when nobody has it.
    pub(crate) async fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Cluster>> = Mutex::const_new(Weak::new());
        let mut shared = SHARED.lock().await;
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        let cluster = Arc::new(Self::start());
        cluster.prepare().await;
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// The connection string of a role, over the socket.
    pub(crate) fn url(&self, role: &str, database: &str) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgresql://{role}@{folder}:5432/{database}")
    }

    fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("opensit-test-").tempdir().expect("a temporary folder");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).expect("a folder of ours");
        let cluster = Self { folder };
        let data = cluster.data().display().to_string();
        run(&["initdb", "--pgdata", &data, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--no-sync"]);
        let options = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c wal_level=logical -c max_connections=200 \
             -c max_prepared_transactions=4",
            cluster.folder.path().display()
        );
        let log = cluster.folder.path().join("log").display().to_string();
        run(&["pg_ctl", "--pgdata", &data, "--wait", "--silent", "--log", &log, "--options", &options, "start"]);
        cluster
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Makes the roles and the template that each test's database is a copy of.
    async fn prepare(&self) {
        let mut superuser = PgConnection::connect(&self.url("postgres", "postgres")).await.expect("the cluster answers");
        sqlx::raw_sql(ROLES).execute(&mut superuser).await.expect("roles");
        superuser.close().await.expect("a connection closes");
        self.make("template_opensit").await;
        self.migrate("template_opensit", None).await;
    }

    /// An empty database with the extensions.
    pub(crate) async fn make(&self, name: &str) {
        let mut superuser = PgConnection::connect(&self.url("postgres", "postgres")).await.expect("the cluster answers");
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name} owner opensit_owner template template0")))
            .execute(&mut superuser)
            .await
            .expect("a database");
        superuser.close().await.expect("a connection closes");
        let mut superuser = PgConnection::connect(&self.url("postgres", name)).await.expect("the database answers");
        sqlx::raw_sql(EXTENSIONS).execute(&mut superuser).await.expect("extensions");
        superuser.close().await.expect("a connection closes");
    }

    /// Runs the migrations that it has not had: all, or up to one.
    pub(crate) async fn migrate(&self, name: &str, until: Option<i64>) {
        let mut owner = PgConnection::connect(&self.url("opensit_owner", name)).await.expect("the owner is let in");
        sqlx::raw_sql(
            "create schema if not exists opensit; set search_path = opensit, public; set opensit.storage_srid = '7792'; set client_min_messages = error",
        )
        .execute(&mut owner)
        .await
        .expect("a schema");
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let migrations = Migrator::new(folder).await.expect("the migrations can be read");
        migrations.run_direct(until, &mut owner, false).await.unwrap_or_else(|e| panic!("the migrations: {e}"));
        owner.close().await.expect("a connection closes");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.data().display().to_string();
        let _ = program(&["pg_ctl", "--pgdata", &data, "--mode=immediate", "--silent", "stop"]).status();
    }
}

fn run(arguments: &[&str]) {
    let output = program(arguments).output().unwrap_or_else(|e| panic!("{}: {e}", arguments[0]));
    assert!(output.status.success(), "{}: {}", arguments[0], String::from_utf8_lossy(&output.stderr));
}

/// One of PostgreSQL's own programs, of the newest version installed; as root in the name of `postgres`, since they refuse root.
fn program(arguments: &[&str]) -> Command {
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|e| e.path().join("bin")).collect();
    folders.sort_by_key(|f| f.parent().and_then(|p| p.file_name()?.to_str()?.parse::<u32>().ok()));
    let path = folders.last().unwrap_or_else(|| panic!("PostgreSQL is not installed: run `make setup`")).join(arguments[0]);
    let is_root = std::fs::metadata("/proc/self").map(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0).unwrap_or_default();
    let mut command = if is_root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(path);
        command
    } else {
        Command::new(path)
    };
    command.args(&arguments[1..]).current_dir("/tmp").stdin(Stdio::null()).stdout(Stdio::null());
    command
}
