//! The first page and what it asks: what lies near a place, on what day.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

use e2e::Town;
use serde_json::Value;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn page(town: &Town, path: &str) -> String {
    let answer = town.get_with(path, &[("accept", BROWSER), ("accept-language", "it")]);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"), "{path}");
    answer.text()
}

#[test]
fn the_first_page_is_for_people_and_what_programs_read_there_is_not_touched() {
    let town = Town::shared();
    let first = page(&town, "/");
    for part in ["Cosa succede qui?", r#"action="here""#, r#"name="q""#, r#"href="portal/""#, "Vedi sulla mappa", r#"href="collections""#] {
        assert!(first.contains(part), "{part} is not in {first}");
    }
    // it works before any script and before any map
    assert!(!first.contains("<script") && !first.contains("<style") && !first.contains("style="), "{first}");
    for accept in ["*/*", "application/json", "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"] {
        let landing = town.get_with("/", &[("accept", accept)]).json();
        assert!(landing["links"].as_array().unwrap().iter().any(|link| link["rel"] == "data"), "{accept}: {landing}");
    }
}

#[test]
fn an_address_is_answered_with_what_lies_near_it() {
    let town = Town::shared();
    let text = town.psql(
        "select n.address || '|' || p.id || '|' || st_x(g) || '|' || st_y(g)
           from territory.house_numbers n
           join cadastre.parcels p on st_intersects(p.geom, n.geom)
          cross join lateral (select st_transform(n.geom, 4326) as g) lonlat
          where (select count(*) from territory.house_numbers o where o.address = n.address) = 1
          order by n.id limit 1",
    );
    let parts: Vec<&str> = text.split('|').collect();
    let (address, parcel) = (parts[0], parts[1]);
    let asked = address.replace(' ', "%20");
    let answer = town.get(&format!("/here?q={asked}&lang=it")).json();
    assert_eq!(answer["place"]["title"], address, "{answer}");
    let cards = answer["cards"].as_array().unwrap();
    assert!(cards.iter().any(|card| card["layer"] == "parcels" && card["id"] == parcel), "{answer}");
    let ground: Vec<&Value> = cards.iter().filter(|card| card["layer"] == "streets" || card["layer"] == "house_numbers").collect();
    assert!(ground.is_empty(), "{ground:?}");
    for card in cards {
        assert!(card["distance_m"].as_f64().unwrap() <= answer["near_m"].as_f64().unwrap(), "{card}");
    }
    let shown = page(&town, &format!("/here?q={asked}"));
    let title = cards.iter().find(|card| card["id"] == parcel).unwrap()["title"].as_str().unwrap();
    assert!(shown.contains(address) && shown.contains(title) && shown.contains("portal/#map=17/"), "{shown}");
    // the same place by its position
    let at = town.get(&format!("/here?point={},{}", parts[2], parts[3])).json();
    assert_eq!(ids(&at), ids(&answer));
}

fn ids(answer: &Value) -> Vec<String> {
    answer["cards"].as_array().unwrap().iter().map(|card| format!("{}/{}", card["layer"], card["id"])).collect()
}

#[test]
fn a_place_that_nobody_knows_and_a_position_that_is_none_are_told_in_words() {
    let town = Town::shared();
    let unknown = page(&town, "/here?q=qqzzxx%3Cb%3E");
    assert!(unknown.contains("Nessun luogo si chiama così") && unknown.contains("qqzzxx&lt;b&gt;"), "{unknown}");
    assert!(page(&town, "/here").contains("Cosa succede qui?"));
    let wrong = town.get("/here?point=500,1");
    assert_eq!((wrong.status, wrong.json()["parameter"].as_str()), (400, Some("point")));
    assert!(page(&town, "/here?point=500,1").contains("da correggere"));
    assert_eq!(town.get("/here?zoom=1").status, 400);
}

#[test]
fn what_is_at_a_place_is_told_as_of_the_day_asked() {
    let town = Town::own();
    let layers = town.get("/portal/catalogue.json").json()["layers"].as_array().unwrap().clone();
    let valid: Vec<&str> = layers.iter().filter(|l| l["validity"] == true).map(|l| l["id"].as_str().unwrap()).collect();
    assert!(valid.contains(&"parcels") && valid.contains(&"buildings") && !valid.contains(&"trees"), "{valid:?}");

    town.psql(
        "update cadastre.parcels set valid_from = '2026-08-01 00:00 Europe/Rome', valid_to = '2026-08-15 00:00 Europe/Rome'
          where id = (select id from cadastre.parcels order by id limit 1)",
    );
    let text = town.psql(
        "select id || '|' || st_x(g) || '|' || st_y(g) from cadastre.parcels
          cross join lateral (select st_transform(st_pointonsurface(geom), 4326) as g) inside where valid_to = '2026-08-15 00:00 Europe/Rome'",
    );
    let parts: Vec<&str> = text.split('|').collect();
    let at = |rest: &str| {
        let answer = town.get(&format!("/identify?point={},{}&zoom=18&layers=parcels{rest}", parts[1], parts[2])).json();
        ids(&answer).contains(&format!("\"parcels\"/\"{}\"", parts[0]))
    };
    assert!(!at("") && at("&datetime=2026-08-14") && !at("&datetime=2026-07-31") && !at("&datetime=2026-08-15"));
    let on = |rest: &str| town.get(&format!("/identify?feature=parcels/{}{rest}", parts[0])).status;
    assert_eq!((on(""), on("&datetime=2026-08-14")), (404, 200));
    assert_eq!(town.get("/identify?point=15.6,38.1&datetime=yesterday").status, 400);
}
