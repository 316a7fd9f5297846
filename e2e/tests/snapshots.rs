//! What clients rely on, word for word: answers of each sort, as files in `snapshots/`. A change that is meant is accepted with
//! `make bless`, and then read in the diff.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use e2e::{Answer, Town};
use serde_json::Value;

/// Status, the headers that are part of the contract, and the body; without what differs from run to run.
fn shown(town: &Town, answer: &Answer, cut: impl Fn(&mut Value)) -> String {
    let mut text = format!("{}\n", answer.status);
    for name in ["content-type", "content-crs", "content-language", "cache-control", "vary", "allow", "retry-after"] {
        if let Some(value) = answer.header(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    for (_, link) in answer.headers.iter().filter(|(name, _)| name == "link") {
        text.push_str(&format!("link: {link}\n"));
    }
    let mut body = answer.json();
    cut(&mut body);
    text.push('\n');
    text.push_str(&serde_json::to_string_pretty(&body).unwrap());
    steady(&text.replace(&town.url(), "http://localhost:PORT"))
}

/// Times and cursors, which no two runs share.
fn steady(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let end = |from: usize| line[from..].find(['"', '>', '&']).map_or(line.len(), |at| from + at);
        let cut = if let Some(at) = line.find("cursor=") {
            let from = at + "cursor=".len();
            format!("{}…{}", &line[..from], &line[end(from)..])
        } else if let Some(at) = line.find("\"timeStamp\": \"") {
            let from = at + "\"timeStamp\": \"".len();
            format!("{}…{}", &line[..from], &line[end(from)..])
        } else {
            line.to_owned()
        };
        out.push_str(&cut);
        out.push('\n');
    }
    out
}

/// Compares with the file of this name.
fn compare(town: &Town, name: &str, path: &str, cut: impl Fn(&mut Value)) {
    let answer = town.get(path);
    insta::with_settings!({ description => format!("GET {path}"), omit_expression => true }, {
        insta::assert_snapshot!(name, shown(town, &answer, cut));
    });
}

/// A layer that stands for all: points, codes, no validity of its own.
const LAYER: &str = "place_names";

#[test]
fn ogc_answers() {
    let town = Town::shared();
    let whole = |_: &mut Value| {};
    compare(&town, "landing", "/?lang=en", whole);
    compare(&town, "conformance", "/conformance?lang=en", whole);
    compare(&town, "collections", "/collections?lang=en", |document| {
        let collections = document["collections"].as_array_mut().unwrap();
        collections.retain(|c| c["id"] == LAYER);
    });
    compare(&town, "collection", &format!("/collections/{LAYER}"), whole);
    compare(&town, "schema", &format!("/collections/{LAYER}/schema?lang=en"), whole);
    compare(&town, "queryables", &format!("/collections/{LAYER}/queryables?lang=en"), whole);
    compare(&town, "sortables", &format!("/collections/{LAYER}/sortables?lang=en"), whole);
    compare(&town, "items", &format!("/collections/{LAYER}/items?limit=2&sortby=name&lang=en"), whole);
    let id = town.psql(&format!("select id from territory.{LAYER} order by name, fid limit 1"));
    compare(&town, "item", &format!("/collections/{LAYER}/items/{id}?lang=en"), whole);
    compare(&town, "api", "/api?lang=en", |document| {
        let of_others = format!("/collections/{LAYER}");
        document["paths"].as_object_mut().unwrap().retain(|path, _| !path.starts_with("/collections/") || path.starts_with(&of_others));
        document["tags"].as_array_mut().unwrap().retain(|tag| tag["name"] == LAYER || tag["name"] == "service");
    });
}

#[test]
fn maps() {
    let town = Town::shared();
    // a town that has just begun may not have the layer in memory yet
    compare(&town, "tilejson", &format!("/xyz/{LAYER}?lang=en"), |document| document["served_from"] = "either".into());
    compare(&town, "style", &format!("/styles/{LAYER}.json?lang=en"), |_| {});
    compare(&town, "openapi", "/openapi.json", |_| {});
}

#[test]
fn problems() {
    let town = Town::shared();
    let items = format!("/collections/{LAYER}/items");
    let long = format!("{items}?name={}", "x".repeat(20_000));
    let asked = [
        ("GET", "/nowhere".to_owned()),
        ("GET", "/collections/nothing".to_owned()),
        ("GET", format!("{items}/nothing")),
        ("POST", "/collections".to_owned()),
        ("GET", format!("{items}?offset=10")),
        ("GET", format!("{items}?limit=0")),
        ("GET", format!("{items}?limit=1&limit=2")),
        ("GET", format!("{items}?bbox=1,2,3")),
        ("GET", format!("{items}?crs=EPSG:1")),
        ("GET", format!("{items}?datetime=yesterday")),
        ("GET", format!("{items}?sortby=nothing")),
        ("GET", format!("{items}?cursor=made-up")),
        ("GET", format!("{items}?kind=nothing")),
        ("GET", format!("{items}?name=%ff")),
        ("GET", long),
        ("GET", "/collections?f=pdf".to_owned()),
        ("GET", "/xyz/nothing".to_owned()),
        ("GET", format!("/xyz/{LAYER}/23/0/0")),
        ("GET", format!("/xyz/{LAYER}/1/2/0")),
        ("GET", format!("/xyz/{LAYER}/1/-1/0")),
        ("GET", format!("/xyz/{LAYER}/a/0/0")),
        ("GET", "/styles/nothing.json".to_owned()),
        ("GET", "/search".to_owned()),
        ("GET", "/identify?point=200,0".to_owned()),
        ("GET", "/coordinates?point=15,38&crs=EPSG:1".to_owned()),
    ];
    let mut text = String::new();
    for (method, path) in asked {
        let shortened: String = path.chars().take(80).collect();
        let answer = town.ask(method, &path, &[]);
        assert!(answer.status >= 400, "{method} {shortened}: {}", answer.status);
        text.push_str(&format!("{method} {shortened}\n{}\n", shown(&town, &answer, |_| {})));
    }
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!("problems", text) });
}
