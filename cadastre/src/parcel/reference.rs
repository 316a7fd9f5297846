use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ParcelNumber, ParcelRef, ReferenceError, Sheet, text_both_ways};

/// A full national reference, of a sheet or of a particella on it: `H833_0013A0`, `G273_0033A0.673`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Reference {
    /// A whole sheet.
    Sheet(Sheet),
    /// A particella, or the streets or the water of a sheet.
    Parcel(ParcelRef),
}

text_both_ways!(Reference);

impl Reference {
    /// The sheet it is, or lies on.
    pub fn sheet(&self) -> &Sheet {
        match self {
            Self::Sheet(sheet) => sheet,
            Self::Parcel(parcel) => parcel.sheet(),
        }
    }

    /// How people write it within its comune: `13A`, `13A/594`.
    pub fn short(&self) -> String {
        match self {
            Self::Sheet(sheet) => sheet.short(),
            Self::Parcel(parcel) => parcel.short(),
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains('.') { text.parse().map(Self::Parcel) } else { text.parse().map(Self::Sheet) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sheet(sheet) => sheet.fmt(f),
            Self::Parcel(parcel) => parcel.fmt(f),
        }
    }
}

/// A reference within a comune as people write it: `13`, `13A`, `13AB`, with a particella `13A/594`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// The number of the foglio, 1 to 9999.
    pub foglio: u16,
    /// The allegato, `0` for none.
    pub attachment: char,
    /// The sviluppo, `0` for none.
    pub development: char,
    /// The particella, if one is named.
    pub number: Option<ParcelNumber>,
}

impl Short {
    /// What it names in a comune (Belfiore code) and section.
    pub fn within(&self, comune: &str, section: Option<char>) -> Result<Reference, ReferenceError> {
        let section = section.unwrap_or('_');
        let sheet: Sheet = format!("{comune}{section}{:04}{}{}", self.foglio, self.attachment, self.development).parse()?;
        Ok(match &self.number {
            Some(number) => Reference::Parcel(ParcelRef::new(sheet, number.clone())),
            None => Reference::Sheet(sheet),
        })
    }
}

impl FromStr for Short {
    type Err = ReferenceError;

    /// Lower-case letters are taken for capitals, and zeros before a number are nothing.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (sheet, number) = text.split_once('/').map_or((text, None), |(sheet, number)| (sheet, Some(number)));
        let sheet = sheet.trim().to_ascii_uppercase();
        let wrong = || ReferenceError::Foglio(super::shortened(&sheet));
        let end = sheet.find(|c: char| !c.is_ascii_digit()).unwrap_or(sheet.len());
        let (digits, marks) = sheet.split_at(end);
        let foglio = digits.parse().ok().filter(|n| (1..=9999).contains(n)).ok_or_else(wrong)?;
        let mut marks = marks.chars();
        let [attachment, development] = [marks.next(), marks.next()].map(|mark| mark.unwrap_or('0'));
        if marks.next().is_some() || ![attachment, development].iter().all(char::is_ascii_alphanumeric) {
            return Err(wrong());
        }
        let number = number.map(|number| match number.trim().trim_start_matches('0') {
            "" => Err(ReferenceError::Number(super::shortened(number))),
            number => number.parse(),
        });
        Ok(Self { foglio, attachment, development, number: number.transpose()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Reference, Short};

    #[test]
    fn a_sheet_and_a_parcel_read_back() {
        for text in ["M011_000200.2", "H833_0013A0", "G273_0033A0.673", "A000W000200.STRADA001"] {
            let reference: Reference = text.parse().unwrap();
            assert_eq!(reference.to_string(), text);
            assert_eq!(matches!(reference, Reference::Parcel(_)), text.contains('.'), "{text}");
        }
        assert!("H833_0013A".parse::<Reference>().is_err() && "12/345".parse::<Reference>().is_err());
    }

    #[test]
    fn the_short_form_is_what_people_write() {
        for (full, short) in
            [("H833_0013A0.594", "13A/594"), ("H224_001200.345", "12/345"), ("L219_1154BZ", "1154BZ"), ("H833_0013A0", "13A")]
        {
            let reference: Reference = full.parse().unwrap();
            assert_eq!(reference.short(), short);
            let read: Short = short.parse().unwrap();
            let section = reference.sheet().section();
            assert_eq!(read.within(reference.sheet().comune(), section), Ok(reference));
        }
        assert_eq!("013a / 0594".parse::<Short>().unwrap(), "13A/594".parse().unwrap());
        for text in ["", "A", "0", "10000/1", "13ABC/1", "13/", "13/0", "13-A", "13/5 4", "99999999999999999999/1"] {
            assert!(text.parse::<Short>().is_err(), "{text}");
        }
    }
}
