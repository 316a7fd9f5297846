use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use maud::html;
use serde_json::json;
use uuid::Uuid;

use super::answer::{document, entered, or_failed, page};
use super::ask::{Ask, Input};
use super::enrol::{Form, Offer, Typed};
use crate::account::Account;
use crate::session::Current;
use crate::{Failure, Identity};

/// Where the form is.
pub(super) const ADDRESS: &str = "/auth/password/new";

/// `GET /auth/password/new`: a password with an app, offered to who has just signed in with a passkey and has none.
#[utoipa::path(
    get,
    path = "/auth/password/new",
    tag = "sign-in",
    responses((status = 200, description = "The page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn show(State(identity): State<Identity>, ask: Ask) -> Response {
    let result = async {
        let current = ask.current()?;
        identity.may_add_password(current).await?;
        let account = own_account(&identity, current).await?;
        let offer = Offer::new(&ask, &purpose(account.id), &account)?;
        if ask.page {
            form(&ask, &account, &offer, None)
        } else {
            Ok(document(&ask, &json!({"email": account.email, "totp": offer.document()})))
        }
    };
    or_failed(&ask, result.await)
}

fn purpose(account: Uuid) -> String {
    format!("totp offered to account {account}")
}

async fn own_account(identity: &Identity, current: &Current) -> Result<Account, Failure> {
    let mut session = identity.parts.database.session(&current.principal).await?;
    identity.account(&mut session, current.account).await
}

fn form(ask: &Ask, account: &Account, offer: &Offer, failure: Option<&Failure>) -> Result<Response, Failure> {
    let password = Form { action: ask.url(ADDRESS), account, email: "", failure };
    let content = html! {
        p.lead { (ask.say(
            "Accanto alla passkey, che resta. Poi si chiudono tutti i tuoi accessi tranne questo.",
            "Beside the passkey, which stays. Afterwards all your sessions end but this one.")) }
        (password.draw(ask, offer)?)
        p { a href=(ask.url("/auth/sessions")) { (ask.say("I miei accessi", "My sessions")) } }
    };
    let mut response = page(ask, ask.say("Aggiungi una password", "Add a password"), &content);
    *response.status_mut() = failure.map_or(StatusCode::OK, |f| f.problem().status());
    Ok(response)
}

/// `POST /auth/password/new`: takes both; the session goes on under a new cookie, all others end.
#[utoipa::path(
    post,
    path = "/auth/password/new",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`email`, `password`, `totp`, `code`"),
    responses((status = 200, description = "The session goes on"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn add(State(identity): State<Identity>, ask: Ask, Input(typed): Input<Typed>) -> Response {
    let result = async {
        let current = ask.current()?;
        identity.may_add_password(current).await?;
        identity.attempt(ask.client, None).await?;
        let account = own_account(&identity, current).await?;
        let app = typed.app(&ask, &purpose(account.id))?;
        let chosen = typed.chosen(&ask, &account, &app).await;
        let added = match chosen {
            Ok((chosen, _)) => identity.add_password(current, &chosen, &ask.headers).await,
            Err(failure) => Err(failure),
        };
        match added {
            Ok(token) => {
                identity.forgive(ask.client, None).await?;
                entered(&ask, &token, "/auth/sessions")
            }
            Err(failure) if ask.page => form(&ask, &account, &Offer::of(&ask, &purpose(account.id), &account, app)?, Some(&failure)),
            Err(failure) => Err(failure),
        }
    };
    or_failed(&ask, result.await)
}
