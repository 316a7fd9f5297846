use std::fs;
use std::path::Path;

use kernel::Layer;
use serde_json::{Value, json};

use super::check_style;

/// Areas with a field of each kind.
fn areas() -> Layer {
    serde_json::from_value(json!({
        "id": "zone", "module": "published", "title": {"it": "z", "en": "z"}, "table": "published.zone", "geometry": "MultiPolygon", "srid": 7792,
        "fields": [
            {"name": "sigla", "label": {"it": "s", "en": "s"}, "type": "text"},
            {"name": "altezza", "label": {"it": "a", "en": "a"}, "type": "number"},
            {"name": "nome", "label": {"it": "n", "en": "n"}, "type": "text", "private": true, "personal": true}
        ]
    }))
    .unwrap()
}

/// The pointer to the fault of a style with one part that is like this.
fn fault(part: Value) -> String {
    let mut whole = json!({"name": "area", "type": "fill", "order": 250, "paint": {"fill-color": "$data1"}});
    for (name, value) in part.as_object().unwrap() {
        whole[name] = value.clone();
    }
    check_style(&areas(), &json!([whole])).map(|_| String::new()).unwrap_or_else(|fault| fault.pointer)
}

fn paint(name: &str, value: Value) -> String {
    fault(json!({"paint": {name: value}}))
}

#[test]
fn every_style_that_a_theme_declares_can_be_drawn() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut checked = 0;
    for theme in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()) {
        for file in fs::read_dir(theme.join("styles")).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            let read = |path: &Path| serde_json::from_str::<Value>(&fs::read_to_string(path).unwrap()).unwrap();
            let layer = theme.join("layers").join(file.file_name().unwrap());
            if !layer.exists() {
                continue;
            }
            let layer: Layer = serde_json::from_value(read(&layer)).unwrap();
            check_style(&layer, &read(&file)).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
            checked += 1;
        }
    }
    assert!(checked >= 20, "{checked}");
}

#[test]
fn what_maplibre_would_draw_is_taken() {
    for (name, value) in [
        ("fill-color", json!("#0066cc")),
        ("fill-color", json!(["match", ["get", "sigla"], "A", "$data1", ["B", "C"], "rgb(1, 2, 3)", "$data2"])),
        ("fill-color", json!(["case", ["all", ["has", "altezza"], [">=", ["get", "altezza"], 3.5]], "$data1", "$data2"])),
        ("fill-color", json!(["interpolate", ["linear"], ["to-number", ["get", "altezza"]], 0, "#ffffff", 10, "#000000"])),
        ("fill-color", json!(["rgb", 1, ["*", 2, ["get", "altezza"]], 3])),
        (
            "fill-opacity",
            json!(["interpolate", ["exponential", 1.5], ["zoom"], 8, 0.1, 12, ["case", ["==", ["get", "sigla"], "A"], 0.5, 0.2]]),
        ),
        ("fill-opacity", json!(["step", ["zoom"], 0, 14, 0.4])),
        ("fill-translate", json!(["interpolate", ["linear"], ["zoom"], 8, ["literal", [0, 0]], 12, ["literal", [1, 1]]])),
        ("fill-antialias", json!(false)),
    ] {
        assert_eq!(paint(name, value.clone()), "", "{value}");
    }
    let label = json!({"name": "l", "type": "symbol", "order": 850, "layout": {
        "text-field": ["concat", ["get", "sigla"], " ", ["to-string", ["get", "altezza"]]], "text-font": ["Titillium Web"], "text-offset": [0, 1],
        "text-variable-anchor": ["top", "left"], "symbol-placement": "point"}});
    assert_eq!(fault(label), "/0/paint/fill-color", "a label has no fill");
    for filter in [
        json!(["in", ["get", "sigla"], ["literal", ["A", "B"]]]),
        json!(["all"]),
        json!([">=", ["zoom"], 12]),
        json!(["==", ["geometry-type"], "Polygon"]),
    ] {
        assert_eq!(fault(json!({"filter": filter})), "", "{filter}");
    }
}

