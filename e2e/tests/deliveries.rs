//! Files sent over HTTP: uploads that survive what happens to connections and servers, and what becomes of them as jobs.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{Answer, Town};
use serde_json::{Value, json};

/// What may take long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A place in the demo town, EPSG:7792.
const PLACE: [f64; 2] = [552_400.0, 4_205_600.0];

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for three in bytes.chunks(3) {
        let all = three.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for i in 0..4 {
            out.push(if i <= three.len() { char::from(LETTERS[(all >> (18 - 6 * i) & 63) as usize]) } else { '=' });
        }
    }
    out
}

/// Somebody who sends files.
struct Person<'a> {
    town: &'a Town,
    cookie: String,
}

impl<'a> Person<'a> {
    fn new(town: &'a Town, name: &str) -> Self {
        Self { town, cookie: town.sign_in(name) }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
        let mut all = vec![("cookie", self.cookie.as_str()), ("sec-fetch-site", "same-origin")];
        all.extend(headers);
        self.town.send(method, path, &all, body)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send(method, path, &[("content-type", "application/json")], body.to_string())
    }

    fn get(&self, path: &str) -> Answer {
        self.town.get_with(path, &[("cookie", &self.cookie)])
    }

    /// Waits until an address is there: a commit is known to the program a moment after the job that made it says so.
    fn comes(&self, path: &str) -> u16 {
        let end = Instant::now() + PATIENCE;
        loop {
            let status = self.get(path).status;
            if status == 200 || Instant::now() > end {
                return status;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Announces a file.
    fn announce(&self, name: &str, bytes: usize) -> Answer {
        let metadata = format!("filename {}", base64(name.as_bytes()));
        self.send("POST", "/admin/uploads", &[TUS, ("upload-length", &bytes.to_string()), ("upload-metadata", &metadata)], "")
    }

    /// The id of a file that was announced.
    fn begin(&self, name: &str, bytes: usize) -> String {
        let answer = self.announce(name, bytes);
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.header("location").unwrap().rsplit('/').next().unwrap().to_owned()
    }

    fn append(&self, upload: &str, offset: usize, bytes: &[u8]) -> Answer {
        self.send("PATCH", &format!("/admin/uploads/{upload}"), &[TUS, PIECE, ("upload-offset", &offset.to_string())], bytes)
    }

    /// How much is there.
    fn offset(&self, upload: &str) -> usize {
        let answer = self.send("HEAD", &format!("/admin/uploads/{upload}"), &[TUS], "");
        assert_eq!(answer.status, 200);
        answer.header("upload-offset").unwrap().parse().unwrap()
    }

    /// Sends a whole file.
    fn upload(&self, name: &str, bytes: &[u8]) -> String {
        let id = self.begin(name, bytes.len());
        let answer = self.append(&id, 0, bytes);
        assert_eq!((answer.status, answer.header("upload-offset")), (204, Some(bytes.len().to_string().as_str())), "{}", answer.text());
        id
    }

    /// Begins to send bytes and breaks off after some, without a word: the connection is just closed.
    fn break_off(&self, upload: &str, offset: usize, bytes: &[u8], after: usize) {
        let mut connection = self.open(upload, offset, bytes.len());
        connection.write_all(&bytes[..after]).unwrap();
        connection.flush().unwrap();
        // closed with what the server may have said unread: as a cable that is pulled
        drop(connection);
    }

    /// A request to add bytes, of which none was sent yet.
    fn open(&self, upload: &str, offset: usize, length: usize) -> TcpStream {
        let url = self.town.url();
        let host = url.strip_prefix("http://").unwrap();
        let mut connection = TcpStream::connect(host).unwrap();
        let head = format!(
            "PATCH /admin/uploads/{upload} HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\ntus-resumable: 1.0.0\r\n\
             content-type: application/offset+octet-stream\r\nupload-offset: {offset}\r\ncontent-length: {length}\r\n\r\n",
            self.cookie
        );
        connection.write_all(head.as_bytes()).unwrap();
        connection
    }

    /// A delivery of files, once they were looked at.
    fn deliver(&self, files: &[(&str, &[u8])]) -> (String, Value) {
        let uploads: Vec<String> = files.iter().map(|(name, bytes)| self.upload(name, bytes)).collect();
        let answer = self.json("POST", "/admin/deliveries", &json!({ "uploads": uploads }));
        assert_eq!(answer.status, 201, "{}", answer.text());
        let delivery = answer.json();
        let id = delivery["id"].as_str().unwrap().to_owned();
        assert!(answer.header("location").unwrap().ends_with(&format!("/admin/deliveries/{id}")));
        assert_eq!((&delivery["state"], delivery["files"].as_array().unwrap().len()), (&json!("looking"), files.len()));
        let looked = self.settled(&id);
        (id, looked)
    }

    fn delivery(&self, id: &str) -> Value {
        let answer = self.get(&format!("/admin/deliveries/{id}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// A delivery, as soon as this holds of it.
    fn wait(&self, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let delivery = self.delivery(id);
            if holds(&delivery) {
                return delivery;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {delivery}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A delivery that no job is at.
    fn settled(&self, id: &str) -> Value {
        self.wait(id, "no job is at it", |d| !["looking", "comparing", "loading"].contains(&d["state"].as_str().unwrap()))
    }

    fn order(&self, id: &str, what: &str, body: &Value) {
        let answer = self.json("POST", &format!("/admin/deliveries/{id}/{what}"), body);
        assert_eq!(answer.status, 202, "{what}: {}", answer.text());
    }

    /// Gives the layer of a plan a name.
    fn name(&self, id: &str, plan: &Value, layer: &str) -> Answer {
        let mut plan = plan.clone();
        plan["layer"] = layer.into();
        self.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan)
    }

    /// Loads files as a new layer.
    fn publish(&self, name: &str, bytes: &[u8], layer: &str) -> String {
        let (id, looked) = self.deliver(&[(name, bytes)]);
        assert_eq!(self.name(&id, &looked["plan"], layer).status, 200);
        self.order(&id, "load", &json!({ "mode": "create" }));
        let loaded = self.settled(&id);
        assert_eq!(loaded["state"], "loaded", "{loaded}");
        id
    }
}

/// Trees in GeoJSON: `name` says how they are called, so that a second delivery can differ.
fn trees(numbers: std::ops::Range<u32>, name: &str) -> Vec<u8> {
    let tree = |i: u32| {
        let at = [PLACE[0] + 5.0 * f64::from(i % 100) + 0.123, PLACE[1] + 5.0 * f64::from(i / 100 % 40) + 0.456];
        let properties =
            json!({"codice": format!("A-{i}"), "nome": format!("{name} {i}"), "specie": "Quercus ilex", "altezza": f64::from(i) / 7.0});
        json!({"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": at}})
    };
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    json!({"type": "FeatureCollection", "crs": crs, "features": numbers.map(tree).collect::<Vec<_>>()}).to_string().into_bytes()
}

fn rows(town: &Town, layer: &str) -> String {
    town.psql(&format!("select count(*) from published.{layer}"))
}

/// Files below the folder for them.
fn files_left(town: &Town) -> Vec<String> {
    fn walk(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
            if entry.path().is_dir() { walk(&entry.path(), found) } else { found.push(entry.path().display().to_string()) }
        }
    }
    let mut found = Vec::new();
    walk(&town.data_dir().join("uploads"), &mut found);
    found
}

#[test]
fn a_file_is_sent_planned_loaded_delivered_again_and_taken_back() {
    let town = Town::own();
    let officer = Person::new(&town, "officer");
    let (id, looked) = officer.deliver(&[("alberi della villa.geojson", &trees(0..3_000, "Albero"))]);
    assert_eq!(looked["state"], "planned", "{looked}");
    assert_eq!(
        (&looked["files"][0]["name"], &looked["by"], &looked["exists"]),
        (&json!("alberi della villa.geojson"), &looked["by"], &Value::Null)
    );
    assert_eq!(looked["plan"]["layer"], "alberi_della_villa");
    assert_eq!(looked["plan"]["found"]["file"][0]["rows"], 3_000);
    assert!(
        looked["rules"].as_array().unwrap().iter().any(|r| r["rule"] == "duplicate" && r["words"]["it"].is_string()),
        "{}",
        looked["rules"]
    );

    // what the plan makes of it is seen before anything is loaded
    let preview = officer.get(&format!("/admin/deliveries/{id}/preview"));
    assert_eq!(preview.header("content-type"), Some("application/geo+json"));
    let preview = preview.json();
    let features = preview["features"].as_array().unwrap();
    assert_eq!(preview["numberMatched"], 3_000);
    assert!((1_000..=2_000).contains(&features.len()), "{}", features.len());
    assert!(features[0]["properties"]["nome"].as_str().unwrap().starts_with("Albero"), "{}", features[0]);
    let place = town.psql(&format!(
        "select round(st_x(g)::numeric, 4) from st_transform(st_setsrid(st_makepoint({}, {}), 7792), 4326) g",
        PLACE[0] + 0.123,
        PLACE[1] + 0.456
    ));
    assert_eq!(format!("{:.4}", features[0]["geometry"]["coordinates"][0].as_f64().unwrap()), place);

    // a plan is changed as JSON and as TOML; one that is wrong says where and what is allowed
    let mut plan = looked["plan"].clone();
    plan["field"][1]["name"] = "denominazione".into();
    let kept = officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan);
    assert_eq!((kept.status, &kept.json()["state"]), (200, &json!("planned")), "{}", kept.text());
    let toml = officer.get(&format!("/admin/deliveries/{id}/plan"));
    assert!(
        toml.text().contains("denominazione") && toml.header("content-disposition").unwrap().contains("alberi_della_villa.toml"),
        "{}",
        toml.text()
    );
    let put = |text: &str| officer.send("PUT", &format!("/admin/deliveries/{id}/plan"), &[("content-type", "application/toml")], text);
    assert_eq!(put(&toml.text().replace("alberi_della_villa", "alberi")).json()["plan"]["layer"], "alberi");
    let wrong = put(&toml.text().replace("type = \"text\"", "type = \"letters\""));
    assert!(wrong.status == 400 && wrong.text().contains("letters") && wrong.text().contains("integer"), "{}", wrong.text());
    assert!(wrong.json()["line"].as_u64() > Some(3) && wrong.json()["errors"][0]["field"] == "field[0].type", "{}", wrong.text());
    plan["field"][1]["colour"] = "red".into();
    let wrong = officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan);
    assert!(wrong.status == 400 && wrong.text().contains("colour"), "{}", wrong.text());
    let words = &wrong.json()["errors"][0]["words"];
    assert!(words["it"].as_str().unwrap().contains("campo sconosciuto `colour`"), "who reads Italian is told in Italian: {words}");
    assert_eq!(wrong.json()["errors"][0]["field"], "field[1].colour", "{}", wrong.text());

    // a draft is there for its author alone
    officer.order(&id, "load", &json!({ "mode": "create", "draft": true }));
    let loaded = officer.settled(&id);
    assert_eq!(
        (&loaded["state"], &loaded["report"]["rows_loaded"], &loaded["freed"]),
        (&json!("loaded"), &json!(3_000), &json!(true)),
        "{loaded}"
    );
    assert_eq!(loaded["report_page"], format!("/admin/layers/alberi/report?number={}", loaded["number"]));
    assert_eq!((officer.comes("/collections/alberi"), town.get("/collections/alberi").status), (200, 404));
    let page = loaded["report_page"].as_str().unwrap();
    assert_eq!((officer.get(page).status, Person::new(&town, "planner").get(page).status), (200, 404), "the report is its author's");
    assert_eq!(files_left(&town), Vec::<String>::new(), "what was loaded is freed");
    assert_eq!(town.psql("select count(*) from deliveries.uploads"), "0");
    let again = officer.json("POST", &format!("/admin/deliveries/{id}/load"), &json!({ "mode": "create" }));
    assert_eq!(again.status, 409, "{}", again.text());

    // the next delivery of the same source is recognised, compared and written
    let mut second = trees(0..2_990, "Albero");
    second = String::from_utf8(second).unwrap().replace("Albero 17\"", "Albero nuovo\"").into_bytes();
    let (id, looked) = officer.deliver(&[("alberi 2.geojson", &second)]);
    assert_eq!(
        (&looked["plan"]["layer"], &looked["exists"]["has_key"], &looked["exists"]["rows"]),
        (&json!("alberi"), &json!(true), &json!(3_000)),
        "{looked}"
    );
    let remarks = looked["remarks"].as_array().unwrap();
    assert!(
        remarks[0]["it"].as_str().unwrap().contains("ultima consegna") && remarks[0]["en"].as_str().unwrap().contains("last delivery"),
        "{remarks:?}"
    );
    officer.order(&id, "compare", &json!({}));
    let compared = officer.settled(&id);
    assert_eq!(compared["state"], "compared", "{compared}");
    assert_eq!(compared["difference"]["rows"], json!({ "new": 0, "changed": 1, "vanished": 10, "same": 2_989 }));
    assert!(compared["difference"]["words"]["en"].as_str().unwrap().contains("10 vanished"), "{}", compared["difference"]);
    let changes = officer.get(&format!("/admin/deliveries/{id}/changes")).json();
    assert_eq!(changes["features"].as_array().unwrap().len(), 12);
    assert_eq!(rows(&town, "alberi"), "3000", "a comparison writes nothing");
    officer.order(&id, "load", &json!({ "mode": "update" }));
    let loaded = officer.settled(&id);
    assert_eq!((&loaded["state"], &loaded["undoable"], &loaded["undone"]), (&json!("loaded"), &json!(true), &json!(false)), "{loaded}");
    assert_eq!(rows(&town, "alberi"), "2990");
    let undone = officer.json("POST", "/admin/layers/alberi/undo", &json!({}));
    assert_eq!((undone.status, &undone.json()["rows"]["vanished"]), (200, &json!(10)), "{}", undone.text());
    assert!(undone.json()["words"]["it"].as_str().unwrap().contains("annullata"));
    let after = officer.delivery(&id);
    assert_eq!((&after["state"], &after["undoable"], &after["undone"]), (&json!("loaded"), &json!(false), &json!(true)));
    assert_eq!((rows(&town, "alberi"), officer.json("POST", "/admin/layers/alberi/undo", &json!({})).status), ("3000".to_owned(), 409));

    // it is all in the log
    let log = town.psql(
        "select string_agg(distinct details ->> 'what', ', ' order by details ->> 'what') from identity.audit where layer = 'alberi'",
    );
    assert_eq!(log, "a delivery loaded, a delivery taken back, load of a delivery ordered");
    assert_eq!(officer.send("DELETE", &format!("/admin/deliveries/{id}"), &[], "").status, 204);
    assert_eq!(
        (officer.get(&format!("/admin/deliveries/{id}")).status, rows(&town, "alberi")),
        (404, "3000".to_owned()),
        "what was loaded stays"
    );
    let list = officer.get("/admin/deliveries").json();
    assert_eq!((list["deliveries"].as_array().unwrap().len(), &list["deliveries"][0]["state"]), (1, &json!("loaded")));
}

#[test]
fn an_upload_goes_on_after_lost_connections_and_a_killed_server() {
    let town = Town::own();
    let officer = Person::new(&town, "officer");
    let bytes = trees(0..6_000, "Albero");
    let id = officer.begin("alberi.geojson", bytes.len());
    let mut at = 0;
    // each time one request for all of the rest, cut in its middle
    for _ in 0..3 {
        let rest = &bytes[at..];
        officer.break_off(&id, at, rest, rest.len() / 4);
        let begin = Instant::now();
        // what came in time counts; none of what was there before is lost
        let now = loop {
            let now = officer.offset(&id);
            if now > at || begin.elapsed() > PATIENCE {
                break now;
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        assert!(now > at && now <= at + rest.len() / 4, "{at} {now}");
        at = now;
    }
    // what was acknowledged is there after the program was killed in the middle of a request
    let some = &bytes[at..at + 1_000];
    assert_eq!(officer.append(&id, at, some).status, 204);
    at += some.len();
    let mut connection = officer.open(&id, at, bytes.len() - at);
    connection.write_all(&bytes[at..at + 50_000]).unwrap();
    connection.flush().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    town.kill_and_restart();
    let mut answer = String::new();
    let _ = connection.read_to_string(&mut answer);
    assert!(!answer.contains("204"), "nobody was told that it is there: {answer}");
    let now = officer.offset(&id);
    assert!(now >= at && now <= at + 50_000, "{at} {now}");
    // one who hangs makes place for one who comes back
    let mut hanging = officer.open(&id, now, bytes.len() - now);
    hanging.write_all(&bytes[now..now + 10]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    at = officer.offset(&id);
    assert!(at == now || at == now + 10, "{now} {at}");
    assert_eq!(officer.append(&id, at, &bytes[at..]).status, 204);
    drop(hanging);
    let stored = std::fs::read(town.data_dir().join("uploads/uploads").join(&id)).unwrap();
    assert!(stored == bytes, "it is the file that was sent");
    let answer = officer.json("POST", "/admin/deliveries", &json!({ "uploads": [id] }));
    let delivery = officer.settled(answer.json()["id"].as_str().unwrap());
    assert_eq!((&delivery["state"], &delivery["plan"]["found"]["file"][0]["rows"]), (&json!("planned"), &json!(6_000)), "{delivery}");
}

/// Holds a lock on a layer's table, by which whoever wants to write waits; until it is dropped.
struct Lock(std::process::Child);

impl Lock {
    fn on(town: &Town, layer: &str) -> Self {
        let url = town.command(&["database", "url"]).out.trim().to_owned();
        let mut child = Command::new("psql").args([&url, "-XAtq"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "begin; lock table published.{layer} in share update exclusive mode; select 'locked';")
            .unwrap();
        let mut said = [0; 6];
        child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
        assert_eq!(&said, b"locked");
        Self(child)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// No table of a load is left.
fn no_staging(town: &Town) {
    let left = town.psql("select count(*) from pg_tables where schemaname = 'published' and tablename ~ '__(loading|placed|next)_'");
    assert_eq!(left, "0", "staging tables are left");
}

#[test]
fn a_job_is_cancelled_at_each_stage_and_leaves_what_was_there() {
    let town = Town::own();
    let officer = Person::new(&town, "officer");
    officer.publish("alberi.geojson", &trees(0..500, "Albero"), "alberi");

    // while rows are read: a long file
    let long = trees(10_000..210_000, "Quercia");
    let upload = officer.upload("querce.geojson", &long);
    let answer = officer.json("POST", "/admin/deliveries", &json!({ "uploads": [upload] }));
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    officer.wait(&id, "it is read", |d| d["stage"]["name"] == "surveying");
    let begin = Instant::now();
    officer.order(&id, "cancel", &json!({}));
    assert_eq!(officer.settled(&id)["state"], "cancelled");
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    assert_eq!(officer.json("POST", &format!("/admin/deliveries/{id}/cancel"), &json!({})).status, 409, "nothing is being done");
    officer.order(&id, "look", &json!({ "crs": "EPSG:7792" }));
    let looked = officer.settled(&id);
    assert_eq!((&looked["state"], &looked["plan"]["crs"]), (&json!("planned"), &json!("EPSG:7792")), "{looked}");
    assert_eq!(officer.name(&id, &looked["plan"], "querce").status, 200);
    officer.order(&id, "load", &json!({ "mode": "create" }));
    officer.wait(&id, "loading", |d| d["stage"]["name"] == "loading");
    officer.order(&id, "cancel", &json!({}));
    assert_eq!(officer.settled(&id)["state"], "cancelled");
    assert_eq!(officer.get("/collections/querce").status, 404);
    no_staging(&town);

    // while the database compares, and while it publishes: a lock keeps it there
    let (id, looked) = officer.deliver(&[("alberi 2.geojson", &trees(0..490, "Quercia"))]);
    assert_eq!(looked["plan"]["layer"], "alberi", "{looked}");
    let lock = Lock::on(&town, "alberi");
    for (mode, stage) in [("update", "comparing"), ("replace", "publishing")] {
        officer.order(&id, "load", &json!({ "mode": mode }));
        officer.wait(&id, stage, |d| d["stage"]["name"] == stage);
        std::thread::sleep(Duration::from_millis(300));
        officer.order(&id, "cancel", &json!({}));
        assert_eq!(officer.settled(&id)["state"], "cancelled", "{stage}");
        no_staging(&town);
    }
    drop(lock);
    let names = "select count(*), count(*) filter (where nome like 'Albero%') from published.alberi";
    assert_eq!(town.psql(names), "500|500", "what was there stays");
    // one that waits for others never begins; and the layer is free
    officer.order(&id, "load", &json!({ "mode": "update" }));
    assert_eq!(officer.settled(&id)["state"], "loaded");
    assert_eq!(town.psql(names), "490|0");
    let busy = "select count(*) from pg_locks where locktype = 'advisory' and classid in (1869834612, 1869834613)";
    assert_eq!(town.psql(busy), "0", "no load holds a layer");
}

#[test]
fn a_load_that_a_killed_server_left_is_done_once() {
    let town = Town::own();
    let officer = Person::new(&town, "officer");
    officer.publish("alberi.geojson", &trees(0..500, "Albero"), "alberi");
    let (id, looked) = officer.deliver(&[("alberi 2.geojson", &trees(500..600, "Albero"))]);
    assert_eq!(officer.name(&id, &looked["plan"], "alberi").status, 200);
    let lock = Lock::on(&town, "alberi");
    officer.order(&id, "load", &json!({ "mode": "append" }));
    officer.wait(&id, "publishing", |d| d["stage"]["name"] == "publishing");
    town.kill_and_restart();
    assert_eq!(officer.delivery(&id)["state"], "loading");
    assert_eq!(rows(&town, "alberi"), "500", "the old data");
    drop(lock);
    let loaded = officer.settled(&id);
    assert_eq!((&loaded["state"], rows(&town, "alberi")), (&json!("loaded"), "600".to_owned()), "{loaded}");
    no_staging(&town);

    // the database's own connections gone in the middle: it is tried again
    let (next, looked) = officer.deliver(&[("alberi 3.geojson", &trees(600..700, "Albero"))]);
    assert_eq!(officer.name(&next, &looked["plan"], "alberi").status, 200);
    let lock = Lock::on(&town, "alberi");
    officer.order(&next, "load", &json!({ "mode": "append" }));
    officer.wait(&next, "publishing", |d| d["stage"]["name"] == "publishing");
    town.psql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opensit delivery'");
    drop(lock);
    let loaded = officer.settled(&next);
    assert_eq!((&loaded["state"], rows(&town, "alberi")), (&json!("loaded"), "700".to_owned()), "{loaded}");
    no_staging(&town);

    // killed after the commit, before anybody was told: it is found, and not done again
    town.psql(&format!(
        "update jobs.jobs set state = 'running', lease = gen_random_uuid(), lease_until = now(), finished_at = null, expires_at = null, attempt = 1
          where id = (select job from deliveries.deliveries where id = '{id}');
         update deliveries.deliveries set state = 'loading', freed = false, number = null, report = null where id = '{id}'"
    ));
    assert_eq!(officer.delivery(&id)["state"], "loading");
    let loaded = officer.settled(&id);
    assert_eq!((&loaded["state"], rows(&town, "alberi")), (&json!("loaded"), "700".to_owned()), "{loaded}");
    assert_eq!(loaded["report"]["rows_loaded"], 100, "{loaded}");
    assert_eq!(files_left(&town), Vec::<String>::new());
    // and if the job can't be taken up any more, what is published is told to be so, and what is not is not
    town.psql(&format!("delete from jobs.jobs where id = (select job from deliveries.deliveries where id = '{id}'); update deliveries.deliveries set state = 'loading' where id = '{id}'"));
    assert_eq!(officer.delivery(&id)["state"], "loaded");
    town.psql(&format!("update opensit.deliveries set ordered = null where ordered = '{id}'"));
    let lost = officer.delivery(&id);
    assert_eq!(lost["state"], "failed");
    assert!(lost["error"]["detail"].as_str().unwrap().contains("nothing of this was loaded"), "{lost}");
}

#[test]
fn what_is_somebody_elses_is_not_there_and_layers_are_their_authors() {
    let town = Town::own();
    let (officer, other, administrator) =
        (Person::new(&town, "officer"), Person::new(&town, "planner"), Person::new(&town, "administrator"));
    // two at once
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| officer.publish("alberi.geojson", &trees(0..2_000, "Albero"), "alberi"));
        let second = scope.spawn(|| other.publish("querce.geojson", &trees(0..2_000, "Quercia"), "querce"));
        (first.join().unwrap(), second.join().unwrap())
    });
    assert_eq!((rows(&town, "alberi"), rows(&town, "querce")), ("2000".to_owned(), "2000".to_owned()));
    let upload = officer.begin("x.csv", 10);
    for path in ["", "/plan", "/preview", "/changes"].map(|p| format!("/admin/deliveries/{first}{p}")) {
        assert_eq!(other.get(&path).status, 404, "{path}");
        let nothing = other.get(&path.replace(&first, "00000000-0000-4000-8000-000000000000"));
        assert_eq!(other.get(&path).text(), nothing.text(), "absent and somebody else's are the same");
    }
    for (method, path) in [
        ("DELETE", format!("/admin/deliveries/{first}")),
        ("POST", format!("/admin/deliveries/{first}/cancel")),
        ("POST", format!("/admin/deliveries/{first}/look")),
        ("POST", format!("/admin/deliveries/{first}/compare")),
        ("POST", format!("/admin/deliveries/{first}/load")),
        ("PUT", format!("/admin/deliveries/{first}/plan")),
        ("POST", "/admin/layers/alberi/undo".to_owned()),
        ("DELETE", format!("/admin/uploads/{upload}")),
        ("HEAD", format!("/admin/uploads/{upload}")),
        ("PATCH", format!("/admin/uploads/{upload}")),
    ] {
        assert_eq!(other.send(method, &path, &[TUS, PIECE, ("upload-offset", "0")], "").status, 404, "{method} {path}");
    }
    assert_eq!(other.json("POST", "/admin/deliveries", &json!({ "uploads": [upload] })).status, 404);
    let seen = |person: &Person| person.get("/admin/deliveries").json()["deliveries"].as_array().unwrap().len();
    assert_eq!((seen(&officer), seen(&other), seen(&administrator)), (1, 1, 2));
    assert_eq!(administrator.delivery(&second)["state"], "loaded");

    // whose a layer is not may not write it, nor learns from its plan
    let (id, looked) = other.deliver(&[("alberi.geojson", &trees(0..10, "Albero"))]);
    assert_eq!(looked["plan"]["layer"], "querce", "the plan of their own layer is known, not that of the other: {looked}");
    let taken = other.name(&id, &looked["plan"], "alberi");
    assert_eq!((taken.status, taken.text().contains("not yours")), (409, true), "{}", taken.text());
    assert!(taken.json()["words"]["it"].as_str().unwrap().contains("non è vostro"), "{}", taken.text());
    let theme = other.name(&id, &looked["plan"], "parcels");
    assert!(theme.status == 409 && theme.text().contains("cadastre"), "{}", theme.text());
    // an administrator may
    let (id, looked) = administrator.deliver(&[("alberi.geojson", &trees(0..1_990, "Albero"))]);
    assert_eq!(administrator.name(&id, &looked["plan"], "alberi").status, 200);
    administrator.order(&id, "load", &json!({ "mode": "replace" }));
    let settled = administrator.settled(&id);
    assert_eq!((&settled["state"], rows(&town, "alberi").as_str()), (&json!("loaded"), "1990"), "{}", settled["error"]);
    // and the layer is still its author's
    let (id, looked) = officer.deliver(&[("alberi.geojson", &trees(0..20, "Albero"))]);
    assert_eq!(officer.name(&id, &looked["plan"], "alberi").json()["exists"]["rows"], 1_990);

    // citizens, programs and pages of others have nothing here
    let citizen = Person::new(&town, "citizen");
    let key = town.command(&["keys", "create", "--name", "QGIS", "--scope", "read"]).out.trim().to_owned();
    for path in ["/admin/deliveries", "/admin/deliveries/x", "/admin/uploads/x"] {
        assert_eq!(
            (town.get(path).status, citizen.get(path).status),
            (if path.contains("uploads") { 405 } else { 404 }, if path.contains("uploads") { 405 } else { 404 }),
            "{path}"
        );
    }
    let announce = [TUS, ("upload-length", "5"), ("upload-metadata", "filename YS5jc3Y=")];
    assert_eq!(citizen.send("POST", "/admin/uploads", &announce, "").status, 404);
    assert_eq!(town.send("POST", "/admin/uploads", &announce, "").status, 404);
    assert_eq!(town.send("POST", "/admin/uploads", &[&announce[..], &[("x-api-key", key.as_str())]].concat(), "").status, 404);
    let foreign =
        [&announce[..], &[("cookie", officer.cookie.as_str()), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")]]
            .concat();
    assert_eq!(town.send("POST", "/admin/uploads", &foreign, "").status, 403);
}

fn sha1(bytes: &[u8]) -> String {
    let mut child = Command::new("sha1sum").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let out = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let hash: Vec<u8> = (0..20).map(|i| u8::from_str_radix(&out[2 * i..2 * i + 2], 16).unwrap()).collect();
    format!("sha1 {}", base64(&hash))
}

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn what_is_meant_ill_is_refused_and_leaves_nothing() {
    let town = Town::own();
    town.restart_after(|data| {
        let limits = "[limits]\nupload-mib = 1\nuploads-person-mib = 2\nuploads-person-files = 4\nuploads-mib = 3\n";
        std::fs::write(data.join("opensit.toml"), limits).unwrap();
    });
    let officer = Person::new(&town, "officer");

    // announcing
    let options = officer.send("OPTIONS", "/admin/uploads", &[], "");
    assert_eq!((options.status, options.header("tus-version"), options.header("tus-max-size")), (204, Some("1.0.0"), Some("1048576")));
    for name in ["../../etc/passwd", "a/b.csv", "..\\x.csv", ".hidden", "", "a\nb.csv", "gpj.\u{202e}vsc"] {
        let answer = officer.announce(name, 10);
        assert!(answer.status == 400 && answer.text().contains("name"), "{name:?}: {}", answer.text());
    }
    assert_eq!(officer.announce("a.csv", 0).status, 400, "an empty file");
    assert_eq!(officer.announce("a.csv", (1 << 20) + 1).status, 413);
    let named = ("upload-metadata", "filename YS5jc3Y=");
    for (headers, status) in [
        (vec![("upload-length", "10"), named], 412),
        (vec![("tus-resumable", "0.2.2"), ("upload-length", "10"), named], 412),
        (vec![TUS, named], 400),
        (vec![TUS, ("upload-length", "-1"), named], 400),
        (vec![TUS, ("upload-length", "99999999999999999999999"), named], 400),
        (vec![TUS, ("upload-length", "10")], 400),
        (vec![TUS, ("upload-length", "10"), ("upload-metadata", "filename %%%")], 400),
    ] {
        let answer = officer.send("POST", "/admin/uploads", &headers, "");
        assert_eq!((answer.status, answer.header("tus-resumable")), (status, Some("1.0.0")), "{headers:?}: {}", answer.text());
    }
    assert_eq!(town.psql("select count(*) from deliveries.uploads"), "0");

    // sending
    let id = officer.begin("a.csv", 10);
    let path = format!("/admin/uploads/{id}");
    assert_eq!(officer.append(&id, 0, b"01234").status, 204);
    for (offset, bytes, status) in [(0, &b"01234"[..], 409), (7, b"789", 409), (5, b"567890123456789", 413)] {
        let answer = officer.append(&id, offset, bytes);
        assert_eq!(answer.status, status, "{offset}: {}", answer.text());
        assert!(status != 409 || answer.json()["offset"] == 5, "{}", answer.text());
    }
    assert_eq!(officer.send("PATCH", &path, &[TUS, ("upload-offset", "5")], "56789").status, 415);
    assert_eq!(officer.send("PATCH", &path, &[TUS, PIECE], "56789").status, 400);
    assert_eq!(officer.send("PATCH", &path, &[PIECE, ("upload-offset", "5")], "56789").status, 412);
    for checksum in ["md5 xxxx", "sha1", "sha1 ????", &sha1(b"56788")] {
        let answer = officer.send("PATCH", &path, &[TUS, PIECE, ("upload-offset", "5"), ("upload-checksum", checksum)], "56789");
        assert_eq!(answer.status, if checksum.len() > 20 { 460 } else { 400 }, "{checksum}: {}", answer.text());
    }
    assert_eq!(officer.offset(&id), 5, "what was refused left nothing");
    assert_eq!(officer.json("POST", "/admin/deliveries", &json!({ "uploads": [id] })).status, 409, "it is not whole");
    let right = officer.send("PATCH", &path, &[TUS, PIECE, ("upload-offset", "5"), ("upload-checksum", &sha1(b"56789"))], "56789");
    assert_eq!((right.status, officer.offset(&id)), (204, 10), "{}", right.text());
    assert_eq!(officer.append(&id, 10, b"more").status, 413);
    assert_eq!(officer.send("DELETE", &path, &[TUS], "").status, 204);
    assert_eq!((officer.append(&id, 10, b"").status, files_left(&town).len()), (404, 0));

    // a plan may be long, and one that is too long is told as everything else is
    let (id, looked) = officer.deliver(&[("a.csv", b"x;y;nome\n552400;4205600;a\n")]);
    let mut plan = looked["plan"].clone();
    let codes = |many: usize| {
        (0..many).map(|i| json!({"value": i.to_string(), "it": "un codice fra tanti", "en": "one code of many"})).collect::<Vec<_>>()
    };
    plan["field"][0]["codes"] = json!(codes(5_000));
    assert!(plan.to_string().len() > 300_000);
    assert_eq!(officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan).status, 200);
    // its length alone is enough: nobody waits for the rest
    let url = town.url();
    let host = url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).unwrap();
    let head = format!(
        "PUT /admin/deliveries/{id}/plan HTTP/1.1\r\nhost: {host}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\n\
         content-type: application/json\r\ncontent-length: 9000000\r\n\r\n",
        officer.cookie
    );
    connection.write_all(head.as_bytes()).unwrap();
    let mut long = String::new();
    connection.read_to_string(&mut long).unwrap();
    assert!(long.starts_with("HTTP/1.1 413") && long.contains("application/problem+json"), "{long}");
    assert!(long.contains("too-large") && long.contains("8388608 bytes"), "{long}");
    assert_eq!(officer.send("DELETE", &format!("/admin/deliveries/{id}"), &[], "").status, 204);

    // a person has as many files as one may, however small
    let many: Vec<String> = (0..4).map(|i| officer.begin(&format!("{i}.csv"), 1)).collect();
    let more = officer.announce("5.csv", 1);
    assert!(more.status == 413 && more.text().contains("4 files here already"), "{}", more.text());
    assert!(more.json()["words"]["it"].as_str().unwrap().contains("avete già 4 file"), "{}", more.text());
    let other = Person::new(&town, "planner");
    let theirs = other.begin("a.csv", 1);
    assert_eq!(other.send("DELETE", &format!("/admin/uploads/{theirs}"), &[TUS], "").status, 204);
    for id in &many {
        assert_eq!(officer.send("DELETE", &format!("/admin/uploads/{id}"), &[TUS], "").status, 204);
    }

    // together: a person has two mebibytes, all have three
    let other = Person::new(&town, "planner");
    let mine = [officer.begin("a.csv", 1 << 20), officer.begin("b.csv", 1 << 20)];
    assert_eq!(officer.announce("c.csv", 1).status, 413);
    let theirs = other.begin("a.csv", 1 << 20);
    assert_eq!(other.announce("b.csv", 1).status, 507);
    for (person, id) in [(&officer, &mine[0]), (&officer, &mine[1]), (&other, &theirs)] {
        assert_eq!(person.send("DELETE", &format!("/admin/uploads/{id}"), &[TUS], "").status, 204);
    }

    // deliveries
    let whole = officer.upload("a.csv", b"x;y;nome\n552400;4205600;a\n");
    let nothing = "00000000-0000-4000-8000-000000000000";
    for (body, status) in [
        (json!({}), 400),
        (json!({ "uploads": [] }), 400),
        (json!({ "uploads": ["x"] }), 400),
        (json!({ "uploads": [nothing] }), 404),
        (json!({ "uploads": [whole, whole] }), 400),
        (json!({ "uploads": [whole], "layer": "Not A Name" }), 400),
        (json!({ "uploads": [whole], "layer": "parcels" }), 409),
        (json!({ "uploads": [whole], "crs": "EPSG:x" }), 400),
        (json!({ "uploads": [whole], "more": 1 }), 400),
    ] {
        let answer = officer.json("POST", "/admin/deliveries", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    assert_eq!(officer.send("DELETE", &format!("/admin/uploads/{whole}"), &[TUS], "").status, 204, "it still is nobody's");

    // of several layers the officer says one, and that a key is everybody's is not forgotten
    let folder = |name: &str| {
        let rows: String = (0..3)
            .map(|i| format!("<Placemark><name>{name} {i}</name><Point><coordinates>15.59{i},37.99{i}</coordinates></Point></Placemark>"))
            .collect();
        format!("<Folder><name>{name}</name>{rows}</Folder>")
    };
    let kml = format!(
        "<?xml version=\"1.0\"?><kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{}{}</Document></kml>",
        folder("fontane"),
        folder("panchine")
    );
    let (id, looked) = officer.deliver(&[("arredo.kml", kml.as_bytes())]);
    assert_eq!((&looked["state"], &looked["error"]["layers"]), (&json!("failed"), &json!(["fontane", "panchine"])), "{looked}");
    officer.order(&id, "look", &json!({ "source_layer": "panchine" }));
    let looked = officer.settled(&id);
    assert_eq!(looked["state"], "planned", "{looked}");
    let mut plan = looked["plan"].clone();
    let name = plan["field"].as_array().unwrap().iter().position(|field| field["source"] == "Name").unwrap();
    (plan["key"], plan["field"][name]["private"]) = (json!("Name"), json!(true));
    let answer = officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan);
    assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (400, &json!("key")), "{}", answer.text());
    assert_eq!(officer.send("DELETE", &format!("/admin/deliveries/{id}"), &[], "").status, 204);

    // archives that mean harm fail with the reader's own words; nothing is left of what was unpacked
    let zeros = vec![b'0'; 80 << 20];
    for (name, bytes, why) in [
        ("bomb.zip", archive(&[("a.csv", &zeros)]), "bomb"),
        ("slip.zip", archive(&[("../../../evil.csv", b"x;y\n1;2\n")]), "leads out"),
        (
            "many.zip",
            archive(
                &(0..2_001)
                    .map(|_| ("a.csv", &b""[..]))
                    .enumerate()
                    .map(|(i, (_, b))| (&*format!("{i}.csv").leak(), b))
                    .collect::<Vec<_>>(),
            ),
            "2001",
        ),
        ("cut.zip", archive(&[("a.csv", b"x;y\n1;2\n")])[..40].to_vec(), "zip"),
        ("vrt.gpkg", b"<OGRVRTDataSource><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTDataSource>".to_vec(), "vrt.gpkg"),
        ("noise.shp", vec![7; 5_000], "noise.shp"),
    ] {
        let (id, looked) = officer.deliver(&[(name, &bytes)]);
        assert_eq!(looked["state"], "failed", "{name}: {looked}");
        let detail = looked["error"]["detail"].as_str().unwrap();
        assert!(detail.contains(why), "{name}: {detail}");
        let words = &looked["error"]["words"];
        assert!(words["en"] == detail && words["it"] != detail && words["it"].as_str().unwrap().contains(name), "{name}: {words}");
        assert!(!looked["error"].to_string().contains(town.data_dir().to_str().unwrap()), "{name}: {words}");
        assert!(!detail.contains(town.data_dir().to_str().unwrap()), "where the server has its files is nobody's business: {detail}");
        assert!(!town.data_dir().join("uploads/deliveries").join(&id).join("unpacked").exists(), "{name}");
        // nothing can be made of it
        assert_eq!(officer.json("POST", &format!("/admin/deliveries/{id}/load"), &json!({ "mode": "create" })).status, 409);
        assert_eq!(officer.get(&format!("/admin/deliveries/{id}/preview")).status, 409);
        assert_eq!(officer.send("DELETE", &format!("/admin/deliveries/{id}"), &[], "").status, 204);
    }
    assert_eq!(files_left(&town), Vec::<String>::new());
    assert_eq!(town.psql("select count(*) from deliveries.uploads"), "0");

    // what nobody goes on with goes, and what a killed program left; a full disk is told and takes nothing
    let forgotten = officer.begin("a.csv", 10);
    assert_eq!(officer.append(&forgotten, 0, b"01234").status, 204);
    let kept = officer.begin("b.csv", 10);
    assert_eq!(officer.append(&kept, 0, b"01234").status, 204);
    let (old, _) = officer.deliver(&[("a.csv", b"x;y;nome\n552400;4205600;a\n")]);
    town.psql(&format!(
        "update deliveries.uploads set expires_at = now() - interval '1 minute' where id = '{forgotten}';
         update deliveries.deliveries set touched_at = now() - interval '8 days' where id = '{old}'"
    ));
    assert_eq!(officer.send("HEAD", &format!("/admin/uploads/{forgotten}"), &[TUS], "").status, 404);
    town.restart_after(|data| {
        std::fs::write(data.join("opensit.toml"), "[limits]\nuploads-free-mib = 4000000000\n").unwrap();
        std::fs::write(data.join("uploads/uploads").join(nothing), "x").unwrap();
        std::fs::write(data.join("uploads/uploads").join(format!("{kept}.unchecked")), "x").unwrap();
        std::fs::create_dir_all(data.join("uploads/deliveries").join(nothing).join("unpacked")).unwrap();
    });
    let begin = Instant::now();
    while files_left(&town).len() != 1 {
        assert!(begin.elapsed() < PATIENCE, "{:?}", files_left(&town));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(officer.get(&format!("/admin/deliveries/{old}")).status, 404);
    let full = officer.append(&kept, 5, b"56789");
    assert!(full.status == 507 && full.text().contains("no room"), "{}", full.text());
    assert_eq!((officer.announce("c.csv", 10).status, officer.offset(&kept)), (507, 5), "what was acknowledged stays");
    assert_eq!(town.psql("select count(*) from deliveries.uploads"), "1");
}

/// Points, and areas of which some cross themselves, in the comuni of the demo town.
fn benches(rows: &[(&str, [f64; 2], &str)]) -> Vec<u8> {
    let feature = |(code, [x, y], kind): &(&str, [f64; 2], &str)| {
        let [e, n] = [x + 4.0, y + 4.0];
        let ring = if kind.starts_with("crossing") {
            json!([[x, y], [e, n], [e, y], [x, y + 2.0], [x, y]])
        } else {
            json!([[x, y], [e, y], [e, n], [x, n], [x, y]])
        };
        json!({"type": "Feature", "properties": {"codice": code, "tipo": kind}, "geometry": {"type": "Polygon", "coordinates": [ring]}})
    };
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    json!({"type": "FeatureCollection", "crs": crs, "features": rows.iter().map(feature).collect::<Vec<_>>()}).to_string().into_bytes()
}

#[test]
fn rows_of_comuni_that_somebody_does_not_work_for_are_not_theirs_to_deliver() {
    let town = Town::own();
    let (officer, administrator) = (Person::new(&town, "officer"), Person::new(&town, "administrator"));
    let inside = |comune: &str, east: f64| {
        let at = town.psql(&format!(
            "select st_x(p), st_y(p) from (select st_pointonsurface(geom) p from territory.v_comuni where istat = '{comune}') c"
        ));
        let (x, y) = at.split_once('|').unwrap();
        [x.parse::<f64>().unwrap() + east, y.parse::<f64>().unwrap()]
    };
    let [own, foreign] = ["080901", "080902"];
    let first = benches(&[
        ("a", inside(own, 0.0), "whole"),
        ("b", inside(own, 10.0), "crossing"),
        ("c", inside(foreign, 0.0), "whole"),
        ("d", inside(foreign, 10.0), "crossing"),
    ]);
    let there = || town.psql("select string_agg(id || ' ' || comune || ' ' || tipo, ', ' order by id) from published.panchine");
    let kept_out = |delivery: &Value| {
        let list = delivery["report"]["kept_out"].as_array().unwrap();
        list.iter()
            .map(|k| (k["reason"].as_str().unwrap().to_owned(), k["rows"].as_u64().unwrap(), k["examples"].clone()))
            .collect::<Vec<_>>()
    };

    // a plan that says that all of it is the neighbours'
    let (id, looked) = officer.deliver(&[("panchine.geojson", &first)]);
    let mut plan = looked["plan"].clone();
    (plan["key"], plan["comune"]) = (json!("codice"), json!(foreign));
    assert_eq!(officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan).status, 200);
    let refused = officer.json("POST", &format!("/admin/deliveries/{id}/load"), &json!({ "mode": "create" }));
    assert!(refused.status == 409 && refused.text().contains("080902, for which you do not work"), "{}", refused.text());
    assert!(refused.json()["words"]["it"].as_str().unwrap().contains("per il quale non lavorate"), "{}", refused.text());

    // the place says whose a row is: surely valid areas are known while they are read, the others by PostGIS
    plan.as_object_mut().unwrap().remove("comune");
    assert_eq!(officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan).status, 200);
    officer.order(&id, "load", &json!({ "mode": "create" }));
    let loaded = officer.settled(&id);
    assert_eq!((&loaded["state"], &loaded["report"]["rows_loaded"]), (&json!("loaded"), &json!(2)), "{loaded}");
    assert_eq!(kept_out(&loaded), [("foreign_comune".to_owned(), 2, json!(["3", "4"]))], "{loaded}");
    assert!(loaded["report"]["kept_out"][0]["words"]["it"].as_str().unwrap().contains("non lavora"), "{loaded}");
    assert_eq!(there(), "a 080901 whole, b 080901 crossing");

    // and a rule of the plan may stop instead, at the first that is met
    plan["rules"]["foreign-comune"] = json!("stop");
    let (id, _) = officer.deliver(&[("panchine.geojson", &first)]);
    plan["layer"] = json!("panchine_altre");
    assert_eq!(officer.json("PUT", &format!("/admin/deliveries/{id}/plan"), &plan).status, 200);
    officer.order(&id, "load", &json!({ "mode": "create" }));
    let stopped = officer.settled(&id);
    assert!(stopped["state"] == "failed" && stopped["error"]["detail"].as_str().unwrap().contains("1 row in a comune"), "{stopped}");

    // who works for all of them delivers all; from then on the officer's deliveries leave the neighbours' rows as they are
    let deliver = |who: &Person, rows: &[u8], mode: &str| {
        let (id, looked) = who.deliver(&[("panchine.geojson", rows)]);
        assert_eq!(looked["plan"]["layer"], "panchine", "{looked}");
        who.order(&id, "load", &json!({ "mode": mode, "vanish_at_most": 100 }));
        who.settled(&id)
    };
    let loaded = deliver(&administrator, &first, "update");
    assert_eq!(loaded["difference"]["rows"], json!({ "new": 2, "changed": 0, "vanished": 0, "same": 2 }), "{loaded}");
    let undo = officer.json("POST", "/admin/layers/panchine/undo", &json!({}));
    assert!(undo.status == 409 && undo.text().contains("2 rows in comuni that you do not work for"), "{}", undo.text());
    let second = benches(&[
        ("a", inside(own, 0.0), "whole, painted"),
        ("c", inside(foreign, 0.0), "whole, painted"),
        ("e", inside(foreign, 20.0), "whole"),
    ]);
    let loaded = deliver(&officer, &second, "update");
    assert_eq!(loaded["difference"]["rows"], json!({ "new": 0, "changed": 1, "vanished": 1, "same": 1 }), "{loaded}");
    assert_eq!(
        (&loaded["difference"]["kept"], kept_out(&loaded)),
        (&json!(1), vec![("foreign_comune".to_owned(), 2, json!(["2", "3"]))]),
        "{loaded}"
    );
    assert_eq!(there(), "a 080901 whole, painted, c 080902 whole, d 080902 crossing");
    let replaced = deliver(&officer, &second, "replace");
    assert!(replaced["state"] == "failed" && replaced["error"]["detail"].as_str().unwrap().contains("2 rows in comuni"), "{replaced}");
    let strangers = benches(&[("x", inside(own, 0.0), "whole")]);
    let nothing = deliver(&officer, &strangers, "update");
    assert!(nothing["state"] == "failed", "none of the officer's own rows is in it: {nothing}");
    assert_eq!(there(), "a 080901 whole, painted, c 080902 whole, d 080902 crossing");
    let undo = officer.json("POST", "/admin/layers/panchine/undo", &json!({}));
    assert_eq!(
        (undo.status, there()),
        (200, "a 080901 whole, b 080901 crossing, c 080902 whole, d 080902 crossing".to_owned()),
        "{}",
        undo.text()
    );
}
