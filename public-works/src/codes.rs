//! Codes and code lists: what is well formed, and what follows what.

use kernel::Language;
use operations::{Reader, say};

/// The states of a work. Which may follow which stands in the migration too, which has the last word.
pub(crate) const STATES: [&str; 9] =
    ["planned", "design", "tender", "under_way", "suspended", "unfinished", "testing", "completed", "dropped"];
/// The phases of a work (decree 36/2023, arts. 41 and 50; annex II.14), in order.
pub(crate) const PHASES: [&str; 5] = ["pfte", "executive", "tender", "execution", "testing"];
/// What a road ordinance does.
pub(crate) const CLOSURES: [&str; 5] = ["total", "partial", "parking_ban", "one_way", "speed_limit"];

/// The states that may follow this one.
pub(crate) fn next_states(state: &str) -> &'static [&'static str] {
    match state {
        "planned" => &["design", "tender", "dropped"],
        "design" => &["planned", "tender", "dropped"],
        "tender" => &["design", "under_way", "dropped"],
        "under_way" => &["suspended", "testing", "unfinished"],
        "suspended" => &["under_way", "unfinished"],
        "unfinished" => &["under_way", "dropped"],
        "testing" => &["under_way", "completed"],
        "dropped" => &["planned"],
        _ => &[],
    }
}

/// A phase as people call it.
pub(crate) fn phase(code: &str, l: Language) -> &'static str {
    match code {
        "pfte" => say(l, "Fattibilità (PFTE)", "Feasibility (PFTE)"),
        "executive" => say(l, "Progetto esecutivo", "Executive design"),
        "tender" => say(l, "Gara", "Tender"),
        "execution" => say(l, "Esecuzione", "Execution"),
        _ => say(l, "Collaudo", "Final test"),
    }
}

/// Codice Unico di Progetto: a letter, two figures, a letter, eleven figures; 15 characters.
pub(crate) fn is_cup(code: &str) -> bool {
    let letter = |at: usize| matches!(at, 0 | 3);
    code.len() == 15 && code.bytes().enumerate().all(|(at, b)| if letter(at) { b.is_ascii_uppercase() } else { b.is_ascii_digit() })
}

/// Codice Identificativo di Gara: seven figures and three hexadecimal ones, or since 2024 and for small tenders a letter and nine
/// letters or figures; 10 characters.
pub(crate) fn is_cig(code: &str) -> bool {
    let tail_is_hexadecimal = |b: &u8| b.is_ascii_digit() || (b'A'..=b'F').contains(b);
    let bytes = code.as_bytes();
    match bytes.first() {
        _ if bytes.len() != 10 => false,
        Some(first) if first.is_ascii_digit() => bytes[..7].iter().all(u8::is_ascii_digit) && bytes[7..].iter().all(tail_is_hexadecimal),
        Some(first) => first.is_ascii_uppercase() && bytes.iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase()),
        None => false,
    }
}

/// Codice Unico dell'Intervento: the letter of the programme, the fiscal code of the administration, the first year, a number.
pub(crate) fn is_cui(code: &str) -> bool {
    code.len() == 21 && code.starts_with(['L', 'F', 'S']) && code.bytes().skip(1).all(|b| b.is_ascii_digit())
}

/// The CUP that was sent, in capitals.
pub(crate) fn cup(given: &mut Reader) -> Option<String> {
    code(
        given,
        "cup",
        is_cup,
        [
            "non è un CUP: 15 caratteri, una lettera, due cifre, una lettera, undici cifre",
            "is no CUP: 15 characters, a letter, two figures, a letter, eleven figures",
        ],
    )
}

/// The CUI that was sent, in capitals.
pub(crate) fn cui(given: &mut Reader) -> Option<String> {
    code(given, "cui", is_cui, ["non è un CUI: L, F o S e venti cifre", "is no CUI: L, F or S and twenty figures"])
}

/// The CIG that must be sent, in capitals.
pub(crate) fn cig(given: &mut Reader) -> String {
    let code = given.required_text("cig", 100).to_ascii_uppercase();
    if !code.is_empty() && !is_cig(&code) {
        given.fault(
            "cig",
            "non è un CIG: 10 caratteri, sette cifre e tre esadecimali, o una lettera e nove lettere o cifre",
            "is no CIG: 10 characters, seven figures and three hexadecimal ones, or a letter and nine letters or figures",
        );
    }
    code
}

fn code(given: &mut Reader, name: &str, is_one: fn(&str) -> bool, [it, en]: [&'static str; 2]) -> Option<String> {
    let code = given.text(name, 100)?.to_ascii_uppercase();
    if !is_one(&code) {
        given.fault(name, it, en);
        return None;
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::{STATES, is_cig, is_cui, is_cup, next_states};

    #[test]
    fn codes_are_told_from_what_is_none() {
        assert!(is_cup("B17G22000030006"));
        for bad in ["B17G2200003000", "B17G220000300066", "b17G22000030006", "117G22000030006", "B17G2200003000è", ""] {
            assert!(!is_cup(bad), "{bad}");
        }
        assert!(is_cig("1234567A0F") && is_cig("Z0A1B2C3D4") && is_cig("B0123456AZ"));
        for bad in ["1234567A0", "12345678G0", "1234567a0f", "Z0A1B2C3D", "", "Z0A1B2C3D-"] {
            assert!(!is_cig(bad), "{bad}");
        }
        assert!(is_cui("L00290810801202600012") && !is_cui("X00290810801202600012") && !is_cui("L0029081080120260001"));
    }

    #[test]
    fn what_follows_a_state_is_what_the_database_lets_follow() {
        let migration = include_str!("../../migrations/20261128121000_public_works_register.sql");
        let start = migration.find("enforce_transitions").unwrap();
        let json = &migration[start..][migration[start..].find('{').unwrap()..];
        let known: serde_json::Value = serde_json::from_str(&json[..=json.find('}').unwrap()]).unwrap();
        for state in STATES {
            assert_eq!(known[state], serde_json::json!(next_states(state)), "{state}");
        }
    }
}
