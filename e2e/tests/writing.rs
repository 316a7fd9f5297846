//! Features changed over HTTP by the people of the demo and by programs with a key, at the built program's own edge. That
//! nothing acknowledged is lost when it is killed is in `durability.rs`.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use e2e::{Answer, Town};
use serde_json::{Value, json};

const EVENTS: &str = "/collections/events/items";
const GEOJSON: (&str, &str) = ("content-type", "application/geo+json");
const PATCH: (&str, &str) = ("content-type", "application/merge-patch+json");

/// One of the invented people, as a page of ours would ask for them.
struct Person<'a> {
    town: &'a Town,
    cookie: String,
}

impl<'a> Person<'a> {
    fn enter(town: &'a Town, person: &str) -> Self {
        let answer = town.send("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")], "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie").filter_map(|(_, value)| value.split(';').next());
        let cookie = cookies.into_iter().find(|cookie| cookie.starts_with("__Host-opensit=")).unwrap().to_owned();
        Self { town, cookie }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let own = [("cookie", self.cookie.as_str()), ("sec-fetch-site", "same-origin")];
        self.town.send(method, path, &[&own, headers].concat(), body)
    }

    fn get(&self, path: &str) -> Answer {
        self.town.get_with(path, &[("cookie", &self.cookie)])
    }
}

/// A point of a comune, in its built-up middle.
fn place(town: &Town, comune: &str) -> [f64; 2] {
    let row = town.psql(&format!(
        "select st_x(p) || ' ' || st_y(p) from territory.boundaries, st_transform(st_pointonsurface(geom), 4326) p where id = '{comune}'"
    ));
    let (lon, lat) = row.split_once(' ').unwrap();
    [lon.parse().unwrap(), lat.parse().unwrap()]
}

fn event(at: [f64; 2], name: &str) -> Value {
    json!({
        "type": "Feature", "geometry": {"type": "Point", "coordinates": at},
        "properties": {"name": name, "begins": "2026-12-06", "ends": "2026-12-08", "published": true, "budget_eur": 1500}
    })
}

fn path(answer: &Answer, town: &Town) -> String {
    answer.header("location").unwrap().replace(&town.url(), "")
}

/// The tile that holds a place.
fn tile(z: u32, [lon, lat]: [f64; 2]) -> String {
    let n = f64::from(1_u32 << z);
    let phi = lat.to_radians();
    let y = (1.0 - (phi.tan() + 1.0 / phi.cos()).ln() / std::f64::consts::PI) / 2.0 * n;
    format!("/xyz/events/{z}/{}/{}", ((lon + 180.0) / 360.0 * n) as u32, y as u32)
}

