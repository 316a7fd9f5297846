//! Burnt areas: terms that end by themselves, and the parcels as they were.

use serde_json::json;

use crate::scene::{A, Scene, collection, nobody, officer, square, version};

#[tokio::test(flavor = "multi_thread")]
async fn constraints_end_by_themselves_after_5_10_and_15_years() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let fires = collection(&[(square(15.65, 38.11), json!({"burnt_on": "2020-08-02", "locality": "Contrada Ginestra"}))]);
    let id = format!("{}.1", scene.in_force(&ada, &version("burnt", &fires), "2021-01-01").await);
    let path = format!("/environment/burnt-areas/{id}");
    let holding = async |at: &str| {
        scene.at(at);
        let document = scene.get(&nobody(), &path).await.json();
        document["constraints"].as_array().unwrap().iter().map(|c| c["in_force"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(holding("2025-08-01T21:59:59Z").await, [true, true, true]);
    assert_eq!(holding("2025-08-01T22:00:00Z").await, [false, true, true]);
    assert_eq!(holding("2030-08-01T22:00:00Z").await, [false, false, true]);
    scene.at("2035-08-01T21:59:59Z");
    assert_eq!(scene.kind_at(&nobody(), "point=15.6505,38.1105", "burnt").await["answer"], "found");
    scene.at("2035-08-01T22:00:00Z");
    assert_eq!(scene.kind_at(&nobody(), "point=15.6505,38.1105", "burnt").await["answer"], "none_found");
    assert_eq!(scene.get(&nobody(), "/environment/burnt-areas/").await.json()["burnt_areas"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parcels_are_those_of_the_day_of_the_fire() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let wide = json!({"type": "Polygon", "coordinates": [[[15.6505, 38.11], [15.652, 38.11], [15.652, 38.111], [15.6505, 38.111], [15.6505, 38.11]]]});
    let fires = collection(&[(wide.clone(), json!({"burnt_on": "2022-07-15"})), (wide, json!({"burnt_on": "2025-07-15"}))]);
    let dataset = scene.in_force(&ada, &version("burnt", &fires), "2026-01-01").await;
    let parcels = async |n: u8| {
        let document = scene.get(&nobody(), &format!("/environment/burnt-areas/{dataset}.{n}")).await.json();
        let of = |p: &serde_json::Value| (p["number"].as_str().unwrap().to_owned(), p["still_there"].as_bool().unwrap());
        document["parcels"].as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    let named = |all: &[(&str, bool)]| all.iter().map(|(n, still)| ((*n).to_owned(), *still)).collect::<Vec<_>>();
    assert_eq!(parcels(1).await, named(&[("1", true), ("2", false)]), "before it was divided");
    assert_eq!(parcels(2).await, named(&[("1", true), ("3", true), ("4", true)]));
    let csv = scene.get(&nobody(), &format!("/environment/burnt-areas/{dataset}.1?f=csv")).await;
    assert_eq!(csv.body.lines().count(), 3, "{}", csv.body);
    assert!(
        csv.body.contains("X101_000100.2,080901,1,2,") && csv.body.contains(",2022-07-15,2027-07-15,2032-07-15,2037-07-15,3"),
        "{}",
        csv.body
    );
    // where the map of the day is not held: the first state known
    scene.sql("select count(*) from cadastre.parcels").await;
    let mut owner = scene.scratch.connection("opensit_owner").await;
    sqlx::query("update cadastre.parcels set valid_from = '2023-01-01' where number in ('1', '2')").execute(&mut owner).await.unwrap();
    let page = scene.page(&nobody(), &format!("/environment/burnt-areas/{dataset}.1")).await;
    assert!(page.contains("prima versione nota, del 1 gen 2023"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fire_of_tomorrow_is_refused_and_one_of_long_ago_has_no_constraint() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    for day in ["2026-11-24", "2011-11-23", "1975-01-01", "2026-13-01", "yesterday"] {
        let fires = collection(&[(square(15.65, 38.11), json!({ "burnt_on": day }))]);
        let faults = scene.post(&ada, "/environment/datasets/", None, &version("burnt", &fires)).await.wrong();
        assert_eq!(faults, ["features[0].burnt_on"], "{day}");
    }
    // in the evening of Italy it is tomorrow an hour before it is in Greenwich
    scene.at("2026-11-23T23:30:00Z");
    let fires = collection(&[(square(15.65, 38.11), json!({"burnt_on": "2026-11-24"}))]);
    assert_eq!(scene.post(&ada, "/environment/datasets/", None, &version("burnt", &fires)).await.status, 201);
    let mut owner = scene.scratch.connection("opensit_owner").await;
    let tomorrow = sqlx::query("update environment.burnt_areas set burnt_on = current_date + 2").execute(&mut owner).await.unwrap_err();
    assert!(tomorrow.to_string().contains("a_fire_is_not_in_the_future"), "{tomorrow}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_register_is_listed_by_year() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let fires = collection(&[
        (square(15.65, 38.11), json!({"burnt_on": "2020-08-02", "locality": "=1+1"})),
        (square(15.66, 38.11), json!({"burnt_on": "2024-07-01"})),
    ]);
    scene.in_force(&ada, &version("burnt", &fires), "2025-01-01").await;
    let days = async |query: &str| {
        let all = scene.get(&nobody(), &format!("/environment/burnt-areas/{query}")).await.json();
        all["burnt_areas"].as_array().unwrap().iter().map(|f| f["burnt_on"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(days("").await, ["2024-07-01", "2020-08-02"]);
    assert_eq!(days("?year=2020").await, ["2020-08-02"]);
    assert_eq!(days("?comune=080902").await, Vec::<String>::new());
    assert_eq!(days("?cursor=2024-07-01,burnt-080901-1.2").await, ["2020-08-02"]);
    assert!(scene.get(&nobody(), "/environment/burnt-areas/?f=csv").await.body.contains("\"'=1+1\""));
    for bad in ["?year=x", "?cursor=x", "?sheet=1"] {
        assert_eq!(scene.get(&nobody(), &format!("/environment/burnt-areas/{bad}")).await.status, 400, "{bad}");
    }
    assert_eq!(scene.get(&nobody(), "/environment/burnt-areas/nothing").await.status, 404);
    let page = scene.page(&nobody(), "/environment/burnt-areas/?lang=en").await;
    assert!(page.contains("until 2 Aug 2035") && page.contains("ended"), "{page}");
}
