//! The page of what lies near a place: readable without a script, on a small phone, before any map.

use axum::response::Response;
use kernel::{Language, Text};
use maud::{Markup, html};
use operations::links::query;
use operations::{Page, Request, say};
use serde_json::Value;

use crate::App;

/// How many fields of a card are told here; the rest is on its own page.
const FIELDS: usize = 3;
/// How close the map shows the place.
const ZOOM: u8 = 17;

pub(super) fn page(app: &App, request: &Request, answer: &Value) -> Response {
    let l = request.language;
    let asked = answer["q"].as_str().unwrap_or_default();
    let place = &answer["place"];
    let content = html! {
        (form(request, asked))
        @if place.is_object() {
            (found(request, place))
            (lists(app, request, answer))
        } @else if !asked.is_empty() {
            p.note role="status" {
                (say(l, "Nessun luogo si chiama così: ", "No place has this name: ")) strong { (asked) } ". "
                (say(l, "Prova con la via e il numero (Via Roma 12) o con foglio e particella (fg 12 p 345).", "Try the street and number (Via Roma 12), or sheet and parcel (fg 12 p 345)."))
            }
        }
        (others(request, answer))
    };
    let title = say(l, "Cosa succede qui?", "What is happening here?");
    let trail = vec![(request.relative("/"), app.context.installation.title.get(l).to_owned())];
    Page { title, trail, map: false }.render(&app.context, request, &content)
}

/// The question itself; the first page has the same.
fn form(request: &Request, asked: &str) -> Markup {
    let l = request.language;
    html! {
        form.ask action=(request.relative("/here")) method="get" role="search" {
            label for="q" { (say(l, "Indirizzo, luogo o particella", "Address, place or parcel")) }
            p {
                input id="q" name="q" type="search" value=(asked) maxlength="200" autocomplete="street-address" required;
                button.button { (say(l, "Cerca", "Search")) }
            }
            input type="hidden" name="lang" value=(l.tag());
        }
    }
}

fn found(request: &Request, place: &Value) -> Markup {
    let l = request.language;
    let (lon, lat) = (place["point"][0].as_f64().unwrap_or_default(), place["point"][1].as_f64().unwrap_or_default());
    let map = format!("{}#map={ZOOM}/{lat:.6}/{lon:.6}/0", request.relative("/portal/"));
    html! {
        section.place {
            h2 { (place["title"].as_str().unwrap_or_default()) }
            @if let Some(where_) = place["subtitle"].as_str() { p.quiet { (where_) } }
            p.actions { a.button href=(map) { (say(l, "Vedi sulla mappa", "See it on the map")) } }
        }
    }
}

/// One list a theme, in the order of the layer tree.
fn lists(app: &App, request: &Request, answer: &Value) -> Markup {
    let l = request.language;
    let cards = answer["cards"].as_array().map(Vec::as_slice).unwrap_or_default();
    let module =
        |card: &Value| app.catalogue.layer(&request.who, card["layer"].as_str().unwrap_or_default()).map(|e| e.layer.module.clone());
    let groups: Vec<(&Text, Vec<&Value>)> = app
        .portal
        .groups
        .iter()
        .map(|(id, title)| (title, cards.iter().filter(|card| module(card).as_ref() == Some(id)).collect::<Vec<_>>()))
        .filter(|(_, cards)| !cards.is_empty())
        .collect();
    let metres = answer["near_m"].as_f64().unwrap_or_default();
    html! {
        @if groups.is_empty() {
            p.note role="status" { (nothing(l, metres)) }
        }
        @for (title, cards) in groups {
            h2 { (title.get(l)) }
            ul.found { @for card in cards { (item(app, request, card)) } }
        }
    }
}

fn nothing(language: Language, metres: f64) -> String {
    match language {
        Language::It => format!("Nel raggio di {metres:.0} metri non risulta nulla nei dati che si possono vedere qui."),
        Language::En => format!("Within {metres:.0} metres nothing is known in the data that can be seen here."),
    }
}

fn item(app: &App, request: &Request, card: &Value) -> Markup {
    let l = request.language;
    let links = card["links"].as_array().map(Vec::as_slice).unwrap_or_default();
    let href = |rel: &str| links.iter().find(|link| link["rel"] == rel).and_then(|link| link["href"].as_str());
    let title = card["title"].as_str().unwrap_or_default();
    let entry = app.catalogue.layer(&request.who, card["layer"].as_str().unwrap_or_default());
    let label = entry.as_ref().and_then(|e| e.layer.label.as_ref()).map_or("", |column| column.as_str());
    let fields = card["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! {
        li {
            p {
                @if let Some(entry) = &entry { small { (entry.layer.title.get(l)) " · " (how_far(l, card)) } }
                @match href("record").or_else(|| href("item")) {
                    Some(href) => a href=(href) { (title) },
                    None => span { (title) },
                }
            }
            p.quiet {
                @for (i, field) in fields.iter().filter(|f| f["name"] != label && f["text"] != title).take(FIELDS).enumerate() {
                    @if i > 0 { " · " }
                    (field["label"].as_str().unwrap_or_default()) ": " (field["text"].as_str().unwrap_or_default())
                }
            }
        }
    }
}

fn how_far(language: Language, card: &Value) -> String {
    match card["distance_m"].as_f64().map(f64::round) {
        Some(metres) if metres >= 1.0 => format!("{} {metres:.0} m", say(language, "a", "at")),
        _ => say(language, "qui", "here").to_owned(),
    }
}

fn others(request: &Request, answer: &Value) -> Markup {
    let l = request.language;
    let others = answer["others"].as_array().map(Vec::as_slice).unwrap_or_default();
    html! {
        @if !others.is_empty() {
            h2 { (say(l, "Cercavi un altro luogo?", "Another place?")) }
            ul {
                @for other in others {
                    @let at = format!("{},{}", other["point"][0], other["point"][1]);
                    li {
                        a href=(query([("q", other["title"].as_str().unwrap_or_default()), ("point", at.as_str()), ("lang", l.tag())])) { (other["title"].as_str().unwrap_or_default()) }
                        " " small.quiet { (other["subtitle"].as_str().unwrap_or_default()) }
                    }
                }
            }
        }
    }
}
