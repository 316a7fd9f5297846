use std::sync::Arc;

use axum::response::Response;
use catalogue::Entry;
use maud::html;
use operations::value::grouped;
use operations::{Page, say};

use crate::App;
use operations::Request;

/// All collections in one table.
pub(crate) fn page(app: &App, request: &Request, entries: &[Arc<Entry>]) -> Response {
    let language = request.language;
    let url = |path: String| request.relative(&path);
    let content = html! {
        @if entries.is_empty() {
            p.note { (say(language, "Non c'è ancora nessuno strato. Si pubblica un file con ", "There is no layer yet. Publish a file with ")) code { "opensit ingest" } "." }
        } @else {
            div.scroll tabindex="0" {
                table {
                    thead { tr {
                        th scope="col" { (say(language, "Strato", "Layer")) }
                        th scope="col" { (say(language, "Descrizione", "Description")) }
                        th.number scope="col" { (say(language, "Elementi, circa", "Features, about")) }
                        th scope="col" { (say(language, "Dati al", "As of")) }
                        th scope="col" { (say(language, "Licenza", "Licence")) }
                    } }
                    tbody { @for entry in entries {
                        @let layer = &entry.layer;
                        tr {
                            th scope="row" { a href=(url(format!("/collections/{}", layer.id))) { (layer.title.get(language)) } br; code { (layer.id) } }
                            td.prose { (layer.description.get(language)) }
                            td.number { (grouped(entry.rows, language)) }
                            td { @if let Some(date) = layer.source_date { (date) } @else { "–" } }
                            td { (layer.licence.as_deref().unwrap_or("–")) }
                        }
                    } }
                }
            }
        }
    };
    let title = say(language, "Dati", "Data");
    Page { title, trail: vec![], map: false }.render(&app.context, request, &content)
}
