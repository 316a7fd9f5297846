//! Tiles through the router, on a real PostgreSQL, read by a decoder that is not ours and compared with PostGIS.
#![allow(clippy::expect_used, reason = "helpers of tests")]

#[path = "../../feed/tests/scratch/mod.rs"]
mod scratch;

use std::io::Read;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use catalogue::Catalogue;
use chrono::{DateTime, TimeZone, Utc};
use feed::Feed;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::{Bbox, Clock, Context, Installation, Principal, PublicUrl, Srid, Text};
use mvt_reader::Reader;
use mvt_reader::feature::Value;
use scratch::Scratch;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tower::ServiceExt;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 3, 1, 12, 0, 0).single().expect("an instant")
    }
}

struct Scene {
    scratch: Scratch,
    router: Router,
    srid: i32,
}

fn declaration(id: &str, geometry: &str, srid: i32, extra: serde_json::Value) -> String {
    let field =
        |name: &str, kind: &str, private: bool| json!({"name": name, "label": {"it": name, "en": name}, "type": kind, "private": private});
    let mut layer = json!({
        "id": id, "module": "published", "title": {"it": id, "en": id}, "table": format!("published.{id}"), "geometry": geometry, "srid": srid,
        "fields": [field("name", "text", false), field("floors", "integer", false), field("height", "number", false), field("listed", "boolean", false),
                   field("built", "date", false), field("seen", "datetime", false), field("owner", "text", true)]
    });
    layer.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    let validity = layer["validity"] == true;
    format!(
        "create table published.{id} (name text, floors integer, height double precision, listed boolean, built date, seen timestamptz, owner text);
         call opensit.make_layer_table('published.{id}', '{geometry}', {validity});
         alter policy app on published.{id} using (true);
         insert into opensit.layers (id, ordinal, relation, declaration) values ('{id}', 1, 'published.{id}', '{layer}');"
    )
}

async fn scene(srid: i32, set_up: &str) -> Scene {
    let scratch = Scratch::start(srid);
    scratch.sql(set_up);
    let options = scratch.options("opensit_app").options(tiles::SESSION);
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
    let pool = kernel::Database::new(pool);
    let catalogue = Catalogue::load(&pool).await.expect("the catalogue");
    let bbox = Bbox::new(15.6, 38.0, 15.8, 38.2).expect("a rectangle");
    let storage_crs = Srid::new(srid).expect("a system");
    let context = Context {
        database: pool.clone(),
        tiles_database: pool,
        clock: Arc::new(Noon),
        public_url: PublicUrl::parse("http://localhost:8080").expect("an address"),
        installation: Arc::new(Installation { instance: uuid::Uuid::nil(), title: Text::same("t"), storage_crs, bbox, demo: false }),
    };
    let (feed, _) = Feed::by_hand();
    Scene {
        scratch,
        router: tiles::routes(
            context,
            catalogue,
            crs::Settings::default(),
            feed,
            None,
            tiles::Load::here(64, 16 << 20),
            tiles::Beside::default(),
        ),
        srid,
    }
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    bytes: Vec<u8>,
}

impl Scene {
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.get_as(path, headers, None).await
    }

    async fn get_as(&self, path: &str, headers: &[(&str, &str)], who: Option<Principal>) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::empty()).expect("a request");
        if let Some(who) = who {
            request.extensions_mut().insert(who);
        }
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.expect("a body").to_bytes().to_vec();
        Answer { status, headers, bytes }
    }

    /// A point in storage coordinates from longitude and latitude.
    fn point(&self, lon: f64, lat: f64) -> String {
        format!("st_transform('SRID=4326;POINT({lon} {lat})'::geometry, {})", self.srid)
    }
}

