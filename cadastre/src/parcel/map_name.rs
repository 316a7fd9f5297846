use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ReferenceError, Sheet, text_both_ways};

/// The name of a map of the exchange format (CXF), which is also its file's: eleven characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MapName {
    /// A sheet.
    Sheet(Sheet),
    /// A quadro d'unione, the plan of how a comune's sheets join: `H501D1234QU`. Its number is that of the request, modulo
    /// 10000; allegato `Q` and sviluppo `U` stand for no sheet.
    Union(UnionName),
}

/// The name of a quadro d'unione.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnionName(Sheet);

text_both_ways!(MapName);

impl MapName {
    /// The Belfiore code of the comune.
    pub fn comune(&self) -> &str {
        self.as_sheet().comune()
    }

    /// The section of the comune's cadastre, if it has sections.
    pub fn section(&self) -> Option<char> {
        self.as_sheet().section()
    }

    /// The sheet, if it is one.
    pub fn sheet(&self) -> Option<&Sheet> {
        if let Self::Sheet(sheet) = self { Some(sheet) } else { None }
    }

    fn as_sheet(&self) -> &Sheet {
        match self {
            Self::Sheet(sheet) | Self::Union(UnionName(sheet)) => sheet,
        }
    }
}

impl FromStr for MapName {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (sheet, number) = Sheet::with_any_number(text)?;
        match (sheet.attachment(), sheet.development()) {
            ('Q', 'U') => Ok(Self::Union(UnionName(sheet))),
            _ if sheet.foglio() == 0 => Err(ReferenceError::Foglio(number)),
            _ => Ok(Self::Sheet(sheet)),
        }
    }
}

impl fmt::Display for MapName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_sheet().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::MapName;

    #[test]
    fn a_map_is_a_sheet_or_a_plan_of_sheets() {
        let sheet: MapName = "H501D076700".parse().unwrap();
        assert_eq!((sheet.comune(), sheet.section()), ("H501", Some('D')));
        assert_eq!(sheet.sheet().map(|sheet| sheet.foglio()), Some(767));
        for union in ["H501D1234QU", "H501D0000QU"] {
            let read: MapName = union.parse().unwrap();
            assert!(read.sheet().is_none() && read.to_string() == union, "{union}");
        }
        for bad in ["H501D000000", "H501D07670", "STRADA", ""] {
            assert!(bad.parse::<MapName>().is_err(), "{bad}");
        }
    }
}
