//! The address that a request was asked at, where a proxy stands in front that the operator trusts (`--trusted-proxies`).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::HeaderMap;
use kernel::PublicUrl;

use crate::config::Network;

/// Who may state an address, and the one that holds otherwise.
#[derive(Clone)]
pub(super) struct Proxies {
    trusted: Arc<[Network]>,
    configured: PublicUrl,
}

impl Proxies {
    pub(super) fn new(trusted: &[Network], configured: PublicUrl) -> Self {
        Self { trusted: trusted.into(), configured }
    }

    /// Whether a peer's word is taken.
    pub(super) fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.holds(peer))
    }

    /// The address that a request was asked at.
    pub(super) fn asked_at<'a>(&'a self, request: &'a Request) -> &'a PublicUrl {
        request.extensions().get().unwrap_or(&self.configured)
    }

    /// The address, if the peer may state one and did so in a way that can be read.
    fn stated(&self, peer: IpAddr, headers: &HeaderMap) -> Option<PublicUrl> {
        if !self.trusts(peer) {
            return None;
        }
        let (standard, customary) = (forwarded(headers), x_forwarded(headers));
        let url = |stated: &Stated| self.configured.seen_as(stated.scheme(), stated.host.as_deref(), stated.prefix.as_deref());
        match (standard, customary) {
            (Ok(None), Ok(Some(only))) | (Ok(Some(only)), Ok(None)) => url(&only),
            // A proxy that writes one of them may let the other one through from whoever asks: they must agree.
            (Ok(Some(one)), Ok(Some(other))) => url(&one).filter(|u| url(&other).as_ref() == Some(u)),
            _ => None,
        }
    }
}

/// Puts the stated address where `kernel::Context::as_asked` finds it.
pub(super) async fn read(proxies: &Proxies, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    if let Some(url) = peer.and_then(|peer| proxies.stated(peer, request.headers())) {
        request.extensions_mut().insert(url);
    }
    next(request).await
}

/// What headers say; nothing that could not stand in an address.
#[derive(Debug, Default, PartialEq, Eq)]
struct Stated {
    https: Option<bool>,
    /// `name`, `name:port`, `[address]:port`.
    host: Option<String>,
    /// Empty, or beginning with `/`.
    prefix: Option<String>,
}

/// A header that can't be read: nothing is taken from any.
#[derive(Debug, PartialEq, Eq)]
struct Malformed;

impl Stated {
    fn scheme(&self) -> Option<&'static str> {
        self.https.map(|https| if https { "https" } else { "http" })
    }

    fn something(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}

/// `Forwarded` (RFC 7239): the last element, which the proxy next to us wrote.
fn forwarded(headers: &HeaderMap) -> Result<Option<Stated>, Malformed> {
    let Some(last) = last_element(headers, "forwarded")? else {
        return Ok(None);
    };
    let mut stated = Stated::default();
    for pair in last.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or(Malformed)?;
        let value = value.strip_prefix('"').map_or(Some(value), |v| v.strip_suffix('"')).ok_or(Malformed)?;
        match name.to_ascii_lowercase().as_str() {
            "proto" => stated.https = Some(https(value)?),
            "host" => stated.host = Some(host(value)?),
            _ => {}
        }
    }
    Ok(stated.something())
}

/// `X-Forwarded-Proto`, `-Host` and `-Prefix`: of each the last value.
fn x_forwarded(headers: &HeaderMap) -> Result<Option<Stated>, Malformed> {
    let stated = Stated {
        https: last_element(headers, "x-forwarded-proto")?.as_deref().map(https).transpose()?,
        host: last_element(headers, "x-forwarded-host")?.as_deref().map(host).transpose()?,
        prefix: last_element(headers, "x-forwarded-prefix")?.as_deref().map(prefix).transpose()?,
    };
    Ok(stated.something())
}

/// The last element of a header that is a list. A comma in a quoted text is none that we would take, so it ends nothing of
/// ours: the rest is then malformed.
fn last_element(headers: &HeaderMap, name: &str) -> Result<Option<String>, Malformed> {
    let Some(value) = headers.get_all(name).iter().next_back() else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| Malformed)?;
    Ok(text.rsplit(',').next().map(|element| element.trim().to_owned()))
}

fn https(text: &str) -> Result<bool, Malformed> {
    match text.to_ascii_lowercase().as_str() {
        "https" => Ok(true),
        "http" => Ok(false),
        _ => Err(Malformed),
    }
}

/// A name of letters, digits, `-` and `.`, or an IPv6 address in brackets, and perhaps a port.
fn host(text: &str) -> Result<String, Malformed> {
    let (name, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => {
            address.parse::<std::net::Ipv6Addr>().map_err(|_| Malformed)?;
            (&text[..address.len() + 2], port)
        }
        None => {
            let (name, port) = text.find(':').map_or((text, ""), |at| text.split_at(at));
            let is_label = |l: &str| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if name.len() > 253 || !name.split('.').all(is_label) {
                return Err(Malformed);
            }
            (name, port)
        }
    };
    let port_fits = |p: &str| !p.starts_with('+') && p.parse::<u16>().is_ok_and(|number| number > 0);
    if port.is_empty() || port.strip_prefix(':').is_some_and(port_fits) { Ok(format!("{name}{port}")) } else { Err(Malformed) }
}

