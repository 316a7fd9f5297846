use std::path::PathBuf;
use std::time::Duration;

use deliveries::sources::{Allowed, Place, Source, Sources, parse};
use ingest::Mode;
use serde::Deserialize;

use crate::failure::Failure;

/// Characters of a name.
const LONGEST: usize = 48;
/// Seconds.
const SHORTEST: u64 = 1;

/// `[[sources]]`: a folder or an address that is looked at every so often.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SourceSettings {
    name: String,
    folder: Option<PathBuf>,
    /// Which files of the folder, as `*.gpkg`.
    files: Option<String>,
    url: Option<String>,
    every: String,
    plan: PathBuf,
    #[serde(default)]
    mode: Wanted,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Wanted {
    #[default]
    Update,
    Replace,
}

/// What the file says of sources, put together; the error names the source, and says what to do.
pub(crate) fn read(all: &[SourceSettings], allow: &[String], private: &[String], tell: Option<&str>) -> Result<Sources, Failure> {
    let mut sources = Sources::default();
    for (entries, is_private, name) in [(allow, false, "sources-allow"), (private, true, "sources-allow-private")] {
        for entry in entries {
            sources.allowed.add(entry, is_private).map_err(|e| Failure::new(format!("{name} in the configuration file: {e}")))?;
        }
    }
    for settings in all {
        let named = |e: String| Failure::new(format!("the source `{}` in the configuration file: {e}", settings.name));
        let source = settings.read(&sources.allowed).map_err(named)?;
        if sources.all.iter().any(|other| other.name == source.name) {
            return Err(named("there are two of that name; give one another".to_owned()));
        }
        sources.all.push(source);
    }
    if let Some(text) = tell {
        let url = parse(text).and_then(|url| sources.allowed.check(&url).map(|()| url));
        sources.tell = Some(url.map_err(|e| Failure::new(format!("sources-tell in the configuration file: {e}")))?);
    }
    Ok(sources)
}

impl SourceSettings {
    fn read(&self, allowed: &Allowed) -> Result<Source, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
        if self.name.is_empty() || self.name.len() > LONGEST || !self.name.chars().all(fits) {
            return Err("a name has 1 to 48 lower-case letters, digits, `-` and `_`".to_owned());
        }
        let place = match (&self.folder, &self.url) {
            (Some(folder), None) => {
                let text = self.files.as_deref().unwrap_or("*");
                let files = glob::Pattern::new(text).map_err(|e| format!("files = \"{text}\": {e}; write it as *.gpkg"))?;
                if text.contains('/') || !folder.is_absolute() {
                    return Err("`folder` is a whole path, as /srv/incoming/trees, and `files` names within it, as *.gpkg".to_owned());
                }
                Place::Folder { folder: folder.clone(), files }
            }
            (None, Some(_)) if self.files.is_some() => return Err("`files` goes with `folder`; an address is one file".to_owned()),
            (None, Some(url)) => {
                let url = parse(url)?;
                allowed.check(&url)?;
                Place::Url(url)
            }
            _ => return Err("say where it is, with `folder` or with `url`".to_owned()),
        };
        if !self.plan.is_absolute() {
            return Err("`plan` is a whole path, as /etc/opensit/trees.toml".to_owned());
        }
        let mode = match self.mode {
            Wanted::Update => Mode::Update,
            Wanted::Replace => Mode::Replace,
        };
        Ok(Source { name: self.name.clone(), place, every: every(&self.every)?, plan: self.plan.clone(), mode })
    }
}

/// A time as `90s`, `10m`, `1h` or `7d`.
fn every(text: &str) -> Result<Duration, String> {
    let wrong = || format!("every = \"{text}\" is no time from a second to a year: write it as 90s, 10m, 1h or 7d");
    let (at, unit) = text.char_indices().last().ok_or_else(wrong)?;
    let number: u32 = text[..at].parse().map_err(|_| wrong())?;
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = u64::from(number) * unit;
    if (SHORTEST..=366 * 86_400).contains(&seconds) { Ok(Duration::from_secs(seconds)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde::Deserialize;

    use super::{SourceSettings, every, read};

    #[derive(Deserialize)]
    struct File {
        sources: Vec<SourceSettings>,
    }

    fn told(source: &str) -> String {
        let file: File = toml::from_str(&format!("[[sources]]\n{source}")).unwrap();
        let allow = ["https://dati.example.it/open/".to_owned()];
        read(&file.sources, &allow, &[], None).map_or_else(|e| e.to_string(), |sources| format!("{} source", sources.all.len()))
    }

    #[test]
    fn a_source_is_a_folder_or_an_address_that_is_listed() {
        let with = |more: &str| told(&format!("name = \"trees\"\nevery = \"1h\"\nplan = \"/etc/trees.toml\"\n{more}"));
        assert_eq!(with("folder = \"/srv/in\"\nfiles = \"*.gpkg\""), "1 source");
        assert_eq!(with("url = \"https://dati.example.it/open/trees.gpkg\"\nmode = \"replace\""), "1 source");
        for (more, word) in [
            ("", "say where it is"),
            ("folder = \"/a\"\nurl = \"https://dati.example.it/open/x\"", "say where it is"),
            ("folder = \"in\"", "a whole path"),
            ("folder = \"/in\"\nfiles = \"a/*.csv\"", "a whole path"),
            ("folder = \"/in\"\nfiles = \"[\"", "files = \"[\""),
            ("url = \"https://dati.example.it/open/x\"\nfiles = \"*\"", "goes with `folder`"),
            ("url = \"https://other.example.it/x\"", "sources-allow = [\"https://other.example.it/\"]"),
            ("url = \"ftp://dati.example.it/open/x\"", "only https and http"),
        ] {
            assert!(with(more).contains(word), "{more}: {}", with(more));
        }
    }

    #[test]
    fn times() {
        assert_eq!(every("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(every("7d"), Ok(Duration::from_secs(604_800)));
        for bad in ["", "h", "1", "0s", "-1h", "1.5h", "1w", "99999d", "9è"] {
            assert!(every(bad).is_err(), "{bad}");
        }
    }
}
