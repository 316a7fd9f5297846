use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use kernel::Clock;
use pgwire_replication::{ReplicationConfig, TlsConfig};
use serde::Serialize;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use uuid::Uuid;

/// Where the database is, and who the feed is there: a role that may use an ordinary connection and, with REPLICATION, a replication
/// connection to the same database.
#[derive(Clone)]
pub struct FeedConfig {
    /// A host name or address, or the directory of the server's Unix socket (then it begins with `/`).
    pub host_or_socket_dir: String,
    /// The port; with a socket, the number in its file name.
    pub port: u16,
    /// The role.
    pub user: String,
    /// Its password; empty where the server asks for none.
    pub password: String,
    /// The database.
    pub database: String,
    /// How the connection is protected. Over a socket: not at all.
    pub tls: Tls,
    /// The installation, by which its slots are known.
    pub instance: Uuid,
    /// The publication that lists the layers' tables.
    pub publication: String,
    /// How changes are followed.
    pub way: Way,
    /// The time, by which a commit's delay is told.
    pub clock: Arc<dyn Clock>,
}

/// How the database's changes are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// By logical replication: costs writers nothing; `wal_level = logical` and a role with REPLICATION are needed.
    #[default]
    Replication,
    /// By triggers that keep a journal, and NOTIFY: where that is not allowed.
    Journal,
}

/// How a connection over TCP is protected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not: for the same machine.
    #[default]
    Off,
    /// Encrypted, to whomever (`sslmode=require`).
    Required,
    /// Encrypted, to the host that the certificate names (`sslmode=verify-full`).
    Verified {
        /// PEM file of the authorities to trust; without, the web's.
        authorities: Option<PathBuf>,
    },
}

impl FeedConfig {
    fn is_socket(&self) -> bool {
        self.host_or_socket_dir.starts_with('/')
    }

    /// For an ordinary connection: slots are made, watched and dropped there, and tables are copied.
    pub fn sql(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .port(self.port)
            .username(&self.user)
            .database(&self.database)
            .application_name("opensit feed")
            // a slot that waits for open writers is given up soon after its client has gone
            .options([("client_connection_check_interval", "2s")]);
        let options = if self.is_socket() { options.socket(&self.host_or_socket_dir) } else { options.host(&self.host_or_socket_dir) };
        let options = if self.password.is_empty() { options } else { options.password(&self.password) };
        match &self.tls {
            Tls::Off => options.ssl_mode(PgSslMode::Disable),
            Tls::Required => options.ssl_mode(PgSslMode::Require),
            Tls::Verified { authorities: None } => options.ssl_mode(PgSslMode::VerifyFull),
            Tls::Verified { authorities: Some(file) } => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(file),
        }
    }

    /// For the stream of a slot.
    pub(crate) fn stream(&self, slot: &str) -> ReplicationConfig {
        let tls = match &self.tls {
            _ if self.is_socket() => TlsConfig::disabled(),
            Tls::Off => TlsConfig::disabled(),
            Tls::Required => TlsConfig::require(),
            Tls::Verified { authorities } => TlsConfig::verify_full(authorities.clone()),
        };
        ReplicationConfig::new(&self.host_or_socket_dir, &self.user, &self.password, &self.database, slot, self.publication.as_str())
            .with_port(self.port)
            .with_tls(tls)
            .with_application_name("opensit feed")
            .with_status_interval(Duration::from_secs(2))
            .with_wakeup_interval(Duration::from_secs(5))
    }
}

impl fmt::Debug for FeedConfig {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "feed of {} as {} at {}:{}", self.database, self.user, self.host_or_socket_dir, self.port)
    }
}
