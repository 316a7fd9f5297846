//! The layer of the theme: its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![Layer { style: from_str(include_str!("../styles/reports.json"))?, ..from_str(include_str!("../layers/reports.json"))? }])
}
