//! The pages of the themes' records through the built program: their files, their forms.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use e2e::{Answer, Town};

/// The cookie of one of the invented people; none for nobody.
fn sign_in(town: &Town, person: &str) -> String {
    if person.is_empty() {
        return String::new();
    }
    let answer = town.ask("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")]);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit=")).unwrap().to_owned()
}

fn page(town: &Town, path: &str, cookie: &str) -> Answer {
    town.get_with(path, &[("cookie", cookie), ("accept", "text/html,application/xhtml+xml"), ("accept-language", "it")])
}

/// Sends a form of a page, as a browser does.
fn send(town: &Town, path: &str, cookie: &str, kind: &str, body: &str) -> Answer {
    let headers = [
        ("cookie", cookie),
        ("accept", "text/html,application/xhtml+xml"),
        ("accept-language", "it"),
        ("sec-fetch-site", "same-origin"),
        ("content-type", kind),
    ];
    town.send("POST", path, &headers, body)
}

/// Sends a file by the form of a record's page.
fn add(town: &Town, path: &str, cookie: &str, name: &str, content: &str) -> Answer {
    let body = format!("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--x--\r\n");
    send(town, path, cookie, "multipart/form-data; boundary=x", &body)
}

const PDF: &str = "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n%%EOF\n";

#[test]
fn files_stand_on_the_page_of_their_record_for_those_they_are_for() {
    let town = Town::shared();
    let first = |rows: &str| town.psql(&format!("select id from {rows} comune = '080901' order by id limit 1"));
    // layer, page, whether its files are the office's alone
    let records = [
        ("permits", format!("/permits/{}", first("permits.permits where")), true),
        ("works", format!("/public-works/{}", first("public_works.works where")), false),
        ("road_ordinances", format!("/public-works/ordinances/{}", first("public_works.road_ordinances where")), false),
        ("datasets", format!("/environment/datasets/{}", first("environment.datasets where published and")), false),
        ("burnt_areas", format!("/environment/burnt-areas/{}", first("environment.burnt_areas where published and")), false),
    ];
    for (layer, path, private) in records {
        let id = path.rsplit('/').next().unwrap();
        let (to, name) = (format!("/attachments/{layer}/{id}"), format!("Allegato di {layer}.pdf"));
        let form = format!("{to}\" enctype=\"multipart/form-data\"");
        let officer = sign_in(&town, "officer");
        assert!(page(&town, &path, &officer).text().contains(&form), "{path}: who edits it is given a form");
        let added = add(&town, &to, &officer, &name, PDF);
        assert_eq!(added.status, 303, "{}", added.text());
        assert!(added.header("location").unwrap().ends_with(&format!("{path}#files")), "{:?}", added.header("location"));
        for (person, staff) in [("", false), ("citizen", false), ("officer-rocca", true), ("officer", true), ("administrator", true)] {
            let cookie = sign_in(&town, person);
            let shown = page(&town, &path, &cookie);
            assert_eq!(shown.status, 200, "{path}");
            let (serves, text) = (["officer", "administrator"].contains(&person), shown.text());
            assert_eq!(text.contains(&name), serves || !private, "{path} of {person}");
            assert_eq!(text.contains("type=\"file\""), serves, "{path} of {person}");
            let author = "<th scope=\"col\">Da</th>";
            assert_eq!(
                text.contains(author),
                staff && (serves || !private),
                "{path} of {person}: who works there is not everybody's business"
            );
            let twin = town.get_with(&path, &[("cookie", &cookie), ("accept", "application/json")]).json();
            assert_eq!(twin["attachments"].as_str().is_some_and(|href| href.ends_with(&to)), serves || !private, "{twin}");
        }
        for person in ["", "citizen", "officer-rocca"] {
            let refused = add(&town, &to, &sign_in(&town, person), "x.pdf", PDF);
            assert!(refused.status == 404 && refused.text().contains("<h1>"), "{person}: {}", refused.text());
        }
        let wrong = add(&town, &to, &officer, "x.pdf", "a text");
        assert!(wrong.status == 400 && wrong.text().contains("PDF. Conta il contenuto, non il nome"), "{}", wrong.text());
        assert_eq!(town.psql(&format!("select count(*) from attachments.files where layer = '{layer}' and record = '{id}'")), "1");
    }
}

/// A tree, whose layer nobody edits, has no form; its files are shown as any other's.
#[test]
fn who_may_not_edit_is_given_no_form() {
    let town = Town::shared();
    let id = town.psql("select id from environment.trees where comune = '080901' order by id limit 1");
    town.psql(&format!(
        "insert into attachments.files (layer, record, name, media_type, bytes, sha256) values ('trees', '{id}', 'Perizia.pdf', 'application/pdf', 1, sha256(''))"
    ));
    let shown = page(&town, &format!("/environment/trees/{id}"), &sign_in(&town, "administrator")).text();
    assert!(shown.contains("Perizia.pdf") && !shown.contains("type=\"file\""), "{shown}");
}

#[test]
fn a_file_that_is_too_large_is_told_so_on_a_page() {
    let town = Town::shared();
    let id = town.psql("select id from public_works.works where comune = '080901' order by id desc limit 1");
    let officer = sign_in(&town, "officer");
    let large = format!("{PDF}{}", "x".repeat(20 * 1024 * 1024));
    let refused = add(&town, &format!("/attachments/works/{id}"), &officer, "x.pdf", &large);
    assert!(refused.status == 413 && refused.text().contains("<h1>Troppo grande</h1>"), "{} {}", refused.status, refused.text());
    assert!(refused.text().contains("20 MiB"), "{}", refused.text());
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The part of a page round a text.
fn round<'a>(text: &'a str, what: &str) -> &'a str {
    let at = text.find(what).unwrap_or_else(|| panic!("no `{what}` in {text}"));
    &text[text[..at].rfind("<p").unwrap_or(at)..at + text[at..].find("</p>").unwrap_or(0)]
}

