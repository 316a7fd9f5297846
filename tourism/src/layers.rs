//! The layers of the theme: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![
        Layer {
            style: from_str(include_str!("../styles/points_of_interest.json"))?,
            ..from_str(include_str!("../layers/points_of_interest.json"))?
        },
        Layer { style: from_str(include_str!("../styles/lodgings.json"))?, ..from_str(include_str!("../layers/lodgings.json"))? },
        Layer { style: from_str(include_str!("../styles/events.json"))?, ..from_str(include_str!("../layers/events.json"))? },
    ])
}
