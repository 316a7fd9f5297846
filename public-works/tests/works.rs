//! Works: registered, put right, moved on, progressed, listed.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use kernel::Principal;
use scene::{OURS, Scene, THEIRS, officer, work};
use serde_json::{Value, json};

const CUP: &str = "X17B26000040006";

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_registered_where_a_street_is_and_read_by_everybody() {
    let scene = Scene::on("2026-05-10").await;
    let (address, tag) = scene.register(&officer(OURS), &work(CUP)).await;
    assert_eq!(address, format!("/public-works/{CUP}"));
    let read = scene.get(&Principal::anonymous(), &address).await;
    assert_eq!(read.header("etag"), tag);
    let record = read.json();
    assert_eq!((&record["comune"], &record["state"], &record["editable"]), (&json!(OURS), &json!("planned"), &json!(false)));
    assert_eq!(record["geometry"]["type"], "LineString", "the pieces of the street are one line");
    assert_eq!(record["amount_eur"], 250_000.5);
    assert_eq!(scene.journal.lines().join("; "), format!("Officer of {OURS} create works {CUP}"));
    let page = scene.page(&Principal::anonymous(), &address, "it").await;
    assert!(page.contains("Rete idrica di Via Roma") && page.contains("250.000,50 €") && !page.contains("Per l'ufficio"), "{page}");
    let page = scene.page(&officer(OURS), &address, "en").await;
    assert!(page.contains("For the office") && page.contains("Record progress"), "{page}");
    assert!(!scene.page(&officer(THEIRS), &address, "en").await.contains("For the office"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_is_a_point_a_line_or_an_area() {
    let scene = Scene::on("2026-05-10").await;
    let area = json!({"type": "Polygon", "coordinates": [[[15.6, 38.06], [15.601, 38.06], [15.601, 38.061], [15.6, 38.06]]]});
    let places = [
        json!({"type": "Point", "coordinates": [15.6, 38.06]}),
        json!({"type": "LineString", "coordinates": [[15.6, 38.06], [15.601, 38.06]]}),
        area,
    ];
    for (k, place) in places.into_iter().enumerate() {
        let kind = place["type"].clone();
        let (address, _) = scene.register(&officer(OURS), &json!({"title": "Opera", "code": format!("LP-{k}"), "place": place})).await;
        assert_eq!(scene.get(&Principal::anonymous(), &address).await.json()["geometry"]["type"], kind);
    }
    let cut = json!({"title": "Opera", "code": "X-9", "place": {"type": "GeometryCollection", "geometries": []}});
    assert_eq!(scene.post(&officer(OURS), "/public-works/", None, &cut).await.wrong(), ["place"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_at_once_and_nothing_is_kept() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let mut bad = work("X17B2600004000");
    bad["cui"] = "L1".into();
    bad["title"] = "Strada \u{202e}adartS".into();
    bad["ends_planned"] = "2026-02-28".into();
    bad["amount_eur"] = (-1).into();
    bad["street"] = "Via Nessuna".into();
    bad["colour"] = "red".into();
    let wrong = scene.post(&who, "/public-works/", None, &bad).await.wrong();
    assert_eq!(wrong, ["title", "cup", "cui", "amount_eur", "ends_planned", "street", "colour"]);
    // both, or none, is no place; one in another comune is not theirs
    let mut both = work(CUP);
    both["place"] = json!({"type": "Point", "coordinates": [15.6, 38.06]});
    assert_eq!(scene.post(&who, "/public-works/", None, &both).await.wrong(), ["place"]);
    let abroad = json!({"title": "t", "code": "A-1", "place": {"type": "Point", "coordinates": [15.73, 38.06]}});
    assert_eq!(scene.post(&who, "/public-works/", None, &abroad).await.wrong(), ["place"]);
    assert_eq!(
        scene.post(&who, "/public-works/", None, &json!({"title": "t", "code": "new", "street": "Via Roma"})).await.wrong(),
        ["code"]
    );
    assert_eq!(scene.post(&who, "/public-works/", None, &json!({"title": "t", "street": "Via Roma"})).await.wrong(), ["code"]);
    let crossing =
        json!({"type": "Polygon", "coordinates": [[[15.6, 38.06], [15.602, 38.062], [15.602, 38.06], [15.6, 38.062], [15.6, 38.06]]]});
    let answer = scene.post(&who, "/public-works/", None, &json!({"title": "t", "code": "A-1", "place": crossing})).await.json();
    assert_eq!((&answer["errors"][0]["field"], &answer["errors"][0]["at"]), (&json!("place"), &json!([15.601, 38.061])));
    assert_eq!(scene.post(&Principal::anonymous(), "/public-works/", None, &work(CUP)).await.status, 403);
    assert_eq!(scene.sql("select count(*) from public_works.works").await, "0");
    assert!(scene.journal.lines().is_empty());
    scene.register(&who, &work(CUP)).await;
    assert_eq!(scene.post(&who, "/public-works/", None, &work(CUP)).await.wrong(), ["cup"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_agree_is_told_to_its_office() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let mut one = work(CUP);
    one["amount_eur"] = 1000.into();
    let (address, mut tag) = scene.register(&who, &one).await;
    let doubts = async || scene.get(&who, &address).await.json()["doubts"].clone();
    assert_eq!(doubts().await, json!([]), "no line of funding yet is no doubt");
    for (what, body, found) in [
        ("funding", json!({"source": "Regione", "amount_eur": 600.1}), json!(["funding_below_amount"])),
        ("funding", json!({"source": "Bilancio", "amount_eur": 399.9}), json!([])),
        ("state", json!({"state": "tender"}), json!([])),
        (
            "progress",
            json!({"percent": 40, "amount_eur": 1200}),
            json!(["spent_above_amount", "spent_above_funding", "begun_before_under_way"]),
        ),
        ("state", json!({"state": "under_way"}), json!(["spent_above_amount", "spent_above_funding"])),
        ("funding", json!({"source": "Mutuo", "amount_eur": 300}), json!(["funding_above_amount", "spent_above_amount"])),
        ("progress", json!({"percent": 100}), json!(["funding_above_amount", "spent_above_amount", "done_and_not_completed"])),
    ] {
        let answer = scene.post(&who, &format!("{address}/{what}"), Some(&tag), &body).await;
        assert_eq!((answer.status.as_u16(), doubts().await), (200, found), "{what} {body}");
        tag = answer.header("etag");
    }
    let shown = |page: &str| page.contains("i SAL superano l'importo dell'opera");
    assert!(shown(&scene.page(&who, &address, "it").await) && !shown(&scene.page(&Principal::anonymous(), &address, "it").await));
    assert!(scene.get(&Principal::anonymous(), &address).await.json()["doubts"].is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_in_every_text_are_text_and_marks_that_turn_it_are_refused() {
    const EVIL: &str = "<script>alert(1)</script>";
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let mut sly = work(CUP);
    (sly["title"], sly["responsible"]) = (EVIL.into(), EVIL.into());
    let (address, _) = scene.register(&who, &sly).await;
    let parts = [
        ("progress", json!({"percent": 10, "note": EVIL})),
        ("progress", json!({"percent": 5, "reason": EVIL})),
        ("funding", json!({"amount_eur": 1, "source": EVIL})),
        ("cigs", json!({"cig": "8800000A1F", "subject": EVIL})),
    ];
    for (part, body) in &parts {
        let answer = scene.post(&who, &format!("{address}/{part}"), Some("*"), body).await;
        assert_eq!(answer.status, 200, "{part}: {}", answer.body);
    }
    for reader in [who.clone(), Principal::anonymous()] {
        for path in [address.as_str(), "/public-works/"] {
            let page = scene.page(&reader, path, "it").await;
            assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !page.contains("<script>alert"), "{path}");
        }
    }
    for turned in ["a\u{202e}b", "a\u{2066}b", "a\u{200f}b", "a\u{0}b"] {
        for text in ["title", "responsible", "code", "street"] {
            let mut bad = work("X17B26000040001");
            if text == "code" {
                bad["cup"] = json!(null);
            }
            bad[text] = turned.into();
            let wrong = scene.post(&who, "/public-works/", None, &bad).await.wrong();
            assert!(wrong.contains(&text.to_owned()), "{text} {turned:?}: {wrong:?}");
        }
        for (part, body) in &parts {
            let mut bad = body.clone();
            let (text, value) = bad.as_object_mut().unwrap().iter_mut().find(|(_, value)| *value == EVIL).unwrap();
            *value = turned.into();
            let text = text.clone();
            assert_eq!(scene.post(&who, &format!("{address}/{part}"), Some("*"), &bad).await.wrong(), [text], "{turned:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_has_a_day_that_is_past() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let mut ahead = work(CUP);
    (ahead["begins_actual"], ahead["ends_actual"]) = ("2026-05-11".into(), "2026-05-12".into());
    assert_eq!(scene.post(&who, "/public-works/", None, &ahead).await.wrong(), ["begins_actual", "ends_actual"]);
    let mut backwards = work(CUP);
    (backwards["begins_actual"], backwards["ends_actual"]) = ("2026-05-10".into(), "2026-05-09".into());
    assert_eq!(scene.post(&who, "/public-works/", None, &backwards).await.wrong(), ["ends_actual"]);
    let mut today = work(CUP);
    today["begins_actual"] = "2026-05-10".into();
    let (address, _) = scene.register(&who, &today).await;
    let phase = json!({"phase": "tender", "actual_from": "2026-05-11", "actual_to": "2026-05-12"});
    assert_eq!(scene.post(&who, &format!("{address}/phases"), Some("*"), &phase).await.wrong(), ["actual_from", "actual_to"]);
    let mut facts = work(CUP);
    facts.as_object_mut().unwrap().remove("street");
    facts["ends_actual"] = "2026-05-11".into();
    assert_eq!(scene.post(&who, &address, Some("*"), &facts).await.wrong(), ["ends_actual"]);
    // in Italy it is the next day before it is in Greenwich
    scene.clock.set("2026-05-10T22:30:00Z");
    assert_eq!(scene.post(&who, &address, Some("*"), &facts).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_goes_up_or_says_why_and_stays() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let (address, tag) = scene.register(&who, &work(CUP)).await;
    let progress = format!("{address}/progress");
    for (bad, field) in [
        (json!({"percent": 130}), "percent"),
        (json!({"percent": "NaN"}), "percent"),
        (json!({}), "percent"),
        (json!({"percent": 10, "measured_on": "2026-05-11"}), "measured_on"),
        (json!({"percent": 10, "amount_eur": -5}), "amount_eur"),
    ] {
        assert_eq!(scene.post(&who, &progress, Some(&tag), &bad).await.wrong(), [field], "{bad}");
    }
    let first = scene.post(&who, &progress, Some(&tag), &json!({"percent": 40, "amount_eur": 100000, "measured_on": "2026-05-01"})).await;
    assert_eq!((first.status.as_u16(), &first.json()["progress"], &first.json()["spent_eur"]), (200, &json!(40.0), &json!(100_000.0)));
    let tag = first.header("etag");
    assert_eq!(scene.post(&who, &progress, Some(&tag), &json!({"percent": 30})).await.wrong(), ["reason"]);
    assert_eq!(
        scene.post(&who, &progress, Some(&tag), &json!({"percent": 50, "measured_on": "2026-04-30"})).await.wrong(),
        ["measured_on"]
    );
    let down = scene.post(&who, &progress, Some(&tag), &json!({"percent": 30, "reason": "Misura errata"})).await;
    assert_eq!(down.json()["progress_entries"].as_array().unwrap().len(), 2);
    // append-only for the program too
    let mut app = scene.scratch.connection("opensit_app").await;
    for sql in ["update public_works.work_progress set percent = 1", "delete from public_works.work_progress"] {
        assert!(sqlx::query(sql).execute(&mut app).await.is_err(), "{sql}");
    }
    let page = scene.page(&Principal::anonymous(), &address, "it").await;
    assert!(page.contains("Misura errata") && page.contains("100.000 €"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_officers_the_second_is_told() {
    let scene = Scene::on("2026-05-10").await;
    let (address, tag) = scene.register(&officer(OURS), &work(CUP)).await;
    let funding = format!("{address}/funding");
    let line = json!({"source": "PNRR", "amount_eur": 1000});
    assert_eq!(scene.post(&officer(OURS), &funding, Some(&tag), &line).await.status, 200);
    let second = scene.post(&officer(OURS), &funding, Some(&tag), &line).await;
    assert_eq!(second.status, 412);
    assert_eq!(second.json()["etag"], scene.get(&Principal::anonymous(), &address).await.header("etag"));
    assert_eq!(scene.post(&officer(OURS), &funding, None, &line).await.status, 428);
    assert_eq!(scene.post(&officer(THEIRS), &funding, Some("*"), &line).await.status, 403);
    assert_eq!(scene.sql("select count(*) from public_works.work_funding").await, "1");
    // the same request sent again is done once
    let again = [("content-type", "application/json"), ("if-match", "*"), ("idempotency-key", "k1")];
    let who = officer(OURS);
    let first = scene.ask(&who, "POST", &funding, &again, line.to_string()).await;
    let second = scene.ask(&who, "POST", &funding, &again, line.to_string()).await;
    assert_eq!((first.status, first.json()), (second.status, second.json()));
    assert_eq!(scene.sql("select count(*) from public_works.work_funding").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn phases_and_tenders_belong_to_a_work_and_are_drawn() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let (address, _) = scene.register(&who, &work(CUP)).await;
    let phases = format!("{address}/phases");
    let backwards = json!({"phase": "tender", "planned_from": "2026-05-01", "planned_to": "2026-04-01", "actual_from": "2026-03-01", "actual_to": "2026-02-01"});
    assert_eq!(scene.post(&who, &phases, Some("*"), &backwards).await.wrong(), ["planned_to", "actual_to"]);
    assert_eq!(scene.post(&who, &phases, Some("*"), &json!({"phase": "party"})).await.wrong(), ["phase", "planned_from"]);
    let tender = json!({"phase": "tender", "planned_from": "2026-01-01", "planned_to": "2026-03-01", "actual_from": "2026-02-01"});
    assert_eq!(scene.post(&who, &phases, Some("*"), &tender).await.status, 200);
    let mut over = tender.clone();
    over["actual_to"] = "2026-04-01".into();
    assert_eq!(scene.post(&who, &phases, Some("*"), &over).await.json()["phases"], json!([over]), "the same phase, anew");
    let cigs = format!("{address}/cigs");
    assert_eq!(scene.post(&who, &cigs, Some("*"), &json!({"cig": "12345"})).await.wrong(), ["cig"]);
    let cig = scene.post(&who, &cigs, Some("*"), &json!({"cig": "8800000a1f", "subject": "Lavori"})).await.json();
    assert_eq!(cig["cigs"], json!([{"cig": "8800000A1F", "subject": "Lavori"}]));
    let page = scene.page(&Principal::anonymous(), &address, "en").await;
    assert!(page.contains("class=\"planned\"") && page.contains("class=\"actual\"") && page.contains("8800000A1F"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_work_moves_as_its_states_allow() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let (address, _) = scene.register(&who, &work(CUP)).await;
    let to = async |state: &str| scene.post(&who, &format!("{address}/state"), Some("*"), &json!({"state": state})).await;
    assert_eq!(to("completed").await.wrong(), ["state"]);
    for state in ["tender", "under_way", "testing"] {
        assert_eq!(to(state).await.status, 200, "{state}");
    }
    assert_eq!(to("completed").await.wrong(), ["state"], "it is not at 100 %");
    assert_eq!(scene.post(&who, &format!("{address}/progress"), Some("*"), &json!({"percent": 100})).await.status, 200);
    assert_eq!(to("completed").await.json()["state"], "completed");
    assert_eq!(to("planned").await.wrong(), ["state"]);
    // the database has the last word
    let mut owner = scene.scratch.connection("opensit_owner").await;
    let error = sqlx::query("update public_works.works set state = 'planned'").execute(&mut owner).await.unwrap_err();
    assert!(error.to_string().contains("can not follow"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_are_put_right_all_at_once() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    let (address, tag) = scene.register(&who, &work(CUP)).await;
    let form = format!("title=Rete+nuova&cup={CUP}&amount_eur=300000%2C25&_tag={}&_key=k7", tag.replace('"', "%22"));
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let sent = scene.ask(&who, "POST", &address, &headers, form).await;
    assert_eq!((sent.status.as_u16(), sent.header("location")), (303, format!("../public-works/{CUP}")));
    let record = scene.get(&Principal::anonymous(), &address).await.json();
    assert_eq!((&record["title"], &record["amount_eur"], &record["responsible"]), (&json!("Rete nuova"), &json!(300_000.25), &Value::Null));
    let told = scene.journal.lines().pop().unwrap();
    assert!(told.ends_with("title,responsible,amount_eur,begins_planned,ends_planned"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_filters_sorts_pages_and_is_a_table() {
    let scene = Scene::on("2026-05-10").await;
    let who = officer(OURS);
    for (k, (title, amount, end)) in
        [("Scuola", 5, "2027-01-01"), ("Ponte", 9, "2026-12-01"), ("Argine", 5, "2028-01-01")].into_iter().enumerate()
    {
        let sent = json!({"title": title, "code": format!("LP-{k}"), "amount_eur": amount, "ends_planned": end, "street": "Via Roma"});
        scene.register(&who, &sent).await;
    }
    scene.register(&who, &json!({"title": "Piazza", "code": "LP-9", "state": "tender", "street": "Via Roma"})).await;
    let titles = async |query: &str| {
        let (mut all, mut address) = (Vec::new(), format!("/public-works/?{query}"));
        loop {
            let page = scene.get(&Principal::anonymous(), &address).await.json();
            all.extend(page["works"].as_array().unwrap().iter().map(|w| w["title"].as_str().unwrap().to_owned()));
            match page["next"].as_str() {
                Some(next) => address = next.replace("https://sit.example.it", ""),
                None => return all.join(" "),
            }
        }
    };
    for (query, expected) in [
        ("limit=1", "Argine Piazza Ponte Scuola"),
        ("limit=1&sort=-amount", "Ponte Scuola Argine Piazza"),
        ("limit=2&sort=end", "Ponte Scuola Argine Piazza"),
        ("limit=1&sort=-progress", "Scuola Ponte Argine Piazza"),
        ("state=tender", "Piazza"),
        ("q=PON&state=&comune=", "Ponte"),
        ("q=%25", ""),
        ("comune=080902", ""),
    ] {
        assert_eq!(titles(query).await, expected, "{query}");
    }
    for bad in ["state=lost", "sort=colour", "after=7", "comune=12", "colour=red"] {
        assert_eq!(scene.get(&who, &format!("/public-works/?{bad}")).await.status, 400, "{bad}");
    }
    let table = scene.get(&who, "/public-works/?f=csv&sort=end").await;
    assert!(table.body.starts_with("id,comune,title,cup,") && table.body.lines().count() == 5, "{}", table.body);
    let page = scene.page(&Principal::anonymous(), "/public-works/?limit=1", "it").await;
    assert!(page.contains("Argine") && page.contains("rel=\"next\"") && !page.contains("Nuova opera"), "{page}");
}
