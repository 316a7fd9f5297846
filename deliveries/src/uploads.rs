//! Files sent by tus 1.0.0 (core, creation, creation-with-upload, expiration, termination, checksum with SHA-1).
//!
//! A row of the database says that an upload is, whose and how long; the file's own length says how much of it is there, so
//! that there is one truth after whatever happens. It is written to the disk before a number is told.

pub(crate) mod append;
mod checksum;
pub(crate) mod create;
pub(crate) mod held;
pub(crate) mod name;
pub(crate) mod options;
mod receive;
pub(crate) mod remove;
pub(crate) mod status;
mod store;

use axum::response::Response;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::{Problem, Text};

use crate::words::said;

pub(crate) use store::Upload;

/// The version that is spoken.
const VERSION: &str = "1.0.0";
const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");

/// The media type of bytes that are added.
const PIECE: &str = "application/offset+octet-stream";

/// Every answer says the version.
pub(crate) async fn version(mut response: Response) -> Response {
    response.headers_mut().insert(TUS_RESUMABLE, HeaderValue::from_static(VERSION));
    response
}

/// Who asks must speak it too.
fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.get(TUS_RESUMABLE).is_some_and(|said| said == VERSION) {
        return Ok(());
    }
    Err(Problem::unsupported_version("say `Tus-Resumable: 1.0.0`: uploads speak that version of tus", [VERSION]))
}

/// A header with a whole number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let number = text.parse().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let refused = || Problem::invalid_parameter(name.as_str(), format!("`{name}` is no number of bytes"), "a whole number from 0 on");
    number.map(Some).ok_or_else(refused)
}

/// An instant as headers have it (RFC 9110, 5.6.7).
fn http_date(at: DateTime<Utc>) -> HeaderValue {
    HeaderValue::try_from(at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()).unwrap_or_else(|_| HeaderValue::from_static("0"))
}

/// The same for an upload that never was, one that is somebody else's and one that has expired.
fn absent() -> Problem {
    let words = Text::new(
        "non avete questo invio; quelli con cui nessuno va avanti vengono tolti dopo un po'",
        "you have no such upload; those that nobody goes on with are removed after a while",
    );
    said(Problem::not_found, &words)
}
