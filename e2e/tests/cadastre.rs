//! Files of the cadastre, looked into without a database.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use e2e::{Output, opensit, run};
use serde_json::{Value, json};

/// A sheet written by hand, in EPSG:7792 round 15.65 E, 38.11 N, though nothing in it says so.
fn sheet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cadastre/tests/data/X101_001200.CXF")
}

/// The boundary of an invented comune of this Belfiore code round the sheet.
fn boundary(folder: &Path, belfiore: &str) -> PathBuf {
    let ring = json!([[15.6, 38.0], [15.7, 38.0], [15.7, 38.2], [15.6, 38.2], [15.6, 38.0]]);
    let properties = json!({"com_istat_code": "080999", "com_catasto_code": belfiore, "name": "Inventata"});
    let feature = json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}});
    let path = folder.join(format!("{belfiore}.geojson"));
    fs::write(&path, json!({"type": "FeatureCollection", "features": [feature]}).to_string()).unwrap();
    path
}

fn check(paths: &[&Path], boundary: &Path, more: &[&str]) -> Output {
    run(opensit().args(["cadastre", "check"]).args(paths).arg("--boundary").arg(boundary).args(more))
}

#[test]
fn a_sheet_is_offered_the_system_that_puts_it_into_its_comune() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(&[&sheet()], &boundary(folder.path(), "X101"), &["--json"]);
    assert!(output.ok, "{}{}", output.out, output.err);
    let report: Value = serde_json::from_str(&output.out).unwrap();
    let map = &report["files"][0];
    assert_eq!((map["kind"].as_str(), map["counts"]["parcels"].as_u64()), (Some("map"), Some(4)));
    assert_eq!((map["topology"]["border_m2"].as_f64(), map["topology"]["balance_m2"].as_f64()), (Some(5900.0), Some(0.0)));
    let systems = map["systems"].as_array().unwrap();
    let fits = |crs: u64| systems.iter().find(|s| s["crs"] == crs && s["swapped"] == false).unwrap()["fits"].as_bool();
    assert_eq!((systems[0]["crs"].as_u64(), fits(7792), fits(3004)), (Some(7792), Some(true), Some(false)));
}

#[test]
fn what_is_wrong_is_told_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = fs::read(sheet()).unwrap();
    let broken = folder.path().join("X101_001200.CXF");
    fs::write(&broken, &sheet[..sheet.len() / 2]).unwrap();
    let output = check(&[&broken], &boundary(folder.path(), "X101"), &[]);
    assert!(!output.ok && output.out.contains("there is no EOF: the file may be cut short"), "{}{}", output.out, output.err);
    let output = check(&[&self::sheet()], &boundary(folder.path(), "X102"), &[]);
    assert!(!output.ok && output.out.contains("the map is of the comune X101, which the boundary has not"), "{}", output.out);
    let output = check(&[&folder.path().join("none")], &boundary(folder.path(), "X101"), &[]);
    assert!(!output.ok && output.out.contains("none: unreadable"), "{}", output.out);
}
