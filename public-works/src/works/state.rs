//! `POST /public-works/{id}/state`: a work moves on.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Language, Problem, Services};
use operations::{Ask, refused};

use super::open::{Open, open};
use crate::codes::{STATES, next_states};
use crate::layers::WORKS;
use crate::shown;

/// `state`, one of those that may follow. A work is completed when its progress is 100.
#[utoipa::path(
    post,
    path = "/public-works/{id}/state",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`state`"),
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
    let l = ask.request.language;
    let mut given = sent.reader(l);
    let state = given.required_code("state", &STATES);
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let now = sqlx::query_as("select state, progress from public_works.works where fid = $1").bind(opened.row.fid);
    let (was, progress): (String, f64) = now.fetch_one(opened.change.conn()).await.map_err(|e| refused(&e))?;
    if !state.is_empty() && !next_states(&was).contains(&state) {
        let layer = operations::layer(&services, &ask.request.who, WORKS)?;
        let word = |code: &str| shown::value(&layer, "state", code, l);
        let next = next_states(&was).iter().map(|code| word(code)).collect::<Vec<_>>().join(", ");
        given.told(
            "state",
            match l {
                Language::It => format!("da «{}» non si passa a «{}»; può seguire: {next}", word(&was), word(state)),
                Language::En => format!("\"{}\" is not followed by \"{}\"; what may follow: {next}", word(&was), word(state)),
            },
        );
    } else if state == "completed" && progress < 100.0 {
        given.fault("state", "l'avanzamento registrato non è ancora al 100 %", "the progress recorded is not 100 % yet");
    }
    given.check()?;
    let update =
        sqlx::query_scalar("update public_works.works set state = $2 where fid = $1 returning version").bind(opened.row.fid).bind(state);
    opened.updated(update, &["state"]).await
}
