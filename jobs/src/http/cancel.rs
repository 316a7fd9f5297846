use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;
use kernel::{Principal, Problem};

use super::{Pages, absent, id, private};
use crate::queue;

/// `DELETE /jobs/{id}`: asks a job to stop. 202: it will; 204: it had ended already.
#[utoipa::path(
    delete,
    path = "/jobs/{id}",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 202, description = "It never starts, or is told to stop"),
        (status = 204, description = "It had ended"),
        (status = 404, description = "Not one of yours"),
    )
)]
pub(super) async fn delete(State(pages): State<Pages>, Path(job): Path<String>, who: Principal) -> Result<Response, Problem> {
    let stopping = cancel(&pages, &job, &who).await?;
    Ok(private(if stopping { StatusCode::ACCEPTED } else { StatusCode::NO_CONTENT }.into_response()))
}

/// `POST /jobs/{id}/cancel`: the same, for the page's button, which works without a script.
#[utoipa::path(
    post,
    path = "/jobs/{id}/cancel",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses((status = 303, description = "Back to the job's page"), (status = 404, description = "Not one of yours"))
)]
pub(super) async fn post(State(pages): State<Pages>, Path(job): Path<String>, who: Principal) -> Result<Response, Problem> {
    cancel(&pages, &job, &who).await?;
    let job = id(&job)?;
    Ok(private(Redirect::to(&pages.public_url.link(&format!("/jobs/{job}?f=html"))).into_response()))
}

async fn cancel(pages: &Pages, job: &str, who: &Principal) -> Result<bool, Problem> {
    let job = id(job)?;
    let failed = |e: sqlx::Error| Problem::database("cancelling a job", &e);
    let mut transaction = pages.database.write(who).await.map_err(failed)?;
    let stopping = queue::cancel(&mut transaction, who, job).await.map_err(failed)?.ok_or_else(absent)?;
    transaction.commit().await.map_err(failed)?;
    Ok(stopping)
}
