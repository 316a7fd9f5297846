//! Tiles from memory beside those of PostGIS, on a real PostgreSQL with a real change feed, read by a decoder that is not ours.
#![allow(clippy::expect_used, reason = "helpers of tests")]

#[path = "../../feed/tests/scratch/mod.rs"]
mod scratch;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use catalogue::Catalogue;
use feed::{Feed, FeedConfig, Tls, Way};
use geo::Validation;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kernel::{Assurance, Bbox, Comuni, Context, Installation, Principal, PublicUrl, Role, Srid, SystemClock, Text};
use mvt_reader::Reader;
use scratch::Scratch;
use serde_json::json;
use sqlx::postgres::PgPoolOptions;
use tower::ServiceExt;

const SRID: i32 = 7792;

struct Scene {
    scratch: Scratch,
    /// With the engine, and without it.
    memory: Router,
    sql: Router,
    feed: Feed,
    database: kernel::Database,
    engine: tiles::Engine,
    context: Context,
    catalogue: Catalogue,
}

const LAYERS: usize = 14;

fn declaration(id: &str, geometry: &str, extra: serde_json::Value) -> String {
    let field = |name: &str, kind: &str, private: bool| json!({"name": name, "label": {"it": name, "en": name}, "type": kind, "private": private, "filterable": true});
    let mut layer = json!({
        "id": id, "module": "published", "title": {"it": id, "en": id}, "table": format!("published.{id}"), "geometry": geometry, "srid": SRID,
        "fields": [field("name", "text", false), field("floors", "integer", false), field("height", "number", false), field("listed", "boolean", false),
                   field("built", "date", false), field("seen", "datetime", false), field("owner", "text", true), field("slim", "number", false)]
    });
    layer.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
    let validity = layer["validity"] == true;
    format!(
        "create table published.{id} (name text, floors integer, height double precision, listed boolean, built date, seen timestamptz, owner text, slim real);
         call opensit.make_layer_table('published.{id}', '{geometry}', {validity});
         alter policy app on published.{id} using (true);
         insert into opensit.layers (id, ordinal, relation, declaration) values ('{id}', 1, 'published.{id}', '{layer}');"
    )
}

/// Attributes of a row, different for each `i`.
const ATTRIBUTES: &str = "case when i % 7 = 0 then null else 'è ' || i % 13 end, i % 5 - 2, i / 8.0, i % 2 = 0, date '2000-01-01' + i, \
     timestamptz '2026-01-01 00:30:00.5+01' + i * interval '1 hour', 'owner ' || i, i / 10.0";
const COLUMNS: &str = "name, floors, height, listed, built, seen, owner, slim";

/// Rows of each kind of geometry round a place of the Strait, many of them across the sides of tiles, some with holes, some of several
/// parts, some larger than a tile, some smaller than a unit.
fn rows() -> String {
    let insert = |table: &str, n: u32, geometry: &str| {
        format!(
            "insert into published.{table} (id, comune, {COLUMNS}, geom)
             select '{table}-' || i, case when i % 3 = 0 then '080901' else '080902' end, {ATTRIBUTES}, {geometry}
               from (select i, 556500 + (i * 7919 % 1300) + random() as x, 4217500 + (i * 104729 % 1300) + random() as y,
                            (array[0.05, 0.4, 3, 12, 40, 400])[i % 6 + 1] as size from generate_series(1, {n}) i) r;"
        )
    };
    let blob = "(select st_makepolygon(st_addpoint(l, st_startpoint(l))) from (select st_makeline(array_agg(
         st_point(x + size * (0.4 + 0.6 * ((i * 31 + k * 17) % 10) / 10.0) * cos(k * 2 * pi() / 11),
                  y + size * (0.4 + 0.6 * ((i * 13 + k * 29) % 10) / 10.0) * sin(k * 2 * pi() / 11), 7792) order by k)) l from generate_series(0, 10) k) ring)";
    let holed =
        format!("st_multi(st_difference({blob}, st_translate(st_scale({blob}, st_point(0.3, 0.3, 7792), st_centroid({blob})), 0, 0)))");
    [
        "select setseed(0.5);".to_owned(),
        insert("areas", 600, blob),
        insert("holed", 300, &format!("st_collectionextract(st_makevalid({holed}), 3)")),
        insert("lines", 500, "st_makeline(array[st_point(x, y, 7792), st_point(x + size, y + size / 3, 7792), st_point(x - size, y + size, 7792), st_point(x + size * 3, y, 7792)])"),
        insert("paths", 200, "st_multi(st_union(st_makeline(st_point(x, y, 7792), st_point(x + size, y + size, 7792)), st_makeline(st_point(x + 2 * size, y, 7792), st_point(x + 3 * size, y + size, 7792))))"),
        insert("points", 400, "st_point(x, y, 7792)"),
        insert("clouds", 200, "st_collect(array[st_point(x, y, 7792), st_point(x + size, y, 7792), st_point(x, y + size, 7792)])"),
        insert("mixed", 300, &format!("case i % 3 when 0 then {blob} when 1 then st_point(x, y, 7792) else st_makeline(st_point(x, y, 7792), st_point(x + size, y, 7792)) end")),
    ]
    .concat()
}

async fn scene() -> Scene {
    scene_with("", Way::Replication).await
}

