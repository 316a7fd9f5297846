use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::answer::{begun, entered, or_failed};
use super::ask::{Ask, local};
use crate::flow::Flow;
use crate::link::Chosen;
use crate::secret::Base64;
use crate::session::Opening;
use crate::{Failure, Identity, Secret, Token};

/// `GET /auth/oidc/start?source=…`: sends the browser to the provider. With `link`, to tie it to that link's account.
#[utoipa::path(
    get,
    path = "/auth/oidc/start",
    tag = "sign-in",
    params(("source" = Option<String>, Query, description = "The provider"), ("link" = Option<String>, Query, description = "A one-time link"), ("next" = Option<String>, Query, description = "The path to go to afterwards")),
    responses((status = 303, description = "To the provider"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn start(State(identity): State<Identity>, mut ask: Ask) -> Response {
    ask.page = true;
    let result = async {
        identity.can_sign_in()?;
        let source = ask.parameter("source").and_then(|id| identity.source(id)).ok_or_else(Failure::not_found)?;
        let link = match ask.parameter("link") {
            None => None,
            Some(link) => {
                let token = Token::parse(link).ok_or_else(Failure::no_such_link)?;
                identity.look_at(&token).await?;
                Some(Base64(token.hash().to_vec()))
            }
        };
        let departure = source.begin(&identity.callback()).await.map_err(|e| Identity::source_failed(&**source, &e))?;
        let kept = departure.kept.reveal().to_owned();
        let flow = Flow::Source { id: source.id().to_owned(), kept, link, next: local(ask.parameter("next")) };
        let token = identity.begin(&flow).await?;
        let address = HeaderValue::try_from(departure.address).map_err(|e| Failure::internal("sending a browser to a provider", &e))?;
        begun((StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(), &token)
    };
    or_failed(&ask, result.await)
}

/// `GET /auth/oidc/callback`: the browser is back. What it brings is used once, whether it holds or not.
#[utoipa::path(
    get,
    path = "/auth/oidc/callback",
    tag = "sign-in",
    params(("code" = Option<String>, Query, description = "Of the provider"), ("state" = Option<String>, Query, description = "Of the provider")),
    responses((status = 303, description = "Signed in"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(super) async fn callback(State(identity): State<Identity>, mut ask: Ask) -> Response {
    ask.page = true;
    let result = async {
        identity.can_sign_in()?;
        let Flow::Source { id, kept, link, next } = identity.take(&ask.headers).await? else { return Err(Failure::stale()) };
        let source = identity.source(&id).ok_or_else(Failure::stale)?;
        identity.attempt(ask.client, None).await?;
        let evidence = source
            .finish(&identity.callback(), &Secret::new(kept), &ask.query)
            .await
            .map_err(|e| Identity::source_failed(&**source, &e))?;
        let mut tx = identity.as_nobody().await?;
        let account = match link {
            None => identity.vouched(&mut tx, &**source, &evidence).await?,
            Some(link) => {
                let chosen = Chosen::Source { source: evidence.issuer.clone(), subject: evidence.subject.clone() };
                identity.redeem(&mut tx, &link.0, &chosen).await?
            }
        };
        let opening = Opening { account, method: source.id(), assurance: evidence.assurance, headers: &ask.headers };
        let token = identity.open(&mut tx, opening).await?;
        tx.commit().await?;
        identity.sessions.forget_account(account);
        identity.forgive(ask.client, None).await?;
        entered(&ask, &token, &next)
    };
    or_failed(&ask, result.await)
}
