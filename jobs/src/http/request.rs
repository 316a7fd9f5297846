use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderValue, header};
use kernel::{Language, Params, Principal, Problem};
use serde_json::Value;

/// What every operation reads of a request.
pub(super) struct Request {
    pub(super) who: Principal,
    pub(super) params: Params,
    pub(super) html: bool,
    pub(super) language: Language,
}

impl<S: Send + Sync> FromRequestParts<S> for Request {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Ok(who) = Principal::from_request_parts(parts, state).await;
        let params = Params::from_request_parts(parts, state).await?.only(&["f", "lang", "before", "limit"])?;
        let text = |name: header::HeaderName| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let html = match params.get("f") {
            // every browser names XHTML too; programs that take anything want data
            None => text(header::ACCEPT).is_some_and(|a| a.contains("text/html") && a.contains("application/xhtml+xml")),
            Some("json") => false,
            Some("html") => true,
            Some(_) => return Err(Problem::invalid_parameter("f", "`f` is no form of this resource", vec!["json", "html"])),
        };
        let language = Language::negotiate(params.get("lang"), text(header::ACCEPT_LANGUAGE));
        Ok(Self { who, params, html, language })
    }
}

/// A JSON document that is one person's alone.
pub(super) fn json(document: &Value) -> Response {
    private((([(header::CONTENT_TYPE, "application/json")]), document.to_string()).into_response())
}

/// Nobody keeps it: not a shared cache, nor a browser after signing out.
pub(super) fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language, cookie, authorization, x-api-key"));
    response
}
