//! Public works and road ordinances through the built program: registered, progressed, refused, and told alike by every address.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeSet;
use std::process::Command;

use e2e::{Answer, Town, run};
use serde_json::{Value, json};

const CUP: &str = "X17B26000049001";

struct Office {
    town: Town,
    cookie: String,
    /// A street of Castelmarina, and a point on it.
    street: String,
    place: (f64, f64),
}

impl Office {
    fn open() -> Self {
        let town = Town::own();
        let found = town.psql(
            "select name || '|' || st_x(g) || '|' || st_y(g) from territory.streets
              cross join lateral (select st_transform(st_lineinterpolatepoint(st_geometryn(geom, 1), 0.5), 4326) as g) middle
              where comune = '080901' order by st_length(geom) desc, id limit 1",
        );
        let parts: Vec<&str> = found.split('|').collect();
        let place = (parts[1].parse().unwrap(), parts[2].parse().unwrap());
        Self { cookie: town.sign_in("officer"), street: parts[0].to_owned(), place, town }
    }

    fn post(&self, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json"), ("cookie", &*self.cookie), ("sec-fetch-site", "same-origin")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.town.send("POST", path, &headers, body.to_string())
    }

    /// The fields that are wrong.
    fn wrong(&self, path: &str, tag: Option<&str>, body: &Value) -> Vec<String> {
        let answer = self.post(path, tag, body);
        assert_eq!(answer.status, 422, "{path} {body}: {}", answer.text());
        answer.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }

    fn work(&self) -> Value {
        json!({"title": "Rete idrica", "cup": CUP, "amount_eur": 250_000, "begins_planned": "2026-03-01", "ends_planned": "2026-12-31",
            "place": {"type": "Point", "coordinates": [self.place.0, self.place.1]}})
    }
}

/// The number of features that GDAL finds.
fn gdal(town: &Town, layer: &str) -> String {
    let gdal = run(Command::new("ogrinfo").args(["-ro", "-so", &format!("OAPIF:{}", town.url()), layer]));
    assert!(gdal.ok && !gdal.err.contains("ERROR"), "{}{}", gdal.out, gdal.err);
    gdal.out.lines().find_map(|line| line.strip_prefix("Feature Count: ")).unwrap().trim().to_owned()
}

