//! What somebody may know of jobs: their own, or all for an administrator.

use chrono::{DateTime, Utc};
use kernel::Principal;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use crate::{JobId, Output, State};

/// A job as it is told to people.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Its name.
    pub id: JobId,
    /// Its place in the list: grows with each job.
    pub ordinal: i64,
    /// What kind of work it is.
    pub kind: String,
    /// Who asked for it, for people.
    pub owner: Option<String>,
    /// Where it stands.
    pub state: State,
    /// How far it is, 0 to 100.
    pub percent: i32,
    /// What it is doing.
    pub message: Option<String>,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// Whether it was asked to stop.
    pub cancel: bool,
    /// How often it was tried, and how often it may be.
    pub attempts: (i32, i32),
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was first taken up.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it is forgotten.
    pub expires_at: Option<DateTime<Utc>>,
    /// Whether it left something.
    pub has_result: bool,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    ordinal: i64,
    kind: String,
    owner: Option<String>,
    state: String,
    percent: i32,
    message: Option<String>,
    error: Option<String>,
    cancel: bool,
    attempt: i32,
    attempts: i32,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    expires_at: Option<DateTime<Utc>>,
    has_result: bool,
}

impl From<Row> for Summary {
    fn from(row: Row) -> Self {
        Self {
            id: JobId(row.id),
            ordinal: row.ordinal,
            kind: row.kind,
            owner: row.owner,
            state: State::parse(&row.state),
            percent: row.percent,
            message: row.message,
            error: row.error,
            cancel: row.cancel,
            attempts: (row.attempt, row.attempts),
            created_at: row.created_at,
            started_at: row.started_at,
            finished_at: row.finished_at,
            expires_at: row.expires_at,
            has_result: row.has_result,
        }
    }
}

/// An expired job is gone, whether or not it was swept away already.
const SELECT: &str = "select id, ordinal, kind, who ->> 'name' as owner, state, percent, message, error, cancel, attempt, attempts,
        created_at, started_at, finished_at, expires_at, exists (select from jobs.results where job = id) as has_result
   from jobs.jobs where (subject = $1 or $2) and (expires_at is null or expires_at > clock_timestamp())";

/// One of their jobs. Somebody else's is as absent as one that never was.
pub async fn find(conn: &mut PgConnection, who: &Principal, id: JobId) -> Result<Option<Summary>, sqlx::Error> {
    let query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(format!("{SELECT} and id = $3")));
    let row = query.bind(who.id()).bind(who.may_administer()).bind(id.0).fetch_optional(conn).await?;
    Ok(row.map(Summary::from))
}

/// Their jobs, the latest first; those before an ordinal, if one is given.
pub async fn list(conn: &mut PgConnection, who: &Principal, before: Option<i64>, limit: i64) -> Result<Vec<Summary>, sqlx::Error> {
    let text = format!("{SELECT} and ordinal < $3 order by ordinal desc limit $4");
    let query = sqlx::query_as::<_, Row>(sqlx::AssertSqlSafe(text));
    let rows = query.bind(who.id()).bind(who.may_administer()).bind(before.unwrap_or(i64::MAX)).bind(limit).fetch_all(conn).await?;
    Ok(rows.into_iter().map(Summary::from).collect())
}

/// What one of their jobs left.
pub(crate) async fn result(conn: &mut PgConnection, who: &Principal, id: JobId) -> Result<Option<Output>, sqlx::Error> {
    let row: Option<(String, Option<String>, Vec<u8>)> = sqlx::query_as(
        "select media_type, name, content from jobs.results join jobs.jobs on id = job
          where job = $3 and (subject = $1 or $2) and expires_at > clock_timestamp()",
    )
    .bind(who.id())
    .bind(who.may_administer())
    .bind(id.0)
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|(media_type, name, content)| Output { media_type, name, content }))
}
