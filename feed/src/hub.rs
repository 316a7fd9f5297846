//! The recent commits, kept in a ring, from which any number of readers read at their own pace.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::Stream;
use kernel::{Change, Changed, Position};
use tokio::sync::watch;

/// How many commits are kept for readers that come back or are slow.
const KEPT: usize = 4096;

/// What one commit changed: all of it is told together, or none.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The commit's end.
    pub position: Position,
    /// What it changed: the catalogue first, then each layer once.
    pub changes: Vec<Changed>,
}

impl Commit {
    fn everything(position: Position) -> Arc<Self> {
        Arc::new(Self { position, changes: vec![Changed::Everything] })
    }
}

/// What connects the one who reads the database with those who want to know.
#[derive(Debug)]
pub(crate) struct Hub {
    ring: Mutex<Ring>,
    grown: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Ring {
    commits: VecDeque<Arc<Commit>>,
    /// The number of the first commit in the ring; each commit has the next number.
    first: u64,
    /// Every commit after `known.0` and up to `known.1` is in the ring. `None` until the stream has begun.
    known: Option<(Position, Position)>,
    closed: bool,
}

impl Ring {
    fn next(&self) -> u64 {
        self.first + self.commits.len() as u64
    }

    fn push(&mut self, commit: Arc<Commit>) {
        self.commits.push_back(commit);
        if self.commits.len() > KEPT
            && let (Some(gone), Some((from, _))) = (self.commits.pop_front(), &mut self.known)
        {
            self.first += 1;
            *from = gone.position;
        }
    }
}

impl Hub {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { ring: Mutex::new(Ring::default()), grown: watch::Sender::new(0) })
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The end of the last commit told of, or where the stream began.
    pub(crate) fn position(&self) -> Option<Position> {
        self.ring().known.map(|(_, to)| to)
    }

    /// Tells of a commit. One that was told already (the database sends again what was not confirmed) is left out.
    pub(crate) fn push(&self, commit: Commit) {
        let mut ring = self.ring();
        match &mut ring.known {
            Some((_, to)) if commit.position > *to => *to = commit.position,
            _ => return,
        }
        ring.push(Arc::new(commit));
        drop(ring);
        self.grown.send_modify(|n| *n += 1);
    }

    /// Says that the stream begins anew at a position, and that nothing is known of what was between.
    pub(crate) fn begin(&self, position: Position) {
        let mut ring = self.ring();
        ring.first = ring.next();
        ring.commits.clear();
        ring.known = Some((position, position));
        ring.push(Commit::everything(position));
        drop(ring);
        self.grown.send_modify(|n| *n += 1);
    }

    /// Ends every subscription once it has read what there is.
    pub(crate) fn close(&self) {
        self.ring().closed = true;
        self.grown.send_modify(|n| *n += 1);
    }

    pub(crate) fn subscribe(self: &Arc<Self>, after: Option<Position>) -> Subscription {
        let ring = self.ring();
        let (cursor, missed, position) = match (after, ring.known) {
            (Some(after), Some((from, to))) if from <= after && after <= to => {
                let passed = ring.commits.partition_point(|c| c.position <= after);
                (ring.first + passed as u64, false, Some(after))
            }
            (Some(_), Some((_, to))) => (ring.next(), true, Some(to)),
            (None, Some((_, to))) => (ring.next(), false, Some(to)),
            // when the stream begins, everybody is told that anything may have changed
            (_, None) => (ring.next(), false, None),
        };
        drop(ring);
        Subscription { hub: Arc::clone(self), grown: self.grown.subscribe(), cursor, missed, position }
    }
}

/// A reader of the feed.
#[derive(Debug)]
pub struct Subscription {
    hub: Arc<Hub>,
    grown: watch::Receiver<u64>,
    cursor: u64,
    missed: bool,
    position: Option<Position>,
}

impl Subscription {
    /// The position up to which this reader knows everything; `None` while the feed has not begun.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// The next commit; `None` when the feed has stopped.
    ///
    /// May be cancelled and called again without loss.
    pub async fn next(&mut self) -> Option<Arc<Commit>> {
        loop {
            self.grown.borrow_and_update();
            match self.read() {
                Some(commit) => {
                    self.position = Some(commit.position);
                    return Some(commit);
                }
                None if self.hub.ring().closed => return None,
                None => self.grown.changed().await.ok()?,
            }
        }
    }

