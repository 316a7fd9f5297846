//! Layers as files: whole or not at all, as somebody sees them, and nothing is lost that the format can hold.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use e2e::{Output, Town, opensit, run};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);
/// A place in the demo town, EPSG:7792.
const PLACE: [f64; 2] = [552_400.0, 4_205_600.0];

fn export(town: &Town, layer: &str, file: &Path, more: &[&str]) -> Output {
    town.command(&[&["export", layer, file.to_str().unwrap()], more].concat())
}

#[track_caller]
fn exported(town: &Town, layer: &str, file: &Path, more: &[&str]) -> Value {
    let output = export(town, layer, file, &[more, &["--json"]].concat());
    assert!(output.ok, "{}: {}", file.display(), output.err);
    serde_json::from_str(&output.out).unwrap()
}

#[track_caller]
fn refused(output: &Output, file: &Path, words: &[&str]) {
    assert!(!output.ok, "{}", output.out);
    for word in words {
        assert!(output.err.contains(word), "`{word}` is not in: {}", output.err);
    }
    assert!(!file.exists() && leftovers(file.parent().unwrap()) == 0, "something is left");
}

/// Folders in which files are made.
fn leftovers(folder: &Path) -> usize {
    fs::read_dir(folder)
        .map_or(0, |entries| entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with(".opensit-")).count())
}

#[track_caller]
fn ingest(town: &Town, file: &Path, layer: &str, more: &[&str]) -> Value {
    let output = town.command(&[&["ingest", file.to_str().unwrap(), "--layer", layer, "--json"], more].concat());
    assert!(output.ok, "{}: {}", file.display(), output.err);
    serde_json::from_str(&output.out).unwrap()
}

/// What GDAL reads in it.
#[track_caller]
fn read(file: &Path) -> Vec<Value> {
    let name =
        if file.extension().is_some_and(|e| e == "zip") { format!("/vsizip/{}", file.display()) } else { file.display().to_string() };
    let output = run(Command::new("ogr2ogr").args(["-f", "GeoJSON", "-lco", "COORDINATE_PRECISION=9", "/vsistdout/"]).arg(&name));
    assert!(output.ok, "{name}: {}", output.err);
    let read: Value = serde_json::from_str(&output.out).unwrap_or_else(|e| panic!("{name}: {e}: {}", output.out));
    read["features"].as_array().unwrap().clone()
}

/// Rows with a value of every kind, some missing, in texts whatever people type.
fn write_all_kinds(folder: &Path, name: &str, geometry: impl Fn(u32) -> Value) -> PathBuf {
    let texts = ["Città d'arte", "due\nrighe", "\"virgolette\", e virgole; e altro", "🌳 già", "100 %"];
    let features: Vec<Value> = (1..=25_u32)
        .map(|i| {
            let properties = json!({
                "id": i,
                "nome": texts[i as usize % texts.len()],
                "grande": 9_007_199_254_740_993_i64 + i64::from(i),
                "misura": if i % 5 == 0 { Value::Null } else { json!(f64::from(i) / 7.0) },
                "pubblico": i % 2 == 0,
                "giorno": format!("2020-02-{:02}", i),
                "visto": format!("2021-03-04T05:06:{:02}.250Z", i),
            });
            json!({"type": "Feature", "properties": properties, "geometry": geometry(i)})
        })
        .collect();
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    let path = folder.join(name);
    fs::write(&path, json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string()).unwrap();
    path
}

fn point(i: u32) -> Value {
    json!({"type": "Point", "coordinates": [PLACE[0] + f64::from(i) * 3.3, PLACE[1] + f64::from(i) / 3.0]})
}

/// Two parts, one with a hole.
fn areas(i: u32) -> Value {
    let [x, y] = [PLACE[0] + f64::from(i) * 40.0 + 0.1, PLACE[1] + 1.0 / 3.0];
    let ring = |x: f64, y: f64, s: f64| json!([[x, y], [x + s, y], [x + s, y + s], [x, y + s], [x, y]]);
    let hole = json!([[x + 2.0, y + 2.0], [x + 2.0, y + 4.0], [x + 4.0, y + 4.0], [x + 2.0, y + 2.0]]);
    json!({"type": "MultiPolygon", "coordinates": [[ring(x, y, 10.0), hole], [ring(x + 15.0, y, 5.0)]]})
}

