use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use catalogue::Entry;
use http::{HeaderMap, header};
use kernel::layer::Field;
use kernel::{AddressToken, Bbox, Filter, Language, Layer, Params, Principal, Problem, PublicUrl};
use serde_json::{Map, Value, json};

use crate::App;
use crate::asked::Asked;
use crate::choice::{self, Choice, Selection};
use crate::engine::count_name;
use crate::martin::Home;

/// How much wider than the features are the bounds say, degrees: what is drawn round them, and what will be added.
const MARGIN_DEGREES: f64 = 0.01;
/// How far from the comuni a feature can be (`ogc` and `opensit.place_of` take none that is farther), degrees.
const FARTHEST_DEGREES: f64 = 0.5;

/// `GET /xyz/{ids}`: what the tiles of these layers are, as TileJSON 3.0.0. `?lang=it|en` chooses the words, `?datetime=` the day that the
/// tiles show of layers with validity; `?filter=` with its language and system, and `?properties=`, go into the address of the tiles. `served_from` says whether `memory` writes them now, or for some of them the `database`.
#[utoipa::path(
    get,
    path = "/xyz/{ids}",
    tag = "tiles",
    params(("ids" = String, Path, description = "Layers, separated by commas"), ("lang" = Option<String>, Query, description = "`it` or `en`"), ("datetime" = Option<String>, Query, description = "As tiles take it"),
        ("filter" = Option<String>, Query, description = "As tiles take it"), ("filter-lang" = Option<String>, Query, description = "As tiles take it"),
        ("filter-crs" = Option<String>, Query, description = "As tiles take it"), ("properties" = Option<String>, Query, description = "As tiles take it")),
    responses((status = 200, description = "TileJSON 3.0.0", content_type = "application/json"), (status = 404, description = "No such layer, or not for you", content_type = "application/problem+json"))
)]
pub(crate) async fn handler(
    State(app): State<Arc<App>>,
    stated: Option<Extension<PublicUrl>>,
    token: Option<Extension<AddressToken>>,
    home: Option<Extension<Home>>,
    asked: Asked,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = params.only(&[&["lang", "datetime"][..], &choice::PARAMETERS].concat())?;
    let choice = Choice::read(&params)?;
    let selections = choice.over(&asked.entries, &asked.who, &app.settings)?;
    let datetime = params.get("datetime").map(|text| Filter::datetime(text).map(|_| text.replace('+', "%2B"))).transpose()?;
    let language = match params.get("lang") {
        Some(tag @ ("it" | "en")) => Language::negotiate(Some(tag), None),
        Some(other) => {
            return Err(Problem::invalid_parameter("lang", format!("`{}`", other.chars().take(20).collect::<String>()), "it, en"));
        }
        None => Language::negotiate(None, headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok())),
    };
    let cache = if asked.public() && token.is_none() { "no-cache" } else { "private, no-cache" };
    let public_url = stated.map_or_else(|| app.context.public_url.clone(), |Extension(url)| url);
    let mut document = tilejson(&asked, &selections, &public_url, app.context.installation.bbox, language);
    if let Some(Extension(home)) = home {
        document["tiles"][0] = public_url.link(&home.tiles(&asked)).into();
    }
    let in_memory = |(entry, selection): (&Arc<Entry>, &Selection)| {
        app.engine.as_ref().is_some_and(|engine| engine.serves(&app.feed, entry, &asked.who, selection))
    };
    document["served_from"] = if asked.entries.iter().zip(&selections).all(in_memory) { "memory" } else { "database" }.into();
    for entry in &asked.entries {
        let crowded = app.engine.as_ref().and_then(|engine| engine.crowded_to(&app.feed, entry, &asked.who));
        if let Some(maxzoom) = crowded.map(|z| z.min(entry.layer.zoom.1)).filter(|z| *z >= entry.layer.zoom.0) {
            tell_generalised(&mut document, &entry.layer, maxzoom);
        }
    }
    let query = format!("{}{}", datetime.map_or_else(String::new, |datetime| format!("&datetime={datetime}")), choice.address());
    if let (Some(query), Some(address)) = (query.strip_prefix('&'), document["tiles"][0].as_str()) {
        document["tiles"][0] = format!("{address}?{query}").into();
    }
    // a map that came with a token goes on with it
    if let (Some(Extension(token)), Some(address)) = (token, document["tiles"][0].as_str()) {
        document["tiles"][0] = token.onto(address).into();
    }
    Ok(([(header::CACHE_CONTROL, cache), (header::VARY, "accept-language")], Json(document)).into_response())
}

