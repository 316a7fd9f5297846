//! How often a network or a key may ask: a bucket each that fills evenly (GCRA, crate `governor`).

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Request};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::HeaderMap;
use kernel::Problem;

use crate::Client;

/// What may be set.
#[derive(Clone)]
pub struct Settings {
    /// Requests a minute from one network (an IPv4 address, or the first 64 bits of an IPv6 one). A map asks for some tens of
    /// tiles at each move, and a town hall sits behind one address.
    pub network_per_minute: u32,
    /// Requests a minute with one key that says nothing else itself.
    pub key_per_minute: u32,
    /// Whether an address is a proxy's whose word on where a request comes from (`X-Forwarded-For`) is taken.
    pub trusted_proxies: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("network_per_minute", &self.network_per_minute)
            .field("key_per_minute", &self.key_per_minute)
            .finish_non_exhaustive()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self { network_per_minute: 12_000, key_per_minute: 3_000, trusted_proxies: Arc::new(|_| false) }
    }
}

/// Counts requests. Cheap to clone; clones count together.
#[derive(Clone)]
pub struct Rates(Arc<Inner>);

struct Inner {
    settings: Settings,
    networks: DefaultKeyedRateLimiter<Network>,
    /// By the rate, since a bucket's size is the limiter's.
    keys: Mutex<HashMap<u32, Arc<DefaultKeyedRateLimiter<String>>>>,
    asked: AtomicU32,
}

/// A network as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Network {
    V4([u8; 4]),
    V6([u8; 8]),
}

/// After so many requests the buckets that are full again are dropped, so that a scan of many addresses leaves nothing.
const TIDY_AFTER: u32 = 4096;

impl Rates {
    /// Nobody has asked yet.
    pub fn new(settings: Settings) -> Self {
        let networks = RateLimiter::keyed(quota(settings.network_per_minute));
        Self(Arc::new(Inner { settings, networks, keys: Mutex::default(), asked: AtomicU32::new(0) }))
    }

    /// Counts a request with a key; refuses it if there were too many.
    pub fn key(&self, id: &str, per_minute: Option<u32>) -> Result<(), Problem> {
        let rate = per_minute.unwrap_or(self.0.settings.key_per_minute);
        let limiter = {
            let mut keys = self.0.keys.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(keys.entry(rate).or_insert_with(|| Arc::new(RateLimiter::keyed(quota(rate)))))
        };
        check(&limiter, &id.to_owned(), "this key")
    }

    /// Counts a request from an address. This machine itself is not counted: a proxy on it
    /// that is trusted says for whom it asks.
    fn network(&self, address: IpAddr) -> Result<(), Problem> {
        let network = match address.to_canonical() {
            address if address.is_loopback() => return Ok(()),
            IpAddr::V4(v4) => Network::V4(v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Network::V6([a, b, c, d, e, f, g, h])
            }
        };
        if self.0.asked.fetch_add(1, Ordering::Relaxed) % TIDY_AFTER == TIDY_AFTER - 1 {
            self.0.networks.retain_recent();
        }
        check(&self.0.networks, &network, "your network")
    }
}

impl fmt::Debug for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rates").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

/// Where a request comes from: the peer, or, where that is a proxy that is trusted, the last address before the trusted ones in
/// `X-Forwarded-For`. Whatever stands before that anybody could have written.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Client {
    let told: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).collect();
    let mut client = peer.to_canonical();
    for hop in told.iter().rev() {
        if !trusted(client) {
            break;
        }
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    Client(client)
}

/// A step at the edge: refuses requests from networks that ask too often, with 429 and `Retry-After`, and tells the others behind it where
/// they come from ([`Client`]). It stands outside of whatever costs something, key look-up included. The server is made with
/// `into_make_service_with_connect_info::<SocketAddr>()`.
pub async fn limit_networks(rates: &Rates, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>() {
        let client = client(peer.ip(), request.headers(), &*rates.0.settings.trusted_proxies);
        if let Err(problem) = rates.network(client.0) {
            return problem.into_response();
        }
        request.extensions_mut().insert(client);
    }
    next(request).await
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K, who: &str) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|early| {
        let wait = early.wait_time_from(DefaultClock::default().now()).as_secs_f64().ceil().max(1.0) as u32;
        Problem::too_many_requests(format!("{who} asks too often; come again in {wait} s"), wait)
    })
}

/// Evenly so many a minute, and a tenth of it at once, but ten at least (or all, where there are fewer).
fn quota(per_minute: u32) -> Quota {
    let rate = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
    let burst = (per_minute / 10).max(10).min(rate.get());
    Quota::per_minute(rate).allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_believed_only_if_it_is_ours() {
        let ours: Vec<IpAddr> = vec!["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let from = |peer: &str, told: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in told {
                headers.append("x-forwarded-for", value.parse().unwrap());
            }
            client(peer.parse().unwrap(), &headers, |address| ours.contains(&address)).0.to_string()
        };
        assert_eq!(from("198.51.100.7", &["203.0.113.9"]), "198.51.100.7");
        assert_eq!(from("10.0.0.1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["6.6.6.6, 203.0.113.9", "10.0.0.2"]), "203.0.113.9");
        assert_eq!(from("10.0.0.1", &["203.0.113.9, nonsense"]), "10.0.0.1");
        assert_eq!(from("::ffff:198.51.100.7", &[]), "198.51.100.7");
    }

    #[test]
    fn a_network_is_counted_by_itself_and_this_machine_not_at_all() {
        let rates = Rates::new(Settings { network_per_minute: 3, ..Settings::default() });
        let asks = |address: &str| rates.network(address.parse().unwrap());
        for _ in 0..3 {
            asks("2001:db8::1").unwrap();
        }
        let problem = asks("2001:db8::2").unwrap_err();
        assert_eq!(problem.status(), 429);
        assert!(problem.into_response().headers().contains_key("retry-after"));
        asks("2001:db8:0:1::1").unwrap();
        asks("198.51.100.7").unwrap();
        for _ in 0..100 {
            asks("127.0.0.1").unwrap();
            asks("::ffff:127.0.0.1").unwrap();
        }
    }

    #[test]
    fn a_key_has_its_own_rate() {
        let rates = Rates::new(Settings { key_per_minute: 2, ..Settings::default() });
        let count = |id, rate| (0..50).filter(|_| rates.key(id, rate).is_ok()).count();
        assert_eq!((count("a", None), count("b", None), count("c", Some(20))), (2, 2, 10));
    }
}
