//! Two comuni side by side and two layers that are edited, behind the router, on a real database.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use catalogue::{Catalogue, store};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Assurance, Bbox, Comuni, Context, Installation, KeyScope, Layer, Principal, PublicUrl, Role, Srid, SystemClock, Text};
use kernel::{Edit, Journal, Pending};
use serde_json::{Value, json};
use sqlx::PgConnection;
use test_database::Scratch;
use tower::ServiceExt;
use uuid::Uuid;

pub(crate) struct Scene {
    pub(crate) scratch: Scratch,
    pub(crate) router: Router,
    pub(crate) journal: Arc<Log>,
}

/// What the journal was told, and whether it refuses.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) told: Mutex<Vec<String>>,
    pub(crate) refuses: Mutex<bool>,
}

impl Journal for Log {
    fn wrote<'a>(&'a self, _: &'a mut PgConnection, who: &'a Principal, edit: Edit<'a>) -> Pending<'a, Result<(), sqlx::Error>> {
        let line = format!("{} {} {} {}", who.name().unwrap_or_default(), edit.action.name(), edit.layer, edit.changed.join(","));
        Box::pin(async move {
            if *self.refuses.lock().unwrap() {
                return Err(sqlx::Error::PoolClosed);
            }
            self.told.lock().unwrap().push(line);
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
}

/// An officer of these comuni.
pub(crate) fn officer(name: &str, comuni: &[&str]) -> Principal {
    let comuni: BTreeSet<String> = comuni.iter().map(|c| (*c).to_owned()).collect();
    Principal::known(Role::Officer, Uuid::new_v4(), name, Assurance::Low).with_comuni(Comuni::Only(comuni))
}

/// A key for the first comune.
pub(crate) fn key(edit: bool) -> Principal {
    Principal::known(Role::Machine, Uuid::new_v4(), "QGIS", Assurance::Low)
        .with_comuni(Comuni::Only(["080901".to_owned()].into()))
        .through_key(KeyScope { layers: None, edit })
}

/// Areas; private cost; the public sees those that are public.
fn works() -> Layer {
    let field = |name: &str, kind: &str, more: Value| {
        let mut field = json!({"name": name, "label": {"it": name, "en": name}, "type": kind, "filterable": true, "editable": true});
        field.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        field
    };
    let codes =
        json!({"codes": [{"value": "road", "label": {"it": "s", "en": "r"}}, {"value": "school", "label": {"it": "s", "en": "s"}}]});
    serde_json::from_value(json!({
        "id": "works", "module": "published", "title": {"it": "Cantieri", "en": "Works"}, "table": "published.works", "geometry": "Polygon", "srid": 7792,
        "editors": ["officer", "planner"],
        "rows": {"op": "or", "args": [{"op": "=", "args": [{"property": "public"}, true]}, {"op": "inScope", "args": [{"property": "comune"}]}]},
        "fields": [
            field("title", "text", json!({})), field("kind", "text", codes), field("cost", "integer", json!({"private": true})),
            field("begins", "date", json!({})), field("ends", "date", json!({})), field("depth", "number", json!({})),
            field("public", "boolean", json!({})), field("office", "text", json!({"editable": false}))
        ]
    }))
    .unwrap()
}

const WORKS: &str = "create table published.works (title text not null, kind text, cost integer check (cost >= 0), begins date, ends date,
    depth double precision, public boolean not null default true, office text default 'works', check (ends >= begins));
    call opensit.make_layer_table('published.works', 'Polygon')";

/// Several lines each; everybody sees them; for officers of the comune.
fn cables() -> Layer {
    serde_json::from_value(json!({
        "id": "cables", "module": "published", "title": {"it": "Cavi", "en": "Cables"}, "table": "published.cables", "geometry": "MultiLineString",
        "srid": 7792, "editors": ["officer"], "audience": "officers",
        "fields": [{"name": "name", "label": {"it": "n", "en": "n"}, "type": "text", "editable": true}]
    }))
    .unwrap()
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let scratch = Scratch::new().await;
        let mut owner = scratch.connection("opensit_owner").await;
        let boundaries: Layer = serde_json::from_str(include_str!("../../../territory/layers/boundaries.json")).unwrap();
        store::put(&mut owner, &boundaries, None).await.unwrap();
        sqlx::raw_sql(
            "insert into territory.boundaries (id, comune, name, geom) values
             ('080901', '080901', 'A', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792))),
             ('080902', '080902', 'B', st_multi(st_makeenvelope(560000, 4210000, 570000, 4220000, 7792)))",
        )
        .execute(&mut owner)
        .await
        .unwrap();
        sqlx::raw_sql(WORKS).execute(&mut owner).await.unwrap();
        sqlx::raw_sql("create table published.cables (name text); call opensit.make_layer_table('published.cables', 'MultiLineString')")
            .execute(&mut owner)
            .await
            .unwrap();
        store::put(&mut owner, &works(), None).await.unwrap();
        store::put(&mut owner, &cables(), None).await.unwrap();
        let database = scratch.database().await;
        let catalogue = Catalogue::load(&database).await.unwrap();
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
        let journal = Arc::new(Log::default());
        let router = ogc::routes(context, catalogue, crs::Settings::default(), Arc::clone(&journal) as Arc<dyn Journal>, Vec::new());
        Self { scratch, router, journal }
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

    /// Sends a feature, or a part of one.
    pub(crate) async fn send(&self, who: &Principal, method: &str, path: &str, etag: Option<&str>, body: &Value) -> Answer {
        let mut headers = vec![("content-type", if method == "PATCH" { "application/merge-patch+json" } else { "application/geo+json" })];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        self.ask(who, method, path, &headers, body.to_string()).await
    }

    /// A new one; its address and tag.
    pub(crate) async fn create(&self, who: &Principal, feature: &Value) -> (String, String) {
        let answer = self.send(who, "POST", "/collections/works/items", None, feature).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        (answer.header("location").replace("https://sit.example.it", ""), answer.header("etag"))
    }
}

/// A square of some 100 m whose south-west corner is there.
pub(crate) fn square(lon: f64, lat: f64) -> Value {
    let (e, n) = (lon + 0.001, lat + 0.001);
    json!({"type": "Polygon", "coordinates": [[[lon, lat], [e, lat], [e, n], [lon, n], [lon, lat]]]})
}

/// A work in the first comune.
pub(crate) fn work(title: &str) -> Value {
    json!({"type": "Feature", "geometry": square(15.65, 38.11), "properties": {"title": title, "kind": "road", "cost": 1000}})
}
