use axum::response::Response;
use kernel::Layer;
use maud::html;
use operations::value::readable;
use operations::{Page, map};
use serde_json::Value;

use super::collections_link;
use super::extent::features_bbox;
use crate::App;
use crate::fields::properties;
use crate::links::Link;
use operations::Request;

/// One feature: its map and its values.
pub(crate) fn page(app: &App, request: &Request, layer: &Layer, feature: &Value, links: &[Link]) -> Response {
    let language = request.language;
    let id = feature["id"].as_str().unwrap_or_default();
    let path = format!("/collections/{}", layer.id);
    let title = catalogue::title(layer, id, &feature["properties"], language);
    let json = links.iter().find(|l| l.rel == "alternate").map(Link::same_page).unwrap_or_default();
    let content = html! {
        (map(layer, features_bbox(request, std::slice::from_ref(feature)), Some(id), language))
        dl {
            dt { "id" } dd { code { (id) } }
            @for property in properties(layer, &request.who) {
                dt { (property.label.get(language)) }
                dd { (readable(property.kind, property.field, &feature["properties"][property.name], language)) }
            }
        }
        @if let Some(page) = layer.page_of(id) {
            p { a.button href=(request.relative(&page)) { (operations::say(language, "Pagina della pratica", "Record page")) } }
        }
        p { a href=(json) { "GeoJSON" } }
    };
    let trail = vec![collections_link(request), (request.relative(&path), layer.title.get(language).to_owned())];
    Page { title: &title, trail, map: true }.render(&app.context, request, &content)
}
