use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Client, Problem};
use operations::{Answer, Ask, Row, refused};
use serde_json::json;

use super::{absent, parse, tell};
use crate::desk::Desk;

/// `POST /reports/follow/{secret}/note`: something more that who reported has to say, to the office alone. The same text sent twice
/// within ten minutes is one note.
#[utoipa::path(
    post,
    path = "/reports/follow/{secret}/note",
    tag = "reports",
    params(("secret" = String, Path, description = "What the private link ends with")),
    request_body(content_type = "application/json", description = "`text`"),
    responses((status = 200, description = "It was taken"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(desk): State<Desk>,
    Path(secret): Path<String>,
    client: Option<Client>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    let language = ask.request.language;
    desk.rates.small(client, language)?;
    let secret = parse(&secret)?;
    let sent = ask.read(body).await?;
    let mut given = sent.reader(language);
    let text = given.required_text("text", 2_000);
    given.check()?;
    let failed = |e| Problem::database("a note on a report", &e);
    let who = &ask.request.who;
    let mut transaction = desk.services.context.database.write(who).await.map_err(failed)?;
    let row: Option<Row> = sqlx::query_as("select fid, id, version, comune from reports.add_note($1, $2, $3)")
        .bind(secret.hash())
        .bind(text)
        .bind(desk.services.context.clock.now())
        .fetch_optional(&mut *transaction)
        .await
        .map_err(|e| refused(&e))?;
    let row = row.ok_or_else(absent)?;
    tell(&desk, &mut transaction, who, &row, "notes").await?;
    transaction.commit().await.map_err(failed)?;
    let answer = Answer::changed(format!("/reports/follow/{}", secret.reveal()), row.tag(), json!({ "note": "taken" }));
    Ok(answer.send(&desk.services.context, &ask.request).await)
}
