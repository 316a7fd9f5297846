//! A delivery as JSON.

use catalogue::store;
use chrono::SecondsFormat;
use ingest::{PlanFile, Report, Rule};
use kernel::{LayerId, Principal, Problem};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::record::{Record, State};
use crate::writing::may_write;

/// What a list says of it.
pub(super) fn short(record: &Record) -> Value {
    let state = record.state();
    let files: Vec<Value> = record.files.iter().map(|file| json!({ "name": file.name, "bytes": file.bytes })).collect();
    let layer = record.plan_json().and_then(|plan| plan.get("layer")).cloned().unwrap_or_default();
    let title = record.plan_json().and_then(|plan| plan.get("title")).cloned().unwrap_or_default();
    let page = record.number().and_then(|number| Some(format!("/admin/layers/{}/report?number={number}", layer.as_str()?)));
    json!({
        "id": record.id, "created": record.created_at.to_rfc3339_opts(SecondsFormat::Secs, true), "by": record.by, "files": files,
        "state": state.name(), "stage": if state.works() { record.stage.clone() } else { None },
        "layer": layer, "title": title, "mode": record.mode, "number": record.number(), "report_page": page, "error": record.error(),
        "undoable": record.undoable(), "undone": record.undone == Some(true), "freed": record.freed || state == State::Loaded,
    })
}

/// All of it.
pub(super) async fn whole(conn: &mut PgConnection, who: &Principal, record: &Record) -> Result<Value, Problem> {
    let mut document = short(record);
    document["plan"] = record.plan_json().cloned().unwrap_or_default();
    document["remarks"] = record.remarks.clone().unwrap_or_else(|| json!([]));
    document["difference"] = record.difference.clone().unwrap_or_default();
    document["report"] = record.report().map(with_words).unwrap_or_default();
    document["rules"] =
        Rule::all().map(|rule| json!({ "rule": rule, "words": rule.words(), "cure": rule.cure(), "allowed": rule.allowed() })).collect();
    let (exists, taken) = match record.plan_json() {
        Some(_) => there(conn, who, &record.plan()?).await?,
        None => (Value::Null, false),
    };
    document["exists"] = exists;
    document["taken"] = taken.into();
    Ok(document)
}

/// The layer that the plan names, if they may write it; or else whether its name is taken.
async fn there(conn: &mut PgConnection, who: &Principal, plan: &PlanFile) -> Result<(Value, bool), Problem> {
    let Some(layer) = layer(conn, &plan.layer).await? else { return Ok((Value::Null, false)) };
    if !may_write(who, &layer) {
        return Ok((Value::Null, true));
    }
    let (has_key, rows): (bool, i64) = sqlx::query_as(
        "select deliveries.told_apart($1), coalesce((select greatest(reltuples, 0)::bigint from pg_class where oid = to_regclass($2)), 0)",
    )
    .bind(layer.id.as_str())
    .bind(layer.table.sql())
    .fetch_one(conn)
    .await
    .map_err(|e| Problem::database("a delivery", &e))?;
    Ok((json!({ "title": layer.title, "has_key": has_key, "rows": rows, "draft": layer.draft }), false))
}

/// The layer of a name, whoever may see it.
pub(super) async fn layer(conn: &mut PgConnection, id: &LayerId) -> Result<Option<kernel::Layer>, Problem> {
    store::get(conn, id).await.map_err(|e| Problem::internal("a delivery", &e))
}

/// A report with the words of its reasons and rules; one that an older program kept is told as it is.
fn with_words(report: &Value) -> Value {
    serde_json::from_value::<Report>(report.clone()).map_or_else(|_| report.clone(), |report| report.with_words())
}
