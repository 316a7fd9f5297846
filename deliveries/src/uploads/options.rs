use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::VERSION;
use crate::Deliveries;

/// `OPTIONS /admin/uploads`: what can be asked for. It says the same to everybody.
pub(crate) async fn handler(State(deliveries): State<Deliveries>) -> Response {
    let most = deliveries.0.settings.upload_bytes.to_string();
    let headers = [
        ("tus-version", VERSION.to_owned()),
        ("tus-extension", "creation,creation-with-upload,expiration,termination,checksum".to_owned()),
        ("tus-checksum-algorithm", "sha1".to_owned()),
        ("tus-max-size", most),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
