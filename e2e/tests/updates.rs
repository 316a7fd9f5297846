//! A second delivery of a layer: only what differs is written, rows stay who they are, and it can be taken back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::{Output, Town, opensit, run};
use serde_json::{Value, json};

/// What may take long on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// A place in the demo town, EPSG:7792.
const PLACE: [f64; 2] = [552_400.0, 4_205_600.0];

/// A row of a delivery: its number, what it is called, how high it is, where.
#[derive(Clone)]
struct Tree {
    number: u32,
    name: String,
    height: f64,
    at: [f64; 2],
}

fn trees(count: u32) -> Vec<Tree> {
    let at = |i: u32| [PLACE[0] + 5.0 * f64::from(i % 100) + 0.123, PLACE[1] + 5.0 * f64::from(i / 100) + 0.456];
    (0..count).map(|i| Tree { number: i + 1, name: format!("Albero {}", i + 1), height: f64::from(i) / 7.0, at: at(i) }).collect()
}

fn point(tree: &Tree) -> Value {
    let properties = json!({"codice": format!("A-{}", tree.number), "nome": tree.name, "altezza": tree.height});
    json!({"type": "Feature", "properties": properties, "geometry": {"type": "Point", "coordinates": tree.at}})
}

fn collection(features: &[Value]) -> String {
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string()
}

fn write(folder: &Path, name: &str, features: &[Value]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, collection(features)).unwrap();
    path
}

fn write_trees(folder: &Path, name: &str, trees: &[Tree]) -> PathBuf {
    write(folder, name, &trees.iter().map(point).collect::<Vec<_>>())
}

/// A town with its database's address.
struct Scene {
    town: Arc<Town>,
    url: String,
    folder: tempfile::TempDir,
}

impl Scene {
    fn new(town: Arc<Town>) -> Self {
        let url = town.command(&["database", "url"]).out.trim().to_owned();
        let folder = town.scratch();
        Self { town, url, folder }
    }

    fn psql(&self, sql: &str) -> String {
        let output = run(Command::new("psql").args([&self.url, "-XAtqv", "ON_ERROR_STOP=1", "-c", sql]));
        assert!(output.ok, "{sql}: {}", output.err);
        output.out.trim().to_owned()
    }

    fn ingest(&self, file: &Path, layer: &str, more: &[&str]) -> Output {
        let mut arguments = vec!["ingest", file.to_str().unwrap(), "--layer", layer];
        arguments.extend(more);
        self.town.command(&arguments)
    }

    /// The report.
    #[track_caller]
    fn loaded(&self, file: &Path, layer: &str, more: &[&str]) -> Value {
        let output = self.ingest(file, layer, &[more, &["--json"]].concat());
        assert!(output.ok, "{}: {}", file.display(), output.err);
        serde_json::from_str(&output.out).unwrap_or_else(|e| panic!("{e}: {}", output.out))
    }

    #[track_caller]
    fn refused(&self, output: &Output, words: &[&str]) {
        assert!(!output.ok, "it was taken: {}", output.out);
        for word in words {
            assert!(output.err.contains(word), "`{word}` is not in: {}", output.err);
        }
    }

    fn undo(&self, layer: &str, more: &[&str]) -> Output {
        self.town.command(&[&["ingest", "undo", layer], more].concat())
    }

    /// Everything of each row that people and programs know it by, without its version.
    fn rows(&self, layer: &str) -> String {
        self.psql(&format!(
            "select md5(string_agg((to_jsonb(t) - 'version' - 'geom')::text || t.geom::text, '' order by fid)) from published.{layer} t"
        ))
    }

    /// Where each row's bytes lie: another if as much as one was written.
    fn bytes(&self, layer: &str) -> String {
        self.psql(&format!(
            "select md5(string_agg(t.ctid::text || t.xmin::text || t.xmax::text, '' order by fid)) || ' ' ||
                    (select count(*) from opensit.row_history where relation = 'published.{layer}') || ' ' ||
                    (select count(*) from opensit.deliveries where layer = '{layer}') || ' ' ||
                    (select max(generation) from opensit.layers where id = '{layer}')
             from published.{layer} t"
        ))
    }

