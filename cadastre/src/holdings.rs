//! What people hold: the records of the census ([`crate::census`]) into the register, `cadastre.properties` and the tables beside it.
//!
//! A file is read by a thread, and COPY is asynchronous: between them is a channel with room for a few batches, so that no file fills
//! the memory. The reading side is a [`Gathering`], which takes records as they are read; the side of the database is [`Batches`].
//! All of a delivery lands in temporary tables of the open transaction ([`prepare`]), and is then compared with the register and put
//! into it as a whole ([`apply`]). [`parcels`] tells the map what the census says of its parcels.
//!
//! Free words are not kept, since they may name persons, but for a right that is told in words instead of a code; fiscal codes are kept sealed, and found by a keyed hash.

mod apply;
mod gather;
mod parcels;
pub(crate) mod rows;
pub(crate) mod words;

use std::collections::HashMap;

use catalogue::copy::{Copy, Rows};
use kernel::{TableName, Vault};
use sqlx::PgConnection;
use tokio::sync::mpsc;

pub use apply::{Counts, Outcome, apply, prepare};
pub(crate) use gather::sealed;
pub use gather::{Gathered, Gathering, NotTaken};
pub use parcels::parcels;

use rows::Table;

/// Batches that wait to be sent: a quarter of a megabyte each.
const WAITING: usize = 8;

/// What a fiscal code is to the [`Vault`]: the purpose of its hash and its seal.
pub const FISCAL_CODE: &str = "fiscal code";

/// Both sides of the way into the database. `comuni` has the ISTAT code of each comune of the installation by its Belfiore code.
pub fn channel(vault: &Vault, comuni: HashMap<String, String>) -> (Gathering, Batches) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Gathering::new(vault.clone(), comuni, sender), Batches(receiver))
}

/// Rows of one table, ready to be sent.
#[derive(Debug)]
pub struct Batch {
    table: Table,
    rows: Rows,
}

impl Batch {
    /// Sends them into the temporary table that [`prepare`] made, in the same transaction; returns how many.
    pub async fn load(mut self, conn: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let name = TableName::new("pg_temp", self.table.staged()).map_err(|e| sqlx::Error::Configuration(e.into()))?;
        let columns: Vec<&str> = self.table.columns().iter().copied().chain(["at"]).collect();
        Copy::start(conn, &name, &columns).await?.finish(&mut self.rows).await
    }
}

/// The batches of a [`Gathering`], in order.
#[derive(Debug)]
pub struct Batches(mpsc::Receiver<Batch>);

impl Batches {
    /// The next one; `None` once the gathering is finished. Dropped before, it stops the gathering ([`NotTaken::Gone`]).
    pub async fn next(&mut self) -> Option<Batch> {
        self.0.recv().await
    }

    /// Loads all of them; returns how many rows.
    pub async fn load(mut self, conn: &mut PgConnection) -> Result<u64, sqlx::Error> {
        let mut rows = 0;
        while let Some(batch) = self.next().await {
            rows += batch.load(&mut *conn).await?;
        }
        Ok(rows)
    }
}

/// The names of the temporary tables, each with a column `comune`.
pub(crate) fn staged() -> impl Iterator<Item = &'static str> {
    rows::Table::ALL.into_iter().map(rows::Table::staged)
}
