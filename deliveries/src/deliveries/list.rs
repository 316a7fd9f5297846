use axum::extract::State;
use axum::response::Response;
use kernel::{Params, Principal, Problem};
use serde_json::{Value, json};

use super::record::Record;
use super::{document, json as answer};
use crate::{Deliveries, person};

/// `GET /admin/deliveries`: one's own, the newest first; an administrator sees all.
#[utoipa::path(get, path = "/admin/deliveries", tag = "administration",
    responses((status = 200, description = "`deliveries`, each without its plan, difference and report"), (status = 404, description = "Not for you")))]
pub(crate) async fn handler(State(deliveries): State<Deliveries>, who: Principal, params: Params) -> Result<Response, Problem> {
    person(&who)?;
    params.only(&[])?;
    let mut session = deliveries.0.context.database.session(&who).await.map_err(|e| Problem::database("deliveries", &e))?;
    let all: Vec<Value> = Record::list(&mut session, &who).await?.iter().map(document::short).collect();
    Ok(answer(&json!({ "deliveries": all })))
}
