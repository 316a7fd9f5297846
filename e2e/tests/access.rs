//! Who sees what: every role at every address, over layers of each audience. The rows that somebody must not see are known by their
//! secrets (ids and private values), which no answer to them may hold, whatever it is.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use e2e::{Answer, Town};

const CASTELMARINA: &str = "080901";
const ROCCA: &str = "080902";

/// Who asks, and how their requests say so.
struct Reader {
    name: &'static str,
    staff_of: &'static [&'static str],
    headers: Vec<(&'static str, String)>,
}

impl Reader {
    fn get(&self, town: &Town, path: &str) -> Answer {
        self.ask(town, "GET", path)
    }

    fn ask(&self, town: &Town, method: &str, path: &str) -> Answer {
        let headers: Vec<(&str, &str)> = self.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        town.ask(method, path, &headers)
    }

    fn serves(&self, comune: &str) -> bool {
        self.staff_of.contains(&comune)
    }
}

/// A row with something to hide.
struct Row {
    layer: &'static str,
    id: String,
    comune: String,
    at: (f64, f64),
    /// What tells that somebody sees it: of a row that is hidden its id, of a private value the value.
    secret: String,
    /// Whether the row itself is hidden, not only a value of it.
    hidden: bool,
}

struct Scene {
    town: Town,
    readers: Vec<Reader>,
    rows: Vec<Row>,
    /// Of a layer that is a draft of the officer's.
    draft: Row,
}

/// One town for all tests here that run at a time, stopped after the last of them.
fn scene() -> Arc<Scene> {
    static SHARED: Mutex<Weak<Scene>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(scene) = shared.upgrade() {
        return scene;
    }
    let scene = Arc::new(prepare());
    *shared = Arc::downgrade(&scene);
    scene
}

