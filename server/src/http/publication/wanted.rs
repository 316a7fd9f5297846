//! What somebody wants to be said of a layer.

use chrono::NaiveDate;
use kernel::layer::Audience;
use kernel::{Layer, Problem, Text, TileCoord};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// The body of a change: what is not there stays, and null takes a text or a day away.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    title: Option<Words>,
    description: Option<Words>,
    draft: Option<bool>,
    audience: Option<Audience>,
    #[serde(default, deserialize_with = "said")]
    licence: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    attribution: Option<Option<String>>,
    #[serde(default, deserialize_with = "said")]
    source_date: Option<Option<NaiveDate>>,
    zoom: Option<(u8, u8)>,
    style: Option<Value>,
}

/// A text in both languages, and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    it: String,
    en: String,
}

/// What is there, null too.
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Wanted {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        serde_json::from_slice(body).map_err(|e| {
            Problem::bad_request(format!(
                "the body has any of `title`, `description` ({{\"it\", \"en\"}}), `draft`, `audience`, `licence`, `attribution`, `source_date` \
                 (YYYY-MM-DD), `zoom` ([first, last]) and `style`: {e}"
            ))
        })
    }

    /// The layer with it, and the names of what differs.
    pub(super) fn onto(self, old: &Layer) -> Result<(Layer, Vec<&'static str>), Problem> {
        let mut layer = old.clone();
        if let Some(title) = self.title {
            layer.title = text("title", title, 1, 200)?;
        }
        if let Some(description) = self.description {
            layer.description = text("description", description, 0, 5_000)?;
        }
        if let Some(audience) = self.audience {
            layer.audience = audience;
        }
        if let Some(licence) = self.licence {
            layer.licence = licence.map(|licence| line("licence", licence, 1, 300)).transpose()?;
        }
        if let Some(attribution) = self.attribution {
            layer.attribution = attribution.map(|attribution| line("attribution", attribution, 1, 500)).transpose()?;
        }
        if let Some(day) = self.source_date {
            layer.source_date = day;
        }
        if let Some(zoom) = self.zoom {
            layer.zoom = zooms(zoom)?;
        }
        if let Some(draft) = self.draft {
            if draft && !old.draft {
                return Err(wrong("draft", "a layer that was published does not become a draft again; `audience` narrows who sees it"));
            }
            layer.draft = draft;
        }
        if let Some(style) = &self.style {
            layer.style = ogc::check_style(&layer, style).map_err(|fault| {
                wrong(&format!("style{}", fault.pointer), &fault.detail).with("pointer", format!("/style{}", fault.pointer))
            })?;
        }
        let differs = differences(old, &layer);
        Ok((layer, differs))
    }
}

fn differences(old: &Layer, new: &Layer) -> Vec<&'static str> {
    let each = [
        ("title", old.title != new.title),
        ("description", old.description != new.description),
        ("draft", old.draft != new.draft),
        ("audience", old.audience != new.audience),
        ("licence", old.licence != new.licence),
        ("attribution", old.attribution != new.attribution),
        ("source_date", old.source_date != new.source_date),
        ("zoom", old.zoom != new.zoom),
        ("style", old.style != new.style),
    ];
    each.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name).collect()
}

fn wrong(name: &str, detail: &str) -> Problem {
    Problem::bad_request(format!("`{name}`: {detail}")).with("field", name)
}

fn zooms((first, last): (u8, u8)) -> Result<(u8, u8), Problem> {
    if first <= last && last <= TileCoord::MAX_ZOOM {
        return Ok((first, last));
    }
    Err(wrong(
        "zoom",
        &format!("[{first}, {last}] is no range of zooms: the first is not above the last, and that not above {}", TileCoord::MAX_ZOOM),
    ))
}

fn text(name: &str, words: Words, least: usize, most: usize) -> Result<Text, Problem> {
    Ok(Text { it: line(name, words.it, least, most)?, en: line(name, words.en, least, most)? })
}

/// A text for people, without characters that control a terminal or turn the direction of writing.
fn line(name: &str, text: String, least: usize, most: usize) -> Result<String, Problem> {
    let trimmed = text.trim();
    let length = trimmed.chars().count();
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    if !(least..=most).contains(&length) {
        return Err(wrong(name, &format!("a text has {least} to {most} characters here, and this one has {length}")));
    }
    if trimmed.chars().any(|c| (c.is_control() && c != '\n') || turns(c)) {
        return Err(wrong(name, "a text has no characters that control something or turn the direction of writing"));
    }
    Ok(trimmed.to_owned())
}
