//! The database of this run: the private cluster, joined or started, or the one that configuration names.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection, PgPool};

use crate::cluster::{Cluster, ClusterOptions, Role};
use crate::config::Config;
use crate::failure::Failure;

/// How long a request waits for a connection before it is told to come again.
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);
/// A connection that was not used for so long is asked whether it is still there before somebody gets it.
const RESTED: Duration = Duration::from_secs(1);

/// Where an installation lives unless told otherwise: `/var/lib/opensit/NAME` for root, else the user's data folder.
#[allow(clippy::disallowed_methods, reason = "configuration is read here")]
pub(crate) fn default_data_dir(name: &str) -> PathBuf {
    if rustix::process::geteuid().is_root() {
        return PathBuf::from("/var/lib/opensit").join(name);
    }
    let home =
        std::env::var("XDG_DATA_HOME").map(PathBuf::from).or_else(|_| std::env::var("HOME").map(|h| PathBuf::from(h).join(".local/share")));
    home.unwrap_or_default().join("opensit").join(name)
}

/// The database of this run.
pub(crate) struct Database {
    cluster: Option<Arc<Cluster>>,
    owner_url: String,
    app_url: String,
    replication_url: String,
}

impl Database {
    /// Joins, starts or makes the private cluster, or takes the database that configuration names. A server says its address,
    /// so that a second one on the same directory can be refused.
    pub(crate) async fn open(config: &Config, server: Option<String>) -> Result<Self, Failure> {
        if let Some(owner) = &config.database_url {
            return Self::external(config, &owner.value);
        }
        let options = ClusterOptions { server, db_listen: config.db_listen.as_ref().map(|g| g.value) };
        let data_dir = config.data_dir.value.clone();
        let cluster = tokio::task::spawn_blocking(move || Cluster::open(&data_dir, &options))
            .await
            .map_err(|e| Failure::new(format!("starting the private database was interrupted: {e}")))??;
        Ok(Self {
            owner_url: cluster.url(Role::Owner),
            app_url: cluster.url(Role::App),
            replication_url: cluster.url(Role::Replication),
            cluster: Some(Arc::new(cluster)),
        })
    }

    /// As [`Self::open`], for commands that look at an installation: one that is not there is not made, since a mistyped
    /// directory would look like an installation that lost its data.
    pub(crate) async fn open_existing(config: &Config) -> Result<Self, Failure> {
        let cluster = config.data_dir.value.join("postgres");
        if config.database_url.is_none() && !cluster.exists() {
            return Err(Failure::new(format!(
                "there is no installation in {} ({}). Name the right --data-dir; `opensit serve`, `demo`, `ingest`, `migrate` and \
                 `database restore` make a new one",
                config.data_dir.value.display(),
                config.data_dir.source
            )));
        }
        Self::open(config, None).await
    }

    /// The other roles' connection strings are the owner's with their names, unless they are given: then passwords must be
    /// in a `.pgpass` or not be needed.
    fn external(config: &Config, owner: &str) -> Result<Self, Failure> {
        let role = |role: Role| -> Result<String, Failure> {
            let mut url = url::Url::parse(owner)
                .map_err(|e| Failure::new(format!("database-url is not a connection string (postgresql://user@host/database): {e}")))?;
            let _ = url.set_username(role.name());
            let _ = url.set_password(None);
            Ok(url.to_string())
        };
        Ok(Self {
            cluster: None,
            owner_url: owner.to_owned(),
            app_url: config.app_url.as_ref().map_or_else(|| role(Role::App), |g| Ok(g.value.clone()))?,
            replication_url: config.replication_url.as_ref().map_or_else(|| role(Role::Replication), |g| Ok(g.value.clone()))?,
        })
    }

    pub(crate) fn owner_url(&self) -> &str {
        &self.owner_url
    }

    pub(crate) fn replication_url(&self) -> &str {
        &self.replication_url
    }

