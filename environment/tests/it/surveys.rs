//! Versions of datasets: uploaded, put in force, withdrawn, and what is refused.

use serde_json::{Value, json};

use crate::scene::{A, B, Scene, collection, nobody, officer, square, version};

fn flood(class: &str) -> Value {
    version("flood", &collection(&[(square(15.65, 38.11), json!({"class": class, "water": "Torrente Zagarella", "objectid": 1}))]))
}

fn after(id: &str, mut version: Value) -> Value {
    version["replaces"] = id.into();
    version
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_takes_the_place_of_the_one_before_at_midnight_and_not_earlier() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let first = scene.in_force(&ada, &flood("P1"), "2026-01-01").await;
    let second = scene.in_force(&ada, &after(&first, flood("P3")), "2026-12-01").await;
    let class = async |at: &str| {
        scene.at(at);
        let known = scene.kind_at(&nobody(), "point=15.6505,38.1105", "flood").await;
        (known["zones"].as_array().unwrap().len(), known["zones"][0]["says"]["class"].as_str().unwrap().to_owned())
    };
    // midnight in Italy is 23 h UTC of the day before
    assert_eq!(class("2026-11-30T22:59:59Z").await, (1, "P1".to_owned()));
    assert_eq!(class("2026-11-30T23:00:00Z").await, (1, "P3".to_owned()));
    let history = scene.get(&nobody(), &format!("/environment/datasets/{second}")).await.json()["history"].clone();
    let states: Vec<&str> = history.as_array().unwrap().iter().map(|d| d["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["in_force", "superseded"]);
    assert_eq!(history[0]["number"], 2);
    assert_eq!(history[1]["ends"], history[0]["begins"]);
    let told = scene.journal.lines();
    assert_eq!(told.iter().filter(|line| line.contains("update datasets")).count(), 3, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_for_its_comune_alone() {
    let (scene, ada, rosa) = (Scene::new().await, officer("Ada", A), officer("Rosa", B));
    let (id, tag) = scene.draft(&ada, &flood("P2")).await;
    let path = format!("/environment/datasets/{id}");
    assert_eq!(scene.get(&ada, &path).await.status, 200);
    for who in [nobody(), rosa.clone()] {
        let (theirs, none) = (scene.get(&who, &path).await, scene.get(&who, "/environment/datasets/flood-080901-99").await);
        assert_eq!((theirs.status, theirs.body.replace(&id, "x")), (none.status, none.body.replace("flood-080901-99", "x")));
        assert_eq!(scene.get(&who, "/environment/datasets/").await.json()["datasets"], json!([]));
        assert!(!scene.get(&who, "/environment/datasets/?f=csv").await.body.contains("Rilievo"));
        for (what, body) in [("in-force", json!({"from": "2026-12-01"})), ("withdraw", json!({"reason": "x"}))] {
            assert_eq!(scene.post(&who, &format!("{path}/{what}"), Some(&tag), &body).await.status, 404);
        }
    }
    // what it holds applies to nobody yet, not even as they see it
    let known = scene.kind_at(&ada, "point=15.6505,38.1105", "flood").await;
    assert_eq!((&known["answer"], &known["zones"]), (&json!("not_surveyed"), &json!([])));
    assert_eq!(scene.sql("select count(*) from environment.flood_zones where published").await, "0");
    let page = scene.page(&ada, &path).await;
    assert!(page.contains("Metti in vigore") && page.contains("bozza"), "{page}");
    // one in force is seen by the other comune, without what is private
    let answer = scene.post(&ada, &format!("{path}/in-force"), Some(&tag), &json!({"from": "2026-11-01"})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.json()["author"], "Ada");
    for (who, status) in [(nobody(), 401), (rosa, 403)] {
        let seen = scene.get(&who, &path).await;
        assert_eq!((seen.json()["author"].clone(), seen.body.contains("Ada")), (Value::Null, false));
        let refused = scene.post(&who, &format!("{path}/withdraw"), Some(&seen.header("etag")), &json!({"reason": "x"})).await;
        assert_eq!(refused.status, status, "{}", refused.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_officers_of_the_comune_upload() {
    let (scene, rosa) = (Scene::new().await, officer("Rosa", B));
    assert_eq!(scene.post(&nobody(), "/environment/datasets/", None, &flood("P1")).await.status, 403);
    let refused = scene.post(&rosa, "/environment/datasets/", None, &flood("P1")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert_eq!(scene.sql("select count(*) from environment.datasets").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_begins_before_the_earlier_version_is_refused_and_nothing_is_changed() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let first = scene.in_force(&ada, &flood("P1"), "2026-06-01").await;
    let (id, tag) = scene.draft(&ada, &after(&first, flood("P2"))).await;
    let path = format!("/environment/datasets/{id}/in-force");
    for day in ["2026-05-31", "2026-06-01", "1999-01-01"] {
        assert_eq!(scene.post(&ada, &path, Some(&tag), &json!({"from": day})).await.wrong(), ["from"], "{day}");
    }
    assert_eq!(scene.post(&ada, &path, Some(&tag), &json!({"from": "2026-02-30"})).await.wrong(), ["from"]);
    assert_eq!(scene.post(&ada, &path, Some(&tag), &json!({})).await.wrong(), ["from"]);
    assert_eq!(
        scene.sql("select string_agg(state || coalesce(ends::text, ''), ',' order by id) from environment.datasets").await,
        "published,draft"
    );
    assert_eq!(scene.post(&ada, &path, None, &json!({"from": "2026-06-02"})).await.status, 428);
    assert_eq!(scene.post(&ada, &path, Some("\"1.1\""), &json!({"from": "2026-06-02"})).await.status, 412);
    let done = scene.post(&ada, &path, Some(&tag), &json!({"from": "2026-06-02"})).await;
    assert_eq!((done.status.as_u16(), &done.json()["ended"]), (200, &json!(first)), "{}", done.body);
    // only a draft is put in force
    assert_eq!(scene.post(&ada, &path, Some(&done.header("etag")), &json!({"from": "2026-06-03"})).await.status, 409);
    // and the database holds it too
    let mut owner = scene.scratch.connection("opensit_owner").await;
    let back = sqlx::query("update environment.datasets set state = 'draft'").execute(&mut owner).await.unwrap_err();
    assert!(back.to_string().contains("can not follow"), "{back}");
    let twice = sqlx::query("update environment.datasets set ends = null").execute(&mut owner).await.unwrap_err();
    assert!(twice.to_string().contains("versions_of_a_series_follow_each_other"), "{twice}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_an_upload_is_told_at_once_and_nothing_is_kept() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let crossed =
        json!({"type": "Polygon", "coordinates": [[[15.65, 38.11], [15.66, 38.12], [15.66, 38.11], [15.65, 38.12], [15.65, 38.11]]]});
    let features = collection(&[
        (square(15.65, 38.11), json!({"class": "P9"})),
        (crossed, json!({"class": "P1"})),
        (json!({"type": "Point", "coordinates": [15.65, 38.11]}), json!({"class": "P1"})),
        (square(15.75, 38.11), json!({"class": "P1"})),
        (square(3.0, 48.0), json!({"class": "P1"})),
        (json!({"type": "Polygon"}), json!({"class": "P1", "water": "<script>\u{202e}"})),
    ]);
    let mut body = version("flood", &features);
    body["title"] = "a\u{2066}b".into();
    body["colour"] = "red".into();
    body["source_date"] = "2026-12-24".into();
    let faults = scene.post(&ada, "/environment/datasets/", None, &body).await.wrong();
    assert_eq!(
        faults,
        [
            "title",
            "source_date",
            "features[0].class",
            "features[5].water",
            "features[1].geometry",
            "features[2].geometry",
            "features[3].geometry",
            "features[4].geometry",
            "features[5].geometry",
            "colour"
        ]
    );
    for bad in [json!("{"), json!({"type": "FeatureCollection"}), json!({"type": "Feature"}), json!([1]), Value::Null] {
        let mut body = flood("P1");
        body["features"] = bad.clone();
        let faults = scene.post(&ada, "/environment/datasets/", None, &body).await.wrong();
        assert!(!faults.is_empty() && faults.iter().all(|name| name == "features"), "{bad}: {faults:?}");
    }
    let not_json = scene.ask(&ada, "POST", "/environment/datasets/", &[("content-type", "application/json")], "{\"kind\":").await;
    assert_eq!(not_json.status, 400);
    for (name, value, fault) in [
        ("comune", json!("058091"), "comune"),
        ("kind", json!("earthquake"), "kind"),
        ("replaces", json!("flood-080901-7"), "replaces"),
        ("coverage", square(15.73, 38.11), "coverage"),
        ("coverage", json!({"type": "Polygon", "coordinates": []}), "coverage"),
    ] {
        let mut body = flood("P1");
        body[name] = value;
        assert!(scene.post(&ada, "/environment/datasets/", None, &body).await.wrong().contains(&fault.to_owned()), "{name}");
    }
    assert_eq!(scene.sql("select (select count(*) from environment.datasets) + (select count(*) from environment.flood_zones)").await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_used_again_gets_the_same_answer_and_a_script_stays_text() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let mut body = flood("P1");
    body["title"] = "<script>alert(1)</script>".into();
    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let first = scene.ask(&ada, "POST", "/environment/datasets/", &headers, body.to_string()).await;
    let again = scene.ask(&ada, "POST", "/environment/datasets/", &headers, body.to_string()).await;
    assert_eq!((first.status.as_u16(), &first.body), (201, &again.body));
    assert_eq!(first.json()["ignored"], json!(["objectid"]));
    assert_eq!(scene.sql("select count(*) from environment.datasets").await, "1");
    let page = scene.page(&ada, &first.header("location").replace("https://sit.example.it", "")).await;
    assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_with_files_makes_a_draft_and_leads_to_it() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let features = collection(&[(square(15.65, 38.11), json!({"class": "IV"}))]);
    let mut form = String::new();
    for (name, value) in [
        ("kind", "noise"),
        ("comune", A),
        ("title", "Piano"),
        ("source", "Consiglio"),
        ("licence", "CC0-1.0"),
        ("_key", "abc"),
        ("source_date", ""),
    ] {
        form.push_str(&format!("--xx\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    for (name, value) in [("features", features.to_string()), ("coverage", String::new())] {
        let head = format!(
            "--xx\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.geojson\"\r\nContent-Type: application/geo+json\r\n\r\n"
        );
        form.push_str(&format!("{head}{value}\r\n"));
    }
    form.push_str("--xx--\r\n");
    let headers = [("content-type", "multipart/form-data; boundary=xx"), ("accept", "text/html,application/xhtml+xml")];
    let answer = scene.ask(&ada, "POST", "/environment/datasets/", &headers, form).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "../../environment/datasets/noise-080901-1".to_owned()),
        "{}",
        answer.body
    );
    // the limits come from the table of the decree
    let limits = scene
        .sql("select format('%s %s %s %s', emission_day, emission_night, immission_day, immission_night) from environment.noise_zones")
        .await;
    assert_eq!(limits, "60 50 65 55");
    let cut = scene.ask(&ada, "POST", "/environment/datasets/", &headers, "--xx\r\nContent-Disp").await;
    assert_eq!(cut.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_is_not_surveyed_any_more_and_a_plan_withdrawn_lets_the_old_one_go_on() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let first = scene.in_force(&ada, &flood("P1"), "2026-01-01").await;
    let second = scene.in_force(&ada, &after(&first, flood("P3")), "2027-01-01").await;
    let tag = async |id: &str| scene.get(&ada, &format!("/environment/datasets/{id}")).await.header("etag");
    let withdraw = async |id: &str| {
        scene
            .post(&ada, &format!("/environment/datasets/{id}/withdraw"), Some(&tag(id).await), &json!({"reason": "errore di stampa"}))
            .await
    };
    assert_eq!(
        scene.post(&ada, &format!("/environment/datasets/{second}/withdraw"), Some(&tag(&second).await), &json!({})).await.wrong(),
        ["reason"]
    );
    assert_eq!(withdraw(&second).await.status, 200);
    scene.at("2027-06-01T00:00:00Z");
    assert_eq!(scene.kind_at(&nobody(), "point=15.6505,38.1105", "flood").await["zones"][0]["says"]["class"], "P1");
    assert_eq!(scene.get(&nobody(), &format!("/environment/datasets/{second}")).await.status, 404);
    assert_eq!(withdraw(&first).await.status, 200);
    assert_eq!(scene.kind_at(&nobody(), "point=15.6505,38.1105", "flood").await["answer"], "not_surveyed");
    let seen = scene.get(&nobody(), &format!("/environment/datasets/{first}")).await;
    assert_eq!((seen.json()["state"].clone(), seen.json()["withdrawn_because"].clone()), (json!("withdrawn"), Value::Null));
    assert_eq!(withdraw(&first).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_and_turned_by_cursor() {
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    let mut owner = scene.scratch.connection("opensit_owner").await;
    sqlx::query(
        "insert into environment.datasets (id, comune, kind, series, number, title, source, licence, state, published, begins, geom)
         select 'waste-080901-' || n, '080901', 'waste', 'waste-080901-' || n, 1, 'W' || n, 's', 'CC0', 'published', true, '2020-01-01', b.geom
           from generate_series(1, 120) n, territory.boundaries b where b.id = '080901'",
    )
    .execute(&mut owner)
    .await
    .unwrap();
    let (mut path, mut seen) = ("/environment/datasets/?kind=waste".to_owned(), Vec::new());
    loop {
        let page = scene.get(&nobody(), &path).await.json();
        seen.extend(page["datasets"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        path = next.replace("https://sit.example.it", "");
    }
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!((all, seen.len()), (120, 120));
    assert_eq!(scene.get(&nobody(), "/environment/datasets/?f=csv&kind=waste").await.body.lines().count(), 121);
    assert_eq!(scene.get(&nobody(), "/environment/datasets/?state=draft").await.json()["datasets"], json!([]));
    for bad in ["kind=x", "state=x", "cursor=x", "colour=1"] {
        assert_eq!(scene.get(&nobody(), &format!("/environment/datasets/?{bad}")).await.status, 400, "{bad}");
    }
    let page = scene.page(&ada, "/environment/datasets/?lang=en").await;
    assert!(page.contains("Upload a version") && page.contains("rel=\"next\""));
    assert!(!scene.page(&nobody(), "/environment/datasets/").await.contains("Carica una versione"));
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_every_text_are_text_and_marks_that_turn_it_are_refused() {
    const EVIL: &str = "<script>alert(1)</script>";
    let (scene, ada) = (Scene::new().await, officer("Ada", A));
    for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{0}b"] {
        for text in ["title", "source", "licence"] {
            let mut bad = flood("P1");
            bad[text] = turned.into();
            assert_eq!(scene.post(&ada, "/environment/datasets/", None, &bad).await.wrong(), [text], "{turned:?}");
        }
        let water = version("flood", &collection(&[(square(15.65, 38.11), json!({"class": "P1", "water": turned}))]));
        assert_eq!(scene.post(&ada, "/environment/datasets/", None, &water).await.wrong(), ["features[0].water"], "{turned:?}");
    }
    let mut sly = version("flood", &collection(&[(square(15.65, 38.11), json!({"class": "P1", "water": EVIL}))]));
    for text in ["title", "source", "licence"] {
        sly[text] = EVIL.into();
    }
    let id = scene.in_force(&ada, &sly, "2026-01-01").await;
    let path = format!("/environment/datasets/{id}");
    for reader in [&ada, &nobody()] {
        for address in [path.as_str(), "/environment/datasets/", "/environment/at?point=15.6505,38.1105"] {
            let page = scene.page(reader, address).await;
            assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"), "{address}: {page}");
        }
    }
    let withdraw = format!("{path}/withdraw");
    assert_eq!(scene.post(&ada, &withdraw, Some("*"), &json!({"reason": "a\u{202e}b"})).await.wrong(), ["reason"]);
    assert_eq!(scene.post(&ada, &withdraw, Some("*"), &json!({"reason": EVIL})).await.status, 200);
    let page = scene.page(&nobody(), &path).await;
    assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_officers_on_one_draft_the_second_is_told() {
    let (scene, ada, ida) = (Scene::new().await, officer("Ada", A), officer("Ida", A));
    let (id, tag) = scene.draft(&ada, &flood("P1")).await;
    let path = format!("/environment/datasets/{id}");
    assert_eq!(scene.post(&ada, &format!("{path}/in-force"), Some(&tag), &json!({"from": "2026-01-01"})).await.status, 200);
    for (act, body) in [("in-force", json!({"from": "2026-02-01"})), ("withdraw", json!({"reason": "Rilievo errato"}))] {
        assert_eq!(scene.post(&ida, &format!("{path}/{act}"), Some(&tag), &body).await.status, 412, "{act}");
        assert_eq!(scene.post(&ida, &format!("{path}/{act}"), None, &body).await.status, 428, "{act}");
    }
    assert_eq!(scene.get(&nobody(), &path).await.json()["state"], "in_force");
}
