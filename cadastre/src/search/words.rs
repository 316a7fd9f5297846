//! The words that stand before the parts of a reference, and their slips of the pen.

/// What a word says of the number or letter after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Section,
    Sheet,
    Attachment,
    Development,
    Parcel,
    /// A subalterno is no place on the map: it is read and left aside.
    Unit,
}

/// The whole words, which may be cut short after so many letters.
const WHOLE: [(&str, usize, Label); 9] = [
    ("sezione", 3, Label::Section),
    ("foglio", 3, Label::Sheet),
    ("allegato", 3, Label::Attachment),
    ("sviluppo", 4, Label::Development),
    ("particella", 4, Label::Parcel),
    ("particelle", 4, Label::Parcel),
    ("mappale", 3, Label::Parcel),
    ("numero", 3, Label::Parcel),
    ("subalterno", 3, Label::Unit),
];

/// What people write for short.
const SHORT: [(&str, Label); 14] = [
    ("sez", Label::Section),
    ("f", Label::Sheet),
    ("fg", Label::Sheet),
    ("flo", Label::Sheet),
    ("fgl", Label::Sheet),
    ("p", Label::Parcel),
    ("m", Label::Parcel),
    ("n", Label::Parcel),
    ("pla", Label::Parcel),
    ("plla", Label::Parcel),
    ("partlla", Label::Parcel),
    ("pt", Label::Parcel),
    ("s", Label::Unit),
    ("sb", Label::Unit),
];

/// Abbreviations with a dot inside, and the same without.
const DOTTED: [(&str, &str); 4] = [("part.lla", "partlla"), ("p.lla", "plla"), ("p.la", "pla"), ("f.lo", "flo")];

/// Takes the dots out of abbreviations.
pub(super) fn undotted(text: &str) -> String {
    DOTTED.iter().fold(text.to_owned(), |text, (dotted, plain)| text.replace(dotted, plain))
}

/// What a word in lower case says. One slip is forgiven in a word of some length, two in a long one.
pub(super) fn label(word: &str) -> Option<Label> {
    let short = || SHORT.iter().find(|(short, _)| *short == word).map(|(_, label)| *label);
    let cut = || WHOLE.iter().find(|(whole, least, _)| word.len() >= *least && whole.starts_with(word)).map(|(.., label)| *label);
    let slipped = || {
        let fits = |whole: &str| word.len() >= 5 && slips(word, whole) <= if whole.len() > 8 { 2 } else { 1 };
        WHOLE.iter().find(|(whole, ..)| fits(whole)).map(|(.., label)| *label)
    };
    short().or_else(cut).or_else(slipped)
}

/// How many letters were left out, added, mistaken or exchanged with their neighbour (optimal string alignment).
fn slips(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let mistaken = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = mistaken.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::{Label, label, slips};

    #[test]
    fn slips_are_counted() {
        for (a, b, expected) in
            [("foglio", "foglio", 0), ("foglo", "foglio", 1), ("fogloi", "foglio", 1), ("via", "foglio", 5), ("", "ab", 2)]
        {
            assert_eq!((slips(a, b), slips(b, a)), (expected, expected), "{a} {b}");
        }
    }

    #[test]
    fn words_are_known_whole_short_and_with_slips() {
        for (word, expected) in [
            ("foglio", Some(Label::Sheet)),
            ("fog", Some(Label::Sheet)),
            ("foglo", Some(Label::Sheet)),
            ("fg", Some(Label::Sheet)),
            ("partcella", Some(Label::Parcel)),
            ("particlela", Some(Label::Parcel)),
            ("mapale", Some(Label::Parcel)),
            ("sub", Some(Label::Unit)),
            ("sezone", Some(Label::Section)),
            ("all", Some(Label::Attachment)),
            ("svil", Some(Label::Development)),
            ("via", None),
            ("centro", None),
            ("portico", None),
            ("fontana", None),
            ("", None),
        ] {
            assert_eq!(label(word), expected, "{word}");
        }
    }
}
