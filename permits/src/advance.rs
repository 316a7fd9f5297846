//! `POST /permits/{id}/steps`: an application moves on.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Action, Language, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Reader, Row, refused};

use crate::document;
use crate::layers::PERMITS;
use crate::record::{self, Record};
use crate::rules::Dated;
use crate::steps::{self, New, Term};
use crate::words::{self, STATES};

/// What was sent.
struct Move {
    state: &'static str,
    day: NaiveDate,
    protocol: Option<String>,
    protocol_on: Option<NaiveDate>,
    note: Option<String>,
}

/// An officer records what happened: 200 with the record, or back to its page. What can't follow is 422, another's change meanwhile 412.
#[utoipa::path(
    post,
    path = "/permits/{id}/steps",
    tag = "permits",
    params(("id" = String, Path, description = "The application")),
    request_body(content_type = "application/json", description = "`state`, one that may follow; `day`, `protocol`, `protocol_on`, `note`"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(services): State<Services>,
    Path(id): Path<String>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let layer = operations::layer(&services, &ask.request.who, PERMITS)?;
    let mut given = sent.reader(ask.request.language);
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let (today, who, failed) = (record::today(change.now()), change.who().clone(), |e| refused(&e));
    let row = change.lock(&layer, &id).await?;
    let before = Record::read(change.conn(), &layer, &who, &id).await.map_err(failed)?.ok_or_else(|| operations::absent(&layer, &id))?;
    let moved = take(&mut given, today);
    if let Some(moved) = &moved {
        check(&before, moved, today, &mut given);
    }
    given.check()?;
    let Some(moved) = moved else { return Err(Problem::bad_request("no step was named")) };

    let mut dated: Vec<Dated<'_>> = before.steps.iter().map(|step| (&*step.state, step.on_day)).collect();
    dated.push((moved.state, moved.day));
    let permit = &before.permit;
    let term = steps::term(&before.rule, permit.complex, permit.is_constrained(), &dated, &before.holidays);
    let row = update(&mut change, &row, &moved, &term).await?;
    let step = New {
        permit: row.fid,
        ordinal: before.steps.last().map_or(1, |last| last.ordinal + 1),
        state: moved.state,
        day: moved.day,
        protocol: moved.protocol,
        protocol_on: moved.protocol_on,
        note: moved.note,
        recorded_by: who.name(),
    };
    steps::add(change.conn(), &step).await?;
    change.tell(Action::Update, &layer, &row, &["state", "due_on", "steps"]).await?;
    let after = Record::read(change.conn(), &layer, &who, &id).await.map_err(failed)?.ok_or_else(|| operations::absent(&layer, &id))?;
    let body = document::of(&after, today, &services.context.public_url);
    change.finish(Answer::changed(format!("/permits/{}", operations::links::encode(&row.id)), row.tag(), body)).await
}

fn take(given: &mut Reader, today: NaiveDate) -> Option<Move> {
    let state = given.required_code("state", &STATES);
    let day = given.date("day").or(Some(today));
    let (protocol, protocol_on, note) = (given.text("protocol", 40), given.date("protocol_on"), given.text("note", 2_000));
    match (&protocol, protocol_on) {
        (Some(_), None) => given.fault("protocol_on", "manca la data del protocollo", "the day of the protocol is missing"),
        (None, Some(_)) => given.fault("protocol", "manca il numero di protocollo", "the protocol number is missing"),
        _ => {}
    }
    (!state.is_empty()).then_some(Move { state, day: day?, protocol, protocol_on, note })
}

/// What can be said before the database says it: which step can follow, on which days.
fn check(before: &Record, moved: &Move, today: NaiveDate, given: &mut Reader) {
    let (permit, l) = (&before.permit, given.language());
    let next = words::next(&permit.kind, &permit.state);
    if !next.contains(&moved.state) {
        given.told("state", unlawful(l, &permit.state, moved.state, &next.join(", ")));
    }
    if moved.day > today {
        given.fault("day", "è nel futuro", "is in the future");
    }
    if let Some(last) = before.steps.last().map(|step| step.on_day).filter(|last| moved.day < *last) {
        given.told("day", earlier(l, last));
    }
    let has_ended = before.count.due.is_some_and(|due| moved.day > due);
    if moved.state == "tacit" && (permit.silence != "consent" || !has_ended) {
        given.fault(
            "state",
            "il silenzio non vale assenso, o il termine non è ancora scaduto in quel giorno",
            "silence is no consent here, or the term had not ended on that day",
        );
    }
    if moved.state == "started" && before.rule.works_begin == "after_term" && words::is_open(&permit.state) && !has_ended {
        given.fault("day", "i lavori iniziano dopo la fine del termine", "works begin after the end of the term");
    }
}

fn unlawful(l: Language, was: &str, wanted: &str, next: &str) -> String {
    let none = if next.is_empty() { operations::say(l, "niente", "nothing") } else { next };
    match l {
        Language::It => format!("`{wanted}` non può seguire `{was}`; può seguire: {none}"),
        Language::En => format!("`{wanted}` can not follow `{was}`; what can: {none}"),
    }
}

fn earlier(l: Language, last: NaiveDate) -> String {
    match l {
        Language::It => format!("viene prima dell'ultimo passo, del {last}"),
        Language::En => format!("is before the last step, of {last}"),
    }
}

async fn update(change: &mut Change, row: &Row, moved: &Move, term: &Term) -> Result<Row, Problem> {
    sqlx::query_as(
        "update permits.permits
            set state        = $2,
                due_on       = $3,
                paused_since = $4,
                silence      = $5,
                decided_on   = case when $2 in ('issued', 'tacit', 'refused') then $6 else decided_on end,
                started_on   = case when $2 = 'started' then $6 else started_on end,
                ended_on     = case when $2 = 'ended' then $6 else ended_on end
          where fid = $1
          returning fid, version, id, comune",
    )
    .bind(row.fid)
    .bind(moved.state)
    .bind(term.due_on)
    .bind(term.paused_since)
    .bind(&term.silence)
    .bind(moved.day)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))
}
