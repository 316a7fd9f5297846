//! `POST /permits/`: an application is registered.

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Action, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Reader, Row, refused};

use crate::document;
use crate::holidays::Holidays;
use crate::layers::PERMITS;
use crate::parties;
use crate::place::{self, Place, Said};
use crate::record::{self, Record};
use crate::rules::Rule;
use crate::steps::{self, New, Term};
use crate::words::{CONSTRAINTS, KINDS};

/// What was sent, beside the place and the parties.
struct Filing {
    protocol: String,
    kind: &'static str,
    filed_on: NaiveDate,
    subject: String,
    complex: bool,
    constraint_kind: Option<&'static str>,
    constraint_source: Option<String>,
    constraint_cleared_on: Option<NaiveDate>,
    note: Option<String>,
}

/// An officer registers one. 201 with the record, or the way to its page.
#[utoipa::path(
    post,
    path = "/permits/",
    tag = "permits",
    request_body(content_type = "application/json", description = "`protocol`, `filed_on`, `kind`, `subject`, `parcels`, `address`, `geometry` (GeoJSON, CRS84), `complex`, `constraint_kind`, `constraint_source`, `constraint_cleared_on`, `applicant`, `technician` and their `_code` and `_email`"),
    responses((status = 201, description = "The record, at `Location`; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let layer = operations::layer(&services, &ask.request.who, PERMITS)?;
    if !ask.request.who.may_edit(&layer) {
        return Err(Problem::not_editable("applications are registered by the officers of the comune"));
    }
    let mut given = sent.reader(ask.request.language);
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let (now, who, failed) = (change.now(), change.who().clone(), |e| refused(&e));
    let filing = take(&mut given, record::today(now));
    let (said, people) = (Said::take(&mut given), parties::take(&mut given, true));
    let place = place::find(change.conn(), &layer, &who, said, &mut given, now).await?;
    if let Some(place) = place.as_ref().filter(|place| !who.comuni().contains(&place.comune)) {
        let fault = format!(
            "{}: {}",
            place.comune,
            operations::say(given.language(), "non è un comune per cui lavori", "is no comune that you work for")
        );
        given.told("parcels", fault);
    }
    let rule = rule(&mut change, &filing, place.as_ref(), &mut given).await?;
    given.check()?;
    let (Some(filing), Some(place), Some(rule)) = (filing, place, rule) else {
        return Err(Problem::invalid_feature("the application is not whole; nothing was changed", Vec::<serde_json::Value>::new()));
    };
    let holidays = Holidays::of(change.conn(), &place.comune).await.map_err(failed)?;
    let constrained = filing.constraint_kind.is_some() && filing.constraint_cleared_on.is_none();
    let term = steps::term(&rule, filing.complex, constrained, &[("submitted", filing.filed_on)], &holidays);
    let row = insert(&mut change, &filing, &place, &rule, &term).await?;
    let name = who.name().map(str::to_owned);
    let step = New {
        permit: row.fid,
        ordinal: 1,
        state: "submitted",
        day: filing.filed_on,
        protocol: Some(filing.protocol),
        protocol_on: Some(filing.filed_on),
        note: filing.note,
        recorded_by: name.as_deref(),
    };
    steps::add(change.conn(), &step).await?;
    place::cite(change.conn(), row.fid, &place.parcels).await?;
    parties::keep(change.conn(), row.fid, &people).await?;
    change.tell(Action::Create, &layer, &row, &[]).await?;
    let made =
        Record::read(change.conn(), &layer, &who, &row.id).await.map_err(failed)?.ok_or_else(|| operations::absent(&layer, &row.id))?;
    let body = document::of(&made, record::today(now), &services.context.public_url);
    change.finish(Answer::made(format!("/permits/{}", operations::links::encode(&row.id)), row.tag(), body)).await
}

fn take(given: &mut Reader, today: NaiveDate) -> Option<Filing> {
    let kind = given.required_code("kind", &KINDS);
    let filed_on = given.required_date("filed_on");
    if filed_on.is_some_and(|filed| filed > today) {
        given.fault("filed_on", "è nel futuro", "is in the future");
    }
    let text = given.required_text("protocol", 20);
    let protocol = filed_on.and_then(|filed| record::protocol(&text, filed));
    if !text.is_empty() && filed_on.is_some() && protocol.is_none() {
        given.fault(
            "protocol",
            "dev'essere come 2026-000123, con l'anno della presentazione",
            "is to be as 2026-000123, of the year of filing",
        );
    }
    let subject = given.required_text("subject", 1_000);
    let complex = given.boolean("complex").unwrap_or(false);
    let constraint_kind = given.code("constraint_kind", &CONSTRAINTS);
    let constraint_source = given.text("constraint_source", 300);
    let constraint_cleared_on = given.date("constraint_cleared_on");
    check_constraint(given, (constraint_kind.is_some(), constraint_source.is_some()), constraint_cleared_on, today);
    let note = given.text("note", 2_000);
    let (protocol, filed_on) = (protocol?, filed_on?);
    Some(Filing { protocol, kind, filed_on, subject, complex, constraint_kind, constraint_source, constraint_cleared_on, note })
}

/// A constraint is stated with its source, and only what is stated is cleared.
pub(crate) fn check_constraint(given: &mut Reader, (kind, source): (bool, bool), cleared: Option<NaiveDate>, today: NaiveDate) {
    match (kind, source) {
        (true, false) => given.fault(
            "constraint_source",
            "serve la fonte del vincolo: atto, piano, tavola",
            "the constraint's source is needed: act, plan, sheet",
        ),
        (false, true) => given.fault("constraint_kind", "serve il tipo del vincolo", "the kind of the constraint is needed"),
        _ => {}
    }
    if cleared.is_some() && !kind {
        given.fault("constraint_cleared_on", "non c'è un vincolo da superare", "there is no constraint to be cleared");
    }
    if cleared.is_some_and(|cleared| cleared > today) {
        given.fault("constraint_cleared_on", "è nel futuro", "is in the future");
    }
}

async fn rule(change: &mut Change, filing: &Option<Filing>, place: Option<&Place>, given: &mut Reader) -> Result<Option<Rule>, Problem> {
    let (Some(filing), Some(place)) = (filing.as_ref().filter(|filing| !filing.kind.is_empty()), place) else { return Ok(None) };
    let rule = Rule::choose(change.conn(), filing.kind, filing.filed_on, &place.comune).await.map_err(|e| refused(&e))?;
    if rule.is_none() {
        given.fault(
            "kind",
            "in quel giorno non c'è una regola dei termini per questo tipo",
            "there is no rule of the term for this kind on that day",
        );
    }
    Ok(rule)
}

/// The id is the protocol number under the comune's code, since each comune has a register of its own.
async fn insert(change: &mut Change, filing: &Filing, place: &Place, rule: &Rule, term: &Term) -> Result<Row, Problem> {
    sqlx::query_as(
        "insert into permits.permits
                (id, comune, protocol, kind, state, filed_on, subject, address, house_number, complex, rule, due_on, paused_since, silence,
                 constraint_kind, constraint_source, constraint_cleared_on, geom)
         values (coalesce((select catasto from territory.v_comuni where istat = $1), $1) || '-' || $2,
                 $1, $2, $3, 'submitted', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, st_geomfromewkb($16))
         returning fid, version, id, comune",
    )
    .bind(&place.comune)
    .bind(&filing.protocol)
    .bind(filing.kind)
    .bind(filing.filed_on)
    .bind(&filing.subject)
    .bind(&place.address)
    .bind(&place.house_number)
    .bind(filing.complex)
    .bind(&rule.rule)
    .bind(term.due_on)
    .bind(term.paused_since)
    .bind(&term.silence)
    .bind(filing.constraint_kind)
    .bind(&filing.constraint_source)
    .bind(filing.constraint_cleared_on)
    .bind(&place.ewkb)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))
}
