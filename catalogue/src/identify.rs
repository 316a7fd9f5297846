//! `GET /identify`: what is at a place, a card a feature, over the layers asked for. The place is a point, or a feature: then it is what
//! lies on it, so that the card of a parcel tells what every theme says of it and no theme knows another.

mod overlap;

pub(crate) use overlap::on;

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use futures::future::try_join_all;
use kernel::{Bbox, Filter, Language, Params, Principal, Problem, PublicUrl};
use serde_json::{Value, json};
use sqlx::{FromRow, QueryBuilder};

use crate::query::{attributes_sql, bbox_json, box_sql, title};
use crate::{App, Entry};

/// How far from a point or a line one may click, in pixels of the map.
const TOLERANCE_PIXELS: f64 = 6.0;
/// How many cards a layer may have.
const CARDS_A_LAYER: i64 = 5;
/// A geometry of more vertices is simplified for the card: it is there to be highlighted.
const MAX_VERTICES: i32 = 4_000;

#[derive(Debug, FromRow)]
pub(crate) struct Found {
    fid: i64,
    id: String,
    attributes: Value,
    geometry: Value,
    distance_m: f64,
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// Answers `{"point": [lon, lat], "cards": […]}`: points first, then lines, then areas, the nearest first. A layer is
/// asked only at the zooms at which it is drawn. Positions are CRS84, distances metres.
#[utoipa::path(
    get,
    path = "/identify",
    tag = "catalogue",
    params(
        ("point" = Option<String>, Query, description = "Longitude and latitude in degrees, as `15.65,38.11`"),
        ("feature" = Option<String>, Query, description = "Instead of a point: a feature as layer and id, `parcels/H224_001200.345`. The cards are of what lies on it, with how much of it"),
        ("zoom" = Option<f64>, Query, description = "Zoom of the map (512 px tiles), which says how near is near", minimum = 0, maximum = 24),
        ("datetime" = Option<String>, Query, description = "For layers with validity: an instant, a day in Italy, or an interval of these; now without"),
        ("layers" = Option<String>, Query, description = "Layers to ask, separated by commas; without, those shown at first, or for a feature all but the ground"),
        ("lang" = Option<String>, Query, description = "`it` or `en`"),
    ),
    responses(
        (status = 200, description = "`cards`: one for each feature, with its fields for people and its geometry (CRS84)", content_type = "application/json"),
        (status = 400, description = "A parameter is wrong", content_type = "application/problem+json"),
        (status = 404, description = "There is no such feature, or none for you", content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handler(
    State(mut app): State<App>,
    stated: Option<Extension<PublicUrl>>,
    who: Principal,
    params: Params,
) -> Result<Json<Value>, Problem> {
    if let Some(Extension(url)) = stated {
        app.context.public_url = url;
    }
    let params = params.only(&["point", "feature", "zoom", "layers", "datetime", "lang"])?;
    let time = params.get("datetime").map_or_else(|| Ok(Filter::ValidAt(app.context.clock.now())), Filter::datetime)?;
    if let Some(feature) = params.get("feature") {
        return overlap::answer(&app, &who, feature, &params, &time).await.map(Json);
    }
    let point = params.position("point")?;
    let zoom = zoom(&params)?;
    let language = Language::negotiate(params.get("lang"), None);
    let asked = layers(&app, &who, &params)?;
    let cards = app.catalogue.reading(&app.context.database, || cards(&app, &who, &asked, (point, zoom, &time), language)).await?;
    Ok(Json(json!({ "point": point, "cards": cards })))
}

/// The cards of these layers, as the catalogue has them now.
async fn cards(
    app: &App,
    who: &Principal,
    asked: &[Arc<Entry>],
    (point, zoom, time): ([f64; 2], f64, &Filter),
    language: Language,
) -> Result<Vec<Value>, Problem> {
    let mut entries: Vec<Arc<Entry>> = asked.iter().filter_map(|e| app.catalogue.layer(who, e.layer.id.as_str())).collect();
    entries.retain(|e| e.damage.is_none() && zoom >= f64::from(e.layer.drawn_from()) && zoom < f64::from(e.layer.zoom.1) + 1.0);
    // points before lines before areas, as they lie on each other; mixtures first, and so within them
    entries.sort_by_key(|e| e.layer.geometry.dimension());

    // 512 px tiles: the world is 512·2^zoom pixels round
    let metres_a_pixel = 78_271.516_96 * point[1].to_radians().cos() / zoom.exp2();
    let tolerance = TOLERANCE_PIXELS * metres_a_pixel;
    let found = try_join_all(entries.iter().map(|entry| find(app, who, entry, (point, tolerance), time))).await?;
    let cards = entries
        .iter()
        .zip(found)
        .flat_map(|(entry, rows)| rows.into_iter().map(|row| card(app, who, entry, row, language)).collect::<Vec<_>>());
    Ok(cards.collect())
}

fn zoom(params: &Params) -> Result<f64, Problem> {
    let Some(text) = params.get("zoom") else {
        return Ok(17.0);
    };
    text.parse::<f64>()
        .ok()
        .filter(|z| (0.0..=24.0).contains(z))
        .ok_or_else(|| Problem::invalid_parameter("zoom", "`zoom` is not a zoom of the map", "a number from 0 to 24"))
}

fn layers(app: &App, who: &Principal, params: &Params) -> Result<Vec<Arc<Entry>>, Problem> {
    let Some(ids) = params.get("layers") else {
        return Ok(app.catalogue.layers(who).into_iter().filter(|e| e.layer.visible).collect());
    };
    ids.split(',')
        .filter(|id| !id.is_empty())
        .take(64)
        .map(|id| {
            app.catalogue.layer(who, id).ok_or_else(|| {
                let known: Vec<String> = app.catalogue.layers(who).iter().map(|e| e.layer.id.to_string()).collect();
                let id: String = id.chars().take(60).collect();
                Problem::invalid_parameter("layers", format!("there is no layer `{id}`"), known)
            })
        })
        .collect()
}

/// Rows at a place: points and lines within the tolerance, areas that hold it, the nearest first.
pub(crate) async fn find(
    app: &App,
    who: &Principal,
    entry: &Entry,
    (point, tolerance): ([f64; 2], f64),
    time: &Filter,
) -> Result<Vec<Found>, Problem> {
    let layer = &entry.layer;
    let srid = layer.srid.postgis();
    // an area is met where it lies under the pointer, not beside it
    let tolerance = if layer.geometry.dimension() == Some(2) { 0.0 } else { tolerance };
    let mut sql = QueryBuilder::new("select fid, id, ");
    sql.push(attributes_sql(layer, who)).push(" as attributes, ");
    sql.push(format!("st_asgeojson(st_transform(case when st_npoints(geom) > {MAX_VERTICES} "));
    sql.push("then st_simplifypreservetopology(geom, 1) else geom end, 4326), 7)::jsonb as geometry, ");
    sql.push("st_distance(geom, place) as distance_m, ").push(box_sql("geom", srid));
    sql.push(" from ").push(layer.seen_by(who, "seen")).push(", (select st_transform(st_setsrid(st_makepoint(");
    sql.push_bind(point[0]).push(", ").push_bind(point[1]).push(format!("), 4326), {srid}) as place) clicked"));
    sql.push(" where geom && st_expand(place, ").push_bind(tolerance).push(") and st_dwithin(geom, place, ").push_bind(tolerance).push(")");
    if layer.geometry.dimension().is_none() {
        sql.push(" and (st_dimension(geom) < 2 or st_intersects(geom, place))");
    }
    if layer.validity {
        sql.push(" and ");
        time.write(layer.srid, &mut sql);
    }
    sql.push(" order by st_dimension(geom), distance_m, st_area(geom), fid limit ").push_bind(CARDS_A_LAYER);
    let failed = |e| Problem::database("identify", &e);
    sql.build_query_as().fetch_all(&mut *app.context.database.session(who).await.map_err(failed)?).await.map_err(failed)
}

/// A row as a card for people.
pub(crate) fn card(app: &App, who: &Principal, entry: &Entry, found: Found, language: Language) -> Value {
    let layer = &entry.layer;
    let fields: Vec<Value> = layer
        .fields
        .iter()
        .filter(|f| who.may_read_field(f))
        .filter_map(|field| {
            let value = found.attributes.get(field.name.as_str())?;
            (!value.is_null()).then(|| {
                json!({
                    "name": field.name, "label": field.label.get(language), "value": value,
                    "text": operations::value::readable(field.kind, Some(field), value, language), "unit": field.unit,
                })
            })
        })
        .collect();
    let title = title(layer, &found.id, &found.attributes, language);
    let id = percent_encoding::utf8_percent_encode(&found.id, percent_encoding::NON_ALPHANUMERIC);
    let item = app.context.public_url.link(&format!("/collections/{}/items/{id}", layer.id));
    let mut links = vec![json!({ "href": item, "rel": "item", "title": language_item(language) })];
    if let Some(page) = layer.page_of(&found.id) {
        links.push(json!({ "href": app.context.public_url.link(&page), "rel": "record", "title": language_record(language) }));
    }
    let bbox = Bbox::new(found.west, found.south, found.east, found.north).ok().map(bbox_json);
    json!({
        "layer": layer.id, "id": found.id, "fid": found.fid, "title": title,
        "distance_m": (found.distance_m * 100.0).round() / 100.0, "bbox": bbox, "geometry": found.geometry, "fields": fields,
        "links": links,
    })
}

fn language_record(language: Language) -> &'static str {
    match language {
        Language::It => "Pagina della pratica",
        Language::En => "Record page",
    }
}

fn language_item(language: Language) -> &'static str {
    match language {
        Language::It => "Scheda completa",
        Language::En => "Full record",
    }
}
