use std::ops::Range;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use kernel::{Database, Principal, Problem};
use uuid::Uuid;

use super::range::{self, Part};
use super::{PRIVATE, Pages};
use crate::store::{self, File, PIECE};
use crate::{Kind, name};

/// `GET /attachments/{file}`: a file, or a part of it.
#[utoipa::path(
    get,
    path = "/attachments/{file}",
    tag = "attachments",
    params(("file" = String, Path, description = "The file"), ("Range" = Option<String>, Header, description = "One range of bytes")),
    responses(
        (status = 200, description = "The file"),
        (status = 206, description = "The part asked for"),
        (status = 304, description = "The client has it"),
        (status = 404, description = "No such file for you"),
        (status = 416, description = "It has no such part"),
    )
)]
pub(super) async fn handler(
    State(pages): State<Pages>,
    Path(id): Path<String>,
    who: Principal,
    asked: HeaderMap,
) -> Result<Response, Problem> {
    let (file, ..) = pages.file(&who, &id).await?;
    let tag = format!("\"{}\"", file.sha256.iter().map(|b| format!("{b:02x}")).collect::<String>());
    let length = u64::try_from(file.bytes).unwrap_or_default();
    let mut headers = headers(&file, &tag);
    let text = |name: HeaderName| asked.get(name).and_then(|v| v.to_str().ok());
    if text(header::IF_NONE_MATCH).is_some_and(|tags| tags.split(',').any(|t| t.trim().trim_start_matches("W/") == tag || t.trim() == "*"))
    {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // a part of another version of the file would be of no use
    let same = text(header::IF_RANGE).is_none_or(|known| known.trim() == tag);
    let (status, part) = match range::read(text(header::RANGE).filter(|_| same), length) {
        Part::Whole => (StatusCode::OK, 0..length),
        Part::Bytes(part) => {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes {}-{}/{length}", part.start, part.end - 1));
            (StatusCode::PARTIAL_CONTENT, part)
        }
        Part::None => {
            set(&mut headers, header::CONTENT_RANGE, &format!("bytes */{length}"));
            headers.remove(header::CONTENT_TYPE);
            return Ok((StatusCode::RANGE_NOT_SATISFIABLE, headers).into_response());
        }
    };
    headers.insert(header::CONTENT_LENGTH, (part.end - part.start).into());
    Ok((status, headers, Body::from_stream(pieces(pages.context.database, who, file.id, part))).into_response())
}

fn headers(file: &File, tag: &str) -> HeaderMap {
    let mut headers: HeaderMap = [PRIVATE].into_iter().collect();
    set(&mut headers, header::CONTENT_TYPE, &file.media_type);
    set(&mut headers, header::ETAG, tag);
    set(&mut headers, header::ACCEPT_RANGES, "bytes");
    let how = if file.media_type == Kind::Pdf.media_type() { "attachment" } else { "inline" };
    set(&mut headers, header::CONTENT_DISPOSITION, &name::disposition(how, &file.name));
    // whatever a reader makes of it, nothing in it runs, and no other page shows it
    set(&mut headers, header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox");
    set(&mut headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(&mut headers, HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(&mut headers, header::VARY, "cookie, authorization, x-api-key");
    headers
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The bytes of a part, one piece in memory at a time. Each is read in a session of its own, so that a client that reads slowly
/// keeps no connection; one that fails breaks the answer off, which its length tells.
fn pieces(database: Database, who: Principal, file: Uuid, part: Range<u64>) -> impl futures::Stream<Item = Result<Bytes, sqlx::Error>> {
    let size = PIECE as u64;
    stream::try_unfold(part.start, move |at| {
        let (database, who, end) = (database.clone(), who.clone(), part.end);
        async move {
            if at >= end {
                return Ok(None);
            }
            let number = at / size;
            let mut session = database.session(&who).await?;
            let piece = store::piece(&mut session, file, i32::try_from(number).unwrap_or(i32::MAX)).await?;
            drop(session);
            let begin = number * size;
            let next = end.min(begin + piece.len() as u64);
            if next <= at {
                return Err(sqlx::Error::RowNotFound);
            }
            Ok(Some((piece.slice((at - begin) as usize..(next - begin) as usize), next)))
        }
    })
}
