use axum::body::Body;
use kernel::Principal;
use serde_json::json;

use crate::scene::{HERE, Scene, marco};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

#[tokio::test]
async fn another_program_reports_and_follows_in_json_and_xml() {
    let scene = Scene::new().await;
    let nobody = Principal::anonymous();
    let services = scene.get(&nobody, "/open311/v2/services.json").await.json();
    assert_eq!(
        (services.as_array().unwrap().len(), &services[0]["service_code"], &services[0]["type"]),
        (10, &json!("road"), &json!("realtime"))
    );
    let xml = scene.get(&nobody, "/open311/v2/services.xml").await;
    assert!(
        xml.header("content-type").starts_with("application/xml")
            && xml.body.contains("<services><service><service_code>road</service_code>")
    );
    assert_eq!(scene.get(&nobody, "/open311/v2/services/road.json").await.json(), json!({ "service_code": "road", "attributes": [] }));
    assert_eq!(scene.get(&nobody, "/open311/v2/services/castle.json").await.status, 404);

    let body = format!(
        "jurisdiction_id=x&api_key=y&service_code=road&lat={}&long={}&description=Una+buca+%3Cb%3E&email=ugo%40posta.example&first_name=Ugo&media_url=http%3A%2F%2F169.254.169.254%2F",
        HERE[1], HERE[0]
    );
    let made = scene.ask(&nobody, "POST", "/open311/v2/requests.json", &FORM, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let made = made.json()[0].clone();
    let (id, token) = (made["service_request_id"].as_str().unwrap(), made["token"].as_str().unwrap());
    assert_eq!(scene.get(&nobody, &format!("/open311/v2/tokens/{token}.json")).await.json()[0]["service_request_id"], id);
    assert_eq!(scene.get(&nobody, &format!("/open311/v2/requests/{id}.json")).await.status, 404, "not approved yet");
    scene.done(id, "approve", &json!({})).await;
    let seen = scene.get(&nobody, &format!("/open311/v2/requests/{id}.json")).await.json()[0].clone();
    assert_eq!((&seen["status"], &seen["service_code"], &seen["description"]), (&json!("open"), &json!("road"), &json!("Una buca <b>")));
    let xml = scene.get(&nobody, "/open311/v2/requests.xml?status=open").await.body;
    assert!(xml.contains("<service_requests><request>") && xml.contains("Una buca &lt;b&gt;") && !xml.contains("posta.example"), "{xml}");
    scene.done(id, "close", &json!({ "reason": "done" })).await;
    assert_eq!(scene.get(&nobody, "/open311/v2/requests.json?status=open").await.json(), json!([]));
    assert_eq!(
        scene.get(&nobody, &format!("/open311/v2/requests.json?service_request_id={id},x")).await.json()[0]["status_notes"],
        "Risolta"
    );
    // the contact that came with it is read by the office, for a purpose
    let with = scene.get(&marco().with_purposes(["avvisare".to_owned()]), &format!("/reports/{id}")).await.json();
    assert_eq!(with["contacts"][0]["email"], "ugo@posta.example");
    let names: i64 = sqlx::query_scalar("select count(*) from reports.reports r where r::text like '%Ugo%'")
        .fetch_one(&mut scene.owner().await)
        .await
        .unwrap();
    assert_eq!(names, 0);
}

#[tokio::test]
async fn what_is_wrong_is_told_as_the_standard_has_it() {
    let scene = Scene::new().await;
    let nobody = Principal::anonymous();
    let wrong = scene.ask(&nobody, "POST", "/open311/v2/requests.json", &FORM, "service_code=castle&lat=99&long=15&email=x").await;
    assert_eq!(wrong.status, 400);
    let errors = wrong.json();
    assert!(errors.as_array().unwrap().len() >= 2 && errors[0]["code"] == 400 && errors[0]["description"].is_string(), "{errors}");
    for path in
        ["/open311/v2/requests.json?status=lost", "/open311/v2/requests.json?start_date=2020-01-01T00:00:00Z&end_date=2026-01-01T00:00:00Z"]
    {
        assert_eq!(scene.get(&nobody, path).await.status, 400, "{path}");
    }
    let lost = scene.get(&nobody, "/open311/v2/requests/R-2026-99999.xml").await;
    assert!(lost.status == 404 && lost.body.contains("<errors><error><code>404</code>"), "{}", lost.body);
    assert_eq!(scene.get(&nobody, "/open311/v2/requests").await.status, 404);
    let many: Vec<u16> = {
        let mut all = Vec::new();
        for _ in 0..10 {
            let body = format!("service_code=road&lat={}&long={}", HERE[1], HERE[0]);
            all.push(
                scene.ask_from("198.51.100.9", &nobody, "POST", "/open311/v2/requests.json", &FORM, Body::from(body)).await.status.as_u16(),
            );
        }
        all
    };
    assert_eq!((many.iter().filter(|s| **s == 201).count(), many[9]), (6, 429));
}
