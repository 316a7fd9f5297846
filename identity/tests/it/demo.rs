use serde_json::json;

use crate::scene::{ORIGIN, scene, scene_at, service};

#[tokio::test]
async fn in_the_demo_one_click_is_one_of_five() {
    let scene = scene_at(ORIGIN, true, |_| Vec::new()).await;
    let mut browser = scene.browser();
    let people = browser.get("/auth/me").await.json()["demo"].as_array().unwrap().clone();
    assert_eq!(people.len(), 5);
    assert!(browser.page("/auth/sign-in").await.text.contains("Elena Barone"));
    let mut seen = Vec::new();
    for person in &people {
        let path = person["href"].as_str().unwrap().trim_start_matches(ORIGIN);
        let entered = browser.form(path, &[("next", "/portal/?x=1")]).await;
        assert_eq!((entered.status.as_u16(), entered.location()), (303, "https://sit.example.it/portal/?x=1"));
        let me = browser.get("/auth/me").await.json();
        assert_eq!(me["name"], person["name"]);
        seen.push((me["role"].as_str().unwrap().to_owned(), me["comuni"].clone(), me["assurance"].as_str().unwrap().to_owned()));
    }
    let expect = |role: &str, comuni| (role.to_owned(), comuni, "low".to_owned());
    assert_eq!(
        seen,
        [
            expect("planner", json!(["080901"])),
            expect("officer", json!(["080901"])),
            expect("officer", json!(["080902"])),
            expect("citizen", json!([])),
            expect("administrator", json!("*"))
        ]
    );
    assert_eq!(scene.sql("select from identity.sessions").await.len(), 1, "each click ended the one before");
    // two visitors at once
    let (mut one, mut two) = (scene.browser(), scene.browser());
    let nothing = json!({});
    let (a, b) = tokio::join!(one.post("/auth/demo/citizen", &nothing), two.post("/auth/demo/citizen", &nothing));
    assert_eq!((a.status.as_u16(), b.status.as_u16()), (200, 200));
    assert_eq!(one.post("/auth/passkey/begin", &json!({"purpose": "new"})).await.status, 404, "nobody can make a demo person their own");
    // the same database, served otherwise: nobody of the demo is anybody
    let (_, served) = service(&scene.scratch, scene.clock.clone(), ORIGIN, false, Vec::new()).await;
    let mut other = crate::scene::Browser::new(served);
    other.cookies = browser.cookies.clone();
    assert_eq!(other.role().await, "anonymous");
}

#[tokio::test]
async fn outside_the_demo_there_is_nobody_to_enter_as() {
    let scene = scene().await;
    let mut browser = scene.browser();
    for person in ["planner", "administrator", "nobody"] {
        assert_eq!(browser.post(&format!("/auth/demo/{person}"), &json!({})).await.status, 404);
    }
    assert_eq!(browser.get("/auth/me").await.json()["demo"], json!([]));
    assert!(!browser.page("/auth/sign-in").await.text.contains("Elena"));
    assert!(scene.sql("select from identity.accounts").await.is_empty());
}
