use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use http::StatusCode;
use ingest::Mode;
use kernel::{Principal, Problem};
use serde::Deserialize;

use super::record::State;
use super::{document, failed, order, read, to_order};
use crate::words::conflict;
use crate::work::{COMPARE, Order};
use crate::{Deliveries, writing};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    keep_vanished: bool,
}

/// `POST /admin/deliveries/{id}/compare`: what the files would change in the layer that the plan names.
#[utoipa::path(post, path = "/admin/deliveries/{id}/compare", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "A job does it; `difference` has it then, `/changes` the rows"), (status = 400, description = "The body is not `{keep_vanished?}`"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "There is no such layer, it is not yours, or a job is at it")))]
pub(crate) async fn handler(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let (mut transaction, record) = to_order(&deliveries, &who, &id, ["confrontare", "compared"]).await?;
    let wanted: Wanted = read(&body, "{\"keep_vanished\"?}")?;
    let plan = record.plan()?;
    let layer = document::layer(&mut transaction, &plan.layer).await?;
    let layer = layer.ok_or_else(|| {
        let id = &plan.layer;
        conflict(
            format!("non c'è un livello `{id}` con cui confrontare; caricarlo come livello nuovo"),
            format!("there is no layer `{id}` to compare with; load it as a new one"),
        )
    })?;
    writing::check(&who, &layer)?;
    let order = Order { mode: Some(Mode::Update), keep_vanished: wanted.keep_vanished, ..Order::on(record.id) };
    order::put(&mut transaction, &who, COMPARE, &order, State::Comparing).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::ACCEPTED)
}
