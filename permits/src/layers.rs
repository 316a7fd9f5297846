//! The layer of the theme: its declaration (`layers/`) and its drawing (`styles/`).

use kernel::Layer;
use serde_json::{Error, from_str};

/// Its name.
pub(crate) const PERMITS: &str = "permits";

pub(crate) fn all() -> Result<Vec<Layer>, Error> {
    Ok(vec![Layer { style: from_str(include_str!("../styles/permits.json"))?, ..from_str(include_str!("../layers/permits.json"))? }])
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::words::{CONSTRAINTS, KINDS, STATES};

    #[test]
    fn the_declaration_lists_the_codes() {
        let layer = all().unwrap().remove(0);
        for (field, codes) in [("kind", &KINDS[..]), ("state", &STATES[..]), ("constraint_kind", &CONSTRAINTS[..])] {
            let declared: Vec<&str> = layer.field(field).unwrap().codes.iter().map(|c| &*c.value).collect();
            assert_eq!(declared, codes, "{field}");
        }
    }
}
