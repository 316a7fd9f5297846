//! Files become layers beside a running server: at once, whole, or not at all with a sentence that says what to do.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{Output, Town, opensit, run};
use serde_json::{Value, json};

/// What a layer may take to appear after its load has ended.
const PATIENCE: Duration = Duration::from_secs(60);
/// A place in the demo town in EPSG:7792, and about the same in EPSG:3004, metres.
const RDN: [f64; 2] = [552_400.0, 4_205_600.0];
const GAUSS_BOAGA: [f64; 2] = [2_572_406.8, 4_205_600.6];

/// A square of points, five metres apart, south-west corner given; as (number, east, north).
fn grid(origin: [f64; 2], side: u32) -> Vec<(u32, f64, f64)> {
    let cell = |i: u32| (f64::from(i % side), f64::from(i / side));
    (0..side * side).map(|i| (i + 1, origin[0] + 5.0 * cell(i).0 + 0.123, origin[1] + 5.0 * cell(i).1 + 0.456)).collect()
}

fn feature(geometry: Value, properties: Value) -> Value {
    json!({"type": "Feature", "properties": properties, "geometry": geometry})
}

fn point_features(points: &[(u32, f64, f64)]) -> Vec<Value> {
    let one = |&(n, x, y): &(u32, f64, f64)| {
        feature(json!({"type": "Point", "coordinates": [x, y]}), json!({"id": n, "nome": format!("Punto {n}")}))
    };
    points.iter().map(one).collect()
}

