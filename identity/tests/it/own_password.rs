use chrono::TimeDelta;
use http::Method;
use kernel::Role;
use serde_json::{Value, json};

use crate::scene::{Browser, ORIGIN, PASSWORD, Scene, scene, scene_at};

const NEW: &str = "lanterna pioggia ventaglio orso";
const CHANGE: &str = "/auth/password/change";

/// What somebody sends who changes [`PASSWORD`] to [`NEW`] with the code of now.
fn wish(scene: &Scene, secret: &str) -> Value {
    json!({"current": PASSWORD, "new": NEW, "code": scene.code(secret)})
}

async fn first_step(browser: &mut Browser, password: &str) -> u16 {
    browser.post("/auth/password", &json!({"email": "ada@example.it", "password": password})).await.status.as_u16()
}

#[tokio::test]
async fn another_password_ends_every_other_session_and_this_one_goes_on_under_a_new_cookie() {
    let scene = scene().await;
    let (id, secret, mut desk) = scene.member("ada@example.it", Role::Officer).await;
    let (_, _, mut eva) = scene.member("eva@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut phone = scene.browser();
    scene.sign_in(&mut phone, "ada@example.it", &secret).await;
    // somebody who knows the old password and waits for a code
    let mut halfway = scene.browser();
    assert_eq!(first_step(&mut halfway, PASSWORD).await, 200);
    assert_eq!(desk.get("/auth/me").await.json()["links"]["password"], format!("{ORIGIN}{CHANGE}"));

    scene.turn(TimeDelta::minutes(1));
    let old = desk.clone();
    let changed = desk.post(CHANGE, &wish(&scene, &secret)).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_ne!(desk.session(), old.session());
    let mut stale = old;
    assert_eq!(
        [desk.role().await, stale.role().await, phone.role().await, eva.role().await],
        ["officer", "anonymous", "anonymous", "officer"].map(str::to_owned)
    );
    assert_eq!(
        scene
            .sql("select from identity.sessions where account = (select id from identity.accounts where email = 'ada@example.it')")
            .await
            .len(),
        1
    );

    scene.turn(TimeDelta::minutes(1));
    let late = halfway.post("/auth/totp", &json!({"code": scene.code(&secret)})).await;
    assert_eq!(late.status, 401, "what was begun with the old password ends with it");
    assert_eq!((first_step(&mut phone, PASSWORD).await, first_step(&mut phone, NEW).await), (401, 200));
    assert_eq!(phone.post("/auth/totp", &json!({"code": scene.code(&secret)})).await.status, 200, "the app is the same");
    let log = scene.sql("select subject, via, event from identity.audit where details ->> 'act' = 'change password'").await;
    assert_eq!(log, [json!({"subject": id, "via": "session", "event": "administer"})]);
    assert!(scene.sql("select from identity.passwords where phc not like '$argon2id$%' or changed_at <> '2026-03-01T12:02Z' and account = (select id from identity.accounts where email = 'ada@example.it')").await.is_empty());
}

#[tokio::test]
async fn a_session_alone_changes_nothing() {
    let scene = scene().await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let wish = wish(&scene, &secret);
    let with = |name: &str, value: &str| {
        let mut wish = wish.clone();
        wish[name] = value.into();
        wish
    };
    assert_eq!(scene.browser().post(CHANGE, &wish).await.status, 401, "nobody");
    for (what, wish, status) in [
        ("a short one", with("new", "short"), 400),
        ("one that anybody tries", with("new", "passwordpassword"), 400),
        ("one made of their name", with("new", "adalombardi2026"), 400),
        ("the same", with("new", PASSWORD), 400),
        ("another's password", with("current", "not the right one"), 401),
        ("no code", with("code", "000000"), 401),
        ("half of it", json!({"current": PASSWORD, "new": NEW}), 400),
    ] {
        let answer = ada.post(CHANGE, &wish).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
        assert!(!answer.text.contains(PASSWORD) && !answer.text.contains(NEW), "{what}");
    }
    // which of the two was wrong is not told
    let wrong = [with("current", "not the right one"), with("code", "000000")];
    let texts = [ada.post(CHANGE, &wrong[0]).await.text, ada.post(CHANGE, &wrong[1]).await.text];
    assert_eq!(texts[0], texts[1]);
    assert!(ada.post(&format!("{CHANGE}?lang=it"), &wrong[0]).await.text.contains("non sono giusti"));
    let mut foreign = ada.clone();
    foreign.from = Some(("cross-site", "https://evil.example"));
    assert_eq!(foreign.post(CHANGE, &wish).await.status, 403);
    assert_eq!(ada.send(Method::PUT, CHANGE, "application/json", "application/json", wish.to_string()).await.status, 405);
    assert_eq!(ada.role().await, "officer");
    assert!(scene.sql("select from identity.audit where details ->> 'act' = 'change password'").await.is_empty());
    assert_eq!(ada.post(CHANGE, &wish).await.status, 200, "and the code of all those attempts is still good");
    // but once
    scene.turn(TimeDelta::seconds(1));
    let back = json!({"current": NEW, "new": PASSWORD, "code": wish["code"]});
    assert_eq!(ada.post(CHANGE, &back).await.status, 401);
}

#[tokio::test]
async fn guessing_the_old_one_counts_as_signing_in_does() {
    let scene = scene().await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let guess = json!({"current": "guess", "new": NEW, "code": scene.code(&secret)});
    for _ in 0..10 {
        assert_eq!(ada.post(CHANGE, &guess).await.status, 401);
    }
    assert_eq!(ada.post(CHANGE, &wish(&scene, &secret)).await.status, 429, "even the right one");
    assert_eq!(first_step(&mut scene.browser(), PASSWORD).await, 429);
    let failed = scene.sql("select from identity.audit where event = 'sign-in-failed' and details ->> 'account' is not null").await;
    assert_eq!(failed.len(), 10);
}

#[tokio::test]
async fn of_two_who_change_it_at_once_one_does() {
    let scene = scene().await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut other = ada.clone();
    let wish = wish(&scene, &secret);
    let (a, b) = tokio::join!(ada.post(CHANGE, &wish), other.post(CHANGE, &wish));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn the_page_does_without_a_script_and_the_invented_have_none() {
    let scene = scene().await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    assert!(ada.page("/auth/sessions?lang=en").await.text.contains("/auth/password/change?lang=en"));
    let page = ada.page(&format!("{CHANGE}?lang=en")).await;
    assert!(page.text.contains("ada@example.it") && page.text.contains("autocomplete=\"new-password\""), "{}", page.text);
    let code = scene.code(&secret);
    let wrong = ada.form(CHANGE, &[("current", PASSWORD), ("new", "short"), ("code", &code)]).await;
    assert!(wrong.status == 400 && wrong.text.contains("role=\"alert\"") && wrong.text.contains("12 caratteri"), "{}", wrong.text);
    assert!(!wrong.text.contains(PASSWORD), "what was typed is not sent back");
    let done = ada.form(CHANGE, &[("current", PASSWORD), ("new", NEW), ("code", &code)]).await;
    assert_eq!((done.status.as_u16(), done.location()), (303, "https://sit.example.it/auth/sessions"));

    let demo = scene_at(ORIGIN, true, |_| Vec::new()).await;
    let mut planner = demo.browser();
    assert_eq!(planner.post("/auth/demo/planner", &json!({})).await.status, 200);
    assert_eq!(planner.get("/auth/me").await.json()["password"], false);
    assert_eq!(planner.get(CHANGE).await.status, 404);
    assert_eq!(planner.post(CHANGE, &wish(&scene, &secret)).await.status, 401, "there is no password to be right about");
}
