//! A layer of points, lines and areas, where one points at and where shapes lie on each other: each row is measured as what it is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{OURS, Scene, officer};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_a_mixture_is_met_and_measured_as_what_it_is() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let square =
        json!({"type": "Polygon", "coordinates": [[[15.6, 38.06], [15.602, 38.06], [15.602, 38.062], [15.6, 38.062], [15.6, 38.06]]]});
    for (code, place) in [
        ("area", square),
        ("line", json!({"type": "LineString", "coordinates": [[15.599, 38.061], [15.603, 38.061]]})),
        ("point", json!({"type": "Point", "coordinates": [15.601, 38.061]})),
    ] {
        scene.register(&who, &json!({"title": code, "code": code, "place": place})).await;
    }
    let ids = |answer: &Value| answer["cards"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let at = async |point: &str| scene.get(&Principal::anonymous(), &format!("/identify?point={point}&zoom=17&layers=works")).await.json();
    assert_eq!(ids(&at("15.601,38.061").await), ["point", "line", "area"]);
    assert!(ids(&at("15.59999,38.0605").await).is_empty(), "beside an area is not in it");
    let of = "/identify?feature=boundaries/080901&layers=works";
    let answer = scene.get(&Principal::anonymous(), of).await.json();
    let overlap = |id: &str| answer["cards"].as_array().unwrap().iter().find(|c| c["id"] == id).unwrap()["overlap"].clone();
    assert!(overlap("area")["area_m2"].as_f64().unwrap() > 30_000.0 && overlap("area")["length_m"].is_null(), "{answer}");
    assert!(overlap("line")["length_m"].as_f64().unwrap() > 300.0 && overlap("line")["area_m2"].is_null(), "{answer}");
    assert_eq!(overlap("point"), json!({"area_m2": null, "length_m": null, "share": null}));
}
