use axum::response::Response;
use kernel::{Language, Layer};
use maud::{Markup, html};
use operations::{Page, Request, links, map, say};

use super::Query;
use crate::category::{self, Category, office_name};
use crate::desk::Desk;
use crate::record::{Report, day, moment, today};
use crate::states::{PENDING, PUBLIC, STATES, badge};

/// A page of the list.
pub(super) struct List {
    pub(super) rows: Vec<Report>,
    pub(super) categories: Vec<Category>,
    pub(super) offices: Vec<String>,
    pub(super) query: Query,
    pub(super) next: Option<String>,
}

pub(super) fn render(desk: &Desk, layer: &Layer, request: &Request, list: &List) -> Response {
    let l = request.language;
    let is_staff = request.who.is_staff();
    let table = links::query(request.params.iter().filter(|(name, _)| !["after", "f", "limit"].contains(name)).chain([("f", "csv")]));
    let content = html! {
        p.actions {
            a.button href=(request.relative("/reports/new")) { (say(l, "Segnala un problema", "Report a problem")) }
            a href=(request.relative("/reports/times")) { (say(l, "Tempi e mappa di calore", "Times and heat map")) }
            a href=(table) { "CSV" }
        }
        @if is_staff { p { (say(l, "Qui ci sono anche le segnalazioni da approvare: le vede solo l'ufficio.", "Reports to be approved are here too: only the office sees them.")) } }
        (map(layer, Some(desk.services.context.installation.bbox), None, l))
        (filters(request, list, is_staff))
        @if list.rows.is_empty() { p.note { (say(l, "Nessuna segnalazione con questi filtri.", "No report with these filters.")) } }
        @else { (rows(request, list, today(desk.services.context.clock.now()))) }
        @if let Some(next) = &list.next { p.pages { a rel="next" href=(next) { (say(l, "Successive", "Next")) } } }
    };
    let title = if is_staff { say(l, "Segnalazioni ricevute", "Reports received") } else { say(l, "Segnalazioni", "Reports") };
    Page { title, trail: Vec::new(), map: true }.render(&desk.services.context, request, &content)
}

fn filters(request: &Request, list: &List, is_staff: bool) -> Markup {
    let l = request.language;
    let q = &list.query;
    let states: Vec<(&str, &str)> = STATES
        .iter()
        .filter(|(code, ..)| is_staff || PUBLIC.contains(code))
        .map(|(code, it, en, _)| (*code, say(l, it, en)))
        .chain([("pending", say(l, "Tutte quelle da risolvere", "All to be solved"))])
        .collect();
    let categories: Vec<(&str, &str)> = list.categories.iter().map(|c| (c.code.as_str(), c.label(l))).collect();
    let names: Vec<String> = list.offices.iter().map(|office| office_name(office, l)).collect();
    let offices: Vec<(&str, &str)> = list.offices.iter().map(String::as_str).zip(names.iter().map(String::as_str)).collect();
    let sorts = [
        ("newest", say(l, "le più recenti", "newest")),
        ("oldest", say(l, "le meno recenti", "oldest")),
        ("supporters", say(l, "le più viste", "seen by most")),
        ("due", say(l, "per scadenza", "by due day")),
    ];
    html! {
        form.card.filters method="get" action=(request.relative("/reports/")) {
            (choice("state", say(l, "Stato", "State"), &states, q.state.as_deref(), l))
            (choice("category", say(l, "Categoria", "Category"), &categories, q.category.as_deref(), l))
            (choice("office", say(l, "Ufficio", "Office"), &offices, q.office.as_deref(), l))
            p.field { label for="from" { (say(l, "Ricevute dal", "Received from")) } input id="from" name="from" type="date" value=[q.from.map(|d| d.to_string())]; }
            p.field { label for="to" { (say(l, "al", "to")) } input id="to" name="to" type="date" value=[q.to.map(|d| d.to_string())]; }
            p.field { label for="sort" { (say(l, "Ordine", "Order")) }
                select id="sort" name="sort" { @for (code, name) in sorts { option value=(code) selected[q.sort == code] { (name) } } } }
            p.field { label { input type="checkbox" name="overdue" value="true" checked[q.overdue]; " " (say(l, "solo in ritardo", "late ones only")) } }
            p.field { button { (say(l, "Filtra", "Filter")) } }
        }
    }
}

fn choice(name: &str, label: &str, options: &[(&str, &str)], chosen: Option<&str>, l: Language) -> Markup {
    html! {
        p.field { label for=(name) { (label) }
            select id=(name) name=(name) {
                option value="" { (say(l, "qualsiasi", "any")) }
                @for (code, text) in options { option value=(code) selected[chosen == Some(*code)] { (text) } }
            }
        }
    }
}

fn rows(request: &Request, list: &List, today: chrono::NaiveDate) -> Markup {
    let l = request.language;
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Segnalazioni", "Reports")) {
            table {
                thead { tr {
                    th scope="col" { (say(l, "Numero", "Number")) } th scope="col" { (say(l, "Stato", "State")) } th scope="col" { (say(l, "Che cosa", "What")) }
                    th scope="col" { (say(l, "Dove", "Where")) } th scope="col" { (say(l, "Ricevuta", "Received")) } th scope="col" { (say(l, "Entro", "Due")) }
                    th scope="col" { (say(l, "Ufficio", "Office")) } th.number scope="col" { "+1" }
                } }
                tbody { @for report in &list.rows { tr {
                    th scope="row" { a href=(request.relative(&format!("/reports/{}", links::encode(&report.id)))) { (report.id) } }
                    td { (badge(&report.state, l)) }
                    td.prose { strong { (category::name(&list.categories, &report.category, l)) }
                        @if let Some(text) = &report.text { br; (shortened(text)) }
                        @if report.photos > 0 { " · " (report.photos) " " (say(l, "foto", "photos")) } }
                    td { (report.address.as_deref().unwrap_or("–")) }
                    td { (moment(report.received_at, l)) }
                    td { @if PENDING.contains(&&*report.state) {
                        (day(report.due, l)) @if report.due < today { br; span.state.late { (say(l, "in ritardo", "late")) } } } @else { "–" } }
                    td { (office_name(&report.office, l)) }
                    td.number { (report.supporters) }
                } } }
            }
        }
    }
}

/// The beginning of a text.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
