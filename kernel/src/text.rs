use serde::{Deserialize, Serialize};

/// The two languages of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Italian, the default: it is the language of the acts.
    #[default]
    It,
    /// English.
    En,
}

impl Language {
    /// Picks the language from an explicit `lang` parameter, else from `Accept-Language`, else Italian.
    ///
    /// Of `Accept-Language` (RFC 9110, 12.5.4) the first of `it` and `en` in the order of their weights wins.
    pub fn negotiate(parameter: Option<&str>, accept_language: Option<&str>) -> Self {
        if let Some(language) = parameter.and_then(Self::from_tag) {
            return language;
        }
        let mut best: Option<(f32, Self)> = None;
        for range in accept_language.unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let Some(language) = parts.next().and_then(Self::from_tag) else {
                continue;
            };
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")).and_then(|q| q.parse().ok()).unwrap_or(1.0);
            if weight > 0.0 && best.is_none_or(|(w, _)| weight > w) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language).unwrap_or_default()
    }

    /// The language subtag, as in `lang="it"`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::It => "it",
            Self::En => "en",
        }
    }

    fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().split('-').next()?.to_ascii_lowercase().as_str() {
            "it" => Some(Self::It),
            "en" => Some(Self::En),
            _ => None,
        }
    }
}

/// A text for people, in Italian and in English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// The Italian wording.
    pub it: String,
    /// The English wording.
    pub en: String,
}

impl Text {
    /// A text in both languages.
    pub fn new(it: impl Into<String>, en: impl Into<String>) -> Self {
        Self { it: it.into(), en: en.into() }
    }

    /// A text that reads the same in both languages: a proper name, or what a file called it.
    pub fn same(text: impl Into<String>) -> Self {
        let it = text.into();
        Self { en: it.clone(), it }
    }

    /// The wording in one language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::It => &self.it,
            Language::En => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, En, It};

    #[test]
    fn the_parameter_wins_then_the_heaviest_range_then_italian() {
        assert_eq!(Language::negotiate(Some("en"), Some("it")), En);
        assert_eq!(Language::negotiate(None, Some("de, en-GB;q=0.8, it;q=0.4")), En);
        assert_eq!(Language::negotiate(None, Some("en;q=0.1,it-IT")), It);
        assert_eq!(Language::negotiate(None, Some("en;q=0")), It);
        assert_eq!(Language::negotiate(Some("xx"), None), It);
    }
}
