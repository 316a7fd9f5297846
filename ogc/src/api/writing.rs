use kernel::{Language, Layer};
use serde_json::{Map, Value, json};

use super::components::{error, reference};
use crate::links::media;
use crate::write::{MAX_CHANGES, PATCH};

/// What those who edit a layer do at its addresses: path, method, operation.
pub(super) fn operations(layer: &Layer, language: Language) -> Vec<(String, &'static str, Value)> {
    let (id, title, en) = (layer.id.as_str(), layer.title.get(language), language == Language::En);
    let name = |verb: &str| format!("{verb}{}Feature", super::camel(id));
    let (items, item) = (format!("/collections/{id}/items"), format!("/collections/{id}/items/{{featureId}}"));
    let about = |verb: &str, what: [&str; 2], parameters: &[&str], body: Option<Value>, ok: (&str, Value)| {
        let summary = format!("{title}: {}", if en { what[1] } else { what[0] });
        let parameters = parameters.iter().map(|p| reference("parameters", p)).collect();
        operation(&name(verb), id, &summary, parameters, body, ok)
    };
    let feature = |summary: &str| {
        let mut response = super::components::geojson_response(summary, "featureGeoJSON");
        for header in ["ETag", "Change-Position"] {
            response["headers"][header] = json!({ "schema": { "type": "string" } });
        }
        response
    };
    let nothing = json!({ "description": "Done.", "headers": { "Change-Position": { "schema": { "type": "string" } } } });
    let new = ["Content-Crs", "crs", "Change-Reason", "Idempotency-Key"];
    let known = ["featureId", "If-Match", "Content-Crs", "crs", "Change-Reason", "Idempotency-Key"];
    let bare = ["featureId", "If-Match", "Change-Reason", "Idempotency-Key"];
    let made = feature("The feature as it is now.");
    let restore = format!("{item}/history/{{version}}/restore");
    let version = json!({ "name": "version", "in": "path", "required": true, "schema": { "type": "integer" } });
    let mut back = about(
        "restore",
        ["com'era", "as it was"],
        &["featureId", "If-Match", "If-None-Match", "Change-Reason"],
        None,
        ("200", made.clone()),
    );
    if let Some(parameters) = back["parameters"].as_array_mut() {
        parameters.insert(1, version);
    }
    let history =
        json!({ "description": "`versions`, newest first.", "content": { media::JSON: { "schema": reference("schemas", "object") } } });
    vec![
        (items, "post", about("create", ["nuovo elemento", "a new feature"], &new, Some(whole()), ("201", made.clone()))),
        (item.clone(), "put", about("replace", ["sostituzione", "replacement"], &known, Some(whole()), ("200", made.clone()))),
        (item.clone(), "patch", about("update", ["modifica", "change"], &known, Some(part()), ("200", made))),
        (item.clone(), "delete", about("delete", ["eliminazione", "deletion"], &bare, None, ("204", nothing))),
        (format!("{item}/history"), "get", about("getHistoryOf", ["storia", "history"], &["featureId"], None, ("200", history))),
        (restore, "post", back),
    ]
}

/// Several changes at a time.
pub(super) fn transactions(language: Language) -> Value {
    let summary = if language == Language::En { "Several changes, all or none" } else { "Più modifiche insieme, o tutte o nessuna" };
    let change = json!({
        "type": "object", "required": ["op", "collection"],
        "properties": {
            "op": { "type": "string", "enum": ["create", "replace", "update", "delete"] }, "collection": { "type": "string" }, "id": { "type": "string" },
            "if_match": { "description": "The feature's entity tag, as in `If-Match`.", "type": "string" }, "feature": { "type": "object" },
        },
    });
    let document = json!({
        "type": "object", "required": ["changes"],
        "properties": { "reason": { "type": "string", "maxLength": 500 }, "changes": { "type": "array", "minItems": 1, "maxItems": MAX_CHANGES, "items": change } },
    });
    let body = json!({ "required": true, "content": { media::JSON: { "schema": document } } });
    let done = json!({ "description": "`position` and `results` (op, collection, id, etag), in order.", "content": { media::JSON: { "schema": reference("schemas", "object") } } });
    let parameters = ["Content-Crs", "Change-Reason", "Idempotency-Key"].map(|p| reference("parameters", p)).to_vec();
    operation("changeFeatures", "service", summary, parameters, Some(body), ("200", done))
}

fn operation(id: &str, tag: &str, summary: &str, parameters: Vec<Value>, body: Option<Value>, (status, ok): (&str, Value)) -> Value {
    let mut responses = Map::new();
    responses.insert(status.to_owned(), ok);
    for status in ["400", "403", "404", "409", "412", "413", "415", "422", "428", "500", "503"] {
        responses.insert(status.to_owned(), error(status));
    }
    let mut operation = json!({ "operationId": id, "tags": [tag], "summary": summary, "parameters": parameters });
    if let Some(body) = body {
        operation["requestBody"] = body;
    }
    operation["responses"] = responses.into();
    operation
}

fn whole() -> Value {
    let content = [media::GEOJSON, media::JSON].map(|kind| (kind.to_owned(), json!({ "schema": reference("schemas", "featureGeoJSON") })));
    json!({ "required": true, "content": Map::from_iter(content) })
}

fn part() -> Value {
    let content = PATCH.map(|kind| (kind.to_owned(), json!({ "schema": reference("schemas", "object") })));
    json!({ "required": true, "content": Map::from_iter(content) })
}

/// The headers of requests that change something.
pub(super) fn headers() -> Vec<(String, Value)> {
    let header = |name: &str, description: &str, schema: Value| {
        (name.to_owned(), json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema }))
    };
    let text = || json!({ "type": "string" });
    vec![
        header("If-Match", "The `ETag` of the state that is meant. Needed, but from programs that come with a key.", text()),
        header("If-None-Match", "`*`, to make a feature again that was deleted.", text()),
        header("Content-Crs", "The coordinate system of the positions sent, in angle brackets; CRS84 without.", text()),
        header("Change-Reason", "Why, percent-encoded; it is kept in the history.", json!({ "type": "string", "maxLength": 1500 })),
        header(
            "Idempotency-Key",
            "Makes it safe to send the same again within a day: it is done once, and answered alike.",
            json!({ "type": "string", "maxLength": 64 }),
        ),
    ]
}
