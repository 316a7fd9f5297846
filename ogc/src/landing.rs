//! `GET /`: where everything else is (OGC API Features, 7.2).

use axum::response::Response;
use kernel::{Language, Problem};
use serde_json::json;

use crate::links::{Link, media};
use crate::{App, html, reply};
use operations::{Format, Request};

pub(crate) async fn handler(app: App, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let (language, title) = (request.language, &app.context.installation.title);
    let links = links(&app, &request);
    Ok(match request.format {
        Format::Json => {
            let document = json!({ "title": title.get(language), "description": description(language), "links": links });
            reply::json(&document, media::JSON, language)
        }
        Format::Html => html::landing::page(&app, &request),
    })
}

/// A sentence about the service.
pub(crate) fn description(language: Language) -> &'static str {
    match language {
        Language::It => "Le mappe e i dati territoriali del comune, da guardare, interrogare e riusare.",
        Language::En => "The municipality's maps and territorial data, to look at, query and reuse.",
    }
}

fn links(app: &App, request: &Request) -> Vec<Link> {
    let en = request.language == Language::En;
    let url = |path: &str| app.context.public_url.link(path);
    let mut links = app.twins("/", request);
    links.extend([
        Link::new(
            url("/api"),
            "service-desc",
            media::OPENAPI,
            if en { "API definition (OpenAPI 3.0)" } else { "Definizione dell'API (OpenAPI 3.0)" },
        ),
        Link::new(url("/api?f=html"), "service-doc", media::HTML, if en { "API documentation" } else { "Documentazione dell'API" }),
        Link::new(url("/conformance"), "conformance", media::JSON, if en { "Conformance classes" } else { "Classi di conformità" }),
        Link::new(url("/collections"), "data", media::JSON, if en { "Collections" } else { "Collezioni" }),
        Link::new(url("/portal/"), "related", media::HTML, if en { "Map" } else { "Mappa" }),
    ]);
    links
}
