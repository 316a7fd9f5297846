use axum::response::Response;
use catalogue::Entry;
use maud::{Markup, html};
use operations::value::grouped;
use operations::{Page, map, say};
use serde_json::Value;

use super::collections_link;
use crate::App;
use crate::fields::properties;
use operations::Request;

/// One collection: what it is, its map, its fields, its coordinate systems.
pub(crate) fn page(app: &App, request: &Request, entry: &Entry, systems: &[Value]) -> Response {
    let (layer, language) = (&entry.layer, request.language);
    let path = format!("/collections/{}", layer.id);
    let url = |tail: &str| request.relative(&format!("{path}{tail}"));
    let bbox = entry.bbox_for(&request.who).unwrap_or(app.context.installation.bbox);
    let content = html! {
        @if !layer.description.get(language).is_empty() { p.lead { (layer.description.get(language)) } }
        p.actions {
            a.button href=(url("/items")) { (say(language, "Sfoglia gli elementi", "Browse the features")) }
            " " a href=(url("/items?f=json")) { "GeoJSON" }
            " · " a href=(url("/schema?f=html")) { (say(language, "Schema", "Schema")) }
            " · " a href=(url("/queryables?f=html")) { (say(language, "Filtri", "Filters")) }
        }
        (map(layer, Some(bbox), None, language))
        dl {
            dt { (say(language, "Elementi, circa", "Features, about")) } dd { (grouped(entry.rows, language)) }
            @if let Some(attribution) = &layer.attribution { dt { (say(language, "Fonte", "Source")) } dd { (attribution) } }
            @if let Some(licence) = &layer.licence { dt { (say(language, "Licenza", "Licence")) } dd { (licence) } }
            @if let Some(date) = layer.source_date { dt { (say(language, "Dati al", "As of")) } dd { (date) } }
            @if let Some(accuracy) = &layer.accuracy {
                dt { (say(language, "Accuratezza", "Accuracy")) } dd { (accuracy.metres) " m: " (accuracy.source.get(language)) }
            }
            dt { (say(language, "Sistema di archiviazione", "Stored in")) } dd { (layer.srid) }
        }
        h2 { (say(language, "Campi", "Fields")) }
        (fields(request, entry))
        h2 { (say(language, "Sistemi di coordinate", "Coordinate systems")) }
        (system_table(request, systems))
    };
    let page = Page { title: layer.title.get(language), trail: vec![collections_link(request)], map: true };
    page.render(&app.context, request, &content)
}

fn fields(request: &Request, entry: &Entry) -> Markup {
    let language = request.language;
    html! {
        div.scroll tabindex="0" { table {
            thead { tr {
                th scope="col" { (say(language, "Nome", "Name")) } th scope="col" { (say(language, "Significato", "Meaning")) }
                th scope="col" { (say(language, "Tipo", "Type")) } th scope="col" { (say(language, "Valori", "Values")) }
            } }
            tbody { @for property in properties(&entry.layer, &request.who) { tr {
                th scope="row" { code { (property.name) } }
                td { (property.label.get(language)) @if let Some(unit) = property.field.and_then(|f| f.unit.as_deref()) { " (" (unit) ")" } }
                td { (property.kind.sql()) }
                td { @if let Some(field) = property.field { @for (i, code) in field.codes.iter().enumerate() {
                    @if i > 0 { ", " } code { (code.value) } " " (code.label.get(language))
                } } }
            } } }
        } }
    }
}

fn system_table(request: &Request, systems: &[Value]) -> Markup {
    let language = request.language;
    let text = |system: &Value, name: &str| system[name].as_str().unwrap_or_default().to_owned();
    html! {
        div.scroll tabindex="0" { table {
            thead { tr {
                th scope="col" { (say(language, "Codice", "Code")) } th scope="col" { (say(language, "Nome", "Name")) }
                th scope="col" { (say(language, "Assi", "Axes")) }
                th.number scope="col" { (say(language, "Accuratezza della trasformazione", "Accuracy of the transformation")) }
                th scope="col" { (say(language, "Operazione", "Operation")) }
            } }
            tbody { @for system in systems { tr {
                th scope="row" { (text(system, "code")) } td { (text(system, "title")) }
                td { @for (i, axis) in system["axes"].as_array().into_iter().flatten().enumerate() { @if i > 0 { ", " } (axis.as_str().unwrap_or_default()) } }
                td.number { (system["accuracyMetres"].as_f64().unwrap_or_default()) " m" } td { (text(system, "accuracySource")) }
            } } }
        } }
    }
}
