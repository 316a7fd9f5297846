use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use kernel::{Params, Principal, Problem};
use serde_json::json;

use super::{PRIVATE, Pages};
use crate::store;

/// `GET /attachments/{layer}/{record}`: the files of a row, the oldest first, and whether one may add to them.
#[utoipa::path(
    get,
    path = "/attachments/{layer}/{record}",
    tag = "attachments",
    params(("layer" = String, Path, description = "The layer"), ("record" = String, Path, description = "The public id of the row")),
    responses((status = 200, description = "`attachments` and whether they may be changed (`editable`)"), (status = 404, description = "No such row for you"))
)]
pub(super) async fn handler(
    State(pages): State<Pages>,
    Path((layer, record)): Path<(String, String)>,
    who: Principal,
    params: Params,
) -> Result<Response, Problem> {
    params.only(&[])?;
    let (layer, access) = pages.access(&who, &layer, &record).await?;
    let failed = |e: sqlx::Error| Problem::database("reading attachments", &e);
    let mut session = pages.context.database.session(&who).await.map_err(failed)?;
    let files = store::list(&mut session, &layer, &record).await.map_err(failed)?;
    let files: Vec<_> = files.iter().map(|file| pages.document(file, &who)).collect();
    Ok(([PRIVATE], Json(json!({ "attachments": files, "editable": access.edit }))).into_response())
}
