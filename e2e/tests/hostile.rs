//! Whatever stands in an address is answered, never with a failure of ours, and the next honest question is answered too.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use e2e::Town;
use serde_json::Value;

/// Sends a request line exactly as it is, which a client library would mend first; the status, or 0 for none.
fn raw(town: &Town, target: &str) -> (u16, String) {
    let url = town.url();
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = write!(stream, "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0), text)
}

fn still_answers(town: &Town) {
    assert_eq!(town.get("/readyz").status, 200);
    assert_eq!(town.get("/collections/parcels/items?limit=1").json()["numberReturned"], 1);
    assert_eq!(town.get("/search?q=via").status, 200);
}

/// A text as a query's value.
fn encoded(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[track_caller]
fn problem(text: &str) -> Value {
    assert!(text.to_ascii_lowercase().contains("content-type: application/problem+json"), "{text}");
    let body = text.split_once("\r\n\r\n").unwrap().1;
    let json = &body[body.find('{').unwrap()..=body.rfind('}').unwrap()];
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn tiles_that_are_none() {
    let town = Town::shared();
    for (tile, status) in [
        ("99/0/0", 400),
        ("23/0/0", 400),
        ("256/0/0", 400),
        ("-1/0/0", 400),
        ("a/0/0", 400),
        ("1.5/0/0", 400),
        ("10/-1/5", 404),
        ("10/5/-5", 404),
        ("10/NaN/5", 400),
        ("10/1e3/5", 400),
        ("10/5/5%00", 400),
        ("10/99999999999999999999999999/5", 404),
        ("18446744073709551616/0/0", 400),
        ("10/1024/5", 404),
        ("10/5/1024", 404),
        ("0/1/0", 404),
        ("22/4194304/0", 404),
        ("22/4294967295/0", 404),
        ("10/..%2f..%2fetc/5", 400),
        ("%2e%2e/%2e%2e/%2e%2e", 400),
    ] {
        let (got, text) = raw(&town, &format!("/xyz/parcels/{tile}"));
        assert_eq!(got, status, "{tile}: {text}");
        assert_eq!(problem(&text)["status"], status, "{tile}");
    }
    for ids in [
        "nothing",
        "parcels,nothing",
        "..%2f..%2fetc%2fpasswd",
        "parcels%27%3bdrop%20table%20x",
        "%00",
        "%ff",
        ",",
        "parcels%2Ctrees%2C",
        "%F0%9F%92%A9",
    ] {
        for tail in ["", "/14/8900/6300", "/changes"] {
            let (got, text) = raw(&town, &format!("/xyz/{ids}{tail}"));
            assert!(matches!(got, 400 | 404), "{ids}{tail}: {text}");
        }
    }
    let many = vec!["parcels"; 5_000].join(",");
    let (got, _) = raw(&town, &format!("/xyz/{many}/14/8900/6300"));
    assert!((400..500).contains(&got), "{got}");
    let (got, text) = raw(&town, "/xyz/parcels/14/8900/6300?filter=1");
    assert_eq!((got, &problem(&text)["parameter"]), (400, &"filter".into()));
    still_answers(&town);
}

#[test]
fn the_world_tile_is_bounded() {
    let town = Town::shared();
    for tile in ["0/0/0", "5/17/12"] {
        let answer = town.get(&format!("/xyz/parcels,buildings,house_numbers,trees/{tile}"));
        assert!(matches!(answer.status, 200 | 204), "{tile}: {}", answer.status);
        assert!(answer.body.len() < 1 << 20, "{tile}: {} bytes", answer.body.len());
    }
}

const TEXTS: [&str; 22] = [
    "'",
    "''; drop table cadastre.parcels; --",
    "\" or 1=1",
    "$$ $1 $2",
    "%",
    "%%%%",
    "_",
    "\\",
    "\\' or true",
    "<script>alert(1)</script>",
    "& | ! <-> :*",
    "((((",
    "via:* & !",
    "日本語",
    "Città è più",
    "💩",
    "\u{202e}amor",
    "\u{fffe}\u{feff}",
    "e\u{301}\u{301}\u{301}\u{301}",
    "\r\nSet-Cookie: a=b",
    "fg 99999999999999999999 p 99999999999999999999",
    "12/345/678/9/-1",
];

#[test]
fn searches_for_anything() {
    let town = Town::shared();
    for text in TEXTS {
        let answer = town.get(&format!("/search?q={}", encoded(text)));
        assert!(answer.status < 500, "{text}: {}", answer.text());
        assert!(answer.header("content-type").unwrap().contains("json"), "{text}: markup is never answered as a page");
        assert!(answer.header("set-cookie").is_none());
        if answer.status == 200 {
            assert!(answer.json()["results"].is_array(), "{text}");
        }
    }
    for (query, status) in [
        ("q=%00", 400),
        ("q=a%00b", 400),
        ("q=%ff%fe", 400),
        ("q=", 400),
        ("", 400),
        ("q=a&q=b", 400),
        ("q=via&limit=0", 400),
        ("q=via&limit=51", 400),
        ("q=via&limit=-1", 400),
        ("q=via&bbox=1,2,3", 400),
        ("q=via&bbox=NaN,0,1,1", 400),
        ("q=via&nothing=1", 400),
    ] {
        let (got, text) = raw(&town, &format!("/search?{query}"));
        assert!(got == status || (query == "q=" && got == 200), "{query}: {text}");
    }
    let (got, text) = raw(&town, &format!("/search?q={}", "a".repeat(10_000)));
    assert_eq!((got, &problem(&text)["parameter"]), (400, &"q".into()), "{text}");
    let (got, text) = raw(&town, &format!("/search?q={}", "a".repeat(60_000)));
    assert!((400..500).contains(&got), "{text}");
    still_answers(&town);
}

#[test]
fn identifies_anywhere() {
    let town = Town::shared();
    for query in [
        "",
        "point=",
        "point=1",
        "point=a,b",
        "point=NaN,NaN",
        "point=inf,0",
        "point=181,0",
        "point=0,91",
        "point=1,2,3",
        "point=%00",
        "point=1e999,0",
        "point=15.6,38&zoom=-1",
        "point=15.6,38&zoom=99",
        "point=15.6,38&zoom=x",
        "point=15.6,38&zoom=NaN",
        "point=15.6,38&layers=%00",
        "point=15.6,38&x=1",
        "point=15.6,38&point=15.6,38",
    ] {
        let (got, text) = raw(&town, &format!("/identify?{query}"));
        assert_eq!(got, 400, "{query}: {text}");
        problem(&text);
    }
    for query in ["point=0,0", "point=180,90", "point=-180,-90&zoom=0", "point=15.6,38&zoom=0", "point=15.6,38&zoom=24"] {
        let (got, text) = raw(&town, &format!("/identify?{query}"));
        assert_eq!(got, 200, "{query}: {text}");
    }
    for text in TEXTS {
        for query in [
            format!("point={}", encoded(text)),
            format!("point=15.6,38&layers={}", encoded(text)),
            format!("point=15.6,38&lang={}", encoded(text)),
        ] {
            let answer = town.get(&format!("/identify?{query}"));
            assert!(answer.status < 500, "{query}: {}", answer.text());
        }
    }
    still_answers(&town);
}

#[test]
fn collections_and_features_of_any_name() {
    let town = Town::shared();
    for text in TEXTS.iter().copied().chain(["..", "../../etc/passwd", "a/b", "x".repeat(3_000).as_str()]) {
        let name = encoded(text);
        for address in [
            format!("/collections/{name}"),
            format!("/collections/{name}/items"),
            format!("/collections/{name}/schema"),
            format!("/collections/parcels/items/{name}"),
            format!("/styles/{name}.json"),
            format!("/portal/{name}"),
        ] {
            let (got, answer) = raw(&town, &address);
            assert!(matches!(got, 400 | 404 | 414 | 431) || (address.starts_with("/portal/") && got == 200), "{address}: {answer}");
            assert!(answer.contains("application/problem+json") || !answer.contains("<script>alert"), "{address}: {answer}");
            assert!(answer.contains("x-content-type-options: nosniff"), "{address}: {answer}");
        }
        for parameter in ["kind", "number", "bbox", "crs", "datetime", "cursor", "limit", "f", "lang", "nothing"] {
            let answer = town.get(&format!("/collections/parcels/items?{parameter}={name}"));
            assert!(answer.status < 500, "{parameter}={text}: {}", answer.text());
        }
        let page = town.get(&format!("/collections/streets/items?f=html&name={name}"));
        assert!(page.status < 500 && !page.text().contains("<script>alert"), "{text}");
    }
    for path in
        ["/portal/../../../etc/passwd", "/portal/..%2f..%2f..%2fetc%2fpasswd", "/portal/assets/%2e%2e/%2e%2e/Cargo.toml", "//etc/passwd"]
    {
        let (got, answer) = raw(&town, path);
        assert!((400..500).contains(&got) || (got == 200 && answer.contains("<html")), "{path}: {got}");
        assert!(!answer.contains("root:"), "{path}");
    }
    assert!(town.psql("select count(*) from cadastre.parcels").parse::<i64>().unwrap() > 2_000);
    still_answers(&town);
}

#[test]
fn methods_and_headers_that_nobody_expects() {
    let town = Town::shared();
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let answer = town.ask(method, "/collections/parcels/items", &[]);
        assert_eq!(answer.status, 405, "{method}");
    }
    let long = "a,".repeat(2_000);
    for (name, value) in [
        ("accept", long.as_str()),
        ("accept-language", "xx;q=nothing,,,;;;"),
        ("accept-encoding", "nonsense;q=7"),
        ("if-none-match", "\"\"\"\"\"\"\""),
        ("last-event-id", "no position"),
        ("range", "bytes=999999999-0"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-for", "' or 1=1"),
    ] {
        for path in ["/", "/collections/parcels/items?limit=1", "/xyz/parcels/14/8900/6300", "/styles/map.json"] {
            let answer = town.get_with(path, &[(name, value)]);
            assert!(answer.status < 500, "{path} with {name}: {}", answer.text());
            assert!(!answer.text().contains("evil.example"), "{path} with {name}");
        }
    }
    still_answers(&town);
}

/// What PostGIS takes for a position and nobody can draw is refused where it is written, with a name that says why.
#[test]
fn geometries_without_a_sound_position_are_refused_by_the_database() {
    let town = Town::shared();
    let refused = |what: &str, sql: &str| {
        let caught = format!(
            "do $test$ begin {sql}; raise 'taken'; exception when check_violation then
               if sqlerrm not like '%geometry_is_sound%' then raise; end if; end $test$"
        );
        assert_eq!(town.psql(&caught), "", "{what}");
    };
    for point in ["NaN", "Infinity", "-Infinity", "1e11"].map(|x| format!("st_setsrid(st_makepoint('{x}', 4218000), 7792)")) {
        refused(&point, &format!("insert into environment.trees (species, comune, geom) values ('Quercus', '080901', {point})"));
        refused(&point, &format!("update environment.trees set geom = {point}"));
    }
    let tree = |wkt: &str| format!("insert into environment.trees (species, comune, geom) values ('Quercus', '080901', 'SRID=7792;{wkt}')");
    refused("an empty point", &tree("POINT EMPTY"));
    let street = |wkt: &str| format!("insert into territory.streets (kind, comune, geom) values ('local', '080901', 'SRID=7792;{wkt}')");
    refused("an empty line", &street("LINESTRING EMPTY"));
    refused("NaN in the middle, which no bounding box shows", &street("LINESTRING(555000 4214000, NaN 4214005, 555010 4214000)"));
    let sheet = "insert into cadastre.sheets (id, section, number, attachment, comune, geom) values ('x', '', 1, '', '080901', 'SRID=7792;";
    refused(
        "NaN in a hole",
        &format!(
            "{sheet}POLYGON((555000 4214000, 555100 4214000, 555100 4214100, 555000 4214000), (555050 4214010, 555060 NaN, 555060 4214020, 555050 4214010))')"
        ),
    );
    still_answers(&town);
}

/// What somebody does to the tables in `psql` costs the layers it is done to, and no other.
#[test]
fn tables_changed_by_hand_take_nothing_else_with_them() {
    let town = Town::own();
    let folder = town.scratch();
    let publish = |name: &str, more: &[&str]| {
        let rows = (0..20).map(|n| format!("{n};{:05};{};{}\n", 184 + n, 552_400 + n, 4_205_600 + n));
        let file = folder.path().join(format!("{name}.csv"));
        std::fs::write(&file, format!("id;cap;x;y\n{}", rows.collect::<String>())).unwrap();
        let arguments = ["ingest", file.to_str().unwrap(), "--layer", name, "--crs", "EPSG:7792", "--comune", "080901"];
        let output = town.command(&[&arguments, more].concat());
        assert!(output.ok, "{}{}", output.out, output.err);
    };
    for name in ["postal", "moved", "lost"] {
        publish(name, &[]);
    }
    let until = |what: &str, path: &str, status: u16| {
        let seen = (0..100).any(|_| {
            let there = town.get(path).status == status;
            if !there {
                std::thread::sleep(Duration::from_millis(100));
            }
            there
        });
        assert!(seen, "{what}: {path} is {}, not {status}: {}", town.get(path).status, town.get(path).text());
    };
    let items = "/collections/postal/items?f=json&cap=00184";
    until("it is served", items, 200);
    assert_eq!(town.get(items).json()["numberReturned"], 1);
    until("it is served", "/collections/moved/items?f=json&limit=1", 200);

    // places in another system give an answer to every question, only a wrong one: nobody's failure shows it
    town.psql(
        "alter table published.moved alter geom type geometry(point, 3003) using st_transform(geom, 3003);
         alter table published.postal alter column cap type integer using cap::integer;
         alter table environment.trees alter geom type geometry(point) using st_setsrid(geom, 0);
         alter table tourism.points_of_interest rename to poi2;
         drop table published.lost",
    );
    for (layer, columns) in
        [("moved", vec!["geom"]), ("postal", vec!["cap"]), ("trees", vec!["geom"]), ("points_of_interest", vec![]), ("lost", vec![])]
    {
        let path = format!("/collections/{layer}/items?f=json&limit=1");
        until("it is left out", &path, 503);
        assert_eq!(town.get(&path).json()["columns"], Value::from(columns), "{layer}");
    }
    assert_eq!(town.get(items).status, 503);
    let well = |town: &Town| {
        for address in
            ["/identify?point=15.65,38.1&zoom=17", "/xyz/parcels,trees,moved/14/8904/6313", "/portal/catalogue.json", "/styles/map.json"]
        {
            let answer = town.get(address);
            assert!(matches!(answer.status, 200 | 204), "{address}: {}", answer.text());
        }
        still_answers(town);
    };
    well(&town);

    let check = town.command(&["check"]);
    assert!(!check.ok);
    for words in [
        "`points_of_interest` can't be read: there is no table tourism.points_of_interest",
        "alter table … rename to points_of_interest",
        "`moved` can't be read: column `geom` of published.moved is geometry(Point, 3003), not geometry(Point, 7792)",
        "alter column geom type geometry(Point, 7792) using …",
        "`trees` can't be read: column `geom` of environment.trees is geometry(Point, 0)",
        "`postal` can't be read: column `cap` of published.postal is not text",
    ] {
        assert!(check.out.contains(words), "{words}: {}{}", check.out, check.err);
    }
    let layers = town.command(&["layers", "--json"]);
    assert!(layers.ok, "{}", layers.err);
    let rows: Value = serde_json::from_str(&layers.out).unwrap();
    let row = |id: &str| rows.as_array().unwrap().iter().find(|r| r["id"] == id).unwrap_or_else(|| panic!("{id}: {rows}")).clone();
    assert_eq!((&row("lost")["rows"], &row("lost")["damaged"]), (&Value::Null, &true.into()));
    assert_eq!((&row("postal")["rows"], &row("postal")["damaged"]), (&20.into(), &true.into()));
    assert_eq!(row("parcels")["damaged"], false);
    assert!(town.command(&["layers"]).out.lines().any(|l| l.starts_with("lost ") && l.contains(" -  damaged")));
    publish("lost", &["--replace"]);
    until("it is there again", "/collections/lost/items?f=json&limit=1", 200);

    town.kill_and_restart();
    assert_eq!(town.get("/collections/points_of_interest/items?f=json").status, 503, "it starts all the same");
    well(&town);
    town.psql("alter table tourism.poi2 rename to points_of_interest");
    until("it heals", "/collections/points_of_interest/items?f=json&limit=1", 200);
}

/// A declaration that can't be read is its layer's loss; a table that somebody holds is worth asking again.
#[test]
fn a_declaration_that_cannot_be_read_and_a_table_that_is_held() {
    let town = Town::own();
    town.psql("update opensit.layers set declaration = '{}' where id = 'sheets'");
    let gone = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        town.get("/collections/sheets?f=json").status == 404
    });
    assert!(gone, "it is left out");
    still_answers(&town);
    let reconnections = || {
        let metrics = town.get("/metrics").text();
        let line = metrics.lines().find(|l| l.starts_with("feed_reconnections_total")).map(str::to_owned);
        line.map_or_else(|| "0".to_owned(), |l| l.rsplit(' ').next().unwrap_or_default().to_owned())
    };
    assert_eq!(reconnections(), "0", "the feed goes on");
    let check = town.command(&["check"]);
    assert!(!check.ok && check.out.contains("the declaration of `sheets` in opensit.layers can't be read"), "{}{}", check.out, check.err);
    // a theme's own declaration was written again; one that nobody declares is named until somebody mends it
    assert!(town.command(&["check"]).ok);
    town.psql("update opensit.layers set declaration = '{}', access_by = 'somebody', access_at = now() where id = 'sheets'");
    for _ in 0..2 {
        assert!(town.command(&["check"]).out.contains("`sheets`"));
    }
    town.kill_and_restart();
    assert_eq!(town.get("/collections/sheets?f=json").status, 404, "who may see it can't be read: nobody");
    still_answers(&town);

    std::thread::scope(|scope| {
        let holds = scope.spawn(|| town.psql("begin; lock table environment.trees; select pg_sleep(8); commit"));
        let held =
            "select count(*) from pg_locks where relation = 'environment.trees'::regclass and mode = 'AccessExclusiveLock' and granted";
        while town.psql(held) != "1" {
            assert!(!holds.is_finished(), "the lock is taken");
        }
        let answer = town.get("/collections/trees/items?f=json&limit=1");
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(answer.header("retry-after").is_some());
    });
    assert_eq!(town.get("/collections/trees/items?f=json&limit=1").status, 200);
}
