//! Watching what no change tells: how far behind the feed is, how much log the database keeps for it, and whether the layers' tables
//! still are what the catalogue says.

use std::collections::VecDeque;
use std::time::Duration;

use catalogue::Catalogue;
use kernel::Database;
use sqlx::PgConnection;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::run::{FeedError, Shared};
use crate::slot;

const EVERY: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(10);
/// After so many looks at which nobody reads the slot, our connection is dead without having said so.
const ABANDONED: u8 = 3;
/// What was in the log so many looks ago should have come. A stream may be silent for longer, as while the database reads what a large
/// transaction did: it is not broken off, which would only make it begin again.
const BEHIND: usize = 2;

/// Looks every other second, until the database does not answer, the slot is lost, or nobody reads it any more.
pub(crate) async fn watch(
    sql: &mut PgConnection,
    name: &str,
    shared: &Shared,
    (catalogue, database): (&Catalogue, &Database),
) -> FeedError {
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut unread = 0;
    // where the log ended at the last looks, the oldest first
    let mut ends: VecDeque<u64> = VecDeque::new();
    loop {
        clock.tick().await;
        let state = match timeout(PATIENCE, slot::state(sql, name)).await {
            Ok(Ok(Some(state))) => state,
            Ok(Ok(None)) => return FeedError::Lost(name.to_owned()),
            Ok(Err(error)) => return error,
            Err(_) => return FeedError::Silent,
        };
        if state.lost {
            return FeedError::Lost(name.to_owned());
        }
        unread = if state.active { 0 } else { unread + 1 };
        if unread == ABANDONED {
            return FeedError::Silent;
        }
        let received = shared.received();
        ends.push_back(state.end.byte());
        let before = if ends.len() > BEHIND { ends.pop_front() } else { None };
        let behind = before.zip(received).is_some_and(|(end, at)| at.byte() < end);
        shared.update(|status| {
            if behind && !status.behind {
                tracing::warn!("the change feed is behind: what it keeps copies of is read from the database until it has caught up");
            }
            status.behind = behind;
            status.lag_bytes = received.map(|at| state.end.byte().saturating_sub(at.byte()));
            status.slot_retained_bytes = Some(state.retained_bytes);
        });
        if let Ok(Err(error)) = timeout(EVERY, catalogue.compare(database)).await {
            tracing::debug!(cause = %error, "the tables of the layers can't be compared with the catalogue");
        }
    }
}