    /// The private cluster, if this run has one.
    pub(crate) fn cluster(&self) -> Option<&Arc<Cluster>> {
        self.cluster.as_ref()
    }

    /// Connections as the owner: migrations, ingest.
    pub(crate) async fn owner(&self, settings: &[(&str, &str)]) -> Result<PgPool, Failure> {
        pool(&self.owner_url, 4, "opensit owner", settings, "the owner").await
    }

    /// Connections as the owner for the rare act of an administrator that changes tables: made when it is needed, closed soon
    /// after.
    pub(crate) fn owner_at_need(&self) -> Result<PgPool, Failure> {
        let options = PgConnectOptions::from_str(&self.owner_url)
            .map_err(|e| Failure::new(format!("the connection string of the owner can't be read: {e}")))?
            .application_name("opensit administration");
        let pool = PgPoolOptions::new().max_connections(1).min_connections(0).idle_timeout(Duration::from_secs(10));
        Ok(pool.acquire_timeout(WAIT_FOR_CONNECTION).connect_lazy_with(options))
    }

    /// Makes connections as the owner for one load of a file: two that work and one that can tell them to stop. The database notices itself when
    /// the program is gone.
    pub(crate) fn owner_for_loads(&self) -> Result<impl Fn() -> PgPool + Send + Sync + 'static, Failure> {
        let options = PgConnectOptions::from_str(&self.owner_url)
            .map_err(|e| Failure::new(format!("the connection string of the owner can't be read: {e}")))?
            .application_name("opensit delivery")
            .options([("client_connection_check_interval", "2s")]);
        Ok(move || PgPoolOptions::new().max_connections(3).min_connections(0).connect_lazy_with(options.clone()))
    }

    /// Connections as the application, for everything but tiles.
    pub(crate) async fn app(&self) -> Result<kernel::Database, Failure> {
        pool(&self.app_url, 12, "opensit", &[("jit", "off")], "opensit_app").await.map(kernel::Database::new)
    }

    /// Connections as the application, for tiles alone: plans that the spatial index serves, one process each, so that equal
    /// data give equal bytes.
    pub(crate) async fn tiles(&self) -> Result<kernel::Database, Failure> {
        pool(&self.app_url, 6, "opensit tiles", &tiles::SESSION, "opensit_app").await.map(kernel::Database::new)
    }

    /// Leaves the cluster, and does not stop it: somebody was told how to reach it.
    pub(crate) fn leave_running(self) {
        if let Some(cluster) = self.cluster.and_then(Arc::into_inner) {
            cluster.leave_running();
        }
    }

    /// Leaves the cluster; the last one out stops it.
    pub(crate) async fn close(self) -> Result<(), Failure> {
        let Some(cluster) = self.cluster.and_then(Arc::into_inner) else { return Ok(()) };
        tokio::task::spawn_blocking(move || cluster.close())
            .await
            .map_err(|e| Failure::new(format!("stopping the private database was interrupted: {e}")))??;
        Ok(())
    }
}

async fn pool(url: &str, size: u32, name: &str, settings: &[(&str, &str)], role: &str) -> Result<PgPool, Failure> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|e| Failure::new(format!("the connection string of {role} can't be read: {e}")))?
        .application_name(name)
        .options(settings.iter().map(|(name, value)| (*name, *value)));
    // Asking each time would be a round trip more for each request. What breaks within the second would have broken a moment earlier too;
    // a database that comes back takes longer than that.
    let pool = PgPoolOptions::new().max_connections(size).acquire_timeout(WAIT_FOR_CONNECTION).test_before_acquire(false).before_acquire(
        |connection, of| {
            Box::pin(async move {
                if of.idle_for > RESTED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        },
    );
    pool.connect_with(options).await.map_err(|e| {
        Failure::new(format!(
            "the database does not let {role} in: {e}. Is it running, and were the roles made (`opensit migrate --print-roles`)?"
        ))
    })
}
