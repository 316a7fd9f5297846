//! Other people's programs read it: GDAL and QGIS, as they are installed.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::path::Path;
use std::process::Command;

use e2e::{Town, run};
use serde_json::Value;

/// The public collections by id, with their tables.
fn layers(town: &Town) -> Vec<(String, String)> {
    let output = town.command(&["layers", "--json"]);
    assert!(output.ok, "{}", output.err);
    let layers: Value = serde_json::from_str(&output.out).unwrap();
    let text = |layer: &Value, key: &str| layer[key].as_str().unwrap().to_owned();
    let public = |layer: &&Value| layer["audience"] == "public";
    layers.as_array().unwrap().iter().filter(public).map(|l| (text(l, "id"), text(l, "relation"))).collect()
}

/// Rows that are valid now, and public.
fn rows_now(town: &Town, table: &str) -> i64 {
    let valid = "coalesce((to_jsonb(t) ->> 'valid_from')::timestamptz <= now(), true)
             and (to_jsonb(t) ->> 'valid_to' is null or (to_jsonb(t) ->> 'valid_to')::timestamptz > now())";
    let public = match table {
        "reports.reports" => "state in ('open', 'assigned', 'answered', 'closed')",
        _ => "coalesce((to_jsonb(t) ->> 'published')::boolean, true)",
    };
    town.psql(&format!("select count(*) from {table} t where {valid} and {public}")).parse().unwrap()
}

/// The number after `Feature Count:`.
fn feature_count(text: &str) -> i64 {
    let line = text.lines().find_map(|l| l.strip_prefix("Feature Count: ")).unwrap_or_else(|| panic!("no count in: {text}"));
    line.trim().parse().unwrap()
}

#[test]
fn gdal_counts_what_psql_counts() {
    let town = Town::shared();
    let layers = layers(&town);
    assert!(layers.len() >= 10, "{layers:?}");
    for (id, table) in &layers {
        let gdal = run(Command::new("ogrinfo").args(["-ro", "-so", &format!("OAPIF:{}", town.url()), id]));
        assert!(gdal.ok && !gdal.err.contains("ERROR"), "{id}: {}{}", gdal.out, gdal.err);
        assert_eq!(feature_count(&gdal.out), rows_now(&town, table), "{id}");
    }
}

/// The addresses that GDAL asked for features.
fn asked(debug: &str) -> Vec<&str> {
    debug.lines().filter(|l| l.contains("/items?")).filter_map(|l| l.split_once("http://").map(|(_, address)| address)).collect()
}

#[test]
fn gdal_leaves_filters_to_us() {
    let town = Town::shared();
    for (filter, sql) in [
        ("site = 'park'", "site = 'park'"),
        ("height_m > 8.25 AND (site = 'park' OR species LIKE 'P%')", "height_m > 8.25 and (site = 'park' or species like 'P%')"),
        ("species ILIKE 'quercus%'", "species ilike 'quercus%'"),
        ("NOT (planted_year >= 1990)", "not (planted_year >= 1990)"),
        ("planted_year IS NULL", "planted_year is null"),
        ("species = 'l''orso' OR planted_year BETWEEN 1950 AND 1990", "planted_year between 1950 and 1990"),
    ] {
        let mut gdal = Command::new("ogrinfo");
        gdal.args(["-ro", "-so", "--debug", "on", "-where", filter, &format!("OAPIF:{}", town.url()), "trees"]);
        let gdal = run(&mut gdal);
        assert!(gdal.ok && !gdal.err.contains("ERROR"), "{filter}: {}{}", gdal.out, gdal.err);
        let expected: i64 = town.psql(&format!("select count(*) from environment.trees where {sql}")).parse().unwrap();
        assert_eq!(feature_count(&gdal.out), expected, "{filter}");
        let asked = asked(&gdal.err);
        assert!(asked.iter().any(|a| a.contains("filter=") && a.contains("filter-lang=cql-text")), "{filter} was not sent: {asked:?}");
    }
    let gdal = run(Command::new("ogrinfo").args([
        "-ro",
        "-so",
        "-where",
        "updated_on >= '2020/01/01'",
        &format!("OAPIF:{}", town.url()),
        "parcels",
    ]));
    let expected =
        town.psql("select count(*) from cadastre.parcels where updated_on >= '2020-01-01' and (valid_to is null or valid_to > now())");
    assert!(gdal.ok && !gdal.err.contains("ERROR"), "{}", gdal.err);
    assert_eq!(feature_count(&gdal.out).to_string(), expected);
}

#[test]
fn gdal_reads_every_page_and_each_feature_once() {
    let town = Town::shared();
    let folder = town.scratch();
    let file = folder.path().join("parcels.gpkg");
    let copied =
        run(Command::new("ogr2ogr").args(["-f", "GPKG"]).arg(&file).args([&format!("OAPIF:{}", town.url()), "parcels", "-nln", "parcels"]));
    assert!(copied.ok && !copied.err.contains("ERROR"), "{}", copied.err);
    let sql = "select count(*) as n, count(distinct id) as ids from parcels";
    let counts = run(Command::new("ogrinfo").args(["-ro", "-q", "-sql", sql]).arg(&file));
    let rows = rows_now(&town, "cadastre.parcels");
    for column in ["n", "ids"] {
        assert!(counts.out.contains(&format!("{column} (Integer) = {rows}\n")), "{column}: {}{}", counts.out, counts.err);
    }
}

