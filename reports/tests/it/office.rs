use chrono::TimeDelta;
use kernel::Principal;
use serde_json::{Value, json};

use test_database::officer;

use crate::scene::{ROCCA, Scene, marco};

fn nobody() -> Principal {
    Principal::anonymous()
}

#[tokio::test]
async fn a_report_goes_from_the_citizen_to_the_office_and_back() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    let path = format!("/reports/{}", sent.id);
    scene.done(&sent.id, "approve", &json!({})).await;
    assert_eq!(scene.get(&nobody(), &path).await.json()["state"], "open");
    scene.done(&sent.id, "assign", &json!({ "office": "manutenzioni" })).await;
    scene.clock.pass(TimeDelta::hours(3));
    scene.done(&sent.id, "answer", &json!({ "audience": "office", "text": "Chiamare la ditta" })).await;
    scene.done(&sent.id, "answer", &json!({ "audience": "reporter", "text": "Grazie, arriviamo" })).await;
    scene.clock.pass(TimeDelta::hours(1));
    scene.done(&sent.id, "answer", &json!({ "audience": "public", "text": "Lampada ordinata" })).await;
    scene.clock.pass(TimeDelta::days(2));
    scene.done(&sent.id, "close", &json!({ "reason": "done", "note": "Sostituita" })).await;

    let public = scene.get(&nobody(), &path).await;
    assert!(
        public.body.contains("Lampada ordinata")
            && !public.body.contains("Chiamare la ditta")
            && !public.body.contains("Grazie, arriviamo")
    );
    assert!(!public.body.contains("Marco"), "who works for the comune is not everybody's business: {}", public.body);
    let public = public.json();
    assert_eq!(
        (&public["state"], &public["closing_reason"], &public["office"]),
        (&json!("closed"), &json!("done"), &json!("manutenzioni"))
    );
    let mine = scene.get(&nobody(), &sent.link).await.json();
    let texts: Vec<&str> = mine["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["Grazie, arriviamo", "Lampada ordinata"]);
    let times = scene.get(&nobody(), "/reports/times").await.json();
    assert_eq!(times["times"][0]["median_minutes_to_answer"], json!(180.0), "{times}");
    assert!(times["cells"][0]["reports"] == 1 && times["times"][0]["median_minutes_to_close"].as_f64().unwrap() > 3000.0);
    let told = scene.journal.lines();
    assert_eq!(told.len(), 7, "{told:?}");
    assert!(told[1..].iter().all(|line| line.starts_with("Marco update")), "{told:?}");
}

#[tokio::test]
async fn an_unlawful_step_is_refused_in_words_and_by_the_database() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    for (act, body) in [
        ("assign", json!({ "office": "urp" })),
        ("close", json!({ "reason": "done" })),
        ("answer", json!({ "audience": "public", "text": "x" })),
    ] {
        let refused = scene.act(&marco(), &sent.id, act, &body).await;
        assert_eq!((refused.status.as_u16(), refused.wrong()), (422, vec!["state".to_owned()]), "{act}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("Received"), "{}", refused.body);
    }
    scene.done(&sent.id, "reject", &json!({ "reason": "Non è suolo pubblico" })).await;
    assert!(scene.get(&nobody(), &sent.link).await.body.contains("Non è suolo pubblico"));
    assert_eq!(scene.get(&nobody(), &format!("/reports/{}", sent.id)).await.status, 404);
    let mut owner = scene.owner().await;
    for (sql, rule) in [
        ("update reports.reports set state = 'closed', closed_at = now(), closing_reason = 'done'", "can not follow"),
        ("update reports.reports set state = 'open'", "report_approved_when"),
        ("update reports.reports set supporters = -1", "report_supporters"),
        ("update reports.reports set duplicate_of = id", "report_"),
    ] {
        let error = sqlx::query(sql).execute(&mut owner).await.unwrap_err().to_string();
        assert!(error.contains(rule), "{sql}: {error}");
    }
}