/// Longitude and latitude of a place in a tile, by its units: the formula of the OGC Two Dimensional Tile Matrix Set.
fn place(z: u8, x: u32, y: u32, across: f64, down: f64) -> (f64, f64) {
    let n = f64::from(1u32 << z);
    let lon = (f64::from(x) + across / 4096.0) / n * 360.0 - 180.0;
    let lat = (std::f64::consts::PI * (1.0 - 2.0 * (f64::from(y) + down / 4096.0) / n)).sinh().atan().to_degrees();
    (lon, lat)
}

/// Feature ids, by layer name.
fn fids(bytes: &[u8], layer: &str) -> Vec<u64> {
    features(bytes, layer).iter().map(|f| f.id.expect("an id")).collect()
}

fn features(bytes: &[u8], layer: &str) -> Vec<mvt_reader::feature::Feature> {
    let reader = Reader::new(bytes.to_vec()).expect("a tile");
    let names = reader.get_layer_names().expect("names");
    let Some(at) = names.iter().position(|n| n == layer) else { return Vec::new() };
    reader.get_features(at).expect("features")
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("gzip");
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_gets() {
    let sql = [
        declaration("things", "Point", 7792, json!({"zoom": [10, 20]})),
        declaration("secrets", "Point", 7792, json!({"audience": "officers"})),
        declaration("leases", "Point", 7792, json!({"validity": true})),
    ]
    .concat();
    let scene = scene(7792, &sql).await;
    let at = scene.point(15.65, 38.1);
    scene.scratch.sql(&format!(
        "insert into published.things (id, comune, name, floors, height, listed, built, seen, owner, geom)
         values ('T1', '080901', 'Torre \"Nuova\" è', 3, 12.5, true, '1999-12-31', '2026-01-01 00:30+01', 'Rossi', {at}), ('T2', '080901', null, null, null, null, null, null, null, {at}), ('T3', '080901', repeat('Long ', 100), null, null, null, null, null, null, {at});
         insert into published.secrets (id, comune, geom) values ('S1', '080901', {at});
         insert into published.leases (id, comune, valid_from, valid_to, geom)
         values ('past', '080901', '2020-01-01', '2026-03-01 12:00Z', {at}), ('now', '080901', '2026-03-01 12:00Z', null, {at}), ('next', '080901', '2026-03-01 12:00:01Z', null, {at});"
    ));
    properties_keep_their_types(&scene).await;
    caching_and_compression(&scene).await;
    what_is_not_there(&scene).await;
    what_is_asked_wrongly(&scene).await;
    who_may_see_what(&scene).await;
    validity_is_judged_when_asked(&scene).await;
}

async fn validity_is_judged_when_asked(scene: &Scene) {
    for (datetime, expected) in [
        ("", &["now"][..]),
        ("?datetime=2021-05-01", &["past"]),
        ("?datetime=2026-03-01T12:00:00Z", &["now"]),
        ("?datetime=2026-03-01", &["past", "now", "next"]),
        ("?datetime=../2019-12-31", &[]),
    ] {
        let leases = scene.get(&format!("/xyz/leases/14/8904/6313{datetime}"), &[]).await;
        let names: Vec<_> =
            features(&leases.bytes, "leases").into_iter().map(|f| f.properties.expect("properties")["id"].clone()).collect();
        let expected: Vec<Value> = expected.iter().map(|id| Value::String((*id).into())).collect();
        assert_eq!(names, expected, "{datetime}");
    }
    for bad in ["2026", "yesterday", "2026-01-01%27--", ""] {
        assert_eq!(scene.get(&format!("/xyz/leases/14/8904/6313?datetime={bad}"), &[]).await.status, StatusCode::BAD_REQUEST, "{bad}");
    }
}

async fn properties_keep_their_types(scene: &Scene) {
    let answer = scene.get("/xyz/things/14/8904/6313", &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.headers[header::CONTENT_TYPE], "application/vnd.mapbox-vector-tile");
    let all = features(&answer.bytes, "things");
    let expected: Vec<(&str, Value)> = vec![
        ("built", Value::String("1999-12-31".into())),
        ("floors", Value::UInt(3)),
        ("height", Value::Double(12.5)),
        ("id", Value::String("T1".into())),
        ("listed", Value::Bool(true)),
        ("name", Value::String("Torre \"Nuova\" è".into())),
        ("seen", Value::String("2025-12-31T23:30:00Z".into())),
    ];
    let mut found: Vec<(String, Value)> = all[0].properties.clone().expect("properties").into_iter().collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    let found: Vec<(&str, Value)> = found.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    assert_eq!(found, expected);
    assert_eq!(all[1].properties.as_ref().expect("properties").len(), 1, "NULL is no property");
    let truth = scene.scratch.sql("select string_agg(fid::text, ',' order by fid) from published.things");
    assert_eq!(fids(&answer.bytes, "things").iter().map(u64::to_string).collect::<Vec<_>>().join(","), truth);
}

async fn caching_and_compression(scene: &Scene) {
    let plain = scene.get("/xyz/things/14/8904/6313", &[]).await;
    let again = scene.get("/xyz/things/14/8904/6313.mvt", &[]).await;
    assert_eq!(plain.bytes, again.bytes);
    assert_eq!(plain.headers[header::ETAG], again.headers[header::ETAG]);
    let known = plain.headers[header::ETAG].to_str().expect("text");
    let unchanged = scene.get("/xyz/things/14/8904/6313.pbf", &[("if-none-match", known)]).await;
    assert_eq!((unchanged.status, unchanged.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    let zipped = scene.get("/xyz/things/14/8904/6313", &[("accept-encoding", "gzip")]).await;
    assert_eq!(zipped.headers[header::CONTENT_ENCODING], "gzip");
    assert_eq!(gunzip(&zipped.bytes), plain.bytes);
    scene.scratch.sql("update published.things set floors = 4 where id = 'T1'");
    let changed = scene.get("/xyz/things/14/8904/6313", &[("if-none-match", known)]).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_ne!(changed.headers[header::ETAG], plain.headers[header::ETAG]);
}

async fn what_is_not_there(scene: &Scene) {
    for nothing in ["/xyz/things/14/0/0", "/xyz/things/9/278/197", "/xyz/things/21/1139833/808134", "/xyz/things,leases/22/0/0"] {
        let answer = scene.get(nothing, &[]).await;
        assert_eq!((answer.status, answer.bytes.len()), (StatusCode::NO_CONTENT, 0), "{nothing}");
        assert!(answer.headers.contains_key(header::ETAG));
    }
    for absent in [
        "/xyz/nothing/1/0/0",
        "/xyz/things/2/4/0",
        "/xyz/things/2/0/-1",
        "/xyz/things/2/0/99999999999999999999",
        "/xyz/nothing",
        "/xyz/things,secrets/changes",
    ] {
        let answer = scene.get(absent, &[]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{absent}");
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
    let answer = scene.get("/xyz/things,ghosts,leases,spirits/1/0/0", &[]).await;
    let problem: serde_json::Value = serde_json::from_slice(&answer.bytes).expect("JSON");
    assert_eq!(problem["unknown"], json!(["ghosts", "spirits"]));
}

async fn what_is_asked_wrongly(scene: &Scene) {
    let many = format!("/xyz/{}/0/0/0", vec!["things"; 5_000].join(","));
    for wrong in [
        "/xyz/things/23/0/0",
        "/xyz/things/-1/0/0",
        "/xyz/things/1.0/0/0",
        "/xyz/things/z/0/0",
        "/xyz/things/0/0/a",
        "/xyz/things/0/0/0.png",
        "/xyz/things/0/0/..%2f",
        "/xyz/things,things/0/0/0",
        "/xyz/things,/0/0/0",
        "/xyz/things/0/0/0?x=1",
        "/xyz/things?x=1",
        "/xyz/things?lang=de",
        "/xyz/things/changes?since=1",
        "/xyz/things/changes?lastEventId=x",
        &many,
    ] {
        let answer = scene.get(wrong, &[]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}: {}", String::from_utf8_lossy(&answer.bytes));
        assert_eq!(answer.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

async fn who_may_see_what(scene: &Scene) {
    let path = "/xyz/secrets/14/8904/6313";
    let stranger = scene.get(path, &[]).await;
    let ghost = scene.get("/xyz/ghosts11/14/8904/6313", &[]).await;
    let shape = |a: &Answer, name: &str| String::from_utf8_lossy(&a.bytes).replace(name, "");
    assert_eq!((stranger.status, shape(&stranger, "secrets")), (ghost.status, shape(&ghost, "ghosts11")));
    let officer = scene.get_as(path, &[], Some(Principal::operator())).await;
    assert_eq!(officer.status, StatusCode::OK);
    assert_eq!(officer.headers[header::CACHE_CONTROL], "private, no-cache");
}

/// A point that lies only in the buffer of a tile, on each side, at each of many zooms; and one that lies beyond it.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missing_in_the_buffer() {
    for srid in [7792, 7791, 7794, 25833, 6706] {
        let scene = scene(srid, &declaration("things", "Point", srid, json!({}))).await;
        let tiles: Vec<(u8, u32, u32)> =
            [(5, 17, 12), (8, 139, 98), (12, 2226, 1578), (14, 8904, 6313), (17, 71233, 50510), (20, 569869, 404090)].into();
        let sides =
            [(-60.0, 2048.0), (4156.0, 2048.0), (2048.0, -60.0), (2048.0, 4156.0), (-60.0, -60.0), (4156.0, 4156.0), (-60.0, 4156.0)];
        let beyond = [(-70.0, 2048.0), (4166.0, 2048.0), (2048.0, -70.0), (2048.0, 4166.0)];
        for (z, x, y) in tiles {
            let rows = |name: &str, places: &[(f64, f64)]| {
                let row = |(i, (across, down)): (usize, &(f64, f64))| {
                    let (lon, lat) = place(z, x, y, *across, *down);
                    format!("('{name}{i}', '080901', {})", scene.point(lon, lat))
                };
                places.iter().enumerate().map(row).collect::<Vec<_>>().join(", ")
            };
            scene.scratch.sql(&format!(
                "truncate published.things; insert into published.things (id, comune, geom) values {}, {}",
                rows("in", &sides),
                rows("out", &beyond)
            ));
            let answer = scene.get(&format!("/xyz/things/{z}/{x}/{y}"), &[]).await;
            let found = features(&answer.bytes, "things");
            let mut ids: Vec<String> = found.iter().map(|f| format!("{:?}", f.properties.as_ref().expect("properties")["id"])).collect();
            ids.sort();
            let expected: Vec<String> = (0..sides.len()).map(|i| format!("String(\"in{i}\")")).collect();
            assert_eq!(ids, expected, "EPSG:{srid} {z}/{x}/{y}");
        }
    }
}

/// Streets are drawn as wide as they are on the ground, so a tile has the lines some metres outside it as well; of areas and points
/// only what reaches into its usual buffer.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_ten_metres_outside_a_near_tile_is_in_it() {
    for srid in [7792, 6706] {
        let sql = ["LineString", "Polygon", "Point"].map(|kind| declaration(&kind.to_lowercase(), kind, srid, json!({}))).concat();
        let scene = scene(srid, &sql).await;
        // 40,075,017 m round the equator, 2^19 tiles, 4096 units, cosine of 38.1 degrees: 681 units are 10 m
        let (z, x, y) = (19, 284935, 202047);
        let ten_metres = 10.0 / (40_075_016.7 / 524_288.0 / 4096.0 * 38.1f64.to_radians().cos());
        let point = |across: f64, down: f64| {
            let (lon, lat) = place(z, x, y, across, down);
            scene.point(lon, lat)
        };
        let [a, b, c] = [point(-ten_metres, 1000.0), point(-ten_metres, 3000.0), point(-ten_metres - 100.0, 2000.0)];
        let [far_a, far_b] = [point(-1.6 * ten_metres, 1000.0), point(-1.6 * ten_metres, 3000.0)];
        scene.scratch.sql(&format!(
            "insert into published.linestring (id, comune, geom) values ('near', '080901', st_makeline({a}, {b})), ('far', '080901', st_makeline({far_a}, {far_b}));
             insert into published.polygon (id, comune, geom) values ('p', '080901', st_makepolygon(st_makeline(array[{a}, {b}, {c}, {a}])));
             insert into published.point (id, comune, geom) values ('p', '080901', {a});"
        ));
        let answer = scene.get(&format!("/xyz/linestring,polygon,point/{z}/{x}/{y}"), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "EPSG:{srid}");
        let lines = features(&answer.bytes, "linestring");
        assert_eq!(lines.len(), 1, "EPSG:{srid}");
        let geo_types::Geometry::LineString(line) = lines[0].get_geometry() else { panic!("{:?}", lines[0].get_geometry()) };
        assert!(line.0.iter().all(|p| (f64::from(p.x) + ten_metres).abs() < 2.0), "{line:?}");
        assert_eq!((features(&answer.bytes, "polygon").len(), features(&answer.bytes, "point").len()), (0, 0), "EPSG:{srid}");
        // where 15 m are less than the least there is: some 55 m outside a tile of zoom 14
        let few = scene.get("/xyz/linestring/14/8904/6313", &[]).await;
        assert_eq!(fids(&few.bytes, "linestring").len(), 2, "EPSG:{srid}");
    }
}

/// A column that is renamed or dropped in `psql`: the layer is left out, says so when it is asked for alone, and heals.
#[tokio::test(flavor = "multi_thread")]
async fn a_layer_whose_table_was_changed_under_it_takes_no_other_with_it() {
    let sql = [declaration("things", "Point", 7792, json!({})), declaration("trees", "Point", 7792, json!({}))].concat();
    let scene = scene(7792, &sql).await;
    let at = scene.point(15.65, 38.1);
    for table in ["things", "trees"] {
        scene.scratch.sql(&format!("insert into published.{table} (id, comune, name, geom) values ('a', '080901', 'n', {at})"));
    }
    for (damage, repair, column) in [
        ("rename column floors to storeys", "rename column storeys to floors", json!(["floors"])),
        ("alter column floors type text using 'three'", "alter column floors type bigint using 3", json!(["floors"])),
        ("rename column geom to shape", "rename column shape to geom", json!(["geom"])),
        ("rename to thingies", "", json!([])),
    ] {
        scene.scratch.sql(&format!("alter table published.things {damage}"));
        let both = scene.get("/xyz/things,trees/14/8904/6313", &[]).await;
        assert_eq!(both.status, StatusCode::OK, "{damage}: {}", String::from_utf8_lossy(&both.bytes));
        assert_eq!((fids(&both.bytes, "things").len(), fids(&both.bytes, "trees").len()), (0, 1), "{damage}");
        let alone = scene.get("/xyz/things/14/8904/6313", &[]).await;
        let problem: serde_json::Value = serde_json::from_slice(&alone.bytes).expect("JSON");
        assert_eq!((alone.status.as_u16(), &problem["layer"], &problem["columns"]), (503, &json!("things"), &column), "{damage}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains("published.things") && detail.contains("alter table"), "{detail}");
        assert_eq!(scene.get("/xyz/things", &[]).await.status, StatusCode::OK, "what it should be can still be read");

        let repair = if repair.is_empty() {
            "alter table published.thingies rename to things"
        } else {
            &format!("alter table published.things {repair}")
        };
        scene.scratch.sql(repair);
        let mut status = 0;
        for _ in 0..100 {
            status = scene.get("/xyz/things/14/8904/6313", &[]).await.status.as_u16();
            if status == 200 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(status, 200, "it heals: {repair}");
    }
}

/// A line across the edge of two tiles: what each draws of it beyond the edge is what the other draws.
#[tokio::test(flavor = "multi_thread")]
async fn lines_meet_at_the_seams() {
    let scene = scene(7792, &declaration("lines", "LineString", 7792, json!({}))).await;
    for (z, x, y) in [(10, 556, 394), (14, 8904, 6313), (18, 142467, 101020)] {
        let ends = [place(z, x, y, 2000.0, 1000.0), place(z, x + 1, y, 2000.0, 3000.0)].map(|(lon, lat)| scene.point(lon, lat));
        scene.scratch.sql(&format!(
            "truncate published.lines; insert into published.lines (id, comune, geom) values ('l', '080901', st_makeline({}, {}))",
            ends[0], ends[1]
        ));
        let edge = async |x: u32, at: f32| {
            let answer = scene.get(&format!("/xyz/lines/{z}/{x}/{y}"), &[]).await;
            let [feature] = &features(&answer.bytes, "lines")[..] else { panic!("one line") };
            let geo_types::Geometry::LineString(line) = feature.get_geometry() else { panic!("{:?}", feature.get_geometry()) };
            let [a, b] = [line.0[0], line.0[line.0.len() - 1]];
            assert!(a.x <= at && at <= b.x || b.x <= at && at <= a.x, "it reaches beyond the edge: {line:?}");
            a.y + (b.y - a.y) * (at - a.x) / (b.x - a.x)
        };
        let (left, right) = (edge(x, 4096.0).await, edge(x + 1, 0.0).await);
        assert!((left - right).abs() <= 1.5, "{z}: {left} {right}");
        assert!((left - 2016.0).abs() < 40.0, "{z}: it crosses the edge where it should: {left}");
    }
}

/// 40,000 small polygons and as many points: at low zooms few features, which say of themselves what they are; and the area
/// that is drawn is the area that there is.
#[tokio::test(flavor = "multi_thread")]
async fn low_zooms_are_bounded_and_say_so() {
    let sql = [declaration("plots", "Polygon", 7792, json!({})), declaration("trees", "Point", 7792, json!({}))].concat();
    let scene = scene(7792, &sql).await;
    scene.scratch.sql(
        "insert into published.plots (id, comune, name, geom)
         select i || '.' || j, '080901', 'Plot ' || i || '/' || j, st_makeenvelope(555000 + i * 20, 4214000 + j * 20, 555020 + i * 20, 4214020 + j * 20, 7792)
           from generate_series(1, 200) i, generate_series(1, 200) j;
         insert into published.trees (id, comune, name, geom) select id, comune, name, st_centroid(geom) from published.plots;",
    );
    let answer = scene.get("/xyz/plots,trees/8/139/98", &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer.bytes));
    assert_eq!(answer.headers["x-generalised"], "plots;cell=32;reason=features, trees;cell=32;reason=features");
    let (plots, trees) = (features(&answer.bytes, "plots"), features(&answer.bytes, "trees"));
    assert!((9..60).contains(&plots.len()) && (9..60).contains(&trees.len()), "{} {}", plots.len(), trees.len());
    let drawn: f64 = plots.iter().map(|f| signed_area(f.get_geometry())).sum();
    let unit = 40_075_016.7 / 256.0 / 4096.0 * 38.1f64.to_radians().cos();
    let truth = 16e6 / (unit * unit);
    assert!((drawn / truth - 1.0).abs() < 0.1, "{drawn} {truth}");
    let again = scene.get("/xyz/plots,trees/8/139/98", &[]).await;
    assert_eq!(again.bytes, answer.bytes, "the same each time");

    // statistics choose what is asked first, not what is answered
    scene.scratch.sql("analyze published.plots; analyze published.trees; update opensit.layers set generation = 2");
    let detail = scene.get("/xyz/plots/15/17808/12626", &[]).await;
    assert!(!detail.headers.contains_key("x-generalised"));
    let truth = scene.scratch.sql(
        "select count(*) from published.plots where st_intersects(st_transform(geom, 3857), st_expand(st_tileenvelope(15, 17808, 12626), 40075016.7 / 32768 / 64))",
    );
    let found = fids(&detail.bytes, "plots");
    assert!(found.is_sorted());
    let truth: usize = truth.parse().expect("a number");
    assert!(found.len().abs_diff(truth) <= truth / 50 + 2, "{} {truth}", found.len());
}

/// Few features, but of so many bytes that the tile would be too large.
#[tokio::test(flavor = "multi_thread")]
async fn heavy_features_lose_detail_and_then_words() {
    let scene = scene(7792, &declaration("books", "Point", 7792, json!({}))).await;
    scene.scratch.sql(&format!(
        "insert into published.books (id, comune, name, geom)
         select i::text, '080901', (select string_agg(md5(i::text || j), '') from generate_series(1, 40) j), st_translate({}, i % 100 * 10, i / 100 * 10)
           from generate_series(1, 5000) i",
        scene.point(15.646, 38.104)
    ));
    let answer = scene.get("/xyz/books/14/8904/6313", &[]).await;
    assert!(answer.headers.contains_key("x-generalised"), "{} {}", answer.status, answer.bytes.len());
    let generalised = answer.headers["x-generalised"].to_str().expect("text").to_owned();
    assert!(generalised.starts_with("books;cell=") && generalised.contains("reason=bytes"), "{generalised}");
    assert!(answer.bytes.len() <= 2 * 1024 * 1024, "{}", answer.bytes.len());
}

fn signed_area(geometry: &geo_types::Geometry<f32>) -> f64 {
    let ring = |l: &geo_types::LineString<f32>| -> f64 {
        l.0.windows(2).map(|w| f64::from(w[0].x) * f64::from(w[1].y) - f64::from(w[1].x) * f64::from(w[0].y)).sum::<f64>().abs() / 2.0
    };
    match geometry {
        geo_types::Geometry::Polygon(p) => ring(p.exterior()),
        geo_types::Geometry::MultiPolygon(m) => m.iter().map(|p| ring(p.exterior())).sum(),
        other => panic!("{other:?}"),
    }
}

/// A tile that takes too long is refused, and the service goes on.
#[tokio::test(flavor = "multi_thread")]
async fn too_slow_is_503() {
    let scene = scene(7792, &declaration("things", "Point", 7792, json!({}))).await;
    let mut writer = sqlx::ConnectOptions::connect(&scene.scratch.options("opensit_owner")).await.expect("a connection");
    sqlx::Executor::execute(&mut writer, "begin; lock table published.things").await.expect("a lock");
    sqlx::Executor::execute(&mut writer, "select 1").await.expect("still there");
    scene.scratch.psql("postgres", "postgres", "alter role opensit_app set lock_timeout = '200ms'");
    let answer = scene.get("/xyz/things/14/8904/6313", &[]).await;
    assert!(matches!(answer.status.as_u16(), 503), "{} {}", answer.status, String::from_utf8_lossy(&answer.bytes));
    sqlx::Executor::execute(&mut writer, "rollback").await.expect("the end");
    assert_eq!(scene.get("/xyz/things/14/8904/6313", &[]).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_spatial_index_is_used_under_row_security() {
    let scene = scene(7792, &declaration("things", "Point", 7792, json!({}))).await;
    scene.scratch.sql(
        "insert into published.things (id, comune, geom) select i::text, '080901', st_setsrid(st_point(555000 + i % 200, 4214000 + i / 200), 7792) from generate_series(1, 40000) i;
         analyze published.things",
    );
    let plan = scene.scratch.psql(
        "opensit_app",
        "opensit",
        "set enable_seqscan = off; explain select fid from published.things where geom && st_makeenvelope(555010, 4214010, 555012, 4214012, 7792) limit 20001",
    );
    assert!(plan.contains("things_geom_idx"), "{plan}");
}
