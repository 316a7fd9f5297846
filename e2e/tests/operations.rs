//! Running it: commands beside a server, backup and restore, refusals that say what to do.

use std::process::Command;

use e2e::{Server, Town, opensit, run};

#[test]
fn layers_are_listed_beside_a_running_server() {
    let town = Town::shared();
    let output = town.command(&["layers", "--json"]);
    assert!(output.ok, "{}", output.err);
    let layers: serde_json::Value = serde_json::from_str(&output.out).unwrap();
    let parcels = layers.as_array().unwrap().iter().find(|l| l["id"] == "parcels").unwrap();
    assert_eq!((&parcels["relation"], &parcels["key"], &parcels["srid"]), (&"cadastre.parcels".into(), &"fid".into(), &7792.into()));
    let counted = parcels["rows"].as_i64().unwrap();
    assert_eq!(town.psql("select count(*) from cadastre.parcels"), counted.to_string());
    assert!((2_700..3_300).contains(&counted), "{counted} parcels in the small town");
}

#[test]
fn psql_and_gdal_take_the_connection_string_as_it_is() {
    let town = Town::shared();
    let url = town.command(&["database", "url"]).out.trim().to_owned();
    let gdal = run(Command::new("ogrinfo").args(["-ro", "-so", &url, "cadastre.parcels"]));
    assert!(gdal.ok && gdal.out.contains("Geometry: Polygon"), "{}{}", gdal.out, gdal.err);
}

#[test]
fn a_second_server_on_one_directory_is_refused_and_told_who_is_there() {
    let town = Town::shared();
    let output = town.command(&["demo", "--size", "small", "--no-open", "--listen", "127.0.0.1:0"]);
    assert!(!output.ok);
    assert!(output.err.contains(&town.url()), "it says where the first one serves: {}", output.err);
}

#[test]
fn a_port_in_use_is_said_with_a_way_out() {
    let town = Town::shared();
    let folder = town.scratch();
    let port = town.url().rsplit(':').next().unwrap().to_owned();
    let other = folder.path().join("other");
    for command in ["serve", "demo"] {
        let output = run(opensit().args([command, "--listen", &format!("127.0.0.1:{port}"), "--data-dir"]).arg(&other));
        assert!(!output.ok);
        assert!(output.err.contains("--listen"), "{command}: {}", output.err);
        assert!(!other.exists(), "{command}: a server that is refused leaves nothing behind");
    }
    // the server of the same directory is the better reason
    let output = town.command(&["demo", "--size", "small", "--no-open", "--listen", &format!("127.0.0.1:{port}")]);
    assert!(!output.ok && output.err.contains("already serves"), "{}", output.err);
}

#[test]
fn the_demo_does_not_change_its_size_nor_take_a_boundary() {
    let town = Town::shared();
    let folder = town.scratch();
    let output = run(opensit().args(["demo", "--boundary", "x.geojson", "--data-dir"]).arg(folder.path()));
    assert!(!output.ok && output.err.contains("opensit serve"), "{}", output.err);
}

#[test]
fn a_restored_backup_equals_what_was_backed_up() {
    let town = Town::shared();
    let folder = town.scratch();
    let file = folder.path().join("town.dump");
    let backup = town.command(&["database", "backup", file.to_str().unwrap()]);
    assert!(backup.ok, "{}", backup.err);
    assert!(!town.command(&["database", "backup", file.to_str().unwrap()]).ok, "a backup never overwrites");

    let other = folder.path().join("restored");
    let restore = run(opensit().args(["database", "restore"]).arg(&file).arg("--data-dir").arg(&other));
    assert!(restore.ok, "{}", restore.err);
    let digest = "select md5(string_agg(r, '' order by r)) from (
        select md5(p::text) r from cadastre.parcels p union all select md5(h::text) from territory.house_numbers h
        union all select md5(l.id || l.declaration::text) from opensit.layers l union all select md5(i::text) from opensit.installation i) rows";
    let url = run(opensit().args(["database", "url", "--data-dir"]).arg(&other));
    let restored = run(Command::new("psql").args([url.out.trim(), "-XAtqc", digest]));
    let stopped = run(opensit().args(["database", "stop", "--data-dir"]).arg(&other));
    assert!(stopped.ok, "{}", stopped.err);
    assert_eq!(restored.out.trim(), town.psql(digest));

    let server = Server::start(&["demo", "--size", "small", "--no-open"], &other);
    assert_eq!(server.get("/readyz").status, 200, "and it serves");
    let live = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        server.get("/readyz").text().contains("\"live\"")
    });
    assert!(live, "the change feed of the restored installation: {}", server.get("/readyz").text());
    let next: i64 = town.psql("select last_value from opensit.fid").parse().unwrap();
    assert!(next > 3_000, "identities go on where they were");
}