#[test]
fn what_is_exported_and_delivered_again_is_the_same_to_the_byte() {
    let town = Town::shared();
    let folder = town.scratch();
    for (layer, geometry) in [("prova_punti", point as fn(u32) -> Value), ("prova_aree", areas)] {
        let first = write_all_kinds(folder.path(), "prima.geojson", geometry);
        let report = ingest(&town, &first, layer, &[]);
        let kinds: Vec<&str> = report["fields"].as_array().unwrap().iter().map(|f| f["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["integer", "text", "integer", "number", "boolean", "date", "datetime"]);
        let whole = |name: &str, out: &[&str], back: &[&str]| {
            let file = folder.path().join(format!("{layer}.{name}"));
            let said = exported(&town, layer, &file, out);
            assert_eq!(said["rows"], 25, "{name}");
            // it has no days, which come back from what is written for them
            let notes = if name == "fgb" { 1 } else { 0 };
            assert_eq!(said["notes"].as_array().unwrap().len(), notes, "{name}: {said}");
            let again = ingest(&town, &file, layer, &[&["--update"], back].concat());
            assert_eq!(
                again["difference"]["rows"],
                json!({"new": 0, "changed": 0, "vanished": 0, "same": 25}),
                "{name}: {}",
                again["difference"]
            );
            assert_eq!(again["kept_out"], json!([]), "{name}");
        };
        whole("gpkg", &[], &[]);
        whole("fgb", &[], &[]);
        whole("geojson", &["--to-crs", "EPSG:7792"], &[]);
        whole("csv", &[], &["--crs", "EPSG:7792"]);
    }
    // ids that are a GeoPackage's own key are its key again
    let keyed = folder.path().join("chiavi.gpkg");
    let made = run(Command::new("ogr2ogr")
        .args(["-f", "GPKG", "-lco", "FID=riga", "-select", "nome,misura"])
        .arg(&keyed)
        .arg(folder.path().join("prova_punti.gpkg")));
    assert!(made.ok, "{}", made.err);
    assert_eq!(ingest(&town, &keyed, "chiavi", &[])["id"], json!({"column": "riga"}));
    town.psql("delete from published.chiavi where id = '7'");
    let file = folder.path().join("chiavi-fuori.gpkg");
    exported(&town, "chiavi", &file, &[]);
    let again = ingest(&town, &file, "chiavi", &["--update"]);
    assert_eq!(again["difference"]["rows"], json!({"new": 0, "changed": 0, "vanished": 0, "same": 24}));
}

/// In a form in which all formats can be compared: what GDAL reads, by id.
fn by_id(features: &[Value]) -> std::collections::BTreeMap<i64, Value> {
    let id = |f: &Value| {
        let id = &f["properties"]["source_id"];
        id.as_i64().or_else(|| id.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{f}"))
    };
    features.iter().map(|f| (id(f), f.clone())).collect()
}

/// East and north of each position; some formats have a height, too.
fn positions(value: &Value, out: &mut Vec<[f64; 2]>) {
    match value.as_array().map(Vec::as_slice) {
        Some([x, y, ..]) if x.is_number() => out.extend(x.as_f64().zip(y.as_f64()).map(|(x, y)| [x, y])),
        parts => parts.into_iter().flatten().for_each(|part| positions(part, out)),
    }
}

/// The box round it: rings may be turned, and begin elsewhere.
fn corners(feature: &Value) -> [f64; 4] {
    let mut all = Vec::new();
    positions(&feature["geometry"]["coordinates"], &mut all);
    assert!(!all.is_empty(), "{feature}");
    let (x, y): (Vec<f64>, Vec<f64>) = all.into_iter().map(|[x, y]| (x, y)).unzip();
    let least = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
    let most = |v: &[f64]| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    [least(&x), least(&y), most(&x), most(&y)]
}

#[test]
fn gdal_reads_in_every_format_what_it_can_hold() {
    let town = Town::shared();
    let folder = town.scratch();
    for (layer, geometry) in [("forme_punti", point as fn(u32) -> Value), ("forme_aree", areas)] {
        ingest(&town, &write_all_kinds(folder.path(), "prima.geojson", geometry), layer, &[]);
        let file = |name: &str| folder.path().join(format!("{layer}.{name}"));
        // the one that is compared byte by byte elsewhere
        exported(&town, layer, &file("gpkg"), &[]);
        exported(&town, layer, &file("globe.gpkg"), &["--to-crs", "EPSG:4326"]);
        let (whole, globe) = (by_id(&read(&file("gpkg"))), by_id(&read(&file("globe.gpkg"))));
        assert_eq!(whole.len(), 25);
        let close = |name: &str, read: &Value, true_one: &Value, tolerance: f64| {
            for (a, b) in corners(read).into_iter().zip(corners(true_one)) {
                assert!((a - b).abs() < tolerance, "{layer} as {name}: {a} {b}");
            }
        };

        exported(&town, layer, &file("fgb"), &[]);
        let fgb = by_id(&read(&file("fgb")));
        for (id, feature) in &whole {
            // it has no days, which are texts, and leaves away what is missing
            let mut expected = feature["properties"].clone();
            expected["giorno"] = format!("2020-02-{id:02}").into();
            expected.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            assert_eq!(fgb[id]["properties"], expected, "FlatGeobuf");
            assert_eq!(fgb[id]["geometry"], feature["geometry"], "FlatGeobuf");
        }

        let said = exported(&town, layer, &file("shp.zip"), &[]);
        assert!(said["notes"].to_string().contains("pubblico, visto"), "what it can't hold is said: {said}");
        let shp = by_id(&read(&file("shp.zip")));
        for (id, feature) in &whole {
            let (ours, theirs) = (&feature["properties"], &shp[id]["properties"]);
            for name in ["nome", "grande", "giorno"] {
                assert_eq!(theirs[name], ours[name], "Shapefile: {name}");
            }
            assert_eq!(theirs["pubblico"].as_str(), Some(if id % 2 == 0 { "true" } else { "false" }));
            assert_eq!(theirs["visto"].as_str(), Some(format!("2021-03-04T05:06:{id:02}.250Z").as_str()));
            match (theirs["misura"].as_f64(), ours["misura"].as_f64()) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-14),
                (a, b) => assert_eq!(a, b),
            }
            close("Shapefile", &shp[id], feature, 1e-9);
        }

        exported(&town, layer, &file("kml"), &[]);
        let kml = by_id(&read(&file("kml")));
        for (id, feature) in &globe {
            let (ours, theirs) = (&feature["properties"], &kml[id]["properties"]);
            assert_eq!(theirs["nome"], ours["nome"], "KML");
            assert_eq!(theirs["grande"].as_str(), Some((9_007_199_254_740_993 + id).to_string().as_str()), "KML");
            assert_eq!(theirs["giorno"].as_str(), Some(format!("2020-02-{id:02}").as_str()), "KML");
            close("KML", &kml[id], feature, 1e-8);
        }

        let said = exported(&town, layer, &file("dxf"), &[]);
        assert!(said["notes"].to_string().contains("no attributes"), "{said}");
        let dxf = read(&file("dxf"));
        assert!(dxf.iter().all(|f| f["properties"]["Layer"] == layer), "{}", dxf[0]);
        // an area of two parts is two hatches
        let parts = |feature: &Value| -> Vec<[f64; 4]> {
            let geometry = &feature["geometry"];
            let one = |part: &Value| corners(&json!({"geometry": {"coordinates": part}}));
            if geometry["type"] == "MultiPolygon" {
                geometry["coordinates"].as_array().unwrap().iter().map(one).collect()
            } else {
                vec![corners(feature)]
            }
        };
        let sorted = |mut features: Vec<[f64; 4]>| {
            features.sort_by(|a, b| a[0].total_cmp(&b[0]));
            features
        };
        let (theirs, ours) = (sorted(dxf.iter().flat_map(parts).collect()), sorted(whole.values().flat_map(parts).collect()));
        assert_eq!(theirs.len(), ours.len());
        for (a, b) in theirs.iter().flatten().zip(ours.iter().flatten()) {
            assert!((a - b).abs() < 1e-6, "DXF: {a} {b}");
        }

        // longitude and latitude where nothing is said
        exported(&town, layer, &file("geojson"), &[]);
        let geojson = by_id(&read(&file("geojson")));
        for (id, feature) in &globe {
            assert_eq!(geojson[id]["properties"]["nome"], feature["properties"]["nome"]);
            close("GeoJSON", &geojson[id], feature, 1e-8);
        }
    }
}

#[test]
fn a_table_holds_no_formulas() {
    let town = Town::shared();
    let folder = town.scratch();
    let csv = folder.path().join("pericolo.csv");
    fs::write(&csv, format!("id;nome;nota;x;y\n1;=1+1;-5;{0};{1}\n2;@SUM(A1);+39 0965;{0};{1}\n3;sicuro;x;{0};{1}\n", PLACE[0], PLACE[1]))
        .unwrap();
    ingest(&town, &csv, "pericolo", &["--crs", "EPSG:7792"]);
    let file = folder.path().join("fuori.csv");
    let said = exported(&town, "pericolo", &file, &[]);
    assert!(said["notes"].to_string().contains("apostrophe before them: 3"), "{said}");
    let text = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "source_id,nome,nota,x,y");
    assert_eq!(lines[1], "1,'=1+1,-5,552400,4205600");
    assert_eq!(lines[2], "2,'@SUM(A1),'+39 0965,552400,4205600");
}

