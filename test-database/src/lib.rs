//! For tests alone: a private PostGIS cluster with this program's roles and migrations, a fresh database for each test,
//! and a theme behind its router.
//!
//! The tests of one process share a cluster, which is stopped when the last of them ends. Nothing is skipped: without
//! PostgreSQL's programs a test fails and says so.

#![allow(clippy::expect_used, clippy::panic, reason = "this crate is for tests alone")]

mod cluster;
mod theme;

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use kernel::Database;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};

use cluster::Cluster;
pub use theme::{Answer, Hand, Log, PUBLIC_URL, Theme, officer};

/// A database of a test's own, migrated, without layers' rows.
#[derive(Debug)]
pub struct Scratch {
    cluster: Arc<Cluster>,
    name: String,
}

impl Scratch {
    /// A fresh one.
    pub async fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cluster = Cluster::shared().await;
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let mut superuser = connect(&cluster.url("postgres", "postgres")).await;
        // the template may still be in the hands of another test's copy
        sqlx::query("select pg_advisory_lock(1)").execute(&mut superuser).await.expect("a lock");
        let create = format!("create database {name} template template_opensit owner opensit_owner");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut superuser).await.expect("a copy of the template");
        superuser.close().await.expect("a connection closes");
        Self { cluster, name }
    }

    /// One that has had the migrations up to this one alone, for what a later one does to what is there.
    pub async fn until(migration: i64) -> Self {
        let cluster = Cluster::shared().await;
        let name = format!("migrated_until_{migration}");
        cluster.make(&name).await;
        cluster.migrate(&name, Some(migration)).await;
        Self { cluster, name }
    }

    /// Runs the migrations that it has not had.
    pub async fn migrate(&self) {
        self.cluster.migrate(&self.name, None).await;
    }

    /// The connection string of a role: `opensit_app`, `opensit_owner`, `postgres`.
    pub fn url(&self, role: &str) -> String {
        self.cluster.url(role, &self.name)
    }

    /// As the program has it: connections as `opensit_app`.
    pub async fn database(&self) -> Database {
        Database::new(self.pool("opensit_app").await)
    }

    /// Connections as a role.
    pub async fn pool(&self, role: &str) -> PgPool {
        let options = PgConnectOptions::from_str(&self.url(role)).expect("a connection string");
        PgPoolOptions::new().max_connections(16).connect_with(options).await.expect("the database lets us in")
    }

    /// One connection as a role.
    pub async fn connection(&self, role: &str) -> PgConnection {
        connect(&self.url(role)).await
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap_or_else(|e| panic!("{url}: {e}"))
}
