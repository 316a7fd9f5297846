use kernel::filter::FilterLanguage;
use kernel::{Language, Layer, Principal};
use serde_json::{Map, Value, json};

use super::components::reference;
use crate::fields::{Property, properties, queryables, sortables};
use crate::items::cursor;
use crate::items::query::{DEFAULT_LIMIT, MAX_LIMIT, uris};
use crate::items::sort::MAX_KEYS;
use crate::schema::value_schema;

/// The parameters of a collection's items, in order. `limit`, `bbox` and `datetime` are written out on each path, where
/// QGIS and the conformance suite look for them.
pub(super) fn items(layer: &Layer, who: &Principal, language: Language) -> Vec<Value> {
    let mut parameters = vec![limit(), bbox(), reference("parameters", "bbox-crs"), datetime(), reference("parameters", "crs")];
    parameters.extend([reference("parameters", "filter"), filter_lang(), reference("parameters", "filter-crs"), chosen(layer, who)]);
    parameters.extend(sortby(layer, who));
    parameters.push(reference("parameters", "cursor"));
    parameters.extend(queryables(layer, who).iter().map(|q| by_value(q, language)));
    parameters.extend([reference("parameters", "f"), reference("parameters", "lang")]);
    parameters
}

/// Those that are the same everywhere.
pub(super) fn shared() -> Value {
    let mut all = Map::new();
    let uri = || json!({ "type": "string", "format": "uri", "default": "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "enum": uris() });
    all.insert("bbox-crs".to_owned(), query("bbox-crs", "The coordinate system of `bbox`.", &uri()));
    let filter = "A condition in CQL2 over the queryables of the collection: `sheet = 12 AND kind IN ('land', 'water')`.";
    all.insert("filter".to_owned(), query("filter", filter, &json!({ "type": "string", "maxLength": 16_384 })));
    let in_crs = "The coordinate system of the geometries in `filter`, in its authority's axis order.";
    all.insert("filter-crs".to_owned(), query("filter-crs", in_crs, &uri()));
    all.insert("crs".to_owned(), query("crs", "The coordinate system of the answer, in its authority's axis order.", &uri()));
    let text = json!({ "type": "string", "maxLength": cursor::MAX_BYTES });
    all.insert("cursor".to_owned(), query("cursor", "Where a page lies. Taken from a `next` or `prev` link, never made up.", &text));
    all.insert(
        "f".to_owned(),
        query("f", "The form of the answer, instead of the `Accept` header.", &json!({ "type": "string", "enum": ["json", "html"] })),
    );
    all.insert(
        "lang".to_owned(),
        query("lang", "The language of titles, instead of `Accept-Language`.", &json!({ "type": "string", "enum": ["it", "en"] })),
    );
    let feature_id = json!({
        "name": "featureId", "in": "path", "required": true, "description": "The public id of a feature.",
        "schema": { "type": "string", "maxLength": 1000 },
    });
    all.insert("featureId".to_owned(), feature_id);
    all.extend(super::writing::headers());
    Value::Object(all)
}

fn query(name: &str, description: &str, schema: &Value) -> Value {
    json!({
        "name": name, "in": "query", "description": description, "required": false,
        "schema": schema, "style": "form", "explode": false,
    })
}

fn limit() -> Value {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT });
    query("limit", "How many features a page has at most.", &schema)
}

fn bbox() -> Value {
    // The standard's own fragment is `oneOf` four and six; OpenAPI 3.0 readers manage these two bounds better.
    let schema = json!({ "type": "array", "minItems": 4, "maxItems": 6, "items": { "type": "number" } });
    query("bbox", "Features that share a point with this rectangle: four numbers, or six with heights, which are not looked at.", &schema)
}

pub(super) fn datetime() -> Value {
    let description = "Features valid at an instant or during an interval, open with `..`. Without it: valid now. A collection without validity takes it and has the same features at any time.";
    query("datetime", description, &json!({ "type": "string" }))
}

/// `filter-lang`, which GDAL looks for on each path.
fn filter_lang() -> Value {
    let names = FilterLanguage::ALL.map(FilterLanguage::name);
    let schema = json!({ "type": "string", "enum": names, "default": FilterLanguage::Text.name() });
    query("filter-lang", "What `filter` is written in. `cql-text` is CQL2 text as GDAL sends it, with `ILIKE`.", &schema)
}

/// `properties`: which of them features have.
fn chosen(layer: &Layer, who: &Principal) -> Value {
    let names: Vec<&str> = std::iter::once("id").chain(properties(layer, who).iter().map(|p| p.name)).collect();
    let schema = json!({ "type": "array", "minItems": 1, "items": { "type": "string", "enum": names } });
    query("properties", "The properties that features have; without it, all.", &schema)
}

/// `sortby`, where there is something to sort by.
fn sortby(layer: &Layer, who: &Principal) -> Option<Value> {
    let names: Vec<&str> = sortables(layer, who).iter().map(|s| s.name).collect();
    let written: Vec<String> = names.iter().flat_map(|n| ["", "+", "-"].map(|sign| format!("{sign}{n}"))).collect();
    let items = json!({ "type": "string", "enum": written });
    let schema = json!({ "type": "array", "minItems": 1, "maxItems": MAX_KEYS, "items": items });
    let description = "In which order: names of fields, the first weighing most, each after `-` for descending. Features without a value come last. A `+` is written `%2B` in an address, or left out.";
    (!names.is_empty()).then(|| query("sortby", description, &schema))
}

fn by_value(property: &Property<'_>, language: Language) -> Value {
    query(property.name, property.label.get(language), &value_schema(property, language))
}