    /// A psql that did this and stays, its transaction open.
    fn holding(&self, sql: &str) -> Held {
        let mut child = Command::new("psql").args([&self.url, "-XAtq"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        writeln!(child.stdin.as_mut().unwrap(), "begin;\n{sql};\n\\echo held").unwrap();
        let mut seen = String::new();
        let out = child.stdout.as_mut().unwrap();
        let mut byte = [0];
        while !seen.ends_with("held\n") {
            std::io::Read::read_exact(out, &mut byte).unwrap();
            seen.push(char::from(byte[0]));
        }
        Held(child)
    }

    /// A delivery that is on its way.
    fn begin(&self, file: &Path, layer: &str) -> Child {
        let mut command = opensit();
        command.args(["ingest", file.to_str().unwrap(), "--layer", layer, "--update", "--data-dir"]).arg(self.town.data_dir());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn until(&self, what: &str, sql: &str) {
        let end = Instant::now() + PATIENCE;
        while self.psql(sql) != "t" {
            assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Rolls back when it is dropped.
struct Held(Child);

impl Held {
    fn commit(mut self) {
        writeln!(self.0.stdin.as_mut().unwrap(), "commit;").unwrap();
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// What the doctored copy of the first delivery differs in: 2 moved, 1 renamed, 3 vanished, 2 new.
fn doctored(mut trees: Vec<Tree>) -> Vec<Tree> {
    trees[10].at = [trees[10].at[0] + 3.0, trees[10].at[1] + 4.0];
    trees[11].at[0] += 1.0;
    trees[11].height = 99.5;
    trees[12].name = "Il più vecchio".to_owned();
    let mut new = trees[20].clone();
    (new.number, new.at[1]) = (9_001, new.at[1] + 2.5);
    let another = Tree { number: 9_002, ..new.clone() };
    trees.retain(|tree| !(30..=32).contains(&tree.number));
    trees.extend([new, another]);
    trees.reverse();
    trees
}

#[test]
fn only_what_differs_is_written_and_rows_stay_who_they_are() {
    let scene = Scene::new(Town::shared());
    let first = write_trees(scene.folder.path(), "prima.geojson", &trees(400));
    let second = write_trees(scene.folder.path(), "seconda.geojson", &doctored(trees(400)));
    scene.loaded(&first, "alberate", &[]);
    let before = scene.rows("alberate");
    let fids = "select string_agg(fid::text, ',' order by fid) from published.alberate where id not in ('A-9001', 'A-9002', 'A-30', 'A-31', 'A-32')";
    let fids_before = scene.psql(fids);
    let at = scene.bytes("alberate");

    // looked at: nothing is written, and the file of what differs is one that GDAL reads
    let file = scene.folder.path().join("differenza.geojson");
    let seen = scene.loaded(&second, "alberate", &["--update", "--dry-run", "--changes", file.to_str().unwrap()]);
    let difference = &seen["difference"];
    assert_eq!(difference["rows"], json!({"new": 2, "changed": 3, "vanished": 3, "same": 394}));
    assert_eq!(difference["fields"], json!([{"field": "altezza", "rows": 1}, {"field": "nome", "rows": 1}]));
    assert_eq!((&difference["moved"]["rows"], &difference["moved"]["farthest_m"]), (&json!(2), &json!(5.0)), "{difference}");
    assert_eq!((&difference["written"], &difference["delivery"]), (&json!(false), &Value::Null));
    assert_eq!(difference["examples"]["vanished"], json!(["A-30", "A-31", "A-32"]));
    let changed = difference["examples"]["changed"].as_array().unwrap();
    let of = |id: &str| changed.iter().find(|row| row["id"] == id).unwrap();
    assert_eq!(of("A-13")["fields"], json!({"nome": ["Albero 13", "Il più vecchio"]}));
    assert_eq!((of("A-11")["moved_m"].as_f64(), of("A-12")["fields"]["altezza"][1].as_f64()), (Some(5.0), Some(99.5)));
    assert_eq!(scene.bytes("alberate"), at, "a look writes nothing");
    let told = run(Command::new("ogrinfo")
        .args([
            "-ro",
            "-q",
            "-sql",
            "select difference, side, count(*) as n from differenza group by difference, side order by difference, side",
            "-dialect",
            "sqlite",
        ])
        .arg(&file));
    let counts: Vec<&str> = told.out.lines().filter_map(|l| l.trim().strip_prefix("n (Integer) = ")).collect();
    assert_eq!(counts, ["3", "3", "2", "3"], "changed after, changed before, new, vanished: {}", told.out);

    // written: those and no others
    let report = scene.loaded(&second, "alberate", &["--update"]);
    assert_eq!(report["difference"]["rows"], difference["rows"]);
    assert_eq!(report["mode"], "update");
    assert_eq!(scene.psql(fids), fids_before, "rows keep their fid");
    assert_eq!(scene.psql("select string_agg(id, ',' order by id) from published.alberate where version > 1"), "A-11,A-12,A-13");
    assert_eq!(scene.psql("select nome || ' ' || version from published.alberate where id = 'A-13'"), "Il più vecchio 2");
    assert_eq!(
        scene.psql("select string_agg(distinct operation || ' ' || n, ',') from (select operation, count(*) n from opensit.row_history where relation = 'published.alberate' group by 1) h"),
        "delete 3,insert 2,update 3"
    );
    let tile = |id: &str| scene.town.get(&format!("/collections/alberate/items/{id}")).status;
    assert_eq!([tile("A-9001"), tile("A-30"), tile("A-11")], [200, 404, 200]);
    assert_eq!(scene.psql("select count(*) from published.alberate where comune is null or comune <> (select comune from published.alberate where id = 'A-1')"), "0");

    // the same again changes nothing
    let at = scene.bytes("alberate");
    let again = scene.loaded(&second, "alberate", &["--update"]);
    assert_eq!(again["difference"]["rows"], json!({"new": 0, "changed": 0, "vanished": 0, "same": 399}));
    assert_eq!(again["difference"]["delivery"], Value::Null);
    assert_eq!(scene.bytes("alberate"), at);

    // taken back: as it was, to the byte, under the old identities
    let undone = scene.undo("alberate", &["--json"]);
    assert!(undone.ok, "{}", undone.err);
    assert_eq!(serde_json::from_str::<Value>(&undone.out).unwrap()["rows"], json!({"new": 2, "changed": 3, "vanished": 3, "same": 394}));
    assert_eq!(scene.rows("alberate"), before);
    scene.refused(&scene.undo("alberate", &[]), &["alberate", "made the whole layer"]);
}

#[test]
fn open_maps_hear_of_a_delivery_and_of_the_same_again_they_do_not() {
    let town = Arc::new(Town::own());
    let scene = Scene::new(Arc::clone(&town));
    let first = write_trees(scene.folder.path(), "prima.geojson", &trees(50));
    scene.loaded(&first, "viali", &[]);
    let end = Instant::now() + PATIENCE;
    while town.get("/xyz/viali").status != 200 {
        assert!(Instant::now() < end, "it does not appear");
        std::thread::sleep(Duration::from_millis(50));
    }
    let events = town.events("/xyz/viali/changes", None);
    scene.loaded(&first, "viali", &["--update"]);
    assert_eq!(events.next(Duration::from_secs(2), |event| event["layer"] == "viali"), None, "nothing was changed");
    scene.loaded(&write_trees(scene.folder.path(), "seconda.geojson", &doctored(trees(50))), "viali", &["--update"]);
    events.next(PATIENCE, |event| event["layer"] == "viali").expect("an event");
    // the change is in the tiles by the time that it is told
    let feature = town.get("/collections/viali/items/A-9001").json();
    let [lon, lat] = [0, 1].map(|i| feature["geometry"]["coordinates"][i].as_f64().unwrap());
    let n = f64::from(1_u32 << 17);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    let tile = town.get(&format!("/xyz/viali/17/{}/{}", ((lon + 180.0) / 360.0 * n).floor(), (y * n).floor()));
    assert!(tile.body.windows(6).any(|w| w == b"A-9001"), "the new tree is in its tile");
}

#[test]
fn areas_are_compared_as_they_were_mended_and_rows_that_are_kept_out_do_not_vanish() {
    let scene = Scene::new(Town::shared());
    let square = |number: u32, size: f64| {
        let [x, y] = [PLACE[0] + 40.0 * f64::from(number), PLACE[1] + 900.0];
        let ring = json!([[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]);
        (number, json!({"type": "Polygon", "coordinates": [ring]}))
    };
    let bow_tie = |number: u32| {
        let [x, y] = [PLACE[0] + 40.0 * f64::from(number), PLACE[1] + 900.0];
        (number, json!({"type": "Polygon", "coordinates": [[[x, y], [x + 9.0, y + 9.0], [x + 9.0, y], [x, y + 9.0], [x, y]]]}))
    };
    let features = |rows: &[(u32, Value)]| -> Vec<Value> {
        rows.iter().map(|(n, g)| json!({"type": "Feature", "properties": {"id": n, "nome": format!("Lotto {n}")}, "geometry": g})).collect()
    };
    let all = [square(1, 10.0), square(2, 10.0), bow_tie(3), square(4, 10.0)];
    let first = write(scene.folder.path(), "lotti.geojson", &features(&all));
    scene.loaded(&first, "lotti", &[]);
    let at = scene.bytes("lotti");
    let same = scene.loaded(&first, "lotti", &["--update"]);
    assert_eq!(same["difference"]["rows"], json!({"new": 0, "changed": 0, "vanished": 0, "same": 4}));
    assert_eq!(scene.bytes("lotti"), at, "what was mended once is mended so again");

    // the second without a geometry, the fourth grown by a metre
    let second =
        write(scene.folder.path(), "lotti-2.geojson", &features(&[square(1, 10.0), (2, Value::Null), bow_tie(3), square(4, 11.0)]));
    let report = scene.loaded(&second, "lotti", &["--update"]);
    let difference = &report["difference"];
    assert_eq!(difference["rows"], json!({"new": 0, "changed": 1, "vanished": 0, "same": 2}));
    assert_eq!(difference["kept"], 1, "{difference}");
    assert_eq!(scene.psql("select count(*) from published.lotti where id = '2' and version = 1"), "1");
    let moved = difference["moved"]["farthest_m"].as_f64().unwrap();
    assert!((moved - 2_f64.sqrt()).abs() < 1e-6, "the corner moved by the diagonal: {moved}");

    // rows of nothing that can be loaded take nothing away
    let nowhere = write(scene.folder.path(), "lotti-3.geojson", &features(&[(1, Value::Null), (2, Value::Null)]));
    scene.refused(&scene.ingest(&nowhere, "lotti", &["--update"]), &["without a geometry"]);
    assert_eq!(scene.psql("select count(*) from published.lotti"), "4");

    // a part of the whole
    let part = write(scene.folder.path(), "lotti-4.geojson", &features(&[square(1, 10.0), square(9, 10.0)]));
    let report = scene.loaded(&part, "lotti", &["--update", "--keep-vanished"]);
    assert_eq!(report["difference"]["rows"], json!({"new": 1, "changed": 0, "vanished": 3, "same": 1}));
    assert_eq!(scene.psql("select count(*) from published.lotti"), "5");
    assert!(scene.undo("lotti", &[]).ok);
    assert_eq!(scene.psql("select string_agg(id, ',' order by id) from published.lotti"), "1,2,3,4");
}

#[test]
fn edits_since_a_delivery_are_named_before_it_is_taken_back() {
    let scene = Scene::new(Town::shared());
    let first = write_trees(scene.folder.path(), "prima.geojson", &trees(60));
    let second = write_trees(scene.folder.path(), "seconda.geojson", &doctored(trees(60)));
    scene.loaded(&first, "siepi", &[]);
    let before = scene.rows("siepi");
    scene.loaded(&second, "siepi", &["--update"]);
    let after = scene.rows("siepi");
    // one that the delivery changed, one that it made, and one that it left alone
    scene.psql("update published.siepi set nome = 'A mano' where id in ('A-11', 'A-9001', 'A-5')");
    let edited = scene.rows("siepi");
    scene.refused(&scene.undo("siepi", &[]), &["2 of its rows were edited", "A-11", "A-9001", "--over-edits"]);
    assert_eq!(scene.rows("siepi"), edited, "nothing was changed");
    let undone = scene.undo("siepi", &["--over-edits"]);
    assert!(undone.ok && undone.out.contains("2 of them were edited since"), "{}{}", undone.out, undone.err);
    assert_eq!(scene.psql("select nome from published.siepi where id = 'A-5'"), "A mano", "what the delivery left alone is left alone");
    scene.psql("update published.siepi set nome = 'Albero 5' where id = 'A-5'");
    assert_eq!(scene.rows("siepi"), before);

    // again, and the edit that a new delivery takes away is told
    scene.loaded(&second, "siepi", &["--update"]);
    assert_eq!(scene.psql("select count(*) from published.siepi where nome = 'A mano'"), "0");
    scene.psql("update published.siepi set nome = 'A mano' where id = 'A-7'");
    let told = scene.loaded(&second, "siepi", &["--update", "--dry-run"]);
    assert_eq!(told["difference"]["edited"], json!({"rows": 1, "examples": ["A-7"]}));
    let words = scene.ingest(&second, "siepi", &["--update"]);
    assert!(words.ok && words.out.contains("Careful: 1 was edited here"), "{}", words.out);

    // two deliveries are taken back one after the other
    assert!(scene.undo("siepi", &[]).ok);
    assert_eq!(scene.psql("select nome from published.siepi where id = 'A-7'"), "A mano");
    scene.psql("update published.siepi set nome = 'Albero 7' where id = 'A-7'");
    let ids = "select string_agg(id || nome, ',' order by id) from published.siepi";
    let second_ids = scene.psql(ids);
    assert!(scene.undo("siepi", &[]).ok, "what a delivery that was taken back wrote is no edit");
    assert_eq!(scene.rows("siepi"), before);
    assert_ne!((scene.psql(ids), after), (second_ids, before));

    // an id that somebody took meanwhile
    scene.loaded(&second, "siepi", &["--update"]);
    scene.psql("insert into published.siepi (id, comune, geom, codice, nome, altezza) select 'A-30', comune, geom, 'A-30', nome, altezza from published.siepi where id = 'A-1'");
    scene.refused(&scene.undo("siepi", &["--over-edits"]), &["others have their ids", "A-30"]);
}

#[test]
fn what_is_written_while_a_file_is_read_is_compared_with_it_all_the_same() {
    let scene = Scene::new(Town::shared());
    let first = write_trees(scene.folder.path(), "prima.geojson", &trees(60));
    let second = write_trees(scene.folder.path(), "seconda.geojson", &doctored(trees(60)));
    let content = "select md5(string_agg(id || nome || altezza || geom::text, '' order by id)) from published.pioppi";
    scene.loaded(&first, "pioppi", &[]);
    scene.loaded(&second, "pioppi", &["--update"]);
    let new = scene.psql(content);
    assert!(scene.undo("pioppi", &[]).ok);
    // rows that the delivery leaves as they were: changed, taken away, and one that it does not have
    let holding = scene.holding(
        "update published.pioppi set nome = 'A mano' where id = 'A-5';
         delete from published.pioppi where id = 'A-7';
         insert into published.pioppi (id, comune, geom, codice, nome, altezza)
         select 'A-777', comune, geom, 'A-777', nome, altezza from published.pioppi where id = 'A-1'",
    );
    let mut child = scene.begin(&second, "pioppi");
    // it has read the rows as they were, and waits to compare them
    scene.until("compare", "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%pioppi%')");
    holding.commit();
    assert!(child.wait().unwrap().success());
    assert_eq!(scene.psql(content), new, "as if the edits had come before");
    assert_eq!(scene.psql("select count(*) from published.pioppi where nome = 'A mano' or id = 'A-777'"), "0");
    // and the same again writes nothing
    let bytes = scene.bytes("pioppi");
    scene.loaded(&second, "pioppi", &["--update"]);
    assert_eq!(scene.bytes("pioppi"), bytes);
}

#[test]
fn what_a_column_says_of_comune_and_validity_is_compared_and_kept() {
    let scene = Scene::new(Town::shared());
    let folder = scene.folder.path();
    let features = |comuni: [&str; 3]| {
        let one = |(tree, comune): (&Tree, &str)| {
            let mut feature = point(tree);
            feature["properties"]["com"] = json!(comune);
            (feature["properties"]["da"], feature["properties"]["al"]) = (json!("2020-01-01"), json!("2031-01-01"));
            feature
        };
        trees(3).iter().zip(comuni).map(one).collect::<Vec<_>>()
    };
    let codes = scene.psql("select string_agg(istat, ',' order by istat) from territory.v_comuni");
    let [a, b] = codes.split(',').collect::<Vec<_>>()[..2] else { panic!("{codes}") };
    let (first, second) = (write(folder, "prima.geojson", &features([a, b, a])), write(folder, "seconda.geojson", &features([b, a, a])));
    let plan = |name: &str, more: &str| {
        let path = folder.join(name);
        let head = format!("version = 1\nlayer = \"{name}\"\nkey = \"codice\"\n");
        fs::write(&path, head + more).unwrap();
        path.to_str().unwrap().to_owned()
    };

    let told = plan("lecci", "comune-field = \"com\"");
    scene.loaded(&first, "lecci", &["--plan", &told]);
    let comuni = "select string_agg(comune, ',' order by id) from published.lecci";
    assert_eq!(scene.psql(comuni), format!("{a},{b},{a}"));
    let report = scene.loaded(&second, "lecci", &["--plan", &told, "--update"]);
    assert_eq!((&report["difference"]["rows"]["changed"], scene.psql(comuni)), (&json!(2), format!("{b},{a},{a}")));
    let again = scene.loaded(&second, "lecci", &["--plan", &told, "--update"]);
    assert_eq!(again["difference"]["rows"]["same"], 3);

    // a column may be a field, too
    let valid = plan("roveri", "[validity]\nfrom = \"da\"\nto = \"al\"");
    scene.loaded(&first, "roveri", &["--plan", &valid]);
    let ends = "select count(*) from published.roveri where da = '2020-01-01' and valid_to = '2031-01-01 00:00 Europe/Rome' and valid_from < valid_to";
    assert_eq!(scene.psql(ends), "3");
    let again = scene.loaded(&first, "roveri", &["--plan", &valid, "--update"]);
    assert_eq!(again["difference"]["rows"]["same"], 3);
}

#[test]
fn what_can_t_be_compared_is_refused_with_what_to_do() {
    let scene = Scene::new(Town::shared());
    let folder = scene.folder.path();
    let first = write_trees(folder, "prima.geojson", &trees(30));
    scene.refused(&scene.ingest(&first, "filari", &["--update"]), &["no layer `filari`", "--update"]);
    scene.refused(&scene.ingest(&first, "trees", &["--update"]), &["belongs to the module"]);
    scene.loaded(&first, "filari", &["--key", "codice"]);
    let at = scene.bytes("filari");
    // the key
    scene.refused(&scene.ingest(&first, "filari", &["--update", "--key", "matricola"]), &["`matricola`", "no such column", "codice"]);
    scene.refused(&scene.ingest(&first, "filari", &["--update", "--key", "nome"]), &["`codice`", "--key nome"]);
    let mut twice = trees(30);
    twice[3].number = 2;
    let twice = write_trees(folder, "doppi.geojson", &twice);
    scene.refused(&scene.ingest(&twice, "filari", &["--update"]), &["does not tell the rows apart", "row 4 has `A-2`"]);
    let mut others = trees(30);
    others.iter_mut().for_each(|tree| tree.number += 500);
    let others = write_trees(folder, "altri.geojson", &others);
    scene.refused(&scene.ingest(&others, "filari", &["--update"]), &["`A-501`", "`A-1`", "--key"]);
    // the fields
    let less: Vec<Value> = trees(30)
        .iter()
        .map(|t| {
            let mut feature = point(t);
            feature["properties"].as_object_mut().unwrap().remove("altezza");
            feature
        })
        .collect();
    scene.refused(&scene.ingest(&write(folder, "meno.geojson", &less), "filari", &["--update"]), &["it lacks `altezza`"]);
    assert_eq!(scene.bytes("filari"), at, "nothing of all this was written");
    // ids that were counted
    let unnumbered: Vec<Value> =
        trees(30).iter().map(|t| json!({"type": "Feature", "properties": {"nome": "Tiglio"}, "geometry": point(t)["geometry"]})).collect();
    let unnumbered = write(folder, "senza.geojson", &unnumbered);
    scene.loaded(&unnumbered, "aiuole", &[]);
    scene.refused(&scene.ingest(&unnumbered, "aiuole", &["--update"]), &["numbers of the rows", "--replace --key"]);
    scene.refused(&scene.ingest(&unnumbered, "aiuole", &["--update", "--replace"]), &["cannot be used with"]);
    // a replacement says what it costs
    let replaced = scene.loaded(&first, "filari", &["--replace"]);
    assert!(replaced["notes"].to_string().contains("`--update` keeps them"), "{replaced}");
    scene.refused(&scene.undo("filari", &[]), &["made the whole layer"]);
    scene.refused(&scene.undo("nessuno", &[]), &["no such layer"]);
}

#[test]
fn a_delivery_killed_at_any_point_leaves_the_old_rows_or_the_new() {
    let scene = Scene::new(Arc::new(Town::own()));
    let first = write_trees(scene.folder.path(), "prima.geojson", &trees(3_000));
    let mut changed = doctored(trees(3_000));
    changed.iter_mut().filter(|tree| tree.number % 10 == 0).for_each(|tree| tree.at[0] += 0.5);
    let second = write_trees(scene.folder.path(), "seconda.geojson", &changed);
    scene.loaded(&first, "pini", &[]);
    let old = scene.rows("pini");
    let began = Instant::now();
    scene.loaded(&second, "pini", &["--update"]);
    let whole = began.elapsed();
    let content = "select md5(string_agg(id || nome || altezza || geom::text, '' order by id)) from published.pini";
    let new = scene.psql(content);
    assert!(scene.undo("pini", &[]).ok);
    let old_content = scene.psql(content);
    assert_eq!(scene.rows("pini"), old);

    let gone = "select not exists (select from pg_stat_activity where application_name not in ('psql') and state <> 'idle' and query like '%pini%' and pid <> pg_backend_pid())";
    let waiting = "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%pini%')";
    // where it waits for somebody: before it compares, while it deletes, while it changes
    for (point, held) in [
        ("compare", "lock table published.pini in row exclusive mode"),
        ("delete", "select 1 from published.pini where id = 'A-30' for update"),
        ("change", "select 1 from published.pini where id = 'A-100' for update"),
    ] {
        let holding = scene.holding(held);
        let mut child = scene.begin(&second, "pini");
        scene.until(point, waiting);
        child.kill().unwrap();
        child.wait().unwrap();
        drop(holding);
        scene.until("the dead one's connection ends", gone);
        assert_eq!(scene.rows("pini"), old, "killed at {point}");
    }
    // at other times, by the clock: whatever it was doing
    let mut became_new = 0;
    for part in 1..=8 {
        let mut child = scene.begin(&second, "pini");
        std::thread::sleep(whole * part / 8);
        let _ = child.kill();
        child.wait().unwrap();
        scene.until("the dead one's connection ends", gone);
        let now = scene.psql(content);
        assert_eq!(
            scene.psql("select count(*) from opensit.deliveries where report is null or plan is null"),
            "0",
            "no rows without papers"
        );
        if now == new {
            became_new += 1;
            assert!(scene.undo("pini", &[]).ok);
            assert_eq!(scene.rows("pini"), old);
        } else {
            assert_eq!(now, old_content, "killed after {part}/8 of its time");
        }
    }
    println!("of 8 killed by the clock {became_new} were done");
    // and then it works, and what the dead left is swept
    scene.loaded(&second, "pini", &["--update"]);
    assert_eq!(scene.psql(content), new);
    assert_eq!(scene.psql("select count(*) from pg_tables where schemaname = 'published' and tablename like 'pini\\_\\_%'"), "0");
    assert_eq!(scene.town.get("/readyz").status, 200);
}

#[test]
fn what_was_appended_is_taken_back_and_the_rows_of_before_stay_as_they_were() {
    let scene = Scene::new(Town::shared());
    let folder = scene.folder.path();
    let all = trees(30);
    let first = write_trees(folder, "prima.geojson", &all[..20]);
    let more = write_trees(folder, "altri.geojson", &all[20..]);
    scene.loaded(&first, "aceri", &[]);
    let before = scene.rows("aceri");
    assert_eq!(scene.loaded(&more, "aceri", &["--append"])["rows_loaded"], 10);
    assert_eq!(scene.psql("select count(*) from opensit.row_history where relation = 'published.aceri' and operation = 'insert'"), "10");
    // one that was edited since is named first
    scene.psql("update published.aceri set nome = 'A mano' where id = 'A-25'");
    scene.refused(&scene.undo("aceri", &[]), &["1 of its rows was edited", "A-25", "--over-edits"]);
    let undone = scene.undo("aceri", &["--over-edits", "--json"]);
    let undone: Value = serde_json::from_str(&undone.out).unwrap_or_else(|e| panic!("{e}: {}", undone.err));
    assert_eq!((&undone["rows"]["new"], &undone["edited"]), (&json!(10), &json!(1)));
    assert_eq!(scene.rows("aceri"), before);
    scene.refused(&scene.undo("aceri", &[]), &["made the whole layer"]);
    // and again: the ids are free
    scene.loaded(&more, "aceri", &["--append"]);
    let next = write_trees(folder, "seconda.geojson", &all[..29]);
    assert_eq!(scene.loaded(&next, "aceri", &["--update"])["difference"]["rows"]["vanished"], 1);
    assert!(scene.undo("aceri", &[]).ok && scene.undo("aceri", &[]).ok);
    assert_eq!(scene.rows("aceri"), before);
    // what is appended is told apart as the rows that are there, whatever other column has a telling name
    let told = |codice: &str, id: u32| json!({"type": "Feature", "properties": {"id": id, "codice": codice}, "geometry": point(&all[0])["geometry"]});
    let by_code = write(folder, "codici.geojson", &[told("c1", 1), told("c2", 2)]);
    scene.loaded(&by_code, "salici", &["--key", "codice"]);
    scene.loaded(&write(folder, "codici2.geojson", &[told("c3", 3)]), "salici", &["--append"]);
    assert_eq!(scene.psql("select string_agg(id, ',' order by id) from published.salici"), "c1,c2,c3");
    let counted = |name: &str, id: u32| json!({"type": "Feature", "properties": {"nome": name, "objectid": id}, "geometry": point(&all[0])["geometry"]});
    scene.loaded(&write(folder, "numeri.geojson", &[counted("a", 7), counted("b", 7)]), "ulivi", &[]);
    scene.loaded(&write(folder, "numeri2.geojson", &[counted("c", 9)]), "ulivi", &["--append"]);
    assert_eq!(scene.psql("select string_agg(id, ',' order by id) from published.ulivi"), "1,2,3");
    // one that an older program appended
    scene.loaded(&more, "aceri", &["--append"]);
    scene.psql("delete from opensit.row_history where relation = 'published.aceri' and operation = 'insert'");
    scene.refused(&scene.undo("aceri", &[]), &["kept no record of its rows"]);
}

#[test]
fn a_delivery_that_lacks_too_many_rows_is_not_written_until_somebody_says_so() {
    let scene = Scene::new(Town::shared());
    let folder = scene.folder.path();
    let all = trees(100);
    let whole = write_trees(folder, "tutti.geojson", &all);
    let (most, half) = (write_trees(folder, "ottanta.geojson", &all[..80]), write_trees(folder, "tronca.geojson", &all[..79]));
    scene.loaded(&whole, "tigli", &[]);
    let at = scene.bytes("tigli");
    let words = ["lacks 21 of the layer's 100 rows (21 %)", "20 % may vanish", "--vanish-at-most 100", "--keep-vanished"];
    scene.refused(&scene.ingest(&half, "tigli", &["--update"]), &words);
    scene.refused(&scene.ingest(&half, "tigli", &["--update", "--vanish-at-most", "20.5"]), &["20.5 %"]);
    scene.refused(&scene.ingest(&half, "tigli", &["--update", "--vanish-at-most", "120"]), &["from 0 to 100"]);
    let looked = scene.loaded(&half, "tigli", &["--update", "--dry-run"]);
    assert_eq!(
        (&looked["difference"]["rows"]["vanished"], &looked["difference"]["too_many_vanish"]),
        (&json!(21), &json!(true)),
        "{looked}"
    );
    assert!(scene.loaded(&half, "tigli", &["--update", "--keep-vanished"])["difference"]["too_many_vanish"].is_null());
    assert_eq!(scene.bytes("tigli"), at, "nothing of all this was written");
    let plan = folder.join("tigli.toml");
    fs::write(&plan, "version = 1\nlayer = \"tigli\"\nvanish-at-most = 25\n").unwrap();
    let planned = scene.loaded(&half, "tigli", &["--update", "--plan", plan.to_str().unwrap()]);
    assert_eq!(planned["difference"]["rows"]["vanished"], 21);
    assert!(scene.undo("tigli", &[]).ok);
    // twenty of a hundred, and most of a small layer, need no word
    assert_eq!(scene.loaded(&most, "tigli", &["--update"])["difference"]["rows"]["vanished"], 20);
    scene.loaded(&write_trees(folder, "pochi.geojson", &all[..49]), "tassi", &[]);
    let one = write_trees(folder, "uno.geojson", &all[..1]);
    assert_eq!(scene.loaded(&one, "tassi", &["--update"])["difference"]["rows"]["vanished"], 48);
}

#[test]
fn rows_are_not_published_without_their_plan_and_report() {
    let scene = Scene::new(Arc::new(Town::own()));
    let folder = scene.folder.path();
    let (first, second) = (write_trees(folder, "prima.geojson", &trees(60)), write_trees(folder, "seconda.geojson", &doctored(trees(60))));
    let more: Vec<Tree> = trees(80).split_off(60);
    let more = write_trees(folder, "altri.geojson", &more);
    let breaks =
        "create function public.no_papers() returns trigger language plpgsql as $$ begin raise exception 'no room for papers'; end $$;
         create trigger no_papers before update of report on opensit.deliveries for each row execute function public.no_papers()";
    let mends = "drop trigger no_papers on opensit.deliveries; drop function public.no_papers()";
    scene.psql(breaks);
    scene.refused(&scene.ingest(&first, "lecci", &[]), &["did not keep the plan and the report", "no room for papers"]);
    assert_eq!(
        scene.psql("select to_regclass('published.lecci') is null and not exists (select from opensit.layers where id = 'lecci')"),
        "t"
    );
    scene.psql(mends);
    scene.loaded(&first, "lecci", &[]);
    let at = scene.rows("lecci");
    scene.psql(breaks);
    for mode in [vec!["--update"], vec!["--replace"]] {
        scene.refused(&scene.ingest(&second, "lecci", &mode), &["no room for papers"]);
    }
    scene.refused(&scene.ingest(&more, "lecci", &["--append"]), &["no room for papers"]);
    assert_eq!((scene.rows("lecci"), scene.psql("select count(*) from opensit.deliveries where layer = 'lecci'")), (at, "1".to_owned()));
    scene.psql(mends);
    let report = scene.loaded(&second, "lecci", &["--update"]);
    let kept: Value =
        serde_json::from_str(&scene.psql("select report from opensit.deliveries where layer = 'lecci' order by number desc limit 1"))
            .unwrap();
    assert_eq!(kept, report, "what is kept is what was told");
}
