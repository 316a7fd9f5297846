//! `POST /public-works/ordinances/{id}/revoke`: an ordinance holds no longer.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use kernel::{Action, Problem, Services};
use operations::{Answer, Ask, Begun, Change, refused};

use super::record::{Ordinance, answer};
use crate::layers::ORDINANCES;

/// The `act` that revokes it. In force, it ends now; one that had not begun never held, and is taken out: its history keeps it.
#[utoipa::path(
    post,
    path = "/public-works/ordinances/{id}/revoke",
    tag = "public works",
    params(("id" = String, Path, description = "The ordinance")),
    request_body(content_type = "application/json", description = "`act`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(services): State<Services>,
    Path(id): Path<String>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let sent = ask.read(body).await?;
    let mut given = sent.reader(ask.request.language);
    let act = given.required_text("act", 300);
    given.check()?;
    let layer = operations::layer(&services, &ask.request.who, ORDINANCES)?;
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let mut row = change.lock(&layer, &id).await?;
    let (who, now) = (change.who().clone(), change.now());
    let found = Ordinance::read(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?;
    let found = found.ok_or_else(|| operations::absent(&layer, &id))?;
    if found.time(now) == "past" {
        return Err(Problem::conflict("the ordinance has ended already; nothing was changed"));
    }
    let update = sqlx::query_scalar(
        "update public_works.road_ordinances set ended_by = $2, valid_to = case when valid_from < $3 then $3 else valid_to end
          where fid = $1 returning version",
    );
    let update = update.bind(row.fid).bind(act).bind(now);
    row.version = update.fetch_one(change.conn()).await.map_err(|e| refused(&e))?;
    if found.time(now) == "in_force" {
        change.tell(Action::Update, &layer, &row, &["valid_to", "ended_by"]).await?;
        let answer = answer(&mut change, &services, &layer, &row, false).await?;
        return change.finish(answer).await;
    }
    let delete = sqlx::query("delete from public_works.road_ordinances where fid = $1").bind(row.fid);
    delete.execute(change.conn()).await.map_err(|e| refused(&e))?;
    change.tell(Action::Delete, &layer, &row, &[]).await?;
    let page = Some("/public-works/ordinances/".to_owned());
    change.finish(Answer { status: StatusCode::NO_CONTENT.as_u16(), page, ..Answer::default() }).await
}
