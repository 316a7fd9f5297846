use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::Problem;
use operations::{Ask, Begun, Change, refused};
use serde_json::json;

use super::answer::say;
use super::{allow, before, done};
use crate::desk::Desk;

/// `POST /reports/{id}/reject`: it is not published. `reason` is what who reported reads through their link.
#[utoipa::path(
    post,
    path = "/reports/{id}/reject",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    request_body(content_type = "application/json", description = "`reason`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let language = ask.request.language;
    let mut given = sent.reader(language);
    let reason = given.required_text("reason", 2_000);
    given.check()?;
    let layer = desk.layer(&ask.request.who)?;
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let found = before(&mut change, &row).await?;
    let now = change.now();
    allow(&found.state, &["received"], language)?;
    sqlx::query("update reports.reports set state = 'rejected' where fid = $1")
        .bind(row.fid)
        .execute(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    say(&mut change, &row, "reporter", &reason, now).await?;
    done(change, &layer, row, &["state"], json!({ "id": id, "state": "rejected" })).await
}