pub(crate) fn tilejson(
    Asked { who, entries }: &Asked,
    selections: &[Selection],
    public_url: &PublicUrl,
    installation: Bbox,
    language: Language,
) -> Value {
    let layers = || entries.iter().map(|e| &*e.layer);
    let ids = layers().map(|l| l.id.as_str()).collect::<Vec<_>>().join(",");
    let titles = layers().map(|l| l.title.get(language)).collect::<Vec<_>>().join(", ");
    let minzoom = layers().map(|l| l.zoom.0).min().unwrap_or(0);
    let maxzoom = layers().map(|l| l.zoom.1).max().unwrap_or(22);
    let bounds = bounds(entries, who, installation);
    let (lon, lat) = bounds.centre();
    json!({
        "tilejson": "3.0.0",
        "name": titles,
        "scheme": "xyz",
        "tiles": [public_url.link(&format!("/xyz/{ids}/{{z}}/{{x}}/{{y}}"))],
        "minzoom": minzoom,
        "maxzoom": maxzoom,
        "bounds": bounds,
        "center": [lon, lat, 12.clamp(minzoom, maxzoom)],
        "attribution": attribution(layers()),
        "vector_layers": layers().zip(selections).flat_map(|(l, selection)| vector_layers(l, selection, language)).collect::<Vec<_>>(),
    })
}

/// Says of a layer that up to this zoom some of its tiles have more rows than a map can show, and how these are generalised.
fn tell_generalised(document: &mut Value, layer: &Layer, maxzoom: u8) {
    let own = document["vector_layers"].as_array_mut().into_iter().flatten().find(|l| l["id"] == layer.id.as_str());
    if let Some(own) = own {
        // blocks of areas do not say how many they are
        let count = count_name(layer).filter(|_| layer.aggregate_by.is_none() || layer.geometry.dimension() != Some(2));
        own["generalised"] = json!({"maxzoom": maxzoom, "aggregate_by": layer.aggregate_by, "count": count});
    }
}

/// Round the installation and what this reader may know of the features, on the globe. Clients ask for no tile outside. Where there are rows
/// that they don't see, the rectangle round all would tell of them: half a degree is how far from the comuni a feature can be.
fn bounds(entries: &[Arc<Entry>], who: &Principal, installation: Bbox) -> Bbox {
    let known = |entry: &Arc<Entry>| match entry.layer.readable_rows(who).is_everything() {
        true => entry.bbox,
        false => Some(installation.widened(FARTHEST_DEGREES)),
    };
    let all = entries.iter().filter_map(known).fold(installation, Bbox::union).widened(MARGIN_DEGREES);
    let corners = [(all.west().max(-180.0), all.south().max(-85.0511)), (all.east().min(180.0), all.north().min(85.0511))];
    Bbox::around(corners).unwrap_or(installation)
}

