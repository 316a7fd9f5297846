//! Tiles are what the database has, also after the server, the database or both are killed with `kill -9` in the midst of edits.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use e2e::Town;
use mvt_reader::Reader;
use mvt_reader::feature::Value;

/// How long a restart may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Every tree once or more, by the zoom of its tiles.
const ZOOM: u8 = 15;

/// What the editors share.
struct Editing {
    url: String,
    over: AtomicBool,
    done: AtomicU32,
    broken: AtomicU32,
}

impl Editing {
    fn edit(&self, editor: u32) {
        for number in 0.. {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let any = "fid = (select fid from environment.trees order by random() limit 1)";
            let edit = match number % 5 {
                0 => format!("update environment.trees set height_m = {number}.5 where {any}"),
                1 => format!("update environment.trees set geom = st_translate(geom, {editor} + 1, -3), height_m = {number} where {any}"),
                2 => "insert into environment.trees (species, height_m, geom) select 'Olea europaea', 7, st_translate(geom, 5, 5) from environment.trees order by random() limit 3".to_owned(),
                3 => format!("delete from environment.trees where {any}"),
                // begun and never committed, or killed before it is
                _ => format!("begin; update environment.trees set height_m = -{number}; select pg_sleep(0.05); rollback"),
            };
            let mut psql = Command::new("psql");
            psql.args([&self.url, "-XAtqv", "ON_ERROR_STOP=1", "-c", &edit])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let counter = if psql.status().unwrap().success() { &self.done } else { &self.broken };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn kill_database(town: &Town) {
    let pid = std::fs::read_to_string(town.data_dir().join("postgres/postmaster.pid")).unwrap();
    assert!(Command::new("kill").args(["-9", pid.lines().next().unwrap().trim()]).status().unwrap().success());
}

fn wait_until(what: &str, so: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The trees of all tiles round them, with their heights.
fn shown(town: &Town, after: &str) -> BTreeMap<u64, String> {
    let corners = town.psql(&format!(
        "select floor((st_xmin(b) + 180) / 360 * n) - 1, floor((st_xmax(b) + 180) / 360 * n) + 1,
                floor((1 - asinh(tand(st_ymax(b))) / pi()) / 2 * n) - 1, floor((1 - asinh(tand(st_ymin(b))) / pi()) / 2 * n) + 1
           from (select st_extent(st_transform(geom, 4326)) as b, 1 << {ZOOM} as n from environment.trees) t"
    ));
    let corners: Vec<u32> = corners.split('|').map(|number| number.parse().unwrap()).collect();
    let mut all = BTreeMap::new();
    for (x, y) in (corners[0]..=corners[1]).flat_map(|x| (corners[2]..=corners[3]).map(move |y| (x, y))) {
        let ask = || town.get_with(&format!("/xyz/trees/{ZOOM}/{x}/{y}"), &[("after-position", after)]);
        // 503: the feed follows again, and has not come so far yet
        let begin = Instant::now();
        let mut tile = ask();
        while tile.status == 503 && begin.elapsed() < PATIENCE {
            tile = ask();
        }
        assert!(tile.status == 200 || tile.status == 204, "{}", tile.text());
        assert_eq!(tile.header("x-generalised"), None);
        if tile.status == 204 {
            continue;
        }
        for feature in Reader::new(tile.body).unwrap().get_features(0).unwrap() {
            let height = match feature.properties.unwrap_or_default().get("height_m") {
                Some(Value::Double(height)) => height.to_string(),
                Some(Value::Float(height)) => height.to_string(),
                Some(other) => panic!("{other:?}"),
                None => String::new(),
            };
            let fid = feature.id.unwrap();
            let before = all.insert(fid, height.clone());
            assert!(before.is_none_or(|before| before == height), "{fid} is two things in two tiles");
        }
    }
    all
}

fn compare(town: &Town) {
    let after = town.psql("select pg_current_wal_flush_lsn()");
    let rows = town.psql("select fid, height_m from environment.trees order by fid");
    let stored: BTreeMap<u64, String> = rows
        .lines()
        .map(|row| {
            let (fid, height) = row.split_once('|').unwrap();
            (fid.parse().unwrap(), height.parse::<f64>().map(|height| height.to_string()).unwrap_or_default())
        })
        .collect();
    assert!(stored.len() > 50, "{}", stored.len());
    let shown = shown(town, &after);
    let wrong: Vec<_> = stored.iter().filter(|(fid, height)| shown.get(fid) != Some(height)).take(5).collect();
    assert!(
        wrong.is_empty(),
        "stored, and not shown so: {wrong:?}, shown {:?}",
        wrong.iter().map(|(fid, _)| shown.get(fid)).collect::<Vec<_>>()
    );
    let gone: Vec<_> = shown.keys().filter(|fid| !stored.contains_key(fid)).take(5).collect();
    assert!(gone.is_empty(), "shown, and not there any more: {gone:?}");
}

fn served(town: &Town) {
    wait_until("the feed is live", || town.get("/readyz").text().contains("\"live\""));
    wait_until("trees come from memory", || town.get("/xyz/trees").json()["served_from"] == "memory");
}

/// Kills some of it while two edit, and compares once all is up again.
fn kill_while_editing(town: &Town, url: &str, what: &str) {
    let editing = Editing { url: url.to_owned(), over: AtomicBool::new(false), done: AtomicU32::new(0), broken: AtomicU32::new(0) };
    std::thread::scope(|scope| {
        for editor in 0..2 {
            let editing = &editing;
            scope.spawn(move || editing.edit(editor));
        }
        wait_until("some edits are done", || editing.done.load(Ordering::Relaxed) >= 12);
        if what != "server" {
            kill_database(town);
        }
        if what != "database" {
            town.kill_and_restart();
        }
        wait_until("the database answers", || town.get("/readyz").status == 200);
        // edits go on while the feed and the tiles come up again
        let so_far = editing.done.load(Ordering::Relaxed);
        wait_until("edits are done again", || editing.done.load(Ordering::Relaxed) >= so_far + 12);
        served(town);
        wait_until("some more are done", || editing.done.load(Ordering::Relaxed) >= so_far + 24);
        editing.over.store(true, Ordering::Relaxed);
    });
    println!("{what}: {} edits, {} broken off", editing.done.load(Ordering::Relaxed), editing.broken.load(Ordering::Relaxed));
    compare(town);
    // and not only what was loaded anew: an edit after it all
    town.psql("update environment.trees set height_m = 1234.5 where fid = (select min(fid) from environment.trees)");
    compare(town);
}

#[test]
fn after_kill_9_of_server_and_database_tiles_are_what_is_stored() {
    let town = Town::own();
    served(&town);
    let url = town.command(&["database", "url"]).out.trim().to_owned();
    compare(&town);
    for what in ["server", "database", "database and server"] {
        kill_while_editing(&town, &url, what);
    }
}

#[test]
fn also_where_logical_replication_is_not_allowed() {
    let town = Town::own();
    served(&town);
    town.restart_after(|data| {
        let own = data.join("postgres/local.conf");
        let before = std::fs::read_to_string(&own).unwrap_or_default();
        std::fs::write(own, format!("{before}\nwal_level = replica\n")).unwrap();
    });
    assert_eq!(town.psql("show wal_level"), "replica");
    served(&town);
    assert_eq!(town.get("/readyz").json()["feed"]["way"], "journal");
    let said = town.command(&["check"]);
    assert!(said.ok && said.out.contains("by triggers and NOTIFY"), "{}{}", said.out, said.err);
    let url = town.command(&["database", "url"]).out.trim().to_owned();
    town.psql("update environment.trees set height_m = 4321 where fid = (select max(fid) from environment.trees)");
    compare(&town);
    let events = town.events("/xyz/trees/changes", None);
    town.psql("delete from environment.trees where fid = (select max(fid) from environment.trees)");
    events.next(PATIENCE, |event| event["layer"] == "trees" && !event["bbox"].is_null()).expect("an event with the place");
    compare(&town);
    for what in ["database", "database and server"] {
        kill_while_editing(&town, &url, what);
    }
    assert_eq!(town.get("/readyz").json()["feed"]["way"], "journal");
}
