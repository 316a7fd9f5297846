//! The pages: what people see of an application, the form for a new one, the work list, the rules.

pub(crate) mod clock;
pub(crate) mod forms;
pub(crate) mod list;
pub(crate) mod new;
pub(crate) mod record;
pub(crate) mod rules;

use chrono::NaiveDate;
use kernel::layer::FieldType;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::{say, value};
use serde_json::json;

use crate::words;

/// A code of the layer's declaration, as people call it.
pub(crate) fn word(layer: &Layer, field: &str, code: &str, l: Language) -> String {
    value::readable(FieldType::Text, layer.field(field), &json!(code), l)
}

/// A day, `23 nov 2026`.
pub(crate) fn day(day: NaiveDate, l: Language) -> String {
    value::readable(FieldType::Date, None, &json!(day), l)
}

/// The same in one piece, for the narrow cells of tables.
pub(crate) fn whole(date: NaiveDate, l: Language) -> String {
    day(date, l).replace(' ', "\u{a0}")
}

/// A state by word and mark.
pub(crate) fn state(layer: &Layer, code: &str, l: Language) -> Markup {
    html! { span class=(words::mark(code)) { (word(layer, "state", code, l)) } }
}

/// A list to choose one from; `blank` is what stands for none.
pub(crate) fn select(name: &str, label: &str, options: &[(&str, String)], chosen: Option<&str>, blank: Option<&str>) -> Markup {
    html! {
        p.field {
            label for=(name) { (label) }
            select id=(name) name=(name) required[blank.is_none()] {
                @if let Some(blank) = blank { option value="" selected[chosen.is_none()] { (blank) } }
                @for (value, text) in options { option value=(value) selected[chosen == Some(*value)] { (text) } }
            }
        }
    }
}

/// The codes of a field with their words, in the order of the declaration.
pub(crate) fn codes<'a>(layer: &'a Layer, field: &str, l: Language) -> Vec<(&'a str, String)> {
    let field = layer.field(field);
    field.map(|f| f.codes.iter().map(|c| (&*c.value, c.label.get(l).to_owned())).collect()).unwrap_or_default()
}

/// So many days, in words.
pub(crate) fn days(number: i64, l: Language) -> String {
    match number {
        1 => say(l, "1 giorno", "1 day").to_owned(),
        n => format!("{n} {}", say(l, "giorni", "days")),
    }
}
