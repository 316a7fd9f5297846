//! How large a town is wanted.

use std::fmt;
use std::str::FromStr;

/// Size of the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// About 3,000 parcels: for tests.
    Small,
    /// About 50,000 parcels: for the demo.
    Town,
    /// About 300,000 parcels: for benchmarks.
    City,
    /// About 3,000,000 parcels in 98 comuni: the city and others beside it, see [`crate::towns`]. Of one town of it, the city is meant.
    Region,
}

impl Size {
    /// Parcels aimed at, streets and water included.
    pub const fn parcels(self) -> usize {
        match self {
            Self::Small => 3_000,
            Self::Town => 50_000,
            Self::City => 300_000,
            Self::Region => 3_012_000,
        }
    }

    /// Buildings aimed at.
    pub const fn buildings(self) -> usize {
        self.parcels() * 3 / 10
    }

    /// House numbers, trees and points of interest aimed at, together.
    pub const fn points(self) -> usize {
        self.parcels() * 2 / 3
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Town => "town",
            Self::City => "city",
            Self::Region => "region",
        })
    }
}

/// The text is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSize(String);

impl fmt::Display for UnknownSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no size of the demo town: small, town, city or region", self.0)
    }
}

impl std::error::Error for UnknownSize {}

impl FromStr for Size {
    type Err = UnknownSize;

    fn from_str(text: &str) -> Result<Self, UnknownSize> {
        match text {
            "small" => Ok(Self::Small),
            "town" => Ok(Self::Town),
            "city" => Ok(Self::City),
            "region" => Ok(Self::Region),
            other => Err(UnknownSize(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_back_what_it_prints() {
        for size in [Size::Small, Size::Town, Size::City, Size::Region] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        assert_eq!("huge".parse::<Size>().unwrap_err().to_string(), "`huge` is no size of the demo town: small, town, city or region");
    }
}
