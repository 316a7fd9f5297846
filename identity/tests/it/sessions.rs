use chrono::TimeDelta;
use http::Method;
use kernel::{Principal, Role};
use serde_json::json;
use uuid::Uuid;

use crate::scene::{Browser, ORIGIN, scene, scene_at, service};

#[tokio::test]
async fn a_session_planted_before_signing_in_is_worth_nothing() {
    let scene = scene().await;
    let (_, secret, mut mallory) = scene.member("mallory@example.it", Role::Citizen).await;
    let (_, ada_secret, _) = scene.member("ada@example.it", Role::Administrator).await;
    scene.turn(TimeDelta::minutes(1));
    scene.sign_in(&mut mallory, "mallory@example.it", &secret).await;
    let planted = mallory.session().unwrap().to_owned();
    for planted in [planted.clone(), "A".repeat(43)] {
        scene.turn(TimeDelta::minutes(1));
        let mut victim = scene.browser();
        victim.cookies.insert("__Host-opensit".to_owned(), planted.clone());
        assert_eq!(scene.sign_in(&mut victim, "ada@example.it", &ada_secret).await.status, 200);
        assert_ne!(victim.session(), Some(planted.as_str()));
        let mut attacker = scene.browser();
        attacker.cookies.insert("__Host-opensit".to_owned(), planted);
        assert_ne!(attacker.role().await, "administrator");
    }
    // the session that the browser brought ended
    assert_eq!(mallory.role().await, "anonymous");
}

#[tokio::test]
async fn the_database_has_no_session_that_opens_anything() {
    let scene = scene().await;
    let (_, _, browser) = scene.member("ada@example.it", Role::Officer).await;
    let token = browser.session().unwrap();
    let dump = scene.sql("select s::text as row from identity.sessions s union all select l::text from identity.links l union all select a::text from identity.audit a").await;
    assert!(dump.len() >= 3 && !dump.iter().any(|row| row.to_string().contains(token)));
    let hash = scene.sql("select translate(encode(hash, 'base64'), '+/=', '-_') as hash from identity.sessions").await;
    let mut thief = scene.browser();
    thief.cookies.insert("__Host-opensit".to_owned(), hash[0]["hash"].as_str().unwrap().to_owned());
    assert_eq!(thief.role().await, "anonymous");
    assert_eq!(format!("{:?}", scene.identity), format!("Identity {{ origin: {ORIGIN:?}, .. }}"));
}

#[tokio::test]
async fn a_session_ends_unused_and_ends_anyway() {
    let scene = scene().await;
    let (_, _, mut browser) = scene.member("ada@example.it", Role::Officer).await;
    for _ in 0..20 {
        scene.turn(TimeDelta::hours(7));
        assert_eq!(browser.role().await, "officer", "used every seven hours");
    }
    scene.turn(TimeDelta::hours(8) + TimeDelta::seconds(1));
    assert_eq!(browser.role().await, "anonymous", "unused for eight");
    let (_, _, mut browser) = scene.member("eva@example.it", Role::Officer).await;
    for hour in (0..7 * 24).step_by(6) {
        assert_eq!(browser.role().await, "officer", "{hour}");
        scene.turn(TimeDelta::hours(6));
    }
    assert_eq!(browser.role().await, "anonymous", "after seven days");
    scene.identity.sweep().await.unwrap();
    assert!(scene.sql("select from identity.sessions").await.is_empty());
}

