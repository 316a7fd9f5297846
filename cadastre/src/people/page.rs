//! The pages.

use axum::response::Response;
use chrono::NaiveDate;
use http::StatusCode;
use kernel::layer::FieldType;
use kernel::{Context, Language, Services};
use maud::{Markup, html};
use operations::{Page, Request, field, say, value};
use serde_json::json;

use super::find::{self, Found};
use super::show::{Holding, Subject};
use super::{opened, purpose_query};
use crate::holdings::words;
use crate::page::words::category;

const TITLE: [&str; 2] = ["Persone e ditte del catasto", "People and firms of the cadastre"];

fn title(l: Language) -> &'static str {
    say(l, TITLE[0], TITLE[1])
}

/// The form; `wrong`: what was wrong with what was sent.
pub(super) fn form(context: &Context, request: &Request, status: StatusCode, wrong: Option<&str>) -> Response {
    let l = request.language;
    let content = html! {
        @if let Some(wrong) = wrong { p.note role="alert" { (wrong) } }
        (asking(request, l))
    };
    let mut response = Page { title: title(l), trail: Vec::new(), map: false }.render(context, request, &content);
    *response.status_mut() = status;
    response
}

/// Asks for a purpose, or, once it was stated, for whom to look.
fn asking(request: &Request, l: Language) -> Markup {
    if request.who.purposes().is_empty() {
        return html! {
            form.card method="get" {
                p { (say(l, "Sono dati personali: si leggono per uno scopo, che resta nel registro degli accessi.", "These are personal data: they are read for a purpose, which is kept in the log of accesses.")) }
                (field("access-purpose", say(l, "Scopo della lettura", "Purpose of reading"), None, Some(say(l, "Per esempio: notifica ai proprietari confinanti", "For example: a notice to the owners next door")), &[("required", ""), ("maxlength", "200")]))
                p.actions { button.primary type="submit" { (say(l, "Continua", "Go on")) } }
            }
        };
    }
    html! {
        form.card method="post" action=(format!("{}{}", request.relative("/cadastre/people"), purpose_query(&request.who))) {
            (field("q", say(l, "Cognome e nome, ditta o codice fiscale", "Surname and name, firm or fiscal code"), None,
                Some(say(l, "Gli errori di battitura sono tollerati; il codice fiscale dev'essere intero", "Typos are forgiven; a fiscal code must be whole")), &[("required", ""), ("maxlength", "100")]))
            p.actions { button.primary type="submit" { (say(l, "Cerca", "Search")) } }
        }
    }
}

/// Those who were found, below the form.
pub(super) fn found(services: &Services, request: &Request, found: &[Found], more: bool) -> Response {
    let l = request.language;
    let content = html! {
        (asking(request, l))
        @if found.is_empty() {
            p.note { (say(l, "Nessuno, nei comuni per cui lavori.", "Nobody, in the comuni that you work for.")) }
        } @else {
            ul.found { @for one in found { li {
                p { a href=(find::href(request, one)) { (one.name) @if let Some(given) = &one.given_name { " " (given) } } }
                p.quiet {
                    @if let Some(born) = one.born { (born) " · " } @else if let Some(seat) = &one.seat { (seat) " · " }
                    @if let Some(code) = opened(&services.vault, one.code_sealed.as_deref()) { code { (code) } " · " }
                    (held(one.holds, l)) ", " (one.comune_name.as_deref().unwrap_or(&one.comune))
                }
            } } }
            @if more { p.note { (say(l, "Ce ne sono altri: scrivere di più.", "There are more: write more of the name.")) } }
        }
    };
    Page { title: title(l), trail: Vec::new(), map: false }.alone(&services.context, request, &content)
}