fn write_geojson(folder: &Path, name: &str, epsg: u32, features: Vec<Value>) -> PathBuf {
    let crs = json!({"type": "name", "properties": {"name": format!("urn:ogc:def:crs:EPSG::{epsg}")}});
    write(folder, name, json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string())
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn write_csv(folder: &Path, name: &str, points: &[(u32, f64, f64)]) -> PathBuf {
    let mut text = "id;nome;x;y\n".to_owned();
    for (n, x, y) in points {
        writeln!(text, "{n};Punto {n};{x:.3};{y:.3}").unwrap();
    }
    write(folder, name, text)
}

fn convert(from: &Path, to: &Path, format: &str) -> PathBuf {
    let output = run(Command::new("ogr2ogr").args(["-f", format]).arg(to).arg(from));
    assert!(output.ok, "{}", output.err);
    to.to_owned()
}

fn zip(path: &Path, entries: &[(&str, Vec<u8>)]) -> PathBuf {
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, content) in entries {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
    path.to_owned()
}

fn ingest(town: &Town, file: &Path, layer: &str, more: &[&str]) -> Output {
    let mut arguments = vec!["ingest", file.to_str().unwrap(), "--layer", layer];
    arguments.extend(more);
    town.command(&arguments)
}

/// Loads it; the report as JSON.
#[track_caller]
fn loaded(town: &Town, file: &Path, layer: &str, more: &[&str]) -> Value {
    let arguments: Vec<&str> = more.iter().copied().chain(["--json"]).collect();
    let output = ingest(town, file, layer, &arguments);
    assert!(output.ok, "{}: {}", file.display(), output.err);
    serde_json::from_str(&output.out).unwrap_or_else(|e| panic!("{e}: {}", output.out))
}

/// It must be refused in one message that has all these words, and leave nothing.
#[track_caller]
fn refused(town: &Town, file: &Path, layer: &str, more: &[&str], words: &[&str]) -> String {
    let output = ingest(town, file, layer, more);
    assert!(!output.ok, "{} was taken: {}", file.display(), output.out);
    for word in words {
        assert!(output.err.contains(word), "`{word}` is not in: {}", output.err);
    }
    assert!(!output.err.contains("panicked"), "{}", output.err);
    assert_eq!(town.get(&format!("/collections/{layer}")).status, 404, "{layer} is there");
    assert_eq!(tables_like(town, layer), "0", "something of {layer} is left");
    output.err
}

fn tables_like(town: &Town, layer: &str) -> String {
    town.psql(&format!("select count(*) from pg_tables where schemaname = 'published' and tablename ~ '^{layer}(__.*)?$'"))
}

/// Asks until it holds. How fast that is `bench` measures: a busy machine is no failure.
#[track_caller]
fn soon(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The tile of a position, degrees, at a zoom.
fn tile(lon: f64, lat: f64, zoom: u32) -> String {
    let n = f64::from(1 << zoom);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    format!("{zoom}/{}/{}", ((lon + 180.0) / 360.0 * n).floor(), (y * n).floor())
}

fn matched(town: &Town, layer: &str) -> i64 {
    town.get(&format!("/collections/{layer}/items?limit=1")).json()["numberMatched"].as_i64().unwrap_or(-1)
}

/// The layer is a collection, tiles and an entry of the portal, with this many rows.
#[track_caller]
fn published(town: &Town, layer: &str, rows: i64) {
    soon("collection", || town.get(&format!("/collections/{layer}")).status == 200);
    soon("portal", || {
        let catalogue = town.get("/portal/catalogue.json").json();
        catalogue["layers"].as_array().unwrap().iter().any(|l| l["id"] == layer)
    });
    soon("tiles", || town.get(&format!("/xyz/{layer}")).status == 200);
    assert!(town.get("/collections").json()["collections"].as_array().unwrap().iter().any(|c| c["id"] == layer));
    assert_eq!(matched(town, layer), rows, "{layer} through the API");
    assert_eq!(town.psql(&format!("select count(*) from published.{layer}")), rows.to_string(), "{layer} in the database");
    let first = town.get(&format!("/collections/{layer}/items?limit=1")).json();
    let mut position = &first["features"][0]["geometry"]["coordinates"];
    while position[0].is_array() {
        position = &position[0];
    }
    let tile = town.get(&format!("/xyz/{layer}/{}", tile(position[0].as_f64().unwrap(), position[1].as_f64().unwrap(), 17)));
    assert_eq!(tile.status, 200, "a tile of {layer} where it has a row");
    assert!(tile.body.windows(layer.len()).any(|w| w == layer.as_bytes()), "the tile has the layer {layer}");
}

#[test]
fn every_format_is_a_layer_soon_and_without_a_restart() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let points = grid(GAUSS_BOAGA, 20);
    let geojson = write_geojson(folder, "punti.geojson", 7792, point_features(&grid(RDN, 20)));
    let in_3004 = write_geojson(folder, "punti-3004.geojson", 3004, point_features(&points));
    let gpkg = convert(&in_3004, &folder.join("punti.gpkg"), "GPKG");
    let shapes = folder.join("shape");
    fs::create_dir(&shapes).unwrap();
    convert(&in_3004, &shapes.join("punti.shp"), "ESRI Shapefile");
    let parts: Vec<(String, Vec<u8>)> = fs::read_dir(&shapes)
        .unwrap()
        .map(|e| e.unwrap().path())
        .map(|p| (format!("dati/{}", p.file_name().unwrap().to_str().unwrap()), fs::read(&p).unwrap()))
        .collect();
    let parts: Vec<(&str, Vec<u8>)> = parts.iter().map(|(n, c)| (n.as_str(), c.clone())).collect();
    let zipped = zip(&folder.join("punti.zip"), &parts);
    let csv = write_csv(folder, "punti.csv", &points);
    let mut wkt = "id,nome,wkt\n".to_owned();
    for (n, x, y) in &points {
        writeln!(wkt, "{n},\"Punto, {n}\",\"POINT ({x:.3} {y:.3})\"").unwrap();
    }
    let wkt = write(folder, "punti-wkt.csv", wkt);

    for (file, layer, more) in [
        (&geojson, "as_geojson", &[][..]),
        (&gpkg, "as_gpkg", &[]),
        (&zipped, "as_shape_zip", &[]),
        (&csv, "as_csv", &["--crs", "EPSG:3004"]),
        (&wkt, "as_wkt", &["--crs", "EPSG:3004"]),
    ] {
        let report = loaded(&town, file, layer, more);
        assert_eq!((&report["rows_read"], &report["rows_loaded"]), (&json!(400), &json!(400)), "{layer}: {report}");
        assert_eq!(report["extent"]["inside"], 400, "{layer}: {report}");
        assert_eq!(report["kept_out"], json!([]), "{layer}");
        published(&town, layer, 400);
    }
    // the same points by different ways are at the same places
    for other in ["as_gpkg", "as_shape_zip", "as_wkt"] {
        let apart = town.psql(&format!(
            "select count(*) || ' ' || (max(st_distance(a.geom, b.geom)) < 0.01) from published.as_csv a join published.{other} b using (id)"
        ));
        assert_eq!(apart, "400 true", "{other} and CSV agree within a centimetre");
    }
    let off = town.psql("select max(st_distance(a.geom, b.geom)) < 1 from published.as_csv a join published.as_geojson b using (id)");
    assert_eq!(off, "t", "the datum shift is applied, not guessed");
}

#[test]
fn what_few_send_becomes_a_layer_as_well() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let geojson = write_geojson(folder, "punti.geojson", 7792, point_features(&grid(RDN, 5)));
    loaded(&town, &geojson, "quelli", &[]);
    let to = |name: &str, format: &str, more: &[&str]| {
        let path = folder.join(name);
        let output = run(Command::new("ogr2ogr").args(["-f", format]).arg(&path).arg(&geojson).args(more));
        assert!(output.ok, "{}", output.err);
        path
    };
    let degrees = ["-t_srs", "EPSG:6706"];
    let named = ["-sql", "select nome as Name from punti", "-nln", "punti", "-t_srs", "EPSG:4326"];
    let crs = ["--crs", "EPSG:7792"];
    let table = ["-sql", "select *, st_x(geometry) as x, st_y(geometry) as y from punti", "-dialect", "SQLite", "-nln", "Punti"];
    let files: [(PathBuf, &str, &[&str]); 7] = [
        (to("p.geojsonl", "GeoJSONSeq", &[]), "GeoJSONSeq", &[]),
        (to("p.fgb", "FlatGeobuf", &[]), "FlatGeobuf", &[]),
        (to("p.gml", "GML", &degrees), "GML", &[]),
        (to("p.kml", "LIBKML", &named), "KML", &[]),
        (to("p.gpx", "GPX", &["-sql", "select nome as name from punti", "-nlt", "POINT", "-t_srs", "EPSG:4326"]), "GPX", &[]),
        (to("p.dxf", "DXF", &["-sql", "select nome as Layer from punti"]), "DXF", &crs),
        (to("p.xlsx", "XLSX", &table), "XLSX", &crs),
    ];
    for (path, format, more) in files {
        let layer = format!("come_{}", format.to_lowercase());
        let report = loaded(&town, &path, &layer, more);
        assert!(report["files"][0].as_str().unwrap().ends_with(&format!("({format})")), "{report}");
        published(&town, &layer, 25);
        let apart = town.psql(&format!(
            "select count(*) || ' ' || (max(d) < 0.02) from published.{layer} a cross join lateral (select min(st_distance(a.geom, b.geom)) as d from published.quelli b) n"
        ));
        assert_eq!(apart, "25 true", "{format} is where the others are");
    }
    // what the reading process says of links and of document types reaches who asked
    let kml = |inner: &str| format!("<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{inner}</Document></kml>");
    let links = kml("<NetworkLink><Link><href>http://127.0.0.1:9/a.kml</href></Link></NetworkLink>");
    refused(&town, &write(folder, "rete.kml", links), "rete", &[], &["rete.kml", "NetworkLink: 1", "not followed"]);
    // elements in elements in elements end in one message as well
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    refused(&town, &write(folder, "fondo.kml", kml(&deep("<Folder>", "</Folder>"))), "fondo", &[], &["fondo.kml"]);
    let gml = "<a:FeatureCollection xmlns:a=\"x\" xmlns:gml=\"http://www.opengis.net/gml/3.2\">";
    let deep = format!("{gml}{}</a:FeatureCollection>", deep("<a:b>", "</a:b>"));
    refused(&town, &write(folder, "fondo.gml", deep), "fondo", &[], &["fondo.gml"]);
    let bomb = format!("<!DOCTYPE kml [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>{}", kml("<name>&b;</name>"));
    refused(&town, &write(folder, "bomba.kml", bomb), "bomba", &[], &["bomba.kml", "DOCTYPE"]);
}

