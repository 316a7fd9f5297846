//! Texts in Helvetica, which every reader has: how they are encoded, how wide they are, where they break.

use encoding_rs::WINDOWS_1252;
use pdf_writer::Name;

/// The two typefaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Regular,
    Bold,
}

/// Widths of the characters from the space to `~`, thousandths of the size (the metrics that Adobe published with the typeface).
const REGULAR: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278,
    278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556,
    556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333,
    333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611,
    611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584,
];

impl Face {
    /// Both, with the names of the standard.
    pub(super) const ALL: [(Self, &'static [u8]); 2] = [(Self::Regular, b"Helvetica"), (Self::Bold, b"Helvetica-Bold")];

    /// Its name in a page's resources.
    pub(super) fn name(self) -> Name<'static> {
        match self {
            Self::Regular => Name(b"R"),
            Self::Bold => Name(b"B"),
        }
    }

    fn thousandths(self, character: char) -> u16 {
        let widths = if self == Self::Regular { &REGULAR } else { &BOLD };
        let like = |letter: u8| widths[usize::from(letter - b' ')];
        match character {
            ' '..='~' => widths[character as usize - 32],
            '\u{a0}' => like(b' '),
            'À'..='Å' => like(b'A'),
            'Ç' => like(b'C'),
            'È'..='Ë' => like(b'E'),
            'Ì'..='Ï' | 'ì'..='ï' | '·' => like(b'I'),
            'Ñ' => like(b'N'),
            'Ò'..='Ö' | 'Ø' => like(b'O'),
            'Ù'..='Ü' => like(b'U'),
            'à'..='å' => like(b'a'),
            'ç' => like(b'c'),
            'è'..='ë' => like(b'e'),
            'ñ' => like(b'n'),
            'ò'..='ö' => like(b'o'),
            'ù'..='ü' => like(b'u'),
            '²' | '³' | '¹' => 333,
            '°' => 400,
            '’' | '‘' => like(b','),
            'Æ' | '—' | '…' | '™' => 1_000,
            _ => 556,
        }
    }

    /// How wide a text is at a size, in the size's unit.
    pub(super) fn width(self, text: &str, size: f32) -> f32 {
        text.chars().map(drawn).map(|c| f32::from(self.thousandths(c))).sum::<f32>() * size / 1_000.0
    }

    /// The lines of a text in a width. A word that is longer breaks where it must.
    pub(super) fn lines(self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let mut rest = word;
            while !rest.is_empty() {
                let line = lines.last_mut().map_or("", |line| line);
                let joined = if line.is_empty() { rest.to_owned() } else { format!("{line} {rest}") };
                if self.width(&joined, size) <= width {
                    lines.pop();
                    lines.push(joined);
                    break;
                }
                if line.is_empty() {
                    let end = self.fitting(rest, size, width);
                    lines.pop();
                    lines.push(rest[..end].to_owned());
                    rest = &rest[end..];
                }
                if !rest.is_empty() {
                    lines.push(String::new());
                }
            }
        }
        lines
    }

    /// How many bytes of a text fit, at least those of one character.
    fn fitting(self, text: &str, size: f32, width: f32) -> usize {
        let mut end = text.chars().next().map_or(0, char::len_utf8);
        for (at, character) in text.char_indices() {
            let next = at + character.len_utf8();
            if self.width(&text[..next], size) > width {
                break;
            }
            end = end.max(next);
        }
        end
    }
}

/// The character that stands for another which the encoding has not.
fn drawn(character: char) -> char {
    match character {
        '\u{2212}' | '\u{2010}' | '\u{2011}' => '-',
        c if c.is_control() => ' ',
        c => c,
    }
}

/// A text as bytes of `WinAnsiEncoding`, which has all that Italian needs; `?` for what it has not.
pub(super) fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut buffer = [0; 4];
    for character in text.chars().map(drawn) {
        let (encoded, _, unknown) = WINDOWS_1252.encode(character.encode_utf8(&mut buffer));
        if unknown {
            bytes.push(b'?');
        } else {
            bytes.extend_from_slice(&encoded);
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::{Face, encoded};

    #[test]
    fn italian_is_encoded_whole() {
        assert_eq!(encoded("Città è – €, m²"), b"Citt\xe0 \xe8 \x96 \x80, m\xb2");
        assert_eq!(encoded("−1 \u{9}č"), b"-1  ?");
    }

    #[test]
    fn lines_break_between_words_and_long_words_where_they_must() {
        let face = Face::Regular;
        assert!((face.width("Foglio", 10.0) - 27.23).abs() < 0.01, "{}", face.width("Foglio", 10.0));
        assert_eq!(face.lines("uno due tre", 10.0, 40.0), ["uno due", "tre"]);
        assert_eq!(face.lines("", 10.0, 40.0), [""]);
        let broken = face.lines("a wwwwwwwwww", 10.0, 30.0);
        assert_eq!(broken, ["a", "wwww", "wwww", "ww"]);
        assert!(broken.iter().all(|line| face.width(line, 10.0) <= 30.0));
        assert_eq!(face.lines("ww", 10.0, 1.0), ["w", "w"], "one character at least");
    }
}
