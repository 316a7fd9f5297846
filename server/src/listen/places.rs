use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::{Limits, Network, network_of};

/// Waited for a connection to end before another one that rests is asked to.
const TURN: Duration = Duration::from_millis(50);

/// Places for connections: a number in all, and a number for each network.
pub(super) struct Places {
    all: usize,
    per_network: u32,
    trusted: Arc<[Network]>,
    seats: Arc<Semaphore>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    networks: HashMap<IpAddr, u32>,
    /// Those without a request, the one that rests longest first.
    resting: BTreeMap<u64, Arc<Notify>>,
    last: u64,
}

/// A connection's place. A connection rests from its begin to its first request, and from each answer's end to the next request.
pub(super) struct Place {
    places: Arc<Places>,
    wanted: Arc<Notify>,
    /// Its number among those that rest.
    rest: Mutex<Option<u64>>,
    _network: Option<Counted>,
    _seat: OwnedSemaphorePermit,
}

/// A connection of a network that is counted.
struct Counted(Arc<Places>, IpAddr);

/// A connection has a request, until this is dropped.
pub(super) struct Working(Arc<Place>);

impl Places {
    pub(super) fn new(limits: &Limits, all: usize, trusted: &[Network]) -> Arc<Self> {
        let seats = Arc::new(Semaphore::new(all));
        Arc::new(Self { all, per_network: limits.connections_per_network, trusted: trusted.into(), seats, known: Mutex::default() })
    }

    /// A place for a new connection; none if its network has as many as it may. Where all are taken the connection that rests longest
    /// is closed; where none rests this waits until one does.
    pub(super) async fn take(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<Place>> {
        let network = match self.counted(peer) {
            Some(network) => Some(self.count(network)?),
            None => None,
        };
        let seat = loop {
            if let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() {
                break seat;
            }
            self.ask_some_to_leave();
            if let Ok(seat) = timeout(TURN, Arc::clone(&self.seats).acquire_owned()).await {
                break seat.ok()?;
            }
        };
        metrics::gauge!("http_connections").increment(1);
        let place = Place { places: Arc::clone(self), wanted: Arc::default(), rest: Mutex::default(), _network: network, _seat: seat };
        place.begin_to_rest();
        Some(Arc::new(place))
    }

    /// Ends when all connections have.
    pub(super) async fn empty(&self) {
        let all = u32::try_from(self.all).unwrap_or(u32::MAX);
        let _ = self.seats.acquire_many(all).await;
    }

    fn counted(&self, peer: IpAddr) -> Option<IpAddr> {
        let exempt = peer.to_canonical().is_loopback() || self.trusted.iter().any(|network| network.holds(peer));
        (!exempt).then(|| network_of(peer))
    }

    fn count(self: &Arc<Self>, network: IpAddr) -> Option<Counted> {
        let mut known = self.known();
        let open = known.networks.entry(network).or_default();
        if *open >= self.per_network {
            return None;
        }
        *open += 1;
        Some(Counted(Arc::clone(self), network))
    }

    /// A hundredth of all, so that the next ones that come need not wait for a connection to end.
    fn ask_some_to_leave(&self) {
        let mut known = self.known();
        for _ in 0..=self.all / 100 {
            let Some((_, wanted)) = known.resting.pop_first() else { return };
            wanted.notify_one();
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Begins a request; none if the connection is being closed.
    pub(super) fn work(self: &Arc<Self>) -> Option<Working> {
        self.end_rest().then(|| Working(Arc::clone(self)))
    }

    /// Ends when the place is needed for another connection.
    pub(super) async fn wanted_by_another(&self) {
        self.wanted.notified().await;
    }

    /// Whether there is no request.
    pub(super) fn rests(&self) -> bool {
        self.number().is_some()
    }

    fn begin_to_rest(&self) {
        let mut known = self.places.known();
        known.last += 1;
        let number = known.last;
        known.resting.insert(number, Arc::clone(&self.wanted));
        drop(known);
        *self.number() = Some(number);
    }

    /// Whether it was among those that rest still.
    fn end_rest(&self) -> bool {
        let number = self.number().take();
        number.is_some_and(|number| self.places.known().resting.remove(&number).is_some())
    }

    fn number(&self) -> MutexGuard<'_, Option<u64>> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.end_rest();
        metrics::gauge!("http_connections").decrement(1);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut known = self.0.known();
        if let Some(open) = known.networks.get_mut(&self.1) {
            *open -= 1;
            if *open == 0 {
                known.networks.remove(&self.1);
            }
        }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.begin_to_rest();
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::{Place, Places};
    use crate::config::Limits;

    fn places(all: usize, per_network: u32) -> Arc<Places> {
        let limits = Limits { connections_per_network: per_network, ..Limits::default() };
        Places::new(&limits, all, &["10.0.0.0/8".parse().unwrap()])
    }

    async fn take(places: &Arc<Places>, peer: &str) -> Option<Arc<Place>> {
        let peer: IpAddr = peer.parse().unwrap();
        timeout(Duration::from_secs(1), places.take(peer)).await.ok().flatten()
    }

    async fn is_wanted(place: &Place) -> bool {
        timeout(Duration::from_millis(1), place.wanted_by_another()).await.is_ok()
    }

    #[tokio::test]
    async fn a_network_has_its_share_and_our_own_proxies_are_none() {
        let places = places(100, 2);
        let first = take(&places, "198.51.100.7").await;
        let _second = take(&places, "::ffff:198.51.100.7").await;
        assert!(take(&places, "198.51.100.7").await.is_none());
        let _others = [take(&places, "198.51.100.8").await, take(&places, "2001:db8::1").await, take(&places, "2001:db8::2").await];
        assert!(take(&places, "2001:db8::3").await.is_none());
        for peer in ["127.0.0.1", "10.1.2.3"] {
            assert_eq!([take(&places, peer).await, take(&places, peer).await, take(&places, peer).await].iter().flatten().count(), 3);
        }
        drop(first);
        assert!(take(&places, "198.51.100.7").await.is_some());
    }

    #[tokio::test]
    async fn where_all_are_taken_the_one_that_rests_longest_goes() {
        let places = places(3, 100);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(take(&places, "127.0.0.1").await.unwrap());
        }
        // the first one works, so the second rests longest
        let working = held[0].work().unwrap();
        let coming = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.take("127.0.0.1".parse().unwrap()).await }
        });
        held[1].wanted_by_another().await;
        assert!(held[1].work().is_none(), "a request that comes just then is not begun");
        held.remove(1);
        let fourth = coming.await.unwrap().unwrap();
        assert!(!is_wanted(&held[0]).await && !is_wanted(&held[1]).await);
        // none rests: it waits until one does
        let others = [held[1].work().unwrap(), fourth.work().unwrap()];
        assert!(timeout(Duration::from_millis(200), places.take("127.0.0.1".parse().unwrap())).await.is_err());
        drop(working);
        assert!(held[0].rests() && !held[1].rests());
        let coming = tokio::spawn(async move { places.take("127.0.0.1".parse().unwrap()).await });
        held[0].wanted_by_another().await;
        held.remove(0);
        assert!(coming.await.unwrap().is_some());
        drop(others);
    }
}
