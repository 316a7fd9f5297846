//! The pages: sending files, and what became of them.

use axum::response::Response;
use chrono::{DateTime, Utc};
use chrono_tz::Europe::Rome;
use kernel::Language;
use maud::{Markup, html};
use operations::{Page, Request, say, value};
use serde_json::Value;

use super::{Imports, Made, Sent};

/// Seconds after which a page of work that goes on asks for itself again.
const AGAIN: u32 = 2;
/// The systems in which maps are handed out.
const SYSTEMS: [(&str, &str); 4] = [
    ("EPSG:7791", "ETRF2000 / UTM 32"),
    ("EPSG:7792", "ETRF2000 / UTM 33"),
    ("EPSG:3003", "Gauss-Boaga, fuso ovest"),
    ("EPSG:3004", "Gauss-Boaga, fuso est"),
];

pub(super) fn list(imports: &Imports, request: &Request, made: &[Made], sent: &[Sent]) -> Response {
    let language = request.language;
    let content = html! {
        p.lead { (say(language, "Le mappe (CXF, DXF, SUP), la cartografia dell'Agenzia delle Entrate (GML) e il censuario (FAB, TER, SOG, TIT), come si scaricano: anche zip, anche zip di zip. Prima si vede che cosa cambia, poi si importa.",
                     "Maps (CXF, DXF, SUP), what the Agenzia delle Entrate publishes (GML) and the census (FAB, TER, SOG, TIT), as they are downloaded: zips too, and zips of zips. First it is shown what differs, then it is imported.")) }
        form.card method="post" action=(request.relative("/cadastre/imports")) enctype="multipart/form-data" {
            p.field {
                label for="file" { (say(language, "File (si possono trascinare qui)", "Files (they can be dropped here)")) }
                input #file type="file" name="file" multiple required;
            }
            p.field {
                label for="crs" { (say(language, "Sistema di riferimento delle mappe", "Coordinate system of the maps")) }
                (systems(None, language))
            }
            p.field {
                label for="day" { (say(language, "Data dei dati, se il SUP non la dice", "Day of the data, where no SUP tells it")) }
                input #day type="date" name="day";
            }
            p.actions { button.primary type="submit" { (say(language, "Invia e guarda che cosa cambia", "Send, and see what differs")) } }
        }
        @if !sent.is_empty() {
            h2 { (say(language, "Inviati, non ancora importati", "Sent, not imported yet")) }
            ul { @for one in sent {
                li { a href=(request.relative(&format!("/cadastre/imports/{}", one.id))) { (one.files.join(", ")) } ", " (when(one.at)) " " (mark(&one.state, language)) }
            } }
        }
        h2 { (say(language, "Importazioni", "Imports")) }
        @if made.is_empty() { p { (say(language, "Ancora nessuna.", "None yet.")) } } @else { (table(made, language)) }
    };
    page(imports, request, say(language, "Importazione del catasto", "Import of the cadastre"), Vec::new(), None, &content)
}

fn table(made: &[Made], language: Language) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(language, "Importazioni", "Imports")) { table {
            thead { tr {
                th { (say(language, "Numero", "Number")) } th { (say(language, "Quando", "When")) } th { (say(language, "Di chi", "By")) }
                th { (say(language, "Data dei dati", "Day of the data")) } th { (say(language, "File", "Files")) } th { (say(language, "Particelle", "Parcels")) }
            } }
            tbody { @for one in made { tr {
                td { a href=(format!("imports/{}", one.number)) { (one.number) } }
                td { (when(one.at)) @if one.undone_at.is_some() { " " span.state.ended { (say(language, "annullata", "taken back")) } } }
                td { (one.by) }
                td { (one.day.format("%d/%m/%Y")) }
                td.prose { (shortened(&one.files)) }
                td { (changes(&one.counts, "parcels", language)) }
            } } }
        } }
    }
}

pub(super) fn show(imports: &Imports, request: &Request, sent: &Sent) -> Response {
    let language = request.language;
    let working = matches!(sent.state.as_str(), "looking" | "importing");
    let here = request.relative(&format!("/cadastre/imports/{}", sent.id));
    let differs = sent.outcome.as_ref().is_some_and(|outcome| differs(outcome));
    let content = html! {
        p { (sent.by) ", " (when(sent.at)) " " (mark(&sent.state, language)) }
        p { (sent.files.join(", ")) }
        @if working { p.lead aria-live="polite" { (say(language, "Un momento: i file vengono letti.", "A moment: the files are being read.")) } }
        @if let Some(error) = &sent.error { p.note.error role="alert" { (error) } }
        @if let Some(words) = &sent.words {
            @if sent.state == "looked" && differs {
                h2 { (say(language, "Non è ancora nel registro", "Not in the register yet")) }
                form.card method="post" action=(here) {
                    input type="hidden" name="do" value="import";
                    (counts(sent.outcome.as_deref(), language))
                    p.actions { button.primary type="submit" { (say(language, "Importa", "Import")) } }
                }
            }
            @if sent.state == "looked" && !differs { p.note { (say(language, "Nel registro c'è già tutto: non c'è nulla da importare.", "The register has all of it: there is nothing to import.")) } }
            @if let Some(number) = sent.number {
                p.lead { (say(language, "Importato: ", "Imported: ")) a href=(request.relative(&format!("/cadastre/imports/{number}"))) { (say(language, "il rapporto ", "report ")) (number) } ". " a href=(request.relative("/portal/")) { (say(language, "Alla mappa", "To the map")) } }
            }
            h2 { (say(language, "Rapporto", "Report")) }
            (told(if language == Language::It { &words.it } else { &words.en }))
        }
        @if matches!(sent.state.as_str(), "looked" | "failed") {
            form.card method="post" action=(here) {
                input type="hidden" name="do" value="look";
                p.field { label for="crs" { (say(language, "Guardali in un altro sistema di riferimento", "Look at them in another coordinate system")) } (systems(sent.crs, language)) }
                p.actions { button type="submit" { (say(language, "Guarda di nuovo", "Look again")) } }
            }
        }
    };
    let trail =
        vec![(request.relative("/cadastre/imports"), say(language, "Importazione del catasto", "Import of the cadastre").to_owned())];
    page(imports, request, say(language, "File del catasto", "Files of the cadastre"), trail, working.then_some(AGAIN), &content)
}

