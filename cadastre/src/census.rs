//! The census: what the register says of units, parcels, those entitled and their titles, as the Agenzia delle Entrate
//! hands it out (`.FAB`, `.TER`, `.SOG`, `.TIT`, `.PRM`).
//!
//! "Forniture dati catastali censuari", DOC. ES-23-IS-05: one record a line, fields between `|`, Latin-1, days as DDMMYYYY,
//! decimals after a comma. How many fields a line has depends on the year of the extraction and on whether a `|` ends it; a
//! field that is not there is taken for an empty one.
//!
//! Persons stand in the subjects and, in free words, in any note. Such a text is a [`Private`]: what prints, logs or
//! serialises a record prints nothing of it, and no remark quotes a field.

mod fields;
mod money;
mod private;
mod records;
mod shares;

use std::io::{self, Read};

pub use money::{Amount, Lire};
pub use private::Private;
pub use records::{
    Act, Address, Company, Entry, Key, Land, LandArea, Nature, Note, Person, Place, Portion, PortionIncome, Property, Reserve, Subject,
    Title, Unit,
};
pub(crate) use shares::plus;
pub use shares::{Share, Shares};

use crate::cxf::Located;
use crate::lines::{Lines, decode};
use crate::remark::{Issue, Remarks};
use fields::Fields;

/// Which file of an extraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CensusFile {
    /// `.FAB`: units of buildings.
    Buildings,
    /// `.TER`: parcels of land.
    Land,
    /// `.SOG`: those entitled.
    Subjects,
    /// `.TIT`: their titles.
    Titles,
    /// `.PRM`: what was asked for.
    Parameters,
}

impl CensusFile {
    /// By the suffix of its name.
    pub fn of_suffix(suffix: &str) -> Option<Self> {
        [("fab", Self::Buildings), ("ter", Self::Land), ("sog", Self::Subjects), ("tit", Self::Titles), ("prm", Self::Parameters)]
            .into_iter()
            .find(|(name, _)| suffix.eq_ignore_ascii_case(name))
            .map(|(_, file)| file)
    }

    /// By its first line.
    pub(crate) fn of_line(line: &[u8]) -> Option<Self> {
        let fields: Vec<&[u8]> = line.split(|b| *b == b'|').map(<[u8]>::trim_ascii).collect();
        let comune =
            fields.first().is_some_and(|code| code.len() == 4 && code[0].is_ascii_alphabetic() && code[1..].iter().all(u8::is_ascii_digit));
        if !comune || fields.len() < 6 {
            return None;
        }
        match (fields[3], fields[5]) {
            (b"F", b"1" | b"2" | b"3" | b"4" | b"5") => Some(Self::Buildings),
            (b"T", b"1" | b"2" | b"3" | b"4") => Some(Self::Land),
            (b"P" | b"G", b"F" | b"T") if fields.len() > 20 => Some(Self::Titles),
            (b"P" | b"G", _) => Some(Self::Subjects),
            _ => None,
        }
    }
}

/// Reads a file of the census record by record, in memory that does not grow.
pub struct Reader<R> {
    lines: Lines<R>,
    file: CensusFile,
    remarks: Remarks,
    first_comune: Option<String>,
}

impl<R: Read> Reader<R> {
    /// A reader of one of the files.
    pub fn new(source: R, file: CensusFile) -> Self {
        Self { lines: Lines::new(source), file, remarks: Remarks::default(), first_comune: None }
    }

    /// What was found so far to be otherwise than the specification says.
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }

    /// The same, at the end.
    pub fn into_remarks(self) -> Remarks {
        self.remarks
    }

    /// The next record; `None` after the last. An error is the system's.
    pub fn read(&mut self) -> io::Result<Option<Located<Entry>>> {
        while let Some(line) = self.lines.next()? {
            if line.bytes.trim_ascii().is_empty() || line.bytes == [0x1a] {
                continue;
            }
            let number = line.number;
            if line.cut {
                self.remarks.add(number, Issue::LineCut);
            }
            let (text, utf8) = decode(line.bytes);
            if utf8 {
                self.remarks.once(number, Issue::Utf8);
            }
            let mut fields = Fields::new(&text, number, &mut self.remarks);
            let Some(value) = records::read(self.file, &mut fields) else { continue };
            if let Some(comune) = value.comune() {
                match &self.first_comune {
                    None => self.first_comune = Some(comune.to_owned()),
                    Some(first) if first != comune => {
                        self.remarks.add(number, Issue::StrangeComune { comune: comune.to_owned(), first: first.clone() });
                    }
                    Some(_) => {}
                }
            }
            return Ok(Some(Located { line: number, value }));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
