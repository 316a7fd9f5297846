use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Params, Principal, Problem};

use super::record::Record;
use super::{document, json};
use crate::Deliveries;

/// `GET /admin/deliveries/{id}`: where it stands, its plan, what it would change, what became of it.
#[utoipa::path(get, path = "/admin/deliveries/{id}", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery"), (status = 404, description = "No such delivery, or not for you")))]
pub(crate) async fn handler(
    State(deliveries): State<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
) -> Result<Response, Problem> {
    let mut session = deliveries.0.context.database.session(&who).await.map_err(|e| Problem::database("a delivery", &e))?;
    let record = Record::find(&mut session, &who, &id).await?;
    params.only(&[])?;
    Ok(json(&document::whole(&mut session, &who, &record).await?))
}
