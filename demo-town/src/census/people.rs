//! Invented people and firms, with the codes that the law's rule gives them.

use super::{Day, Subject};
use crate::rng::Rng;

#[rustfmt::skip]
const MEN: &[&str] = &[
    "Carmelo", "Consolato", "Demetrio", "Giosafatte", "Letterio", "Natale", "Pasquale", "Quinto", "Teodoro", "Agostino", "Bruno", "Cosimo",
    "Domenico", "Eligio", "Fortunato", "Gaspare", "Ilario", "Leandro", "Marzio", "Nunzio", "Orazio", "Placido", "Rocco", "Saverio",
];
#[rustfmt::skip]
const WOMEN: &[&str] = &[
    "Agata", "Bruna", "Elvira", "Fortunata", "Ida", "Melina", "Orsola", "Rosaria", "Santa", "Ughetta", "Zaira", "Assunta", "Caterina",
    "Domenica", "Enza", "Filomena", "Giuditta", "Immacolata", "Ludovica", "Marianna", "Nunziata", "Palmira", "Rosalba", "Silvana",
];
#[rustfmt::skip]
const NAMES: [&[&str]; 2] = [
    &["Acqua", "Bella", "Campo", "Conca", "Fonte", "Grotta", "Macchia", "Monte", "Pietra", "Rocca", "Serra", "Torre", "Valle", "Vigna"],
    &["chiara", "dolce", "fredda", "grande", "lunga", "marina", "nera", "rossa", "secca", "scura", "ulivara", "verde"],
];
#[rustfmt::skip]
const FIRMS: [&[&str]; 2] = [
    &["Agrumaria", "Edilizia", "Immobiliare", "Cantieri", "Alberghi", "Conserve", "Trasporti", "Cooperativa"],
    &["dello Stretto", "Fata Morgana", "Scirocco", "Capo Lanterna", "Bergamotto", "Tre Fiumare", "Aspromontana", "del Faro"],
];

/// The surname of a family.
pub(super) fn surname(rng: &mut Rng) -> String {
    format!("{}{}", rng.pick(NAMES[0]), rng.pick(NAMES[1]))
}

/// A person of this surname, born about a year.
pub(super) fn person(name: String, is_man: bool, years: (i32, usize), place: &'static str, rng: &mut Rng) -> Subject {
    let given_name = rng.pick(if is_man { MEN } else { WOMEN }).to_owned();
    // 365.25 days from 1 January 1970 to that of the year, and a day within it
    let born = (f64::from(years.0 - 1970) * 365.25) as Day + rng.below(years.1 * 365) as Day;
    let fiscal_code = fiscal_code(&name, &given_name, born, is_man, place);
    let sex = Some(if is_man { 'M' } else { 'F' });
    Subject {
        comune: "",
        kind: 'P',
        number: 0,
        name: name.to_uppercase(),
        given_name: given_name.to_uppercase(),
        sex,
        born: Some(born),
        place,
        fiscal_code,
    }
}

/// A firm.
pub(super) fn firm(place: &'static str, number: u32, rng: &mut Rng) -> Subject {
    let name = format!("{} {} S.R.L.", rng.pick(FIRMS[0]), rng.pick(FIRMS[1])).to_uppercase();
    body(name, place, 9_000_000 + number)
}

/// A firm or an office of this name. Numbers of VAT from 9,000,000 on have no office of ours behind them.
pub(super) fn body(name: String, place: &'static str, number: u32) -> Subject {
    let fiscal_code = vat_number(number);
    Subject { comune: "", kind: 'G', number: 0, name, given_name: String::new(), sex: None, born: None, place, fiscal_code }
}

/// The number of a firm: seven digits, an office that there is not (999), and the check digit.
fn vat_number(number: u32) -> String {
    let digits = format!("{number:07}999");
    let sum: u32 = digits
        .bytes()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(digit - b'0');
            if at % 2 == 0 { digit } else { digit * 2 - if digit > 4 { 9 } else { 0 } }
        })
        .sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The fiscal code of a person (ministerial decree of 23 December 1976).
fn fiscal_code(surname: &str, given_name: &str, born: Day, is_man: bool, place: &str) -> String {
    const MONTHS: &[u8; 12] = b"ABCDEHLMPRST";
    let (year, month, day) = civil(born);
    let month = char::from(MONTHS[(month as usize).saturating_sub(1) % 12]);
    let day = if is_man { day } else { day + 40 };
    let mut code = letters(surname, false) + &letters(given_name, true) + &format!("{:02}{month}{day:02}{place}", year % 100);
    code.push(check(&code));
    code
}

/// Three letters: consonants, then vowels, then `X`; of a given name with four consonants the second is left out.
fn letters(name: &str, is_given: bool) -> String {
    let letters = || name.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase());
    let is_vowel = |c: &char| "AEIOU".contains(*c);
    let mut consonants: Vec<char> = letters().filter(|c| !is_vowel(c)).collect();
    if is_given && consonants.len() > 3 {
        consonants.remove(1);
    }
    consonants.into_iter().chain(letters().filter(is_vowel)).chain("XXX".chars()).take(3).collect()
}

/// The sixteenth character.
fn check(code: &str) -> char {
    const ODD: [u32; 26] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let value = |at: usize, c: u8| {
        let number = u32::from(if c.is_ascii_digit() { c - b'0' } else { c - b'A' });
        // the first character is odd
        if at.is_multiple_of(2) { ODD[number as usize % 26] } else { number }
    };
    let sum: u32 = code.bytes().enumerate().map(|(at, c)| value(at, c)).sum();
    char::from(b'A' + (sum % 26) as u8)
}

/// Year, month and day (Howard Hinnant, as above, `civil_from_days`).
pub(super) fn civil(days: Day) -> (i32, i32, i32) {
    let z = days + 719_468;
    let (era, of_era) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * of_year + 2) / 153;
    let day = of_year - (153 * m + 2) / 5 + 1;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (year_of_era + era * 400 + i32::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{civil, fiscal_code, letters, vat_number};

    /// The code that leaflets of the office print as their example.
    #[test]
    fn codes_follow_the_rule() {
        // 10 December 1985
        assert_eq!(civil(5_822), (1985, 12, 10));
        assert_eq!(fiscal_code("Rossi", "Mario", 5_822, true, "A562"), "RSSMRA85T10A562S");
        assert!(fiscal_code("Rossi", "Maria", 5_822, false, "A562").starts_with("RSSMRA85T50A562"));
        assert_eq!((letters("Fo", false), letters("Gianfranco", true), letters("Ida", true)), ("FOX".into(), "GFR".into(), "DIA".into()));
    }

    /// By hand: 0 + 0+… of 0000001 999: 1 in the seventh place (odd) is 1; 9 doubled is 9, 9, 9 doubled is 9: 28, 2 to 30.
    #[test]
    fn numbers_of_firms_have_their_check_digit() {
        assert_eq!(vat_number(1), "00000019992");
        assert!(vat_number(9_000_123).starts_with("9000123999"));
    }
}
