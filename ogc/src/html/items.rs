use axum::response::Response;
use kernel::{Bbox, Layer};
use maud::{Markup, html};
use operations::value::{grouped, readable};
use operations::{Page, map, say};
use serde_json::Value;

use super::extent::features_bbox;
use super::{collections_link, filters};
use crate::App;
use crate::fields::Property;
use crate::items::sort::Sort;
use crate::links::{self, Link, encode};
use operations::Request;

/// What the page shows.
pub(crate) struct View<'a> {
    /// The layer.
    pub(crate) layer: &'a Layer,
    /// Features on this page, and on all.
    pub(crate) page: (i64, i64),
    /// GeoJSON features in the system asked for.
    pub(crate) features: &'a [Value],
    /// What of each feature is shown.
    pub(crate) columns: &'a [Property<'a>],
    /// The order of the features.
    pub(crate) sort: &'a Sort,
    /// The page's links, `next` and `prev` among them.
    pub(crate) links: &'a [Link],
    /// The layer's rectangle, CRS84.
    pub(crate) extent: Option<Bbox>,
}

/// A page of features: a map and a table.
pub(crate) fn page(app: &App, request: &Request, view: &View<'_>) -> Response {
    let (layer, language) = (view.layer, request.language);
    let path = format!("/collections/{}", layer.id);
    let bbox = features_bbox(request, view.features).or(view.extent).unwrap_or(app.context.installation.bbox);
    let content = html! {
        (map(layer, Some(bbox), None, language))
        (filters::form(layer, request))
        p role="status" {
            (grouped(view.page.0, language)) " " (say(language, "elementi in questa pagina, ", "features on this page, "))
            (grouped(view.page.1, language)) " " (say(language, "in tutto", "in all"))
        }
        (turn(view, request))
        @if view.features.is_empty() {
            p.note { (say(language, "Nessun elemento corrisponde. Si può togliere un filtro o allargare il riquadro.", "Nothing matches. Remove a filter or widen the rectangle.")) }
        } @else {
            (table(request, view))
            (turn(view, request))
            @if let Some(csv) = view.links.iter().find(|l| l.kind == "text/csv") { p { a href=(csv.same_page()) { (csv.title) } } }
        }
    };
    let trail = vec![collections_link(request), (request.relative(&path), layer.title.get(language).to_owned())];
    let page = Page { title: say(language, "Elementi", "Features"), trail, map: true };
    page.render(&app.context, request, &content)
}

fn turn(view: &View<'_>, request: &Request) -> Markup {
    let language = request.language;
    let link = |rel: &str| view.links.iter().find(|l| l.rel == rel);
    html! {
        nav.pages aria-label=(say(language, "Pagine", "Pages")) {
            @if let Some(previous) = link("prev") { a.button rel="prev" href=(previous.same_page()) { "‹ " (say(language, "Precedenti", "Previous")) } }
            @if let Some(next) = link("next") { a.button rel="next" href=(next.same_page()) { (say(language, "Successivi", "Next")) " ›" } }
        }
    }
}

fn table(request: &Request, view: &View<'_>) -> Markup {
    let (layer, language) = (view.layer, request.language);
    html! {
        div.scroll tabindex="0" { table {
            thead { tr { th scope="col" { "id" } @for column in view.columns { (heading(request, view, column)) } } }
            tbody { @for feature in view.features {
                @let id = feature["id"].as_str().unwrap_or_default();
                @let title = catalogue::title(layer, id, &feature["properties"], language);
                @let own = layer.page_of(id).unwrap_or_else(|| format!("/collections/{}/items/{}", layer.id, encode(id)));
                tr {
                    th scope="row" { a href=(request.relative(&own)) { (title) } @if title != id { br; code { (id) } } }
                    @for column in view.columns { td { (readable(column.kind, column.field, &feature["properties"][column.name], language)) } }
                }
            } }
        } }
    }
}

/// A column's name, and where it can be sorted by the address of the page in that order, or turned round.
fn heading(request: &Request, view: &View<'_>, column: &Property<'_>) -> Markup {
    let label = column.label.get(request.language);
    let descending = view.sort.descending(column.name);
    let order = descending.map(|d| if d { "descending" } else { "ascending" });
    let sign = if descending == Some(false) { "-" } else { "" };
    let sortby = format!("{sign}{}", column.name);
    let kept = request.params.iter().filter(|(name, _)| !["sortby", "cursor"].contains(name));
    html! {
        th scope="col" aria-sort=[order] {
            @if column.field.is_some_and(|f| f.sortable) {
                a href=(links::query(kept.chain([("sortby", sortby.as_str())]))) { (label) }
                @if let Some(descending) = descending { span aria-hidden="true" { (if descending { " ▼" } else { " ▲" }) } }
            } @else { (label) }
        }
    }
}