#[tokio::test]
async fn a_report_is_assigned_to_an_office_that_there_is() {
    let scene = Scene::new().await;
    let sent = scene.public(&json!({})).await;
    let refused = scene.act(&marco(), &sent.id, "assign", &json!({ "office": "Ufficio sogni" })).await;
    assert_eq!((refused.status.as_u16(), refused.wrong()), (422, vec!["office".to_owned()]), "{}", refused.body);
    assert!(refused.body.contains("ambiente, impianti, manutenzioni, urp"), "{}", refused.body);
    // one that a route leads to, and one that somebody works in
    let mut owner = scene.owner().await;
    sqlx::raw_sql(
        "insert into reports.routing (comune, office) values ('080902', 'porto');
         insert into identity.accounts (name, role, offices, created_at, created_by) values ('Vera', 'officer', '{sogni}', now(), 'test'), ('Ugo', 'officer', '{ex}', now(), 'test');
         update identity.accounts set active = false where name = 'Ugo'",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    for office in ["porto", "sogni"] {
        scene.done(&sent.id, "assign", &json!({ "office": office })).await;
    }
    assert_eq!(scene.act(&marco(), &sent.id, "assign", &json!({ "office": "ex" })).await.wrong(), ["office"]);
}

#[tokio::test]
async fn of_two_officers_on_one_report_the_second_is_told() {
    let scene = Scene::new().await;
    let sent = scene.public(&json!({})).await;
    let tag = scene.get(&marco(), &format!("/reports/{}", sent.id)).await.header("etag");
    let close = |who: Principal, tag: String, key: &'static str| {
        let (scene, path) = (&scene, format!("/reports/{}/close", sent.id));
        async move {
            let headers = [("content-type", "application/json"), ("if-match", &*tag), ("idempotency-key", key)];
            scene.ask(&who, "POST", &path, &headers, json!({ "reason": "done" }).to_string()).await
        }
    };
    let (me, you) = (marco(), officer("Elena", &["080901"]));
    let first = close(me.clone(), tag.clone(), "k1").await;
    let again = close(me, tag.clone(), "k1").await;
    let second = close(you, tag.clone(), "k2").await;
    assert_eq!((first.status.as_u16(), again.status.as_u16(), second.status.as_u16()), (200, 200, 412), "{}", second.body);
    assert_eq!(first.body, again.body);
    let unsaid = scene.post(&marco(), &format!("/reports/{}/close", sent.id), &json!({ "reason": "done" })).await;
    assert_eq!(unsaid.status, 428);
}

#[tokio::test]
async fn a_duplicate_lives_on_in_the_other_with_its_supporters_its_page_and_its_link() {
    let scene = Scene::new().await;
    let (known, twin, third) =
        (scene.public(&json!({})).await, scene.public(&json!({ "text": "Buio pesto" })).await, scene.sent(&json!({})).await);
    for id in [&known.id, &twin.id, &twin.id] {
        assert_eq!(scene.post(&nobody(), &format!("/reports/{id}/support"), &json!({})).await.status, 200);
    }
    assert_eq!(scene.act(&marco(), &twin.id, "merge", &json!({ "into": twin.id })).await.wrong(), ["into"]);
    assert_eq!(scene.act(&marco(), &twin.id, "merge", &json!({ "into": "R-2026-99999" })).await.wrong(), ["into"]);
    scene.done(&third.id, "merge", &json!({ "into": twin.id })).await;
    scene.done(&twin.id, "merge", &json!({ "into": known.id })).await;
    // one of its own, the twin's two and the twin, the third
    assert_eq!(scene.get(&nobody(), &format!("/reports/{}", known.id)).await.json()["supporters"], 5);
    for one in [&twin, &third] {
        let page = scene.get(&nobody(), &format!("/reports/{}", one.id)).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (303, format!("../reports/{}", known.id)));
        let mine = scene.get(&nobody(), &one.link).await.json();
        assert_eq!((&mine["id"], &mine["merged_into"], &mine["state"]), (&json!(one.id), &json!(known.id), &json!("open")));
    }
    assert_eq!(scene.get(&marco(), &format!("/reports/{}", known.id)).await.json()["duplicates"], json!([twin.id, third.id]));
    // who sent the duplicate is heard, and hears what everybody does, not what was written to somebody else
    assert_eq!(scene.post(&nobody(), &format!("{}/note", twin.link), &json!({ "text": "Ancora spento" })).await.status, 200);
    scene.done(&known.id, "answer", &json!({ "audience": "reporter", "text": "Solo per il primo" })).await;
    scene.done(&known.id, "close", &json!({ "reason": "planned" })).await;
    let mine = scene.get(&nobody(), &twin.link).await;
    assert!(mine.body.contains("Ancora spento") && !mine.body.contains("Solo per il primo"), "{}", mine.body);
    assert_eq!(mine.json()["closing_reason"], "planned");
    assert!(!scene.get(&nobody(), &known.link).await.body.contains("Ancora spento"));
}