#[test]
fn a_layer_that_exists_needs_a_word_about_what_may_happen() {
    let town = Town::shared();
    let folder = town.scratch();
    let points = grid(RDN, 4);
    let first = write_geojson(folder.path(), "a.geojson", 7792, point_features(&points[..10]));
    let rest = write_geojson(folder.path(), "b.geojson", 7792, point_features(&points[10..]));
    loaded(&town, &first, "twice", &[]);
    published(&town, "twice", 10);

    let again = ingest(&town, &rest, "twice", &[]);
    assert!(!again.ok && again.err.contains("--replace") && again.err.contains("--append"), "{}", again.err);
    assert_eq!(matched(&town, "twice"), 10);

    loaded(&town, &rest, "twice", &["--append"]);
    soon("appended", || matched(&town, "twice") == 16);
    let known = ingest(&town, &rest, "twice", &["--append"]);
    assert!(!known.ok && known.err.contains("--replace"), "rows that are there already: {}", known.err);

    loaded(&town, &rest, "twice", &["--replace"]);
    soon("replaced", || matched(&town, "twice") == 6);
    published(&town, "twice", 6);
    assert_eq!(tables_like(&town, "twice"), "1", "what was replaced is gone");

    let both = ingest(&town, &rest, "twice", &["--replace", "--append"]);
    assert!(!both.ok, "one or the other");
    let theme = ingest(&town, &rest, "parcels", &["--replace"]);
    assert!(!theme.ok && theme.err.contains("cadastre"), "a module's own layer stays: {}", theme.err);
    refused(&town, &rest, "never_was", &["--append"], &["never_was", "--append"]);
}

#[test]
fn a_file_that_does_not_say_where_it_is_is_refused_with_candidates() {
    let town = Town::shared();
    let folder = town.scratch();
    let csv = write_csv(folder.path(), "civici.csv", &grid(GAUSS_BOAGA, 5));
    refused(&town, &csv, "civici", &[], &["civici.csv", "--crs EPSG:3004", "inside the boundary"]);
    let csv = write_csv(folder.path(), "utm.csv", &grid(RDN, 5));
    refused(&town, &csv, "utm", &[], &["utm.csv", "--crs EPSG:7792"]);
    // the decimal comma of an Italian spreadsheet
    let comma = fs::read_to_string(&csv).unwrap().replace('.', ",");
    let csv = write(folder.path(), "virgole.csv", comma);
    loaded(&town, &csv, "virgole", &["--crs", "EPSG:7792"]);
    published(&town, "virgole", 25);
    refused(&town, &csv, "unknown_crs", &["--crs", "EPSG:2154"], &["2154"]);
}

/// Degrees of several datums fit the boundary alike, and lie tens of metres apart: the file does not say it, so a person must.
#[test]
fn degrees_are_of_the_datum_that_somebody_says() {
    let town = Town::shared();
    let folder = town.scratch();
    let mut lines = "id,lat,lon\n".to_owned();
    for (number, x, y) in grid(RDN, 3) {
        let at = town.psql(&format!("select st_y(g), st_x(g) from st_transform(st_setsrid(st_makepoint({x}, {y}), 7792), 4326) g"));
        writeln!(lines, "{number},{}", at.replace('|', ",")).unwrap();
    }
    let csv = write(folder.path(), "gradi.csv", lines);
    let all = ["EPSG:4326", "WGS 84 = EPSG:4258, EPSG:6706", "EPSG:4265", "Monte Mario", "EPSG:4230", "ED50", "inside the boundary"];
    refused(&town, &csv, "gradi", &[], &all);

    let planned = town.command(&["ingest", "plan", csv.to_str().unwrap(), "--layer", "gradi"]);
    let head = |text: &str| text.split("[rules]").next().unwrap_or_default().to_owned();
    assert!(planned.ok && !head(&planned.out).contains("\ncrs ="), "the plan takes none of them: {} {}", planned.out, planned.err);
    for words in all.iter().chain(&["may be one of several", "nothing is loaded before", "also = [\"EPSG:4258\", \"EPSG:6706\"]"]) {
        assert!(planned.out.contains(words), "`{words}` is not in: {}", planned.out);
    }
    let plan = write(folder.path(), "gradi.toml", &planned.out);
    let by_plan = ["--plan", plan.to_str().unwrap()];
    refused(&town, &csv, "gradi", &by_plan, &all);

    // whoever knows says it, in the plan or beside it; the plan of the load is proposed again
    let said = write(folder.path(), "detto.toml", planned.out.replacen("\nlayer =", "\ncrs = \"EPSG:4265\"\nlayer =", 1));
    loaded(&town, &csv, "gradi_roma", &["--plan", said.to_str().unwrap()]);
    loaded(&town, &csv, "gradi_ed50", &["--crs", "EPSG:4230"]);
    loaded(&town, &csv, "gradi", &[&by_plan[..], &["--crs", "EPSG:6706"]].concat());
    let apart = |layer: &str| -> f64 {
        town.psql(&format!("select max(st_distance(a.geom, b.geom)) from published.gradi a join published.{layer} b using (id)"))
            .parse()
            .unwrap()
    };
    assert!((10.0..200.0).contains(&apart("gradi_roma")) && (10.0..300.0).contains(&apart("gradi_ed50")));
    let [x, y] = RDN;
    let off =
        format!("select min(st_distance(geom, st_setsrid(st_makepoint({x} + 0.123, {y} + 0.456), 7792))) < 0.01 from published.gradi");
    assert_eq!(town.psql(&off), "t");
    let again = town.command(&["ingest", "plan", csv.to_str().unwrap(), "--layer", "gradi_roma"]);
    assert!(head(&again.out).contains("\ncrs = \"EPSG:4265\""), "{}", again.out);
}

