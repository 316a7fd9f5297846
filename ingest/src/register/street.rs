//! Streets and house numbers in one form, however they are written.

use crate::names::fold;

/// What a street is, and how that is shortened: the first word of its name.
const KINDS: [(&str, &[&str]); 22] = [
    ("via", &["via", "v"]),
    ("viale", &["viale", "vle", "vl"]),
    ("corso", &["corso", "cso", "c"]),
    ("piazza", &["piazza", "pzza", "pza", "pz", "p"]),
    ("piazzale", &["piazzale", "ple", "pzle", "pzale"]),
    ("piazzetta", &["piazzetta", "pzta", "pzetta", "pzzta"]),
    ("largo", &["largo", "lgo", "l"]),
    ("vico", &["vico", "vco"]),
    ("vicolo", &["vicolo", "vlo", "vic"]),
    ("contrada", &["contrada", "cda", "ctda", "ctr", "contr"]),
    ("localita", &["localita", "loc"]),
    ("frazione", &["frazione", "fraz", "frz", "fr"]),
    ("traversa", &["traversa", "trav", "tra", "tr"]),
    ("strada", &["strada", "str", "sda"]),
    ("stradone", &["stradone"]),
    ("salita", &["salita", "sal"]),
    ("discesa", &["discesa", "disc"]),
    ("lungomare", &["lungomare", "lmare", "lungom"]),
    ("galleria", &["galleria", "gall"]),
    ("borgo", &["borgo", "bgo"]),
    ("rione", &["rione", "rne"]),
    ("scalinata", &["scalinata", "scal"]),
];

/// Words that names have in full or shortened, and the form that both get.
const WORDS: [(&str, &[&str]); 13] = [
    ("s", &["san", "santo", "santa", "sant"]),
    ("ss", &["santi", "sante", "santissima", "santissimo"]),
    ("gen", &["generale"]),
    ("cap", &["capitano"]),
    ("col", &["colonnello"]),
    ("ten", &["tenente"]),
    ("mons", &["monsignor", "monsignore"]),
    ("prof", &["professor", "professore"]),
    ("dr", &["dott", "dottor", "dottore"]),
    ("flli", &["fratelli"]),
    ("prov", &["provinciale"]),
    ("naz", &["nazionale"]),
    ("com", &["comunale"]),
];

/// Words that are put in and left out as it comes.
const LITTLE: [&str; 14] = ["di", "del", "della", "dei", "degli", "delle", "dello", "dell", "la", "le", "gli", "il", "lo", "de"];

/// A street's name in the form in which two of them are compared: `V.le S. Francesco` and `VIALE SAN FRANCESCO` have the same.
pub(super) fn street(text: &str) -> String {
    let text = text.trim();
    let (first, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let mut words: Vec<String> = Vec::new();
    match kind(&letters(first)).filter(|_| !rest.is_empty()) {
        Some(kind) => words.push(kind.to_owned()),
        // `V.Roma`, `P.zza`
        None => match first.split_once('.').map(|(short, name)| (kind(&letters(short)), name)) {
            Some((Some(kind), name)) => {
                words.push(kind.to_owned());
                words.extend(split(name));
            }
            _ => words.extend(split(first)),
        },
    }
    words.extend(split(rest));
    let told: Vec<String> = words.into_iter().filter(|word| !LITTLE.contains(&word.as_str())).map(plain).collect();
    told.join(" ")
}

fn kind(word: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, forms)| forms.contains(&word)).map(|(kind, _)| *kind)
}

/// What a street in the common form is, if it begins with it.
pub(super) fn kind_of(street: &str) -> Option<&'static str> {
    kind(street.split(' ').next().unwrap_or_default()).filter(|kind| street.starts_with(kind))
}

fn letters(text: &str) -> String {
    split(text).concat()
}

