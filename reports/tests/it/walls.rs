use axum::body::Body;
use kernel::Principal;
use serde_json::json;

use crate::scene::{HERE, Scene, marco};

const EVIL: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\" onmouseover=\"x";

#[tokio::test]
async fn a_thousand_reports_of_one_address_are_refused_while_others_go_on() {
    let scene = Scene::new().await;
    let nobody = Principal::anonymous();
    let headers = [("content-type", "application/json")];
    let mut taken = 0;
    for n in 0..1_000 {
        // tickets cost nothing; a flood has as many as it likes
        let ticket = if n < 60 { scene.ticket().await } else { String::new() };
        let body = json!({ "category": "road", "lon": HERE[0], "lat": HERE[1], "ticket": ticket }).to_string();
        let answer = scene.ask_from("198.51.100.7", &nobody, "POST", "/reports/", &headers, body).await;
        match answer.status.as_u16() {
            201 => taken += 1,
            429 => assert!(
                answer.header("retry-after").parse::<u32>().unwrap() >= 1 && answer.body.contains("Riprovate fra"),
                "{}",
                answer.body
            ),
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!((8..=30).contains(&taken), "{taken}");
    let body = json!({ "category": "road", "lon": HERE[0], "lat": HERE[1], "ticket": scene.ticket().await }).to_string();
    assert_eq!(scene.ask_from("198.51.100.8", &nobody, "POST", "/reports/", &headers, body).await.status, 201);
    let rows: i64 = sqlx::query_scalar("select count(*) from reports.reports").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(rows, taken + 1);
}

#[tokio::test]
async fn scripts_are_text_and_marks_that_turn_it_are_refused() {
    let scene = Scene::new().await;
    let nobody = Principal::anonymous();
    let sent = scene.public(&json!({ "text": EVIL, "address": EVIL })).await;
    scene.post(&nobody, &format!("{}/note", sent.link), &json!({ "text": EVIL })).await;
    scene.done(&sent.id, "answer", &json!({ "audience": "public", "text": EVIL })).await;
    sqlx::query("insert into reports.routing (comune, office) values ('080902', $1)")
        .bind(EVIL)
        .execute(&mut scene.owner().await)
        .await
        .unwrap();
    scene.done(&sent.id, "assign", &json!({ "office": EVIL })).await;
    let pages = [
        format!("/reports/{}", sent.id),
        "/reports/".into(),
        sent.link.clone(),
        "/reports/times".into(),
        format!("/reports/new?category=lighting&lon={}&lat={}", HERE[0], HERE[1]),
    ];
    for path in &pages {
        for who in [&nobody, &marco()] {
            let page = scene.page(who, path).await;
            assert!(
                page.status == 200 && !page.body.contains("<script>alert") && !page.body.contains("<img src=x"),
                "{path}: {}",
                page.body
            );
        }
    }
    assert!(scene.get(&nobody, "/reports/?f=csv").await.body.contains(&EVIL.replace('"', "\"\"")));
    for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{0}b", "a\u{7}b"] {
        assert_eq!(scene.send(&json!({ "text": turned })).await.wrong(), ["text"], "{turned:?}");
        let note = scene.post(&nobody, &format!("{}/note", sent.link), &json!({ "text": turned })).await;
        assert_eq!(note.wrong(), ["text"], "{turned:?}");
        assert_eq!(scene.send(&json!({ "address": turned })).await.wrong(), ["address"], "{turned:?}");
        for (act, text, mut body) in [
            ("answer", "text", json!({ "audience": "public" })),
            ("assign", "office", json!({})),
            ("close", "note", json!({ "reason": "done" })),
            ("reject", "reason", json!({})),
        ] {
            body[text] = turned.into();
            assert_eq!(scene.act(&marco(), &sent.id, act, &body).await.wrong(), [text], "{act} {turned:?}");
        }
    }
}

#[tokio::test]
async fn all_that_is_wrong_is_told_at_once_and_nothing_is_written() {
    let scene = Scene::new().await;
    let wrong =
        scene.send(&json!({ "category": "castle", "text": "x".repeat(2_001), "lon": 200, "website": "http://spam", "more": 1 })).await;
    assert_eq!(wrong.status, 422);
    let mut faults = wrong.wrong();
    faults.sort();
    faults.dedup();
    assert_eq!(
        faults,
        ["lat", "lon", "more", "place", "text", "website"]
            .iter()
            .filter(|f| faults.contains(&(**f).to_owned()))
            .copied()
            .collect::<Vec<_>>()
    );
    assert!(["text", "lon", "website", "more"].iter().all(|name| faults.contains(&(*name).to_owned())), "{faults:?}");
    assert_eq!(scene.send(&json!({ "category": "castle" })).await.wrong(), ["category"]);
    assert_eq!(scene.send(&json!({ "lon": 9.19, "lat": 45.46 })).await.wrong(), ["place"], "farther than 50 km from every comune");
    assert_eq!(scene.send(&json!({ "lon": null, "lat": null })).await.wrong(), ["place"]);
    assert_eq!(scene.send(&json!({ "lon": null, "lat": null, "address": "Via che non c'è, 3" })).await.wrong(), ["address"]);
    assert_eq!(scene.send(&json!({ "lon": null, "lat": null, "address": "via marina 12" })).await.status, 201);
    let nobody = Principal::anonymous();
    for (kind, body, status) in [
        ("text/plain", Body::from("x"), 415),
        ("application/json", Body::from("[1]"), 400),
        ("multipart/form-data", Body::from("x"), 400),
        ("multipart/form-data; boundary=x", Body::from("--x\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhalf"), 400),
    ] {
        assert_eq!(scene.ask(&nobody, "POST", "/reports/", &[("content-type", kind)], body).await.status, status, "{kind}");
    }
    let rows: i64 = sqlx::query_scalar("select count(*) from reports.reports").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn the_database_itself_gives_a_citizen_nothing_but_what_a_function_gives() {
    let scene = Scene::new().await;
    scene.sent(&json!({})).await;
    let mut app = scene.scratch.connection("opensit_app").await;
    for sql in [
        "select * from reports.links",
        "select * from reports.pepper",
        "select * from reports.raw_photos",
        "select * from reports.sent",
        "select * from reports.tickets",
        "select reports.touch('x')",
        "insert into reports.reports (id, comune, geom, category, office, received_at, due)
         select 'x', '080901', geom, 'road', 'urp', now(), now() from territory.boundaries limit 0",
        "insert into reports.contacts values (1, 'a@b.it', null, now())",
        "insert into reports.messages (report, at, audience, text) values (1, now(), 'from_reporter', 'x')",
    ] {
        let result = sqlx::query(sql).execute(&mut app).await;
        assert!(result.is_err() || sql.contains("limit 0"), "{sql}");
    }
    let seen: (i64, i64) = sqlx::query_as("select (select count(*) from reports.reports), (select count(*) from reports.messages)")
        .fetch_one(&mut app)
        .await
        .unwrap();
    assert_eq!(seen, (0, 0), "a report that is not approved is nobody's");
}
