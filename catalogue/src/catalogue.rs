use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kernel::{Asking, Database, Layer, LayerId, OnIt, Pending, Principal, Problem, TableName};
use sqlx::types::Json;
use thiserror::Error;
use tokio::sync::Mutex;

use crate::damage::{Columns, Damage};
use crate::entry::{self, Entry};
use crate::identify;

/// How long a damaged layer is left alone before a request for it makes us look at its table again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// What went wrong with the catalogue.
#[derive(Debug, Error)]
pub enum CatalogueError {
    /// The database.
    #[error("the catalogue can't be read or written: {0}")]
    Database(#[from] sqlx::Error),
    /// A stored declaration that this program does not understand: a newer program wrote it.
    #[error("a declaration in opensit.layers can't be read: {0}; was it written by a newer version of the program?")]
    Declaration(serde_json::Error),
}

/// The layers, kept in memory; cheap to clone, all clones see a reload. The change feed says when to.
///
/// Nobody tells that a column was renamed or dropped: logical replication carries rows. So whoever fails to read a layer asks to
/// [`look_again`](Self::look_again), and the change feed [compares](Self::compare) every few seconds; a layer whose table is no
/// longer what it declares is marked as damaged, is left out of what goes over several layers, and is looked at again when it is
/// asked for, every few seconds at most.
#[derive(Clone, Debug)]
pub struct Catalogue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    snapshot: RwLock<Arc<Snapshot>>,
    /// Held by who reads the database, so that an older reading never replaces a newer one.
    reading: Mutex<()>,
}

#[derive(Debug)]
struct Snapshot {
    /// When its reading began.
    begun: Instant,
    version: i64,
    entries: Vec<Arc<Entry>>,
    unreadable: Vec<Unreadable>,
    /// Whether its damages are in the log: not yet at the first reading, which commands do too that say so themselves.
    logged: bool,
}

/// A row of `opensit.layers` that this program does not understand: its layer is left out, all others are served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The layer's name, as it stands there.
    pub id: String,
    /// What is wrong with its declaration.
    pub cause: String,
}

impl Unreadable {
    /// What to do about it, in English.
    pub fn cure(&self) -> String {
        format!(
            "If a newer version of the program wrote it, use that. A theme's layer is declared again by `opensit migrate`; a published one by \
             `delete from opensit.layers where id = '{}'` and publishing its file again with `opensit ingest`",
            self.id.replace('\'', "''")
        )
    }
}

impl kernel::Layers for Catalogue {
    fn layer(&self, who: &Principal, id: &str) -> Option<Arc<Layer>> {
        Self::layer(self, who, id).map(|entry| Arc::clone(&entry.layer))
    }

    fn on<'a>(&'a self, asking: Asking<'a>, feature: (&'a str, &'a str), at: DateTime<Utc>) -> Pending<'a, Result<Vec<OnIt>, Problem>> {
        Box::pin(identify::on(self, asking, feature, at))
    }
}

impl Catalogue {
    /// Reads the catalogue.
    pub async fn load(database: &Database) -> Result<Self, CatalogueError> {
        let snapshot = read(database).await?;
        Ok(Self(Arc::new(Shared { snapshot: RwLock::new(Arc::new(snapshot)), reading: Mutex::new(()) })))
    }

    /// Reads it again.
    pub async fn reload(&self, database: &Database) -> Result<(), CatalogueError> {
        let _alone = self.0.reading.lock().await;
        self.read_again(database).await
    }

    /// Reads it again after something could not be read, unless others did so since this was called. That it can't be read
    /// itself is only logged: then there is no better answer than what we have.
    pub async fn look_again(&self, database: &Database) {
        let asked = Instant::now();
        let _alone = self.0.reading.lock().await;
        if self.snapshot().begun < asked {
            self.look(database).await;
        }
    }

    /// As [`Self::layer`]; a damaged one is looked at again first, unless that was done a moment ago.
    pub async fn layer_now(&self, database: &Database, who: &Principal, id: &str) -> Option<Arc<Entry>> {
        let entry = self.layer(who, id)?;
        if entry.damage.is_none() {
            return Some(entry);
        }
        self.heal(database).await;
        self.layer(who, id)
    }

    /// Reads from several layers, where `read` leaves out the damaged ones: if it fails by a fault of ours, once more after a
    /// look at the tables.
    pub async fn reading<T, F>(&self, database: &Database, read: impl Fn() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        self.heal(database).await;
        match read().await {
            Err(problem) if problem.status() == 500 => {
                self.look_again(database).await;
                read().await
            }
            answer => answer,
        }
    }

