use identity::NewAccount;
use kernel::{Assurance, Comuni, Principal, Role};
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
