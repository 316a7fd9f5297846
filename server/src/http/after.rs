//! Reading what one wrote: a request with `After-Position`, as the answer to a change has it in `Change-Position`, waits until the
//! change feed has passed that position. Whatever is told to readers or kept in memory knows of the change by then.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use feed::Feed;
use kernel::{Position, Problem};
use tokio::time::timeout;

/// How long it waits.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) async fn wait(feed: &Feed, request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let Some(header) = request.headers().get("after-position") else {
        return next(request).await;
    };
    let Some(position) = header.to_str().ok().and_then(|text| text.parse::<Position>().ok()) else {
        let allowed = "a position as `Change-Position` has it: `0/16B3748`";
        return Problem::invalid_parameter("After-Position", "`After-Position` is none", allowed).into_response();
    };
    match timeout(PATIENCE, feed.reached(position)).await {
        Ok(()) => next(request).await,
        Err(_) => Problem::unavailable("the change feed has not come to this position yet; try again", 1).into_response(),
    }
}
