//! Links, and the parts of addresses.

use http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

/// Media types, as they stand in links and headers.
pub mod media {
    /// JSON.
    pub const JSON: &str = "application/json";
    /// GeoJSON (RFC 7946).
    pub const GEOJSON: &str = "application/geo+json";
    /// JSON Schema.
    pub const SCHEMA: &str = "application/schema+json";
    /// An OpenAPI 3.0 document, typed exactly as OGC API Features asks for it.
    pub const OPENAPI: &str = "application/vnd.oai.openapi+json;version=3.0";
    /// A page.
    pub const HTML: &str = "text/html";
    /// A document to print.
    pub const PDF: &str = "application/pdf";
}

/// A link of an OGC API document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Absolute.
    pub href: String,
    /// How the target relates to this resource.
    pub rel: &'static str,
    /// The target's media type.
    #[serde(rename = "type", skip_serializing_if = "str::is_empty")]
    pub kind: &'static str,
    /// For people.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
}

impl Link {
    /// A link with its title.
    pub fn new(href: impl Into<String>, rel: &'static str, kind: &'static str, title: impl Into<String>) -> Self {
        Self { href: href.into(), rel, kind, title: title.into() }
    }

    /// For a page: a link that differs from the page's own address by its query alone, as a relative one.
    pub fn same_page(&self) -> &str {
        self.href.find('?').map_or("?", |at| &self.href[at..])
    }
}

/// Puts links into the response's `Link` headers (RFC 8288), for readers of representations that have no room for links.
pub fn write_headers(links: &[Link], headers: &mut HeaderMap) {
    for link in links {
        let value = format!("<{}>; rel=\"{}\"; type=\"{}\"", link.href, link.rel, link.kind);
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(header::LINK, value);
        }
    }
}

/// What a path segment or a query value may not hold as it is.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b',');

/// A text as one segment of a path, or as a query's value.
pub fn encode(text: &str) -> String {
    // A segment of dots alone would be taken for a direction.
    if !text.is_empty() && text.bytes().all(|b| b == b'.') {
        "%2E".repeat(text.len())
    } else {
        utf8_percent_encode(text, ENCODED).to_string()
    }
}

/// `?a=1&b=2`, or nothing for no pairs.
pub fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut text = String::new();
    for (name, value) in pairs {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(&encode(name));
        text.push('=');
        text.push_str(&encode(value));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{encode, query};

    #[test]
    fn a_segment_stays_one_segment() {
        assert_eq!(encode("X101_001200.345"), "X101_001200.345");
        assert_eq!(encode("a/b?c=d&e é"), "a%2Fb%3Fc%3Dd%26e%20%C3%A9");
        assert_eq!(encode(".."), "%2E%2E");
        assert_eq!(query([("bbox", "1,2,3,4"), ("name", "a&b")]), "?bbox=1,2,3,4&name=a%26b");
        assert_eq!(query([]), "");
    }
}
