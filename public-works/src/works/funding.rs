//! `POST /public-works/{id}/funding`: a line of funding is added.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Problem, Services};
use operations::{Ask, refused};

use super::facts::MOST_EUROS;
use super::open::{Open, open};

/// `source` and `amount_eur`, more than nothing.
#[utoipa::path(
    post,
    path = "/public-works/{id}/funding",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`source` and `amount_eur`"),
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
    let source = given.required_text("source", 300);
    let amount = given.required_number("amount_eur", 0.01..=MOST_EUROS);
    given.check()?;
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let line = sqlx::query("insert into public_works.work_funding (work, source, amount_eur) values ($1, $2, $3::numeric)");
    line.bind(opened.row.fid).bind(source).bind(amount).execute(opened.change.conn()).await.map_err(|e| refused(&e))?;
    opened.touched(&["funding"]).await
}
