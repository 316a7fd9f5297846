//! OGC API Features as strict clients and conformance suites ask it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use e2e::{Answer, Server, Town};
use serde_json::Value;

const EPSG: &str = "http://www.opengis.net/def/crs/EPSG/0/";
const CRS84: &str = "http://www.opengis.net/def/crs/OGC/1.3/CRS84";
const ITEMS: &str = "/collections/parcels/items";
/// What the wire says of a parcel that is valid.
const VALID: &str = "(valid_to is null or valid_to > now())";

/// It is a 400 that names the parameter and says what it takes.
#[track_caller]
fn refused(town: &Town, path: &str, parameter: &str) {
    let answer = town.get(path);
    assert_eq!(answer.status, 400, "{path}: {}", answer.text());
    assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"), "{path}");
    let problem = answer.json();
    assert_eq!((&problem["parameter"], &problem["status"]), (&parameter.into(), &400.into()), "{path}: {problem}");
    assert!(!problem["allowed"].is_null() && !problem["detail"].as_str().unwrap().is_empty(), "{path}: {problem}");
}

#[track_caller]
fn asked(town: &Town, path: &str) -> Answer {
    let answer = town.get(path);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

fn matched(town: &Town, query: &str) -> i64 {
    asked(town, &format!("{ITEMS}?limit=1&{query}")).json()["numberMatched"].as_i64().unwrap()
}

fn count(town: &Town, condition: &str) -> i64 {
    town.psql(&format!("select count(*) from cadastre.parcels where {condition}")).parse().unwrap()
}

/// An address of the service, without its host.
fn path_of(town: &Town, href: &str) -> String {
    let rest = href.strip_prefix(&town.url()).unwrap_or_else(|| panic!("{href} is not of {}", town.url()));
    rest.to_owned()
}

fn next_of(page: &Value) -> Option<String> {
    let links = page["links"].as_array().unwrap();
    links.iter().find(|l| l["rel"] == "next").map(|l| l["href"].as_str().unwrap().to_owned())
}

#[test]
fn what_can_t_be_asked_is_refused_by_name() {
    let town = Town::shared();
    for path in ["/", "/conformance", "/collections", "/collections/parcels", "/api", ITEMS] {
        let path = format!("{path}?nothing=1");
        refused(&town, &path, "nothing");
    }
    for limit in ["0", "-1", "abc", "1.5", "", "1e3"] {
        refused(&town, &format!("{ITEMS}?limit={limit}"), "limit");
    }
    for bbox in [
        "",
        "1",
        "1,2,3",
        "15,38,16,39,40",
        "15,38,1,16,39,2,3",
        "a,b,c,d",
        "NaN,38,16,39",
        "inf,38,16,39",
        "15,39,16,38",
        "15,-91,16,39",
        "-181,0,1,1",
        "15,,16,39",
    ] {
        refused(&town, &format!("{ITEMS}?bbox={bbox}"), "bbox");
    }
    for crs in ["", "7792", "nonsense", "http://www.opengis.net/def/crs/EPSG/0/99999", "EPSG:2154", "http://evil.example/7792"] {
        refused(&town, &format!("{ITEMS}?crs={crs}"), "crs");
        refused(&town, &format!("{ITEMS}?bbox=15,38,16,39&bbox-crs={crs}"), "bbox-crs");
    }
    for datetime in [
        "",
        "yesterday",
        "2026",
        "2026-13-01",
        "2026-02-30T00:00:00Z",
        "2026-11-23T10:00:00Z/2020-01-01T00:00:00Z",
        "a/b",
        "2020-01-01/2021-01-01/2022-01-01",
    ] {
        refused(&town, &format!("{ITEMS}?datetime={datetime}"), "datetime");
    }
    refused(&town, &format!("{ITEMS}?cursor=abc"), "cursor");
    refused(&town, &format!("{ITEMS}?limit=1&limit=2"), "limit");
    refused(&town, &format!("{ITEMS}?kind=castle"), "kind");
    refused(&town, "/collections?f=pdf", "f");
    refused(&town, "/collections?lang=xx", "lang");
    for path in ["/collections/nothing", "/collections/nothing/items", "/collections/parcels/items/nothing", "/nowhere"] {
        let answer = town.get(path);
        assert_eq!(answer.status, 404, "{path}");
        assert!(answer.header("content-type").unwrap().starts_with("application/problem+json"), "{path}");
    }
}

#[test]
fn the_limit_counts() {
    let town = Town::shared();
    let all = count(&town, VALID);
    for (query, returned) in [("", 1_000.min(all)), ("?limit=1", 1), ("?limit=7", 7), ("?limit=10000", all), ("?limit=10001", all)] {
        let page = asked(&town, &format!("{ITEMS}{query}")).json();
        assert_eq!((&page["numberReturned"], &page["numberMatched"]), (&returned.into(), &all.into()), "{query}");
        assert_eq!(page["features"].as_array().unwrap().len() as i64, returned, "{query}");
        assert!(page["timeStamp"].as_str().unwrap().ends_with('Z'));
        assert_eq!(next_of(&page).is_some(), returned < all, "{query}");
    }
}

#[test]
fn numbers_agree_with_psql() {
    let town = Town::shared();
    assert_eq!(matched(&town, "kind=street"), count(&town, &format!("{VALID} and kind = 'street'")));
    assert_eq!(matched(&town, "comune=080902"), count(&town, &format!("{VALID} and comune = '080902'")));
    assert_eq!(matched(&town, "bbox=0,0,1,1"), 0);
    assert_eq!(matched(&town, "bbox=-180,-90,180,90"), count(&town, VALID));
    let envelope = "552300,4205500,552500,4205700";
    let inside = count(&town, &format!("{VALID} and st_intersects(geom, st_makeenvelope({envelope}, 7792))"));
    assert!(inside > 3, "{inside}");
    assert_eq!(matched(&town, &format!("bbox={envelope}&bbox-crs={EPSG}7792")), inside);
    // north first in EPSG:6708, the same rectangle
    assert_eq!(matched(&town, &format!("bbox=4205500,552300,4205700,552500&bbox-crs={EPSG}6708")), inside);
    // with heights, which say nothing
    assert_eq!(matched(&town, &format!("bbox=552300,4205500,0,552500,4205700,100&bbox-crs={EPSG}7792")), inside);
}

/// The first position of a feature's geometry in a system.
fn first_position(town: &Town, id: &str, crs: &str) -> [f64; 2] {
    let answer = asked(town, &format!("{ITEMS}/{id}?crs={crs}"));
    assert_eq!(answer.header("content-crs"), Some(format!("<{crs}>").as_str()));
    let feature = answer.json();
    let mut at = &feature["geometry"]["coordinates"];
    while at[0].is_array() {
        at = &at[0];
    }
    [at[0].as_f64().unwrap(), at[1].as_f64().unwrap()]
}

/// A parcel and its first vertex as it is stored (EPSG:7792, metres).
fn a_parcel(town: &Town) -> (String, [f64; 2]) {
    let sql = format!(
        "select id || ' ' || st_x(p) || ' ' || st_y(p) from (select id, st_pointn(st_exteriorring(st_geometryn(geom, 1)), 1) p from cadastre.parcels where {VALID} order by fid limit 1) v"
    );
    let row = town.psql(&sql);
    let (id, numbers) = row.split_once(' ').unwrap();
    let numbers: Vec<f64> = numbers.split(' ').map(|n| n.parse().unwrap()).collect();
    (id.to_owned(), [numbers[0], numbers[1]])
}

#[track_caller]
fn near(got: [f64; 2], expected: [f64; 2], within: f64) {
    let off = (got[0] - expected[0]).abs().max((got[1] - expected[1]).abs());
    assert!(off <= within, "{got:?} is {off} from {expected:?}");
}

/// A position by `cs2cs`.
fn cs2cs([x, y]: [f64; 2], from: &str, to: &str) -> [f64; 2] {
    let mut child = Command::new("cs2cs")
        .args(["-f", "%.12f"])
        .args(from.split(' ').chain(["+to"]).chain(to.split(' ')))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), format!("{x:.6} {y:.6}\n").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers: Vec<f64> = text.split_whitespace().take(2).map(|n| n.parse().unwrap_or_else(|_| panic!("{text}"))).collect();
    [numbers[0], numbers[1]]
}

