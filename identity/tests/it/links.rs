use chrono::TimeDelta;
use kernel::{Principal, Role};
use serde_json::json;
use uuid::Uuid;

use crate::scene::{PASSWORD, scene};

#[tokio::test]
async fn a_link_is_looked_at_often_and_used_once() {
    let scene = scene().await;
    let (_, link) = scene.invite("ada@example.it", Role::Planner).await;
    let path = format!("/auth/link/{link}");
    let mut browser = scene.browser();
    for _ in 0..3 {
        let page = browser.page(&path).await;
        assert_eq!((page.status.as_u16(), page.headers["referrer-policy"].to_str().unwrap()), (200, "same-origin"));
        assert!(page.text.contains("<svg") && page.text.contains("Ada Lombardi") && page.text.contains("readonly"), "{}", page.text);
    }
    let offer = browser.get(&path).await.json();
    let secret = offer["totp"]["secret"].as_str().unwrap();
    let body = |password: &str, code: &str| json!({"password": password, "totp": offer["totp"]["sealed"], "code": code});
    assert_eq!(browser.post(&path, &body("passwordpassword", &scene.code(secret))).await.status, 400);
    assert_eq!(browser.post(&path, &body("short", &scene.code(secret))).await.status, 400);
    assert_eq!(browser.post(&path, &body(PASSWORD, "000000")).await.status, 400);
    // two at once: one is let in
    let (mut one, mut two) = (scene.browser(), scene.browser());
    let right = body(PASSWORD, &scene.code(secret));
    let (a, b) = tokio::join!(one.post(&path, &right), two.post(&path, &right));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 404]);
    assert_eq!(browser.post(&path, &right).await.status, 404);
    // used, never there, and no token at all look the same
    let gone = browser.get(&path).await;
    for other in ["A".repeat(43), "x".to_owned(), "%00".to_owned()] {
        let absent = browser.get(&format!("/auth/link/{other}")).await;
        assert_eq!((absent.status, &absent.text), (gone.status, &gone.text));
    }
}

#[tokio::test]
async fn an_authenticator_offered_to_one_link_is_not_taken_with_another() {
    let scene = scene().await;
    let (_, mine) = scene.invite("ada@example.it", Role::Planner).await;
    let (_, other) = scene.invite("eva@example.it", Role::Planner).await;
    let offer = scene.browser().get(&format!("/auth/link/{mine}")).await.json();
    let code = scene.code(offer["totp"]["secret"].as_str().unwrap());
    let body = json!({"password": PASSWORD, "totp": offer["totp"]["sealed"], "code": code});
    assert_eq!(scene.browser().post(&format!("/auth/link/{other}"), &body).await.status, 401);
    assert_eq!(scene.browser().post(&format!("/auth/link/{mine}"), &body).await.status, 200);
}

#[tokio::test]
async fn links_expire_and_the_newest_is_the_only_one() {
    let scene = scene().await;
    let operator = Principal::operator();
    let (id, link) = scene.invite("ada@example.it", Role::Planner).await;
    scene.turn(TimeDelta::days(7) + TimeDelta::seconds(1));
    assert_eq!(scene.browser().get(&format!("/auth/link/{link}")).await.status, 404);
    let first = scene.identity.recover(&operator, id).await.unwrap();
    let second = scene.identity.recover(&operator, id).await.unwrap();
    assert!(!format!("{second:?}").contains(&second.token().reveal()));
    assert_eq!(scene.browser().get(&format!("/auth/link/{}", first.token().reveal())).await.status, 404);
    assert_eq!(scene.browser().get(&format!("/auth/link/{}", second.token().reveal())).await.status, 200);
    scene.turn(TimeDelta::minutes(61));
    assert_eq!(scene.browser().get(&format!("/auth/link/{}", second.token().reveal())).await.status, 404);
    assert!(scene.identity.recover(&operator, Uuid::new_v4()).await.is_err());
    let officer = Principal::known(Role::Officer, id, "x", kernel::Assurance::High);
    assert!(scene.identity.recover(&officer, id).await.is_err());
}

#[tokio::test]
async fn recovery_takes_the_old_credentials_and_sessions_away_when_it_is_used() {
    let scene = scene().await;
    let (id, old, mut thief) = scene.member("ada@example.it", Role::Planner).await;
    let link = scene.identity.recover(&Principal::operator(), id).await.unwrap();
    assert_eq!(thief.role().await, "planner", "a link alone changes nothing");
    scene.turn(TimeDelta::minutes(1));
    let mut browser = scene.browser();
    let new = scene.redeem(&mut browser, &link.token().reveal()).await;
    assert_eq!((thief.role().await, browser.role().await), ("anonymous".to_owned(), "planner".to_owned()));
    scene.turn(TimeDelta::minutes(1));
    assert_eq!(scene.sign_in(&mut thief, "ada@example.it", &old).await.status, 401);
    assert_eq!(scene.sign_in(&mut thief, "ada@example.it", &new).await.status, 200);
}

#[tokio::test]
async fn the_first_administrator_has_a_link_until_there_is_one() {
    let scene = scene().await;
    let first = scene.identity.first_administrator().await.unwrap().unwrap();
    let link = scene.identity.first_administrator().await.unwrap().unwrap();
    assert_eq!(scene.sql("select from identity.accounts").await.len(), 1, "one account, however often it starts");
    assert_eq!(scene.browser().get(&format!("/auth/link/{}", first.token().reveal())).await.status, 404);
    assert!(link.reveal().starts_with("https://sit.example.it/auth/link/"));
    // it has no address yet: the page asks for one
    let path = format!("/auth/link/{}", link.token().reveal());
    let mut browser = scene.browser();
    let offer = browser.get(&path).await.json();
    let code = scene.code(offer["totp"]["secret"].as_str().unwrap());
    let mut body = json!({"password": PASSWORD, "totp": offer["totp"]["sealed"], "code": code});
    assert_eq!(browser.post(&path, &body).await.status, 400);
    body["email"] = "sindaco@example.it".into();
    assert_eq!(browser.post(&path, &body).await.status, 200);
    let me = browser.get("/auth/me").await.json();
    assert_eq!(
        (me["role"].as_str(), me["comuni"].as_str(), me["email"].as_str()),
        (Some("administrator"), Some("*"), Some("sindaco@example.it"))
    );
    assert!(scene.identity.first_administrator().await.unwrap().is_none());
}
