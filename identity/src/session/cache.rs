use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::Current;

/// For so long a session is believed without asking the database: that is how long another process may still know one that
/// was ended here.
const BELIEVED: TimeDelta = TimeDelta::seconds(5);
/// Sessions remembered at most.
const MOST: usize = 10_000;

/// The sessions seen lately. What this process ends it forgets at once.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Seen>);

#[derive(Default)]
struct Seen {
    /// Grows whenever something is forgotten: what was read before that is not put in after it.
    generation: u64,
    sessions: HashMap<[u8; 32], (Current, DateTime<Utc>)>,
}

impl Cache {
    pub(super) fn get(&self, hash: &[u8; 32], now: DateTime<Utc>) -> Option<Current> {
        let seen = self.lock();
        let (current, read_at) = seen.sessions.get(hash)?;
        let fresh = *read_at <= now && now - *read_at < BELIEVED && now < current.expires_at;
        fresh.then(|| current.clone())
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation
    }

    pub(super) fn put(&self, hash: [u8; 32], current: Current, now: DateTime<Utc>, generation: u64) {
        let mut seen = self.lock();
        if seen.generation != generation {
            return;
        }
        if seen.sessions.len() >= MOST {
            seen.sessions.retain(|_, (_, read_at)| now - *read_at < BELIEVED);
        }
        if seen.sessions.len() < MOST {
            seen.sessions.insert(hash, (current, now));
        }
    }

    pub(crate) fn forget_account(&self, account: Uuid) {
        let mut seen = self.lock();
        seen.generation += 1;
        seen.sessions.retain(|_, (current, _)| current.account != account);
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
