//! `POST /public-works/{id}/phases`: a phase's days are recorded.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Problem, Services};
use operations::{Ask, refused};

use super::facts::not_before;
use super::open::{Open, open};
use crate::codes::PHASES;
use crate::shown;

/// `phase` with `planned_from`, `planned_to`, `actual_from`, `actual_to`: they stand for what was recorded of it before.
#[utoipa::path(
    post,
    path = "/public-works/{id}/phases",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`phase`, `planned_from`, `planned_to`, `actual_from`, `actual_to`"),
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
    let today = shown::today(services.context.clock.now());
    let mut given = sent.reader(ask.request.language);
    let phase = given.required_code("phase", &PHASES);
    let names = ["planned_from", "planned_to", "actual_from", "actual_to"];
    let [planned_from, planned_to, actual_from, actual_to] = names.map(|name| given.date(name));
    not_before(&mut given, "planned_to", planned_from, planned_to);
    not_before(&mut given, "actual_to", actual_from, actual_to);
    if actual_to.is_some() && actual_from.is_none() {
        given.fault("actual_from", "una fase finita ha un inizio", "a phase that ended has a beginning");
    }
    for (name, day) in [("actual_from", actual_from), ("actual_to", actual_to)] {
        if day.is_some_and(|day| day > today) {
            given.fault(name, "è nel futuro", "is in the future");
        }
    }
    if [planned_from, planned_to, actual_from, actual_to].iter().all(Option::is_none) {
        given.fault("planned_from", "serve almeno una data", "one date at least is needed");
    }
    given.check()?;
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let days = sqlx::query(
        "insert into public_works.work_phases (work, phase, planned_from, planned_to, actual_from, actual_to) values ($1, $2, $3, $4, $5, $6)
         on conflict (work, phase) do update
            set planned_from = excluded.planned_from, planned_to = excluded.planned_to,
                actual_from = excluded.actual_from, actual_to = excluded.actual_to",
    );
    let days = days.bind(opened.row.fid).bind(phase).bind(planned_from).bind(planned_to).bind(actual_from).bind(actual_to);
    days.execute(opened.change.conn()).await.map_err(|e| refused(&e))?;
    opened.touched(&["phases"]).await
}
