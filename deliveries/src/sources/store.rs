//! What is known of sources, in the schema `deliveries`.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Source;

/// Runs of a source that are kept.
const RUNS: i64 = 200;
/// Files of a source that are remembered.
const FILES: i64 = 2_000;

/// How a source stands.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct State {
    /// When it was last looked at.
    pub looked_at: Option<DateTime<Utc>>,
    /// When a look last ended well, whether or not it found something new.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// Since when it fails, if it does.
    pub failing_since: Option<DateTime<Utc>>,
    /// How many looks failed since the last that ended well.
    pub failures: i32,
    /// Whether who is told of failures knows that it fails.
    #[serde(skip)]
    pub(super) told: bool,
    /// Whether it is to be looked at.
    pub due: bool,
}

/// What a look, or several alike, came to.
#[derive(Clone, Debug, FromRow, Serialize)]
pub struct Run {
    /// When it began, the first of them.
    pub began_at: DateTime<Utc>,
    /// When it ended, the last of them.
    pub ended_at: Option<DateTime<Utc>>,
    /// How many.
    pub looks: i32,
    /// `loading`, `loaded`, `nothing` (new), `failed`.
    pub outcome: String,
    /// The file.
    pub file: Option<String>,
    /// What to say of it.
    pub words: Option<String>,
    /// The layer.
    pub layer: Option<String>,
    /// The delivery, under which its report is kept.
    pub number: Option<i64>,
    /// What differed, of an update.
    pub difference: Option<Value>,
}

/// How a source stands; nothing if it was never looked at.
pub async fn state(database: &mut PgConnection, source: &Source) -> Result<Option<State>, sqlx::Error> {
    sqlx::query_as(
        "select looked_at, succeeded_at, failing_since, failures, told,
                coalesce(coalesce(again_at, looked_at + make_interval(secs => $2)) <= clock_timestamp(), true) as due
           from deliveries.sources where name = $1",
    )
    .bind(&source.name)
    .bind(source.every.as_secs_f64())
    .fetch_optional(database)
    .await
}

/// Its last runs, the newest first.
pub async fn runs(database: &mut PgConnection, source: &Source, most: i64) -> Result<Vec<Run>, sqlx::Error> {
    sqlx::query_as(
        "select began_at, ended_at, looks, outcome, file, words, layer, number, difference
           from deliveries.runs where source = $1 order by ordinal desc limit $2",
    )
    .bind(&source.name)
    .bind(most)
    .fetch_all(database)
    .await
}

/// Has a source looked at as soon as may be, by a server that runs.
pub async fn ask(owner: &mut PgConnection, source: &Source) -> Result<(), sqlx::Error> {
    sqlx::query("insert into deliveries.sources (name, again_at) values ($1, clock_timestamp()) on conflict (name) do update set again_at = clock_timestamp()")
        .bind(&source.name)
        .execute(owner)
        .await
        .map(drop)
}

/// What is known of a file.
#[derive(Clone, Debug, Default, FromRow)]
pub(super) struct Seen {
    pub(super) file: String,
    /// Size and times, at the last look.
    pub(super) changed: Option<String>,
    /// Those of what was loaded or passed over.
    pub(super) done: Option<String>,
    pub(super) content: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) modified: Option<String>,
}

pub(super) async fn seen(owner: &mut PgConnection, source: &str) -> Result<Vec<Seen>, sqlx::Error> {
    sqlx::query_as("select file, changed, done, content, etag, modified from deliveries.seen where source = $1")
        .bind(source)
        .fetch_all(owner)
        .await
}

/// Remembers a file; what is not said of it stays as it was.
pub(super) async fn remember(owner: &mut PgConnection, source: &str, seen: &Seen) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into deliveries.seen as s (source, file, changed, done, content, etag, modified) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (source, file) do update set changed = coalesce(excluded.changed, s.changed), done = coalesce(excluded.done, s.done),
             content = coalesce(excluded.content, s.content), etag = excluded.etag, modified = excluded.modified, at = clock_timestamp()",
    )
    .bind(source)
    .bind(&seen.file)
    .bind(&seen.changed)
    .bind(&seen.done)
    .bind(&seen.content)
    .bind(&seen.etag)
    .bind(&seen.modified)
    .execute(owner)
    .await
    .map(drop)
}

/// A source that is looked at, so that the others' keys have what to lean on.
pub(super) async fn begin(owner: &mut PgConnection, source: &str) -> Result<(), sqlx::Error> {
    sqlx::query("insert into deliveries.sources (name) values ($1) on conflict do nothing").bind(source).execute(owner).await.map(drop)
}

/// Begins to load a file; what is published has this order's name.
pub(super) async fn begin_load(
    owner: &mut PgConnection,
    source: &str,
    file: &str,
    content: &str,
    layer: &str,
) -> Result<Uuid, sqlx::Error> {
    let run = Uuid::new_v4();
    sqlx::query("insert into deliveries.runs (id, source, outcome, file, content, layer) values ($1, $2, 'loading', $3, $4, $5)")
        .bind(run)
        .bind(source)
        .bind(file)
        .bind(content)
        .bind(layer)
        .execute(owner)
        .await?;
    Ok(run)
}

