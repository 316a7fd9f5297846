//! The audit log on a real database: writers that do not wait, one sealer, and whoever tampers is found.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on fails")]

use std::process::{Command, Stdio};

use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use identity::audit::{self, Action, Break, Event, Head, Pages, Sealer, export, verify};
use kernel::{Assurance, Database, LayerId, Principal, Role};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor};
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

fn officer(n: u128) -> Principal {
    Principal::known(Role::Officer, Uuid::from_u128(n + 1), format!("Officer {n}"), Assurance::Low)
}

async fn act(database: &Database, who: &Principal, id: &str, commit: bool) {
    let layer = LayerId::new("parcels").unwrap();
    let mut transaction = database.write(who).await.unwrap();
    let event = Event::new(Action::Update).of(&layer, Some(7), id).details(json!({"fields": ["name"]})).request(Some("r-1"));
    audit::record(&mut transaction, who, event).await.unwrap();
    if commit { transaction.commit().await.unwrap() } else { transaction.rollback().await.unwrap() }
}

/// Seals until so many more are sealed: the databases of other tests share the cluster's transactions, and any that writes there
/// has to end first.
async fn seal(database: &Database, number: u64) {
    let mut sealed = 0;
    for _ in 0..2000 {
        sealed += Sealer::new(database.clone()).seal().await.unwrap();
        if sealed >= number {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(sealed, number);
}

/// A log of so many sealed entries.
async fn sealed(scratch: &Scratch, number: usize) -> Database {
    let database = scratch.database().await;
    for n in 0..number {
        act(&database, &officer(0), &format!("p{n}"), true).await;
    }
    seal(&database, number as u64).await;
    database
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_writers_and_three_sealers_make_one_chain() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let sealers: Vec<_> = (0..3)
        .map(|_| {
            let sealer = Sealer::new(database.clone());
            tokio::spawn(async move {
                for _ in 0..60 {
                    sealer.seal().await.unwrap();
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
            })
        })
        .collect();
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let database = database.clone();
            tokio::spawn(async move {
                for n in 0..40 {
                    // every fifth is given up: a gap among the entries, none in the chain
                    act(&database, &officer(writer), &format!("{writer}-{n}"), n % 5 != 0).await;
                }
            })
        })
        .collect();
    for task in writers.into_iter().chain(sealers) {
        task.await.unwrap();
    }
    let mut owner = scratch.connection("opensit_owner").await;
    let left = verify(&mut owner, None).await.unwrap().unsealed;
    seal(&database, left as u64).await;
    let report = verify(&mut owner, None).await.unwrap();
    assert_eq!((report.broken, report.head.seal, report.unsealed), (None, 8 * 32, 0));
    // each writer's own entries are in the order in which they were written
    let disordered: i64 = sqlx::query_scalar(
        "select count(*) from identity.audit a join identity.audit b on a.subject = b.subject and a.entry < b.entry and a.seal > b.seal",
    )
    .fetch_one(&mut owner)
    .await
    .unwrap();
    assert_eq!(disordered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sealed_before_an_older_transaction_that_may_still_commit() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let sealer = Sealer::new(database.clone());
    let mut slow = database.write(&officer(1)).await.unwrap();
    audit::record(&mut slow, &officer(1), Event::new(Action::SignIn)).await.unwrap();
    act(&database, &officer(2), "quick", true).await;
    assert_eq!(sealer.seal().await.unwrap(), 0);
    let mut owner = scratch.connection("opensit_owner").await;
    let report = verify(&mut owner, None).await.unwrap();
    assert_eq!((report.broken, report.unsealed), (None, 1));
    assert!(report.unsealed_since.is_some());
    slow.commit().await.unwrap();
    seal(&database, 2).await;
    let first: String = sqlx::query_scalar("select event from identity.audit where seal = 1").fetch_one(&mut owner).await.unwrap();
    assert_eq!(first, "sign-in", "the older transaction comes first");
}

/// The body of the process that the test below kills; by itself it is no test.
#[tokio::test]
#[ignore = "a process of its own, started and killed by `writers_and_sealers_that_are_killed_leave_a_whole_chain`"]
async fn writer_to_be_killed() {
    let mut url = String::new();
    std::io::stdin().read_line(&mut url).unwrap();
    let database = Database::new(sqlx::PgPool::connect(url.trim()).await.unwrap());
    let sealer = Sealer::new(database.clone());
    tokio::spawn(async move {
        loop {
            let _ = sealer.seal().await;
        }
    });
    for n in 0_u64.. {
        act(&database, &officer(0), &n.to_string(), true).await;
        // acknowledged
        println!("done {n}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_and_sealers_that_are_killed_leave_a_whole_chain() {
    let scratch = Scratch::new().await;
    let mut acknowledged = 0;
    for round in 0..4 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "writer_to_be_killed", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), format!("{}\n", scratch.url("opensit_app")).as_bytes()).unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
        for line in lines.by_ref() {
            let is_one = line.unwrap().contains("done ");
            acknowledged += i64::from(is_one);
            if is_one && acknowledged >= (round + 1) * 37 {
                break;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged += lines.map_while(Result::ok).filter(|l| l.contains("done ")).count() as i64;
    }
    let database = scratch.database().await;
    let mut owner = scratch.connection("opensit_owner").await;
    let left = verify(&mut owner, None).await.unwrap().unsealed;
    seal(&database, left as u64).await;
    let report = verify(&mut owner, None).await.unwrap();
    assert_eq!((report.broken, report.unsealed), (None, 0));
    // a commit whose acknowledgement the kill swallowed is there too
    assert!((acknowledged..=acknowledged + 4).contains(&report.head.seal), "{} of {acknowledged}", report.head.seal);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_tampers_is_found_and_where() {
    let cases: [(&str, Break); 9] = [
        ("update identity.audit set details = '{}' where seal = 4", Break::Altered { seal: 4, entry: 4 }),
        ("update identity.audit set name = null where seal = 1", Break::Altered { seal: 1, entry: 1 }),
        ("update identity.audit set at = at + interval '1 microsecond' where seal = 9", Break::Altered { seal: 9, entry: 9 }),
        ("update identity.audit set hash = sha256('x') where seal = 5", Break::Altered { seal: 5, entry: 5 }),
        ("delete from identity.audit where seal = 6", Break::Missing { seal: 6 }),
        ("delete from identity.audit where seal = 1", Break::Missing { seal: 1 }),
        ("delete from identity.audit where seal > 7", Break::Shortened { found: 7, expected: 9 }),
        (
            "update identity.audit a set seal = b.seal + 100, hash = b.hash from identity.audit b where a.seal in (2, 3) and b.seal = 5 - a.seal;
             update identity.audit set seal = seal - 100 where seal > 100",
            Break::Altered { seal: 2, entry: 3 },
        ),
        (
            "delete from identity.audit where seal = 3; update identity.audit set seal = seal - 1 where seal > 3;
             update identity.audit_head set seal = 8",
            Break::Altered { seal: 3, entry: 4 },
        ),
    ];
    for (tamper, expected) in cases {
        let scratch = Scratch::new().await;
        sealed(&scratch, 9).await;
        let mut superuser = scratch.connection("postgres").await;
        assert_eq!(verify(&mut superuser, None).await.unwrap().broken, None);
        superuser.execute(sqlx::raw_sql(AssertSqlSafe(format!("set session_replication_role = replica; {tamper}")))).await.unwrap();
        assert_eq!(verify(&mut superuser, None).await.unwrap().broken, Some(expected), "{tamper}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_made_anew_is_not_the_one_whose_head_was_noted() {
    let scratch = Scratch::new().await;
    let database = sealed(&scratch, 5).await;
    let mut superuser = scratch.connection("postgres").await;
    let noted = verify(&mut superuser, None).await.unwrap().head;
    act(&database, &officer(0), "later", true).await;
    seal(&database, 1).await;
    let noted = Head::parse(&noted.to_string()).unwrap();
    assert_eq!(verify(&mut superuser, Some(&noted)).await.unwrap().broken, None, "the chain has only grown");
    let anew = "set session_replication_role = replica;
        update identity.audit set details = '{\"x\": 1}' where seal = 2;
        update identity.audit set seal = null, hash = null;
        update identity.audit_head set seal = 0, hash = decode(repeat('00', 32), 'hex')";
    superuser.execute(sqlx::raw_sql(anew)).await.unwrap();
    seal(&database, 6).await;
    assert_eq!(verify(&mut superuser, None).await.unwrap().broken, None, "by itself it is whole");
    assert_eq!(verify(&mut superuser, Some(&noted)).await.unwrap().broken, Some(Break::OtherHead { seal: 5 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_the_log() {
    let scratch = Scratch::new().await;
    sealed(&scratch, 2).await;
    for role in ["opensit_app", "opensit_owner"] {
        for attempt in [
            "update identity.audit set details = '{}'",
            "update identity.audit set seal = 77, hash = hash",
            "delete from identity.audit",
            "truncate identity.audit",
        ] {
            let mut connection = scratch.connection(role).await;
            assert!(connection.execute(sqlx::raw_sql(attempt)).await.is_err(), "{role}: {attempt}");
        }
    }
    let mut app = scratch.connection("opensit_app").await;
    for forged in [
        "insert into identity.audit (role, via, event, at) values ('officer', 'session', 'read', '2020-01-01')",
        "insert into identity.audit (role, via, event, seal, hash) values ('officer', 'session', 'read', 3, sha256(''))",
    ] {
        assert!(app.execute(sqlx::raw_sql(forged)).await.is_err(), "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_a_restored_database_are_sealed_too() {
    let scratch = Scratch::new().await;
    let database = sealed(&scratch, 1).await;
    act(&database, &officer(0), "from the future", true).await;
    let mut superuser = scratch.connection("postgres").await;
    let restored = "set session_replication_role = replica; update identity.audit set transaction = '9999999999' where seal is null";
    superuser.execute(sqlx::raw_sql(restored)).await.unwrap();
    seal(&database, 1).await;
    act(&database, &officer(0), "after it", true).await;
    seal(&database, 1).await;
    assert_eq!(verify(&mut superuser, None).await.unwrap().head.seal, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_enough_to_check_the_chain_and_the_page_is_for_administrators() {
    let scratch = Scratch::new().await;
    let database = sealed(&scratch, 3).await;
    act(&database, &officer(0), "not sealed", true).await;
    let mut owner = scratch.connection("opensit_owner").await;
    let mut out = Vec::new();
    assert_eq!(export(&mut owner, 1, &mut out).await.unwrap(), 3);
    let lines: Vec<Value> = String::from_utf8(out).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!((&lines[0]["seal"], &lines[1]["id"], &lines[2]["seal"]), (&json!(2), &json!("p2"), &Value::Null));
    assert_eq!(lines[0]["via"], "session");

    let router = audit::routes(Pages { database });
    let ask = async |who: Principal, path: &str| {
        let request = Request::builder().uri(path).extension(who).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, serde_json::from_slice::<Value>(&response.into_body().collect().await.unwrap().to_bytes()).unwrap())
    };
    assert_eq!(ask(officer(0), "/admin/audit").await.0, StatusCode::NOT_FOUND);
    let rosa = Principal::known(Role::Administrator, Uuid::from_u128(9), "Rosa", Assurance::High);
    let (status, page) = ask(rosa.clone(), "/admin/audit?limit=2&layer=parcels").await;
    assert_eq!((status, page["entries"][0]["id"].as_str(), page["next"].as_i64()), (StatusCode::OK, Some("not sealed"), Some(3)));
    let (_, page) = ask(rosa.clone(), "/admin/audit?limit=2&before=3&id=p0").await;
    assert_eq!(page["entries"].as_array().unwrap().len(), 1);
    assert_eq!(ask(rosa, "/admin/audit?subject=x").await.0, StatusCode::BAD_REQUEST);
}