/// EPSG:7792 and, bound to it by EPSG:1659 (mainland Italy; position vector), EPSG:3004.
const UTM33: &str = "+proj=utm +zone=33 +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +units=m +type=crs";
const GAUSS_BOAGA: &str = "+proj=tmerc +lat_0=0 +lon_0=15 +k=0.9996 +x_0=2520000 +y_0=0 +ellps=intl +towgs84=-104.1,-49.1,-9.9,0.971,-2.917,0.714,-11.68 +units=m +type=crs";

#[test]
fn positions_are_those_of_proj_in_each_authority_s_order() {
    let town = Town::shared();
    let (id, stored) = a_parcel(&town);
    let at = |code: &str| first_position(&town, &id, &format!("{EPSG}{code}"));
    near(at("7792"), stored, 0.001);
    near(at("25833"), stored, 0.001);
    near(at("32633"), stored, 0.001);
    near(at("6708"), [stored[1], stored[0]], 0.001);
    let gauss_boaga = cs2cs(stored, UTM33, GAUSS_BOAGA);
    near(at("3004"), gauss_boaga, 0.001);
    assert!(gauss_boaga[0] > 2_500_000.0);

    let [lon, lat] = cs2cs(stored, UTM33, "+proj=longlat +ellps=GRS80 +towgs84=0,0,0,0,0,0,0 +type=crs");
    assert!((15.0..16.0).contains(&lon) && (37.0..39.0).contains(&lat));
    near(first_position(&town, &id, CRS84), [lon, lat], 2e-8);
    for north_first in ["4326", "4258", "6706"] {
        near(at(north_first), [lat, lon], 2e-8);
    }
    // without `crs`: longitude first, and said so
    let answer = asked(&town, &format!("{ITEMS}/{id}"));
    assert_eq!(answer.header("content-crs"), Some(format!("<{CRS84}>").as_str()));
    assert_eq!(asked(&town, &format!("{ITEMS}?limit=1")).header("content-crs"), Some(format!("<{CRS84}>").as_str()));

    // a rectangle round it in each order finds it
    for (code, bbox) in [("4326", [lat, lon]), ("6706", [lat, lon])] {
        let bbox = format!("{},{},{},{}", bbox[0] - 1e-5, bbox[1] - 1e-5, bbox[0] + 1e-5, bbox[1] + 1e-5);
        assert!(matched(&town, &format!("bbox={bbox}&bbox-crs={EPSG}{code}")) > 0, "{code}");
    }
    let offered = asked(&town, "/collections/parcels").json();
    for code in ["4326", "3857", "4258", "25833", "7791", "7792", "6706", "6708", "3003", "3004", "32633"] {
        let uri = format!("{EPSG}{code}");
        assert!(offered["crs"].as_array().unwrap().iter().any(|c| *c == uri.as_str()), "{uri} is not offered");
        asked(&town, &format!("{ITEMS}?limit=1&crs={uri}"));
    }
    assert_eq!(offered["storageCrs"], format!("{EPSG}7792"));
}

