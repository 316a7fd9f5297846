//! `POST /public-works/{id}/cigs`: a tender of the work is added by its code.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Problem, Services};
use operations::{Ask, refused};

use super::open::{Open, open};
use crate::codes;

/// `cig`, and `subject`: what the tender is for. One that is there already gets the new subject.
#[utoipa::path(
    post,
    path = "/public-works/{id}/cigs",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`cig` and `subject`"),
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
    let cig = codes::cig(&mut given);
    let subject = given.text("subject", 300);
    given.check()?;
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let tender = sqlx::query(
        "insert into public_works.work_cigs (work, cig, subject) values ($1, $2, $3)
         on conflict (work, cig) do update set subject = excluded.subject",
    );
    tender.bind(opened.row.fid).bind(cig).bind(subject).execute(opened.change.conn()).await.map_err(|e| refused(&e))?;
    opened.touched(&["cigs"]).await
}
