//! OpenCUP's localisations become the list to draw, and leave it when they are drawn.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{OURS, Scene, THEIRS, officer, work};
use serde_json::json;

const CUP: &str = "X17B26000040006";
const OTHER: &str = "X17B26000050006";

fn file(rows: &[(&str, &str)]) -> String {
    let mut text = public_works::opencup::HEADER.join(",") + "\n";
    for (cup, comune) in rows {
        text += &format!("{cup},5,ITALIA,S,SUD,18,CALABRIA,080,RC,REGGIO DI CALABRIA,{comune},\"A, B\"\n");
    }
    text
}

async fn import(scene: &Scene, comune: &str, file: &str) -> test_database::Answer {
    scene.ask(&officer(comune), "POST", "/public-works/opencup", &[("content-type", "text/csv")], file.to_owned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_imported_is_to_be_drawn_until_it_is() {
    let scene = Scene::on("2026-05-10").await;
    let rows = file(&[(CUP, OURS), (CUP, OURS), (CUP, THEIRS), (OTHER, OURS), (CUP, "015146")]);
    assert_eq!(import(&scene, OURS, &rows).await.json(), json!({"new": 2, "there_already": 0, "elsewhere": 2}));
    assert_eq!(import(&scene, OURS, &rows).await.json(), json!({"new": 0, "there_already": 2, "elsewhere": 2}), "again, nothing changes");
    assert_eq!(import(&scene, THEIRS, &rows).await.json()["new"], 1);
    let list = scene.get(&officer(OURS), "/public-works/to-draw").await.json();
    assert_eq!(list["to_draw"].as_array().unwrap().len(), 2, "theirs is for them: {list}");
    assert_eq!(scene.get(&Principal::anonymous(), "/public-works/to-draw").await.status, 403);
    let page = scene.page(&officer(OURS), &format!("/public-works/new?cup={CUP}"), "it").await;
    assert!(page.contains(&format!("value=\"{CUP}\"")), "{page}");
    scene.register(&officer(OURS), &work(CUP)).await;
    let list = scene.get(&officer(OURS), "/public-works/to-draw").await.json();
    assert_eq!(list["to_draw"][0]["cup"], OTHER);
    assert_eq!(import(&scene, OURS, &rows).await.json()["new"], 0, "what is drawn does not come back");
    let page = scene.page(&officer(OURS), "/public-works/to-draw", "en").await;
    assert!(page.contains(OTHER) && !page.contains(CUP) && page.contains("new?f=html"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_file_is_refused_with_its_lines() {
    let scene = Scene::on("2026-05-10").await;
    let bad = file(&[(CUP, OURS), ("X17B2600004000", OURS), (OTHER, "12")]);
    assert_eq!(import(&scene, OURS, &bad).await.wrong(), ["line 3", "line 4"]);
    assert_eq!(import(&scene, OURS, "CUP;COMUNE\na;b\n").await.wrong(), ["line 1"]);
    assert_eq!(import(&scene, OURS, "").await.wrong(), ["line 1"]);
    assert_eq!(scene.sql("select count(*) from public_works.unplaced").await, "0");
    let json = [("content-type", "application/xml")];
    assert_eq!(scene.ask(&officer(OURS), "POST", "/public-works/opencup", &json, "<a/>").await.status, 415);
    let anonymous = scene.ask(&Principal::anonymous(), "POST", "/public-works/opencup", &[("content-type", "text/csv")], file(&[])).await;
    assert_eq!(anonymous.status, 403);
}
