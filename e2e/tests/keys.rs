//! Keys and the audit log, from the command line to other people's clients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that can not go on fails")]

use std::process::Command;

use e2e::{Town, run};

/// A layer of the demo town that only staff see.
const PROTECTED: &str = "tree_inspections";

fn ogrinfo(town: &Town, settings: &[(&str, &str)]) -> String {
    let mut command = Command::new("ogrinfo");
    for (name, value) in settings {
        command.env(name, value);
    }
    let output = run(command.args(["-ro", "-so", &format!("OAPIF:{}/", town.url()), PROTECTED]));
    format!("{}{}", output.out, output.err)
}

#[test]
fn gdal_reads_a_protected_layer_with_a_key_and_without_one_there_is_none() {
    let town = Town::shared();
    let made = town.command(&["keys", "create", "--name", "ufficio tecnico", "--scope", "read", "--layers", PROTECTED, "--expires", "90d"]);
    assert!(made.ok, "{}", made.err);
    let key = made.out.trim_end();
    assert!(key.starts_with("sit_") && !key.contains(char::is_whitespace), "the key alone: {:?}", made.out.len());
    assert!(!made.err.contains(key), "nor elsewhere");

    let header = format!("X-API-Key: {key}");
    assert!(ogrinfo(&town, &[("GDAL_HTTP_HEADERS", &header)]).contains("Feature Count: "));
    assert!(ogrinfo(&town, &[("GDAL_HTTP_USERPWD", &format!("anybody:{key}"))]).contains("Feature Count: "));
    let without = ogrinfo(&town, &[]);
    assert!(!without.contains("Feature Count: "), "{without}");
    let absent = town.get("/collections/no_such_layer/items").text().replace("no_such_layer", PROTECTED);
    assert_eq!(town.get(&format!("/collections/{PROTECTED}/items")).text(), absent, "as if the layer did not exist");
    // the key is for this layer alone, and never taken from an address
    assert_eq!(town.get_with("/collections/parcels", &[("x-api-key", key)]).status, 404);
    assert!(!town.get(&format!("/collections/{PROTECTED}?api_key={key}")).text().contains("\"itemType\""));

    let listed = town.command(&["keys", "list", "--json"]).out;
    assert!(listed.contains("ufficio tecnico") && !listed.contains(key));
    assert!(town.command(&["keys", "revoke", key]).ok);
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert_eq!(town.get_with(&format!("/collections/{PROTECTED}"), &[("x-api-key", key)]).status, 401);
    assert!(!town.command(&["keys", "revoke", key]).ok, "it is revoked");
    for wrong in [["--layers", "no_such_layer"], ["--comune", "999999"], ["--expires", "soon"]] {
        let refused = town.command(&[&["keys", "create", "--name", "x", "--scope", "read"], &wrong[..]].concat());
        assert!(!refused.ok && refused.out.is_empty(), "{wrong:?}");
    }
}

#[test]
fn the_audit_log_is_proved_and_a_change_to_it_is_found() {
    let town = Town::own();
    for name in ["one", "two", "three"] {
        assert!(town.command(&["keys", "create", "--name", name, "--scope", "read"]).ok);
    }
    let sealed = |town: &Town| {
        for _ in 0..100 {
            let report = town.command(&["audit", "verify"]);
            if report.out.contains("every entry is sealed") {
                return report;
            }
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        panic!("nothing seals: {}", town.command(&["audit", "verify"]).out);
    };
    let whole = sealed(&town);
    assert!(whole.ok && whole.out.contains("3 entries"), "{}", whole.out);
    let head = whole.out.lines().last().unwrap().to_owned();
    assert_eq!(town.command(&["audit", "export"]).out.lines().count(), 3);

    town.kill_and_restart();
    assert!(town.command(&["keys", "create", "--name", "four", "--scope", "read"]).ok);
    assert!(sealed(&town).out.contains("4 entries"));
    assert!(town.command(&["audit", "verify", "--expect", &head]).ok, "it has only grown");

    // whoever owns the table can turn its guards off, and is found all the same
    town.psql(
        "alter table identity.audit disable trigger user; update identity.audit set name = 'somebody else' where seal = 2;
         alter table identity.audit enable trigger user",
    );
    let broken = town.command(&["audit", "verify"]);
    assert!(!broken.ok && broken.out.contains("BROKEN") && broken.out.contains("place 2"), "{}", broken.out);
}

/// The cookie of one of the invented people.
fn cookie(town: &Town, person: &str) -> String {
    let answer = town.ask("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")]);
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit=")).unwrap().to_owned()
}

