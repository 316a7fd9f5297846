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

/// Linear red, green and blue.
fn linear(colour: &str) -> [f64; 3] {
    [1, 3, 5].map(|at| {
        let c = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    })
}

fn times(matrix: &[[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
    matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
}

/// CIE L*a*b* (D65) of linear light.
fn lab(linear: [f64; 3]) -> [f64; 3] {
    const XYZ: [[f64; 3]; 3] =
        [[0.412_456_4, 0.357_576_1, 0.180_437_5], [0.212_672_9, 0.715_152_2, 0.072_175], [0.019_333_9, 0.119_192, 0.950_304_1]];
    let [x, y, z] = times(&XYZ, linear.map(|c| c.clamp(0.0, 1.0)));
    let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
    let (x, y, z) = (f(x / 0.950_47), f(y), f(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// How dichromats see linear light (Machado, Oliveira and Fernandes 2009): who lacks the cones for red, green, blue; and everybody else.
const SIGHTS: [[[f64; 3]; 3]; 4] = [
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]],
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]],
    [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_900]],
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
];

#[test]
fn categories_are_told_apart_whoever_looks() {
    let names: Vec<String> = (1..=7).map(|n| format!("category{n}")).chain(["category_other".to_owned()]).collect();
    for theme in Theme::ALL {
        for sight in &SIGHTS {
            let seen = |token: &str| lab(times(sight, linear(theme.colour(token))));
            let apart = |a: &str, b: &str| seen(a).iter().zip(seen(b)).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt();
            for (index, name) in names.iter().enumerate() {
                assert!(theme.known(name).is_some(), "{name}");
                assert!(apart(name, "land") > 35.0, "{name} on the ground, {}: {:.1}", theme.name(), apart(name, "land"));
                for other in &names[..index] {
                    assert!(apart(name, other) > 20.0, "{name} and {other}, {}: {:.1}", theme.name(), apart(name, other));
                }
            }
        }
    }
}

#[test]
fn steps_go_away_from_the_ground_in_lightness() {
    for theme in Theme::ALL {
        let light = |token: &str| lab(linear(theme.colour(token)))[0];
        let ground = light("land");
        let from_ground: Vec<f64> = (1..=6).map(|n| (light(&format!("step{n}")) - ground).abs()).collect();
        assert!(from_ground[0] > 14.0 && from_ground.windows(2).all(|pair| pair[1] - pair[0] > 7.0), "{}: {from_ground:?}", theme.name());
    }
}
