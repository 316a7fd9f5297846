//! How many jobs of a kind one person has: bounded where a job leaves something large.

use kernel::Principal;
use sqlx::PgConnection;

/// How many jobs of a kind one person may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// That have not ended.
    pub at_once: i64,
    /// With a result that is kept; the oldest makes place for the next.
    pub kept: i64,
}

/// Makes place for one more job of a kind, in the caller's transaction, in which it is put: forgets the oldest that ended beyond what is kept.
/// `false`: too many have not ended.
pub async fn make_room(conn: &mut PgConnection, who: &Principal, kind: &str, room: Room) -> Result<bool, sqlx::Error> {
    // two requests at the same moment are counted one after the other
    sqlx::query("select pg_advisory_xact_lock(hashtextextended($1 || ' ' || coalesce($2::text, ''), 7))")
        .bind(kind)
        .bind(who.id())
        .execute(&mut *conn)
        .await?;
    let unended: i64 = sqlx::query_scalar(
        "select count(*) from jobs.jobs where kind = $1 and subject is not distinct from $2 and state in ('queued', 'running')",
    )
    .bind(kind)
    .bind(who.id())
    .fetch_one(&mut *conn)
    .await?;
    if unended >= room.at_once {
        return Ok(false);
    }
    sqlx::query(
        "delete from jobs.jobs where id in (
            select id from jobs.jobs
             where kind = $1 and subject is not distinct from $2 and state in ('done', 'failed', 'cancelled')
             order by ordinal desc offset $3)",
    )
    .bind(kind)
    .bind(who.id())
    .bind((room.kept - unended - 1).max(0))
    .execute(conn)
    .await?;
    Ok(true)
}
