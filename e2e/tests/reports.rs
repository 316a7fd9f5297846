//! Citizens' reports through the built program: from who sends one to everybody, and what of it nobody sees.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::process::Command;
use std::time::Duration;

use e2e::{Answer, Town, run};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");
/// What a form's ticket rests, and a little.
const REST: Duration = Duration::from_millis(4_200);
const EMAIL: &str = "ugo.quattroventi@posta.example";
const PHONE: &str = "0965 55501234";
const CAMERA: &str = "Fotocamera-di-Ugo-7731";

struct Desk {
    town: Town,
    /// An officer's session.
    cookie: String,
    /// At a house of Castelmarina.
    place: (f64, f64),
}

/// A report as it was sent.
struct Sent {
    id: String,
    /// The path of the private link.
    link: String,
}

impl Sent {
    fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{}", answer.text());
        let made = answer.json();
        let link = made["private_link"].as_str().unwrap();
        Self { id: made["id"].as_str().unwrap().to_owned(), link: link[link.find("/reports/").unwrap()..].to_owned() }
    }
}

impl Desk {
    fn open() -> Self {
        let town = Town::own();
        let place = town.psql(
            "select st_x(g) || ' ' || st_y(g) from (select st_transform(geom, 4326) as g from territory.house_numbers
              where comune = '080901' order by id limit 1) t",
        );
        let (lon, lat) = place.split_once(' ').unwrap();
        let place = (lon.parse().unwrap(), lat.parse().unwrap());
        Self { cookie: town.sign_in("officer"), place, town }
    }

    /// A ticket that counts.
    fn ticket(&self) -> String {
        let ticket = self.town.get("/reports/new?f=json").json()["ticket"].as_str().unwrap().to_owned();
        std::thread::sleep(REST);
        ticket
    }

    fn draft(&self, text: &str) -> Value {
        json!({"category": "lighting", "lon": self.place.0, "lat": self.place.1, "text": text, "ticket": self.ticket()})
    }

    /// As anybody, with a key that makes it the same request when it comes again.
    fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.town.send("POST", path, &[JSON, ("idempotency-key", key)], body.to_string())
    }

    /// The record as the officer has it.
    fn record(&self, id: &str) -> Answer {
        self.town.get_with(&format!("/reports/{id}?f=json"), &[("cookie", &self.cookie)])
    }

    fn act_on(&self, id: &str, act: &str, tag: &str, key: &str, body: &Value) -> Answer {
        let headers = [JSON, ("cookie", &*self.cookie), ("sec-fetch-site", "same-origin"), ("if-match", tag), ("idempotency-key", key)];
        self.town.send("POST", &format!("/reports/{id}/{act}"), &headers, body.to_string())
    }

    /// What the officer does with a report as it is now.
    fn act(&self, id: &str, act: &str, body: &Value) {
        let tag = self.record(id).header("etag").unwrap().to_owned();
        let answer = self.act_on(id, act, &tag, &format!("{act}-{id}-{tag}"), body);
        assert_eq!(answer.status, 200, "{act}: {}", answer.text());
    }

    /// A photo as a telephone makes it: with its maker and where it was taken.
    fn photo(&self) -> Vec<u8> {
        let folder = self.town.scratch();
        let file = folder.path().join("photo.jpg");
        let made = run(Command::new("gdal_create")
            .args(["-q", "-of", "JPEG", "-outsize", "64", "48", "-bands", "3", "-burn", "200", "-burn", "120", "-burn", "40"])
            .arg(&file));
        assert!(made.ok, "{}", made.err);
        let plain = std::fs::read(&file).unwrap();
        assert_eq!(plain[..2], [0xff, 0xd8]);
        let exif = exif();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        [&plain[..2], &[0xff, 0xe1], &length[..], &exif, &plain[2..]].concat()
    }

    /// Waits until the photos of a report are written anew.
    fn photos(&self, link: &str) -> i64 {
        for _ in 0..300 {
            let mine = self.town.get(&format!("{link}?f=json")).json();
            if mine["photos_waiting"] == 0 {
                return mine["photos"].as_i64().unwrap();
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the photo is not written anew")
    }

    fn count(&self, sql: &str) -> i64 {
        self.town.psql(&format!("select count(*) from {sql}")).parse().unwrap()
    }
}

/// An Exif segment: the camera's name, and a position 38° 6' N, 15° 39' E.
fn exif() -> Vec<u8> {
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value.to_be_bytes()].concat()
    };
    let name = format!("{CAMERA}\0");
    let letter = |c: char| u32::from(c) << 24;
    let gps_at = 38 + u32::try_from(name.len()).unwrap();
    let degrees_at = gps_at + 2 + 4 * 12 + 4;
    let mut out = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    out.extend(entry(0x010f, 2, u32::try_from(name.len()).unwrap(), 38));
    out.extend(entry(0x8825, 4, 1, gps_at));
    out.extend([0; 4]);
    out.extend(name.bytes());
    out.extend([0, 4]);
    out.extend(entry(1, 2, 2, letter('N')));
    out.extend(entry(2, 5, 3, degrees_at));
    out.extend(entry(3, 2, 2, letter('E')));
    out.extend(entry(4, 5, 3, degrees_at + 24));
    out.extend([0; 4]);
    for n in [38_u32, 1, 6, 1, 0, 1, 15, 1, 39, 1, 0, 1] {
        out.extend(n.to_be_bytes());
    }
    out
}

