//! Values and parts of pages that works and ordinances share.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Europe::Rome;
use kernel::layer::FieldType;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::links::encode;
use operations::value::readable;
use operations::{Request, field, say};
use serde_json::Value;

/// A field's value as people read it.
pub(crate) fn value(layer: &Layer, name: &str, value: impl Into<Value>, l: Language) -> String {
    let found = layer.field(name);
    readable(found.map_or(FieldType::Text, |f| f.kind), found, &value.into(), l)
}

/// The name of a field.
pub(crate) fn label<'a>(layer: &'a Layer, name: &'a str, l: Language) -> &'a str {
    layer.field(name).map_or(name, |f| f.label.get(l))
}

/// What the codes of a field mean, in order.
pub(crate) fn codes<'a>(layer: &'a Layer, name: &str, l: Language) -> Vec<(&'a str, &'a str)> {
    layer.field(name).map(|f| f.codes.iter().map(|c| (c.value.as_str(), c.label.get(l))).collect()).unwrap_or_default()
}

/// A day as people write it; nothing as a dash.
pub(crate) fn day(day: Option<NaiveDate>, l: Language) -> String {
    readable(FieldType::Date, None, &day.map(|d| d.to_string()).into(), l)
}

/// An instant as it is in Italy.
pub(crate) fn instant(at: DateTime<Utc>, l: Language) -> String {
    readable(FieldType::DateTime, None, &at.to_rfc3339().into(), l)
}

/// The day that it is in Italy.
pub(crate) fn today(now: DateTime<Utc>) -> NaiveDate {
    now.with_timezone(&Rome).date_naive()
}

/// An amount of money: `1.250.000,50 €`; nothing as a dash.
pub(crate) fn money(euros: Option<f64>, l: Language) -> String {
    let Some(euros) = euros else { return "–".to_owned() };
    let cents = (euros * 100.0).round() as i64;
    let whole = operations::value::grouped(cents / 100, l);
    let rest = cents.abs() % 100;
    if rest == 0 { format!("{whole} €") } else { format!("{whole}{}{rest:02} €", say(l, ",", ".")) }
}

/// A part of a hundred: `42,5 %`.
pub(crate) fn percent(value: f64, l: Language) -> String {
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text).to_owned();
    format!("{} %", if l == Language::It { text.replace('.', ",") } else { text })
}

/// The mark of a work's state.
pub(crate) fn state(layer: &Layer, code: &str, l: Language) -> Markup {
    let mark = match code {
        "completed" => "good",
        "suspended" | "tender" => "waiting",
        "unfinished" => "bad",
        "dropped" => "ended",
        _ => "open",
    };
    html! { span class={ "state " (mark) } { (value(layer, "state", code, l)) } }
}

/// A list to choose from. `any` is the wording of the choice that is none.
pub(crate) fn choice(name: &str, label: &str, options: &[(&str, &str)], chosen: Option<&str>, any: Option<&str>) -> Markup {
    html! {
        p.field {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @if let Some(any) = any { option value="" { (any) } }
                @for (value, text) in options { option value=(value) selected[chosen == Some(*value)] { (text) } }
            }
        }
    }
}

/// Two days of a form, one under the other.
pub(crate) fn days(fields: [(&str, &str, Option<NaiveDate>); 2]) -> Markup {
    html! {
        @for (name, label, day) in fields { (field(name, label, day.map(|d| d.to_string()).as_deref(), None, &[("type", "date")])) }
    }
}

/// The fields of a place: a street by its name, or a drawing.
pub(crate) fn place_fields(l: Language) -> Markup {
    html! {
        fieldset {
            legend { (say(l, "Luogo", "Place")) }
            (field("street", say(l, "Strada", "Street"), None,
                Some(say(l, "Il nome com'è sulla targa: il luogo è l'asse della strada.", "The name as on the sign: the place is the street's axis.")),
                &[("maxlength", "200")]))
            p.field {
                label for="place" { (say(l, "Oppure un disegno (GeoJSON)", "Or a drawing (GeoJSON)")) }
                textarea id="place" name="place" rows="4" spellcheck="false" aria-describedby="place-hint" {}
                small id="place-hint" {
                    (say(l, "Punto, linea o area in longitudine e latitudine, per esempio ", "Point, line or area in longitude and latitude, for instance "))
                    code { "{\"type\":\"Point\",\"coordinates\":[15.65,38.11]}" }
                }
            }
        }
    }
}

/// Where the portal draws a new record of a layer, in this comune, for the code that it is of.
pub(crate) fn drawing(request: &Request, layer: &Layer, comune: Option<&str>, code: Option<&str>) -> String {
    let comune = comune.map(|comune| format!("comune={}&", encode(comune))).unwrap_or_default();
    let code = code.map(|code| format!("/{}", encode(code))).unwrap_or_default();
    format!("{}#{comune}draw={}{code}&lang={}", request.relative("/portal/"), layer.id, request.language.tag())
}

/// The way from a form to the map.
pub(crate) fn draw_instead(request: &Request, layer: &Layer, code: Option<&str>) -> Markup {
    let l = request.language;
    html! { p.actions { a.button href=(drawing(request, layer, None, code)) { (say(l, "Disegna sulla mappa", "Draw on the map")) } } }
}
