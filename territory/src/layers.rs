//! The layers of the theme, in the order of the layer tree: each its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![
        Layer { style: from_str(include_str!("../styles/place_names.json"))?, ..from_str(include_str!("../layers/place_names.json"))? },
        Layer { style: from_str(include_str!("../styles/house_numbers.json"))?, ..from_str(include_str!("../layers/house_numbers.json"))? },
        Layer { style: from_str(include_str!("../styles/streets.json"))?, ..from_str(include_str!("../layers/streets.json"))? },
        Layer { style: from_str(include_str!("../styles/railways.json"))?, ..from_str(include_str!("../layers/railways.json"))? },
        Layer { style: from_str(include_str!("../styles/boundaries.json"))?, ..from_str(include_str!("../layers/boundaries.json"))? },
        Layer { style: from_str(include_str!("../styles/water.json"))?, ..from_str(include_str!("../layers/water.json"))? },
        Layer { style: from_str(include_str!("../styles/coastlines.json"))?, ..from_str(include_str!("../layers/coastlines.json"))? },
        Layer { style: from_str(include_str!("../styles/land_cover.json"))?, ..from_str(include_str!("../layers/land_cover.json"))? },
    ])
}
