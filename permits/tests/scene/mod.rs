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
/// A parcel that there is, its neighbour, one that was suppressed, one of the other comune.
pub(crate) const PARCEL: &str = "X101_000100.1";
pub(crate) const NEIGHBOUR: &str = "X101_000100.2";
pub(crate) const FORMER: &str = "X101_000100.77";
pub(crate) const FOREIGN: &str = "X102_000100.1";

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
    insert into cadastre.parcels (id, comune, sheet, number, kind, urban, valid_from, valid_to, geom) values
        ('X101_000100.1',  '080901', 1, '1',  'land', true, '2001-01-01', null,         st_makeenvelope(551000, 4211000, 551020, 4211020, 7792)),
        ('X101_000100.2',  '080901', 1, '2',  'land', true, '2001-01-01', null,         st_makeenvelope(551020, 4211000, 551040, 4211020, 7792)),
        ('X101_000100.77', '080901', 1, '77', 'land', true, '1952-07-01', '2019-05-01', st_makeenvelope(551000, 4211020, 551040, 4211040, 7792)),
        ('X102_000100.1',  '080902', 1, '1',  'land', true, '2001-01-01', null,         st_makeenvelope(561000, 4211000, 561020, 4211020, 7792));
    insert into territory.house_numbers (id, comune, street, number, address, geom) values
        ('H1', '080901', 'Via Roma', '12', 'Via Roma 12', st_setsrid(st_makepoint(551030, 4211000), 7792)),
        ('H2', '080902', 'Via Nuova', '1', 'Via Nuova 1', st_setsrid(st_makepoint(561010, 4211000), 7792));
    insert into permits.authorities (comune, region, inhabitants) values ('080901', '18', 38000), ('080902', '03', 120000);";

impl Scene {
    /// On this day, at noon in Italy or thereabouts.
    pub(crate) async fn on(day: &str) -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        let declared = [
            serde_json::from_str::<Layer>(include_str!("../../../territory/layers/boundaries.json")).unwrap(),
            serde_json::from_str(include_str!("../../../territory/layers/house_numbers.json")).unwrap(),
            serde_json::from_str(include_str!("../../../cadastre/layers/parcels.json")).unwrap(),
        ];
        let module = permits::module().unwrap();
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
        let router = module.routes.unwrap()(Services { context, layers, journal: Arc::clone(&told) as Arc<dyn Journal> });
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

    pub(crate) async fn send(&self, who: &Principal, method: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.ask(who, method, path, &headers, body.to_string()).await
    }

    /// As a page's form sends it.
    pub(crate) async fn form(&self, who: &Principal, path: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("accept-language", "it")];
        self.ask(who, "POST", path, &headers, body.to_owned()).await
    }

    /// Registers one; its path and tag.
    pub(crate) async fn register(&self, who: &Principal, body: &Value) -> (String, String) {
        let answer = self.send(who, "POST", "/permits/", None, body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.header("location").replace("https://sit.example.it", ""), answer.header("etag"))
    }

    /// Moves it on, which must work; the record, and its tag.
    pub(crate) async fn advance(&self, who: &Principal, path: &str, tag: &str, step: &Value) -> (Value, String) {
        let answer = self.send(who, "POST", &format!("{path}/steps"), Some(tag), step).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        (answer.json(), answer.header("etag"))
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        let mut owner = self.scratch.connection("opensit_owner").await;
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from permits.{table}"))).fetch_one(&mut owner).await.unwrap()
    }

    /// What all geometries cover, square metres.
    pub(crate) async fn area(&self) -> f64 {
        let mut owner = self.scratch.connection("opensit_owner").await;
        sqlx::query_scalar("select sum(st_area(geom)) from permits.permits").fetch_one(&mut owner).await.unwrap()
    }
}

/// A permit on our parcel, filed on this day.
pub(crate) fn pdc(protocol: &str, filed: &str) -> Value {
    json!({
        "protocol": protocol, "kind": "pdc", "filed_on": filed, "subject": "Sopraelevazione", "parcels": [PARCEL],
        "applicant": "Zaira Quattroventi", "applicant_code": "QTTZRA80A01X101Q", "applicant_email": "zaira@posta.example.it",
        "technician": "Quinto Pescalupo", "technician_code": "RC 123"
    })
}
