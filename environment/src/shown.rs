//! What the theme's pages have in common: answers in two forms, days, states, tables.

use axum::response::Response;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Europe::Rome;
use http::{HeaderValue, header};
use kernel::layer::FieldType;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::links::media;
use operations::value::readable;
use operations::{Request, reply, say};
use serde_json::Value;

/// A document for programs.
pub(crate) fn json(request: &Request, document: &Value) -> Response {
    reply::json(document, media::JSON, request.language)
}

/// With its tag. There is no 304: what staff see and what others see of a record have one tag, that of its state.
pub(crate) fn tagged(tag: &str, mut response: Response) -> Response {
    if let Ok(value) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    response
}

/// The day in Italy.
pub(crate) fn day_of(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Rome).date_naive()
}

/// `23 nov 2026`.
pub(crate) fn day(date: NaiveDate, language: Language) -> String {
    readable(FieldType::Date, None, &Value::from(date.to_string()), language)
}

/// A day, or an instant with its hour where it is no midnight.
pub(crate) fn instant(at: DateTime<Utc>, language: Language) -> String {
    readable(FieldType::DateTime, None, &Value::from(at.to_rfc3339()), language)
}

/// The last day before an end, which is a midnight: "until 31 December" for an end of 1 January.
pub(crate) fn last_day(end: DateTime<Utc>, language: Language) -> String {
    day(day_of(end - TimeDelta::seconds(1)), language)
}

/// A JSON value as people read it, by the layer's field.
pub(crate) fn value(layer: &Layer, name: &str, value: &Value, language: Language) -> String {
    let field = layer.field(name);
    readable(field.map_or(FieldType::Text, |field| field.kind), field, value, language)
}

/// The label of a layer's field.
pub(crate) fn label<'a>(layer: &'a Layer, name: &'a str, language: Language) -> &'a str {
    layer.field(name).map_or(name, |field| field.label.get(language))
}

/// A share as a percentage.
pub(crate) fn percent(share: f64, language: Language) -> String {
    let text = format!("{:.1}", share * 100.0);
    let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
    format!("{} %", if language == Language::It { text.replace('.', ",") } else { text })
}

/// A state by its word and its mark.
pub(crate) fn state(class: &str, word: &str) -> Markup {
    html! { span class={ "state " (class) } { (word) } }
}

/// A table that scrolls by itself.
pub(crate) fn table(name: &str, head: &[&str], body: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(name) {
            table { thead { tr { @for cell in head { th scope="col" { (cell) } } } } tbody { (body) } }
        }
    }
}

/// A choice of a form.
pub(crate) fn select(name: &str, label: &str, options: &[(String, String)], chosen: Option<&str>) -> Markup {
    html! {
        p.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, text) in options { option value=(value) selected[chosen == Some(value.as_str())] { (text) } }
            }
        }
    }
}

/// Where a page of a list ends: the link to the next.
pub(crate) fn next(language: Language, href: Option<&str>) -> Markup {
    html! { @if let Some(href) = href { nav.pages aria-label=(say(language, "Pagine", "Pages")) { a href=(href) rel="next" { (say(language, "Pagina successiva", "Next page")) } } } }
}

#[cfg(test)]
mod tests {
    use super::{last_day, percent};
    use kernel::Language::{En, It};

    #[test]
    fn ends_are_told_by_their_last_day() {
        assert_eq!(last_day("2026-12-31T23:00:00Z".parse().unwrap(), It), "31 dic 2026");
        assert_eq!((percent(0.125, It), percent(1.0, En)), ("12,5 %".to_owned(), "100 %".to_owned()));
    }
}
