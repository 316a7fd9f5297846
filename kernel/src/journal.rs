use std::future::Future;
use std::pin::Pin;

use sqlx::PgConnection;

use crate::{LayerId, Principal};

/// What was done to a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Create,
    /// It was put in the place of what was there, or made again after it was deleted.
    Replace,
    /// Some of it was changed.
    Update,
    /// It was deleted.
    Delete,
}

impl Action {
    /// Its name in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A change, as it is told to a [`Journal`].
#[derive(Clone, Debug)]
pub struct Edit<'a> {
    /// What was done.
    pub action: Action,
    /// In which layer.
    pub layer: &'a LayerId,
    /// The row.
    pub fid: i64,
    /// Its public id.
    pub id: &'a str,
    /// Its version since; of one that was deleted, its last.
    pub version: i64,
    /// The names of the properties that are different, `geometry` among them; empty for a row that was made or deleted.
    pub changed: &'a [String],
    /// The version that it was brought back to, if that is what was done.
    pub restored: Option<i64>,
}

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whoever keeps a log of changes.
pub trait Journal: Send + Sync {
    /// Told of each change inside its transaction, before it commits: it is in the log or it did not happen.
    fn wrote<'a>(&'a self, conn: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>>;
}
