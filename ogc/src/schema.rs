//! `GET /collections/{id}/schema`, `/queryables` and `/sortables`: the fields as JSON Schema (OGC API Features 5).
//!
//! There is no `describedby` link to a schema: GDAL 3.6 would take every integer of it for one of 32 bits, and cut longer ones;
//! without, it sees from the features which are longer.

use axum::response::Response;
use kernel::layer::{FieldType, GeometryType};
use kernel::{Language, Layer, Problem};
use serde_json::{Map, Value, json};

use crate::fields::{Property, filterables, properties, sortables};
use crate::links::media;
use crate::{App, CollectionPath, html, reply};
use operations::{Format, Request};

/// What features look like.
pub(crate) async fn schema(app: App, path: CollectionPath, request: Request) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, &path.collection)?;
    request.only(&[])?;
    let layer = &entry.layer;
    let mut members = Map::new();
    members.insert("id".to_owned(), json!({ "type": "string", "title": "id", "x-ogc-role": "id", "readOnly": true }));
    members.insert("geometry".to_owned(), geometry(layer));
    let described = properties(layer, &request.who);
    members.extend(described.iter().map(|p| (p.name.to_owned(), member(p, request.language))));
    Ok(respond(&app, &request, layer, "schema", members, None))
}

/// What features can be asked by.
pub(crate) async fn queryables_handler(app: App, path: CollectionPath, request: Request) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, &path.collection)?;
    request.only(&[])?;
    let layer = &entry.layer;
    let mut members = Map::new();
    members.insert("geometry".to_owned(), geometry(layer));
    members.extend(filterables(layer, &request.who).iter().map(|p| (p.name.to_owned(), member(p, request.language))));
    Ok(respond(&app, &request, layer, "queryables", members, Some(false)))
}

/// What features can be sorted by.
pub(crate) async fn sortables_handler(app: App, path: CollectionPath, request: Request) -> Result<Response, Problem> {
    let entry = app.entry(&request.who, &path.collection)?;
    request.only(&[])?;
    let layer = &entry.layer;
    let members = sortables(layer, &request.who).iter().map(|p| (p.name.to_owned(), member(p, request.language))).collect();
    Ok(respond(&app, &request, layer, "sortables", members, Some(false)))
}

fn respond(app: &App, request: &Request, layer: &Layer, name: &str, members: Map<String, Value>, additional: Option<bool>) -> Response {
    let url = app.context.public_url.link(&format!("/collections/{}/{name}", layer.id));
    let mut document = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": url,
        "type": "object",
        "title": layer.title.get(request.language),
        "properties": members,
    });
    if let Some(additional) = additional {
        document["additionalProperties"] = additional.into();
    }
    match request.format {
        Format::Json => reply::json(&document, media::SCHEMA, request.language),
        Format::Html => html::schema::page(app, request, layer, name, &document),
    }
}

fn geometry(layer: &Layer) -> Value {
    let format = match layer.geometry {
        GeometryType::Point => "geometry-point",
        GeometryType::MultiPoint => "geometry-multipoint",
        GeometryType::LineString => "geometry-linestring",
        GeometryType::MultiLineString => "geometry-multilinestring",
        GeometryType::Polygon => "geometry-polygon",
        GeometryType::MultiPolygon => "geometry-multipolygon",
        GeometryType::Geometry => "geometry-any",
    };
    json!({ "title": "geometry", "x-ogc-role": "primary-geometry", "format": format })
}

fn member(property: &Property<'_>, language: Language) -> Value {
    let mut member = value_schema(property, language);
    member["title"] = property.label.get(language).into();
    if let Some(unit) = property.field.and_then(|f| f.unit.as_deref()) {
        member["x-ogc-unit"] = unit.into();
    }
    let role = match property.name {
        "valid_from" => Some("primary-interval-start"),
        "valid_to" => Some("primary-interval-end"),
        _ => None,
    };
    if let Some(role) = role.filter(|_| property.field.is_none()) {
        member["x-ogc-role"] = role.into();
    }
    member
}

/// The JSON Schema of a property's values, with the codes and what they mean.
pub(crate) fn value_schema(property: &Property<'_>, language: Language) -> Value {
    let mut schema = match property.kind {
        FieldType::Text => json!({ "type": "string" }),
        FieldType::Integer => json!({ "type": "integer", "format": "int64" }),
        FieldType::Number => json!({ "type": "number", "format": "double" }),
        FieldType::Boolean => json!({ "type": "boolean" }),
        FieldType::Date => json!({ "type": "string", "format": "date" }),
        FieldType::DateTime => json!({ "type": "string", "format": "date-time" }),
    };
    let codes = property.field.map_or(&[][..], |f| &f.codes);
    if !codes.is_empty() {
        schema["enum"] = codes.iter().map(|c| Value::from(c.value.as_str())).collect();
        schema["description"] =
            codes.iter().map(|c| format!("{}: {}", c.value, c.label.get(language))).collect::<Vec<_>>().join("; ").into();
    }
    schema
}
