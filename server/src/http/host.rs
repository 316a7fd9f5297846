//! Who is asked for: one name at most.

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::Problem;

/// Refuses a request with several `Host` headers (RFC 9112, 3.2). We make nothing of the name, but a proxy or a cache before us that takes
/// another of them than the next one does is led astray by it.
pub(super) async fn one(request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    if request.headers().get_all(header::HOST).iter().nth(1).is_none() {
        return next(request).await;
    }
    let mut response =
        Problem::bad_request("there is more than one `Host` header; send one, with the name that you ask for").into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}
