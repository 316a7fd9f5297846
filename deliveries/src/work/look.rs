use ingest::{IngestError, Request};
use kernel::LayerId;
use serde_json::{Value, json};

use super::Task;
use super::follow::{Told, followed};

/// Looks at the files: what is in them, and what seems right to do.
pub(super) async fn look(task: &Task, progress: &jobs::Progress) -> Result<Vec<(&'static str, Value)>, IngestError> {
    let order = &task.order;
    // what the layer is called does not matter yet
    let named = order.layer.clone().map_or_else(|| LayerId::new("planned"), Ok).map_err(|e| IngestError::Reader(e.to_string()))?;
    let request = Request { crs: order.crs, source_layer: order.source_layer.clone(), ..task.request(named) };
    let (owner, settings, told, layer) = (task.owner.clone(), task.settings(), Told::default(), order.layer.clone());
    let hears = told.clone();
    let looking = move || async move { ingest::look(&owner, &settings, &request, layer.as_ref(), &hears).await };
    let ingest::Looked { mut plan, remarks, sample } = followed(task, &told, progress, looking).await?;
    plan.swap_axes |= order.swap_axes;
    let bytes = sample.to_bytes()?;
    let file = task.deliveries.0.folder.sample(order.delivery);
    std::fs::write(&file, bytes).map_err(|cause| IngestError::Io { path: file, cause })?;
    let layer = plan.layer.to_string();
    let plan = serde_json::to_value(plan).map_err(|e| IngestError::Reader(e.to_string()))?;
    Ok(vec![("state", "planned".into()), ("stage", Value::Null), ("plan", plan), ("layer", layer.into()), ("remarks", json!(remarks))])
}
