//! `GET /collections` and `/collections/{id}`: what there is (OGC API Features, 7.13 and 7.14; part 2, 6.1).

use axum::response::Response;
use catalogue::Entry;
use crs::{Crs, Transformer};
use kernel::{Bbox, Language, Principal, Problem, Srid};
use serde_json::{Map, Value, json};

use crate::items::query::uris;
use crate::links::{Link, media};
use crate::{App, CollectionPath, html, reply};
use operations::{Format, Request};

/// All collections that the principal may see.
pub(crate) async fn list(app: App, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let entries = app.catalogue.layers(&request.who);
    Ok(match request.format {
        Format::Html => html::collections::page(&app, &request, &entries),
        Format::Json => {
            let collections: Vec<Value> = entries.iter().map(|e| document(&app, &request, e)).collect();
            let document = json!({ "links": app.twins("/collections", &request), "crs": uris(), "collections": collections });
            reply::json(&document, media::JSON, request.language)
        }
    })
}

/// One collection.
pub(crate) async fn get(app: App, path: CollectionPath, request: Request) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, &path.collection)?;
    request.only(&[])?;
    Ok(match request.format {
        Format::Html => html::collection::page(&app, &request, &entry, &systems(&app, &entry, request.language)),
        Format::Json => reply::json(&document(&app, &request, &entry), media::JSON, request.language),
    })
}

fn document(app: &App, request: &Request, entry: &Entry) -> Value {
    let (layer, language) = (&entry.layer, request.language);
    let mut document = Map::new();
    let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
    put("id", json!(layer.id));
    put("title", layer.title.get(language).into());
    put("description", layer.description.get(language).into());
    if let Some(attribution) = &layer.attribution {
        put("attribution", attribution.as_str().into());
    }
    if let Some(licence) = &layer.licence {
        put("license", licence.as_str().into());
    }
    if let Some(date) = layer.source_date {
        put("sourceDate", date.to_string().into());
    }
    put("itemType", "feature".into());
    if request.who.may_edit(layer) && layer.takes_features() {
        put("editable", true.into());
    }
    put(
        "extent",
        json!({ "spatial": { "bbox": [bbox(app, &request.who, entry)], "crs": Srid::CRS84.uri() }, "temporal": temporal(entry) }),
    );
    put("crs", uris().into());
    put("storageCrs", layer.srid.uri().into());
    if let Some(accuracy) = &layer.accuracy {
        put("accuracy", json!({ "metres": accuracy.metres, "source": accuracy.source.get(language) }));
    }
    put("crsDetails", systems(app, entry, language).into());
    put("links", json!(links(app, request, entry)));
    Value::Object(document)
}

/// How much wider than its rows a collection says to be, by its longer side.
const MARGIN: f64 = 0.1;

/// The layer's rectangle, or the installation's while it is empty or has rows that they do not see; degrees, rounded outwards to a millimetre's worth.
///
/// It is wider than the rows need: clients and conformance suites bring two of its corners to another system and expect the
/// rectangle between them to hold everything, though grids are turned against meridians: by 4 degrees in Reggio Calabria, if
/// the system is that of zone 32.
fn bbox(app: &App, who: &Principal, entry: &Entry) -> [f64; 4] {
    let bbox: Bbox = entry.bbox_for(who).unwrap_or(app.context.installation.bbox);
    let bbox = bbox.widened(MARGIN * bbox.width().max(bbox.height()));
    let [west, south, east, north] = <[f64; 4]>::from(bbox).map(|side| side * 1e8);
    let [west, south, east, north] = [west.floor(), south.floor(), east.ceil(), north.ceil()].map(|side| side / 1e8);
    [west.max(-180.0), south.max(-90.0), east.min(180.0), north.min(90.0)]
}

/// Open on both sides: validity may begin at any time and mostly ends at none.
fn temporal(entry: &Entry) -> Value {
    let trs = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian";
    if entry.layer.validity { json!({ "interval": [[null, null]], "trs": trs }) } else { json!({ "interval": [[null, null]] }) }
}

/// Every system that items come in, with its name, axes, and what the way from storage costs in accuracy.
pub(crate) fn systems(app: &App, entry: &Entry, language: Language) -> Vec<Value> {
    crs::all().iter().filter_map(|system| describe(app, entry, system, language)).collect()
}

fn describe(app: &App, entry: &Entry, system: &'static Crs, language: Language) -> Option<Value> {
    let transformer = Transformer::new(entry.layer.srid, system.srid(), &app.settings).ok()?;
    let accuracy = transformer.accuracy();
    Some(json!({
        "crs": system.srid().uri(),
        "code": system.srid().to_string(),
        "title": system.title(),
        "axes": system.axes(),
        "unit": system.unit().name(),
        "accuracyMetres": accuracy.metres,
        "accuracySource": accuracy.source.get(language),
    }))
}

fn links(app: &App, request: &Request, entry: &Entry) -> Vec<Link> {
    let (layer, en) = (&entry.layer, request.language == Language::En);
    let path = format!("/collections/{}", layer.id);
    let url = |tail: &str| app.context.public_url.link(&format!("{path}{tail}"));
    let mut links = app.twins(&path, request);
    links.extend([
        Link::new(url("/items"), "items", media::GEOJSON, if en { "Features as GeoJSON" } else { "Elementi in GeoJSON" }),
        Link::new(url("/items?f=html"), "items", media::HTML, if en { "Features as a page" } else { "Elementi come pagina" }),
        Link::new(
            url("/queryables"),
            "http://www.opengis.net/def/rel/ogc/1.0/queryables",
            media::SCHEMA,
            if en { "What can be asked by" } else { "Per che cosa si può filtrare" },
        ),
        Link::new(
            url("/sortables"),
            "http://www.opengis.net/def/rel/ogc/1.0/sortables",
            media::SCHEMA,
            if en { "What can be sorted by" } else { "Per che cosa si può ordinare" },
        ),
        Link::new(
            url("/schema"),
            "http://www.opengis.net/def/rel/ogc/1.0/schema",
            media::SCHEMA,
            if en { "Schema of the features" } else { "Schema degli elementi" },
        ),
        Link::new(app.context.public_url.link(&format!("/xyz/{}", layer.id)), "related", media::JSON, "TileJSON"),
        Link::new(
            app.context.public_url.link(&format!("/styles/{}.json", layer.id)),
            "related",
            media::JSON,
            if en { "Map style" } else { "Stile di mappa" },
        ),
    ]);
    if let Some(licence) = &layer.licence {
        links.push(Link::new(licence_url(licence), "license", media::HTML, licence));
    }
    links
}

/// A licence's address, also of one that is named by its SPDX identifier.
fn licence_url(licence: &str) -> String {
    if licence.starts_with("https://") || licence.starts_with("http://") {
        licence.to_owned()
    } else {
        format!("https://spdx.org/licenses/{}.html", crate::links::encode(licence))
    }
}
