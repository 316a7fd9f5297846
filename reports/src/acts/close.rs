use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::Problem;
use operations::{Ask, Begun, Change, refused};
use serde_json::json;

use super::{allow, before, done};
use crate::desk::Desk;
use crate::states::REASONS;

/// `POST /reports/{id}/close`: for a `reason` of the list, with a `note` that everybody reads.
#[utoipa::path(
    post,
    path = "/reports/{id}/close",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    request_body(content_type = "application/json", description = "`reason`, `note`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let language = ask.request.language;
    let mut given = sent.reader(language);
    let reason = given.required_code("reason", &REASONS.map(|(code, ..)| code));
    let note = given.text("note", 2_000);
    given.check()?;
    let layer = desk.layer(&ask.request.who)?;
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let found = before(&mut change, &row).await?;
    let now = change.now();
    allow(&found.state, &["open", "assigned", "answered"], language)?;
    sqlx::query("update reports.reports set state = 'closed', closed_at = $2, closing_reason = $3, closing_note = $4 where fid = $1")
        .bind(row.fid)
        .bind(now)
        .bind(reason)
        .bind(note)
        .execute(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    done(change, &layer, row, &["state", "closing_reason", "closing_note"], json!({ "id": id, "state": "closed", "reason": reason })).await
}
