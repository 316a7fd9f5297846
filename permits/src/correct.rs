//! `PATCH /permits/{id}`, or `POST` from its page: what was recorded wrongly is put right, and what is known later is added.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Action, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Reader, Row, refused};

use crate::document;
use crate::layers::PERMITS;
use crate::parties;
use crate::place::{self, Place, Said};
use crate::record::{self, Permit, Record};
use crate::register::check_constraint;
use crate::rules::Dated;
use crate::steps::{self, Term};

/// A constraint's kind, or that there is none.
const CONSTRAINT: [&str; 5] = ["none", "landscape", "cultural", "environmental", "hydrogeological"];

/// The row as it is to be, beside its place.
struct Values {
    subject: Option<String>,
    complex: bool,
    constraint_kind: Option<String>,
    constraint_source: Option<String>,
    constraint_cleared_on: Option<NaiveDate>,
    address: Option<String>,
    house_number: Option<String>,
}

/// What is named changes, the rest stays: 200 with the record, or back to its page. Kind, protocol and steps stay as they were recorded.
#[utoipa::path(
    method(patch, post),
    path = "/permits/{id}",
    tag = "permits",
    params(("id" = String, Path, description = "The application")),
    request_body(content_type = "application/json", description = "What changes, of the fields of a new one but `protocol`, `filed_on` and `kind`; a form may `POST` it"),
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
    let (now, who, failed) = (change.now(), change.who().clone(), |e| refused(&e));
    let row = change.lock(&layer, &id).await?;
    let before = Record::read(change.conn(), &layer, &who, &id).await.map_err(failed)?.ok_or_else(|| operations::absent(&layer, &id))?;
    let mut values = take(&mut given, &before.permit, record::today(now));
    let people = parties::take(&mut given, false);
    let mut said = Said::take(&mut given);
    let (says_place, moves) = (said.is_something(), !said.parcels.is_empty() || said.geometry.is_some());
    if says_place && said.parcels.is_empty() {
        said.parcels = before.cited.iter().map(|cited| cited.parcel.clone()).collect();
    }
    let place = if says_place { place::find(change.conn(), &layer, &who, said, &mut given, now).await? } else { None };
    if place.as_ref().is_some_and(|place| place.comune != row.comune) {
        given.fault("parcels", "sono di un altro comune", "are of another comune");
    }
    given.check()?;
    if let Some(place) = &place {
        values.house_number = place.house_number.clone();
        values.address = place.address.clone().or(values.address);
    }
    let place = place.filter(|_| moves);
    let dated: Vec<Dated<'_>> = before.steps.iter().map(|step| (&*step.state, step.on_day)).collect();
    let constrained = values.constraint_kind.is_some() && values.constraint_cleared_on.is_none();
    let term = steps::term(&before.rule, values.complex, constrained, &dated, &before.holidays);
    let row = update(&mut change, &row, &values, &term, place.as_ref()).await?;
    if let Some(place) = &place {
        place::cite(change.conn(), row.fid, &place.parcels).await?;
    }
    parties::keep(change.conn(), row.fid, &people).await?;
    let after = Record::read(change.conn(), &layer, &who, &id).await.map_err(failed)?.ok_or_else(|| operations::absent(&layer, &id))?;
    let mut changed = different(&before.permit, &after.permit);
    changed.extend(place.map(|_| "parcels"));
    changed.extend(parties::changed(&people));
    change.tell(Action::Update, &layer, &row, &changed).await?;
    let body = document::of(&after, record::today(now), &services.context.public_url);
    change.finish(Answer::changed(format!("/permits/{}", operations::links::encode(&row.id)), row.tag(), body)).await
}

fn take(given: &mut Reader, permit: &Permit, today: NaiveDate) -> Values {
    let said = given.code("constraint_kind", &CONSTRAINT);
    let (source, cleared) = (given.text("constraint_source", 300), given.date("constraint_cleared_on"));
    let (constraint_kind, constraint_source, constraint_cleared_on) = match said {
        Some("none") => (None, source, cleared),
        said => (
            said.map(str::to_owned).or_else(|| permit.constraint_kind.clone()),
            source.or_else(|| permit.constraint_source.clone()),
            cleared.or(permit.constraint_cleared_on),
        ),
    };
    check_constraint(given, (constraint_kind.is_some(), constraint_source.is_some()), constraint_cleared_on, today);
    Values {
        subject: given.text("subject", 1_000).or_else(|| permit.subject.clone()),
        complex: given.boolean("complex").unwrap_or(permit.complex),
        constraint_kind,
        constraint_source,
        constraint_cleared_on,
        address: permit.address.clone(),
        house_number: permit.house_number.clone(),
    }
}

async fn update(change: &mut Change, row: &Row, values: &Values, term: &Term, place: Option<&Place>) -> Result<Row, Problem> {
    sqlx::query_as(
        "update permits.permits
            set subject = $2, complex = $3, constraint_kind = $4, constraint_source = $5, constraint_cleared_on = $6, address = $7,
                house_number = $8, due_on = $9, paused_since = $10, silence = $11, geom = coalesce(st_geomfromewkb($12), geom)
          where fid = $1
          returning fid, version, id, comune",
    )
    .bind(row.fid)
    .bind(&values.subject)
    .bind(values.complex)
    .bind(&values.constraint_kind)
    .bind(&values.constraint_source)
    .bind(values.constraint_cleared_on)
    .bind(&values.address)
    .bind(&values.house_number)
    .bind(term.due_on)
    .bind(term.paused_since)
    .bind(&term.silence)
    .bind(place.map(|place| &place.ewkb))
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))
}

/// The names of what is different.
fn different(was: &Permit, is: &Permit) -> Vec<&'static str> {
    [
        ("subject", was.subject != is.subject),
        ("complex", was.complex != is.complex),
        ("constraint_kind", was.constraint_kind != is.constraint_kind),
        ("constraint_source", was.constraint_source != is.constraint_source),
        ("constraint_cleared_on", was.constraint_cleared_on != is.constraint_cleared_on),
        ("address", was.address != is.address),
        ("due_on", was.due_on != is.due_on),
        ("silence", was.silence != is.silence),
        ("geometry", was.geometry != is.geometry),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect()
}
