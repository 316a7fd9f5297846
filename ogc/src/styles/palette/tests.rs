use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::{TOKENS, Theme};

/// The drawings that the themes declare, read as files: this crate knows no theme.
fn drawings() -> Vec<(PathBuf, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut found: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .filter_map(|folder| fs::read_dir(folder.unwrap().path().join("styles")).ok())
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    found.sort();
    found.into_iter().map(|path| (path.clone(), serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap())).collect()
}

fn tokens_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => found.extend(text.strip_prefix('$').map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|v| tokens_in(v, found)),
        Value::Object(members) => members.values().for_each(|v| tokens_in(v, found)),
        _ => {}
    }
}

#[test]
fn every_colour_that_a_theme_names_is_known_and_none_is_written_out() {
    let drawings = drawings();
    assert!(drawings.len() >= 13, "only {} drawings found", drawings.len());
    for (path, drawing) in drawings {
        let mut tokens = BTreeSet::new();
        tokens_in(&drawing, &mut tokens);
        for token in tokens {
            assert!(Theme::Light.known(&token).is_some(), "{}: unknown colour `${token}`", path.display());
        }
        let text = drawing.to_string();
        assert!(!text.contains("\"#") && !text.contains("rgb"), "{}: a colour is written out", path.display());
    }
}

#[test]
fn labels_lie_over_points_and_points_over_lines_and_areas() {
    for (path, drawing) in drawings() {
        let parts = drawing.as_array().unwrap();
        let names: BTreeSet<&str> = parts.iter().map(|p| p["name"].as_str().unwrap()).collect();
        assert_eq!(names.len(), parts.len(), "{}: two parts have one name", path.display());
        for part in parts {
            let band = match part["type"].as_str().unwrap() {
                "symbol" => 800..1000,
                "circle" => 700..800,
                _ => 0..700,
            };
            assert!(band.contains(&part["order"].as_u64().unwrap()), "{}: {}", path.display(), part["name"]);
        }
    }
}

#[test]
fn the_table_is_sorted_and_holds_colours() {
    assert!(TOKENS.is_sorted_by(|a, b| a.0 < b.0));
    for (token, light, dark, contrast) in TOKENS {
        for colour in [light, dark, contrast] {
            assert!(colour.len() == 7 && colour.starts_with('#') && u32::from_str_radix(&colour[1..], 16).is_ok(), "{token}: {colour}");
        }
    }
}

#[test]
fn tokens_are_replaced_however_deep() {
    let mut value = json!(["match", ["get", "kind"], "sea", "$water", {"a": ["$land", "price in $"]}, 1]);
    Theme::Contrast.paint(&mut value);
    assert_eq!(value, json!(["match", ["get", "kind"], "sea", Theme::Contrast.colour("water"), {"a": ["#ffffff", "price in $"]}, 1]));
    assert_eq!(Theme::Light.colour("nobody_knows_it"), Theme::Light.colour("data"));
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn ratio(a: &str, b: &str) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_can_be_read_on_what_lies_beneath() {
    let beneath = [
        ("text", "land", [7.0, 7.0, 12.0]),
        ("text_district", "built_up", [4.5, 4.5, 7.0]),
        ("text_muted", "farmland", [4.5, 4.5, 7.0]),
        ("text_street", "street", [4.5, 4.5, 7.0]),
        ("text_water", "water", [3.0, 4.5, 7.0]),
        ("parcel_number", "built_up", [4.5, 4.5, 7.0]),
        ("parcel_number", "building", [4.5, 4.5, 7.0]),
        ("house_number", "street", [3.0, 2.5, 7.0]),
        ("poi_culture_text", "built_up", [4.5, 4.5, 7.0]),
        ("poi_hospitality_text", "built_up", [4.5, 4.5, 7.0]),
        ("poi_leisure_text", "built_up", [4.5, 4.5, 7.0]),
        ("poi_service_text", "built_up", [4.5, 4.5, 7.0]),
    ];
    for (text, ground, least) in beneath {
        for (theme, least) in Theme::ALL.into_iter().zip(least) {
            let ratio = ratio(theme.colour(text), theme.colour(ground));
            assert!(ratio >= least, "{text} on {ground}, {}: {ratio:.2}", theme.name());
        }
    }
}
