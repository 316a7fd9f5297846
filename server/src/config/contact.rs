use std::fmt;
use std::str::FromStr;

use url::Url;

/// Whom to tell of a hole in an installation: `mailto:`, `https:` or `tel:` (RFC 9116, 2.5.3). An address of mail alone will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contact(String);

impl FromStr for Contact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let wrong = || format!("`{text}` is no contact; write it as mailto:sicurezza@comune.example.it or https://…");
        let full = if text.contains(':') || !text.contains('@') { text.to_owned() } else { format!("mailto:{text}") };
        let fits =
            full.bytes().all(|b| b.is_ascii_graphic()) && Url::parse(&full).is_ok_and(|u| matches!(u.scheme(), "mailto" | "https" | "tel"));
        if fits { Ok(Self(full)) } else { Err(wrong()) }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Contact;

    #[test]
    fn a_contact_is_an_address_that_can_be_followed() {
        let shown = |text: &str| text.parse::<Contact>().map(|c| c.to_string());
        assert_eq!(shown("sicurezza@comune.example.it").unwrap(), "mailto:sicurezza@comune.example.it");
        assert_eq!(shown(" https://comune.example.it/sicurezza ").unwrap(), "https://comune.example.it/sicurezza");
        assert_eq!(shown("tel:+39-090-0000000").unwrap(), "tel:+39-090-0000000");
        for bad in ["", "sicurezza", "http://comune.example.it", "javascript:alert(1)", "mailto:a@b.it\nContact: mailto:c@d.it"] {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }
}