pub(super) fn report(imports: &Imports, request: &Request, made: &Made) -> Response {
    let language = request.language;
    let content = html! {
        p { (made.by) ", " (when(made.at)) @if made.undone_at.is_some() { " " span.state.ended { (say(language, "annullata", "taken back")) } } }
        p { (shortened(&made.files)) }
        p { (say(language, "Data dei dati: ", "Day of the data: ")) (made.day.format("%d/%m/%Y")) }
        @if let Some(words) = &made.words {
            (told(if language == Language::It { &words.it } else { &words.en }))
        }
    };
    let trail =
        vec![(request.relative("/cadastre/imports"), say(language, "Importazione del catasto", "Import of the cadastre").to_owned())];
    let title = format!("{} {}", say(language, "Importazione", "Import"), made.number);
    page(imports, request, &title, trail, None, &content)
}

fn page(imports: &Imports, request: &Request, title: &str, trail: Vec<(String, String)>, again: Option<u32>, content: &Markup) -> Response {
    let mut whole = vec![(request.relative("/cadastre/"), say(request.language, "Catasto", "Cadastre").to_owned())];
    whole.extend(trail);
    Page { title, trail: whole, map: false }.of(&imports.context.installation.title, request, again, content)
}

fn systems(chosen: Option<i32>, language: Language) -> Markup {
    html! {
        select #crs name="crs" {
            option value="" { (say(language, "come le mappe del comune già importate", "as the comune's maps before")) }
            @for (code, title) in SYSTEMS {
                option value=(code) selected[chosen.is_some_and(|c| code == format!("EPSG:{c}"))] { (code) " " (title) }
            }
        }
    }
}

/// What is counted of layers, and of the tables of the census.
fn counted(outcome: &Value) -> impl Iterator<Item = &Value> {
    ["counts", "census"].into_iter().filter_map(|name| outcome[name].as_array()).flatten()
}

fn differs(outcome: &Value) -> bool {
    counted(outcome).any(|layer| ["new", "changed", "gone"].iter().any(|what| layer[*what].as_i64().unwrap_or_default() > 0))
}

/// What differs, layer by layer, without those of which nothing came.
fn counts(outcome: Option<&Value>, language: Language) -> Markup {
    let of = |layer: &Value| ["new", "changed", "gone", "same"].map(|what| layer[what].as_i64().unwrap_or_default());
    let rows = outcome.into_iter().flat_map(counted).filter(|layer| of(layer).iter().any(|count| *count > 0));
    html! {
        div.scroll tabindex="0" role="region" aria-label=(say(language, "Che cosa cambia", "What differs")) { table {
            thead { tr {
                th { }
                @for word in [say(language, "nuovi", "new"), say(language, "cambiati", "changed"), say(language, "soppressi", "suppressed"), say(language, "uguali", "the same")] { th.number scope="col" { (word) } }
            } }
            tbody { @for layer in rows { tr {
                th scope="row" { (named(layer["layer"].as_str().unwrap_or_default(), language)) }
                @for count in of(layer) { td.number { (value::grouped(count, language)) } }
            } } }
        } }
    }
}

/// How people call what is imported.
fn named(layer: &str, language: Language) -> &str {
    cadastre::register::called(layer).map_or(layer, |[it, en]| say(language, it, en))
}

/// The report for people: a line, and as a list what is indented below it.
fn told(text: &str) -> Markup {
    let mut blocks: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        match blocks.last_mut() {
            Some((_, below)) if line.starts_with(' ') => below.push(line.trim()),
            _ => blocks.push((line.trim(), Vec::new())),
        }
    }
    html! {
        section.card { @for (line, below) in blocks {
            p { (line) }
            @if !below.is_empty() { ul { @for line in below { li { (line) } } } }
        } }
    }
}

/// `+12 ~3 −1` of a layer.
fn changes(counts: &Value, layer: &str, language: Language) -> String {
    let found = counts.as_array().into_iter().flatten().find(|c| c["layer"] == layer);
    let of = |name: &str| found.and_then(|c| c[name].as_i64()).unwrap_or_default();
    match language {
        Language::It => format!("{} nuove, {} cambiate, {} soppresse", of("new"), of("changed"), of("gone")),
        Language::En => format!("{} new, {} changed, {} suppressed", of("new"), of("changed"), of("gone")),
    }
}

fn shortened(files: &[String]) -> String {
    let first = files.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
    if files.len() > 4 { format!("{first} + {}", files.len() - 4) } else { first }
}

fn mark(state: &str, language: Language) -> Markup {
    let (class, word) = match state {
        "looking" => ("open", say(language, "in lettura", "being read")),
        "looked" => ("waiting", say(language, "da importare", "to be imported")),
        "importing" => ("open", say(language, "in corso", "being imported")),
        "imported" => ("good", say(language, "importato", "imported")),
        _ => ("bad", say(language, "non riuscito", "failed")),
    };
    html! { span.state.(class) { (word) } }
}

/// A day and a time in Rome.
fn when(at: DateTime<Utc>) -> String {
    at.with_timezone(&Rome).format("%d/%m/%Y %H:%M").to_string()
}