/// Segments of letters, digits, `-`, `.`, `_` and `~`, none of dots alone.
fn prefix(text: &str) -> Result<String, Malformed> {
    let text = text.trim_end_matches('/');
    let is_segment = |s: &str| {
        let plain = s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        plain && s.bytes().any(|b| b != b'.')
    };
    let fits = text.is_empty() || text.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_segment));
    if fits && text.len() <= 200 { Ok(text.to_owned()) } else { Err(Malformed) }
}

#[cfg(test)]
mod tests {
    use super::Proxies;
    use http::{HeaderMap, HeaderName, HeaderValue};
    use kernel::PublicUrl;

    fn stated(peer: &str, headers: &[(&str, &str)]) -> Option<String> {
        let configured = PublicUrl::parse("http://sit.example.it/gis").unwrap();
        let proxies = Proxies::new(&["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()], configured);
        let pairs = headers.iter().map(|(n, v)| (n.parse::<HeaderName>().unwrap(), HeaderValue::from_str(v).unwrap()));
        let mut map = HeaderMap::new();
        pairs.for_each(|(n, v)| {
            map.append(n, v);
        });
        proxies.stated(peer.parse().unwrap(), &map).map(|u| u.to_string())
    }

    #[test]
    fn a_trusted_proxy_states_the_address_in_either_way() {
        let told = |headers: &[(&str, &str)]| stated("10.1.2.3", headers);
        assert_eq!(told(&[]), None);
        assert_eq!(told(&[("host", "evil.example")]), None, "never from `Host`");
        assert_eq!(told(&[("x-forwarded-proto", "https")]).unwrap(), "https://sit.example.it/gis");
        assert_eq!(
            told(&[("forwarded", "for=1.2.3.4;proto=HTTPS;host=\"maps.example.it:8443\"")]).unwrap(),
            "https://maps.example.it:8443/gis"
        );
        let all = [("x-forwarded-proto", "https"), ("x-forwarded-host", "maps.example.it"), ("x-forwarded-prefix", "/a/b/")];
        assert_eq!(told(&all).unwrap(), "https://maps.example.it/a/b");
        assert_eq!(stated("::1", &all).unwrap(), "https://maps.example.it/a/b");
        assert_eq!(stated("::ffff:10.0.0.1", &all).unwrap(), "https://maps.example.it/a/b", "IPv4 seen through an IPv6 socket");
        // what a client wrote stands before what the proxy next to us added
        assert_eq!(told(&[("forwarded", "host=evil.example, host=maps.example.it")]).unwrap(), "http://maps.example.it/gis");
        assert_eq!(
            told(&[("x-forwarded-host", "evil.example"), ("x-forwarded-host", "maps.example.it")]).unwrap(),
            "http://maps.example.it/gis"
        );
    }

    #[test]
    fn nobody_else_does() {
        for peer in ["11.0.0.1", "127.0.0.1", "::2", "fe80::1", "192.168.10.0"] {
            let headers =
                [("x-forwarded-host", "evil.example"), ("forwarded", "host=evil.example;proto=https"), ("x-forwarded-prefix", "/x")];
            assert_eq!(stated(peer, &headers), None, "{peer}");
        }
    }

    #[test]
    fn what_can_t_stand_in_an_address_is_passed_over() {
        let told = |name: &str, value: &str| stated("10.1.2.3", &[(name, value)]);
        for host in [
            "",
            "a b",
            "a/b",
            "evil.example/x",
            "evil.example?x",
            "u@evil.example",
            "a:0",
            "a:99999",
            "a:+80",
            "a:8:0",
            "[::1",
            "[x]",
            "<script>",
            "a..b",
            "a\"b",
            "è.it",
        ] {
            if HeaderValue::from_str(host).is_ok() {
                assert_eq!(told("x-forwarded-host", host), None, "{host}");
                assert_eq!(told("forwarded", &format!("host=\"{host}\"")), None, "{host}");
            }
        }
        for proto in ["", "ftp", "javascript", "https://", "http s"] {
            assert_eq!(told("x-forwarded-proto", proto), None, "{proto}");
        }
        for prefix in ["x", "//evil.example", "/a/../b", "/.", "/a b", "/a?b", "/a#b", "/%2e", "/<"] {
            assert_eq!(told("x-forwarded-prefix", prefix), None, "{prefix}");
        }
        assert_eq!(told("forwarded", "nonsense"), None);
        // one that can't be read spoils the rest, and two that disagree are both passed over
        assert_eq!(stated("10.1.2.3", &[("x-forwarded-proto", "https"), ("x-forwarded-host", "a/b")]), None);
        assert_eq!(stated("10.1.2.3", &[("x-forwarded-host", "maps.example.it"), ("forwarded", "host=evil.example")]), None);
    }
}
