//! Waiting for a connection only as long as there is a database to wait for. A pool tries to connect again and again until its own time is
//! over: right while all connections are in use, in vain while the database is gone.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgPool};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How long a connection is waited for before it is found out whether the database is there.
const SOON: Duration = Duration::from_millis(700);
/// How long it may take to let one in to be there.
const ANSWER: Duration = Duration::from_millis(500);

/// Whether the database was found to be gone.
#[derive(Debug, Default)]
pub(super) struct Reach {
    is_gone: AtomicBool,
    /// How often it was asked; one asks for all who wait.
    asked: AtomicUsize,
    asking: Mutex<()>,
}

impl Reach {
    /// What is wanted of a pool, or [`sqlx::Error::PoolTimedOut`] as soon as it is known that its database is gone.
    pub(super) async fn wait<T>(&self, pool: &PgPool, wanted: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
        if self.is_gone.load(Ordering::Relaxed) && !self.is_there(pool).await {
            return Err(sqlx::Error::PoolTimedOut);
        }
        let mut wanted = pin!(wanted);
        if let Ok(got) = timeout(SOON, &mut wanted).await {
            return got;
        }
        tokio::select! {
            got = &mut wanted => return got,
            there = self.is_there(pool) => if !there {
                return Err(sqlx::Error::PoolTimedOut);
            },
        }
        wanted.await
    }

    async fn is_there(&self, pool: &PgPool) -> bool {
        let before = self.asked.load(Ordering::Relaxed);
        let _asking = self.asking.lock().await;
        if self.asked.load(Ordering::Relaxed) != before {
            return !self.is_gone.load(Ordering::Relaxed);
        }
        let there = match timeout(ANSWER, pool.connect_options().connect()).await {
            Ok(Ok(connection)) => {
                // whoever lets us in is there, however we part
                let _ = connection.close().await;
                true
            }
            // it does not let us in, but it answers
            Ok(Err(error)) => !matches!(error, sqlx::Error::Io(_)),
            Err(_) => false,
        };
        self.is_gone.store(!there, Ordering::Relaxed);
        self.asked.fetch_add(1, Ordering::Relaxed);
        there
    }
}
