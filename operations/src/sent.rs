use axum::body::Body;
use bytes::Bytes;
use chrono::{DateTime, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Europe::Rome;
use kernel::{Language, Params, Problem};
use serde_json::{Map, Value};

use crate::ask::Ask;
use crate::faults::Faults;
use crate::links::media;
use crate::page::say;

/// The media type of a page's form without files.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
/// The largest body.
pub(crate) const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// What was sent: the members of a JSON object, or the fields of a form, all texts, of which those left empty are not there.
#[derive(Clone, Debug)]
pub struct Sent {
    bytes: Bytes,
    fields: Map<String, Value>,
}

impl Ask {
    /// Reads a body: JSON, or a form, whose `_tag`, `_key` and `_reason` stand for `If-Match`, `Idempotency-Key` and `Change-Reason`.
    pub async fn read(&mut self, body: Body) -> Result<Sent, Problem> {
        let bytes = self.body(body, &[media::JSON, FORM], MAX_BODY_BYTES).await?;
        let fields = if self.media_type == FORM { form(&bytes)? } else { object(&bytes)? };
        let mut sent = Sent { bytes, fields };
        if self.media_type == FORM {
            let mut hidden = |name: &str| sent.fields.shift_remove(name).and_then(|value| value.as_str().map(str::to_owned));
            let (tag, key, why) = (hidden("_tag"), hidden("_key"), hidden("_reason"));
            self.take_hidden(tag, key, why)?;
        }
        Ok(sent)
    }
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    if bytes.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(bytes).map_err(|e| Problem::bad_request(format!("the body is to be one JSON object: {e}")))
}

/// A field that is given several times, as boxes that are ticked, becomes a list.
pub(crate) fn form(bytes: &[u8]) -> Result<Map<String, Value>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::bad_request("the form is not UTF-8"))?;
    let mut fields = Map::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        // one at a time, since the reader of queries takes each name once
        let params = Params::parse(pair)?;
        for (name, value) in params.iter().filter(|(_, value)| !value.trim().is_empty()) {
            let value = Value::from(value.replace("\r\n", "\n"));
            match fields.get_mut(name) {
                None => drop(fields.insert(name.to_owned(), value)),
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
    }
    Ok(fields)
}

impl Sent {
    /// From members that are there already: the fields of a form with files.
    pub fn of(fields: Map<String, Value>) -> Self {
        Self { bytes: Bytes::from(Value::Object(fields.clone()).to_string()), fields }
    }

    /// What an idempotency key stands for: the body as it came.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads it value by value.
    pub fn reader(&self, language: Language) -> Reader {
        Reader { fields: self.fields.clone(), faults: Faults::default(), language }
    }
}

/// Takes values one by one; what is wrong is gathered, and what nobody took is wrong too. A value that is wrong reads as none: look at
/// [`Self::check`] before anything is done with what was read.
#[derive(Debug)]
pub struct Reader {
    fields: Map<String, Value>,
    faults: Faults,
    language: Language,
}

impl Reader {
    /// The language of what is told.
    pub fn language(&self) -> Language {
        self.language
    }

    /// Something that is wrong with a field, in both languages.
    pub fn fault(&mut self, name: &str, it: &'static str, en: &'static str) {
        self.faults.field(name, say(self.language, it, en));
    }

    /// Something that is wrong with a field, already in the reader's language.
    pub fn told(&mut self, name: &str, detail: impl Into<String>) {
        self.faults.field(name, detail);
    }

    /// Something that is wrong with a place, and where: longitude and latitude.
    pub fn told_at(&mut self, name: &str, detail: impl Into<String>, at: Option<[f64; 2]>) {
        self.faults.place(name, detail, at);
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.fields.shift_remove(name).filter(|value| !value.is_null())
    }

    /// Whether there is a value of this name that nobody took yet.
    pub fn is_given(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    fn missing(&mut self, name: &str) {
        self.fault(name, "manca", "is missing");
    }

    /// A text of at most so many characters, trimmed; blank is none. Control characters but line feeds, and those that turn the direction
    /// of reading (Unicode TR 36, 2.3), are refused.
    pub fn text(&mut self, name: &str, most: usize) -> Option<String> {
        let text = match self.take(name)? {
            Value::String(text) => text.trim().to_owned(),
            _ => {
                self.fault(name, "dev'essere un testo", "is to be a text");
                return None;
            }
        };
        let length = text.chars().count();
        if length > most {
            let detail = match self.language {
                Language::It => format!("ha {length} caratteri; al più {most}"),
                Language::En => format!("has {length} characters; at most {most}"),
            };
            self.told(name, detail);
            return None;
        }
        if text.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || turns_direction(c)) {
            self.fault(
                name,
                "ha caratteri di controllo, o che invertono la direzione di lettura: vanno tolti",
                "has control characters, or such as turn the direction of reading: leave them out",
            );
            return None;
        }
        (!text.is_empty()).then_some(text)
    }