#[test]
fn restoring_over_an_installation_or_from_nothing_is_refused() {
    let town = Town::shared();
    let folder = town.scratch();
    let nothing = folder.path().join("nothing.dump");
    assert!(town.command(&["database", "restore", nothing.to_str().unwrap()]).err.contains("is no file"));
    std::fs::write(&nothing, "not a dump").unwrap();
    assert!(town.command(&["database", "restore", nothing.to_str().unwrap()]).err.contains("never overwrites"));
}

#[test]
fn check_finds_nothing_wrong_in_the_demo() {
    let output = Town::shared().command(&["check"]);
    assert!(output.ok, "{}{}", output.out, output.err);
    assert!(output.out.contains("leakproof") && output.out.contains("All is well."), "{}", output.out);
}

/// Columns that somebody renamed or dropped in `psql`: found by `check`, answered by what reads them, and no reason not to start.
#[test]
fn a_column_that_is_gone_is_found_and_named() {
    let town = Town::own();
    town.psql(
        "alter table environment.trees rename column species to species_name; alter table territory.streets drop column name cascade",
    );
    let items = town.get("/collections/trees/items?f=json");
    assert_eq!((items.status, items.header("content-type")), (503, Some("application/problem+json")), "{}", items.text());
    let problem = items.json();
    assert_eq!((&problem["layer"], &problem["columns"][0]), (&"trees".into(), &"species".into()), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("environment.trees"), "{problem}");
    for well in [
        "/collections/trees?f=json",
        "/collections/parcels/items?limit=1",
        "/xyz/parcels,trees,streets/14/8904/6313",
        "/search?q=via",
        "/identify?point=15.65,38.1&zoom=17",
        "/portal/catalogue.json",
    ] {
        let answer = town.get(well);
        assert!(matches!(answer.status, 200 | 204), "{well}: {} {}", answer.status, answer.text());
    }
    assert_eq!(town.get("/collections/streets/items?f=json").status, 503);
    let catalogue = town.get("/portal/catalogue.json").json();
    let noted: Vec<_> =
        catalogue["layers"].as_array().unwrap().iter().filter(|l| !l["damage"].is_null()).map(|l| l["id"].clone()).collect();
    assert_eq!(noted, ["streets", "trees"], "{catalogue}");

    let check = town.command(&["check"]);
    assert!(!check.ok);
    assert!(check.out.contains("`trees` can't be read: environment.trees has no column `species`"), "{}{}", check.out, check.err);
    assert!(check.out.contains("`streets` can't be read: territory.streets has no column `name`"), "{}", check.out);
    town.kill_and_restart();
    assert_eq!(town.get("/collections/trees/items?f=json").status, 503, "it starts all the same");
    town.psql("alter table environment.trees rename column species_name to species");
    let healed = (0..100).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        town.get("/collections/trees/items?f=json").status == 200
    });
    assert!(healed, "within seconds of the repair");
}

#[test]
fn a_mistyped_directory_is_not_made_into_an_installation() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("nothing");
    let output = run(opensit().args(["layers", "--data-dir"]).arg(&wrong));
    assert!(!output.ok && output.err.contains("no installation"), "{}", output.err);
    assert!(!wrong.exists());
}

#[test]
fn configuration_says_where_each_value_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("opensit.toml");
    std::fs::write(&file, "listen = \"127.0.0.1:9001\"\nlog = \"debug\"\n").unwrap();
    let output = run(opensit().args(["config", "show", "--log", "warn", "--config"]).arg(&file).env("OPENSIT_STORAGE_CRS", "EPSG:7791"));
    assert!(output.ok, "{}", output.err);
    let line =
        |name: &str| output.out.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{name} in {}", output.out)).to_owned();
    assert!(line("log ").contains("warn") && line("log ").contains("command line"));
    assert!(line("storage-crs").contains("EPSG:7791") && line("storage-crs").contains("environment"));
    assert!(line("listen").contains("9001") && line("listen").contains("opensit.toml"));
    assert!(line("public-url").contains("default"));
    let listen = run(opensit().args(["config", "show"]).env("OPENSIT_LISTEN", "127.0.0.1:9002"));
    assert!(listen.out.contains("9002"), "{}{}", listen.out, listen.err);
    std::fs::write(&file, "lisen = 1").unwrap();
    assert!(run(opensit().args(["config", "show", "--config"]).arg(&file)).err.contains("lisen"), "a misspelt name is found");
}
