//! `GET /api`: the description of this API, made from the catalogue (OGC API Features, 7.3 and 9): OpenAPI 3.0, since that is
//! what its clients and its conformance suite read, with a concrete path for each collection.

mod components;
mod parameters;
mod writing;

use axum::response::Response;
use kernel::{Language, Layer, Principal, Problem};
use serde_json::{Map, Value, json};

use crate::links::media;
use crate::{App, html, reply};
use components::{error, reference, response};
use operations::{Format, Request};

pub(crate) async fn handler(app: App, request: Request) -> Result<Response, Problem> {
    request.only(&[])?;
    let entries = app.catalogue.layers(&request.who);
    let layers: Vec<&Layer> = entries.iter().map(|e| &*e.layer).collect();
    let installation = &app.context.installation;
    let about = About {
        title: installation.title.get(request.language),
        description: crate::landing::description(request.language),
        server: app.context.public_url.to_string(),
        language: request.language,
    };
    let document = document(&about, &layers, &request.who);
    Ok(match request.format {
        Format::Json => reply::json(&document, media::OPENAPI, request.language),
        Format::Html => html::api::page(&app, &request, &document),
    })
}

/// What the document says of the service as a whole.
struct About<'a> {
    title: &'a str,
    description: &'a str,
    /// The absolute public address.
    server: String,
    language: Language,
}

fn document(about: &About<'_>, layers: &[&Layer], who: &Principal) -> Value {
    let en = about.language == Language::En;
    let mut paths = Map::new();
    let mut put = |path: String, operation: Value| paths.insert(path, json!({ "get": operation }));
    let common = || vec![reference("parameters", "f"), reference("parameters", "lang")];
    let simple = |id: &str, summary: &str, schema: &str, kind: &str| {
        operation(id, "service", summary, common(), &response(summary, kind, reference("schemas", schema)), &["400", "500"])
    };
    put("/".to_owned(), simple("getLandingPage", if en { "Landing page" } else { "Pagina iniziale" }, "landingPage", media::JSON));
    put(
        "/conformance".to_owned(),
        simple("getConformance", if en { "Conformance classes" } else { "Classi di conformità" }, "conformance", media::JSON),
    );
    put("/api".to_owned(), simple("getApi", if en { "This document" } else { "Questo documento" }, "object", media::OPENAPI));
    put(
        "/collections".to_owned(),
        simple("getCollections", if en { "All collections" } else { "Tutte le collezioni" }, "collections", media::JSON),
    );
    for layer in layers {
        for (path, operation) in collection_paths(layer, who, about.language) {
            put(path, operation);
        }
    }
    let edited: Vec<&&Layer> = layers.iter().filter(|layer| who.may_edit(layer) && layer.takes_features()).collect();
    for (path, method, operation) in edited.iter().flat_map(|layer| writing::operations(layer, about.language)) {
        let at = paths.entry(path).or_insert_with(|| json!({}));
        at[method] = operation;
    }
    if !edited.is_empty() {
        paths.insert("/transactions".to_owned(), json!({ "post": writing::transactions(about.language) }));
    }
    json!({
        "openapi": "3.0.3",
        "info": { "title": about.title, "description": about.description, "version": env!("CARGO_PKG_VERSION"),
                  "license": { "name": "EUPL-1.2", "url": "https://eupl.eu/1.2/" } },
        "servers": [{ "url": about.server }],
        "tags": tags(layers, about.language),
        "paths": paths,
        "components": components::components(),
    })
}

fn tags(layers: &[&Layer], language: Language) -> Vec<Value> {
    let service = if language == Language::En { "What this service is and has" } else { "Che cos'è e che cosa ha questo servizio" };
    let mut tags = vec![json!({ "name": "service", "description": service })];
    tags.extend(layers.iter().map(|l| json!({ "name": l.id, "description": l.title.get(language) })));
    tags
}

fn collection_paths(layer: &Layer, who: &Principal, language: Language) -> Vec<(String, Value)> {
    let (id, title, en) = (&layer.id, layer.title.get(language), language == Language::En);
    let base = format!("/collections/{id}");
    let name = |prefix: &str, suffix: &str| format!("{prefix}{}{suffix}", camel(id.as_str()));
    let common = || vec![reference("parameters", "f"), reference("parameters", "lang")];
    let about = |operation_id: String, what: &str, schema: &str, kind: &str| {
        let summary = format!("{title}: {what}");
        operation(
            &operation_id,
            id.as_str(),
            &summary,
            common(),
            &response(&summary, kind, reference("schemas", schema)),
            &["400", "404", "500"],
        )
    };
    let mut item_parameters = vec![reference("parameters", "featureId"), parameters::datetime(), reference("parameters", "crs")];
    item_parameters.extend(common());
    let (items, item) = if en { ("features", "one feature") } else { ("elementi", "un elemento") };
    vec![
        (base.clone(), about(name("describe", ""), if en { "description" } else { "descrizione" }, "collection", media::JSON)),
        (
            format!("{base}/items"),
            operation(
                &name("get", "Features"),
                id.as_str(),
                &format!("{title}: {items}"),
                parameters::items(layer, who, language),
                &components::geojson_response(&format!("{title}: {items}"), "featureCollectionGeoJSON"),
                &["400", "404", "500", "503"],
            ),
        ),
        (
            format!("{base}/items/{{featureId}}"),
            operation(
                &name("get", "Feature"),
                id.as_str(),
                &format!("{title}: {item}"),
                item_parameters,
                &components::geojson_response(&format!("{title}: {item}"), "featureGeoJSON"),
                &["304", "400", "404", "500", "503"],
            ),
        ),
        (
            format!("{base}/queryables"),
            about(
                name("get", "Queryables"),
                if en { "what can be asked by" } else { "per che cosa si può filtrare" },
                "object",
                media::SCHEMA,
            ),
        ),
        (
            format!("{base}/sortables"),
            about(
                name("get", "Sortables"),
                if en { "what can be sorted by" } else { "per che cosa si può ordinare" },
                "object",
                media::SCHEMA,
            ),
        ),
        (format!("{base}/schema"), about(name("get", "Schema"), "schema", "object", media::SCHEMA)),
    ]
}

