use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use http::StatusCode;
use kernel::{Principal, Problem};
use serde::Deserialize;

use super::record::State;
use super::{failed, order, read, to_order};
use crate::Deliveries;
use crate::work::{LOOK, Order};

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wanted {
    source_layer: Option<String>,
    crs: Option<String>,
    swap_axes: bool,
}

/// `POST /admin/deliveries/{id}/look`: the files are looked at anew; another layer of them, or in another system.
#[utoipa::path(post, path = "/admin/deliveries/{id}/look", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 202, description = "A job does it"), (status = 400, description = "The body is not `{source_layer?, crs?, swap_axes?}`"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "A job is at it, or it is loaded")))]
pub(crate) async fn handler(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let (mut transaction, record) = to_order(&deliveries, &who, &id, ["rileggere", "looked at"]).await?;
    let wanted: Wanted = read(&body, "{\"source_layer\"?, \"crs\"?, \"swap_axes\"?}")?;
    let order = Order {
        source_layer: wanted.source_layer,
        crs: crate::work::srid(wanted.crs.as_deref())?,
        swap_axes: wanted.swap_axes,
        ..Order::on(record.id)
    };
    order::put(&mut transaction, &who, LOOK, &order, State::Looking).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(StatusCode::ACCEPTED)
}