#[test]
fn a_form_that_is_refused_comes_back_with_what_was_typed() {
    let town = Town::shared();
    let officer = sign_in(&town, "officer");
    let body = "protocol=2026-000777&filed_on=2026-13-01&kind=scia&subject=Tettoia+%22nuova%22%0D%0Ae+muro&address=Via+che+non+c%27%C3%A8%2C+1\
                &applicant=Rosa+Prova&parcels=&complex=true&constraint_kind=&_key=a-key-of-the-form";
    let shown = send(&town, "/permits/", &officer, FORM, body);
    let text = shown.text();
    assert_eq!(shown.status, 422, "{text}");
    assert!(text.contains("<h1>Nuova pratica</h1><div class=\"note\" role=\"alert\">"), "{text}");
    let day = round(&text, "name=\"filed_on\"");
    assert!(
        day.contains("value=\"2026-13-01\"")
            && day.contains("aria-invalid=\"true\"")
            && day.contains("id=\"error-filed_on\">dev'essere una data"),
        "{day}"
    );
    assert!(round(&text, "name=\"protocol\"").contains("value=\"2026-000777\""));
    assert!(!round(&text, "name=\"protocol\"").contains("class=\"error\""));
    assert!(round(&text, "name=\"subject\"").contains("\nTettoia &quot;nuova&quot;\ne muro</textarea>"));
    assert!(round(&text, "name=\"kind\"").contains("<option value=\"scia\" selected>"));
    assert!(round(&text, "name=\"complex\"").contains("<option value=\"true\" selected>"));
    assert!(!text.contains("a-key-of-the-form"), "what is sent next is another request");
    assert!(!text.contains("access-purpose") && shown.header("etag").is_none());

    // one of many forms on a record's page, folded away
    let work = town.psql("select id from public_works.works where comune = '080901' order by id limit 1");
    let tag = town.get(&format!("/public-works/{work}")).header("etag").unwrap().replace('"', "");
    let shown =
        send(&town, &format!("/public-works/{work}/progress"), &officer, FORM, &format!("percent=140&note=Terzo+SAL&_tag=%22{tag}%22"));
    let text = shown.text();
    assert_eq!(shown.status, 422, "{text}");
    assert_eq!(text.matches("<details open>").count(), 1, "{text}");
    assert!(text.contains(&format!("name=\"_tag\" value=\"&quot;{tag}&quot;\"")), "which state was meant is not forgotten: {text}");
    assert!(text.contains(&format!("action=\"../../public-works/../public-works/{work}/progress\"")), "it is sent from here too: {text}");
    let percent = round(&text, "name=\"percent\"");
    assert!(percent.contains("value=\"140\"") && percent.contains("id=\"error-percent\""), "{percent}");

    // for programs nothing is different, nor for who has no such form
    let headers = [("cookie", &*officer), ("sec-fetch-site", "same-origin"), ("content-type", FORM)];
    let program = town.send("POST", "/permits/", &headers, body);
    assert_eq!((program.status, program.header("content-type")), (422, Some("application/problem+json")));
    assert_eq!(program.json()["errors"][0]["field"], "filed_on");
    let nobody = send(&town, "/permits/", "", FORM, body);
    assert!([401, 403, 422].contains(&nobody.status) && !nobody.text().contains("name=\"protocol\""), "{}", nobody.text());
}

/// A page says that it can be had as JSON where that is so, and nowhere else.
#[test]
fn a_page_leads_to_its_json_where_there_is_one() {
    let town = Town::shared();
    let officer = sign_in(&town, "officer");
    for (path, has) in [
        ("/permits/new", false),
        ("/public-works/new", false),
        ("/public-works/ordinances/new", false),
        ("/environment/at", false),
        ("/environment/at?point=15.6,38", true),
        ("/environment/", true),
        ("/permits/", true),
        ("/permits/rules", true),
        ("/public-works/", true),
        ("/public-works/ordinances/", true),
        ("/public-works/to-draw", true),
        ("/environment/alerts", true),
        ("/environment/datasets/", true),
        ("/environment/burnt-areas/", true),
        ("/environment/trees/", true),
        ("/reports/", true),
        ("/reports/new", true),
        ("/reports/times", true),
    ] {
        let shown = page(&town, path, &officer);
        assert_eq!((shown.status, shown.text().contains("type=\"application/json\"")), (200, has), "{path}");
        let twin = town.get_with(&format!("{path}{}f=json", if path.contains('?') { '&' } else { '?' }), &[("cookie", &officer)]);
        assert_eq!(twin.status == 200, has, "{path}: {}", twin.text());
        assert!(!has || twin.header("content-type").unwrap().contains("json"), "{path}");
    }
    let theme = town.get("/environment/").json();
    for operation in theme["operations"].as_array().unwrap() {
        let path = operation["href"].as_str().unwrap().strip_prefix(&town.url()).unwrap().to_owned();
        assert_eq!(page(&town, &path, "").status, 200, "{path}");
    }
    let ids: Vec<_> = theme["collections"].as_array().unwrap().iter().map(|c| c["id"].as_str().unwrap().to_owned()).collect();
    assert!(ids.contains(&"trees".to_owned()) && !ids.contains(&"tree_inspections".to_owned()), "{ids:?}");
}
