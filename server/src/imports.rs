//! Files of the cadastre sent over HTTP: they are looked at, and what differs is imported when somebody says so.
//!
//! It stands here and not in the theme, since a map's system is found with crates that no theme knows, and is written as the owner.

mod page;
mod receive;
mod work;

use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use chrono::{DateTime, NaiveDate, Utc};
use jobs::{NewJob, Worker};
use kernel::{Context, Principal, Problem, Role, Vault};
use operations::links::media;
use operations::{Format, Request, reply};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::types::Json;
use sqlx::{FromRow, PgPool};
use uuid::Uuid;

/// The jobs' kind.
const KIND: &str = "cadastre.import";
/// How long files lie that nobody goes on with.
const KEPT: Duration = Duration::from_hours(72);
/// How often it is looked for them.
const SWEPT: Duration = Duration::from_mins(10);

/// What imports are made from. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Imports {
    pub(crate) context: Context,
    /// Connections as the owner.
    pub(crate) owner: PgPool,
    pub(crate) crs: crs::Settings,
    pub(crate) vault: Vault,
    /// Where files lie: a folder each.
    pub(crate) folder: PathBuf,
    /// Bytes of what is sent at once, at most.
    pub(crate) bytes: u64,
}

/// A job's payload.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Order {
    sent: Uuid,
    only_look: bool,
}

/// Files that were sent, as the database has them.
#[derive(Clone, Debug, FromRow)]
struct Sent {
    id: Uuid,
    by: String,
    at: DateTime<Utc>,
    files: Json<Vec<String>>,
    crs: Option<i32>,
    day: NaiveDate,
    state: String,
    outcome: Option<Json<Value>>,
    words: Option<Json<Words>>,
    number: Option<i64>,
    error: Option<String>,
}

/// The report for people.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Words {
    it: String,
    en: String,
}

/// An import that was made, by whatever way.
#[derive(Clone, Debug, FromRow)]
struct Made {
    number: i64,
    at: DateTime<Utc>,
    by: String,
    day: NaiveDate,
    files: Json<Vec<String>>,
    counts: Json<Value>,
    undone_at: Option<DateTime<Utc>>,
    words: Option<Json<Words>>,
    report: Option<Json<Value>>,
}

/// The routes.
pub(crate) fn routes(imports: Imports) -> Router {
    Router::new()
        .route("/cadastre/imports", get(list).post(receive::handler))
        .route("/cadastre/imports/{id}", get(show).post(order))
        .with_state(imports)
}

/// The worker with the handler.
pub(crate) fn on(worker: Worker, imports: Imports) -> Worker {
    worker.on(KIND, move |job, _| work::work(imports.clone(), job))
}

/// What `/openapi.json` says of these addresses.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list, receive::handler, show, order))]
pub(crate) struct Api;

/// Frees what nobody goes on with, every ten minutes.
pub(crate) async fn sweep(imports: Imports) {
    loop {
        if let Err(error) = sweep_once(&imports).await {
            tracing::warn!(cause = %error, "sent files of the cadastre can't be freed yet");
        }
        tokio::time::sleep(SWEPT).await;
    }
}

