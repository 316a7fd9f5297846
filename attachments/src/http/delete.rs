use axum::extract::{Path, State};
use http::StatusCode;
use kernel::{Principal, Problem};

use super::{Pages, no_file};
use crate::records::Change;
use crate::store;

/// `DELETE /attachments/{file}`: takes a file away from a row that one may edit.
#[utoipa::path(
    delete,
    path = "/attachments/{file}",
    tag = "attachments",
    params(("file" = String, Path, description = "The file")),
    responses((status = 204, description = "It is gone"), (status = 404, description = "No such file for you, or not yours to edit"))
)]
pub(super) async fn handler(State(pages): State<Pages>, Path(id): Path<String>, who: Principal) -> Result<StatusCode, Problem> {
    let failed = |e: sqlx::Error| Problem::database("deleting an attachment", &e);
    let (file, layer, access) = pages.file(&who, &id).await?;
    if !access.edit {
        return Err(no_file());
    }
    let mut transaction = pages.context.database.write(&who).await.map_err(failed)?;
    if !store::delete(&mut transaction, file.id).await.map_err(failed)? {
        return Err(no_file());
    }
    pages.records.changed(&mut transaction, &who, &layer, &file.record, Change::Deleted, file.id).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::NO_CONTENT)
}
