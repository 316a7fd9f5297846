//! Public data may be read by pages of other origins; nothing that needs a cookie is answered to them, and nothing is changed.
//!
//! Our own rather than tower-http's layer, which takes every `OPTIONS` for a browser's question ahead of a request, also those
//! that GIS programs ask to know what they can do at an address.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

/// What pages may read of an answer beside its body.
const EXPOSED: HeaderValue = HeaderValue::from_static("content-crs,etag,link,x-generalised");

pub(super) async fn answer(request: Request, next: Next) -> Response {
    let asks_ahead = *request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_ahead { preflight() } else { next.run(request).await };
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if !asks_ahead {
        response.headers_mut().insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
    response
}

fn preflight() -> Response {
    let say = |name: HeaderName, value: &'static str| (name, HeaderValue::from_static(value));
    let headers = [say(header::ACCESS_CONTROL_ALLOW_METHODS, "GET,HEAD"), say(header::ACCESS_CONTROL_MAX_AGE, "3600")];
    (StatusCode::OK, headers).into_response()
}
