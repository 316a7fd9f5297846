//! Filters in CQL2 on items and tiles: the same rows as the database has, and nothing of what is not to be had.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use e2e::{Answer, Town};
use serde_json::Value;

const NOW: &str = "(valid_to is null or valid_to > now()) and valid_from <= now()";

/// A text as a query's value.
fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn asked(town: &Town, path: &str, filter: &str) -> Answer {
    let sign = if path.contains('?') { '&' } else { '?' };
    town.get(&format!("{path}{sign}filter={}", encoded(filter)))
}

/// Sends a request line that a client library would not; the status, or 0 if the connection ends before.
fn raw(town: &Town, target: &str) -> u16 {
    let port = town.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let _ = write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// Filters over trees, with what the database takes for each.
const TREES: [(&str, &str); 16] = [
    ("species = 'Quercus ilex'", "species = 'Quercus ilex'"),
    ("height_m > 8 AND site IN ('park', 'square')", "height_m > 8 and site in ('park', 'square')"),
    ("NOT (site = 'avenue') OR planted_year IS NULL", "not (site = 'avenue') or planted_year is null"),
    ("height_m BETWEEN 4.5 AND 6.25", "height_m between 4.5 and 6.25"),
    ("species LIKE 'P%'", "species like 'P%'"),
    ("species NOT LIKE '% %'", "species not like '% %'"),
    ("CASEI(species) LIKE CASEI('p%')", "species ilike 'p%'"),
    ("CASEI(species) = CASEI('quercus ILEX')", "lower(species) = 'quercus ilex'"),
    ("planted_year >= 1990 AND planted_year < 2000.5", "planted_year >= 1990 and planted_year < 2000.5"),
    ("id LIKE '%1'", "id like '%1'"),
    ("\"site\" <> 'park'", "site <> 'park'"),
    ("'park' = site", "site = 'park'"),
    ("species = 'l''orso'", "species = 'l''orso'"),
    ("TRUE", "true"),
    ("FALSE", "false"),
    ("S_INTERSECTS(geometry, BBOX(-180,-90,180,90))", "true"),
];

#[test]
fn items_are_those_that_the_database_has() {
    let town = Town::shared();
    for (filter, sql) in TREES {
        let expected: i64 = town.psql(&format!("select count(*) from environment.trees where {sql}")).parse().unwrap();
        let answer = asked(&town, "/collections/trees/items?limit=10000", filter);
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
        assert_eq!(
            (answer.json()["numberMatched"].as_i64(), answer.json()["numberReturned"].as_i64()),
            (Some(expected), Some(expected)),
            "{filter}"
        );
        let table = asked(&town, "/collections/trees/items?f=csv", filter).text();
        assert_eq!(table.lines().count() as i64, expected + 1, "{filter}");
    }
    // pages follow one another, and say how many there are in all
    let first = asked(&town, "/collections/trees/items?limit=7&sortby=-height_m", "site = 'park'").json();
    let next = first["links"].as_array().unwrap().iter().find(|l| l["rel"] == "next").unwrap()["href"].as_str().unwrap().to_owned();
    assert!(next.contains("filter="), "{next}");
    let second = town.get(next.strip_prefix(&town.url()).unwrap()).json();
    assert_eq!(second["numberMatched"], first["numberMatched"]);
    assert_ne!(second["features"][0]["id"], first["features"][0]["id"]);
    assert!(second["features"].as_array().unwrap().iter().all(|f| f["properties"]["site"] == "park"));
    // by a page's form
    let page = asked(&town, "/collections/trees/items?f=html&species=&planted_year=", "site = 'park'").text();
    assert!(
        page.contains("value=\"site = 'park'\"") || page.contains("value=\"site = &#39;park&#39;\""),
        "the condition stays in its field"
    );
}

#[test]
fn rows_with_validity_days_and_places_too() {
    let town = Town::shared();
    let within = |text: &str| format!("st_intersects(geom, st_transform(st_segmentize({text}, 0.001), 7792))");
    let around = town.psql("select st_xmin(e) || ' ' || st_ymin(e) || ' ' || st_xmax(e) || ' ' || st_ymax(e) from (select st_transform(st_buffer(st_centroid(st_collect(geom)), 300), 4326) e from cadastre.parcels) x");
    let [west, south, east, north]: [f64; 4] = around.split(' ').map(|n| n.parse().unwrap()).collect::<Vec<_>>().try_into().unwrap();
    let ring = format!("{west} {south}, {east} {south}, {east} {north}, {west} {south}");
    let flipped = format!("{south} {west}, {south} {east}, {north} {east}, {south} {west}");
    let triangle = within(&format!("st_geomfromtext('POLYGON(({ring}))', 4326)"));
    let square = within(&format!("st_makeenvelope({west}, {south}, {east}, {north}, 4326)"));
    for (filter, crs, sql) in [
        ("updated_on >= DATE('2020-01-01')".to_owned(), "", "updated_on >= '2020-01-01'".to_owned()),
        ("updated_on < '2020-01-01' AND urban = TRUE".to_owned(), "", "updated_on < '2020-01-01' and urban".to_owned()),
        (format!("S_INTERSECTS(geometry, BBOX({west},{south},{east},{north}))"), "", square.clone()),
        (format!("S_INTERSECTS(geometry, POLYGON(({ring}))) AND kind = 'land'"), "", format!("{triangle} and kind = 'land'")),
        (format!("S_DISJOINT(geometry, POLYGON(({ring})))"), "", format!("not {triangle}")),
        (
            format!("S_INTERSECTS(geometry, POLYGON(({flipped})))"),
            "&filter-crs=http://www.opengis.net/def/crs/EPSG/0/4326",
            triangle.clone(),
        ),
    ] {
        let expected: i64 = town.psql(&format!("select count(*) from cadastre.parcels where {NOW} and {sql}")).parse().unwrap();
        let answer = asked(&town, &format!("/collections/parcels/items?limit=1{crs}"), &filter);
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text());
        let found = answer.json()["numberMatched"].as_i64().unwrap();
        assert!(expected > 0 && (found - expected).abs() <= 1, "{filter}: {found}, in the database {expected}");
    }
    let json = r#"{"op":"and","args":[{"op":"=","args":[{"property":"kind"},"street"]},{"op":">","args":[{"property":"area_m2"},100]}]}"#;
    let expected: i64 =
        town.psql(&format!("select count(*) from cadastre.parcels where {NOW} and kind = 'street' and area_m2 > 100")).parse().unwrap();
    let answer = asked(&town, "/collections/parcels/items?limit=1&filter-lang=cql2-json", json).json();
    assert_eq!(answer["numberMatched"], expected);
}

