//! The ways in which people write a parcel into the search box.

use kernel::{LayerId, Lookup};

use crate::{ParcelNumber, ParcelRef, Sheet};

/// Words before the number of a foglio, the longest first.
const SHEET: [&str; 5] = ["foglio", "fogl", "fog", "fg", "f"];
/// Words before the number of a particella, the longest first.
const PARCEL: [&str; 13] = ["particella", "mappale", "numero", "p.lla", "part.lla", "part", "plla", "mapp", "map", "num", "n", "p", "m"];
/// Words before the number of a unit (subalterno), which is no place on the map: it is read and left aside.
const UNIT: [&str; 3] = ["subalterno", "sub", "s"];

/// Reads `fg 12 p 345`, `foglio 12 particella 345`, `f.12 n.345`, `12/345`, `particella 345 foglio 12`, `foglio 12`, or a
/// national reference (`X101_001200.345`, or of the sheet alone).
pub(crate) fn lookup(text: &str) -> Option<Lookup> {
    let text = text.trim();
    if let Ok(parcel) = text.parse::<ParcelRef>() {
        return rows("parcels", vec![("id", parcel.to_string())]);
    }
    if let Ok(sheet) = text.parse::<Sheet>() {
        return rows("sheets", vec![("id", sheet.to_string())]);
    }
    let text = text.to_lowercase();
    let (sheet, parcel) = bare(&text).or_else(|| sheet_first(&text)).or_else(|| parcel_first(&text))?;
    match parcel {
        Some(parcel) => rows("parcels", vec![("sheet", sheet.to_string()), ("number", parcel.to_string())]),
        None => rows("sheets", vec![("number", sheet.to_string())]),
    }
}

fn rows(layer: &str, equal: Vec<(&'static str, String)>) -> Option<Lookup> {
    Some(Lookup { layer: LayerId::new(layer).ok()?, equal })
}

/// `12/345`. The second part begins with a digit, or a house number like `12/A` would be one.
fn bare(text: &str) -> Option<(u16, Option<ParcelNumber>)> {
    let (sheet, parcel) = text.split_once('/')?;
    let parcel = parcel.trim_start();
    if !parcel.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let (sheet, rest) = foglio(sheet.trim())?;
    let (parcel, nothing) = particella(parcel)?;
    (rest.is_empty() && nothing.is_empty()).then_some((sheet, Some(parcel)))
}

fn sheet_first(text: &str) -> Option<(u16, Option<ParcelNumber>)> {
    let (sheet, rest) = foglio(keyword(text, &SHEET)?)?;
    let rest = gap(rest);
    if rest.is_empty() {
        // `f 12` alone may be the beginning of anything
        return keyword(text, &SHEET[..4]).map(|_| (sheet, None));
    }
    let (parcel, rest) = particella(keyword(rest, &PARCEL).unwrap_or(rest))?;
    ends(rest).then_some((sheet, Some(parcel)))
}

fn parcel_first(text: &str) -> Option<(u16, Option<ParcelNumber>)> {
    let (parcel, rest) = particella(keyword(text, &PARCEL)?)?;
    let (sheet, rest) = foglio(keyword(gap(rest), &SHEET)?)?;
    ends(rest).then_some((sheet, Some(parcel)))
}

/// What follows one of these words, a dot and spaces; the word must not go on.
fn keyword<'a>(text: &'a str, words: &[&str]) -> Option<&'a str> {
    let rest = words.iter().find_map(|word| text.strip_prefix(word).filter(|rest| !rest.starts_with(char::is_alphabetic)))?;
    Some(rest.trim_start_matches(['.', ':', ' ', '°']))
}

/// The number of a foglio, 1 to 9999, and what follows.
fn foglio(text: &str) -> Option<(u16, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = text[..end].parse().ok().filter(|n| (1..=9999).contains(n))?;
    Some((number, &text[end..]))
}

/// The number of a particella, without zeros before it, and what follows.
fn particella(text: &str) -> Option<(ParcelNumber, &str)> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    if !number.bytes().any(|b| b.is_ascii_digit()) && number.len() > 1 {
        return None;
    }
    Some((number.trim_start_matches('0').parse().ok()?, rest))
}

fn gap(text: &str) -> &str {
    text.trim_start_matches([' ', ',', ';', '/', '-'])
}

/// Whether nothing follows that matters: at most a subalterno.
fn ends(rest: &str) -> bool {
    let rest = gap(rest);
    rest.is_empty() || keyword(rest, &UNIT).is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::lookup;

    fn found(text: &str) -> Option<(String, Vec<(&'static str, String)>)> {
        lookup(text).map(|l| (l.layer.to_string(), l.equal))
    }

    #[test]
    fn a_parcel_in_every_usual_spelling() {
        for text in [
            "fg 12 p 345",
            "12/345",
            " 12 / 345 ",
            "foglio 12 particella 345",
            "Foglio 12, Particella 345",
            "FG.12 P.LLA 345",
            "f.12 n.345",
            "f. 12 n. 345",
            "fg12 p345",
            "fg 12 mappale 345",
            "fg 012 part. 0345",
            "fg 12/345",
            "foglio: 12 mapp: 345",
            "particella 345 foglio 12",
            "fg 12 p 345 sub 3",
            "foglio 12 n° 345",
        ] {
            assert_eq!(found(text), Some(("parcels".into(), vec![("sheet", "12".into()), ("number", "345".into())])), "{text}");
        }
    }

    #[test]
    fn numbers_that_are_none() {
        assert_eq!(found("fg 2 p STRADA001").unwrap().1[1], ("number", "STRADA001".into()));
        assert_eq!(found("fg 767 p a").unwrap().1[1], ("number", "A".into()));
    }

    #[test]
    fn references_and_sheets() {
        assert_eq!(found("x101_001200.345"), Some(("parcels".into(), vec![("id", "X101_001200.345".into())])));
        assert_eq!(found("H833_0013A0"), Some(("sheets".into(), vec![("id", "H833_0013A0".into())])));
        for text in ["foglio 12", "fg. 12", "fg12"] {
            assert_eq!(found(text), Some(("sheets".into(), vec![("number", "12".into())])), "{text}");
        }
    }

    #[test]
    fn what_names_no_parcel_is_left_to_the_search_by_text() {
        for text in [
            "",
            " ",
            "12",
            "f 12",
            "via roma 12",
            "via roma 12/3",
            "12/a",
            "12/",
            "/12",
            "12/345/6",
            "12/345 via roma",
            "foglio",
            "foglio x",
            "fg 0 p 3",
            "fg 10000 p 3",
            "fg 12 p",
            "fg 12 p 345 via",
            "fg 12 p 345 sub",
            "fg 12 centro",
            "fontana 12",
            "particella 345",
            "piazza 3 foglio 2",
            "12/0",
            "°/1",
            "f\u{131}glio 12 p 3",
            "99999999999/1",
        ] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
