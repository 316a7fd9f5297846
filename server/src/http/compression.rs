//! Text is compressed on its way out; tiles and the portal's files come compressed, events are not.

use std::convert::Infallible;
use std::future::ready;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

/// Compresses what is worth it and the client takes. The layer that does it stands behind the answer and not before the service: what it makes
/// of each answer has some kilobytes, and most are tiles.
pub(super) async fn compress(request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let mut accepting = Request::new(Body::empty());
    for accepted in request.headers().get_all(header::ACCEPT_ENCODING) {
        accepting.headers_mut().append(header::ACCEPT_ENCODING, accepted.clone());
    }
    let response = next(request).await;
    let headers = response.headers();
    let is_done = headers.contains_key(header::CONTENT_ENCODING) || headers.contains_key(header::CONTENT_RANGE);
    if is_done || !worth_it().should_compress(&response) {
        return response;
    }
    let mut answer = Some(response);
    let service = service_fn(move |_: Request| ready(Ok::<_, Infallible>(answer.take().unwrap_or_default())));
    let layer = CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it());
    let Ok(response) = Box::pin(layer.layer(service).oneshot(accepting)).await;
    response.map(Body::new)
}

fn worth_it() -> impl Predicate {
    DefaultPredicate::new()
        .and(NotForContentType::const_new("application/vnd.mapbox-vector-tile"))
        .and(NotForContentType::const_new("font/"))
        // a part of a file is counted in the bytes that the whole has
        .and(NotForContentType::const_new("application/pdf"))
}