async fn sweep_once(imports: &Imports) -> Result<(), sqlx::Error> {
    let mut transaction = imports.context.database.write(&Principal::operator()).await?;
    sqlx::query(
        "delete from cadastre.sent where at < clock_timestamp() - make_interval(secs => $1) and state not in ('looking', 'importing')",
    )
    .bind(KEPT.as_secs_f64())
    .execute(&mut *transaction)
    .await?;
    let kept: Vec<Uuid> = sqlx::query_scalar("select id from cadastre.sent where state <> 'imported'").fetch_all(&mut *transaction).await?;
    transaction.commit().await?;
    let folder = imports.folder.clone();
    let freed = tokio::task::spawn_blocking(move || {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let is_kept = name.to_str().and_then(|name| name.parse::<Uuid>().ok()).is_none_or(|id| kept.contains(&id));
            // one that is being received has no row yet
            let fresh = entry.metadata().and_then(|m| m.modified()).is_ok_and(|at| at.elapsed().is_ok_and(|age| age < SWEPT));
            if !is_kept && !fresh {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    });
    let _ = freed.await;
    Ok(())
}

/// The account of somebody of the comune's own people.
fn person(who: &Principal) -> Result<Uuid, Problem> {
    let staff = who.is_staff() && who.role() != Role::Machine && who.key().is_none();
    who.id().filter(|_| staff).ok_or_else(|| Problem::not_found("there is nothing here, or nothing for you"))
}

fn failed(error: sqlx::Error) -> Problem {
    Problem::database("an import of the cadastre", &error)
}

impl Imports {
    fn today(&self) -> NaiveDate {
        self.context.clock.now().with_timezone(&chrono_tz::Europe::Rome).date_naive()
    }

    async fn find(&self, who: &Principal, id: &str) -> Result<Sent, Problem> {
        let absent = || {
            Problem::not_found("you have no such files of the cadastre here; those that nobody goes on with are removed after three days")
        };
        let id: Uuid = id.parse().map_err(|_| absent())?;
        let mut session = self.context.database.session(who).await.map_err(failed)?;
        let found =
            sqlx::query_as("select * from cadastre.sent where id = $1").bind(id).fetch_optional(&mut *session).await.map_err(failed)?;
        found.ok_or_else(absent)
    }

    /// Orders that files be looked at, or imported.
    async fn order(&self, who: &Principal, sent: Uuid, crs: Option<i32>, only_look: bool) -> Result<(), Problem> {
        let mut transaction = self.context.database.write(who).await.map_err(failed)?;
        let state = if only_look { "looking" } else { "importing" };
        let idle: Option<Uuid> = sqlx::query_scalar(
            "update cadastre.sent set state = $2, crs = coalesce($3, crs), error = null
              where id = $1 and (state in ('looked', 'failed') or state = 'looking' and outcome is null and words is null and error is null and $4) returning id",
        )
        .bind(sent)
        .bind(state)
        .bind(crs)
        .bind(only_look)
        .fetch_optional(&mut *transaction)
        .await
        .map_err(failed)?;
        if idle.is_none() {
            return Err(Problem::conflict("these files are at work, or were imported already: look at their page"));
        }
        let order = Order { sent, only_look };
        jobs::put(&mut transaction, who, &NewJob::new(KIND, &order)).await.map_err(|e| Problem::internal("ordering an import", &e))?;
        transaction.commit().await.map_err(failed)
    }
}

/// `GET /cadastre/imports`: what was imported, and a form to send files by; for officers.
#[utoipa::path(get, path = "/cadastre/imports", tag = "cadastre",
    responses((status = 200, description = "`imports`: number, at, by, day, files, counts by layer, undone_at; `sent`: one's own files that are not imported yet"), (status = 404, description = "Not for you")))]
async fn list(State(imports): State<Imports>, request: Request) -> Result<Response, Problem> {
    person(&request.who)?;
    request.only(&[])?;
    let mut session = imports.context.database.session(&request.who).await.map_err(failed)?;
    let made: Vec<Made> = sqlx::query_as(
        "select number, at, by, day, files, counts, undone_at, null::jsonb as words, null::jsonb as report
           from cadastre.imports order by number desc limit 50",
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    let sent: Vec<Sent> = sqlx::query_as("select * from cadastre.sent where state <> 'imported' order by at desc limit 20")
        .fetch_all(&mut *session)
        .await
        .map_err(failed)?;
    drop(session);
    if request.format == Format::Html {
        return Ok(page::list(&imports, &request, &made, &sent));
    }
    let made: Vec<Value> = made.iter().map(told).collect();
    let sent: Vec<Value> = sent.iter().map(document).collect();
    Ok(reply::json(&json!({ "imports": made, "sent": sent }), media::JSON, request.language))
}

/// `GET /cadastre/imports/{id}`: files that were sent, what differs, and what was done; by its number the report of an import.
#[utoipa::path(get, path = "/cadastre/imports/{id}", tag = "cadastre", params(("id" = String, Path, description = "The files")),
    responses((status = 200, description = "`state`: looking, looked, importing, imported, failed; `outcome`: the report and what differs"), (status = 404, description = "Not there, or not yours")))]
