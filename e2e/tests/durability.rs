//! What was acknowledged is there, once, however often the server is killed while it writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::{Answer, Town, send};
use serde_json::{Value, json};

/// Features made, each with an attachment.
const WRITES: usize = 500;
/// Who write at the same time.
const WRITERS: usize = 4;
/// How often the server is killed meanwhile.
const KILLS: usize = 4;
const CASTELMARINA: &str = "080901";

/// What the writers were told.
#[derive(Default)]
struct Told {
    /// The id of each feature, by its number.
    features: Mutex<BTreeMap<usize, String>>,
    /// The id of each file, by the number of its feature.
    files: Mutex<BTreeMap<usize, String>>,
    /// Requests whose answers did not arrive.
    lost: AtomicUsize,
}

struct Scene {
    town: Town,
    key: String,
    place: (f64, f64),
}

/// A PDF in two pieces, another for each number.
fn pdf(number: usize) -> String {
    format!("%PDF-1.4\n% {number}\n{}\n%%EOF\n", format!("% the file of write {number:06} \n").repeat(9_000))
}

fn name(number: usize) -> String {
    format!("Durata {number:04}")
}

impl Scene {
    fn open() -> Self {
        let town = Town::own();
        let arguments = ["keys", "create", "--name", "writers", "--scope", "edit", "--layers", "events", "--comune", CASTELMARINA];
        let key = town.command(&[&arguments[..], &["--rate", "1000000"]].concat());
        assert!(key.ok, "{}", key.err);
        let place = town.psql(&format!(
            "select st_x(g) || ' ' || st_y(g) from (select st_transform(geom, 4326) as g from tourism.events
              where comune = '{CASTELMARINA}' order by id limit 1) t"
        ));
        let (lon, lat) = place.split_once(' ').unwrap();
        Self { key: key.out.trim().to_owned(), place: (lon.parse().unwrap(), lat.parse().unwrap()), town }
    }

    /// Asks until there is an answer of a server that is not on its way up or down.
    fn insist(&self, lost: &AtomicUsize, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = [&[("x-api-key", self.key.as_str())], headers].concat();
        for _ in 0..200 {
            match send(&self.town.url(), method, path, &headers, body) {
                Ok(answer) if answer.status < 500 => return answer,
                _ => lost.fetch_add(1, Ordering::Relaxed),
            };
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{method} {path}: no answer")
    }

    /// Makes a feature. Sent again with the same key it is not made again.
    fn make(&self, told: &Told, number: usize) -> Answer {
        let (lon, lat) = self.place;
        let feature = json!({
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [lon + (number % 25) as f64 * 1e-6, lat + (number / 25) as f64 * 1e-6]},
            "properties": {"name": name(number), "begins": "2026-12-01", "ends": "2026-12-02", "published": number.is_multiple_of(2), "budget_eur": number},
        });
        let key = format!("durability-{number}");
        let headers =
            [("content-type", "application/geo+json"), ("idempotency-key", key.as_str()), ("change-reason", "prova%20di%20durata")];
        self.insist(&told.lost, "POST", "/collections/events/items", &headers, &feature.to_string())
    }

    /// Adds its file. An upload has no key: who did not hear looks first whether it is there.
    fn attach(&self, told: &Told, number: usize, id: &str) -> String {
        let path = format!("/attachments/events/{id}");
        let headers = [
            ("x-api-key", self.key.as_str()),
            ("content-type", "application/octet-stream"),
            ("content-disposition", "attachment; filename=\"prova.pdf\""),
        ];
        let content = pdf(number);
        for _ in 0..200 {
            match send(&self.town.url(), "POST", &path, &headers, &content) {
                Ok(answer) if answer.status == 201 => return answer.json()["id"].as_str().unwrap().to_owned(),
                Ok(answer) if answer.status < 500 => panic!("{path}: {}", answer.text()),
                _ => told.lost.fetch_add(1, Ordering::Relaxed),
            };
            let there = self.insist(&told.lost, "GET", &path, &[], "").json();
            if let [file] = files(&there) {
                return file["id"].as_str().unwrap().to_owned();
            }
        }
        panic!("{path}: no answer")
    }

    fn write(&self, told: &Told, number: usize) {
        let made = self.make(told, number);
        assert_eq!(made.status, 201, "{}", made.text());
        let id = made.json()["id"].as_str().unwrap().to_owned();
        assert!(told.features.lock().unwrap().insert(number, id.clone()).is_none());
        let file = self.attach(told, number, &id);
        told.files.lock().unwrap().insert(number, file);
    }

    /// Waits until every entry of the audit log is sealed and proves the chain.
    fn verify(&self) -> String {
        for _ in 0..100 {
            let report = self.town.command(&["audit", "verify"]);
            assert!(report.ok, "{}{}", report.out, report.err);
            if report.out.contains("every entry is sealed") {
                return report.out;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        panic!("nothing seals");
    }
}

fn files(listed: &Value) -> &[Value] {
    listed["attachments"].as_array().map(Vec::as_slice).unwrap_or_else(|| panic!("{listed}"))
}

#[test]
fn what_was_acknowledged_outlives_kill_9_and_is_there_once() {
    let scene = Scene::open();
    let before = scene.town.psql("select count(*) from tourism.events");
    let (told, next) = (Told::default(), AtomicUsize::new(0));
    // other moments each time
    let mut dice = RandomState::new().build_hasher().finish();
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                scope.spawn(|| {
                    while let Some(number) = Some(next.fetch_add(1, Ordering::Relaxed)).filter(|n| *n < WRITES) {
                        scene.write(&told, number);
                    }
                })
            })
            .collect();
        for kill in 0..KILLS {
            // somewhere in this part of the work, at any moment of a request
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let part = WRITES / KILLS;
            let at = kill * part + (dice >> 33) as usize % (part * 3 / 4);
            while next.load(Ordering::Relaxed) < at && writers.iter().any(|w| !w.is_finished()) {
                std::thread::sleep(Duration::from_millis(1));
            }
            std::thread::sleep(Duration::from_micros((dice >> 40) % 40_000));
            scene.town.kill_and_restart();
        }
    });
    let (features, files) = (told.features.into_inner().unwrap(), told.files.into_inner().unwrap());
    assert_eq!((features.len(), files.len()), (WRITES, WRITES));
    let lost = told.lost.load(Ordering::Relaxed);
    assert!(lost >= KILLS, "the server was killed while it was asked: {lost} answers were lost");

    // each feature once, under the id that was told, with all of its values
    let total = before.parse::<usize>().unwrap() + WRITES;
    assert_eq!(scene.town.psql("select count(*) from tourism.events"), total.to_string());
    let rows =
        scene.town.psql("select name || '|' || id from tourism.events where name like 'Durata %' and budget_eur is not null order by name");
    let expected: Vec<String> = features.iter().map(|(number, id)| format!("{}|{id}", name(*number))).collect();
    assert_eq!(rows.lines().collect::<Vec<_>>(), expected);
    // its file once, whole, and none beside
    let rows = scene.town.psql("select record || '|' || id from attachments.files");
    let expected: BTreeSet<String> = files.iter().map(|(number, file)| format!("{}|{file}", features[number])).collect();
    assert_eq!((rows.lines().count(), rows.lines().map(str::to_owned).collect::<BTreeSet<_>>()), (WRITES, expected));
    let broken = "select count(*) from attachments.files f
                   left join lateral (select string_agg(data, null order by number) as content from attachments.chunks where file = f.id) c on true
                   where c.content is null or length(c.content) <> f.bytes or sha256(c.content) <> f.sha256";
    assert_eq!(scene.town.psql(broken), "0", "no file is half there");
    for number in [0, WRITES / 2, WRITES - 1] {
        let kept = scene.town.get_with(&format!("/attachments/{}", files[&number]), &[("x-api-key", &scene.key)]);
        assert_eq!((kept.status, kept.text()), (200, pdf(number)));
    }
    // history and audit log know each of them once
    let history =
        "select count(*), count(distinct fid) from opensit.row_history where relation = 'tourism.events' and operation = 'insert'";
    assert_eq!(scene.town.psql(history), format!("{WRITES}|{WRITES}"));
    let logged = "select count(*) filter (where event = 'create'), count(distinct id) filter (where event = 'create'),
                         count(*) filter (where event = 'update'), count(distinct id) filter (where event = 'update')
                    from identity.audit where layer = 'events'";
    assert_eq!(scene.town.psql(logged), [WRITES; 4].map(|n| n.to_string()).join("|"));
    scene.verify();

    // who never heard asks again, servers later, and is told the same
    for number in (0..WRITES).step_by(50) {
        let again = scene.make(&Told::default(), number);
        assert_eq!((again.status, again.json()["id"].as_str()), (201, Some(features[&number].as_str())));
    }
    assert_eq!(scene.town.psql("select count(*) from tourism.events"), total.to_string());
}