#[test]
fn properties_are_chosen() {
    let town = Town::shared();
    let answer = town.get("/collections/trees/items?limit=1&properties=site,species").json();
    let keys: Vec<&String> = answer["features"][0]["properties"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["species", "site"]);
    let table = town.get("/collections/trees/items?f=csv&limit=1&properties=site").text();
    assert_eq!(table.trim_start_matches('\u{feff}').lines().next(), Some("id,site,x,y"));
    for (path, name) in [("lodgings", "manager"), ("lodgings", "nothing"), ("trees", "geom"), ("events", "budget_eur")] {
        let answer = town.get(&format!("/collections/{path}/items?properties={name}"));
        assert_eq!((answer.status, &answer.json()["parameter"]), (400, &"properties".into()), "{name}");
        assert!(!answer.json()["allowed"].to_string().contains("manager"));
    }
}

/// What must not be asked, each with what is said of it.
const REFUSED: [(&str, &str); 36] = [
    ("", "ends too early"),
    ("kind", "no condition"),
    ("kind = 'land", "do not end"),
    ("kind = 'land'; DROP TABLE cadastre.parcels; --", "can't stand here"),
    ("kind = 'land' OR 1=1", "property"),
    ("kind = 'land' UNION SELECT 1", "can't stand here"),
    ("kind = (SELECT 'land')", "can't stand here"),
    ("pg_sleep(30) IS NULL", "pg_sleep"),
    ("pg_sleep(30) = 1", "pg_sleep"),
    ("kind = pg_read_file('/etc/passwd')", "pg_read_file"),
    ("lo_import('/etc/passwd') > 0", "lo_import"),
    ("query_to_xml('select 1', true, true, '') = 'a'", "query_to_xml"),
    ("dblink('host=evil') = 'a'", "dblink"),
    ("st_area(geometry) > 1", "st_area"),
    ("ctid = '(0,1)'", "`ctid`"),
    ("xmin = 1", "`xmin`"),
    ("tableoid = 1", "`tableoid`"),
    ("geom = 'x'", "`geom`"),
    ("\"kind\"\" = 'land' or true --\" = 'a'", "name"),
    ("pg_catalog.pg_user = 'a'", "pg_catalog"),
    ("nothing = 1", "`nothing`"),
    ("k\u{456}nd = 'land'", "name"),
    ("kind\u{200b} = 'land'", "can't stand here"),
    ("kind = 'a\0'", "NUL"),
    ("kind = $1", "can't stand here"),
    ("kind = E'\\x27'", "can't stand here"),
    ("kind LIKE '%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a'", "pattern"),
    ("sheet = 'a'", "a number"),
    ("updated_on = DATE('2026-02-30')", "a day"),
    ("S_INTERSECTS(geometry, POINT(NaN 1))", "can't stand here"),
    ("S_INTERSECTS(geometry, POINT(1e308 1))", "can't stand here"),
    ("S_INTERSECTS(geometry, POINT(200 1))", "position"),
    ("S_INTERSECTS(geometry, POLYGON((15 38, 16 39, 16 38, 15 39, 15 38)))", "not valid"),
    ("S_INTERSECTS(geometry, POLYGON((-170 -80, 170 -80, 170 80, -170 -80)))", "reaches beyond"),
    ("inScope(comune)", "own rules"),
    ("S_INTERSECTS(geometry, POLYGON((15 38, 16 38, 16 39, 15 38", "does not end"),
];

