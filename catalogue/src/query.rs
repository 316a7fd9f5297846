//! Reading rows of any layer as values for people.

use kernel::{Bbox, Language, Layer, Principal};
use serde_json::Value;

/// The SQL for the fields that this principal may see, as one `jsonb` object.
pub(crate) fn attributes_sql(layer: &Layer, who: &Principal) -> String {
    let columns: Vec<String> = layer.fields.iter().filter(|f| who.may_read_field(f)).map(|f| f.name.sql()).collect();
    if columns.is_empty() {
        return "'{}'::jsonb".to_owned();
    }
    format!("(select to_jsonb(attributes) from (select {}) attributes)", columns.join(", "))
}

/// The four SQL expressions for a rectangle in CRS84 round a geometry expression, named west to north.
pub(crate) fn box_sql(geometry: &str, srid: i32) -> String {
    let lonlat = format!("st_transform(st_setsrid(st_envelope({geometry}), {srid}), 4326)");
    ["st_xmin", "st_ymin", "st_xmax", "st_ymax"]
        .iter()
        .zip(["west", "south", "east", "north"])
        .map(|(function, name)| format!("{function}({lonlat}) as {name}"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// The JSON of a rectangle: `[west, south, east, north]`.
pub(crate) fn bbox_json(bbox: Bbox) -> Value {
    let rounded = |side: f64| (side * 1e7).round() / 1e7;
    Value::from(<[f64; 4]>::from(bbox).map(rounded).to_vec())
}

/// A value as text without grouping, for titles; empty for null.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a row is called: its label, or its layer's template filled in, with codes by their meaning and numbers ungrouped.
pub fn title(layer: &Layer, id: &str, attributes: &Value, language: Language) -> String {
    layer.title_of(language, id, |name| {
        let raw = attributes.get(name).map(plain).filter(|text| !text.is_empty())?;
        let code = layer.field(name).and_then(|field| field.codes.iter().find(|code| code.value == raw));
        Some(code.map_or(raw.clone(), |code| code.label.get(language).to_owned()))
    })
}
