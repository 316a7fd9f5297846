use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use kernel::{Principal, Problem};

use super::{Upload, absent, append, check_version};
use crate::Deliveries;
use crate::words::conflict;

/// `DELETE /admin/uploads/{id}`: nobody wants it any more.
#[utoipa::path(delete, path = "/admin/uploads/{id}", tag = "administration",
    params(("id" = String, Path, description = "The upload")),
    responses((status = 204, description = "It is gone"), (status = 404, description = "No such upload, or not for you"), (status = 409, description = "Something was made of it: delete the delivery")))]
pub(crate) async fn handler(
    State(deliveries): State<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let parts = &deliveries.0;
    let upload = Upload::find(&parts.context, &who, &id).await?;
    check_version(&headers)?;
    if let Some(delivery) = upload.delivery {
        return Err(conflict(
            format!("il file è della consegna {delivery}: eliminare quella"),
            format!("the file belongs to the delivery {delivery}: delete that"),
        ));
    }
    let _hold = append::hold(&deliveries, upload.id).await?;
    if upload.forget(&parts.context, &parts.folder, &who).await? { Ok(StatusCode::NO_CONTENT) } else { Err(absent()) }
}
