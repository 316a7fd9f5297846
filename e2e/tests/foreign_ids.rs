//! Ids of other people's rows: whoever knows one learns nothing by asking for it, not even that there is such a row.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::cell::OnceCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use e2e::Town;

const ROWS: usize = 10_000;
/// They lie at so many places, and those at one have a word in common.
const PLACES: usize = 100;
const READERS: usize = 8;
/// Ids that are nobody's, as long as the others.
const NO_ID: &str = "00000000000000000000000000000000";
const NO_FILE: &str = "00000000-0000-4000-8000-000000000000";
/// A row of Rocca that is not announced, with an attachment.
struct Foreign {
    id: String,
    file: String,
}

/// Where a hundred of them lie.
struct Place {
    /// In their names, and in no others.
    word: String,
    /// The number of one of them, which is in its name too.
    number: String,
    lon: f64,
    lat: f64,
}

/// Who asks, over a connection that is kept.
struct Reader {
    agent: ureq::Agent,
    url: String,
    cookie: String,
    /// What they are told of what is not there.
    absent: OnceCell<[(u16, String); 4]>,
}

impl Reader {
    fn new(url: &str, cookie: &str) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).max_idle_connections(1).no_delay(true);
        let agent = config.timeout_global(Some(Duration::from_secs(60))).build().into();
        Self { agent, url: url.to_owned(), cookie: cookie.to_owned(), absent: OnceCell::new() }
    }

    /// Status, and whatever is told in headers and body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let send = || {
            let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
            let request = request.header("cookie", &self.cookie).header("sec-fetch-site", "same-origin").header("if-match", "*");
            self.agent.run(request.header("content-type", "application/geo+json").body(body.to_owned()).unwrap())
        };
        // a refusal before the body has come ends the connection, and the next request may be the one to learn of it
        let mut response = send().or_else(|_| send()).unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let mut told: Vec<String> = response.headers().iter().map(|(n, v)| format!("{n}: {}", v.to_str().unwrap())).collect();
        told.retain(|line| !["date:", "content-length:", "x-request-id:"].iter().any(|name| line.starts_with(name)));
        told.sort();
        told.push(String::from_utf8_lossy(&response.body_mut().read_to_vec().unwrap()).into_owned());
        (response.status().as_u16(), told.join("\n"))
    }
}

/// Rows among those that there are, each with its file.
fn plant(town: &Town) -> (Vec<Foreign>, Vec<Place>) {
    town.psql(&format!(
        "create table public.places as
             select k, substr(md5(random()::text || k), 1, 16) as word, st_translate(place.geom, (k % 10) * 200, (k / 10) * 200) as geom
               from generate_series(0, {PLACES} - 1) k
              cross join (select geom from tourism.events where comune = '080902' order by id limit 1) place;
         create table public.planted as
             select md5(random()::text || i) as id, gen_random_uuid() as file, i, i % {PLACES} as k from generate_series(1, {ROWS}) i;
         insert into tourism.events (id, comune, name, begins, ends, published, budget_eur, geom)
             select id, '080902', 'Riservato ' || word || ' ' || i, '2026-12-01', '2026-12-02', false, i, geom
               from public.planted join public.places using (k);
         update tourism.events set ends = '2026-12-03' where name like 'Riservato %';
         insert into attachments.files (id, layer, record, name, media_type, bytes, sha256)
             select file, 'events', id, i || '.pdf', 'application/pdf', 8, sha256('%PDF-1.4') from public.planted;
         insert into attachments.chunks (file, number, data) select file, 0, '%PDF-1.4' from public.planted;
         analyze public.planted, public.places, tourism.events, attachments.files, opensit.row_history"
    ));
    let rows = town.psql("select id, file from public.planted");
    let places = town.psql(&format!("select word, case k when 0 then {PLACES} else k end, st_x(g), st_y(g) from (select *, st_transform(geom, 4326) as g from public.places) p"));
    let row = |line: &str| {
        let (id, file) = line.split_once('|').unwrap();
        Foreign { id: id.to_owned(), file: file.to_owned() }
    };
    let place = |line: &str| {
        let [word, number, lon, lat] = line.split('|').collect::<Vec<_>>().try_into().unwrap();
        Place { word: word.to_owned(), number: number.to_owned(), lon: lon.parse().unwrap(), lat: lat.parse().unwrap() }
    };
    (rows.lines().map(row).collect(), places.lines().map(place).collect())
}

/// What is asked about a row, and the same about one that is not there.
fn questions(row: &Foreign) -> [(String, String); 4] {
    let both = |address: &dyn Fn(&str) -> String, there: &str, absent: &str| (address(there), address(absent));
    [
        both(&|id| format!("/collections/events/items/{id}"), &row.id, NO_ID),
        both(&|id| format!("/collections/events/items/{id}/history"), &row.id, NO_ID),
        both(&|id| format!("/attachments/events/{id}"), &row.id, NO_ID),
        both(&|file| format!("/attachments/{file}"), &row.file, NO_FILE),
    ]
}

/// What shows all that lies at a place, or has its word.
fn showing(place: &Place) -> [String; 6] {
    let Place { word, number, lon, lat } = place;
    let n = f64::from(1_u32 << 17);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0 * n;
    let bbox = format!("{},{},{},{}", lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4);
    [
        format!("/search?q={word}&lang=it"),
        format!("/identify?point={lon},{lat}&zoom=19&layers=events"),
        format!("/collections/events/items?bbox={bbox}&limit=1000"),
        format!("/collections/events/items?bbox={bbox}&f=html&limit=100"),
        format!("/collections/events/items?name=Riservato%20{word}%20{number}"),
        format!("/xyz/events/17/{}/{}", ((lon + 180.0) / 360.0 * n) as u32, y as u32),
    ]
}