fn ids(collection: &Answer) -> BTreeSet<String> {
    assert_eq!(collection.status, 200, "{}", collection.text());
    collection.json()["features"].as_array().unwrap().iter().map(|feature| feature["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_work_is_registered_progressed_and_drawn_and_what_is_wrong_changes_nothing() {
    let office = Office::open();
    let town = &office.town;
    let ahead = town.psql("select current_date + 2");
    let count = || town.psql("select count(*) from public_works.works");
    let before = count();
    let with = |field: &str, value: Value| {
        let mut work = office.work();
        work[field] = value;
        work
    };
    for (field, value) in [
        ("cup", json!("X17B2600004900")),
        ("cui", json!("L1")),
        ("ends_planned", json!("2026-02-28")),
        ("amount_eur", json!(-1)),
        ("begins_actual", json!(ahead)),
        ("title", json!("Strada \u{202e}adartS")),
        ("place", json!({"type": "Point", "coordinates": [9.19, 45.46]})),
    ] {
        assert_eq!(office.wrong("/public-works/", None, &with(field, value))[0], field);
    }
    let anonymous = town.send("POST", "/public-works/", &[("content-type", "application/json")], office.work().to_string());
    assert_eq!(anonymous.status, 403, "{}", anonymous.text());
    assert_eq!(count(), before);

    let made = office.post("/public-works/", None, &office.work());
    assert_eq!(made.status, 201, "{}", made.text());
    let path = format!("/public-works/{CUP}");
    let tag = made.header("etag").unwrap().to_owned();
    let progress = format!("{path}/progress");
    assert_eq!(office.wrong(&progress, Some(&tag), &json!({"percent": 130})), ["percent"]);
    let first = office.post(&progress, Some(&tag), &json!({"percent": 40}));
    assert_eq!((first.status, &first.json()["progress"]), (200, &json!(40.0)));
    assert_eq!(office.post(&progress, Some(&tag), &json!({"percent": 50})).status, 412, "another was quicker");
    assert_eq!(office.wrong(&progress, Some("*"), &json!({"percent": 30})), ["reason"]);
    let phases = format!("{path}/phases");
    let backwards = json!({"phase": "tender", "planned_from": "2026-05-01", "planned_to": "2026-04-01"});
    assert_eq!(office.wrong(&phases, Some("*"), &backwards), ["planned_to"]);
    assert_eq!(office.wrong(&phases, Some("*"), &json!({"phase": "execution", "actual_from": ahead})), ["actual_from"]);
    let tender = json!({"phase": "tender", "planned_from": "2026-01-01", "planned_to": "2026-03-01"});
    assert_eq!(office.post(&phases, Some("*"), &tender).status, 200);
    assert_eq!(office.wrong(&format!("{path}/state"), Some("*"), &json!({"state": "completed"})), ["state"]);

    // what was acknowledged is there for everybody, after kill -9 too
    town.kill_and_restart();
    let record = town.get(&format!("{path}?f=json")).json();
    assert_eq!((&record["progress"], record["progress_entries"].as_array().unwrap().len()), (&json!(40.0), 1), "{record}");
    assert_eq!(record["phases"].as_array().unwrap().len(), 1);
    let page = town.get_with(&path, &[("accept", "text/html"), ("accept-language", "en")]).text();
    assert!(page.contains("class=\"planned\"") && page.contains("Rete idrica"), "{page}");
    assert_eq!(town.get(&format!("/collections/works/items/{CUP}?f=json")).json()["properties"]["progress"], json!(40.0));
    // pages, psql and GDAL count the same
    let rows = town.get("/public-works/?f=csv").text().lines().count() - 1;
    assert_eq!((rows.to_string(), gdal(town, "works")), (count(), count()));
    assert_eq!(rows, before.parse::<usize>().unwrap() + 1);
}

#[test]
fn an_ordinance_is_on_its_days_in_feed_items_tiles_and_list_alike() {
    let office = Office::open();
    let town = &office.town;
    let (lon, lat) = office.place;
    let made = office.post(
        "/public-works/ordinances/",
        None,
        &json!({"number": "9001", "closure": "total", "road": office.street, "diversion": "Per di là", "act": "Comando, prot. 12",
            "valid_from": "2031-03-29T22:00", "valid_to": "2031-03-30T04:00", "place": {"type": "Point", "coordinates": [lon, lat]}}),
    );
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let n = f64::from(1_u32 << 16);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    let tile = format!("16/{}/{}", ((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32);
    let drawn = |datetime: &str| {
        let answer = town.get(&format!("/xyz/road_ordinances/{tile}{datetime}"));
        assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
        answer.body.windows(id.len()).any(|part| part == id.as_bytes())
    };
    // the clocks go forward that night: 22:00 is 21:00 in Greenwich, 04:00 is 02:00
    for (datetime, holds) in [
        ("", false),
        ("2031-03-28", false),
        ("2031-03-29", true),
        ("2031-03-30", true),
        ("2031-03-31", false),
        ("2031-03-29T20:59:59Z", false),
        ("2031-03-29T21:00:00Z", true),
        ("2031-03-30T01:59:59Z", true),
        ("2031-03-30T02:00:00Z", false),
        ("2031-03-01/2031-03-31", true),
    ] {
        let query = if datetime.is_empty() { String::new() } else { format!("?datetime={datetime}") };
        let rest = query.replace('?', "&");
        let feed = ids(&town.get(&format!("/public-works/ordinances.geojson{query}")));
        let items = ids(&town.get(&format!("/collections/road_ordinances/items?f=json&limit=1000{rest}")));
        assert_eq!(feed, items, "{datetime}");
        assert_eq!((feed.contains(&id), drawn(&query)), (holds, holds), "{datetime}");
        // without a day the list has those of every day
        if !datetime.is_empty() {
            let list = town.get(&format!("/public-works/ordinances/?f=csv{rest}")).text();
            assert_eq!(list.lines().count() - 1, feed.len(), "{datetime}");
        }
    }
    let now = ids(&town.get("/public-works/ordinances.geojson"));
    assert_eq!(gdal(town, "road_ordinances"), now.len().to_string());
    for bad in ["/public-works/ordinances.geojson", "/collections/road_ordinances/items", &format!("/xyz/road_ordinances/{tile}")] {
        assert_eq!(town.get(&format!("{bad}?datetime=2031-02-30")).status, 400, "{bad}");
    }
}
