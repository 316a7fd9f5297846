use axum::Json;
use axum::extract::{Path, State};
use ingest::{AskedStyles, Proposal};
use kernel::{Language, Layer, Params, Principal, Problem};
use serde_json::{Value, json};

use super::Publications;

/// The palettes, in the order of [`ogc::colours`].
const THEMES: [&str; 3] = ["light", "dark", "contrast"];

/// `GET /admin/layers/{id}/styles`: ways to draw a layer that its values propose, the best first, each with its legend. With `field`, all of that
/// field; without, one of each of the best few.
#[utoipa::path(get, path = "/admin/layers/{id}/styles", tag = "administration",
    params(("id" = String, Path, description = "The layer"), ("field" = Option<String>, Query, description = "The field that it shall be drawn by"), ("theme" = Option<String>, Query, description = "`light` (without it), `dark` or `contrast`: whose colours legend and `drawn` have"), ("lang" = Option<String>, Query, description = "`it` (without it) or `en`: the names on the map")),
    responses((status = 200, description = "`proposals`: `name`, `field`, `kind` (`plain`, `categories`, `classes`), `style`, `legend` (`label`, `color`, `rows`), `drawn` (the layers of MapLibre, as a map's style has them)"), (status = 400, description = "No such field"), (status = 404, description = "No such layer, or not for you"), (status = 409, description = "It belongs to a theme")))]
pub(super) async fn handler(
    State(publications): State<Publications>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let entry = publications.entry(&who, &id)?;
    entry.sound()?;
    let params = params.only(&["field", "lang", "theme"])?;
    let layer = &entry.layer;
    let drawn_by = || layer.fields.iter().filter(|field| !field.private && !field.personal);
    let field = match params.get("field") {
        None => None,
        Some(name) => Some(drawn_by().find(|field| field.name.as_str() == name).ok_or_else(|| {
            let names: Vec<&str> = drawn_by().map(|field| field.name.as_str()).collect();
            Problem::invalid_parameter("field", "the layer has no field of this name that a map can be drawn by", names)
        })?),
    };
    let theme = params.get("theme").unwrap_or(THEMES[0]);
    let theme = THEMES.iter().position(|known| *known == theme);
    let theme = theme.ok_or_else(|| Problem::invalid_parameter("theme", "`theme` is none of the map's", THEMES.to_vec()))?;
    let language = if params.get("lang") == Some("en") { Language::En } else { Language::It };
    let failed = |e: sqlx::Error| Problem::database("styles for a layer", &e);
    let mut session = publications.context.database.session(&who).await.map_err(failed)?;
    let asked = AskedStyles { who: &who, rows: entry.rows, field, now: publications.context.clock.now() };
    let proposals = ingest::propose_styles(&mut session, layer, asked).await.map_err(failed)?;
    let shown = |mut proposal: Proposal| {
        for line in &mut proposal.legend {
            if let Some(colours) = line.color.strip_prefix('$').and_then(ogc::colours) {
                line.color = colours[theme].to_owned();
            }
        }
        let layer = Layer { style: proposal.style.clone(), ..Layer::clone(layer) };
        let drawn = ogc::drawn(&layer, THEMES[theme], language);
        json!({ "name": proposal.name, "field": proposal.field, "kind": proposal.kind, "style": proposal.style, "legend": proposal.legend, "drawn": drawn })
    };
    Ok(Json(json!({ "proposals": proposals.into_iter().map(shown).collect::<Vec<Value>>() })))
}
