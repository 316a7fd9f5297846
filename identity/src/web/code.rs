use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;
use serde::Deserialize;
use serde_json::json;

use super::answer::{document, entered, or_failed, page};
use super::ask::{Ask, Input};
use crate::{Failure, Identity, Secret};

/// `GET /auth/totp`: asks for the app's code.
#[utoipa::path(
    get,
    path = "/auth/totp",
    tag = "sign-in",
    responses((status = 200, description = "The page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(_): State<Identity>, ask: Ask) -> Response {
    if ask.page { form(&ask, None) } else { document(&ask, &json!({"step": "code"})) }
}

fn form(ask: &Ask, failure: Option<&Failure>) -> Response {
    let content = html! {
        form method="post" action=(ask.url("/auth/totp")) {
            p { (ask.say("Scrivi le sei cifre che l'app mostra adesso.", "Type the six digits that the app shows now.")) }
            @if let Some(failure) = failure { p.failure id="wrong" role="alert" { (failure.text(ask.language)) } }
            label for="code" { (ask.say("Codice", "Code")) }
            input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="7" autofocus
                aria-describedby=[failure.map(|_| "wrong")];
            button type="submit" { (ask.say("Entra", "Sign in")) }
        }
        p { a href=(ask.url("/auth/sign-in")) { (ask.say("Ricomincia", "Begin again")) } }
    };
    let mut response = page(ask, ask.say("Codice", "Code"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    response
}

#[derive(Deserialize)]
pub(super) struct Typed {
    code: Secret,
}

/// `POST /auth/totp`: the second step; the session begins.
#[utoipa::path(
    post,
    path = "/auth/totp",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`code`"),
    responses((status = 200, description = "The session, as a cookie"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn enter(State(identity): State<Identity>, ask: Ask, Input(typed): Input<Typed>) -> Response {
    match identity.code(typed.code.reveal(), &ask.headers, ask.client).await {
        Ok((token, next)) => or_failed(&ask, entered(&ask, &token, &next)),
        Err(failure) if ask.page => form(&ask, Some(&failure)),
        Err(failure) => or_failed(&ask, Err(failure)),
    }
}
