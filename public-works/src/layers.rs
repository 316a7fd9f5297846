//! The layers of the theme: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

/// The layer of works.
pub(crate) const WORKS: &str = "works";
/// The layer of road ordinances.
pub(crate) const ORDINANCES: &str = "road_ordinances";

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![
        Layer { style: from_str(include_str!("../styles/works.json"))?, ..from_str(include_str!("../layers/works.json"))? },
        Layer {
            style: from_str(include_str!("../styles/road_ordinances.json"))?,
            ..from_str(include_str!("../layers/road_ordinances.json"))?
        },
    ])
}