#[test]
fn a_database_that_dies_and_comes_back_is_asked_again() {
    let town = Town::own();
    let paths = ["/collections/trees/items?limit=5", "/search?q=via", "/xyz/trees/16/35613/25208", "/collections/lodgings/items?limit=5"];
    let all = |town: &Town| -> Vec<u16> {
        std::thread::scope(|scope| {
            let asking: Vec<_> = (0..24).map(|i| scope.spawn(move || town.get(paths[i % paths.len()]).status)).collect();
            asking.into_iter().map(|a| a.join().unwrap()).collect()
        })
    };
    assert!(all(&town).iter().all(|status| *status < 300), "every connection of the pools is in use");
    let pid = std::fs::read_to_string(town.data_dir().join("postgres/postmaster.pid")).unwrap();
    let pid = pid.lines().next().unwrap().trim();
    assert!(std::process::Command::new("kill").args(["-9", pid]).status().unwrap().success());
    let begin = std::time::Instant::now();
    // while it is away there is a clear answer, or a good one as soon as it is back
    while town.get("/readyz").status != 200 || begin.elapsed() < Duration::from_millis(300) {
        let status = town.get(paths[0]).status;
        assert!(matches!(status, 200 | 503), "{status}");
        assert!(begin.elapsed() < Duration::from_secs(60), "it does not come back");
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_secs(1));
    let statuses = all(&town);
    assert!(statuses.iter().all(|status| *status < 300), "a connection that broke is not handed out: {statuses:?}");
}
