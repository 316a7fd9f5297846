//! `GET /cadastre/people`: the form, which asks for a purpose first, and then for a name.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use kernel::{Problem, Services};
use operations::links::media;
use operations::{Format, Request, reply};
use serde_json::json;

use super::{for_staff, page, private};

/// For programs: how to ask, and whether a purpose was stated.
#[utoipa::path(
    get,
    path = "/cadastre/people",
    tag = "cadastre",
    params(("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "How people are looked for"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    for_staff(&request)?;
    let stated = !request.who.purposes().is_empty();
    Ok(private(match request.format {
        Format::Json => {
            let document = json!({ "method": "POST", "fields": { "q": "a surname, a name, a firm, or a whole fiscal code" }, "purpose_stated": stated });
            reply::json(&document, media::JSON, request.language)
        }
        Format::Html => page::form(&services.context, &request, StatusCode::OK, None),
    }))
}
