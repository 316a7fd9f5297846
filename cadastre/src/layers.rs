//! The layers of the theme, in the order of the layer tree: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![
        Layer { style: from_str(include_str!("../styles/parcels.json"))?, ..from_str(include_str!("../layers/parcels.json"))? },
        Layer { style: from_str(include_str!("../styles/buildings.json"))?, ..from_str(include_str!("../layers/buildings.json"))? },
        Layer { style: from_str(include_str!("../styles/sheets.json"))?, ..from_str(include_str!("../layers/sheets.json"))? },
    ])
}
