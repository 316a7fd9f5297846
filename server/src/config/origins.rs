use std::fmt;
use std::str::FromStr;

use url::Url;

/// Whose pages may read here without a cookie, and whose may change something with a key: `*`, `none`, and origins, separated
/// by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origins {
    /// Any page may read.
    pub(crate) any: bool,
    /// Pages of these may read and change, as browsers write an origin: `https://gis.example.it`.
    listed: Vec<String>,
}

impl Default for Origins {
    fn default() -> Self {
        Self { any: true, listed: Vec::new() }
    }
}

impl Origins {
    /// Whether an origin's pages may change something.
    pub(crate) fn lists(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| listed == origin)
    }
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut origins = Self { any: false, listed: Vec::new() };
        let parts: Vec<&str> = text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
        for part in &parts {
            match *part {
                "*" => origins.any = true,
                "none" if parts.len() == 1 => {}
                _ => origins.listed.push(origin(part)?),
            }
        }
        if parts.is_empty() { Err("say `*`, `none` or origins".to_owned()) } else { Ok(origins) }
    }
}

fn origin(text: &str) -> Result<String, String> {
    let wrong = || format!("`{text}` is no origin; write it as https://gis.example.it");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let origin = url.origin().ascii_serialization();
    let plain = matches!(url.scheme(), "https" | "http") && text.trim_end_matches('/').eq_ignore_ascii_case(&origin);
    if plain { Ok(origin) } else { Err(wrong()) }
}

impl fmt::Display for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&str> = self.any.then_some("*").into_iter().chain(self.listed.iter().map(String::as_str)).collect();
        f.write_str(if all.is_empty() { "none".to_owned() } else { all.join(",") }.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Origins;

    #[test]
    fn origins_are_read_as_browsers_write_them() {
        let shown = |text: &str| text.parse::<Origins>().map(|origins| origins.to_string());
        assert_eq!(shown("*").unwrap(), "*");
        assert_eq!(shown("none").unwrap(), "none");
        assert_eq!(shown(" https://GIS.example.it/ , *").unwrap(), "*,https://gis.example.it");
        let listed: Origins = "https://gis.example.it,http://localhost:5173".parse().unwrap();
        assert!(listed.lists("http://localhost:5173") && !listed.lists("null") && !listed.lists("https://gis.example.it.evil.example"));
        for bad in ["", ",", "none,*x", "null", "gis.example.it", "https://gis.example.it/path", "file:///x", "none,https://a.example"] {
            assert!(shown(bad).is_err(), "{bad}");
        }
    }
}
