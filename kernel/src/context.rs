use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use url::{Position, Url};
use uuid::Uuid;

use crate::{Bbox, Clock, Database, Srid, Text};

/// What an operation is given: the database as the application's role, the time, who we are. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Connections for everything but tiles.
    pub database: Database,
    /// Connections that only tiles use, so that tiles can't starve the rest.
    pub tiles_database: Database,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where the world reaches us: as configured, or for one request as a trusted proxy says ([`Context::as_asked`]).
    pub public_url: PublicUrl,
    /// What was fixed when the installation was made.
    pub installation: Arc<Installation>,
}

impl Context {
    /// With the address that this request was asked at, where the server's edge has put one into the request's extensions:
    /// only a proxy that the operator trusts can state it.
    #[must_use]
    pub fn as_asked(mut self, parts: &Parts) -> Self {
        if let Some(url) = parts.extensions.get::<PublicUrl>() {
            self.public_url = url.clone();
        }
        self
    }
}

/// What is fixed at the first use of an installation (table `opensit.installation`).
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// Names this installation, in slots and logs.
    pub instance: Uuid,
    /// The name that people see.
    pub title: Text,
    /// The metric system that every layer is stored in.
    pub storage_crs: Srid,
    /// The rectangle round its comuni, CRS84.
    pub bbox: Bbox,
    /// Whether this is the invented town of `opensit demo`.
    pub demo: bool,
}

/// The address that every link begins with: configured, or stated by a proxy that is trusted; never taken from `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// From an absolute `http` or `https` address; what follows a `?` or `#`, and a final `/`, is dropped.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|e| format!("`{text}` is not an address: {e}"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(format!("`{text}` is not an http or https address"));
        }
        let base = text.split(['?', '#']).next().unwrap_or(text);
        Ok(Self(base.trim_end_matches('/').to_owned()))
    }

    /// The same service seen from elsewhere: another scheme, another `host[:port]`, another path before ours (empty, or
    /// beginning with `/`). What is not given stays. `None` if that makes no address.
    pub fn seen_as(&self, scheme: Option<&str>, authority: Option<&str>, prefix: Option<&str>) -> Option<Self> {
        let own = Url::parse(&self.0).ok()?;
        let scheme = scheme.unwrap_or(own.scheme());
        let authority = authority.unwrap_or(&own[Position::BeforeHost..Position::AfterPort]);
        let prefix = prefix.unwrap_or(own.path()).trim_end_matches('/');
        Self::parse(&format!("{scheme}://{authority}{prefix}")).ok()
    }

    /// An absolute link; `path` begins with `/`.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The token in a request's address that let it in: the edge puts it into the request's extensions after it was checked, and takes it
/// from nowhere else. Addresses that an answer hands out for the same reader carry it on, or they would open nothing.
///
/// An answer that has it in it must be kept by no cache that others share.
#[derive(Clone, PartialEq, Eq)]
pub struct AddressToken(String);

impl AddressToken {
    /// From the text of a token that was checked; nothing that could mean something else in an address is one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        fits.then(|| Self(text.to_owned()))
    }

    /// An address with the token.
    pub fn onto(&self, address: &str) -> String {
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}token={}", self.0)
    }
}

impl fmt::Debug for AddressToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{AddressToken, PublicUrl};

    #[test]
    fn a_token_is_carried_on_and_not_printed() {
        let token = AddressToken::new("aZ0-_").unwrap();
        assert_eq!((token.onto("/xyz/a"), format!("{token:?}")), ("/xyz/a?token=aZ0-_".to_owned(), "AddressToken(…)".to_owned()));
        for bad in ["", "a&b", "a=b", "a b", "%41", "{z}", "à", "a#b", "a\"b"] {
            assert!(AddressToken::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn links_keep_the_prefix_and_have_one_slash() {
        assert_eq!(PublicUrl::parse("https://sit.example.it/gis/").unwrap().link("/api"), "https://sit.example.it/gis/api");
        let own = PublicUrl::parse("http://sit.example.it:8080/gis").unwrap();
        let seen = |scheme, authority, prefix| own.seen_as(scheme, authority, prefix).unwrap().to_string();
        assert_eq!(seen(None, None, None), "http://sit.example.it:8080/gis");
        assert_eq!(seen(Some("https"), None, None), "https://sit.example.it:8080/gis");
        assert_eq!(seen(Some("https"), Some("maps.example.it"), Some("")), "https://maps.example.it");
        assert_eq!(seen(None, Some("[2001:db8::1]:81"), Some("/a/b/")), "http://[2001:db8::1]:81/a/b");
        for bad in ["", "localhost:8080", "ftp://x/", "/gis"] {
            assert!(PublicUrl::parse(bad).is_err(), "{bad}");
        }
    }
}
