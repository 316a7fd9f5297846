//! Two comuni side by side, some house numbers, a clock that stands still, and the desk.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use catalogue::{Catalogue, store};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{
    Assurance, Bbox, Client, Clock, Comuni, Context, Edit, Installation, Journal, Layer, Pending, Principal, PublicUrl, Role, Services,
    Srid, Text,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) const CASTELMARINA: &str = "080901";
pub(crate) const ROCCA: &str = "080902";
/// A place of the first comune, near its only house number.
pub(crate) const HERE: [f64; 2] = [15.65, 38.11];

pub(crate) struct Scene {
    pub(crate) scratch: Scratch,
    pub(crate) services: Services,
    pub(crate) clock: Arc<Still>,
    pub(crate) journal: Arc<Log>,
    router: Router,
}

/// A clock that goes when it is told.
pub(crate) struct Still(Mutex<DateTime<Utc>>);

impl Still {
    pub(crate) fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap() += time;
    }
}

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

/// What the journal was told.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<String>>);

impl Journal for Log {
    fn wrote<'a>(&'a self, _: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let line = format!("{} {} {}", who.name().unwrap_or("nobody"), edit.action.name(), edit.changed.join(","));
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

    /// The fields that are wrong.
    pub(crate) fn faults(&self) -> Vec<String> {
        let json = self.json();
        json["errors"].as_array().unwrap_or(&Vec::new()).iter().map(|e| e["field"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// An officer of these comuni.
pub(crate) fn officer(name: &str, comuni: &[&str]) -> Principal {
    let comuni: BTreeSet<String> = comuni.iter().map(|c| (*c).to_owned()).collect();
    Principal::known(Role::Officer, Uuid::new_v4(), name, Assurance::Low).with_comuni(Comuni::Only(comuni))
}

pub(crate) fn marco() -> Principal {
    officer("Marco", &[CASTELMARINA])
}

/// A report as it was sent.
pub(crate) struct Sent {
    pub(crate) id: String,
    /// The path of the private link.
    pub(crate) link: String,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        for declared in [
            include_str!("../../../territory/layers/boundaries.json"),
            include_str!("../../../territory/layers/house_numbers.json"),
            include_str!("../../layers/reports.json"),
        ] {
            let layer: Layer = serde_json::from_str(declared).unwrap();
            store::put(&mut owner, &layer, None).await.unwrap();
        }
        sqlx::raw_sql(
            "insert into territory.boundaries (id, comune, name, geom) values
             ('080901', '080901', 'A', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792))),
             ('080902', '080902', 'B', st_multi(st_makeenvelope(560000, 4210000, 570000, 4220000, 7792)));
             insert into territory.house_numbers (id, comune, street, number, address, geom) values
             ('H1', '080901', 'Via Marina', '12', 'Via Marina, 12', st_transform(st_setsrid(st_makepoint(15.65003, 38.11002), 4326), 7792))",
        )
        .execute(&mut owner)
        .await
        .unwrap();
        let database = scratch.database().await;
        let catalogue = Catalogue::load(&database).await.unwrap();
        let clock = Arc::new(Still(Mutex::new("2026-11-28T10:00:00Z".parse().unwrap())));
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
        let services = Services { context, layers: Arc::new(catalogue), journal: Arc::clone(&journal) as Arc<dyn Journal> };
        let routes = reports::module().unwrap().routes.unwrap();
        let router = Router::new().merge(routes(services.clone())).merge(reports::open311(services.clone()));
        Self { scratch, services, clock, journal, router }
    }

    pub(crate) async fn owner(&self) -> PgConnection {
        self.scratch.connection("opensit_owner").await
    }

    pub(crate) async fn ask(&self, who: &Principal, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.ask_from("127.0.0.1", who, method, path, headers, body).await
    }

    pub(crate) async fn ask_from(
        &self,
        address: &str,
        who: &Principal,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let client = Client(address.parse::<IpAddr>().unwrap());
        let mut request = Request::builder().method(method).uri(path).extension(who.clone()).extension(client);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned() }
    }

    pub(crate) async fn get(&self, who: &Principal, path: &str) -> Answer {
        self.ask(who, "GET", path, &[], Body::empty()).await
    }

    pub(crate) async fn page(&self, who: &Principal, path: &str) -> Answer {
        self.ask(who, "GET", path, &[("accept", "text/html")], Body::empty()).await
    }

    pub(crate) async fn post(&self, who: &Principal, path: &str, body: &Value) -> Answer {
        self.ask(who, "POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    /// A ticket of the form, old enough to count.
    pub(crate) async fn ticket(&self) -> String {
        let ticket = self.get(&Principal::anonymous(), "/reports/new").await.json()["ticket"].as_str().unwrap().to_owned();
        self.clock.pass(TimeDelta::seconds(5));
        ticket
    }

    /// A citizen's report: `draft` has what is different from a lamp that is out here.
    pub(crate) async fn send(&self, draft: &Value) -> Answer {
        let mut body = json!({ "category": "lighting", "lon": HERE[0], "lat": HERE[1], "text": "Il lampione è spento", "ticket": self.ticket().await });
        body.as_object_mut().unwrap().extend(draft.as_object().unwrap().clone());
        self.post(&Principal::anonymous(), "/reports/", &body).await
    }

    pub(crate) async fn sent(&self, draft: &Value) -> Sent {
        let answer = self.send(draft).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        let made = answer.json();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        Sent { id: text("id"), link: text("private_link").replace("https://sit.example.it", "") }
    }

    /// What an officer does with a report as it is now.
    pub(crate) async fn act(&self, who: &Principal, id: &str, act: &str, body: &Value) -> Answer {
        let tag = self.get(who, &format!("/reports/{id}")).await.header("etag");
        let headers = [("content-type", "application/json"), ("if-match", &*tag)];
        self.ask(who, "POST", &format!("/reports/{id}/{act}"), &headers, body.to_string()).await
    }

    /// As [`Self::act`], and it must go well.
    pub(crate) async fn done(&self, id: &str, act: &str, body: &Value) {
        let answer = self.act(&marco(), id, act, body).await;
        assert_eq!(answer.status, 200, "{act}: {}", answer.body);
    }

    /// A report that the office approved.
    pub(crate) async fn public(&self, draft: &Value) -> Sent {
        let sent = self.sent(draft).await;
        self.done(&sent.id, "approve", &json!({})).await;
        sent
    }
}
