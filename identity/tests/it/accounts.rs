use http::Method;
use identity::NewAccount;
use kernel::{Assurance, Comuni, Principal, Role};
use serde_json::{Value, json};
use sqlx::Executor;
use uuid::Uuid;

use crate::scene::scene;

fn new(name: &str, email: &str) -> NewAccount {
    NewAccount { name: name.to_owned(), email: Some(email.to_owned()), role: Role::Officer, comuni: Comuni::none(), offices: [].into() }
}

#[tokio::test]
async fn names_and_addresses_are_kept_as_text_or_refused() {
    let scene = scene().await;
    let operator = Principal::operator();
    for name in ["Robert'); drop table identity.accounts; --", "<img src=x onerror=alert(1)>", "Ελένη 張偉 محمد", "{{7*7}}", "$1"]
    {
        let email = format!("{}@example.it", Uuid::new_v4());
        let (id, _) = scene.identity.invite(&operator, new(name, &email)).await.unwrap();
        let all = scene.identity.accounts(&operator, None).await.unwrap();
        assert_eq!(all.iter().find(|a| a.id == id).unwrap().name, name);
    }
    for name in ["", "a\0b", "a\u{202e}b", "x\r\ny", &"x".repeat(1 << 20)] {
        assert!(scene.identity.invite(&operator, new(name, "x@example.it")).await.is_err());
    }
    assert!(scene.identity.invite(&operator, new("Ada", "a@example.it\0")).await.is_err());
    assert!(scene.identity.invite(&operator, NewAccount { role: Role::Machine, ..new("Ada", "m@example.it") }).await.is_err());
    assert!(
        scene
            .identity
            .invite(&operator, NewAccount { comuni: Comuni::Only(["1,*".to_owned()].into()), ..new("Ada", "m@example.it") })
            .await
            .is_err()
    );
    scene.identity.invite(&operator, new("Ada", "ada@example.it")).await.unwrap();
    assert!(scene.identity.invite(&operator, new("Ada", "ADA@example.it")).await.is_err(), "one address, one account");
}

#[tokio::test]
async fn only_administrators_know_who_there_is() {
    let scene = scene().await;
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Administrator) {
        let who = Principal::known(role, Uuid::new_v4(), "x", Assurance::High).with_comuni(Comuni::All);
        assert!(scene.identity.accounts(&who, None).await.is_err(), "{role:?}");
        assert!(scene.identity.invite(&who, new("Ada", "ada@example.it")).await.is_err(), "{role:?}");
    }
    assert!(scene.sql("select from identity.accounts").await.is_empty());
}

/// What the server's own role can't do, whatever a hole elsewhere lets somebody say in SQL.
#[tokio::test]
async fn the_server_s_role_can_not_do_what_it_never_does() {
    let scene = scene().await;
    scene.invite("ada@example.it", Role::Officer).await;
    let mut app = scene.scratch.connection("opensit_app").await;
    for sql in [
        "delete from identity.accounts",
        "update identity.accounts set id = gen_random_uuid()",
        "update identity.accounts set demo = 'x'",
        "update identity.passkeys set account = gen_random_uuid()",
        "update identity.passkeys set static_state = ''",
        "update identity.sessions set account = gen_random_uuid()",
        "update identity.sessions set opened_at = now()",
        "update identity.links set expires_at = now()",
        "update identity.external set account = gen_random_uuid()",
        "truncate identity.sessions",
        "alter table identity.accounts add x text",
    ] {
        let error = app.execute(sql).await.expect_err(sql);
        assert_eq!(error.as_database_error().unwrap().code().as_deref(), Some("42501"), "{sql}: {error}");
    }
    let mut replication = scene.scratch.connection("opensit_replication").await;
    assert!(replication.execute("select from identity.accounts").await.is_err());
}

#[tokio::test]
async fn an_administrator_looks_after_people_over_http() {
    let scene = scene().await;
    let (boss, _, mut admin) = scene.member("boss@example.it", Role::Administrator).await;
    let wanted = json!({"name": "Ada", "email": "ada@example.it", "role": "officer", "comuni": ["080901"], "offices": ["tecnico"]});
    let made = admin.post("/admin/accounts", &wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let (id, href) = (made["id"].as_str().unwrap().to_owned(), made["link"]["href"].as_str().unwrap().to_owned());
    let mut ada = scene.browser();
    scene.redeem(&mut ada, href.rsplit('/').next().unwrap()).await;
    assert_eq!(ada.role().await, "officer");
    let list = admin.get("/admin/accounts").await.json();
    let expected = json!({"id": id, "name": "Ada", "email": "ada@example.it", "role": "officer", "comuni": ["080901"], "offices": ["tecnico"], "active": true, "demo": null});
    assert_eq!((&list["accounts"][0], list["accounts"].as_array().unwrap().len()), (&expected, 2));
    assert_eq!(admin.get(&format!("/admin/accounts?after={id}")).await.json()["accounts"][0]["id"], boss.to_string());
    let patch = |body: Value| (Method::PATCH, format!("/admin/accounts/{id}"), body.to_string());
    let (method, path, body) = patch(json!({"comuni": "*", "active": false}));
    let changed = admin.send(method, &path, "application/json", "application/json", body).await;
    assert_eq!((changed.status.as_u16(), changed.json()["comuni"].as_str()), (200, Some("*")), "{}", changed.text);
    assert_eq!(ada.role().await, "anonymous");
    assert_eq!(admin.post(&format!("/admin/accounts/{id}/recovery"), &json!({})).await.status, 404, "who may not sign in recovers nothing");
    let (method, path, body) = patch(json!({"active": true}));
    assert_eq!(admin.send(method, &path, "application/json", "application/json", body).await.status, 200);
    assert_eq!(admin.post(&format!("/admin/accounts/{id}/recovery"), &json!({})).await.status, 201);
    // to everybody else none of it is there, whether the account is or not
    let (_, _, mut officer) = scene.member("eva@example.it", Role::Planner).await;
    for browser in [&mut officer, &mut scene.browser()] {
        let (method, path, body) = patch(json!({"role": "administrator"}));
        let seen = [
            browser.get("/admin/accounts").await,
            browser.post("/admin/accounts", &wanted).await,
            browser.send(method, &path, "application/json", "application/json", body).await,
            browser.post(&format!("/admin/accounts/{}/recovery", Uuid::new_v4()), &json!({})).await,
            browser.post(&format!("/admin/accounts/{id}/recovery"), &json!({})).await,
        ];
        assert!(seen.iter().all(|a| a.status == 404 && a.text == seen[0].text), "{seen:?}");
    }
}
