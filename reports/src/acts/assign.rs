use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Language, Problem};
use operations::{Ask, Begun, Change, refused};
use serde_json::json;

use super::{allow, before, done};
use crate::category;
use crate::desk::Desk;

/// `POST /reports/{id}/assign`: to one of the offices, which is the one of its category and place at first.
#[utoipa::path(
    post,
    path = "/reports/{id}/assign",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    request_body(content_type = "application/json", description = "`office`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let language = ask.request.language;
    let mut given = sent.reader(language);
    let office = given.required_text("office", 80);
    let layer = desk.layer(&ask.request.who)?;
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let found = before(&mut change, &row).await?;
    allow(&found.state, &["open", "assigned", "answered"], language)?;
    let offices = category::offices(change.conn()).await?;
    if !office.is_empty() && !offices.contains(&office) {
        let all = offices.join(", ");
        given.told(
            "office",
            match language {
                Language::It => format!("non è fra gli uffici, che sono: {all}"),
                Language::En => format!("is none of the offices, which are: {all}"),
            },
        );
    }
    given.check()?;
    sqlx::query("update reports.reports set state = 'assigned', office = $2 where fid = $1")
        .bind(row.fid)
        .bind(&office)
        .execute(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    let changed: &[&str] = if found.office == office { &["state"] } else { &["state", "office"] };
    done(change, &layer, row, changed, json!({ "id": id, "state": "assigned", "office": office })).await
}
