//! Receives one file within limits.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use futures::StreamExt;
use http::header;
use kernel::{Language, Problem, idempotency};
use multer::{Constraints, Multipart, SizeLimit};
use operations::{Format, Request as Asked, say};

use super::upload::refused;
use crate::content::{MAX_BYTES, Refused};
use crate::name;

/// What a form adds round the file in it.
const FORM_BYTES: u64 = 64 * 1024;
/// How long a file may take to arrive: 20 MiB over a slow line.
const PATIENCE: Duration = Duration::from_secs(300);

/// A file as it came.
pub(super) struct Upload {
    pub(super) name: Option<String>,
    pub(super) content: Vec<u8>,
    /// What the form says instead of `Idempotency-Key`.
    pub(super) key: Option<String>,
}

/// Reads the file out of a request: its body, or the one file of its form. What says that it is too large is refused before it
/// is read; what is larger than it says, as soon as it shows.
pub(super) async fn receive(request: Request, asked: &Asked) -> Result<Upload, Problem> {
    let language = asked.language;
    let (head, body) = request.into_parts();
    let text = |name: header::HeaderName| head.headers.get(name).and_then(|v| str::from_utf8(v.as_bytes()).ok()).map(str::to_owned);
    let announced: Option<u64> = text(header::CONTENT_LENGTH).and_then(|v| v.parse().ok());
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let is_form = kind.trim_start().to_ascii_lowercase().starts_with("multipart/form-data");
    let room = MAX_BYTES as u64 + if is_form { FORM_BYTES } else { 0 };
    if announced.is_some_and(|n| n > room) {
        if asked.format == Format::Html {
            // a browser reads the answer once it has sent all
            let mut pieces = body.into_data_stream();
            let _ = tokio::time::timeout(PATIENCE, async { while let Some(Ok(_)) = pieces.next().await {} }).await;
        }
        return Err(too_large(language));
    }
    let name = text(header::CONTENT_DISPOSITION).as_deref().and_then(name::from_disposition);
    let received = async {
        if is_form {
            form(body, &kind, language).await
        } else {
            Ok(Upload { name, content: plain(body, announced, language).await?, key: None })
        }
    };
    let late = |_| Problem::bad_request("the file took too long to arrive");
    let upload = tokio::time::timeout(PATIENCE, received).await.map_err(late)??;
    if upload.content.is_empty() {
        Err(Problem::bad_request(say(language, "nella richiesta non c'è nessun file", "there is no file in the request")))
    } else {
        Ok(upload)
    }
}

async fn plain(body: Body, announced: Option<u64>, language: Language) -> Result<Vec<u8>, Problem> {
    let mut content = Vec::with_capacity(announced.and_then(|n| usize::try_from(n).ok()).unwrap_or_default().min(1024 * 1024));
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| cut_off())?;
        if content.len() + piece.len() > MAX_BYTES {
            return Err(too_large(language));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content)
}

async fn form(body: Body, kind: &str, language: Language) -> Result<Upload, Problem> {
    let boundary = multer::parse_boundary(kind).map_err(|_| Problem::bad_request("the form has no boundary"))?;
    let limit = SizeLimit::new().whole_stream(MAX_BYTES as u64 + FORM_BYTES).per_field(MAX_BYTES as u64);
    let mut form = Multipart::with_constraints(body.into_data_stream(), boundary, Constraints::new().size_limit(limit));
    let failed = |e: multer::Error| match e {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => too_large(language),
        multer::Error::StreamReadFailed(_) => cut_off(),
        _ => Problem::bad_request("the form can't be read: it is not whole, or not multipart/form-data"),
    };
    let (mut upload, mut key) = (None, None);
    while let Some(field) = form.next_field().await.map_err(failed)? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            if field.name() == Some("_key") {
                key = Some(idempotency::checked(&field.text().await.map_err(failed)?)?);
            }
            continue;
        };
        if upload.is_some() {
            return Err(Problem::bad_request("the form has more than one file; send one at a time"));
        }
        upload = Some(Upload { name: Some(name), content: field.bytes().await.map_err(failed)?.into(), key: None });
    }
    upload.map(|upload| Upload { key, ..upload }).ok_or_else(|| Problem::bad_request("there is no file in the form"))
}

fn too_large(language: Language) -> Problem {
    refused(&Refused::Bytes, language)
}

fn cut_off() -> Problem {
    Problem::bad_request("the file did not arrive whole")
}
