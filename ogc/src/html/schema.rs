use axum::response::Response;
use kernel::Layer;
use maud::html;
use operations::{Page, say};
use serde_json::Value;

use super::collections_link;
use crate::App;
use operations::Request;

/// The schema, the queryables or the sortables of a collection, as a table.
pub(crate) fn page(app: &App, request: &Request, layer: &Layer, name: &str, document: &Value) -> Response {
    let language = request.language;
    let path = format!("/collections/{}", layer.id);
    let text = |member: &Value, name: &str| member[name].as_str().unwrap_or_default().to_owned();
    let content = html! {
        div.scroll tabindex="0" { table {
            thead { tr {
                th scope="col" { (say(language, "Nome", "Name")) } th scope="col" { (say(language, "Significato", "Meaning")) }
                th scope="col" { (say(language, "Tipo", "Type")) } th scope="col" { (say(language, "Valori", "Values")) }
            } }
            tbody { @for (name, member) in document["properties"].as_object().into_iter().flatten() { tr {
                th scope="row" { code { (name) } }
                td { (text(member, "title")) }
                td { (text(member, "type")) " " (text(member, "format")) }
                td { (text(member, "description")) }
            } } }
        } }
    };
    let title = match name {
        "schema" => "Schema",
        "sortables" => say(language, "Ordinamento", "Sorting"),
        _ => say(language, "Filtri", "Filters"),
    };
    let trail = vec![collections_link(request), (request.relative(&path), layer.title.get(language).to_owned())];
    Page { title, trail, map: false }.render(&app.context, request, &content)
}
