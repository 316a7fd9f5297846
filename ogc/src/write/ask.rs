use axum::body::Body;
use axum::extract::FromRequestParts;
use bytes::Bytes;
use crs::Crs;
use http::request::Parts;
use http::{HeaderMap, header};
use kernel::{Principal, Problem, Srid};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use super::body::MAX_BODY_BYTES;
use crate::items::query::uris;
use crate::request::{Format, Request};

/// The longest reason, in characters.
pub(crate) const MAX_REASON: usize = 500;

/// What a request to change something says beside its body.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    /// Who asks, and for which form of the answer, which is JSON always.
    pub(crate) request: Request,
    /// Which state of the feature is meant (`If-Match`).
    pub(crate) state: State,
    /// Whether it must not be there (`If-None-Match: *`).
    pub(crate) absent: bool,
    /// The system of the positions sent (`Content-Crs`).
    pub(crate) crs: &'static Crs,
    /// Why (`Change-Reason`).
    pub(crate) reason: Option<String>,
    /// `Idempotency-Key`.
    pub(crate) key: Option<String>,
    media_type: String,
    /// Method, address and system, for the key.
    question: String,
}

/// Which state of a feature a change is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// The one with one of these tags, or with `*` any.
    Tagged(String),
    /// Not said.
    Unsaid,
}

impl State {
    /// Whether this is the state meant. 428 if none is said by one who could: programs of the desk that come with a key (QGIS) know
    /// no tags; what they overwrite is kept in the history.
    pub(crate) fn admits(&self, etag: &str, who: &Principal) -> Result<bool, Problem> {
        match self {
            Self::Tagged(tags) => Ok(tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag)),
            Self::Unsaid if who.key().is_some() => Ok(true),
            Self::Unsaid => Err(Problem::precondition_required(
                "say in `If-Match` which state of the feature this is meant for: the `ETag` that it was read with",
            )),
        }
    }
}

impl Ask {
    /// The body, of one of these media types.
    pub(crate) async fn body(&self, body: Body, types: &[&str]) -> Result<Bytes, Problem> {
        if !types.contains(&self.media_type.as_str()) {
            return Err(Problem::unsupported_media_type(types.iter().copied()));
        }
        let too_large = || Problem::too_large(format!("the body is larger than {MAX_BODY_BYTES} bytes"));
        axum::body::to_bytes(body, MAX_BODY_BYTES).await.map_err(|_| too_large())
    }

    /// What an idempotency key stands for: this request with this body.
    pub(crate) fn fingerprint(&self, body: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.question.as_bytes());
        hash.update([0]);
        hash.update(body);
        hash.finalize().to_vec()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let mut request = Request::from_request_parts(parts, state).await?;
        request.format = Format::Json;
        let headers = &parts.headers;
        let media_type = one(headers, header::CONTENT_TYPE.as_str())?.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let crs = content_crs(one(headers, "content-crs")?)?;
        let absent = one(headers, header::IF_NONE_MATCH.as_str())?.is_some_and(|tag| tag.trim() == "*");
        let state = match joined(headers, header::IF_MATCH.as_str())? {
            Some(tags) => State::Tagged(tags),
            None => State::Unsaid,
        };
        let reason = one(headers, "change-reason")?.map(reason).transpose()?.flatten();
        let key = kernel::idempotency::key(headers)?;
        let question = format!("{} {} {}", parts.method, parts.uri, crs.srid());
        Ok(Self { request, state, absent, crs, reason, key, media_type, question })
    }
}

/// A header that is given once at most.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let mut all = headers.get_all(name).iter();
    let first = all.next().map(|v| v.to_str()).transpose();
    let wrong = || Problem::invalid_parameter(name, format!("the header `{name}` can't be read, or is given twice"), "once, in ASCII");
    match (first, all.next()) {
        (Ok(value), None) => Ok(value),
        _ => Err(wrong()),
    }
}

fn joined(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let all: Result<Vec<&str>, _> = headers.get_all(name).iter().map(|v| v.to_str()).collect();
    let all = all.map_err(|_| Problem::invalid_parameter(name, format!("the header `{name}` can't be read"), "entity tags"))?;
    Ok((!all.is_empty()).then(|| all.join(",")))
}

/// `<uri>` (part 2, 6.4), with or without the brackets; CRS84 without one.
fn content_crs(text: Option<&str>) -> Result<&'static Crs, Problem> {
    let named = text.map(str::trim).map(|t| t.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(t));
    let found = named.map_or_else(|| Crs::require(Srid::CRS84), |name| if name.contains(':') { Crs::named(name) } else { Crs::named("") });
    found.map_err(|e| Problem::invalid_parameter("Content-Crs", e.to_string(), uris()))
}

/// Percent-encoded UTF-8, since a header has no letters beyond ASCII.
fn reason(text: &str) -> Result<Option<String>, Problem> {
    let wrong =
        |detail: String| Problem::invalid_parameter("Change-Reason", detail, format!("at most {MAX_REASON} characters, percent-encoded"));
    let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong("the reason is not UTF-8".to_owned()))?;
    checked_reason(&text).map_err(wrong)
}

/// A reason that can be kept; none if it is blank.
pub(crate) fn checked_reason(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    let length = text.chars().count();
    if length > MAX_REASON {
        return Err(format!("the reason has {length} characters; {MAX_REASON} is the most"));
    }
    if text.contains('\0') {
        return Err("the reason has the character U+0000".to_owned());
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{State, content_crs, reason};
    use kernel::{Assurance, KeyScope, Principal, Role};

    #[test]
    fn tags_are_compared_strongly() {
        let who = Principal::known(Role::Officer, uuid::Uuid::nil(), "Ada", Assurance::Low);
        let admits = |tags: &str| State::Tagged(tags.to_owned()).admits("\"7.1.1\"", &who);
        for good in ["\"7.1.1\"", "*", "\"x\", \"7.1.1\""] {
            assert_eq!(admits(good), Ok(true), "{good}");
        }
        for other in ["W/\"7.1.1\"", "7.1.1", "\"7.1.2\"", ""] {
            assert_eq!(admits(other), Ok(false), "{other}");
        }
        assert_eq!(State::Unsaid.admits("\"7.1.1\"", &who).unwrap_err().status(), 428);
        assert_eq!(State::Unsaid.admits("\"7.1.1\"", &who.through_key(KeyScope { layers: None, edit: true })), Ok(true));
    }

    #[test]
    fn headers_are_read_as_their_standards_have_them() {
        for good in ["<http://www.opengis.net/def/crs/EPSG/0/7792>", "http://www.opengis.net/def/crs/EPSG/0/7792", "EPSG:7792"] {
            assert_eq!(content_crs(Some(good)).unwrap().srid().to_string(), "EPSG:7792");
        }
        assert!(content_crs(Some("EPSG:2154")).is_err() && content_crs(Some("7792")).is_err() && content_crs(None).is_ok());
        assert_eq!(reason("perch%C3%A9%20no"), Ok(Some("perché no".to_owned())));
        assert_eq!(reason("  "), Ok(None));
        for bad in ["%ff", "%00", &"x".repeat(501)] {
            assert!(reason(bad).is_err());
        }
    }
}
