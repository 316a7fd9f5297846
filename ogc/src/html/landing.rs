use axum::response::Response;
use kernel::Language;
use maud::{Markup, html};
use operations::{Page, Request, say};

use crate::App;

/// The front door: first what people come for, then what programs do.
pub(crate) fn page(app: &App, request: &Request) -> Response {
    let language = request.language;
    let installation = &app.context.installation;
    let content = html! {
        p.lead { (lead(language)) }
        @if installation.demo {
            p.note { (say(language, "Questa è una dimostrazione: la città e i suoi abitanti sono inventati.", "This is a demonstration: the town and its people are invented.")) }
        }
        (here(request))
        (doors(app, request))
        (data(app, request))
    };
    let page = Page { title: installation.title.get(language), trail: vec![], map: false };
    page.render(&app.context, request, &content)
}

fn lead(language: Language) -> &'static str {
    say(
        language,
        "Il territorio del comune: che cosa c'è e che cosa sta cambiando.",
        "The municipality's territory: what is there and what is changing.",
    )
}

/// Asks for a place; the answer is a page, with or without a script.
fn here(request: &Request) -> Markup {
    let language = request.language;
    html! {
        form.ask action=(request.relative("/here")) method="get" role="search" {
            h2 { (say(language, "Cosa succede qui?", "What is happening here?")) }
            label for="q" { (say(language, "Indirizzo, luogo o particella", "Address, place or parcel")) }
            p {
                input id="q" name="q" type="search" maxlength="200" autocomplete="street-address" required;
                button.button { (say(language, "Cerca", "Search")) }
            }
            input type="hidden" name="lang" value=(language.tag());
        }
    }
}

fn doors(app: &App, request: &Request) -> Markup {
    let language = request.language;
    html! {
        ul.doors {
            @for door in app.doors.iter() {
                li { a href=(request.relative(door.path)) { strong { (door.title.get(language)) } span { (door.text.get(language)) } } }
            }
            li {
                a href=(request.relative("/portal/")) {
                    strong { (say(language, "Vedi sulla mappa", "See it on the map")) }
                    span { (say(language, "Strade, particelle, edifici, lavori, vincoli: da sfogliare e da cercare.", "Streets, parcels, buildings, works, constraints: to browse and to search.")) }
                }
            }
        }
    }
}

fn data(app: &App, request: &Request) -> Markup {
    let language = request.language;
    let url = |path: &str| request.relative(path);
    html! {
        h2 { (say(language, "I dati e i programmi", "Data and programs")) }
        ul {
            li { a href=(url("/collections")) { (say(language, "I dati", "The data")) } ": " (say(language, "ogni strato come tabella, mappa e file, nel sistema di coordinate che serve.", "each layer as a table, a map and a file, in the coordinate system you need.")) }
            li { a href=(url("/api?f=html")) { (say(language, "Le API", "The APIs")) } ": " (say(language, "OGC API Features per QGIS, GDAL e programmi propri; tessere vettoriali e stili.", "OGC API Features for QGIS, GDAL and your own programs; vector tiles and styles.")) }
            li { (say(language, "In QGIS: Livello → Aggiungi livello → WFS / OGC API Features, con l'indirizzo ", "In QGIS: Layer → Add Layer → WFS / OGC API Features, with the address ")) code { (app.context.public_url.link("/")) } }
        }
    }
}
