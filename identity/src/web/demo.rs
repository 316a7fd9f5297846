use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::answer::{entered, or_failed};
use super::ask::{Ask, Input, local};
use crate::Identity;

#[derive(Deserialize)]
pub(super) struct Wanted {
    next: Option<String>,
}

/// `POST /auth/demo/{person}`: one click, and one is an invented person. Only under `opensit demo`; elsewhere nothing is here.
#[utoipa::path(
    post,
    path = "/auth/demo/{person}",
    tag = "sign-in",
    params(("person" = String, Path, description = "An invented person")),
    request_body(content_type = "application/json", description = "`next`"),
    responses((status = 200, description = "The session, as a cookie"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn enter(
    State(identity): State<Identity>,
    Path(person): Path<String>,
    ask: Ask,
    Input(wanted): Input<Wanted>,
) -> Response {
    let token = identity.demo(&person, &ask.headers).await;
    or_failed(&ask, token.and_then(|token| entered(&ask, &token, &local(wanted.next.as_deref()))))
}
