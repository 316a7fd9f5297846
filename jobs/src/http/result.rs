use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use kernel::{Principal, Problem};

use super::{Pages, absent, id, private};
use crate::{Output, read};

/// `GET /jobs/{id}/result`: what a job left.
#[utoipa::path(
    get,
    path = "/jobs/{id}/result",
    tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses((status = 200, description = "Whatever the job made, as a file"), (status = 404, description = "Not one of yours, or nothing is left"))
)]
pub(super) async fn handler(State(pages): State<Pages>, Path(job): Path<String>, who: Principal) -> Result<Response, Problem> {
    let job = id(&job)?;
    let failed = |e: sqlx::Error| Problem::database("reading a job's result", &e);
    let mut session = pages.database.session(&who).await.map_err(failed)?;
    let Output { media_type, name, content } = read::result(&mut session, &who, job).await.map_err(failed)?.ok_or_else(absent)?;
    drop(session);
    let mut headers = HeaderMap::new();
    let kind = HeaderValue::from_str(&media_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, kind);
    // whatever it is, it runs nothing in our name
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let disposition = match name.as_deref().map(plain).filter(|n| !n.is_empty()) {
        Some(name) => format!("attachment; filename=\"{name}\""),
        None if media_type.starts_with("application/json") => "inline".to_owned(),
        None => "attachment".to_owned(),
    };
    if let Ok(value) = HeaderValue::from_str(&disposition) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(private((headers, content).into_response()))
}

/// A file name of letters, digits and `._-` alone.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' }).take(120).collect()
}
