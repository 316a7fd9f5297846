use chrono::{DateTime, Utc};
use kernel::Position;
use serde::Serialize;

use crate::Way;

/// How the feed is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeedStatus {
    /// What it is doing.
    #[serde(flatten)]
    pub state: FeedState,
    /// How it follows the database.
    pub way: Way,
    /// The end of the last commit told of, or where the stream began.
    pub position: Option<Position>,
    /// How much of the database's log is still to be read, bytes.
    pub lag_bytes: Option<u64>,
    /// Whether what was in the database's log some seconds ago has not come yet: copies of rows may be older than the database.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub behind: bool,
    /// How long after its commit the last change was told, milliseconds, by the two clocks of database and server.
    pub lag_ms: Option<u64>,
    /// The replication slot.
    pub slot: Option<String>,
    /// How much of its log the database keeps for the slot, bytes.
    pub slot_retained_bytes: Option<u64>,
}

/// What the feed is doing.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "state", rename_all = "lowercase")]
pub enum FeedState {
    /// It makes its slot, which waits for every writer that is open at the time.
    Starting,
    /// It tells each commit as it comes.
    Live,
    /// It lost the database and tries again.
    Reconnecting {
        /// Since when.
        since: DateTime<Utc>,
        /// Why.
        why: String,
    },
    /// It was stopped.
    Stopped,
}

impl Default for FeedStatus {
    fn default() -> Self {
        Self {
            state: FeedState::Starting,
            way: Way::default(),
            position: None,
            lag_bytes: None,
            behind: false,
            lag_ms: None,
            slot: None,
            slot_retained_bytes: None,
        }
    }
}

impl FeedStatus {
    /// Whether copies of rows that are kept by it are as the database has them, but for moments.
    pub fn is_current(&self) -> bool {
        self.state == FeedState::Live && !self.behind
    }

    /// Tells the numbers to whoever collects metrics.
    pub(crate) fn publish(&self) {
        metrics::gauge!("feed_live").set(if self.state == FeedState::Live { 1.0 } else { 0.0 });
        metrics::gauge!("feed_by_journal").set(if self.way == Way::Journal { 1.0 } else { 0.0 });
        let gauges =
            [("feed_lag_bytes", self.lag_bytes), ("feed_lag_ms", self.lag_ms), ("feed_slot_retained_bytes", self.slot_retained_bytes)];
        for (name, value) in gauges {
            if let Some(value) = value {
                metrics::gauge!(name).set(value as f64);
            }
        }
    }
}
