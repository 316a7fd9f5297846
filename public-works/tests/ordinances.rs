//! Road ordinances: registered, extended, revoked; in the feed on their days only.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{OURS, Scene, THEIRS, officer};
use serde_json::{Value, json};

fn closure(number: &str) -> Value {
    json!({"number": number, "closure": "total", "road": "Via Roma", "diversion": "Per Via Nuova", "act": "Comando, prot. 12",
        "valid_from": "2026-08-14T18:00", "valid_to": "2026-08-15T02:00", "street": "Via Roma"})
}

async fn register(scene: &Scene, sent: &Value) -> (String, String) {
    let answer = scene.post(&officer(OURS), "/public-works/ordinances/", None, sent).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    (answer.header("location").replace("https://sit.example.it", ""), answer.header("etag"))
}

async fn in_force(scene: &Scene, datetime: &str) -> usize {
    let feed = scene.get(&Principal::anonymous(), &format!("/public-works/ordinances.geojson{datetime}")).await;
    assert_eq!(feed.header("content-type"), "application/geo+json");
    feed.json()["features"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_in_the_feed_while_it_holds() {
    let scene = Scene::on("2026-08-10").await;
    let (address, _) = register(&scene, &closure("115/2026")).await;
    assert_eq!(address, "/public-works/ordinances/080901-2026-115-2026");
    for (datetime, count) in [
        ("", 0),
        ("?datetime=2026-08-13", 0),
        ("?datetime=2026-08-14", 1),
        ("?datetime=2026-08-15", 1),
        ("?datetime=2026-08-16", 0),
        ("?datetime=2026-08-14T15:59:59Z", 0),
        ("?datetime=2026-08-14T16:00:00Z", 1),
        ("?datetime=2026-08-15T00:00:00Z", 0),
        ("?datetime=2026-08-01/..", 1),
    ] {
        assert_eq!(in_force(&scene, datetime).await, count, "{datetime}");
    }
    scene.set("2026-08-14");
    assert_eq!(in_force(&scene, "").await, 0, "it is one in the afternoon, and begins at six");
    let feed = scene.get(&Principal::anonymous(), "/public-works/ordinances.geojson?datetime=2026-08-14").await;
    let feature = &feed.json()["features"][0];
    assert_eq!((&feature["geometry"]["type"], &feature["properties"]["closure"]), (&json!("LineString"), &json!("total")));
    assert_eq!(feature["properties"]["valid_to"], "2026-08-15T00:00:00Z");
    assert_eq!(feed.header("cache-control"), "public, max-age=60");
    let tag = feed.header("etag");
    let again = scene
        .ask(&Principal::anonymous(), "GET", "/public-works/ordinances.geojson?datetime=2026-08-14", &[("if-none-match", &tag)], "")
        .await;
    assert_eq!((again.status.as_u16(), again.body.as_str()), (304, ""));
    for bad in ["?datetime=tomorrow", "?colour=red"] {
        assert_eq!(scene.get(&Principal::anonymous(), &format!("/public-works/ordinances.geojson{bad}")).await.status, 400, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told() {
    let scene = Scene::on("2026-08-10").await;
    let who = officer(OURS);
    let mut bad = closure("1 5");
    bad["valid_to"] = "2026-08-14T18:00".into();
    bad["limit_kmh"] = 30.into();
    bad["issued_on"] = "2026-08-11".into();
    bad["road"] = "Via \u{2067}Roma".into();
    assert_eq!(
        scene.post(&who, "/public-works/ordinances/", None, &bad).await.wrong(),
        ["road", "number", "issued_on", "valid_to", "limit_kmh"]
    );
    let mut limit = closure("15");
    limit["closure"] = "speed_limit".into();
    assert_eq!(scene.post(&who, "/public-works/ordinances/", None, &limit).await.wrong(), ["limit_kmh"]);
    let mut endless = closure("15");
    endless["valid_from"] = Value::Null;
    assert_eq!(scene.post(&who, "/public-works/ordinances/", None, &endless).await.wrong(), ["valid_from"]);
    register(&scene, &closure("15")).await;
    assert_eq!(scene.post(&who, "/public-works/ordinances/", None, &closure("15")).await.wrong(), ["number"]);
    assert_eq!(scene.post(&officer(THEIRS), "/public-works/ordinances/", None, &closure("15")).await.wrong(), ["street"]);
    assert_eq!(scene.post(&Principal::anonymous(), "/public-works/ordinances/", None, &closure("16")).await.status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_extended_and_revoked() {
    let scene = Scene::on("2026-08-10").await;
    let who = officer(OURS);
    let (address, tag) = register(&scene, &closure("1")).await;
    let extend = json!({"valid_to": "2026-08-20T12:00", "act": "prot. 13"});
    let answer = scene.post(&who, &format!("{address}/extend"), Some(&tag), &extend).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["valid_to"]), (200, &json!("2026-08-20T10:00:00Z")), "{}", answer.body);
    assert_eq!(scene.post(&who, &format!("{address}/extend"), Some(&tag), &extend).await.status, 412);
    let before = json!({"valid_to": "2026-08-14T12:00", "act": "prot. 13"});
    assert_eq!(scene.post(&who, &format!("{address}/extend"), Some("*"), &before).await.wrong(), ["valid_to"]);
    assert_eq!(scene.post(&officer(THEIRS), &format!("{address}/revoke"), Some("*"), &json!({"act": "x"})).await.status, 403);
    scene.set("2026-08-16");
    assert_eq!(in_force(&scene, "").await, 1);
    let revoked = scene.post(&who, &format!("{address}/revoke"), Some("*"), &json!({"act": "prot. 20"})).await.json();
    assert_eq!((&revoked["valid_to"], &revoked["ended_by"]), (&json!("2026-08-16T11:00:00Z"), &json!("prot. 20")));
    assert_eq!(in_force(&scene, "").await, 0);
    assert_eq!(scene.get(&who, &address).await.json()["time"], "past", "its page stays");
    assert_eq!(scene.post(&who, &format!("{address}/revoke"), Some("*"), &json!({"act": "x"})).await.status, 409);
    assert_eq!(scene.post(&who, &format!("{address}/extend"), Some("*"), &extend).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_held_is_taken_out() {
    let scene = Scene::on("2026-08-10").await;
    let (address, _) = register(&scene, &closure("1")).await;
    assert_eq!(scene.post(&officer(OURS), &format!("{address}/revoke"), Some("*"), &json!({"act": "prot. 20"})).await.status, 204);
    assert_eq!(scene.get(&officer(OURS), &address).await.status, 404);
    assert_eq!(in_force(&scene, "?datetime=2026-08-14").await, 0);
    assert_eq!(
        scene.sql("select count(*) from opensit.row_history where operation = 'delete' and attributes ->> 'ended_by' = 'prot. 20'").await,
        "1"
    );
    assert!(scene.journal.lines().pop().unwrap().contains("delete"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_of_a_day_too() {
    let scene = Scene::on("2026-08-10").await;
    register(&scene, &closure("1")).await;
    let mut ban = closure("2");
    ban["closure"] = "parking_ban".into();
    ban["valid_from"] = "2026-08-01T00:00".into();
    ban["valid_to"] = Value::Null;
    register(&scene, &ban).await;
    let numbers = async |query: &str| {
        let (mut all, mut address) = (String::new(), format!("/public-works/ordinances/?{query}"));
        loop {
            let page = scene.get(&Principal::anonymous(), &address).await.json();
            page["ordinances"].as_array().unwrap().iter().for_each(|o| all += o["number"].as_str().unwrap());
            match page["next"].as_str() {
                Some(next) => address = next.replace("https://sit.example.it", ""),
                None => return all,
            }
        }
    };
    for (query, expected) in [
        ("limit=1", "12"),
        ("datetime=2026-08-10", "2"),
        ("datetime=2026-08-14", "12"),
        ("closure=total", "1"),
        ("datetime=2026-07-01", ""),
    ] {
        assert_eq!(numbers(query).await, expected, "{query}");
    }
    assert_eq!(scene.get(&Principal::anonymous(), "/public-works/ordinances/?closure=x").await.status, 400);
    let table = scene.get(&Principal::anonymous(), "/public-works/ordinances/?f=csv").await;
    assert_eq!(table.body.lines().count(), 3);
    let page = scene.page(&Principal::anonymous(), "/public-works/ordinances/?datetime=2026-08-14", "it").await;
    assert!(page.contains("Strada chiusa") && page.contains("non ancora in vigore") && page.contains("fino a revoca"), "{page}");
    let page = scene.page(&officer(OURS), "/public-works/ordinances/080901-2026-1", "en").await;
    assert!(page.contains("Revoke the ordinance") && page.contains("not in force yet"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_every_text_are_text_and_marks_that_turn_it_are_refused() {
    const EVIL: &str = "<script>alert(1)</script>";
    let scene = Scene::on("2026-08-10").await;
    let who = officer(OURS);
    for text in ["road", "diversion", "act", "number", "street"] {
        for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{0}b"] {
            let mut bad = closure("15");
            bad[text] = turned.into();
            let wrong = scene.post(&who, "/public-works/ordinances/", None, &bad).await.wrong();
            assert!(wrong.contains(&text.to_owned()), "{text} {turned:?}: {wrong:?}");
        }
    }
    let mut sly = closure("15");
    for text in ["road", "diversion", "act"] {
        sly[text] = EVIL.into();
    }
    let (address, _) = register(&scene, &sly).await;
    let extend = json!({"valid_to": "2026-08-20T12:00", "act": EVIL});
    assert_eq!(scene.post(&who, &format!("{address}/extend"), Some("*"), &extend).await.status, 200);
    for reader in [who, Principal::anonymous()] {
        for path in [address.as_str(), "/public-works/ordinances/"] {
            let page = scene.page(&reader, path, "it").await;
            assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"), "{path}");
        }
    }
}
