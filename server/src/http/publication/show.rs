use axum::Json;
use axum::extract::{Path, State};
use kernel::{Params, Principal, Problem};
use serde_json::Value;

use super::{Publications, describe};

/// `GET /admin/layers/{id}/publication`: what is said of a layer that was made of a file. For its author and administrators.
#[utoipa::path(get, path = "/admin/layers/{id}/publication", tag = "administration",
    params(("id" = String, Path, description = "The layer")),
    responses((status = 200, description = "`id`, `title` and `description` (`it`, `en`), `draft`, `author` (a name), `audience`, `licence`, `attribution`, `source_date`, `zoom` (first and last), `style`, `fields`, `rows`"), (status = 404, description = "No such layer, or not for you"), (status = 409, description = "It belongs to a theme")))]
pub(super) async fn handler(
    State(publications): State<Publications>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let entry = publications.entry(&who, &id)?;
    params.only(&[])?;
    let failed = |e: sqlx::Error| Problem::database("publication of a layer", &e);
    let mut connection = publications.owner.acquire().await.map_err(failed)?;
    Ok(Json(describe(&mut connection, &entry.layer, entry.rows).await.map_err(failed)?))
}
