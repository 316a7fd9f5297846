use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use kernel::{Principal, Problem};

use super::{UPLOAD_EXPIRES, UPLOAD_LENGTH, UPLOAD_METADATA, UPLOAD_OFFSET, Upload, append, check_version, http_date};
use crate::Deliveries;

/// `HEAD /admin/uploads/{id}`: how much of it is there. A request that still writes to it is ended: who asks has lost its connection.
pub(crate) async fn handler(
    State(deliveries): State<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let parts = &deliveries.0;
    let upload = Upload::find(&parts.context, &who, &id).await?;
    check_version(&headers)?;
    let _hold = append::hold(&deliveries, upload.id).await?;
    let there = upload.there(&parts.folder).map_err(|e| Problem::internal("an upload", &e))?;
    let mut answer = HeaderMap::new();
    answer.insert(UPLOAD_OFFSET, HeaderValue::from(there));
    answer.insert(UPLOAD_LENGTH, HeaderValue::from(upload.bytes()));
    let name = HeaderValue::try_from(format!("filename {}", STANDARD.encode(&upload.name)));
    answer.insert(UPLOAD_METADATA, name.map_err(|e| Problem::internal("an upload", &e))?);
    answer.insert(UPLOAD_EXPIRES, http_date(upload.expires_at));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok((StatusCode::OK, answer).into_response())
}
