use axum::extract::State;
use axum::response::Response;
use kernel::{Params, Principal, Problem};
use serde_json::{Value, json};

use super::{Source, store};
use crate::Deliveries;
use crate::deliveries::json as answer;

/// Runs of each source that are told.
const RUNS: i64 = 20;

/// `GET /admin/sources`: what is looked at every so often, how it stands, and what the last looks came to; for administrators.
#[utoipa::path(get, path = "/admin/sources", tag = "administration",
    responses((status = 200, description = "`sources`: name, place, every_s, plan, mode, state (looked_at, succeeded_at, failing_since, failures), runs (the newest first: outcome, file, words, layer, number of the delivery, difference)"), (status = 404, description = "Not for you")))]
pub(crate) async fn handler(State(deliveries): State<Deliveries>, who: Principal, params: Params) -> Result<Response, Problem> {
    if !who.may_administer() {
        return Err(Problem::not_found("there is nothing here, or nothing for you"));
    }
    params.only(&[])?;
    let failed = |e: sqlx::Error| Problem::database("sources", &e);
    let mut session = deliveries.0.context.database.session(&who).await.map_err(failed)?;
    let mut all: Vec<Value> = Vec::new();
    for source in &deliveries.0.settings.sources.all {
        let state = store::state(&mut session, source).await.map_err(failed)?;
        let runs = store::runs(&mut session, source, RUNS).await.map_err(failed)?;
        all.push(document(source, state.as_ref(), &runs));
    }
    Ok(answer(&json!({ "sources": all })))
}

/// A source as JSON.
pub fn document(source: &Source, state: Option<&store::State>, runs: &[store::Run]) -> Value {
    json!({ "name": source.name, "place": source.place.shown(), "every_s": source.every.as_secs_f64(), "plan": source.plan.display().to_string(),
            "mode": source.mode, "state": state, "runs": runs })
}
