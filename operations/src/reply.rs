//! Answers in the forms and languages of a resource.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::Language;
use maud::Markup;
use serde_json::Value;

use crate::links::media;

/// What every answer carries: it depends on who asks in which form and language, and is asked for again each time.
pub fn write_common(language: Language, headers: &mut HeaderMap) {
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
}

/// A JSON document.
pub fn json(document: &Value, kind: &'static str, language: Language) -> Response {
    respond(StatusCode::OK, kind, document.to_string(), language)
}

/// A page.
pub fn page(page: Markup, language: Language) -> Response {
    respond(StatusCode::OK, "text/html; charset=utf-8", page.into_string(), language)
}

fn respond(status: StatusCode, kind: &'static str, body: String, language: Language) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    write_common(language, response.headers_mut());
    response
}

/// The other form of a resource.
pub const TWINS: [(&str, &str); 2] = [("json", media::JSON), ("html", media::HTML)];
