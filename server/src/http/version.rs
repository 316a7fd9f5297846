use axum::Json;
use serde_json::{Value, json};

/// `GET /version`
#[utoipa::path(get, path = "/version", tag = "running", responses((status = 200, description = "Name and version of the program")))]
pub(super) async fn handler() -> Json<Value> {
    Json(json!({ "name": "opensit", "version": env!("CARGO_PKG_VERSION") }))
}