    /// As [`Self::text`], and it must be there. Wrong or missing reads as empty.
    pub fn required_text(&mut self, name: &str, most: usize) -> String {
        let before = self.faults.len();
        let text = self.text(name, most);
        if text.is_none() && self.faults.len() == before {
            self.missing(name);
        }
        text.unwrap_or_default()
    }

    /// One of these values.
    pub fn code(&mut self, name: &str, codes: &[&'static str]) -> Option<&'static str> {
        let text = self.text(name, 100)?;
        let code = codes.iter().copied().find(|code| *code == text);
        if code.is_none() {
            let all = codes.join(", ");
            let detail = match self.language {
                Language::It => format!("non è un valore della lista: {all}"),
                Language::En => format!("is no value of its list: {all}"),
            };
            self.told(name, detail);
        }
        code
    }

    /// As [`Self::code`], and it must be there. Wrong or missing reads as empty.
    pub fn required_code(&mut self, name: &str, codes: &[&'static str]) -> &'static str {
        if !self.is_given(name) {
            self.missing(name);
        }
        self.code(name, codes).unwrap_or_default()
    }

    /// A number in a range; as a text with a decimal point or comma.
    pub fn number(&mut self, name: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        let number = match self.take(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().replace(',', ".").parse().ok(),
            _ => None,
        };
        let found = number.filter(|n| range.contains(n));
        if found.is_none() {
            let (least, most) = (range.start(), range.end());
            let detail = match self.language {
                Language::It => format!("dev'essere un numero da {least} a {most}"),
                Language::En => format!("is to be a number from {least} to {most}"),
            };
            self.told(name, detail);
        }
        found
    }

    /// As [`Self::number`], and it must be there.
    pub fn required_number(&mut self, name: &str, range: std::ops::RangeInclusive<f64>) -> Option<f64> {
        if !self.is_given(name) {
            self.missing(name);
        }
        self.number(name, range)
    }

    /// A whole number in a range.
    pub fn integer(&mut self, name: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let number = match self.take(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        let found = number.filter(|n| range.contains(n));
        if found.is_none() {
            let (least, most) = (range.start(), range.end());
            let detail = match self.language {
                Language::It => format!("dev'essere un numero intero da {least} a {most}"),
                Language::En => format!("is to be a whole number from {least} to {most}"),
            };
            self.told(name, detail);
        }
        found
    }

    /// Yes or no: JSON's, or the value of a box that is ticked.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        match self.take(name)? {
            Value::Bool(value) => Some(value),
            Value::String(text) if matches!(&*text, "true" | "on" | "1") => Some(true),
            Value::String(text) if matches!(&*text, "false" | "0") => Some(false),
            _ => {
                self.fault(name, "dev'essere vero o falso", "is to be true or false");
                None
            }
        }
    }

    /// A day, `2026-11-23`, between 1800 and 2200.
    pub fn date(&mut self, name: &str) -> Option<NaiveDate> {
        let value = self.take(name)?;
        let found = value.as_str().filter(|text| text.len() == 10).and_then(|text| text.parse::<NaiveDate>().ok()).filter(|date| {
            let year = chrono::Datelike::year(date);
            (1800..=2200).contains(&year)
        });
        if found.is_none() {
            self.fault(name, "dev'essere una data come 2026-11-23", "is to be a date as 2026-11-23");
        }
        found
    }

    /// A day that must be there.
    pub fn required_date(&mut self, name: &str) -> Option<NaiveDate> {
        if !self.is_given(name) {
            self.missing(name);
        }
        self.date(name)
    }

    /// An instant with its offset, or without one as a form writes it (`2026-11-23T10:30`), in Italian time. An hour that Italy's clocks
    /// leave out is wrong, of one that comes twice the first is taken.
    pub fn instant(&mut self, name: &str) -> Option<DateTime<Utc>> {
        let value = self.take(name)?;
        let text = value.as_str().unwrap_or_default();
        let local = || {
            let read = |format| NaiveDateTime::parse_from_str(text, format).ok();
            let local = read("%Y-%m-%dT%H:%M").or_else(|| read("%Y-%m-%dT%H:%M:%S"))?;
            Some(Rome.from_local_datetime(&local).earliest()?.with_timezone(&Utc))
        };
        let found = DateTime::parse_from_rfc3339(text).ok().map(|at| at.with_timezone(&Utc)).or_else(local);
        if found.is_none() {
            self.fault(
                name,
                "dev'essere un istante come 2026-11-23T10:30 (ora italiana) o 2026-11-23T09:30:00Z",
                "is to be an instant as 2026-11-23T10:30 (Italian time) or 2026-11-23T09:30:00Z",
            );
        }
        found
    }

    /// An instant that must be there.
    pub fn required_instant(&mut self, name: &str) -> Option<DateTime<Utc>> {
        if !self.is_given(name) {
            self.missing(name);
        }
        self.instant(name)
    }

    /// Texts: a list, or one text with a line, comma or semicolon between them.
    pub fn texts(&mut self, name: &str, most: usize, longest: usize) -> Vec<String> {
        let parts: Vec<String> = match self.take(name) {
            None => return Vec::new(),
            Some(Value::Array(values)) => values.iter().filter_map(|value| value.as_str().map(|text| text.trim().to_owned())).collect(),
            Some(Value::String(text)) => text.split(['\n', ',', ';']).map(|part| part.trim().to_owned()).collect(),
            Some(_) => {
                self.fault(name, "dev'essere una lista di testi", "is to be a list of texts");
                return Vec::new();
            }
        };
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.len() > most || parts.iter().any(|part| part.chars().count() > longest || part.chars().any(char::is_control)) {
            let detail = match self.language {
                Language::It => format!("al più {most} testi di {longest} caratteri"),
                Language::En => format!("at most {most} texts of {longest} characters"),
            };
            self.told(name, detail);
            return Vec::new();
        }
        parts
    }

    /// A JSON value as it is: a GeoJSON geometry, which a form has as a text.
    pub fn json(&mut self, name: &str) -> Option<Value> {
        match self.take(name)? {
            Value::String(text) => {
                let read = serde_json::from_str(&text).ok();
                if read.is_none() {
                    self.fault(name, "non è JSON", "is no JSON");
                }
                read
            }
            value => Some(value),
        }
    }

    /// 422 with all that is wrong; what was sent and is no field of this operation is wrong too.
    pub fn check(mut self) -> Result<(), Problem> {
        let rest: Vec<String> = self.fields.keys().cloned().collect();
        for name in rest {
            self.fault(&name, "non è un campo di questa operazione", "is no field of this operation");
        }
        self.faults.check()
    }
}

/// Embeddings, overrides and isolates, and the marks.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::{Reader, Sent, form};
    use kernel::Language;
    use serde_json::{Value, json};

    fn reader(value: Value) -> Reader {
        Sent::of(value.as_object().cloned().unwrap()).reader(Language::En)
    }

    #[test]
    fn a_form_is_read_as_its_texts() {
        let fields = form(b"a=1&b=+&c=x%20y&boxes=1&boxes=2&t=a%0D%0Ab").unwrap();
        assert_eq!(Value::Object(fields), json!({"a": "1", "c": "x y", "boxes": ["1", "2"], "t": "a\nb"}));
        assert!(form(b"a=%ff").is_err() && form(b"a=%00").is_err());
    }

    #[test]
    fn values_are_read_by_their_kind() {
        let mut r =
            reader(json!({"n": "1,5", "d": "2026-02-28", "at": "2026-07-01T10:30", "yes": "on", "l": "a, b\nc", "p": 80, "nothing": null}));
        assert_eq!(r.number("n", 0.0..=2.0), Some(1.5));
        assert_eq!(r.date("d").unwrap().to_string(), "2026-02-28");
        assert_eq!(r.instant("at").unwrap().to_rfc3339(), "2026-07-01T08:30:00+00:00");
        assert_eq!(r.boolean("yes"), Some(true));
        assert_eq!(r.texts("l", 3, 5), ["a", "b", "c"]);
        assert_eq!(r.integer("p", 0..=100), Some(80));
        assert_eq!(r.text("nothing", 5), None);
        assert!(r.check().is_ok());
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut r = reader(
            json!({"p": 130, "t": "a\u{202e}b", "d": "2026-02-30", "at": "2026-03-29T02:30", "k": "castle", "from": null, "more": 1}),
        );
        r.number("p", 0.0..=100.0);
        r.text("t", 10);
        r.date("d");
        // the clocks leave this hour out
        r.instant("at");
        r.required_code("k", &["house"]);
        r.required_text("who", 10);
        r.required_number("size", 0.0..=1.0);
        // nothing is not there
        r.required_date("from");
        let problem = r.check().unwrap_err().to_json();
        let fields: Vec<&str> = problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["p", "t", "d", "at", "k", "who", "size", "from", "more"]);
    }
}
