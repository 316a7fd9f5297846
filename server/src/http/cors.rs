//! What pages of other origins may do (`--cors-origins`): read what is public, and with a key what the key opens; change something with
//! a key only where the operator lists their origin. Nothing that needs a cookie is answered to any of them.
//!
//! Our own rather than tower-http's layer, which takes every `OPTIONS` for a browser's question ahead of a request, also those
//! that GIS programs ask to know what they can do at an address.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use crate::config::Origins;

/// What pages may read of an answer beside its body.
const EXPOSED: &str = "change-position,content-crs,etag,link,location,retry-after,x-generalised,x-request-id";

/// What pages may send beside what every page may.
const TAKEN: &str = "after-position,authorization,change-reason,content-crs,content-type,idempotency-key,if-match,if-none-match,last-event-id,\
                     x-api-key";

/// The request comes from a page of an origin that the operator lists.
#[derive(Clone, Copy)]
pub(super) struct Listed;

pub(super) async fn answer(origins: &Origins, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let listed = origin.filter(|origin| origin.to_str().is_ok_and(|origin| origins.lists(origin)));
    let asks_ahead = *request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_ahead {
        preflight(origins, listed.is_some())
    } else {
        if listed.is_some() {
            request.extensions_mut().insert(Listed);
        }
        next(request).await
    };
    let headers = response.headers_mut();
    if let Some(origin) = admitted(origins, listed) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if !asks_ahead {
            headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
    if !origins.any || asks_ahead {
        headers.append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// The origin that the answer is for.
fn admitted(origins: &Origins, listed: Option<HeaderValue>) -> Option<HeaderValue> {
    // one answer for all of them where all may read, so that caches keep one
    if origins.any { Some(HeaderValue::from_static("*")) } else { listed }
}

fn preflight(origins: &Origins, listed: bool) -> Response {
    let mut headers = HeaderMap::new();
    let mut say = |name: HeaderName, value| headers.insert(name, HeaderValue::from_static(value));
    if listed || origins.any {
        let methods = if listed { "GET,HEAD,POST,PUT,PATCH,DELETE" } else { "GET,HEAD" };
        say(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
        say(header::ACCESS_CONTROL_ALLOW_HEADERS, TAKEN);
        say(header::ACCESS_CONTROL_MAX_AGE, "3600");
    }
    (StatusCode::OK, headers).into_response()
}
