//! What holds for the lists and records of every layer: tables for spreadsheets, filters without a script, what lies on a feature, and
//! personal data.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use e2e::{Answer, Town};

fn asked(town: &Town, path: &str, headers: &[(&str, &str)]) -> Answer {
    let answer = town.get_with(path, headers);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

#[test]
fn a_list_is_a_table_for_spreadsheets() {
    let town = Town::shared();
    let answer = asked(&town, "/collections/trees/items?f=csv&site=park&sortby=-height_m", &[]);
    assert_eq!(answer.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"trees.csv\""));
    let text = answer.text();
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    assert_eq!(lines.next(), Some("id,species,height_m,crown_m,planted_year,site,comune,x,y"));
    let ids: Vec<&str> = lines.map(|line| line.split(',').next().unwrap()).collect();
    let expected = town.psql("select id from environment.trees where site = 'park' order by height_m desc nulls last, fid");
    assert_eq!(ids, expected.lines().collect::<Vec<_>>(), "all of them, in the order asked for");
    let parcels = asked(&town, "/collections/parcels/items?f=csv&limit=3&crs=http://www.opengis.net/def/crs/EPSG/0/7792", &[]).text();
    assert_eq!(parcels.lines().count(), 4);
    assert!(parcels.lines().nth(1).unwrap().contains("\"POLYGON(("), "{parcels}");
    for path in ["/collections?f=csv", "/collections/trees?f=csv", "/conformance?f=csv"] {
        assert_eq!(town.get(path).status, 400, "{path}");
    }
}

#[test]
fn a_form_filters_without_a_script() {
    let town = Town::shared();
    let all = asked(&town, "/collections/trees/items?f=html&species=&site=park&planted_year=&comune=", &[]).text();
    assert!(all.contains("<option value=\"park\" selected"), "what was chosen stays chosen");
    let count = town.psql("select count(*) from environment.trees where site = 'park'");
    assert!(all.contains(&format!("{count} ")), "{count} are told");
    assert!(all.contains("f=csv"), "and can be had as a table");
    assert!(!all.contains("<script>") && !all.contains("style=\""));
}

#[test]
fn what_lies_on_a_feature_is_told_with_how_much_of_it() {
    let town = Town::shared();
    let found = town.psql(
        "select p.id, b.id, round(st_area(st_intersection(p.geom, b.geom))::numeric, 1)
           from cadastre.parcels p join cadastre.buildings b on st_intersects(p.geom, b.geom)
          where p.valid_to is null and st_area(st_intersection(p.geom, b.geom)) > 50 order by p.id, b.id limit 1",
    );
    let parts: Vec<&str> = found.split('|').collect();
    let answer = asked(&town, &format!("/identify?feature=parcels/{}&layers=buildings,trees,streets", parts[0]), &[]).json();
    let building = answer["cards"].as_array().unwrap().iter().find(|card| card["id"] == parts[1]).unwrap();
    assert_eq!(
        building["overlap"]["area_m2"].to_string(),
        parts[2].trim_end_matches(".0").to_owned() + if parts[2].ends_with(".0") { ".0" } else { "" }
    );
    let share = building["overlap"]["share"].as_f64().unwrap();
    assert!(share > 0.0 && share <= 1.0, "{share}");
    for (path, status) in [
        ("/identify?feature=parcels/NOSUCH", 404),
        ("/identify?feature=nosuch/1", 404),
        ("/identify?feature=tree_inspections/1", 404),
        ("/identify?feature=parcels", 400),
        ("/identify?feature=parcels/x&layers=nosuch", 400),
    ] {
        assert_eq!(town.get(path).status, status, "{path}");
    }
}

#[test]
fn personal_data_are_read_for_a_stated_purpose_and_the_log_has_it() {
    let town = Town::own();
    town.psql(
        "update opensit.layers set declaration = jsonb_set(declaration, '{fields}', (
             select jsonb_agg(case when f ->> 'name' = 'manager' then f || '{\"personal\": true}' else f end) from jsonb_array_elements(declaration -> 'fields') f))
          where id = 'lodgings'",
    );
    let (id, manager) = {
        let row = town.psql("select id, manager from tourism.lodgings where comune = '080901' order by id limit 1");
        let (id, manager) = row.split_once('|').unwrap();
        (id.to_owned(), manager.to_owned())
    };
    let path = format!("/collections/lodgings/items/{id}");
    let officer = cookie(&town, "officer");
    let seen = |path: &str, headers: &[(&str, &str)]| {
        let answer = town.get_with(path, headers);
        (answer.status, answer.text().contains(&manager))
    };
    let begin = std::time::Instant::now();
    // the declaration reaches the server by the change feed
    while seen(&path, &[("cookie", &officer)]).1 {
        assert!(begin.elapsed().as_secs() < 20, "the declaration is not known after {:?}", begin.elapsed());
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let entries = || town.psql("select count(*) from identity.audit where event = 'read' and purpose is not null").parse::<i64>().unwrap();
    assert_eq!(entries(), 0);
    assert_eq!(seen(&path, &[("cookie", &officer), ("access-purpose", "verifica%20di%20ufficio")]), (200, true));
    assert_eq!(seen(&format!("{path}?access-purpose=verifica&f=html"), &[("cookie", &officer)]), (200, true));
    assert_eq!(seen("/collections/lodgings/items?limit=1000&f=csv", &[("cookie", &officer), ("access-purpose", "verifica")]), (200, true));
    assert_eq!(entries(), 3, "each reading is in the log");
    let last = town.psql("select purpose, details ->> 'path', name from identity.audit where event = 'read' order by entry limit 1");
    assert!(last.starts_with(&format!("verifica di ufficio|{path}|")), "{last}");
    // for those who are not staff a purpose opens nothing, and is not kept
    let citizen = cookie(&town, "citizen");
    assert_eq!(seen(&path, &[("cookie", &citizen), ("access-purpose", "curiosita")]), (200, false));
    assert_eq!(seen(&path, &[("access-purpose", "curiosita")]), (200, false));
    let other = cookie(&town, "officer-rocca");
    assert_eq!(seen(&path, &[("cookie", &other), ("access-purpose", "verifica")]), (200, false), "nor for those of another comune");
    assert_eq!(entries(), 4, "who may ask and saw nothing asked all the same");
    // nor is it in a tile, or asked by
    assert_eq!(
        town.get_with(&format!("/collections/lodgings/items?manager={}", manager.replace(' ', "%20")), &[("cookie", &officer)]).status,
        400
    );
    for bad in ["abc", "%ff%ff%ff%ff", "a%00bcd"] {
        assert_eq!(town.get_with(&path, &[("cookie", &officer), ("access-purpose", bad)]).status, 400, "{bad}");
    }
    let verified = town.command(&["audit", "verify"]);
    assert!(verified.ok, "{}", verified.err);
}

fn cookie(town: &Town, person: &str) -> String {
    let answer = town.ask("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")]);
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit=")).unwrap().to_owned()
}