#[tokio::test]
async fn signing_out_ends_it_here_at_once_and_elsewhere_within_seconds() {
    let scene = scene().await;
    let (_, secret, mut phone) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut desk = scene.browser();
    scene.sign_in(&mut desk, "ada@example.it", &secret).await;
    // another process of the same installation, which has seen both
    let (_, other) = service(&scene.scratch, scene.clock.clone(), ORIGIN, false, Vec::new()).await;
    let there = |browser: &Browser| {
        let mut there = Browser::new(other.clone());
        there.cookies = browser.cookies.clone();
        there
    };
    let (mut phone_there, mut desk_there) = (there(&phone), there(&desk));
    assert_eq!((phone_there.role().await, desk_there.role().await), ("officer".to_owned(), "officer".to_owned()));
    let stolen = phone.cookies.clone();
    assert_eq!(phone.post("/auth/sign-out", &json!({})).await.status, 200);
    assert!(phone.cookies.is_empty());
    phone.cookies = stolen;
    assert_eq!(phone.role().await, "anonymous", "at once");
    scene.turn(TimeDelta::seconds(5));
    assert_eq!((phone_there.role().await, desk_there.role().await), ("anonymous".to_owned(), "officer".to_owned()), "in five seconds");
    let everywhere = desk.form("/auth/sign-out", &[("everywhere", "true")]).await;
    assert_eq!(everywhere.status, 303);
    scene.turn(TimeDelta::seconds(5));
    assert_eq!(desk_there.role().await, "anonymous");
    assert!(scene.sql("select from identity.sessions").await.is_empty());
    let log = scene.sql("select details from identity.audit where event = 'sign-out' order by entry").await;
    assert_eq!(log, [json!({"details": {}}), json!({"details": {"everywhere": true}})]);
}

#[tokio::test]
async fn one_sees_and_ends_one_s_own_sessions_alone() {
    let scene = scene().await;
    let (_, secret, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    let (_, _, mut eva) = scene.member("eva@example.it", Role::Administrator).await;
    scene.turn(TimeDelta::minutes(1));
    let mut second = scene.browser();
    scene.sign_in(&mut second, "ada@example.it", &secret).await;
    let mine = ada.get("/auth/sessions").await.json();
    let mine = mine["sessions"].as_array().unwrap();
    assert_eq!((mine.len(), mine[0]["current"].as_bool(), mine[1]["current"].as_bool()), (2, Some(false), Some(true)));
    assert_eq!(mine[0]["agent"], "Test/1.0");
    let foreign = eva.get("/auth/sessions").await.json()["sessions"][0]["id"].as_str().unwrap().to_owned();
    let absent = Uuid::new_v4().to_string();
    let mut answers = Vec::new();
    for id in [foreign.as_str(), absent.as_str(), "1", "' or true --"] {
        let path = format!("/auth/sessions/{}", percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC));
        let answer = ada.send(Method::DELETE, &path, "application/json", "", String::new()).await;
        answers.push((answer.status.as_u16(), answer.text));
    }
    assert_eq!(answers[0].0, 404);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    assert_eq!(eva.role().await, "administrator");
    let path = format!("/auth/sessions/{}", mine[0]["id"].as_str().unwrap());
    assert_eq!(ada.send(Method::DELETE, &path, "application/json", "", String::new()).await.status, 200);
    assert_eq!((second.role().await, ada.role().await), ("anonymous".to_owned(), "officer".to_owned()));
    assert_eq!(scene.browser().get("/auth/sessions").await.status, 401);
    assert!(ada.page("/auth/sessions").await.text.contains("Test/1.0"));
}

#[tokio::test]
async fn a_change_of_rights_ends_every_session() {
    let scene = scene().await;
    let (id, _, mut ada) = scene.member("ada@example.it", Role::Administrator).await;
    assert_eq!(ada.role().await, "administrator");
    let change = |json: serde_json::Value| serde_json::from_value::<identity::Change>(json).unwrap();
    let operator = Principal::operator();
    scene.identity.change(&operator, id, change(json!({"name": "Ada L."}))).await.unwrap();
    assert_eq!(ada.get("/auth/me").await.json()["name"], "Ada L.", "a name is no right");
    scene.identity.change(&operator, id, change(json!({"role": "citizen"}))).await.unwrap();
    assert_eq!(ada.role().await, "anonymous");
    let officer = Principal::known(Role::Officer, id, "x", kernel::Assurance::High);
    assert!(scene.identity.change(&officer, id, change(json!({"role": "administrator"}))).await.is_err());
    assert!(scene.identity.change(&operator, id, change(json!({"offices": ["a,b"]}))).await.is_err());
    assert!(scene.identity.change(&operator, id, change(json!({"role": "machine"}))).await.is_err());
    let themselves = Principal::known(Role::Administrator, id, "x", kernel::Assurance::High);
    assert!(scene.identity.change(&themselves, id, change(json!({"role": "officer"}))).await.is_err());
}

