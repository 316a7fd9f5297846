use chrono::TimeDelta;
use kernel::Principal;
use serde_json::json;

use crate::scene::{HERE, Scene, marco};

fn nobody() -> Principal {
    Principal::anonymous()
}

#[tokio::test]
async fn a_report_gets_a_number_an_office_an_address_and_a_link_that_only_its_holder_knows() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    assert_eq!(sent.id, "R-2026-00001");
    let seen = scene.get(&nobody(), &sent.link).await;
    assert_eq!(
        (seen.status.as_u16(), seen.header("cache-control"), seen.header("referrer-policy")),
        (200, "no-store".into(), "no-referrer".into())
    );
    let seen = seen.json();
    assert_eq!((&seen["state"], &seen["office"], &seen["address"]), (&json!("received"), &json!("impianti"), &json!("Via Marina, 12")));
    assert_eq!((&seen["due"], &seen["public"]), (&json!("2026-12-08"), &json!(false)));
    let secret = sent.link.rsplit('/').next().unwrap();
    assert_eq!(secret.len(), 43);
    let at_rest: Vec<String> =
        sqlx::query_scalar("select encode(secret, 'hex') from reports.links").fetch_all(&mut scene.owner().await).await.unwrap();
    assert!(at_rest.len() == 1 && !at_rest[0].contains(secret));
    // absent for everybody but its office until it is approved
    assert_eq!(scene.get(&nobody(), "/reports/R-2026-00001").await.status, 404);
    assert_eq!(scene.get(&marco(), "/reports/R-2026-00001").await.status, 200);
    assert_eq!(scene.journal.lines(), ["nobody create reports R-2026-00001"]);
}

#[tokio::test]
async fn a_wrong_secret_is_as_absent_as_any() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    let (rest, last) = sent.link.split_at(sent.link.len() - 1);
    // another character whose bits count
    let wrong = format!("{rest}{}", if last == "A" || last == "B" || last == "C" || last == "D" { "k" } else { "A" });
    let nothing = format!("/reports/follow/{}", "A".repeat(43));
    for path in [wrong.as_str(), &nothing, "/reports/follow/x", "/reports/follow/R-2026-00001"] {
        let answer = scene.get(&nobody(), path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body, scene.get(&nobody(), &nothing).await.body, "{path}");
        for (act, body) in [("note", json!({"text": "x"})), ("contact", json!({"email": "a@b.it"}))] {
            assert_eq!(scene.post(&nobody(), &format!("{path}/{act}"), &body).await.status, 404, "{path}/{act}");
        }
    }
    let notes: i64 = sqlx::query_scalar("select count(*) from reports.messages").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(notes, 0);
}

#[tokio::test]
async fn what_is_sent_twice_is_taken_once_and_gets_the_same_link() {
    let scene = Scene::new().await;
    let send = |key: &'static str, text: &'static str| {
        let scene = &scene;
        async move {
            let body = json!({ "category": "waste", "lon": HERE[0], "lat": HERE[1], "text": text, "ticket": scene.ticket().await });
            let headers = [("content-type", "application/json"), ("idempotency-key", key)];
            scene.ask(&nobody(), "POST", "/reports/", &headers, body.to_string()).await
        }
    };
    let (first, again, other) = (send("draft-1", "a").await, send("draft-1", "a").await, send("draft-1", "b").await);
    assert_eq!((first.status.as_u16(), again.status.as_u16(), other.status.as_u16()), (201, 201, 422), "{}", other.body);
    assert_eq!(first.json()["private_link"], again.json()["private_link"]);
    assert_eq!(
        scene.get(&nobody(), &first.json()["private_link"].as_str().unwrap().replace("https://sit.example.it", "")).await.status,
        200
    );
    let (count, keys): (i64, String) =
        sqlx::query_as("select (select count(*) from reports.reports), (select string_agg(encode(key, 'escape'), '') from reports.sent)")
            .fetch_one(&mut scene.owner().await)
            .await
            .unwrap();
    assert!(count == 1 && !keys.contains("draft-1"), "{count} {keys}");
}

