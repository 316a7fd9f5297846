use chrono::TimeDelta;
use http::Method;
use kernel::Role;
use serde_json::json;

use crate::authenticator::Authenticator;
use crate::scene::{Answer, Browser, PASSWORD, Scene, scene, scene_at};

/// What somebody does to an authenticator.
type Spoil = fn(&mut Authenticator);

/// Makes a passkey; by a link, or for who is signed in.
async fn make(browser: &mut Browser, key: &mut Authenticator, link: Option<&str>) -> Answer {
    let begun = browser.post("/auth/passkey/begin", &json!({"purpose": "new", "link": link})).await;
    if begun.status != 200 {
        return begun;
    }
    // what many an authenticator has not must not be asked for
    assert_eq!(begun.json()["publicKey"]["extensions"].as_object().map_or(0, serde_json::Map::len), 0, "{}", begun.text);
    let made = key.create(&begun.json()["publicKey"]);
    browser.post("/auth/passkey/finish", &json!({"credential": made, "name": "Telefono"})).await
}

async fn enter(browser: &mut Browser, key: &mut Authenticator) -> Answer {
    let begun = browser.post("/auth/passkey/begin", &json!({"purpose": "sign-in", "next": "/collections"})).await;
    assert_eq!(begun.status, 200, "{}", begun.text);
    let answer = key.get(&begun.json()["publicKey"]);
    browser.post("/auth/passkey/finish", &json!({"credential": answer})).await
}

async fn invited(scene: &Scene) -> (Browser, Authenticator) {
    let (_, link) = scene.invite("ada@example.it", Role::Planner).await;
    let (mut browser, mut key) = (scene.browser(), Authenticator::new(1));
    let made = make(&mut browser, &mut key, Some(&link)).await;
    assert_eq!(made.status, 200, "{}", made.text);
    assert_eq!(make(&mut scene.browser(), &mut Authenticator::new(9), Some(&link)).await.status, 404, "the link is used up");
    (browser, key)
}

#[tokio::test]
async fn a_passkey_is_made_by_a_link_and_signs_in() {
    let scene = scene().await;
    let (mut browser, mut key) = invited(&scene).await;
    assert_eq!(browser.role().await, "planner");
    let mut desk = scene.browser();
    let entered = enter(&mut desk, &mut key).await;
    assert_eq!(
        (entered.status.as_u16(), entered.json()["href"].as_str()),
        (200, Some("https://sit.example.it/collections")),
        "{}",
        entered.text
    );
    let me = desk.get("/auth/me").await.json();
    assert_eq!((me["role"].as_str(), me["assurance"].as_str()), (Some("planner"), Some("substantial")));
    // the account's own random id is all that the authenticator learns of it
    assert_eq!(key.user.len(), 16);
}

#[tokio::test]
async fn what_does_not_hold_lets_nobody_in() {
    let scene = scene().await;
    let (_, mut key) = invited(&scene).await;
    enter(&mut scene.browser(), &mut key).await;
    let spoil: [(&str, Spoil); 7] = [
        ("another key", |k| *k = Authenticator { id: k.id.clone(), user: k.user.clone(), count: 9, ..Authenticator::new(2) }),
        ("a page of somebody else's", |k| k.origin = "https://sit.example.it.evil.example".to_owned()),
        ("http", |k| k.origin = "http://sit.example.it".to_owned()),
        ("another domain", |k| k.domain = "example.it".to_owned()),
        ("nobody was verified", |k| k.verified = false),
        ("another's account", |k| k.user = vec![7; 16]),
        ("a copy of it is in use", |k| k.count = 0),
    ];
    for (what, spoil) in spoil {
        let mut bad = Authenticator { id: key.id.clone(), user: key.user.clone(), count: key.count, ..Authenticator::new(1) };
        spoil(&mut bad);
        let mut browser = scene.browser();
        let answer = enter(&mut browser, &mut bad).await;
        assert_eq!(answer.status, 401, "{what}: {}", answer.text);
        assert!(browser.session().is_none());
    }
    let unknown = enter(&mut scene.browser(), &mut Authenticator { user: vec![7; 16], ..Authenticator::new(3) }).await;
    assert_eq!(unknown.status, 401);
    assert_eq!(enter(&mut scene.browser(), &mut key).await.status, 200, "and the sound one does");
}

