//! Answers kept for a day, for who asks again with the same key because the first answer did not arrive.

use kernel::{Principal, Problem};
use sqlx::PgConnection;

use super::answer::Answer;
use super::failure::Failure;

/// Takes the key for this request, or gives the answer that it got before. Who comes with a key that is at work waits.
pub(crate) async fn begin(conn: &mut PgConnection, who: &Principal, key: &str, fingerprint: &[u8]) -> Result<Option<Answer>, Failure> {
    sqlx::query("select opensit.forget_answers()").execute(&mut *conn).await?;
    let taken = sqlx::query("insert into opensit.idempotency (subject, key, request) values ($1, $2, $3) on conflict do nothing")
        .bind(subject(who))
        .bind(key)
        .bind(fingerprint)
        .execute(&mut *conn)
        .await?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    let (request, answer): (Vec<u8>, Option<String>) =
        sqlx::query_as("select request, answer from opensit.idempotency where subject = $1 and key = $2")
            .bind(subject(who))
            .bind(key)
            .fetch_one(conn)
            .await?;
    match answer {
        _ if request != fingerprint => {
            Err(Problem::key_reused("this `Idempotency-Key` stands for another request of yours; take a new one").into())
        }
        Some(answer) => Ok(Some(serde_json::from_str(&answer).map_err(|e| Problem::internal("idempotency key", &e))?)),
        None => Err(Problem::internal("idempotency key", &"an answer is missing").into()),
    }
}

/// Keeps the answer, in the transaction of what it tells.
pub(crate) async fn keep(conn: &mut PgConnection, who: &Principal, key: &str, answer: &Answer) -> Result<(), Failure> {
    let text = serde_json::to_string(answer).map_err(|e| Problem::internal("idempotency key", &e))?;
    sqlx::query("update opensit.idempotency set answer = $3 where subject = $1 and key = $2")
        .bind(subject(who))
        .bind(key)
        .bind(text)
        .execute(conn)
        .await?;
    Ok(())
}

fn subject(who: &Principal) -> String {
    who.id().map(|id| id.to_string()).unwrap_or_default()
}