/// What a program that was killed had begun: told now if it was published, forgotten if not.
pub(super) async fn settle(owner: &mut PgConnection, source: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "with told as (
             update deliveries.runs r set outcome = 'loaded', ended_at = d.at, number = d.number,
                    words = 'the program ended before it could say what it had loaded; the report has it'
               from opensit.deliveries d where d.ordered = r.id and r.source = $1 and r.outcome = 'loading'
             returning r.source, r.file, r.content)
         insert into deliveries.seen as s (source, file, content) select source, file, content from told
         on conflict (source, file) do update set content = excluded.content, etag = null, modified = null",
    )
    .bind(source)
    .execute(&mut *owner)
    .await?;
    sqlx::query("delete from deliveries.runs where source = $1 and outcome = 'loading'").bind(source).execute(owner).await.map(drop)
}

/// How a look ended.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) outcome: &'static str,
    /// The run that was begun, of a load.
    pub(super) run: Option<Uuid>,
    pub(super) file: Option<String>,
    pub(super) words: String,
    pub(super) number: Option<i64>,
    pub(super) difference: Option<Value>,
    /// Seconds after which it is looked at again, if that is sooner than its own time.
    pub(super) again: Option<f64>,
}

/// Writes down how a look ended. The same as before, nothing new or the same failure, is counted there.
pub(super) async fn end(owner: &mut PgConnection, source: &str, ended: &Ended) -> Result<(), sqlx::Error> {
    let mut alike = 0;
    if ended.outcome != "loaded" {
        alike = sqlx::query(
            "update deliveries.runs set looks = looks + 1, ended_at = clock_timestamp()
              where ordinal = (select max(ordinal) from deliveries.runs where source = $1 and id is distinct from $5)
                and outcome = $2 and file is not distinct from $3 and words is not distinct from $4",
        )
        .bind(source)
        .bind(ended.outcome)
        .bind(&ended.file)
        .bind(&ended.words)
        .bind(ended.run)
        .execute(&mut *owner)
        .await?
        .rows_affected();
    }
    if alike > 0 {
        sqlx::query("delete from deliveries.runs where id = $1").bind(ended.run).execute(&mut *owner).await?;
    } else {
        sqlx::query(
            "insert into deliveries.runs (id, source, ended_at, outcome, file, words, number, difference)
             values ($1, $2, clock_timestamp(), $3, $4, $5, $6, $7)
             on conflict (id) do update set ended_at = excluded.ended_at, outcome = excluded.outcome, words = excluded.words,
                 number = excluded.number, difference = excluded.difference",
        )
        .bind(ended.run.unwrap_or_else(Uuid::new_v4))
        .bind(source)
        .bind(ended.outcome)
        .bind(&ended.file)
        .bind(&ended.words)
        .bind(ended.number)
        .bind(&ended.difference)
        .execute(&mut *owner)
        .await?;
    }
    sqlx::query(
        "update deliveries.sources set looked_at = clock_timestamp(), again_at = clock_timestamp() + make_interval(secs => $3),
                succeeded_at = case when $2 then succeeded_at else clock_timestamp() end,
                failing_since = case when $2 then coalesce(failing_since, clock_timestamp()) end,
                failures = case when $2 then failures + 1 else 0 end
          where name = $1",
    )
    .bind(source)
    .bind(ended.outcome == "failed")
    .bind(ended.again)
    .execute(&mut *owner)
    .await?;
    sqlx::query(
        "delete from deliveries.runs where source = $1 and ordinal <= (
             select ordinal from deliveries.runs where source = $1 order by ordinal desc offset $2 limit 1)",
    )
    .bind(source)
    .bind(RUNS)
    .execute(&mut *owner)
    .await?;
    sqlx::query(
        "delete from deliveries.seen where source = $1 and at <= (
             select at from deliveries.seen where source = $1 order by at desc offset $2 limit 1)",
    )
    .bind(source)
    .bind(FILES)
    .execute(owner)
    .await
    .map(drop)
}

/// Looks again soon: something is not complete yet. Neither well nor badly.
pub(super) async fn wait(owner: &mut PgConnection, source: &str, seconds: f64) -> Result<(), sqlx::Error> {
    sqlx::query("update deliveries.sources set looked_at = clock_timestamp(), again_at = clock_timestamp() + make_interval(secs => $2) where name = $1")
        .bind(source)
        .bind(seconds)
        .execute(owner)
        .await
        .map(drop)
}

/// Who is told of failures knows now whether it fails.
pub(super) async fn told(owner: &mut PgConnection, source: &str, told: bool) -> Result<(), sqlx::Error> {
    sqlx::query("update deliveries.sources set told = $2 where name = $1").bind(source).bind(told).execute(owner).await.map(drop)
}
