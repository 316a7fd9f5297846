use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ReferenceError, shortened, text_both_ways};

/// The number of a particella in its sheet. Mostly digits; `STRADA001` and `ACQUA001` are the public streets and waters
/// of a sheet, `A` and `X0012` are real too.
///
/// In order, 2 comes before 10, and every number before `A`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ParcelNumber(String);

text_both_ways!(ParcelNumber);

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

impl ParcelNumber {
    /// The digits that it begins with, without zeros before them, and what follows.
    fn split(&self) -> (&str, &str) {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        (digits.trim_start_matches('0'), rest)
    }
}

impl Ord for ParcelNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let ((a, a_rest), (b, b_rest)) = (self.split(), other.split());
        let number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        (number(&other.0).cmp(&number(&self.0)))
            .then_with(|| a.len().cmp(&b.len()))
            .then_with(|| a.cmp(b))
            .then_with(|| a_rest.cmp(b_rest))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for ParcelNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
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
    fn numbers_come_in_the_order_of_a_list() {
        let sorted = ["2", "02", "10", "10A", "100", "A", "ACQUA001", "STRADA001", "X0012"];
        let mut numbers: Vec<ParcelNumber> = sorted.iter().rev().map(|n| n.parse().unwrap()).collect();
        numbers.sort();
        // of 2 and 02, which are two, the text decides
        assert_eq!(
            numbers.iter().map(ParcelNumber::as_str).collect::<Vec<_>>(),
            ["02", "2", "10", "10A", "100", "A", "ACQUA001", "STRADA001", "X0012"]
        );
    }

    #[test]
    fn streets_and_water_are_no_land() {
        for (text, land) in [("345", true), ("A", true), ("x0012", true), ("STRADA001", false), ("acqua12", false)] {
            assert_eq!(text.parse::<ParcelNumber>().unwrap().is_land(), land, "{text}");
        }
    }
}
