//! What a file is, by its content.

use kernel::Language;

use crate::picture;

/// The largest file taken, in bytes.
pub const MAX_BYTES: usize = 20 * 1024 * 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `image/jpeg`
    Jpeg,
    /// `image/png`
    Png,
    /// `image/webp`: taken, and kept as JPEG or PNG.
    WebP,
    /// `application/pdf`
    Pdf,
}

/// Why a file is not taken. The text is for who sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is none of the kinds taken.
    #[error("the file is none of those kept here: JPEG, PNG and WebP pictures, and PDF. What counts is its content, not its name")]
    Kind,
    /// It is longer than [`MAX_BYTES`].
    #[error("the file is larger than 20 MiB")]
    Bytes,
    /// It has too many pixels.
    #[error("the picture has {0} by {1} pixels; at most 50 million are taken, 20000 on a side")]
    Pixels(u32, u32),
    /// It can't be read to its end.
    #[error("the file is broken or not whole: {0}")]
    Broken(String),
}

impl Refused {
    /// In the language of who sent it.
    pub fn told(&self, language: Language) -> String {
        match (language, self) {
            (Language::En, _) => self.to_string(),
            (Language::It, Self::Kind) => {
                "il file non è di quelli che si conservano: immagini JPEG, PNG e WebP, e PDF. Conta il contenuto, non il nome".to_owned()
            }
            (Language::It, Self::Bytes) => "il file supera 20 MiB".to_owned(),
            (Language::It, Self::Pixels(width, height)) => {
                format!("l'immagine ha {width} per {height} pixel; al più 50 milioni, 20000 per lato")
            }
            (Language::It, Self::Broken(why)) => format!("il file è rotto o non intero: {why}"),
        }
    }
}

/// A file as it is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) kind: Kind,
    pub(crate) content: Vec<u8>,
    /// Width and height in pixels, of a picture.
    pub(crate) size: Option<(u32, u32)>,
}

impl Kind {
    /// By its first bytes, which must stand at the very beginning.
    pub fn of(content: &[u8]) -> Option<Self> {
        match content {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::WebP => "image/webp",
            Self::Pdf => "application/pdf",
        }
    }

    /// How its file names end.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::WebP => "webp",
            Self::Pdf => "pdf",
        }
    }
}

/// Makes of a file what is kept of it. Takes time and memory: for a thread that may block.
pub(crate) fn keep(content: Vec<u8>) -> Result<Kept, Refused> {
    if content.len() > MAX_BYTES {
        return Err(Refused::Bytes);
    }
    match Kind::of(&content).ok_or(Refused::Kind)? {
        Kind::Pdf if !has_end(&content) => Err(Refused::Broken("the PDF has no end".to_owned())),
        Kind::Pdf => Ok(Kept { kind: Kind::Pdf, content, size: None }),
        kind => picture::anew(kind, &content),
    }
}

/// A whole PDF says so in its last lines (ISO 32000-1, 7.5.5; readers look at the last 1024 bytes).
fn has_end(content: &[u8]) -> bool {
    let tail = &content[content.len().saturating_sub(1024)..];
    tail.windows(5).any(|w| w == b"%%EOF")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_beginning_counts() {
        assert_eq!(Kind::of(b"%PDF-1.7"), Some(Kind::Pdf));
        for other in [&b""[..], b"GIF89a", b"<svg xmlns=", b"<html>%PDF-1.7", b"PK\x03\x04", b"RIFF\0\0\0\0AVI ", b"\xff\xd8", b"MZ"] {
            assert_eq!(Kind::of(other), None, "{other:?}");
        }
        assert!(matches!(keep(b"<svg onload=alert(1)>".to_vec()), Err(Refused::Kind)));
    }

    #[test]
    fn a_pdf_has_a_beginning_and_an_end() {
        let whole = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n".to_vec();
        assert_eq!(keep(whole.clone()).unwrap().content, whole);
        assert!(matches!(keep(whole[..20].to_vec()), Err(Refused::Broken(_))));
        assert!(matches!(keep(vec![b'%'; MAX_BYTES + 1]), Err(Refused::Bytes)));
    }
}
