use attachments::Files;
use axum::response::Response;
use cadastre::ParcelRef;
use chrono::NaiveDate;
use chrono_tz::Europe::Rome;
use kernel::{Context, Language, Layer};
use maud::{Markup, html};
use operations::links::encode;
use operations::{Page, Request, map, say};

use super::{clock, day, forms, state, word};
use crate::record::{Cited, Party, Record, Step};

/// The page of an application.
pub(crate) fn render(context: &Context, request: &Request, layer: &Layer, record: &Record, files: &Files, today: NaiveDate) -> Response {
    let (permit, l) = (&record.permit, request.language);
    let content = html! {
        p.lead { (word(layer, "kind", &permit.kind, l)) " " (state(layer, &permit.state, l)) }
        (map(layer, permit.bbox(), Some(&permit.id), l))
        div.columns {
            section aria-labelledby="facts" { h2 id="facts" { (say(l, "La pratica", "The application")) } (facts(request, layer, record, l)) }
            section aria-labelledby="place" { h2 id="place" { (say(l, "Luogo", "Place")) } (place(request, record, l)) }
        }
        (clock::section(layer, record, today, l))
        section aria-labelledby="steps" {
            h2 id="steps" { (say(l, "Passi", "Steps")) }
            ol.timeline { @for step in &record.steps { (one(layer, step, l)) } }
        }
        @if record.rights.serves { (parties(record, l)) }
        (files.section(request))
        @if record.rights.edits { (forms::advance(record, today, l)) (forms::correct(layer, record, l)) }
    };
    let title = match l {
        Language::It => format!("Pratica {}", permit.protocol),
        Language::En => format!("Application {}", permit.protocol),
    };
    let trail = vec![("./".to_owned(), say(l, "Pratiche edilizie", "Building applications").to_owned())];
    Page { title: &title, trail, map: true }.render(context, request, &content)
}

fn facts(request: &Request, layer: &Layer, record: &Record, l: Language) -> Markup {
    let permit = &record.permit;
    let dates = [
        (say(l, "Decisa il", "Decided on"), permit.decided_on),
        (say(l, "Lavori iniziati il", "Works started on"), permit.started_on),
        (say(l, "Lavori finiti il", "Works ended on"), permit.ended_on),
    ];
    html! {
        dl {
            dt { (say(l, "Protocollo", "Protocol")) } dd { (permit.protocol) (say(l, " del ", " of ")) (day(permit.filed_on, l)) }
            dt { (say(l, "Tipo", "Kind")) } dd { (word(layer, "kind", &permit.kind, l)) }
            @if let Some(subject) = &permit.subject { dt { (say(l, "Oggetto", "Subject")) } dd { (subject) } }
            @if permit.complex { dt { (say(l, "Progetto", "Project")) } dd { (say(l, "complesso: vale il termine più lungo", "complex: the longer term holds")) } }
            @for (name, date) in dates { @if let Some(date) = date { dt { (name) } dd { (day(date, l)) } } }
            dt { (say(l, "Comune", "Comune")) } dd { a href=(request.relative(&format!("/collections/boundaries/items/{}", permit.comune))) { (record.comune.as_deref().unwrap_or(&permit.comune)) } }
        }
    }
}

fn place(request: &Request, record: &Record, l: Language) -> Markup {
    let permit = &record.permit;
    html! {
        @if let Some(address) = &permit.address { p { (address) } }
        @if !record.cited.is_empty() {
            ul { @for cited in &record.cited { li { (parcel(request, cited, l)) } } }
        }
        p { a href=(request.relative(&format!("/identify?feature=permits/{}", encode(&permit.id)))) {
            (say(l, "Che cosa c'è in questo luogo: vincoli, pericoli, altre pratiche (JSON)", "What else is at this place: constraints, hazards, other applications (JSON)")) } }
    }
}

fn parcel(request: &Request, cited: &Cited, l: Language) -> Markup {
    let name = match (cited.sheet, &cited.number) {
        (Some(sheet), Some(number)) => format!("{} {sheet}, {} {number}", say(l, "Foglio", "Sheet"), say(l, "particella", "parcel")),
        _ => cited.parcel.clone(),
    };
    let on = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| day(at.with_timezone(&Rome).date_naive(), l)).unwrap_or_default();
    html! {
        @match cited.exists {
            Some(true) => a href=(request.relative(&format!("/collections/parcels/items/{}", encode(&cited.parcel)))) { (name) },
            Some(false) => {
                a href=(request.relative(&format!("/cadastre/parcels/{}", encode(&cited.parcel)))) { (name) } " "
                span.state.ended { (say(l, "non esiste più", "no longer exists")) } " "
                (say(l, "dal ", "from ")) (on(cited.valid_from)) (say(l, " al ", " to ")) (on(cited.valid_to))
                @for (i, id) in cited.successors.iter().flatten().enumerate() {
                    @if i == 0 { (say(l, "; oggi: ", "; today: ")) } @else { ", " }
                    a href=(request.relative(&format!("/cadastre/parcels/{}", encode(id)))) { (short(id)) }
                }
            },
            None => (name),
        }
        " " code { (cited.parcel) }
    }
}

/// How people write a parcel within its comune.
fn short(id: &str) -> String {
    id.parse::<ParcelRef>().map_or_else(|_| id.to_owned(), |parcel| parcel.short())
}

fn one(layer: &Layer, step: &Step, l: Language) -> Markup {
    html! {
        li {
            time datetime=(step.on_day) { (day(step.on_day, l)) }
            strong { (word(layer, "state", &step.state, l)) }
            @if let Some(protocol) = &step.protocol {
                " · " (say(l, "prot. ", "protocol ")) (protocol)
                @if let Some(on) = step.protocol_on.filter(|on| *on != step.on_day) { (say(l, " del ", " of ")) (day(on, l)) }
            }
            @if let Some(note) = &step.note { p { (note) } }
            @if let Some(by) = &step.recorded_by { br; small { (say(l, "registrato da ", "recorded by ")) (by) } }
        }
    }
}

/// Names are shown to those who said what they read them for; the others of the office are asked.
fn parties(record: &Record, l: Language) -> Markup {
    html! {
        section aria-labelledby="parties" {
            h2 id="parties" { (say(l, "Richiedente e tecnico", "Applicant and technician")) }
            @match &record.parties {
                None => form.card method="get" {
                    p { (say(l, "Sono dati personali: si leggono per uno scopo, che resta nel registro degli accessi.", "These are personal data: they are read for a purpose, which is kept in the log of accesses.")) }
                    (operations::field("access-purpose", say(l, "Scopo della lettura", "Purpose of reading"), None, Some(say(l, "Per esempio: comunicazione al richiedente", "For example: a letter to the applicant")), &[("required", ""), ("maxlength", "200")]))
                    p.actions { button type="submit" { (say(l, "Mostra", "Show")) } }
                },
                Some(parties) if parties.is_empty() => p { (say(l, "Nessuno è registrato.", "Nobody is recorded.")) },
                Some(parties) => dl { @for party in parties { (party_of(party, l)) } },
            }
        }
    }
}

fn party_of(party: &Party, l: Language) -> Markup {
    let role = if party.role == "applicant" { say(l, "Richiedente", "Applicant") } else { say(l, "Tecnico", "Technician") };
    html! {
        dt { (role) }
        dd { (party.name) @if let Some(code) = &party.code { " · " (code) } @if let Some(email) = &party.email { " · " (email) } }
    }
}
