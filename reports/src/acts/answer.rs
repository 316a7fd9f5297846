use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::Problem;
use operations::{Ask, Begun, Change, Row, refused};
use serde_json::json;

use super::{allow, before, done};
use crate::desk::Desk;

/// `POST /reports/{id}/answer`: `text` for `audience`: `public`, `reporter` (read through the private link alone) or `office` (a note among
/// ourselves, which is no answer).
#[utoipa::path(
    post,
    path = "/reports/{id}/answer",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    request_body(content_type = "application/json", description = "`text`, `audience`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let language = ask.request.language;
    let mut given = sent.reader(language);
    let audience = given.required_code("audience", &["public", "reporter", "office"]);
    let text = given.required_text("text", 2_000);
    given.check()?;
    let layer = desk.layer(&ask.request.who)?;
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let found = before(&mut change, &row).await?;
    let now = change.now();
    let is_answer = audience != "office";
    if is_answer {
        allow(&found.state, &["open", "assigned", "answered", "closed"], language)?;
    }
    let state = if is_answer && found.state != "closed" { "answered" } else { &found.state };
    let sql = "update reports.reports set state = $2, answered_at = case when $3 then coalesce(answered_at, $4) else answered_at end where fid = $1";
    sqlx::query(sql).bind(row.fid).bind(state).bind(is_answer).bind(now).execute(change.conn()).await.map_err(|e| refused(&e))?;
    say(&mut change, &row, audience, &text, now).await?;
    done(change, &layer, row, &["state", "messages"], json!({ "id": id, "state": state, "audience": audience })).await
}

/// Adds what the office says, with the name of who says it.
pub(super) async fn say(change: &mut Change, row: &Row, audience: &str, text: &str, now: DateTime<Utc>) -> Result<(), Problem> {
    let author = change.who().name().unwrap_or("–").to_owned();
    sqlx::query("insert into reports.messages (report, at, audience, author, text) values ($1, $2, $3, $4, $5)")
        .bind(row.fid)
        .bind(now)
        .bind(audience)
        .bind(author)
        .bind(text)
        .execute(change.conn())
        .await
        .map(|_| ())
        .map_err(|e| refused(&e))
}
