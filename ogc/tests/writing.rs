//! Features made, replaced, changed, deleted and brought back, through the router, on a real database.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod scene;

use kernel::{Assurance, Comuni, Principal, Role};
use scene::{Scene, key, officer, square, work};
use serde_json::{Value, json};
use sqlx::Connection;
use uuid::Uuid;

const ITEMS: &str = "/collections/works/items";

#[tokio::test(flavor = "multi_thread")]
async fn a_feature_is_made_changed_and_deleted() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    let made = scene
        .ask(
            &ada,
            "POST",
            ITEMS,
            &[("content-type", "application/geo+json"), ("change-reason", "perch%C3%A9%20s%C3%AC")],
            work("Scavo <b>").to_string(),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.header("change-position").contains('/'));
    let path = made.header("location").replace("https://sit.example.it", "");
    let read = scene.get(&ada, &path).await;
    assert_eq!(read.json(), made.json(), "the answer is the feature as it is read");
    assert_eq!(read.header("etag"), made.header("etag"));
    assert_eq!(
        made.json()["properties"],
        json!({"title": "Scavo <b>", "kind": "road", "cost": 1000, "begins": null, "ends": null, "depth": null, "public": true, "office": "works", "comune": "080901"})
    );

    // what is meant must be said, and what is old is told as it is now
    let mut feature = made.json();
    feature["properties"]["title"] = "Scavo 2".into();
    assert_eq!(scene.send(&ada, "PUT", &path, None, &feature).await.status, 428);
    let first = made.header("etag");
    let put = scene.send(&ada, "PUT", &path, Some(&first), &feature).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let stale = scene.send(&ada, "PUT", &path, Some(&first), &feature).await;
    assert_eq!(stale.status, 412);
    assert_eq!(stale.json()["current"]["properties"]["title"], "Scavo 2");
    assert_eq!(stale.json()["etag"], put.header("etag"));
    // the place came back as it was shown, and so was not moved
    let moved: bool = sqlx::query_scalar("select bool_or(not st_equals(h.geom, w.geom)) from opensit.row_history h join published.works w using (fid) where operation = 'update'")
        .fetch_one(&mut scene.scratch.connection("opensit_owner").await)
        .await
        .unwrap();
    assert!(!moved);

    let patched = scene.send(&ada, "PATCH", &path, Some(&put.header("etag")), &json!({"properties": {"cost": null, "depth": 2}})).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    assert_eq!(patched.json()["properties"]["cost"], Value::Null);
    assert_eq!(patched.json()["properties"]["title"], "Scavo 2");
    let same = scene.send(&ada, "PATCH", &path, Some(&patched.header("etag")), &json!({"properties": {"depth": 2.0}})).await;
    assert_eq!((same.status.as_u16(), same.header("etag")), (200, patched.header("etag")), "nothing changed");
    // what a replacement leaves out has no value, or its default
    let whole = json!({"type": "Feature", "geometry": square(15.66, 38.11), "properties": {"title": "Scavo 3", "public": false}});
    let replaced = scene.send(&ada, "PUT", &path, Some("*"), &whole).await;
    assert_eq!(
        (&replaced.json()["properties"]["kind"], &replaced.json()["properties"]["public"]),
        (&Value::Null, &false.into()),
        "{}",
        replaced.body
    );

    let reason = [("if-match", "*"), ("change-reason", "finito")];
    let deleted = scene.ask(&ada, "DELETE", &path, &reason, "").await;
    assert_eq!((deleted.status.as_u16(), deleted.body.as_str()), (204, ""));
    assert_eq!(scene.get(&ada, &path).await.status, 404);
    assert_eq!(scene.ask(&ada, "DELETE", &path, &reason, "").await.status, 404);
    let told = scene.journal.told.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            "Ada create works ",
            "Ada replace works title",
            "Ada update works cost,depth",
            "Ada replace works depth,kind,public,title,geometry",
            "Ada delete works "
        ]
    );

    // who, when, why; and a way back
    let history = scene.get(&ada, &format!("{path}/history")).await.json();
    let versions = history["versions"].as_array().unwrap();
    let said: Vec<(&str, u64, Option<&str>)> =
        versions.iter().map(|v| (v["operation"].as_str().unwrap(), v["version"].as_u64().unwrap(), v["reason"].as_str())).collect();
    assert_eq!(
        said,
        [("delete", 5, Some("finito")), ("update", 4, None), ("update", 3, None), ("update", 2, None), ("create", 1, Some("perché sì"))]
    );
    assert!(versions.iter().all(|v| v["by"] == "Ada" && v["at"].is_string() && v["current"] == false));
    assert_eq!(versions[3]["changed"], json!(["title"]));
    assert_eq!(versions[3]["feature"]["properties"]["cost"], 1000);
    let back = format!("{path}/history/2/restore");
    assert_eq!(scene.ask(&ada, "POST", &back, &[("if-match", "*")], "").await.status, 428);
    let restored = scene.ask(&ada, "POST", &back, &[("if-none-match", "*")], "").await;
    assert_eq!(restored.status, 200, "{}", restored.body);
    assert_eq!(restored.json()["properties"]["title"], "Scavo 2");
    assert_eq!(scene.get(&ada, &path).await.json()["properties"]["cost"], 1000);
    assert_eq!(scene.ask(&ada, "POST", &back, &[("if-none-match", "*")], "").await.status, 412);
    let again = scene.ask(&ada, "POST", &format!("{path}/history/4/restore"), &[("if-match", &restored.header("etag"))], "").await;
    assert_eq!((again.status.as_u16(), &again.json()["properties"]["title"]), (200, &"Scavo 3".into()));
    let history = scene.get(&ada, &format!("{path}/history")).await.json();
    assert_eq!(history["versions"][0]["current"], true);
    assert_eq!(history["versions"].as_array().unwrap().len(), 7);
    assert_eq!(scene.ask(&ada, "POST", &format!("{path}/history/99/restore"), &[("if-match", "*")], "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_changes_what_is_theirs() {
    let scene = Scene::new().await;
    let (ada, bea) = (officer("Ada", &["080901"]), officer("Bea", &["080902"]));
    let (path, etag) = scene.create(&ada, &work("Open")).await;
    let mut hidden = work("Hidden");
    hidden["properties"]["public"] = false.into();
    let (secret, _) = scene.create(&ada, &hidden).await;
    let patch = json!({"properties": {"title": "mine"}});
    let citizen = Principal::known(Role::Citizen, Uuid::new_v4(), "Ivo", Assurance::Low).with_comuni(Comuni::All);
    let admin = Principal::known(Role::Administrator, Uuid::new_v4(), "Root", Assurance::Low).with_comuni(Comuni::All);
    for who in [&Principal::anonymous(), &citizen, &bea, &admin, &key(false)] {
        for (method, body) in [("PATCH", &patch), ("PUT", &work("mine")), ("DELETE", &Value::Null)] {
            let answer = scene.send(who, method, &path, Some("*"), body).await;
            assert_eq!(answer.status, 403, "{who:?} {method} {}", answer.body);
        }
        assert_eq!(scene.get(who, &format!("{path}/history")).await.status, 403);
        assert_eq!(scene.send(who, "POST", ITEMS, None, &work("mine")).await.status, if *who == bea { 422 } else { 403 }, "{who:?}");
        assert_eq!(scene.send(who, "POST", "/transactions", None, &json!({})).await.status, if who.is_staff() { 415 } else { 403 });
    }
    // a row that Bea does not see is as absent, in every way to ask
    let shown = |text: &str, id: &str| text.replace(&format!("`{id}`"), "…");
    let of = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    for (method, tail, headers) in [
        ("PATCH", "", ("if-match", "*")),
        ("PUT", "", ("if-match", "\"1.1.1\"")),
        ("DELETE", "", ("if-match", "*")),
        ("GET", "/history", ("accept", "*/*")),
        ("POST", "/history/1/restore", ("if-match", "*")),
    ] {
        let body = if method == "PUT" { work("x").to_string() } else { patch.to_string() };
        let headers = [headers, ("content-type", "application/geo+json")];
        let foreign = scene.ask(&bea, method, &format!("{secret}{tail}"), &headers, body.clone()).await;
        let absent = scene.ask(&bea, method, &format!("{ITEMS}/999999{tail}"), &headers, body).await;
        assert_eq!((foreign.status.as_u16(), shown(&foreign.body, &of(&secret))), (404, shown(&absent.body, "999999")), "{method} {tail}");
    }
    // a layer that is not for them is not there
    for (method, path) in
        [("POST", "/collections/cables/items"), ("PUT", "/collections/cables/items/1"), ("OPTIONS", "/collections/cables/items")]
    {
        assert_eq!(scene.send(&citizen, method, path, Some("*"), &work("x")).await.status, 404, "{method}");
    }
    // what nobody changes is read alone
    let read_only = scene.send(&ada, "PUT", "/collections/boundaries/items/080901", Some("*"), &work("x")).await;
    assert_eq!((read_only.status.as_u16(), read_only.header("allow")), (405, "GET, HEAD, OPTIONS".to_owned()));
    // nothing of this changed anything
    assert_eq!(scene.get(&ada, &path).await.header("etag"), etag);
    // moving a row to where it is not theirs any more is not theirs to do; both comuni, and it is
    let away = json!({"geometry": square(15.75, 38.11)});
    let refused = scene.send(&ada, "PATCH", &path, Some("*"), &away).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().contains("080902"));
    let both = officer("Ugo", &["080901", "080902"]);
    let moved = scene.send(&both, "PATCH", &path, Some("*"), &away).await;
    assert_eq!((moved.status.as_u16(), &moved.json()["properties"]["comune"]), (200, &"080902".into()), "{}", moved.body);
    // Ada sees the feature, since it is public, but neither the cost nor its past
    assert_eq!(scene.get(&ada, &path).await.json()["properties"]["cost"], Value::Null);
    assert_eq!(scene.send(&ada, "PATCH", &path, Some("*"), &patch).await.status, 403);
    // Bea has it now, without what it was before it was hers
    let history = scene.get(&bea, &format!("{path}/history")).await.json();
    assert_eq!(history["versions"].as_array().unwrap().len(), 1, "{history}");
    assert_eq!(scene.ask(&bea, "POST", &format!("{path}/history/1/restore"), &[("if-match", "*")], "").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_wall_stands_alone() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    scene.create(&ada, &work("Open")).await;
    let mut app = scene.scratch.connection("opensit_app").await;
    let as_bea = "set local opensit.role = 'officer'; set local opensit.comuni = '080902'; set local opensit.subject = ''";
    for (settings, rows) in
        [(as_bea, 0), ("set local opensit.role = 'citizen'", 0), ("select 1", 0), (&as_bea.replace("080902", "080901"), 1)]
    {
        let mut transaction = app.begin().await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(&mut *transaction).await.unwrap();
        for sql in ["update published.works set title = 'mine'", "delete from published.works"] {
            let done = sqlx::raw_sql(sql).execute(&mut *transaction).await.unwrap();
            assert_eq!(done.rows_affected(), rows, "{settings}: {sql}");
        }
        let past: i64 = sqlx::query_scalar("select count(*) from opensit.row_history").fetch_one(&mut *transaction).await.unwrap();
        assert_eq!(past > 0, rows > 0, "{settings}");
        transaction.rollback().await.unwrap();
    }
    let mut transaction = app.begin().await.unwrap();
    sqlx::raw_sql(as_bea).execute(&mut *transaction).await.unwrap();
    let insert =
        "insert into published.works (title, comune, geom) select 'x', '080901', st_makeenvelope(550000, 4210000, 550001, 4210001, 7792)";
    let refused = sqlx::raw_sql(insert).execute(&mut *transaction).await.unwrap_err();
    assert!(refused.to_string().contains("row-level security"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_valid_is_told_whole_and_changes_nothing() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    let (path, etag) = scene.create(&ada, &work("Open")).await;
    let with = |name: &str, value: Value| {
        let mut feature = work("x");
        feature["properties"][name] = value;
        feature
    };
    let shaped = |geometry: Value| json!({"type": "Feature", "geometry": geometry, "properties": {"title": "x"}});
    let area = |ring: Value| shaped(json!({"type": "Polygon", "coordinates": [ring]}));
    let bad = [
        ("field title", with("title", Value::Null)),
        ("field title", with("title", 7.into())),
        ("field title", with("title", "a\u{0}b".into())),
        ("field title", with("title", "x".repeat(1_000_000).into())),
        ("field kind", with("kind", "palace".into())),
        ("field cost", with("cost", 1.5.into())),
        ("field cost", with("cost", 3_000_000_000_i64.into())),
        ("field cost", with("cost", (-1).into())),
        ("field begins", with("begins", "2026-02-30".into())),
        ("field depth", with("depth", "deep".into())),
        ("field depth", with("depth", json!({"a": [1]}))),
        ("field comune", with("comune", "080902".into())),
        ("field comune", with("comune", "x' or true".into())),
        ("field nothing", with("nothing", 1.into())),
        ("field fid", with("fid", 1.into())),
        ("field office", with("office", "mine".into())),
        ("field begins", {
            let mut feature = with("begins", "2026-02-03".into());
            feature["properties"]["ends"] = "2026-02-01".into();
            feature
        }),
        ("geometry", shaped(Value::Null)),
        ("geometry", json!({"type": "Feature", "properties": {"title": "x"}})),
        ("geometry", shaped(json!({"type": "Point", "coordinates": [15.65, 38.11]}))),
        ("geometry", shaped(json!({"type": "Polygon", "coordinates": []}))),
        (
            "geometry",
            shaped(
                json!({"type": "MultiPolygon", "coordinates": [square(15.65, 38.11)["coordinates"], square(15.66, 38.11)["coordinates"]]}),
            ),
        ),
        ("geometry", area(json!([[15.65, 38.11], [15.66, 38.11], [15.66, 38.12], [15.65, 38.12]]))),
        ("geometry 15.655,38.115", area(json!([[15.65, 38.11], [15.66, 38.12], [15.66, 38.11], [15.65, 38.12], [15.65, 38.11]]))),
        ("geometry", area(json!([[15.65, 38.11], [15.66, 38.11], [15.65, 38.11], [15.65, 38.11]]))),
        ("geometry", area(json!([[1e308, 38.11], [15.66, 38.11], [15.65, 38.12], [1e308, 38.11]]))),
        ("geometry", area(json!([[179.9, 38.11], [-179.9, 38.11], [-179.9, 38.12], [179.9, 38.11]]))),
        ("geometry", area(json!([[38.11, 15.65], [38.11, 15.66], [38.12, 15.66], [38.11, 15.65]]))),
        ("geometry", area(json!([[556_983, 4_218_219], [557_983, 4_218_219], [557_983, 4_219_219], [556_983, 4_218_219]]))),
        ("geometry", shaped(square(15.75, 38.11))),
    ];
    for (expected, feature) in &bad {
        for (method, path) in [("POST", ITEMS), ("PUT", path.as_str())] {
            let answer = scene.send(&ada, method, path, Some("*"), feature).await;
            let shown: String = feature.to_string().chars().take(150).collect();
            assert_eq!(answer.status, 422, "{method} {shown}: {}", answer.body);
            let (problem, mut words) = (answer.json(), expected.split(' '));
            assert_eq!(problem["type"], "https://opensit.it/problems/invalid-feature", "{shown}");
            let fault = &problem["errors"][0];
            assert!(fault["detail"].is_string(), "{problem}");
            match (words.next(), words.next()) {
                (Some("field"), Some(name)) => assert_eq!(fault["field"], name, "{shown}"),
                (_, at) => {
                    assert_eq!(fault["geometry"], true, "{shown}: {problem}");
                    if let Some((lon, lat)) = at.and_then(|at| at.split_once(',')) {
                        let near = |i: usize, text: &str| (fault["at"][i].as_f64().unwrap() - text.parse::<f64>().unwrap()).abs() < 1e-3;
                        assert!(near(0, lon) && near(1, lat), "{problem}");
                    }
                }
            }
        }
    }
    // all that is wrong, at once
    let several = json!({"type": "Feature", "geometry": null, "properties": {"kind": "x", "cost": "y"}});
    assert_eq!(scene.send(&ada, "POST", ITEMS, None, &several).await.json()["errors"].as_array().unwrap().len(), 4);
    // what is no feature at all
    let geo = ("content-type", "application/geo+json");
    let deep = format!("{{\"type\":\"Feature\",\"geometry\":{}", "{\"type\":\"GeometryCollection\",\"geometries\":[".repeat(100_000));
    let long =
        format!("{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Polygon\",\"coordinates\":[[{}", "[15.65,38.11],".repeat(10_000_000));
    let shifted = work("x").to_string().replace("38.11", "NaN");
    for (status, headers, body) in [
        (400, vec![geo], String::new()),
        (400, vec![geo], "null".to_owned()),
        (400, vec![geo], json!({"type": "FeatureCollection", "features": [work("x")]}).to_string()),
        (400, vec![geo], shifted),
        (400, vec![geo], deep),
        (413, vec![geo], long),
        (415, vec![], work("x").to_string()),
        (415, vec![("content-type", "text/plain")], work("x").to_string()),
        (400, vec![geo, ("content-crs", "<http://www.opengis.net/def/crs/EPSG/0/2154>")], work("x").to_string()),
        (400, vec![geo, ("idempotency-key", "")], work("x").to_string()),
        (400, vec![geo, ("change-reason", "%ff")], work("x").to_string()),
    ] {
        let answer = scene.ask(&ada, "POST", ITEMS, &headers, body).await;
        assert_eq!(answer.status, status, "{headers:?} {}", answer.body);
    }
    assert_eq!(scene.get(&ada, ITEMS).await.json()["numberMatched"], 1);
    assert_eq!(scene.get(&ada, &path).await.header("etag"), etag);
    // text is text, however it is written
    let odd = "\u{202e}gnp.exe <script>alert(1)</script> '; drop table published.works; --";
    let (kept, _) = scene.create(&ada, &with("title", odd.into())).await;
    assert_eq!(scene.get(&ada, &kept).await.json()["properties"]["title"], odd);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_save_at_once_one_is_told_and_a_repeated_request_is_one() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    let (path, etag) = scene.create(&ada, &work("Open")).await;
    let (a, b) = (json!({"properties": {"title": "a"}}), json!({"properties": {"title": "b"}}));
    let (one, two) = tokio::join!(scene.send(&ada, "PATCH", &path, Some(&etag), &a), scene.send(&ada, "PATCH", &path, Some(&etag), &b));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);

    let headers = [("content-type", "application/geo+json"), ("idempotency-key", "k-1")];
    let post = || scene.ask(&ada, "POST", ITEMS, &headers, work("once").to_string());
    let (first, second, third) = tokio::join!(post(), post(), post());
    let answers: Vec<_> =
        [&first, &second, &third].iter().map(|a| (a.status.as_u16(), a.header("location"), a.header("etag"), a.body.clone())).collect();
    assert_eq!(answers[0].0, 201);
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    assert_eq!(scene.get(&ada, &format!("{ITEMS}?title=once")).await.json()["numberMatched"], 1);
    assert_eq!(scene.ask(&ada, "POST", ITEMS, &headers, work("twice").to_string()).await.status, 422);
    // another's key is another key
    let eva = officer("Eva", &["080901"]);
    let theirs = scene.ask(&eva, "POST", ITEMS, &headers, work("once").to_string()).await;
    assert_ne!(theirs.header("location"), first.header("location"));
    // what is refused keeps no answer: the same key does once it is right
    let headers = [("content-type", "application/geo+json"), ("idempotency-key", "k-2")];
    assert_eq!(scene.ask(&ada, "POST", ITEMS, &headers, json!({"type": "Feature"}).to_string()).await.status, 422);
    assert_eq!(scene.ask(&ada, "POST", ITEMS, &headers, work("right").to_string()).await.status, 201);

    // what the journal does not take did not happen
    *scene.journal.refuses.lock().unwrap() = true;
    assert_eq!(scene.send(&ada, "POST", ITEMS, None, &work("unheard")).await.status, 503);
    *scene.journal.refuses.lock().unwrap() = false;
    assert_eq!(scene.get(&ada, &format!("{ITEMS}?title=unheard")).await.json()["numberMatched"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_are_all_or_none() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    let ((first, tag), (second, _)) = (scene.create(&ada, &work("1")).await, scene.create(&ada, &work("2")).await);
    let id = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let cable = json!({"type": "Feature", "geometry": {"type": "LineString", "coordinates": [[15.65, 38.11], [15.66, 38.11]]}, "properties": {"name": "c"}});
    let changes = |etag: &str| {
        json!({"reason": "riordino", "changes": [
            {"op": "create", "collection": "cables", "feature": cable},
            {"op": "update", "collection": "works", "id": id(&first), "if_match": etag, "feature": {"properties": {"title": "1b"}}},
            {"op": "delete", "collection": "works", "id": id(&second), "if_match": "*"}
        ]})
    };
    let send = |document: Value| {
        let (scene, ada) = (&scene, &ada);
        async move { scene.ask(ada, "POST", "/transactions", &[("content-type", "application/json")], document.to_string()).await }
    };
    let refused = send(changes("\"stale\"")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["change"]), (412, &1.into()), "{}", refused.body);
    assert_eq!(scene.get(&ada, "/collections/cables/items").await.json()["numberMatched"], 0);
    let done = send(changes(&tag)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let document = done.json();
    assert_eq!(document["position"], done.header("change-position"));
    assert_eq!(document["results"][1]["op"], "update");
    assert_eq!(document["results"][1]["etag"], scene.get(&ada, &first).await.header("etag"));
    assert_eq!(scene.get(&ada, &second).await.status, 404);
    let made = scene.get(&ada, &format!("/collections/cables/items/{}", document["results"][0]["id"].as_str().unwrap())).await.json();
    assert_eq!(made["geometry"]["type"], "MultiLineString", "a line is a multi-line of one");
    assert_eq!(scene.get(&ada, &format!("{first}/history")).await.json()["versions"][0]["reason"], "riordino");
    for bad in [
        json!({}),
        json!({"changes": []}),
        json!({"changes": [{"op": "drop", "collection": "works"}]}),
        json!({"changes": [{"op": "update", "collection": "works", "feature": {}}]}),
    ] {
        assert_eq!(send(bad.clone()).await.status, 400, "{bad}");
    }
    assert_eq!(send(json!({"changes": vec![json!({"op": "delete", "collection": "works", "id": "1"}); 1_001]})).await.status, 400);
}

/// What QGIS from 3.32 sends, replayed (Debian's is older): it asks what it may do, makes a feature, moves it, changes its attributes
/// and deletes it, with a key, in the layer's own system, and knows no tags.
#[tokio::test(flavor = "multi_thread")]
async fn the_requests_of_qgis_replayed() {
    let scene = Scene::new().await;
    let qgis = key(true);
    let allowed = async |who: &Principal, path: &str| scene.ask(who, "OPTIONS", path, &[], "").await.header("allow");
    assert_eq!(allowed(&qgis, ITEMS).await, "GET, HEAD, OPTIONS, POST");
    assert_eq!(allowed(&Principal::anonymous(), ITEMS).await, "GET, HEAD, OPTIONS");
    assert_eq!(allowed(&key(false), &format!("{ITEMS}/1")).await, "GET, HEAD, OPTIONS");

    let crs = ("content-crs", "<http://www.opengis.net/def/crs/EPSG/0/7792>");
    let ring = json!([[[556_983.2, 4_218_219.4], [557_083.2, 4_218_219.4], [557_083.2, 4_218_319.4], [556_983.2, 4_218_219.4]]]);
    let feature = json!({"geometry": {"coordinates": ring, "type": "Polygon"}, "properties": {"begins": null, "cost": null, "depth": null, "ends": null, "kind": "road", "public": null, "title": "QGIS"}, "type": "Feature"});
    // a field that must have a value can't be sent as null: the answer says which
    let refused = scene.ask(&qgis, "POST", ITEMS, &[("content-type", "application/geo+json"), crs], feature.to_string()).await;
    assert_eq!(refused.json()["errors"][0]["field"], "public");
    let feature: Value = serde_json::from_str(&feature.to_string().replace("\"public\":null", "\"public\":true")).unwrap();
    let made = scene.ask(&qgis, "POST", ITEMS, &[("content-type", "application/geo+json"), crs], feature.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = made.header("location").replace("https://sit.example.it", "");
    assert_eq!(allowed(&qgis, &path).await, "GET, HEAD, OPTIONS, PUT, PATCH, DELETE");

    let mut moved = feature.clone();
    moved["geometry"]["coordinates"][0][1][0] = 557_183.2.into();
    moved["id"] = path.rsplit('/').next().unwrap().into();
    moved["properties"]["id"] = moved["id"].clone();
    let put = scene.ask(&qgis, "PUT", &path, &[("content-type", "application/geo+json"), crs], moved.to_string()).await;
    assert_eq!(put.status, 200, "{}", put.body);
    let seen = scene.get(&qgis, &format!("{path}?crs=http://www.opengis.net/def/crs/EPSG/0/7792")).await.json();
    assert!(seen["geometry"]["coordinates"][0].to_string().contains("557183.2"), "{seen}");
    let patch = [("content-type", "application/merge-patch+json")];
    let attributes = scene.ask(&qgis, "PATCH", &path, &patch, json!({"properties": {"title": "QGIS 2"}}).to_string()).await;
    assert_eq!((attributes.status.as_u16(), &attributes.json()["properties"]["title"]), (200, &"QGIS 2".into()));
    let shape = scene.ask(&qgis, "PATCH", &path, &[patch[0], crs], json!({"geometry": feature["geometry"]}).to_string()).await;
    assert_eq!(shape.status, 200, "{}", shape.body);
    assert_eq!(scene.ask(&qgis, "DELETE", &path, &[], "").await.status, 204);
}

/// Versions and operations of its history, oldest first.
async fn kept(scene: &Scene, id: &str) -> Vec<(i64, String)> {
    sqlx::query_as("select version, operation from opensit.row_history where relation = 'published.works' and attributes ->> 'id' = $1 order by version")
        .bind(id)
        .fetch_all(&mut scene.scratch.connection("opensit_owner").await)
        .await
        .unwrap()
}

/// Changes it over the API and in the database; returns the version that it has then.
async fn changed_in_every_way(scene: &Scene, path: &str, id: &str) -> i64 {
    let ada = officer("Ada", &["080901"]);
    let tag = scene.get(&ada, path).await.header("etag");
    let patched = scene.send(&ada, "PATCH", path, Some(&tag), &json!({"properties": {"title": Uuid::new_v4().to_string()}})).await;
    assert_eq!(patched.status, 200, "{}", patched.body);
    let owner = &mut scene.scratch.connection("opensit_owner").await;
    let update = "update published.works set depth = coalesce(depth, 0) + 1 where id = $1 returning version";
    let versions: Vec<i64> = sqlx::query_scalar(update).bind(id).fetch_all(owner).await.unwrap();
    versions[0]
}

/// A dump that is loaded again, a row that somebody moves aside: its history stays whole and it can be changed as before.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_put_back_goes_on_from_its_history() {
    let scene = Scene::new().await;
    let ada = officer("Ada", &["080901"]);
    let (path, first) = scene.create(&ada, &work("Put back")).await;
    let id = path.rsplit('/').next().unwrap();
    let mut owner = scene.scratch.connection("opensit_owner").await;
    let dump = "drop table if exists pg_temp.dump; create temp table dump as select * from published.works;";
    let load = "insert into published.works select * from pg_temp.dump;";
    sqlx::raw_sql(dump).execute(&mut owner).await.unwrap();
    let mut highest = changed_in_every_way(&scene, &path, id).await;
    for (number, (dumped, emptied)) in [
        // with the version it has, and with that of the first dump, which has been
        (dump, format!("delete from published.works where id = '{id}'")),
        ("", format!("delete from published.works where id = '{id}'")),
        (dump, "truncate published.works".to_owned()),
        ("", "truncate published.works".to_owned()),
    ]
    .into_iter()
    .enumerate()
    {
        let before = kept(&scene, id).await.len();
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("{dumped} begin; {emptied}; {load} commit"))).execute(&mut owner).await.unwrap();
        let version = changed_in_every_way(&scene, &path, id).await;
        assert!(version > highest + 2, "{number}: {version} after {highest}");
        highest = version;
        let after = kept(&scene, id).await;
        let said: Vec<&str> = after[before..].iter().map(|(_, operation)| operation.as_str()).collect();
        assert_eq!(said, ["delete", "update", "update"], "{number}: {after:?}");
        assert!(after.iter().all(|(version, _)| *version < highest), "{number}: {after:?} of {highest}");
        assert_eq!(scene.send(&ada, "PATCH", &path, Some(&first), &json!({"properties": {"cost": 1}})).await.status, 412, "{number}");
    }
    // what somebody who says who they are puts back is told to be made by them
    let as_somebody = format!(
        "begin; select set_config('opensit.role', 'officer', true), set_config('opensit.actor', 'Eva', true); delete from published.works; {load} commit"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(as_somebody)).execute(&mut owner).await.unwrap();
    changed_in_every_way(&scene, &path, id).await;
    assert_eq!(scene.ask(&ada, "DELETE", &path, &[("if-match", "*")], "").await.status, 204);
    let versions = scene.get(&ada, &format!("{path}/history")).await.json()["versions"].as_array().unwrap().clone();
    let numbers: Vec<i64> = versions.iter().map(|version| version["version"].as_i64().unwrap()).collect();
    assert!(numbers.windows(2).all(|two| two[0] > two[1]), "{numbers:?}");
    assert!(versions.iter().any(|version| version["by"] == "Eva" && version["operation"] == "create"), "{versions:?}");
    // past the triggers, with a version that has been: it can be changed all the same, and nothing of its past is lost
    let before = kept(&scene, id).await.len();
    let past = format!("alter table published.works disable trigger user; {load} alter table published.works enable trigger user");
    sqlx::raw_sql(sqlx::AssertSqlSafe(past)).execute(&mut owner).await.unwrap();
    changed_in_every_way(&scene, &path, id).await;
    assert_eq!(scene.ask(&ada, "DELETE", &path, &[("if-match", "*")], "").await.status, 204);
    assert_eq!(kept(&scene, id).await.len(), before + 3);
}
