use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Action, Language, Layer, Problem};
use operations::{Ask, Begun, Change, Faults, Row, refused};
use serde_json::json;
use sqlx::FromRow;

use super::{allow, before, done};
use crate::desk::Desk;

#[derive(FromRow)]
struct Survivor {
    #[sqlx(flatten)]
    row: Row,
    state: String,
}

/// `POST /reports/{id}/merge`: this one is about the same thing as `into`, which lives on: its supporters are added up, and page and
/// private link of this one lead there.
#[utoipa::path(
    post,
    path = "/reports/{id}/merge",
    tag = "reports",
    params(("id" = String, Path, description = "The number")),
    request_body(content_type = "application/json", description = "`into`, a number"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(desk): State<Desk>, Path(id): Path<String>, mut ask: Ask, body: Body) -> Result<Response, Problem> {
    let sent = ask.read(body).await?;
    let language = ask.request.language;
    let mut given = sent.reader(language);
    let into = given.required_text("into", 40);
    given.check()?;
    let layer = desk.layer(&ask.request.who)?;
    let mut change = match Change::begin(&desk.services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let found = before(&mut change, &row).await?;
    allow(&found.state, &["received", "open", "assigned", "answered"], language)?;
    let survivor = survivor(&mut change, &row, &into, language).await?;
    unite(&mut change, &row, &survivor).await?;
    tell_survivor(&mut change, &layer, survivor).await?;
    done(change, &layer, row, &["state", "duplicate_of"], json!({ "id": id, "state": "merged", "duplicate_of": into })).await
}

/// The one that lives on, locked: another of the same comune, in which something is still to be done.
async fn survivor(change: &mut Change, row: &Row, into: &str, language: Language) -> Result<Survivor, Problem> {
    let found: Option<Survivor> =
        sqlx::query_as("select fid, id, version, comune, state from reports.reports where id = $1 and comune = $2 for update")
            .bind(into)
            .bind(&row.comune)
            .fetch_optional(change.conn())
            .await
            .map_err(|e| refused(&e))?;
    let fault = |it, en| Faults::one(Some("into"), operations::say(language, it, en));
    match found {
        None => Err(fault("non è una segnalazione di questo comune", "is no report of this comune")),
        Some(one) if one.row.fid == row.fid => Err(fault("è la stessa segnalazione", "is the same report")),
        Some(one) if !crate::states::PENDING.contains(&&*one.state) => {
            Err(fault("è chiusa, non accolta o già unita a un'altra", "is closed, rejected, or merged into another already"))
        }
        Some(one) => Ok(one),
    }
}

/// Those merged into this one before follow it.
async fn unite(change: &mut Change, row: &Row, survivor: &Survivor) -> Result<(), Problem> {
    for (sql, own_first) in [
        ("update reports.reports set duplicate_of = $2 where duplicate_of = $1", true),
        ("update reports.reports set state = 'merged', duplicate_of = $2 where id = $1", true),
        (
            "update reports.reports s set supporters = s.supporters + 1 + m.supporters from reports.reports m where s.id = $1 and m.id = $2",
            false,
        ),
    ] {
        let (first, second) = if own_first { (&row.id, &survivor.row.id) } else { (&survivor.row.id, &row.id) };
        sqlx::query(sql).bind(first).bind(second).execute(change.conn()).await.map_err(|e| refused(&e))?;
    }
    Ok(())
}

async fn tell_survivor(change: &mut Change, layer: &Layer, survivor: Survivor) -> Result<(), Problem> {
    let version: i64 = sqlx::query_scalar("select version from reports.reports where fid = $1")
        .bind(survivor.row.fid)
        .fetch_one(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    change.tell(Action::Update, layer, &Row { version, ..survivor.row }, &["supporters"]).await
}
