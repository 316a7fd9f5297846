//! Layers as files, asked for over HTTP: with what whoever asks may see when the file is written, and nobody else gets it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Answer, Town, run};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

fn ask(town: &Town, cookie: &str, layer: &str, body: &Value) -> Answer {
    let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    town.send("POST", &format!("/collections/{layer}/export"), &headers, body.to_string())
}

/// The job that is begun.
#[track_caller]
fn begun(town: &Town, cookie: &str, layer: &str, body: &Value) -> String {
    let answer = ask(town, cookie, layer, body);
    assert_eq!(answer.status, 202, "{body}: {}", answer.text());
    let job = answer.json()["job"].as_str().unwrap().to_owned();
    assert!(answer.header("location").unwrap().ends_with(&format!("/jobs/{job}")));
    job
}

/// The job when it has ended.
#[track_caller]
fn ended(town: &Town, cookie: &str, job: &str) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let found = town.get_with(&format!("/jobs/{job}"), &[("cookie", cookie), ("accept", "application/json")]);
        assert_eq!(found.status, 200, "{}", found.text());
        let found = found.json();
        if matches!(found["state"].as_str(), Some("done" | "failed" | "cancelled")) {
            return found;
        }
        assert!(Instant::now() < end, "{found}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[track_caller]
fn fetched(town: &Town, cookie: &str, layer: &str, body: &Value) -> Answer {
    let job = begun(town, cookie, layer, body);
    let found = ended(town, cookie, &job);
    assert_eq!(found["state"], "done", "{body}: {found}");
    let result = town.get_with(&format!("/jobs/{job}/result"), &[("cookie", cookie)]);
    assert_eq!(result.status, 200, "{}", result.text());
    result
}

/// How many features GDAL finds in a file.
#[track_caller]
fn features(town: &Town, answer: &Answer, name: &str) -> u64 {
    let folder = town.scratch();
    let file = folder.path().join(name);
    fs::write(&file, &answer.body).unwrap();
    let path = if name.ends_with(".zip") { format!("/vsizip/{}", file.display()) } else { file.display().to_string() };
    let output = run(Command::new("ogrinfo").args(["-ro", "-al", "-so", &path]));
    assert!(output.ok, "{name}: {}", output.err);
    output.out.lines().filter_map(|line| line.strip_prefix("Feature Count: ")).map(|count| count.trim().parse::<u64>().unwrap()).sum()
}

#[test]
fn every_format_comes_whole_under_its_name() {
    let town = Town::own();
    let citizen = town.sign_in("citizen");
    let all: u64 = town.psql("select count(*) from environment.trees").parse().unwrap();
    for (format, media, name) in [
        ("gpkg", "application/geopackage+sqlite3", "trees.gpkg"),
        ("fgb", "application/flatgeobuf", "trees.fgb"),
        ("geojson", "application/geo+json", "trees.geojson"),
        ("csv", "text/csv; charset=utf-8", "trees.csv"),
        ("shp", "application/zip", "trees.shp.zip"),
        ("dxf", "image/vnd.dxf", "trees.dxf"),
        ("kml", "application/vnd.google-earth.kml+xml", "trees.kml"),
    ] {
        let result = fetched(&town, &citizen, "trees", &json!({ "format": format }));
        assert_eq!(result.header("content-type"), Some(media));
        assert_eq!(result.header("content-disposition"), Some(format!("attachment; filename=\"{name}\"").as_str()));
        assert!(result.header("cache-control").unwrap().contains("private"));
        assert_eq!(features(&town, &result, name), all, "{format}");
    }
    let some: u64 = town.psql("select count(*) from environment.trees where height_m > 8").parse().unwrap();
    let filtered = fetched(&town, &citizen, "trees", &json!({ "format": "gpkg", "filter": "height_m > 8", "crs": "EPSG:3004" }));
    assert_eq!(features(&town, &filtered, "some.gpkg"), some);
    assert!(some > 0 && some < all);
    let place =
        town.psql("select st_x(g) || ' ' || st_y(g) from (select st_transform(geom, 4326) g from environment.trees order by id limit 1) t");
    let (lon, lat): (f64, f64) = place.split_once(' ').map(|(lon, lat)| (lon.parse().unwrap(), lat.parse().unwrap())).unwrap();
    let near = fetched(&town, &citizen, "trees", &json!({ "format": "csv", "bbox": [lon - 1e-5, lat - 1e-5, lon + 1e-5, lat + 1e-5] }));
    let rows = near.text().lines().count() as u64 - 1;
    assert!(rows >= 1 && rows < all, "{rows}");
    // a formula is none in a table
    let id = town.psql("select id from environment.trees order by id limit 1");
    town.psql(&format!("update environment.trees set species = '=cmd|calc' where id = '{id}'"));
    let table = fetched(&town, &citizen, "trees", &json!({ "format": "csv", "filter": format!("id = '{id}'") })).text();
    assert!(table.contains("'=cmd|calc") && !table.contains(",=cmd"), "{table}");
}

#[test]
fn the_file_has_what_its_reader_may_see_when_it_is_written() {
    let town = Town::own();
    let (citizen, officer) = (town.sign_in("citizen"), town.sign_in("officer"));
    let manager = town.psql("select manager from tourism.lodgings where comune = '080901' order by id limit 1");
    let other = town.psql("select manager from tourism.lodgings where comune <> '080901' and manager not in (select manager from tourism.lodgings where comune = '080901') order by id limit 1");
    let csv = json!({ "format": "csv" });
    let for_citizen = fetched(&town, &citizen, "lodgings", &csv).text();
    assert!(!for_citizen.contains(&manager) && !for_citizen.lines().next().unwrap().contains("manager"));
    let job = begun(&town, &officer, "lodgings", &csv);
    assert_eq!(ended(&town, &officer, &job)["state"], "done");
    let result = |cookie: &str, job: &str| town.get_with(&format!("/jobs/{job}/result"), &[("cookie", cookie)]);
    let for_officer = result(&officer, &job).text();
    assert!(for_officer.contains(&manager) && !for_officer.contains(&other), "private values of one's own comune");
    // nobody else has it
    for cookie in [&citizen, ""] {
        assert_eq!((result(cookie, &job).status, town.get_with(&format!("/jobs/{job}"), &[("cookie", cookie)]).status), (404, 404));
    }
    // the same request again, written after something has changed
    let again = |of: &str| {
        town.psql(&format!(
            "insert into jobs.jobs (kind, payload, subject, who) select kind, payload, subject, who from jobs.jobs where id = '{of}' returning id"
        ))
    };
    let state = |job: &str| {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = town.psql(&format!("select state || ' ' || coalesce(error, '') from jobs.jobs where id = '{job}'"));
            if !found.starts_with("queued") && !found.starts_with("running") {
                return found;
            }
            assert!(Instant::now() < end, "{found}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    town.psql("update identity.accounts set role = 'citizen' where demo = 'officer'");
    let demoted = again(&job);
    assert_eq!(state(&demoted), "done");
    let content = town.psql(&format!("select convert_from(content, 'UTF8') from jobs.results where job = '{demoted}'"));
    assert!(content.len() > 100 && !content.contains(&manager), "what they were entitled to is not theirs any more");
    town.psql("update identity.accounts set role = 'officer', active = false where demo = 'officer'");
    let inactive = state(&again(&job));
    assert!(inactive.starts_with("failed") && inactive.contains("not active"), "{inactive}");
    town.psql("update identity.accounts set active = true where demo = 'officer'");
    assert_eq!(state(&again(&job)), "done");
    let job = begun(&town, &citizen, "lodgings", &csv);
    assert_eq!(ended(&town, &citizen, &job)["state"], "done");
    let administrator = town.sign_in("administrator");
    let headers = [("cookie", administrator.as_str()), ("sec-fetch-site", "same-origin")];
    assert_eq!(town.send("PUT", "/admin/layers/lodgings", &headers, r#"{"audience": "officers", "editors": []}"#).status, 200);
    let end = Instant::now() + PATIENCE;
    while ask(&town, &citizen, "lodgings", &csv).status != 404 {
        assert!(Instant::now() < end);
        std::thread::sleep(Duration::from_millis(100));
    }
    let hidden = state(&again(&job));
    assert!(hidden.starts_with("failed") && hidden.contains("no layer `lodgings`"), "{hidden}");
}

#[test]
fn what_can_t_be_written_is_refused_at_once() {
    let town = Town::own();
    let citizen = town.sign_in("citizen");
    let csv = json!({ "format": "csv" });
    let nobody = ask(&town, "", "trees", &csv);
    assert_eq!(nobody.status, 401, "{}", nobody.text());
    let key = town.command(&["keys", "create", "--name", "x", "--scope", "read"]).out.trim().to_owned();
    assert_eq!(town.send("POST", "/collections/trees/export", &[("x-api-key", &key)], csv.to_string()).status, 403);
    let foreign =
        town.send("POST", "/collections/trees/export", &[("cookie", &citizen), ("sec-fetch-site", "cross-site")], csv.to_string());
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    for cookie in [&citizen, ""] {
        let (hidden, absent) = (ask(&town, cookie, "tree_inspections", &csv), ask(&town, cookie, "no_such_layer", &csv));
        assert_eq!((hidden.status, hidden.text().replace("tree_inspections", "no_such_layer")), (404, absent.text()));
    }
    for (body, word) in [
        (json!({}), "format"),
        (json!({ "format": "xls" }), "xls"),
        (json!({ "format": "csv", "everything": true }), "everything"),
        (json!({ "format": "csv", "filter": "height_m >" }), "filter"),
        (json!({ "format": "csv", "filter": "pg_sleep(9) = 1" }), "pg_sleep"),
        (json!({ "format": "csv", "filter": "x' or 1=1 --" }), "filter"),
        (json!({ "format": "csv", "filter": "" }), "filter"),
        (json!({ "format": "csv", "bbox": [16, 38, 15, 39] }), "bbox"),
        (json!({ "format": "csv", "bbox": [15, 38, 16] }), "body"),
        (json!({ "format": "csv", "bbox": ["a", 38, 16, 39] }), "body"),
        (json!({ "format": "csv", "crs": "EPSG:99999" }), "crs"),
        (json!({ "format": "csv", "crs": "https://elsewhere.example/crs" }), "crs"),
        (json!({ "format": "kml", "crs": "EPSG:7792" }), "longitude"),
    ] {
        let answer = ask(&town, &citizen, "trees", &body);
        assert!(answer.status == 400 && answer.text().contains(word), "{body}: {} {}", answer.status, answer.text());
    }
    let private = ask(&town, &citizen, "lodgings", &json!({ "format": "csv", "filter": "manager = 'x'" }));
    assert_eq!(private.status, 400, "nobody finds out by asking");
    assert_eq!(town.psql("select count(*) from jobs.jobs where kind = 'export'"), "0", "nothing was begun");
}

#[test]
fn one_person_has_only_so_many() {
    let town = Town::own();
    let (citizen, officer) = (town.sign_in("citizen"), town.sign_in("officer"));
    let csv = json!({ "format": "csv", "filter": "height_m > 1000" });
    let first = begun(&town, &citizen, "trees", &csv);
    ended(&town, &citizen, &first);
    let waiting = town.psql(&format!(
        "insert into jobs.jobs (kind, payload, subject, who, run_at) select kind, payload, subject, who, now() + interval '1 hour' from jobs.jobs, generate_series(1, 3)
          where id = '{first}' returning id"
    ));
    let refused = ask(&town, &citizen, "trees", &csv);
    assert_eq!(refused.status, 429, "{}", refused.text());
    assert!(refused.header("retry-after").is_some());
    begun(&town, &officer, "trees", &csv);
    // cancelled, they are in nobody's way
    for job in waiting.lines() {
        let headers = [("cookie", citizen.as_str()), ("sec-fetch-site", "same-origin")];
        let cancelled = town.send("DELETE", &format!("/jobs/{job}"), &headers, "");
        assert!(cancelled.status < 300, "{}", cancelled.text());
    }
    town.psql(&format!(
        "insert into jobs.jobs (kind, payload, subject, who, state, finished_at, expires_at) select kind, payload, subject, who, 'done', now(), now() + interval '1 day'
           from jobs.jobs, generate_series(1, 40) where id = '{first}'"
    ));
    let last = begun(&town, &citizen, "trees", &csv);
    ended(&town, &citizen, &last);
    assert_eq!(
        town.psql(&format!("select count(*) from jobs.jobs where subject = (select subject from jobs.jobs where id = '{last}')")),
        "20"
    );
}
