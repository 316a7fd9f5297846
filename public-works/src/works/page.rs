//! The page of a work.

use attachments::Files;
use axum::response::Response;
use chrono::NaiveDate;
use kernel::{Bbox, Context, Language, Layer};
use maud::{Markup, html};
use operations::links::encode;
use operations::{Page, Request, map, say};

use super::record::{Progress, Record};
use super::{chart, forms};
use crate::codes;
use crate::shown::{day, instant, label, money, percent, state};

/// What it is, where, when, how far, and for how much; for its editors the forms under it.
pub(crate) fn render(context: &Context, request: &Request, layer: &Layer, record: &Record, files: &Files, today: NaiveDate) -> Response {
    let (work, l) = (&record.work, request.language);
    let url = |path: String| request.relative(&path);
    let id = encode(&work.id);
    let content = html! {
        p.lead { (state(layer, &work.state, l)) " " (percent(work.progress, l)) " " (say(l, "eseguito", "done")) }
        @let doubts = if work.editable { record.doubts() } else { Vec::new() };
        @if !doubts.is_empty() {
            div.note role="status" {
                p { (say(l, "Da verificare:", "To be looked at:")) }
                ul { @for doubt in doubts { li { (doubt.text(l)) } } }
            }
        }
        div.columns {
            div { (facts(layer, record, l)) }
            div {
                (map(layer, bbox(&work.bbox), Some(&work.id), l))
                p { a href=(url(format!("/collections/works/items/{id}?f=html"))) { (say(l, "Scheda cartografica", "Map record")) } }
            }
        }
        h2 { (say(l, "Fasi", "Phases")) }
        (phases(record, today, l))
        h2 { (say(l, "Denaro", "Money")) }
        (funds(record, l))
        h2 { (say(l, "Avanzamento", "Progress")) }
        (progress(&record.progress, l))
        h2 { (say(l, "Gare (CIG)", "Tenders (CIG)")) }
        @if record.cigs.is_empty() { p { (say(l, "Nessuna registrata.", "None recorded.")) } }
        @else { ul { @for cig in &record.cigs { li { code { (cig.cig) } @if let Some(subject) = &cig.subject { " " (subject) } } } } }
        (files.section(request))
        @if work.editable { (forms::all(layer, record, request)) }
    };
    let trail = vec![(url("/public-works/?f=html".to_owned()), say(l, "Opere pubbliche", "Public works").to_owned())];
    Page { title: &work.title, trail, map: true }.render(context, request, &content)
}

/// West, south, east, north as they are read.
pub(crate) fn bbox(sides: &[f64]) -> Option<Bbox> {
    let [west, south, east, north] = *sides else { return None };
    Bbox::new(west, south, east, north).ok()
}

fn facts(layer: &Layer, record: &Record, l: Language) -> Markup {
    let work = &record.work;
    let texts = [("cup", &work.cup), ("cui", &work.cui), ("responsible", &work.responsible)];
    html! {
        dl {
            dt { (say(l, "Codice", "Code")) } dd { code { (work.id) } }
            @for (name, value) in texts {
                @if let Some(value) = value { dt { (label(layer, name, l)) } dd { (value) } }
            }
            dt { (label(layer, "amount_eur", l)) } dd { (money(work.amount_eur, l)) }
            dt { (say(l, "Previsto", "Planned")) } dd { (chart::span_of(work.begins_planned, work.ends_planned, l)) }
            dt { (say(l, "Effettivo", "As it went")) } dd { (chart::span_of(work.begins_actual, work.ends_actual, l)) }
        }
    }
}

fn phases(record: &Record, today: NaiveDate, l: Language) -> Markup {
    if record.phases.is_empty() {
        return html! { p { (say(l, "Nessuna fase registrata.", "No phase recorded.")) } };
    }
    html! {
        @if let Some(chart) = chart::phases(&record.phases, today, l) { (chart) }
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Fasi", "Phases")) {
            table {
                thead { tr {
                    th scope="col" { (say(l, "Fase", "Phase")) } th scope="col" { (say(l, "Prevista (grigio)", "Planned (grey)")) }
                    th scope="col" { (say(l, "Effettiva (blu)", "As it went (blue)")) }
                } }
                tbody { @for phase in &record.phases { tr {
                    th scope="row" { (codes::phase(&phase.phase, l)) }
                    td { (chart::span_of(phase.planned_from, phase.planned_to, l)) }
                    td { (chart::span_of(phase.actual_from, phase.actual_to, l)) }
                } } }
            }
        }
    }
}

fn funds(record: &Record, l: Language) -> Markup {
    html! {
        @if let Some(chart) = chart::funds(record, l) { (chart) }
        @if record.funding.is_empty() {
            p { (say(l, "Nessun finanziamento registrato.", "No funding recorded.")) }
        } @else {
            div.scroll tabindex="0" role="region" aria-label=(say(l, "Finanziamenti", "Funding")) {
                table {
                    thead { tr { th scope="col" { (say(l, "Fonte", "Source")) } th.number scope="col" { (say(l, "Importo", "Amount")) } } }
                    tbody { @for line in &record.funding { tr { th scope="row" { (line.source) } td.number { (money(Some(line.amount_eur), l)) } } } }
                }
            }
        }
    }
}

fn progress(entries: &[Progress], l: Language) -> Markup {
    html! {
        @if entries.is_empty() { p { (say(l, "Nessun avanzamento registrato.", "No progress recorded.")) } }
        ol.timeline {
            @for entry in entries.iter().rev() {
                li {
                    time datetime=(entry.measured_on) { (day(Some(entry.measured_on), l)) }
                    strong { (percent(entry.percent, l)) }
                    @if let Some(euros) = entry.amount_eur { " · " (money(Some(euros), l)) }
                    @if let Some(note) = &entry.note { p { (note) } }
                    @if let Some(reason) = &entry.reason { p { (say(l, "Motivo: ", "Reason: ")) (reason) } }
                    small { (say(l, "registrato il ", "recorded on ")) (instant(entry.recorded_at, l)) }
                }
            }
        }
    }
}
