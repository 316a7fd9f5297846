//! The layers of the theme, in the order of the layer tree: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    [
        (include_str!("../layers/parcels.json"), include_str!("../styles/parcels.json")),
        (include_str!("../layers/buildings.json"), include_str!("../styles/buildings.json")),
        (include_str!("../layers/sheets.json"), include_str!("../styles/sheets.json")),
        (include_str!("../layers/fiducials.json"), include_str!("../styles/fiducials.json")),
        (include_str!("../layers/cadastral_texts.json"), include_str!("../styles/cadastral_texts.json")),
        (include_str!("../layers/cadastral_symbols.json"), include_str!("../styles/cadastral_symbols.json")),
        (include_str!("../layers/cadastral_lines.json"), include_str!("../styles/cadastral_lines.json")),
        (include_str!("../layers/cadastral_findings.json"), include_str!("../styles/cadastral_findings.json")),
    ]
    .into_iter()
    .map(|(layer, style)| Ok(Layer { style: from_str(style)?, ..from_str(layer)? }))
    .collect()
}