#[test]
fn gdal_filters_by_rectangle_as_postgis_does() {
    let town = Town::shared();
    let [west, south, east, north] = middle(&town, "cadastre.parcels");
    let spat = [west, south, east, north].map(|n| format!("{n:.7}"));
    let gdal = run(Command::new("ogrinfo").args(["-ro", "-so", "-spat"]).args(&spat).args([&format!("OAPIF:{}", town.url()), "parcels"]));
    assert!(gdal.ok, "{}", gdal.err);
    let sql = format!(
        "select count(*) from cadastre.parcels
         where (valid_to is null or valid_to > now()) and st_intersects(st_transform(geom, 4326), st_makeenvelope({}, 4326))",
        spat.join(",")
    );
    let (got, expected) = (feature_count(&gdal.out), town.psql(&sql).parse::<i64>().unwrap());
    // sides of the rectangle are curves in the storage system, by centimetres
    assert!(expected > 10 && (got - expected).abs() <= 1, "{got} through GDAL, {expected} in PostGIS");
}

/// A rectangle of some 300 m round a row in the middle of a table, degrees, longitude first.
fn middle(town: &Town, table: &str) -> [f64; 4] {
    let row = town.psql(&format!(
        "with b as (select st_transform(st_expand(st_pointonsurface(geom), 150), 4326) g from {table} order by fid offset (select count(*) / 2 from {table}) limit 1)
         select st_xmin(g) || ' ' || st_ymin(g) || ' ' || st_xmax(g) || ' ' || st_ymax(g) from b"
    ));
    let numbers: Vec<f64> = row.split(' ').map(|n| n.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}

/// The tile that holds a position.
fn tile_of(lon: f64, lat: f64, zoom: u32) -> (u32, u32) {
    let n = f64::from(1 << zoom);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    (((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}

#[test]
fn gdal_reads_a_tile() {
    let town = Town::shared();
    let folder = town.scratch();
    let [west, south, east, north] = middle(&town, "cadastre.parcels");
    let (x, y) = tile_of(f64::midpoint(west, east), f64::midpoint(south, north), 16);
    let answer = town.get(&format!("/xyz/parcels,buildings/16/{x}/{y}"));
    assert_eq!(answer.status, 200);
    let file = folder.path().join(format!("16-{x}-{y}.mvt"));
    std::fs::write(&file, &answer.body).unwrap();
    let gdal = run(Command::new("ogrinfo")
        .args(["-ro", "-al", "-oo", &format!("X={x}"), "-oo", &format!("Y={y}"), "-oo", "Z=16", "-oo", "METADATA_FILE="])
        .arg(format!("MVT:{}", file.display())));
    assert!(gdal.ok && !gdal.err.contains("ERROR"), "{}", gdal.err);
    for layer in ["Layer name: parcels", "Layer name: buildings"] {
        assert!(gdal.out.contains(layer), "{layer} is not in: {}", gdal.out);
    }
    // what lies well inside the tile in PostGIS is in the tile
    let sql = format!(
        "select id from cadastre.parcels where (valid_to is null or valid_to > now()) and st_transform(geom, 3857) @ st_tileenvelope(16, {x}, {y})"
    );
    let ids = town.psql(&sql);
    assert!(ids.lines().count() > 3, "{ids}");
    for id in ids.lines() {
        assert!(gdal.out.contains(&format!("id (String) = {id}\n")), "{id} is missing");
    }
}

fn qgis(town: &Town, layer: &str, [west, south, east, north]: [f64; 4]) -> Value {
    let folder = town.scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/qgis_count.py");
    let picture = folder.path().join("map.png");
    // the distribution's python has the bindings, and no other
    let output = run(Command::new("timeout")
        .args(["--kill-after=5", "120", "/usr/bin/python3"])
        .arg(script)
        .args([town.url(), layer.to_owned()])
        .args([west, south, east, north].map(|n| n.to_string()))
        .arg(&picture)
        .env("QT_QPA_PLATFORM", "offscreen")
        .env("HOME", folder.path())
        .env("XDG_RUNTIME_DIR", folder.path()));
    let answer =
        output.out.lines().find(|l| l.starts_with('{')).unwrap_or_else(|| panic!("QGIS says nothing: {}{}", output.out, output.err));
    assert!(std::fs::metadata(&picture).unwrap().len() > 500, "the picture is written");
    serde_json::from_str(answer).unwrap()
}

#[test]
fn qgis_opens_counts_filters_and_draws() {
    let town = Town::shared();
    for (layer, table) in [("parcels", "cadastre.parcels"), ("trees", "environment.trees")] {
        let bbox = middle(&town, table);
        let answer = qgis(&town, layer, bbox);
        let rows = rows_now(&town, table);
        assert_eq!(
            (&answer["features"], &answer["distinct"], &answer["counted"]),
            (&rows.into(), &rows.into(), &rows.into()),
            "{layer}: {answer}"
        );
        let inside = answer["inside"].as_i64().unwrap();
        assert!(inside > 0 && inside < rows, "{layer}: {answer}");
        assert!(answer["drawn_of_40000"].as_i64().unwrap() > 50, "{layer}: the picture is blank: {answer}");
    }
}
