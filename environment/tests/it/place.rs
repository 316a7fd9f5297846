//! What applies at a place, and that nobody looked.

use serde_json::{Value, json};

use crate::scene::{A, Scene, collection, nobody, officer, square, version};

#[tokio::test(flavor = "multi_thread")]
async fn not_surveyed_is_never_no_hazard() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let mut survey = version("flood", &collection(&[(square(15.65, 38.11), json!({"class": "P3"}))]));
    survey["coverage"] =
        json!({"type": "Polygon", "coordinates": [[[15.64, 38.10], [15.651, 38.10], [15.651, 38.12], [15.64, 38.12], [15.64, 38.10]]]});
    let id = scene.in_force(&ada, &survey, "2026-01-01").await;
    let of = async |place: &str| scene.kind_at(&nobody(), place, "flood").await;
    let found = of("point=15.6505,38.1105").await;
    assert_eq!((&found["answer"], &found["zones"][0]["says"]["class"]), (&json!("found"), &json!("P3")));
    assert_eq!((&found["surveys"][0]["id"], &found["surveys"][0]["source"]), (&json!(id), &json!("Autorità, delibera 3/2026")));
    assert_eq!(found["surveys"][0]["source_date"], "2026-10-01");
    let none = of("point=15.645,38.105").await;
    assert_eq!(none["answer"], "none_found");
    assert!(none["says"].as_str().unwrap().contains("Rilievo flood"), "{none}");
    let unknown = of("point=15.66,38.11").await;
    assert_eq!((&unknown["answer"], &unknown["surveys"]), (&json!("not_surveyed"), &json!([])));
    assert!(unknown["says"].as_str().unwrap().contains("Non vuol dire che non ci sia pericolo"));
    // another kind, which nobody surveyed
    assert_eq!(scene.kind_at(&nobody(), "point=15.6505,38.1105", "noise").await["answer"], "not_surveyed");
    // a parcel with half in the zone, all surveyed; one that nobody looked at
    let parcel = of("parcel=X101_000100.1").await;
    assert!((parcel["zones"][0]["share"].as_f64().unwrap() - 0.5).abs() < 1e-3, "{parcel}");
    assert!(parcel["surveyed_share"].as_f64().unwrap() > 0.999, "{parcel}");
    let other = of("parcel=X101_000100.4").await;
    assert_eq!(other["answer"], "not_surveyed", "{other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_surveyed_in_part_says_so() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let mut survey = version("landslide", &collection(&[(square(15.64, 38.10), json!({"class": "AA"}))]));
    survey["coverage"] =
        json!({"type": "Polygon", "coordinates": [[[15.64, 38.10], [15.6505, 38.10], [15.6505, 38.12], [15.64, 38.12], [15.64, 38.10]]]});
    scene.in_force(&ada, &survey, "2026-01-01").await;
    let known = scene.kind_at(&nobody(), "parcel=X101_000100.1", "landslide").await;
    assert_eq!(known["answer"], "partly_surveyed");
    assert!((known["surveyed_share"].as_f64().unwrap() - 0.5).abs() < 1e-3, "{known}");
    let page = scene.page(&nobody(), "/environment/at?parcel=X101_000100.1&lang=en").await;
    assert!(page.contains("of the rest nothing is known"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn shares_are_those_of_postgis() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let odd = json!({"type": "Polygon", "coordinates": [[[15.6493, 38.1096], [15.6508, 38.1113], [15.6502, 38.1131], [15.6493, 38.1096]]]});
    scene.in_force(&ada, &version("noise", &collection(&[(odd, json!({"class": "V"}))])), "2026-01-01").await;
    let share = scene.kind_at(&nobody(), "parcel=X101_000100.1", "noise").await["zones"][0]["share"].as_f64().unwrap();
    let expected = scene
        .sql("select st_area(st_intersection(p.geom, z.geom)) / st_area(p.geom) from cadastre.parcels p, environment.noise_zones z where p.id = 'X101_000100.1'")
        .await;
    assert!((share - expected.parse::<f64>().unwrap()).abs() < 1e-5, "{share} {expected}");
    let page = scene.page(&nobody(), "/environment/at?parcel=X101_000100.1").await;
    for limit in ["65 dB(A)", "55 dB(A)", "70 dB(A)", "60 dB(A)", "Limite di emissione, giorno", "Limite di immissione, notte"] {
        assert!(page.contains(limit), "{limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_that_is_none_is_told() {
    let scene = Scene::new().await;
    for unknown in ["parcel=X101_000100.99", "parcel=X101_000100.2", "parcel=%3Cscript%3E", "parcel=%E2%80%AEX"] {
        let answer = scene.get(&nobody(), &format!("/environment/at?{unknown}")).await;
        assert_eq!(answer.status, 404, "{unknown}: {}", answer.body);
    }
    for bad in ["", "?point=15.6", "?point=a,b", "?point=1,2,3", "?point=200,38", "?point=NaN,38", "?point=15,38&parcel=x", "?where=x"] {
        assert_eq!(scene.get(&nobody(), &format!("/environment/at{bad}")).await.status, 400, "{bad}");
    }
    let page = scene.page(&nobody(), "/environment/at").await;
    assert!(page.contains("Che cosa vale qui?"));
    // on the far side of the world nobody looked
    let far: Value = scene.kind_at(&nobody(), "point=-70,-30", "flood").await;
    assert_eq!(far["answer"], "not_surveyed");
}

#[tokio::test(flavor = "multi_thread")]
async fn containers_are_told_by_how_near_they_are() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let at = |lon: f64, lat: f64| json!({"type": "Point", "coordinates": [lon, lat]});
    let points = collection(&[
        (at(15.6505, 38.1106), json!({"fraction": "glass", "street": "Via <b>Roma</b>"})),
        (at(15.66, 38.1106), json!({"fraction": "paper"})),
    ]);
    scene.in_force(&ada, &version("waste", &points), "2026-01-01").await;
    let known = scene.kind_at(&nobody(), "point=15.6505,38.1105", "waste").await;
    assert_eq!(known["zones"].as_array().unwrap().len(), 1, "{known}");
    assert_eq!((&known["zones"][0]["says"]["fraction"], &known["zones"][0]["says"]["distance_m"]), (&json!("glass"), &json!(11)));
    let page = scene.page(&nobody(), "/environment/at?point=15.6505,38.1105").await;
    assert!(page.contains("Via &lt;b&gt;Roma"));
}
