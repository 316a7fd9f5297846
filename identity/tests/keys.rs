//! Keys on a real database.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that can not go on fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::BodyExt;
use identity::keys::rates::{Rates, Settings};
use identity::keys::token::Signer;
use identity::keys::{self, KeyText, Keys, NewKey, Pages};
use kernel::{Assurance, Clock, Comuni, Database, KeyScope, LayerId, Principal, Role};
use serde_json::{Value, json};
use std::sync::Mutex;
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

/// A clock that is set by hand.
struct Watch(Mutex<DateTime<Utc>>);

impl Clock for Watch {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Place {
    scratch: Scratch,
    database: Database,
    watch: Arc<Watch>,
    keys: Keys,
}

impl Place {
    async fn new() -> Self {
        let scratch = Scratch::new().await;
        let database = scratch.database().await;
        let watch = Arc::new(Watch(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap())));
        let keys = Self::process(&database, &watch);
        Self { scratch, database, watch, keys }
    }

    /// As another process of the same installation has it.
    fn process(database: &Database, watch: &Arc<Watch>) -> Keys {
        Keys::new(database.clone(), watch.clone(), Rates::new(Settings::default()))
    }

    async fn make(&self, by: &Principal, new: &NewKey) -> KeyText {
        let mut transaction = self.database.write(by).await.unwrap();
        let key = keys::create(&mut transaction, by, new, self.watch.now()).await.unwrap();
        transaction.commit().await.unwrap();
        key
    }

    async fn account(&self, role: Role, comuni: &[&str]) -> Principal {
        let id = Uuid::new_v4();
        let mut owner = self.scratch.connection("opensit_owner").await;
        sqlx::query(
            "insert into identity.accounts (id, name, role, comuni, created_at, created_by) values ($1, 'Ada', $2, $3, now(), 'test')",
        )
        .bind(id)
        .bind(role.name())
        .bind(comuni)
        .execute(&mut owner)
        .await
        .unwrap();
        let comuni = if comuni == ["*"] { Comuni::All } else { only(comuni) };
        Principal::known(role, id, "Ada", Assurance::Substantial).with_comuni(comuni)
    }

    async fn status(&self, keys: &Keys, key: &KeyText) -> Result<Option<Principal>, StatusCode> {
        keys.principal(&header(&key.reveal())).await.map_err(|p| p.status())
    }
}

fn only(comuni: &[&str]) -> Comuni {
    Comuni::Only(comuni.iter().map(|c| (*c).to_owned()).collect())
}

fn header(text: &str) -> HeaderMap {
    [(http::HeaderName::from_static("x-api-key"), HeaderValue::from_str(text).unwrap())].into_iter().collect()
}

