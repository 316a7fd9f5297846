//! Answers kept for a day, for who asks again with the same key because the first answer did not arrive.

use kernel::{Principal, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use crate::change::refused;

/// Takes the key for this request, or gives the answer that it got before. Who comes with a key that is at work waits.
pub async fn begin<A: DeserializeOwned>(
    conn: &mut PgConnection,
    who: &Principal,
    key: &str,
    fingerprint: &[u8],
) -> Result<Option<A>, Problem> {
    sqlx::query("select opensit.forget_answers()").execute(&mut *conn).await.map_err(|e| refused(&e))?;
    let taken = sqlx::query("insert into opensit.idempotency (subject, key, request) values ($1, $2, $3) on conflict do nothing")
        .bind(subject(who))
        .bind(key)
        .bind(fingerprint)
        .execute(&mut *conn)
        .await
        .map_err(|e| refused(&e))?;
    if taken.rows_affected() == 1 {
        return Ok(None);
    }
    let (request, answer): (Vec<u8>, Option<String>) =
        sqlx::query_as("select request, answer from opensit.idempotency where subject = $1 and key = $2")
            .bind(subject(who))
            .bind(key)
            .fetch_one(conn)
            .await
            .map_err(|e| refused(&e))?;
    match answer {
        _ if request != fingerprint => {
            Err(Problem::key_reused("this `Idempotency-Key` stands for another request of yours; take a new one"))
        }
        Some(answer) => serde_json::from_str(&answer).map(Some).map_err(|e| Problem::internal("idempotency key", &e)),
        None => Err(Problem::internal("idempotency key", &"an answer is missing")),
    }
}

/// Keeps the answer, in the transaction of what it tells.
pub async fn keep<A: Serialize + Sync>(conn: &mut PgConnection, who: &Principal, key: &str, answer: &A) -> Result<(), Problem> {
    let text = serde_json::to_string(answer).map_err(|e| Problem::internal("idempotency key", &e))?;
    sqlx::query("update opensit.idempotency set answer = $3 where subject = $1 and key = $2")
        .bind(subject(who))
        .bind(key)
        .bind(text)
        .execute(conn)
        .await
        .map(|_| ())
        .map_err(|e| refused(&e))
}

fn subject(who: &Principal) -> String {
    who.id().map(|id| id.to_string()).unwrap_or_default()
}
