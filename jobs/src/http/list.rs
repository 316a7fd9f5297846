use axum::extract::State;
use axum::response::Response;
use kernel::Problem;
use operations::{Format, Request};

use super::{Pages, document, json, page};
use crate::read;

/// `GET /jobs`: one's own jobs, the latest first; all for an administrator.
#[utoipa::path(
    get,
    path = "/jobs",
    tag = "jobs",
    params(
        ("limit" = Option<u32>, Query, description = "How many at most", minimum = 1, maximum = 500),
        ("before" = Option<u32>, Query, description = "Only those asked for before the one of this ordinal: `next` has it"),
        ("lang" = Option<String>, Query, description = "`it` or `en`"),
        ("f" = Option<String>, Query, description = "`json` or `html`"),
    ),
    responses((status = 200, description = "`jobs`, and `next` where there are more"))
)]
pub(super) async fn handler(State(pages): State<Pages>, request: Request) -> Result<Response, Problem> {
    request.only(&["limit", "before"])?;
    let limit = i64::from(request.params.integer("limit", 1..=500, 50)?);
    let before = match request.params.get("before") {
        None => None,
        Some(_) => Some(i64::from(request.params.integer("before", 1..=u32::MAX, 1)?)),
    };
    let failed = |e: sqlx::Error| Problem::database("reading jobs", &e);
    let mut session = pages.database.session(&request.who).await.map_err(failed)?;
    let mut jobs = read::list(&mut session, &request.who, before, limit + 1).await.map_err(failed)?;
    let more = jobs.len() > limit as usize;
    jobs.truncate(limit as usize);
    let next = jobs.last().filter(|_| more).map(|last| {
        let form = if request.format == Format::Html { "&f=html" } else { "" };
        pages.public_url.link(&format!("/jobs?limit={limit}&before={}&lang={}{form}", last.ordinal, request.language.tag()))
    });
    if request.format == Format::Html {
        return Ok(page::list(&pages, &request, &jobs, next.as_deref()));
    }
    let jobs: Vec<_> = jobs.iter().map(|job| document(job, &pages.public_url)).collect();
    Ok(json(&json!({ "jobs": jobs, "next": next })))
}
