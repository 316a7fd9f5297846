//! Building permits through the built program: what only the whole of it can show.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use e2e::{Answer, Town};

/// An application of Castelmarina with its applicant, whose name is nobody else's.
fn one(town: &Town) -> (String, String) {
    let row = town.psql(
        "select p.id || '|' || a.name from permits.permits p join permits.parties a on a.permit = p.fid and a.role = 'applicant'
          where p.comune = '080901' and p.state = 'submitted' and (select count(*) from permits.parties o where o.name = a.name) = 1
          order by p.id limit 1",
    );
    let (id, name) = row.split_once('|').unwrap();
    (id.to_owned(), name.to_owned())
}

fn get(town: &Town, path: &str, cookie: &str) -> Answer {
    if cookie.is_empty() { town.get(path) } else { town.get_with(path, &[("cookie", cookie)]) }
}

#[test]
fn names_are_read_for_a_purpose_alone_which_is_in_the_log() {
    let town = Town::shared();
    let (id, name) = one(&town);
    let (officer, other) = (town.sign_in("officer"), town.sign_in("officer-rocca"));
    let path = format!("/permits/{id}");
    let stated = format!("{path}?access-purpose=accesso+agli+atti");
    for (cookie, address, sees) in
        [("", &path, false), ("", &stated, false), (&*officer, &path, false), (&*other, &stated, false), (&*officer, &stated, true)]
    {
        let answer = get(&town, address, cookie);
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.text().contains(&name), sees, "{address}");
    }
    let told = town.psql(&format!(
        "select count(*) from identity.audit where purpose = 'accesso agli atti' and details::text like '%{id}%' and role = 'officer'"
    ));
    assert!(told.parse::<i64>().unwrap() >= 2, "each reading is told, also the other comune's in vain: {told}");
}

#[test]
fn outside_its_page_nothing_tells_a_name() {
    let town = Town::shared();
    let (id, name) = one(&town);
    let officer = town.sign_in("officer");
    for cookie in ["", &*officer] {
        for path in [
            format!("/collections/permits/items/{id}?access-purpose=verifica"),
            "/collections/permits/items?limit=1000".to_owned(),
            "/permits/?f=csv".to_owned(),
            format!("/identify?feature=permits/{id}"),
            format!("/search?q={}", name.replace(' ', "+")),
        ] {
            let answer = get(&town, &path, cookie);
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            assert!(!answer.text().contains(&name), "{path}");
        }
    }
}

#[test]
fn the_files_of_an_application_are_the_offices() {
    let town = Town::shared();
    let (id, _) = one(&town);
    let path = format!("/attachments/permits/{id}");
    let nothing = get(&town, "/attachments/permits/NOSUCHROW", "");
    for (person, status) in [("", 404), ("citizen", 404), ("officer-rocca", 404), ("officer", 200), ("administrator", 200)] {
        let cookie = if person.is_empty() { String::new() } else { town.sign_in(person) };
        let answer = get(&town, &path, &cookie);
        assert_eq!(answer.status, status, "{person}");
        assert!(status == 200 || answer.text() == nothing.text(), "{person}: as if it were not there");
    }
}

#[test]
fn the_demo_has_every_state_and_parcels_that_are_no_more() {
    let town = Town::shared();
    assert_eq!(town.psql("select count(distinct state) from permits.permits"), "11");
    let matched = town.get("/collections/permits/items?limit=1").json()["numberMatched"].to_string();
    assert_eq!(town.psql("select count(*) from permits.permits"), matched);
    let former = town.psql(
        "select p.id from permits.permits p join permits.cited_parcels c on c.permit = p.fid join cadastre.parcels l on l.id = c.parcel
          where l.valid_to is not null order by p.id limit 1",
    );
    let record = town.get(&format!("/permits/{former}")).json();
    assert_eq!(record["parcels"][0]["exists"], false);
    let due = town.psql("select count(*) from permits.permits where due_on is not null");
    assert!(due.parse::<i64>().unwrap() > 20, "{due}");
    let found = town.get("/search?q=2026-000116").json();
    assert!(found.to_string().contains("X101-2026-000116"), "{found}");
}
