//! `POST /public-works/ordinances/{id}/extend`: an ordinance holds until another day.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Action, Problem, Services};
use operations::{Ask, Begun, Change, refused};

use super::record::{Ordinance, answer};
use crate::layers::ORDINANCES;

/// `valid_to`, later than now, and the `act` that says so. One that has ended stays ended: it takes a new ordinance.
#[utoipa::path(
    post,
    path = "/public-works/ordinances/{id}/extend",
    tag = "public works",
    params(("id" = String, Path, description = "The ordinance")),
    request_body(content_type = "application/json", description = "`valid_to` and `act`"),
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
    let (until, act) = (given.required_instant("valid_to"), given.required_text("act", 300));
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
        return Err(Problem::conflict("the ordinance has ended: it can't be extended, it takes a new one; nothing was changed"));
    }
    if until.is_some_and(|until| until <= now || until <= found.valid_from) {
        given.fault("valid_to", "dev'essere dopo l'inizio e dopo adesso", "is to be after the beginning, and after now");
    }
    given.check()?;
    let update =
        sqlx::query_scalar("update public_works.road_ordinances set valid_to = $2, ended_by = $3 where fid = $1 returning version");
    let update = update.bind(row.fid).bind(until).bind(act);
    row.version = update.fetch_one(change.conn()).await.map_err(|e| refused(&e))?;
    change.tell(Action::Update, &layer, &row, &["valid_to", "ended_by"]).await?;
    let answer = answer(&mut change, &services, &layer, &row, false).await?;
    change.finish(answer).await
}
