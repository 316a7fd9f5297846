use axum::extract::{Path, State};
use axum::response::Response;
use http::header;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{begun, document, entered, onward, or_failed};
use super::ask::{Ask, Input, local};
use crate::account::Account;
use crate::flow::Flow;
use crate::link::Chosen;
use crate::passkey::SIGN_IN_ASSURANCE;
use crate::secret::Base64;
use crate::session::Opening;
use crate::{Failure, Identity, Token, cookie};

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// `sign-in`, or `new`: for the account of a link, else for who is signed in.
    purpose: Purpose,
    link: Option<String>,
    next: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Purpose {
    SignIn,
    New,
}

/// `POST /auth/passkey/begin`: what to give to `navigator.credentials.get` or `create` (WebAuthn's JSON form).
#[utoipa::path(
    post,
    path = "/auth/passkey/begin",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`purpose` (`sign-in` or `new`), `link`, `next`"),
    responses((status = 200, description = "WebAuthn options"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn begin(State(identity): State<Identity>, ask: Ask, Input(wanted): Input<Wanted>) -> Response {
    let result = async {
        identity.can_sign_in()?;
        let (options, flow) = match wanted.purpose {
            Purpose::SignIn => {
                let (options, state) = identity.ask_passkey()?;
                (options, Flow::Passkey { state, next: local(wanted.next.as_deref()) })
            }
            Purpose::New => {
                let (account, link) = new_for(&ask, wanted.link.as_deref()).await?;
                let (options, state) = identity.offer_passkey(&account).await?;
                (options, Flow::NewPasskey { state, account: account.id, link })
            }
        };
        begun(document(&ask, &json!({"publicKey": options})), &identity.begin(&flow).await?)
    };
    or_failed(&ask, result.await)
}

/// Whose new passkey it is to be.
async fn new_for(ask: &Ask, link: Option<&str>) -> Result<(Account, Option<Base64>), Failure> {
    let identity = &ask.identity;
    if let Some(link) = link {
        identity.attempt(ask.client, None).await?;
        let token = Token::parse(link).ok_or_else(Failure::no_such_link)?;
        let opened = identity.look_at(&token).await?;
        return Ok((opened.account, Some(Base64(token.hash().to_vec()))));
    }
    let current = ask.current()?;
    if current.method == "demo" {
        return Err(Failure::not_found());
    }
    let mut session = identity.parts.database.session(&current.principal).await?;
    Ok((identity.account(&mut session, current.account).await?, None))
}

#[derive(Deserialize)]
pub(super) struct Answered {
    credential: Value,
    #[serde(default)]
    name: String,
}

/// `POST /auth/passkey/finish`: what the browser answered. The session begins, or begins anew.
#[utoipa::path(
    post,
    path = "/auth/passkey/finish",
    tag = "sign-in",
    request_body(content_type = "application/json", description = "`credential`, `name`"),
    responses((status = 200, description = "The session, as a cookie"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn finish(State(identity): State<Identity>, ask: Ask, Input(answered): Input<Answered>) -> Response {
    let result = async {
        identity.can_sign_in()?;
        match identity.take(&ask.headers).await? {
            Flow::Passkey { state, next } => {
                identity.attempt(ask.client, None).await?;
                let account = identity.check_passkey(&state, &answered.credential).await?;
                let token = open(&ask, account).await?;
                identity.forgive(ask.client, None).await?;
                entered(&ask, &token, &next)
            }
            Flow::NewPasskey { state, account, link } => {
                let new = Chosen::Passkey(identity.check_new_passkey(&state, &answered.credential, &answered.name)?);
                let mut tx = identity.as_nobody().await?;
                match link {
                    Some(link) => identity.redeem(&mut tx, &link.0, &new).await.map(drop)?,
                    None if ask.current()?.account == account => {
                        identity.add(&mut tx, account, &new).await?;
                        identity.end_all(&mut tx, account, None).await?;
                        identity.note(&mut tx, &ask.current()?.principal, "add passkey", account).await?;
                    }
                    None => return Err(Failure::stale()),
                }
                let opening = Opening { account, method: "passkey", assurance: SIGN_IN_ASSURANCE, headers: &ask.headers };
                let token = identity.open(&mut tx, opening).await?;
                tx.commit().await?;
                identity.sessions.forget_account(account);
                entered(&ask, &token, "/auth/sessions")
            }
            Flow::Code { .. } | Flow::Source { .. } => Err(Failure::stale()),
        }
    };
    or_failed(&ask, result.await)
}

async fn open(ask: &Ask, account: Uuid) -> Result<Token, Failure> {
    let mut tx = ask.identity.as_nobody().await?;
    let opening = Opening { account, method: "passkey", assurance: SIGN_IN_ASSURANCE, headers: &ask.headers };
    let token = ask.identity.open(&mut tx, opening).await?;
    tx.commit().await?;
    Ok(token)
}

/// `DELETE /auth/passkeys/{id}` (or a form's `POST`): removes one of one's own.
#[utoipa::path(
    method(delete, post),
    path = "/auth/passkeys/{id}",
    tag = "sign-in",
    params(("id" = String, Path, description = "The passkey")),
    responses((status = 200, description = "It is gone; a form may `POST` it"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn remove(State(identity): State<Identity>, Path(id): Path<String>, ask: Ask) -> Response {
    let result = async {
        let id = Uuid::try_parse(&id).map_err(|_| Failure::not_found())?;
        identity.remove_passkey(ask.current()?, id).await?;
        let mut response = onward(&ask, "/auth/sessions", &json!({"removed": true}));
        response.headers_mut().append(header::SET_COOKIE, cookie::forget(cookie::FLOW));
        Ok(response)
    };
    or_failed(&ask, result.await)
}
