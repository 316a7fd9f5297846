//! A theme behind its router, on a database of the test's own, with a clock that the test sets.

use std::collections::BTreeSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use catalogue::{Catalogue, store};
use chrono::{DateTime, TimeDelta, Utc};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{
    Assurance, Bbox, Client, Clock, Comuni, Context, Edit, Installation, Journal, Layer, Module, Pending, Principal, PublicUrl, Role,
    Services, Srid, Text, Vault,
};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use tower::ServiceExt;
use uuid::Uuid;

use crate::Scratch;

/// The address that links begin with.
pub const PUBLIC_URL: &str = "https://sit.example.it";
/// Two comuni side by side, squares of 10 km.
const COMUNI: &str = "
    insert into territory.boundaries (id, comune, name, catasto_code, geom) values
        ('080901', '080901', 'Castelmarina', 'X101', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792))),
        ('080902', '080902', 'Rocca', 'X102', st_multi(st_makeenvelope(560000, 4210000, 570000, 4220000, 7792)));";

/// A theme's routes, asked without a network.
pub struct Theme {
    /// The database.
    pub scratch: Scratch,
    /// What the routes were given.
    pub services: Services,
    /// The time.
    pub clock: Arc<Hand>,
    /// What the journal was told.
    pub journal: Arc<Log>,
    router: Router,
}

/// A clock that is set by hand.
#[derive(Debug)]
pub struct Hand(Mutex<DateTime<Utc>>);

/// What the journal was told, a line an edit: who, what they did, the layer, the row, the names of what changed.
#[derive(Debug, Default)]
pub struct Log(Mutex<Vec<String>>);

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; what is not UTF-8 is replaced.
    pub body: String,
    /// The body as it is.
    pub bytes: Vec<u8>,
}

impl Hand {
    /// It is this instant now, as RFC 3339.
    pub fn set(&self, instant: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = instant.parse().expect("an instant");
    }

    /// So much time passes.
    pub fn pass(&self, time: TimeDelta) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += time;
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// The lines so far.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Journal for Log {
    fn wrote<'a>(&'a self, _: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let (who, what) = (who.name().unwrap_or("nobody"), edit.action.name());
        let line = format!("{who} {what} {} {} {}", edit.layer, edit.id, edit.changed.join(",")).trim_end().to_owned();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        Box::pin(async { Ok(()) })
    }
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {} {}", self.status, self.body))
    }

    /// A header's value; empty without it.
    pub fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().expect("a header is ASCII").to_owned()).unwrap_or_default()
    }

    /// The fields that a 422 says are wrong, in order.
    pub fn wrong(&self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.body);
        let errors = self.json()["errors"].as_array().cloned().unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap_or("geometry").to_owned()).collect()
    }
}

/// An officer of these comuni.
pub fn officer(name: &str, comuni: &[&str]) -> Principal {
    let comuni: BTreeSet<String> = comuni.iter().map(|comune| (*comune).to_owned()).collect();
    Principal::known(Role::Officer, Uuid::new_v4(), name, Assurance::Low).with_comuni(Comuni::Only(comuni))
}

impl Theme {
    /// The theme beside the boundaries of two comuni and some other layers, given as their declarations, with these rows.
    pub async fn open(module: Module, others: &[&str], rows: &str, now: &str) -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        let declared = [&[include_str!("../../territory/layers/boundaries.json")], others].concat();
        let declared = declared.into_iter().map(|layer| serde_json::from_str::<Layer>(layer).expect("a layer"));
        for layer in declared.chain(module.layers) {
            store::put(&mut owner, &layer, None).await.expect("a layer is put into the catalogue");
        }
        sqlx::raw_sql(AssertSqlSafe(format!("{COMUNI}{rows}"))).execute(&mut owner).await.unwrap_or_else(|e| panic!("the rows: {e}"));
        let database = scratch.database().await;
        let clock = Arc::new(Hand(Mutex::new(now.parse().expect("an instant"))));
        let journal = Arc::new(Log::default());
        let layers = Arc::new(Catalogue::load(&database).await.expect("the catalogue"));
        let context = Context {
            database: database.clone(),
            tiles_database: database,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            public_url: PublicUrl::parse(PUBLIC_URL).expect("an address"),
            installation: Arc::new(Installation {
                instance: Uuid::nil(),
                title: Text::same("t"),
                storage_crs: Srid::RDN2008_UTM33,
                bbox: Bbox::new(15.5, 38.0, 15.9, 38.2).expect("a rectangle"),
                demo: false,
            }),
        };
        let services = Services { context, layers, journal: Arc::clone(&journal) as Arc<dyn Journal>, vault: Vault::new([7; 32]) };
        let router = module.routes.map(|routes| routes(services.clone())).unwrap_or_default();
        Self { scratch, services, clock, journal, router }
    }

    /// With other routes beside its own.
    #[must_use]
    pub fn beside(mut self, routes: Router) -> Self {
        self.router = self.router.merge(routes);
        self
    }

    /// One connection as the owner.
    pub async fn owner(&self) -> PgConnection {
        self.scratch.connection("opensit_owner").await
    }

    /// What the owner finds, as text: `sql` is an expression, or a select of one; null is empty.
    pub async fn sql(&self, sql: &str) -> String {
        let found: Result<Option<String>, _> =
            sqlx::query_scalar(AssertSqlSafe(format!("select ({sql})::text"))).fetch_one(&mut self.owner().await).await;
        found.unwrap_or_else(|e| panic!("{sql}: {e}")).unwrap_or_default()
    }

    /// Asks from this machine.
    pub async fn ask(&self, who: &Principal, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        self.ask_from("127.0.0.1", who, method, path, headers, body).await
    }

    /// Asks from an address.
    pub async fn ask_from(
        &self,
        address: &str,
        who: &Principal,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let client = Client(address.parse::<IpAddr>().expect("an address"));
        let mut request = Request::builder().method(method).uri(path).extension(who.clone()).extension(client);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let (parts, body) = self.router.clone().oneshot(request).await.expect("a router has an answer").into_parts();
        let body = body.collect().await.expect("the body is read").to_bytes();
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&body).into_owned(), bytes: body.to_vec() }
    }

    /// Reads, as programs do.
    pub async fn get(&self, who: &Principal, path: &str) -> Answer {
        self.ask(who, "GET", path, &[], Body::empty()).await
    }

    /// Reads a page, in this language.
    pub async fn page(&self, who: &Principal, path: &str, language: &str) -> Answer {
        self.ask(who, "GET", path, &[("accept", "text/html"), ("accept-language", language)], Body::empty()).await
    }

    /// Sends JSON, for the version with this tag.
    pub async fn send(&self, who: &Principal, method: &str, path: &str, tag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", "application/json"), ("accept-language", "en")];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        self.ask(who, method, path, &headers, body.to_string()).await
    }
}

impl fmt::Debug for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Theme").field("scratch", &self.scratch).finish_non_exhaustive()
    }
}
