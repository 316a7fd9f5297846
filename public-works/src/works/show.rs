//! `GET /public-works/{id}`: a work, for programs and for people.

use attachments::Files;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use kernel::{Problem, Services};
use operations::links::media;
use operations::{Format, Request, matches, reply};

use super::page;
use super::record::Record;
use crate::layers::WORKS;
use crate::shown;

/// As its reader sees it. The tag of the JSON is the one to change it with.
#[utoipa::path(
    get,
    path = "/public-works/{id}",
    tag = "public works",
    params(("id" = String, Path, description = "The work"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`; for its editors `doubts`, what does not agree in it"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let layer = operations::layer(&services, &request.who, WORKS)?;
    let failed = |e| Problem::database("reading a work", &e);
    let context = &services.context;
    let mut session = context.database.snapshot(&request.who).await.map_err(failed)?;
    let found = Record::read(&mut session, &layer, &request.who, &id).await.map_err(failed)?;
    let record = found.ok_or_else(|| operations::absent(&layer, &id))?;
    let files = Files::of(&mut session, &layer, &request.who, &record.work.id).await.map_err(failed)?;
    drop(session);
    let tag = record.work.tag();
    let mut response = match request.format {
        Format::Json if request.known_tags.as_deref().is_some_and(|known| matches(known, &tag)) => {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            reply::write_common(request.language, response.headers_mut());
            response
        }
        Format::Json => reply::json(&record.document(&context.public_url), media::JSON, request.language),
        Format::Html => page::render(context, &request, &layer, &record, &files, shown::today(context.clock.now())),
    };
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
