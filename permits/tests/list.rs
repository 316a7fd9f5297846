//! The work list and the rules.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{OURS, Scene, officer, pdc};
use serde_json::{Value, json};

/// Registers several, filed on these days.
async fn several(scene: &Scene, days: &[&str]) {
    for (k, day) in days.iter().enumerate() {
        let mut filing = pdc(&format!("2026-{}", k + 1), day);
        filing["address"] = format!("Via Roma {}", 12 + k).into();
        scene.register(&officer(OURS), &filing).await;
    }
}

fn protocols(answer: &Value) -> Vec<String> {
    answer["permits"].as_array().unwrap().iter().map(|p| p["protocol"].as_str().unwrap()[5..].trim_start_matches('0').to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_filters_sorts_and_pages() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    several(&scene, &["2026-01-12", "2026-02-10", "2026-02-20", "2026-03-01", "2026-03-01"]).await;
    let tag = scene.get(&who, "/permits/X101-2026-000005").await.header("etag");
    let step = json!({"state": "integration_requested", "day": "2026-03-05"});
    scene.advance(&who, "/permits/X101-2026-000005", &tag, &step).await;
    let none: [&str; 0] = [];
    let cases: [(&str, &[&str]); 11] = [
        // by the day on which they are due, those that are not last
        ("", &["1", "2", "3", "4", "5"]),
        ("due=late", &["1"]),
        // due on 11 May
        ("due=7", &["2"]),
        ("due=30", &["2", "3", "4"]),
        ("due=paused", &["5"]),
        ("state=integration_requested&kind=pdc", &["5"]),
        ("q=ROMA+13&kind=&state=", &["2"]),
        ("q=2026-000003", &["3"]),
        // a sign of patterns is a sign
        ("q=%25", &none),
        ("sort=-filed", &["5", "4", "3", "2", "1"]),
        ("comune=080902", &none),
    ];
    for (query, expected) in cases {
        let found = protocols(&scene.get(&who, &format!("/permits/?{query}")).await.json());
        assert_eq!(found, expected, "{query}");
    }
    assert_eq!(scene.get(&who, "/permits/?colour=red").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_on_one_page_whatever_the_order() {
    let scene = Scene::on("2026-05-10").await;
    several(&scene, &["2026-01-12", "2026-02-10", "2026-03-01", "2026-03-01", "2026-03-01"]).await;
    let mut cila = pdc("2026-8", "2026-03-01");
    cila["kind"] = "cila".into();
    scene.register(&officer(OURS), &cila).await;
    for sort in ["due", "filed", "-filed"] {
        let (mut all, mut address) = (Vec::new(), format!("/permits/?limit=2&sort={sort}"));
        loop {
            let page = scene.get(&Principal::anonymous(), &address).await.json();
            all.extend(protocols(&page));
            match page["next"].as_str() {
                Some(next) => address = next.replace("https://sit.example.it", ""),
                None => break,
            }
        }
        all.sort();
        assert_eq!(all, ["1", "2", "3", "4", "5", "8"], "{sort}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_a_table_and_a_page_too() {
    let scene = Scene::on("2026-05-10").await;
    several(&scene, &["2026-01-12", "2026-02-10", "2026-02-20"]).await;
    let who = officer(OURS);
    let table = scene.get(&who, "/permits/?f=csv&due=late").await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(table.body.starts_with("id,comune,protocol,") && table.body.lines().count() == 2, "{}", table.body);
    let page = scene.page(&who, "/permits/?due=late", "it").await;
    assert!(page.contains("Scadute (1)") && page.contains("Entro 30 giorni (2)") && page.contains("Sospese (0)"), "{page}");
    let page = scene.page(&Principal::anonymous(), "/permits/?state=ended", "en").await;
    assert!(page.contains("No application matches") && !page.contains("New application"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_for_everybody_with_what_is_to_be_verified() {
    let scene = Scene::on("2026-05-10").await;
    let rules = scene.get(&Principal::anonymous(), "/permits/rules").await.json();
    let all = rules["rules"].as_array().unwrap();
    assert!(all.iter().any(|r| r["rule"] == "lombardia-pdc-grandi" && r["phases"][0]["days"] == 105));
    assert!(all.iter().all(|r| r["note"].as_str().is_some() && r["source"].as_str().is_some()), "none was checked against its text yet");
    let page = scene.page(&Principal::anonymous(), "/permits/rules", "en").await;
    assert!(page.contains("L.R. Lombardia 12/2005") && page.contains("over 100,000 inhabitants"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_many_rows_have_is_found_in_every_order() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    several(&scene, &["2026-01-12"]).await;
    sqlx::raw_sql(
        "insert into permits.permits (id, comune, geom, protocol, kind, state, filed_on, subject, address, rule, due_on, silence)
         select 'X101-2026-' || lpad((1000 + i)::text, 6, '0'), comune, geom, '2026-' || lpad((1000 + i)::text, 6, '0'), kind, state,
                filed_on + i % 90, subject, case when i % 2 = 0 then 'Corso Ève ' || i end, rule, due_on + i % 50, silence
           from permits.permits cross join generate_series(1, 1600) i",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    for (query, expected) in [
        ("q=corso+eve", 800),
        ("q=ORSO+%C3%88ve&state=submitted", 800),
        ("q=2026-00", 1601),
        // two letters, which no index looks up
        ("q=%C3%A8v", 800),
        ("q=eve+1600", 1),
        ("q=corso_eve", 0),
        ("q=eve+1&kind=cila", 0),
    ] {
        for sort in ["due", "filed", "-filed"] {
            let mut found = Vec::new();
            let mut path = format!("/permits/?{query}&sort={sort}&limit=300");
            loop {
                let page = scene.get(&who, &path).await.json();
                found.extend(protocols(&page));
                let Some(next) = page["next"].as_str() else { break };
                path = next.replace("https://sit.example.it", "");
            }
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!((found.len(), once.len()), (expected, expected), "{query} {sort}");
        }
    }
}