#[test]
fn a_file_has_the_rows_that_were_asked_for_where_they_were_asked_for() {
    let town = Town::shared();
    let folder = town.scratch();
    let file = |name: &str| folder.path().join(name);
    let matched = |query: &str| town.get(&format!("/collections/trees/items?limit=1&{query}")).json()["numberMatched"].as_u64().unwrap();
    let box_of = "15.597,37.995,15.605,38.001";
    let said = exported(&town, "trees", &file("zona.gpkg"), &["--bbox", box_of, "--filter", "height_m > 8"]);
    let expected = matched(&format!("bbox={box_of}&filter=height_m%20%3E%208"));
    assert!(expected > 0 && said["rows"].as_u64() == Some(expected), "{said}, {expected}");
    assert_eq!(read(&file("zona.gpkg")).len() as u64, expected);
    // a theme's rows say what they are called and whose they are
    assert!(read(&file("zona.gpkg")).iter().all(|f| f["properties"]["id"].is_string() && f["properties"]["comune"].is_string()));

    // in Gauss-Boaga as the API has it
    exported(&town, "trees", &file("gb.geojson"), &["--to-crs", "EPSG:3004", "--filter", "height_m > 8"]);
    let written: Value = serde_json::from_str(&fs::read_to_string(file("gb.geojson")).unwrap()).unwrap();
    let one = &written["features"][0];
    let id = one["properties"]["id"].as_str().unwrap();
    let api = town.get(&format!("/collections/trees/items/{id}?crs=http://www.opengis.net/def/crs/EPSG/0/3004")).json();
    for axis in 0..2 {
        let [a, b] = [one, &api].map(|f| f["geometry"]["coordinates"][axis].as_f64().unwrap());
        assert!((a - b).abs() < 0.002, "{id}: {a} {b}");
    }

    let nothing = file("vuoto.gpkg");
    assert_eq!(exported(&town, "trees", &nothing, &["--filter", "height_m > 1000"])["rows"], 0);
    assert_eq!(read(&nothing).len(), 0, "a layer without rows is a file");
}

