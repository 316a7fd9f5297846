use std::fmt;
use std::str::FromStr;

use super::{ReferenceError, shortened};

/// The number of a particella in its sheet. Mostly digits; `STRADA001` and `ACQUA001` are the public streets and waters
/// of a sheet, `A` and `X0012` are real too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParcelNumber(String);

impl ParcelNumber {
    const MAX_CHARACTERS: usize = 12;

    /// The number as it is written in references, in capitals.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a numbered particella, neither streets nor water.
    pub fn is_land(&self) -> bool {
        !self.0.starts_with("STRADA") && !self.0.starts_with("ACQUA")
    }
}

impl FromStr for ParcelNumber {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_ascii_uppercase())) } else { Err(ReferenceError::Number(shortened(text))) }
    }
}

impl fmt::Display for ParcelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ParcelNumber;

    #[test]
    fn streets_and_water_are_no_land() {
        for (text, land) in [("345", true), ("A", true), ("x0012", true), ("STRADA001", false), ("acqua12", false)] {
            assert_eq!(text.parse::<ParcelNumber>().unwrap().is_land(), land, "{text}");
        }
    }
}
