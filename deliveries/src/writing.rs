//! Who may write which layer by files: administrators every one that was made of files; others those that they made.

use kernel::{Layer, Principal, Problem};

/// The layers that are made of files.
const PUBLISHED: &str = "published";

/// Whether they may.
pub(crate) fn may_write(who: &Principal, layer: &Layer) -> bool {
    layer.module == PUBLISHED && (who.may_administer() || layer.is_by(who))
}

/// Refuses those that they may not.
pub(crate) fn check(who: &Principal, layer: &Layer) -> Result<(), Problem> {
    if may_write(who, layer) {
        return Ok(());
    }
    let id = &layer.id;
    Err(Problem::conflict(if layer.module == PUBLISHED || !who.may_read(layer) {
        format!("the name `{id}` is taken by a layer that is not yours; give the layer another name in the plan")
    } else {
        format!(
            "`{id}` belongs to the module `{}`, which declares its fields and fills it; give the layer another name in the plan",
            layer.module
        )
    }))
}
