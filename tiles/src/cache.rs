//! Tiles that were made from memory, as they went out, for who asks next and sees the same. What is kept is given out only if none of the
//! layers has changed in the tile since, and nothing has begun or ceased to be valid: it is never older than one made anew.
//!
//! It is for the compression above all, which takes longer than writing a tile. What is asked for again and again is compressed better.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use catalogue::Entry;
use chrono::{DateTime, Utc};
use kernel::{Principal, TileCoord};
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::App;
use crate::body::Out;
use crate::coding::{Coding, Effort};
use crate::engine::Made;

/// From as many requests on a tile is worth a better compression.
const HOT: u32 = 4;
/// What an entry takes beside its bytes, about.
const OVERHEAD: u64 = 320;

/// The tiles that are kept, up to so many bytes.
#[derive(Clone)]
pub(crate) struct Tiles(Option<Arc<Cache<Key, Arc<Kept>, Weight>>>);

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The layers and what of them is seen.
    seen: u128,
    tile: TileCoord,
    coding: Coding,
}

struct Kept {
    out: Out,
    made: Made,
    /// How often it was asked for.
    hits: AtomicU32,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, _: &Key, kept: &Arc<Kept>) -> u64 {
        kept.out.body.len() as u64 + OVERHEAD
    }
}

impl Tiles {
    /// For so many bytes; nought for none.
    pub(crate) fn new(bytes: u64) -> Self {
        Self((bytes > 0).then(|| Arc::new(Cache::with_weighter((bytes / 4_096).max(16) as usize, bytes, Weight))))
    }

    /// What the tile of these layers is kept by, for who asks; nothing where it is not kept.
    pub(crate) fn key(&self, app: &App, who: &Principal, entries: &[Arc<Entry>], tile: TileCoord, coding: Coding) -> Option<Key> {
        self.0.as_ref()?;
        let seen = app.engine.as_ref()?.seen(&app.feed, entries, who)?;
        Some(Key { seen, tile, coding })
    }

    /// The tile, if it is what would be made now.
    pub(crate) fn get(&self, key: &Key, now: DateTime<Utc>) -> Option<Out> {
        let cache = self.0.as_ref()?;
        let kept = cache.get(key)?;
        if !kept.made.is_so(key.tile, now) {
            return None;
        }
        if kept.hits.fetch_add(1, Ordering::Relaxed) + 1 == HOT && kept.out.is_coded() {
            let (cache, key, kept) = (Arc::clone(cache), key.clone(), Arc::clone(&kept));
            tokio::task::spawn_blocking(move || match kept.out.again(Effort::Much) {
                Ok(out) => {
                    let better = Kept { out, made: kept.made.clone(), hits: AtomicU32::new(HOT) };
                    // only in the place of what it was made of
                    let _ = cache.replace(key, Arc::new(better), false);
                }
                Err(error) => tracing::warn!(cause = %error, "a tile can't be compressed better"),
            });
        }
        Some(kept.out.clone())
    }

    pub(crate) fn put(&self, key: Key, out: Out, made: Made) {
        if let Some(cache) = &self.0 {
            cache.insert(key, Arc::new(Kept { out, made, hits: AtomicU32::new(1) }));
        }
    }
}
