//! What a tile was made of, by which is known whether it would be the same now.

use std::sync::{Arc, Weak};

use catalogue::Entry;
use chrono::{DateTime, Utc};
use kernel::{Filter, Principal, TileCoord};
use xxhash_rust::xxh3::Xxh3;

use super::world::Grid;
use super::{Engine, Kept, Rows};
use crate::frame::buffer;
use feed::Feed;

/// How far beyond a tile something may change it, units: rows are drawn together in cells of no more than a quarter of this.
const REACH: u32 = 512;

/// The rows of a layer as they were.
#[derive(Clone)]
pub(crate) struct Mark {
    pub(super) entry: Arc<Entry>,
    pub(super) kept: Weak<Kept>,
    pub(super) version: u64,
    /// When something begins or ceases to be valid, microseconds since 1970.
    pub(super) until: i64,
}

/// The layers of a tile as they were.
#[derive(Clone, Default)]
pub(crate) struct Made(pub(crate) Vec<Mark>);

impl Made {
    /// Whether the tile would be the same now.
    pub(crate) fn is_so(&self, tile: TileCoord, now: DateTime<Utc>) -> bool {
        self.0.iter().all(|mark| {
            let Some(kept) = mark.kept.upgrade() else { return false };
            let extent = Grid::new(tile, buffer(tile, mark.entry.layer.geometry).max(REACH)).extent();
            let rows = kept.rows();
            now.timestamp_micros() < mark.until && matches!(&*rows, Rows::Ready(state) if state.is_still(mark.version, &extent))
        })
    }
}

impl Engine {
    /// A number for what somebody sees of these layers: of the declarations, the rows in memory, and the rules. Nothing where a layer is not
    /// in memory, or the feed is behind.
    pub(crate) fn seen(&self, feed: &Feed, entries: &[Arc<Entry>], who: &Principal) -> Option<u128> {
        if !feed.status().is_current() {
            return None;
        }
        let mut hash = Xxh3::new();
        for entry in entries {
            let kept = self.0.read().get(&entry.layer.table).cloned().filter(|kept| kept.is_of(entry))?;
            if !matches!(&*kept.rows(), Rows::Ready(_)) {
                return None;
            }
            // both live as long as something that was made of them is kept, and no others are in their places
            hash.update(&(Arc::as_ptr(entry) as usize).to_le_bytes());
            hash.update(&(Arc::as_ptr(&kept) as usize).to_le_bytes());
            if !entry.layer.is_open() {
                let mut rule = |filter: &Filter| {
                    hash.update(filter.policy_sql(entry.layer.srid).as_bytes());
                    hash.update(&[0]);
                };
                rule(&entry.layer.readable_rows(who));
                kept.plan.fields().for_each(|field| rule(&entry.layer.rows_with(field, who)));
            }
        }
        Some(hash.digest128())
    }
}
