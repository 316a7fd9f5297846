//! The ways in which people write a parcel into the search box.

mod labelled;
mod words;

use kernel::{LayerId, Lookup, TableName};

use crate::{ParcelNumber, ParcelRef, Sheet, Short};

/// A longer text is no reference.
const MAX_CHARACTERS: usize = 100;
/// The longest number of a particella.
const MAX_NUMBER: usize = 12;

/// What is named within a comune. What is not said may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Named {
    section: Option<char>,
    foglio: u16,
    attachment: Option<char>,
    development: Option<char>,
    number: Option<ParcelNumber>,
    /// Whether a subalterno follows, after which nothing more of the number comes.
    ended: bool,
}

/// Reads `fg 12 p 345`, `foglio 12 particella 345`, `f.12 n.345`, `12/345`, `13A/594`, `sez D fg 767 p 12`, `D/767/12`, the same in another
/// order and with slips of the pen (`foglo 12 partcella 345`), `foglio 12`, or a national reference (`X101_001200.345`, or of the sheet alone).
/// Zeros before a number are nothing. A parcel that is no more is meant too; after the one that is named come those whose numbers begin so.
pub(crate) fn lookups(text: &str) -> Vec<Lookup> {
    let text = text.trim();
    if text.chars().count() > MAX_CHARACTERS {
        return Vec::new();
    }
    if let Some(found) = reference(text) {
        return found;
    }
    let text = text.to_lowercase();
    match bare(&text).or_else(|| labelled::read(&text)) {
        Some(named) => within(&named),
        None => Vec::new(),
    }
}

/// A national reference. The row of a code that stands twice in its sheet has a hyphen and its ordinal after it.
fn reference(text: &str) -> Option<Vec<Lookup>> {
    if let Ok(sheet) = text.parse::<Sheet>() {
        return Some(lookup("sheets", vec![("id", sheet.to_string())], Vec::new(), false).into_iter().collect());
    }
    let (base, ordinal) = match text.split_once('-') {
        Some((base, ordinal)) if !ordinal.is_empty() && ordinal.bytes().all(|b| b.is_ascii_digit()) => (base, Some(ordinal)),
        Some(_) => return None,
        None => (text, None),
    };
    let parcel: ParcelRef = base.parse().ok()?;
    let number = parcel.number().as_str();
    let bare = without_zeros(number);
    let mut lookups = Vec::new();
    for number in [Some(number), bare.filter(|bare| *bare != number)].into_iter().flatten() {
        let id = format!("{}.{number}", parcel.sheet());
        let id = ordinal.map_or(id.clone(), |ordinal| format!("{id}-{ordinal}"));
        lookups.extend(lookup("parcels", vec![("id", id)], Vec::new(), true));
    }
    if let (None, Some(bare)) = (ordinal, bare) {
        let starts = vec![("number", bare.to_owned()), ("id", format!("{}.", parcel.sheet()))];
        lookups.extend(lookup("parcels", vec![("sheet", parcel.sheet().foglio().to_string())], starts, false));
    }
    Some(lookups)
}

/// What is named without saying which comune.
fn within(named: &Named) -> Vec<Lookup> {
    let letter = |column, letter: Option<char>| letter.map(|letter| (column, letter.to_ascii_uppercase().to_string()));
    let marks = [letter("section", named.section), letter("attachment", named.attachment), letter("development", named.development)];
    let marks: Vec<(&'static str, String)> = marks.into_iter().flatten().collect();
    let sheet = |column| [vec![(column, named.foglio.to_string())], marks.clone()].concat();
    let Some(number) = &named.number else {
        return lookup("sheets", sheet("number"), Vec::new(), false).into_iter().collect();
    };
    let exact = [sheet("sheet"), vec![("number", number.to_string())]].concat();
    let mut lookups: Vec<Lookup> = lookup("parcels", exact, Vec::new(), true).into_iter().collect();
    if !named.ended && number.as_str().len() < MAX_NUMBER {
        lookups.extend(lookup("parcels", sheet("sheet"), vec![("number", number.to_string())], false));
    }
    lookups
}

/// Of parcels that are no more it is told what became of them.
fn lookup(layer: &str, equal: Vec<(&'static str, String)>, starts: Vec<(&'static str, String)>, former: bool) -> Option<Lookup> {
    let lineage = if former { Some(TableName::new("cadastre", "v_lineage").ok()?) } else { None };
    Some(Lookup { layer: LayerId::new(layer).ok()?, equal, starts, lineage })
}

/// `12/345`, `13A/594`, with its section `D/767/12`. The number begins with a digit, or a house number like `12/A` would be one.
fn bare(text: &str) -> Option<Named> {
    let (section, rest) = match text.split_once('/')? {
        (section, rest) if rest.contains('/') => (Some(single(section.trim())?), rest),
        _ => (None, text),
    };
    let number = rest.split_once('/')?.1.trim_start();
    if !number.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let short: Short = rest.parse().ok()?;
    let mark = |mark: char| Some(mark).filter(|mark| *mark != '0');
    Some(Named {
        section,
        foglio: short.foglio,
        attachment: mark(short.attachment),
        development: mark(short.development),
        number: short.number,
        ended: false,
    })
}

/// The one letter that a text is.
fn single(text: &str) -> Option<char> {
    let mut letters = text.chars();
    letters.next().filter(|letter| letter.is_ascii_alphabetic() && letters.next().is_none())
}

/// A number without zeros before it; `None` if there is nothing else.
fn without_zeros(number: &str) -> Option<&str> {
    Some(number.trim_start_matches('0')).filter(|number| !number.is_empty())
}

#[cfg(test)]
mod tests;
