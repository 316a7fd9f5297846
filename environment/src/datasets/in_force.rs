use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Action, Language, Layer, Problem, Services, midnight_in_rome};
use operations::{Answer, Ask, Begun, Change, Reader, refused};
use serde_json::json;
use sqlx::AssertSqlSafe;

use super::{Dataset, Standing, find, not_now};
use crate::kind::Kind;
use crate::shown;

/// `POST /environment/datasets/{id}/in-force`: a draft is in force from midnight (in Italy) of the day `from`, and the version before it ends
/// then: all rows of both in one transaction. Which version a map shows follows from the rows' validity alone.
#[utoipa::path(
    post,
    path = "/environment/datasets/{id}/in-force",
    tag = "environment",
    params(("id" = String, Path, description = "The version")),
    request_body(content_type = "application/json", description = "`from`, a day"),
    responses((status = 200, description = "The record as it is now; for a browser 303 to its page"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(services): State<Services>,
    Path(id): Path<String>,
    mut ask: Ask,
    body: Body,
) -> Result<Response, Problem> {
    ask.request.only(&[])?;
    let language = ask.request.language;
    let sent = ask.read(body).await?;
    let mut given = sent.reader(language);
    let from = given.required_date("from").and_then(midnight_in_rome);
    let layer = operations::layer(&services, &ask.request.who, "datasets")?;
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let who = ask.request.who.clone();
    let dataset = find(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?.ok_or_else(|| operations::absent(&layer, &id))?;
    if dataset.standing(change.now()) != Standing::Draft {
        return Err(not_now(
            language,
            "solo una bozza si mette in vigore: questa versione lo è già stata, o è stata ritirata",
            "only a draft is put in force: this version was already, or was withdrawn",
        ));
    }
    let from = check(&mut change, &dataset, from, given).await?;
    let ended = end_the_one_before(&mut change, &layer, &dataset, from).await?;
    begin(&mut change, &dataset, from).await?;
    change.tell(Action::Update, &layer, &row, &["state", "published", "begins"]).await?;
    let dataset = find(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?.ok_or_else(|| operations::absent(&layer, &id))?;
    let mut document = dataset.document(change.now());
    document["ended"] = json!(ended);
    change.finish(Answer::changed(dataset.path(), dataset.tag(), document)).await
}

/// The instant from which it is in force: later than the beginning of the version before, unless that was withdrawn, and before the last constraint of each fire ends.
async fn check(change: &mut Change, dataset: &Dataset, from: Option<DateTime<Utc>>, mut given: Reader) -> Result<DateTime<Utc>, Problem> {
    let language = given.language();
    let last: Option<DateTime<Utc>> = sqlx::query_scalar(
        "select max(begins) from environment.datasets where series = $1 and published and state <> 'withdrawn' and id <> $2",
    )
    .bind(&dataset.series)
    .bind(&dataset.id)
    .fetch_one(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    if let (Some(from), Some(last)) = (from, last)
        && from <= last
    {
        let day = shown::instant(last, language);
        given.told(
            "from",
            match language {
                Language::It => format!("la versione precedente comincia il {day}: questa può cominciare solo dopo"),
                Language::En => format!("the version before it begins on {day}: this one can begin only later"),
            },
        );
    }
    if let (Some(from), Kind::Burnt) = (from, dataset.kind()) {
        let over: i64 = sqlx::query_scalar(
            "select count(*) from environment.burnt_areas where dataset = $1 and use_until::timestamp at time zone 'Europe/Rome' <= $2",
        )
        .bind(&dataset.id)
        .bind(from)
        .fetch_one(change.conn())
        .await
        .map_err(|e| refused(&e))?;
        if over > 0 {
            let (it, en) =
                ("a quel giorno i 15 anni di qualche incendio sono già passati", "by that day the 15 years of some fire are over");
            given.fault("from", it, en);
        }
    }
    given.check()?;
    from.ok_or_else(|| Problem::bad_request("the day can't be read"))
}

/// Ends the version of the series that holds at that instant, and its rows; its id.
async fn end_the_one_before(change: &mut Change, layer: &Layer, dataset: &Dataset, from: DateTime<Utc>) -> Result<Option<String>, Problem> {
    let before: Option<operations::Row> = sqlx::query_as(
        "update environment.datasets set ends = $2
          where series = $1 and published and begins < $2 and (ends is null or ends > $2)
          returning fid, version, id, comune",
    )
    .bind(&dataset.series)
    .bind(from)
    .fetch_optional(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let Some(before) = before else { return Ok(None) };
    let table = dataset.kind().layer();
    let statements = [
        // colours told for a time when the version does not hold any more
        format!("delete from environment.{table} where dataset = $1 and published and valid_from >= $2"),
        format!("update environment.{table} set valid_to = $2 where dataset = $1 and published and (valid_to is null or valid_to > $2)"),
    ];
    for sql in statements {
        sqlx::query(AssertSqlSafe(sql)).bind(&before.id).bind(from).execute(change.conn()).await.map_err(|e| refused(&e))?;
    }
    change.tell(Action::Update, layer, &before, &["ends"]).await?;
    Ok(Some(before.id))
}

async fn begin(change: &mut Change, dataset: &Dataset, from: DateTime<Utc>) -> Result<(), Problem> {
    sqlx::query("update environment.datasets set state = 'published', published = true, begins = $2 where id = $1")
        .bind(&dataset.id)
        .bind(from)
        .execute(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    let kind = dataset.kind();
    let sql = format!(
        "update environment.{} set published = true, valid_from = $2, valid_to = {} where dataset = $1 and not published",
        kind.layer(),
        kind.own_end()
    );
    sqlx::query(AssertSqlSafe(sql)).bind(&dataset.id).bind(from).execute(change.conn()).await.map_err(|e| refused(&e))?;
    Ok(())
}
