use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ReferenceError, shortened, text_both_ways};

/// A foglio with its allegato and sviluppo: the eleven characters `H224_001200`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sheet {
    comune: String,
    section: Option<char>,
    foglio: u16,
    attachment: char,
    development: char,
}

text_both_ways!(Sheet);

impl Sheet {
    /// How people write the foglio within its comune: `13`, with its allegato `13A`, with its sviluppo too `13AB`.
    pub fn short(&self) -> String {
        let marks = match (self.attachment, self.development) {
            ('0', '0') => String::new(),
            (attachment, '0') => attachment.to_string(),
            (attachment, development) => format!("{attachment}{development}"),
        };
        format!("{}{marks}", self.foglio)
    }

    /// The Belfiore code of the comune: `H224`.
    pub fn comune(&self) -> &str {
        &self.comune
    }

    /// The section of the comune's cadastre, if it has sections.
    pub fn section(&self) -> Option<char> {
        self.section
    }

    /// The number of the foglio, 1 to 9999.
    pub fn foglio(&self) -> u16 {
        self.foglio
    }

    /// The allegato, `0` for none.
    pub fn attachment(&self) -> char {
        self.attachment
    }

    /// The sviluppo, `0` for none.
    pub fn development(&self) -> char {
        self.development
    }
}

impl FromStr for Sheet {
    type Err = ReferenceError;

    /// Reads the eleven characters by position; lower-case letters are taken for capitals.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let (sheet, foglio) = Self::with_any_number(text)?;
        if sheet.foglio == 0 { Err(ReferenceError::Foglio(foglio)) } else { Ok(sheet) }
    }
}

impl Sheet {
    /// The eleven characters by position, whose number may be 0000, as that of a quadro d'unione may; and the number's text.
    pub(super) fn with_any_number(text: &str) -> Result<(Self, String), ReferenceError> {
        let characters: Vec<char> = text.chars().map(|c| c.to_ascii_uppercase()).collect();
        let [c0, c1, c2, c3, section, f0, f1, f2, f3, attachment, development] = characters[..] else {
            // a name in other letters may have the right length in bytes: the comune is what is wrong with it
            let comune: String = characters.iter().take(4).collect();
            let wrong = if comune.is_ascii() { ReferenceError::Length(shortened(text)) } else { ReferenceError::Comune(comune) };
            return Err(wrong);
        };
        let comune = String::from_iter([c0, c1, c2, c3]);
        if !c0.is_ascii_uppercase() || ![c1, c2, c3].iter().all(char::is_ascii_digit) {
            return Err(ReferenceError::Comune(comune));
        }
        let digits = String::from_iter([f0, f1, f2, f3]);
        let all_digits = digits.bytes().all(|b| b.is_ascii_digit());
        let foglio = digits.parse().ok().filter(|_| all_digits).ok_or_else(|| ReferenceError::Foglio(digits.clone()))?;
        let section = if section == '_' { None } else { Some(mark(section, "section")?) };
        let (attachment, development) = (mark(attachment, "allegato")?, mark(development, "sviluppo")?);
        Ok((Self { comune, section, foglio, attachment, development }, digits))
    }
}

fn mark(character: char, part: &'static str) -> Result<char, ReferenceError> {
    if character.is_ascii_alphanumeric() { Ok(character) } else { Err(ReferenceError::Mark(character, part)) }
}

impl fmt::Display for Sheet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = self.section.unwrap_or('_');
        write!(f, "{}{section}{:04}{}{}", self.comune, self.foglio, self.attachment, self.development)
    }
}

#[cfg(test)]
mod tests {
    use super::Sheet;

    #[test]
    fn a_sheet_reads_back() {
        for text in ["H833_0013A0", "H501D076700", "X101_001200"] {
            assert_eq!(text.parse::<Sheet>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_sign_is_no_digit() {
        assert!("H224_+12300".parse::<Sheet>().is_err());
    }
}
