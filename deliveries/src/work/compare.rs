use ingest::{IngestError, Mode, Request, Update};
use serde_json::Value;

use super::Task;
use super::follow::{Told, followed};

/// Compares the files with the layer; nothing is written to it.
pub(super) async fn compare(task: &Task, progress: &jobs::Progress) -> Result<Vec<(&'static str, Value)>, IngestError> {
    let plan = task.planned().await?;
    let changes = Some(task.deliveries.0.folder.changes(task.order.delivery));
    let request = Request {
        mode: Mode::Update,
        update: Update { only_look: true, keep_vanished: task.order.keep_vanished, changes, ..Update::default() },
        ..task.request(plan.layer.clone())
    };
    let (owner, settings, told) = (task.owner.clone(), task.settings(), Told::default());
    let hears = told.clone();
    let comparing = move || async move { ingest::run(&owner, &settings, request.by(plan), &hears).await };
    let report = followed(task, &told, progress, comparing).await?;
    let difference = report.difference.as_ref().map(ingest::Difference::with_words).unwrap_or_default();
    let report = serde_json::to_value(&report).map_err(|e| IngestError::Reader(e.to_string()))?;
    Ok(vec![("state", "compared".into()), ("stage", Value::Null), ("difference", difference), ("report", report)])
}
