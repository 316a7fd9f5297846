use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kernel::{Language, LayerId, Principal, Problem, idempotency};
use operations::{Format, Request as Asked};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::body::Upload;
use super::{PRIVATE, Pages, body, no_record};
use crate::content::{self, Kept, Refused};
use crate::records::Change;
use crate::{name, store};

/// Files that one row may have.
const MAX_FILES: i64 = 200;

/// `POST /attachments/{layer}/{record}`: adds a file to a row that one may edit. The body is the file itself (its name in
/// `Content-Disposition`), or a form with one file in it, whose `_key` stands for `Idempotency-Key`; a browser is sent back to the row's page.
#[utoipa::path(
    post,
    path = "/attachments/{layer}/{record}",
    tag = "attachments",
    params(
        ("layer" = String, Path, description = "The layer"),
        ("record" = String, Path, description = "The public id of the row"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again within a day, the same file gets the same answer and is added once")
    ),
    request_body(content_type = "application/octet-stream", description = "A JPEG, PNG or WebP picture or a PDF, 20 MiB at most; or `multipart/form-data` with one"),
    responses(
        (status = 201, description = "The file as it is kept; pictures are written anew, without metadata"),
        (status = 303, description = "For a browser: the row's page"),
        (status = 400, description = "Not one of the kinds kept, or broken", content_type = "application/problem+json"),
        (status = 404, description = "No such row for you, or not yours to edit"),
        (status = 413, description = "Too large", content_type = "application/problem+json"),
        (status = 422, description = "The key stands for another request", content_type = "application/problem+json"),
    )
)]
pub(super) async fn handler(
    State(pages): State<Pages>,
    Path((layer, record)): Path<(String, String)>,
    asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    // before a byte of the body is read
    let who = &asked.who;
    let (layer, access) = pages.access(who, &layer, &record).await?;
    if !access.edit {
        return Err(no_record());
    }
    let busy = || Problem::unavailable("too many files arrive at once; send this one again shortly", 5);
    let receiving = Arc::clone(&pages.receiving).try_acquire_owned().map_err(|_| busy())?;
    let said = idempotency::key(request.headers())?;
    let upload = body::receive(request, &asked).await?;
    let key = said.or_else(|| upload.key.clone());
    let decoding = Arc::clone(&pages.decoding).acquire_owned().await.map_err(|_| busy())?;
    // the permits go with the thread: a client that leaves does not let another one in while the decoder still runs
    let kept = tokio::task::spawn_blocking(move || {
        let _at_work = (receiving, decoding);
        let fingerprint = fingerprint(&layer, &record, &upload);
        let name = upload.name;
        content::keep(upload.content).map(|kept| New { name: name::tidy(name.as_deref(), kept.kind), layer, record, kept, fingerprint })
    });
    let new = kept.await.map_err(|e| Problem::internal("decoding an attachment", &e))?.map_err(|why| refused(&why, asked.language))?;
    let document = add(&pages, who, key.as_deref(), &new).await?;
    if asked.format == Format::Html {
        let back = format!("{}#files", asked.relative(&access.page));
        return Ok((StatusCode::SEE_OTHER, [PRIVATE], [(header::LOCATION, back)]).into_response());
    }
    let location = document["href"].as_str().unwrap_or_default().to_owned();
    Ok((StatusCode::CREATED, [PRIVATE], [(header::LOCATION, location)], Json(document)).into_response())
}

/// A file that may be added.
struct New {
    layer: LayerId,
    record: String,
    name: String,
    kept: Kept,
    /// What its idempotency key stands for.
    fingerprint: Vec<u8>,
}

/// What counts of a request: a form that is sent again has another boundary, and the same file in it.
fn fingerprint(layer: &LayerId, record: &str, upload: &Upload) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in ["POST /attachments", layer.as_str(), record, upload.name.as_deref().unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(&upload.content);
    hash.finalize().to_vec()
}

/// Adds it, unless that was done before with the same key; the file as it is told then.
async fn add(pages: &Pages, who: &Principal, key: Option<&str>, new: &New) -> Result<Value, Problem> {
    let failed = |e: sqlx::Error| Problem::database("storing an attachment", &e);
    let New { layer, record, name, kept, fingerprint } = new;
    let mut transaction = pages.context.database.write(who).await.map_err(failed)?;
    if let Some(key) = key
        && let Some(answer) = idempotency::begin(&mut transaction, who, key, fingerprint).await?
    {
        return Ok(answer);
    }
    if store::count(&mut transaction, layer, record).await.map_err(failed)? >= MAX_FILES {
        return Err(Problem::too_large(format!("the record has {MAX_FILES} files, which is as many as it may have")));
    }
    let id = store::add(&mut transaction, who, layer, record, name, kept).await.map_err(failed)?;
    pages.records.changed(&mut transaction, who, layer, record, Change::Added, id).await.map_err(failed)?;
    let file = store::find(&mut transaction, id).await.map_err(failed)?.ok_or_else(no_record)?;
    let document = pages.document(&file, who);
    if let Some(key) = key {
        idempotency::keep(&mut transaction, who, key, &document).await?;
    }
    transaction.commit().await.map_err(failed)?;
    Ok(document)
}

pub(super) fn refused(why: &Refused, language: Language) -> Problem {
    match why {
        Refused::Bytes | Refused::Pixels(..) => Problem::too_large(why.told(language)),
        Refused::Kind | Refused::Broken(_) => Problem::bad_request(why.told(language)),
    }
}