#[test]
fn what_must_not_be_asked_is_refused_at_once_and_said_why() {
    let town = Town::shared();
    let rows = || town.psql("select count(*), sum(version), max(fid) from cadastre.parcels");
    let before = rows();
    let deep = |n: usize, open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(n), close.repeat(n));
    let mut filters: Vec<(String, &str)> = REFUSED.iter().map(|(filter, said)| ((*filter).to_owned(), *said)).collect();
    filters.extend([
        (deep(1_500, "(", "kind='a'", ")"), "deeper"),
        (deep(30, "(", "kind=", ")"), ""),
        (deep(30, "(", "1", ",1)"), ""),
        ("NOT ".repeat(1_000) + "kind='a'", "deeper"),
        ("-".repeat(3_000) + "1=sheet", "deeper"),
        (vec!["a=1"; 1_002].join(" OR "), "more than"),
        (format!("sheet IN ({})", vec!["1"; 1_500].join(",")), "more than"),
        (format!("kind = '{}'", "a".repeat(1_500)), "bytes"),
        (deep(300, "GEOMETRYCOLLECTION(", "POINT(1 1)", ")"), "deeper"),
    ]);
    for (filter, said) in &filters {
        for path in [
            "/collections/parcels/items",
            "/collections/parcels/items?f=csv",
            "/xyz/parcels/14/8904/6313",
            "/xyz/parcels",
            "/xyz/trees,parcels/15/17808/12626",
        ] {
            let begun = Instant::now();
            let answer = asked(&town, path, filter);
            let shown: String = filter.chars().take(60).collect();
            // also a busy machine needs nothing like the half minute that the function would sleep
            assert!(begun.elapsed() < Duration::from_secs(15), "{shown} at {path}: {:?}", begun.elapsed());
            assert_eq!(answer.status, 400, "{shown} at {path}: {}", answer.text());
            let problem = answer.json();
            // NUL is refused in any parameter, before it is known which
            assert!(problem["parameter"] == "filter" || filter.contains('\0'), "{shown}: {problem}");
            if !path.contains("trees") {
                assert!(problem["detail"].as_str().unwrap().contains(said), "{shown} at {path}: {problem}");
                assert!(problem["position"].is_u64() || filter.contains('\0'), "{shown} at {path}: {problem}");
            }
        }
    }
    for much in ["(".repeat(100_000), vec!["sheet=1"; 1_000_000].join(" OR "), format!("sheet IN ({})", vec!["1"; 500_000].join(","))] {
        let status = raw(&town, &format!("/collections/parcels/items?filter={}", much.replace(' ', "+")));
        assert!(status == 0 || (400..500).contains(&status), "so long an address is refused, or its connection ended: {status}");
    }
    assert_eq!(rows(), before, "the database is as it was");
    assert_eq!(town.get("/collections/parcels/items?limit=1").json()["numberReturned"], 1);
}

