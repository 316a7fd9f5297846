//! `POST /public-works/{id}`: the facts of a work are put right, all of them at once.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Problem, Services};
use operations::{Ask, refused};

use super::facts::Facts;
use super::open::{Open, open};
use super::record::{Record, Work};
use crate::shown;

/// What is not sent is empty from then on. The place stays, and the id: neither follows from the facts.
#[utoipa::path(
    post,
    path = "/public-works/{id}",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`title`, `cup`, `cui`, `responsible`, `amount_eur`, `begins_planned`, `ends_planned`, `begins_actual`, `ends_actual`"),
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
    let facts = Facts::read(&mut given, shown::today(services.context.clock.now()));
    given.check()?;
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let who = opened.change.who().clone();
    let before = Record::read(opened.change.conn(), &opened.layer, &who, &id).await.map_err(|e| refused(&e))?;
    let before = before.ok_or_else(|| operations::absent(&opened.layer, &id))?;
    let changed = facts.changed_from(&of(&before.work));
    let update = sqlx::query_scalar(
        "update public_works.works
            set title = $2, cup = $3, cui = $4, responsible = $5, amount_eur = $6,
                begins_planned = $7, ends_planned = $8, begins_actual = $9, ends_actual = $10
          where fid = $1
         returning version",
    )
    .bind(opened.row.fid)
    .bind(&facts.title)
    .bind(&facts.cup)
    .bind(&facts.cui)
    .bind(&facts.responsible)
    .bind(facts.amount_eur)
    .bind(facts.begins_planned)
    .bind(facts.ends_planned)
    .bind(facts.begins_actual)
    .bind(facts.ends_actual);
    opened.updated(update, &changed).await
}

fn of(work: &Work) -> Facts {
    Facts {
        title: work.title.clone(),
        cup: work.cup.clone(),
        cui: work.cui.clone(),
        responsible: work.responsible.clone(),
        amount_eur: work.amount_eur,
        begins_planned: work.begins_planned,
        ends_planned: work.ends_planned,
        begins_actual: work.begins_actual,
        ends_actual: work.ends_actual,
    }
}