fn prepare() -> Scene {
    let town = Town::own();
    let mut readers = vec![Reader { name: "anonymous", staff_of: &[], headers: vec![] }];
    let people: [(&'static str, &'static [&'static str]); 5] = [
        ("citizen", &[]),
        ("officer", &[CASTELMARINA]),
        ("officer-rocca", &[ROCCA]),
        ("planner", &[CASTELMARINA]),
        ("administrator", &[CASTELMARINA, ROCCA]),
    ];
    for (name, staff_of) in people {
        readers.push(Reader { name, staff_of, headers: vec![("cookie", town.sign_in(name))] });
    }
    // the matrix asks faster than an ordinary key may
    let key = town.command(&["keys", "create", "--name", "matrix", "--scope", "read", "--comune", ROCCA, "--rate", "1000000"]);
    assert!(key.ok, "{}", key.err);
    readers.push(Reader { name: "key of Rocca", staff_of: &[ROCCA], headers: vec![("x-api-key", key.out.trim().to_owned())] });
    let mut rows = Vec::new();
    for comune in [CASTELMARINA, ROCCA] {
        rows.extend(hidden(&town, "events", "tourism.events", "id", &format!("comune = '{comune}' and not published"), true));
        rows.extend(hidden(&town, "tree_inspections", "environment.tree_inspections", "id", &format!("comune = '{comune}'"), true));
        rows.extend(hidden(
            &town,
            "landslide_zones",
            "environment.landslide_zones",
            "id",
            &format!("comune = '{comune}' and not published"),
            true,
        ));
        rows.extend(hidden(&town, "datasets", "environment.datasets", "id", &format!("comune = '{comune}' and not published"), true));
        rows.extend(hidden(&town, "reports", "reports.reports", "id", &format!("comune = '{comune}' and state = 'received'"), true));
        rows.extend(hidden(&town, "lodgings", "tourism.lodgings", "manager", &format!("comune = '{comune}'"), false));
        // what the works are is the office's; one that is nobody else's, so that it is known when it is seen
        town.psql(&format!("update permits.permits set subject = 'Opera di ' || id where comune = '{comune}'"));
        rows.extend(hidden(&town, "permits", "permits.permits", "subject", &format!("comune = '{comune}'"), false));
    }
    assert!(rows.len() >= 12, "{}", rows.len());
    let draft = draft(&town, &readers);
    Scene { town, readers, rows, draft }
}

/// Makes the layer `bozza` of a file, a draft whose author is the officer.
fn draft(town: &Town, readers: &[Reader]) -> Row {
    let at = town.psql("select st_x(g) || ' ' || st_y(g) from (select st_transform(st_pointonsurface(geom), 4326) g from territory.boundaries where id = '080901') t");
    let (lon, lat) = at.split_once(' ').unwrap();
    let point = |id: &str, off: f64| {
        let lon = lon.parse::<f64>().unwrap() + off;
        format!(
            r#"{{"type": "Feature", "properties": {{"id": "{id}", "name": "Segretissima {id}"}}, "geometry": {{"type": "Point", "coordinates": [{lon}, {lat}]}}}}"#
        )
    };
    let folder = town.scratch();
    let file = folder.path().join("bozza.geojson");
    std::fs::write(&file, format!(r#"{{"type": "FeatureCollection", "features": [{}, {}]}}"#, point("BZ1", 0.0), point("BZ2", 0.001)))
        .unwrap();
    let loaded = town.command(&["ingest", file.to_str().unwrap(), "--layer", "bozza", "--title", "Titolo in bozza", "--draft"]);
    assert!(loaded.ok, "{}", loaded.err);
    let person = |name: &str| readers.iter().find(|reader| reader.name == name).unwrap();
    let administrator = person("administrator");
    until("the draft is not served", || administrator.get(town, "/collections/bozza").status == 200);
    assert_eq!(person("officer").get(town, "/collections/bozza").status, 404, "nobody is its author yet");
    town.psql(
        "update opensit.layers set declaration = declaration || jsonb_build_object('author', a.id), generation = generation + 1
           from identity.accounts a where a.demo = 'officer' and layers.id = 'bozza'",
    );
    // writes the policies anew
    let mut headers: Vec<(&str, &str)> = administrator.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.push(("sec-fetch-site", "same-origin"));
    let access =
        town.send("PUT", "/admin/layers/bozza", &headers, r#"{"audience": "public", "editors": ["officer", "planner", "administrator"]}"#);
    assert_eq!(access.status, 200, "{}", access.text());
    until("its author does not see it", || person("officer").get(town, "/collections/bozza").status == 200);
    let (lon, lat) = (lon.parse().unwrap(), lat.parse().unwrap());
    Row { layer: "bozza", id: "BZ1".into(), comune: CASTELMARINA.into(), at: (lon, lat), secret: "Segretissima BZ1".into(), hidden: true }
}

/// Asks until it holds.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while !holds() {
        assert!(std::time::Instant::now() < end, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// A few rows of a table, in whose `secret` column there is what only those entitled see.
fn hidden(town: &Town, layer: &'static str, table: &str, secret: &str, condition: &str, hidden: bool) -> Vec<Row> {
    let rows = town.psql(&format!(
        "select id, comune, st_x(g), st_y(g), {secret} from (select *, st_transform(st_pointonsurface(geom), 4326) as g from {table}) t
          where {condition} and (select count(*) from {table} o where o.{secret} = t.{secret}) = 1 order by id limit 3"
    ));
    let row = |line: &str| {
        let parts: Vec<&str> = line.split('|').collect();
        let number = |i: usize| parts[i].parse::<f64>().unwrap();
        Row { layer, id: parts[0].to_owned(), comune: parts[1].to_owned(), at: (number(2), number(3)), secret: parts[4].to_owned(), hidden }
    };
    rows.lines().map(row).collect()
}

/// The tile that holds a place.
fn tile(z: u8, (lon, lat): (f64, f64)) -> String {
    let n = f64::from(1_u32 << z);
    let phi = lat.to_radians();
    let x = (lon + 180.0) / 360.0 * n;
    let y = (1.0 - (phi.tan() + 1.0 / phi.cos()).ln() / std::f64::consts::PI) / 2.0 * n;
    format!("{z}/{}/{}", x as u32, y as u32)
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn holds(answer: &Answer, secret: &str) -> bool {
    answer.body.windows(secret.len()).any(|part| part == secret.as_bytes())
}

/// Addresses that show a row to those who see it.
fn showing(row: &Row) -> Vec<String> {
    let (layer, id, (lon, lat)) = (row.layer, encoded(&row.id), row.at);
    let bbox = format!("{},{},{},{}", lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4);
    let mut paths = vec![
        format!("/collections/{layer}/items?limit=10000"),
        format!("/collections/{layer}/items?bbox={bbox}"),
        format!("/collections/{layer}/items?comune={}&limit=10000", row.comune),
        format!("/collections/{layer}/items?f=html&limit=500"),
        format!("/collections/{layer}/items/{id}"),
        format!("/collections/{layer}/items/{id}?f=html"),
        format!("/xyz/{layer}/{}", tile(17, row.at)),
        format!("/xyz/points_of_interest,{layer}/{}", tile(16, row.at)),
        format!("/identify?point={lon},{lat}&zoom=18&layers={layer}"),
    ];
    if layer == "reports" {
        paths.extend([
            format!("/reports/{id}"),
            format!("/reports/{id}?f=html"),
            "/reports/?state=received&limit=500".to_owned(),
            "/reports/?state=received&limit=500&f=html".to_owned(),
            "/reports/?f=csv".to_owned(),
            format!("/open311/v2/requests/{id}.json"),
            format!("/open311/v2/requests.xml?service_request_id={id}"),
        ]);
    }
    if layer == "permits" {
        paths.extend([format!("/permits/{id}"), format!("/permits/{id}?f=html")]);
    }
    // where the row's theme shows it
    match (layer, row.id.rsplit_once('-')) {
        ("tree_inspections", Some((tree, _))) => paths.push(format!("/environment/trees/{tree}")),
        ("landslide_zones", _) => paths.push(format!("/environment/datasets/{}", row.id.split('.').next().unwrap())),
        ("datasets", _) => paths.extend([format!("/environment/datasets/{id}?f=html"), "/environment/datasets/?f=csv".to_owned()]),
        _ => {}
    }
    paths
}

/// All other addresses that have to do with a layer or a row: they show no secret to anybody who must not see it.
fn others(row: &Row) -> Vec<String> {
    let (layer, id) = (row.layer, encoded(&row.id));
    let mut paths: Vec<String> = ["", "/schema", "/queryables", "/sortables"].map(|part| format!("/collections/{layer}{part}")).to_vec();
    paths.push(format!("/collections/{layer}/items/{id}/history"));
    paths.extend([format!("/xyz/{layer}"), format!("/styles/{layer}.json"), format!("/attachments/{layer}/{id}")]);
    paths.push(format!("/collections/{layer}/items?sortby=name&limit=10000"));
    paths.extend(["json", "csv", "html"].map(|f| format!("/collections/{layer}/h3?resolution=7&f={f}")));
    paths.push(format!("/search?q={}", encoded(&row.secret)));
    let (lon, lat) = row.at;
    paths.extend(["json", "html"].map(|f| format!("/here?point={lon},{lat}&f={f}")));
    paths.push(format!("/identify?point={lon},{lat}&zoom=18&layers={layer}&datetime=2020-01-01/.."));
    paths.extend(
        ["/collections", "/collections?f=html", "/api", "/openapi.json", "/portal/catalogue.json", "/styles/map.json", "/"]
            .map(str::to_owned),
    );
    paths
}

#[test]
fn no_answer_holds_what_its_reader_must_not_see() {
    let Scene { town, readers, rows, .. } = &*scene();
    for reader in readers {
        for row in rows {
            let sees = reader.serves(&row.comune);
            for path in showing(row) {
                let answer = reader.get(town, &path);
                assert!(answer.status < 500, "{} {path}: {}", reader.name, answer.text());
                // a refusal says again what was asked for
                assert_eq!(
                    answer.status == 200 && holds(&answer, &row.secret),
                    sees,
                    "{} ({}) {path}: status {}",
                    reader.name,
                    row.secret,
                    answer.status
                );
            }
            for path in others(row) {
                let answer = reader.get(town, &path);
                assert!(answer.status < 500, "{} {path}: {}", reader.name, answer.text());
                // a search repeats nothing of what was asked, a refusal may
                assert!(sees || answer.status != 200 || !holds(&answer, &row.secret), "{} ({}) {path}", reader.name, row.secret);
            }
        }
    }
}

#[test]
fn a_layer_that_is_not_for_somebody_is_as_if_it_were_not() {
    let Scene { town, readers, rows, .. } = &*scene();
    let row = rows.iter().find(|r| r.layer == "tree_inspections").unwrap();
    let outside = ["anonymous", "citizen"];
    for reader in readers {
        let is_there = !outside.contains(&reader.name);
        for path in showing(row).into_iter().chain(others(row)).filter(|p| p.contains("tree_inspections")) {
            let (answer, nothing) = (reader.get(town, &path), reader.get(town, &path.replace("tree_inspections", "no_such_layer")));
            if is_there {
                assert_ne!(nothing.status, 200, "{path}");
                continue;
            }
            assert_eq!(answer.status, nothing.status, "{} {path}", reader.name);
            assert_eq!(answer.text().replace("tree_inspections", "no_such_layer"), nothing.text(), "{} {path}", reader.name);
        }
        for path in ["/collections", "/api", "/portal/catalogue.json", "/styles/map.json", "/collections?f=html"] {
            let named = reader.get(town, path).text().contains("tree_inspections");
            assert_eq!(named, is_there, "{} {path}", reader.name);
        }
        let stream = reader.ask(town, "HEAD", "/xyz/tree_inspections/changes").status;
        assert_eq!(stream, if is_there { 200 } else { 404 }, "{}", reader.name);
    }
}

/// What leads to a layer from addresses that name none, or several.
fn leading_to(row: &Row) -> Vec<String> {
    let (layer, (lon, lat)) = (row.layer, row.at);
    vec![
        format!("/search?q={}", encoded(&row.secret)),
        format!("/identify?point={lon},{lat}&zoom=18"),
        format!("/here?point={lon},{lat}&f=json"),
        format!("/here?point={lon},{lat}&f=html"),
        format!("/xyz/parcels,{layer}/{}", tile(15, row.at)),
        "/collections".to_owned(),
        "/collections?f=html".to_owned(),
        "/api".to_owned(),
        "/portal/catalogue.json".to_owned(),
        "/styles/map.json".to_owned(),
    ]
}

#[test]
fn a_draft_is_there_for_its_author_and_administrators_alone() {
    let Scene { town, readers, draft, .. } = &*scene();
    let sees = |reader: &Reader| matches!(reader.name, "officer" | "administrator");
    assert_eq!(readers.iter().filter(|reader| sees(reader)).count(), 2);
    for reader in readers {
        for path in showing(draft).into_iter().chain(others(draft)).filter(|path| path.contains("bozza")) {
            let (answer, nothing) = (reader.get(town, &path), reader.get(town, &path.replace("bozza", "no_such_layer")));
            if sees(reader) {
                // the files of its rows and what they were are for those who may edit them
                assert_eq!(answer.status, 200, "{} {path}: {}", reader.name, answer.text());
                continue;
            }
            assert_eq!(answer.status, nothing.status, "{} {path}", reader.name);
            assert_eq!(answer.text().replace("bozza", "no_such_layer"), nothing.text(), "{} {path}", reader.name);
        }
        for path in showing(draft) {
            assert_eq!(holds(&reader.get(town, &path), &draft.secret), sees(reader), "{} {path}", reader.name);
        }
        for path in leading_to(draft) {
            let answer = reader.get(town, &path);
            let told = answer.status == 200 && ["Segretissima BZ1", "bozza"].iter().any(|word| holds(&answer, word));
            assert_eq!(told, sees(reader), "{} {path}: {}", reader.name, answer.status);
        }
        let stream = reader.ask(town, "HEAD", "/xyz/bozza/changes").status;
        assert_eq!(stream, if sees(reader) { 200 } else { 404 }, "{}", reader.name);
        for path in ["/metrics", "/readyz", "/openapi.json", "/version"] {
            assert!(!holds(&reader.get(town, path), "bozza"), "{} {path}", reader.name);
        }
    }
    // what publishes it, and what writes it as a file
    for reader in readers {
        let headers = |more: [(&'static str, &'static str); 2]| -> Vec<(&'static str, String)> {
            reader.headers.iter().cloned().chain(more.map(|(name, value)| (name, value.to_owned()))).collect()
        };
        for (method, path, body) in [
            ("GET", "/admin/layers/bozza/publication", ""),
            ("GET", "/admin/layers/bozza/styles", ""),
            ("PUT", "/admin/layers/bozza/publication", "{}"),
            ("POST", "/collections/bozza/export", r#"{"format": "csv"}"#),
        ] {
            let headers = headers([("sec-fetch-site", "same-origin"), ("content-type", "application/json")]);
            let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let answer = town.send(method, path, &headers, body);
            let nothing = town.send(method, &path.replace("bozza", "no_such_layer"), &headers, body);
            if sees(reader) {
                assert!(matches!(answer.status, 200 | 202), "{} {method} {path}: {}", reader.name, answer.text());
            } else {
                let same = (nothing.status, nothing.text());
                assert_eq!((answer.status, answer.text().replace("bozza", "no_such_layer")), same, "{} {method} {path}", reader.name);
            }
        }
    }
    let author = readers.iter().find(|reader| reader.name == "officer").unwrap();
    // a token for tiles has the rights of who made it, and no more layers
    let token = |name: &str| {
        let reader = readers.iter().find(|reader| reader.name == name).unwrap();
        let headers = [("cookie", reader.headers[0].1.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        town.send("POST", "/auth/tile-token", &headers, "{}").json()["token"].as_str().unwrap().to_owned()
    };
    for (name, status) in [("officer", 200), ("planner", 404), ("administrator", 200)] {
        let path = format!("/xyz/bozza/{}?token={}", tile(17, draft.at), token(name));
        assert_eq!(town.get(&path).status, status, "{name}");
    }
    let tile = author.get(town, &format!("/xyz/bozza/{}", tile(17, draft.at)));
    assert!(tile.header("cache-control").unwrap().starts_with("private"), "{:?}", tile.headers);
}

#[test]
fn a_draft_is_written_by_nobody_who_does_not_see_it() {
    let Scene { town, readers, draft, .. } = &*scene();
    let point = format!(r#"{{"type": "Point", "coordinates": [{}, {}]}}"#, draft.at.0, draft.at.1);
    let feature = format!(r#"{{"type": "Feature", "properties": {{"name": "x"}}, "geometry": {point}}}"#);
    let writes = [
        ("POST", "/collections/bozza/items", "application/geo+json", feature.clone()),
        ("PUT", "/collections/bozza/items/BZ2", "application/geo+json", feature),
        ("PATCH", "/collections/bozza/items/BZ2", "application/merge-patch+json", r#"{"properties": {"name": "x"}}"#.to_owned()),
        ("DELETE", "/collections/bozza/items/BZ2", "application/json", String::new()),
    ];
    for reader in readers.iter().filter(|reader| !matches!(reader.name, "officer" | "administrator")) {
        for (method, path, media, body) in &writes {
            let mut headers: Vec<(&str, &str)> = reader.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            headers.extend([("sec-fetch-site", "same-origin"), ("content-type", *media), ("if-match", "*")]);
            let answer = town.send(method, path, &headers, body);
            let nothing = town.send(method, &path.replace("bozza", "no_such_layer"), &headers, body);
            assert_eq!(answer.status, nothing.status, "{} {method} {path}: {}", reader.name, answer.text());
            assert_eq!(answer.text().replace("bozza", "no_such_layer"), nothing.text(), "{} {method} {path}", reader.name);
        }
    }
    assert_eq!(town.psql("select count(*) filter (where name = 'Segretissima BZ2') || '/' || count(*) from published.bozza"), "1/2");
}

#[test]
fn a_draft_is_published_while_maps_are_open() {
    let Scene { town, readers, draft, .. } = &*scene();
    let folder = town.scratch();
    let file = folder.path().join("altra.geojson");
    let point = format!(r#"{{"type": "Point", "coordinates": [{}, {}]}}"#, draft.at.0, draft.at.1);
    std::fs::write(&file, format!(r#"{{"type": "Feature", "properties": {{"id": "A1"}}, "geometry": {point}}}"#)).unwrap();
    let (file, at) = (file.to_str().unwrap(), tile(15, draft.at));
    assert!(town.command(&["ingest", file, "--layer", "prossima", "--draft"]).ok);
    let administrator = readers.iter().find(|reader| reader.name == "administrator").unwrap();
    until("the draft is not served", || administrator.get(town, "/collections/prossima").status == 200);
    // seen before, so that it is kept
    for _ in 0..3 {
        assert_eq!(administrator.get(town, &format!("/xyz/prossima/{at}")).status, 200);
        assert_eq!(town.get(&format!("/xyz/prossima/{at}")).status, 404);
    }
    let listed = town.command(&["layers"]).out;
    assert!(listed.lines().any(|line| line.starts_with("prossima") && line.contains("draft")), "{listed}");
    // another delivery in its place does not publish it
    assert!(town.command(&["ingest", file, "--layer", "prossima", "--replace"]).ok);
    assert_eq!(town.get("/collections/prossima").status, 404);
    assert_eq!(town.psql("select declaration ->> 'draft' from opensit.layers where id = 'prossima'"), "true");
    let published = town.command(&["layers", "publish", "prossima"]);
    assert!(published.ok, "{}", published.err);
    until("it is not there for everybody", || town.get(&format!("/xyz/prossima/{at}")).status == 200);
    let tile = town.get(&format!("/xyz/prossima/{at}"));
    assert!(!tile.header("cache-control").unwrap().starts_with("private") && !tile.body.is_empty(), "{:?}", tile.headers);
    assert!(town.get("/portal/catalogue.json").text().contains("prossima"));
    let again = town.command(&["layers", "publish", "prossima"]);
    assert!(!again.ok && again.err.contains("no draft"), "{}", again.err);
    assert!(
        !town.command(&["ingest", file, "--layer", "prossima", "--replace", "--draft"]).ok,
        "a layer that people see does not become a draft"
    );
}

#[test]
fn the_row_of_somebody_else_is_as_if_it_were_not() {
    let Scene { town, readers, rows, .. } = &*scene();
    for reader in readers {
        for row in rows.iter().filter(|r| r.hidden && !reader.serves(&r.comune)) {
            for path in [format!("/collections/{}/items/{}", row.layer, row.id), format!("/attachments/{}/{}", row.layer, row.id)] {
                let (answer, nothing) = (reader.get(town, &path), reader.get(town, &path.replace(&row.id, "NOSUCHROW")));
                assert_eq!(answer.status, 404, "{} {path}", reader.name);
                assert_eq!(answer.text().replace(&row.id, "NOSUCHROW"), nothing.text(), "{} {path}", reader.name);
            }
        }
    }
}

#[test]
fn counts_and_extents_tell_nothing_of_hidden_rows() {
    let Scene { town, readers, .. } = &*scene();
    for reader in readers {
        let comuni: Vec<String> = reader.staff_of.iter().map(|c| format!("'{c}'")).collect();
        let ours = if comuni.is_empty() { "false".to_owned() } else { format!("comune in ({})", comuni.join(",")) };
        let expected = town.psql(&format!("select count(*) from tourism.events where published or {ours}"));
        let answer = reader.get(town, "/collections/events/items?limit=1").json();
        assert_eq!(answer["numberMatched"].to_string(), expected, "{}", reader.name);
        let hexagons = reader.get(town, "/collections/events/h3?resolution=6&datetime=../..&f=json").json();
        assert_eq!(hexagons["count"].to_string(), expected, "{}", reader.name);
        let catalogue = reader.get(town, "/portal/catalogue.json").json();
        let layer = catalogue["layers"].as_array().unwrap().iter().find(|l| l["id"] == "events").unwrap().clone();
        let sees_all = reader.staff_of.len() == 2;
        assert_eq!((layer["count"].is_null(), layer["bbox"].is_null()), (!sees_all, !sees_all), "{}", reader.name);
        // its map lies over its rows for who sees them all, over the installation for the others
        let home = if sees_all { &layer["bbox"] } else { &catalogue["bbox"] };
        let middle = |from: usize| (home[from].as_f64().unwrap() + home[from + 2].as_f64().unwrap()) / 2.0;
        let style = reader.get(town, "/styles/events.json").json();
        let off = |at: usize| (style["center"][at].as_f64().unwrap() - middle(at)).abs();
        assert!(off(0) < 1e-3 && off(1) < 1e-3, "{}: {} and {home}", reader.name, style["center"]);
    }
}

#[test]
fn private_fields_are_no_parameters_for_those_who_never_see_them() {
    let Scene { town, readers, rows, .. } = &*scene();
    let manager = |comune: &str| rows.iter().find(|r| r.layer == "lodgings" && r.comune == comune).unwrap();
    for reader in readers {
        for comune in [CASTELMARINA, ROCCA] {
            let row = manager(comune);
            let asked = reader.get(town, &format!("/collections/lodgings/items?manager={}", encoded(&row.secret)));
            let sorted = reader.get(town, "/collections/lodgings/items?sortby=manager");
            if reader.staff_of.is_empty() {
                assert_eq!((asked.status, sorted.status), (400, 400), "{}", reader.name);
            } else {
                let found = asked.json()["numberMatched"].as_i64();
                assert_eq!(found, Some(i64::from(reader.serves(comune))), "{} asks for a manager of {comune}", reader.name);
                assert_eq!(sorted.status, 200, "{}", reader.name);
            }
        }
    }
}

#[test]
fn what_is_made_for_somebody_is_kept_by_no_shared_cache() {
    let Scene { town, readers, rows, .. } = &*scene();
    let row = rows.iter().find(|r| r.layer == "lodgings" && r.comune == CASTELMARINA).unwrap();
    let path = format!("/collections/lodgings/items/{}", row.id);
    let officer = readers.iter().find(|r| r.name == "officer").unwrap();
    let seen = officer.get(town, &path);
    assert!(seen.header("cache-control").unwrap().starts_with("private"), "{:?}", seen.headers);
    assert!(seen.headers.iter().any(|(n, v)| n == "vary" && v.contains("cookie")), "{:?}", seen.headers);
    let etag = seen.header("etag").unwrap().to_owned();
    let again = town.get_with(&path, &[("if-none-match", &etag)]);
    assert_eq!(again.status, 200, "who signed out is not told that what they had is still good");
    assert!(!holds(&again, &row.secret));
    for header in ["x-forwarded-user", "x-original-url", "x-rewrite-url", "remote-user", "forwarded"] {
        assert!(!holds(&town.get_with(&path, &[(header, "administrator")]), &row.secret), "{header}");
    }
}

/// The addresses that have no layer in them: what each role is answered, in the order of the scene's readers.
const STATUSES: &[(&str, [u16; 7])] = &[
    ("/admin/accounts", [404, 404, 404, 404, 404, 200, 404]),
    ("/admin/audit", [404, 404, 404, 404, 404, 200, 404]),
    ("/admin/deliveries", [404, 404, 200, 200, 200, 200, 404]),
    ("/admin/keys", [404, 404, 200, 200, 200, 200, 404]),
    ("/admin/layers", [404, 404, 404, 404, 404, 200, 404]),
    ("/admin/sources", [404, 404, 404, 404, 404, 200, 404]),
    ("/jobs", [200, 200, 200, 200, 200, 200, 200]),
    ("/auth/me", [200; 7]),
    ("/auth/sessions", [401, 200, 200, 200, 200, 200, 401]),
    ("/cadastre/", [200; 7]),
    ("/cadastre/parcels/X101_999900.1", [404; 7]),
    ("/conformance", [200; 7]),
    ("/coordinates?point=15.6,38&crs=EPSG:7792", [200; 7]),
    ("/font/Titillium%20Web/0-255", [200; 7]),
    ("/healthz", [200; 7]),
    ("/metrics", [200; 7]),
    ("/permits/", [200; 7]),
    ("/permits/new", [404, 404, 200, 200, 404, 200, 404]),
    ("/permits/rules", [200; 7]),
    ("/readyz", [200; 7]),
    ("/version", [200; 7]),
    ("/portal/", [200; 7]),
    ("/public-works/", [200; 7]),
    ("/public-works/new?f=html", [403, 403, 200, 200, 200, 200, 403]),
    ("/public-works/ordinances.geojson", [200; 7]),
    ("/public-works/ordinances/", [200; 7]),
    ("/public-works/ordinances/nothing", [404; 7]),
    ("/public-works/ordinances/new?f=html", [403, 403, 200, 200, 200, 200, 403]),
    ("/public-works/to-draw", [403, 403, 200, 200, 200, 200, 403]),
    ("/environment/", [200; 7]),
    ("/environment/alerts", [200; 7]),
    ("/environment/at?point=15.6,38", [200; 7]),
    ("/environment/burnt-areas/", [200; 7]),
    ("/environment/burnt-areas/burnt-080901-2.1", [200; 7]),
    ("/environment/datasets/", [200; 7]),
    // a draft of Castelmarina
    ("/environment/datasets/landslide-080901-2", [404, 404, 200, 404, 200, 200, 404]),
    ("/environment/trees/", [200; 7]),
    ("/environment/trees/?due=all", [400, 400, 200, 200, 200, 200, 200]),
    ("/environment/trees/A000001", [200; 7]),
    ("/reports/new", [200; 7]),
    ("/reports/near?lon=15.6&lat=38&category=road", [200; 7]),
    ("/reports/times", [200; 7]),
    ("/open311/v2/services.json", [200; 7]),
];

#[test]
fn each_role_has_the_addresses_it_needs() {
    let Scene { town, readers, .. } = &*scene();
    for (path, expected) in STATUSES {
        let found: Vec<u16> = readers.iter().map(|reader| reader.get(town, path).status).collect();
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn the_spatial_index_serves_every_role() {
    let town = Town::own();
    // small tables are rightly read whole; this one is not small any more
    town.psql(
        "insert into tourism.events (id, comune, name, begins, ends, published, geom)
         select 'X' || i, case when i % 2 = 0 then '080901' else '080902' end, 'x', '2026-01-01', '2026-01-02', i % 3 = 0,
                st_translate((select geom from tourism.events order by id limit 1), (i % 400) * 25 - 5000, (i / 400) * 25 - 5000)
           from generate_series(1, 160000) i",
    );
    town.psql("analyze tourism.events");
    let (lon, lat): (f64, f64) = {
        let text = town
            .psql("select st_x(g) || ' ' || st_y(g) from (select st_transform(geom, 4326) as g from tourism.events order by id limit 1) t");
        let (lon, lat) = text.split_once(' ').unwrap();
        (lon.parse().unwrap(), lat.parse().unwrap())
    };
    let bbox = format!("{},{},{},{}", lon - 2e-3, lat - 2e-3, lon + 2e-3, lat + 2e-3);
    let paths = [
        format!("/xyz/events/{}", tile(16, (lon, lat))),
        format!("/xyz/events,lodgings/{}", tile(14, (lon, lat))),
        format!("/collections/events/items?bbox={bbox}"),
        format!("/collections/events/items?bbox={bbox}&published=true&sortby=name"),
        format!("/identify?point={lon},{lat}&zoom=18&layers=events"),
    ];
    let scans = || {
        // a connection that rests writes its counters after ten seconds
        std::thread::sleep(std::time::Duration::from_millis(11_000));
        let text = town.psql(
            "select seq_scan || ' ' || (select idx_scan from pg_stat_user_indexes where indexrelid = 'tourism.events_geom_idx'::regclass)
               from pg_stat_user_tables where relid = 'tourism.events'::regclass",
        );
        let (whole, index) = text.split_once(' ').unwrap();
        (whole.parse::<i64>().unwrap(), index.parse::<i64>().unwrap())
    };
    let before = scans();
    let people = ["", "citizen", "officer", "officer-rocca", "administrator"];
    for person in people {
        let cookie = if person.is_empty() { String::new() } else { town.sign_in(person) };
        for path in &paths {
            let answer = town.get_with(path, &[("cookie", &cookie)]);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        }
    }
    let after = scans();
    let asked = (paths.len() * people.len()) as i64;
    assert!(
        after.0 == before.0 && after.1 >= before.1 + asked,
        "whole scans and scans of the index: {before:?}, then {after:?} after {asked} questions"
    );
}

/// Addresses whose rules are tested elsewhere, or that only lead on: signing in (`identity`), jobs and files by their own crates.
const ELSEWHERE: &[&str] = &[
    // below the prefix of the tile server martin, which has none here
    "/catalog",
    "/health",
    "/{ids}",
    "/{ids}/{z}/{x}/{y}",
    "/.well-known/security.txt",
    "/admin/accounts/{id}",
    "/admin/accounts/{id}/recovery",
    "/admin/deliveries/{id}",
    "/admin/deliveries/{id}/cancel",
    "/admin/deliveries/{id}/changes",
    "/admin/deliveries/{id}/compare",
    "/admin/deliveries/{id}/load",
    "/admin/deliveries/{id}/look",
    "/admin/deliveries/{id}/plan",
    "/admin/deliveries/{id}/preview",
    "/admin/keys/{id}",
    "/admin/layers/{id}",
    "/admin/layers/{id}/publication",
    "/admin/layers/{id}/report",
    "/admin/layers/{id}/styles",
    "/admin/layers/{id}/undo",
    "/admin/uploads",
    "/admin/uploads/{id}",
    "/attachments/{file}",
    "/auth/demo/{person}",
    "/auth/link/{token}",
    "/auth/oidc/callback",
    "/auth/oidc/start",
    "/auth/passkey/begin",
    "/auth/passkey/finish",
    "/auth/passkeys/{id}",
    "/auth/password",
    "/auth/password/change",
    "/auth/password/new",
    "/auth/sessions/{id}",
    "/auth/sign-in",
    "/auth/sign-out",
    "/auth/static/{name}",
    "/auth/tile-token",
    "/auth/totp",
    "/collections/{collection}/export",
    "/collections/{collection}/items/{feature}/history/{version}/restore",
    "/environment/bulletins",
    "/environment/datasets/{id}/in-force",
    "/environment/datasets/{id}/withdraw",
    "/environment/trees/{id}/inspections",
    "/favicon.ico",
    "/jobs/{id}",
    "/jobs/{id}/cancel",
    "/jobs/{id}/result",
    "/permits/{id}/steps",
    "/openapi.json",
    "/portal",
    "/portal/{*path}",
    "/public-works/opencup",
    "/public-works/ordinances/{id}/extend",
    "/public-works/ordinances/{id}/revoke",
    "/public-works/{id}/cigs",
    "/public-works/{id}/funding",
    "/public-works/{id}/phases",
    "/public-works/{id}/progress",
    "/public-works/{id}/state",
    "/open311/v2/services/{code}",
    "/open311/v2/tokens/{token}",
    "/reports/follow/{secret}",
    "/reports/follow/{secret}/contact",
    "/reports/follow/{secret}/note",
    "/reports/follow/{secret}/photo",
    "/reports/{id}/answer",
    "/reports/{id}/approve",
    "/reports/{id}/assign",
    "/reports/{id}/close",
    "/reports/{id}/merge",
    "/reports/{id}/reject",
    "/reports/{id}/support",
    "/transactions",
    "/xyz/{ids}/changes",
];

#[test]
fn every_route_is_in_the_matrix() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut routes = BTreeSet::new();
    for folder in std::fs::read_dir(root).unwrap().filter_map(Result::ok) {
        if folder.file_name() != "target" && folder.file_name() != "e2e" {
            collect(&folder.path().join("src"), &mut routes);
        }
    }
    assert!(routes.len() > 40, "{routes:?}");
    let scene = scene();
    let shown = scene.rows.iter().flat_map(|row| showing(row).into_iter().chain(others(row)));
    let asked: Vec<String> = shown.chain(STATUSES.iter().map(|(path, _)| (*path).to_owned())).collect();
    for route in &routes {
        let covered = ELSEWHERE.contains(&route.as_str()) || asked.iter().any(|path| fits(route, path.split('?').next().unwrap()));
        assert!(covered, "say in this matrix who may ask for {route}");
    }
    for listed in ELSEWHERE {
        assert!(routes.contains(*listed), "{listed} is no route any more");
    }
}

/// Those that are described at `/openapi.json`: all but the pages and files of the portal, and what describes itself (OGC API, at `/api`).
const DESCRIBED: &[&str] = &[
    "/admin/",
    "/attachments/",
    "/auth/",
    "/cadastre/",
    "/environment/",
    "/jobs",
    "/open311/",
    "/permits/",
    "/public-works/",
    "/reports/",
];

#[test]
fn every_operation_of_ours_is_described_once() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut routes = BTreeSet::new();
    for folder in std::fs::read_dir(root).unwrap().filter_map(Result::ok) {
        if folder.file_name() != "target" && folder.file_name() != "e2e" {
            collect_methods(&folder.path().join("src"), &mut routes);
        }
    }
    routes.retain(|(route, _)| DESCRIBED.iter().any(|begin| route.starts_with(begin)));
    assert!(routes.len() > 90, "{}", routes.len());
    let document = scene().town.get("/openapi.json").json();
    let mut ids = BTreeSet::new();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{method} {path} has an id of another");
            let names = operation["parameters"].as_array().into_iter().flatten().filter(|p| p["in"] == "path");
            let names: BTreeSet<String> = names.map(|p| format!("{{{}}}", p["name"].as_str().unwrap())).collect();
            let whole = names.len() == path.matches('{').count() && names.iter().all(|name| path.contains(name));
            assert!(whole, "{method} {path}: {names:?}");
            described.insert((path.to_owned(), method.to_owned()));
        }
    }
    for (route, method) in &routes {
        assert!(
            described.contains(&(route.to_owned(), method.to_owned())),
            "describe {method} {route} (`#[utoipa::path]`, and its crate's `Api`)"
        );
    }
    for (path, method) in described.iter().filter(|(path, _)| DESCRIBED.iter().any(|begin| path.starts_with(begin))) {
        assert!(routes.contains(&(path.to_owned(), method.to_owned())), "{method} {path} is described, and is none");
    }
}

/// Routes with their methods.
fn collect_methods(folder: &Path, routes: &mut BTreeSet<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        if path.is_dir() {
            collect_methods(&path, routes);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("#[cfg(test)]").next().unwrap_or_default().split(".route(").skip(1) {
                let Some((route, rest)) = part.trim_start().strip_prefix('"').and_then(|rest| rest.split_once('"')) else { continue };
                let rest =
                    [".layer(", ".with_state(", ".merge(", ";"].iter().fold(rest, |rest, end| rest.split(end).next().unwrap_or(rest));
                for method in ["get", "post", "put", "patch", "delete"] {
                    let calls = rest
                        .match_indices(&format!("{method}("))
                        .any(|(at, _)| !rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
                    if calls {
                        routes.insert((route.to_owned(), method.to_owned()));
                    }
                }
            }
        }
    }
}

/// Whether an address is one of a route's.
fn fits(route: &str, path: &str) -> bool {
    let (route, path): (Vec<&str>, Vec<&str>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len() && route.iter().zip(&path).all(|(r, p)| r.starts_with('{') || r == p)
}

/// The routes in the sources below a folder.
fn collect(folder: &Path, routes: &mut BTreeSet<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(Result::ok).map(|e| e.path()) {
        if path.is_dir() {
            collect(&path, routes);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            // what stands in a file's tests is no route of the program
            let text = text.split("#[cfg(test)]").next().unwrap_or_default();
            for part in text.split(".route(").skip(1) {
                if let Some(route) = part.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) {
                    routes.insert(route.to_owned());
                }
            }
        }
    }
}

#[test]
fn a_stream_ends_with_the_key_that_opened_it() {
    let Scene { town, .. } = &*scene();
    let key = town.command(&["keys", "create", "--name", "stream", "--scope", "read"]).out.trim().to_owned();
    let begin = std::time::Instant::now();
    let stream = std::thread::scope(|scope| {
        let reading = scope.spawn(|| town.get_with("/xyz/tree_inspections/changes", &[("x-api-key", &key)]));
        std::thread::sleep(std::time::Duration::from_secs(1));
        let id = key.split('_').nth(1).unwrap();
        assert!(town.command(&["keys", "revoke", id]).ok);
        reading.join().unwrap()
    });
    assert_eq!(stream.status, 200);
    assert!(stream.text().starts_with("event: hello"), "{}", stream.text());
    assert!(begin.elapsed() < std::time::Duration::from_secs(50), "it ended with the client's patience only");
}