#[test]
fn an_officer_changes_a_feature_and_reads_what_was_written() {
    let town = Town::own();
    let at = place(&town, "080901");
    let ada = Person::enter(&town, "officer");
    let made = ada.send("POST", EVENTS, &[GEOJSON, ("change-reason", "delibera%2012")], &event(at, "Immacolata").to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let path = path(&made, &town);

    // a tile that waits for the position of the answer has it; a stranger's item too, without what is private
    let position = made.header("change-position").unwrap();
    let seen = town.get_with(&tile(18, at), &[("after-position", position)]);
    assert!(seen.status == 200 && String::from_utf8_lossy(&seen.body).contains("Immacolata"), "{}", seen.status);
    let item = town.get_with(&path, &[("after-position", position)]);
    assert_eq!((&item.json()["properties"]["name"], item.json()["properties"].get("budget_eur")), (&"Immacolata".into(), None));
    assert_eq!(town.get_with("/healthz", &[("after-position", "FFFFFF/0")]).status, 503, "a position that never comes");
    assert_eq!(town.get_with(EVENTS, &[("after-position", "tomorrow")]).status, 400);

    // the officer of the other comune sees it and does not change it; before it is announced it is not there for them
    let eva = Person::enter(&town, "officer-rocca");
    let mine = json!({"properties": {"name": "mine"}}).to_string();
    assert_eq!(eva.send("PATCH", &path, &[PATCH, ("if-match", "*")], &mine).status, 403);
    let hide = json!({"properties": {"published": false}}).to_string();
    let hidden = ada.send("PATCH", &path, &[PATCH, ("if-match", made.header("etag").unwrap())], &hide);
    assert_eq!(hidden.status, 200, "{}", hidden.text());
    assert_eq!(eva.send("PATCH", &path, &[PATCH, ("if-match", "*")], &mine).status, 404);
    assert_eq!(eva.send("DELETE", &path, &[("if-match", "*")], "").status, 404);
    assert_eq!(eva.get(&format!("{path}/history")).status, 404);
    assert_eq!(Person::enter(&town, "citizen").send("POST", EVENTS, &[GEOJSON], &event(at, "x").to_string()).status, 403);
    assert_eq!(eva.send("POST", EVENTS, &[GEOJSON], &event(at, "x").to_string()).status, 422, "not in their comune");

    // another site's page can't, though the browser sends the cookie along
    for site in ["cross-site", "same-site", "none"] {
        let headers = [("cookie", ada.cookie.as_str()), ("sec-fetch-site", site), GEOJSON];
        assert_eq!(town.send("POST", EVENTS, &headers, event(at, "forged").to_string()).status, 403, "{site}");
    }
    let simple = [("content-type", "text/plain")];
    assert_eq!(ada.send("POST", EVENTS, &simple, &event(at, "forged").to_string()).status, 403);
    assert_eq!(town.psql("select count(*) from tourism.events where name in ('forged', 'x', 'mine')"), "0");

    // who, when, why; in the audit log names, not values
    let history = ada.get(&format!("{path}/history")).json();
    assert_eq!(history["versions"][1]["reason"], "delibera 12");
    assert_eq!(history["versions"][0]["changed"], json!(["published"]));
    assert!(history["versions"][0]["by"].as_str().unwrap().len() > 2);
    let id = path.rsplit('/').next().unwrap();
    let log = town.psql(&format!(
        "select string_agg(event || details::text, ' ' order by entry) from identity.audit where layer = 'events' and id = '{id}'"
    ));
    assert!(log.starts_with("create") && log.contains("update") && log.contains("published") && !log.contains("Immacolata"), "{log}");
    assert!(town.command(&["audit", "verify"]).ok);
}

#[test]
fn a_program_with_a_key_edits_and_the_edge_lets_it_ask_what_it_can() {
    let town = Town::own();
    let key = town.command(&["keys", "create", "--name", "QGIS", "--scope", "edit", "--comune", "080901", "--layers", "events"]);
    assert!(key.ok, "{}", key.err);
    let key = ("x-api-key", key.out.trim());
    let allowed = |headers: &[(&str, &str)]| town.send("OPTIONS", EVENTS, headers, "").header("allow").unwrap_or_default().to_owned();
    assert_eq!((allowed(&[key]), allowed(&[])), ("GET, HEAD, OPTIONS, POST".to_owned(), "GET, HEAD, OPTIONS".to_owned()));
    // a browser that asks ahead for a page of another origin is told that it may read
    let ahead = town.send("OPTIONS", EVENTS, &[("origin", "https://elsewhere.example"), ("access-control-request-method", "POST")], "");
    assert_eq!((ahead.header("access-control-allow-methods"), ahead.header("allow")), (Some("GET,HEAD"), None));

    let at = place(&town, "080901");
    let made = town.send("POST", EVENTS, &[key, GEOJSON], event(at, "Fiera").to_string());
    assert_eq!(made.status, 201, "{}", made.text());
    let path = path(&made, &town);
    assert_eq!(town.send("PATCH", &path, &[key, PATCH], json!({"properties": {"name": "Fiera 2"}}).to_string()).status, 200);
    assert_eq!(town.send("PATCH", &path, &[key, PATCH, ("if-match", made.header("etag").unwrap())], "{}").status, 412);
    assert_eq!(town.send("DELETE", &path, &[key], "").status, 204);
    let lodging = town.psql("select id from tourism.lodgings where comune = '080901' limit 1");
    assert_eq!(town.send("DELETE", &format!("/collections/lodgings/items/{lodging}"), &[key], "").status, 404, "not a layer of the key");
    assert_eq!(town.send("POST", EVENTS, &[key, GEOJSON], event(place(&town, "080902"), "x").to_string()).status, 422);
}