/// Somebody and their titles.
pub(super) fn subject(services: &Services, request: &Request, subject: &Subject, holdings: &[Holding], more: bool) -> Response {
    let l = request.language;
    let (today, past): (Vec<&Holding>, Vec<&Holding>) = holdings.iter().partition(|holding| holding.until.is_none());
    let content = html! {
        p.lead { strong { (subject.whole_name()) } }
        dl {
            @if let Some(code) = opened(&services.vault, subject.code_sealed.as_deref()) { dt { (say(l, "Codice fiscale", "Fiscal code")) } dd { code { (code) } } }
            @if let Some(born) = subject.born_on { dt { (say(l, "Nascita", "Birth")) } dd { (day(born, l)) @if let Some(place) = &subject.born_in { " (" (place) ")" } } }
            @if let Some(seat) = &subject.seat { dt { (say(l, "Sede", "Seat")) } dd { (seat) } }
        }
        section aria-labelledby="today" {
            h2 id="today" { (say(l, "Titoli attuali", "Titles today")) }
            (titles(request, &today, l))
        }
        @if !past.is_empty() {
            section aria-labelledby="past" { h2 id="past" { (say(l, "Titoli cessati", "Titles that ended")) } (titles(request, &past, l)) }
        }
        @if more { p.note { (say(l, "Ce ne sono altri, che questa pagina non mostra.", "There are more, which this page does not show.")) } }
    };
    let trail = vec![(format!("{}{}", request.relative("/cadastre/people"), purpose_query(&request.who)), title(l).to_owned())];
    // the title of a page stays in the history of a browser: it names nobody
    Page { title: say(l, "Titoli di una persona o ditta", "Titles of a person or firm"), trail, map: false }.render(
        &services.context,
        request,
        &content,
    )
}

/// How many titles somebody has today.
fn held(count: i64, l: Language) -> String {
    match count {
        1 => say(l, "un titolo attuale", "one title today").to_owned(),
        count => format!("{} {}", value::grouped(count, l), say(l, "titoli attuali", "titles today")),
    }
}

fn titles(request: &Request, holdings: &[&Holding], l: Language) -> Markup {
    if holdings.is_empty() {
        return html! { p { (say(l, "Nessuno.", "None.")) } };
    }
    html! {
        ul.found { @for holding in holdings { li {
            p {
                @match &holding.parcel {
                    Some(id) => a href=(request.relative(&format!("/cadastre/parcels/{}", operations::links::encode(id)))) { (holding.place(l)) },
                    None => (holding.place(l)),
                }
                @if let Some(address) = &holding.address { ", " (address) }
            }
            p {
                (words::right(&holding.holds).get(l)) " " (holding.share()) @if let Some(words) = &holding.holds_words { ", " (words) }
                (turn(say(l, "dal", "since"), holding.since, holding.since_act.as_deref(), l))
                (turn(say(l, "fino al", "until"), holding.until, holding.until_act.as_deref(), l))
            }
            p.quiet { (what(holding, l)) }
        } } }
    }
}

/// Category or kind of land, class, area, income.
fn what(holding: &Holding, l: Language) -> Markup {
    let category = holding.category.as_deref().map(|code| category(code).0);
    let kind = category.as_deref().or_else(|| holding.quality.and_then(words::quality_word)).unwrap_or_default();
    html! {
        (kind)
        @if let Some(class) = &holding.class { (say(l, ", classe ", ", class ")) (class) }
        @if let Some(area) = holding.area_m2 { ", " (number(area, l)) "\u{a0}m²" }
        @if let Some(income) = holding.income { (say(l, ", rendita €\u{a0}", ", income €\u{a0}")) (euro(income, l)) }
    }
}

fn number(number: f64, l: Language) -> String {
    if number.fract() == 0.0 { value::grouped(number as i64, l) } else { value::readable(FieldType::Number, None, &json!(number), l) }
}

/// With its cents.
fn euro(amount: f64, l: Language) -> String {
    let cents = (amount * 100.0).round() as i64;
    let mark = if l == Language::It { ',' } else { '.' };
    format!("{}{mark}{:02}", value::grouped(cents / 100, l), cents % 100)
}

/// `, dal 12 nov 2003 (Compravendita n. 4512/2003)`.
fn turn(word: &str, on: Option<NaiveDate>, act: Option<&str>, l: Language) -> Markup {
    html! { @if let Some(on) = on { ", " (word) " " (day(on, l)) @if let Some(act) = act { " (" (act) ")" } } }
}

fn day(day: NaiveDate, l: Language) -> String {
    value::readable(FieldType::Date, None, &json!(day), l)
}