/// Who must be named, each once. Clients show it as HTML, so what officers wrote is made harmless.
fn attribution<'a>(layers: impl Iterator<Item = &'a Layer>) -> String {
    let mut names: Vec<String> = Vec::new();
    for name in layers.filter_map(|l| l.attribution.as_deref()) {
        let name = name.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(" · ")
}

/// The layer, and the points inside its areas if its tiles have them.
fn vector_layers(layer: &Layer, selection: &Selection, language: Language) -> Vec<Value> {
    let own = vector_layer(layer, selection, language);
    let labels = layer.label_points().map(|from| {
        let mut labels = own.clone();
        labels["id"] = layer.label_points_id().into();
        labels["minzoom"] = from.into();
        labels["geometry_type"] = "point".into();
        labels
    });
    std::iter::once(own).chain(labels).collect()
}

fn vector_layer(layer: &Layer, selection: &Selection, language: Language) -> Value {
    let mut fields = Map::new();
    if selection.wants("id") {
        fields.insert("id".into(), "id".into());
    }
    for field in layer.fields.iter().filter(|f| !f.private && !f.personal && selection.wants(f.name.as_str())) {
        fields.insert(field.name.to_string(), label(field, language).into());
    }
    json!({
        "id": layer.id,
        "description": layer.title.get(language),
        "minzoom": layer.zoom.0,
        "maxzoom": layer.zoom.1,
        "geometry_type": layer.geometry.family(),
        "fields": fields,
    })
}

fn label(field: &Field, language: Language) -> String {
    match &field.unit {
        Some(unit) => format!("{} ({unit})", field.label.get(language)),
        None => field.label.get(language).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Selection, tilejson};
    use catalogue::Entry;
    use chrono::DateTime;
    use kernel::{Bbox, Language, PublicUrl};
    use serde_json::json;
    use std::sync::Arc;

    fn entry(id: &str, zoom: (u8, u8), attribution: &str) -> Arc<Entry> {
        let layer = serde_json::from_value(json!({
            "id": id, "module": "m", "title": {"it": format!("{id} it"), "en": format!("{id} en")}, "table": format!("m.{id}"),
            "geometry": "MultiPolygon", "srid": 7792, "zoom": zoom, "attribution": attribution,
            "fields": [
                {"name": "height_m", "label": {"it": "Altezza", "en": "Height"}, "type": "number", "unit": "m"},
                {"name": "owner", "label": {"it": "Titolare", "en": "Owner"}, "type": "text", "private": true}
            ]
        }));
        let bbox = Bbox::new(15.6, 38.0, 15.8, 38.2).ok();
        Arc::new(Entry { layer: Arc::new(layer.unwrap()), generation: 1, changed_at: DateTime::UNIX_EPOCH, bbox, rows: 1, damage: None })
    }

    #[test]
    fn two_layers() {
        let entries = [entry("parcels", (13, 22), "Comune <b>di</b> X"), entry("trees", (11, 20), "Comune <b>di</b> X")];
        let url = PublicUrl::parse("https://sit.example.it/gis").unwrap();
        let asked = crate::asked::Asked { who: kernel::Principal::anonymous(), entries: entries.to_vec() };
        let document = tilejson(
            &asked,
            &[Selection::default(), Selection::default()],
            &url,
            Bbox::new(15.5, 38.05, 15.7, 38.1).unwrap(),
            Language::En,
        );
        let fields = json!({"id": "id", "height_m": "Height (m)"});
        assert_eq!(
            document,
            json!({
                "tilejson": "3.0.0",
                "name": "parcels en, trees en",
                "scheme": "xyz",
                "tiles": ["https://sit.example.it/gis/xyz/parcels,trees/{z}/{x}/{y}"],
                "minzoom": 11,
                "maxzoom": 22,
                "bounds": [15.49, 37.99, 15.81, 38.21],
                "center": [15.65, 38.1, 12],
                "attribution": "Comune &lt;b&gt;di&lt;/b&gt; X",
                "vector_layers": [
                    {"id": "parcels", "description": "parcels en", "minzoom": 13, "maxzoom": 22, "geometry_type": "polygon", "fields": fields},
                    {"id": "trees", "description": "trees en", "minzoom": 11, "maxzoom": 20, "geometry_type": "polygon", "fields": fields}
                ]
            })
        );
    }
}
