use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use kernel::Assurance;
use maud::html;
use serde_json::json;

use super::answer::{document, entered, or_failed, page};
use super::ask::{Ask, Input};
use super::enrol::{Form, Offer, Typed};
use super::layout::passkey_button;
use crate::link::Opened;
use crate::session::Opening;
use crate::totp::Authenticator;
use crate::{Failure, Identity, Token};

/// `GET /auth/link/{token}`: whose it is, and the ways to choose from. Looking uses nothing up.
#[utoipa::path(
    get,
    path = "/auth/link/{token}",
    tag = "sign-in",
    params(("token" = String, Path, description = "The one-time link")),
    responses((status = 200, description = "The page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(identity): State<Identity>, Path(token): Path<String>, ask: Ask) -> Response {
    let result = async {
        identity.can_sign_in()?;
        identity.attempt(ask.client, None).await?;
        let token = Token::parse(&token).ok_or_else(Failure::no_such_link)?;
        let opened = identity.look_at(&token).await?;
        identity.forgive(ask.client, None).await?;
        let account = &opened.account;
        let offer = Offer::new(&ask, &purpose(&token), account)?;
        if ask.page {
            return form(&ask, &token, &opened, &offer, "", None);
        }
        let (purpose, totp) = (opened.purpose.name(), offer.document());
        Ok(document(&ask, &json!({"purpose": purpose, "name": account.name, "email": account.email, "totp": totp})))
    };
    or_failed(&ask, result.await)
}

fn purpose(token: &Token) -> String {
    format!("totp offered to link {:x?}", token.hash())
}

fn form(ask: &Ask, token: &Token, opened: &Opened, offer: &Offer, email: &str, failure: Option<&Failure>) -> Result<Response, Failure> {
    let link = token.reveal();
    let password = Form { action: ask.url(&format!("/auth/link/{link}")), account: &opened.account, email, failure };
    let content = html! {
        p.lead { (ask.say("Ciao ", "Hello ")) strong { (opened.account.name) } ". " (ask.say(
            "Scegli come entrare d'ora in poi. Questo collegamento vale una volta sola.",
            "Choose how to sign in from now on. This link is good once.")) }
        @if ask.identity.passkeys.is_some() {
            h2 { (ask.say("Con una passkey", "With a passkey")) }
            p { (ask.say("Il telefono o il computer ti riconosce: niente da ricordare.", "Your phone or computer knows you: nothing to remember.")) }
            (passkey_button(ask, ask.say("Crea una passkey", "Create a passkey"), "new", "", Some(&link)))
            noscript { p.quiet { (ask.say("Serve JavaScript.", "It needs JavaScript.")) } }
        }
        @for source in &ask.identity.parts.sources {
            p { a.button href=(ask.url(&format!("/auth/oidc/start?source={}&link={link}", source.id()))) {
                (ask.say("Usa ", "Use ")) (source.title().get(ask.language)) } }
        }
        (password.draw(ask, offer)?)
    };
    let mut response = page(ask, ask.say("Il tuo accesso", "Your account"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    Ok(response)
}

/// `POST /auth/link/{token}`: a password and an app. The link is used up, the session begins.
#[utoipa::path(
    post,
    path = "/auth/link/{token}",
    tag = "sign-in",
    params(("token" = String, Path, description = "The one-time link")),
    request_body(content_type = "application/json", description = "`email`, `password`, `totp`, `code`"),
    responses((status = 200, description = "The session, as a cookie"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn choose(State(identity): State<Identity>, Path(token): Path<String>, ask: Ask, Input(typed): Input<Typed>) -> Response {
    let result = async {
        identity.can_sign_in()?;
        identity.attempt(ask.client, None).await?;
        let token = Token::parse(&token).ok_or_else(Failure::no_such_link)?;
        let opened = identity.look_at(&token).await?;
        let app = typed.app(&ask, &purpose(&token))?;
        match save(&ask, &token, &opened, &typed, &app).await {
            Err(failure) if ask.page => {
                let offer = Offer::of(&ask, &purpose(&token), &opened.account, app)?;
                form(&ask, &token, &opened, &offer, typed.email.as_deref().unwrap_or_default(), Some(&failure))
            }
            Err(failure) => Err(failure),
            Ok(session) => {
                identity.forgive(ask.client, None).await?;
                entered(&ask, &session, "/portal/")
            }
        }
    };
    or_failed(&ask, result.await)
}

async fn save(ask: &Ask, token: &Token, opened: &Opened, typed: &Typed, app: &Authenticator) -> Result<Token, Failure> {
    let identity = &ask.identity;
    let (chosen, email) = typed.chosen(ask, &opened.account, app).await?;
    let mut tx = identity.as_nobody().await?;
    let account = identity.redeem(&mut tx, &token.hash(), &chosen).await?;
    if opened.account.email.is_none() {
        identity.set_email(&mut tx, account, &email).await?;
    }
    let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers: &ask.headers };
    let session = identity.open(&mut tx, opening).await?;
    tx.commit().await?;
    identity.sessions.forget_account(account);
    Ok(session)
}
