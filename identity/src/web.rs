//! `/auth/…`: pages for people, documents for programs, at one address.

mod accounts;
mod answer;
mod ask;
mod code;
mod demo;
mod enrol;
mod files;
mod layout;
mod link;
mod me;
mod new_password;
mod passkey;
mod password;
mod sessions;
mod sign_in;
mod source;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, patch, post};
use http::{HeaderValue, header};

use crate::{Identity, origin};

/// Nobody's name is longer.
const MAX_BODY_BYTES: usize = 64 * 1024;

pub use accounts::Api;

/// All of `/auth/…`, and the people of `/admin/accounts`.
pub fn routes(identity: Identity) -> Router {
    Router::new()
        .route("/auth/sign-in", get(sign_in::show))
        .route("/auth/password", post(sign_in::password))
        .route("/auth/password/change", get(password::show).post(password::change))
        .route("/auth/password/new", get(new_password::show).post(new_password::add))
        .route("/auth/totp", get(code::show).post(code::enter))
        .route("/auth/passkey/begin", post(passkey::begin))
        .route("/auth/passkey/finish", post(passkey::finish))
        .route("/auth/passkeys/{id}", delete(passkey::remove).post(passkey::remove))
        .route("/auth/oidc/start", get(source::start))
        .route("/auth/oidc/callback", get(source::callback))
        .route("/auth/link/{token}", get(link::show).post(link::choose))
        .route("/auth/sign-out", post(sessions::sign_out))
        .route("/auth/sessions", get(sessions::show))
        .route("/auth/sessions/{id}", delete(sessions::end).post(sessions::end))
        .route("/auth/me", get(me::show))
        .route("/auth/demo/{person}", post(demo::enter))
        .route("/admin/accounts", get(accounts::list).post(accounts::invite))
        .route("/admin/accounts/{id}", patch(accounts::change))
        .route("/admin/accounts/{id}/recovery", post(accounts::recover))
        .route("/auth/static/{name}", get(files::serve))
        .layer(middleware::from_fn_with_state(identity.clone(), guard))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(identity)
}

/// What holds for every one of them: nothing is kept by anybody, the address of a page goes to no other host, and only our own
/// pages change anything, signed in or not (a foreign page must not sign somebody in as somebody else either).
async fn guard(State(identity): State<Identity>, request: Request, next: Next) -> Response {
    let mut response = match origin::check(request.method(), request.headers(), &identity.origin, false) {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.problem().into_response(),
    };
    let headers = response.headers_mut();
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    response
}

/// The edge of the whole program: who asks is found out once and put into the request, as a [`Principal`](kernel::Principal)
/// and, where it is a session, as a [`Current`](crate::Current). A request with a session that changes something and does not
/// come from a page of ours is refused, wherever it goes.
///
/// What somebody signed in is shown must not be kept for others: such answers are `private`.
pub async fn edge(identity: &Identity, mut request: Request, next: impl AsyncFnOnce(Request) -> Response) -> Response {
    if let Err(failure) = origin::check_session(request.method(), request.uri().path(), request.headers(), &identity.origin) {
        return failure.problem().into_response();
    }
    let current = match identity.resolve(request.headers()).await {
        Ok(current) => current,
        Err(failure) => return failure.problem().into_response(),
    };
    let Some(current) = current else { return next(request).await };
    request.extensions_mut().insert(current.principal.clone());
    request.extensions_mut().insert(current);
    let mut response = next(request).await;
    let cached = response.headers().get(header::CACHE_CONTROL).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if !cached.contains("immutable") && !cached.contains("no-store") {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response.headers_mut().append(header::VARY, HeaderValue::from_static("cookie"));
    response
}
