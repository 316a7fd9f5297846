//! The page of the list of works.

use axum::response::Response;
use kernel::{Bbox, Language, Layer, Services};
use maud::{Markup, html};
use operations::links::encode;
use operations::{Page, Request, field, map, say};

use super::chart::span_of;
use super::list::{Asked, Line, with};
use super::page::bbox;
use crate::shown::{choice, codes, label, money, percent, state};

/// What is shown.
pub(crate) struct View<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) rows: &'a [Line],
    pub(crate) next: Option<&'a str>,
}

/// Map, filters, rows.
pub(crate) fn render(services: &Services, request: &Request, layer: &Layer, view: &View<'_>) -> Response {
    let l = request.language;
    let around = view.rows.iter().filter_map(|line| bbox(&line.bbox)).reduce(Bbox::union).unwrap_or(services.context.installation.bbox);
    let content = html! {
        (map(layer, Some(around), None, l))
        (filters(layer, view.asked, l))
        p.actions {
            @if request.who.may_edit(layer) {
                a.button href="new?f=html" { (say(l, "Nuova opera", "New work")) }
                a href="to-draw?f=html" { (say(l, "Opere da disegnare", "Works to draw")) }
            }
            a href="ordinances/?f=html" { (say(l, "Ordinanze stradali", "Road ordinances")) }
            a href=(with(request, &[("f", "csv")])) { (say(l, "Questo elenco in CSV", "This list as CSV")) }
        }
        @if view.rows.is_empty() {
            p.note role="status" { (say(l, "Nessuna opera corrisponde. Si può togliere un filtro.", "No work matches. Remove a filter.")) }
        } @else {
            (rows(layer, view.rows, l))
            nav.pages aria-label=(say(l, "Pagine", "Pages")) {
                @if let Some(next) = view.next { a.button rel="next" href=(next) { (say(l, "Successive", "Next")) " ›" } }
            }
        }
    };
    Page { title: say(l, "Opere pubbliche", "Public works"), trail: Vec::new(), map: true }.render(&services.context, request, &content)
}

fn filters(layer: &Layer, asked: &Asked, l: Language) -> Markup {
    let sorts = [
        ("title", say(l, "titolo", "title")),
        ("-amount", say(l, "importo", "amount")),
        ("-progress", say(l, "avanzamento", "progress")),
        ("end", say(l, "fine prevista", "planned end")),
    ];
    html! {
        form.card.filters method="get" action="./" role="search" {
            input type="hidden" name="f" value="html";
            (field("q", say(l, "Cerca", "Search"), asked.q.as_deref(), None, &[("maxlength", "100"), ("type", "search")]))
            (choice("state", label(layer, "state", l), &codes(layer, "state", l), asked.state, Some(say(l, "tutti", "all"))))
            (choice("sort", say(l, "In ordine di", "Sorted by"), &sorts, Some(asked.sort()), None))
            @if let Some(comune) = &asked.comune { input type="hidden" name="comune" value=(comune); }
            p.field { button.primary type="submit" { (say(l, "Filtra", "Filter")) } }
        }
    }
}

fn rows(layer: &Layer, rows: &[Line], l: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(l, "Opere", "Works")) {
            table {
                thead { tr {
                    th scope="col" { (label(layer, "title", l)) } th scope="col" { (label(layer, "state", l)) }
                    th.number scope="col" { (label(layer, "progress", l)) } th.number scope="col" { (label(layer, "amount_eur", l)) }
                    th scope="col" { (say(l, "Previsto", "Planned")) } th scope="col" { "CUP" }
                } }
                tbody { @for line in rows { tr {
                    th.prose scope="row" { a href={ (encode(&line.id)) "?f=html" } { (line.title) } }
                    td { (state(layer, &line.state, l)) }
                    td.number { (percent(line.progress, l)) }
                    td.number { (money(line.amount_eur, l)) }
                    td { (span_of(line.begins_planned, line.ends_planned, l)) }
                    td { @if let Some(cup) = &line.cup { code { (cup) } } @else { "–" } }
                } } }
            }
        }
    }
}