#[test]
fn what_lies_outside_the_boundary_comes_in_only_when_told() {
    let town = Town::shared();
    let folder = town.scratch();
    let rome = write_geojson(folder.path(), "roma.geojson", 7792, point_features(&grid([291_000.0, 4_640_000.0], 3)));
    refused(&town, &rome, "roma", &[], &["roma.geojson", "outside the boundary", "km", "--outside ok"]);
    refused(&town, &rome, "roma", &["--outside", "ok"], &["--comune"]);
    let report = loaded(&town, &rome, "roma", &["--outside", "ok", "--comune", "080901"]);
    assert_eq!((&report["rows_loaded"], &report["comuni"]), (&json!(9), &json!([["080901", 9]])), "{report}");
    published(&town, "roma", 9);

    // of a file that lies inside, what is far out is kept out, and said to be so
    let mut mixed = grid(RDN, 3);
    mixed.push((10, 291_000.0, 4_640_000.0));
    let mixed = write_geojson(folder.path(), "misto.geojson", 7792, point_features(&mixed));
    let report = loaded(&town, &mixed, "quasi_tutti", &[]);
    assert_eq!((&report["rows_loaded"], &report["kept_out"][0]["reason"]), (&json!(9), &json!("far_outside")), "{report}");
    assert_eq!(report["kept_out"][0]["examples"], json!(["10"]), "{report}");
    published(&town, "quasi_tutti", 9);

    // a system that is not the true one
    let wrong = write_geojson(folder.path(), "falso.geojson", 3003, point_features(&grid(GAUSS_BOAGA, 3)));
    refused(&town, &wrong, "falso", &[], &["--crs EPSG:3004"]);
    loaded(&town, &wrong, "falso", &["--crs", "EPSG:3004"]);

    let swapped: Vec<Value> =
        (0..9).map(|i| feature(json!({"type": "Point", "coordinates": [38.0 + f64::from(i) * 1e-4, 15.6]}), json!({"n": i}))).collect();
    let swapped = write(folder.path(), "scambiato.geojson", json!({"type": "FeatureCollection", "features": swapped}).to_string());
    refused(&town, &swapped, "scambiato", &[], &["--swap-axes"]);
    loaded(&town, &swapped, "scambiato", &["--swap-axes"]);
}

