use serde::{Deserialize, Serialize};

use crate::Column;

/// What the rows of a layer are known by in other people's lists: files that have no coordinates are placed through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Register {
    /// Parcels. Their `id` is the national reference, read by position: comune 4 (cadastral code), section 1 (`_` for none), foglio 4,
    /// allegato 1 and sviluppo 1 (`0` for none), a dot, the particella.
    Parcels {
        /// The number of the foglio, whole numbers.
        sheet: Column,
        /// The particella, text.
        number: Column,
    },
    /// Addresses.
    Addresses {
        /// The street's whole name: `Viale Garibaldi`.
        street: Column,
        /// The house number: `12/A`.
        number: Column,
    },
}
