use chrono::TimeDelta;
use http::Method;
use kernel::Role;
use serde_json::json;

use crate::scene::{PASSWORD, code_at, scene};
use kernel::Clock;

#[tokio::test]
async fn password_then_code_then_a_session() {
    let scene = scene().await;
    let (id, secret, _) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut browser = scene.browser();
    let first = browser.form("/auth/password", &[("email", "ADA@example.it "), ("password", PASSWORD), ("next", "/collections")]).await;
    assert_eq!((first.status.as_u16(), first.location()), (303, "https://sit.example.it/auth/totp"));
    assert_eq!(browser.role().await, "anonymous", "a password alone is nobody");
    assert!(browser.session().is_none());
    let second = browser.form("/auth/totp", &[("code", &scene.code(&secret))]).await;
    assert_eq!((second.status.as_u16(), second.location()), (303, "https://sit.example.it/collections"));
    let me = browser.get("/auth/me").await;
    assert_eq!(me.headers["cache-control"], "no-store");
    let me = me.json();
    assert_eq!(
        (me["role"].as_str(), me["name"].as_str(), me["assurance"].as_str(), me["comuni"].clone(), me["id"].as_str()),
        (Some("officer"), Some("Ada Lombardi"), Some("substantial"), json!(["080901"]), Some(id.to_string().as_str()))
    );
    assert!(!browser.cookies.contains_key("__Host-opensit-flow"));
    let log = scene.sql("select event, via, details from identity.audit where event = 'sign-in' order by entry").await;
    assert_eq!(log.len(), 2);
    assert_eq!(log[1], json!({"event": "sign-in", "via": "session", "details": {"method": "password", "assurance": "substantial"}}));
}

