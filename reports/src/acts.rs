//! What the office does with a report. Each act is one step from a state to another, in one transaction with its line in the journal.

pub(crate) mod answer;
pub(crate) mod approve;
pub(crate) mod assign;
pub(crate) mod close;
pub(crate) mod merge;
pub(crate) mod reject;

use axum::response::Response;
use kernel::{Action, Language, Layer, Problem};
use operations::{Answer, Change, Row, refused, say};
use serde_json::{Value, json};
use sqlx::FromRow;

use crate::states::state_name;

/// A report as an act finds it.
#[derive(Debug, FromRow)]
struct Before {
    state: String,
    office: String,
}

async fn before(change: &mut Change, row: &Row) -> Result<Before, Problem> {
    sqlx::query_as("select state, office from reports.reports where fid = $1")
        .bind(row.fid)
        .fetch_one(change.conn())
        .await
        .map_err(|e| refused(&e))
}

/// Refuses what the state does not allow, in the reader's words; the database refuses it too.
fn allow(state: &str, from: &[&str], language: Language) -> Result<(), Problem> {
    if from.contains(&state) {
        return Ok(());
    }
    let name = |state: &str| state_name(state, language);
    let wanted = from.iter().map(|state| name(state)).collect::<Vec<_>>().join(", ");
    let detail = match language {
        Language::It => {
            format!("la segnalazione è nello stato «{}»: questo si può fare solo da {wanted}. Non è cambiato nulla", name(state))
        }
        Language::En => format!("the report is “{}”: this can be done from {wanted} alone. Nothing was changed", name(state)),
    };
    Err(Problem::invalid_feature(
        detail,
        vec![json!({ "field": "state", "detail": say(language, "non lo consente", "does not allow it") })],
    ))
}

/// The answer of an act: the record, one version on.
async fn done(mut change: Change, layer: &Layer, row: Row, changed: &[&str], body: Value) -> Result<Response, Problem> {
    let version: i64 = sqlx::query_scalar("select version from reports.reports where fid = $1")
        .bind(row.fid)
        .fetch_one(change.conn())
        .await
        .map_err(|e| refused(&e))?;
    let row = Row { version, ..row };
    change.tell(Action::Update, layer, &row, changed).await?;
    change.finish(Answer::changed(format!("/reports/{}", row.id), row.tag(), body)).await
}
