//! `/jobs`: what runs for whom, as JSON for programs and as pages for people.

mod cancel;
mod list;
mod one;
mod page;
mod result;

use axum::Router;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chrono::SecondsFormat;
use http::{HeaderValue, header};
use kernel::{Database, Problem, PublicUrl, Text};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{JobId, Summary};

/// What the pages are made from.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The database.
    pub database: Database,
    /// What every link begins with.
    pub public_url: PublicUrl,
    /// The name of the installation.
    pub title: Text,
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list::handler, one::handler, cancel::delete, cancel::post, result::handler))]
pub struct Api;

/// The routes under `/jobs`. The edge puts the principal into each request and refuses forged ones.
pub fn routes(pages: Pages) -> Router {
    Router::new()
        .route("/jobs", get(list::handler))
        .route("/jobs/{id}", get(one::handler).delete(cancel::delete))
        .route("/jobs/{id}/cancel", post(cancel::post))
        .route("/jobs/{id}/result", get(result::handler))
        .with_state(pages)
}

/// A JSON document that is one person's alone.
fn json(document: &Value) -> Response {
    private(([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response())
}

/// Nobody keeps it: not a shared cache, nor a browser after signing out.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-language, cookie, authorization, x-api-key"));
    response
}

/// The same for a job that never was, one that is somebody else's and one that has expired.
fn absent() -> Problem {
    Problem::not_found("you have no such job; jobs are forgotten some days after they end")
}

/// A text that is no name of a job names none.
fn id(text: &str) -> Result<JobId, Problem> {
    Uuid::try_parse(text).map(JobId).map_err(|_| absent())
}

fn document(job: &Summary, url: &PublicUrl) -> Value {
    let instant = |t: &chrono::DateTime<chrono::Utc>| t.to_rfc3339_opts(SecondsFormat::Secs, true);
    let href = url.link(&format!("/jobs/{}", job.id));
    let mut links = vec![json!({ "rel": "self", "type": "application/json", "href": href })];
    if job.has_result {
        links.push(json!({ "rel": "result", "href": format!("{href}/result") }));
    }
    json!({
        "id": job.id.to_string(), "kind": job.kind, "owner": job.owner, "state": job.state.name(), "percent": job.percent,
        "message": job.message, "error": job.error, "cancelling": job.cancel && !job.state.is_final(),
        "attempt": job.attempts.0, "attempts": job.attempts.1, "created": instant(&job.created_at),
        "started": job.started_at.as_ref().map(instant), "finished": job.finished_at.as_ref().map(instant),
        "expires": job.expires_at.as_ref().map(instant), "links": links,
    })
}
