//! An application from its registration to the end of its works.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{FOREIGN, FORMER, NEIGHBOUR, OURS, PARCEL, Scene, THEIRS, officer, pdc};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn through_a_suspension_over_the_change_of_clocks_to_issue_and_the_end_of_works() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let (path, tag) = scene.register(&who, &pdc("2026-123", "2026-01-12")).await;
    assert_eq!(path, "/permits/X101-2026-000123");
    let made = scene.get(&who, &path).await.json();
    assert_eq!(
        (&made["due_on"], &made["silence"], &made["rule"]["rule"]),
        (&json!("2026-04-13"), &json!("consent"), &json!("it-pdc-2011"))
    );

    // suspended on 20 March, resumed on the day after the clocks went forward
    let (record, tag) = scene.advance(&who, &path, &tag, &json!({"state": "integration_requested", "day": "2026-03-20"})).await;
    assert_eq!((&record["due_on"], &record["paused_since"]), (&Value::Null, &json!("2026-03-20")));
    let (record, tag) = scene.advance(&who, &path, &tag, &json!({"state": "resumed", "day": "2026-03-30"})).await;
    assert_eq!(record["due_on"], "2026-04-22", "ten days later than 12 April, which was a Sunday");
    let stretches: Vec<String> = record["count"]["stretches"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| format!("{} {} {} {}", s["from"], s["to"], s["why"], s["days"]).replace('"', ""))
        .collect();
    let expected = [
        "2026-01-13 2026-03-13 counted 60",
        "2026-03-14 2026-03-20 counted 7",
        "2026-03-21 2026-03-30 paused null",
        "2026-03-31 2026-04-22 counted 23",
    ];
    assert_eq!(stretches, expected);
    assert_eq!(record["count"]["counted"], 69, "on 1 April");

    scene.set("2027-06-01");
    let step = json!({"state": "issued", "day": "2026-04-20", "protocol": "4711", "protocol_on": "2026-04-20", "note": "Rilasciato"});
    let (record, tag) = scene.advance(&who, &path, &tag, &step).await;
    assert_eq!((&record["state"], &record["decided_on"], &record["due_on"]), (&json!("issued"), &json!("2026-04-20"), &Value::Null));
    let (_, tag) = scene.advance(&who, &path, &tag, &json!({"state": "started", "day": "2026-05-04"})).await;
    let (record, _) = scene.advance(&who, &path, &tag, &json!({"state": "ended", "day": "2027-05-04"})).await;
    assert_eq!((&record["started_on"], &record["ended_on"]), (&json!("2026-05-04"), &json!("2027-05-04")));
    let states: Vec<&str> = record["steps"].as_array().unwrap().iter().map(|s| s["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["submitted", "integration_requested", "resumed", "issued", "started", "ended"]);
    let told = scene.journal.lines();
    assert_eq!((told.len(), &*told[0]), (6, "Officer of 080901 create permits X101-2026-000123"));
    assert!(!told.concat().contains("Zaira"), "names of what changed, never values");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_follow_is_refused_in_words() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let (path, tag) = scene.register(&who, &pdc("2026-1", "2026-03-01")).await;
    let steps = format!("{path}/steps");
    for (step, field) in [
        (json!({"state": "ended"}), "state"),
        (json!({"state": "started"}), "state"),
        (json!({"state": "castle"}), "state"),
        (json!({"state": "tacit"}), "state"),
        (json!({"state": "issued", "day": "2026-02-28"}), "day"),
        (json!({"state": "issued", "day": "2026-04-02"}), "day"),
        (json!({"state": "issued", "protocol": "12"}), "protocol_on"),
        (json!({"state": "issued", "note": "a\u{202e}b"}), "note"),
        (json!({"state": "issued", "stamp": "x"}), "stamp"),
    ] {
        assert_eq!(scene.send(&who, "POST", &steps, Some(&tag), &step).await.wrong(), [field], "{step}");
    }
    assert_eq!(scene.count("steps").await, 1, "nothing was half-written");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_itself_holds_states_and_days() {
    let scene = Scene::on("2026-04-01").await;
    scene.register(&officer(OURS), &pdc("2026-1", "2026-03-01")).await;
    let mut owner = scene.scratch.connection("opensit_owner").await;
    for (change, said) in [
        ("state = 'ended'", "`ended` can not follow `submitted`"),
        ("state = 'started', started_on = '2026-04-01'", "they need the title"),
        ("state = 'issued'", "decided_has_its_day"),
        ("state = 'issued', decided_on = '2026-01-01'", "decided_after_filed"),
        ("started_on = '2026-04-02', ended_on = '2026-04-01'", "ended_after_started"),
        ("kind = 'scia', state = 'issued', decided_on = '2026-04-01'", "declared_is_not_issued"),
        ("paused_since = '2026-04-01'", "a_paused_clock_has_no_end"),
        ("protocol = '2025-000001'", "protocol_is_of_the_year_of_filing"),
    ] {
        let refused =
            sqlx::raw_sql(sqlx::AssertSqlSafe(format!("update permits.permits set {change}"))).execute(&mut owner).await.unwrap_err();
        assert!(refused.to_string().contains(said), "{change}: {refused}");
    }
    let made = "insert into permits.permits (protocol, kind, state, filed_on, subject, rule, silence, geom)
                select '2026-000009', kind, 'resumed', filed_on, subject, rule, silence, geom from permits.permits";
    assert!(sqlx::raw_sql(made).execute(&mut owner).await.unwrap_err().to_string().contains("can not follow"), "it begins submitted");
    let early = "insert into permits.steps (permit, ordinal, state, on_day) select fid, 2, 'resumed', '2026-02-01' from permits.permits";
    assert!(sqlx::raw_sql(early).execute(&mut owner).await.unwrap_err().to_string().contains("before the last step"));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_consent_after_the_term_unless_a_constraint_lies_on_the_place() {
    let scene = Scene::on("2026-06-10").await;
    let who = officer(OURS);
    let mut filing = pdc("2026-2", "2026-01-12");
    filing["constraint_kind"] = "landscape".into();
    assert_eq!(scene.send(&who, "POST", "/permits/", None, &filing).await.wrong(), ["constraint_source"]);
    filing["constraint_source"] = "D.Lgs. 42/2004, art. 142".into();
    let (path, tag) = scene.register(&who, &filing).await;
    assert_eq!(scene.get(&who, &path).await.json()["silence"], "none");
    let page = scene.page(&who, &path, "it").await;
    assert!(
        page.contains("Un vincolo sul luogo cambia il valore del silenzio") && page.contains("serve un provvedimento espresso"),
        "{page}"
    );
    let tacit = json!({"state": "tacit"});
    assert_eq!(scene.send(&who, "POST", &format!("{path}/steps"), Some(&tag), &tacit).await.wrong(), ["state"]);
    let cleared = scene.send(&who, "PATCH", &path, Some(&tag), &json!({"constraint_cleared_on": "2026-06-01"})).await;
    assert_eq!((cleared.status.as_u16(), &cleared.json()["silence"]), (200, &json!("consent")), "{}", cleared.body);
    let on_the_last_day = json!({"state": "tacit", "day": "2026-04-13"});
    assert_eq!(
        scene.send(&who, "POST", &format!("{path}/steps"), Some(&cleared.header("etag")), &on_the_last_day).await.wrong(),
        ["state"]
    );
    let (record, _) = scene.advance(&who, &path, &cleared.header("etag"), &tacit).await;
    assert_eq!((&record["state"], &record["decided_on"]), (&json!("tacit"), &json!("2026-06-10")));
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_of_the_region_the_size_of_the_comune_and_the_day() {
    let scene = Scene::on("2026-06-10").await;
    let (ours, theirs) = (officer(OURS), officer(THEIRS));
    let mut foreign = pdc("2026-1", "2026-01-12");
    foreign["parcels"] = json!([FOREIGN]);
    let (path, _) = scene.register(&theirs, &foreign).await;
    assert_eq!(path, "/permits/X102-2026-000001", "each comune has its register");
    let big = scene.get(&theirs, &path).await.json();
    assert_eq!((&big["rule"]["rule"], &big["due_on"]), (&json!("lombardia-pdc-grandi"), &json!("2026-04-27")));
    let mut old = pdc("2010-1", "2010-01-12");
    old["complex"] = true.into();
    let (path, _) = scene.register(&ours, &old).await;
    let old = scene.get(&ours, &path).await.json();
    assert_eq!((&old["rule"]["rule"], &old["silence"], &old["count"]["total"]), (&json!("it-pdc-2003"), &json!("refusal"), &json!(150)));
    let mut cila = pdc("2026-3", "2026-01-12");
    cila["kind"] = "cila".into();
    let (path, tag) = scene.register(&ours, &cila).await;
    let (record, _) = scene.advance(&ours, &path, &tag, &json!({"state": "started"})).await;
    assert_eq!((&record["count"]["total"], &record["state"]), (&json!(0), &json!("started")), "it runs without a term");
    let mut early = pdc("2020-3", "2020-01-12");
    early["kind"] = "cilas".into();
    assert_eq!(scene.send(&ours, "POST", "/permits/", None, &early).await.wrong(), ["kind"], "there was no such thing yet");
}

#[tokio::test(flavor = "multi_thread")]
async fn works_in_place_of_a_permit_wait_for_the_end_of_the_term() {
    let scene = Scene::on("2026-06-10").await;
    let who = officer(OURS);
    let mut filing = pdc("2026-3", "2026-05-01");
    filing["kind"] = "scia_alternativa".into();
    let (path, tag) = scene.register(&who, &filing).await;
    let early = json!({"state": "started", "day": "2026-05-20"});
    assert_eq!(scene.send(&who, "POST", &format!("{path}/steps"), Some(&tag), &early).await.wrong(), ["day"]);
    scene.advance(&who, &path, &tag, &json!({"state": "started", "day": "2026-06-09"})).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_is_of_parcels_that_are_or_were_and_of_the_officers_comune() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let with = |parcels: Value| {
        let mut filing = pdc("2026-5", "2026-03-01");
        filing["parcels"] = parcels;
        filing
    };
    for wrong in [json!(["X101_000100.999"]), json!([FOREIGN]), json!(["x"]), json!([PARCEL, PARCEL]), json!([PARCEL, FOREIGN]), json!([])]
    {
        assert_eq!(scene.send(&who, "POST", "/permits/", None, &with(wrong.clone())).await.wrong(), ["parcels"], "{wrong}");
    }
    let both = scene.send(&who, "POST", "/permits/", None, &with(json!(["X101_000100.999", FOREIGN]))).await;
    assert_eq!(both.wrong(), ["parcels", "parcels"], "all that is wrong at once");
    assert_eq!((scene.count("permits").await, scene.count("parties").await), (0, 0));

    let (path, _) = scene.register(&who, &with(json!([PARCEL, NEIGHBOUR, FORMER]))).await;
    let record = scene.get(&who, &path).await.json();
    let exists: Vec<&Value> = record["parcels"].as_array().unwrap().iter().map(|p| &p["exists"]).collect();
    assert_eq!(exists, [&json!(true), &json!(true), &json!(false)]);
    assert_eq!(record["parcels"][2]["valid_to"], "2019-05-01T00:00:00Z");
    let page = scene.page(&who, &path, "en").await;
    assert!(page.contains("no longer exists") && page.contains("1 May 2019"), "{page}");
    let area = scene.area().await;
    assert!((area - 1_600.0).abs() < 1e-6, "{area} m²: 400 and 400 and 800");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_parcels_a_house_number_or_a_polygon_says_the_place() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let mut filing = pdc("2026-6", "2026-03-01");
    filing["parcels"] = Value::Null;
    filing["address"] = "via ròma 12".into();
    let (path, _) = scene.register(&who, &filing).await;
    let record = scene.get(&who, &path).await.json();
    assert_eq!((&record["address"], &record["house_number"]), (&json!("Via Roma 12"), &json!("H1")));
    let area = scene.area().await;
    assert!((area - 400.0).abs() < 1e-6, "{area} m²: the parcel at the number");
    filing["protocol"] = "2026-7".into();
    filing["address"] = "Via Nuova 1".into();
    assert_eq!(scene.send(&who, "POST", "/permits/", None, &filing).await.wrong(), ["parcels"], "that number is of the other comune");
    filing["address"] = Value::Null;
    let square =
        |lon: f64| json!({"type": "Polygon", "coordinates": [[[lon, 38.1], [lon + 0.001, 38.1], [lon + 0.001, 38.101], [lon, 38.1]]]});
    filing["geometry"] = square(15.75);
    assert_eq!(scene.send(&who, "POST", "/permits/", None, &filing).await.wrong(), ["geometry"], "it lies in the other comune");
    filing["geometry"] = json!({"type": "Point", "coordinates": [15.6, 38.1]});
    assert_eq!(scene.send(&who, "POST", "/permits/", None, &filing).await.wrong()[0], "geometry");
    filing["geometry"] = square(15.6);
    scene.register(&who, &filing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_wrong_with_a_filing_is_told_at_once() {
    let scene = Scene::on("2026-04-01").await;
    let wrong = json!({
        "protocol": "2025-1", "kind": "castle", "filed_on": "2026-05-01", "subject": "a\u{202e}b", "applicant_email": "nobody",
        "constraint_cleared_on": "2026-03-01", "colour": "red"
    });
    let found = scene.send(&officer(OURS), "POST", "/permits/", None, &wrong).await.wrong();
    for field in ["protocol", "kind", "filed_on", "subject", "applicant", "applicant_email", "constraint_cleared_on", "parcels", "colour"] {
        assert!(found.iter().any(|f| f == field), "{field}: {found:?}");
    }
    assert_eq!(scene.count("permits").await, 0);
    let mut script = pdc("2026-1", "2026-03-01");
    script["subject"] = "<script>alert(1)</script>".into();
    let (path, _) = scene.register(&officer(OURS), &script).await;
    let page = scene.page(&officer(OURS), &path, "it").await;
    assert!(page.contains("&lt;script&gt;") && !page.contains("<script>alert"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_officers_on_one_record_and_a_request_that_comes_twice() {
    let scene = Scene::on("2026-04-01").await;
    let (one, other) = (officer(OURS), officer(OURS));
    let (path, tag) = scene.register(&one, &pdc("2026-1", "2026-03-01")).await;
    let steps = format!("{path}/steps");
    let step = json!({"state": "integration_requested", "day": "2026-03-10"});
    assert_eq!(scene.send(&one, "POST", &steps, None, &step).await.status, 428);
    scene.advance(&one, &path, &tag, &step).await;
    let late = scene.send(&other, "POST", &steps, Some(&tag), &json!({"state": "refused"})).await;
    assert_eq!(late.status, 412, "{}", late.body);
    assert_eq!(scene.send(&other, "PATCH", &path, Some(&tag), &json!({"subject": "x"})).await.status, 412);
    assert_eq!(scene.count("steps").await, 2);

    let headers = [("content-type", "application/json"), ("idempotency-key", "k1")];
    let filing = pdc("2026-2", "2026-03-01").to_string();
    let first = scene.ask(&one, "POST", "/permits/", &headers, filing.clone()).await;
    let second = scene.ask(&one, "POST", "/permits/", &headers, filing).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16(), first.body == second.body), (201, 201, true));
    assert_eq!(scene.count("permits").await, 2);
    assert_eq!(scene.send(&one, "POST", "/permits/", None, &pdc("2026-2", "2026-03-01")).await.status, 409, "that number is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_changes_what_it_names() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let (path, tag) = scene.register(&who, &pdc("2026-1", "2026-03-01")).await;
    let body = json!({"parcels": [NEIGHBOUR], "subject": "Piscina", "complex": true, "technician_email": "q@studio.example.it"});
    let answer = scene.send(&who, "PATCH", &path, Some(&tag), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let record = answer.json();
    assert_eq!(
        (&record["subject"], &record["parcels"][0]["id"], &record["count"]["total"]),
        (&json!("Piscina"), &json!(NEIGHBOUR), &json!(150))
    );
    let parties = scene.get(&scene::with_purpose(who.clone()), &path).await.json()["parties"].clone();
    assert_eq!((&parties[1]["name"], &parties[1]["email"]), (&json!("Quinto Pescalupo"), &json!("q@studio.example.it")));
    let told = scene.journal.lines().pop().unwrap();
    assert!(told.ends_with("update permits X101-2026-000001 subject,complex,due_on,geometry,parcels,technician"), "{told}");
    let foreign = scene.send(&who, "PATCH", &path, Some(&answer.header("etag")), &json!({"parcels": [FOREIGN]})).await;
    assert_eq!(foreign.wrong(), ["parcels"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_every_text_are_text_and_marks_that_turn_it_are_refused() {
    const EVIL: &str = "<script>alert(1)</script>";
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let mut filing = pdc("2026-1", "2026-03-01");
    filing["constraint_kind"] = "landscape".into();
    filing["address"] = "Via Roma 12".into();
    let texts = [
        "subject",
        "address",
        "constraint_source",
        "note",
        "applicant",
        "applicant_code",
        "applicant_email",
        "technician",
        "technician_code",
    ];
    for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{0}b"] {
        for text in texts {
            let mut bad = filing.clone();
            bad["constraint_source"] = "Piano paesaggistico".into();
            bad[text] = turned.into();
            assert_eq!(scene.send(&who, "POST", "/permits/", None, &bad).await.wrong()[0], text, "{turned:?}");
        }
    }
    assert_eq!(scene.count("permits").await, 0);
    for text in ["subject", "address", "constraint_source", "note", "applicant", "technician"] {
        filing[text] = EVIL.into();
    }
    let (path, tag) = scene.register(&who, &filing).await;
    let step = json!({"state": "integration_requested", "day": "2026-03-10", "note": EVIL, "protocol": EVIL, "protocol_on": "2026-03-10"});
    scene.advance(&who, &path, &tag, &step).await;
    for reader in [who.clone(), scene::with_purpose(who), Principal::anonymous()] {
        for address in [path.as_str(), "/permits/", "/permits/?q=script"] {
            let page = scene.page(&reader, address, "it").await;
            assert!(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"), "{address}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withdrawn_is_corrected_on_the_same_day() {
    let scene = Scene::on("2026-04-01").await;
    let who = officer(OURS);
    let (path, tag) = scene.register(&who, &pdc("2026-1", "2026-03-01")).await;
    let (withdrawn, tag) = scene.advance(&who, &path, &tag, &json!({"state": "withdrawn", "day": "2026-04-01"})).await;
    assert_eq!((&withdrawn["state"], &withdrawn["due_on"]), (&json!("withdrawn"), &Value::Null));
    let corrected = scene.send(&who, "PATCH", &path, Some(&tag), &json!({"subject": "Tettoia", "complex": true})).await;
    assert_eq!(corrected.status, 200, "{}", corrected.body);
    let record = corrected.json();
    // put right, and still without a term
    assert_eq!((&record["subject"], &record["state"], &record["due_on"]), (&json!("Tettoia"), &json!("withdrawn"), &Value::Null));
    assert_eq!(record["steps"].as_array().unwrap().len(), 2);
    let tag = corrected.header("etag");
    let back = json!({"state": "submitted", "day": "2026-04-01"});
    assert_eq!(scene.send(&who, "POST", &format!("{path}/steps"), Some(&tag), &back).await.wrong(), ["state"]);
    // filed again on that day, under a number of its own, while the first is put away
    scene.register(&who, &pdc("2026-2", "2026-04-01")).await;
    let (archived, _) = scene.advance(&who, &path, &tag, &json!({"state": "archived", "day": "2026-04-01"})).await;
    assert_eq!(archived["state"], "archived");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_permit_on_a_parcel_that_was_split_is_found_on_what_came_of_it() {
    let scene = Scene::on("2026-05-10").await.with_identify().await;
    sqlx::raw_sql(
        "insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, geom) values
             ('X101_000100.501', '080901', 1, '501', 'land', true, '2019-05-01', st_makeenvelope(551000, 4211020, 551020, 4211040, 7792)),
             ('X101_000100.502', '080901', 1, '502', 'land', true, '2019-05-01', st_makeenvelope(551020, 4211020, 551040, 4211040, 7792));
         insert into cadastre.lineage (parent, child, day, area_m2) values
             ('X101_000100.77', 'X101_000100.501', '2019-05-01', 400), ('X101_000100.77', 'X101_000100.502', '2019-05-01', 400),
             ('X101_000100.502', 'X101_000100.77', '2019-05-01', 0)",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    let mut filing = pdc("2026-7", "2026-03-01");
    filing["parcels"] = json!([FORMER]);
    let (path, _) = scene.register(&officer(OURS), &filing).await;
    let nobody = Principal::anonymous();
    let cited = scene.get(&nobody, &path).await.json()["parcels"][0].clone();
    assert_eq!((&cited["exists"], &cited["successors"]), (&json!(false), &json!(["X101_000100.501", "X101_000100.502"])));
    let page = scene.page(&nobody, &path, "it").await;
    for link in ["X101_000100.77\">Foglio 1, particella 77</a>", "X101_000100.501\">1/501</a>", "X101_000100.502\">1/502</a>"] {
        assert!(page.contains(&format!("../cadastre/parcels/{link}")), "{link}: {page}");
    }
    for parcel in ["501", "502"] {
        let met = scene.get(&nobody, &format!("/identify?feature=parcels/X101_000100.{parcel}&layers=permits")).await.json();
        assert_eq!(met["cards"][0]["id"], "X101-2026-000007", "{parcel}: {met}");
    }
    let beside = scene.get(&nobody, &format!("/identify?feature=parcels/{NEIGHBOUR}&layers=permits")).await.json();
    assert_eq!(beside["cards"], json!([]));
}
