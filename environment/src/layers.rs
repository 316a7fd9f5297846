//! The layers of the theme: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

macro_rules! layers {
    ($($name:literal),* $(,)?) => {
        [$((include_str!(concat!("../layers/", $name, ".json")), include_str!(concat!("../styles/", $name, ".json")))),*]
    };
}

/// In the order of the layer tree.
const DECLARED: [(&str, &str); 10] = layers![
    "trees",
    "tree_inspections",
    "flood_zones",
    "landslide_zones",
    "noise_zones",
    "burnt_areas",
    "bathing_waters",
    "waste_points",
    "alert_zones",
    "datasets",
];

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    DECLARED.iter().map(|(layer, style)| Ok(Layer { style: from_str(style)?, ..from_str(layer)? })).collect()
}
