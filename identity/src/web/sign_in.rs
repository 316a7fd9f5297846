use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;

use super::answer::{begun, document, onward, or_failed, page};
use super::ask::{Ask, Input, local};
use super::layout::passkey_button;
use crate::sign_in::PEOPLE;
use crate::{Failure, Identity, Secret};

/// `GET /auth/sign-in`: the ways in. With `next`, where to go afterwards.
#[utoipa::path(
    get,
    path = "/auth/sign-in",
    tag = "sign-in",
    params(("next" = Option<String>, Query, description = "The path to go to afterwards")),
    responses((status = 200, description = "The page, or the ways in"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(_): State<Identity>, ask: Ask) -> Response {
    let next = local(ask.parameter("next"));
    if !ask.page {
        return document(&ask, &ways(&ask));
    }
    form(&ask, &next, "", None)
}

fn ways(ask: &Ask) -> serde_json::Value {
    let identity = &ask.identity;
    let sources = identity.parts.sources.iter().map(|s| json!({"id": s.id(), "title": s.title().get(ask.language)}));
    json!({
        "possible": identity.can_sign_in().is_ok(),
        "password": identity.can_sign_in().is_ok(),
        "passkey": identity.passkeys.is_some(),
        "sources": sources.collect::<Vec<_>>(),
        "demo": super::me::people(ask),
    })
}

/// The page, with what was wrong the last time and the address that was typed.
fn form(ask: &Ask, next: &str, email: &str, failure: Option<&Failure>) -> Response {
    let content = match ask.identity.can_sign_in() {
        Err(failure) => html! { p.failure role="alert" { (failure.text(ask.language)) } },
        Ok(()) => html! {
            @if let Some(current) = &ask.current { (already(ask, current.principal.name().unwrap_or_default())) }
            @if ask.identity.parts.settings.demo { (demo(ask, next)) }
            (others(ask, next))
            (password_form(ask, next, email, failure))
            p.quiet { (ask.say(
                "Non riesci a entrare? Chi amministra il servizio può darti un collegamento che vale una volta sola.",
                "You can't get in? The administrator can give you a link that is good once.")) }
        },
    };
    let mut response = page(ask, ask.say("Accesso", "Sign in"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    response
}

fn already(ask: &Ask, name: &str) -> Markup {
    html! {
        form.note method="post" action=(ask.url("/auth/sign-out")) {
            p { (ask.say("Hai già fatto l'accesso come ", "You are signed in as ")) strong { (name) } ". "
                a href=(ask.url("/auth/sessions")) { (ask.say("I miei accessi", "My sessions")) } }
            button type="submit" { (ask.say("Esci", "Sign out")) }
        }
    }
}

fn demo(ask: &Ask, next: &str) -> Markup {
    html! {
        section.note aria-labelledby="demo" {
            h2 id="demo" { (ask.say("Dimostrazione: entra come…", "Demonstration: enter as…")) }
            p { (ask.say("Queste persone sono inventate. Un clic e sei una di loro.", "These people are invented. One click and you are one of them.")) }
            @for person in PEOPLE {
                form method="post" action=(ask.url(&format!("/auth/demo/{}", person.id))) {
                    input type="hidden" name="next" value=(next);
                    button.person type="submit" { strong { (person.name) } ", " (person.title().get(ask.language)) }
                }
            }
        }
    }
}

fn others(ask: &Ask, next: &str) -> Markup {
    let encoded = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC).to_string();
    html! {
        @if ask.identity.passkeys.is_some() {
            (passkey_button(ask, ask.say("Entra con una passkey", "Sign in with a passkey"), "sign-in", next, None))
        }
        @for source in &ask.identity.parts.sources {
            p { a.button href=(ask.url(&format!("/auth/oidc/start?source={}&next={encoded}", source.id()))) {
                (ask.say("Entra con ", "Sign in with ")) (source.title().get(ask.language)) } }
        }
    }
}

fn password_form(ask: &Ask, next: &str, email: &str, failure: Option<&Failure>) -> Markup {
    html! {
        form method="post" action=(ask.url("/auth/password")) {
            h2 { (ask.say("Con password e codice", "With password and code")) }
            @if let Some(failure) = failure { p.failure id="wrong" role="alert" { (failure.text(ask.language)) } }
            input type="hidden" name="next" value=(next);
            label for="email" { (ask.say("Indirizzo di posta", "E-mail address")) }
            input id="email" name="email" type="email" autocomplete="username" required maxlength="254" value=(email)
                aria-describedby=[failure.map(|_| "wrong")];
            label for="password" { "Password" }
            input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1000"
                aria-describedby=[failure.map(|_| "wrong")];
            button type="submit" { (ask.say("Avanti", "Next")) }
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Typed {
    email: String,
    password: Secret,
    next: Option<String>,
}

/// `POST /auth/password`: the first step. Then the code is asked for at `/auth/totp`.
#[utoipa::path(
    post,
    path = "/auth/password",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`email`, `password`, `next`"),
    responses((status = 200, description = "What comes next"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn password(State(identity): State<Identity>, ask: Ask, Input(typed): Input<Typed>) -> Response {
    let next = local(typed.next.as_deref());
    match identity.password(&typed.email, typed.password, ask.client, next.clone()).await {
        Ok(flow) => or_failed(&ask, begun(onward(&ask, "/auth/totp", &json!({"step": "code"})), &flow)),
        Err(failure) if ask.page => form(&ask, &next, &typed.email.chars().take(254).collect::<String>(), Some(&failure)),
        Err(failure) => or_failed(&ask, Err(failure)),
    }
}
