use axum::response::Response;
use maud::{Markup, html};
use operations::{Page, say};
use serde_json::Value;

use crate::App;
use operations::Request;

/// The API's paths with their parameters, from the OpenAPI document itself.
pub(crate) fn page(app: &App, request: &Request, document: &Value) -> Response {
    let language = request.language;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let content = html! {
        p { (say(language, "La definizione per i programmi (OpenAPI 3.0): ", "The definition for programs (OpenAPI 3.0): "))
            a href=(request.relative("/api?f=json")) { code { "/api?f=json" } } }
        @for tag in document["tags"].as_array().into_iter().flatten() {
            h2 { (text(&tag["description"])) }
            @for (path, item) in document["paths"].as_object().into_iter().flatten() {
                @let operation = &item["get"];
                @if operation["tags"][0] == tag["name"] {
                    details {
                        summary { code { "GET " (path) } " " (text(&operation["summary"])) }
                        (parameters(document, operation, request))
                    }
                }
            }
        }
    };
    Page { title: "API", trail: vec![], map: false }.render(&app.context, request, &content)
}

fn parameters(document: &Value, operation: &Value, request: &Request) -> Markup {
    let language = request.language;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let resolved = operation["parameters"].as_array().into_iter().flatten().map(|parameter| {
        let pointer = parameter["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        pointer.and_then(|p| document.pointer(p)).unwrap_or(parameter)
    });
    html! {
        div.scroll tabindex="0" { table {
            thead { tr {
                th scope="col" { (say(language, "Parametro", "Parameter")) } th scope="col" { (say(language, "Tipo", "Type")) }
                th scope="col" { (say(language, "Significato", "Meaning")) }
            } }
            tbody { @for parameter in resolved { tr {
                th scope="row" { code { (text(&parameter["name"])) } }
                td { (text(&parameter["schema"]["type"])) " " (text(&parameter["schema"]["format"])) }
                td { (text(&parameter["description"])) }
            } } }
        } }
    }
}
