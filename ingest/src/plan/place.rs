//! How a plan says where rows without coordinates are.

use kernel::Text;
use serde::{Deserialize, Serialize};

/// Columns of the file that name a parcel or an address, by which its rows are placed through the register.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Place {
    /// By what, and as what.
    pub by: PlaceBy,
    /// The column of the foglio, with its allegato if it has one: `12`, `0012`, `13A`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The column of the particella.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// The column of the section, where the cadastre has sections.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Instead of these, the column of the national reference: `H224_001200.345`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The column of the street, or of the whole address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// The column of what the street is (via, piazza), if that stands by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_kind: Option<String>,
    /// The column of the house number; without one, and where it is empty, it stands behind the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub house_number: Option<String>,
    /// The column of what follows the house number (`A`, `bis`), if that stands by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub house_suffix: Option<String>,
    /// The column of the comune: its ISTAT code, cadastral code or name. Rows that say none are in the comune of the load, or the only one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comune: Option<String>,
    /// Whether a street that the register has not may be one that is spelled nearly so, if no other comes near.
    #[serde(default = "yes")]
    pub similar: bool,
}

/// By what rows are placed, and as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceBy {
    /// By a parcel, as a point on it.
    ParcelPoint,
    /// By a parcel, as its area.
    ParcelArea,
    /// By an address, as the point of its number.
    Address,
}

fn yes() -> bool {
    true
}

impl Place {
    pub(crate) fn new(by: PlaceBy) -> Self {
        Self {
            by,
            sheet: None,
            number: None,
            section: None,
            reference: None,
            street: None,
            street_kind: None,
            house_number: None,
            house_suffix: None,
            comune: None,
            similar: true,
        }
    }

    /// What rows are placed by.
    pub(crate) fn words(&self) -> Text {
        if self.by_address() { Text::new("indirizzo", "address") } else { Text::new("foglio e particella", "foglio and particella") }
    }

    pub(crate) fn by_address(&self) -> bool {
        self.by == PlaceBy::Address
    }

    /// The columns that it speaks of, in the order of a plan, by what they are.
    pub(crate) fn columns(&self) -> [(&'static str, Option<&String>); 9] {
        [
            ("sheet", self.sheet.as_ref()),
            ("number", self.number.as_ref()),
            ("section", self.section.as_ref()),
            ("reference", self.reference.as_ref()),
            ("street", self.street.as_ref()),
            ("street-kind", self.street_kind.as_ref()),
            ("house-number", self.house_number.as_ref()),
            ("house-suffix", self.house_suffix.as_ref()),
            ("comune", self.comune.as_ref()),
        ]
    }

    pub(super) fn check(&self) -> Result<(), Text> {
        let parcel = (self.sheet.is_some() && self.number.is_some() && self.reference.is_none())
            || (self.reference.is_some() && self.sheet.is_none() && self.number.is_none());
        match self.by {
            PlaceBy::Address if self.street.is_none() => Err(Text::new(
                "`[place]` per indirizzo vuole `street`, la colonna della strada o dell'intero indirizzo",
                "`[place]` by address needs `street`, the column of the street or of the whole address",
            )),
            PlaceBy::ParcelPoint | PlaceBy::ParcelArea if !parcel => Err(Text::new(
                "`[place]` per particella vuole `sheet` e `number`, o `reference`, la colonna del riferimento nazionale",
                "`[place]` by parcel needs either `sheet` and `number`, or `reference`, the column of the national reference",
            )),
            _ => Ok(()),
        }
    }
}