#[test]
fn pages_have_each_feature_once_while_rows_come_and_go() {
    let town = Town::own();
    let before: Vec<String> = town.psql("select id from environment.trees order by fid").lines().map(str::to_owned).collect();
    assert!(before.len() > 300);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut gone = Vec::new();
    let size = before.len() / 6;
    let mut path = Some(format!("/collections/trees/items?limit={size}"));
    let mut pages = 0_usize;
    while let Some(at) = path {
        let answer = asked(&town, &at);
        let page = answer.json();
        for feature in page["features"].as_array().unwrap() {
            *seen.entry(feature["id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        let next = next_of(&page);
        let in_header = answer.headers.iter().find(|(n, v)| n == "link" && v.contains("rel=\"next\"")).map(|(_, v)| v.clone());
        assert_eq!(in_header.is_some(), next.is_some(), "the header has what the body has");
        if let (Some(header), Some(next)) = (in_header, &next) {
            assert!(header.starts_with(&format!("<{next}>")), "{header}");
        }
        path = next.map(|href| path_of(&town, &href));
        pages += 1;
        if pages <= 4 {
            // one that was shown and one that was not go; others are moved; new ones come
            let (shown, coming) = (&before[(pages - 1) * size], &before[before.len() - pages]);
            gone.extend([shown.clone(), coming.clone()]);
            town.psql(&format!(
                "delete from environment.trees where id in ('{shown}', '{coming}');
                 update environment.trees set height_m = height_m + 1 where fid % 7 = {pages};
                 insert into environment.trees (id, comune, geom, species) select 'new-' || {pages} || '-' || n, comune, geom, species
                 from environment.trees cross join generate_series(1, 3) n where id = '{}'",
                before[before.len() / 2]
            ));
        }
    }
    assert!(pages >= 6, "{pages}");
    assert!(seen.values().all(|times| *times == 1), "a feature was on two pages");
    for id in before.iter().filter(|id| !gone.contains(id)) {
        assert!(seen.contains_key(id), "{id} was there all the time and was not shown");
    }
    for page in 1..=4 {
        assert!(seen.contains_key(&format!("new-{page}-1")), "what was added lies at the end");
    }
    let now: i64 = town.psql("select count(*) from environment.trees").parse().unwrap();
    assert_eq!(asked(&town, "/collections/trees/items?limit=1").json()["numberMatched"], now, "the count follows edits");

    // an item's tag changes with the row
    let id = &before[before.len() / 2];
    let item = format!("/collections/trees/items/{id}");
    let tag = asked(&town, &item).header("etag").unwrap().to_owned();
    let unchanged = town.get_with(&item, &[("if-none-match", &tag)]);
    assert_eq!((unchanged.status, unchanged.body.len()), (304, 0));
    assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
    assert_eq!(town.get_with(&item, &[("if-none-match", &format!("\"x\", W/{tag}"))]).status, 304);
    town.psql(&format!("update environment.trees set height_m = 33 where id = '{id}'"));
    let changed = town.get_with(&item, &[("if-none-match", &tag)]);
    assert_eq!((changed.status, &changed.json()["properties"]["height_m"].as_f64()), (200, &Some(33.0)));
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
    town.psql(&format!("delete from environment.trees where id = '{id}'"));
    assert_eq!(town.get_with(&item, &[("if-none-match", &tag)]).status, 404);

    // a parcel that ceased to be valid is not there now, and is there then
    let (parcel, _) = a_parcel(&town);
    let all = matched(&town, "");
    town.psql(&format!(
        "update cadastre.parcels set valid_from = '2001-01-01T00:00:00Z', valid_to = '2010-06-01T00:00:00Z' where id = '{parcel}'"
    ));
    assert_eq!(matched(&town, ""), all - 1);
    assert_eq!(town.get(&format!("{ITEMS}/{parcel}")).status, 404);
    for (datetime, there) in [
        ("2005-01-01T00:00:00Z", true),
        ("2005-01-01", true),
        ("2010-05-31T23:59:59Z", true),
        ("2010-06-01T00:00:00Z", false),
        ("2000-12-31T23:59:59Z", false),
        ("../2000-06-01T00:00:00Z", false),
        ("../2001-06-01T00:00:00Z", true),
        ("2010-07-01T00:00:00Z/..", false),
        ("2009-07-01T00:00:00Z/", true),
        ("2003-01-01/2004-01-01", true),
    ] {
        let condition = format!("{ITEMS}?limit=10000&datetime={datetime}");
        let page = asked(&town, &condition).json();
        let found = page["features"].as_array().unwrap().iter().any(|f| f["id"] == parcel.as_str());
        assert_eq!(found, there, "{datetime}");
    }
}

/// Every page from this one on: the ids in order, and the addresses of the last page.
fn walk(town: &Town, path: &str, rel: &str) -> (Vec<String>, String) {
    let (mut ids, mut at) = (Vec::new(), path.to_owned());
    loop {
        let page = asked(town, &at).json();
        let here = page["features"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned());
        if rel == "prev" {
            ids.splice(0..0, here)
        } else {
            ids.splice(ids.len().., here)
        };
        match page["links"].as_array().unwrap().iter().find(|l| l["rel"] == rel) {
            Some(link) => at = path_of(town, link["href"].as_str().unwrap()),
            None => return (ids, at),
        }
    }
}

#[test]
fn features_come_in_the_order_asked_for() {
    let town = Town::shared();
    let order = "order by area_m2 desc nulls last, land_use collate opensit.natural_order nulls last, fid";
    let condition = format!("{VALID} and kind = 'land' and st_intersects(geom, st_makeenvelope(552300,4205500,552700,4205900, 7792))");
    let expected: Vec<String> =
        town.psql(&format!("select id from cadastre.parcels where {condition} {order}")).lines().map(str::to_owned).collect();
    assert!(expected.len() > 20, "{}", expected.len());
    let now = town.psql("select to_char(now() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')");
    for datetime in [String::new(), format!("&datetime={now}")] {
        let question = format!("bbox=552300,4205500,552700,4205900&bbox-crs={EPSG}7792&kind=land{datetime}");
        for sortby in ["-area_m2,%2Bland_use", "-area_m2,+land_use", "-area_m2,land_use"] {
            let (ids, last) = walk(&town, &format!("{ITEMS}?{question}&limit=7&sortby={sortby}"), "next");
            assert_eq!(ids, expected, "{sortby}");
            assert_eq!(walk(&town, &last, "prev").0, expected, "and back");
        }
        assert_eq!(matched(&town, &format!("{question}&sortby=-area_m2")), expected.len() as i64);
    }
    // numbers in texts by their value
    let page = asked(&town, &format!("{ITEMS}?comune=080901&sortby=sheet,number&limit=500")).json();
    let features = page["features"].as_array().unwrap();
    let number = |f: &Value| {
        let digits: String = f["properties"]["number"].as_str().unwrap().chars().take_while(char::is_ascii_digit).collect();
        (f["properties"]["sheet"].as_i64().unwrap(), digits.parse::<i64>().unwrap_or(i64::MAX))
    };
    assert!(features.len() == 500 && features.windows(2).all(|pair| number(&pair[0]) <= number(&pair[1])));

    // a page for people has the columns to sort by as links, and its own order said
    let html = asked(&town, &format!("{ITEMS}?f=html&sortby=-area_m2&limit=3")).text();
    assert!(html.contains("aria-sort=\"descending\"") && html.contains("sortby=sheet"), "{html}");

    for sortby in ["", "nothing", "-", "fid", "sheet,sheet", "sheet,,number", "sheet;select", "geom"] {
        refused(&town, &format!("{ITEMS}?sortby={sortby}"), "sortby");
    }
    let allowed = town.get(&format!("{ITEMS}?sortby=nothing")).json()["allowed"].to_string();
    assert!(allowed.contains("\"area_m2\"") && !allowed.contains("geom"), "{allowed}");
    // a cursor belongs to its order, and one made up is no failure of ours
    let next = next_of(&asked(&town, &format!("{ITEMS}?sortby=sheet&limit=1")).json()).unwrap();
    refused(&town, &path_of(&town, &next).replace("sortby=sheet", "sortby=-sheet"), "cursor");
    for parameters in ["sortby=sheet&cursor=f1.0.[%22x%22].00000000", "cursor=f1.0.[%22x%22].00000000", "sortby=sheet&cursor=f1.0.00000000"]
    {
        refused(&town, &format!("{ITEMS}?{parameters}"), "cursor");
    }
}

#[test]
fn sorted_pages_have_each_feature_once_while_rows_come_and_go() {
    let town = Town::own();
    town.psql(
        "update environment.trees set height_m = null where fid % 10 = 3; update environment.trees set height_m = 'NaN' where fid % 97 = 0",
    );
    let order = "order by height_m desc nulls last, species collate opensit.natural_order, fid";
    let before: Vec<String> = town.psql(&format!("select id from environment.trees {order}")).lines().map(str::to_owned).collect();
    let size = before.len() / 6;
    let mut path = Some(format!("/collections/trees/items?sortby=-height_m,species&limit={size}"));
    let (mut seen, mut gone, mut pages) = (Vec::new(), Vec::new(), 0_usize);
    while let Some(at) = path {
        let page = asked(&town, &at).json();
        seen.extend(page["features"].as_array().unwrap().iter().map(|f| f["id"].as_str().unwrap().to_owned()));
        path = next_of(&page).map(|href| path_of(&town, &href));
        pages += 1;
        if pages <= 4 {
            // the first row of the coming page goes, which the cursor names; others change what they are not sorted by
            let coming = &before[before.len() / 6 * pages];
            gone.extend([coming.clone(), before[pages].clone()]);
            town.psql(&format!(
                "delete from environment.trees where id in ('{coming}', '{}');
                 update environment.trees set crown_m = crown_m + 1 where fid % 7 = {pages};
                 insert into environment.trees (id, comune, geom, species, height_m) select 'new-' || {pages} || '-' || n, comune, geom, species, n * 10
                 from environment.trees cross join generate_series(0, 3) n where id = '{}'",
                before[pages], before[before.len() / 2 + 1]
            ));
        }
    }
    assert!(pages >= 6, "{pages}");
    let kept = |ids: &[String]| -> Vec<String> { ids.iter().filter(|id| !gone.contains(id) && !id.starts_with("new-")).cloned().collect() };
    assert_eq!(kept(&seen), kept(&before), "each once, and in order");
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), seen.len(), "nothing twice");
}

#[test]
fn collections_say_what_a_suite_asks_of_them() {
    let town = Town::shared();
    let document = asked(&town, "/collections").json();
    let media = |links: &Value, rel: &str| -> Vec<String> {
        let of = links.as_array().unwrap().iter().filter(|l| l["rel"] == rel);
        of.map(|l| l["type"].as_str().unwrap_or_else(|| panic!("{l} has no type")).to_owned()).collect()
    };
    assert_eq!(
        (media(&document["links"], "self"), media(&document["links"], "alternate")),
        (vec!["application/json".to_owned()], vec!["text/html".to_owned()])
    );
    assert_eq!(document["crs"][0], CRS84);
    for collection in document["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        let links = collection["links"].as_array().unwrap();
        assert!(
            links.iter().all(|l| l["rel"].is_string() && l["type"].is_string() && l["href"].as_str().unwrap().starts_with("http")),
            "{id}"
        );
        assert_eq!(media(&collection["links"], "items"), ["application/geo+json", "text/html"], "{id}");
        assert_eq!((&collection["itemType"], &collection["crs"][0]), (&"feature".into(), &CRS84.into()), "{id}");
        assert_eq!(*collection, asked(&town, &format!("/collections/{id}")).json(), "{id}: the same in the list and alone");
        let rows = asked(&town, &format!("/collections/{id}/items?limit=1")).json();
        // rectangles across the meridian of Greenwich, the equator, the antimeridian and round the poles are questions like others
        for bbox in ["-1.5,50,1.5,53", "-80,-5,-70,5", "177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85"] {
            assert_eq!(asked(&town, &format!("/collections/{id}/items?bbox={bbox}")).json()["numberMatched"], 0, "{id} {bbox}");
        }
        let extent: Vec<f64> = collection["extent"]["spatial"]["bbox"][0].as_array().unwrap().iter().map(|n| n.as_f64().unwrap()).collect();
        let [w, s, e, n] = extent[..] else { panic!("{id}: {extent:?}") };
        let within = |bbox: String| asked(&town, &format!("/collections/{id}/items?limit=1&{bbox}")).json()["numberMatched"].clone();
        assert_eq!(within(format!("bbox={w},{s},{e},{n}")), rows["numberMatched"], "{id}");
        // a suite brings its two corners to another system, and expects the same features
        if rows["numberMatched"].as_i64().unwrap() > 1_000 {
            for (code, zone) in [("25832", 32), ("25833", 33), ("7793", 34)] {
                let to = format!("+proj=utm +zone={zone} +ellps=GRS80 +type=crs");
                let ([x0, y0], [x1, y1]) = (
                    cs2cs([w, s], "+proj=longlat +ellps=GRS80 +type=crs", &to),
                    cs2cs([e, n], "+proj=longlat +ellps=GRS80 +type=crs", &to),
                );
                assert_eq!(within(format!("bbox={x0},{y0},{x1},{y1}&bbox-crs={EPSG}{code}")), rows["numberMatched"], "{id} {code}");
            }
        }
        for unknown in ["http://www.opengis.net/def/crs/0/unsupported", "http://www.opengis.net/def/crs/EPSG/0/0"] {
            refused(&town, &format!("/collections/{id}/items?crs={unknown}"), "crs");
            refused(&town, &format!("/collections/{id}/items?bbox=15,38,16,39&bbox-crs={unknown}"), "bbox-crs");
        }
        let sortables = asked(&town, &format!("/collections/{id}/sortables"));
        assert_eq!(sortables.header("content-type"), Some("application/schema+json"));
        assert_eq!(sortables.json()["additionalProperties"], false);
        for name in sortables.json()["properties"].as_object().unwrap().keys() {
            asked(&town, &format!("/collections/{id}/items?limit=2&sortby=-{name}"));
        }
    }
    // a feature's links, and those of its page
    let (id, _) = a_parcel(&town);
    for (path, others) in [(format!("{ITEMS}/{id}"), &["text/html"][..]), (format!("{ITEMS}?limit=2"), &["text/html", "text/csv"])] {
        let links = asked(&town, &path).json()["links"].clone();
        assert_eq!(media(&links, "self"), ["application/geo+json"], "{path}");
        assert_eq!(media(&links, "alternate"), others, "{path}");
        assert_eq!(media(&links, "collection"), ["application/json"], "{path}");
    }
}

/// Where a relative link of a page leads.
fn resolved(page: &str, link: &str) -> String {
    let path = page.split('?').next().unwrap();
    let mut folders: Vec<&str> = path.split('/').collect();
    folders.pop();
    let mut rest = link;
    while let Some(up) = rest.strip_prefix("../") {
        assert!(folders.len() > 1, "{link} leaves the service from {page}");
        folders.pop();
        rest = up;
    }
    format!("{}/{rest}", folders.join("/"))
}

#[test]
fn a_page_works_by_whatever_name_it_is_reached() {
    let town = Town::shared();
    let (id, _) = a_parcel(&town);
    for path in [
        "/".to_owned(),
        "/collections".to_owned(),
        "/collections/parcels".to_owned(),
        format!("{ITEMS}?limit=3"),
        format!("{ITEMS}/{id}"),
        "/api".to_owned(),
    ] {
        let html = asked(&town, &format!("{path}{}f=html", if path.contains('?') { '&' } else { '?' })).text();
        let mut attributes = 0;
        for name in [" href=\"", " src=\""] {
            for (_, rest) in html.match_indices(name).map(|(at, _)| html.split_at(at + name.len())) {
                let target = &rest[..rest.find('"').unwrap()];
                assert!(!target.contains("//") && !target.starts_with('/'), "{path}: {target}");
                if target != "./" && !target.starts_with(['#', '?']) && !target.starts_with("data:") {
                    let at = resolved(&path, &target.replace("&amp;", "&"));
                    assert_eq!(town.get(&at).status, 200, "{path}: {target} is {at}");
                }
                attributes += 1;
            }
        }
        assert!(attributes > 5, "{path}");
    }
    assert!(asked(&town, &format!("{ITEMS}/{id}?f=html")).text().contains("<h1>"));
}

#[test]
fn links_name_the_address_that_a_trusted_proxy_states_and_no_other() {
    let forged = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    let paths = ["/", "/collections", "/collections/trees/items?limit=2", "/api", "/openapi.json", "/xyz/parcels", "/styles/map.json"];
    // nobody is trusted: whatever is written, the answer is the same, and so is the next one
    let town = Town::shared();
    let steady = |answer: &Answer| match answer.json() {
        Value::Object(mut members) => {
            members.remove("timeStamp");
            members
        }
        other => panic!("{other}"),
    };
    for path in paths {
        let plain = town.get_with(path, &[]);
        for header in forged {
            let answer = town.get_with(path, &[header]);
            assert!(!answer.text().contains("evil") && !answer.headers.iter().any(|(_, v)| v.contains("evil")), "{path} {header:?}");
            assert!(steady(&answer) == steady(&plain) && answer.header("etag") == plain.header("etag"), "{path} {header:?}");
        }
        assert!(steady(&town.get(path)) == steady(&plain), "{path}: nothing was kept");
    }

    // 127.0.0.1 is trusted
    let scratch = tempfile::tempdir().unwrap();
    let behind = Server::start(
        &["demo", "--size", "small", "--no-open", "--trusted-proxies", "127.0.0.0/8,10.0.0.0/8"],
        &scratch.path().join("data"),
    );
    let get = |path: &str, headers: &[(&str, &str)]| behind.get_with(path, headers);
    let stated = [("x-forwarded-host", "maps.example.it"), ("x-forwarded-proto", "https"), ("x-forwarded-prefix", "/sit")];
    for path in paths {
        let answer = get(path, &stated);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert!(answer.text().contains("https://maps.example.it/sit"), "{path}: {}", answer.text());
        assert!(!answer.text().contains("localhost"), "{path}");
        assert!(
            get(path, &[("forwarded", "for=1.2.3.4;proto=https;host=maps.example.it")]).text().contains("https://maps.example.it"),
            "{path}"
        );
        // one request's address is not the next one's; `Host` is never believed; what can't be read is passed over
        for headers in [
            &[][..],
            &[("host", "evil.example")],
            &[("x-forwarded-host", "evil.example/x")],
            &[("x-forwarded-host", "evil.example"), ("forwarded", "host=maps.example.it")],
        ] {
            let answer = get(path, headers);
            let text = answer.text();
            assert!(text.contains(&behind.url) && !text.contains("evil") && !text.contains("maps.example"), "{path} {headers:?}");
        }
    }
    let links: Vec<String> = get(paths[2], &stated).headers.into_iter().filter(|(n, _)| n == "link").map(|(_, v)| v).collect();
    assert!(!links.is_empty() && links.iter().all(|l| l.starts_with("<https://maps.example.it/sit/")), "{links:?}");
}

#[test]
fn the_api_document_is_openapi_3_0_with_concrete_paths() {
    let town = Town::shared();
    let answer = asked(&town, "/api");
    assert_eq!(answer.header("content-type"), Some("application/vnd.oai.openapi+json;version=3.0"));
    let api = answer.json();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.0."));
    assert_eq!(api["servers"][0]["url"], town.url());
    let resolve = |v: &Value| {
        v.get("$ref").map_or(v.clone(), |r| api.pointer(&r.as_str().unwrap()[1..]).unwrap_or_else(|| panic!("{r} leads nowhere")).clone())
    };
    let collections = asked(&town, "/collections").json();
    for collection in collections["collections"].as_array().unwrap() {
        let id = collection["id"].as_str().unwrap();
        let operation = &api["paths"][format!("/collections/{id}/items")]["get"];
        assert!(operation["operationId"].is_string() && operation["responses"]["200"].is_object(), "{id}");
        let parameters: Vec<Value> = operation["parameters"].as_array().unwrap().iter().map(resolve).collect();
        for name in ["limit", "bbox", "bbox-crs", "crs", "datetime"] {
            let parameter = parameters.iter().find(|p| p["name"] == name).unwrap_or_else(|| panic!("{id} lacks {name}"));
            assert_eq!(
                (&parameter["in"], &parameter["explode"], &parameter["style"]),
                (&"query".into(), &false.into(), &"form".into()),
                "{id} {name}"
            );
        }
        let limit = &parameters.iter().find(|p| p["name"] == "limit").unwrap()["schema"];
        assert_eq!((&limit["type"], &limit["minimum"], &limit["maximum"]), (&"integer".into(), &1.into(), &10_000.into()));
        assert!(api["paths"][format!("/collections/{id}/items/{{featureId}}")]["get"].is_object(), "{id}");
        // what the document promises works
        asked(&town, &format!("/collections/{id}/items?limit=1"));
        asked(&town, &format!("/collections/{id}/schema"));
        asked(&town, &format!("/collections/{id}/queryables"));
    }
    // no word of OpenAPI 3.1
    let text = answer.text();
    assert!(!text.contains("\"type\":[") && !text.contains("\"examples\":[") && !text.contains("\"const\":"), "3.1 in a 3.0 document");
}

#[test]
fn the_landing_page_leads_everywhere() {
    let town = Town::shared();
    let landing = asked(&town, "/").json();
    for rel in ["self", "service-desc", "service-doc", "conformance", "data"] {
        let link = landing["links"].as_array().unwrap().iter().find(|l| l["rel"] == rel).unwrap_or_else(|| panic!("no {rel}"));
        asked(&town, &path_of(&town, link["href"].as_str().unwrap()));
        if rel == "service-desc" {
            assert_eq!(link["type"], "application/vnd.oai.openapi+json;version=3.0");
        }
    }
    let classes = asked(&town, "/conformance").json()["conformsTo"].to_string();
    for class in [
        "ogcapi-features-1/1.0/conf/core",
        "ogcapi-features-1/1.0/conf/oas30",
        "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-1/1.0/conf/html",
        "ogcapi-features-2/1.0/conf/crs",
    ] {
        assert!(classes.contains(class), "{class}");
    }
}

#[test]
fn people_get_pages_and_programs_get_data() {
    let town = Town::shared();
    let (id, _) = a_parcel(&town);
    let item = format!("{ITEMS}/{id}");
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for path in ["/", "/conformance", "/collections", "/collections/parcels", ITEMS, item.as_str(), "/api"] {
        let kind = |accept: &str| {
            let answer = town.get_with(path, &[("accept", accept)]);
            assert_eq!(answer.status, 200, "{path} for {accept}");
            assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("accept"), "{path}");
            answer.header("content-type").unwrap().to_owned()
        };
        for page in ["text/html", browser] {
            assert!(kind(page).starts_with("text/html"), "{path} for {page}");
        }
        for data in [
            "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
            "text/html, image/gif, image/jpeg, */*; q=0.2",
            "*/*",
            "application/json",
            "application/geo+json",
        ] {
            assert!(kind(data).contains("json"), "{path} for {data}");
        }
        assert!(asked(&town, &format!("{path}?f=html")).text().contains("<html"), "{path}");
        assert!(asked(&town, &format!("{path}?f=json")).header("content-type").unwrap().contains("json"), "{path}");

        // a compressed answer without its body can't be decompressed
        let (get, head) = (town.get(path), town.ask("HEAD", path, &[("accept-encoding", "identity")]));
        assert_eq!((head.status, head.body.len()), (200, 0), "HEAD {path}");
        for header in ["content-type", "content-crs", "etag"] {
            assert_eq!(head.header(header), get.header(header), "HEAD {path}: {header}");
        }
    }
    assert_eq!(asked(&town, ITEMS).header("content-type"), Some("application/geo+json"));
}

#[test]
fn a_browser_of_another_origin_may_read() {
    let town = Town::shared();
    let answer = town.get_with(&format!("{ITEMS}?limit=1"), &[("origin", "https://example.org")]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let exposed = answer.header("access-control-expose-headers").unwrap().to_ascii_lowercase();
    assert!(exposed.contains("content-crs") && exposed.contains("link"), "{exposed}");
}
