//! PROJ's objects. They belong to one thread each, so every thread keeps those it has used.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use proj::Proj;

use crate::CrsError;

/// Pipelines that one thread keeps. More than the register's systems in one direction; then it starts afresh.
const KEPT: usize = 64;

/// Positions handed to PROJ in one call.
const BATCH: usize = 1024;

thread_local! {
    static OBJECTS: RefCell<HashMap<Arc<str>, Proj>> = RefCell::new(HashMap::new());
}

/// Makes sure that PROJ accepts the pipeline.
pub(crate) fn prepare(pipeline: &Arc<str>) -> Result<(), CrsError> {
    with(pipeline, |_| ())
}

/// Runs positions through the pipeline, in place; or says which is the first that has no `good` place at the other
/// end, and then what was done so far is of no use.
pub(crate) fn run(
    pipeline: &Arc<str>,
    positions: &mut [[f64; 2]],
    good: impl Fn([f64; 2]) -> bool,
) -> Result<Result<(), [f64; 2]>, CrsError> {
    with(pipeline, |object| {
        let mut pairs: Vec<(f64, f64)> = Vec::with_capacity(BATCH.min(positions.len()));
        for batch in positions.chunks_mut(BATCH) {
            pairs.clear();
            pairs.extend(batch.iter().map(|p| (p[0], p[1])));
            if object.convert_array(&mut pairs).is_err() || !pairs.iter().all(|p| good((*p).into())) {
                return Err(first_refused(object, batch, good));
            }
            for (position, (x, y)) in batch.iter_mut().zip(&pairs) {
                *position = [*x, *y];
            }
        }
        Ok(())
    })
}

/// PROJ says that something in a batch failed, not what.
fn first_refused(object: &Proj, batch: &[[f64; 2]], good: impl Fn([f64; 2]) -> bool) -> [f64; 2] {
    let refused = |p: &&[f64; 2]| !object.convert((p[0], p[1])).is_ok_and(|q| good(q.into()));
    batch.iter().find(refused).or(batch.first()).copied().unwrap_or_default()
}

fn with<T>(pipeline: &Arc<str>, action: impl FnOnce(&Proj) -> T) -> Result<T, CrsError> {
    OBJECTS.with_borrow_mut(|objects| {
        if let Some(object) = objects.get(pipeline) {
            return Ok(action(object));
        }
        if objects.len() >= KEPT {
            objects.clear();
        }
        let object = Proj::new(pipeline).map_err(|e| CrsError::Engine { pipeline: pipeline.to_string(), cause: e.to_string() })?;
        Ok(action(objects.entry(pipeline.clone()).or_insert(object)))
    })
}
