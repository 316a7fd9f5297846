use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::Principal;
use serde_json::{Value, json};

use super::App;

/// `GET /healthz`: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "running", responses((status = 200, description = "The process answers")))]
pub(super) async fn alive() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

/// `GET /readyz`: requests can be served. The database must answer; a change feed that is still starting does not stand in
/// the way (tiles and items are right without it, open maps only learn of changes later), but is told.
#[utoipa::path(get, path = "/readyz", tag = "running", responses((status = 200, description = "The database answers; 503 when it does not")))]
pub(super) async fn ready(State(app): State<App>) -> Response {
    let question = async { sqlx::query("select 1").execute(&mut *app.context.database.session(&Principal::anonymous()).await?).await };
    let database = matches!(tokio::time::timeout(Duration::from_secs(2), question).await, Ok(Ok(_)));
    let feed = app.feed.status();
    let body = json!({
        "status": if database { "ready" } else { "unavailable" },
        "database": if database { "answers" } else { "does not answer" },
        "feed": feed,
    });
    let status = if database { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}
