use std::collections::BTreeSet;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::{LayerId, Principal, Problem};
use serde::Deserialize;
use serde_json::json;

use super::{PRIVATE, Pages, absent, instant, read};
use crate::keys::token::LIFETIME;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    layers: Option<BTreeSet<LayerId>>,
}

/// `POST /auth/tile-token`: a token that reads tiles and styles as the one who asks may, for a quarter of an hour, as `?token=`.
#[utoipa::path(
    post,
    path = "/auth/tile-token",
    tag = "keys",
    request_body(content_type = "application/json", description = "Nothing, or `layers`: those that the token is for"),
    responses((status = 201, description = "`token` and when it `expires`"), (status = 404, description = "Nobody needs no token"))
)]
pub(super) async fn handler(State(pages): State<Pages>, who: Principal, body: Bytes) -> Result<Response, Problem> {
    let asked: Asked = if body.is_empty() { Asked::default() } else { read(&body)? };
    if asked.layers.as_ref().is_some_and(|layers| layers.len() > 50) {
        return Err(Problem::bad_request("a token is for 50 named layers at most; leave them out for all"));
    }
    let (token, expires) = pages.signer.sign(&who, asked.layers, LIFETIME).ok_or_else(absent)?;
    Ok((StatusCode::CREATED, [PRIVATE], Json(json!({ "token": token, "expires": instant(&expires) }))).into_response())
}
