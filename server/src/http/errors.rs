use std::any::Any;

use axum::response::{IntoResponse, Response};
use http::Uri;
use kernel::Problem;

pub(super) async fn not_found(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(200).collect();
    Problem::not_found(format!("`{path}` is no address of this program; `/` and `/portal/` are where to begin"))
}

pub(super) async fn method_not_allowed() -> Problem {
    Problem::method_not_allowed("it can be read, with GET and HEAD")
}

/// A bug of ours must not take the connection down without a word.
pub(super) fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let text = cause.downcast_ref::<String>().map(String::as_str).or_else(|| cause.downcast_ref::<&str>().copied());
    Problem::internal("request", &text.unwrap_or("a panic without a message")).into_response()
}