#[tokio::test]
async fn an_answer_is_used_once_by_the_browser_that_was_asked() {
    let scene = scene().await;
    let (_, mut key) = invited(&scene).await;
    let mut browser = scene.browser();
    let begun = browser.post("/auth/passkey/begin", &json!({"purpose": "sign-in"})).await.json();
    let answer = json!({"credential": key.get(&begun["publicKey"])});
    let mut thief = scene.browser();
    assert_eq!(thief.post("/auth/passkey/finish", &answer).await.status, 401, "another browser");
    thief.post("/auth/passkey/begin", &json!({"purpose": "sign-in"})).await;
    assert_eq!(thief.post("/auth/passkey/finish", &answer).await.status, 401, "another challenge");
    let flow = browser.cookies.clone();
    assert_eq!(browser.post("/auth/passkey/finish", &answer).await.status, 200);
    thief.cookies = flow;
    assert_eq!(thief.post("/auth/passkey/finish", &answer).await.status, 401, "a second time");
    // an answer to one ceremony is none to another
    let begun = browser.post("/auth/passkey/begin", &json!({"purpose": "new"})).await.json();
    let wrong = json!({"credential": key.get(&begun["publicKey"])});
    assert_eq!(browser.post("/auth/passkey/finish", &wrong).await.status, 401);
    for junk in [
        json!({}),
        json!({"credential": null}),
        json!({"credential": {"id": "x".repeat(40_000)}}),
        json!({"credential": {"response": {"attestationObject": "o2"}}}),
    ] {
        browser.post("/auth/passkey/begin", &json!({"purpose": "sign-in"})).await;
        assert!(browser.post("/auth/passkey/finish", &junk).await.status.is_client_error());
    }
}

#[tokio::test]
async fn a_second_passkey_renews_the_session_and_the_last_way_in_stays() {
    let scene = scene().await;
    let (mut browser, mut first) = invited(&scene).await;
    let mut desk = scene.browser();
    enter(&mut desk, &mut first).await;
    let before = browser.session().unwrap().to_owned();
    let mut second = Authenticator::new(2);
    scene.turn(TimeDelta::minutes(1));
    assert_eq!(make(&mut browser, &mut second, None).await.status, 200);
    assert_ne!(browser.session(), Some(before.as_str()), "a new session");
    assert_eq!((browser.role().await, desk.role().await), ("planner".to_owned(), "anonymous".to_owned()));
    let mut old = scene.browser();
    old.cookies.insert("__Host-opensit".to_owned(), before);
    assert_eq!(old.role().await, "anonymous");
    assert_eq!(make(&mut browser, &mut second, None).await.status, 400, "it is there already");
    assert_eq!(make(&mut scene.browser(), &mut Authenticator::new(5), None).await.status, 401, "nobody is signed in");
    let passkeys = browser.get("/auth/sessions").await.json()["passkeys"].as_array().unwrap().clone();
    assert_eq!((passkeys.len(), passkeys[0]["name"].as_str()), (2, Some("Telefono")));
    let remove = |at: usize| format!("/auth/passkeys/{}", passkeys[at]["id"].as_str().unwrap());
    let (_, _, mut stranger) = scene.member("eva@example.it", Role::Administrator).await;
    assert_eq!(stranger.send(Method::DELETE, &remove(0), "", "", String::new()).await.status, 404);
    assert_eq!(browser.send(Method::DELETE, &remove(0), "", "", String::new()).await.status, 200);
    assert_eq!(browser.send(Method::DELETE, &remove(1), "", "", String::new()).await.status, 400, "the last one");
    scene.turn(TimeDelta::minutes(1));
    assert_eq!(enter(&mut scene.browser(), &mut first).await.status, 401, "removed");
    assert_eq!(enter(&mut scene.browser(), &mut second).await.status, 200);
}

#[tokio::test]
async fn an_address_without_a_name_has_no_passkeys_and_localhost_has() {
    let scene = scene_at("http://127.0.0.1:8080", false, |_| Vec::new()).await;
    let mut browser = scene.browser();
    browser.from = Some(("same-origin", "http://127.0.0.1:8080"));
    assert_eq!(browser.post("/auth/passkey/begin", &json!({"purpose": "sign-in"})).await.status, 400);
    assert!(!browser.page("/auth/sign-in").await.text.contains("data-passkey"));
    let scene = scene_at("http://localhost:8080", false, |_| Vec::new()).await;
    let (_, link) = scene.invite("ada@example.it", Role::Planner).await;
    let mut browser = scene.browser();
    browser.from = Some(("same-origin", "http://localhost:8080"));
    let mut key = Authenticator { origin: "http://localhost:8080".to_owned(), domain: "localhost".to_owned(), ..Authenticator::new(1) };
    let made = make(&mut browser, &mut key, Some(&link)).await;
    assert_eq!(made.status, 200, "{}", made.text);
}