#[test]
fn files_that_are_broken_say_so_and_leave_nothing() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let geojson = write_geojson(folder, "intero.geojson", 7792, point_features(&grid(RDN, 20)));
    let gpkg = convert(&geojson, &folder.join("intero.gpkg"), "GPKG");
    let shape = convert(&geojson, &folder.join("intero.shp"), "ESRI Shapefile");
    let half = |path: &Path, name: &str| {
        let whole = fs::read(path).unwrap();
        write(folder, name, &whole[..whole.len() / 2])
    };
    refused(&town, &half(&geojson, "tronco.geojson"), "tronco_json", &[], &["tronco.geojson", "truncated or damaged"]);
    refused(&town, &half(&gpkg, "tronco.gpkg"), "tronco_gpkg", &[], &["tronco.gpkg"]);
    let archive = zip(&folder.join("intero.zip"), &[("a.geojson", fs::read(&geojson).unwrap())]);
    refused(&town, &half(&archive, "tronco.zip"), "tronco_zip", &[], &["tronco.zip"]);
    half(&shape, "tronco.shp");
    for part in ["shx", "dbf", "prj"] {
        fs::copy(shape.with_extension(part), folder.join("tronco.shp").with_extension(part)).unwrap();
    }
    refused(&town, &folder.join("tronco.shp"), "tronco_shp", &[], &["tronco.shp"]);
    let alone = write(folder, "solo.shp", fs::read(&shape).unwrap());
    refused(&town, &alone, "solo", &[], &["solo.shp", ".shx"]);

    for suffix in ["geojson", "gpkg", "csv", "zip", "shp"] {
        refused(&town, &write(folder, &format!("vuoto.{suffix}"), ""), "vuoto", &[], &["vuoto", "empty"]);
    }
    refused(&town, &write(folder, "mappa.gpkg", b"%PDF-1.7 whatever"), "mappa", &[], &["mappa.gpkg", "PDF"]);
    refused(&town, &write(folder, "foto.csv", b"\x89PNG\r\n\x1a\n\0\0"), "foto", &[], &["foto.csv", "PNG"]);
    refused(&town, &write(folder, "no.geojson", r#"{"hello": "world"}"#), "no_geojson", &[], &["no.geojson"]);
    refused(&town, &write(folder, "vuota.geojson", r#"{"type":"FeatureCollection","features":[]}"#), "vuota", &[], &["vuota.geojson"]);
    refused(&town, &write(folder, "senza.csv", "nome;via\nx;y\n"), "senza", &[], &["senza.csv", "wkt"]);
    refused(&town, &folder.join("manca.gpkg"), "manca", &[], &["manca.gpkg", "no such file"]);
    let evil = zip(&folder.join("su.zip"), &[("../su.csv", b"x;y\n1;2\n".to_vec())]);
    assert!(fs::read(&evil).unwrap().windows(9).any(|w| w == b"../su.csv"), "the archive does have the entry");
    refused(&town, &evil, "su", &[], &["su.zip", "../su.csv"]);
    assert!(!std::env::temp_dir().join("su.csv").exists());
    assert_eq!(town.get("/readyz").status, 200, "the service still answers");
}

#[test]
fn rows_that_can_t_be_loaded_are_counted_by_reason() {
    let town = Town::shared();
    let folder = town.scratch();
    let [x, y] = RDN;
    let mut text = "codice,wkt\n".to_owned();
    for i in 0..7_u8 {
        let (w, s) = (x + 20.0 * f64::from(i), y);
        writeln!(text, "q{i},\"POLYGON (({w} {s}, {} {s}, {} {}, {w} {}, {w} {s}))\"", w + 10.0, w + 10.0, s + 10.0, s + 10.0).unwrap();
    }
    let (e, n) = (x + 10.0, y + 60.0);
    writeln!(text, "papillon,\"POLYGON (({x} {}, {e} {n}, {e} {}, {x} {n}, {x} {}))\"", y + 50.0, y + 50.0, y + 50.0).unwrap();
    text += "nulla,\nvuota,POLYGON EMPTY\nvuota2,MULTIPOLYGON EMPTY\nnan,\"POLYGON ((NaN 1, 2 2, 3 3, NaN 1))\"\nrotta,POLYGON ((1 2\n";
    writeln!(text, "punto,POINT ({x} {y})").unwrap();
    let file = write(folder.path(), "misto.csv", text);
    let report = loaded(&town, &file, "misto", &["--crs", "EPSG:7792"]);
    assert_eq!((&report["rows_read"], &report["rows_loaded"], &report["mended"]["rows"]), (&json!(14), &json!(8), &json!(1)), "{report}");
    assert_eq!(report["geometry"], "MultiPolygon", "what was mended is two now: {report}");
    let kept_out = report["kept_out"].as_array().unwrap();
    let count = |reason: &str| kept_out.iter().find(|k| k["reason"] == reason).map_or(0, |k| k["rows"].as_i64().unwrap());
    assert_eq!(count("no_geometry"), 1, "{kept_out:?}");
    assert_eq!(count("empty"), 2, "{kept_out:?}");
    assert_eq!(count("other_family"), 1, "{kept_out:?}");
    assert_eq!(kept_out.iter().map(|k| k["rows"].as_i64().unwrap()).sum::<i64>(), 6, "{kept_out:?}");
    published(&town, "misto", 8);

    let nothing = write(folder.path(), "nulla.csv", "nome;x;y\na;;\nb;NaN;1\n");
    refused(
        &town,
        &nothing,
        "nulla",
        &["--crs", "EPSG:7792"],
        &["nulla.csv", "none can be loaded", "row 2", "row 3", "two columns of numbers"],
    );
    let garbage = write(folder.path(), "immondizia.csv", "nome,wkt\na,qui\nb,POINT 1 2\n");
    refused(
        &town,
        &garbage,
        "immondizia",
        &[],
        &["immondizia.csv", "2 rows with a geometry that can't be read", "row 2, 3", "write it as WKT"],
    );
    let nan = r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[NaN,NaN]}}]}"#;
    refused(&town, &write(folder.path(), "nan.geojson", nan), "nan", &[], &["nan.geojson", "row 1", "no finite numbers"]);
    let readme = zip(&folder.path().join("dati.zip"), &[("readme.txt", b"I dati arrivano domani.\nSaluti\n".to_vec())]);
    refused(&town, &readme, "domani", &[], &["dati.zip", "nothing that can be read", "readme.txt", "Put the data into it"]);
}

#[test]
fn names_of_columns_may_be_anything() {
    let town = Town::shared();
    let folder = town.scratch();
    let properties = json!({
        "a \"b\"; drop table x": 1, "Nome con spazi": "l'Aquila \"bella\"", "geom": "non è una geometria", "FID": 7, "select": true, "città": "Reggio"
    });
    let row = feature(json!({"type": "Point", "coordinates": RDN}), properties);
    let file = write_geojson(folder.path(), "nomi.geojson", 7792, vec![row]);
    loaded(&town, &file, "nomi", &["--title", "Nomi <b>strani</b> & \"altri\""]);
    published(&town, "nomi", 1);
    let found = town.get("/collections/nomi/items").json()["features"][0]["properties"].clone();
    assert_eq!(found["a_b_drop_table_x"], 1, "{found}");
    assert_eq!(found["nome_con_spazi"], "l'Aquila \"bella\"", "{found}");
    assert_eq!(
        (&found["source_geom"], &found["select"], &found["citta"]),
        (&json!("non è una geometria"), &json!(true), &json!("Reggio")),
        "{found}"
    );
    assert_eq!(town.get("/collections/nomi/items?nome_con_spazi=l%27Aquila%20%22bella%22").json()["numberMatched"], 1);
    assert_eq!(town.get("/collections/nomi/items?nome_con_spazi=%27%20or%201=1--").json()["numberMatched"], 0);
    let page = town.get("/collections/nomi?f=html").text();
    assert!(page.contains("Nomi &lt;b&gt;strani&lt;/b&gt;") && !page.contains("<b>strani"), "titles are text on pages");
}

