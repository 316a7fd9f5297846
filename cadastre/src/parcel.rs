//! How the cadastre names a piece of land: the national reference, positional and never to be split on digits.
//!
//! `CCCC Z FFFF A S . P…`: Belfiore code of the comune (4), section (1, `_` for none), foglio (4 digits), allegato (1, `0`
//! for none), sviluppo (1, `0` for none), a dot, the particella. The eleven characters before the dot name the
//! [`Sheet`], and are the name of its file in the exchange format (CXF).

mod map_name;
mod number;
mod reference;
mod sheet;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use map_name::{MapName, UnionName};
pub use number::ParcelNumber;
pub use reference::{Reference, Short};
pub use sheet::Sheet;

/// For serde, a type that is a text is that text.
macro_rules! text_both_ways {
    ($type:ident) => {
        impl TryFrom<String> for $type {
            type Error = $crate::ReferenceError;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    };
}
use text_both_ways;

/// Why a text is no reference. Each says which part, and what stands there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ReferenceError {
    /// A sheet is not eleven characters long.
    #[error("`{0}` is not eleven characters long, as `H224_001200` is")]
    Length(String),
    /// The comune is no letter and three digits.
    #[error("`{0}` is not the cadastral code of a comune: a letter and three digits")]
    Comune(String),
    /// The foglio is not four digits, or is 0000.
    #[error("`{0}` is not a foglio: four digits, from 0001")]
    Foglio(String),
    /// Section, allegato or sviluppo is neither letter nor digit (the section may be `_`).
    #[error("`{0}` can't be a {1}: one letter or digit is")]
    Mark(char, &'static str),
    /// The particella has characters other than letters and digits, or too many, or none.
    #[error("`{0}` is not a particella: one to twelve letters and digits")]
    Number(String),
    /// There is no dot between sheet and particella.
    #[error("`{0}` has no dot between sheet and particella")]
    Dot(String),
}

/// A particella (or the streets or the water of a sheet) by its national reference: `H224_001200.345`.
///
/// ```
/// let parcel: cadastre::ParcelRef = "G273_0033A0.673".parse()?;
/// assert_eq!((parcel.sheet().foglio(), parcel.sheet().attachment()), (33, 'A'));
/// assert_eq!(parcel.number().as_str(), "673");
/// # Ok::<(), cadastre::ReferenceError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParcelRef {
    sheet: Sheet,
    number: ParcelNumber,
}

text_both_ways!(ParcelRef);

impl ParcelRef {
    /// A particella of a sheet.
    pub fn new(sheet: Sheet, number: ParcelNumber) -> Self {
        Self { sheet, number }
    }

    /// The sheet that it lies on.
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }

    /// Its number in that sheet.
    pub fn number(&self) -> &ParcelNumber {
        &self.number
    }

    /// How people write it within its comune: `12/345`, on an allegato `13A/594`.
    pub fn short(&self) -> String {
        format!("{}/{}", self.sheet.short(), self.number)
    }
}

impl FromStr for ParcelRef {
    type Err = ReferenceError;

    /// Reads a reference; lower-case letters are taken for capitals.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (sheet, number) = text.split_once('.').ok_or_else(|| ReferenceError::Dot(shortened(text)))?;
        Ok(Self { sheet: sheet.parse()?, number: number.parse()? })
    }
}

impl fmt::Display for ParcelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.sheet, self.number)
    }
}

/// The beginning of a text, short enough to be quoted.
fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::{ParcelRef, ReferenceError};

    #[test]
    fn real_references_read_back() {
        for text in
            ["M011_000200.2", "G273_0033A0.673", "A000W000200.STRADA001", "H833_0013A0.ACQUA002", "H501D076700.A", "L219_1154BZ.X0012"]
        {
            let parcel: ParcelRef = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(parcel.to_string(), text);
        }
    }

    #[test]
    fn a_parcel_is_its_text_in_json() {
        let parcel: ParcelRef = "G273_0033A0.673".parse().unwrap();
        assert_eq!(serde_json::to_string(&parcel).unwrap(), "\"G273_0033A0.673\"");
        assert_eq!(serde_json::from_str::<ParcelRef>("\"g273_0033a0.673\"").unwrap(), parcel);
        assert!(serde_json::from_str::<ParcelRef>("\"12/345\"").is_err());
    }

    #[test]
    fn each_part_stands_at_its_place() {
        let parcel: ParcelRef = "a000w000200.strada001".parse().unwrap();
        let sheet = parcel.sheet();
        assert_eq!((sheet.comune(), sheet.section(), sheet.foglio()), ("A000", Some('W'), 2));
        assert_eq!((sheet.attachment(), sheet.development()), ('0', '0'));
        assert_eq!(parcel.number().as_str(), "STRADA001");
    }

    #[test]
    fn what_is_no_reference_says_which_part() {
        type E = ReferenceError;
        let cases = [
            ("", E::Dot("".into())),
            ("H224_001200", E::Dot("H224_001200".into())),
            ("H224_00120.345", E::Length("H224_00120".into())),
            ("H224_0012000.345", E::Length("H224_0012000".into())),
            ("2H24_001200.345", E::Comune("2H24".into())),
            ("H2A4_001200.345", E::Comune("H2A4".into())),
            ("H224_00A200.345", E::Foglio("00A2".into())),
            ("H224_000000.345", E::Foglio("0000".into())),
            ("H224-001200.345", E::Mark('-', "section")),
            ("H224_0012_0.345", E::Mark('_', "allegato")),
            ("H224_00120 .345", E::Mark(' ', "sviluppo")),
            ("H224_001200.", E::Number("".into())),
            ("H224_001200.3 5", E::Number("3 5".into())),
            ("H224_001200.345.1", E::Number("345.1".into())),
            ("H224_001200.1234567890123", E::Number("1234567890123".into())),
            ("Ħ24_001200.345", E::Comune("Ħ24_".into())),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<ParcelRef>(), Err(error), "{text}");
        }
    }
}
