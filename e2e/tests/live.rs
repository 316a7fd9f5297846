//! An edit typed in `psql` reaches those who watch, through logical replication and server-sent events.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use std::time::{Duration, Instant};

use e2e::Town;
use serde_json::Value;

/// The issue of a map that lags: nobody waits longer than a second.
const PATIENCE: Duration = Duration::from_secs(60);

fn of_layer(layer: &'static str) -> impl Fn(&Value) -> bool {
    move |event| event["layer"] == layer
}

fn move_a_tree(town: &Town) -> [f64; 2] {
    let row = town.psql(
        "update environment.trees set geom = st_translate(geom, 1, 1) where fid = (select min(fid) from environment.trees)
         returning st_x(st_transform(geom, 4326)) || ' ' || st_y(st_transform(geom, 4326))",
    );
    let (lon, lat) = row.split_once(' ').unwrap();
    [lon.parse().unwrap(), lat.parse().unwrap()]
}

fn holds(bbox: &Value, [lon, lat]: [f64; 2]) -> bool {
    let side = |i: usize| bbox[i].as_f64().unwrap();
    side(0) <= lon && lon <= side(2) && side(1) <= lat && lat <= side(3)
}

fn wait_until_live(town: &Town) {
    let end = Instant::now() + Duration::from_secs(20);
    while !town.get("/readyz").text().contains("live") {
        assert!(Instant::now() < end, "the feed does not start: {}", town.get("/readyz").text());
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn an_update_reaches_open_streams_within_a_second_also_after_kill_9() {
    let town = Town::own();
    wait_until_live(&town);
    let events = town.events("/xyz/trees/changes", None);
    let place = move_a_tree(&town);
    let (id, event) = events.next(PATIENCE, of_layer("trees")).expect("the edit is told within a second");
    assert!(holds(&event["bbox"], place), "{event} does not hold {place:?}");
    assert_eq!(event["position"], id);

    town.kill_and_restart();
    wait_until_live(&town);
    let events = town.events("/xyz/trees/changes", Some(&id));
    events.next(PATIENCE, |e| e["layer"] == "*" && e["bbox"].is_null()).expect("who was away is told that anything may differ");
    let place = move_a_tree(&town);
    let (_, event) = events.next(PATIENCE, |e| e["layer"] == "trees" && !e["bbox"].is_null()).expect("and then of each edit again");
    assert!(holds(&event["bbox"], place), "{event} does not hold {place:?}");
}

#[test]
fn a_stream_resumes_without_gap_and_is_told_of_its_layers_only() {
    let town = Town::own();
    wait_until_live(&town);
    let events = town.events("/xyz/trees/changes", None);
    move_a_tree(&town);
    let (first, _) = events.next(PATIENCE, of_layer("trees")).unwrap();
    drop(events);
    town.psql("update territory.place_names set rank = rank where fid = (select min(fid) from territory.place_names)");
    let place = move_a_tree(&town);
    let events = town.events("/xyz/trees/changes", Some(&first));
    let (_, event) = events.next(PATIENCE, |e| !e["layer"].is_null()).unwrap();
    assert_eq!(event["layer"], "trees", "what happened meanwhile comes first, and nothing of other layers");
    assert!(holds(&event["bbox"], place));
}

#[test]
fn a_row_moved_out_of_its_systems_reach_stops_nothing() {
    let town = Town::own();
    wait_until_live(&town);
    town.psql("update tourism.points_of_interest set geom = st_translate(geom, 2.5e7, 0) where fid = (select min(fid) from tourism.points_of_interest)");
    town.kill_and_restart();
    assert_eq!(town.get("/collections/points_of_interest?f=json").status, 200);
    assert_eq!(town.get("/xyz/points_of_interest").status, 200);
}

#[test]
fn a_row_typed_in_by_hand_gets_its_id_and_comune() {
    let town = Town::shared();
    let row = town.psql(
        "insert into environment.trees (species, geom) select 'Olea europaea', st_pointonsurface(geom) from territory.boundaries where id = '080902'
         returning fid || ' ' || id || ' ' || comune",
    );
    let parts: Vec<&str> = row.split(' ').collect();
    assert_eq!((parts[0], parts[2]), (parts[1], "080902"), "{row}");
}

#[test]
fn what_is_rolled_back_is_not_told() {
    let town = Town::own();
    wait_until_live(&town);
    let events = town.events("/xyz/trees/changes", None);
    town.psql("begin; update environment.trees set height_m = 1; rollback");
    move_a_tree(&town);
    let (_, event) = events.next(PATIENCE, of_layer("trees")).unwrap();
    assert!(!event["bbox"].is_null(), "one tree, not all of them: {event}");
}
