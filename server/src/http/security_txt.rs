//! `/.well-known/security.txt` (RFC 9116): whom to tell of a hole.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use chrono::{Days, NaiveTime, SecondsFormat};
use http::{HeaderMap, header};
use kernel::{Clock, Problem, PublicUrl};

/// How long a copy holds. The RFC recommends less than a year; the text is made anew for each who asks.
const DAYS: Days = Days::new(180);

#[derive(Clone)]
pub(super) struct About {
    /// Addresses as `mailto:` or `https:`, the preferred one first.
    pub(super) contacts: Arc<[String]>,
    pub(super) public_url: PublicUrl,
    pub(super) clock: Arc<dyn Clock>,
}

pub(super) fn routes(about: About) -> Router {
    Router::new().route("/.well-known/security.txt", get(handler)).with_state(about)
}

/// `GET /.well-known/security.txt`
async fn handler(State(about): State<About>) -> Response {
    if about.contacts.is_empty() {
        return Problem::not_found("nobody is named here; who runs this sets `security-contact`").into_response();
    }
    let mut text: String = about.contacts.iter().map(|contact| format!("Contact: {contact}\n")).collect();
    let end = about.clock.now().date_naive().checked_add_days(DAYS).unwrap_or_default().and_time(NaiveTime::MIN).and_utc();
    text += &format!("Expires: {}\n", end.to_rfc3339_opts(SecondsFormat::Secs, true));
    text += &format!("Preferred-Languages: it, en\nCanonical: {}\n", about.public_url.link("/.well-known/security.txt"));
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, header::HeaderValue::from_static("public, max-age=86400"));
    (headers, text).into_response()
}
