//! Who writes to an upload: one request at a time. A client whose connection was lost comes back before the server has noticed the
//! loss; the request that hangs makes place for the new one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{Notify, OwnedMutexGuard};
use uuid::Uuid;

/// How long one who writes may take to leave.
const PATIENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(100);

/// Those that are written to.
#[derive(Debug, Default)]
pub(crate) struct Held(Mutex<HashMap<Uuid, Weak<Slot>>>);

#[derive(Debug, Default)]
struct Slot {
    busy: Arc<tokio::sync::Mutex<()>>,
    leave: Notify,
}

/// The right to write to an upload.
#[derive(Debug)]
pub(crate) struct Hold {
    slot: Arc<Slot>,
    _guard: OwnedMutexGuard<()>,
}

/// By which one who reads a request's body learns that somebody else wants to write.
#[derive(Clone, Debug)]
pub(crate) struct Leave(Arc<Slot>);

impl Leave {
    /// Waits until somebody else wants to.
    pub(crate) async fn asked(&self) {
        self.0.leave.notified().await;
    }
}

impl Hold {
    pub(crate) fn leave(&self) -> Leave {
        Leave(Arc::clone(&self.slot))
    }
}

impl Held {
    /// Takes the right to write, from whoever has it. `None`: they do not leave it.
    pub(crate) async fn take(&self, id: Uuid) -> Option<Hold> {
        let slot = self.slot(id);
        let wait = async {
            loop {
                slot.leave.notify_waiters();
                if let Ok(guard) = tokio::time::timeout(AGAIN, Arc::clone(&slot.busy).lock_owned()).await {
                    return guard;
                }
            }
        };
        let guard = tokio::time::timeout(PATIENCE, wait).await.ok()?;
        Some(Hold { slot, _guard: guard })
    }

    /// Whether somebody writes, or is about to.
    pub(crate) fn is_held(&self, id: Uuid) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).is_some_and(|slot| slot.strong_count() > 0)
    }

    fn slot(&self, id: Uuid) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&id).and_then(Weak::upgrade) {
            return slot;
        }
        slots.retain(|_, slot| slot.strong_count() > 0);
        let slot = Arc::new(Slot::default());
        slots.insert(id, Arc::downgrade(&slot));
        slot
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use uuid::Uuid;

    use super::Held;

    #[tokio::test]
    async fn one_who_hangs_makes_place() {
        let (held, id) = (Held::default(), Uuid::new_v4());
        let hold = held.take(id).await.unwrap();
        let leave = hold.leave();
        let hanging = tokio::spawn(async move {
            leave.asked().await;
            drop(hold);
        });
        tokio::task::yield_now().await;
        let next = tokio::time::timeout(Duration::from_secs(5), held.take(id)).await.unwrap();
        hanging.await.unwrap();
        assert!(next.is_some() && held.is_held(id) && !held.is_held(Uuid::new_v4()));
        drop(next);
        assert!(!held.is_held(id));
    }
}