const NEW_PASSWORD: &str = "/auth/password/new";

/// A password with the app that is offered, and the app's secret.
async fn offered(scene: &Scene, browser: &mut Browser) -> (serde_json::Value, String) {
    let offer = browser.get(NEW_PASSWORD).await;
    assert_eq!(offer.status, 200, "{}", offer.text);
    let offer = offer.json();
    let secret = offer["totp"]["secret"].as_str().unwrap().to_owned();
    (json!({"password": PASSWORD, "totp": offer["totp"]["sealed"], "code": scene.code(&secret)}), secret)
}

#[tokio::test]
async fn who_has_just_come_with_a_passkey_may_choose_a_password_beside_it() {
    let scene = scene().await;
    let (mut desk, mut key) = invited(&scene).await;
    let mut phone = scene.browser();
    enter(&mut phone, &mut key).await;
    assert_eq!(phone.get("/auth/me").await.json()["links"]["password"], "https://sit.example.it/auth/password/new");
    assert!(phone.page("/auth/sessions").await.text.contains("Aggiungi una password"));
    assert!(phone.page(NEW_PASSWORD).await.text.contains("<svg"));
    let (wish, secret) = offered(&scene, &mut phone).await;
    for (name, value) in [("password", "passwordpassword"), ("code", "000000")] {
        let mut wrong = wish.clone();
        wrong[name] = value.into();
        assert_eq!(phone.post(NEW_PASSWORD, &wrong).await.status, 400, "{name}");
    }
    assert_eq!(scene.browser().post(NEW_PASSWORD, &wish).await.status, 401, "nobody");
    let before = phone.clone();
    let added = phone.post(NEW_PASSWORD, &wish).await;
    assert_eq!(added.status, 200, "{}", added.text);
    assert_ne!(phone.session(), before.session());
    assert_eq!((phone.role().await, desk.role().await), ("planner".to_owned(), "anonymous".to_owned()), "the other session ended");
    assert_eq!(phone.post(NEW_PASSWORD, &wish).await.status, 404, "once");
    let log = scene.sql("select via from identity.audit where details ->> 'act' = 'add password'").await;
    assert_eq!(log, [json!({"via": "session"})]);
    scene.turn(TimeDelta::minutes(1));
    assert_eq!(scene.sign_in(&mut desk, "ada@example.it", &secret).await.status, 200);
    assert_eq!(enter(&mut scene.browser(), &mut key).await.status, 200, "and the passkey stays");
}

#[tokio::test]
async fn a_session_that_is_old_or_somebody_else_s_offer_makes_no_password() {
    let scene = scene().await;
    let (mut ada, mut key) = invited(&scene).await;
    let (wish, _) = offered(&scene, &mut ada).await;
    let (_, link) = scene.invite("eva@example.it", Role::Planner).await;
    let (mut eva, mut her_key) = (scene.browser(), Authenticator::new(3));
    make(&mut eva, &mut her_key, Some(&link)).await;
    assert_eq!(eva.post(NEW_PASSWORD, &wish).await.status, 401, "the app was offered to somebody else");
    scene.turn(TimeDelta::minutes(11));
    for answer in [ada.get(NEW_PASSWORD).await, ada.post(NEW_PASSWORD, &wish).await] {
        assert_eq!(answer.status, 401);
        assert!(answer.text.contains("sign in again"), "{}", answer.text);
    }
    assert_eq!(enter(&mut ada, &mut key).await.status, 200);
    assert_eq!(ada.get(NEW_PASSWORD).await.status, 200);
    // who has a password changes it with it, and is offered no other app
    let (_, secret, mut member) = scene.member("ivo@example.it", Role::Officer).await;
    assert!(!secret.is_empty());
    assert_eq!(member.get(NEW_PASSWORD).await.status, 404);
    // an account without an address has nothing to sign in with
    sqlx::raw_sql("update identity.accounts set email = null where email = 'ada@example.it'")
        .execute(&mut scene.scratch.connection("postgres").await)
        .await
        .unwrap();
    scene.turn(TimeDelta::seconds(6));
    assert_eq!(ada.get(NEW_PASSWORD).await.status, 404);
}