#[test]
fn names_of_postgresql_s_own_columns_are_loaded_under_others() {
    let town = Town::shared();
    let folder = town.scratch();
    let properties = json!({"XMIN": 1, "YMIN": 2, "XMAX": 3, "cmin": 4, "cmax": 5, "ctid": "a", "tableoid": 7});
    let row = feature(json!({"type": "Point", "coordinates": RDN}), properties);
    let file = write_geojson(folder.path(), "limiti.geojson", 7792, vec![row]);
    loaded(&town, &file, "limiti", &[]);
    published(&town, "limiti", 1);
    let found = town.get("/collections/limiti/items").json()["features"][0]["properties"].clone();
    assert_eq!((&found["source_xmin"], &found["ymin"], &found["source_xmax"]), (&json!(1), &json!(2), &json!(3)), "{found}");
    assert_eq!((&found["source_ctid"], &found["source_tableoid"]), (&json!("a"), &json!(7)), "{found}");
}

#[test]
fn what_a_file_says_that_nobody_can_take_is_told() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let points = point_features(&grid(RDN, 3));
    let unknown = write_geojson(folder, "ignoto.geojson", 999_999, points);
    refused(&town, &unknown, "ignoto", &[], &["ignoto.geojson", "states EPSG:999999, which is unknown", "--crs EPSG:7792"]);
    loaded(&town, &unknown, "ignoto", &["--crs", "EPSG:7792"]);

    let odd = json!({"grande": 18_446_744_073_709_551_615_u64, "testo": "a\u{0}b"});
    let odd = write_geojson(folder, "strano.geojson", 7792, vec![feature(json!({"type": "Point", "coordinates": RDN}), odd)]);
    let notes = loaded(&town, &odd, "strano", &[])["notes"].to_string();
    assert!(notes.contains("in 1 row an integer is at the limit of 64 bits") && notes.contains("1 null character"), "{notes}");

    let open = write(folder, "aperte.csv", "nome;x;y\nPino;552400;4205600\n\"Acero;552401;4205600\nFaggio;552402;4205600\n");
    refused(&town, &open, "aperte", &["--crs", "EPSG:7792"], &["aperte.csv", "quotation mark", "line 3"]);

    // without a key nothing tells that the rows are the same ones
    let twice = write(folder, "doppio.csv", "nome;x;y\nPino;552400;4205600\nPino;552401;4205600\n");
    loaded(&town, &twice, "doppio", &["--crs", "EPSG:7792"]);
    let notes = loaded(&town, &twice, "doppio", &["--crs", "EPSG:7792", "--append"])["notes"].to_string();
    assert!(notes.contains("2 rows were there before, 4 now") && notes.contains("--replace"), "{notes}");
}

#[test]
fn shares_are_of_all_rows_that_were_looked_at() {
    let town = Town::shared();
    let folder = town.scratch();
    let [x, y] = GAUSS_BOAGA;
    // one at the place, one far from it, one at zero for "not known"
    let rows = format!("nome;x;y\na;{x};{y}\nb;{};{y}\nc;0;0\n", x - 400_000.0);
    let file = write(folder.path(), "terzi.csv", rows);
    let said = refused(&town, &file, "terzi", &[], &["terzi.csv"]);
    assert!(!said.contains("50 %"), "{said}");
}

#[test]
fn output_that_nobody_reads_to_the_end_is_no_failure_and_logs_in_files_have_no_colours() {
    let output = run(Command::new("sh")
        .args(["-c", "\"$0\" completions bash | head -1; \"$0\" migrate --print-roles | head -0"])
        .arg(opensit().get_program()));
    assert!(output.ok && !output.err.contains("panicked"), "{}", output.err);
    let town = Town::shared();
    let loud = run(opensit().args(["--log", "debug", "migrate", "--data-dir"]).arg(town.data_dir()));
    assert!(loud.ok && loud.err.contains("DEBUG") && !loud.err.contains('\u{1b}'), "{}", loud.err);
}

#[test]
fn another_boundary_than_the_one_that_holds_is_told() {
    let town = Town::shared();
    let folder = town.scratch();
    let [x, y] = RDN;
    let square = json!([[[x, y], [x + 100.0, y], [x + 100.0, y + 100.0], [x, y + 100.0], [x, y]]]);
    let area =
        |istat: &str| feature(json!({"type": "Polygon", "coordinates": square}), json!({"com_istat_code": istat, "name": "Altrove"}));
    let given = |file: &Path| run(opensit().args(["migrate", "--data-dir"]).arg(town.data_dir()).arg("--boundary").arg(file));
    let other = given(&write_geojson(folder.path(), "altro.geojson", 7792, vec![area("080063")]));
    assert!(other.ok && other.err.contains("is not taken") && other.err.contains("(080901)"), "{}", other.err);
    let same = given(&write_geojson(folder.path(), "stesso.geojson", 7792, vec![area("080902"), area("080901")]));
    assert!(same.ok && !same.err.contains("is not taken"), "{}", same.err);
}

