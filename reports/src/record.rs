//! A report's own page: what everybody knows of it; for its office also what is private, and what can be done.

mod acts;
mod page;

use attachments::Files;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use http::{HeaderValue, StatusCode, header};
use kernel::layer::FieldType;
use kernel::{Column, Filter, Language, Layer, Principal, Problem, filter};
use operations::{Format, Request, absent, links, matches, reply, value};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection, QueryBuilder};

use crate::category::{self, Category};
use crate::desk::Desk;

pub(crate) use page::span;

/// A report as a reader sees it.
#[derive(Clone, Debug, FromRow)]
pub(crate) struct Report {
    pub(crate) fid: i64,
    pub(crate) id: String,
    pub(crate) version: i64,
    pub(crate) comune: String,
    pub(crate) category: String,
    pub(crate) state: String,
    pub(crate) text: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) office: String,
    pub(crate) channel: Option<String>,
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) due: NaiveDate,
    pub(crate) approved_at: Option<DateTime<Utc>>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    pub(crate) closing_reason: Option<String>,
    pub(crate) closing_note: Option<String>,
    pub(crate) supporters: i32,
    pub(crate) photos: i32,
    pub(crate) duplicate_of: Option<String>,
    pub(crate) lon: f64,
    pub(crate) lat: f64,
}

/// The columns of [`Report`], from a row called `seen`.
pub(crate) const COLUMNS: &str = "fid, id, version, comune, category, state, text, address, office, channel, received_at, due, approved_at, \
     answered_at, closed_at, closing_reason, closing_note, supporters, photos, duplicate_of, \
     st_x(st_transform(geom, 4326)) as lon, st_y(st_transform(geom, 4326)) as lat";

/// What is said about a report, as far as this reader may read it.
#[derive(Clone, Debug, FromRow)]
struct Message {
    at: DateTime<Utc>,
    audience: String,
    author: Option<String>,
    text: String,
}

/// How who reported can be reached.
#[derive(Clone, Debug, FromRow)]
struct Contact {
    report: String,
    email: Option<String>,
    phone: Option<String>,
}

/// All that belongs to a report.
struct Whole {
    report: Report,
    messages: Vec<Message>,
    files: Files,
    duplicates: Vec<String>,
    contacts: Vec<Contact>,
    categories: Vec<Category>,
    offices: Vec<String>,
    may_edit: bool,
}

/// `GET /reports/{id}`: the record. One that was merged leads to the one it was merged into, but for its office, who see that it was.
#[utoipa::path(
    get,
    path = "/reports/{id}",
    tag = "reports",
    params(("id" = String, Path, description = "The number, `R-2026-00123`"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&["known"])?;
    let failed = |e| Problem::database("a report", &e);
    let layer = desk.layer(&request.who)?;
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let Some(report) = find(&mut session, &layer, &request.who, &id).await? else {
        let into: Option<String> = sqlx::query_scalar("select reports.merged_into($1)")
            .bind(id.replace('\0', ""))
            .fetch_one(&mut *session)
            .await
            .map_err(failed)?;
        return into.map(|into| elsewhere(&request, &into)).ok_or_else(|| absent(&layer, &id));
    };
    let whole = whole(&mut session, &layer, &request.who, report).await?;
    drop(session);
    let tag = format!("\"{}.{}\"", whole.report.fid, whole.report.version);
    let is_json = request.format == Format::Json;
    // what a key for a purpose opens is not answered with "you have it"
    if is_json && !request.who.is_staff() && request.known_tags.as_deref().is_some_and(|known| matches(known, &tag)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let mut response = if is_json {
        reply::json(&document(&whole, &request), links::media::JSON, request.language)
    } else {
        page::render(&desk, &layer, &request, &whole, &tag)
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    if request.who.is_staff() {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    Ok(response)
}

fn elsewhere(request: &Request, into: &str) -> Response {
    let to = request.relative(&format!("/reports/{}", links::encode(into)));
    let location = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("./"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))]).into_response()
}

