//! The layers of the theme: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![
        Layer { style: from_str(include_str!("../styles/trees.json"))?, ..from_str(include_str!("../layers/trees.json"))? },
        Layer {
            style: from_str(include_str!("../styles/tree_inspections.json"))?,
            ..from_str(include_str!("../layers/tree_inspections.json"))?
        },
    ])
}
