use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use http::header;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::answer::{document, onward, or_failed, page};
use super::ask::{Ask, Input};
use super::layout::passkey_button;
use super::{new_password, password};
use crate::passkey::OwnPasskey;
use crate::password::OwnPassword;
use crate::session::OwnSession;
use crate::{Failure, Identity, cookie};

/// `GET /auth/sessions`: one's own sessions and passkeys.
#[utoipa::path(
    get,
    path = "/auth/sessions",
    tag = "sign-in",
    responses((status = 200, description = "The page, or `sessions` and `passkeys`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(identity): State<Identity>, ask: Ask) -> Response {
    let result = async {
        let current = ask.current()?;
        let sessions = identity.own_sessions(current).await?;
        let passkeys = identity.own_passkeys(current).await?;
        let own_password = identity.own_password(current).await?;
        if !ask.page {
            return Ok(document(&ask, &json!({"sessions": sessions, "passkeys": passkeys})));
        }
        let content = html! {
            p.lead { strong { (current.principal.name().unwrap_or_default()) } }
            h2 { (ask.say("Dove sei entrato", "Where you are signed in")) }
            ul.rows { @for session in &sessions { (session_row(&ask, session)) } }
            form method="post" action=(ask.url("/auth/sign-out")) {
                input type="hidden" name="everywhere" value="true";
                button type="submit" { (ask.say("Esci dappertutto", "Sign out everywhere")) }
            }
            @let way = match own_password {
                OwnPassword::There => Some((password::ADDRESS, ask.say("Cambia la password", "Change the password"))),
                OwnPassword::Wanting => Some((new_password::ADDRESS, ask.say("Aggiungi una password", "Add a password"))),
                OwnPassword::None => None,
            };
            @if let Some((address, words)) = way {
                h2 { "Password" }
                p { a.button href=(ask.url(address)) { (words) } }
            }
            @if identity.passkeys.is_some() && current.method != "demo" {
                h2 { "Passkey" }
                ul.rows { @for passkey in &passkeys { (passkey_row(&ask, passkey)) } }
                (passkey_button(&ask, ask.say("Aggiungi una passkey", "Add a passkey"), "new", "", None))
            }
        };
        Ok(page(&ask, ask.say("I miei accessi", "My sessions"), &content))
    };
    or_failed(&ask, result.await)
}

fn session_row(ask: &Ask, session: &OwnSession) -> Markup {
    html! {
        li {
            div {
                strong { @if session.agent.is_empty() { (ask.say("Programma senza nome", "A program without a name")) } @else { (program(&session.agent)) } }
                p.quiet {
                    (ask.say("dal ", "since ")) (time(session.opened_at)) (ask.say(", usato ", ", used ")) (time(session.seen_at))
                    @if session.current { " · " (ask.say("questo", "this one")) }
                }
            }
            form method="post" action=(ask.url(&format!("/auth/sessions/{}", session.id))) { button type="submit" { (ask.say("Chiudi", "End")) } }
        }
    }
}

/// What a browser's long name says to people.
fn program(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] =
        [("Firefox/", "Firefox"), ("Edg/", "Edge"), ("OPR/", "Opera"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("QGIS", "QGIS")];
    const SYSTEMS: [(&str, &str); 6] =
        [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux")];
    let first = |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (first(&BROWSERS), first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(name), None) => name.to_owned(),
        _ => agent.to_owned(),
    }
}

fn passkey_row(ask: &Ask, passkey: &OwnPasskey) -> Markup {
    html! {
        li {
            div {
                strong { (passkey.name) }
                p.quiet {
                    (ask.say("dal ", "since ")) (time(passkey.created_at))
                    @if let Some(used) = passkey.used_at { (ask.say(", usata ", ", used ")) (time(used)) }
                }
            }
            form method="post" action=(ask.url(&format!("/auth/passkeys/{}", passkey.id))) { button type="submit" { (ask.say("Togli", "Remove")) } }
        }
    }
}

fn time(at: DateTime<Utc>) -> Markup {
    html! { time datetime=(at.to_rfc3339()) { (at.with_timezone(&Rome).format("%d/%m/%Y %H:%M")) } }
}

/// `DELETE /auth/sessions/{id}` (or a form's `POST`): ends one of one's own.
#[utoipa::path(
    method(delete, post),
    path = "/auth/sessions/{id}",
    tag = "sign-in",
    params(("id" = String, Path, description = "The session")),
    responses((status = 200, description = "It has ended; a form may `POST` it"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn end(State(identity): State<Identity>, Path(id): Path<String>, ask: Ask) -> Response {
    let result = async {
        let id = Uuid::try_parse(&id).map_err(|_| Failure::not_found())?;
        let current = ask.current()?;
        identity.end_session(current, id).await?;
        let path = if id == current.id { "/auth/sign-in" } else { "/auth/sessions" };
        Ok(onward(&ask, path, &json!({"ended": true})))
    };
    or_failed(&ask, result.await)
}

#[derive(Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    everywhere: Option<Everywhere>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Everywhere {
    Json(bool),
    Form(String),
}

/// `POST /auth/sign-out`: here, or everywhere.
#[utoipa::path(
    post,
    path = "/auth/sign-out",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`everywhere`"),
    responses((status = 200, description = "Signed out"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn sign_out(State(identity): State<Identity>, ask: Ask, Input(wanted): Input<Wanted>) -> Response {
    let everywhere = match wanted.everywhere {
        Some(Everywhere::Json(everywhere)) => everywhere,
        Some(Everywhere::Form(text)) => text == "true",
        None => false,
    };
    let result = async {
        match (&ask.current, everywhere) {
            (Some(current), true) => identity.sign_out_everywhere(current).await?,
            (Some(current), false) => identity.sign_out(current).await?,
            (None, _) => {}
        }
        let mut response = onward(&ask, "/auth/sign-in", &json!({"signed_in": false}));
        for name in [cookie::SESSION, cookie::FLOW] {
            response.headers_mut().append(header::SET_COOKIE, cookie::forget(name));
        }
        Ok(response)
    };
    or_failed(&ask, result.await)
}

#[cfg(test)]
mod tests {
    use super::program;

    #[test]
    fn people_know_their_browsers_by_name() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(program(chrome), "Chrome, Linux");
        assert_eq!(
            program("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"),
            "Safari, iPhone"
        );
        assert_eq!(program("curl/8"), "curl/8");
    }
}