async fn show(State(imports): State<Imports>, Path(id): Path<String>, request: Request) -> Result<Response, Problem> {
    person(&request.who)?;
    request.only(&[])?;
    if let Ok(number) = id.parse() {
        return report(&imports, &request, number).await;
    }
    let sent = imports.find(&request.who, &id).await?;
    Ok(match request.format {
        Format::Json => reply::json(&document(&sent), media::JSON, request.language),
        Format::Html => page::show(&imports, &request, &sent),
    })
}

/// The report of an import, by its number: for all of the comune's own people, whoever imported.
async fn report(imports: &Imports, request: &Request, number: i64) -> Result<Response, Problem> {
    let mut session = imports.context.database.session(&request.who).await.map_err(failed)?;
    let made: Option<Made> =
        sqlx::query_as("select number, at, by, day, files, counts, undone_at, words, report from cadastre.imports where number = $1")
            .bind(number)
            .fetch_optional(&mut *session)
            .await
            .map_err(failed)?;
    let made = made.ok_or_else(|| Problem::not_found(format!("there is no import {number}")))?;
    drop(session);
    Ok(match request.format {
        Format::Json => {
            let mut document = told(&made);
            document["report"] = made.report.map_or(Value::Null, |Json(report)| report);
            reply::json(&document, media::JSON, request.language)
        }
        Format::Html => page::report(imports, request, &made),
    })
}

fn told(m: &Made) -> Value {
    json!({ "number": m.number, "at": m.at, "by": m.by, "day": m.day, "files": m.files, "counts": m.counts, "undone_at": m.undone_at })
}

/// `POST /cadastre/imports/{id}`: imports files that were looked at (`do=import`), or looks at them again, in another system (`do=look`, `crs`).
#[utoipa::path(post, path = "/cadastre/imports/{id}", tag = "cadastre", params(("id" = String, Path, description = "The files")),
    request_body(content_type = "application/x-www-form-urlencoded", description = "`do`: import or look; `crs`: EPSG:7792"),
    responses((status = 303, description = "Their page"), (status = 409, description = "They are at work")))]
async fn order(State(imports): State<Imports>, Path(id): Path<String>, request: Request, body: Bytes) -> Result<Response, Problem> {
    person(&request.who)?;
    let sent = imports.find(&request.who, &id).await?;
    let said = |name: &str| url::form_urlencoded::parse(&body).find(|(said, _)| said == name).map(|(_, value)| value.into_owned());
    let only_look = match said("do").unwrap_or_default().as_str() {
        "import" => false,
        "look" => true,
        _ => return Err(Problem::invalid_parameter("do", "`do` says what is to be done with them", vec!["import", "look"])),
    };
    imports.order(&request.who, sent.id, srid(said("crs").as_deref())?, only_look).await?;
    Ok(Redirect::to(&imports.context.public_url.link(&format!("/cadastre/imports/{}", sent.id))).into_response())
}

/// The code of the system that is named, if one is.
fn srid(name: Option<&str>) -> Result<Option<i32>, Problem> {
    let Some(name) = name.map(str::trim).filter(|name| !name.is_empty()) else { return Ok(None) };
    let short: String = name.chars().take(40).collect();
    let known = crs::Crs::named(&short).map_err(|e| Problem::invalid_parameter("crs", e.to_string(), "EPSG:7792"))?;
    Ok(Some(known.srid().postgis()))
}

fn document(sent: &Sent) -> Value {
    json!({
        "id": sent.id, "by": sent.by, "at": sent.at, "files": sent.files, "crs": sent.crs.map(|code| format!("EPSG:{code}")), "day": sent.day,
        "state": sent.state, "outcome": sent.outcome, "number": sent.number, "error": sent.error,
    })
}
