//! Bulletins of the civil protection.

use serde_json::{Value, json};

use crate::scene::{A, B, Scene, collection, nobody, officer, square, version};

const HEAD: &str = "data_pubblicazione,data_validita_inizio,data_validita_fine,zona_codice,avviso_criticita,avviso_idrogeologico,avviso_temporali,avviso_idraulico\n";

/// A line for the whole of a day.
fn line(issued: &str, day: &str, zone: &str, [ground, storm, flood]: [&str; 3]) -> String {
    format!(
        "{issued},{day}T00:00:00+01:00,{day}T23:59:59+01:00,{zone},Moderata per rischio idrogeologico / ALLERTA ARANCIONE,{ground},{storm},{flood}\n"
    )
}

async fn scene() -> Scene {
    let scene = Scene::new().await;
    for (who, comune, lon) in [(officer("Ada", A), A, 15.65), (officer("Rosa", B), B, 15.75)] {
        let mut zones = version("alert", &collection(&[(square(lon, 38.11), json!({"zone": "Cala-8", "name": "Stretto"}))]));
        zones["comune"] = comune.into();
        scene.in_force(&who, &zones, "2017-01-01").await;
    }
    scene
}

async fn send(scene: &Scene, who: &kernel::Principal, text: &str) -> test_database::Answer {
    scene.ask(who, "POST", "/environment/bulletins", &[("content-type", "text/csv"), ("accept-language", "en")], text.to_owned()).await
}

const YELLOW: &str = "Ordinaria / ALLERTA GIALLA";
const NONE: &str = "Assenza di fenomeni significativi prevedibili / NESSUNA ALLERTA";

#[tokio::test(flavor = "multi_thread")]
async fn a_bulletin_holds_for_its_hours_and_is_written_once() {
    let (scene, ada) = (scene().await, officer("Ada", A));
    let text = format!(
        "{HEAD}{}{}{}",
        line("2026-11-22T15:00:00+01:00", "2026-11-23", "Cala-8", [YELLOW, "verde", NONE]),
        line("2026-11-22T15:00:00+01:00", "2026-11-24", "Cala-8", ["Moderata / ALLERTA ARANCIONE", YELLOW, NONE]),
        line("2026-11-22T15:00:00+01:00", "2026-11-23", "Abru-A", [YELLOW, YELLOW, YELLOW])
    );
    let done = send(&scene, &ada, &text).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!((&done.json()["lines"], &done.json()["zones_elsewhere"]), (&json!(2), &json!(1)));
    let state =
        "select string_agg(concat_ws(' ', comune, to_char(valid_from at time zone 'Europe/Rome', 'YYYY-MM-DD'), coalesce(worst, '-')), ', '
                        order by comune, valid_from) from environment.alert_zones";
    let written = "080901 2017-01-01 -, 080901 2026-11-23 yellow, 080901 2026-11-24 orange, 080901 2026-11-25 -, 080902 2017-01-01 -";
    assert_eq!(scene.sql(state).await, written, "the comune of somebody else is not written");
    let again = send(&scene, &ada, &text).await;
    assert_eq!((again.status.as_u16(), &again.json()["rows_changed"]), (200, &json!(0)));
    assert_eq!(scene.sql(state).await, written);
    let worst = async |at: &str| {
        scene.at(at);
        scene.kind_at(&nobody(), "point=15.6505,38.1105", "alert").await["zones"][0]["says"]["worst"].clone()
    };
    assert_eq!(worst("2026-11-22T22:59:59Z").await, Value::Null);
    assert_eq!(worst("2026-11-22T23:00:00Z").await, "yellow");
    assert_eq!(worst("2026-11-24T22:59:59Z").await, "orange");
    assert_eq!(worst("2026-11-24T23:00:00Z").await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_bulletin_counts_whichever_comes_first() {
    let (scene, ada) = (scene().await, officer("Ada", A));
    let later = format!("{HEAD}{}", line("2026-11-23T12:00:00+01:00", "2026-11-23", "Cala-8", ["rosso", NONE, NONE]));
    let earlier = format!("{HEAD}{}", line("2026-11-22T12:00:00+01:00", "2026-11-23", "Cala-8", [NONE, NONE, NONE]));
    assert_eq!(send(&scene, &ada, &later).await.status, 200);
    let late = send(&scene, &ada, &earlier).await;
    assert_eq!(late.json()["rows_changed"], 0);
    assert_eq!(scene.sql("select string_agg(worst, ',') from environment.alert_zones where comune = '080901'").await, "red");
    // an update from noon on splits the day
    let noon = "2026-11-23T13:00:00+01:00,2026-11-23T13:00:00+01:00,2026-11-23T23:59:59+01:00,Cala-8,,verde,giallo,verde\n";
    assert_eq!(send(&scene, &ada, &format!("{HEAD}{noon}")).await.status, 200);
    let day = scene.get(&nobody(), "/environment/alerts").await.json();
    let of_a: Vec<(&Value, &Value)> = day["today"]["zones"].as_array().unwrap().iter().map(|z| (&z["worst"], &z["from"])).collect();
    assert!(of_a.contains(&(&json!("yellow"), &json!("2026-11-23T12:00:00Z"))), "{of_a:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_colours_are_refused_with_the_line_and_nothing_is_written() {
    let (scene, ada) = (scene().await, officer("Ada", A));
    let good = line("2026-11-22T15:00:00+01:00", "2026-11-23", "Cala-8", [YELLOW, "verde", NONE]);
    let bad = send(&scene, &ada, &format!("{HEAD}{good}{}", good.replace("verde", "ALLERTA VIOLA"))).await;
    assert_eq!(bad.wrong(), ["line 3"]);
    assert!(bad.body.contains("avviso_temporali `ALLERTA VIOLA` is no colour"), "{}", bad.body);
    assert_eq!(scene.sql("select count(worst) from environment.alert_zones").await, "0");
    assert_eq!(send(&scene, &ada, "a,b\n1,2\n").await.wrong(), ["line 1"]);
    assert_eq!(send(&scene, &nobody(), &format!("{HEAD}{good}")).await.status, 403);
    let json = scene.ask(&ada, "POST", "/environment/bulletins", &[("content-type", "application/json")], "{}").await;
    assert_eq!(json.status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_told_in_words_and_no_bulletin_is_not_green() {
    let (scene, ada) = (scene().await, officer("Ada", A));
    assert!(scene.page(&nobody(), "/environment/alerts").await.contains("nessun bollettino"));
    let text = format!("{HEAD}{}", line("2026-11-22T15:00:00+01:00", "2026-11-23", "Cala-8", [YELLOW, "rosso", NONE]));
    assert_eq!(send(&scene, &ada, &text).await.status, 200);
    let page = scene.page(&nobody(), "/environment/alerts?lang=en").await;
    for words in ["yellow: ordinary", "red: high", "green: no alert", "no bulletin", "all day", "Castelmarina"] {
        assert!(page.contains(words), "{words}: {page}");
    }
}
