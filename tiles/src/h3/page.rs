use axum::response::Response;
use kernel::{Context, Layer};
use maud::{Markup, html};
use operations::{Page, Request, say};

use super::tally::Counted;
use super::{FINEST, tally::MAX_CELLS};

/// As many cells are on the page, those with most rows.
const SHOWN: usize = 100;

/// The page without an answer: what can be asked.
pub(super) fn form(context: &Context, request: &Request, layer: &Layer) -> Response {
    render(context, request, layer, &html! {})
}

/// The page with what was counted.
pub(super) fn counts(context: &Context, request: &Request, layer: &Layer, counted: &Counted) -> Response {
    let language = request.language;
    let mut most = counted.cells.clone();
    most.sort_by_key(|(cell, count)| (std::cmp::Reverse(*count), u64::from(*cell)));
    let pairs = request.params.iter().filter(|(name, _)| *name != "f").chain([("f", "csv")]);
    let path = format!("/collections/{}/h3{}", layer.id, operations::links::query(pairs));
    let content = html! {
        p { (counted.total()) " " (say(language, "elementi in", "features in")) " " (counted.cells.len()) " " (say(language, "celle", "cells")) ". "
            a href=(request.relative(&path)) { (say(language, "Tutte le celle in tabella (CSV)", "All cells as a table (CSV)")) } }
        table {
            thead { tr { th { "H3" } th { (say(language, "Elementi", "Features")) } } }
            tbody {
                @for (cell, count) in most.iter().take(SHOWN) { tr { td { code { (cell) } } td { (count) } } }
            }
        }
        @if most.len() > SHOWN { p { (say(language, "Le celle con più elementi.", "The cells with most features.")) } }
    };
    render(context, request, layer, &content)
}

fn render(context: &Context, request: &Request, layer: &Layer, answer: &Markup) -> Response {
    let language = request.language;
    let value = |name: &str| request.params.get(name).unwrap_or_default();
    let content = html! {
        p { (say(language, "Quanti elementi stanno in ogni cella esagonale H3: ogni elemento conta dov'è il suo punto, o il centro del suo rettangolo.",
                 "How many features lie in each hexagonal cell of H3: each counts where its point is, or the middle of its rectangle.")) }
        form method="get" {
            label { (say(language, "Risoluzione", "Resolution")) " "
                input type="number" name="resolution" min="0" max=(FINEST) required value=(value("resolution")); }
            label { "bbox " input name="bbox" value=(value("bbox")) placeholder="15.6,38.0,15.8,38.2"; }
            @if layer.validity { label { "datetime " input name="datetime" value=(value("datetime")); } }
            button { (say(language, "Conta", "Count")) }
        }
        p { (say(language, "Al massimo", "At most")) " " (MAX_CELLS) " " (say(language, "celle.", "cells.")) }
        (answer)
    };
    let title = format!("{}: H3", layer.title.get(language));
    let trail = vec![
        ("/collections".to_owned(), say(language, "Collezioni", "Collections").to_owned()),
        (format!("/collections/{}", layer.id), layer.title.get(language).to_owned()),
    ];
    Page { title: &title, trail, map: false }.render(context, request, &content)
}