#[tokio::test]
async fn twins_at_the_same_moment_are_one_report() {
    let scene = Scene::new().await;
    let body = json!({ "category": "road", "lon": HERE[0], "lat": HERE[1], "ticket": scene.ticket().await }).to_string();
    let who = nobody();
    let headers = [("content-type", "application/json"), ("idempotency-key", "twin")];
    let one = || scene.ask(&who, "POST", "/reports/", &headers, body.clone());
    let (a, b, c) = tokio::join!(one(), one(), one());
    assert_eq!([a.status.as_u16(), b.status.as_u16(), c.status.as_u16()], [201; 3], "{} {} {}", a.body, b.body, c.body);
    assert_eq!((a.json()["id"].clone(), a.json()["private_link"].clone()), (b.json()["id"].clone(), c.json()["private_link"].clone()));
    let count: i64 = sqlx::query_scalar("select count(*) from reports.reports").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(count, 1);
}

#[tokio::test]
async fn a_ticket_is_of_this_form_rests_some_seconds_and_is_used_once() {
    let scene = Scene::new().await;
    let fresh = scene.get(&nobody(), "/reports/new").await.json()["ticket"].clone();
    let report = |ticket: &serde_json::Value| json!({ "category": "road", "lon": HERE[0], "lat": HERE[1], "ticket": ticket });
    let hasty = scene.post(&nobody(), "/reports/", &report(&fresh)).await;
    assert_eq!((hasty.status.as_u16(), hasty.header("retry-after")), (429, "4".into()));
    scene.clock.pass(TimeDelta::seconds(5));
    assert_eq!(scene.post(&nobody(), "/reports/", &report(&fresh)).await.status, 201);
    assert_eq!(scene.post(&nobody(), "/reports/", &report(&fresh)).await.status, 409, "it was used");
    assert_eq!(scene.post(&nobody(), "/reports/", &report(&json!("forged"))).await.wrong(), ["ticket"]);
    let none = json!({ "category": "road", "lon": HERE[0], "lat": HERE[1] });
    assert_eq!(scene.post(&nobody(), "/reports/", &none).await.wrong(), ["ticket"]);
    // a signed-in officer at the desk shows none
    assert_eq!(scene.post(&marco(), "/reports/", &none).await.status, 201);
}

#[tokio::test]
async fn without_a_script_the_form_has_two_pages_and_ends_on_the_private_page() {
    let scene = Scene::new().await;
    let known = scene.public(&json!({})).await;
    let first = scene.page(&nobody(), "/reports/new").await;
    assert!(first.body.contains("name=\"address\"") && first.body.contains("value=\"lighting\""), "{}", first.body);
    let lost = scene.page(&nobody(), "/reports/new?category=lighting&address=Via+che+non+c%27%C3%A8").await;
    assert!(lost.body.contains("role=\"alert\"") && !lost.body.contains("multipart"), "{}", lost.body);
    let second = scene.page(&nobody(), "/reports/new?category=lighting&address=via+marina+12").await;
    assert!(
        second.body.contains("multipart/form-data") && second.body.contains(&known.id) && second.body.contains("+1"),
        "{}",
        second.body
    );
    let value = |name: &str| {
        let at = second.body.find(&format!("name=\"{name}\" value=\"")).unwrap() + name.len() + 15;
        second.body[at..].split('"').next().unwrap().to_owned()
    };
    scene.clock.pass(TimeDelta::seconds(20));
    let form = format!(
        "_key={}&ticket={}&category=lighting&lon={}&lat={}&text=Buio&website=",
        value("_key"),
        value("ticket"),
        value("lon"),
        value("lat")
    );
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html,application/xhtml+xml")];
    let sent = scene.ask(&nobody(), "POST", "/reports/", &headers, form.clone()).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
    assert!(sent.header("location").starts_with("../reports/follow/"), "{}", sent.header("location"));
    let page = scene.page(&nobody(), sent.header("location").trim_start_matches("..")).await;
    assert!(page.body.contains("R-2026-00002") && page.body.contains("<svg") && page.body.contains("Un'altra qui vicino"), "{}", page.body);
    let trapped = scene.ask(&nobody(), "POST", "/reports/", &headers, format!("{form}http://spam.example")).await;
    assert!(trapped.status == 422 && trapped.body.contains("website"), "{}", trapped.body);
}