fn operation(id: &str, tag: &str, summary: &str, parameters: Vec<Value>, ok: &Value, others: &[&str]) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), ok.clone());
    for status in others {
        responses.insert((*status).to_owned(), error(status));
    }
    json!({ "operationId": id, "tags": [tag], "summary": summary, "parameters": parameters, "responses": responses })
}

/// `house_numbers` as `HouseNumbers`.
fn camel(name: &str) -> String {
    let capital = |word: &str| word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect::<String>();
    name.split('_').map(capital).collect()
}

#[cfg(test)]
mod tests {
    use super::{About, document};
    use crate::testing::parcels;
    use kernel::{Language, Layer, Principal};
    use serde_json::Value;

    fn api() -> Value {
        let about = About { title: "SIT", description: "", server: "https://sit.example.it/gis".to_owned(), language: Language::En };
        document(&about, &[&parcels()], &Principal::anonymous())
    }

    #[test]
    fn every_reference_leads_somewhere() {
        walk(&api(), &api());
    }

    #[test]
    fn items_have_a_concrete_path_with_every_parameter() {
        let api = api();
        assert_eq!(api["openapi"], "3.0.3");
        assert_eq!(api["servers"][0]["url"], "https://sit.example.it/gis");
        let parameters = api["paths"]["/collections/parcels/items"]["get"]["parameters"].as_array().unwrap();
        let resolved: Vec<&Value> = parameters
            .iter()
            .map(|p| p.get("$ref").and_then(Value::as_str).map_or(p, |r| api.pointer(r.strip_prefix('#').unwrap()).unwrap()))
            .collect();
        let names: Vec<&str> = resolved.iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(
            names,
            [
                "limit",
                "bbox",
                "bbox-crs",
                "datetime",
                "crs",
                "filter",
                "filter-lang",
                "filter-crs",
                "properties",
                "sortby",
                "cursor",
                "sheet",
                "kind",
                "updated_on",
                "comune",
                "f",
                "lang"
            ]
        );
        assert!(resolved.iter().all(|p| p["style"] == "form" && p["explode"] == false && p["required"] == false && p["in"] == "query"));
        let limit = &resolved[0]["schema"];
        assert_eq!(
            (&limit["type"], &limit["minimum"], &limit["maximum"], &limit["default"]),
            (&"integer".into(), &1.into(), &10_000.into(), &1_000.into())
        );
        assert_eq!(resolved[1]["schema"]["maxItems"], 6);
    }

    #[test]
    fn who_edits_a_layer_is_told_how() {
        let layer = Layer { editors: vec![kernel::Role::Officer], ..parcels() };
        let about = About { title: "SIT", description: "", server: "https://sit.example.it".to_owned(), language: Language::En };
        let id = uuid::Uuid::nil();
        let officer = Principal::known(kernel::Role::Officer, id, "Ada", kernel::Assurance::Low);
        let methods = |who: &Principal, path: &str| {
            let api = document(&about, &[&layer], who);
            let all = api["paths"][path].as_object().cloned().unwrap_or_default();
            all.keys().cloned().collect::<Vec<_>>().join(" ")
        };
        let item = "/collections/parcels/items/{featureId}";
        assert_eq!(methods(&officer, item), "get put patch delete");
        assert_eq!(methods(&officer, "/collections/parcels/items"), "get post");
        assert_eq!(methods(&officer, "/transactions"), "post");
        assert_eq!(methods(&Principal::anonymous(), item), "get");
        assert_eq!(methods(&Principal::anonymous(), "/transactions"), "");
        walk(&document(&about, &[&layer], &officer), &document(&about, &[&layer], &officer));
    }

    fn walk(value: &Value, root: &Value) {
        if let Some(target) = value.get("$ref").and_then(Value::as_str) {
            let pointer = target.strip_prefix('#').expect("no remote reference");
            assert!(root.pointer(pointer).is_some(), "{target} leads nowhere");
        }
        match value {
            Value::Object(members) => members.values().for_each(|v| walk(v, root)),
            Value::Array(elements) => elements.iter().for_each(|v| walk(v, root)),
            _ => {}
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let api = api();
        let mut names: Vec<&str> = api["paths"].as_object().unwrap().values().map(|p| p["get"]["operationId"].as_str().unwrap()).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        assert!(names.contains(&"getParcelsFeatures"), "{names:?}");
    }
}
