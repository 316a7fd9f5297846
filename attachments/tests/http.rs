//! Attachments through the router, on a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on fails")]

use std::sync::{Arc, Mutex};

use attachments::{Access, Change, MAX_BYTES, Pages, Pending, Records};
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures::stream;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use image::{ImageFormat, Rgb, RgbImage};
use kernel::{Assurance, Bbox, Context, Installation, LayerId, Principal, Problem, PublicUrl, Role, Srid, SystemClock, Text};
use serde_json::{Value, json};
use sqlx::PgConnection;
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

/// Trees: `open` is everybody's to read and staff's to edit, `hidden` is staff's, anything else is not there.
#[derive(Default)]
struct Trees(Mutex<Vec<Change>>);

impl Records for Trees {
    fn access<'a>(&'a self, who: &'a Principal, layer: &'a LayerId, id: &'a str) -> Pending<'a, Result<Option<Access>, Problem>> {
        let access = match (layer.as_str(), id) {
            ("trees", "open") => Some(Access { edit: who.is_staff(), page: "/environment/trees/open".to_owned() }),
            ("trees", "hidden") if who.is_staff() => Some(Access { edit: true, page: "/environment/trees/hidden".to_owned() }),
            _ => None,
        };
        Box::pin(async move { Ok(access) })
    }

    fn changed<'a>(
        &'a self,
        _: &'a mut PgConnection,
        _: &'a Principal,
        _: &'a LayerId,
        _: &'a str,
        change: Change,
        _: Uuid,
    ) -> Pending<'a, Result<(), sqlx::Error>> {
        self.0.lock().unwrap().push(change);
        Box::pin(async { Ok(()) })
    }
}

