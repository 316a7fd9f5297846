//! The environment's theme in the built program: bulletins from the command line, and what other clients count.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use std::process::Command;

use e2e::{Town, run};

const HEAD: &str = "data_pubblicazione,data_validita_inizio,data_validita_fine,zona_codice,avviso_criticita,avviso_idrogeologico,avviso_temporali,avviso_idraulico";

#[test]
fn a_bulletin_is_imported_once_beside_a_running_server_and_unknown_colours_are_told_by_their_line() {
    let town = Town::own();
    let folder = town.scratch();
    let file = folder.path().join("oggi-zone.csv");
    let line = "2031-03-01T15:00:00+01:00,2031-03-02T00:00:00+01:00,2031-03-02T23:59:59+01:00";
    std::fs::write(&file, format!("{HEAD}\n{line},Cala-8,,Elevata / ALLERTA ROSSA,verde,giallo\n{line},Abru-A,,verde,verde,verde\n"))
        .unwrap();
    let import = || town.command(&["environment", "import-bulletin", file.to_str().unwrap()]);
    let first = import();
    assert!(
        first.ok && first.out.starts_with("1 lines of zones here, 3 rows changed, 1 lines of zones elsewhere"),
        "{}{}",
        first.out,
        first.err
    );
    let second = import();
    assert!(second.ok && second.out.contains(" 0 rows changed"), "{}{}", second.out, second.err);
    let seen = town.psql("select worst from environment.alert_zones where zone = 'Cala-8' and valid_from <= '2031-03-02 12:00+01' and valid_to > '2031-03-02 12:00+01'");
    assert_eq!(seen, "red");
    let told = town.psql("select count(*) from identity.audit where layer = 'alert_zones'");
    assert_eq!(told, "3");
    std::fs::write(&file, format!("{HEAD}\n{line},Cala-8,,verde,verde,verde\n{line},Cala-7,,blu,verde,verde\n")).unwrap();
    let bad = import();
    assert!(!bad.ok && bad.err.contains("line 3: avviso_idrogeologico `blu` is no colour"), "{}", bad.err);
}

#[test]
fn gdal_counts_what_the_pages_count() {
    let town = Town::shared();
    for (layer, table) in [("flood_zones", "flood_zones"), ("burnt_areas", "burnt_areas"), ("waste_points", "waste_points")] {
        let valid = town.psql(&format!(
            "select count(*) from environment.{table} where published and valid_from <= now() and (valid_to is null or valid_to > now())"
        ));
        let gdal = run(Command::new("ogrinfo").args(["-ro", "-so", &format!("OAPIF:{}/", town.url()), layer]));
        assert!(gdal.out.contains(&format!("Feature Count: {valid}")), "{layer}: {valid}: {}{}", gdal.out, gdal.err);
        assert_ne!(valid, "0", "{layer}");
    }
    let fires = town.get("/environment/burnt-areas/?f=csv").text();
    let valid = town.psql(
        "select count(*) from environment.burnt_areas where published and valid_from <= now() and (valid_to is null or valid_to > now())",
    );
    assert_eq!((fires.lines().count() - 1).to_string(), valid);
}
