use axum::extract::{Path, State};
use axum::response::Response;
use kernel::Problem;
use operations::{Format, Request};

use super::{Pages, absent, document, id, json, page};
use crate::read;

/// `GET /jobs/{id}`: how far a job is.
#[utoipa::path(
    get,
    path = "/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job"), ("f" = Option<String>, Query, description = "`json` or `html`"),
        ("lang" = Option<String>, Query, description = "`it` or `en`")),
    responses((status = 200, description = "The job"), (status = 404, description = "Not one of yours"))
)]
pub(super) async fn handler(State(pages): State<Pages>, Path(job): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let job = id(&job)?;
    let failed = |e: sqlx::Error| Problem::database("reading a job", &e);
    let mut session = pages.database.session(&request.who).await.map_err(failed)?;
    let job = read::find(&mut session, &request.who, job).await.map_err(failed)?.ok_or_else(absent)?;
    Ok(if request.format == Format::Html { page::one(&pages, &request, &job) } else { json(&document(&job, &pages.public_url)) })
}
