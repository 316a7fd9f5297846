use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use kernel::{Params, Principal, Problem};
use serde_json::json;

use super::{PRIVATE, Pages, document, staff};
use crate::keys;

/// `GET /admin/keys`: all keys for an administrator, one's own for others. Secrets are not among what is told.
#[utoipa::path(get, path = "/admin/keys", tag = "keys", responses((status = 200, description = "`keys`, the newest first"), (status = 404, description = "Not for you")))]
pub(super) async fn handler(State(pages): State<Pages>, who: Principal, params: Params) -> Result<Response, Problem> {
    staff(&who)?;
    params.only(&[])?;
    let failed = |e: sqlx::Error| Problem::database("reading keys", &e);
    let mut session = pages.database.session(&who).await.map_err(failed)?;
    let keys = keys::list(&mut session, &who).await.map_err(failed)?;
    let keys: Vec<_> = keys.iter().map(document).collect();
    Ok(([PRIVATE], Json(json!({ "keys": keys }))).into_response())
}
