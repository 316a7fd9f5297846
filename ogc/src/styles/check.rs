//! Whether a style that somebody gives is one that the map can draw: with the properties and expressions of the MapLibre style
//! specification, over the attributes that the layer's tiles have, in the palette's colours or others that are written out. Nothing in it
//! leads elsewhere: no pictures, no addresses.

mod colour;
mod expression;
mod kind;
mod place;
mod properties;

use std::collections::BTreeSet;

use kernel::Layer;
use kernel::layer::{Style, StyleType};
use serde_json::{Map, Value};

use expression::Scene;
use place::Place;

/// Parts of a style.
const PARTS: usize = 60;
/// Values and operators in a style, all together.
const NODES: usize = 5_000;
/// The highest zoom of MapLibre.
const MAX_ZOOM: f64 = 24.0;
const MEMBERS: [&str; 9] = ["name", "type", "order", "minzoom", "maxzoom", "filter", "layout", "paint", "legend"];

/// What keeps a style from being drawn, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {detail}")]
pub struct Fault {
    /// The place in the style, as a JSON pointer.
    pub pointer: String,
    /// What is wrong there, and what can be.
    pub detail: String,
}

/// The style of a layer, if it can be drawn.
///
/// # Errors
/// The first fault, with its place.
pub fn check_style(layer: &Layer, style: &Value) -> Result<Style, Fault> {
    let root = Place::root();
    let Some(parts) = style.as_array() else {
        return Err(root.fault("a style is a list of its parts, each an object with `name`, `type`, `order`, and `paint`"));
    };
    if parts.len() > PARTS || nodes(style) > NODES {
        return Err(root.fault(format!("a style has {PARTS} parts at most, with {NODES} values in all of them")));
    }
    let mut names = BTreeSet::new();
    for (index, part) in parts.iter().enumerate() {
        let at = root.member(&index.to_string());
        let Some(part) = part.as_object() else { return Err(at.fault("a part of a style is an object")) };
        check_part(layer, part, &at)?;
        if !names.insert(part.get("name").and_then(Value::as_str)) {
            return Err(at.member("name").fault("another part has this name"));
        }
    }
    Style::parse(&style.to_string()).map_err(|e| root.fault(e.to_string()))
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}

fn check_part(layer: &Layer, part: &Map<String, Value>, at: &Place) -> Result<(), Fault> {
    if let Some(unknown) = part.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(at.member(unknown).fault(format!("a part of a style has nothing of this name: {} are taken", MEMBERS.join(", "))));
    }
    let name = part.get("name").and_then(Value::as_str).unwrap_or_default();
    if name.is_empty() || name.len() > 40 || !name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'))
    {
        return Err(at.member("name").fault("a name has 1 to 40 letters a to z, digits, `_` and `-`"));
    }
    let kind = kind_of(layer, part, at)?;
    check_order(kind, part, at)?;
    check_zooms(part, at)?;
    check_legend(part, at)?;
    if let Some(filter) = part.get("filter") {
        Scene { layer, property: None }.filter(filter, &at.member("filter"))?;
    }
    for member in ["layout", "paint"] {
        let place = at.member(member);
        let Some(given) = part.get(member) else { continue };
        let Some(given) = given.as_object() else { return Err(place.fault("this is an object with properties")) };
        for (name, value) in given {
            let known = properties::of(kind, member);
            let place = place.member(name);
            let Some(property) = known.iter().find(|property| property.name == name) else {
                let names = known.iter().map(|property| property.name).collect::<Vec<_>>().join(", ");
                return Err(place.fault(format!("no property of such a part that is taken here; those are {names}")));
            };
            Scene { layer, property: Some(property) }.property(property, value, &place)?;
        }
    }
    Ok(())
}

fn kind_of(layer: &Layer, part: &Map<String, Value>, at: &Place) -> Result<StyleType, Fault> {
    let at = at.member("type");
    let (kind, dimension) = match part.get("type").and_then(Value::as_str) {
        Some("fill") => (StyleType::Fill, Some(2)),
        Some("line") => (StyleType::Line, None),
        Some("circle") => (StyleType::Circle, Some(0)),
        Some("symbol") => (StyleType::Symbol, None),
        _ => return Err(at.fault("the type is `fill`, `line`, `circle` or `symbol`")),
    };
    let fits = match dimension {
        Some(dimension) => layer.geometry.holds(dimension),
        None => kind == StyleType::Symbol || layer.geometry.holds(1) || layer.geometry.holds(2),
    };
    if fits { Ok(kind) } else { Err(at.fault(format!("features of the kind {} can't be drawn so", layer.geometry.family()))) }
}

fn check_order(kind: StyleType, part: &Map<String, Value>, at: &Place) -> Result<(), Fault> {
    let (least, most) = match kind {
        StyleType::Symbol => (800, 999),
        StyleType::Circle => (700, 799),
        StyleType::Fill | StyleType::Line => (0, 699),
    };
    match part.get("order").and_then(Value::as_u64) {
        Some(order) if (least..=most).contains(&order) => Ok(()),
        _ => Err(at.member("order").fault(format!("the place in the drawing of such a part is a whole number from {least} to {most}"))),
    }
}

fn check_zooms(part: &Map<String, Value>, at: &Place) -> Result<(), Fault> {
    let mut found = [0.0, MAX_ZOOM + 1.0];
    for (index, name) in ["minzoom", "maxzoom"].into_iter().enumerate() {
        let Some(value) = part.get(name) else { continue };
        match value.as_f64() {
            Some(zoom) if (0.0..=MAX_ZOOM).contains(&zoom) => found[index] = zoom,
            _ => return Err(at.member(name).fault(format!("a zoom is a number from 0 to {MAX_ZOOM}"))),
        }
    }
    if found[0] < found[1] {
        Ok(())
    } else {
        Err(at.member("maxzoom").fault("it is drawn no more before it is drawn: `maxzoom` is above `minzoom`"))
    }
}

fn check_legend(part: &Map<String, Value>, at: &Place) -> Result<(), Fault> {
    let Some(legend) = part.get("legend") else { return Ok(()) };
    let at = at.member("legend");
    let text = |name: &str| {
        legend.get(name).and_then(Value::as_str).is_some_and(|text| text.chars().count() <= 200 && !text.chars().any(char::is_control))
    };
    let whole = legend.as_object().is_some_and(|members| members.keys().all(|name| matches!(name.as_str(), "it" | "en")));
    if whole && text("it") && text("en") {
        return Ok(());
    }
    Err(at.fault("the words of a legend are {\"it\": …, \"en\": …}, each of 200 characters at most"))
}

#[cfg(test)]
mod tests;
