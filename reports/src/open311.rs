//! Open311 GeoReport v2 (<https://wiki.open311.org/GeoReport_v2/>), in JSON and XML: what other cities' clients speak.
//!
//! `jurisdiction_id` and `api_key` are read and not needed: there is one jurisdiction, and anybody may report. A key of ours goes in
//! `X-API-Key`, as everywhere.

mod post;
mod requests;
mod services;
mod token;
mod write;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::request::Parts;
use kernel::{Language, Params, Principal, Problem};

use crate::desk::Desk;
use write::Form;

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(collection, post::handler, services::one, requests::one, token::handler))]
pub struct Api;

/// Below `/open311/v2`.
pub(crate) fn routes(desk: Desk) -> Router {
    Router::new()
        .route("/open311/v2/{resource}", get(collection).post(post::handler))
        .route("/open311/v2/services/{code}", get(services::one))
        .route("/open311/v2/requests/{id}", get(requests::one))
        .route("/open311/v2/tokens/{token}", get(token::handler))
        .with_state(desk)
}

/// `services.json`, `requests.xml`.
#[utoipa::path(
    get,
    path = "/open311/v2/{resource}",
    tag = "open311",
    params(("resource" = String, Path, description = "`services.json`, `services.xml`, `requests.json` or `requests.xml`")),
    responses((status = 200, description = "GeoReport v2"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
async fn collection(state: axum::extract::State<Desk>, asked: Asked) -> Response {
    match asked.name.as_str() {
        "services" => services::all(state, asked).await,
        "requests" => requests::all(state, asked).await,
        _ => asked.refuse(&Problem::not_found("there is `services` and there is `requests`")),
    }
}

/// What is asked for: the last segment without its ending, and the ending, which is the form of the answer.
pub(crate) struct Asked {
    pub(crate) who: Principal,
    pub(crate) params: Params,
    pub(crate) name: String,
    pub(crate) form: Form,
    pub(crate) language: Language,
}

impl Asked {
    /// The standard's errors: a list of codes and descriptions.
    pub(crate) fn refuse(&self, problem: &Problem) -> Response {
        write::error(self.form, problem)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let Ok(who) = Principal::from_request_parts(parts, state).await;
        let params = Params::from_request_parts(parts, state).await.map_err(IntoResponse::into_response)?;
        let last = match RawPathParams::from_request_parts(parts, state).await {
            Ok(all) => all.iter().last().map(|(_, value)| value.to_owned()).unwrap_or_default(),
            Err(refusal) => return Err(refusal.into_response()),
        };
        let (name, form) = match last.rsplit_once('.') {
            Some((name, "json")) => (name.to_owned(), Form::Json),
            Some((name, "xml")) => (name.to_owned(), Form::Xml),
            _ => return Err(write::error(Form::Json, &Problem::not_found("the address ends with `.json` or `.xml`"))),
        };
        let accepted = parts.headers.get(http::header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok());
        let language = Language::negotiate(params.get("locale").filter(|l| matches!(*l, "it" | "en")), accepted);
        Ok(Self { who, params, name, form, language })
    }
}
