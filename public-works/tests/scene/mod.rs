//! Two comuni with a few parcels and a house number, and the theme's routes, on a real database whose clock the tests set.

#![allow(dead_code, reason = "each test file uses its part")]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use catalogue::{Catalogue, store};
use chrono::{DateTime, Utc};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{
    Assurance, Bbox, Clock, Comuni, Context, Edit, Installation, Journal, Layer, Pending, Principal, PublicUrl, Role, Services, Srid, Text,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) const OURS: &str = "080901";
pub(crate) const THEIRS: &str = "080902";
pub(crate) struct Scene {
    pub(crate) scratch: Scratch,
    pub(crate) router: Router,
    pub(crate) told: Arc<Log>,
    clock: Arc<Hand>,
}

/// A clock that is set by hand.
struct Hand(Mutex<DateTime<Utc>>);

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What the journal was told.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<String>>);

impl Journal for Log {
    fn wrote<'a>(&'a self, _: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let line = format!("{} {} {} {}", who.name().unwrap_or_default(), edit.action.name(), edit.id, edit.changed.join(","));
        Box::pin(async move {
            self.0.lock().unwrap().push(line);
            Ok(())
        })
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

    /// The fields that are wrong, in order.
    pub(crate) fn wrong(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.body);
        self.json()["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// An officer of this comune.
pub(crate) fn officer(comune: &str) -> Principal {
    let comuni = Comuni::Only([comune.to_owned()].into());
    Principal::known(Role::Officer, Uuid::new_v4(), format!("Officer of {comune}"), Assurance::Low).with_comuni(comuni)
}

/// The same, who said what they read personal data for.
pub(crate) fn with_purpose(who: Principal) -> Principal {
    who.with_purposes(["accesso agli atti".to_owned()])
}

const ROWS: &str = "
    insert into territory.boundaries (id, comune, name, catasto_code, geom) values
        ('080901', '080901', 'A', 'X101', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792))),
        ('080902', '080902', 'B', 'X102', st_multi(st_makeenvelope(560000, 4210000, 570000, 4220000, 7792)));
    insert into territory.streets (id, comune, name, kind, geom) values
        ('S1', '080901', 'Via Roma', 'local', st_geomfromtext('LINESTRING(551000 4211000, 551100 4211000)', 7792)),
        ('S2', '080901', 'Via Roma', 'local', st_geomfromtext('LINESTRING(551100 4211000, 551200 4211050)', 7792)),
        ('S3', '080902', 'Via Nuova', 'local', st_geomfromtext('LINESTRING(561000 4211000, 561100 4211000)', 7792));";

impl Scene {
    /// On this day, at noon in Italy or thereabouts.
    pub(crate) async fn on(day: &str) -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        let declared = [
            serde_json::from_str::<Layer>(include_str!("../../../territory/layers/boundaries.json")).unwrap(),
            serde_json::from_str(include_str!("../../../territory/layers/streets.json")).unwrap(),
        ];
        let module = public_works::module().unwrap();
        for layer in declared.iter().chain(&module.layers) {
            store::put(&mut owner, layer, None).await.unwrap();
        }
        sqlx::raw_sql(ROWS).execute(&mut owner).await.unwrap();
        let database = scratch.database().await;
        let clock = Arc::new(Hand(Mutex::new(format!("{day}T11:00:00Z").parse().unwrap())));
        let context = Context {
            database: database.clone(),
            tiles_database: database.clone(),
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
        let told = Arc::new(Log::default());
        let layers = Arc::new(Catalogue::load(&database).await.unwrap());
        let around = catalogue::routes(context.clone(), (*layers).clone(), Vec::new(), catalogue::PortalSettings::default());
        let router = module.routes.unwrap()(Services { context, layers, journal: Arc::clone(&told) as Arc<dyn Journal> }).merge(around);
        Self { scratch, router, told, clock }
    }

    /// It is this day now.
    pub(crate) fn set(&self, day: &str) {
        *self.clock.0.lock().unwrap() = format!("{day}T11:00:00Z").parse().unwrap();
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

    /// The page, in this language.
    pub(crate) async fn page(&self, who: &Principal, path: &str, language: &str) -> String {
        self.ask(who, "GET", path, &[("accept", "text/html"), ("accept-language", language)], Body::empty()).await.body
    }

    pub(crate) async fn send(&self, who: &Principal, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.ask(who, "POST", path, &headers, body.to_string()).await
    }

    /// A work is registered; its address and tag.
    pub(crate) async fn register(&self, who: &Principal, work: &Value) -> (String, String) {
        let answer = self.send(who, "/public-works/", None, work).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.header("location").replace("https://sit.example.it", ""), answer.header("etag"))
    }

    /// What the owner reads in the database.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&mut self.scratch.connection("opensit_owner").await).await.unwrap()
    }
}

/// A work with its CUP, on Via Roma.
pub(crate) fn work(cup: &str) -> Value {
    json!({"title": "Rete idrica di Via Roma", "cup": cup, "responsible": "Ing. Ida Marepiano", "amount_eur": 250000.5,
        "begins_planned": "2026-03-01", "ends_planned": "2026-12-31", "street": "via roma"})
}
