//! The page of an ordinance.

use attachments::Files;
use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Language, Layer, Services};
use maud::{Markup, html};
use operations::links::encode;
use operations::{Page, Request, field, hidden, map, say};

use super::record::Ordinance;
use crate::shown::{day, instant, label, value};
use crate::works::bbox;

/// The mark of what time it is of.
pub(crate) fn time(ordinance: &Ordinance, now: DateTime<Utc>, l: Language) -> Markup {
    let (mark, text) = match ordinance.time(now) {
        "future" => ("waiting", say(l, "non ancora in vigore", "not in force yet")),
        "past" => ("ended", say(l, "non più in vigore", "no longer in force")),
        _ => ("late", say(l, "in vigore", "in force")),
    };
    html! { span class={ "state " (mark) } { (text) } }
}

/// From when until when, in words.
pub(crate) fn interval(ordinance: &Ordinance, l: Language) -> String {
    let until = ordinance.valid_to.map_or_else(|| say(l, "fino a revoca", "until revoked").to_owned(), |end| instant(end, l));
    format!("{} – {until}", instant(ordinance.valid_from, l))
}

pub(crate) fn render(services: &Services, request: &Request, layer: &Layer, found: &Ordinance, files: &Files) -> Response {
    let (l, now) = (request.language, services.context.clock.now());
    let texts = [("diversion", &found.diversion), ("ended_by", &found.ended_by)];
    let content = html! {
        p.lead { (time(found, now, l)) " " (value(layer, "closure", found.closure.as_str(), l))
            @if let Some(limit) = found.limit_kmh { " " (limit) " km/h" } }
        (map(layer, bbox(&found.bbox), (found.time(now) == "in_force").then_some(&*found.id), l))
        dl {
            dt { (label(layer, "road", l)) } dd { (found.road) }
            dt { (say(l, "Validità", "In force")) } dd { (interval(found, l)) }
            dt { (label(layer, "number", l)) } dd { (found.number) }
            dt { (label(layer, "issued_on", l)) } dd { (day(Some(found.issued_on), l)) }
            dt { (label(layer, "act", l)) } dd { (found.act) }
            @for (name, value) in texts { @if let Some(value) = value { dt { (label(layer, name, l)) } dd { (value) } } }
        }
        (files.section(request))
        @if found.editable && found.time(now) != "past" { (forms(found, request, l)) }
    };
    let trail = vec![
        (request.relative("/public-works/?f=html"), say(l, "Opere pubbliche", "Public works").to_owned()),
        (request.relative("/public-works/ordinances/?f=html"), say(l, "Ordinanze stradali", "Road ordinances").to_owned()),
    ];
    let title = match l {
        Language::It => format!("Ordinanza {}: {}", found.number, found.road),
        Language::En => format!("Ordinance {}: {}", found.number, found.road),
    };
    Page { title: &title, trail, map: true }.render(&services.context, request, &content)
}

fn forms(found: &Ordinance, request: &Request, l: Language) -> Markup {
    let action = |what: &str| request.relative(&format!("/public-works/ordinances/{}/{what}", encode(&found.id)));
    let act = || {
        field(
            "act",
            say(l, "Atto", "Act"),
            None,
            Some(say(l, "Numero e data", "Number and date")),
            &[("required", ""), ("maxlength", "300")],
        )
    };
    html! {
        h2 { (say(l, "Per l'ufficio", "For the office")) }
        details {
            summary { (say(l, "Proroga o anticipa la fine", "Extend it, or end it sooner")) }
            form.card method="post" action=(action("extend")) {
                (hidden(Some(&found.tag())))
                (field("valid_to", say(l, "Vale fino a", "In force until"), None, Some(say(l, "Ora italiana", "Italian time")), &[("type", "datetime-local"), ("required", "")]))
                (act())
                p.actions { button.primary type="submit" { (say(l, "Registra la proroga", "Record it")) } }
            }
        }
        details {
            summary { (say(l, "Revoca", "Revoke")) }
            form.card method="post" action=(action("revoke")) {
                (hidden(Some(&found.tag())))
                (act())
                p.actions { button.primary type="submit" { (say(l, "Revoca l'ordinanza", "Revoke the ordinance")) } }
            }
        }
    }
}
