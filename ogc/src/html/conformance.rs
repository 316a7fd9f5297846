use axum::response::Response;
use maud::html;
use operations::{Page, say};

use crate::App;
use crate::conformance::CLASSES;
use operations::Request;

/// The requirements classes.
pub(crate) fn page(app: &App, request: &Request) -> Response {
    let language = request.language;
    let content = html! {
        p { (say(language, "Questo servizio dichiara di rispettare queste classi di requisiti degli standard OGC.", "This service declares that it meets these requirements classes of OGC's standards.")) }
        ul { @for class in CLASSES { li { code { (class) } } } }
    };
    let title = say(language, "Conformità", "Conformance");
    Page { title, trail: vec![], map: false }.render(&app.context, request, &content)
}
