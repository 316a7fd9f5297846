use std::future::Future;
use std::pin::Pin;

use kernel::{LayerId, Principal, Problem};
use sqlx::PgConnection;

/// What somebody may do with a row that exists for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether they may change the row, and so add and delete its files.
    pub edit: bool,
}

/// What was done with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was added.
    Added,
    /// It was deleted.
    Deleted,
}

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The rows that files belong to.
pub trait Records: Send + Sync {
    /// What `who` may do with the row of this public id. `None`: there is no such layer or row for them. Asked at every request.
    fn access<'a>(&'a self, who: &'a Principal, layer: &'a LayerId, id: &'a str) -> Pending<'a, Result<Option<Access>, Problem>>;

    /// Told of each change inside its transaction, before it commits; whoever keeps a log adds to it here.
    fn changed<'a>(
        &'a self,
        conn: &'a mut PgConnection,
        who: &'a Principal,
        layer: &'a LayerId,
        id: &'a str,
        change: Change,
        file: uuid::Uuid,
    ) -> Pending<'a, Result<(), sqlx::Error>>;
}
