//! File names: for people to recognise, and for nothing else.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::content::Kind;

/// The longest name kept, in characters.
const MAX_CHARACTERS: usize = 120;

/// What stands unescaped in a header's extended value (RFC 8187, 3.2.1).
const EXTENDED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name as it is kept: the last part of a path, without controls and characters that turn the direction of writing or mean
/// something to a shell or a file system, and with the ending of what the file is.
pub(crate) fn tidy(name: Option<&str>, kind: Kind) -> String {
    let last = name.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = match last.rsplit_once('.') {
        Some((stem, ending)) if ending.chars().count() <= 5 => stem,
        _ => last,
    };
    let unwanted = |c: char| {
        c.is_control()
            || matches!(c, '"' | '<' | '>' | '|' | '*' | '?' | ':' | '\u{200b}'..='\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    let stem: String = stem.chars().map(|c| if unwanted(c) { '_' } else { c }).take(MAX_CHARACTERS).collect();
    let stem = stem.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let stem = if stem.is_empty() { "file" } else { stem };
    format!("{stem}.{}", kind.extension())
}

/// `Content-Disposition` with this name, for old readers and new ones.
pub(crate) fn disposition(how: &str, name: &str) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ') { c } else { '_' }).collect();
    format!("{how}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, EXTENDED))
}

/// The file name that a `Content-Disposition` of a request says.
pub(crate) fn from_disposition(value: &str) -> Option<String> {
    let mut parts = value.split(';').map(str::trim);
    let named = |start: &'static str| parts.clone().find_map(|p| p.strip_prefix(start).map(str::to_owned));
    if let Some(extended) = named("filename*=") {
        let encoded = extended.splitn(3, '\'').nth(2)?.to_owned();
        return percent_decode_str(&encoded).decode_utf8().ok().map(|n| n.into_owned());
    }
    parts.find_map(|p| p.strip_prefix("filename=")).map(|n| n.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_text() {
        let jpeg = |name| tidy(Some(name), Kind::Jpeg);
        assert_eq!(jpeg("Frana 12 – via Città.jpeg"), "Frana 12 – via Città.jpg");
        assert_eq!(jpeg("../../etc/passwd"), "passwd.jpg");
        assert_eq!(jpeg("C:\\temp\\x.php"), "x.jpg");
        assert_eq!(jpeg("<script>alert(1)</script>.jpg"), "script_.jpg");
        assert_eq!(jpeg("<img src=x onerror=alert(1)>.jpg"), "_img src=x onerror=alert(1)_.jpg");
        assert_eq!(jpeg("photo\u{202e}gpj.exe"), "photo_gpj.jpg");
        assert_eq!(jpeg("a\r\nSet-Cookie: x=1"), "a__Set-Cookie_ x=1.jpg");
        for empty in ["", "...", "/", "\0"] {
            assert!(matches!(jpeg(empty).as_str(), "file.jpg" | "_.jpg"), "{empty:?}");
        }
        assert_eq!(tidy(None, Kind::Pdf), "file.pdf");
        assert!(jpeg(&"x".repeat(1 << 20)).len() < 130);
    }

    #[test]
    fn a_header_has_the_name_in_two_ways() {
        assert_eq!(disposition("inline", "Città.jpg"), "inline; filename=\"Citt_.jpg\"; filename*=UTF-8''Citt%C3%A0.jpg");
        assert_eq!(from_disposition("attachment; filename=\"a b.jpg\"").as_deref(), Some("a b.jpg"));
        assert_eq!(from_disposition("attachment; filename=\"x\"; filename*=UTF-8''Citt%C3%A0.jpg").as_deref(), Some("Città.jpg"));
        assert_eq!(from_disposition("attachment"), None);
    }
}
