use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;
use serde_json::json;

use super::answer::{document, entered, or_failed, page};
use super::ask::{Ask, Input};
use crate::password::{NewPassword, OwnPassword};
use crate::session::Current;
use crate::{Failure, Identity};

/// Where the form is.
pub(super) const ADDRESS: &str = "/auth/password/change";

/// `GET /auth/password/change`: the form for another password, for who has one.
#[utoipa::path(
    get,
    path = "/auth/password/change",
    tag = "sign-in",
    responses((status = 200, description = "The page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(identity): State<Identity>, ask: Ask) -> Response {
    let result = async {
        let current = ask.current()?;
        if identity.own_password(current).await? != OwnPassword::There {
            return Err(Failure::not_found());
        }
        Ok(if ask.page { form(&ask, current, None) } else { document(&ask, &json!({"email": current.email})) })
    };
    or_failed(&ask, result.await)
}

fn form(ask: &Ask, current: &Current, failure: Option<&Failure>) -> Response {
    let wrong = failure.map(|_| "wrong");
    let content = html! {
        form method="post" action=(ask.url(ADDRESS)) {
            p { (ask.say(
                "Per cambiarla serve quello che serve per entrare. Poi si chiudono tutti i tuoi accessi tranne questo.",
                "It takes what signing in takes. Afterwards all your sessions end but this one.")) }
            @if let Some(failure) = failure { p.failure id="wrong" role="alert" { (failure.text(ask.language)) } }
            label for="email" { (ask.say("Indirizzo di posta", "E-mail address")) }
            input id="email" type="email" autocomplete="username" readonly value=(current.email.as_deref().unwrap_or_default());
            label for="current" { (ask.say("Password di adesso", "Present password")) }
            input id="current" name="current" type="password" autocomplete="current-password" required maxlength="1000" aria-describedby=[wrong];
            label for="new" { (ask.say("Nuova password, almeno 12 caratteri", "New password, at least 12 characters")) }
            input id="new" name="new" type="password" autocomplete="new-password" required minlength="12" maxlength="256" aria-describedby=[wrong];
            label for="code" { (ask.say("Codice di sei cifre dell'app", "Six-digit code of the app")) }
            input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="7" aria-describedby=[wrong];
            button type="submit" { (ask.say("Cambia la password", "Change the password")) }
        }
        p { a href=(ask.url("/auth/sessions")) { (ask.say("I miei accessi", "My sessions")) } }
    };
    let mut response = page(ask, ask.say("Cambia la password", "Change the password"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    response
}

/// `POST /auth/password/change`: takes it; the session goes on under a new cookie, all others end.
#[utoipa::path(
    post,
    path = "/auth/password/change",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`current`, `new`, `code`"),
    responses((status = 200, description = "The session goes on"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn change(State(identity): State<Identity>, ask: Ask, Input(typed): Input<NewPassword>) -> Response {
    let result = async {
        let current = ask.current()?;
        match identity.change_password(current, typed, &ask.headers, ask.client).await {
            Ok(token) => entered(&ask, &token, "/auth/sessions"),
            Err(failure) if ask.page => Ok(form(&ask, current, Some(&failure))),
            Err(failure) => Err(failure),
        }
    };
    or_failed(&ask, result.await)
}
