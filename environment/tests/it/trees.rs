//! Trees and their inspections.

use serde_json::{Value, json};

use crate::scene::{A, B, Scene, nobody, officer};

#[tokio::test(flavor = "multi_thread")]
async fn an_inspection_is_recorded_and_the_next_is_due_by_its_class() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let path = "/environment/trees/T1/inspections";
    let body = json!({"inspected": "2026-11-20", "risk": "C/D", "notes": "<script>x</script>"});
    let done = scene.post(&ada, path, None, &body).await;
    assert_eq!((done.status.as_u16(), &done.json()["next_due"]), (201, &json!("2027-11-20")), "{}", done.body);
    let before = scene.get(&ada, "/environment/trees/T1").await;
    assert_eq!(before.json()["inspections"].as_array().unwrap().len(), 1);
    let again = scene.post(&ada, path, None, &json!({"inspected": "2026-11-20", "risk": "A", "next_due": "2027-01-01"})).await;
    assert_eq!((again.status.as_u16(), &again.json()["id"]), (201, &json!("T1-2026-11-20-2")), "{}", again.body);
    let after = scene.get(&ada, "/environment/trees/T1").await;
    assert_ne!(before.header("etag"), after.header("etag"));
    let page = scene.page(&ada, "/environment/trees/T1").await;
    assert!(page.contains("&lt;script&gt;") && page.contains("Registra una verifica"));
    assert_eq!(scene.journal.lines().pop().unwrap(), "Ada create tree_inspections T1-2026-11-20-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_is_sent_once_and_leads_back_to_the_tree() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html,application/xhtml+xml")];
    let form = "inspected=2026-11-01&risk=B&next_due=&notes=&_key=once";
    for _ in 0..2 {
        let answer = scene.ask(&ada, "POST", "/environment/trees/T1/inspections", &headers, form).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "../../../environment/trees/T1".to_owned()));
    }
    assert_eq!(scene.sql("select count(*) || ' ' || max(next_due) from environment.tree_inspections").await, "1 2029-11-01");
    let wrong = scene.ask(&ada, "POST", "/environment/trees/T1/inspections", &headers, "risk=Z").await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("Non è stato registrato nulla"), "{}", wrong.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn inspections_are_for_the_people_of_the_comune() {
    let (scene, ada, rosa) = (Scene::new().await, officer("Ada", A), officer("Rosa", B));
    let body = json!({"inspected": "2026-11-20", "risk": "D", "notes": "segreto"});
    assert_eq!(scene.post(&ada, "/environment/trees/T1/inspections", None, &body).await.status, 201);
    for who in [nobody(), rosa] {
        let seen = scene.get(&who, "/environment/trees/T1").await;
        assert_eq!((seen.json()["species"].as_str(), seen.json().get("inspections")), (Some("Quercus ilex"), None));
        assert!(!seen.body.contains("segreto") && !scene.page(&who, "/environment/trees/T1").await.contains("segreto"));
        let refused = scene.post(&who, "/environment/trees/T1/inspections", None, &body).await;
        assert!([403, 404].contains(&refused.status.as_u16()), "{}", refused.body);
    }
    assert_eq!(scene.get(&nobody(), "/environment/trees/?due=all").await.status, 400);
    assert_eq!(scene.get(&officer("Rosa", B), "/environment/trees/?due=all").await.json()["trees"], json!([]));
    assert_eq!(scene.get(&nobody(), "/environment/trees/T77").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_at_once() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let post = async |body: Value| scene.post(&ada, "/environment/trees/T1/inspections", None, &body).await.wrong();
    assert_eq!(
        post(json!({"inspected": "2026-11-24", "risk": "E", "notes": "a\u{200f}b", "who": "x"})).await,
        ["risk", "notes", "inspected", "who"]
    );
    assert_eq!(post(json!({"inspected": "2026-11-20", "risk": "A", "next_due": "2026-11-20"})).await, ["next_due"]);
    assert_eq!(post(json!({})).await, ["inspected", "risk"]);
    assert_eq!(scene.sql("select count(*) from environment.tree_inspections").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_has_what_is_due_the_most_urgent_first() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    for (tree, day, due) in [("T1", "2020-01-01", "2021-01-01"), ("T1", "2026-01-01", "2026-12-01"), ("T2", "2024-01-01", "2025-01-01")] {
        let body = json!({"inspected": day, "risk": "B", "next_due": due});
        assert_eq!(scene.post(&ada, &format!("/environment/trees/{tree}/inspections"), None, &body).await.status, 201);
    }
    let due = async |query: &str| {
        let all = scene.get(&ada, &format!("/environment/trees/?{query}")).await.json();
        all["trees"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // an inspection made since counts in the place of the old one
    assert_eq!(due("due=overdue").await, ["T2"]);
    assert_eq!(due("due=30").await, ["T2", "T1"]);
    assert_eq!(due("due=all&species=Quercus%20ilex").await, ["T1"]);
    assert_eq!(due("").await, ["T1", "T2", "T9"]);
    assert_eq!(due("cursor=T1").await, ["T2", "T9"]);
    let csv = scene.get(&ada, "/environment/trees/?due=all&f=csv").await.body;
    assert!(csv.contains("T1,080901,Quercus ilex,park,12,B,2026-01-01,2026-12-01"), "{csv}");
    assert!(!scene.get(&nobody(), "/environment/trees/?f=csv").await.body.contains("2026-12-01"));
    assert!(scene.page(&ada, "/environment/trees/?due=all").await.contains("scaduta"));
    for bad in ["due=never", "cursor=x&due=all", "page=2"] {
        assert_eq!(scene.get(&ada, &format!("/environment/trees/?{bad}")).await.status, 400, "{bad}");
    }
}
