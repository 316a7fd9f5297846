use axum::extract::{Path, State};
use http::StatusCode;
use kernel::{Principal, Problem};

use super::{Pages, absent, staff};
use crate::keys;

/// `DELETE /admin/keys/{id}`: ends a key, here at once and in other processes within two seconds.
#[utoipa::path(
    delete,
    path = "/admin/keys/{id}",
    tag = "keys",
    params(("id" = String, Path, description = "The public part of the key")),
    responses((status = 204, description = "It opens nothing any more"), (status = 404, description = "You have no such key, or it was ended before"))
)]
pub(super) async fn handler(State(pages): State<Pages>, who: Principal, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    staff(&who)?;
    let failed = |e: sqlx::Error| Problem::database("revoking a key", &e);
    if !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Err(absent());
    }
    let mut transaction = pages.database.write(&who).await.map_err(failed)?;
    if !keys::revoke(&mut transaction, &who, &id, pages.clock.now()).await.map_err(failed)? {
        return Err(absent());
    }
    transaction.commit().await.map_err(failed)?;
    pages.keys.forget();
    Ok(StatusCode::NO_CONTENT)
}
