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

#[test]
fn surveys_are_kept_off_cards() {
    let town = Town::shared();
    let found = town.psql(
        "select p.id || '|' || st_x(g) || '|' || st_y(g) from cadastre.parcels p
           join environment.datasets d on d.published and d.begins <= now() and d.ends is null and st_contains(d.geom, p.geom)
          cross join lateral (select st_transform(st_pointonsurface(p.geom), 4326) as g) inside
          where p.valid_to is null order by p.id limit 1",
    );
    let parts: Vec<&str> = found.split('|').collect();
    let layers = |path: &str| -> Vec<String> {
        let answer = town.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let answer = answer.json();
        answer["cards"].as_array().unwrap().iter().map(|card| card["layer"].as_str().unwrap().to_owned()).collect()
    };
    let datasets = "datasets".to_owned();
    for path in [format!("/identify?feature=parcels/{}", parts[0]), format!("/here?f=json&point={},{}", parts[1], parts[2])] {
        let found = layers(&path);
        assert!(!found.is_empty() && !found.contains(&datasets), "{path}: {found:?}");
    }
    // who asks for them by name gets them
    assert!(layers(&format!("/identify?feature=parcels/{}&layers=datasets", parts[0])).contains(&datasets));
}
