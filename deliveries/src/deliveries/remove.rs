use axum::extract::{Path, State as Given};
use http::StatusCode;
use jobs::JobId;
use kernel::{Principal, Problem};

use super::record::Record;
use crate::Deliveries;
use crate::folder::{remove, remove_file};

/// `DELETE /admin/deliveries/{id}`: its files are removed, and a job that is at it stops. What was loaded stays.
#[utoipa::path(delete, path = "/admin/deliveries/{id}", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 204, description = "It is gone"), (status = 404, description = "No such delivery, or not for you")))]
pub(crate) async fn handler(Given(deliveries): Given<Deliveries>, who: Principal, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let failed = |e| Problem::database("a delivery", &e);
    let folder = &deliveries.0.folder;
    // as the program itself: the job may be an administrator's
    let mut transaction = deliveries.0.context.database.write(&Principal::operator()).await.map_err(failed)?;
    let record = Record::find_to_change(&mut transaction, &who, &id).await?;
    if let Some(job) = record.job {
        jobs::cancel(&mut transaction, &Principal::operator(), JobId(job)).await.map_err(failed)?;
    }
    sqlx::query("delete from deliveries.deliveries where id = $1").bind(record.id).execute(&mut *transaction).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    // what can't be removed now, because a job is still at it, is swept
    let gone = record
        .files
        .iter()
        .try_for_each(|file| remove_file(&folder.upload(file.upload)))
        .and_then(|()| remove(&folder.delivery(record.id)));
    if let Err(error) = gone {
        tracing::warn!(delivery = %record.id, cause = %error, "files of a delivery can't be removed yet");
    }
    Ok(StatusCode::NO_CONTENT)
}
