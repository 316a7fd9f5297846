//! How often one network may do what anybody may do, beside what the edge allows: a bucket each that fills evenly.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use kernel::{Client, Language, Problem};

use std::sync::atomic::{AtomicU32, Ordering};

/// After so many questions the buckets that are full again are dropped.
const TIDY_AFTER: u32 = 4096;

/// Counts in this process; it forgets with it.
pub(crate) struct Rates {
    reports: DefaultKeyedRateLimiter<String>,
    by_category: DefaultKeyedRateLimiter<(String, String)>,
    programs: DefaultKeyedRateLimiter<String>,
    small: DefaultKeyedRateLimiter<String>,
    asked: AtomicU32,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            // a family's phones, a school, the many phones that a mobile network shows under one address
            reports: RateLimiter::keyed(quota(30, 20)),
            by_category: RateLimiter::keyed(quota(15, 10)),
            // clients of Open311 show no ticket
            programs: RateLimiter::keyed(quota(6, 6)),
            small: RateLimiter::keyed(quota(60, 30)),
            asked: AtomicU32::new(0),
        }
    }
}

fn quota(per_minute: u32, at_once: u32) -> Quota {
    let number = |n| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    Quota::per_minute(number(per_minute)).allow_burst(number(at_once))
}

impl Rates {
    /// A report of a network. This machine itself is not counted, as at the edge: a proxy on it says for whom it asks.
    pub(crate) fn report(&self, client: Option<Client>, language: Language) -> Result<(), Problem> {
        self.count(&self.reports, client, language)
    }

    /// A report of a network about one thing.
    pub(crate) fn category(&self, client: Option<Client>, category: &str, language: Language) -> Result<(), Problem> {
        let Some(network) = counted(client) else { return Ok(()) };
        check(&self.by_category, &(network, category.to_owned()), language)
    }

    /// A report that a program of a network sends.
    pub(crate) fn program(&self, client: Option<Client>) -> Result<(), Problem> {
        self.count(&self.programs, client, Language::En)
    }

    /// Notes, contacts, photos and "+1".
    pub(crate) fn small(&self, client: Option<Client>, language: Language) -> Result<(), Problem> {
        self.count(&self.small, client, language)
    }

    fn count(&self, limiter: &DefaultKeyedRateLimiter<String>, client: Option<Client>, language: Language) -> Result<(), Problem> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % TIDY_AFTER == TIDY_AFTER - 1 {
            [&self.reports, &self.programs, &self.small].iter().for_each(|all| all.retain_recent());
            self.by_category.retain_recent();
        }
        let Some(network) = counted(client) else { return Ok(()) };
        check(limiter, &network, language)
    }
}

/// The network that somebody comes from; none for this machine, which may speak for many.
pub(crate) fn counted(client: Option<Client>) -> Option<String> {
    let is_this_machine = client.is_some_and(|client| client.0.to_canonical().is_loopback());
    (!is_this_machine).then(|| Client::network(client))
}

fn check<K: Clone + Eq + std::hash::Hash>(limiter: &DefaultKeyedRateLimiter<K>, key: &K, language: Language) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|early| {
        let wait = early.wait_time_from(DefaultClock::default().now()).as_secs_f64().ceil().max(1.0) as u32;
        let detail = match language {
            Language::It => {
                format!(
                    "dalla vostra rete arrivano troppe segnalazioni in poco tempo: questa non è stata registrata. Riprovate fra {wait} s"
                )
            }
            Language::En => format!("too many reports come from your network at once: this one was not recorded. Try again in {wait} s"),
        };
        Problem::too_many_requests(detail, wait)
    })
}

#[cfg(test)]
mod tests {
    use super::Rates;
    use kernel::{Client, Language};

    #[test]
    fn one_network_does_not_shut_out_others() {
        let rates = Rates::default();
        let from = |address: &str| rates.report(Some(Client(address.parse().unwrap())), Language::It);
        let taken = (0..1_000).filter(|_| from("198.51.100.7").is_ok()).count();
        assert!((20..=30).contains(&taken), "{taken}");
        let refusal = from("198.51.100.7").unwrap_err();
        assert_eq!(refusal.status(), 429);
        assert!(refusal.detail().contains("Riprovate fra"), "{}", refusal.detail());
        assert!(from("198.51.100.8").is_ok() && from("2001:db8::1").is_ok());
        assert!((0..1_000).all(|_| from("127.0.0.1").is_ok()), "this machine is not counted");
    }
}
