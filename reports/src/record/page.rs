use axum::response::Response;
use chrono::{DateTime, Utc};
use kernel::{Bbox, Language, Layer};
use maud::{Markup, html};
use operations::{Page, Request, hidden, links, map, say};

use super::{Whole, acts, day, moment};
use crate::category::{self, office_name};
use crate::desk::Desk;
use crate::states::{PENDING, badge, reason_name};

/// The page of a report.
pub(super) fn render(desk: &Desk, layer: &Layer, request: &Request, whole: &Whole, tag: &str) -> Response {
    let l = request.language;
    let report = &whole.report;
    let title = format!("{} {}", say(l, "Segnalazione", "Report"), report.id);
    let trail = vec![(request.relative("/reports/"), say(l, "Segnalazioni", "Reports").to_owned())];
    let near = Bbox::around([(report.lon, report.lat)]).map(|at| at.widened(0.001));
    let content = html! {
        @if request.params.get("known").is_some() {
            p.note role="status" { (say(l, "Grazie: anche la vostra conferma è contata.", "Thank you: you are counted too.")) }
        }
        p.lead { (badge(&report.state, l)) " " (category::name(&whole.categories, &report.category, l)) " · "
            (report.address.as_deref().unwrap_or(say(l, "punto sulla mappa", "place on the map"))) }
        @if let Some(into) = &report.duplicate_of {
            p.note { (say(l, "Unita a ", "Merged into ")) a href=(request.relative(&format!("/reports/{}", links::encode(into)))) { (into) } }
        }
        @if let Some(text) = &report.text { p.prose { (text) } }
        (photos(request, whole))
        div.columns {
            div {
                (facts(l, whole))
                @if ["open", "assigned", "answered"].contains(&&*report.state) { (support(request, &report.id)) }
            }
            (map(layer, near, Some(&report.id), l))
        }
        h2 { (say(l, "Che cosa è successo", "What happened")) }
        (timeline(l, whole, request.who.is_staff()))
        @if whole.may_edit { (whole.files.section(request)) (acts::forms(request, whole, tag)) }
        @if request.who.is_staff() && request.who.comuni().contains(&report.comune) { (contact(request, whole)) }
    };
    Page { title: &title, trail, map: true }.render(&desk.services.context, request, &content)
}

fn photos(request: &Request, whole: &Whole) -> Markup {
    let l = request.language;
    html! {
        @let pictures: Vec<String> = whole.files.pictures().map(|(_, href)| request.relative(&href)).collect();
        @if !pictures.is_empty() {
            ul.photos { @for (i, href) in pictures.iter().enumerate() {
                li { a href=(href) { img src=(href) loading="lazy" width="240" height="180"
                    alt=(format!("{} {} · {}", say(l, "Foto", "Photo"), i + 1, category::name(&whole.categories, &whole.report.category, l))); } }
            } }
        }
    }
}

fn facts(l: Language, whole: &Whole) -> Markup {
    let report = &whole.report;
    let hours = |from: DateTime<Utc>, to: Option<DateTime<Utc>>| to.map(|to| span((to - from).num_minutes(), l));
    html! {
        dl {
            dt { (say(l, "Ufficio", "Office")) } dd { (office_name(&report.office, l)) }
            dt { (say(l, "Ricevuta", "Received")) } dd { (moment(report.received_at, l)) }
            @if PENDING.contains(&&*report.state) { dt { (say(l, "Risposta attesa entro", "Answer expected by")) } dd { (day(report.due, l)) } }
            @if let Some(time) = hours(report.received_at, report.answered_at) { dt { (say(l, "Prima risposta dopo", "First answer after")) } dd { (time) } }
            @if let Some(time) = hours(report.received_at, report.closed_at) { dt { (say(l, "Chiusa dopo", "Closed after")) } dd { (time) } }
            dt { (say(l, "L'hanno vista anche", "Seen by others too")) } dd { "+" (report.supporters) }
            @if let Some(channel) = &report.channel { dt { (say(l, "Arrivata da", "Came by")) } dd { (channel) } }
            @if !whole.duplicates.is_empty() { dt { (say(l, "Unite a questa", "Merged into this one")) } dd { (whole.duplicates.join(", ")) } }
        }
    }
}

/// A time as people say it.
pub(crate) fn span(minutes: i64, l: Language) -> String {
    match minutes {
        ..120 => format!("{minutes} min"),
        120..2_880 => format!("{} {}", minutes / 60, say(l, "ore", "hours")),
        _ => format!("{} {}", minutes / 1_440, say(l, "giorni", "days")),
    }
}

fn support(request: &Request, id: &str) -> Markup {
    let l = request.language;
    html! {
        form method="post" action=(request.relative(&format!("/reports/{}/support", links::encode(id)))) {
            (hidden(None))
            p.actions { button { (say(l, "L'ho vista anch'io: +1", "I saw it too: +1")) } }
        }
    }
}

fn timeline(l: Language, whole: &Whole, is_staff: bool) -> Markup {
    let report = &whole.report;
    html! {
        ol.timeline {
            li { time { (moment(report.received_at, l)) } (say(l, "Ricevuta", "Received")) }
            @if let Some(at) = report.approved_at { li { time { (moment(at, l)) } (say(l, "Approvata e pubblicata", "Approved and published")) } }
            @for message in &whole.messages {
                li { time { (moment(message.at, l)) }
                    strong { (from(&message.audience, l)) }
                    @if is_staff { @if let Some(author) = &message.author { " · " (author) } }
                    p.prose { (message.text) }
                }
            }
            @if let (Some(at), Some(reason)) = (report.closed_at, &report.closing_reason) {
                li { time { (moment(at, l)) } (say(l, "Chiusa: ", "Closed: ")) (reason_name(reason, l))
                    @if let Some(note) = &report.closing_note { p.prose { (note) } } }
            } @else if PENDING.contains(&&*report.state) && report.answered_at.is_none() {
                li.future { time { (day(report.due, l)) } (say(l, "Risposta attesa entro questo giorno", "An answer is expected by this day")) }
            }
        }
    }
}

fn from(audience: &str, l: Language) -> &'static str {
    match audience {
        "public" => say(l, "Risposta del comune", "The comune's answer"),
        "reporter" => say(l, "Risposta a chi ha segnalato", "Answer to who reported"),
        "office" => say(l, "Nota interna", "Internal note"),
        _ => say(l, "Nota di chi ha segnalato", "Note of who reported"),
    }
}

/// Contacts, for a stated purpose.
fn contact(request: &Request, whole: &Whole) -> Markup {
    let l = request.language;
    html! {
        section.card aria-labelledby="contact" {
            h2 id="contact" { (say(l, "Recapito di chi ha segnalato", "Contact of who reported")) }
            @if request.who.purposes().is_empty() {
                form method="get" action=(request.relative(&format!("/reports/{}", links::encode(&whole.report.id)))) {
                    (operations::field("access-purpose", say(l, "Per quale motivo serve", "What it is needed for"), None,
                        Some(say(l, "Il motivo resta nel registro degli accessi", "The reason is kept in the log of accesses")), &[("required", ""), ("maxlength", "200")]))
                    p.actions { button { (say(l, "Mostra", "Show")) } }
                }
            } @else if whole.contacts.is_empty() {
                p { (say(l, "Non ne è stato lasciato nessuno.", "None was left.")) }
            } @else {
                dl { @for one in &whole.contacts {
                    dt { (one.report) }
                    dd { (one.email.as_deref().unwrap_or_default()) " " (one.phone.as_deref().unwrap_or_default()) }
                } }
            }
        }
    }
}