/// The report of this number, if there is one for this reader.
pub(crate) async fn find(conn: &mut PgConnection, layer: &Layer, who: &Principal, id: &str) -> Result<Option<Report>, Problem> {
    if id.is_empty() || id.len() > 40 || id.contains('\0') {
        return Ok(None);
    }
    let column = Column::new("id").map_err(|e| Problem::internal("a report", &e))?;
    let mut sql = QueryBuilder::new(format!("select {COLUMNS} from "));
    sql.push(layer.seen_by(who, "seen")).push(" where ");
    Filter::Equal(column, filter::Value::Text(id.to_owned())).write(layer.srid, &mut sql);
    sql.build_query_as().fetch_optional(conn).await.map_err(|e| Problem::database("a report", &e))
}

async fn whole(conn: &mut PgConnection, layer: &Layer, who: &Principal, report: Report) -> Result<Whole, Problem> {
    let failed = |e| Problem::database("a report", &e);
    // the policies of the table let the office have all, others what is public
    let messages = sqlx::query_as("select at, audience, author, text from reports.messages where report = $1 order by at, id")
        .bind(report.fid)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    let files = Files::of(conn, layer, who, &report.id).await.map_err(failed)?;
    let is_ours = who.is_staff() && who.comuni().contains(&report.comune);
    let mut duplicates = Vec::new();
    let mut contacts = Vec::new();
    if is_ours {
        duplicates = sqlx::query_scalar("select id from reports.reports where duplicate_of = $1 order by id")
            .bind(&report.id)
            .fetch_all(&mut *conn)
            .await
            .map_err(failed)?;
    }
    if is_ours && !who.purposes().is_empty() {
        contacts = sqlx::query_as(
            "select r.id as report, c.email, c.phone from reports.contacts c join reports.reports r on r.fid = c.report
              where r.fid = $1 or r.duplicate_of = $2 order by r.id",
        )
        .bind(report.fid)
        .bind(&report.id)
        .fetch_all(&mut *conn)
        .await
        .map_err(failed)?;
    }
    let categories = category::all(conn).await?;
    let offices = category::offices(conn).await?;
    let may_edit = is_ours && who.may_edit(layer);
    Ok(Whole { report, messages, files, duplicates, contacts, categories, offices, may_edit })
}

/// The record as JSON, of the list too: without what belongs to it.
pub(crate) fn summary(report: &Report, request: &Request) -> Value {
    json!({
        "id": report.id, "comune": report.comune, "category": report.category, "state": report.state, "text": report.text,
        "address": report.address, "geometry": { "type": "Point", "coordinates": [round(report.lon), round(report.lat)] },
        "office": report.office, "channel": report.channel, "received_at": report.received_at, "due": report.due,
        "approved_at": report.approved_at, "answered_at": report.answered_at, "closed_at": report.closed_at,
        "closing_reason": report.closing_reason, "closing_note": report.closing_note, "supporters": report.supporters,
        "photos": report.photos, "duplicate_of": report.duplicate_of, "href": request.relative(&format!("/reports/{}", report.id)),
    })
}

fn round(degrees: f64) -> f64 {
    (degrees * 1e7).round() / 1e7
}

fn document(whole: &Whole, request: &Request) -> Value {
    let mut document = summary(&whole.report, request);
    let is_staff = request.who.is_staff();
    let messages: Vec<Value> = whole
        .messages
        .iter()
        .map(|m| json!({ "at": m.at, "audience": m.audience, "author": m.author.as_ref().filter(|_| is_staff), "text": m.text }))
        .collect();
    document["messages"] = messages.into();
    document["files"] = whole.files.pictures().map(|(name, href)| json!({ "name": name, "href": request.relative(&href) })).collect();
    document["attachments"] = whole.files.path().map(|path| request.relative(path)).into();
    if is_staff {
        document["duplicates"] = whole.duplicates.clone().into();
    }
    if !request.who.purposes().is_empty() && is_staff {
        document["contacts"] = whole.contacts.iter().map(|c| json!({ "report": c.report, "email": c.email, "phone": c.phone })).collect();
    }
    document
}

/// An instant for people.
pub(crate) fn moment(at: DateTime<Utc>, language: Language) -> String {
    value::readable(FieldType::DateTime, None, &json!(at), language)
}

/// A day for people.
pub(crate) fn day(date: NaiveDate, language: Language) -> String {
    value::readable(FieldType::Date, None, &json!(date), language)
}

/// The day that it is in Italy.
pub(crate) fn today(now: DateTime<Utc>) -> NaiveDate {
    let local = now.with_timezone(&Rome);
    NaiveDate::from_ymd_opt(local.year(), local.month(), local.day()).unwrap_or_default()
}
