use axum::response::Response;
use maud::html;
use operations::{Page, say};

use crate::App;
use operations::Request;

/// The front door.
pub(crate) fn page(app: &App, request: &Request) -> Response {
    let language = request.language;
    let installation = &app.context.installation;
    let url = |path: &str| request.relative(path);
    let cards = [
        (
            "/portal/",
            say(language, "La mappa", "The map"),
            say(
                language,
                "Strade, particelle, edifici, servizi: da sfogliare e da cercare.",
                "Streets, parcels, buildings, services: to browse and to search.",
            ),
        ),
        (
            "/collections",
            say(language, "I dati", "The data"),
            say(
                language,
                "Ogni strato come tabella, mappa e file GeoJSON, nel sistema di coordinate che serve.",
                "Each layer as a table, a map and GeoJSON, in the coordinate system you need.",
            ),
        ),
        (
            "/api?f=html",
            say(language, "Le API", "The APIs"),
            say(
                language,
                "OGC API Features per QGIS, GDAL e programmi propri; tessere vettoriali e stili.",
                "OGC API Features for QGIS, GDAL and your own programs; vector tiles and styles.",
            ),
        ),
    ];
    let content = html! {
        p.lead { (crate::landing::description(language)) }
        @if installation.demo {
            p.note { (say(language, "Questa è una dimostrazione: la città e i suoi abitanti sono inventati.", "This is a demonstration: the town and its people are invented.")) }
        }
        ul.cards {
            @for (path, title, text) in cards { li { h2 { a href=(url(path)) { (title) } } p { (text) } } }
        }
        h2 { (say(language, "In QGIS", "In QGIS")) }
        p { (say(language, "Livello → Aggiungi livello → WFS / OGC API Features, con questo indirizzo:", "Layer → Add Layer → WFS / OGC API Features, with this address:")) }
        p { code { (app.context.public_url.link("/")) } }
    };
    let page = Page { title: installation.title.get(language), trail: vec![], map: false };
    page.render(&app.context, request, &content)
}