#[test]
fn a_load_killed_half_way_leaves_nothing_and_the_next_one_works() {
    let town = Town::own();
    let folder = town.scratch();
    let [x, y] = RDN;
    let points: Vec<_> = (0..150_000_u32).map(|i| (i + 1, x + f64::from(i % 200), y + f64::from(i / 200))).collect();
    let csv = fs::read(write_csv(folder.path(), "grande.csv", &points)).unwrap();
    let file = zip(&folder.path().join("grande.zip"), &[("grande.csv", csv)]);
    let arguments = ["ingest", file.to_str().unwrap(), "--layer", "grande", "--crs", "EPSG:7792", "--comune", "080901"];
    let temporary = folder.path().join("tmp");
    fs::create_dir(&temporary).unwrap();
    let command = || {
        let mut command = opensit();
        command.args(arguments).arg("--data-dir").arg(town.data_dir()).env("TMPDIR", &temporary);
        command
    };
    let mut child = command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    while tables_like(&town, "grande") == "0" {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be killed");
        assert!(Instant::now() < end, "it does not begin");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let unpacked = || {
        let names = fs::read_dir(&temporary).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("opensit-ingest-")).collect::<Vec<_>>()
    };
    assert_eq!(unpacked().len(), 1, "{:?}", unpacked());
    assert_eq!(town.get("/collections/grande").status, 404);
    assert_eq!(town.get("/xyz/grande").status, 404);
    assert!(!town.get("/portal/catalogue.json").text().contains("\"grande\""));
    assert_eq!(town.get("/readyz").status, 200);

    // the dead load's connection may take a moment to be noticed
    let end = Instant::now() + Duration::from_secs(20);
    let output = loop {
        let output = run(&mut command());
        if output.ok || !output.err.contains("is running") || Instant::now() > end {
            break output;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(output.ok, "{}", output.err);
    published(&town, "grande", 150_000);
    assert_eq!(tables_like(&town, "grande"), "1", "what the dead load left is swept");
    assert_eq!(unpacked(), Vec::<String>::new(), "so is what it had unpacked");
}

#[test]
fn what_somebody_says_of_a_layer_while_it_is_loaded_and_between_deliveries_stays() {
    let town = Town::own();
    let folder = town.scratch();
    let folder = folder.path();
    let [x, y] = RDN;
    let of = |first: u32, many: u32| -> Vec<_> {
        (first..first + many).map(|i| (i, x + f64::from(i % 200), y + f64::from(i / 200 % 500))).collect()
    };
    loaded(&town, &write_csv(folder, "grande.csv", &of(1, 9)), "grande", &["--crs", "EPSG:7792", "--comune", "080901"]);
    let cookie = town.sign_in("administrator");
    let say = |body: Value| {
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        let answer = town.send("PUT", "/admin/layers/grande/publication", &headers, body.to_string());
        assert_eq!(answer.status, 200, "{}", answer.text());
    };
    let told = || {
        town.psql("select concat_ws('|', declaration -> 'title' ->> 'it', declaration ->> 'licence', declaration -> 'zoom') from opensit.layers where id = 'grande'")
    };
    for (mode, rows, title) in [("--append", of(1_000, 150_000), "Aggiunti"), ("--replace", of(1, 150_000), "Sostituiti")] {
        let file = write_csv(folder, "molte.csv", &rows);
        let arguments = ["ingest", file.to_str().unwrap(), "--layer", "grande", "--crs", "EPSG:7792", "--comune", "080901", mode];
        let mut child =
            opensit().args(arguments).arg("--data-dir").arg(town.data_dir()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        while tables_like(&town, "grande") == "1" {
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "{mode}: it does not begin");
        }
        say(json!({ "title": {"it": title, "en": title}, "licence": "CC-BY-4.0", "zoom": [12, 20] }));
        assert!(child.try_wait().unwrap().is_none(), "{mode}: it ended before anything was said");
        assert!(child.wait().unwrap().success(), "{mode}");
        assert_eq!(told(), format!("{title}|CC-BY-4.0|[12, 20]"), "{mode}");
    }
    // the next delivery is proposed as the layer is called now
    let planned = town.command(&["ingest", "plan", folder.join("molte.csv").to_str().unwrap(), "--layer", "grande", "--json"]);
    let plan: Value = serde_json::from_str(&planned.out).unwrap_or_else(|e| panic!("{e}: {}", planned.err));
    assert_eq!((&plan["title"]["it"], &plan["licence"]), (&json!("Sostituiti"), &json!("CC-BY-4.0")), "{plan}");
}

/// The processes of `program` that have this parent.
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

#[test]
fn a_reader_that_dies_half_way_is_one_error_and_one_without_a_parent_ends() {
    let town = Town::own();
    let folder = town.scratch();
    let [x, y] = RDN;
    let points: Vec<_> = (0..150_000_u32).map(|i| (i + 1, x + f64::from(i % 400), y + f64::from(i / 400))).collect();
    let geojson = write_geojson(folder.path(), "grande.geojson", 7792, point_features(&points));
    let file = convert(&geojson, &folder.path().join("grande.gpkg"), "GPKG");
    let begin = |layer: &str| {
        let mut child = opensit()
            .args(["ingest", file.to_str().unwrap(), "--layer", layer, "--comune", "080901", "--data-dir"])
            .arg(town.data_dir())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(60);
        let reader = loop {
            if let [reader] = children(child.id(), "read-file")[..]
                && tables_like(&town, layer) != "0"
            {
                break reader;
            }
            assert!(child.try_wait().unwrap().is_none() && Instant::now() < end, "it does not begin to load");
        };
        (child, reader)
    };

    let (child, reader) = begin("orfano");
    assert!(Command::new("kill").args(["-9", &reader.to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("grande.gpkg") && said.contains("signal 9") && said.contains("nothing was loaded"),
        "{said}"
    );
    assert_eq!(town.get("/collections/orfano").status, 404);
    assert_eq!(tables_like(&town, "orfano"), "0");

    let (mut child, reader) = begin("padre");
    child.kill().unwrap();
    child.wait().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    while Path::new(&format!("/proc/{reader}")).exists() {
        assert!(Instant::now() < end, "the reader outlives its parent");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn files_that_reach_for_others_are_refused_or_do_no_harm() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let geojson = write_geojson(folder, "punti.geojson", 7792, point_features(&grid(RDN, 5)));
    let source = format!(
        "<OGRVRTDataSource><OGRVRTLayer name=\"punti\"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>",
        geojson.display()
    );
    for name in ["punti.vrt", "finto.gpkg", "finto.geojson"] {
        refused(&town, &write(folder, name, &source), "virtuale", &[], &[name, "GeoPackage"]);
    }
    for path in ["/vsicurl/http://127.0.0.1:9/a.gpkg", "/vsizip/punti.zip/a.shp", "PG:host=127.0.0.1"] {
        refused(&town, Path::new(path), "remoto", &[], &[path, "no such file"]);
    }

    // a view that names a file, a trigger, a table that runs away
    let gpkg = convert(&geojson, &folder.join("punti.gpkg"), "GPKG");
    let script = folder.join("male.py");
    fs::write(
        &script,
        "import sqlite3, sys\n\
         d = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
         d.create_function('ST_IsEmpty', 1, lambda g: 0)\n\
         d.execute(\"create table vittima (n integer)\")\n\
         d.execute(\"create trigger male after insert on punti begin delete from vittima; end\")\n\
         d.execute(\"create view vista as select fid, geom, gdal_get_pixel_value('/etc/passwd', 1, 'pixel', 0, 0) as letto, load_extension('/tmp/male.so') as codice from punti\")\n\
         d.execute(\"insert into gpkg_contents (table_name, data_type, identifier, srs_id) select 'vista', data_type, 'vista', srs_id from gpkg_contents where table_name = 'punti'\")\n\
         d.execute(\"insert into gpkg_geometry_columns select 'vista', column_name, geometry_type_name, srs_id, z, m from gpkg_geometry_columns where table_name = 'punti'\")\n",
    )
    .unwrap();
    let made = run(Command::new("python3").arg(&script).arg(&gpkg));
    assert!(made.ok, "{}", made.err);
    let before = fs::read(&gpkg).unwrap();
    let report = loaded(&town, &gpkg, "con_trigger", &["--source-layer", "punti"]);
    assert_eq!(report["rows_loaded"], 25, "{report}");
    let view = ingest(&town, &gpkg, "con_vista", &["--source-layer", "vista"]);
    assert!(view.ok || view.err.contains("punti.gpkg"), "{}", view.err);
    assert!(!view.out.contains("root:"), "{}", view.out);
    assert_eq!(fs::read(&gpkg).unwrap(), before, "nothing is written into the file");
    assert_eq!(town.get("/readyz").status, 200);
}

#[test]
fn a_view_that_makes_rows_up_without_end_is_given_up_soon() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let geojson = write_geojson(folder, "punti.geojson", 7792, point_features(&grid(RDN, 3)));
    let script = "import sqlite3, sys\n\
        d = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
        d.execute('create view vista as with recursive n(i) as (select 1 union all select i + 1 from n' + sys.argv[2] + ') select i as fid, (select geom from punti limit 1) as geom from n' + sys.argv[3])\n\
        for table, values in [('gpkg_contents', 'data_type, \"vista\", \"\", last_change, min_x, min_y, max_x, max_y, srs_id'), ('gpkg_geometry_columns', 'column_name, geometry_type_name, srs_id, z, m')]:\n\
        \x20   d.execute(f\"insert into {table} select 'vista', {values} from {table} where table_name = 'punti'\".replace('\"', \"'\"))\n";
    for (name, recursion, rows, words) in [
        ("tante.gpkg", " limit 3000000", "", "more rows than it has bytes"),
        ("senza_fine.gpkg", "", " where i < 0", "said nothing for 60 s (a view without an end?)"),
    ] {
        let gpkg = convert(&geojson, &folder.join(name), "GPKG");
        let made = run(Command::new("python3").args(["-c", script]).arg(&gpkg).args([recursion, rows]));
        assert!(made.ok, "{}", made.err);
        refused(&town, &gpkg, "viste", &["--source-layer", "vista"], &[name, words]);
    }
}

#[test]
fn a_boundary_that_is_refused_leaves_no_database_behind() {
    let town = Town::shared();
    let folder = town.scratch();
    let data_dir = folder.path().join("prima");
    let point = write_geojson(folder.path(), "punti.geojson", 7792, point_features(&grid(RDN, 3)));
    let broken = write(folder.path(), "rotto.geojson", "{\"type\": \"FeatureCollection\", \"features\": [");
    for (boundary, words) in
        [(&point, "no boundary of comuni"), (&broken, "rotto.geojson"), (&folder.path().join("manca.geojson"), "no such file")]
    {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["ingest", point.to_str().unwrap(), "--layer", "punti"]] {
            let output = run(opensit().args(command).arg("--boundary").arg(boundary).arg("--data-dir").arg(&data_dir));
            assert!(!output.ok && output.err.contains(words) && output.err.contains("--boundary"), "{}", output.err);
            assert!(!data_dir.exists(), "{command:?} left something for {}", boundary.display());
        }
    }
}