struct Place {
    router: Router,
    trees: Arc<Trees>,
    scratch: Scratch,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Place {
    async fn new() -> Self {
        let scratch = Scratch::new().await;
        let trees = Arc::new(Trees::default());
        let database = scratch.database().await;
        let context = Context {
            database: database.clone(),
            tiles_database: database,
            clock: Arc::new(SystemClock),
            public_url: PublicUrl::parse("https://sit.example.it").unwrap(),
            installation: Arc::new(Installation {
                instance: Uuid::nil(),
                title: Text::same("t"),
                storage_crs: Srid::RDN2008_UTM33,
                bbox: Bbox::new(15.5, 38.0, 15.9, 38.2).unwrap(),
                demo: false,
            }),
        };
        let router = attachments::routes(Pages::new(context, trees.clone()));
        Self { router, trees, scratch }
    }

    async fn ask(&self, who: &Principal, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).extension(who.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(&Principal::anonymous(), "GET", path, headers, Body::empty()).await
    }
}

fn officer() -> Principal {
    Principal::known(Role::Officer, Uuid::new_v4(), "Ada Rossi", Assurance::Low)
}

fn picture(format: ImageFormat) -> Vec<u8> {
    let picture = RgbImage::from_fn(300, 200, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let mut out = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// A PDF of about so many bytes, that nothing compresses.
fn pdf(bytes: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    });
    let mut pdf = b"%PDF-1.4\n1 0 obj<</JS(app.alert(1))/S/JavaScript>>endobj\n".to_vec();
    pdf.extend(noise.take(bytes));
    pdf.extend_from_slice(b"\n%%EOF\n");
    pdf
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_in_and_comes_out_whole_and_in_parts() {
    let place = Place::new().await;
    let ada = officer();
    // three whole pieces and some
    let content = pdf(900_000);
    let named = [("content-disposition", "attachment; filename*=UTF-8''..%2F%3Cscript%3Ealert(1)%3C%2Fscript%3E%0D%0AX-Evil%3A1.exe")];
    let added = place.ask(&ada, "POST", "/attachments/trees/open", &named, content.clone()).await;
    assert_eq!(added.status, StatusCode::CREATED, "{:?}", added.body);
    let document = added.json();
    let path = document["href"].as_str().unwrap().replace("https://sit.example.it", "");
    assert_eq!(added.headers["location"], document["href"].as_str().unwrap());
    assert_eq!((document["media_type"].as_str(), document["bytes"].as_u64()), (Some("application/pdf"), Some(content.len() as u64)));

    let whole = place.get(&path, &[]).await;
    assert_eq!((whole.status, whole.body.as_ref() == content), (StatusCode::OK, true));
    for (name, value) in [
        ("content-type", "application/pdf"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("accept-ranges", "bytes"),
        ("cache-control", "private, no-cache, no-transform"),
    ] {
        assert_eq!(whole.headers[name], value);
    }
    let disposition = whole.headers["content-disposition"].to_str().unwrap();
    assert!(
        disposition.starts_with("attachment; filename=\"") && disposition.ends_with(".pdf") && !disposition.contains('<'),
        "{disposition}"
    );
    assert!(!whole.headers.contains_key("x-evil"));

    let tag = whole.headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(place.get(&path, &[("if-none-match", &tag)]).await.status, StatusCode::NOT_MODIFIED);
    for (range, expected) in [
        ("bytes=0-9", 0..10),
        ("bytes=262100-262200", 262_100..262_201),
        ("bytes=-7", content.len() - 7..content.len()),
        ("bytes=524288-", 524_288..content.len()),
    ] {
        let part = place.get(&path, &[("range", range)]).await;
        assert_eq!(part.status, StatusCode::PARTIAL_CONTENT, "{range}");
        assert_eq!(part.headers["content-range"], format!("bytes {}-{}/{}", expected.start, expected.end - 1, content.len()));
        assert!(part.body.as_ref() == &content[expected], "{range}");
    }
    let beyond = place.get(&path, &[("range", "bytes=99999999-")]).await;
    assert_eq!(
        (beyond.status, beyond.headers["content-range"].to_str().unwrap()),
        (StatusCode::RANGE_NOT_SATISFIABLE, &*format!("bytes */{}", content.len()))
    );
    let other = place.get(&path, &[("range", "bytes=0-9"), ("if-range", "\"another\"")]).await;
    assert_eq!((other.status, other.body.len()), (StatusCode::OK, content.len()));
    let same = place.get(&path, &[("range", "bytes=0-9"), ("if-range", &tag)]).await;
    assert_eq!(same.body.len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_under_its_records_rule() {
    let place = Place::new().await;
    let (ada, nobody) = (officer(), Principal::anonymous());
    let png = picture(ImageFormat::Png);
    let add = async |who: &Principal, path: &str| place.ask(who, "POST", path, &[], png.clone()).await;
    let open = add(&ada, "/attachments/trees/open").await.json()["id"].as_str().unwrap().to_owned();
    let hidden = add(&ada, "/attachments/trees/hidden").await.json()["id"].as_str().unwrap().to_owned();
    // what is not theirs to change, not theirs to see, and not there: the same
    let refusals = [
        add(&nobody, "/attachments/trees/open").await,
        add(&nobody, "/attachments/trees/hidden").await,
        add(&nobody, "/attachments/trees/absent").await,
        add(&ada, "/attachments/xyz/open").await,
        add(&ada, "/attachments/tr'ees/open").await,
        place.get("/attachments/trees/hidden", &[]).await,
        place.get("/attachments/trees/absent", &[]).await,
    ];
    assert!(refusals.iter().all(|a| a.status == StatusCode::NOT_FOUND && a.body == refusals[0].body));
    let absent = Uuid::new_v4().to_string();
    let mut refusals = Vec::new();
    for id in [&hidden, &absent, &"x".to_owned()] {
        for method in ["GET", "DELETE"] {
            refusals.push(place.ask(&nobody, method, &format!("/attachments/{id}"), &[("range", "bytes=0-1")], Body::empty()).await);
        }
    }
    refusals.push(place.ask(&nobody, "DELETE", &format!("/attachments/{open}"), &[], Body::empty()).await);
    assert!(refusals.iter().all(|a| a.status == StatusCode::NOT_FOUND && a.body == refusals[0].body && !a.headers.contains_key("etag")));

    let list = place.get("/attachments/trees/open", &[]).await.json();
    assert_eq!(
        (list["attachments"][0]["id"].as_str(), &list["attachments"][0]["creator"], &list["editable"]),
        (Some(&*open), &Value::Null, &json!(false))
    );
    let list = place.ask(&ada, "GET", "/attachments/trees/open", &[], Body::empty()).await.json();
    assert_eq!((&list["attachments"][0]["creator"], &list["editable"]), (&json!("Ada Rossi"), &json!(true)));
    assert_eq!(place.get(&format!("/attachments/{open}"), &[]).await.headers["content-type"], "image/png");

    assert_eq!(place.ask(&ada, "DELETE", &format!("/attachments/{open}"), &[], Body::empty()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(place.get(&format!("/attachments/{open}"), &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(*place.trees.0.lock().unwrap(), [Change::Added, Change::Added, Change::Deleted]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_comes_in_whatever_way_programs_write_it() {
    let place = Place::new().await;
    for (header, name) in [
        ("attachment; filename=\"Frana in città.jpg\"", "Frana in città.png"),
        ("attachment; filename=plain", "plain.png"),
        ("attachment; filename*=UTF-8''%E2%82%AC.png", "€.png"),
        ("attachment", "file.png"),
    ] {
        let body = picture(ImageFormat::Png);
        let answer = place.ask(&officer(), "POST", "/attachments/trees/open", &[("content-disposition", header)], body).await;
        assert_eq!(answer.json()["name"], name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_does_as_well() {
    let place = Place::new().await;
    let ada = officer();
    let form = |parts: &[(&str, &[u8])]| {
        let mut body = Vec::new();
        for (disposition, content) in parts {
            body.extend_from_slice(format!("--x\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--x--\r\n");
        body
    };
    let kind = [("content-type", "multipart/form-data; boundary=x")];
    let jpeg = picture(ImageFormat::Jpeg);
    let send = async |body: Vec<u8>| place.ask(&ada, "POST", "/attachments/trees/open", &kind, body).await;
    let added = send(form(&[("name=\"note\"", b"a text"), ("name=\"file\"; filename=\"Buca.png\"", &jpeg)])).await;
    assert_eq!((added.status, added.json()["name"].as_str()), (StatusCode::CREATED, Some("Buca.jpg")), "by its content, not its name");
    assert_eq!((added.json()["width"].as_u64(), added.json()["height"].as_u64()), (Some(300), Some(200)));
    let whole = form(&[("name=\"file\"; filename=\"a.jpg\"", &jpeg)]);
    for wrong in [
        form(&[("name=\"note\"", b"a text")]),
        form(&[("name=\"a\"; filename=\"a.jpg\"", &jpeg), ("name=\"b\"; filename=\"b.jpg\"", &jpeg)]),
        whole[..whole.len() - 9].to_vec(),
        b"no form".to_vec(),
        Vec::new(),
    ] {
        assert_eq!(send(wrong).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_refused_early_and_what_is_none_of_the_kinds_at_all() {
    let place = Place::new().await;
    let ada = officer();
    let path = "/attachments/trees/open";
    // says that it is 100 MB: not a byte is read
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(place.ask(&ada, "POST", path, &[("content-length", "100000000")], never).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    // does not say so: no more is read than is taken
    let read = Arc::new(Mutex::new(0));
    let count = read.clone();
    let endless = stream::repeat_with(move || {
        *count.lock().unwrap() += 1 << 20;
        Ok::<_, std::io::Error>(Bytes::from(vec![b'%'; 1 << 20]))
    });
    assert_eq!(place.ask(&ada, "POST", path, &[], Body::from_stream(endless)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(*read.lock().unwrap() <= MAX_BYTES + (2 << 20));
    // who may not add is told so before anything is read
    let never = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
    assert_eq!(place.ask(&Principal::anonymous(), "POST", path, &[], never).await.status, StatusCode::NOT_FOUND);
    // a connection that breaks leaves nothing
    let broken = stream::iter([Ok(Bytes::from(picture(ImageFormat::Png))), Err(std::io::Error::other("gone"))]);
    assert_eq!(place.ask(&ada, "POST", path, &[], Body::from_stream(broken)).await.status, StatusCode::BAD_REQUEST);
    for other in [
        &b"<svg onload='alert(1)' xmlns='http://www.w3.org/2000/svg'/>"[..],
        b"<html><script>alert(1)</script>",
        b"GIF89a",
        b"MZ\x90",
        b"PK\x03\x04",
        b"",
    ] {
        let answer = place.ask(&ada, "POST", path, &[("content-type", "image/jpeg")], other.to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(place.get(path, &[]).await.json()["attachments"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_sent_again_with_its_key_is_added_once() {
    let place = Place::new().await;
    let (ada, eva) = (officer(), officer());
    let path = "/attachments/trees/open";
    let (png, jpeg) = (picture(ImageFormat::Png), picture(ImageFormat::Jpeg));
    let send = async |who: &Principal, path: &str, key: &str, name: &str, body: &[u8]| {
        let named = format!("attachment; filename={name}");
        place.ask(who, "POST", path, &[("idempotency-key", key), ("content-disposition", &named)], body.to_vec()).await
    };
    // at once, as a browser that lost its patience does, and later
    let (one, two) = tokio::join!(send(&ada, path, "k1", "a.png", &png), send(&ada, path, "k1", "a.png", &png));
    let three = send(&ada, path, "k1", "a.png", &png).await;
    for answer in [&one, &two, &three] {
        assert_eq!((answer.status, &answer.body), (StatusCode::CREATED, &one.body), "{:?}", answer.body);
        assert_eq!(answer.headers["location"], one.headers["location"]);
        assert_eq!(answer.headers["cache-control"], "private, no-cache, no-transform");
    }
    assert_eq!(place.get(path, &[]).await.json()["attachments"].as_array().unwrap().len(), 1);
    assert_eq!(*place.trees.0.lock().unwrap(), [Change::Added], "and told once");
    // the key stands for that file, under that name, of that row, of that person
    for (path, name, body) in [(path, "a.png", &jpeg), (path, "b.png", &png), ("/attachments/trees/hidden", "a.png", &png)] {
        let other = send(&ada, path, "k1", name, body).await;
        assert_eq!(
            (other.status, other.headers["content-type"].to_str().unwrap()),
            (StatusCode::UNPROCESSABLE_ENTITY, "application/problem+json")
        );
    }
    let hers = send(&eva, path, "k1", "a.png", &png).await;
    assert!(hers.status == StatusCode::CREATED && hers.json()["id"] != one.json()["id"]);
    assert_eq!(send(&Principal::anonymous(), path, "k1", "a.png", &png).await.status, StatusCode::NOT_FOUND);
    // a form has another boundary each time
    let form = |boundary: &str| {
        let mut body = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.png\"\r\n\r\n").into_bytes();
        body.extend_from_slice(&png);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        body
    };
    let mut ids = Vec::new();
    for boundary in ["x", "y"] {
        let kind = format!("multipart/form-data; boundary={boundary}");
        let answer = place.ask(&ada, "POST", path, &[("idempotency-key", "k2"), ("content-type", &kind)], form(boundary)).await;
        ids.push(answer.json()["id"].clone());
    }
    assert_eq!(ids[0], ids[1]);
    // what was refused leaves the key free; what is no key is said
    assert_eq!(send(&ada, path, "k3", "a.png", b"no picture").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(send(&ada, path, "k3", "a.png", &png).await.status, StatusCode::CREATED);
    for bad in ["a b", &"x".repeat(65)] {
        assert_eq!(send(&ada, path, bad, "a.png", &png).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
    // a day later it is a new request
    let mut conn = place.scratch.connection("postgres").await;
    let age = "update opensit.idempotency set created_at = created_at - interval '25 hours'";
    sqlx::raw_sql(age).execute(&mut conn).await.unwrap();
    let later = send(&ada, path, "k1", "a.png", &png).await;
    assert!(later.status == StatusCode::CREATED && later.json()["id"] != one.json()["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_led_back_to_and_told_what_is_wrong() {
    let place = Place::new().await;
    let ada = officer();
    let browser =
        [("accept", "text/html,application/xhtml+xml"), ("accept-language", "it"), ("content-type", "multipart/form-data; boundary=x")];
    let form = |content: &[u8]| {
        let mut body = b"--x\r\nContent-Disposition: form-data; name=\"_key\"\r\n\r\nkey-of-the-form\r\n".to_vec();
        body.extend_from_slice(b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"Pianta.pdf\"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--x--\r\n");
        body
    };
    let send = async |body: Vec<u8>| place.ask(&ada, "POST", "/attachments/trees/open", &browser, body).await;
    for _ in 0..2 {
        let added = send(form(&pdf(2_000))).await;
        assert_eq!(
            (added.status, &added.headers["location"]),
            (StatusCode::SEE_OTHER, &"../../environment/trees/open#files".parse().unwrap())
        );
    }
    let listed = place.get("/attachments/trees/open", &[]).await.json();
    assert_eq!(listed["attachments"].as_array().unwrap().len(), 1, "sent twice, added once: {listed}");
    for (content, status, says) in [
        (pdf(MAX_BYTES), StatusCode::PAYLOAD_TOO_LARGE, "il file supera 20 MiB"),
        (b"MZ\x90 a program".to_vec(), StatusCode::BAD_REQUEST, "Conta il contenuto, non il nome"),
        (Vec::new(), StatusCode::BAD_REQUEST, "non c'è nessun file"),
    ] {
        let refused = send(form(&content)).await;
        let page = String::from_utf8_lossy(&refused.body).into_owned();
        assert_eq!((refused.status, page.contains(says), page.contains("<h1>")), (status, true, true), "{page}");
    }
}
