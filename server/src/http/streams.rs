//! Open streams of events: a number of them in all, and for each network.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header;
use identity::Client;
use kernel::Problem;

use crate::config::{Limits, network_of};
use crate::listen::Held;

/// Counts them. Cheap to clone; clones count together.
#[derive(Clone)]
pub(super) struct Streams(Arc<Inner>);

struct Inner {
    all: u32,
    per_network: u32,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    all: u32,
    networks: HashMap<IpAddr, u32>,
}

/// One open stream.
struct Stream(Arc<Inner>, Option<IpAddr>);

impl Streams {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Inner { all: limits.streams, per_network: limits.streams_per_network, open: Mutex::default() }))
    }

    /// One more, of a network that is counted or of this machine.
    fn open(&self, network: Option<IpAddr>) -> Result<Stream, Problem> {
        let mut open = self.0.open();
        let of_network = network.map(|network| open.networks.get(&network).copied().unwrap_or_default());
        if of_network.is_some_and(|count| count >= self.0.per_network) {
            return Err(Problem::too_many_requests("your network has as many streams of events open as it may", 60));
        }
        if open.all >= self.0.all {
            return Err(Problem::unavailable("as many streams of events are open as there may be", 60));
        }
        open.all += 1;
        if let Some(network) = network {
            *open.networks.entry(network).or_default() += 1;
        }
        Ok(Stream(Arc::clone(&self.0), network))
    }
}

impl Inner {
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.0.open();
        open.all -= 1;
        if let Some(network) = self.1
            && let Some(count) = open.networks.get_mut(&network)
        {
            *count -= 1;
            if *count == 0 {
                open.networks.remove(&network);
            }
        }
    }
}

/// Whatever is answered with events is counted until it ends.
pub(super) async fn count(streams: &Streams, request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let client = request.extensions().get::<Client>().map(|client| client.0);
    let response = next(request).await;
    if response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| !kind.as_bytes().starts_with(b"text/event-stream")) {
        return response;
    }
    let network = client.filter(|address| !address.to_canonical().is_loopback()).map(network_of);
    match streams.open(network) {
        Ok(stream) => response.map(|body| Held::new(body, stream)),
        Err(problem) => problem.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::Streams;
    use crate::config::Limits;

    #[test]
    fn a_network_has_its_share_and_gives_it_back() {
        let streams = Streams::new(&Limits { streams: 4, streams_per_network: 2, ..Limits::default() });
        let open = |address: &str| streams.open(Some(address.parse().unwrap()));
        let (first, _second) = (open("198.51.100.7").unwrap(), open("198.51.100.7").unwrap());
        assert_eq!(open("198.51.100.7").map(drop).unwrap_err().status(), 429);
        let _other = open("198.51.100.8").unwrap();
        drop(first);
        let _third = open("198.51.100.7").unwrap();
        let _here = streams.open(None).unwrap();
        assert_eq!(streams.open(None).map(drop).unwrap_err().status(), 503);
        assert_eq!(open("198.51.100.9").map(drop).unwrap_err().status(), 503);
    }
}
