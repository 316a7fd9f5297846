//! People of the census, through the router.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod delivery;

use delivery::{L, OURS, S, Scene, T, THEIRS, officer, with_purpose};
use kernel::{Assurance, Principal, Role};
use serde_json::{Value, json};
use test_database::Answer;
use uuid::Uuid;

const GROVE: &[u8] =
    b"X101| |71|T|1|1|0012|00345||||036|02|2|34|56|1|0|0|||12,91|6,46|19022001|20022001|M|121089|001|2001|||||||0000123||234408950||\r\n";
const SUBJECTS: &[u8] = b"\
X101| |54898|P|QUATTROVENTI|ZAIRA|2|01091980|X101|QTTZRA80P41X101D||\r
X101| |54899|P|D'ACQUADOLC\xc8|NICOL\xd2|1|01021970|X102|DCQNCL70B01X102Z||\r
X101| |8363|G|AGRUMARIA DELLO STRETTO SRL|X101|01234567890|\r
X102| |1|P|QUATTROVENTI|CARLA|2|00000000|X102|QTTCRL50A41X102A||\r
";
const TITLES: &[u8] = b"\
X101| |54898|P|71|T|10||1|1|P||12112003|N|053614|001|2003|25082010|0000012|||||||9167994||28099632|||||\r
X101| |8363|G|71|T|10||1|1|||01011980||||||0000012|12112003|N|053614|001|2003|25082010|||17|||||\r
";
const MAP: &str = "
    insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, geom) values
        ('X101_001200.345', '080901', 12, '345', 'land', false, '2001-01-01', st_makeenvelope(551000, 4211000, 551020, 4211020, 7792));";
const SECRETS: [&str; 4] = ["QUATTROVENTI", "ZAIRA", "QTTZRA80P41X101D", "AGRUMARIA"];
const PEOPLE: &str = "/cadastre/people";
const ZAIRA: &str = "/cadastre/people/080901/_/P54898";

async fn scene() -> Scene {
    let scene = Scene::with(MAP).await;
    scene.deliver(&[(L, GROVE), (S, SUBJECTS), (T, TITLES)]).await;
    scene
}

async fn look_for(scene: &Scene, who: &Principal, text: &str) -> Answer {
    scene.send(who, "POST", PEOPLE, None, &json!({ "q": text })).await
}

