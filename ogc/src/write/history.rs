//! `GET /collections/{id}/items/{featureId}/history`: what a feature was, who changed it, when and why; for those who may change it.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use catalogue::Entry;
use crs::Transformer;
use http::{HeaderValue, header};
use kernel::{Layer, Principal, Problem, Srid};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::change::entitled;
use super::past::{self, Kept, State};
use super::rows;
use crate::items::item;
use crate::links::media;
use crate::{App, ItemPath, reply};
use operations::Request;

/// The versions, newest first. `operation` is what made the version; `current` marks the one that there is now.
pub(crate) async fn handler(app: App, path: ItemPath, request: Request) -> Result<Response, Problem> {
    let entry = entitled(&app, &request.who, &path.collection)?;
    request.only(&[])?;
    let failed = |e| Problem::database("history of a feature", &e);
    let mut session = app.context.database.snapshot(&request.who).await.map_err(failed)?;
    let found = find(&mut session, &app, &entry, &request.who, &path.feature).await?;
    let kept = past::of_row(&mut session, &entry.layer, found.fid).await.map_err(failed)?;
    let now = if found.is_there { past::present(&mut session, &entry.layer, found.fid).await.map_err(failed)? } else { None };
    let transformer = Transformer::new(entry.layer.srid, Srid::CRS84, &app.settings)
        .map_err(|e| Problem::internal("coordinate system of a feature", &e))?;
    let mut versions = told(&entry.layer, &request.who, &kept, now.as_ref(), &transformer)?;
    versions.reverse();
    let mut response = reply::json(&json!({ "versions": versions }), media::JSON, request.language).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// A row that is there, or was.
pub(crate) struct Found {
    pub(crate) fid: i64,
    pub(crate) is_there: bool,
}

/// The row of this id that is there and theirs to change, or else the last that was.
pub(crate) async fn find(conn: &mut PgConnection, app: &App, entry: &Arc<Entry>, who: &Principal, id: &str) -> Result<Found, Problem> {
    let failed = |e| Problem::database("history of a feature", &e);
    let (layer, now) = (&entry.layer, app.context.clock.now());
    if let Some(row) = rows::editable(conn, layer, who, id, now, false).await.map_err(failed)? {
        return Ok(Found { fid: row.fid, is_there: true });
    }
    if rows::is_seen(conn, layer, who, id, now).await.map_err(failed)? {
        return Err(Problem::not_editable(format!("the history of `{id}` is for those who may change it")));
    }
    let deleted = past::deleted(conn, layer, who, id).await.map_err(failed)?;
    deleted.map(|kept| Found { fid: kept.fid, is_there: false }).ok_or_else(|| item::absent(layer, id))
}

/// Oldest first.
fn told(layer: &Layer, who: &Principal, kept: &[Kept], now: Option<&Kept>, transformer: &Transformer) -> Result<Vec<Value>, Problem> {
    let mut versions = Vec::new();
    // what made the state that comes next, and what that one is compared with
    let (mut maker, mut before): (Option<&Kept>, Option<Value>) = (None, None);
    for entry in kept.iter().chain(now) {
        let Some(state) = State::of(layer, entry) else {
            maker = Some(entry);
            continue;
        };
        if !state.is_editable(layer, who) {
            (maker, before) = (Some(entry), None);
            continue;
        }
        let feature = state.feature(layer, who, transformer.clone())?;
        let operation = if maker.is_some_and(|m| m.operation == "update") { "update" } else { "create" };
        let current = entry.operation == "current";
        versions.push(version(entry.version, operation, maker, changed(before.as_ref(), &feature), &feature, current));
        if entry.operation == "delete" {
            versions.push(version(entry.version + 1, "delete", Some(entry), Vec::new(), &feature, false));
            (maker, before) = (None, None);
        } else {
            (maker, before) = (Some(entry), Some(feature));
        }
    }
    Ok(versions)
}

fn version(number: i64, operation: &str, maker: Option<&Kept>, changed: Vec<String>, feature: &Value, current: bool) -> Value {
    json!({
        "version": number, "operation": operation, "current": current,
        "at": maker.map(|m| past::told(m.at)), "by": maker.and_then(|m| m.by.as_deref()), "reason": maker.and_then(|m| m.reason.as_deref()),
        "changed": changed, "feature": feature,
    })
}

/// The names of what is different.
fn changed(before: Option<&Value>, now: &Value) -> Vec<String> {
    let Some(before) = before else { return Vec::new() };
    let properties = now["properties"].as_object().into_iter().flatten();
    let mut names: Vec<String> =
        properties.filter(|(name, value)| before["properties"].get(name.as_str()) != Some(*value)).map(|(name, _)| name.clone()).collect();
    if before["geometry"] != now["geometry"] {
        names.push("geometry".to_owned());
    }
    names
}
