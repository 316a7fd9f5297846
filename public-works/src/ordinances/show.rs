//! `GET /public-works/ordinances/{id}`: an ordinance, for programs and for people, also before and after it holds.

use attachments::Files;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, header};
use kernel::{Problem, Services};
use operations::links::media;
use operations::{Format, Request, reply};

use super::page;
use super::record::Ordinance;
use crate::layers::ORDINANCES;

/// As its reader sees it. The tag is the one to change it with.
#[utoipa::path(
    get,
    path = "/public-works/ordinances/{id}",
    tag = "public works",
    params(("id" = String, Path, description = "The ordinance"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let layer = operations::layer(&services, &request.who, ORDINANCES)?;
    let failed = |e| Problem::database("reading an ordinance", &e);
    let mut session = services.context.database.session(&request.who).await.map_err(failed)?;
    let found = Ordinance::read(&mut session, &layer, &request.who, &id).await.map_err(failed)?;
    let found = found.ok_or_else(|| operations::absent(&layer, &id))?;
    let files = Files::of(&mut session, &layer, &request.who, &found.id).await.map_err(failed)?;
    drop(session);
    let mut response = match request.format {
        Format::Json => reply::json(&found.document(&services), media::JSON, request.language),
        Format::Html => page::render(&services, &request, &layer, &found, &files),
    };
    if let Ok(tag) = HeaderValue::try_from(found.tag()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