#[test]
fn what_maplibre_would_not_draw_is_refused_with_its_place() {
    let deep = (0..40).fold(json!(["get", "altezza"]), |inner, _| json!(["abs", inner]));
    for (name, value, place) in [
        ("fill-color", json!("$nothing"), "/0/paint/fill-color"),
        ("fill-color", json!("url(https://elsewhere.example/x.png)"), "/0/paint/fill-color"),
        ("fill-color", json!(7), "/0/paint/fill-color"),
        ("fill-color", json!(null), "/0/paint/fill-color"),
        ("fill-color", json!({"stops": [[0, "#fff"]]}), "/0/paint/fill-color"),
        ("fill-color", json!(["image", "x"]), "/0/paint/fill-color"),
        ("fill-color", json!(["match", ["get", "sigla"], "A", "$data1", "blu", "#12"]), "/0/paint/fill-color"),
        ("fill-color", json!(["match", ["get", "sigla"], "A", "$data1", "A", "$data2", "$data3"]), "/0/paint/fill-color/4"),
        ("fill-color", json!(["match", ["get", "sigla"], "A", "$data1", 1, "$data2", "$data3"]), "/0/paint/fill-color/4"),
        ("fill-color", json!(["match", ["get", "sigla"], "A", "$nothing", "$data3"]), "/0/paint/fill-color/3"),
        ("fill-color", json!(["match", ["get", "nome"], "A", "$data1", "$data3"]), "/0/paint/fill-color/1/1"),
        ("fill-color", json!(["get", "sigla", {"a": 1}]), "/0/paint/fill-color"),
        ("fill-color", json!(["interpolate", ["linear"], ["get", "altezza"], 5, "$data1", 4, "$data2"]), "/0/paint/fill-color/5"),
        ("fill-color", json!(["interpolate", ["sideways"], ["get", "altezza"], 5, "$data1", 6, "$data2"]), "/0/paint/fill-color/1"),
        ("fill-opacity", json!(1.5), "/0/paint/fill-opacity"),
        ("fill-opacity", json!("0.5"), "/0/paint/fill-opacity"),
        ("fill-opacity", json!(["step", ["get", "altezza"], 0, 14, 4]), "/0/paint/fill-opacity/4"),
        ("fill-opacity", json!(["*", ["zoom"], 0.1]), "/0/paint/fill-opacity/1"),
        ("fill-opacity", json!(["case", true, ["step", ["zoom"], 0, 14, 0.4], 1]), "/0/paint/fill-opacity/2/1"),
        ("fill-opacity", json!(["upcase", ["get", "sigla"]]), "/0/paint/fill-opacity"),
        ("fill-opacity", deep, "/0/paint/fill-opacity"),
        ("fill-antialias", json!(["get", "altezza"]), "/0/paint/fill-antialias"),
        ("fill-antialias", json!(["interpolate", ["linear"], ["zoom"], 1, true, 2, false]), "/0/paint/fill-antialias"),
        ("fill-translate", json!([1]), "/0/paint/fill-translate"),
        (
            "fill-translate",
            json!(["interpolate", ["linear"], ["zoom"], 8, ["literal", [0]], 12, ["literal", [1, 1]]]),
            "/0/paint/fill-translate/4/1",
        ),
        ("fill-pattern", json!("hatch"), "/0/paint/fill-pattern"),
        ("icon-image", json!("https://elsewhere.example/x.png"), "/0/paint/icon-image"),
    ] {
        assert!(paint(name, value.clone()).starts_with(place), "{value}: {} and not {place}", paint(name, value.clone()));
    }
    for (part, place) in [
        (json!({"source": "https://elsewhere.example/tiles.json"}), "/0/source"),
        (json!({"metadata": {}}), "/0/metadata"),
        (json!({"name": "A b"}), "/0/name"),
        (json!({"type": "raster"}), "/0/type"),
        (json!({"type": "circle"}), "/0/type"),
        (json!({"order": 700}), "/0/order"),
        (json!({"order": -1}), "/0/order"),
        (json!({"order": 1.5}), "/0/order"),
        (json!({"minzoom": 14, "maxzoom": 12}), "/0/maxzoom"),
        (json!({"minzoom": 14, "maxzoom": 14}), "/0/maxzoom"),
        (json!({"minzoom": 25}), "/0/minzoom"),
        (json!({"legend": "zone"}), "/0/legend"),
        (json!({"legend": {"it": "a\u{0}", "en": "b"}}), "/0/legend"),
        (json!({"layout": {"visibility": "none"}}), "/0/layout/visibility"),
        (json!({"layout": []}), "/0/layout"),
        (json!({"filter": "all"}), "/0/filter"),
        (json!({"filter": ["==", "sigla", "A"]}), "/0/filter"),
        (json!({"filter": ["==", ["get", "sigla"], ["literal", [1]]]}), "/0/filter/2"),
        (json!({"filter": [">", ["get", "altezza"], true]}), "/0/filter/2"),
        (json!({"filter": ["==", 1, "1"]}), "/0/filter"),
        (json!({"filter": ["==", ["get", "niente"], 1]}), "/0/filter/1/1"),
        (json!({"filter": ["within", {"type": "Polygon"}]}), "/0/filter"),
        (json!({"filter": ["get", "sigla"], "paint": {"fill-color": ["concat", "$data1", ""]}}), "/0/paint/fill-color/1"),
    ] {
        assert_eq!(fault(part.clone()), place, "{part}");
    }
}

#[test]
fn a_style_has_an_end() {
    let part = |number: usize| json!({"name": format!("p{number}"), "type": "fill", "order": 1});
    let many = |count: usize| Value::Array((0..count).map(part).collect());
    assert!(check_style(&areas(), &many(60)).is_ok());
    assert_eq!(check_style(&areas(), &many(61)).unwrap_err().pointer, "");
    assert_eq!(check_style(&areas(), &json!([part(1), part(1)])).unwrap_err().pointer, "/1/name");
    let long = json!(["any", ["in", ["get", "sigla"], ["literal", vec!["x"; 6_000]]]]);
    assert_eq!(check_style(&areas(), &json!([{"name": "a", "type": "fill", "order": 1, "filter": long}])).unwrap_err().pointer, "");
    assert_eq!(check_style(&areas(), &json!({})).unwrap_err().pointer, "");
    assert_eq!(check_style(&areas(), &json!([7])).unwrap_err().pointer, "/0");
}
