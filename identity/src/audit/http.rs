//! `/admin/audit`: the log, for administrators.

use std::fmt;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::{HeaderValue, header};
use kernel::{Database, Params, Principal, Problem};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::entry::{COLUMNS, Entry, hex};

/// What the page is made from.
#[derive(Clone)]
pub struct Pages {
    /// The database.
    pub database: Database,
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

/// What `/openapi.json` says of this address.
#[derive(utoipa::OpenApi)]
#[openapi(paths(handler))]
pub struct Api;

/// The route. The edge puts the principal into each request.
pub fn routes(pages: Pages) -> Router {
    Router::new().route("/admin/audit", get(handler)).with_state(pages)
}

/// `GET /admin/audit`: entries, the latest first, and the head of the chain.
#[utoipa::path(
    get,
    path = "/admin/audit",
    tag = "audit",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most", minimum = 1, maximum = 1000),
        ("before" = Option<String>, Query, description = "Only entries of a smaller number: `next` has it"),
        ("subject" = Option<String>, Query, description = "Only what this account or key did"),
        ("event" = Option<String>, Query, description = "Only acts of this kind"),
        ("layer" = Option<String>, Query, description = "Only on this layer"),
        ("id" = Option<String>, Query, description = "Only on rows of this public id"),
    ),
    responses((status = 200, description = "`entries`, `next`, `head`"), (status = 404, description = "Not for you"))
)]
async fn handler(State(pages): State<Pages>, who: Principal, params: Params) -> Result<Response, Problem> {
    if !who.may_administer() {
        return Err(Problem::not_found("there is nothing here, or nothing for you"));
    }
    let params = params.only(&["limit", "before", "subject", "event", "layer", "id"])?;
    let limit = i64::from(params.integer("limit", 1..=1000, 100)?);
    let number =
        |text: &str| text.parse::<i64>().map_err(|_| Problem::invalid_parameter("before", "`before` is no number", "as `next` has it"));
    let before = params.get("before").map(number).transpose()?;
    let account =
        |text: &str| Uuid::try_parse(text).map_err(|_| Problem::invalid_parameter("subject", "`subject` is no account", "a UUID"));
    let subject = params.get("subject").map(account).transpose()?;
    let failed = |e: sqlx::Error| Problem::database("reading the audit log", &e);
    let text = format!(
        "select {COLUMNS} from identity.audit
          where entry < $1 and ($2::uuid is null or subject = $2) and ($3::text is null or event = $3)
            and ($4::text is null or layer = $4) and ($5::text is null or id = $5)
          order by entry desc limit $6"
    );
    let mut session = pages.database.snapshot(&who).await.map_err(failed)?;
    let entries: Vec<Entry> = sqlx::query_as(AssertSqlSafe(text))
        .bind(before.unwrap_or(i64::MAX))
        .bind(subject)
        .bind(params.get("event"))
        .bind(params.get("layer"))
        .bind(params.get("id"))
        .bind(limit)
        .fetch_all(&mut *session)
        .await
        .map_err(failed)?;
    let head = sqlx::query("select seal, hash from identity.audit_head").fetch_one(&mut *session).await.map_err(failed)?;
    let (seal, hash): (i64, Vec<u8>) = (head.try_get("seal").map_err(failed)?, head.try_get("hash").map_err(failed)?);
    let next = entries.last().filter(|_| entries.len() as i64 == limit).map(|e| e.entry);
    let entries: Vec<Value> = entries.iter().map(Entry::to_json).collect();
    let document = json!({ "entries": entries, "next": next, "head": format!("{seal}:{}", hex(&hash)) });
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"))], Json(document)).into_response())
}
