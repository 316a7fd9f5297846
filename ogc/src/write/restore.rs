//! `POST /collections/{id}/items/{featureId}/history/{version}/restore`: a feature as it was. With `If-Match` for one that is there,
//! with `If-None-Match: *` for one that was deleted.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use catalogue::Entry;
use crs::{Crs, Transformer};
use kernel::{Layer, Principal, Problem};
use operations::{Answer, State as Meant};

use super::answer;
use super::ask::Ask;
use super::body::Given;
use super::change::{Change, Done, Work, changeable};
use super::failure::Failure;
use super::history;
use super::past::{self, Kept, State};
use super::run::{Task, run};
use crate::App;
use kernel::Action;

/// A feature to be brought back.
#[derive(Debug)]
pub(crate) struct Restore {
    entry: Arc<Entry>,
    id: String,
    version: i64,
    state: Meant,
    absent: bool,
}

pub(crate) async fn handler(app: App, path: Path<(String, String, String)>, ask: Ask) -> Result<Response, Problem> {
    let Path((collection, id, version)) = path;
    let entry = changeable(&app, &ask.request.who, &collection)?;
    ask.request.only(&["crs"])?;
    let version = version.parse().map_err(|_| no_version(&version))?;
    let what = Restore { entry, id, version, state: ask.state.clone(), absent: ask.absent };
    run(&app, &ask, ask.reason.as_deref(), b"", Task::Restore(what)).await
}

impl Restore {
    pub(crate) async fn apply(self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { entry, id, version, state, absent } = self;
        let (layer, who) = (&entry.layer, &work.request.who);
        let found = history::find(work.conn, work.app, &entry, who, &id).await?;
        let kept = past::of_row(work.conn, layer, found.fid).await?;
        let crs = Crs::require(layer.srid).map_err(|e| Problem::internal("coordinate system of a feature", &e))?;
        let given = kept_as_given(work.app, layer, who, &kept, version, found.is_there)?;
        let done = if found.is_there {
            if absent {
                return Err(Problem::changed_meanwhile(format!("`{id}` is there")).into());
            }
            let restored = Some(version);
            work.apply(Change { action: Action::Replace, entry, id, state, given, crs, restored }).await?
        } else {
            if !absent {
                let detail = format!("`{id}` was deleted: to make it again say `If-None-Match: *`");
                return Err(Problem::precondition_required(detail).into());
            }
            let last = kept.last().map_or(0, |k| k.version);
            let (properties, geometry) = (given.properties.flatten().unwrap_or_default(), given.geometry.flatten());
            let row = work.make(&entry, crs, &properties, geometry.as_ref(), Some((found.fid, &id, last + 2))).await?;
            work.tell(Action::Replace, &entry, &row, &[], Some(version)).await?;
            Done { action: Action::Replace, id: row.id.clone(), row: Some(row), entry }
        };
        Ok(answer::of(work, &done)?)
    }
}

/// The state of that version as if it were sent, in the system of storage. Of a feature that is there, what is edited.
fn kept_as_given(app: &App, layer: &Layer, who: &Principal, kept: &[Kept], version: i64, is_there: bool) -> Result<Given, Problem> {
    // a deletion has a number of its own, and what there was before it
    let of = |version: i64, deleted: bool| {
        kept.iter().find(|k| k.version == version && k.operation != "insert" && (!deleted || k.operation == "delete"))
    };
    let entry = of(version, false).or_else(|| of(version - 1, true));
    let state = entry.and_then(|kept| State::of(layer, kept)).filter(|state| state.is_editable(layer, who));
    let state = state.ok_or_else(|| no_version(&version.to_string()))?;
    let transformer =
        Transformer::new(layer.srid, layer.srid, &app.settings).map_err(|e| Problem::internal("coordinate system of a feature", &e))?;
    let mut feature = state.feature(layer, who, transformer)?;
    if let Some(properties) = feature["properties"].as_object_mut() {
        properties.retain(|name, _| match layer.field(name) {
            Some(field) => field.editable || !is_there,
            None => name.starts_with("valid_"),
        });
    }
    serde_json::from_value::<Given>(feature).map_err(|e| Problem::internal("history of a feature", &e))
}

fn no_version(version: &str) -> Problem {
    let shown: String = version.chars().take(40).collect();
    Problem::not_found(format!("the feature has no version `{shown}` to go back to"))
}
