use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;
use kernel::{Client, Problem};
use operations::{Answer, Ask, Row, refused};
use serde_json::json;

use super::{absent, parse, tell};
use crate::desk::Desk;
use crate::receive::receive;
use crate::submit::keep_photo;

/// `POST /reports/follow/{secret}/photo`: photos after the report, as the fields of a form. They are seen once a job has written them anew
/// and the report is approved.
#[utoipa::path(
    post,
    path = "/reports/follow/{secret}/photo",
    tag = "reports",
    params(("secret" = String, Path, description = "What the private link ends with")),
    request_body(content_type = "multipart/form-data", description = "Up to three photos"),
    responses((status = 200, description = "How many were taken"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(desk): State<Desk>,
    Path(secret): Path<String>,
    client: Option<Client>,
    headers: HeaderMap,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    let language = ask.request.language;
    desk.rates.small(client, language)?;
    let secret = parse(&secret)?;
    let failed = |e| Problem::database("a report's photo", &e);
    let who = ask.request.who.clone();
    // before a byte of the body is read
    let mut session = desk.services.context.database.session(&who).await.map_err(failed)?;
    super::find(&mut session, &secret).await.map_err(failed)?.ok_or_else(absent)?;
    drop(session);
    let received = receive(&mut ask, &headers, body).await?;
    received.sent.reader(language).check()?;
    if received.photos.is_empty() {
        return Err(Problem::bad_request("there is no photo in the form"));
    }
    let mut transaction = desk.services.context.database.write(&who).await.map_err(failed)?;
    let row: Option<Row> = sqlx::query_as("select fid, id, version, comune from reports.touched($1)")
        .bind(secret.hash())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|e| refused(&e))?;
    let row = row.ok_or_else(absent)?;
    for photo in &received.photos {
        keep_photo(&mut transaction, &secret, photo, desk.services.context.clock.now()).await?;
    }
    tell(&desk, &mut transaction, &who, &row, "photos").await?;
    transaction.commit().await.map_err(failed)?;
    let body = json!({ "photos_taken": received.photos.len() });
    let answer = Answer::changed(format!("/reports/follow/{}", secret.reveal()), row.tag(), body);
    Ok(answer.send(&desk.services.context, &ask.request).await)
}