#[tokio::test]
async fn a_page_of_somebody_else_s_changes_nothing() {
    let scene = scene().await;
    let (_, _, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    for from in [
        Some(("cross-site", "https://evil.example")),
        Some(("same-site", "https://evil.example.it")),
        Some(("same-origin", "https://evil.example")),
        Some(("none", "null")),
        None,
    ] {
        ada.from = from;
        for path in ["/auth/sign-out", "/auth/password", "/auth/demo/planner", "/auth/passkey/begin", "/auth/link/x", "/things"] {
            let answer = ada.form(path, &[("everywhere", "true")]).await;
            assert_eq!(answer.status, 403, "{from:?} {path}");
            let answer = ada.post(path, &json!({"email": "a@b.it", "password": "x", "purpose": "sign-in"})).await;
            assert_eq!(answer.status, 403, "{from:?} {path}");
        }
    }
    ada.from = Some(("same-origin", ORIGIN));
    assert_eq!(ada.role().await, "officer");
    assert_eq!(ada.post("/things", &json!({})).await.status, 200);
    assert_eq!(ada.form("/things", &[("a", "b")]).await.status, 200, "our own pages have forms");
    assert_eq!(ada.form("/collections/things/items", &[("a", "b")]).await.status, 403, "but data are for programs, who send no forms");
    // without a cookie there is nothing to ride on
    let mut program = scene.browser();
    program.from = None;
    assert_eq!(program.form("/things", &[("a", "b")]).await.status, 200);
}

#[tokio::test]
async fn what_the_signed_in_see_is_kept_for_nobody_else() {
    let scene = scene().await;
    let (_, _, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    let seen = ada.get("/things").await;
    assert_eq!((seen.headers["cache-control"].to_str().unwrap(), seen.headers["vary"].to_str().unwrap()), ("private, no-cache", "cookie"));
    assert!(scene.browser().get("/things").await.headers.get("cache-control").is_none());
}

#[tokio::test]
async fn where_no_cookie_would_be_kept_nobody_signs_in_and_is_told_why() {
    let scene = scene_at("http://10.0.0.5:8080", true, |_| Vec::new()).await;
    let mut browser = scene.browser();
    browser.from = Some(("same-origin", "http://10.0.0.5:8080"));
    let page = browser.page("/auth/sign-in?lang=en").await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("http://10.0.0.5:8080") && page.text.contains("--public-url") && !page.text.contains("<form"),
        "{}",
        page.text
    );
    for path in ["/auth/password", "/auth/passkey/begin", "/auth/demo/planner", "/auth/totp"] {
        let answer = browser.post(path, &json!({"email": "a@b.it", "password": "x", "purpose": "sign-in", "code": "1"})).await;
        assert_eq!(answer.status, 403, "{path} {}", answer.text);
        assert!(answer.text.contains("without encryption"));
    }
    assert!(scene.identity.first_administrator().await.is_err());
    assert_eq!(browser.get("/auth/me").await.json()["can_sign_in"], false);
}

#[tokio::test]
async fn a_cookie_that_is_none_of_ours_is_nobody() {
    let scene = scene().await;
    for value in ["", "x", "' or 1=1 --", &"A".repeat(44), &"A".repeat(8000), "\"", "é"] {
        let mut browser = scene.browser();
        browser.cookies.insert("__Host-opensit".to_owned(), value.to_owned());
        assert_eq!(browser.role().await, "anonymous", "{value:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_away_makes_nobody_anonymous() {
    let scene = scene().await;
    let (_, _, mut ada) = scene.member("ada@example.it", Role::Officer).await;
    let mut conn = scene.scratch.connection("postgres").await;
    sqlx::raw_sql("revoke select on identity.sessions from opensit_app").execute(&mut conn).await.unwrap();
    scene.turn(TimeDelta::seconds(10));
    let answer = ada.get("/things").await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    assert_eq!(scene.browser().get("/things").await.status, 200);
}
