//! Folders and addresses that are looked at every so often: what is new there is loaded once, what fails is told and changes nothing.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use e2e::{Output, Server, opensit, run};
use serde_json::{Value, json};

/// What may take long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// A place in the demo town, EPSG:7792.
const PLACE: [i64; 2] = [552_400, 4_205_600];
const MEBIBYTE: usize = 1 << 20;

fn trees(rows: &[(&str, &str)]) -> String {
    let [x, y] = PLACE;
    let row = |(index, (code, species)): (usize, &(&str, &str))| format!("{code};{species};{};{y}\n", x + index as i64 * 7);
    format!("CODICE;SPECIE;EST;NORD\n{}", rows.iter().enumerate().map(row).collect::<String>())
}

/// An installation with a configuration file.
struct Town {
    folder: tempfile::TempDir,
    server: Option<Server>,
}

impl Town {
    /// Served, without sources.
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("opensit-sources-").tempdir().unwrap();
        fs::create_dir(folder.path().join("in")).unwrap();
        let mut town = Self { folder, server: None };
        town.configure("");
        town.serve();
        town
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configure(&self, text: &str) {
        fs::write(self.at("opensit.toml"), text).unwrap();
    }

    /// Starts it, again if it runs.
    fn serve(&mut self) {
        drop(self.server.take());
        let config = self.at("opensit.toml");
        self.server =
            Some(Server::start(&["demo", "--size", "small", "--no-open", "--config", config.to_str().unwrap()], &self.at("data")));
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Output {
        run(opensit().args(arguments).arg("--config").arg(self.at("opensit.toml")).arg("--data-dir").arg(self.at("data")))
    }

    fn psql(&self, sql: &str) -> String {
        let url = self.command(&["database", "url"]);
        let output = run(Command::new("psql").args([url.out.trim(), "-XAtqv", "ON_ERROR_STOP=1", "-c", sql]));
        assert!(output.ok, "{sql}: {}", output.err);
        output.out.trim().to_owned()
    }

    /// Writes a plan for a file of trees, as an engineer would.
    fn plan(&self, layer: &str) -> String {
        let (file, plan) = (self.at("example.csv"), self.at(&format!("{layer}.toml")));
        fs::write(&file, trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")])).unwrap();
        let [file, plan] = [file.to_str().unwrap(), plan.to_str().unwrap()];
        let made = self.command(&["ingest", "plan", file, "--layer", layer, "--crs", "EPSG:7792", "--out", plan]);
        assert!(made.ok, "{}", made.err);
        plan.to_owned()
    }

    fn source(&self, name: &str) -> Value {
        let listed = self.command(&["sources", "list", "--json"]);
        assert!(listed.ok, "{}", listed.err);
        let all: Vec<Value> = serde_json::from_str(&listed.out).unwrap();
        all.into_iter().find(|source| source["name"] == name).unwrap()
    }

    /// A source, as soon as this holds of it.
    #[track_caller]
    fn wait(&self, name: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let begin = Instant::now();
        loop {
            let source = self.source(name);
            if holds(&source) {
                return source;
            }
            assert!(begin.elapsed() < PATIENCE, "{what}: {source:#}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// A run of a source with this outcome, of this file.
    #[track_caller]
    fn wait_run(&self, name: &str, outcome: &str, file: &str) -> Value {
        let find = |source: &Value| {
            let runs = source["runs"].as_array().unwrap();
            runs.iter().find(|run| run["outcome"] == outcome && run["file"] == file).cloned()
        };
        find(&self.wait(name, &format!("{file} is {outcome}"), |source| find(source).is_some())).unwrap()
    }

    /// The rows of a layer. One that was just published is served a moment after its run is recorded.
    #[track_caller]
    fn rows(&self, layer: &str) -> Vec<String> {
        let begin = Instant::now();
        let ask = || self.server().get(&format!("/collections/{layer}/items?f=json"));
        let mut answer = ask();
        while answer.status == 404 && begin.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(100));
            answer = ask();
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        let features = answer.json()["features"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut rows: Vec<String> = features.iter().map(|f| format!("{} {}", text(&f["id"]), text(&f["properties"]["specie"]))).collect();
        rows.sort();
        rows
    }

    fn sign_in(&self, person: &str) -> String {
        let url = &self.server().url;
        let answer = e2e::send(url, "POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")], "").unwrap();
        let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
        cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit=")).unwrap().to_owned()
    }
}

/// Puts a file where it is looked for, as those do that know how: written elsewhere, and moved.
fn put(folder: &Path, name: &str, content: &str) {
    let hidden = folder.join(format!(".{name}"));
    fs::write(&hidden, content).unwrap();
    fs::rename(hidden, folder.join(name)).unwrap();
}

/// What its last look came to, and how often one after the other.
fn last(source: &Value) -> (&str, i64) {
    let run = &source["runs"][0];
    (run["outcome"].as_str().unwrap_or_default(), run["looks"].as_i64().unwrap_or(0))
}

#[test]
fn a_folder_is_loaded_once_updated_and_told_of_when_it_fails() {
    let mut town = Town::new();
    let site = Site::start();
    let plan = town.plan("arrived_trees");
    let folder = town.at("in");
    town.configure(&format!(
        "sources-allow-private = [\"{0}/tell\"]\nsources-tell = \"{0}/tell\"\n\n[[sources]]\nname = \"trees\"\nfolder = \"{1}\"\nfiles = \"*.csv\"\nevery = \"1s\"\nplan = \"{plan}\"\n",
        site.url,
        folder.display()
    ));
    town.serve();
    town.wait("trees", "an empty folder is looked at", |source| last(source).0 == "nothing");

    put(&folder, "2026.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]));
    let loaded = town.wait_run("trees", "loaded", "2026.csv");
    assert_eq!((&loaded["words"], &loaded["layer"]), (&json!("3 rows"), &json!("arrived_trees")));
    assert_eq!(town.rows("arrived_trees"), ["A1 Pino", "A2 Leccio", "A3 Acero"]);
    assert!(folder.join("2026.csv").is_file(), "files are left where they are");

    // the same content again, written anew and under another name
    put(&folder, "2026.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]));
    put(&folder, "copia.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]));
    town.wait("trees", "nothing new is counted", |source| last(source).0 == "nothing" && last(source).1 > 2);
    assert_eq!(town.psql("select count(*) from opensit.deliveries where layer = 'arrived_trees'"), "1");

    put(&folder, "2027.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio verde"), ("A4", "Tiglio")]));
    let loaded = town.wait_run("trees", "loaded", "2027.csv");
    let counts = ["new", "changed", "vanished", "same"].map(|what| loaded["difference"]["rows"][what].as_i64());
    assert_eq!(counts, [1, 1, 1, 1].map(Some), "{loaded:#}");
    assert_eq!(town.rows("arrived_trees"), ["A1 Pino", "A2 Leccio verde", "A4 Tiglio"]);
    let number = loaded["number"].as_i64().unwrap();

    put(&folder, "2028.csv", "CODICE;ALTRO\nA1;x\n");
    let source = town.wait("trees", "a broken file fails", |source| last(source).0 == "failed" && last(source).1 > 1);
    assert_eq!(source["runs"][0]["file"], "2028.csv");
    assert!(source["state"]["failures"].as_i64() > Some(1) && source["state"]["failing_since"].is_string(), "{source:#}");
    assert!(!source["runs"][0]["words"].as_str().unwrap().contains("/sources/"), "where the server has its files is nobody's business");
    assert_eq!(town.rows("arrived_trees"), ["A1 Pino", "A2 Leccio verde", "A4 Tiglio"]);
    let metrics = town.server().get("/metrics").text();
    let failures = metrics.lines().find_map(|line| line.strip_prefix("source_failures{source=\"trees\"} ")).map(str::to_owned);
    assert!(failures.is_some_and(|failures| failures != "0"), "{metrics}");
    let check = town.command(&["check"]);
    assert!(!check.ok && check.out.contains("`trees` fails") && check.out.contains("sources list"), "{}", check.out);
    let told = site.wait_told(1);
    assert_eq!((&told[0]["source"], &told[0]["fails"], &told[0]["file"]), (&json!("trees"), &json!(true), &json!("2028.csv")));

    // who administers sees it; nobody else
    let cookie = town.sign_in("administrator");
    let answer = town.server().get_with("/admin/sources", &[("cookie", &cookie)]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let seen = answer.json()["sources"][0].clone();
    assert!(seen["runs"].as_array().unwrap().iter().any(|run| run["outcome"] == "failed" && run["file"] == "2028.csv"), "{seen:#}");
    let report = town.server().get_with(&format!("/admin/layers/arrived_trees/report?number={number}&f=json"), &[("cookie", &cookie)]);
    assert_eq!(report.status, 200, "each load has its report: {}", report.text());
    assert_eq!(town.server().get_with("/admin/sources", &[("cookie", &town.sign_in("officer"))]).status, 404);

    let page = |language: &str| {
        town.server().get_with(&format!("/admin/sources?lang={language}"), &[("cookie", &cookie), ("accept", "text/html")])
    };
    let it = page("it");
    assert_eq!((it.status, it.header("content-type")), (200, Some("text/html; charset=utf-8")), "{}", it.text());
    for words in [
        "Sorgenti di dati",
        "non riesce",
        "2028.csv",
        "nulla di nuovo",
        "ogni tanto",
        &format!("admin/layers/arrived_trees/report?number={number}&amp;lang=it"),
    ] {
        assert!(it.text().contains(words), "`{words}` is not in {}", it.text());
    }
    assert!(page("en").text().contains("Sources of data"));
    let theirs = town.server().get_with("/admin/sources", &[("cookie", &town.sign_in("officer")), ("accept", "text/html")]);
    assert_eq!(theirs.status, 404);

    // a kill in the middle of everything: what was loaded is not loaded again, and it goes on
    town.server.take().unwrap().kill();
    put(&folder, "2028.csv", &trees(&[("A1", "Pino"), ("A5", "Olmo")]));
    town.serve();
    town.wait("trees", "it is well again", |source| last(source).0 == "nothing");
    assert_eq!(town.rows("arrived_trees"), ["A1 Pino", "A5 Olmo"]);
    assert_eq!(town.psql("select count(*) from opensit.deliveries where layer = 'arrived_trees'"), "3");
    let told = site.wait_told(2);
    assert_eq!(told[1]["fails"], false);
    let listed = town.command(&["sources", "list"]).out;
    assert!(listed.contains("trees: well at") && listed.contains("2028.csv"), "{listed}");
}

#[test]
fn what_was_published_before_a_kill_is_told_and_not_loaded_again() {
    let mut town = Town::new();
    let plan = town.plan("killed_trees");
    let folder = town.at("in");
    town.configure(&format!("[[sources]]\nname = \"trees\"\nfolder = \"{}\"\nevery = \"1s\"\nplan = \"{plan}\"\n", folder.display()));
    put(&folder, "2026.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]));
    town.serve();
    town.wait_run("trees", "loaded", "2026.csv");
    town.server.take().unwrap().kill();
    // as a kill between the layer's transaction and the source's leaves it
    town.psql(
        "delete from deliveries.seen; delete from deliveries.runs where outcome <> 'loaded';
         update deliveries.runs set outcome = 'loading', ended_at = null, number = null, words = null",
    );
    town.serve();
    let source = town.wait("trees", "it goes on", |source| last(source).0 == "nothing");
    let told = source["runs"].as_array().unwrap().iter().find(|run| run["outcome"] == "loaded").unwrap();
    assert!(told["number"].is_i64() && told["words"].as_str().unwrap().contains("ended before"), "{source:#}");
    assert_eq!(town.psql("select count(*) from opensit.deliveries where layer = 'killed_trees'"), "1");
}

#[test]
fn an_address_is_fetched_if_it_is_listed_and_differs() {
    let mut town = Town::new();
    let site = Site::start();
    let [plan, other] = ["fetched_trees", "led_to_trees"].map(|layer| town.plan(layer));
    let by = |plan: &str, name: &str, url: &str| {
        format!("[[sources]]\nname = \"{name}\"\nurl = \"{url}\"\nevery = \"1s\"\nplan = \"{plan}\"\n\n")
    };
    let source = |name: &str, url: &str| by(&plan, name, url);

    // refused at the start, with what to do
    town.configure(&source("other", "https://other.example/trees.csv"));
    let refused = town.command(&["check"]);
    assert!(
        !refused.ok && refused.err.contains("`other`") && refused.err.contains("sources-allow = [\"https://other.example/\"]"),
        "{}",
        refused.err
    );

    let own = &site.url;
    // the same host by another entry is no private one
    let port = own.rsplit(':').next().unwrap();
    let all = [
        format!(
            "sources-allow-private = [\"{own}/open/\"]\nsources-allow = [\"http://localhost:{port}/open/\"]\n\n[limits]\nupload-mib = 1\n\n"
        ),
        source("trees", &format!("{own}/open/trees.csv")),
        source("leads-away", &format!("{own}/open/away.csv")),
        by(&other, "leads-on", &format!("{own}/open/on.csv")),
        source("large", &format!("{own}/open/large.csv")),
        source("endless", &format!("{own}/open/endless.csv")),
        source("own-network", &format!("http://localhost:{port}/open/trees.csv")),
        source("gone", &format!("{own}/open/gone.csv")),
    ];
    town.configure(&all.concat());
    site.serve("/open/trees.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]), "\"1\"");
    town.serve();
    town.wait("trees", "it is loaded and then the same", |source| last(source).0 == "nothing" && last(source).1 > 1);
    assert_eq!(town.rows("fetched_trees"), ["A1 Pino", "A2 Leccio", "A3 Acero"]);
    assert!(site.not_modified() > 0, "the tag is told");

    // another tag on the same content
    let [before, sent] = [site.not_modified(), site.sent("/open/trees.csv")];
    site.serve("/open/trees.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero")]), "\"2\"");
    let begin = Instant::now();
    while site.not_modified() < before + 2 || site.sent("/open/trees.csv") == sent {
        assert!(begin.elapsed() < PATIENCE, "the new tag is not told");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(town.psql("select count(*) from opensit.deliveries where layer = 'fetched_trees'"), "1");

    site.serve("/open/trees.csv", &trees(&[("A1", "Pino"), ("A2", "Leccio"), ("A3", "Acero"), ("A4", "Olmo")]), "\"3\"");
    let begin = Instant::now();
    while town.rows("fetched_trees").len() < 4 {
        assert!(begin.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(100));
    }

    for (name, words) in [
        ("leads-away", "leads elsewhere"),
        ("large", "more than 1 MiB"),
        ("endless", "more than 1 MiB"),
        ("own-network", "sources-allow-private"),
        ("gone", "answers 404"),
    ] {
        let source = town.wait(name, "it fails", |source| last(source).0 == "failed");
        let said = source["runs"][0]["words"].as_str().unwrap();
        assert!(said.contains(words), "{name}: {said}");
    }
    let on = town.wait("leads-on", "a redirection within the list is followed", |source| !["", "loading"].contains(&last(source).0));
    assert_ne!(last(&on).0, "failed", "{on:#}");
    assert_eq!(site.sent("/secret/trees.csv"), 0, "what is not listed is not asked for");
}

/// A tiny server of files, which counts.
struct Site {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    files: BTreeMap<String, (String, String)>,
    sent: BTreeMap<String, usize>,
    not_modified: usize,
    told: Vec<Value>,
}

impl Site {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let site = Self { url: url.clone(), seen: Arc::clone(&seen) };
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (url, seen) = (url.clone(), Arc::clone(&seen));
                std::thread::spawn(move || answer(connection, &url, &seen));
            }
        });
        site
    }

    fn serve(&self, path: &str, content: &str, tag: &str) {
        self.seen.lock().unwrap().files.insert(path.to_owned(), (content.to_owned(), tag.to_owned()));
    }

    fn not_modified(&self) -> usize {
        self.seen.lock().unwrap().not_modified
    }

    fn sent(&self, path: &str) -> usize {
        self.seen.lock().unwrap().sent.get(path).copied().unwrap_or_default()
    }

    /// What was told, once it is so much.
    fn wait_told(&self, number: usize) -> Vec<Value> {
        let begin = Instant::now();
        loop {
            let told = self.seen.lock().unwrap().told.clone();
            if told.len() >= number {
                assert_eq!(told.len(), number, "{told:?}");
                return told;
            }
            assert!(begin.elapsed() < PATIENCE, "{told:?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn answer(mut connection: TcpStream, url: &str, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(connection.try_clone().unwrap());
    let mut head = Vec::new();
    for line in reader.by_ref().lines().map_while(Result::ok).take_while(|line| !line.is_empty()) {
        head.push(line);
    }
    let Some(path) = head.first().and_then(|line| line.split(' ').nth(1)).map(str::to_owned) else { return };
    let header = |name: &str| {
        head.iter().filter_map(|line| line.split_once(": ")).find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned())
    };
    let mut body = vec![0; header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let simple = |status: &str, more: &str| format!("HTTP/1.1 {status}\r\nconnection: close\r\n{more}content-length: 0\r\n\r\n");
    let mut seen = seen.lock().unwrap();
    *seen.sent.entry(path.clone()).or_default() += 1;
    let text = match path.as_str() {
        "/tell" => {
            seen.told.push(serde_json::from_slice(&body).unwrap());
            simple("204 No Content", "")
        }
        "/open/away.csv" => simple("302 Found", &format!("location: {url}/secret/trees.csv\r\n")),
        "/open/on.csv" => simple("307 Temporary Redirect", "location: trees.csv\r\n"),
        "/open/large.csv" => format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", 2 * MEBIBYTE),
        "/open/endless.csv" => format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(2 * MEBIBYTE)),
        path => match seen.files.get(path).cloned() {
            Some((_, tag)) if header("if-none-match").as_ref() == Some(&tag) => {
                seen.not_modified += 1;
                simple("304 Not Modified", "")
            }
            Some((content, tag)) => {
                format!("HTTP/1.1 200 OK\r\nconnection: close\r\netag: {tag}\r\ncontent-length: {}\r\n\r\n{content}", content.len())
            }
            None => simple("404 Not Found", ""),
        },
    };
    drop(seen);
    let _ = connection.write_all(text.as_bytes());
}
