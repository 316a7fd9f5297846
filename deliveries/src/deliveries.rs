//! What is made of files that were sent: one operation a file.

pub(crate) mod cancel;
pub(crate) mod changes;
pub(crate) mod compare;
pub(crate) mod create;
mod document;
pub(crate) mod list;
pub(crate) mod load;
pub(crate) mod look;
pub(crate) mod one;
mod order;
pub(crate) mod plan;
pub(crate) mod preview;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod undo;

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use kernel::{Principal, Problem, Text};
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::{Postgres, Transaction};

use self::record::Record;
use crate::Deliveries;
use crate::words::said;

/// The same for a delivery that never was and one that is somebody else's.
fn absent() -> Problem {
    let words = Text::new(
        "non avete questa consegna; quelle con cui nessuno va avanti vengono tolte dopo qualche giorno",
        "you have no such delivery; those that nobody goes on with are removed after some days",
    );
    said(Problem::not_found, &words)
}

/// A delivery of theirs that they are about to order something of: no job is at it, and nobody else changes it until the transaction ends.
/// `what` they want with it, as it is said of it in Italian and English.
async fn to_order(
    deliveries: &Deliveries,
    who: &Principal,
    id: &str,
    what: [&str; 2],
) -> Result<(Transaction<'static, Postgres>, Record), Problem> {
    let mut transaction = deliveries.0.context.database.write(who).await.map_err(failed)?;
    let record = Record::find_to_change(&mut transaction, who, id).await?;
    record.check_idle(what)?;
    Ok((transaction, record))
}

/// What is answered when the database does not.
fn failed(error: sqlx::Error) -> Problem {
    Problem::database("a delivery", &error)
}

/// A JSON document that is one person's alone.
pub(crate) fn json(document: &Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "private, no-store")];
    (headers, document.to_string()).into_response()
}

/// A body of JSON; an empty one is `{}`.
fn read<T: DeserializeOwned>(body: &Bytes, form: &str) -> Result<T, Problem> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|e| Problem::bad_request(format!("the body must be {form}: {e}")))
}

/// A GeoJSON document.
fn geojson(text: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/geo+json"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}