fn plain(name: &str) -> NewKey {
    NewKey { name: name.to_owned(), edit: false, layers: None, comuni: Comuni::All, lifetime: None, requests_per_minute: None }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_what_it_says_until_it_ends() {
    let place = Place::new().await;
    let layers: BTreeSet<LayerId> = [LayerId::new("parcels").unwrap()].into();
    let new = NewKey {
        edit: true,
        layers: Some(layers.clone()),
        comuni: only(&["080901"]),
        lifetime: Some(TimeDelta::days(90)),
        ..plain("QGIS")
    };
    let key = place.make(&Principal::operator(), &new).await;
    let who = place.status(&place.keys, &key).await.unwrap().unwrap();
    assert_eq!((who.role(), who.name(), who.comuni()), (Role::Machine, Some("QGIS"), only(&["080901"])));
    assert_eq!(who.key(), Some(&KeyScope { layers: Some(layers), edit: true }));
    assert!(!who.may_administer());

    // nothing of the secret is at rest
    let secret = key.reveal().rsplit('_').next().unwrap().to_owned();
    let mut superuser = place.scratch.connection("postgres").await;
    for table in ["keys", "audit"] {
        let text = format!("select coalesce(string_agg(t::text, ' '), '') from identity.{table} t");
        let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(text)).fetch_one(&mut superuser).await.unwrap();
        assert!(rows.contains(key.id()) && !rows.contains(&secret), "{rows}");
    }
    // the last use is written soon
    let mut used = None;
    for _ in 0..100 {
        used = sqlx::query_scalar::<_, Option<DateTime<Utc>>>("select last_used_at from identity.keys")
            .fetch_one(&mut superuser)
            .await
            .unwrap();
        if used.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(used, Some(place.watch.now()));

    *place.watch.0.lock().unwrap() += TimeDelta::days(90);
    assert_eq!(place.status(&place.keys, &key).await, Err(StatusCode::UNAUTHORIZED), "expired, remembered or not");
    assert_eq!(place.status(&Place::process(&place.database, &place.watch), &key).await, Err(StatusCode::UNAUTHORIZED));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_absent_and_revoked_keys_are_told_the_same() {
    let place = Place::new().await;
    let (one, other) = (place.make(&Principal::operator(), &plain("one")).await, place.make(&Principal::operator(), &plain("other")).await);
    let secret = |key: &KeyText| key.reveal().rsplit('_').next().unwrap().to_owned();
    let mut answers = Vec::new();
    for text in
        [format!("sit_{}_{}", one.id(), secret(&other)), format!("sit_zzzzzzzzzz_{}", secret(&one)), "sit_short".to_owned(), "x".to_owned()]
    {
        answers.push(place.keys.principal(&header(&text)).await.unwrap_err().to_json());
    }
    let elsewhere = Place::process(&place.database, &place.watch);
    assert!(place.status(&elsewhere, &one).await.unwrap().is_some());
    assert!(place.status(&place.keys, &one).await.unwrap().is_some());
    let mut transaction = place.database.write(&Principal::operator()).await.unwrap();
    assert!(keys::revoke(&mut transaction, &Principal::operator(), one.id(), place.watch.now()).await.unwrap());
    assert!(!keys::revoke(&mut transaction, &Principal::operator(), one.id(), place.watch.now()).await.unwrap());
    transaction.commit().await.unwrap();
    place.keys.forget();
    answers.push(place.keys.principal(&header(&one.reveal())).await.unwrap_err().to_json());
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:?}");
    // another process takes it no longer than it remembers
    tokio::time::sleep(Keys::REMEMBERED).await;
    assert_eq!(place.status(&elsewhere, &one).await, Err(StatusCode::UNAUTHORIZED));
    assert!(place.status(&elsewhere, &other).await.unwrap().is_some());
    // once and for all: not even the app can take it back
    let mut transaction = place.database.write(&Principal::operator()).await.unwrap();
    sqlx::query("update identity.keys set revoked_at = null").execute(&mut *transaction).await.unwrap();
    transaction.commit().await.unwrap();
    elsewhere.forget();
    assert_eq!(place.status(&elsewhere, &one).await, Err(StatusCode::UNAUTHORIZED));
    let mut transaction = place.database.write(&Principal::operator()).await.unwrap();
    assert!(sqlx::query("update identity.keys set scope = 'edit'").execute(&mut *transaction).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_ends_and_shrinks_with_the_account_that_made_it() {
    let place = Place::new().await;
    let ada = place.account(Role::Officer, &["080901", "080902"]).await;
    let key = place.make(&ada, &NewKey { comuni: ada.comuni(), ..plain("hers") }).await;
    let mut owner = place.scratch.connection("opensit_owner").await;
    let mut now = async |change: &'static str| {
        sqlx::query(sqlx::AssertSqlSafe(format!("update identity.accounts set {change}"))).execute(&mut owner).await.unwrap();
        place.keys.forget();
        place.status(&place.keys, &key).await
    };
    assert_eq!(now("comuni = '{080902,080903}'").await.unwrap().unwrap().comuni(), only(&["080902"]));
    assert_eq!(now("active = false").await, Err(StatusCode::UNAUTHORIZED));
    assert!(now("active = true").await.is_ok());
    assert_eq!(now("role = 'citizen'").await, Err(StatusCode::UNAUTHORIZED));
}

async fn ask(router: &Router, who: &Principal, method: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
    let request = Request::builder().method(method).uri(path).extension(who.clone()).body(body).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_over_http_give_no_more_than_their_maker_has() {
    let place = Place::new().await;
    let ada = place.account(Role::Officer, &["080901"]).await;
    let ivo = place.account(Role::Planner, &["080902"]).await;
    let rosa = place.account(Role::Administrator, &["*"]).await;
    let citizen = place.account(Role::Citizen, &[]).await;
    let signer = Signer::new(&[7; 32], place.watch.clone());
    let router = keys::routes(Pages {
        database: place.database.clone(),
        clock: place.watch.clone(),
        keys: place.keys.clone(),
        signer: signer.clone(),
        layers: Arc::new(|who: &Principal, layer: &LayerId| match layer.as_str() {
            "trees" => Some(who.is_staff()),
            "zones" => Some(who.role() == Role::Planner),
            _ => None,
        }),
    });
    // to whom it is not for, there is nothing
    let machine = ada.clone().through_key(KeyScope { layers: None, edit: true });
    for nobody in [&Principal::anonymous(), &citizen, &machine] {
        for (method, path) in [("GET", "/admin/keys"), ("POST", "/admin/keys"), ("DELETE", "/admin/keys/0123456789")] {
            assert_eq!(ask(&router, nobody, method, path, Value::Null).await.0, StatusCode::NOT_FOUND);
        }
    }
    let wrong = [
        json!({"name": "x", "scope": "edit"}),
        json!({"name": "x", "scope": "edit", "layers": ["zones"]}),
        json!({"name": "x", "scope": "read", "layers": ["permits"]}),
        json!({"name": "x", "scope": "read", "layers": []}),
        json!({"name": "x", "scope": "read", "comuni": ["080902"]}),
        json!({"name": "x", "scope": "read", "comuni": ["x' or 1=1"]}),
        json!({"name": "", "scope": "read"}),
        json!({"name": "x", "scope": "administer"}),
        json!({"name": "x", "scope": "read", "expires_days": 0}),
        json!({"name": "x", "scope": "read", "requests_per_minute": 0}),
        json!({"name": "x", "scope": "read", "role": "administrator"}),
    ];
    for body in wrong {
        assert_eq!(ask(&router, &ada, "POST", "/admin/keys", body.clone()).await.0, StatusCode::BAD_REQUEST, "{body}");
    }
    let (status, made) =
        ask(&router, &ada, "POST", "/admin/keys", json!({"name": "<script>", "scope": "edit", "layers": ["trees"], "expires_days": 30}))
            .await;
    assert_eq!(status, StatusCode::CREATED);
    let key = KeyText::parse(made["key"].as_str().unwrap()).unwrap();
    assert_eq!(place.status(&place.keys, &key).await.unwrap().unwrap().comuni(), only(&["080901"]), "of her comune");

    let listed = ask(&router, &ada, "GET", "/admin/keys", Value::Null).await.1;
    assert!(listed["keys"][0]["id"] == key.id() && !listed.to_string().contains(made["key"].as_str().unwrap()));
    assert_eq!(ask(&router, &ivo, "GET", "/admin/keys", Value::Null).await.1, json!({"keys": []}));
    let path = format!("/admin/keys/{}", key.id());
    assert_eq!(
        ask(&router, &ivo, "DELETE", &path, Value::Null).await,
        ask(&router, &ivo, "DELETE", "/admin/keys/0123456789", Value::Null).await
    );
    assert_eq!(ask(&router, &rosa, "DELETE", &path, Value::Null).await.0, StatusCode::NO_CONTENT);
    assert_eq!(place.status(&place.keys, &key).await, Err(StatusCode::UNAUTHORIZED));

    let (status, token) = ask(&router, &citizen, "POST", "/auth/tile-token", json!({"layers": ["trees"]})).await;
    assert_eq!(status, StatusCode::CREATED);
    assert_eq!(signer.read(token["token"].as_str().unwrap()).unwrap().role(), Role::Citizen);
    assert_eq!(ask(&router, &Principal::anonymous(), "POST", "/auth/tile-token", Value::Null).await.0, StatusCode::NOT_FOUND);

    let mut owner = place.scratch.connection("opensit_owner").await;
    let told: Vec<String> =
        sqlx::query_scalar("select details ->> 'what' from identity.audit order by entry").fetch_all(&mut owner).await.unwrap();
    assert_eq!(told, ["key created", "key revoked"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_asks_too_often_waits_and_others_do_not() {
    let ours = |address: std::net::IpAddr| address.to_string() == "10.0.0.1";
    let rates = Rates::new(Settings { network_per_minute: 3, trusted_proxies: Arc::new(ours), ..Settings::default() });
    let comes_from = |axum::Extension(identity::Client(address)): axum::Extension<identity::Client>| async move { address.to_string() };
    let router = Router::new().fallback(comes_from);
    let ask = async |client: &str| {
        let mut request = Request::builder().uri("/").header("x-forwarded-for", client).body(Body::empty()).unwrap();
        request.extensions_mut().insert(axum::extract::ConnectInfo(std::net::SocketAddr::from(([10, 0, 0, 1], 4711))));
        let next = async |request| router.clone().oneshot(request).await.unwrap();
        identity::keys::rates::limit_networks(&rates, request, next).await
    };
    for _ in 0..3 {
        let answer = ask("6.6.6.6, 203.0.113.9").await;
        assert_eq!((answer.status(), answer.into_body().collect().await.unwrap().to_bytes()), (StatusCode::OK, "203.0.113.9".into()));
    }
    let refused = ask("7.7.7.7, 203.0.113.9").await;
    assert_eq!(
        (refused.status(), refused.headers()["content-type"].to_str().unwrap()),
        (StatusCode::TOO_MANY_REQUESTS, "application/problem+json")
    );
    assert!(refused.headers()["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
    assert_eq!(ask("203.0.113.10").await.status(), StatusCode::OK);
}
