//! `GET /portal/catalogue.json`: what the portal needs to know before its first map.

use axum::extract::State;
use axum::{Extension, Json};
use kernel::{Bbox, Params, Principal, Problem, PublicUrl, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::FromRow;

use crate::query::bbox_json;
use crate::{App, Damage, Entry};

/// What configuration says of the portal.
#[derive(Clone, Debug, Default)]
pub struct PortalSettings {
    /// The program's version.
    pub version: String,
    /// Base maps to choose from; "none" is always there.
    pub base_maps: Vec<BaseMap>,
    /// The modules in the order of the layer tree, with their titles.
    pub groups: Vec<(String, Text)>,
    /// The systems that coordinates are shown in: crate `crs`'s register as JSON.
    pub systems: Vec<Value>,
}

/// A base map under the layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BaseMap {
    /// Its name in permalinks.
    pub id: String,
    /// Its name for people.
    pub title: Text,
    /// How it is fetched.
    pub kind: BaseMapKind,
    /// Address of the archive, tile template or service; one that begins with `/` is ours.
    pub url: String,
    /// The layers of a WMS, separated by commas.
    #[serde(default)]
    pub layers: String,
    /// Who must be named.
    #[serde(default)]
    pub attribution: String,
}

impl BaseMap {
    /// With its whole address.
    fn seen_from(self, public_url: &PublicUrl) -> Self {
        let url = if self.url.starts_with('/') { public_url.link(&self.url) } else { self.url };
        Self { url, ..self }
    }
}

/// How a base map is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BaseMapKind {
    /// A PMTiles archive, vector or raster.
    Pmtiles,
    /// Raster tiles, `{z}/{x}/{y}`.
    Xyz,
    /// A WMS 1.3.0 in EPSG:3857.
    Wms,
}

#[derive(FromRow)]
struct Comune {
    istat: String,
    catasto: Option<String>,
    name: String,
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

/// What the portal needs to know before its first map: layers, fields, comuni, systems, base maps.
#[utoipa::path(
    get,
    path = "/portal/catalogue.json",
    tag = "catalogue",
    responses((status = 200, description = "The catalogue as the portal reads it", content_type = "application/json"))
)]
pub(crate) async fn handler(
    State(app): State<App>,
    stated: Option<Extension<PublicUrl>>,
    who: Principal,
    params: Params,
) -> Result<Json<Value>, Problem> {
    params.only(&[])?;
    let installation = &app.context.installation;
    let failed = |e| Problem::database("portal catalogue", &e);
    let mut session = app.context.database.session(&who).await.map_err(failed)?;
    let comuni: Vec<Comune> = sqlx::query_as(
        "select istat, catasto, name, st_xmin(box) as west, st_ymin(box) as south, st_xmax(box) as east, st_ymax(box) as north
           from territory.v_comuni cross join lateral (select st_transform(st_envelope(geom), 4326) as box) boxes
          order by name",
    )
    .fetch_all(&mut *session)
    .await
    .map_err(failed)?;
    drop(session);
    let comuni: Vec<Value> = comuni
        .into_iter()
        .filter_map(|c| {
            let bbox = Bbox::new(c.west, c.south, c.east, c.north).ok()?;
            Some(json!({ "istat": c.istat, "catasto": c.catasto, "name": c.name, "bbox": bbox_json(bbox) }))
        })
        .collect();
    let entries = app.catalogue.layers(&who);
    let groups: Vec<Value> = app
        .portal
        .groups
        .iter()
        .filter(|(id, _)| entries.iter().any(|e| e.layer.module == *id))
        .map(|(id, title)| json!({ "id": id, "title": title }))
        .collect();
    let public_url = stated.map_or_else(|| app.context.public_url.clone(), |Extension(url)| url);
    let base_maps: Vec<BaseMap> = app.portal.base_maps.iter().cloned().map(|map| map.seen_from(&public_url)).collect();
    Ok(Json(json!({
        "title": installation.title,
        "demo": installation.demo,
        "version": app.portal.version,
        "bbox": bbox_json(installation.bbox),
        "storage_crs": installation.storage_crs.to_string(),
        "comuni": comuni,
        "crs": app.portal.systems,
        "basemaps": base_maps,
        "groups": groups,
        "layers": entries.iter().map(|e| layer(e, &who)).collect::<Vec<_>>(),
    })))
}

fn layer(entry: &Entry, who: &Principal) -> Value {
    let layer = &entry.layer;
    let fields: Vec<_> = layer.fields.iter().filter(|f| who.may_read_field(f)).collect();
    // what staff would see besides if they said what for: its name, so that they can be asked
    let personal: Vec<_> = layer.fields.iter().filter(|f| f.personal && who.is_staff() && !who.may_read_field(f)).collect();
    json!({
        "id": layer.id, "group": layer.module, "title": layer.title, "description": layer.description,
        "geometry": layer.geometry.family(), "geometry_type": layer.geometry, "audience": layer.audience, "draft": layer.draft, "editable": who.may_edit(layer) && layer.takes_features(),
        "operable": who.may_edit(layer) && !layer.takes_features(), "page": layer.page,
        "minzoom": layer.zoom.0, "maxzoom": layer.zoom.1, "visible": layer.visible,
        "count": entry.rows_for(who), "bbox": entry.bbox_for(who).map(bbox_json), "label_field": layer.label, "row_title": layer.row_title, "base": layer.base, "validity": layer.validity,
        "licence": layer.licence, "attribution": layer.attribution, "source_date": layer.source_date,
        "accuracy_m": layer.accuracy.as_ref().map(|a| a.metres),
        "crs_note": layer.accuracy.as_ref().map(|a| &a.source),
        "fields": fields, "personal": personal, "damage": entry.damage.as_ref().map(Damage::told),
    })
}
