//! Texts in UTF-8 that somebody took for Windows-1252, and texts of which characters are gone.

/// The text as it was before it was taken for Windows-1252; `None` if it was not.
pub(crate) fn mend(text: &str) -> Option<String> {
    if text.is_ascii() || !text.contains(['Ã', 'Â', 'â']) {
        return None;
    }
    // the no-break space in `Ã\u{a0}` (à) is often a plain one by now
    let text = text.replace("Ã ", "Ã\u{a0}");
    let (bytes, _, unmappable) = encoding_rs::WINDOWS_1252.encode(&text);
    if unmappable {
        return None;
    }
    String::from_utf8(bytes.into_owned()).ok().filter(|mended| mended.len() < text.len())
}

/// Whether characters of it are gone, or are others.
pub(super) fn is_damaged(text: &str) -> bool {
    !text.is_ascii() && (text.contains('\u{FFFD}') || mend(text).is_some())
}

#[cfg(test)]
mod tests {
    use super::{is_damaged, mend};

    #[test]
    fn what_was_taken_for_another_encoding_is_put_right() {
        for (text, mended) in [
            ("cittÃ ", "città"),
            ("CittÃ\u{a0} vecchia", "Città vecchia"),
            ("perchÃ©", "perché"),
            ("lâ€™Aquila", "l’Aquila"),
            ("NÂ° 5", "N° 5"),
        ] {
            assert_eq!(mend(text).as_deref(), Some(mended), "{text}");
        }
        for sound in ["città", "Ãngelo", "Âge", "perché", "a", "日本 Ã©"] {
            assert_eq!(mend(sound), None, "{sound}");
        }
        assert!(is_damaged("citt\u{FFFD}") && is_damaged("cittÃ ") && !is_damaged("città"));
    }
}
