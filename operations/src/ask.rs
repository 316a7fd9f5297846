use axum::body::Body;
use axum::extract::FromRequestParts;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, header as names};
use kernel::{Principal, Problem};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::request::{Request, asked_path};

/// The longest reason, in characters.
const MAX_REASON: usize = 500;
/// The longest idempotency key, in bytes.
const MAX_KEY: usize = 64;

/// What a request to change something says beside its body.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Who asks, and for which form of the answer.
    pub request: Request,
    /// Which state of the record is meant (`If-Match`).
    pub state: State,
    /// Whether it must not be there (`If-None-Match: *`).
    pub absent: bool,
    /// Why (`Change-Reason`).
    pub reason: Option<String>,
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// The media type of the body, without parameters, in lower case.
    pub media_type: String,
    /// Method and address, for the key.
    question: String,
}

/// Which state of a feature a change is meant for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The one with one of these tags, or with `*` any.
    Tagged(String),
    /// Not said.
    Unsaid,
}

impl State {
    /// Whether this is the state meant. 428 if none is said by one who could: programs of the desk that come with a key (QGIS) know
    /// no tags; what they overwrite is kept in the history.
    pub fn admits(&self, etag: &str, who: &Principal) -> Result<bool, Problem> {
        match self {
            Self::Tagged(tags) => Ok(tags.split(',').map(str::trim).any(|tag| tag == "*" || tag == etag)),
            Self::Unsaid if who.key().is_some() => Ok(true),
            Self::Unsaid => Err(Problem::precondition_required(
                "say in `If-Match` which state of it this is meant for: the `ETag` that it was read with",
            )),
        }
    }
}

impl Ask {
    /// The body, of one of these media types, of at most so many bytes.
    pub async fn body(&self, body: Body, types: &[&str], most: usize) -> Result<Bytes, Problem> {
        if !types.contains(&self.media_type.as_str()) {
            return Err(Problem::unsupported_media_type(types.iter().copied()));
        }
        axum::body::to_bytes(body, most).await.map_err(|_| Problem::too_large(format!("the body is larger than {most} bytes")))
    }

    /// What an idempotency key stands for: this request with this body. More that counts is said with it ([`Self::with`]).
    pub fn fingerprint(&self, body: &[u8]) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(self.question.as_bytes());
        hash.update([0]);
        hash.update(body);
        hash.finalize().to_vec()
    }

    /// With something more of the request that its key stands for.
    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.question = format!("{} {more}", self.question);
        self
    }

    /// Takes what a form says instead of headers, which a page can't set: which state is meant, its key, a reason.
    pub(crate) fn take_hidden(&mut self, tag: Option<String>, key: Option<String>, why: Option<String>) -> Result<(), Problem> {
        if let Some(tag) = tag {
            self.state = State::Tagged(tag);
        }
        if let Some(key) = key {
            check_key(&key)?;
            self.key = Some(key);
        }
        if let Some(why) = why {
            self.reason = checked_reason(&why).map_err(Problem::bad_request)?;
        }
        Ok(())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let request = Request::from_request_parts(parts, state).await?;
        let headers = &parts.headers;
        let media_type = header(headers, names::CONTENT_TYPE.as_str())?.unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let absent = header(headers, names::IF_NONE_MATCH.as_str())?.is_some_and(|tag| tag.trim() == "*");
        let state = match joined(headers, names::IF_MATCH.as_str())? {
            Some(tags) => State::Tagged(tags),
            None => State::Unsaid,
        };
        let reason = header(headers, "change-reason")?.map(reason).transpose()?.flatten();
        let key = header(headers, "idempotency-key")?.map(str::to_owned);
        key.as_deref().map_or(Ok(()), check_key)?;
        let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        let question = format!("{} {}{query}", parts.method, asked_path(parts));
        Ok(Self { request, state, absent, reason, key, media_type, question })
    }
}

fn check_key(key: &str) -> Result<(), Problem> {
    if (1..=MAX_KEY).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(());
    }
    Err(Problem::invalid_parameter("Idempotency-Key", "`Idempotency-Key` is none", format!("1 to {MAX_KEY} visible ASCII characters")))
}

/// A header that is given once at most.
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
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

/// Percent-encoded UTF-8, since a header has no letters beyond ASCII.
fn reason(text: &str) -> Result<Option<String>, Problem> {
    let wrong =
        |detail: String| Problem::invalid_parameter("Change-Reason", detail, format!("at most {MAX_REASON} characters, percent-encoded"));
    let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong("the reason is not UTF-8".to_owned()))?;
    checked_reason(&text).map_err(wrong)
}

/// A reason that can be kept; none if it is blank.
pub fn checked_reason(text: &str) -> Result<Option<String>, String> {
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
    use super::{State, reason};
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
        assert_eq!(reason("perch%C3%A9%20no"), Ok(Some("perché no".to_owned())));
        assert_eq!(reason("  "), Ok(None));
        for bad in ["%ff", "%00", &"x".repeat(501)] {
            assert!(reason(bad).is_err());
        }
    }
}
