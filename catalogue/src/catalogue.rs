use std::sync::{Arc, PoisonError, RwLock};

use kernel::{LayerId, Principal, TableName};
use sqlx::PgPool;
use thiserror::Error;

use crate::entry::{self, Entry};

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
#[derive(Clone, Debug)]
pub struct Catalogue(Arc<RwLock<Arc<Snapshot>>>);

#[derive(Debug, Default)]
struct Snapshot {
    version: i64,
    entries: Vec<Arc<Entry>>,
}

impl Catalogue {
    /// Reads the catalogue.
    pub async fn load(database: &PgPool) -> Result<Self, CatalogueError> {
        Ok(Self(Arc::new(RwLock::new(Arc::new(read(database).await?)))))
    }

    /// Reads it again.
    pub async fn reload(&self, database: &PgPool) -> Result<(), CatalogueError> {
        let snapshot = Arc::new(read(database).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
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
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn read(database: &PgPool) -> Result<Snapshot, CatalogueError> {
    let rows: Vec<entry::Row> = sqlx::query_as(entry::SELECT).fetch_all(database).await?;
    let entries = rows.into_iter().map(|row| Entry::try_from(row).map(Arc::new)).collect::<Result<Vec<_>, _>>()?;
    Ok(Snapshot { version: entries.iter().map(|e| e.generation).sum(), entries })
}
