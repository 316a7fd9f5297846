//! `/cadastre/people`: persons and firms of the census, and what they hold. For the staff of their comune, who say what they read them
//! for; whoever asks otherwise is told how. A name that is looked for comes in the body of a request: it stands in no address and no log.

pub(crate) mod find;
pub(crate) mod form;
mod page;
pub(crate) mod show;

use axum::Router;
use axum::response::Response;
use axum::routing::get;
use http::{HeaderValue, StatusCode, header};
use kernel::{Principal, Problem, Services, Vault};
use operations::{Format, Request, links, say};

use crate::holdings::FISCAL_CODE;

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(form::handler, find::handler, show::handler))]
pub struct Api;

pub(crate) fn routes(services: Services) -> Router {
    let context = services.context.clone();
    let routes = Router::new()
        .route("/cadastre/people", get(form::handler).post(find::handler))
        .route("/cadastre/people/{comune}/{section}/{subject}", get(show::handler))
        .with_state(services);
    operations::for_people(routes, &context)
}

/// 404 for who may never read them: others than staff, and keys that open some layers only.
fn for_staff(request: &Request) -> Result<(), Problem> {
    let who = &request.who;
    if who.is_staff() && who.key().is_none_or(|key| key.layers.is_none()) {
        return Ok(());
    }
    Err(absent(request))
}

/// As [`for_staff`]; who has not said what for is told how, by a page with a form or by a 403.
fn unstated(services: &Services, request: &Request) -> Result<Option<Response>, Problem> {
    for_staff(request)?;
    if !request.who.purposes().is_empty() {
        return Ok(None);
    }
    let detail = say(
        request.language,
        "sono dati personali: si leggono per uno scopo, da dire nell'intestazione `Access-Purpose` (da 4 a 200 caratteri, UTF-8 con \
         codifica percentuale) o nel modulo di /cadastre/people; resta nel registro degli accessi",
        "these are personal data: they are read for a purpose, to be said in the header `Access-Purpose` (4 to 200 characters, \
         percent-encoded UTF-8) or in the form at /cadastre/people; it is kept in the log of accesses",
    );
    match request.format {
        Format::Json => Err(Problem::forbidden(detail)),
        Format::Html => Ok(Some(private(page::form(&services.context, request, StatusCode::FORBIDDEN, None)))),
    }
}

fn absent(request: &Request) -> Problem {
    Problem::not_found(say(request.language, "qui non c'è nulla, o non è per voi", "there is nothing here, or it is not for you"))
}

/// No one keeps an answer.
fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// A fiscal code; none where there is none, or where another key sealed it.
fn opened(vault: &Vault, sealed: Option<&[u8]>) -> Option<String> {
    let plain = vault.open(FISCAL_CODE, sealed?)?;
    std::str::from_utf8(&plain).ok().map(str::to_owned)
}

/// `?access-purpose=…`, as it was said, so that links and forms of a page are asked for the same purpose.
fn purpose_query(who: &Principal) -> String {
    who.purposes().iter().next().map(|purpose| links::query([("access-purpose", purpose.as_str())])).unwrap_or_default()
}