/// Asks until it is so, for some seconds: rights and revocations hold within two.
fn soon(what: &str, so: impl Fn() -> bool) {
    for _ in 0..60 {
        if so() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    panic!("{what}");
}

#[test]
fn a_key_edits_what_who_made_it_may_edit_and_its_token_ends_with_it() {
    let town = Town::own();
    let (officer, administrator) = (cookie(&town, "officer"), cookie(&town, "administrator"));
    let json = |cookie: &str, method: &str, path: &str, body: &str| {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
        town.send(method, path, &headers, body)
    };
    let made = json(&officer, "POST", "/admin/keys", r#"{"name": "k", "scope": "edit", "layers": ["events", "tree_inspections"]}"#);
    assert_eq!(made.status, 201, "{}", made.text());
    let key = made.json()["key"].as_str().unwrap().to_owned();
    let id = town.psql("select id from tourism.events where comune = '080901' order by id limit 1");
    let patch = |value: u32| {
        let body = format!(r#"{{"properties": {{"budget_eur": {value}}}}}"#);
        let headers = [("x-api-key", key.as_str()), ("content-type", "application/merge-patch+json")];
        town.send("PATCH", &format!("/collections/events/items/{id}"), &headers, &body).status
    };
    assert_eq!(patch(20), 200);
    let narrowed = json(&administrator, "PUT", "/admin/layers/events", r#"{"audience": "public", "editors": ["planner"]}"#);
    assert_eq!(narrowed.status, 200, "{}", narrowed.text());
    soon("the key outlives the right of who made it", || patch(21) == 403);

    let token = town.send("POST", "/auth/tile-token", &[("x-api-key", &key), ("content-type", "application/json")], "{}");
    assert_eq!(token.status, 201, "{}", token.text());
    let token = token.json()["token"].as_str().unwrap().to_owned();
    let tilejson = || town.get(&format!("/xyz/tree_inspections?token={token}")).status;
    assert_eq!(tilejson(), 200);
    assert!(town.command(&["keys", "revoke", key.split('_').nth(1).unwrap()]).ok);
    soon("a token outlives its key", || tilejson() == 401);
}

#[test]
fn the_values_of_a_published_file_are_edited_by_those_an_administrator_names() {
    let town = Town::own();
    let folder = town.scratch();
    let place = town.psql("select st_x(g) || ',' || st_y(g) from (select st_transform(st_centroid(geom), 4326) g from territory.boundaries where id = '080901') t");
    let file = folder.path().join("panchine.geojson");
    let feature = format!(
        r#"{{"type": "Feature", "id": "P1", "properties": {{"nome": "una"}}, "geometry": {{"type": "Point", "coordinates": [{place}]}}}}"#
    );
    std::fs::write(&file, format!(r#"{{"type": "FeatureCollection", "features": [{feature}]}}"#)).unwrap();
    let loaded = town.command(&["ingest", file.to_str().unwrap(), "--layer", "panchine"]);
    assert!(loaded.ok, "{}", loaded.err);
    let (officer, administrator) = (cookie(&town, "officer"), cookie(&town, "administrator"));
    let headers = |cookie| [("cookie", cookie), ("sec-fetch-site", "same-origin"), ("content-type", "application/json")];
    soon("the layer is not served", || town.get("/collections/panchine").status == 200);
    let opened = town.send("PUT", "/admin/layers/panchine", &headers(&*administrator), r#"{"audience": "public", "editors": ["officer"]}"#);
    assert_eq!(opened.status, 200, "{}", opened.text());
    let id = town.psql("select id from published.panchine");
    let patch = || {
        let headers = [&headers(&*officer)[..2], &[("content-type", "application/merge-patch+json"), ("if-match", "*")]].concat();
        town.send("PATCH", &format!("/collections/panchine/items/{id}"), &headers, r#"{"properties": {"nome": "due"}}"#)
    };
    soon("its values are not edited", || {
        let answer = patch();
        assert!(matches!(answer.status, 200 | 403 | 405 | 422), "{}", answer.text());
        answer.status == 200
    });
    assert_eq!(town.psql("select nome from published.panchine"), "due");
}

/// The path of an address of ours.
fn path<'a>(town: &Town, address: &'a str) -> &'a str {
    address.strip_prefix(&town.url()).unwrap_or_else(|| panic!("{address} is not at {}", town.url()))
}

#[test]
fn a_map_that_begins_with_a_token_goes_on_with_it() {
    let town = Town::shared();
    let key = town.command(&["keys", "create", "--name", "map", "--scope", "read", "--layers", PROTECTED]).out.trim_end().to_owned();
    let made = town.send("POST", "/auth/tile-token", &[("x-api-key", &key)], "");
    assert_eq!(made.status, 201, "{}", made.text());
    let token = made.json()["token"].as_str().unwrap().to_owned();

    // from the style to the source, from the source to the tile, with nothing but addresses
    let style = town.get(&format!("/styles/{PROTECTED}.json?lang=en&token={token}"));
    assert_eq!(style.header("cache-control"), Some("private, no-cache"));
    let style = style.json();
    let source = style["sources"][PROTECTED]["url"].as_str().unwrap();
    assert!(source.ends_with(&format!("/xyz/{PROTECTED}?token={token}")), "{source}");
    let tilejson = town.get(path(&town, source));
    assert_eq!((tilejson.status, tilejson.header("cache-control")), (200, Some("private, no-cache")), "{}", tilejson.text());
    let tilejson = tilejson.json();
    let template = path(&town, tilejson["tiles"][0].as_str().unwrap()).to_owned();
    let row =
        town.psql("select st_x(p) || ' ' || st_y(p) from (select st_transform(geom, 4326) p from environment.tree_inspections limit 1) t");
    let (lon, lat) = row.split_once(' ').map(|(lon, lat)| (lon.parse::<f64>().unwrap(), lat.parse::<f64>().unwrap().to_radians())).unwrap();
    let n = f64::from(1_u32 << 16);
    let (x, y) = ((lon + 180.0) / 360.0 * n, (1.0 - (lat.tan() + 1.0 / lat.cos()).ln() / std::f64::consts::PI) / 2.0 * n);
    let tile = template.replace("{z}", "16").replace("{x}", &(x as u32).to_string()).replace("{y}", &(y as u32).to_string());
    let answer = town.get(&tile);
    assert_eq!(answer.status, 200, "{tile}: {}", answer.text());
    assert!(answer.header("cache-control").unwrap().starts_with("private"), "{:?}", answer.headers);
    assert_eq!(town.get(tile.split('?').next().unwrap()).status, 404, "the address alone opens nothing");

    // the token that came, and only where one came
    for headers in [&[][..], &[("x-api-key", key.as_str())]] {
        for at in ["/xyz/trees", "/styles/map.json"] {
            assert!(!town.get_with(at, headers).text().contains("token="), "{at}");
        }
    }
    assert!(!town.get(&format!("/xyz/{PROTECTED}?token={token}x")).text().contains("token="), "one that opens nothing");
}

/// HTTP Basic's value.
fn basic(user: &str, password: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let text = format!("{user}:{password}");
    let coded = text.as_bytes().chunks(3).flat_map(|part| {
        let bits = (0..3).fold(0_usize, |bits, at| bits << 8 | usize::from(part.get(at).copied().unwrap_or_default()));
        (0..4).map(move |at| if at > part.len() { '=' } else { char::from(DIGITS[bits >> (18 - 6 * at) & 63]) })
    });
    format!("Basic {}", coded.collect::<String>())
}

#[test]
fn who_says_who_they_are_and_is_not_understood_is_told() {
    let town = Town::shared();
    let make = || town.command(&["keys", "create", "--name", "told", "--scope", "read"]).out.trim_end().to_owned();
    let (key, revoked) = (make(), make());
    assert!(town.command(&["keys", "revoke", &revoked]).ok);
    let unknown = format!("{}{}", &key[..key.len() - 8], if key.ends_with("AAAAAAAA") { "BBBBBBBB" } else { "AAAAAAAA" });
    let entered = town.ask("POST", "/auth/demo/officer", &[("sec-fetch-site", "same-origin")]);
    let cookie = entered.headers.iter().find(|(n, v)| n == "set-cookie" && v.starts_with("__Host-opensit=")).unwrap();
    let cookie = cookie.1.split(';').next().unwrap();
    let public = "/collections/parcels/items?limit=1";
    assert_eq!(town.get_with(public, &[("authorization", &basic("anybody", &key))]).status, 200);
    let wrong = [
        basic("ada", "sesame"),
        basic("", ""),
        format!("Bearer {key}"),
        "Basic %%%".to_owned(),
        basic("x", &revoked),
        basic("x", &unknown),
    ];
    for authorization in &wrong {
        for path in [public, "/xyz/parcels", "/portal/", "/auth/me"] {
            // with a session beside it, too: who is meant is not guessed
            for more in [&[][..], &[("cookie", cookie)]] {
                let answer = town.get_with(path, &[&[("authorization", authorization.as_str())], more].concat());
                assert_eq!(
                    (answer.status, answer.header("content-type")),
                    (401, Some("application/problem+json")),
                    "{authorization} {path}"
                );
                assert!(answer.header("www-authenticate").unwrap().starts_with("Basic realm="), "{authorization} {path}");
                assert!(answer.header("cache-control") == Some("no-store"), "{:?}", answer.headers);
            }
        }
    }
    assert!(town.get_with(public, &[("authorization", &wrong[0])]).text().contains("X-API-Key"), "it says what to send");
    assert_eq!(town.get_with(public, &[("authorization", &wrong[0]), ("x-api-key", &key)]).status, 200, "a proxy's password beside a key");
    assert_eq!(town.get_with("/auth/me", &[("cookie", cookie)]).json()["role"], "officer");
    // signing in with a wrong password asks for none: a browser would open a window of its own
    let refused = town.send(
        "POST",
        "/auth/password",
        &[("sec-fetch-site", "same-origin"), ("content-type", "application/json")],
        "{\"email\":\"a@b.it\",\"password\":\"x\"}",
    );
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, None));
}
