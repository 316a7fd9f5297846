//! So much at once, and a queue before it that has an end: what can't be answered soon is refused at once, while it is still worth
//! asking somebody else, or again in a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kernel::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// How long a place is waited for. A map has moved on by then.
const PATIENCE: Duration = Duration::from_secs(5);
/// After how many seconds it is worth asking again.
const RETRY_AFTER_S: u32 = 2;

/// How much of some work is being done.
#[derive(Debug, Default)]
pub(crate) struct InHand(AtomicUsize);

/// A piece of it, until it is dropped.
pub(crate) struct Piece<'a>(&'a InHand);

impl InHand {
    pub(crate) fn begin(&self) -> Piece<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Piece(self)
    }
}

impl Piece<'_> {
    /// Whether nothing else is being done.
    pub(crate) fn is_alone(&self) -> bool {
        self.0.0.load(Ordering::Relaxed) == 1
    }
}

impl Drop for Piece<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Places for work that takes long, given out in the order in which they were asked for.
#[derive(Debug)]
pub(crate) struct Queue {
    /// What is done there, for metrics.
    work: &'static str,
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// A place. Clones are the same one; it is free when the last is dropped.
#[derive(Clone, Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "given back when it is dropped")] Arc<OwnedSemaphorePermit>);

/// One who waits.
struct Waiting<'a>(&'a Queue);

impl Queue {
    pub(crate) fn new(work: &'static str, places: usize, most_waiting: usize) -> Self {
        Self { work, places: Arc::new(Semaphore::new(places.max(1))), waiting: AtomicUsize::new(0), most_waiting }
    }

    /// A place, waited for if none is free; 503 where too many wait already, or it takes too long.
    pub(crate) async fn place(&self) -> Result<Place, Problem> {
        if let Ok(free) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place(Arc::new(free)));
        }
        let Some(_waiting) = self.wait() else { return Err(self.refuse()) };
        match timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(free)) => Ok(Place(Arc::new(free))),
            Ok(Err(_)) | Err(_) => Err(self.refuse()),
        }
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        let one_more = |waiting: usize| (waiting < self.most_waiting).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Waiting(self))
    }

    fn refuse(&self) -> Problem {
        metrics::counter!("tiles_refused_total", "work" => self.work).increment(1);
        Problem::unavailable("more tiles are asked for than can be made now; try again in a moment", RETRY_AFTER_S)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{InHand, PATIENCE, Queue};
    use axum::response::IntoResponse;
    use futures::FutureExt;
    use http::header;
    use tokio::time::Instant;

    #[test]
    fn who_is_alone_knows_it() {
        let all = InHand::default();
        let one = all.begin();
        assert!(one.is_alone());
        let other = all.begin();
        assert!(!one.is_alone() && !other.is_alone());
        drop(one);
        assert!(other.is_alone());
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_queue_it_is_refused_at_once_and_the_rest_in_turn() {
        let queue = Queue::new("test", 1, 2);
        let first = queue.place().await.unwrap();
        let (mut second, mut third) = (Box::pin(queue.place()), Box::pin(queue.place()));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        let refused = queue.place().now_or_never().unwrap().unwrap_err().into_response();
        assert_eq!(refused.status(), http::StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "2");
        // a clone is the same place
        let same = first.clone();
        drop(first);
        assert!((&mut second).now_or_never().is_none());
        drop(same);
        let second = second.await.unwrap();
        assert!((&mut third).now_or_never().is_none());
        drop(second);
        drop(third.await.unwrap());
        assert!(queue.place().now_or_never().unwrap().is_ok(), "it is as it was");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_makes_room_and_nobody_waits_for_ever() {
        let queue = Queue::new("test", 1, 1);
        let _first = queue.place().await.unwrap();
        {
            let mut gone = Box::pin(queue.place());
            assert!((&mut gone).now_or_never().is_none());
        }
        let begun = Instant::now();
        let refused = queue.place().await.unwrap_err();
        assert_eq!((refused.status(), begun.elapsed()), (http::StatusCode::SERVICE_UNAVAILABLE, PATIENCE));
    }
}
