//! Parcels by what people write, also those that are no more.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn one_parcel_in_every_spelling() {
    let scene = Scene::open().await;
    for text in [
        "fg 1 p 501",
        "1/501",
        "0001/0501",
        "foglo 1 partcella 501",
        "fg.1part.501",
        "fg 1 p 501 sub 3",
        "x101_000100.501",
        "X101_000100.0501",
        "foglio 1 n° 501",
    ] {
        assert_eq!(scene.found(text).await, ["X101_000100.501"], "{text}");
    }
    assert_eq!(scene.found("13A/594").await, ["X101_0013A0.594"]);
    assert_eq!(scene.found("fg 13 p 594").await, ["X101_001300.594", "X101_0013A0.594"], "without an allegato it may be any");
    for text in ["D/767/12", "sez D fg 767 p 12", "767/12 sez d"] {
        assert_eq!(scene.found(text).await, ["X101D076700.12"], "{text}");
    }
    assert_eq!(scene.found("x101_000100.acqua-2").await, ["X101_000100.ACQUA-2"]);
    assert_eq!(
        scene.found("X101_000100.ACQUA").await,
        ["X101_000100.ACQUA", "X101_000100.ACQUA-2"],
        "a code that stands twice is two rows"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn as_one_types_those_that_begin_so_are_offered() {
    let scene = Scene::open().await;
    let id = |number: i32| format!("X101_001200.{number}");
    assert_eq!(scene.found("fg 12 p 3").await, [3, 30, 31, 39, 300, 301].map(id));
    assert_eq!(scene.found("12/30").await, [30, 300, 301].map(id));
    assert_eq!(scene.found("X101_001200.4").await, [4, 43].map(id));
    assert_eq!(scene.found("fg 12 p 3 sub 1").await, [3].map(id));
    let few = scene.get(&Principal::anonymous(), "/search?q=fg+12+p+3&limit=2").await.json();
    assert_eq!(few["results"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_more_is_found_with_what_took_its_place() {
    let scene = Scene::open().await;
    let former = ["X101_000100.100†", "X101_000100.501", "X101_000100.601", "X101_000100.602"];
    // of another comune, where there is one of this number
    assert_eq!(scene.found("fg 1 p 100").await, [&["X102_000100.100"][..], &former].concat());
    assert_eq!(scene.found("X101_000100.100").await, former);
    assert_eq!(scene.found("fg 1 p 502").await, ["X101_000100.502†", "X101_000100.601", "X101_000100.602"]);
    assert_eq!(scene.found("1/900").await, ["X101_000100.900†"], "nobody knows what became of it");
    let answer = scene.get(&Principal::anonymous(), "/search?lang=it&q=1/502").await.json();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(
        (&results[0]["subtitle"], &results[0]["until"], &results[0]["href"]),
        (
            &"Particelle, Castelmarina, non c'è più dal 1 mar 2023".into(),
            &"2023-03-01".into(),
            &"https://sit.example.it/cadastre/parcels/X101_000100.502".into()
        )
    );
    assert_eq!(results[1]["subtitle"], "Particelle, Castelmarina, al posto di: Foglio 1, particella 502");
    assert!(results[1].get("former").is_none());
    // a register in a circle is no endless road
    sqlx::query(
        "insert into cadastre.lineage (parent, child, day, area_m2) values ('X101_000100.602', 'X101_000100.100', '2023-03-02', 1)",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    assert_eq!(scene.found("X101_000100.100").await, former);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_of_the_cadastre_finds_the_same() {
    let scene = Scene::open().await;
    let nobody = Principal::anonymous();
    let found = scene.get(&nobody, "/cadastre/?q=1/502").await.json();
    assert_eq!(found["results"].as_array().unwrap().len(), 3);
    let page = scene.page(&nobody, "/cadastre/?q=1/502", "it").await.body;
    assert!(page.contains("href=\"../cadastre/parcels/X101_000100.502\"") && page.contains("non c'è più dal 1 mar 2023"), "{page}");
    let page = scene.page(&nobody, "/cadastre/?q=1/777", "en").await.body;
    assert!(page.contains("It is not in the cadastre") && page.contains("1/777"), "{page}");
    assert!(scene.page(&nobody, "/cadastre/", "it").await.body.contains("Foglio e particella"));
    assert_eq!(scene.get(&nobody, &format!("/cadastre/?q={}", "x".repeat(201))).await.status, 400);
    assert_eq!(scene.get(&nobody, "/cadastre/?x=1").await.status, 400);
}
