//! Headers that every answer has, and the content security policy that the portal really runs with.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use catalogue::BaseMap;
use http::{HeaderMap, HeaderName, HeaderValue};
use url::{Position, Url};

use super::proxy::Proxies;

/// Our own origin, and the hosts of the configured base maps for pictures and data; nothing inline, nobody may frame us
/// but ourselves. MapLibre takes its canvas pictures through `blob:` and `data:` addresses.
pub(super) fn policy(base_maps: &[BaseMap]) -> Arc<str> {
    let mut hosts: Vec<String> = base_maps
        .iter()
        .filter_map(|map| Url::parse(&map.url.replace(['{', '}'], "")).ok())
        .map(|url| url[..Position::BeforePath].to_owned())
        .collect();
    hosts.sort();
    hosts.dedup();
    let hosts = hosts.iter().map(|h| format!(" {h}")).collect::<String>();
    format!(
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:{hosts}; \
         connect-src 'self'{hosts}; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )
    .into()
}

/// A year of https alone. Neither for the names below ours, which are not ours to speak for, nor for browsers' lists.
const TRANSPORT: &str = "max-age=31536000";

/// What [`add`] knows.
#[derive(Clone)]
pub(super) struct Headers {
    pub(super) policy: Arc<str>,
    pub(super) proxies: Proxies,
}

pub(super) async fn add(known: &Headers, request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let secure = known.proxies.asked_at(&request).to_string().starts_with("https:");
    let mut response = next(request).await;
    let headers = response.headers_mut();
    set(headers, "content-security-policy", &known.policy);
    if secure {
        set(headers, "strict-transport-security", TRANSPORT);
    }
    set(headers, "x-content-type-options", "nosniff");
    set(headers, "referrer-policy", "strict-origin-when-cross-origin");
    set(headers, "permissions-policy", "geolocation=(self), camera=(), microphone=()");
    set(headers, "cross-origin-opener-policy", "same-origin");
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.entry(HeaderName::from_static(name)).or_insert(value);
    }
}