#[test]
fn a_value_that_looks_like_sql_is_a_value() {
    let town = Town::shared();
    for value in ["'; drop table environment.trees; --", "\\", "\\'", "' or true --", "$1", "%", "{}", "E'a'", "\u{202e}amor", "日本語"]
    {
        let filter = format!("species = '{}'", value.replace('\'', "''"));
        assert_eq!(asked(&town, "/collections/trees/items", &filter).json()["numberMatched"], 0, "{value}");
        // as a literal of the database's own statement too
        let spatial = format!("{filter} AND S_INTERSECTS(geometry, BBOX(15,38,16,39))");
        assert_eq!(asked(&town, "/xyz/trees/15/17808/12626", &spatial).status, 204, "{value}");
    }
}

#[test]
fn hidden_fields_can_not_be_told_from_absent_ones() {
    let town = Town::shared();
    let said = |path: &str, name: &str| {
        let answer = asked(&town, path, &format!("{name} = 'x'"));
        (answer.status, answer.json()["detail"].as_str().unwrap().replace(name, "…"))
    };
    for path in ["/collections/lodgings/items", "/xyz/lodgings/15/17808/12626", "/xyz/lodgings"] {
        let (status, hidden) = said(path, "manager");
        assert_eq!((status, &hidden), (400, &said(path, "menager").1), "{path}");
        assert!(!hidden.contains("manager"));
    }
    let queryables = town.get("/collections/lodgings/queryables").json();
    assert!(queryables["properties"]["id"].is_object() && queryables["properties"]["manager"].is_null());
}

#[test]
fn tiles_have_the_rows_that_items_have() {
    let town = Town::shared();
    let filter = "site = 'park' AND height_m > 5";
    let document = asked(&town, "/xyz/trees?properties=species", filter).json();
    let address = document["tiles"][0].as_str().unwrap();
    assert!(address.contains("filter=site%20%3D%20%27park%27") && address.contains("properties=species"), "{address}");
    let fields: Vec<&String> = document["vector_layers"][0]["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["species"]);
    let bounds: Vec<f64> = document["bounds"].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
    let (z, n) = (15u32, f64::from(1u32 << 15));
    let column = |lon: f64| ((lon + 180.0) / 360.0 * n) as u32;
    let row = |lat: f64| {
        let phi = lat.to_radians();
        ((1.0 - (phi.tan() + 1.0 / phi.cos()).ln() / std::f64::consts::PI) / 2.0 * n) as u32
    };
    let mut fids = std::collections::BTreeSet::new();
    for x in column(bounds[0])..=column(bounds[2]) {
        for y in row(bounds[3])..=row(bounds[1]) {
            let path = address.replace("{z}", &z.to_string()).replace("{x}", &x.to_string()).replace("{y}", &y.to_string());
            let answer = town.get(path.strip_prefix(&town.url()).unwrap());
            if answer.status == 204 {
                continue;
            }
            let reader = mvt_reader::Reader::new(answer.body).unwrap();
            for feature in reader.get_features(0).unwrap() {
                assert_eq!(feature.properties.unwrap().keys().collect::<Vec<_>>(), ["species"]);
                fids.insert(feature.id.unwrap());
            }
        }
    }
    let expected = town.psql("select fid from environment.trees where site = 'park' and height_m > 5 order by fid");
    let expected: std::collections::BTreeSet<u64> = expected.lines().map(|l| l.parse().unwrap()).collect();
    assert!(!expected.is_empty() && fids == expected, "{} in tiles, {} in the database", fids.len(), expected.len());
}

#[test]
fn it_says_what_it_can_do() {
    let town = Town::shared();
    let classes = town.get("/conformance").json()["conformsTo"].to_string();
    for class in
        ["features-3/1.0/conf/filter", "features-3/1.0/conf/features-filter", "cql2/1.0/conf/cql2-text", "cql2/1.0/conf/basic-cql2"]
    {
        assert!(classes.contains(class), "{class}");
    }
    let api: Value = town.get("/api?f=json").json();
    let names = api["paths"]["/collections/trees/items"]["get"]["parameters"].to_string();
    assert!(names.contains("filter-lang") && names.contains("cql2-text") && names.contains("\"properties\""), "{names}");
    let operations = town.get("/openapi.json").json();
    assert!(operations["paths"]["/xyz/{ids}/{z}/{x}/{y}"]["get"]["parameters"].to_string().contains("filter-crs"));
}