#[test]
fn what_is_not_for_everybody_is_not_in_the_file() {
    let town = Town::own();
    let folder = town.scratch();
    let file = |name: &str| folder.path().join(name);
    refused(&export(&town, "permit_applications", &file("no.gpkg"), &[]), &file("no.gpkg"), &["no layer", "--everything"]);
    ingest(&town, &write_all_kinds(folder.path(), "prima.geojson", point), "riservati", &[]);
    let declare = |path: &str, value: &str| {
        town.psql(&format!("update opensit.layers set declaration = jsonb_set(declaration, '{path}', '{value}'), generation = generation + 1 where id = 'riservati'"));
    };
    declare("{fields,1,private}", "true");
    exported(&town, "riservati", &file("pubblico.gpkg"), &[]);
    assert!(read(&file("pubblico.gpkg")).iter().all(|f| f["properties"].get("nome").is_none()), "a private field is no column");
    exported(&town, "riservati", &file("tutto.gpkg"), &["--everything"]);
    assert!(read(&file("tutto.gpkg")).iter().all(|f| f["properties"]["nome"].is_string()));
    refused(&export(&town, "riservati", &file("no.csv"), &["--filter", "nome = 'x'"]), &file("no.csv"), &["--filter", "nome"]);
    declare("{audience}", "\"officers\"");
    refused(&export(&town, "riservati", &file("no.csv"), &[]), &file("no.csv"), &["no layer `riservati`"]);
}

