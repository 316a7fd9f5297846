use axum::extract::{Path, State as Given};
use http::StatusCode;
use jobs::JobId;
use kernel::{Principal, Problem};

use super::record::Record;
use crate::Deliveries;
use crate::words::conflict;

/// `POST /admin/deliveries/{id}/cancel`: the job that is at it stops, at whatever stage. What was published before stays as it was.
#[utoipa::path(post, path = "/admin/deliveries/{id}/cancel", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "It stops within seconds, unless it is done by then"), (status = 404, description = "No such delivery, or not for you"),
        (status = 409, description = "No job is at it")))]
pub(crate) async fn handler(Given(deliveries): Given<Deliveries>, who: Principal, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    let failed = |e| Problem::database("a delivery", &e);
    let nothing = || conflict("non si sta facendo nulla che si possa annullare", "nothing is being done with it that could be cancelled");
    // as the program itself: the job may be an administrator's
    let mut transaction = deliveries.0.context.database.write(&Principal::operator()).await.map_err(failed)?;
    let record = Record::find_to_change(&mut transaction, &who, &id).await?;
    let job = record.job.filter(|_| record.state().works()).ok_or_else(nothing)?;
    let cancelled = jobs::cancel(&mut transaction, &Principal::operator(), JobId(job)).await.map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    if cancelled == Some(true) { Ok(StatusCode::ACCEPTED) } else { Err(nothing()) }
}
