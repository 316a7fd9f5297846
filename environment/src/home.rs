use axum::extract::State;
use axum::response::Response;
use kernel::{Problem, Services};
use maud::html;
use operations::{Format, Page, Request, say};
use serde_json::{Value, json};

use crate::{layers, shown};

/// What the theme answers: path, title and what it tells.
const OPERATIONS: [(&str, [&str; 2], [&str; 2]); 5] = [
    (
        "/environment/at",
        ["Che cosa vale qui?", "What applies here?"],
        ["In un punto o su una particella: pericoli, vincoli, allerte.", "At a point or on a parcel: hazards, constraints, alerts."],
    ),
    (
        "/environment/alerts",
        ["Allerte", "Alerts"],
        ["I colori dell'ultimo bollettino, oggi e domani.", "The colours of the latest bulletin, today and tomorrow."],
    ),
    (
        "/environment/datasets/",
        ["Rilievi ambientali", "Environmental surveys"],
        ["Che cosa è stato rilevato, da chi, e che cosa è in vigore.", "What was surveyed, by whom, and what is in force."],
    ),
    (
        "/environment/burnt-areas/",
        ["Aree percorse dal fuoco", "Burnt areas"],
        ["Il catasto degli incendi, con i divieti e le particelle.", "The register of fires, with constraints and parcels."],
    ),
    ("/environment/trees/", ["Alberi", "Trees"], ["Specie, altezza, luogo.", "Species, height, place."]),
];

/// `GET /environment/`: what the theme has: its operations, and its layers as far as the reader sees them.
#[utoipa::path(
    get,
    path = "/environment/",
    tag = "environment",
    params(("f" = Option<String>, Query, description = "`json` or `html`")),
    responses((status = 200, description = "`operations` and `collections`, each with `href` and `title`"), (status = "4XX", description = "A problem, which says what is wrong", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(State(services): State<Services>, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let l = request.language;
    let declared = layers::all().map_err(|e| Problem::internal("the layers of a theme", &e))?;
    let seen: Vec<_> = declared.iter().filter_map(|layer| services.layers.layer(&request.who, layer.id.as_str())).collect();
    if request.format == Format::Json {
        let link = |path: &str| services.context.public_url.link(path);
        let operations: Vec<Value> = OPERATIONS
            .iter()
            .map(|(path, [it, en], [told_it, told_en])| json!({ "href": link(path), "title": say(l, it, en), "description": say(l, told_it, told_en) }))
            .collect();
        let collections: Vec<Value> = seen
            .iter()
            .map(|layer| json!({ "id": layer.id, "title": layer.title.get(l), "href": link(&format!("/collections/{}", layer.id)) }))
            .collect();
        return Ok(shown::json(&request, &json!({ "operations": operations, "collections": collections })));
    }
    let content = html! {
        ul.cards { @for (path, [it, en], [told_it, told_en]) in &OPERATIONS {
            li { h2 { a href=(request.relative(path)) { (say(l, it, en)) } } p { (say(l, told_it, told_en)) } }
        } }
        h2 { (say(l, "Dati", "Data")) }
        ul { @for layer in &seen { li { a href=(request.relative(&format!("/collections/{}", layer.id))) { (layer.title.get(l)) } } } }
    };
    let title = say(l, "Ambiente e protezione civile", "Environment and civil protection");
    Ok(Page { title, trail: Vec::new(), map: false }.render(&services.context, &request, &content))
}
