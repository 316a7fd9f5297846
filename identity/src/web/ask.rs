use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::request::Parts;
use http::{HeaderMap, header};
use kernel::{Language, Problem};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::session::Current;
use crate::throttle::Client;
use crate::{Failure, Identity};

/// What every handler here reads of a request.
#[derive(Debug)]
pub(super) struct Ask {
    pub(super) identity: Identity,
    pub(super) headers: HeaderMap,
    pub(super) client: Option<Client>,
    pub(super) current: Option<Current>,
    pub(super) language: Language,
    /// The language was chosen by hand: addresses on the page keep it.
    pub(super) chosen: bool,
    /// Whether a page is wanted, not a document.
    pub(super) page: bool,
    pub(super) query: Vec<(String, String)>,
    /// The page that this is, or that it comes from.
    path: String,
}

impl Ask {
    /// A parameter of the query, the first of its name.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The session, or "sign in first".
    pub(super) fn current(&self) -> Result<&Current, Failure> {
        self.current.as_ref().ok_or_else(Failure::sign_in_first)
    }

    /// One wording of two.
    pub(super) fn say(&self, it: &'static str, en: &'static str) -> &'static str {
        if self.language == Language::It { it } else { en }
    }

    /// This page in another language.
    pub(super) fn translated(&self, language: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        // what a provider sent with the browser is used up
        let kept = self.query.iter().filter(|(n, _)| matches!(n.as_str(), "next" | "source" | "link"));
        query.extend_pairs(kept).append_pair("lang", language);
        self.identity.parts.public_url.link(&format!("{}?{}", self.path, query.finish()))
    }

    /// One of our addresses, in the language that was chosen.
    pub(super) fn url(&self, path: &str) -> String {
        let mark = if path.contains('?') { '&' } else { '?' };
        let lang = if self.chosen { format!("{mark}lang={}", self.language.tag()) } else { String::new() };
        self.identity.parts.public_url.link(&format!("{path}{lang}"))
    }
}

impl FromRequestParts<Identity> for Ask {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Failed> {
        let query: Vec<(String, String)> = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let text = |name| parts.headers.get(name).and_then(|v| v.to_str().ok());
        let lang = query.iter().find(|(n, _)| n == "lang").map(|(_, v)| v.as_str());
        let chosen = matches!(lang, Some("it" | "en"));
        let language = Language::negotiate(lang, text(header::ACCEPT_LANGUAGE));
        let form = text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        let page = form || text(header::ACCEPT).is_some_and(|accept| accept.contains("text/html"));
        let current = match parts.extensions.get::<Current>() {
            Some(current) => Some(current.clone()),
            None => identity.resolve(&parts.headers).await.map_err(|failure| Failed(failure.problem()))?,
        };
        let path = match parts.uri.path() {
            "/auth/password" | "/auth/oidc/callback" => "/auth/sign-in".to_owned(),
            path => path.to_owned(),
        };
        let (identity, headers, client) = (identity.clone(), parts.headers.clone(), Client::of(&parts.extensions));
        Ok(Self { identity, headers, client, current, language, chosen, page, query, path })
    }
}

/// A body, as JSON or as a form of ours; each name once.
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Failed;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failed> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let body = Bytes::from_request(request, state).await.map_err(|e| {
            Failed(if e.status() == 413 {
                Problem::too_large("a body here has 64 KiB at most")
            } else {
                Problem::bad_request(e.body_text())
            })
        })?;
        let value = if kind.starts_with("application/x-www-form-urlencoded") {
            form(&body)
        } else if kind.is_empty() && body.is_empty() {
            Some(Value::Object(Map::new()))
        } else if kind.split(';').next().is_some_and(|kind| kind.trim().ends_with("json")) {
            serde_json::from_slice(&body).ok()
        } else {
            None
        };
        // what was wrong with it is not repeated: it may hold a password
        let read = value.and_then(|value| serde_json::from_value(value).ok());
        read.map(Self).ok_or_else(|| Failed(Problem::bad_request("the body is neither the JSON nor the form that this address takes")))
    }
}

fn form(body: &[u8]) -> Option<Value> {
    let mut object = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        if object.insert(name.into_owned(), value.into_owned().into()).is_some() {
            return None;
        }
    }
    Some(Value::Object(object))
}

/// A request that could not even be read.
#[derive(Debug)]
pub(super) struct Failed(pub(super) Problem);

impl axum::response::IntoResponse for Failed {
    fn into_response(self) -> axum::response::Response {
        self.0.into_response()
    }
}

/// Where the browser wanted to go: a path of ours and nothing else.
pub(super) fn local(next: Option<&str>) -> String {
    let is_ours = |path: &&str| {
        let mut bytes = path.bytes();
        bytes.next() == Some(b'/')
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && path.len() <= 2000
            && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')
    };
    next.filter(is_ours).unwrap_or("/portal/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::local;

    #[test]
    fn nobody_is_sent_elsewhere_after_signing_in() {
        assert_eq!(local(Some("/collections?f=html#x")), "/collections?f=html#x");
        for bad in [
            "",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            "/a\r\nSet-Cookie: x",
            "/\tx",
            "portal",
        ] {
            assert_eq!(local(Some(bad)), "/portal/", "{bad:?}");
        }
    }
}
