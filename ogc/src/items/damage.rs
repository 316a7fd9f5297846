use axum::extract::{RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kernel::Principal;

use crate::App;

/// Answers for a layer whose table is no longer what it declares, with 503 and what to do; also where that only shows when it is
/// read. The address that it is round has a part `collection`.
pub(crate) async fn guard(State(app): State<App>, who: Principal, path: RawPathParams, request: Request, next: Next) -> Response {
    let id = path.iter().find(|(name, _)| *name == "collection").map_or("", |(_, id)| id);
    let database = &app.context.database;
    if let Some(Err(problem)) = app.catalogue.layer_now(database, &who, id).await.map(|entry| entry.sound()) {
        return problem.into_response();
    }
    let response = next.run(request).await;
    if response.status() != StatusCode::INTERNAL_SERVER_ERROR {
        return response;
    }
    app.catalogue.look_again(database).await;
    match app.catalogue.layer(&who, id).map(|entry| entry.sound()) {
        Some(Err(problem)) => problem.into_response(),
        _ => response,
    }
}
