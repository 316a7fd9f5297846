use serde_json::{Value, json};

use super::parameters;
use crate::links::media;

/// A reference into [`components`].
pub(super) fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}

/// A good answer, in JSON and as a page.
pub(super) fn response(description: &str, kind: &str, schema: Value) -> Value {
    let mut content = serde_json::Map::new();
    content.insert(kind.to_owned(), json!({ "schema": schema }));
    content.insert(media::HTML.to_owned(), json!({ "schema": { "type": "string" } }));
    json!({ "description": description, "content": content })
}

/// A good answer with features.
pub(super) fn geojson_response(description: &str, schema: &str) -> Value {
    let mut response = response(description, media::GEOJSON, reference("schemas", schema));
    response["headers"] = json!({
        "Content-Crs": { "description": "The coordinate system of the features, in angle brackets.", "schema": { "type": "string" } },
        "Link": { "description": "The document's links.", "schema": { "type": "string" } },
    });
    response
}

/// An answer that is not the one asked for.
pub(super) fn error(status: &str) -> Value {
    if status == "304" { reference("responses", "notModified") } else { reference("responses", &format!("problem{status}")) }
}

fn problem(description: &str) -> Value {
    json!({ "description": description, "content": { "application/problem+json": { "schema": reference("schemas", "problem") } } })
}

/// Parameters, answers and shapes that the paths refer to.
pub(super) fn components() -> Value {
    json!({
        "parameters": parameters::shared(),
        "responses": {
            "notModified": { "description": "The client has this version already." },
            "problem400": problem("A parameter is unknown or has a value that it can't have."),
            "problem403": problem("It may be read, but not changed, by who asks."),
            "problem404": problem("There is nothing at this address."),
            "problem409": problem("It does not fit what is there."),
            "problem412": problem("Somebody else changed the feature meanwhile: `current` is how it is now, `etag` its tag."),
            "problem413": problem("The body is larger, or has more positions, than is taken."),
            "problem415": problem("The body is of a media type that is not taken."),
            "problem422": problem("The layer can't hold the feature: `errors` names each property, and places in the geometry."),
            "problem428": problem("`If-Match` is missing."),
            "problem500": problem("The server failed."),
            "problem503": problem("The service is not available now; `Retry-After` says when to try again."),
        },
        "schemas": schemas(),
    })
}

fn schemas() -> Value {
    let link = reference("schemas", "link");
    let links = json!({ "type": "array", "items": link });
    let text = json!({ "type": "string" });
    json!({
        "object": { "type": "object" },
        "link": {
            "type": "object",
            "required": ["href", "rel"],
            "properties": { "href": text, "rel": text, "type": text, "title": text },
        },
        "landingPage": {
            "type": "object",
            "required": ["links"],
            "properties": { "title": text, "description": text, "links": links },
        },
        "conformance": {
            "type": "object",
            "required": ["conformsTo"],
            "properties": { "conformsTo": { "type": "array", "items": text }, "links": links },
        },
        "collections": {
            "type": "object",
            "required": ["links", "collections"],
            "properties": {
                "links": links,
                "crs": { "type": "array", "items": text },
                "collections": { "type": "array", "items": reference("schemas", "collection") },
            },
        },
        "collection": {
            "type": "object",
            "required": ["id", "links"],
            "properties": {
                "id": text, "title": text, "description": text, "attribution": text, "license": text, "links": links,
                "itemType": text, "crs": { "type": "array", "items": text }, "storageCrs": text, "extent": { "type": "object" },
            },
        },
        "featureCollectionGeoJSON": {
            "type": "object",
            "required": ["type", "features"],
            "properties": {
                "type": { "type": "string", "enum": ["FeatureCollection"] },
                "features": { "type": "array", "items": reference("schemas", "featureGeoJSON") },
                "links": links,
                "timeStamp": { "type": "string", "format": "date-time" },
                "numberMatched": { "type": "integer", "minimum": 0 },
                "numberReturned": { "type": "integer", "minimum": 0 },
            },
        },
        "featureGeoJSON": {
            "type": "object",
            "required": ["type", "geometry", "properties"],
            "properties": {
                "type": { "type": "string", "enum": ["Feature"] },
                "id": text,
                "geometry": { "type": "object", "nullable": true, "required": ["type"], "properties": { "type": text } },
                "properties": { "type": "object", "nullable": true },
                "links": links,
            },
        },
        "problem": {
            "type": "object",
            "required": ["type", "title", "status", "detail"],
            "properties": {
                "type": text, "title": text, "status": { "type": "integer" }, "detail": text, "parameter": text,
                "allowed": { "description": "What the parameter can have: a sentence, or the list." },
            },
        },
    })
}
