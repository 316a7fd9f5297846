use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use http::Extensions;
use http::request::Parts;

/// Where a request comes from: put into its extensions by the edge, which knows which proxies to believe. Without it the
/// connection's own address counts, and without that all count as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client(pub IpAddr);

impl Client {
    /// Of a request, by its extensions.
    pub fn of(extensions: &Extensions) -> Option<Self> {
        let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| Self(peer.0.ip()));
        extensions.get::<Self>().copied().or_else(peer)
    }

    /// An IPv4 address, or the 64 bits of an IPv6 address that one household has.
    pub fn network(client: Option<Self>) -> String {
        match client.map(|c| c.0.to_canonical()) {
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => format!("{:x?}", &ip.segments()[..4]),
            None => "unknown".to_owned(),
        }
    }
}

impl<S: Send + Sync> axum::extract::OptionalFromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

#[cfg(test)]
mod tests {
    use super::Client;

    #[test]
    fn a_household_is_one_network() {
        let network = |ip: &str| Client::network(Some(Client(ip.parse().unwrap())));
        assert_eq!(network("2001:db8:1:2::3"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::3"), network("2001:db8:1:3::3"));
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
    }
}
