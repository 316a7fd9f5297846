use kernel::{AddressToken, Bbox, Installation, Language, Layer, PublicUrl, Srid, Text};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Home, Look, of_layer, of_map};
use crate::styles::palette::Theme;

fn layer(id: &str, visible: bool, style: Value) -> Layer {
    serde_json::from_value(json!({
        "id": id, "module": "test", "title": {"it": "Prova", "en": "Trial"}, "table": format!("test.{id}"), "geometry": "Point", "srid": 7792,
        "zoom": [12, 22], "visible": visible, "base": id != "alone", "style": style,
        "fields": [
            {"name": "name", "label": {"it": "Nome", "en": "Name"}, "type": "text"},
            {"name": "name_en", "label": {"it": "Inglese", "en": "English"}, "type": "text"},
            {"name": "kind", "label": {"it": "Tipo", "en": "Kind"}, "type": "text"},
        ],
    }))
    .unwrap()
}

fn with_home<T>(test: impl FnOnce(Home<'_>) -> T) -> T {
    let installation = Installation {
        instance: Uuid::nil(),
        title: Text::new("Comune di prova", "Trial town"),
        storage_crs: Srid::RDN2008_UTM33,
        bbox: Bbox::new(15.6, 38.0, 15.8, 38.2).unwrap(),
        demo: true,
    };
    let public_url = PublicUrl::parse("https://sit.example.it/gis").unwrap();
    test(Home { installation: &installation, public_url: &public_url, token: None })
}

const LIGHT: Look = Look { theme: Theme::Light, language: Language::It };

#[test]
fn parts_of_all_layers_lie_in_one_order_over_the_ground() {
    let a = layer("a", true, json!([{"name": "label", "type": "symbol", "order": 800}, {"name": "fill", "type": "fill", "order": 20}]));
    let b = layer(
        "b",
        true,
        json!([{"name": "line", "type": "line", "order": 400, "minzoom": 14.5, "maxzoom": 18, "filter": ["has", "name"]}]),
    );
    let style = with_home(|home| of_map(home, &[&a, &b], LIGHT));
    let ids: Vec<&str> = style["layers"].as_array().unwrap().iter().map(|l| l["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["ground", "a/fill", "b/line", "a/label"]);
    assert_eq!(
        style["layers"][2],
        json!({
            "id": "b/line", "type": "line", "metadata": {"opensit:layer": "b", "opensit:order": 400, "opensit:base": true}, "source": "map",
            "source-layer": "b", "minzoom": 14.5, "maxzoom": 18.0, "filter": ["has", "name"],
        })
    );
    assert_eq!(style["sources"], json!({"map": {"type": "vector", "url": "https://sit.example.it/gis/xyz/a,b"}}));
    assert_eq!((&style["version"], &style["name"]), (&json!(8), &json!("Comune di prova")));
    assert_eq!(style["center"], json!([15.7, 38.1]));
    assert_eq!(style["glyphs"], "https://sit.example.it/gis/font/{fontstack}/{range}");
}

#[test]
fn a_layer_that_is_not_of_the_ground_has_a_source_of_its_own() {
    let part = json!([{"name": "x", "type": "circle", "order": 700}]);
    let (ground, alone) = (layer("ground", true, part.clone()), layer("alone", true, part));
    let style = with_home(|home| of_map(home, &[&ground, &alone], LIGHT));
    assert_eq!(style["sources"]["map"]["url"], "https://sit.example.it/gis/xyz/ground");
    assert_eq!(style["sources"]["alone"]["url"], "https://sit.example.it/gis/xyz/alone");
    assert_eq!((&style["layers"][2]["source"], &style["layers"][2]["metadata"]["opensit:base"]), (&json!("alone"), &Value::Null));
}

#[test]
fn a_layer_that_is_off_has_a_source_of_its_own_and_is_hidden() {
    let part = json!([{"name": "x", "type": "circle", "order": 700, "paint": {"circle-color": "$tree"}}]);
    let (on, off, bare) = (layer("on", true, part.clone()), layer("off", false, part), layer("bare", true, json!([])));
    let style = with_home(|home| of_map(home, &[&on, &off, &bare], LIGHT));
    assert_eq!(style["sources"]["map"]["url"], "https://sit.example.it/gis/xyz/on");
    assert_eq!(style["sources"]["off"]["url"], "https://sit.example.it/gis/xyz/off");
    assert_eq!(style["sources"].as_object().unwrap().len(), 2);
    assert_eq!(style["layers"][1]["layout"], Value::Null);
    assert_eq!(style["layers"][2]["layout"], json!({"visibility": "none"}));
    // asked for alone it is shown
    let style = with_home(|home| of_layer(home, &off, None, LIGHT));
    assert_eq!((&style["layers"][1]["source"], &style["layers"][1]["layout"]), (&json!("off"), &Value::Null));
}

#[test]
fn the_theme_changes_colours_and_the_language_names() {
    let part = json!([{"name": "label", "type": "symbol", "order": 800, "legend": {"it": "Luogo", "en": "Place"},
        "layout": {"text-field": ["concat", ["get", "name"], " ", ["get", "kind"]]}, "paint": {"text-color": "$text"}}]);
    let layer = layer("a", true, part);
    let label = |theme, language| with_home(|home| of_map(home, &[&layer], Look { theme, language }))["layers"][1].clone();
    let (light, dark) = (label(Theme::Light, Language::It), label(Theme::Dark, Language::En));
    assert_eq!(light["layout"]["text-field"], json!(["concat", ["get", "name"], " ", ["get", "kind"]]));
    assert_eq!(dark["layout"]["text-field"], json!(["concat", ["coalesce", ["get", "name_en"], ["get", "name"]], " ", ["get", "kind"]]));
    assert_ne!(light["paint"]["text-color"], dark["paint"]["text-color"]);
    assert_eq!(light["metadata"]["opensit:legend"], json!({"it": "Luogo", "en": "Place"}));
    assert_eq!(light["minzoom"], json!(12.0), "tiles have nothing below");
}

#[test]
fn who_came_with_a_token_has_it_in_the_sources() {
    let part = json!([{"name": "x", "type": "circle", "order": 700}]);
    let (on, alone) = (layer("on", true, part.clone()), layer("alone", true, part));
    let token = AddressToken::new("abc-_1").unwrap();
    let style = with_home(|home| of_map(Home { token: Some(&token), ..home }, &[&on, &alone], LIGHT));
    assert_eq!(
        (&style["sources"]["map"]["url"], &style["sources"]["alone"]["url"]),
        (&json!("https://sit.example.it/gis/xyz/on?token=abc-_1"), &json!("https://sit.example.it/gis/xyz/alone?token=abc-_1"))
    );
}

#[test]
fn the_style_of_a_layer_lies_over_its_rows_and_over_the_town_where_they_are_not_told() {
    let far = layer("far", true, json!([{"name": "x", "type": "circle", "order": 700}]));
    let at = |extent| with_home(|home| of_layer(home, &far, extent, LIGHT));
    let milan = Bbox::new(9.1, 45.4, 9.3, 45.5).ok();
    assert_eq!((&at(milan)["center"], &at(None)["center"]), (&json!([9.2, 45.45]), &json!([15.7, 38.1])));
    // a rectangle of a fifth of a degree fills a window of 1,000 pixels, 512 of which have 360 degrees at zoom 0
    assert_eq!(at(milan)["zoom"], 11.8);
    assert_eq!(at(Bbox::new(9.2, 45.4, 9.2, 45.4).ok())["zoom"], 18.0, "a single point");
}
