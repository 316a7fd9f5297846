use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kernel::{Principal, Problem};

use super::{PRIVATE, Pages, body, no_record};
use crate::content::{self, Refused};
use crate::records::Change;
use crate::{name, store};

/// Files that one row may have.
const MAX_FILES: i64 = 200;

/// `POST /attachments/{layer}/{record}`: adds a file to a row that one may edit. The body is the file itself (its name in
/// `Content-Disposition`), or a form with one file in it.
#[utoipa::path(
    post,
    path = "/attachments/{layer}/{record}",
    tag = "attachments",
    params(("layer" = String, Path, description = "The layer"), ("record" = String, Path, description = "The public id of the row")),
    request_body(content_type = "application/octet-stream", description = "A JPEG, PNG or WebP picture or a PDF, 20 MiB at most; or `multipart/form-data` with one"),
    responses(
        (status = 201, description = "The file as it is kept; pictures are written anew, without metadata"),
        (status = 400, description = "Not one of the kinds kept, or broken", content_type = "application/problem+json"),
        (status = 404, description = "No such row for you, or not yours to edit"),
        (status = 413, description = "Too large", content_type = "application/problem+json"),
    )
)]
pub(super) async fn handler(
    State(pages): State<Pages>,
    Path((layer, record)): Path<(String, String)>,
    who: Principal,
    request: Request,
) -> Result<Response, Problem> {
    let failed = |e: sqlx::Error| Problem::database("storing an attachment", &e);
    // before a byte of the body is read
    let (layer, access) = pages.access(&who, &layer, &record).await?;
    if !access.edit {
        return Err(no_record());
    }
    let busy = || Problem::unavailable("too many files arrive at once; send this one again shortly", 5);
    let receiving = Arc::clone(&pages.receiving).try_acquire_owned().map_err(|_| busy())?;
    let upload = body::receive(request).await?;
    let decoding = Arc::clone(&pages.decoding).acquire_owned().await.map_err(|_| busy())?;
    // the permits go with the thread: a client that leaves does not let another one in while the decoder still runs
    let kept = tokio::task::spawn_blocking(move || {
        let _at_work = (receiving, decoding);
        content::keep(upload.content)
    });
    let kept = kept.await.map_err(|e| Problem::internal("decoding an attachment", &e))?.map_err(refused)?;
    let name = name::tidy(upload.name.as_deref(), kept.kind);

    let mut transaction = pages.database.write(&who).await.map_err(failed)?;
    if store::count(&mut transaction, &layer, &record).await.map_err(failed)? >= MAX_FILES {
        return Err(Problem::too_large(format!("the record has {MAX_FILES} files, which is as many as it may have")));
    }
    let id = store::add(&mut transaction, &who, &layer, &record, &name, &kept).await.map_err(failed)?;
    pages.records.changed(&mut transaction, &who, &layer, &record, Change::Added, id).await.map_err(failed)?;
    let file = store::find(&mut transaction, id).await.map_err(failed)?.ok_or_else(no_record)?;
    transaction.commit().await.map_err(failed)?;
    let location = pages.public_url.link(&format!("/attachments/{id}"));
    Ok((StatusCode::CREATED, [PRIVATE], [(header::LOCATION, location)], Json(pages.document(&file, &who))).into_response())
}

fn refused(why: Refused) -> Problem {
    match why {
        Refused::Bytes | Refused::Pixels(..) => Problem::too_large(why.to_string()),
        Refused::Kind | Refused::Broken(_) => Problem::bad_request(why.to_string()),
    }
}