/// The words of a text, in small letters without accents. `F.lli` is one word.
fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for part in text.split_whitespace() {
        let short =
            part.split_once('.').is_some_and(|(head, tail)| head.len() == 1 && matches!(tail.to_lowercase().as_str(), "lli" | "s" | "s."));
        for c in part.chars() {
            let word = words.last_mut();
            match (fold(c), word) {
                (Some(folded), Some(word)) => word.push_str(folded),
                (None, Some(word)) if c.is_ascii_alphanumeric() => word.push(c.to_ascii_lowercase()),
                (None, _) if c == '.' && short => {}
                _ => words.push(String::new()),
            }
        }
        words.push(String::new());
    }
    words.retain(|word| !word.is_empty());
    words
}

fn plain(word: String) -> String {
    if let Some((short, _)) = WORDS.iter().find(|(_, forms)| forms.contains(&word.as_str())) {
        return (*short).to_owned();
    }
    roman(&word).map_or(word, |number| number.to_string())
}

/// `XX` is 20, up to 39: what streets are called by.
fn roman(word: &str) -> Option<i32> {
    let of = |c: char| match c {
        'i' => Some(1),
        'v' => Some(5),
        'x' => Some(10),
        _ => None,
    };
    let digits: Vec<i32> = word.chars().map(of).collect::<Option<_>>()?;
    let before_larger = |index: usize, digit: i32| digits.get(index + 1).is_some_and(|next| *next > digit);
    let value: i32 = digits.iter().enumerate().map(|(index, digit)| if before_larger(index, *digit) { -digit } else { *digit }).sum();
    (1..40).contains(&value).then_some(value)
}

/// A house number in the form in which two of them are compared: `12/A`, `12 a` and `n. 12A` have the same. `None`: there is none.
pub(super) fn house_number(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let text = ["numero", "num", "nr", "n", "civico", "civ"]
        .iter()
        .find_map(|word| text.strip_prefix(word))
        .map_or(text.as_str(), |rest| rest.trim_start_matches(['.', ':', ' ', '°', 'º']));
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return None;
    }
    let rest = rest.trim_start_matches([' ', '/', '-', '\\', '.', ',']);
    let word: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    Some(match word.as_str() {
        "" | "int" | "interno" | "sc" | "scala" | "piano" => digits.to_owned(),
        "bis" | "ter" | "quater" => format!("{digits}{word}"),
        // another number behind a sign is a part of it
        part if part.bytes().all(|b| b.is_ascii_digit()) => format!("{digits}/{}", part.trim_start_matches('0')),
        part if part.len() == 1 => format!("{digits}{part}"),
        part => format!("{digits}/{part}"),
    })
}

/// Street and house number of an address in one text: `Via Roma, 12/A - 89100 Reggio`, `Via XX Settembre n. 5`.
pub(super) fn apart(text: &str) -> (String, Option<String>) {
    let mut words: Vec<&str> = text.split_whitespace().collect();
    // what follows a postal code is a comune
    if let Some(at) = words.iter().position(|word| is_postal_code(word)).filter(|at| *at > 0) {
        words.truncate(at);
    }
    let text = words.join(" ");
    let text = text.trim_end_matches([' ', ',', '-', '(']);
    if let Some((street, rest)) = text.split_once(',') {
        let number = rest.split(',').next().unwrap_or(rest).trim();
        return match house_number(number) {
            Some(_) => (street.trim().to_owned(), Some(number.to_owned())),
            None => in_words(street),
        };
    }
    in_words(text)
}

/// The first word that begins with a digit and is followed by nothing else than what belongs to a number: `via 24 maggio` has none.
fn in_words(text: &str) -> (String, Option<String>) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let follows = |at: &usize| words[*at..].windows(2).all(|pair| is_part(pair[0], pair[1]));
    let is_number = |at: &usize| words[*at].starts_with(|c: char| c.is_ascii_digit()) && follows(at);
    let Some(at) = (1..words.len()).find(is_number) else { return (words.join(" "), None) };
    let mark =
        |word: &str| matches!(word.to_lowercase().trim_end_matches('.'), "n" | "n°" | "nr" | "num" | "numero" | "civ" | "civico" | "-");
    let end = if at > 1 && mark(words[at - 1]) { at - 1 } else { at };
    (words[..end].join(" "), Some(words[at..].join(" ")))
}

