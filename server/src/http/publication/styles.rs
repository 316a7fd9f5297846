use axum::Json;
use axum::extract::{Path, State};
use ingest::AskedStyles;
use kernel::{Params, Principal, Problem};
use serde_json::{Value, json};

use super::Publications;

/// `GET /admin/layers/{id}/styles`: ways to draw a layer that its values propose, the best first, each with its legend. With `field`, all of that
/// field; without, one of each of the best few.
#[utoipa::path(get, path = "/admin/layers/{id}/styles", tag = "administration",
    params(("id" = String, Path, description = "The layer"), ("field" = Option<String>, Query, description = "The field that it shall be drawn by"), ("theme" = Option<String>, Query, description = "`light` (without it), `dark` or `contrast`: whose colours the legend has")),
    responses((status = 200, description = "`proposals`: `name`, `field`, `kind` (`plain`, `categories`, `classes`), `style`, `legend` (`label`, `color`, `rows`)"), (status = 400, description = "No such field"), (status = 404, description = "No such layer, or not for you"), (status = 409, description = "It belongs to a theme")))]
pub(super) async fn handler(
    State(publications): State<Publications>,
    who: Principal,
    Path(id): Path<String>,
    params: Params,
) -> Result<Json<Value>, Problem> {
    let entry = publications.entry(&who, &id)?;
    entry.sound()?;
    let params = params.only(&["field", "theme"])?;
    let layer = &entry.layer;
    let drawn_by = || layer.fields.iter().filter(|field| !field.private && !field.personal);
    let field = match params.get("field") {
        None => None,
        Some(name) => Some(drawn_by().find(|field| field.name.as_str() == name).ok_or_else(|| {
            let names: Vec<&str> = drawn_by().map(|field| field.name.as_str()).collect();
            Problem::invalid_parameter("field", "the layer has no field of this name that a map can be drawn by", names)
        })?),
    };
    let theme = match params.get("theme") {
        None | Some("light") => 0,
        Some("dark") => 1,
        Some("contrast") => 2,
        Some(_) => return Err(Problem::invalid_parameter("theme", "`theme` is none of the map's", vec!["light", "dark", "contrast"])),
    };
    let failed = |e: sqlx::Error| Problem::database("styles for a layer", &e);
    let mut session = publications.context.database.session(&who).await.map_err(failed)?;
    let asked = AskedStyles { who: &who, rows: entry.rows, field, now: publications.context.clock.now() };
    let mut proposals = ingest::propose_styles(&mut session, layer, asked).await.map_err(failed)?;
    for line in proposals.iter_mut().flat_map(|proposal| &mut proposal.legend) {
        if let Some(colours) = line.color.strip_prefix('$').and_then(ogc::colours) {
            line.color = colours[theme].to_owned();
        }
    }
    Ok(Json(json!({ "proposals": proposals })))
}
