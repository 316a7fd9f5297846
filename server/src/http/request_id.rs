//! A name for each request, which its answer has in `X-Request-Id`, what is logged meanwhile has beside it, and a failure of ours has
//! as `instance`: what somebody reports is found in the log.

use std::net::SocketAddr;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::{Map, Value};
use tracing::Instrument;
use uuid::Uuid;

use super::proxy::Proxies;

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// No problem of ours is longer.
const PROBLEM_BYTES: usize = 64 * 1024;

/// A name of letters, digits, `-`, `.`, `_` and `~`, which can be an address's part.
#[derive(Clone, Debug)]
struct RequestId(String);

impl RequestId {
    /// What a proxy of ours says, once and in a form that can stand anywhere.
    fn stated(headers: &HeaderMap) -> Option<Self> {
        let mut all = headers.get_all(HEADER).iter();
        let (Some(only), None) = (all.next(), all.next()) else { return None };
        let text = only.to_str().ok()?;
        let fits = !text.is_empty() && text.len() <= 128 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
        fits.then(|| Self(text.to_owned()))
    }
}

/// Names the request: the outermost layer that answers.
pub(super) async fn name(proxies: &Proxies, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let stated = peer.filter(|peer| proxies.trusts(*peer)).and_then(|_| RequestId::stated(request.headers()));
    let id = stated.unwrap_or_else(|| RequestId(Uuid::new_v4().to_string()));
    request.extensions_mut().insert(id.clone());
    let span = tracing::info_span!("request", id = %id.0);
    let mut response = next(request).instrument(span).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Puts the name into problems that are ours to solve. Stands where bodies are not compressed yet.
pub(super) async fn tell(request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let response = next(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    match id {
        Some(id) if response.status().is_server_error() && kind.is_some_and(|kind| kind == "application/problem+json") => {
            with_instance(response, id).await
        }
        _ => response,
    }
}

async fn with_instance(response: Response, id: RequestId) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, PROBLEM_BYTES).await else { return Response::from_parts(parts, Body::empty()) };
    let Ok(mut problem) = serde_json::from_slice::<Map<String, Value>>(&bytes) else {
        return Response::from_parts(parts, Body::from(bytes));
    };
    problem.insert("instance".to_owned(), id.0.into());
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Value::Object(problem).to_string()))
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::extract::{ConnectInfo, Request};
    use axum::routing::get;
    use kernel::{Problem, PublicUrl};
    use serde_json::Value;
    use tower::ServiceExt;

    use super::{HEADER, name, tell};
    use crate::http::proxy::Proxies;

    /// The name in the header and in the problem.
    async fn ask(peer: [u8; 4], given: Option<&str>, path: &str) -> (String, Value) {
        let proxies = Proxies::new(&["10.0.0.0/8".parse().unwrap()], PublicUrl::parse("https://sit.example.it").unwrap());
        let router = Router::new()
            .route("/broken", get(|| async { Problem::internal("test", &"a cause") }))
            .route("/absent", get(|| async { Problem::not_found("nothing") }));
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        request.extensions_mut().insert(ConnectInfo(std::net::SocketAddr::from((peer, 50_000))));
        if let Some(given) = given {
            request.headers_mut().insert(HEADER, given.parse().unwrap());
        }
        let asked = async |request| tell(request, async |request| router.oneshot(request).await.unwrap()).await;
        let answer = name(&proxies, request, asked).await;
        let id = answer.headers()[HEADER].to_str().unwrap().to_owned();
        let body = to_bytes(answer.into_body(), 10_000).await.unwrap();
        (id, serde_json::from_slice::<Value>(&body).unwrap()["instance"].clone())
    }

    #[tokio::test]
    async fn a_failure_of_ours_can_be_found_in_the_log() {
        let (id, instance) = ask([127, 0, 0, 1], None, "/broken").await;
        assert!(id.parse::<uuid::Uuid>().is_ok());
        assert_eq!(instance, id.as_str());
        assert_eq!(ask([127, 0, 0, 1], None, "/absent").await.1, Value::Null);
    }

    #[tokio::test]
    async fn a_proxy_of_ours_may_name_it_and_nobody_else() {
        assert_eq!(ask([10, 0, 0, 1], Some("abc-123"), "/broken").await, ("abc-123".to_owned(), "abc-123".into()));
        assert_ne!(ask([11, 0, 0, 1], Some("abc-123"), "/broken").await.0, "abc-123");
        for bad in ["", "a b", "a\"b", "../x", &"x".repeat(129)] {
            assert_ne!(ask([10, 0, 0, 1], Some(bad), "/broken").await.0, bad);
        }
    }
}
