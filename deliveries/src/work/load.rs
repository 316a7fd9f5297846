use identity::audit::{self, Action, Event};
use ingest::{IngestError, Mode, Report, Request, Update};
use kernel::{LayerId, Principal};
use serde_json::{Value, json};

use super::Task;
use super::follow::{Told, followed};
use crate::folder::remove;

/// Loads the files, and frees them. What was published by this order before, and could not be told, is told now.
pub(super) async fn load(task: &Task, progress: &jobs::Progress) -> Result<Vec<(&'static str, Value)>, IngestError> {
    let order = &task.order;
    let plan = match before(task).await? {
        // its plan may be refused now, since the layer is there
        Some(_) => task.plan.clone().ok_or(IngestError::Cancelled)?,
        None => task.planned().await?,
    };
    let request = Request {
        mode: order.mode.unwrap_or(Mode::Create),
        draft: order.draft,
        update: Update { keep_vanished: order.keep_vanished, vanish_at_most: order.vanish_at_most, ..Update::default() },
        order: Some(order.delivery),
        ..task.request(plan.layer.clone())
    };
    let layer = plan.layer.clone();
    let (owner, settings, told) = (task.owner.clone(), task.settings(), Told::default());
    let hears = told.clone();
    let loading = move || async move { ingest::run(&owner, &settings, request.by(plan), &hears).await };
    let report = match followed(task, &told, progress, loading).await {
        Ok(report) => Some(report),
        Err(IngestError::LoadedBefore { .. }) => None,
        Err(error) => return Err(error),
    };
    let number = before(task).await?;
    tell(task, &layer, number, report.as_ref()).await;
    free(task).await?;
    let mut values = vec![("state", "loaded".into()), ("stage", Value::Null), ("number", json!(number)), ("freed", true.into())];
    if let Some(report) = report {
        values.push(("difference", report.difference.as_ref().map(ingest::Difference::with_words).unwrap_or_default()));
        values.push(("report", serde_json::to_value(&report).map_err(|e| IngestError::Reader(e.to_string()))?));
    }
    Ok(values)
}

/// The number under which this order was published.
async fn before(task: &Task) -> Result<Option<i64>, IngestError> {
    sqlx::query_scalar("select number from opensit.deliveries where ordered = $1")
        .bind(task.order.delivery)
        .fetch_optional(&task.owner)
        .await
        .map_err(|cause| IngestError::Database { what: "does not say what was delivered before", cause })
}

/// That it was ordered is in the log already, in the transaction of the order; this is how it ended.
async fn tell(task: &Task, layer: &LayerId, number: Option<i64>, report: Option<&Report>) {
    let details = json!({ "what": "a delivery loaded", "delivery": task.order.delivery, "number": number, "mode": task.order.mode,
                          "rows": report.map(|report| report.rows_loaded) });
    let event = Event::new(Action::Administer).on(layer).details(details);
    if let Err(error) = audit::record_apart(&task.deliveries.0.context.database, &task.who, event).await {
        tracing::error!(delivery = %task.order.delivery, cause = %error, "the log does not have that a delivery was loaded");
    }
}

/// The files are in the layer now.
async fn free(task: &Task) -> Result<(), IngestError> {
    let failed = |cause| IngestError::Database { what: "does not forget the files", cause };
    let mut transaction = task.deliveries.0.context.database.write(&Principal::operator()).await.map_err(failed)?;
    sqlx::query("delete from deliveries.uploads where delivery = $1")
        .bind(task.order.delivery)
        .execute(&mut *transaction)
        .await
        .map_err(failed)?;
    transaction.commit().await.map_err(failed)?;
    let folder = task.deliveries.0.folder.delivery(task.order.delivery);
    let removing = tokio::task::spawn_blocking({
        let folder = folder.clone();
        move || remove(&folder)
    });
    let removed = removing.await.map_err(|e| IngestError::Reader(e.to_string()))?;
    removed.map_err(|cause| IngestError::Io { path: folder, cause })
}
