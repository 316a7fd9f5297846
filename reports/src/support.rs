use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Action, Client, Problem};
use operations::{Answer, Ask, Begun, Change, Row, absent, refused};
use serde_json::json;
use sqlx::FromRow;

use crate::desk::Desk;
use crate::rates::counted;

#[derive(FromRow)]
struct Supported {
    #[sqlx(flatten)]
    row: Row,
    supporters: i32,
}

/// `POST /reports/{id}/support`: "this one is already known: +1", of anybody, once for each network. One that was merged passes it on.
#[utoipa::path(
    post,
    path = "/reports/{id}/support",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    responses((status = 200, description = "How many saw the same"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    client: Option<Client>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    desk.rates.small(client, ask.request.language)?;
    let sent = ask.read(body).await?;
    sent.reader(ask.request.language).check()?;
    let layer = desk.layer(&ask.request.who)?;
    let sender = match counted(client) {
        Some(network) => Some(desk.pepper().await?.hash_of(&format!("supporter {network}"))),
        None => None,
    };
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let found: Option<Supported> = sqlx::query_as("select fid, id, version, comune, supporters from reports.support($1, $2)")
        .bind(id.replace('\0', ""))
        .bind(sender)
        .fetch_optional(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    let Some(Supported { row, supporters }) = found else { return Err(absent(&layer, &id)) };
    change.tell(Action::Update, &layer, &row, &["supporters"]).await?;
    let body = json!({ "id": row.id, "supporters": supporters });
    change.finish(Answer::changed(format!("/reports/{}?known=1", row.id), row.tag(), body)).await
}
