//! The house's rules: who may know whom, how migrations are named, which module folders the portal may have.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

/// Themes: folders whose crates declare layers.
const THEMES: [&str; 7] = ["cadastre", "environment", "permits", "public-works", "reports", "territory", "tourism"];
/// The capabilities that every theme may use.
const FOR_THEMES: [&str; 6] = ["attachments", "catalogue", "demo-town", "jobs", "kernel", "operations"];
/// Themes whose contract types others may use.
const BASE_REGISTERS: [&str; 2] = ["cadastre", "territory"];
/// What has a schema of its own and is no theme.
const CAPABILITIES: [&str; 5] = ["attachments", "deliveries", "identity", "jobs", "opensit"];
/// What each crate that is no theme may use of ours.
const MAY_USE: [(&str, &[&str]); 17] = [
    ("attachments", &["kernel", "operations"]),
    ("bench", &[]),
    ("catalogue", &["kernel", "operations"]),
    ("crs", &["kernel"]),
    ("deliveries", &["catalogue", "crs", "identity", "ingest", "jobs", "kernel"]),
    ("demo-town", &[]),
    ("e2e", &[]),
    ("feed", &["catalogue", "crs", "kernel"]),
    ("identity", &["kernel"]),
    ("ingest", &["catalogue", "crs", "kernel"]),
    ("jobs", &["kernel", "operations"]),
    ("kernel", &[]),
    ("ogc", &["catalogue", "crs", "kernel", "operations"]),
    ("operations", &["kernel"]),
    ("test-database", &["catalogue", "kernel"]),
    ("tiles", &["catalogue", "crs", "feed", "kernel", "operations"]),
    (
        "server",
        &[
            "attachments",
            "cadastre",
            "catalogue",
            "crs",
            "deliveries",
            "demo-town",
            "environment",
            "feed",
            "identity",
            "ingest",
            "jobs",
            "kernel",
            "ogc",
            "operations",
            "permits",
            "public-works",
            "reports",
            "territory",
            "tiles",
            "tourism",
        ],
    ),
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--locked", "--offline"])
        .current_dir(root())
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap()
}

/// What a crate uses, tests of its own aside.
fn uses(package: &Value) -> Vec<String> {
    let normal = |d: &&Value| d["kind"].is_null();
    package["dependencies"].as_array().unwrap().iter().filter(normal).map(|d| text(d, "name").to_owned()).collect()
}

#[test]
fn crates_use_only_what_their_place_allows() {
    let packages = packages();
    let ours: BTreeSet<&str> = packages.iter().map(|p| text(p, "name")).collect();
    for package in &packages {
        let name = text(package, "name");
        let allowed: Vec<&str> = if THEMES.contains(&name) {
            FOR_THEMES.into_iter().chain(BASE_REGISTERS).collect()
        } else {
            MAY_USE.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("say in MAY_USE what `{name}` may use")).1.to_vec()
        };
        for used in uses(package).iter().filter(|u| ours.contains(u.as_str())) {
            assert!(allowed.contains(&used.as_str()), "`{name}` must not use `{used}`");
        }
    }
}

#[test]
fn c_libraries_are_linked_in_one_place_each() {
    for package in packages() {
        let name = text(&package, "name");
        for used in uses(&package) {
            let place = match used.as_str() {
                "gdal" | "gdal-sys" => "ingest",
                "proj" | "proj-sys" => "crs",
                _ => continue,
            };
            assert_eq!(name, place, "`{used}` is linked by `{place}` alone");
        }
    }
}

#[test]
fn a_crate_is_named_as_its_folder() {
    for package in packages() {
        let manifest = PathBuf::from(text(&package, "manifest_path"));
        assert_eq!(manifest.parent().unwrap().file_name().unwrap().to_str().unwrap(), text(&package, "name"));
    }
}

#[test]
fn the_kernel_names_no_theme() {
    let mut folders = vec![root().join("kernel/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.path().is_dir() {
                folders.push(entry.path());
                continue;
            }
            let source = fs::read_to_string(entry.path()).unwrap();
            let code: String =
                source.lines().filter(|l| !l.trim_start().starts_with("//")).take_while(|l| !l.contains("cfg(test)")).collect();
            for theme in THEMES {
                assert!(!code.contains(&format!("\"{theme}\"")), "{} names the theme {theme}", entry.path().display());
            }
        }
    }
}

#[test]
fn migrations_are_named_by_time_module_and_what() {
    let mut times = BTreeSet::new();
    for entry in fs::read_dir(root().join("migrations")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let stem = name.strip_suffix(".sql").unwrap_or_else(|| panic!("{name} is no .sql"));
        let (time, rest) = stem.split_once('_').unwrap_or_else(|| panic!("{name}: YYYYMMDDhhmmss_<module>_<what>.sql"));
        assert!(time.len() == 14 && time.bytes().all(|b| b.is_ascii_digit()), "{name} begins with no time");
        assert!(times.insert(time.to_owned()), "two migrations at {time}");
        let module =
            THEMES.iter().map(|t| t.replace('-', "_")).chain(CAPABILITIES.map(str::to_owned)).find(|m| rest.starts_with(&format!("{m}_")));
        assert!(module.is_some(), "{name} names no module after its time");
    }
}

#[test]
fn a_migration_of_a_theme_makes_tables_in_its_own_schema_only() {
    for entry in fs::read_dir(root().join("migrations")).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let Some(theme) = THEMES.iter().find(|t| name.contains(&format!("_{}_", t.replace('-', "_")))) else { continue };
        let schema = theme.replace('-', "_");
        let sql = fs::read_to_string(entry.path()).unwrap().to_lowercase();
        for line in sql
            .lines()
            .map(str::trim)
            .filter(|l| l.starts_with("create table") || l.starts_with("create view") || l.starts_with("alter table"))
        {
            let relation = line.split_whitespace().nth(2).unwrap();
            assert!(relation.starts_with(&format!("{schema}.")), "{name}: {line}");
        }
    }
}

#[test]
fn the_portal_has_module_folders_for_themes_only() {
    let folder = root().join("web-map/src/modules");
    for entry in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        assert!(THEMES.contains(&name.as_str()), "web-map/src/modules/{name} is no theme");
    }
}

#[test]
fn only_the_server_reads_the_environment() {
    // clippy.toml forbids std::env::var everywhere; the exceptions must stand in `server` (and in tests' driver)
    let output = Command::new("git").args(["grep", "-lE", r"disallowed_methods, reason"]).current_dir(root()).output().unwrap();
    for file in String::from_utf8_lossy(&output.stdout).lines().filter(|f| f.ends_with(".rs")) {
        let allowed =
            file.starts_with("server/") || file == "kernel/src/clock.rs" || file.starts_with("e2e/") || file.starts_with("bench/");
        assert!(allowed || file.contains("/tests/"), "{file} steps out of clippy's rules");
    }
}