#[test]
fn a_file_appears_whole_or_not_at_all() {
    let town = Arc::new(Town::own());
    let folder = town.scratch();
    let file = |name: &str| folder.path().join(name);
    refused(&export(&town, "trees", &file("a.xyz"), &[]), &file("a.xyz"), &["--format", "gpkg"]);
    refused(&export(&town, "trees", &file("a.shp"), &[]), &file("a.shp"), &["NAME.zip"]);
    refused(&export(&town, "trees", &file("a.kml"), &["--to-crs", "EPSG:7792"]), &file("a.kml"), &["longitude and latitude"]);
    refused(&export(&town, "trees", &file("a.csv"), &["--filter", "height_m >"]), &file("a.csv"), &["--filter"]);
    refused(&export(&town, "trees", &file("a.csv"), &["--filter", "pg_sleep(9) = 1"]), &file("a.csv"), &["--filter"]);
    refused(&export(&town, "trees", &file("nowhere/a.csv"), &[]), &file("nowhere/a.csv"), &["can't be written"]);
    refused(&export(&town, "nessuno", &file("a.csv"), &[]), &file("a.csv"), &["no layer `nessuno`"]);
    fs::write(file("mine.gpkg"), "mine").unwrap();
    let there = export(&town, "trees", &file("mine.gpkg"), &[]);
    assert!(!there.ok && there.err.contains("--replace"), "{}", there.err);
    assert_eq!(fs::read_to_string(file("mine.gpkg")).unwrap(), "mine");

    // killed on the way: the writing process first, then the program itself
    ingest(&town, &write_all_kinds(folder.path(), "prima.geojson", point), "molti", &[]);
    town.psql("insert into published.molti (id, comune, geom, nome) select id || 'n' || i, comune, geom, nome from published.molti, generate_series(1, 4000) i");
    for of in ["writer", "program"] {
        let target = file("mine.gpkg");
        let mut command = opensit();
        command.args(["export", "molti", target.to_str().unwrap(), "--replace", "--data-dir"]).arg(town.data_dir());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let end = Instant::now() + PATIENCE;
        let writer = loop {
            assert!(Instant::now() < end, "no process writes");
            if let [pid] = children(child.id(), "write-file")[..] {
                break pid;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if of == "writer" {
            assert!(Command::new("kill").args(["-9", &writer.to_string()]).status().unwrap().success());
        } else {
            child.kill().unwrap();
        }
        let output = child.wait_with_output().unwrap();
        assert!(!output.status.success());
        assert_eq!(fs::read_to_string(&target).unwrap(), "mine", "the old file is there when the {of} dies");
        if of == "writer" {
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(said.contains("GeoPackage") && said.contains("there is no file"), "{said}");
            assert_eq!(leftovers(folder.path()), 0);
        } else {
            let end = Instant::now() + PATIENCE;
            while Path::new(&format!("/proc/{writer}/exe")).exists() {
                assert!(Instant::now() < end, "the writer outlives who asked");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    exported(&town, "trees", &file("mine.gpkg"), &["--replace"]);
    assert_eq!(leftovers(folder.path()), 0, "what the dead one left is swept");
    assert!(!read(&file("mine.gpkg")).is_empty());
}

/// The processes of this argument that have this parent.
fn children(parent: u32, argument: &str) -> Vec<u32> {
    let is_child = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // the name before may hold spaces and brackets
        let after = stat.rsplit_once(") ").map_or("", |(_, after)| after);
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        after.split(' ').nth(1) == Some(&parent.to_string()) && arguments.split(|b| *b == 0).any(|a| a == argument.as_bytes())
    };
    let entries = fs::read_dir("/proc").unwrap();
    entries.filter_map(|e| e.unwrap().file_name().to_str()?.parse().ok()).filter(is_child).collect()
}
