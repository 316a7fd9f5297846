//! Two comuni side by side, a few parcels and trees.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use catalogue::{Catalogue, store};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Assurance, Bbox, Clock, Comuni, Context, Edit, Installation, Journal, Layer, Layers, Pending, Principal, PublicUrl, Role};
use kernel::{Services, Srid, Text};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

/// The coast's ISTAT code.
pub(crate) const A: &str = "080901";
/// The hill's.
pub(crate) const B: &str = "080902";

pub(crate) struct Scene {
    pub(crate) scratch: Scratch,
    router: Router,
    pub(crate) journal: Arc<Log>,
    clock: Arc<Hand>,
}

/// What the journal was told.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<String>>);

impl Journal for Log {
    fn wrote<'a>(&'a self, _: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let line = format!("{} {} {} {}", who.name().unwrap_or_default(), edit.action.name(), edit.layer, edit.id);
        self.0.lock().unwrap().push(line);
        Box::pin(async { Ok(()) })
    }
}

/// A clock that is set by hand.
struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Stored(Catalogue);

impl Layers for Stored {
    fn layer(&self, who: &Principal, id: &str) -> Option<Arc<Layer>> {
        self.0.layer(who, id).map(|entry| Arc::clone(&entry.layer))
    }
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|v| v.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// The fields that a 422 names.
    pub(crate) fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.body);
        self.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap_or("geometry").to_owned()).collect()
    }
}

/// An officer of a comune.
pub(crate) fn officer(name: &str, comune: &str) -> Principal {
    let comuni: BTreeSet<String> = [comune.to_owned()].into();
    Principal::known(Role::Officer, Uuid::new_v4(), name, Assurance::Low).with_comuni(Comuni::Only(comuni))
}

pub(crate) fn nobody() -> Principal {
    Principal::anonymous()
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        for layer in [include_str!("../../../territory/layers/boundaries.json"), include_str!("../../../cadastre/layers/parcels.json")] {
            store::put(&mut owner, &serde_json::from_str::<Layer>(layer).unwrap(), None).await.unwrap();
        }
        let module = environment::module().unwrap();
        for layer in &module.layers {
            store::put(&mut owner, layer, None).await.unwrap();
        }
        sqlx::raw_sql(include_str!("scene.sql")).execute(&mut owner).await.unwrap();
        let database = scratch.database().await;
        let catalogue = Catalogue::load(&database).await.unwrap();
        let clock = Arc::new(Hand(Mutex::new("2026-11-23T09:00:00Z".parse().unwrap())));
        let context = Context {
            database: database.clone(),
            tiles_database: database,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            public_url: PublicUrl::parse("https://sit.example.it").unwrap(),
            installation: Arc::new(Installation {
                instance: Uuid::nil(),
                title: Text::same("t"),
                storage_crs: Srid::RDN2008_UTM33,
                bbox: Bbox::new(15.5, 38.0, 15.9, 38.2).unwrap(),
                demo: false,
            }),
        };
        let journal = Arc::new(Log::default());
        let services = Services { context, layers: Arc::new(Stored(catalogue)), journal: Arc::clone(&journal) as Arc<dyn Journal> };
        let router = module.routes.unwrap()(services);
        Self { scratch, router, journal, clock }
    }

    /// Sets the clock of the program.
    pub(crate) fn at(&self, instant: &str) {
        *self.clock.0.lock().unwrap() = instant.parse().unwrap();
    }

    pub(crate) async fn ask(&self, who: &Principal, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path).extension(who.clone());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    pub(crate) async fn get(&self, who: &Principal, path: &str) -> Answer {
        self.ask(who, "GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn page(&self, who: &Principal, path: &str) -> String {
        let answer = self.ask(who, "GET", path, &[("accept", "text/html,application/xhtml+xml")], Body::empty()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    pub(crate) async fn post(&self, who: &Principal, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json"), ("accept-language", "en")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.ask(who, "POST", path, &headers, body.to_string()).await
    }

    /// What the owner finds.
    pub(crate) async fn sql(&self, sql: &str) -> String {
        let mut owner = self.scratch.connection("opensit_owner").await;
        let found: Option<String> = sqlx::query_scalar(AssertSqlSafe(format!("select ({sql})::text"))).fetch_one(&mut owner).await.unwrap();
        found.unwrap_or_default()
    }

    /// A draft, and its tag.
    pub(crate) async fn draft(&self, who: &Principal, body: &Value) -> (String, String) {
        let answer = self.post(who, "/environment/datasets/", None, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.json()["id"].as_str().unwrap().to_owned(), answer.header("etag"))
    }

    /// A version in force from a day; its id.
    pub(crate) async fn in_force(&self, who: &Principal, body: &Value, from: &str) -> String {
        let (id, tag) = self.draft(who, body).await;
        let answer = self.post(who, &format!("/environment/datasets/{id}/in-force"), Some(&tag), &json!({ "from": from })).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        id
    }

    /// One kind's part of what applies somewhere.
    pub(crate) async fn kind_at(&self, who: &Principal, place: &str, kind: &str) -> Value {
        let answer = self.get(who, &format!("/environment/at?{place}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["kinds"].as_array().unwrap().iter().find(|k| k["kind"] == kind).unwrap().clone()
    }
}

/// A square of some 100 m whose south-west corner is there.
pub(crate) fn square(lon: f64, lat: f64) -> Value {
    let (e, n) = (lon + 0.001, lat + 0.001);
    json!({"type": "Polygon", "coordinates": [[[lon, lat], [e, lat], [e, n], [lon, n], [lon, lat]]]})
}

pub(crate) fn collection(features: &[(Value, Value)]) -> Value {
    let of = |(geometry, properties): &(Value, Value)| json!({"type": "Feature", "geometry": geometry, "properties": properties});
    json!({"type": "FeatureCollection", "features": features.iter().map(of).collect::<Vec<_>>()})
}

/// A version of a kind, in the first comune.
pub(crate) fn version(kind: &str, features: &Value) -> Value {
    json!({"kind": kind, "comune": A, "title": format!("Rilievo {kind}"), "source": "Autorità, delibera 3/2026", "source_date": "2026-10-01",
        "licence": "CC-BY-4.0", "features": features})
}