/// What changes it, asked of fewer.
fn attempts(row: &Foreign) -> [(&'static str, String, &'static str); 6] {
    let item = format!("/collections/events/items/{}", row.id);
    [
        ("PATCH", item.clone(), r#"{"properties": {"name": "x"}}"#),
        ("DELETE", item.clone(), ""),
        (
            "PUT",
            item.clone(),
            r#"{"type": "Feature", "geometry": {"type": "Point", "coordinates": [15.6, 38]}, "properties": {"name": "x"}}"#,
        ),
        ("POST", format!("{item}/history/1/restore"), ""),
        ("POST", format!("/attachments/events/{}", row.id), "%PDF-1.4\n%%EOF"),
        ("DELETE", format!("/attachments/{}", row.file), ""),
    ]
}

/// As it would read if it were about a row that is not there.
fn of_nobody(row: &Foreign, text: &str) -> String {
    text.replace(&row.id, NO_ID).replace(&row.file, NO_FILE)
}

#[test]
fn an_id_of_somebody_elses_row_is_as_good_as_one_of_nobody() {
    let town = Town::own();
    let people = [("anonymous", String::new()), ("officer", town.sign_in("officer"))];
    let count = |cookie: &str| {
        let answer = town.get_with("/collections/events/items?limit=1", &[("cookie", cookie)]);
        answer.json()["numberMatched"].clone()
    };
    let counted: Vec<_> = people.iter().map(|(_, cookie)| count(cookie)).collect();
    let (rows, places) = plant(&town);
    assert_eq!((rows.len(), places.len()), (ROWS, PLACES));
    they_are_there(&Reader::new(&town.url(), &town.sign_in("officer-rocca")), &rows, &places);

    let (next, asked) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..READERS {
            scope.spawn(|| {
                let readers = people.each_ref().map(|(name, cookie)| (*name, Reader::new(&town.url(), cookie)));
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(row) = rows.get(number) else { return };
                    let (name, reader) = &readers[number % 2];
                    asked.fetch_add(probe(name, reader, row), Ordering::Relaxed);
                    if let Some(place) = places.get(number) {
                        readers.iter().for_each(|(name, reader)| look_round(name, reader, place));
                    }
                }
            });
        }
    });
    assert!(asked.load(Ordering::Relaxed) >= 4 * ROWS);

    // nor are there traces in what counts and lists, and nothing was changed
    for ((_, cookie), before) in people.iter().zip(counted) {
        assert_eq!(count(cookie), before);
        let all = town.get_with("/collections/events/items?limit=10000", &[("cookie", cookie)]).text();
        assert!(!all.contains("Riservato"));
    }
    let whole = "select count(*) from public.planted p join tourism.events e using (id) join attachments.files f on f.id = p.file
                  where e.name like 'Riservato %' and e.version = 2";
    assert_eq!(town.psql(whole), ROWS.to_string());
}

/// Those whose they are see them: else the rest would prove nothing.
fn they_are_there(owner: &Reader, rows: &[Foreign], places: &[Place]) {
    for row in rows.iter().step_by(ROWS / 5) {
        for (path, _) in questions(row) {
            let (status, told) = owner.ask("GET", &path, "");
            assert!(status == 200 && (told.contains(&row.id) || told.contains(&row.file) || told.contains("%PDF")), "{path}: {told}");
        }
    }
    for place in places.iter().step_by(PLACES / 5) {
        for path in showing(place) {
            let (status, told) = owner.ask("GET", &path, "");
            assert!(status == 200 && told.contains(&format!("Riservato {}", place.word)), "{path}: {status} {told}");
        }
    }
}

/// All questions about one row; of every two hundredth or so also whether it can be changed.
fn probe(name: &str, reader: &Reader, row: &Foreign) -> usize {
    let absent = reader.absent.get_or_init(|| questions(row).map(|(_, absent)| reader.ask("GET", &absent, "")));
    let mut asked = 0;
    for ((path, _), nothing) in questions(row).iter().zip(absent) {
        let (status, told) = reader.ask("GET", path, "");
        assert!(status == 404 || (status == 403 && name == "anonymous" && path.ends_with("/history")), "{name} {path}: {told}");
        assert_eq!((status, of_nobody(row, &told)), *nothing, "{name} {path}");
        asked += 1;
    }
    if row.id.starts_with("00") {
        for (method, path, body) in attempts(row) {
            let there = reader.ask(method, &path, body);
            let nothing = reader.ask(method, &of_nobody(row, &path), body);
            assert!((400..500).contains(&there.0), "{name} {method} {path}: {}", there.0);
            assert_eq!((there.0, of_nobody(row, &there.1)), nothing, "{name} {method} {path}");
            asked += 1;
        }
    }
    asked
}

/// Nothing shows those at a place.
fn look_round(name: &str, reader: &Reader, place: &Place) {
    for path in showing(place) {
        let (status, told) = reader.ask("GET", &path, "");
        assert!(status < 300, "{name} {path}: {told}");
        assert!(!told.contains(&format!("Riservato {}", place.word)), "{name} {path}: {told}");
        assert!(!path.contains("name=") || told.contains("\"numberMatched\":0"), "{name} {path}: {told}");
    }
}
