//! Answers kept for a day, for who asks again with the same `Idempotency-Key` because the first answer did not arrive.
//!
//! In the transaction of a change: [`begin`] takes the key or gives the answer that it got before, [`keep`] keeps the new one. A change that
//! is given up keeps nothing, and its key is free again. Of two requests with one key at a time the second waits for the first.

use http::HeaderMap;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::PgConnection;

use crate::{Principal, Problem};

/// The longest key, in bytes.
const MAX_BYTES: usize = 64;

/// Why it can't be known whether this was done before.
#[derive(Debug)]
pub enum Error {
    /// The database did not answer, or refused.
    Database(sqlx::Error),
    /// The client is told this.
    Problem(Problem),
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Database(error) => Self::database("idempotency key", &error),
            Error::Problem(problem) => problem,
        }
    }
}

fn broken(cause: &dyn std::fmt::Display) -> Error {
    Error::Problem(Problem::internal("idempotency key", cause))
}

/// The key of a request: the header is given once at most, and has 1 to 64 visible ASCII characters.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all("idempotency-key").iter();
    let (first, second) = (all.next(), all.next());
    let Some(value) = first else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    checked(if second.is_none() { text } else { "" }).map(Some)
}

/// A key that a form sent.
pub fn checked(text: &str) -> Result<String, Problem> {
    if (1..=MAX_BYTES).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(text.to_owned());
    }
    let allowed = format!("1 to {MAX_BYTES} visible ASCII characters, once");
    Err(Problem::invalid_parameter("Idempotency-Key", "`Idempotency-Key` is none", allowed))
}

/// Takes the key for this request, or gives the answer that it got before. `fingerprint` is the SHA-256 of all of the request that
/// counts: method, address, body. Who comes with a key that is at work waits. Another request's key is 422.
pub async fn begin<A: DeserializeOwned>(
    conn: &mut PgConnection,
    who: &Principal,
    key: &str,
    fingerprint: &[u8],
) -> Result<Option<A>, Error> {
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
    if request != fingerprint {
        let detail = "this `Idempotency-Key` stands for another request of yours; take a new one";
        return Err(Error::Problem(Problem::key_reused(detail)));
    }
    let answer = answer.ok_or_else(|| broken(&"an answer is missing"))?;
    serde_json::from_str(&answer).map(Some).map_err(|e| broken(&e))
}

/// Keeps the answer, in the transaction of what it tells.
pub async fn keep<A: Serialize + Sync>(conn: &mut PgConnection, who: &Principal, key: &str, answer: &A) -> Result<(), Error> {
    let text = serde_json::to_string(answer).map_err(|e| broken(&e))?;
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

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::key;

    #[test]
    fn a_key_is_short_and_visible_and_there_once() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append("idempotency-key", HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            key(&headers)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["a-1"]), Ok(Some("a-1".to_owned())));
        for bad in [&[""][..], &["a b"], &["è"], &[&"x".repeat(65)], &["a", "a"]] {
            assert_eq!(read(bad).unwrap_err().status(), 400, "{bad:?}");
        }
    }
}