#[tokio::test]
async fn who_deals_with_what_follows_from_category_comune_and_area() {
    let scene = Scene::new().await;
    sqlx::raw_sql(
        "insert into reports.routing (rank, category, area, office) values
         (10, 'waste', st_buffer(st_transform(st_setsrid(st_makepoint(15.65, 38.11), 4326), 7792), 500), 'porto');
         insert into reports.routing (rank, comune, office) values (20, '080902', 'rocca')",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    let mut offices = Vec::new();
    for draft in [
        json!({ "category": "waste" }),
        json!({ "category": "waste", "lon": 15.66 }),
        json!({ "category": "road", "lon": 15.75, "lat": 38.08 }),
        json!({ "category": "other" }),
    ] {
        let sent = scene.sent(&draft).await;
        offices.push(scene.get(&nobody(), &sent.link).await.json()["office"].as_str().unwrap().to_owned());
    }
    assert_eq!(offices, ["porto", "ambiente", "rocca", "urp"]);
}

#[tokio::test]
async fn a_foreign_officer_sees_and_does_nothing() {
    let scene = Scene::new().await;
    let (hidden, public) = (scene.sent(&json!({ "text": "nascosta" })).await, scene.public(&json!({})).await);
    scene.done(&public.id, "answer", &json!({ "audience": "office", "text": "interna" })).await;
    let rosa = officer("Rosa", &[ROCCA]);
    assert_eq!(scene.get(&rosa, &format!("/reports/{}", hidden.id)).await.status, 404);
    let seen = scene.page(&rosa, &format!("/reports/{}", public.id)).await;
    assert!(seen.status == 200 && !seen.body.contains("interna") && !seen.body.contains("Per l'ufficio"), "{}", seen.body);
    for path in ["/reports/", "/reports/?f=csv", "/reports/?f=html", "/reports/times", "/open311/v2/requests.json"] {
        let answer = scene.get(&rosa, path).await;
        assert!(answer.status == 200 && !answer.body.contains("nascosta") && !answer.body.contains(&hidden.id), "{path}");
    }
    let acts: [(&str, Value); 3] =
        [("approve", json!({})), ("answer", json!({ "audience": "public", "text": "x" })), ("merge", json!({ "into": public.id }))];
    for (act, body) in &acts {
        let headers = [("content-type", "application/json"), ("if-match", "*")];
        let hidden = scene.ask(&rosa, "POST", &format!("/reports/{}/{act}", hidden.id), &headers, body.to_string()).await;
        let public = scene.ask(&rosa, "POST", &format!("/reports/{}/{act}", public.id), &headers, body.to_string()).await;
        let anonymous = scene.ask(&nobody(), "POST", &format!("/reports/{}/{act}", "R-2026-00001"), &headers, body.to_string()).await;
        assert_eq!((hidden.status.as_u16(), public.status.as_u16(), anonymous.status.as_u16()), (404, 403, 404), "{act}");
    }
}
