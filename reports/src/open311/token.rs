use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::Problem;
use serde_json::json;

use super::{Asked, write};
use crate::desk::Desk;
use crate::secret::Secret;

/// `GET tokens/{token}.json`: the number of what was sent. Numbers are given at once here, so the token is the private link's secret, for who
/// keeps nothing else.
#[utoipa::path(
    get,
    path = "/open311/v2/tokens/{token}",
    tag = "open311",
    params(("token" = String, Path, description = "A token with its ending")),
    responses((status = 200, description = "GeoReport v2"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn handler(State(desk): State<Desk>, asked: Asked) -> Response {
    match find(&desk, &asked).await {
        Ok(id) => {
            let record = json!({ "service_request_id": id, "token": asked.name });
            write::list(asked.form, StatusCode::OK, ("service_requests", "request"), &[record])
        }
        Err(problem) => asked.refuse(&problem),
    }
}

async fn find(desk: &Desk, asked: &Asked) -> Result<String, Problem> {
    let absent = || Problem::not_found("there is no such token");
    let secret = Secret::parse(&asked.name).ok_or_else(absent)?;
    let failed = |e| Problem::database("an Open311 token", &e);
    let mut session = desk.services.context.database.session(&asked.who).await.map_err(failed)?;
    let id: Option<String> = sqlx::query_scalar("select own_id from reports.followed($1)")
        .bind(secret.hash())
        .fetch_optional(&mut *session)
        .await
        .map_err(failed)?;
    id.ok_or_else(absent)
}
