use axum::body::Bytes;
use axum::extract::{Path, State as Given};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, header};
use ingest::{IngestError, PlanFile, Told};
use kernel::{Principal, Problem, Text};
use serde_json::json;

use super::record::Record;
use super::{document, failed, json as answer, to_order};
use crate::words::said;
use crate::{Deliveries, writing};

const TOML: &str = "application/toml";
const JSON: &str = "application/json";

/// `GET /admin/deliveries/{id}/plan`: the plan as a file to be kept, which `opensit ingest --plan` takes too.
#[utoipa::path(get, path = "/admin/deliveries/{id}/plan", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "The plan", content_type = "application/toml"), (status = 404, description = "No such delivery, or not for you"),
        (status = 409, description = "There is none yet")))]
pub(crate) async fn get(Given(deliveries): Given<Deliveries>, who: Principal, Path(id): Path<String>) -> Result<Response, Problem> {
    let mut session = deliveries.0.context.database.session(&who).await.map_err(|e| Problem::database("a delivery", &e))?;
    let plan = Record::find(&mut session, &who, &id).await?.plan()?;
    let text = plan.to_toml().map_err(|e| Problem::internal("the plan of a delivery", &e))?;
    let name = format!("attachment; filename=\"{}.toml\"", plan.layer);
    let headers = [
        (header::CONTENT_TYPE, TOML.to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    Ok((headers, text).into_response())
}

/// `PUT /admin/deliveries/{id}/plan`: how the files become a layer, as JSON or as TOML.
#[utoipa::path(put, path = "/admin/deliveries/{id}/plan", tag = "administration",
    params(("id" = String, Path, description = "The delivery")),
    responses((status = 200, description = "The delivery"), (status = 400, description = "The plan can't be taken: `errors` say where, `detail` what is allowed"),
        (status = 404, description = "No such delivery, or not for you"), (status = 409, description = "A job is at it, or it is loaded")))]
pub(crate) async fn put(
    Given(deliveries): Given<Deliveries>,
    who: Principal,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let (mut transaction, record) = to_order(&deliveries, &who, &id, ["pianificare", "planned"]).await?;
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut plan = parse(kind.split(';').next().unwrap_or_default().trim(), &body)?;
    if let Some(layer) = document::layer(&mut transaction, &plan.layer).await? {
        writing::check(&who, &layer)?;
    }
    // what was found stays what it was, whatever is said of it
    plan.found = record.plan().ok().and_then(|old| old.found);
    let value = serde_json::to_value(&plan).map_err(|e| Problem::internal("the plan of a delivery", &e))?;
    sqlx::query(
        "update deliveries.deliveries
            set plan = $2, layer = $3, state = 'planned', mode = null, difference = null, report = null, error = null, stage = null,
                touched_at = clock_timestamp()
          where id = $1",
    )
    .bind(record.id)
    .bind(value)
    .bind(plan.layer.as_str())
    .execute(&mut *transaction)
    .await
    .map_err(failed)?;
    let record = Record::find(&mut transaction, &who, &id).await?;
    let document = document::whole(&mut transaction, &who, &record).await?;
    transaction.commit().await.map_err(failed)?;
    Ok(answer(&document))
}

fn parse(kind: &str, body: &[u8]) -> Result<PlanFile, Problem> {
    let refused = |error: IngestError| match &error {
        IngestError::Plan { why, field, line, .. } => {
            let wrong = json!([{ "field": field, "detail": why.en, "words": why }]);
            let problem = said(Problem::bad_request, &error.words(Told::Plan)).with("errors", wrong);
            line.map_or(problem.clone(), |line| problem.with("line", line))
        }
        _ => said(Problem::bad_request, &error.words(Told::Plan)),
    };
    match kind {
        JSON => PlanFile::from_json(body, "the plan").map_err(refused),
        TOML => {
            let text = std::str::from_utf8(body)
                .map_err(|_| said(Problem::bad_request, &Text::new("il piano non è in UTF-8", "the plan is not UTF-8")))?;
            PlanFile::parse(text, "the plan").map_err(refused)
        }
        _ => Err(Problem::unsupported_media_type([JSON, TOML])),
    }
}
