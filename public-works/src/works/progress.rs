//! `POST /public-works/{id}/progress`: a state of progress (SAL) is recorded.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Language, Problem, Services};
use operations::{Ask, Reader, refused};

use super::facts::MOST_EUROS;
use super::open::{Open, open};
use crate::shown;

/// `measured_on` (today without it), `percent`, `amount_eur` of this SAL, `note`; `reason` where it is less than the last. What was
/// recorded is never changed: a later entry puts it right.
#[utoipa::path(
    post,
    path = "/public-works/{id}/progress",
    tag = "public works",
    params(("id" = String, Path, description = "The work")),
    request_body(content_type = "application/json", description = "`percent`, `measured_on`, `amount_eur`, `note`, `reason`"),
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
    let percent = given.required_number("percent", 0.0..=100.0);
    let measured_on = given.date("measured_on").unwrap_or(today);
    let amount = given.number("amount_eur", 0.0..=MOST_EUROS);
    let (note, reason) = (given.text("note", 2_000), given.text("reason", 500));
    if measured_on > today {
        given.fault("measured_on", "è nel futuro", "is in the future");
    }
    let mut opened = match open(&services, &ask, &sent, &id).await? {
        Open::Again(response) => return Ok(response),
        Open::Ready(opened) => opened,
    };
    let fid = opened.row.fid;
    let last =
        sqlx::query_as("select percent, measured_on from public_works.work_progress where work = $1 order by id desc limit 1").bind(fid);
    let last: Option<(f64, NaiveDate)> = last.fetch_optional(opened.change.conn()).await.map_err(|e| refused(&e))?;
    follows(&mut given, last, percent, measured_on, reason.is_some());
    given.check()?;
    sqlx::query(
        "insert into public_works.work_progress (work, measured_on, percent, amount_eur, note, reason, recorded_at)
         values ($1, $2, $3, $4::numeric, $5, $6, $7)",
    )
    .bind(fid)
    .bind(measured_on)
    .bind(percent)
    .bind(amount)
    .bind(note)
    .bind(reason)
    .bind(opened.change.now())
    .execute(opened.change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let update = sqlx::query_scalar("update public_works.works set progress = $2 where fid = $1 returning version").bind(fid).bind(percent);
    opened.updated(update, &["progress"]).await
}

/// It goes on from what was recorded before.
fn follows(given: &mut Reader, last: Option<(f64, NaiveDate)>, percent: Option<f64>, measured_on: NaiveDate, has_reason: bool) {
    let l = given.language();
    let Some((before, before_on)) = last else { return };
    if percent.is_some_and(|percent| percent < before) && !has_reason {
        let before = shown::percent(before, l);
        given.told(
            "reason",
            match l {
                Language::It => format!("l'avanzamento era {before}: per diminuirlo serve il motivo"),
                Language::En => format!("progress was {before}: to lower it, say why"),
            },
        );
    }
    if measured_on < before_on {
        let before = shown::day(Some(before_on), l);
        given.told(
            "measured_on",
            match l {
                Language::It => format!("l'ultimo avanzamento è del {before}"),
                Language::En => format!("the last progress is of {before}"),
            },
        );
    }
}
