use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Principal, Problem, Text};
use uuid::Uuid;

use super::checksum::Checksum;
use super::held::Hold;
use super::receive::{Piece, receive};
use super::{PIECE, UPLOAD_EXPIRES, UPLOAD_OFFSET, Upload, check_version, http_date, number};
use crate::Deliveries;
use crate::words::{conflict, said};

/// `PATCH /admin/uploads/{id}`: more bytes of it. Those that came before a connection was lost are kept.
#[utoipa::path(patch, path = "/admin/uploads/{id}", tag = "administration",
    params(("id" = String, Path, description = "The upload"), ("Upload-Offset" = u64, Header, description = "How much is there"),
        ("Upload-Checksum" = Option<String>, Header, description = "`sha1 ` and the hash of these bytes in base64: taken whole or not at all")),
    responses((status = 204, description = "`Upload-Offset` says how much is there now, on the disk"), (status = 404, description = "No such upload, or not for you"),
        (status = 409, description = "Another offset is the next; `offset` says which"), (status = 413, description = "More bytes than were announced"),
        (status = 460, description = "The checksum does not match"), (status = 507, description = "The disk is full; what was there before stays")))]
pub(crate) async fn handler(
    State(deliveries): State<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let parts = &deliveries.0;
    let upload = Upload::find(&parts.context, &who, &id).await?;
    check_version(&headers)?;
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != PIECE) {
        return Err(Problem::unsupported_media_type([PIECE]));
    }
    let said = number(&headers, &UPLOAD_OFFSET)?.ok_or_else(|| {
        Problem::invalid_parameter(UPLOAD_OFFSET.as_str(), "`Upload-Offset` is missing", "how many bytes are there, as HEAD says")
    })?;
    if upload.delivery.is_some() {
        return Err(conflict(
            "di questo file è già stata fatta una consegna; per cambiarlo inviarlo di nuovo",
            "something was made of this file already; send it anew to change it",
        ));
    }
    let checksum = Checksum::read(&headers)?;
    let hold = hold(&deliveries, upload.id).await?;
    let there = upload.there(&parts.folder).map_err(|e| Problem::internal("an upload", &e))?;
    if said != there {
        return Err(
            Problem::conflict(format!("`Upload-Offset` says {said}, and {there} bytes are there: go on from these")).with("offset", there)
        );
    }
    let length = number(&headers, &header::CONTENT_LENGTH)?;
    let left = upload.bytes().saturating_sub(there);
    if length.is_some_and(|length| length > left) {
        return Err(too_long(left));
    }
    let now = receive(&deliveries, &upload, hold, Piece { offset: there, body, checksum }).await?;
    let until = Upload::go_on(&parts.context, &who, upload.id, parts.settings.upload_seconds).await?;
    Ok((StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, HeaderValue::from(now)), (UPLOAD_EXPIRES, http_date(until))]).into_response())
}

pub(super) fn too_long(left: u64) -> Problem {
    let words = Text::new(
        format!("di quanto annunciato restano {left} byte, e questi sono di più; non ne è stato preso nulla"),
        format!("{left} bytes are left of what was announced, and these are more; nothing of them was taken"),
    );
    said(Problem::too_large, &words)
}

/// The right to write to an upload.
pub(super) async fn hold(deliveries: &Deliveries, id: Uuid) -> Result<Hold, Problem> {
    let words = Text::new(
        "un'altra richiesta sta scrivendo in questo invio; riprovare tra qualche secondo",
        "another request writes to this upload; try again in some seconds",
    );
    let busy = || said(Problem::locked, &words);
    deliveries.0.held.take(id).await.ok_or_else(busy)
}