#[tokio::test]
async fn a_code_is_good_once() {
    let scene = scene().await;
    let (_, secret, _) = scene.member("ada@example.it", Role::Officer).await;
    // the code that the link was redeemed with is used too
    let mut browser = scene.browser();
    assert_eq!(scene.sign_in(&mut browser, "ada@example.it", &secret).await.status, 401);
    scene.turn(TimeDelta::seconds(60));
    assert_eq!(scene.sign_in(&mut browser, "ada@example.it", &secret).await.status, 200);
    for back in [0, 30] {
        let mut thief = scene.browser();
        thief.post("/auth/password", &json!({"email": "ada@example.it", "password": PASSWORD})).await;
        let code = code_at(&secret, scene.clock.now() - TimeDelta::seconds(back));
        assert_eq!(thief.post("/auth/totp", &json!({"code": code})).await.status, 401, "{back} s back");
        assert!(thief.session().is_none());
    }
    // two at once with one code: one gets in
    scene.turn(TimeDelta::minutes(2));
    let (mut one, mut two) = (scene.browser(), scene.browser());
    let right = json!({"email": "ada@example.it", "password": PASSWORD});
    one.post("/auth/password", &right).await;
    two.post("/auth/password", &right).await;
    let code = json!({"code": scene.code(&secret)});
    let (a, b) = tokio::join!(one.post("/auth/totp", &code), two.post("/auth/totp", &code));
    let mut statuses = [a.status.as_u16(), b.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn nothing_tells_an_account_from_none() {
    let scene = scene().await;
    scene.member("ada@example.it", Role::Officer).await;
    let (invited, _) = scene.invite("invited@example.it", Role::Officer).await;
    assert!(!invited.is_nil());
    let mut answers = Vec::new();
    for email in [
        "ada@example.it",
        "invited@example.it",
        "nobody@example.it",
        "no address",
        "' or 1=1 --",
        "a\0b@example.it",
        "ada@example.it\u{202e}",
    ] {
        let mut browser = scene.browser();
        let answer = browser.post("/auth/password", &json!({"email": email, "password": "not the right one"})).await;
        let headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.status.as_u16(), headers, answer.text));
        assert!(browser.cookies.is_empty());
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // the log knows, and the log only
    let log = scene
        .sql("select details ->> 'account' is not null as known from identity.audit where event = 'sign-in-failed' order by entry")
        .await;
    assert_eq!(log.len(), 7);
    assert_eq!((&log[0], &log[2]), (&json!({"known": true}), &json!({"known": false})));
    // recovery asks the administrator: there is no address to ask with a mail address
    assert_eq!(scene.browser().post("/auth/recover", &json!({"email": "ada@example.it"})).await.status, 404);
}

/// The work is the same: an Argon2 comparison, done or not for somebody. Compared roughly, since a loaded machine is no judge.
#[tokio::test]
async fn an_unknown_account_costs_as_much_as_a_known_one() {
    let scene = scene().await;
    scene.member("ada@example.it", Role::Officer).await;
    let mut least = Vec::new();
    for email in ["ada@example.it", "nobody@example.it"] {
        let mut best = std::time::Duration::MAX;
        for _ in 0..4 {
            let begun = std::time::Instant::now();
            scene.browser().post("/auth/password", &json!({"email": email, "password": "not the right one"})).await;
            best = best.min(begun.elapsed());
        }
        least.push(best.as_secs_f64());
    }
    assert!(least[1] > least[0] / 3.0 && least[1] < least[0] * 3.0, "{least:?}");
}

#[tokio::test]
async fn guessing_is_stopped_for_known_and_unknown_accounts_alike() {
    let scene = scene().await;
    let (_, secret, _) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut statuses = Vec::new();
    for email in ["ada@example.it", "nobody@example.it"] {
        let tries = (0..12).map(|at| {
            let mut browser = scene.browser();
            browser.address = [192, 0, 2, at].into();
            async move { browser.post("/auth/password", &json!({"email": email, "password": "guess"})).await.status.as_u16() }
        });
        // all at once: none slips through between count and comparison
        let mut done = futures::future::join_all(tries).await;
        done.sort_unstable();
        statuses.push(done);
    }
    let expected = [[401; 10].as_slice(), &[429; 2]].concat();
    assert_eq!(statuses, [expected.clone(), expected]);
    let mut browser = scene.browser();
    let locked = browser.post("/auth/password", &json!({"email": "Ada@example.it", "password": PASSWORD})).await;
    assert_eq!(locked.status, 429);
    assert!(locked.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() <= 900);
    scene.turn(TimeDelta::minutes(16));
    assert_eq!(scene.sign_in(&mut browser, "ada@example.it", &secret).await.status, 200);
    assert!(
        scene.sql("select from identity.attempts where kind = 'account' and number > 10 and since > '2026-03-01T12:15Z'").await.is_empty()
    );
}

#[tokio::test]
async fn one_network_can_not_try_many_accounts() {
    let scene = scene().await;
    let mut refused = 0;
    for at in 0..64 {
        let answer = scene.browser().post("/auth/passkey/finish", &json!({"credential": {"n": at}})).await;
        assert_eq!(answer.status, 401, "nothing was begun");
        let link = scene.browser().get("/auth/link/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await;
        refused += u32::from(link.status == 429);
    }
    assert_eq!(refused, 4);
    let mut elsewhere = scene.browser();
    elsewhere.address = "2001:db8::1".parse().unwrap();
    assert_eq!(elsewhere.get("/auth/link/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").await.status, 404);
}

#[tokio::test]
async fn five_codes_and_the_password_is_asked_again() {
    let scene = scene().await;
    let (_, secret, _) = scene.member("ada@example.it", Role::Officer).await;
    scene.turn(TimeDelta::minutes(1));
    let mut browser = scene.browser();
    browser.post("/auth/password", &json!({"email": "ada@example.it", "password": PASSWORD})).await;
    for _ in 0..5 {
        assert_eq!(browser.post("/auth/totp", &json!({"code": "000000"})).await.status, 401);
    }
    assert_eq!(browser.post("/auth/totp", &json!({"code": scene.code(&secret)})).await.status, 401, "even the right one");
    // ten minutes after the password nobody may go on from it
    let mut late = scene.browser();
    scene.turn(TimeDelta::minutes(20));
    late.post("/auth/password", &json!({"email": "ada@example.it", "password": PASSWORD})).await;
    scene.turn(TimeDelta::minutes(11));
    assert_eq!(late.post("/auth/totp", &json!({"code": scene.code(&secret)})).await.status, 401);
}

#[tokio::test]
async fn what_is_no_request_of_ours_is_refused_in_little_time() {
    let scene = scene().await;
    let long = "x".repeat(1 << 20);
    let mut browser = scene.browser();
    assert_eq!(browser.post("/auth/password", &json!({"email": long, "password": "x"})).await.status, 413);
    assert_eq!(browser.post("/auth/password", &json!({"email": "a@b.it", "password": "x".repeat(60_000)})).await.status, 401);
    for (kind, body) in [
        ("application/json", "{\"email\": \"a\""),
        ("application/json", "[]"),
        ("application/json", "{\"email\": 1, \"password\": {}}"),
        ("text/plain", "{\"email\": \"a@b.it\", \"password\": \"x\"}"),
        ("multipart/form-data; boundary=x", "--x--"),
        ("application/x-www-form-urlencoded", "email=a%40b.it&email=c%40d.it&password=x"),
        ("", ""),
    ] {
        let answer = browser.send(Method::POST, "/auth/password", "application/json", kind, body.to_owned()).await;
        assert_eq!(answer.status, 400, "{kind} {body}");
        assert!(!answer.text.contains("a@b.it"), "what was sent is not sent back");
    }
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    assert_eq!(browser.send(Method::POST, "/auth/password", "application/json", "application/json", deep).await.status, 400);
}

#[tokio::test]
async fn the_pages_say_what_was_wrong_and_carry_no_script_or_style() {
    let scene = scene().await;
    let mut browser = scene.browser();
    let page = browser.page("/auth/sign-in?next=/collections&lang=en").await;
    assert_eq!((page.status.as_u16(), page.headers["content-type"].to_str().unwrap()), (200, "text/html; charset=utf-8"));
    assert!(
        page.text.contains("lang=\"en\"")
            && page.text.contains("value=\"/collections\"")
            && page.text.contains("autocomplete=\"current-password\"")
    );
    assert!(!page.text.contains("style=") && !page.text.contains("onclick") && !page.text.contains("<style"), "{}", page.text);
    let wrong = browser.form("/auth/password?lang=it", &[("email", "<script>alert(1)</script>@x.it"), ("password", "no")]).await;
    assert_eq!(wrong.status, 401);
    assert!(
        wrong.text.contains("role=\"alert\"") && wrong.text.contains("non sono giusti") && !wrong.text.contains("<script>alert"),
        "{}",
        wrong.text
    );
    assert!(page.text.contains("/auth/sign-in?next=%2Fcollections&amp;lang=it"), "the same page in the other language");
    assert!(wrong.text.contains("/auth/sign-in?lang=en"), "and of a form's answer the page that it came from");
    for file in page.text.split('"').filter(|part| part.contains("/auth/static/")) {
        let path = file.trim_start_matches(crate::scene::ORIGIN).split('?').next().unwrap();
        let file = browser.page(path).await;
        assert_eq!(
            (file.status.as_u16(), file.headers["cache-control"].to_str().unwrap()),
            (200, "public, max-age=31536000, immutable"),
            "{path}"
        );
    }
    assert_eq!(browser.page("/auth/static/auth.js").await.status, 404);
    assert_eq!(browser.page("/auth/static/..%2f..%2fCargo.toml").await.status, 404);
}