    /// If a layer is damaged, looks whether it still is, every [`LOOK_AGAIN`] at most; who comes while another looks goes on.
    async fn heal(&self, database: &Database) {
        let damaged = || self.snapshot().begun.elapsed() >= LOOK_AGAIN && self.snapshot().entries.iter().any(|e| e.damage.is_some());
        if damaged()
            && let Ok(_alone) = self.0.reading.try_lock()
            && damaged()
        {
            self.look(database).await;
        }
    }

    /// Looks whether a table has become or ceased to be what its layer declares, without waiting for a lock; if so, reads everything again.
    pub async fn compare(&self, database: &Database) -> Result<(), CatalogueError> {
        let tables: Vec<(String, Option<Json<Columns>>)> =
            sqlx::query_as(entry::TABLES).fetch_all(&mut *database.session(&Principal::anonymous()).await?).await?;
        let differs = self.snapshot().entries.iter().any(|entry| {
            let table = tables.iter().find(|(id, _)| id == entry.layer.id.as_str());
            table.is_some_and(|(_, columns)| Damage::of(&entry.layer, columns.as_deref()) != entry.damage)
        });
        if differs {
            self.look_again(database).await;
        }
        Ok(())
    }

    async fn look(&self, database: &Database) {
        if let Err(error) = self.read_again(database).await {
            tracing::warn!(cause = %error, "the tables of the layers can't be looked at again");
        }
    }

    async fn read_again(&self, database: &Database) -> Result<(), CatalogueError> {
        let mut snapshot = read(database).await?;
        let before = self.snapshot();
        snapshot.log_damages(before.logged.then_some(&before));
        snapshot.logged = true;
        *self.0.snapshot.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(snapshot);
        Ok(())
    }

    /// The rows of `opensit.layers` that are left out since they can't be read.
    pub fn unreadable(&self) -> Vec<Unreadable> {
        self.snapshot().unreadable.clone()
    }

    /// The layers they may read, in catalogue order.
    pub fn layers(&self, who: &Principal) -> Vec<Arc<Entry>> {
        self.snapshot().entries.iter().filter(|e| who.may_read(&e.layer)).cloned().collect()
    }

    /// The layer of this name, if they may read it: "absent" and "not for you" look the same.
    pub fn layer(&self, who: &Principal, id: &str) -> Option<Arc<Entry>> {
        self.snapshot().entries.iter().find(|e| e.layer.id.as_str() == id && who.may_read(&e.layer)).cloned()
    }

    /// The layer that a table is behind, whoever asks: for the change feed, which tells nobody what a row holds.
    pub fn layer_of_table(&self, table: &TableName) -> Option<LayerId> {
        self.snapshot().entries.iter().find(|e| &e.layer.table == table).map(|e| e.layer.id.clone())
    }

    /// Grows with each change of any declaration.
    pub fn version(&self) -> i64 {
        self.snapshot().version
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.0.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Snapshot {
    /// Logs what has become damaged or sound since: once, however many requests meet it.
    fn log_damages(&self, before: Option<&Self>) {
        for row in self.unreadable.iter().filter(|row| !before.is_some_and(|b| b.unreadable.contains(row))) {
            tracing::warn!(
                layer = row.id,
                cause = row.cause,
                cure = row.cure(),
                "a declaration in opensit.layers can't be read: the layer is left out"
            );
        }
        for entry in &self.entries {
            let id = &entry.layer.id;
            let known = before.and_then(|b| b.entries.iter().find(|e| &e.layer.id == id)).and_then(|e| e.damage.as_ref());
            match &entry.damage {
                Some(damage) if known != Some(damage) => {
                    tracing::warn!(layer = %id, damage = damage.in_full(), cure = damage.cure(&entry.layer), "a layer can't be read and is left out");
                }
                None if known.is_some() => tracing::info!(layer = %id, "a layer that was damaged can be read again"),
                _ => {}
            }
        }
    }
}

async fn read(database: &Database) -> Result<Snapshot, CatalogueError> {
    let begun = Instant::now();
    let rows: Vec<entry::Row> = sqlx::query_as(entry::SELECT).fetch_all(&mut *database.session(&Principal::anonymous()).await?).await?;
    let version = rows.iter().map(|row| row.generation).sum();
    let (mut entries, mut unreadable) = (Vec::new(), Vec::new());
    for row in rows {
        let id = row.id.clone();
        match Entry::try_from(row) {
            Ok(entry) => entries.push(Arc::new(entry)),
            Err(cause) => unreadable.push(Unreadable { id, cause: cause.to_string() }),
        }
    }
    Ok(Snapshot { begun, version, entries, unreadable, logged: false })
}

/// Whether a statement may have failed because a table is no longer what the catalogue says: an unknown column, table or
/// function (SQLSTATE class 42), a value that is not of the type declared (class 22), or geometries in several systems (which
/// PostGIS reports as class XX).
pub fn may_be_outdated(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    code.is_some_and(|code| matches!(code.get(..2), Some("42" | "22" | "XX")))
}