/// With more rows than there are elsewhere.
async fn scene_with(more: &str, way: Way) -> Scene {
    let scratch = match way {
        Way::Replication => Scratch::start(SRID),
        Way::Journal => Scratch::without_replication(SRID),
    };
    let rule = json!({"op": "or", "args": [
        {"op": "and", "args": [{"op": "=", "args": [{"property": "listed"}, true]}, {"op": ">", "args": [{"property": "floors"}, 2]}]},
        {"op": "inScope", "args": [{"property": "comune"}]}
    ]});
    scratch.sql(
        &[
            declaration("areas", "Polygon", json!({})),
            declaration("holed", "MultiPolygon", json!({})),
            declaration("lines", "LineString", json!({})),
            declaration("paths", "MultiLineString", json!({})),
            declaration("points", "Point", json!({})),
            declaration("clouds", "MultiPoint", json!({})),
            declaration("mixed", "Geometry", json!({})),
            declaration("leases", "Point", json!({"validity": true})),
            declaration("guarded", "Point", json!({"audience": "officers"})),
            declaration("ruled", "Point", json!({"rows": rule})),
            declaration("sheets", "Polygon", json!({"aggregate_by": "name"})),
            declaration("veiled", "Polygon", json!({"aggregate_by": "owner"})),
            declaration("walled", "Polygon", json!({"aggregate_by": "name", "audience": "officers"})),
            declaration("dots", "Point", json!({"aggregate_by": "name"})),
        ]
        .concat(),
    );
    scratch.sql(&rows());
    scratch.sql(&format!("select 1; {more}"));
    let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(scratch.options("opensit_app").options(tiles::SESSION));
    let database = kernel::Database::new(pool);
    let catalogue = Catalogue::load(&database).await.expect("the catalogue");
    let context = Context {
        database: database.clone(),
        tiles_database: database.clone(),
        clock: Arc::new(SystemClock),
        public_url: PublicUrl::parse("http://localhost:8080").expect("an address"),
        installation: Arc::new(Installation {
            instance: uuid::Uuid::nil(),
            title: Text::same("t"),
            storage_crs: Srid::new(SRID).expect("a system"),
            bbox: Bbox::new(15.6, 38.0, 15.8, 38.2).expect("a rectangle"),
            demo: false,
        }),
    };
    let config = FeedConfig {
        host_or_socket_dir: scratch.socket(),
        port: 5432,
        user: "opensit_replication".into(),
        password: String::new(),
        database: "opensit".into(),
        tls: Tls::Off,
        instance: uuid::Uuid::nil(),
        publication: "opensit".into(),
        way,
        clock: Arc::new(SystemClock),
    };
    let engine = tiles::Engine::new(config.sql(), 256 << 20);
    let feed = Feed::start(config, catalogue.clone(), database.clone(), Some(engine.copies()));
    tokio::spawn(engine.clone().run(catalogue.clone(), feed.clone(), Arc::new(SystemClock)));
    let memory = tiles::routes(
        context.clone(),
        catalogue.clone(),
        crs::Settings::default(),
        feed.clone(),
        Some(engine.clone()),
        tiles::Load::here(64, 16 << 20),
        tiles::Beside::default(),
    );
    let sql = tiles::routes(
        context.clone(),
        catalogue.clone(),
        crs::Settings::default(),
        feed.clone(),
        None,
        tiles::Load::here(64, 16 << 20),
        tiles::Beside::default(),
    );
    let scene = Scene { scratch, memory, sql, feed, database, engine: engine.clone(), context, catalogue };
    for _ in 0..600 {
        if engine.layers() == LAYERS {
            return scene;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the layers were not loaded: {}", engine.layers());
}

/// A feature as a client sees it.
#[derive(Debug, PartialEq)]
struct Feature {
    properties: BTreeMap<String, String>,
    geometry: geo_types::Geometry<f32>,
}

fn read(bytes: &[u8]) -> BTreeMap<(String, u64), Feature> {
    let reader = Reader::new(bytes.to_vec()).expect("a tile");
    let mut all = BTreeMap::new();
    for (at, name) in reader.get_layer_names().expect("names").into_iter().enumerate() {
        for feature in reader.get_features(at).expect("features") {
            let properties = feature.properties.unwrap_or_default().into_iter().map(|(key, value)| (key, format!("{value:?}"))).collect();
            let before = all.insert((name.clone(), feature.id.expect("an id")), Feature { properties, geometry: feature.geometry });
            assert!(before.is_none(), "twice in {name}");
        }
    }
    all
}

impl Scene {
    async fn ask(router: &Router, path: &str, who: Option<&Principal>) -> (StatusCode, Vec<u8>) {
        let mut request = Request::get(path).body(Body::empty()).expect("a request");
        if let Some(who) = who {
            request.extensions_mut().insert(who.clone());
        }
        let response = router.clone().oneshot(request).await.expect("an answer");
        let status = response.status();
        (status, response.into_body().collect().await.expect("a body").to_bytes().to_vec())
    }

    /// Runs SQL as the owner and waits until the feed has told of it.
    async fn change(&self, sql: &str) {
        self.scratch.sql(sql);
        let mut session = self.database.session(&Principal::anonymous()).await.expect("a session");
        let at: String = sqlx::query_scalar("select pg_current_wal_lsn()::text").fetch_one(&mut *session).await.expect("a position");
        drop(session);
        // the log's end is told when something follows it
        self.scratch.sql("create table if not exists published.tick (i int); insert into published.tick values (1)");
        tokio::time::timeout(Duration::from_secs(20), self.feed.reached(at.parse().expect("a position")))
            .await
            .expect("the feed comes there");
    }

    /// The tile from memory and the database's, which must say the same.
    async fn compare(&self, layers: &str, tile: &str, who: Option<&Principal>) -> usize {
        let path = format!("/xyz/{layers}/{tile}");
        let (status, ours) = Self::ask(&self.memory, &path, who).await;
        let (expected, theirs) = Self::ask(&self.sql, &path, who).await;
        assert_eq!(status, expected, "{path}");
        let (ours, theirs) = (read(&ours), read(&theirs));
        for (key, feature) in &theirs {
            let Some(own) = ours.get(key) else {
                assert!(is_tiny(&feature.geometry), "{path} {key:?} is missing: {:?}", feature.geometry);
                continue;
            };
            assert_eq!(own.properties, feature.properties, "{path} {key:?}");
            if !key.0.ends_with("_labels") {
                let apart = apart(&own.geometry, &feature.geometry);
                // something of a few units falls together in more ways than one
                let tolerance = if size(&feature.geometry) > 8.0 { 2.0 } else { 4.0 };
                assert!(apart <= tolerance, "{path} {key:?}: {apart} units apart\n{:?}\n{:?}", own.geometry, feature.geometry);
            }
        }
        for (key, feature) in &ours {
            assert!(theirs.contains_key(key) || is_tiny(&feature.geometry), "{path} {key:?} is too much: {:?}", feature.geometry);
            for polygon in polygons(&feature.geometry) {
                assert!(polygon.is_valid(), "{path} {key:?}: {polygon:?}");
            }
        }
        ours.len()
    }
}

impl Scene {
    /// A router with little room: one large tile at once, four of the database, and two that wait for either.
    fn narrow(&self, engine: Option<tiles::Engine>) -> Router {
        let load = tiles::Load { at_once: 1, waiting: 2, cache: 0 };
        tiles::routes(
            self.context.clone(),
            self.catalogue.clone(),
            crs::Settings::default(),
            self.feed.clone(),
            engine,
            load,
            tiles::Beside::default(),
        )
    }
}

fn polygons(geometry: &geo_types::Geometry<f32>) -> Vec<geo_types::Polygon<f64>> {
    let double =
        |line: &geo_types::LineString<f32>| geo_types::LineString::from_iter(line.coords().map(|c| (f64::from(c.x), f64::from(c.y))));
    let one = |p: &geo_types::Polygon<f32>| geo_types::Polygon::new(double(p.exterior()), p.interiors().iter().map(double).collect());
    match geometry {
        geo_types::Geometry::Polygon(polygon) => vec![one(polygon)],
        geo_types::Geometry::MultiPolygon(all) => all.iter().map(one).collect(),
        _ => Vec::new(),
    }
}

/// What two implementations may disagree on: whether something of about a unit is there.
fn is_tiny(geometry: &geo_types::Geometry<f32>) -> bool {
    use geo::Area;
    let area = !polygons(geometry).is_empty() && geometry.unsigned_area() <= 4.0;
    area || size(geometry) <= 2.0
}

/// The longer side of its box, units.
fn size(geometry: &geo_types::Geometry<f32>) -> f32 {
    use geo::BoundingRect;
    geometry.bounding_rect().map_or(0.0, |r| r.width().max(r.height()))
}

/// How far the farthest position of either that lies in the tile itself is from the other. Where a tile's buffer cuts what runs along it, half
/// a unit on the way is many there.
fn apart(one: &geo_types::Geometry<f32>, other: &geo_types::Geometry<f32>) -> f64 {
    use geo::CoordsIter;
    let inside = |at: &geo_types::Coord<f32>| (0.0..=4096.0).contains(&at.x) && (0.0..=4096.0).contains(&at.y);
    let farthest = |from: &geo_types::Geometry<f32>, to: &geo_types::Geometry<f32>| {
        from.coords_iter().filter(inside).map(|at| distance(at, to)).fold(0.0, f64::max)
    };
    farthest(one, other).max(farthest(other, one))
}

fn distance(at: geo_types::Coord<f32>, geometry: &geo_types::Geometry<f32>) -> f64 {
    let mut lines: Vec<geo_types::LineString<f32>> = Vec::new();
    match geometry {
        geo_types::Geometry::Point(p) => lines.push(vec![p.0, p.0].into()),
        geo_types::Geometry::MultiPoint(all) => lines.extend(all.iter().map(|p| geo_types::LineString::from(vec![p.0, p.0]))),
        geo_types::Geometry::LineString(line) => lines.push(line.clone()),
        geo_types::Geometry::MultiLineString(all) => lines.extend(all.iter().cloned()),
        geo_types::Geometry::Polygon(p) => lines.extend(std::iter::once(p.exterior()).chain(p.interiors()).cloned()),
        geo_types::Geometry::MultiPolygon(all) => {
            lines.extend(all.iter().flat_map(|p| std::iter::once(p.exterior()).chain(p.interiors())).cloned());
        }
        other => panic!("{other:?}"),
    }
    let to_segment = |a: geo_types::Coord<f32>, b: geo_types::Coord<f32>| {
        let (px, py) = (f64::from(at.x - a.x), f64::from(at.y - a.y));
        let (bx, by) = (f64::from(b.x - a.x), f64::from(b.y - a.y));
        let length = bx * bx + by * by;
        let along = if length > 0.0 { ((px * bx + py * by) / length).clamp(0.0, 1.0) } else { 0.0 };
        (px - along * bx).hypot(py - along * by)
    };
    lines.iter().flat_map(|line| line.0.windows(2)).map(|pair| to_segment(pair[0], pair[1])).fold(f64::INFINITY, f64::min)
}

const ALL: [&str; 7] = ["areas", "holed", "lines", "paths", "points", "clouds", "mixed"];

/// Tiles round the rows, from the one that holds them all down to a few at each zoom.
fn tiles(lon: f64, lat: f64, zooms: std::ops::RangeInclusive<u8>) -> Vec<String> {
    let mut all = Vec::new();
    for z in zooms {
        let n = f64::from(1u32 << z);
        let x = ((lon + 180.0) / 360.0 * n) as u32;
        let phi = lat.to_radians();
        let y = ((1.0 - (phi.tan() + 1.0 / phi.cos()).ln() / std::f64::consts::PI) / 2.0 * n) as u32;
        all.extend([(0, 0), (1, 0), (0, 1), (1, 1)].map(|(dx, dy)| format!("{z}/{}/{}", x + dx, y + dy)));
    }
    all
}

const PLACE: (f64, f64) = (15.648, 38.1075);

#[tokio::test(flavor = "multi_thread")]
async fn feature_by_feature_as_postgis_writes_them_and_after_every_kind_of_edit() {
    as_postgis_writes_them(&scene().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn also_without_logical_replication() {
    as_postgis_writes_them(&scene_with("", Way::Journal).await).await;
}

async fn as_postgis_writes_them(scene: &Scene) {
    let mut seen = 0;
    for layer in ALL {
        for tile in tiles(PLACE.0, PLACE.1, 12..=22) {
            seen += scene.compare(layer, &tile, None).await;
        }
    }
    assert!(seen > 9_000, "{seen}");

    let edits = [
        "insert into published.areas (id, comune, name, geom) values ('new', '080901', 'new', st_buffer(st_point(557000, 4218000, 7792), 30))",
        "update published.areas set geom = st_translate(geom, 400, -300) where id = 'areas-5'",
        // longer than a page's worth: the stream says that it did not change
        "update published.lines set geom = (select st_makeline(st_point(557000 + cos(k) * k / 4, 4218000 + sin(k) * k / 4, 7792)) from generate_series(1, 1200) k) where id = 'lines-7'",
        "update published.lines set name = 'renamed', slim = 0.3 where id = 'lines-7'",
        "delete from published.areas where fid % 10 = 3",
        "begin; delete from published.points; update published.areas set name = 'never'; rollback",
        "begin; update published.points set name = 'one'; update published.points set geom = st_translate(geom, 5, 5); delete from published.points where fid % 2 = 0; commit",
        "alter table published.areas add column further text; update published.areas set further = 'x', name = 'after' where fid % 4 = 0",
        "update published.mixed set geom = st_buffer(st_centroid(geom), 20) where fid % 2 = 0",
        // so many that the small runs and the large one become one
        "insert into published.points (id, comune, name, geom) select 'many-' || i, '080901', 'n' || i % 9, st_point(556900 + i % 90 * 3, 4217900 + i / 90 * 3, 7792) from generate_series(1, 6000) i",
        "update published.points set name = 'again' where id like 'many-%' and fid % 3 = 0",
        "truncate published.clouds",
        "insert into published.clouds (id, comune, geom) values ('c', '080901', st_multi(st_point(557000, 4218000, 7792)))",
    ];
    for edit in edits {
        scene.change(edit).await;
        for tile in tiles(PLACE.0, PLACE.1, 14..=16) {
            scene.compare(&ALL.join(","), &tile, None).await;
        }
    }
    assert_eq!(scene.engine.layers(), LAYERS, "nothing was loaded again");
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_sees_what_they_see_from_the_database() {
    let scene = scene().await;
    let at = "st_point(556900 + i * 7 % 300, 4217900 + i * 13 % 300, 7792)";
    scene
        .change(&format!(
            "insert into published.guarded (id, comune, name, owner, geom) select 'g' || i, (array['080901', '080902'])[i % 2 + 1], 'n' || i % 5, 'o' || i, {at} from generate_series(1, 200) i;
             insert into published.ruled (id, comune, name, owner, listed, floors, geom) select 'r' || i, (array['080901', '080902'])[i % 2 + 1], 'n' || i % 5, 'o' || i, i % 3 = 0, i % 7, {at} from generate_series(1, 200) i;
             insert into published.leases (id, comune, valid_from, valid_to, geom) select 'l' || i, '080901', timestamptz '2020-01-01' + i * interval '20 days',
                    case when i % 2 = 0 then timestamptz '2021-01-01' + i * interval '20 days' end, {at} from generate_series(1, 200) i;"
        ))
        .await;
    let staff = |role, istat: &str| {
        let comuni = Comuni::Only([istat.to_owned()].into());
        Principal::known(role, uuid::Uuid::from_u128(7), "P", Assurance::Low).with_comuni(comuni)
    };
    let people = [
        Principal::anonymous(),
        staff(Role::Citizen, "080901"),
        staff(Role::Officer, "080901"),
        staff(Role::Planner, "080902"),
        staff(Role::Administrator, "080902"),
        Principal::operator(),
    ];
    let mut seen = Vec::new();
    for who in &people {
        let mut count = 0;
        for tile in tiles(PLACE.0, PLACE.1, 14..=17) {
            if who.is_staff() {
                count += scene.compare("guarded", &tile, Some(who)).await;
            }
            count += scene.compare("ruled,areas", &tile, Some(who)).await;
            for time in ["", "?datetime=2020-06-01", "?datetime=2021-01-01/2021-02-01", "?datetime=../2020-03-01T00:00:00Z"] {
                scene.compare("leases", &format!("{tile}{time}"), Some(who)).await;
            }
        }
        seen.push(count);
    }
    assert!(seen[0] < seen[2] && seen[2] < seen[5], "{seen:?}");
    // a rule that changes holds at once, and is served from the database until the layer is loaded anew
    scene.change("update opensit.layers set declaration = declaration || '{\"audience\": \"officers\"}' where id = 'points'").await;
    let (status, _) = Scene::ask(&scene.memory, &format!("/xyz/points/{}", tiles(PLACE.0, PLACE.1, 14..=14)[0]), None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// A text as a value in an address.
fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// What can be told from memory, and what can't.
const TOLD: [&str; 27] = [
    "name = 'è 3'",
    "name <> 'è 3' AND floors >= 0",
    "name IS NULL",
    "NOT (name = 'è 3')",
    "NOT (name IS NULL OR listed = true)",
    "name LIKE 'è 1%'",
    "name NOT LIKE '%1_'",
    "CASEI(name) = CASEI('È 3')",
    "name IN ('è 1', 'è 2', 'nothing')",
    "name NOT IN ('è 1', 'è 2')",
    "name < 'è 5'",
    "floors IN (0, 1)",
    "floors BETWEEN -1 AND 1",
    "floors = 1.0 OR floors > 1.5",
    "height < 20.5",
    "slim = 0.5 OR slim > 30",
    "slim = 0.1",
    "listed = false",
    "built < DATE('2000-06-01')",
    "T_AFTER(built, DATE('2000-06-01'))",
    "built >= '2000-06-01T00:00:00Z'",
    "seen < TIMESTAMP('2026-01-05T00:00:00Z')",
    "seen >= '2026-01-05T01:00:00+01:00'",
    "comune = '080901' AND id LIKE '%-1%'",
    "fid < 1000 AND (TRUE)",
    "S_INTERSECTS(geometry, BBOX(-180,-90,180,90)) AND floors = 1",
    "FALSE",
];
const ASKED: [&str; 6] = [
    "seen >= TIMESTAMP('2026-01-03T00:30:00.5Z')",
    "seen > TIMESTAMP('2026-01-05T00:30:00Z')",
    "version = 1",
    "S_INTERSECTS(geometry, BBOX(15.65,38.1,15.66,38.11))",
    "S_WITHIN(geometry, POLYGON((15.64 38.09, 15.66 38.09, 15.65 38.11, 15.64 38.09)))",
    "s_dwithin(geometry, POINT(15.65 38.105), 200) OR name = 'è 3'",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_leaves_the_same_rows_from_memory_as_from_the_database() {
    let scene = scene().await;
    let tiles = tiles(PLACE.0, PLACE.1, 14..=15);
    let all = scene.compare(&ALL.join(","), &tiles[0], None).await;
    for (filters, served) in [(&TOLD[..], "memory"), (&ASKED[..], "database")] {
        for filter in filters {
            let query = format!("filter={}", encoded(filter));
            let (_, document) = Scene::ask(&scene.memory, &format!("/xyz/{}?{query}", ALL.join(",")), None).await;
            let document: serde_json::Value = serde_json::from_slice(&document).expect("TileJSON");
            assert_eq!(document["served_from"], served, "{filter}: {document}");
            assert!(document["tiles"][0].as_str().expect("an address").contains("?filter="), "{document}");
            let mut count = 0;
            for tile in &tiles {
                count = scene.compare(&ALL.join(","), &format!("{tile}?{query}"), None).await.max(count);
            }
            assert!(count < all && (count > 0 || matches!(*filter, "FALSE" | "slim = 0.1")), "{filter}: {count} of {all}");
        }
    }
    // in another language, another system and with the time
    let json = r#"{"op":"=","args":[{"property":"listed"},true]}"#;
    scene.compare("areas", &format!("{}?filter-lang=cql2-json&filter={}", tiles[0], encoded(json)), None).await;
    let metres = encoded("S_INTERSECTS(geometry, BBOX(4217800,556800,4218200,557200))");
    let some = scene.compare("points", &format!("{}?filter={metres}&filter-crs=EPSG:6708&datetime=2026-01-01", tiles[0]), None).await;
    assert!(some > 0);
    // an edit that makes a row meet the filter, and one that makes it not
    let query = format!("filter={}", encoded("name = 'renamed'"));
    assert_eq!(scene.compare("points", &format!("{}?{query}", tiles[0]), None).await, 0);
    scene.change("update published.points set name = 'renamed' where fid % 2 = 0").await;
    assert!(scene.compare("points", &format!("{}?{query}", tiles[0]), None).await > 10);
    scene.change("update published.points set name = null").await;
    assert_eq!(scene.compare("points", &format!("{}?{query}", tiles[0]), None).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_finds_out_by_filtering_and_each_sees_what_they_asked_for() {
    let scene = scene().await;
    let tile = &tiles(PLACE.0, PLACE.1, 14..=14)[0];
    let officer = Principal::known(Role::Officer, uuid::Uuid::from_u128(7), "P", Assurance::Low)
        .with_comuni(Comuni::Only(["080901".to_owned()].into()));
    for filter in ["owner LIKE 'owner 1%'", "owner IS NULL", "NOT (owner LIKE 'owner 1%')", "owner IS NOT NULL AND floors > 0"] {
        let query = format!("filter={}", encoded(filter));
        let seen = scene.compare("areas,points", &format!("{tile}?{query}"), Some(&officer)).await;
        assert!(seen > 0, "{filter}");
        // hidden and absent read alike
        for router in [&scene.memory, &scene.sql] {
            let (status, hidden) = Scene::ask(router, &format!("/xyz/points/{tile}?{query}"), None).await;
            let absent = format!("/xyz/points/{tile}?{}", query.replace("owner", "nobdy"));
            let (_, absent) = Scene::ask(router, &absent, None).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("nobdy", "owner");
            assert_eq!(text(&hidden), text(&absent));
        }
    }
    let hidden = scene.compare("points", &format!("{tile}?filter={}", encoded("owner IS NULL")), Some(&officer)).await;
    let all = scene.compare("points", tile, Some(&officer)).await;
    assert!(hidden > 0 && hidden < all, "of the other comune no owner is seen: {hidden} of {all}");
    for (properties, keys) in
        [("name", vec!["name"]), ("id,floors", vec!["floors", "id"]), ("id", vec!["id"]), (" listed , name ", vec!["listed", "name"])]
    {
        for tile in [tile, &tiles(PLACE.0, PLACE.1, 16..=16)[0]] {
            let path = format!("{tile}?properties={}&filter={}", encoded(properties), encoded("name IS NOT NULL"));
            assert!(scene.compare(&ALL.join(","), &path, None).await > 0);
            let (_, bytes) = Scene::ask(&scene.memory, &format!("/xyz/points/{path}"), None).await;
            for feature in read(&bytes).values() {
                assert_eq!(feature.properties.keys().collect::<Vec<_>>(), keys, "{properties}");
            }
        }
    }
    for (query, parameter) in [
        ("properties=nothing", "properties"),
        ("properties=owner", "properties"),
        ("properties=", "properties"),
        ("properties=geom", "properties"),
        ("filter=", "filter"),
        ("filter=name", "filter"),
        ("filter=nothing%3D1", "filter"),
        ("filter=name%3D1", "filter"),
        ("filter=pg_sleep(9)%3D1", "filter"),
        ("filter=name%3D'a'&filter-lang=sql", "filter-lang"),
        ("filter=name%3D'a'&filter-crs=EPSG:2154", "filter-crs"),
    ] {
        for path in [format!("/xyz/points/{tile}?{query}"), format!("/xyz/points?{query}"), format!("/xyz/points/22/0/0?{query}")] {
            let (status, body) = Scene::ask(&scene.memory, &path, None).await;
            let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem");
            assert_eq!((status, &problem["parameter"]), (StatusCode::BAD_REQUEST, &parameter.into()), "{path}: {problem}");
        }
    }
    // a layer that does not know the property is named
    scene
        .change("update opensit.layers set declaration = jsonb_set(declaration, '{fields,0,filterable}', 'false') where id = 'lines'")
        .await;
    let (status, body) = Scene::ask(&scene.memory, &format!("/xyz/points,lines/{tile}?filter=name%3D'a'"), None).await;
    let problem: serde_json::Value = serde_json::from_slice(&body).expect("a problem");
    assert_eq!((status, &problem["layer"]), (StatusCode::BAD_REQUEST, &"lines".into()), "{problem}");
}

/// The fids of a crowded tile, and what its header says.
async fn crowded(router: &Router, path: &str) -> (Vec<u64>, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("an answer");
    let generalised = response.headers().get("x-generalised").map(|v| v.to_str().expect("text").to_owned()).unwrap_or_default();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (read(&bytes).into_keys().map(|(_, fid)| fid).collect(), generalised)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowded_tile_is_generalised_and_fresh() {
    let scene = scene().await;
    let many = "insert into published.areas (id, comune, name, geom)
        select 'many-' || i, '080901', 'n' || i % 9, st_buffer(st_point(555000 + i % 160 * 20, 4216000 + i / 160 * 20, 7792), 7, 1) from generate_series(1, 25000) i";
    scene.change(many).await;
    let tile = &tiles(PLACE.0, PLACE.1, 10..=10)[0];
    let path = format!("/xyz/areas/{tile}");
    let ((ours, said), (theirs, also)) = (crowded(&scene.memory, &path).await, crowded(&scene.sql, &path).await);
    assert_eq!(said, "areas;cell=32;reason=features");
    assert_eq!(said, also);
    assert!(!ours.is_empty() && ours.len() < 2 * theirs.len() && theirs.len() < 2 * ours.len(), "{} {}", ours.len(), theirs.len());
    // of a filter only what meets it is drawn together, and that is kept for nobody else
    let unlucky: Vec<u64> = scene
        .scratch
        .sql("select fid from published.areas where name = 'n3'")
        .split_whitespace()
        .map(|n| n.parse().expect("a number"))
        .collect();
    assert!(ours.iter().any(|fid| unlucky.contains(fid)));
    let query = format!("{path}?filter={}", encoded("name <> 'n3'"));
    let ((some, said), (other, also)) = (crowded(&scene.memory, &query).await, crowded(&scene.sql, &query).await);
    assert_eq!((said.as_str(), &said), ("areas;cell=32;reason=features", &also));
    assert!(!some.iter().any(|fid| unlucky.contains(fid)) && !other.iter().any(|fid| unlucky.contains(fid)));
    assert!(some.len() < 2 * other.len() && other.len() < 2 * some.len(), "{} {}", some.len(), other.len());
    let few = format!("{path}?filter={}", encoded("name = 'n3'"));
    let ((few, said), (also, _)) = (crowded(&scene.memory, &few).await, crowded(&scene.sql, &few).await);
    assert_eq!(said, "", "what is left is not too much");
    assert!(few.iter().all(|fid| unlucky.contains(fid)) && few.len().abs_diff(also.len()) < few.len() / 10, "{} {}", few.len(), also.len());
    // which row stands for a cell may be another once the rows are one run
    let again = crowded(&scene.memory, &path).await.0;
    assert!(again.iter().any(|fid| unlucky.contains(fid)) && again.len().abs_diff(ours.len()) < ours.len() / 4, "{}", again.len());
    let ours = again;
    // a filter that would be too much work for so many rows is the database's
    let long = vec![format!("name LIKE '%{}%'", "x".repeat(60)); 100].join(" OR ");
    let long = format!("{path}?filter={}", encoded(&format!("name = 'n3' OR {long}")));
    let both = (crowded(&scene.memory, &long).await, crowded(&scene.sql, &long).await);
    assert!(both.0 == both.1 && both.0.0.len() == also.len(), "{} {}", both.0.0.len(), both.1.0.len());
    // a cell that nothing stood in, and one that loses what stood for it
    scene
        .change("insert into published.areas (id, comune, geom) values ('far', '080901', st_buffer(st_point(553900, 4215500, 7792), 25))")
        .await;
    let far: u64 = scene.scratch.sql("select fid from published.areas where id = 'far'").trim().parse().expect("a number");
    let (after, _) = crowded(&scene.memory, &path).await;
    assert!(after.contains(&far) && after.len() == ours.len() + 1);
    let gone: Vec<String> = ours.iter().map(u64::to_string).collect();
    scene.change(&format!("delete from published.areas where fid in ({})", gone.join(","))).await;
    let (after, _) = crowded(&scene.memory, &path).await;
    assert!(!after.is_empty() && !after.iter().any(|fid| ours.contains(fid)));
}

/// What is refused says so: after how many seconds to come again.
async fn status(router: &Router, path: &str) -> StatusCode {
    let response = router.clone().oneshot(Request::get(path).body(Body::empty()).expect("a request")).await.expect("an answer");
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
    }
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_large_tiles_are_refused_while_small_ones_are_answered() {
    let many = "insert into published.areas (id, comune, name, geom)
        select 'many-' || i, '080901', 'n' || i % 9, st_buffer(st_point(555000 + i % 160 * 20, 4216000 + i / 160 * 20, 7792), 7) from generate_series(1, 8000) i;
        analyze published.areas";
    let scene = scene_with(many, Way::Replication).await;
    let narrow = scene.narrow(Some(scene.engine.clone()));
    let (large, small) =
        (format!("/xyz/areas/{}", tiles(PLACE.0, PLACE.1, 11..=11)[0]), format!("/xyz/points/{}", tiles(PLACE.0, PLACE.1, 14..=14)[0]));
    let flood = futures::future::join_all((0..40).map(|_| status(&narrow, &large)));
    let others = futures::future::join_all((0..40).map(|_| status(&narrow, &small)));
    let (flood, others) = tokio::join!(flood, others);
    let count = |wanted: StatusCode| flood.iter().filter(|status| **status == wanted).count();
    assert!(count(StatusCode::OK) >= 3, "one is made and two wait: {flood:?}");
    assert!(count(StatusCode::SERVICE_UNAVAILABLE) >= 1, "{flood:?}");
    assert_eq!(count(StatusCode::OK) + count(StatusCode::SERVICE_UNAVAILABLE), 40, "{flood:?}");
    assert!(others.iter().all(|status| *status == StatusCode::OK), "{others:?}");
    assert_eq!(status(&narrow, &large).await, StatusCode::OK, "it is as it was");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_tiles_of_the_database_are_refused_at_once() {
    use sqlx::{ConnectOptions, Executor};
    let scene = scene().await;
    let (from_memory, from_sql) = (scene.narrow(Some(scene.engine.clone())), scene.narrow(None));
    let path = format!("/xyz/areas/{}", tiles(PLACE.0, PLACE.1, 15..=15)[0]);
    // nobody reads the table as long as this is open
    let mut holder = scene.scratch.options("opensit_owner").connect().await.expect("a connection");
    holder.execute("begin; lock table published.areas in access exclusive mode").await.expect("a lock");
    let mut asking: Vec<_> = (0..10)
        .map(|_| {
            let (router, path) = (from_sql.clone(), path.clone());
            tokio::spawn(async move { status(&router, &path).await })
        })
        .collect();
    for _ in 0..200 {
        if asking.iter().filter(|asked| asked.is_finished()).count() == 4 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (refused, held): (Vec<_>, Vec<_>) = asking.drain(..).partition(tokio::task::JoinHandle::is_finished);
    assert_eq!((refused.len(), held.len()), (4, 6), "four connections, and two that wait for one");
    for refused in refused {
        assert_eq!(refused.await.expect("an answer"), StatusCode::SERVICE_UNAVAILABLE);
    }
    assert_eq!(status(&from_memory, &path).await, StatusCode::OK, "memory asks nobody");
    holder.execute("rollback").await.expect("it is given back");
    for held in held {
        assert_eq!(held.await.expect("an answer"), StatusCode::OK);
    }
    assert_eq!(status(&from_sql, &path).await, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_transaction_holds_up_no_other_layer_and_is_in_the_tile_of_who_hears_of_it() {
    let scene = scene().await;
    let (areas, points) =
        (format!("/xyz/areas/{}", tiles(PLACE.0, PLACE.1, 15..=15)[0]), format!("/xyz/points/{}", tiles(PLACE.0, PLACE.1, 15..=15)[0]));
    let mut reader = scene.feed.subscribe(None);
    let mut told = async || tokio::time::timeout(Duration::from_secs(60), reader.next()).await.expect("in time").expect("a commit");
    for round in 0..3 {
        let many = format!(
            "begin; delete from published.areas where id like 'bulk-%'; insert into published.areas (id, comune, name, geom)
               select 'bulk-' || i, '080901', 'round {round}', st_buffer(st_point(556900 + i % 200 * 2, 4217900 + i / 200 * 2, 7792), 0.9, 1)
                 from generate_series(1, 20000) i; commit"
        );
        scene.scratch.sql(&many);
        told().await;
        let heard = std::time::Instant::now();
        // another layer's commit right behind it
        scene.scratch.sql(&format!("update published.points set name = 'round {round}' where id = 'points-1'"));
        told().await;
        println!("the next commit, of another layer, was told {:?} after the large one", heard.elapsed());
        let (status, bytes) = Scene::ask(&scene.memory, &areas, None).await;
        assert_eq!(status, StatusCode::OK);
        let bulk = read(&bytes).into_values().filter(|f| f.properties.get("id").is_some_and(|id| id.contains("bulk-"))).collect::<Vec<_>>();
        assert!(!bulk.is_empty() && bulk.iter().all(|f| f.properties["name"].contains(&format!("round {round}"))), "{}", bulk.len());
        assert_eq!(Scene::ask(&scene.memory, &points, None).await.0, StatusCode::OK);
        // and what comes while it is taken in is not lost
        scene.scratch.sql("update published.areas set name = 'last' where id = 'bulk-101'");
        told().await;
        scene.compare("areas", &tiles(PLACE.0, PLACE.1, 16..=16)[0], None).await;
    }
    assert_eq!(scene.engine.layers(), LAYERS, "nothing was loaded again");
}

/// 22,500 squares of 20 m side by side, in nine sheets of 50 by 50; or points in their middles.
fn side_by_side(table: &str, owner: &str, comune: &str, point: bool) -> String {
    let place = "555000 + i % 150 * 20, 4216000 + i / 150 * 20";
    let geometry = match point {
        true => format!("st_point({place}, 7792)"),
        false => format!("st_makeenvelope({place}, 555020 + i % 150 * 20, 4216020 + i / 150 * 20, 7792)"),
    };
    format!(
        "insert into published.{table} (id, comune, name, owner, geom)
         select '{table}-' || i, {comune}, 'sheet ' || i % 150 / 50 + i / 7500 * 3, {owner}, {geometry} from generate_series(0, 22499) i;"
    )
}

/// A feature of a generalised tile, which may have no id.
struct Drawn {
    id: Option<u64>,
    properties: BTreeMap<String, String>,
    geometry: geo_types::Geometry<f32>,
}

impl Drawn {
    fn area(&self) -> f64 {
        use geo::Area;
        polygons(&self.geometry).iter().map(|polygon| polygon.unsigned_area()).sum()
    }

    fn count(&self, name: &str) -> u64 {
        let text = self.properties.get(name).map(|v| v.chars().filter(char::is_ascii_digit).collect::<String>());
        text.map_or(1, |digits| digits.parse().unwrap_or_else(|_| panic!("{digits}")))
    }
}

async fn drawn(router: &Router, path: &str, who: Option<&Principal>) -> (Vec<Drawn>, String) {
    let mut request = Request::get(path).body(Body::empty()).expect("a request");
    if let Some(who) = who {
        request.extensions_mut().insert(who.clone());
    }
    let response = router.clone().oneshot(request).await.expect("an answer");
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let said = response.headers().get("x-generalised").map(|v| v.to_str().expect("text").to_owned()).unwrap_or_default();
    let bytes = response.into_body().collect().await.expect("a body").to_bytes().to_vec();
    let mut all = Vec::new();
    if !bytes.is_empty() {
        let reader = Reader::new(bytes).expect("a tile");
        for feature in reader.get_features(0).expect("features") {
            let properties = feature.properties.unwrap_or_default().into_iter().map(|(key, value)| (key, format!("{value:?}"))).collect();
            all.push(Drawn { id: feature.id, properties, geometry: feature.geometry });
        }
    }
    (all, said)
}

#[tokio::test(flavor = "multi_thread")]
async fn areas_of_a_value_are_one_block_at_low_zooms_and_nothing_private_is_told() {
    let scene = scene().await;
    scene
        .change(
            &[
                side_by_side("sheets", "'o' || i", "'080901'", false),
                side_by_side("veiled", "'owner ' || i % 3", "'080901'", false),
                side_by_side("walled", "null", "case when i < 11250 then '080901' else '080902' end", false),
            ]
            .concat(),
        )
        .await;
    for z in [0, 4, 8, 10] {
        let tile = &tiles(15.633, 38.105, z..=z)[0];
        let (blocks, said) = drawn(&scene.memory, &format!("/xyz/sheets/{tile}"), None).await;
        assert_eq!(said, "sheets;cell=32;reason=features", "{tile}");
        assert!(!blocks.is_empty(), "blank at {z}");
        for block in &blocks {
            assert!(block.id.is_none() && block.properties.keys().all(|key| key == "name"), "{:?}", block.properties);
            assert!(polygons(&block.geometry).iter().all(Validation::is_valid), "{z}: {:?}", block.geometry);
        }
        if z >= 10 {
            let names: std::collections::BTreeSet<&String> = blocks.iter().map(|block| &block.properties["name"]).collect();
            assert_eq!((names.len(), blocks.len()), (9, 9), "one block of each sheet at {z}");
            // 9 km² and a strip of a cell at most round it, nothing open between the sheets
            let unit = 40_075_016.7 / f64::from(1u32 << z) / 4096.0 * 38.1f64.to_radians().cos();
            let (ground, strip) = (9e6 / unit / unit, 4.0 * 3_000.0 / unit * 16.0);
            let all: f64 = blocks.iter().map(Drawn::area).sum();
            assert!((all - ground).abs() <= strip, "{z}: {all} {ground}");
        }
    }
    // the database's are squares of the same values
    let tile = &tiles(15.633, 38.105, 10..=10)[0];
    let (squares, said) = drawn(&scene.sql, &format!("/xyz/sheets/{tile}"), None).await;
    assert_eq!(said, "sheets;cell=32;reason=features");
    let names: std::collections::BTreeSet<&String> = squares.iter().map(|square| &square.properties["name"]).collect();
    assert_eq!(names.len(), 9);
    assert!(squares.iter().all(|s| s.id.is_some() || s.properties.keys().all(|key| key == "name" || key == "feature_count")));

    // an edit is in the next tile
    let names = |blocks: &[Drawn]| blocks.iter().map(|b| b.properties["name"].clone()).collect::<Vec<_>>();
    let path = format!("/xyz/sheets/{tile}");
    let (before, _) = drawn(&scene.memory, &path, None).await;
    scene.change("update published.sheets set name = 'renamed' where name = 'sheet 4'; delete from published.sheets where name = 'sheet 0' and fid % 2 = 0").await;
    let (after, _) = drawn(&scene.memory, &path, None).await;
    assert!(names(&after).iter().any(|name| name.contains("renamed")) && !names(&after).iter().any(|name| name.contains("sheet 4")));
    assert_eq!(after.len(), before.len());
    scene.change("delete from published.sheets where name in ('sheet 0', 'sheet 1'); insert into published.sheets (id, comune, name, geom) values ('far', '080901', 'far', st_buffer(st_point(553000, 4214000, 7792), 9))").await;
    let (after, _) = drawn(&scene.memory, &path, None).await;
    assert!(
        names(&after).iter().any(|name| name.contains("far")) && !names(&after).iter().any(|name| name.contains("sheet 1")),
        "{:?}",
        names(&after)
    );

    // who may not see a private value is not shown what it makes one
    let path = format!("/xyz/veiled/{tile}");
    for router in [&scene.memory, &scene.sql] {
        let (features, _) = drawn(router, &path, None).await;
        assert!(features.len() > 50 && features.iter().all(|f| !f.properties.contains_key("owner") && f.id.is_some()));
        let (features, _) = drawn(router, &path, Some(&Principal::operator())).await;
        assert!(features.iter().any(|f| f.properties.contains_key("owner")));
    }
    // and rows of others are in nobody's block
    let staff = |istat: &str| {
        let comuni = Comuni::Only([istat.to_owned()].into());
        Principal::known(Role::Officer, uuid::Uuid::from_u128(7), "P", Assurance::Low).with_comuni(comuni)
    };
    let path = format!("/xyz/walled/{tile}");
    let (all, _) = drawn(&scene.memory, &path, Some(&Principal::operator())).await;
    scene.change("insert into published.walled (id, comune, name, geom) select 'more-' || c || i, c, 'own ' || c, st_makeenvelope(560000 + i % 150 * 20, 4216000 + i / 150 * 20, 560020 + i % 150 * 20, 4216020 + i / 150 * 20, 7792) from generate_series(0, 22499) i, unnest(array['080901', '080902']) c").await;
    for istat in ["080901", "080902"] {
        let (own, said) = drawn(&scene.memory, &path, Some(&staff(istat))).await;
        assert!(said.starts_with("walled;cell=32"), "{said}");
        assert!(own.iter().any(|block| block.properties["name"].contains(istat)), "{istat}");
        assert!(own.iter().all(|block| !block.properties["name"].contains("own 08090") || block.properties["name"].contains(istat)));
        assert!(own.iter().map(Drawn::area).sum::<f64>() < 2.2 * all.iter().map(Drawn::area).sum::<f64>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_of_a_value_are_clusters_that_say_how_many_they_are() {
    let scene = scene().await;
    scene.change(&side_by_side("dots", "'o' || i", "'080901'", true)).await;
    let tile = &tiles(15.633, 38.105, 10..=10)[0];
    for router in [&scene.memory, &scene.sql] {
        let (clusters, said) = drawn(router, &format!("/xyz/dots/{tile}"), None).await;
        assert_eq!(said, "dots;cell=32;reason=features");
        assert_eq!(clusters.iter().map(|c| c.count("point_count")).sum::<u64>(), 22_500);
        assert!(clusters.len() < 2_000, "{}", clusters.len());
        for cluster in clusters.iter().filter(|c| c.id.is_none()) {
            assert_eq!(cluster.properties.keys().collect::<Vec<_>>(), ["name", "point_count"]);
        }
    }
    let document: serde_json::Value = serde_json::from_slice(&Scene::ask(&scene.memory, "/xyz/dots", None).await.1).expect("JSON");
    let own = &document["vector_layers"][0]["generalised"];
    assert_eq!((own["aggregate_by"].as_str(), own["count"].as_str()), (Some("name"), Some("point_count")), "{document}");
    assert!((8..=12).contains(&own["maxzoom"].as_u64().expect("a zoom")), "{document}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_of_hexagons_are_the_databases_for_everybody() {
    let scene = scene().await;
    let at = "st_point(556900 + i * 7 % 900, 4217900 + i * 13 % 900, 7792)";
    scene
        .change(&format!(
            "insert into published.guarded (id, comune, geom) select 'g' || i, (array['080901', '080902'])[i % 2 + 1], {at} from generate_series(1, 300) i;
             insert into published.ruled (id, comune, listed, floors, geom) select 'r' || i, (array['080901', '080902'])[i % 2 + 1], i % 3 = 0, i % 7, {at} from generate_series(1, 300) i;
             insert into published.leases (id, comune, valid_from, valid_to, geom) select 'l' || i, '080901', timestamptz '2020-01-01' + i * interval '20 days',
                    case when i % 2 = 0 then timestamptz '2021-01-01' + i * interval '20 days' end, {at} from generate_series(1, 300) i;"
        ))
        .await;
    let staff = |role, istat: &str| {
        let comuni = Comuni::Only([istat.to_owned()].into());
        Principal::known(role, uuid::Uuid::from_u128(7), "P", Assurance::Low).with_comuni(comuni)
    };
    let people = [Principal::anonymous(), staff(Role::Officer, "080901"), staff(Role::Planner, "080902"), Principal::operator()];
    let mut totals = BTreeMap::new();
    for (number, who) in people.iter().enumerate() {
        for layer in ["areas", "lines", "mixed", "clouds", "ruled", "leases", "guarded"] {
            for question in ["resolution=9", "resolution=11&bbox=15.645,38.1,15.652,38.108", "resolution=7&datetime=2021-01-01/2021-03-01"]
            {
                let path = format!("/collections/{layer}/h3?{question}&f=json");
                let (status, ours) = Scene::ask(&scene.memory, &path, Some(who)).await;
                let (expected, theirs) = Scene::ask(&scene.sql, &path, Some(who)).await;
                assert_eq!(status, expected, "{path}: {}", String::from_utf8_lossy(&ours));
                if layer == "guarded" && !who.is_staff() {
                    assert_eq!(status, StatusCode::NOT_FOUND);
                    continue;
                }
                let json = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).expect("JSON");
                let (ours, theirs) = (json(&ours), json(&theirs));
                assert_eq!((&ours["servedFrom"], &theirs["servedFrom"]), (&json!("memory"), &json!("database")), "{ours}");
                assert_eq!(ours["features"], theirs["features"], "{number} {path}");
                let sum: u64 = ours["features"]
                    .as_array()
                    .expect("features")
                    .iter()
                    .map(|f| f["properties"]["count"].as_u64().expect("a count"))
                    .sum();
                assert_eq!(Some(sum), ours["count"].as_u64());
                totals.insert((layer, question, number), sum);
            }
        }
    }
    let of = |layer, number| totals[&(layer, "resolution=9", number)];
    assert_eq!([of("areas", 0), of("guarded", 1), of("guarded", 3)], [600, 150, 300]);
    assert!(of("ruled", 0) < of("ruled", 1) && of("ruled", 1) < of("ruled", 3), "{totals:?}");
    let small = totals[&("areas", "resolution=11&bbox=15.645,38.1,15.652,38.108", 0)];
    assert!(small > 0 && small < 600, "{small}");

    // after an edit, and what is refused
    scene.change("delete from published.areas where fid % 2 = 0").await;
    let (_, left) = Scene::ask(&scene.memory, "/collections/areas/h3?resolution=9&f=csv", None).await;
    let left = String::from_utf8(left).expect("text");
    let sum: u64 = left.lines().skip(1).map(|line| line.rsplit(',').next().expect("a cell").parse::<u64>().expect("a count")).sum();
    assert_eq!(sum, 300, "{left}");
    for bad in [
        "",
        "resolution=13",
        "resolution=-1",
        "resolution=9.5",
        "resolution=1e1",
        "resolution=9&bbox=1,2,3",
        "resolution=9&bbox=16,38,15,39",
        "resolution=9&bbox=NaN,0,1,1",
        "resolution=9&datetime=x",
        "resolution=9&colour=red",
        "resolution=%27;drop",
        "resolution=9&resolution=8",
    ] {
        let (status, body) =
            Scene::ask(&scene.memory, &format!("/collections/areas/h3?{bad}{}f=json", if bad.is_empty() { "" } else { "&" }), None).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}: {}", String::from_utf8_lossy(&body));
    }
    let many = "insert into published.points (id, comune, geom) select 'many-' || i, '080901', st_point(540000 + i % 150 * 200, 4200000 + i / 150 * 200, 7792) from generate_series(1, 22500) i";
    scene.change(many).await;
    for router in [&scene.memory, &scene.sql] {
        let (status, body) = Scene::ask(router, "/collections/points/h3?resolution=12&f=json", None).await;
        let text = String::from_utf8_lossy(&body).into_owned();
        assert!(status == StatusCode::BAD_REQUEST && text.contains(" or less here"), "{status} {text}");
        let coarser: u8 =
            text.split(" or less here").next().and_then(|t| t.rsplit('"').next()).and_then(|n| n.parse().ok()).expect("a resolution");
        let (status, _) = Scene::ask(router, &format!("/collections/points/h3?resolution={coarser}&f=json"), None).await;
        assert_eq!(status, StatusCode::OK);
        for bbox in ["-180,-90,180,90", "-122,37,-121.9,37.1", "179,-90,180,-89.9"] {
            let (status, _) = Scene::ask(router, &format!("/collections/points/h3?resolution=5&bbox={bbox}&f=json"), None).await;
            assert_eq!(status, StatusCode::OK, "{bbox}");
        }
    }
    let (status, page) = Scene::ask(&scene.memory, "/collections/areas/h3?resolution=9&bbox=&f=html", None).await;
    assert!(status == StatusCode::OK && String::from_utf8_lossy(&page).contains("<table"), "{status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_before_is_given_out_until_something_changes_in_it() {
    let scene = scene().await;
    let near = format!("/xyz/areas/{}", tiles(PLACE.0, PLACE.1, 15..=15)[0]);
    let ask = async |coding: &'static str, tag: Option<&str>| {
        let request = Request::get(&near).header("accept-encoding", coding);
        let request = tag.map_or(request, |tag| Request::get(&near).header("accept-encoding", coding).header("if-none-match", tag));
        let response = scene.memory.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        let (head, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes().to_vec();
        let plain = match head.headers.get("content-encoding").map(|v| v.as_bytes()) {
            None => bytes,
            Some(b"zstd") => zstd::bulk::decompress(&bytes, 10_000_000).expect("zstd"),
            Some(b"gzip") => {
                let mut plain = Vec::new();
                std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&bytes[..]), &mut plain).expect("gzip");
                plain
            }
            Some(other) => panic!("{other:?}"),
        };
        (head.status, head.headers["etag"].to_str().expect("a tag").to_owned(), plain)
    };
    let name =
        |bytes: &[u8], name: &str| read(bytes).into_values().filter(|f| f.properties.get("name").is_some_and(|n| n.contains(name))).count();
    let (_, _, first) = ask("identity", None).await;
    let nearest =
        format!("select fid from published.areas order by geom <-> st_transform(st_point({}, {}, 4326), 7792) limit 1", PLACE.0, PLACE.1);
    for change in ["", &format!("update published.areas set name = 'renamed' where fid = ({nearest})")] {
        if !change.is_empty() {
            scene.change(change).await;
        }
        let (_, _, plain) = ask("identity", None).await;
        assert_eq!(plain == first, change.is_empty());
        let mut tags = std::collections::BTreeSet::new();
        for coding in ["identity", "gzip", "zstd"] {
            // more often than it takes to be compressed again, and better
            for _ in 0..12 {
                let (status, tag, bytes) = ask(coding, None).await;
                assert!(status == StatusCode::OK && bytes == plain, "{coding} {tag}");
                assert_eq!(ask(coding, Some(&tag)).await.0, StatusCode::NOT_MODIFIED);
                tags.insert(tag);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert!(tags.len() >= 3, "each coding has its own: {tags:?}");
    }
    assert_eq!(name(&ask("zstd", None).await.2, "renamed"), 1);
    // who sees more is not given what others were
    let rows = "insert into published.ruled (id, comune, listed, floors, geom) select 'r' || i, '080901', i % 3 = 0, i % 7, st_point(556900 + i * 7 % 900, 4217900 + i * 13 % 900, 7792) from generate_series(1, 300) i";
    scene.change(rows).await;
    let path = format!("/xyz/ruled/{}", tiles(PLACE.0, PLACE.1, 14..=14)[0]);
    for _ in 0..3 {
        let few = read(&Scene::ask(&scene.memory, &path, None).await.1).len();
        let all = read(&Scene::ask(&scene.memory, &path, Some(&Principal::operator())).await.1).len();
        assert!(few < all, "{few} {all}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sound_in_the_database_is_drawn_as_postgis_mends_it() {
    let scene = scene().await;
    let at = "556950, 4217950";
    let shapes = [
        ("bow", "POLYGON((-50 -50, 50 50, 50 -50, -50 50, -50 -50))"),
        ("spike", "POLYGON((-30 60, 0 60, 0 90, 0 60, 30 60, 30 70, -30 70, -30 60))"),
    ];
    for (id, shape) in shapes {
        let geometry = format!("st_translate(st_geomfromtext('{shape}', 7792), {at})");
        scene.change(&format!("insert into published.areas (id, comune, name, geom) values ('{id}', '080901', '{id}', {geometry})")).await;
    }
    for z in [12, 14, 16, 17, 18, 19] {
        for tile in tiles(PLACE.0, PLACE.1, z..=z) {
            scene.compare("areas", &tile, None).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_stalls_makes_no_tile_old() {
    let scene = scene().await;
    let path = format!("/xyz/areas/{}", tiles(PLACE.0, PLACE.1, 15..=15)[0]);
    let before = Scene::ask(&scene.memory, &path, None).await.1;
    let senders: Vec<i32> = sqlx::query_scalar("select pid from pg_stat_replication")
        .fetch_all(&mut sqlx::ConnectOptions::connect(&scene.scratch.options("postgres")).await.expect("a connection"))
        .await
        .expect("senders");
    let signal = |name: &str| {
        for pid in &senders {
            std::process::Command::new("kill").args([name, &pid.to_string()]).status().expect("a signal");
        }
    };
    assert!(!senders.is_empty());
    signal("-STOP");
    scene.scratch.sql("update published.areas set name = 'while it stood still'");
    let mut seen = false;
    for _ in 0..600 {
        seen = Scene::ask(&scene.memory, &path, None).await.1 != before;
        if seen {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let told = scene.feed.status();
    signal("-CONT");
    assert!(seen && told.behind, "{told:?}");
    for _ in 0..600 {
        if scene.feed.status().is_current() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(scene.feed.status().is_current(), "{:?}", scene.feed.status());
    scene.compare("areas", &tiles(PLACE.0, PLACE.1, 15..=15)[0], None).await;
}
