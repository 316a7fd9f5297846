//! Who sees what of an application, and who changes it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::{Assurance, Principal, Role};
use scene::{OURS, Scene, THEIRS, officer, pdc, with_purpose};
use serde_json::json;
use uuid::Uuid;

const NAMES: [&str; 5] = ["Quattroventi", "Pescalupo", "QTTZRA80A01X101Q", "zaira@posta", "RC 123"];

fn citizen() -> Principal {
    Principal::known(Role::Citizen, Uuid::new_v4(), "c", Assurance::Low)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_for_the_comunes_staff_with_a_purpose_in_every_form() {
    let scene = Scene::on("2026-04-01").await;
    let (path, _) = scene.register(&officer(OURS), &pdc("2026-1", "2026-03-01")).await;
    let readers = [
        (Principal::anonymous(), false, false),
        (citizen(), false, false),
        (with_purpose(officer(THEIRS)), false, false),
        (officer(OURS), true, false),
        (with_purpose(officer(OURS)), true, true),
    ];
    for (who, serves, knows) in readers {
        for address in [&*path, &format!("{path}?f=html"), "/permits/", "/permits/?f=html", "/permits/?f=csv"] {
            let answer = scene.get(&who, address).await;
            assert_eq!(answer.status, 200, "{address}: {}", answer.body);
            let is_record = address.starts_with(&path);
            for name in NAMES {
                assert_eq!(answer.body.contains(name), knows && is_record, "{name} at {address} to {:?}", who.role());
            }
            assert_eq!(answer.body.contains("Sopraelevazione"), serves && is_record, "{address} to {:?}", who.role());
        }
        let record = scene.get(&who, &path).await.json();
        assert_eq!((record["state"].as_str(), record["filed_on"].as_str()), (Some("submitted"), Some("2026-03-01")));
        assert_eq!((record.get("parties").is_some(), record.get("attachments").is_some()), (knows, serves));
        assert_eq!(record["steps"][0].get("recorded_by").is_some(), serves);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_too_keeps_names_and_notes_from_others() {
    let scene = Scene::on("2026-04-01").await;
    scene.register(&officer(OURS), &pdc("2026-1", "2026-03-01")).await;
    let database = scene.scratch.database().await;
    for (who, sees) in [(Principal::anonymous(), 0), (citizen(), 0), (officer(THEIRS), 0), (officer(OURS), 2)] {
        let mut session = database.session(&who).await.unwrap();
        let seen: i64 = sqlx::query_scalar("select count(*) from permits.parties").fetch_one(&mut *session).await.unwrap();
        let notes: i64 = sqlx::query_scalar("select count(*) from permits.step_notes").fetch_one(&mut *session).await.unwrap();
        assert_eq!((seen, notes), (sees, sees / 2), "{:?}", who.role());
    }
    let mut transaction = database.write(&officer(THEIRS)).await.unwrap();
    let changed = sqlx::query("update permits.permits set subject = 'x'").execute(&mut *transaction).await.unwrap();
    assert_eq!(changed.rows_affected(), 0);
    let added = sqlx::query("insert into permits.steps (permit, ordinal, state, on_day) select fid, 2, 'x', now() from permits.permits");
    assert!(added.execute(&mut *transaction).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn others_change_nothing() {
    let scene = Scene::on("2026-04-01").await;
    let (path, tag) = scene.register(&officer(OURS), &pdc("2026-1", "2026-03-01")).await;
    let step = json!({"state": "refused"});
    for (who, status) in [(Principal::anonymous(), 401), (citizen(), 403), (officer(THEIRS), 403)] {
        let answer = scene.send(&who, "POST", &format!("{path}/steps"), Some(&tag), &step).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(scene.send(&who, "PATCH", &path, Some(&tag), &json!({"subject": "x"})).await.status, status);
        assert_eq!(scene.send(&who, "POST", "/permits/X101-2026-999999/steps", Some(&tag), &step).await.status, 404);
    }
    assert_eq!(scene.send(&Principal::anonymous(), "POST", "/permits/", None, &pdc("2026-2", "2026-03-01")).await.status, 403);
    assert_eq!(scene.send(&officer(THEIRS), "POST", "/permits/", None, &pdc("2026-2", "2026-03-01")).await.wrong(), ["parcels"]);
    assert_eq!(scene.get(&Principal::anonymous(), "/permits/new").await.status, 404);
    assert_eq!(scene.get(&officer(OURS), "/permits/new?f=html").await.status, 200);
    assert_eq!((scene.count("permits").await, scene.count("steps").await), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_work_without_a_script_and_lead_back_to_the_page() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let body = "_key=k1&protocol=2026-9&filed_on=2026-03-01&kind=pdc&subject=Tetto&parcels=X101_000100.1%0D%0AX101_000100.2&address=&geometry=&complex=false\
                &constraint_kind=&constraint_source=&constraint_cleared_on=&applicant=Zaira+Quattroventi&technician=";
    let made = scene.form(&who, "/permits/", body).await;
    assert_eq!((made.status.as_u16(), made.header("location")), (303, "../permits/X101-2026-000009".to_owned()), "{}", made.body);
    let path = "/permits/X101-2026-000009";
    let page = scene.ask(&who, "GET", path, &[("accept", "text/html"), ("accept-language", "it")], "").await;
    let tag = page.header("etag").replace('"', "%22");
    assert!(page.body.contains("Giorno 31 di 90") && page.body.contains("Scade il "), "{}", page.body);
    let step = format!("_tag={tag}&_key=k2&state=integration_requested&day=2026-03-20&protocol=&protocol_on=&note=");
    let moved = scene.form(&who, &format!("{path}/steps"), &step).await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (303, "../../permits/X101-2026-000009".to_owned()), "{}", moved.body);
    let stale = scene.form(&who, path, &format!("_tag={tag}&subject=x")).await;
    assert_eq!(stale.status, 412);
    assert!(stale.body.contains("<html") && stale.body.contains("Qualcun altro"), "{}", stale.body);
    let page = scene.page(&who, path, "en").await;
    assert!(page.contains("Paused") && page.contains("Additions requested"), "{page}");
    assert!(!page.contains("style=") && !page.contains("onclick"), "strict CSP");
}