    fn read(&mut self) -> Option<Arc<Commit>> {
        let ring = self.hub.ring();
        let missed = std::mem::take(&mut self.missed) || self.cursor < ring.first;
        if missed && let Some((_, to)) = ring.known {
            self.cursor = ring.next();
            return Some(Commit::everything(to));
        }
        let commit = ring.commits.get(usize::try_from(self.cursor - ring.first).ok()?)?;
        self.cursor += 1;
        Some(Arc::clone(commit))
    }

    /// The changes one by one. Several of them may have the same position: those of one commit.
    pub fn changes(self) -> impl Stream<Item = Change> + Send {
        futures::stream::unfold((self, VecDeque::new()), |(mut reader, mut waiting)| async move {
            while waiting.is_empty() {
                let commit = reader.next().await?;
                waiting.extend(commit.changes.iter().map(|what| Change { position: commit.position, what: what.clone() }));
            }
            Some((waiting.pop_front()?, (reader, waiting)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Commit, Hub, KEPT, Subscription};
    use futures::FutureExt;
    use kernel::{Changed, LayerId, Position};

    fn rows() -> Vec<Changed> {
        vec![Changed::Rows(LayerId::new("parcels").unwrap(), None)]
    }

    fn commit(at: u64) -> Commit {
        Commit { position: Position::new(at), changes: rows() }
    }

    /// What the reader has to read now: position and whether it is "everything".
    fn read(reader: &mut Subscription) -> Vec<(u64, bool)> {
        let mut all = Vec::new();
        while let Some(Some(commit)) = reader.next().now_or_never() {
            all.push((commit.position.byte(), commit.changes == [Changed::Everything]));
        }
        all
    }

    #[test]
    fn a_reader_that_comes_back_misses_nothing_and_hears_nothing_twice() {
        let hub = Hub::new();
        hub.begin(Position::new(100));
        (101..=110).for_each(|at| hub.push(commit(at)));
        let mut back = hub.subscribe(Some(Position::new(107)));
        assert_eq!(back.position(), Some(Position::new(107)));
        assert_eq!(read(&mut back), [(108, false), (109, false), (110, false)]);
        hub.push(commit(120));
        assert_eq!(read(&mut back), [(120, false)]);
        assert_eq!(read(&mut hub.subscribe(Some(Position::new(100)))).len(), 11);
        assert_eq!(read(&mut hub.subscribe(Some(Position::new(105))))[0], (106, false));
        assert_eq!(read(&mut hub.subscribe(Some(Position::new(120)))), []);
        assert_eq!(read(&mut hub.subscribe(None)), []);
    }

    #[test]
    fn who_knows_a_time_before_or_after_ours_is_told_everything() {
        let hub = Hub::new();
        hub.begin(Position::new(100));
        hub.push(commit(110));
        for elsewhere in [0, 99, 111, u64::MAX] {
            let mut reader = hub.subscribe(Some(Position::new(elsewhere)));
            assert_eq!(reader.position(), Some(Position::new(110)));
            assert_eq!(read(&mut reader), [(110, true)], "{elsewhere}");
            hub.push(commit(110)); // sent again after a reconnection
            assert_eq!(read(&mut reader), []);
        }
    }

    #[test]
    fn who_waits_for_the_beginning_is_told_everything_then() {
        let hub = Hub::new();
        let (mut new, mut back) = (hub.subscribe(None), hub.subscribe(Some(Position::new(50))));
        assert_eq!((new.position(), read(&mut new), read(&mut back)), (None, vec![], vec![]));
        hub.begin(Position::new(100));
        assert_eq!((read(&mut new), read(&mut back)), (vec![(100, true)], vec![(100, true)]));
    }

    #[test]
    fn a_slow_reader_is_told_everything_once() {
        let hub = Hub::new();
        hub.begin(Position::new(1));
        let mut slow = hub.subscribe(None);
        let last = 10 + KEPT as u64;
        (10..=last).for_each(|at| hub.push(commit(at)));
        assert_eq!(read(&mut slow), [(last, true)]);
        hub.push(commit(last + 1));
        assert_eq!(read(&mut slow), [(last + 1, false)]);
        // the ring reaches back to the commit before its first
        assert_eq!(read(&mut hub.subscribe(Some(Position::new(10)))), [(last + 1, true)]);
        assert_eq!(read(&mut hub.subscribe(Some(Position::new(11)))).len(), KEPT);
    }

    #[test]
    fn a_lost_slot_is_everything_for_all() {
        let hub = Hub::new();
        hub.begin(Position::new(1));
        let mut reader = hub.subscribe(None);
        hub.push(commit(2));
        hub.begin(Position::new(50));
        assert_eq!(read(&mut reader), [(50, true)]);
        hub.close();
        assert_eq!(reader.next().now_or_never(), Some(None));
    }
}
