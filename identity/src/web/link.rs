use axum::extract::{Path, State};
use axum::response::Response;
use http::StatusCode;
use kernel::Assurance;
use maud::{Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::json;

use super::answer::{document, entered, or_failed, page};
use super::ask::{Ask, Input};
use super::layout::passkey_button;
use crate::account::checked_email;
use crate::link::{Chosen, Opened};
use crate::secret::Base64;
use crate::session::Opening;
use crate::totp::{self, Authenticator};
use crate::{Failure, Identity, Secret, Token, password};

/// An authenticator that is offered on a page: its secret goes along, encrypted, so that nothing is kept until it is chosen.
struct Offer {
    app: Authenticator,
    sealed: String,
    uri: String,
}

/// `GET /auth/link/{token}`: whose it is, and the ways to choose from. Looking uses nothing up.
pub(super) async fn show(State(identity): State<Identity>, Path(token): Path<String>, ask: Ask) -> Response {
    let result = async {
        identity.can_sign_in()?;
        identity.attempt(ask.client, None).await?;
        let token = Token::parse(&token).ok_or_else(Failure::no_such_link)?;
        let opened = identity.look_at(&token).await?;
        identity.forgive(ask.client, None).await?;
        let offer = offer(&ask, &token, &opened)?;
        if ask.page {
            return form(&ask, &token, &opened, &offer, "", None);
        }
        let totp = json!({"secret": offer.app.base32(), "uri": offer.uri, "sealed": offer.sealed});
        let account = &opened.account;
        Ok(document(&ask, &json!({"purpose": opened.purpose.name(), "name": account.name, "email": account.email, "totp": totp})))
    };
    or_failed(&ask, result.await)
}

fn purpose(token: &Token) -> String {
    format!("totp offered to link {:x?}", token.hash())
}

fn offer(ask: &Ask, token: &Token, opened: &Opened) -> Result<Offer, Failure> {
    offer_of(ask, token, opened, Authenticator::new()?)
}

fn offer_of(ask: &Ask, token: &Token, opened: &Opened, app: Authenticator) -> Result<Offer, Failure> {
    let sealed = ask.identity.parts.key.seal(&purpose(token), app.bytes())?;
    let label = opened.account.email.as_deref().unwrap_or(&opened.account.name);
    let uri = app.uri(ask.identity.parts.title.get(ask.language), label);
    let sealed = serde_json::to_value(Base64(sealed)).map_err(|e| Failure::internal("offering an authenticator", &e))?;
    Ok(Offer { app, sealed: sealed.as_str().unwrap_or_default().to_owned(), uri })
}

fn form(ask: &Ask, token: &Token, opened: &Opened, offer: &Offer, email: &str, failure: Option<&Failure>) -> Result<Response, Failure> {
    let link = token.reveal();
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
        (password_form(ask, &link, opened, offer, email, failure)?)
    };
    let mut response = page(ask, ask.say("Il tuo accesso", "Your account"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    Ok(response)
}

fn password_form(ask: &Ask, link: &str, opened: &Opened, offer: &Offer, email: &str, failure: Option<&Failure>) -> Result<Markup, Failure> {
    let picture = totp::picture(&offer.uri)?;
    Ok(html! {
        form method="post" action=(ask.url(&format!("/auth/link/{link}"))) {
            h2 { (ask.say("Con password e codice", "With password and code")) }
            @if let Some(failure) = failure { p.failure id="wrong" role="alert" { (failure.text(ask.language)) } }
            input type="hidden" name="totp" value=(offer.sealed);
            @let known = opened.account.email.as_deref();
            label for="email" { (ask.say("Indirizzo di posta", "E-mail address")) }
            input id="email" name="email" type="email" autocomplete="username" required maxlength="254" readonly[known.is_some()] value=(known.unwrap_or(email));
            label for="password" { (ask.say("Nuova password, almeno 12 caratteri", "New password, at least 12 characters")) }
            input id="password" name="password" type="password" autocomplete="new-password" required minlength="12" maxlength="256"
                aria-describedby=[failure.map(|_| "wrong")];
            p { (ask.say("Inquadra il disegno con un'app di codici (o scrivi in essa la chiave), poi scrivi qui il codice che mostra.",
                "Scan the picture with an authenticator app (or type the key into it), then type the code that it shows.")) }
            div.qr role="img" aria-label=(ask.say("Codice QR per l'app", "QR code for the app")) { (PreEscaped(picture)) }
            p { (ask.say("Chiave: ", "Key: ")) code { (offer.app.base32()) } }
            label for="code" { (ask.say("Codice di sei cifre", "Six-digit code")) }
            input id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required maxlength="7";
            button type="submit" { (ask.say("Salva ed entra", "Save and sign in")) }
        }
    })
}

#[derive(Deserialize)]
pub(super) struct Typed {
    email: Option<String>,
    password: Secret,
    totp: Base64,
    code: Secret,
}

/// `POST /auth/link/{token}`: a password and an app. The link is used up, the session begins.
pub(super) async fn choose(State(identity): State<Identity>, Path(token): Path<String>, ask: Ask, Input(typed): Input<Typed>) -> Response {
    let result = async {
        identity.can_sign_in()?;
        identity.attempt(ask.client, None).await?;
        let token = Token::parse(&token).ok_or_else(Failure::no_such_link)?;
        let opened = identity.look_at(&token).await?;
        let plain = identity.parts.key.open_sealed(&purpose(&token), &typed.totp.0);
        let app = plain.and_then(|bytes| Authenticator::from_bytes(&bytes)).ok_or_else(Failure::stale)?;
        match save(&ask, &token, &opened, &typed, &app).await {
            Err(failure) if ask.page => {
                let offer = offer_of(&ask, &token, &opened, app)?;
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
    let email = match &opened.account.email {
        Some(email) => email.clone(),
        None => checked_email(typed.email.as_deref().unwrap_or_default())?,
    };
    password::check(&typed.password, &[&opened.account.name, &email, identity.parts.title.get(ask.language)])?;
    let step = app.step(typed.code.reveal(), identity.now()).ok_or_else(|| {
        Failure::invalid("Il codice non è quello che l'app mostra adesso.", "The code is not the one that the app shows now.")
    })?;
    let phc = identity.hasher.hash(typed.password.clone()).await?;
    let mut tx = identity.as_nobody().await?;
    let account = identity.redeem(&mut tx, &token.hash(), &Chosen::Password { phc, app: app.clone(), step }).await?;
    if opened.account.email.is_none() {
        identity.set_email(&mut tx, account, &email).await?;
    }
    let opening = Opening { account, method: "password", assurance: Assurance::Substantial, headers: &ask.headers };
    let session = identity.open(&mut tx, opening).await?;
    tx.commit().await?;
    identity.sessions.forget_account(account);
    Ok(session)
}