#[tokio::test]
async fn what_is_known_nearby_is_offered_and_counted() {
    let scene = Scene::new().await;
    let (known, hidden) = (scene.public(&json!({})).await, scene.sent(&json!({})).await);
    let near = scene.get(&nobody(), &format!("/reports/near?lon={}&lat={}&category=lighting", HERE[0] + 0.0003, HERE[1])).await.json();
    assert_eq!(
        (&near["address"], near["near"].as_array().unwrap().len(), &near["near"][0]["id"]),
        (&json!("Via Marina, 12"), 1, &json!(known.id))
    );
    for elsewhere in ["lon=15.66&lat=38.11&category=lighting", "lon=15.65&lat=38.11&category=road"] {
        assert_eq!(scene.get(&nobody(), &format!("/reports/near?{elsewhere}")).await.json()["near"], json!([]), "{elsewhere}");
    }
    let headers = [("content-type", "application/json"), ("idempotency-key", "plus-one")];
    for _ in 0..2 {
        let plus = scene.ask(&nobody(), "POST", &format!("/reports/{}/support", known.id), &headers, "{}").await;
        assert_eq!((plus.status.as_u16(), &plus.json()["supporters"]), (200, &json!(1)), "{}", plus.body);
    }
    assert_eq!(
        scene.post(&nobody(), &format!("/reports/{}/support", hidden.id), &json!({})).await.status,
        404,
        "what is not public is not there"
    );
    assert_eq!(scene.get(&nobody(), "/reports/near?lon=NaN&lat=1").await.status, 400);
}

#[tokio::test]
async fn notes_reach_the_office_and_contact_is_given_and_taken_back() {
    let scene = Scene::new().await;
    let sent = scene.sent(&json!({})).await;
    for _ in 0..2 {
        assert_eq!(scene.post(&nobody(), &format!("{}/note", sent.link), &json!({ "text": "Da ieri sera" })).await.status, 200);
    }
    let contact = |body: serde_json::Value| {
        let (scene, link) = (&scene, &sent.link);
        async move { scene.post(&nobody(), &format!("{link}/contact"), &body).await }
    };
    assert_eq!(contact(json!({ "email": "nessuno", "phone": "x" })).await.wrong(), ["email", "phone"]);
    assert_eq!(contact(json!({ "email": "ugo@posta.example", "phone": "0965 000111" })).await.status, 200);
    let mine = scene.get(&nobody(), &sent.link).await;
    assert!(!mine.body.contains("posta.example"), "the link does not tell the contact: {}", mine.body);
    assert_eq!((&mine.json()["contact"], mine.json()["messages"].as_array().unwrap().len()), (&json!({"email": true, "phone": true}), 1));
    let path = format!("/reports/{}", sent.id);
    let without = scene.get(&marco(), &path).await;
    assert!(without.body.contains("Da ieri sera") && !without.body.contains("posta.example"), "{}", without.body);
    let with = scene.get(&marco().with_purposes(["avvisare del lavoro".to_owned()]), &path).await.json();
    assert_eq!(with["contacts"][0]["email"], "ugo@posta.example");
    let foreign = test_database::officer("Rosa", &[crate::scene::ROCCA]).with_purposes(["curiosare".to_owned()]);
    assert_eq!(scene.get(&foreign, &path).await.status, 404);
    assert_eq!(contact(json!({})).await.status, 200);
    let left: i64 = sqlx::query_scalar("select count(*) from reports.contacts").fetch_one(&mut scene.owner().await).await.unwrap();
    assert_eq!(left, 0);
    let told = scene.journal.lines().join("\n");
    assert!(told.contains("nobody update reports") && told.contains(" contact") && !told.contains("posta"), "{told}");
}

#[tokio::test]
async fn one_network_is_one_more_however_often_it_says_so() {
    let scene = Scene::new().await;
    let known = scene.public(&json!({})).await;
    let path = format!("/reports/{}/support", known.id);
    let json = [("content-type", "application/json")];
    for (address, supporters) in [("198.51.100.7", 1), ("198.51.100.7", 1), ("198.51.100.8", 2), ("198.51.100.7", 2)] {
        let plus = scene.ask_from(address, &nobody(), "POST", &path, &json, "{}").await;
        assert_eq!((plus.status.as_u16(), &plus.json()["supporters"]), (200, &json!(supporters)), "{address}: {}", plus.body);
    }
}
