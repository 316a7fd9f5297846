use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::Response;
use kernel::{Action, Layer, Problem, Services};
use operations::{Answer, Ask, Begun, Change, Row, refused};
use sqlx::AssertSqlSafe;

use super::{Dataset, Standing, find, not_now};

/// `POST /environment/datasets/{id}/withdraw`: with a `reason`. What is in force ends now; what never was in force loses its rows, and a
/// version that was to end for it goes on. The record stays, with the reason.
#[utoipa::path(
    post,
    path = "/environment/datasets/{id}/withdraw",
    tag = "environment",
    params(("id" = String, Path, description = "The version")),
    request_body(content_type = "application/json", description = "`reason`"),
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
    let reason = given.required_text("reason", 500);
    given.check()?;
    let layer = operations::layer(&services, &ask.request.who, "datasets")?;
    let mut change = match Change::begin(&services, &ask, sent.bytes()).await? {
        Begun::Again(response) => return Ok(response),
        Begun::New(change) => change,
    };
    let row = change.lock(&layer, &id).await?;
    let who = ask.request.who.clone();
    let dataset = find(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?.ok_or_else(|| operations::absent(&layer, &id))?;
    let changed: &[&str] = match dataset.standing(change.now()) {
        Standing::InForce => {
            end_now(&mut change, &dataset, &reason).await?;
            &["state", "ends"]
        }
        Standing::Draft | Standing::Scheduled => {
            undo(&mut change, &layer, &dataset, &reason).await?;
            &["state", "published", "begins", "features"]
        }
        Standing::Superseded | Standing::Withdrawn => {
            return Err(not_now(
                language,
                "una versione già sostituita o ritirata resta nella storia com'è",
                "a version that was superseded or withdrawn stays in the history as it is",
            ));
        }
    };
    change.tell(Action::Update, &layer, &row, changed).await?;
    let dataset = find(change.conn(), &layer, &who, &id).await.map_err(|e| refused(&e))?.ok_or_else(|| operations::absent(&layer, &id))?;
    let document = dataset.document(change.now());
    change.finish(Answer::changed(dataset.path(), dataset.tag(), document)).await
}

/// From now on the place is not surveyed, until another version is put in force.
async fn end_now(change: &mut Change, dataset: &Dataset, reason: &str) -> Result<(), Problem> {
    let (now, table) = (change.now(), dataset.kind().layer());
    let statements = [
        "update environment.datasets set state = 'withdrawn', ends = $2, withdrawn_because = $3 where id = $1".to_owned(),
        format!("delete from environment.{table} where dataset = $1 and valid_from >= $2 and $3::text is not null"),
        format!(
            "update environment.{table} set valid_to = $2 where dataset = $1 and (valid_to is null or valid_to > $2) and $3::text is not null"
        ),
    ];
    for sql in statements {
        sqlx::query(AssertSqlSafe(sql)).bind(&dataset.id).bind(now).bind(reason).execute(change.conn()).await.map_err(|e| refused(&e))?;
    }
    Ok(())
}

/// It never was in force: as if it had not been uploaded, but for the record.
async fn undo(change: &mut Change, layer: &Layer, dataset: &Dataset, reason: &str) -> Result<(), Problem> {
    let kind = dataset.kind();
    let delete = format!("delete from environment.{} where dataset = $1", kind.layer());
    sqlx::query(AssertSqlSafe(delete)).bind(&dataset.id).execute(change.conn()).await.map_err(|e| refused(&e))?;
    sqlx::query(
        "update environment.datasets
            set state = 'withdrawn', published = false, begins = null, ends = null, features = 0, withdrawn_because = $2
          where id = $1",
    )
    .bind(&dataset.id)
    .bind(reason)
    .execute(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let Some(begins) = dataset.begins else { return Ok(()) };
    let before: Option<Row> = sqlx::query_as(
        "update environment.datasets set ends = null
          where series = $1 and state = 'published' and ends = $2 returning fid, version, id, comune",
    )
    .bind(&dataset.series)
    .bind(begins)
    .fetch_optional(change.conn())
    .await
    .map_err(|e| refused(&e))?;
    let Some(before) = before else { return Ok(()) };
    let revive = format!("update environment.{} set valid_to = {} where dataset = $1 and valid_to = $2", kind.layer(), kind.own_end());
    sqlx::query(AssertSqlSafe(revive)).bind(&before.id).bind(begins).execute(change.conn()).await.map_err(|e| refused(&e))?;
    change.tell(Action::Update, layer, &before, &["ends"]).await
}