/// Names of those who were found.
async fn found(scene: &Scene, who: &Principal, text: &str) -> Vec<String> {
    let answer = look_for(scene, who, text).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let name =
        |one: &Value| format!("{} {}", one["name"].as_str().unwrap(), one["given_name"].as_str().unwrap_or_default()).trim().to_owned();
    answer.json()["subjects"].as_array().unwrap().iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_with_a_purpose_finds_anybody_and_in_their_comune() {
    let scene = scene().await;
    let citizen = Principal::known(Role::Citizen, Uuid::new_v4(), "c", Assurance::Low);
    for (who, status) in
        [(Principal::anonymous(), 404), (citizen.clone(), 404), (with_purpose(citizen), 404), (officer(OURS), 403), (officer(THEIRS), 403)]
    {
        let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
        for answer in [
            look_for(&scene, &who, "Quattroventi Zaira").await,
            scene.ask(&who, "POST", PEOPLE, &form, "q=Quattroventi+Zaira").await,
            scene.get(&who, ZAIRA).await,
            scene.page(&who, ZAIRA, "it").await,
        ] {
            assert_eq!(answer.status, status, "{:?}: {}", who.role(), answer.body);
            let body = answer.body.to_uppercase();
            assert!(SECRETS.iter().all(|secret| !body.contains(secret)), "{body}");
            assert!(status == 404 || body.contains("ACCESS-PURPOSE"), "it says how a purpose is stated: {body}");
        }
    }
    // of another comune
    assert_eq!(found(&scene, &with_purpose(officer(THEIRS)), "quattroventi").await, ["QUATTROVENTI CARLA"]);
    assert_eq!(scene.get(&with_purpose(officer(THEIRS)), ZAIRA).await.status, 404);
    assert_eq!(scene.get(&officer(OURS), PEOPLE).await.json()["purpose_stated"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_found_with_its_typos_and_a_code_whole() {
    let scene = scene().await;
    let who = with_purpose(officer(OURS));
    for text in ["Quattroventi", "quatroventi zaira", "Zaira Quattroventi", "QTTZRA80P41X101D", "qttzra80p41 x101d"] {
        assert_eq!(found(&scene, &who, text).await, ["QUATTROVENTI ZAIRA"], "{text}");
    }
    for text in ["d'acquadolce nicolo", "Acquadolcè", "acqadolce"] {
        assert_eq!(found(&scene, &who, text).await, ["D'ACQUADOLCÈ NICOLÒ"], "{text}");
    }
    assert_eq!(found(&scene, &who, "agrumaria dello streto").await, ["AGRUMARIA DELLO STRETTO SRL"]);
    assert_eq!(found(&scene, &who, "01234567890").await, ["AGRUMARIA DELLO STRETTO SRL"]);
    for nobody in ["Lanternari", "QTTZRA80P41X101E", "_%_%"] {
        let answer = look_for(&scene, &who, nobody).await;
        assert!(answer.status == 422 || answer.json()["subjects"] == json!([]), "{nobody}");
    }
    let one = look_for(&scene, &who, "zaira").await.json()["subjects"][0].clone();
    assert_eq!((&one["born"], &one["fiscal_code"], &one["titles"]), (&json!(1980), &json!("QTTZRA80P41X101D"), &json!(1)));
    assert!(one["href"].as_str().unwrap().ends_with(ZAIRA));
}

/// Who is called as was asked hides those who are called alike; in which order and how the words are written is all one.
#[tokio::test(flavor = "multi_thread")]
async fn those_who_are_called_alike_are_left_out_if_somebody_is_called_so() {
    let scene = scene().await;
    let twins = b"\
X101| |60001|P|CASAGRANDE|NICOLA|1|01021970|X101|CSGNCL70B01X101A||\r
X101| |60002|P|CASAGRANDE|NICOLO'|1|01021970|X101|CSGNCL70B01X101B||\r
X101| |60003|P|CASAGRANDI|NICOLA|1|01021970|X101|CSGNCL70B01X101C||\r
";
    scene.deliver(&[(S, twins)]).await;
    let who = with_purpose(officer(OURS));
    for text in ["Casagrande Nicola", "nicola  CASAGRANDE"] {
        assert_eq!(found(&scene, &who, text).await, ["CASAGRANDE NICOLA"], "{text}");
    }
    assert_eq!(found(&scene, &who, "casagranda nicola").await.len(), 3, "nobody is called so");
    assert_eq!(found(&scene, &who, "casagrande").await.len(), 3, "a surname alone is nobody's whole name");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_holds_and_held() {
    let scene = scene().await;
    let who = with_purpose(officer(OURS));
    let answer = scene.get(&who, ZAIRA).await;
    assert_eq!(answer.header("cache-control"), "private, no-store");
    let zaira = answer.json();
    assert_eq!(
        (&zaira["name"], &zaira["born_on"], &zaira["fiscal_code"]),
        (&json!("QUATTROVENTI"), &json!("1980-09-01"), &json!("QTTZRA80P41X101D"))
    );
    let title = &zaira["titles"][0];
    assert_eq!(
        (&title["right"]["en"], &title["share"], &title["since_act"]),
        (&json!("Property"), &json!({"numerator": 1, "denominator": 1}), &json!("nota N 53614.1/2003"))
    );
    assert_eq!((&title["land_use"], &title["area_m2"], &title["income_eur"]), (&json!("ULIVETO"), &json!(23456.0), &json!(12.91)));
    assert_eq!(
        (&title["place"]["sheet"], &title["place"]["number"], &title["parcel"]),
        (&json!(12), &json!("345"), &json!("X101_001200.345"))
    );
    let firm = scene.get(&who, "/cadastre/people/080901/_/G8363").await.json();
    assert_eq!((&firm["titles"][0]["until"], &firm["titles"][0]["until_act"]), (&json!("2003-11-12"), &json!("nota N 53614.1/2003")));
    let page = scene.page(&who, ZAIRA, "it").await.body;
    for text in ["QUATTROVENTI ZAIRA", "Foglio 12, particella 345", "Proprietà 1/1", "12 nov 2003", "12,91"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert!(!page.contains("style=") && !page.contains("onclick"), "strict CSP");
    for nobody in [
        "/cadastre/people/080901/_/P1",
        "/cadastre/people/080901/_/X1",
        "/cadastre/people/x/_/P54898",
        "/cadastre/people/080901/%00/P54898",
    ] {
        assert_eq!(scene.get(&who, nobody).await.status, 404, "{nobody}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_stands_in_no_address_and_in_no_refusal() {
    let scene = scene().await;
    let who = with_purpose(officer(OURS));
    // a purpose first, then a name, which is posted
    let first = scene.page(&officer(OURS), PEOPLE, "it").await.body;
    assert!(first.contains("name=\"access-purpose\"") && !first.contains("name=\"q\""), "{first}");
    let second = scene.page(&who, PEOPLE, "it").await.body;
    assert!(
        second.contains("method=\"post\"") && second.contains("access-purpose=visura%20catastale") && second.contains("name=\"q\""),
        "{second}"
    );
    let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let answer = scene.ask(&who, "POST", PEOPLE, &form, "q=Quatroventi").await;
    assert_eq!((answer.status.as_u16(), answer.header("location")), (200, String::new()));
    assert!(answer.body.contains("QUATTROVENTI") && answer.body.contains("P54898?access-purpose=visura%20catastale"), "{}", answer.body);
    let addresses = answer.body.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_uppercase());
    assert!(addresses.into_iter().all(|address| !address.contains("QUAT")));
    // refused
    for (body, headers) in [
        ("{\"q\": \"Quattroventi\", \"name\": \"ZAIRA\"}".to_owned(), [("content-type", "application/json"), ("accept", "*/*")]),
        ("\"QUATTROVENTI\"".to_owned(), [("content-type", "application/json"), ("accept", "*/*")]),
        (format!("{{\"q\": \"{}\"}}", "ZAIRA".repeat(30)), [("content-type", "application/json"), ("accept", "*/*")]),
        ("QUATTROVENTI".to_owned(), [("content-type", "text/plain"), ("accept", "*/*")]),
        (format!("q={}", "ZAIRA".repeat(30)), form),
        ("q=QUATTROVENTI&q=ZAIRA".to_owned(), form),
    ] {
        let answer = scene.ask(&who, "POST", PEOPLE, &headers, body.clone()).await;
        assert!(answer.status.is_client_error(), "{body}");
        assert!(SECRETS.iter().all(|secret| !answer.body.to_uppercase().contains(secret)), "{}", answer.body);
    }
    assert_eq!(scene.get(&who, "/cadastre/people?q=Quattroventi").await.status, 400, "there is no such parameter");
}
