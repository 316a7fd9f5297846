//! The page of a parcel: for programs, for people and to print.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

mod scene;

use std::io::ErrorKind;
use std::process::Command;

use kernel::Principal;
use scene::{CODE, OURS, PERSON, Scene, THEIRS, officer, with_purpose};
use serde_json::{Value, json};
use test_database::Answer;

fn ids(all: &Value) -> Vec<&str> {
    all.as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect()
}

/// No answer to who is not entitled may have any of it.
fn tells_of_a_person(answer: &Answer) -> bool {
    let text = format!("{}{}", answer.body, printed(&answer.bytes)).to_lowercase();
    [PERSON, CODE, "Zaira", "Ombra"].iter().any(|name| text.contains(&name.to_lowercase()))
}

/// The texts that a document shows, in order: what stands in its strings, decoded.
fn printed(bytes: &[u8]) -> String {
    let mut text = String::new();
    let lines = bytes.split(|b| *b == b'\n');
    for shown in lines.filter_map(|line| line.strip_suffix(b" Tj")) {
        let decoded: Vec<u8> = match shown {
            [b'(', inner @ .., b')'] => inner.iter().copied().filter(|b| *b != b'\\').collect(),
            [b'<', inner @ .., b'>'] => {
                inner.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
            }
            other => panic!("{}", String::from_utf8_lossy(other)),
        };
        // of Windows-1252 what Italian has is Latin-1, but for the dash and the euro
        text.extend(decoded.iter().map(|b| match b {
            0x80 => '€',
            0x96 => '–',
            b => char::from(*b),
        }));
        text.push('\n');
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_for_programs() {
    let scene = Scene::open().await;
    let document = scene.parcel(&Principal::anonymous(), "X101_000100.501").await;
    let geometry = document["geometry"]["type"].clone();
    assert_eq!(geometry, "Polygon");
    let mut rest = document.clone();
    rest.as_object_mut().unwrap().remove("geometry");
    let version = json!({
        "valid_from": "2019-04-30T22:00:00Z", "valid_to": null, "from": "2019-05-01", "to": null, "kind": "land", "land_use": "ente urbano",
        "urban": true, "updated_on": "2019-05-01",
        "area_m2": { "register": 402, "measured": 400.0, "difference": -2.0, "difference_percent": -0.5 },
    });
    let at = |id: &str| format!("https://sit.example.it/cadastre/parcels/X101_000100.{id}");
    let neighbour =
        |number: &str, kind: &str| json!({ "id": format!("X101_000100.{number}"), "number": number, "kind": kind, "href": at(number) });
    assert_eq!(
        rest,
        json!({
            "id": "X101_000100.501", "comune": "080901", "comune_name": "Castelmarina", "sheet": 1, "number": "501", "section": null,
            "attachment": null, "development": null, "short": "1/501", "standing": "current", "standing_since": null, "at": null,
            "version": version, "versions": [version],
            "came_from": [{ "id": "X101_000100.100", "day": "2019-05-01", "area_m2": 400.0, "href": at("100") }], "became": [], "present": [],
            "neighbours": [neighbour("1", "land"), neighbour("2", "land"), neighbour("601", "land"), neighbour("STRADA001", "street")],
            "census": null, "owners": null, "owners_note": "personal data: for the staff of this comune, who say what they are read for",
            "on_it": [], "href": at("501"), "pdf": at("501?f=pdf"), "item": "https://sit.example.it/collections/parcels/items/X101_000100.501",
            "identify": "https://sit.example.it/identify?feature=parcels/X101_000100.501",
        })
    );
    let met = scene.get(&Principal::anonymous(), "/identify?feature=parcels/X101_000100.501").await;
    assert_eq!(met.status, 200, "{}", met.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn areas_are_those_that_postgis_measures() {
    let scene = Scene::open().await;
    for id in ["X101_000100.1", "X101_000100.2", "X101_000100.STRADA001"] {
        let measured = scene
            .sql(&format!("select round(st_area(geom)::numeric, 1) from cadastre.parcels where id = '{id}' and valid_to is null"))
            .await;
        let version = scene.parcel(&Principal::anonymous(), id).await["version"]["area_m2"].clone();
        assert_eq!(version["measured"], measured.parse::<f64>().unwrap(), "{id}");
    }
    let unknown = scene.parcel(&Principal::anonymous(), "X101_000100.3").await["version"]["area_m2"].clone();
    assert_eq!((&unknown["register"], &unknown["difference"]), (&Value::Null, &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_no_more_says_so_and_what_took_its_place() {
    let scene = Scene::open().await;
    let nobody = Principal::anonymous();
    let document = scene.parcel(&nobody, "X101_000100.100").await;
    assert_eq!((&document["standing"], &document["standing_since"]), (&json!("former"), &json!("2019-05-01")));
    assert_eq!(ids(&document["became"]), ["X101_000100.501", "X101_000100.502"]);
    assert_eq!(ids(&document["present"]), ["X101_000100.501", "X101_000100.601", "X101_000100.602"], "502 was split again");
    // those that it had at its end
    assert_eq!(ids(&document["neighbours"]), ["X101_000100.1", "X101_000100.2", "X101_000100.STRADA001"]);
    let page = scene.page(&nobody, "/cadastre/parcels/X101_000100.100", "it").await.body;
    assert!(page.contains("è stata soppressa: non esiste più dal 1 mag 2019.") && page.contains("Al suo posto oggi: "), "{page}");
    assert!(page.contains("href=\"../../cadastre/parcels/X101_000100.601\""), "{page}");
    let page = scene.page(&nobody, "/cadastre/parcels/X101_000100.900", "en").await.body;
    assert!(page.contains("What became of it is not known to the register."), "{page}");
    let document = scene.parcel(&nobody, "X101_000100.601").await;
    assert_eq!((ids(&document["came_from"]), ids(&document["became"])), (vec!["X101_000100.502"], vec![]));
    // a register in a circle is no endless road
    sqlx::query(
        "insert into cadastre.lineage (parent, child, day, area_m2) values ('X101_000100.602', 'X101_000100.100', '2023-03-02', 1)",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    assert_eq!(ids(&scene.parcel(&nobody, "X101_000100.100").await["present"]).len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_as_it_was_on_a_day() {
    let scene = Scene::open().await;
    let nobody = Principal::anonymous();
    let then = scene.parcel(&nobody, "X101_000100.1?at=2009-12-31").await;
    assert_eq!((&then["version"]["area_m2"]["measured"], &then["version"]["to"]), (&json!(390.0), &json!("2010-01-01")));
    assert_eq!(then["versions"].as_array().unwrap().len(), 2);
    let since = scene.parcel(&nobody, "X101_000100.1?at=2010-01-01").await;
    assert_eq!(since["version"]["area_m2"]["measured"], 400.0);
    // 2 meets it at a corner
    assert_eq!(ids(&since["neighbours"]), ["X101_000100.2", "X101_000100.100"]);
    let last = scene.parcel(&nobody, "X101_000100.502?at=2023-02-28").await;
    assert_eq!((&last["at"], &last["standing"]), (&json!("2023-02-28"), &json!("former")));
    let not_then = scene.page(&nobody, "/cadastre/parcels/X101_000100.502?at=2023-03-01", "it").await;
    assert_eq!(not_then.status, 404);
    assert!(not_then.body.contains("c'è stata dal 1 mag 2019 al 1 mar 2023"), "{}", not_then.body);
    assert_eq!(scene.get(&nobody, "/cadastre/parcels/X101_000100.502?at=1999-01-01").await.status, 404);
    for bad in ["domani", "2023-02-30", "0001-01-01", "2023-2-3"] {
        assert_eq!(scene.get(&nobody, &format!("/cadastre/parcels/X101_000100.502?at={bad}")).await.status, 400, "{bad}");
    }
    let page = scene.page(&nobody, "/cadastre/parcels/X101_000100.1?at=2009-12-31", "it").await.body;
    assert!(page.contains("Com'era il 31 dic 2009.") && page.contains("da sempre, per quanto si sa al 1 gen 2010"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_never_was_is_absent_and_a_short_reference_leads_to_the_whole() {
    let scene = Scene::open().await;
    let nobody = Principal::anonymous();
    let path = |rest: &str| format!("/cadastre/parcels/{rest}");
    let absent = scene.get(&nobody, &path("X101_000100.7777")).await;
    assert_eq!(absent.status, 404);
    assert!(absent.body.contains("`parcels` has no record `X101_000100.7777`"), "{}", absent.body);
    assert_eq!(scene.parcel(&nobody, "x101_000100.strada001").await["id"], "X101_000100.STRADA001");
    assert_eq!(scene.parcel(&nobody, "X101_000100.acqua-2").await["id"], "X101_000100.ACQUA-2");
    for (short, location) in [
        ("1%2F501?comune=080901", "../../cadastre/parcels/X101_000100.501"),
        ("01-0501?comune=080901&f=html", "../../cadastre/parcels/X101_000100.501?f=html"),
        ("13a-594?comune=080901", "../../cadastre/parcels/X101_0013A0.594"),
        ("767-12?comune=080901&section=d", "../../cadastre/parcels/X101D076700.12"),
    ] {
        let answer = scene.get(&nobody, &path(short)).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, location.to_owned()), "{short}");
    }
    for (bad, parameter) in [
        ("castello", "ref"),
        ("12?comune=080901", "ref"),
        ("1-501", "comune"),
        ("1-501?comune=999999", "comune"),
        ("1-501?comune=080901&section=dd", "section"),
        ("X101_000100.501%00", "ref"),
        ("X101_000100.501?colour=red", "colour"),
        ("X101_000100.501?f=csv", "f"),
    ] {
        let answer = scene.get(&nobody, &path(bad)).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["parameter"]), (400, &json!(parameter)), "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_census_is_for_the_staff_of_the_comune() {
    let scene = Scene::open().await;
    let citizen = Principal::known(kernel::Role::Citizen, uuid::Uuid::new_v4(), "c", kernel::Assurance::High);
    for who in [Principal::anonymous(), citizen, officer(THEIRS)] {
        assert_eq!(scene.parcel(&who, "X101_000100.501").await["census"], Value::Null);
        let page = scene.page(&who, "/cadastre/parcels/X101_000100.501", "it").await.body;
        assert!(!page.contains("1.600,50") && !page.contains("access-purpose"), "{page}");
    }
    let census = scene.parcel(&officer(OURS), "X101_000100.501").await["census"].clone();
    assert_eq!(census["land"][0]["quality_words"], "ente urbano");
    let units: Vec<String> = census["units"]
        .as_array()
        .unwrap()
        .iter()
        .map(|u| format!("{} {} {} {} {}", u["sub"], u["category"], u["size"], u["size_unit"], u["rendita"]).replace('"', ""))
        .collect();
    assert_eq!(units, ["3 A/2 5.5 rooms 1600.5", "10, 11 C/6 18.0 m2 100.25"], "the flat as it is since 2020");
    assert_eq!(census["units_totals"], json!({"count": 2, "rendita": 1700.75, "rooms": 5.5, "volume_m3": 0.0, "surface_m2": 18.0}));
    assert_eq!(census["land_totals"], json!({"count": 1, "area_m2": 402.0, "dominicale": 0.0, "agrario": 0.0}));
    let then = scene.parcel(&officer(OURS), "X101_000100.501?at=2019-12-31").await["census"].clone();
    assert_eq!((&then["units"][0]["category"], &then["day"]), (&json!("A/4"), &json!("2019-12-31")));
    let page = scene.page(&officer(OURS), "/cadastre/parcels/X101_000100.501", "it").await;
    for part in [
        "Censuario al 29 nov 2026",
        "A/2 abitazione civile",
        "5,5 vani",
        "1.600,50",
        "VIA ROMA 12; VIA CITTÀ NUOVA 1",
        "1.700,75",
        "name=\"access-purpose\"",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert_eq!(page.header("cache-control"), "private, no-cache");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stands_on_a_parcel_is_told_with_how_much_of_it() {
    let scene = Scene::open().await;
    sqlx::raw_sql(
        "insert into cadastre.buildings (id, comune, sheet, parcel, kind, floors, height_m, valid_from, geom) values
             ('X101_000100.501+', '080901', 1, '501', 'residential', 2, 7, '2001-01-01', st_makeenvelope(551000, 4211000, 551005, 4211020, 7792))",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    let on = scene.parcel(&Principal::anonymous(), "X101_000100.501").await["on_it"].clone();
    assert_eq!(
        (&on[0]["layer"], &on[0]["id"], &on[0]["area_m2"], &on[0]["share"]),
        (&json!("buildings"), &json!("X101_000100.501+"), &json!(100.0), &json!(0.25))
    );
    assert_eq!(on.as_array().unwrap().len(), 1, "its own sheet and the texts of the map are none of it");
    let page = scene.page(&Principal::anonymous(), "/cadastre/parcels/X101_000100.501", "it").await.body;
    assert!(page.contains("100,0\u{a0}m², 25,0\u{a0}%") && page.contains("/collections/buildings/items/X101_000100.501%2B"), "{page}");
    let paper = printed(&scene.get(&Principal::anonymous(), "/cadastre/parcels/X101_000100.501?f=pdf&lang=it").await.bytes);
    assert!(paper.contains("Che cosa c'è sulla particella") && paper.contains("25,0 %"), "{paper}");
    assert_eq!(scene.parcel(&Principal::anonymous(), "X101_000100.502").await["on_it"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn land_in_portions_has_them_and_their_sum() {
    let scene = Scene::open().await;
    let census = scene.parcel(&officer(OURS), "X101_000100.602").await["census"].clone();
    assert_eq!(
        census["land"][0]["portions"],
        json!([
            {"portion": "AA", "quality": 36, "quality_words": "uliveto", "class": "02", "area_m2": 150.0, "dominicale": 3.0, "agrario": 1.0},
            {"portion": "AB", "quality": 91, "quality_words": "pascolo", "class": null, "area_m2": 50.0, "dominicale": 0.5, "agrario": 0.2},
        ])
    );
    assert_eq!(
        census["land_totals"],
        json!({"count": 1, "area_m2": 200.0, "dominicale": 3.5, "agrario": 1.2}),
        "no portion is summed twice"
    );
    let page = scene.page(&officer(OURS), "/cadastre/parcels/X101_000100.602", "it").await;
    for part in ["in porzioni", "<td>AA</td>", "uliveto", "<td>AB</td>", "pascolo"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn owners_are_for_staff_of_the_comune_who_say_what_for_and_nobody_else() {
    let scene = Scene::open().await;
    let citizen = Principal::known(kernel::Role::Citizen, uuid::Uuid::new_v4(), "c", kernel::Assurance::High);
    let others = [
        Principal::anonymous(),
        with_purpose(Principal::anonymous()),
        with_purpose(citizen),
        officer(THEIRS),
        with_purpose(officer(THEIRS)),
        officer(OURS),
    ];
    for who in others {
        for form in ["json", "html", "pdf"] {
            for id in ["X101_000100.501", "X101_000100.601"] {
                let answer = scene.get(&who, &format!("/cadastre/parcels/{id}?f={form}")).await;
                assert_eq!(answer.status, 200);
                assert!(!tells_of_a_person(&answer), "{who:?} {form} {id}: {}", answer.body);
            }
        }
        assert_eq!(scene.parcel(&who, "X101_000100.501").await["owners"], Value::Null);
    }
    let note = scene.parcel(&officer(OURS), "X101_000100.501").await["owners_note"].clone();
    assert!(note.as_str().unwrap().contains("Access-Purpose"), "{note}");

    let who = with_purpose(officer(OURS));
    let document = scene.parcel(&who, "X101_000100.501").await;
    let owners = document["owners"].as_array().unwrap();
    assert_eq!(owners.len(), 3, "land and two units");
    assert_eq!((&owners[0]["nature"], owners[0]["titles"].as_array().unwrap().len()), (&json!("land"), 0));
    let flat = &owners[1];
    assert_eq!(
        flat["titles"][1],
        json!({
            "kind": "person", "name": "QUATTROVENTI Zaira", "fiscal_code": CODE, "born_on": "1980-01-01", "born_in": null, "seat": null,
            "right": "10", "right_words": "Proprietà", "share": "1/2", "regime": "C", "since": "2019-05-01", "since_act": "Atto 44/2019",
        })
    );
    assert_eq!(flat["titles"].as_array().unwrap().len(), 2, "who had a right until 2019 has none");
    assert_eq!(flat["sums"], json!([{"right": "10", "right_words": "Proprietà", "share": "1/1", "whole": true}]));
    assert_eq!(owners[2]["sums"][0]["whole"], false);
    let page = scene.page(&who, "/cadastre/parcels/X101_000100.501", "it").await;
    assert_eq!(page.header("cache-control"), "private, no-store");
    for part in ["Intestatari", "QUATTROVENTI Zaira", CODE, "comunione dei beni", "Proprietà: 1/1", "Proprietà: 3/4 (non fa l'intero)"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("style=") && !page.body.contains("onclick"), "strict CSP");
    assert!(scene.journal.lines().is_empty(), "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_to_print() {
    let scene = Scene::open().await;
    let nobody = Principal::anonymous();
    let path = "/cadastre/parcels/X101_000100.501";
    let answer = scene.get(&nobody, &format!("{path}?f=pdf&lang=it")).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/pdf".to_owned()));
    assert_eq!(answer.header("content-disposition"), "inline; filename=\"X101_000100.501.pdf\"");
    assert!(answer.bytes.starts_with(b"%PDF-") && answer.bytes.ends_with(b"%%EOF"));
    let text = printed(&answer.bytes);
    for part in [
        "Foglio 1, particella 501",
        "X101_000100.501",
        "400,0 m²",
        "-2,0 m² (-0,50 %)",
        "dal 1 mag 2019",
        "STRADA001",
        "20 m    scala 1:500",
        "N",
        "1/1, 1/2, 1/601, 1/STRADA001",
        "1/100",
        "Fonte: Mappa catastale, CC-BY-4.0. t",
        "Stampata il 29 nov 2026, 21:30 CET da https://sit.example.it/cadastre/parcels/X101_000100.501",
        "Non è una visura né un estratto di mappa certificati",
        "pagina 1 di 1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let again = scene.ask(&nobody, "GET", path, &[("accept", "application/pdf"), ("accept-language", "it")], "").await;
    assert_eq!(again.bytes, answer.bytes, "the same, asked in another way");
    scene.clock.set("2026-11-29T20:31:00Z");
    let later = scene.get(&nobody, &format!("{path}?f=pdf&lang=it")).await;
    assert_ne!(later.bytes, answer.bytes);
    assert_eq!(printed(&later.bytes).replace("21:31", "21:30"), text, "the same but for the time");
    read_by_another(&answer.bytes, &["particella 501", "superficie", "né un estratto", "STRADA001"]);

    let who = with_purpose(officer(OURS));
    let owned = scene.get(&who, &format!("{path}?f=pdf&lang=it")).await;
    let text = printed(&owned.bytes);
    for part in [
        "QUATTROVENTI Zaira",
        CODE,
        "Dati personali, letti per: accesso agli atti è.",
        "A/2 abitazione",
        "1.600,50",
        "Somma delle quote: Proprietà: 1/1",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    read_by_another(&owned.bytes, &[CODE, "VIA CITTÀ", "Proprietà: 3/4"]);
    assert_eq!(owned.header("cache-control"), "private, no-store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_goes_on_over_pages() {
    let scene = Scene::open().await;
    sqlx::raw_sql(
        "insert into cadastre.properties (comune, section, nature, property, version, category, class, size, income)
             select '080901', '_', 'F', 1000 + i, 1, 'A03', '2', 4, 300 from generate_series(1, 150) i;
         insert into cadastre.property_places (comune, section, nature, property, version, ordinal, urban_section, sheet, number, denominator, unit)
             select '080901', '_', 'F', 1000 + i, 1, 1, '', 1, '601', '', (100 + i)::text from generate_series(1, 150) i",
    )
    .execute(&mut scene.owner().await)
    .await
    .unwrap();
    let answer = scene.get(&officer(OURS), "/cadastre/parcels/X101_000100.601?f=pdf&lang=it").await;
    let text = printed(&answer.bytes);
    let pages = text.lines().filter(|line| line.starts_with("pagina ")).count();
    assert!(pages > 2 && text.contains(&format!("pagina {pages} di {pages}")), "{pages}");
    let heads = text.lines().filter(|line| *line == "Categoria").count();
    assert!((pages - 1..=pages).contains(&heads), "its head stands on each page: {heads} of {pages}");
    assert!(["101", "250"].iter().all(|sub| text.lines().any(|line| line == *sub)));
    read_by_another(&answer.bytes, &["pagina 1 di"]);
}

/// What a reader that is not ours makes of it, where there is one.
fn read_by_another(bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.pdf");
    std::fs::write(&file, bytes).unwrap();
    match Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => panic!("{error}"),
        Ok(output) => {
            assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8_lossy(&output.stdout).to_lowercase();
            for part in parts {
                assert!(text.contains(&part.to_lowercase()), "{part}: {text}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parcel_for_people() {
    let scene = Scene::open().await;
    let page = scene.page(&Principal::anonymous(), "/cadastre/parcels/x101_000100.501", "it").await;
    assert_eq!(page.status, 200);
    for part in [
        "<h1>Foglio 1, particella 501</h1>",
        "collection=\"parcels\"",
        "item=\"X101_000100.501\"",
        "svg class=\"plan\"",
        "−2,0 m² (−0,50 %)",
        "href=\"../../cadastre/parcels/X101_000100.STRADA001\"",
        "Viene da",
        "href=\"../../cadastre/parcels/X101_000100.100\"",
        "400,0 m² di terreno in comune",
        "href=\"../../identify?feature=parcels/X101_000100.501\"",
        "href=\"../../here?point=",
        "href=\"../../collections/sheets/items/X101_000100\"",
        "I dati del censuario e gli intestatari li legge il personale del comune.",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(!page.body.contains("style="), "strict CSP");
    let page = scene.page(&Principal::anonymous(), "/cadastre/parcels/X101D076700.12", "en").await.body;
    assert!(page.contains("Section D, sheet 767, parcel 12") && page.contains("No parcel shares a boundary"), "{page}");
}
