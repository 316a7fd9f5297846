//! `/jobs` through the router, on a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on fails")]

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use jobs::{JobId, NewJob, Output, Pages, Settings, Worker};
use kernel::{Assurance, Database, Principal, PublicUrl, Role, Text};
use serde_json::{Value, json};
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

struct Answer {
    status: StatusCode,
    headers: http::HeaderMap,
    body: String,
}

async fn ask(router: &Router, who: &Principal, method: &str, path: &str, accept: &str) -> Answer {
    let request = Request::builder().method(method).uri(path).header("accept", accept).extension(who.clone()).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
}

async fn put(database: &Database, who: &Principal) -> JobId {
    let mut transaction = database.write(who).await.unwrap();
    let id = jobs::put(&mut transaction, who, &NewJob::new("export", &json!({"layer": "parcels"}))).await.unwrap();
    transaction.commit().await.unwrap();
    id
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test(flavor = "multi_thread")]
async fn jobs_over_http() {
    let scratch = Scratch::new().await;
    let database = scratch.database().await;
    let router = jobs::routes(Pages {
        database: database.clone(),
        public_url: PublicUrl::parse("https://sit.example.it").unwrap(),
        title: Text::new("Città", "Town"),
    });
    let ada = Principal::known(Role::Officer, Uuid::new_v4(), "Ada <script>alert(1)</script>", Assurance::Low);
    let ivo = Principal::known(Role::Officer, Uuid::new_v4(), "Ivo", Assurance::Low);
    let (first, second) = (put(&database, &ada).await, put(&database, &ada).await);

    let list = ask(&router, &ada, "GET", "/jobs?limit=1", "*/*").await;
    let document: Value = serde_json::from_str(&list.body).unwrap();
    assert_eq!(document["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(document["jobs"][0]["id"], second.to_string());
    let next = document["next"].as_str().unwrap().replace("https://sit.example.it", "");
    let document: Value = serde_json::from_str(&ask(&router, &ada, "GET", &next, "*/*").await.body).unwrap();
    assert_eq!(document["jobs"][0]["id"], first.to_string());
    assert_eq!(list.headers["cache-control"], "private, no-store");
    let theirs: Value = serde_json::from_str(&ask(&router, &ivo, "GET", "/jobs", "*/*").await.body).unwrap();
    assert_eq!(theirs["jobs"], json!([]));

    // the page says the same, and a script in a name stays a text
    let page = ask(&router, &ada, "GET", &format!("/jobs/{first}"), BROWSER).await;
    assert!(page.body.contains("in attesa") && page.body.contains("Annulla il lavoro"), "{}", page.body);
    assert!(!page.body.contains("<script") && page.body.contains("&lt;script&gt;"));
    assert!(ask(&router, &ada, "GET", "/jobs?f=html&lang=en", "*/*").await.body.contains("waiting"));

    // somebody else's, one that never was, and what is no name at all answer alike
    let mut answers = Vec::new();
    for path in [format!("/jobs/{first}"), format!("/jobs/{}", Uuid::new_v4()), "/jobs/x'--".to_owned()] {
        for (method, tail) in [("GET", ""), ("DELETE", ""), ("GET", "/result"), ("POST", "/cancel")] {
            let answer = ask(&router, &ivo, method, &format!("{path}{tail}"), "*/*").await;
            answers.push((answer.status, answer.body));
        }
    }
    assert!(answers.iter().all(|a| a.0 == StatusCode::NOT_FOUND && a.1 == answers[0].1), "{answers:?}");
    assert_eq!(ask(&router, &ada, "GET", &format!("/jobs/{first}?x=1"), "*/*").await.status, StatusCode::BAD_REQUEST);

    assert_eq!(ask(&router, &ada, "DELETE", &format!("/jobs/{first}"), "*/*").await.status, StatusCode::ACCEPTED);
    assert_eq!(ask(&router, &ada, "DELETE", &format!("/jobs/{first}"), "*/*").await.status, StatusCode::NO_CONTENT);
    let cancelled: Value = serde_json::from_str(&ask(&router, &ada, "GET", &format!("/jobs/{first}"), "*/*").await.body).unwrap();
    assert_eq!(cancelled["state"], "cancelled");

    let worker = Worker::new(database.clone(), Settings::default()).on("export", |_, _| async {
        Ok(Output { media_type: "text/csv".to_owned(), name: Some("a\"b\r\nX: y.csv".to_owned()), content: b"id\n1\n".to_vec() })
    });
    let (finished, wait) = (database.clone(), ada.clone());
    worker
        .run(async move {
            while jobs::find(&mut finished.session(&wait).await.unwrap(), &wait, second).await.unwrap().is_some_and(|j| !j.state.is_final())
            {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        })
        .await;
    let result = ask(&router, &ada, "GET", &format!("/jobs/{second}/result"), "*/*").await;
    assert_eq!((result.status, result.body.as_str()), (StatusCode::OK, "id\n1\n"));
    assert_eq!(result.headers["content-disposition"], "attachment; filename=\"a_b__X__y.csv\"");
    assert_eq!(result.headers["x-content-type-options"], "nosniff");
    assert_eq!(ask(&router, &ivo, "GET", &format!("/jobs/{second}/result"), "*/*").await.status, StatusCode::NOT_FOUND);
}
