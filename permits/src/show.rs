//! `GET /permits/{id}`: an application, for programs and for people.

use attachments::Files;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{HeaderValue, header};
use kernel::{Problem, Services};
use operations::links::media;
use operations::{Format, Request, reply};

use crate::layers::PERMITS;
use crate::record::{self, Record};
use crate::{document, pages};

/// As its reader sees it. The tag is the one to change it with.
#[utoipa::path(
    get,
    path = "/permits/{id}",
    tag = "permits",
    params(("id" = String, Path, description = "The application"), ("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "The record, with its `ETag`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let layer = operations::layer(&services, &request.who, PERMITS)?;
    let failed = |e| Problem::database("reading an application", &e);
    let context = &services.context;
    let mut session = context.database.snapshot(&request.who).await.map_err(failed)?;
    let found = Record::read(&mut session, &layer, &request.who, &id).await.map_err(failed)?;
    let record = found.ok_or_else(|| operations::absent(&layer, &id))?;
    let files = Files::of(&mut session, &layer, &request.who, &record.permit.id).await.map_err(failed)?;
    drop(session);
    let today = record::today(context.clock.now());
    let mut response = match request.format {
        Format::Json => reply::json(&document::of(&record, today, &context.public_url), media::JSON, request.language),
        Format::Html => pages::record::render(context, &request, &layer, &record, &files, today),
    };
    if let Ok(tag) = HeaderValue::try_from(record.permit.tag()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}