/// Whether a word belongs to the house number that the word before it belongs to. Digits do behind `int.` and its like: in `strada provinciale
/// 3 12` the number is 12.
fn is_part(before: &str, word: &str) -> bool {
    let plain = |word: &str| word.trim_matches(['/', '-', '.', ',']).to_lowercase();
    let (before, word) = (plain(before), plain(word));
    let inside = |word: &str| matches!(word, "int" | "interno" | "sc" | "scala" | "piano");
    let digits = !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    if digits { inside(&before) } else { inside(&word) || word.len() <= 1 || matches!(word.as_str(), "bis" | "ter" | "quater") }
}

fn is_postal_code(word: &str) -> bool {
    let word = word.trim_matches(['(', ')', ',', '-']);
    word.len() == 5 && word.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{apart, house_number, kind_of, street};

    #[test]
    fn a_street_has_one_form_however_it_is_written() {
        for (form, names) in [
            ("viale s francesco paola", vec!["Viale San Francesco di Paola", "V.LE S. FRANCESCO DI PAOLA", "v.le s.francesco  Paola"]),
            ("corso garibaldi", vec!["C.so Garibaldi", "CORSO GARIBALDI", "c.so  garibaldi"]),
            ("piazza liberta", vec!["P.zza della Libertà", "PIAZZA LIBERTA'", "P.za Libertà", "p.Libertà"]),
            ("via 20 settembre", vec!["Via XX Settembre", "V. 20 settembre", "via xx SETTEMBRE"]),
            ("via flli rosselli", vec!["Via F.lli Rosselli", "via Fratelli Rosselli"]),
            ("largo s elia", vec!["L.go Sant'Elia", "Largo S. Elia", "LARGO SANT’ELIA"]),
        ] {
            for name in names {
                assert_eq!(street(name), form, "{name}");
            }
        }
        assert_eq!((kind_of("via roma"), kind_of("viale roma"), kind_of("roma")), (Some("via"), Some("viale"), None));
        assert_ne!(street("Via Vittorio Emanuele II"), street("Via Vittorio Emanuele III"));
    }

    #[test]
    fn a_number_has_one_form_however_it_is_written() {
        for (form, texts) in [
            ("12a", vec!["12/A", "12A", "12 a", "n. 12/a", "N°12-A", "0012A"]),
            ("12", vec!["12", "12 int. 3", "n.12", "civ. 12", "12 scala B"]),
            ("12bis", vec!["12 bis", "12/BIS", "12bis"]),
            ("12/3", vec!["12/3", "12-3", "12/03"]),
        ] {
            for text in texts {
                assert_eq!(house_number(text).as_deref(), Some(form), "{text}");
            }
        }
        for text in ["", "snc", "s.n.c.", "SN", "-", "n.d."] {
            assert_eq!(house_number(text), None, "{text}");
        }
    }

    #[test]
    fn an_address_in_one_text_comes_apart() {
        for (text, street, number) in [
            ("Via Roma, 12/A - 89100 Reggio", "Via Roma", Some("12/A")),
            ("Via Roma 12", "Via Roma", Some("12")),
            ("Via Roma n. 12 bis", "Via Roma", Some("12 bis")),
            ("Via XX Settembre, n. 5, Castelmarina", "Via XX Settembre", Some("n. 5")),
            ("Via 24 Maggio 7", "Via 24 Maggio", Some("7")),
            ("Via 24 Maggio", "Via 24 Maggio", None),
            ("Piazza Duomo", "Piazza Duomo", None),
            ("Via Roma, Castelmarina", "Via Roma", None),
            ("Strada Provinciale 3 1/A", "Strada Provinciale 3", Some("1/A")),
            ("Via Roma 12 int. 3", "Via Roma", Some("12 int. 3")),
            ("Corso Italia 3 89100", "Corso Italia", Some("3")),
        ] {
            assert_eq!(apart(text), (street.to_owned(), number.map(str::to_owned)), "{text}");
        }
    }
}
