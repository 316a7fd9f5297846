//! Request bodies: none that is larger than its address takes, none that is compressed, none that comes for ever; and an answer's
//! beginning within a time after the body's end.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use hyper::body::{Frame, SizeHint};
use kernel::Problem;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Limits;

pub(super) async fn limit(limits: &Limits, request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let most = limits.body_bytes_at(request.method(), request.uri().path()) as u64;
    if let Err(problem) = check(request.headers(), most) {
        return closing(problem);
    }
    let arrival = Arc::new(Arrival::new(limits));
    let request = request.map(|body| Body::new(Arriving::new(body, most, limits, Arc::clone(&arrival))));
    let answer = tokio::select! {
        answer = next(request) => answer,
        () = arrival.overdue() => {
            let detail = "it took too long and was given up; what it was to change may or may not be changed. Ask for less at once";
            return Problem::unavailable(detail, 10).into_response();
        }
    };
    if answer.status().is_success() {
        return answer;
    }
    // whatever who read the body made of it that it broke off
    match arrival.broke.load(Ordering::Acquire) {
        SLOW => closing(Problem::too_slow(format!(
            "of the body nothing came for {} s, or less than {} bytes a second on the whole",
            limits.body_seconds, limits.body_bytes_per_second
        ))),
        LONG => closing(too_large(most)),
        _ => answer,
    }
}

/// What the headers say of the body.
fn check(headers: &HeaderMap, most: u64) -> Result<(), Problem> {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if !codings.into_iter().all(|coding| coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::coded_body("send the body as it is, without `Content-Encoding`"));
    }
    let length = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if length.is_some_and(|length| length > most) { Err(too_large(most)) } else { Ok(()) }
}

fn too_large(most: u64) -> Problem {
    Problem::too_large(format!("the body is larger than the {most} bytes that this address takes"))
}

/// What is left of the body is not waited for.
fn closing(problem: Problem) -> Response {
    let mut response = problem.into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

const SLOW: u8 = 1;
const LONG: u8 = 2;

/// What is known of a body beside those who read it.
struct Arrival {
    begin: Instant,
    /// Milliseconds from the begin to the last byte.
    last: AtomicU64,
    broke: AtomicU8,
    answer_within: Duration,
}

impl Arrival {
    fn new(limits: &Limits) -> Self {
        let answer_within = Duration::from_secs(limits.request_seconds.into());
        Self { begin: Instant::now(), last: AtomicU64::new(0), broke: AtomicU8::new(0), answer_within }
    }

    /// Ends when there should have been an answer.
    async fn overdue(&self) {
        loop {
            let due = self.begin + Duration::from_millis(self.last.load(Ordering::Acquire)) + self.answer_within;
            if due <= Instant::now() {
                return;
            }
            sleep_until(due).await;
        }
    }

    fn came(&self) {
        self.last.store(self.begin.elapsed().as_millis() as u64, Ordering::Release);
    }
}

/// A body on its way in, timed while somebody reads it.
struct Arriving {
    body: Body,
    most: u64,
    received: u64,
    pause: Duration,
    bytes_per_second: u32,
    /// When reading began: a body that nobody has asked for yet is not late.
    begun: OnceLock<Instant>,
    sleep: Option<Pin<Box<Sleep>>>,
    arrival: Arc<Arrival>,
}

impl Arriving {
    fn new(body: Body, most: u64, limits: &Limits, arrival: Arc<Arrival>) -> Self {
        let pause = Duration::from_secs(limits.body_seconds.into());
        let (begun, sleep) = (OnceLock::new(), None);
        Self { body, most, received: 0, pause, bytes_per_second: limits.body_bytes_per_second, begun, sleep, arrival }
    }

    /// Until when the next piece must be there: a pause after this, and no later than the whole body may have taken for what has come.
    fn due(&self) -> Instant {
        let now = Instant::now();
        let earned = Duration::from_secs(self.received / u64::from(self.bytes_per_second));
        (now + self.pause).min(*self.begun.get_or_init(|| now) + self.pause + earned)
    }

    fn broken(&mut self, how: u8, what: &'static str) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.arrival.broke.store(how, Ordering::Release);
        Poll::Ready(Some(Err(axum::Error::new(what))))
    }
}

impl hyper::body::Body for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        let Poll::Ready(frame) = polled else {
            let due = self.due();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if sleep.as_mut().poll(cx).is_ready() {
                return self.broken(SLOW, "the body came too slowly");
            }
            return Poll::Pending;
        };
        self.sleep = None;
        self.arrival.came();
        if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(|f| f.data_ref().map_or(0, Bytes::len))) {
            self.received += data as u64;
            if self.received > self.most {
                return self.broken(LONG, "the body is too large");
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use axum::body::{Body, Bytes};
    use axum::routing::post;
    use axum::{Router, extract::Request};
    use tower::ServiceExt;

    use super::limit;
    use crate::config::Limits;

    /// Sends pieces of this size, one each so many seconds; the status, and the seconds it took.
    async fn send(pieces: usize, bytes: usize, every: u64) -> (u16, u64) {
        let limits = Limits { body_bytes: 10_000, body_seconds: 20, body_bytes_per_second: 100, ..Limits::default() };
        let router = Router::new().route("/", post(|body: Bytes| async move { body.len().to_string() }));
        let body = futures::stream::unfold(0, move |i| async move {
            tokio::time::sleep(Duration::from_secs(if i == 0 { 0 } else { every })).await;
            (i < pieces).then(|| (Ok::<_, Infallible>(vec![b'x'; bytes]), i + 1))
        });
        let begin = tokio::time::Instant::now();
        let request = Request::post("/").body(Body::from_stream(body)).unwrap();
        let answer = limit(&limits, request, async |request| router.oneshot(request).await.unwrap()).await;
        (answer.status().as_u16(), begin.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_waited_for_as_long_as_it_comes() {
        assert_eq!(send(3, 1_000, 0).await.0, 200);
        assert_eq!(send(3, 1_000, 25).await, (408, 20), "a long pause");
        assert_eq!(send(1_000, 1, 1).await, (408, 20), "a byte a second");
        assert_eq!(send(9, 1_000, 10).await, (200, 90), "slow, but on its way");
        assert_eq!(send(11, 1_000, 0).await.0, 413, "too much, whatever was announced");
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_begins_in_time_or_is_given_up() {
        let limits = Limits { request_seconds: 60, ..Limits::default() };
        let router = Router::new().route("/", post(|| async { tokio::time::sleep(Duration::from_secs(61)).await }));
        let request = Request::post("/").body(Body::empty()).unwrap();
        let answer = limit(&limits, request, async |request| router.oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status(), 503);
    }
}
