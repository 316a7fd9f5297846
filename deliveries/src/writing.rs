//! Who may write which layer by files: administrators every one that was made of files; others those that they made.

use kernel::{Layer, Principal, Problem};

use crate::words::conflict;

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
    if layer.module == PUBLISHED || !who.may_read(layer) {
        return Err(conflict(
            format!("il nome `{id}` è di un livello che non è vostro; dare al livello un altro nome nel piano"),
            format!("the name `{id}` is taken by a layer that is not yours; give the layer another name in the plan"),
        ));
    }
    let module = &layer.module;
    Err(conflict(
        format!("`{id}` è del modulo `{module}`, che ne dichiara i campi e lo riempie; dare al livello un altro nome nel piano"),
        format!("`{id}` belongs to the module `{module}`, which declares its fields and fills it; give the layer another name in the plan"),
    ))
}
