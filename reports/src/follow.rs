//! What who reported sees through the private link: what became of it, and what they may add.

pub(crate) mod contact;
pub(crate) mod note;
mod page;
pub(crate) mod photo;

use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use http::{HeaderName, HeaderValue, header};
use kernel::{Action, Edit, Principal, Problem};
use operations::{Format, Request, Row, links, reply};
use serde_json::{Value, json};
use sqlx::{FromRow, PgConnection};

use crate::category;
use crate::desk::Desk;
use crate::secret::Secret;
use crate::states;

/// A report as its link shows it. `fid`, `id`, `state` and dates are those of the report that it was merged into, if it was.
#[derive(Debug, FromRow)]
struct Followed {
    own_id: String,
    id: String,
    category: String,
    state: String,
    text: Option<String>,
    address: Option<String>,
    office: String,
    received_at: DateTime<Utc>,
    due: NaiveDate,
    approved_at: Option<DateTime<Utc>>,
    answered_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
    closing_reason: Option<String>,
    closing_note: Option<String>,
    supporters: i32,
    photos: i32,
    waiting: i64,
    email: bool,
    phone: bool,
    lon: f64,
    lat: f64,
}

#[derive(Debug, FromRow)]
struct Said {
    at: DateTime<Utc>,
    audience: String,
    text: String,
}

/// `GET /reports/follow/{secret}`: the state, the answers, and whether contact was given; never the contact itself. A wrong secret is
/// answered as one that nobody has.
#[utoipa::path(
    get,
    path = "/reports/follow/{secret}",
    tag = "reports",
    params(("secret" = String, Path, description = "What the private link ends with"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "What became of it; `photos_lost` names those that could not be read"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(secret): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&["sent"])?;
    let secret = parse(&secret)?;
    let failed = |e| Problem::database("a report's private page", &e);
    let mut session = desk.services.context.database.session(&request.who).await.map_err(failed)?;
    let found = find(&mut session, &secret).await.map_err(failed)?.ok_or_else(absent)?;
    let said: Vec<Said> = sqlx::query_as("select at, audience, text from reports.followed_messages($1)")
        .bind(secret.hash())
        .fetch_all(&mut *session)
        .await
        .map_err(failed)?;
    let categories = category::all(&mut session).await?;
    let lost: Vec<String> =
        sqlx::query_scalar("select reports.lost_photos($1)").bind(secret.hash()).fetch_all(&mut *session).await.map_err(failed)?;
    drop(session);
    let mut response = if request.format == Format::Json {
        reply::json(&document(&found, &said, &lost), links::media::JSON, request.language)
    } else {
        let category = category::name(&categories, &found.category, request.language);
        page::render(&desk, &request, &secret, &page::View { found: &found, said: &said, lost: &lost, category })
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex"));
    Ok(response)
}

async fn find(conn: &mut PgConnection, secret: &Secret) -> Result<Option<Followed>, sqlx::Error> {
    sqlx::query_as(
        "select own_id, id, category, state, text, address, office, received_at, due, approved_at, answered_at, closed_at, closing_reason,
                closing_note, supporters, photos, waiting, email, phone, lon, lat
           from reports.followed($1)",
    )
    .bind(secret.hash())
    .fetch_optional(conn)
    .await
}

fn document(found: &Followed, said: &[Said], lost: &[String]) -> Value {
    let messages: Vec<Value> = said
        .iter()
        .map(|one| json!({ "at": one.at, "from": if one.audience == "from_reporter" { "you" } else { "office" }, "public": one.audience == "public", "text": one.text }))
        .collect();
    json!({
        "id": found.own_id, "merged_into": (found.id != found.own_id).then_some(&found.id), "category": found.category, "state": found.state,
        "text": found.text, "address": found.address, "point": [found.lon, found.lat], "office": found.office,
        "received_at": found.received_at, "due": found.due, "approved_at": found.approved_at, "answered_at": found.answered_at,
        "closed_at": found.closed_at, "closing_reason": found.closing_reason, "closing_note": found.closing_note,
        "supporters": found.supporters, "photos": found.photos, "photos_waiting": found.waiting, "photos_lost": lost,
        "contact": { "email": found.email, "phone": found.phone },
        "public": states::PUBLIC.contains(&&*found.state), "messages": messages,
    })
}

fn parse(secret: &str) -> Result<Secret, Problem> {
    Secret::parse(secret).ok_or_else(absent)
}

fn absent() -> Problem {
    Problem::not_found("there is no report with this private link. Copy it whole, as it was given when the report was sent")
}

/// Tells the journal of what was done through a link.
async fn tell(desk: &Desk, conn: &mut PgConnection, who: &Principal, row: &Row, changed: &str) -> Result<(), Problem> {
    let layer = desk.layer(who)?;
    let changed = [changed.to_owned()];
    let edit = Edit {
        action: Action::Update,
        layer: &layer.id,
        fid: row.fid,
        id: &row.id,
        version: row.version,
        changed: &changed,
        restored: None,
    };
    desk.services.journal.wrote(conn, who, edit).await.map_err(|e| Problem::database("a report's private page", &e))
}