fn form(fields: &[(&str, &str)], photo: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.extend(format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    out.extend(b"--x\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"foto.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n");
    out.extend(photo);
    out.extend(b"\r\n--x--\r\n");
    out
}

fn holds(answer: &Answer, secret: &str) -> bool {
    answer.body.windows(secret.len()).any(|part| part == secret.as_bytes())
        || answer.headers.iter().any(|(_, value)| value.contains(secret))
}

/// The tile of a place.
fn tile(z: u8, (lon, lat): (f64, f64)) -> String {
    let n = f64::from(1_u32 << z);
    let y = (1.0 - lat.to_radians().tan().asinh() / std::f64::consts::PI) / 2.0;
    format!("{z}/{}/{}", ((lon + 180.0) / 360.0 * n) as u32, (y * n) as u32)
}

#[test]
fn a_report_goes_from_a_citizen_to_everybody_without_contact_or_where_the_photo_was_taken() {
    let desk = Desk::open();
    let (town, (lon, lat)) = (&desk.town, desk.place);
    let photo = desk.photo();
    assert!(photo.windows(CAMERA.len()).any(|part| part == CAMERA.as_bytes()));
    let (ticket, x, y) = (desk.ticket(), lon.to_string(), lat.to_string());
    let fields = [("category", "lighting"), ("lon", &*x), ("lat", &*y), ("text", "Lampione spento e72a"), ("ticket", &*ticket)];
    let multipart = [("content-type", "multipart/form-data; boundary=x"), ("accept", "application/json")];
    let sent = Sent::of(&town.send("POST", "/reports/", &multipart, form(&fields, &photo)));
    let contact = desk.post(&format!("{}/contact", sent.link), "c1", &json!({"email": EMAIL, "phone": PHONE}));
    assert_eq!(contact.status, 200, "{}", contact.text());
    assert_eq!(desk.photos(&sent.link), 1);

    // until the office approves it, it is its holder's and the office's
    let page = format!("/reports/{}", sent.id);
    assert_eq!(town.get(&page).status, 404);
    assert_eq!(town.get(&sent.link).status, 200);
    assert_eq!(desk.record(&sent.id).status, 200);
    let near = format!("/reports/near?lon={lon}&lat={lat}&category=lighting");
    assert!(!town.get(&near).text().contains(&sent.id));
    desk.act(&sent.id, "approve", &json!({}));
    assert_eq!(town.get(&format!("{page}?f=json")).json()["state"], "open");
    assert!(town.get(&near).text().contains(&sent.id), "what is known nearby is offered");

    // somebody else says the same twice: once as "+1", once as a report of its own that the office merges
    assert_eq!(desk.post(&format!("{page}/support"), "plus", &json!({})).json()["supporters"], 1);
    let twin = Sent::of(&desk.post("/reports/", "twin", &desk.draft("Buio e72b")));
    desk.act(&twin.id, "merge", &json!({"into": sent.id}));
    let merged = town.get(&format!("/reports/{}", twin.id));
    assert_eq!((merged.status, merged.header("location")), (303, Some(&*format!("../reports/{}", sent.id))));
    assert_eq!(town.get(&format!("{}?f=json", twin.link)).json()["merged_into"], *sent.id);
    desk.act(&sent.id, "assign", &json!({"office": "manutenzioni"}));
    desk.act(&sent.id, "answer", &json!({"audience": "office", "text": "Nota interna e72c"}));
    desk.act(&sent.id, "answer", &json!({"audience": "reporter", "text": "Grazie e72d"}));
    desk.act(&sent.id, "close", &json!({"reason": "done", "note": "Sostituito e72e"}));
    let follow = town.get(&sent.link).text();
    assert!(follow.contains("Grazie e72d") && follow.contains("Sostituito e72e") && !follow.contains("Nota interna e72c"), "{follow}");

    // wherever anybody reads it
    let file = town.psql(&format!("select id from attachments.files where layer = 'reports' and record = '{}'", sent.id));
    let around = format!("{},{},{},{}", lon - 1e-4, lat - 1e-4, lon + 1e-4, lat + 1e-4);
    let paths = [
        (page.clone(), 200),
        (format!("{page}?f=json"), 200),
        ("/reports/?f=html".to_owned(), 200),
        ("/reports/?f=json&sort=newest".to_owned(), 200),
        ("/reports/?f=csv".to_owned(), 200),
        ("/reports/times".to_owned(), 200),
        (near, 200),
        (format!("/open311/v2/requests/{}.json", sent.id), 200),
        (format!("/open311/v2/requests/{}.xml", sent.id), 200),
        ("/open311/v2/requests.json".to_owned(), 200),
        (format!("/collections/reports/items/{}?f=json", sent.id), 200),
        (format!("/collections/reports/items/{}?f=html", sent.id), 200),
        (format!("/collections/reports/items?f=json&bbox={around}"), 200),
        ("/collections/reports/items?f=csv&limit=1000".to_owned(), 200),
        (format!("/identify?point={lon},{lat}&zoom=18&layers=reports"), 200),
        (format!("/search?q={}", sent.id), 200),
        (format!("/here?point={lon},{lat}"), 200),
        (format!("/xyz/reports/{}", tile(16, desk.place)), 200),
        (format!("/attachments/{file}"), 200),
        (format!("/attachments/reports/{}", sent.id), 200),
        (sent.link.clone(), 200),
        (format!("{}?f=json", sent.link), 200),
        (format!("{}?f=json", twin.link), 200),
    ];
    let secret = sent.link.rsplit('/').next().unwrap();
    let (_, digits) = PHONE.split_once(' ').unwrap();
    for (path, status) in &paths {
        for headers in [&[][..], &[("cookie", &*desk.cookie)][..]] {
            let answer = town.get_with(path, headers);
            assert_eq!(answer.status, *status, "{path}: {}", answer.text());
            for hidden in [EMAIL, digits, CAMERA, "Exif"] {
                assert!(!holds(&answer, hidden), "{hidden} in {path}");
            }
            assert!(path.contains(secret) || !holds(&answer, secret), "the private link in {path}");
            assert!(!headers.is_empty() || !holds(&answer, "Nota interna e72c"), "the office's note in {path}");
        }
    }
    for path in [&paths[1].0, &paths[7].0, &paths[10].0] {
        assert!(town.get(path).text().contains("Lampione spento e72a"), "{path}");
    }
    assert!(town.get(&paths[18].0).body.starts_with(&[0xff, 0xd8]), "the photo is one still");
    for hidden in [EMAIL, digits] {
        let told = town.psql(&format!("select count(*) from identity.audit a where a::text like '%{hidden}%'"));
        assert_eq!(told, "0", "{hidden} in the audit log");
    }
    let stated = town.get_with(&format!("{page}?f=json"), &[("cookie", &desk.cookie), ("access-purpose", "avvisare del lavoro")]);
    assert!(holds(&stated, EMAIL) && holds(&stated, PHONE), "the office reads it, for a purpose: {}", stated.text());
}

#[test]
fn another_program_reports_by_the_standard() {
    let desk = Desk::open();
    let town = &desk.town;
    let services = town.get("/open311/v2/services.json").json();
    let code = services[0]["service_code"].as_str().unwrap();
    let body = format!("service_code={code}&lat={}&long={}&description=Buca+e72f&email={EMAIL}", desk.place.1, desk.place.0);
    let made = town.send("POST", "/open311/v2/requests.json", &[("content-type", "application/x-www-form-urlencoded")], body);
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json()[0].clone();
    let (id, token) = (made["service_request_id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert_eq!(town.get(&format!("/open311/v2/tokens/{token}.json")).json()[0]["service_request_id"], id);
    let one = format!("/open311/v2/requests/{id}.json");
    assert_eq!(town.get(&one).status, 404, "not approved yet");
    desk.act(id, "approve", &json!({}));
    let seen = town.get(&one);
    assert_eq!((&seen.json()[0]["status"], &seen.json()[0]["description"]), (&json!("open"), &json!("Buca e72f")));
    desk.act(id, "close", &json!({"reason": "done"}));
    assert_eq!(town.get(&one).json()[0]["status"], "closed");
    for path in [&*one, "/open311/v2/requests.json", "/open311/v2/requests.xml"] {
        assert!(!holds(&town.get(path), EMAIL), "{path}");
    }
}

#[test]
fn what_was_acknowledged_outlives_kill_9_and_is_there_once() {
    let desk = Desk::open();
    let before = desk.count("reports.reports");
    // each is answered, the server is killed, and who never heard asks again
    let twice = |ask: &dyn Fn() -> Answer| {
        let first = ask();
        assert!(matches!(first.status, 200 | 201), "{}", first.text());
        desk.town.kill_and_restart();
        let again = ask();
        assert_eq!(again.status, first.status, "{}", again.text());
        first
    };
    let draft = desk.draft("Lampione e72g");
    let sent = Sent::of(&twice(&|| desk.post("/reports/", "k-sent", &draft)));
    assert_eq!(Sent::of(&desk.post("/reports/", "k-sent", &draft)).link, sent.link, "the same link each time");
    twice(&|| desk.post(&format!("{}/note", sent.link), "k-note", &json!({"text": "Da ieri e72h"})));
    twice(&|| desk.post(&format!("{}/contact", sent.link), "k-contact", &json!({"email": EMAIL})));
    let act = |act: &str, body: Value| {
        let tag = desk.record(&sent.id).header("etag").unwrap().to_owned();
        twice(&|| desk.act_on(&sent.id, act, &tag, &format!("k-{act}"), &body))
    };
    act("approve", json!({}));
    twice(&|| desk.post(&format!("/reports/{}/support", sent.id), "k-plus", &json!({})));
    act("assign", json!({"office": "manutenzioni"}));
    act("answer", json!({"audience": "public", "text": "Arriviamo e72i"}));
    act("close", json!({"reason": "done"}));

    assert_eq!(desk.count("reports.reports"), before + 1);
    let record = desk.record(&sent.id).json();
    assert_eq!(
        (&record["state"], &record["office"], &record["supporters"], &record["closing_reason"]),
        (&json!("closed"), &json!("manutenzioni"), &json!(1), &json!("done"))
    );
    let of_it = format!("(select fid from reports.reports where id = '{}')", sent.id);
    for (table, rows) in [("links", 1), ("contacts", 1)] {
        assert_eq!(desk.count(&format!("reports.{table} where report = {of_it}")), rows, "{table}");
    }
    for text in ["Da ieri e72h", "Arriviamo e72i"] {
        assert_eq!(desk.count(&format!("reports.messages where report = {of_it} and text = '{text}'")), 1, "{text}");
    }
    // one edit each for what the office did, in history and in the log
    let versions =
        desk.count(&format!("opensit.row_history where relation = 'reports.reports' and fid = {of_it} and operation = 'insert'"));
    assert_eq!(versions, 1);
    let events = format!("identity.audit where layer = 'reports' and id = '{}' and event", sent.id);
    assert_eq!(desk.count(&format!("{events} = 'create'")), 1);
    assert_eq!(desk.count(&format!("{events} = 'update' and role = 'officer'")), 4);
}
