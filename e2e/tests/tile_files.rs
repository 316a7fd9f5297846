//! Tiles into a file and out of it: `opensit tiles export`, files of tiles as sources, and the addresses of the tile server martin.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use e2e::{Output, Server, opensit, run};
use serde_json::Value;

const LAYERS: &str = "streets,place_names";

fn demo(data_dir: &Path, more: &[&str]) -> Server {
    Server::start(&[&["demo", "--size", "small", "--no-open"], more].concat(), data_dir)
}

fn command(data_dir: &Path, arguments: &[&str]) -> Output {
    run(opensit().args(arguments).arg("--data-dir").arg(data_dir))
}

fn gdal(folder: &Path, arguments: &[&str]) {
    let output = run(Command::new("gdal_translate").arg("-q").args(arguments).current_dir(folder));
    assert!(output.ok, "{arguments:?}: {}", output.err);
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Waits until the layers come from memory, as those of the file do.
fn in_memory(server: &Server) {
    let begun = Instant::now();
    while server.get(&format!("/xyz/{LAYERS}")).json()["served_from"] != "memory" {
        assert!(begun.elapsed() < Duration::from_secs(60), "the layers are not in memory");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What the library of PMTiles' authors finds in a file, beside what is served at an address.
fn compared(file: &Path, address: &str) -> Value {
    let script = root().join("e2e/tests/clients/read_pmtiles.mjs");
    let library = root().join("web-map/node_modules/pmtiles/dist/esm/index.js");
    let output = run(Command::new("node").arg(script).arg(library).arg(file).arg(address));
    assert!(output.ok, "{}", output.err);
    serde_json::from_str(&output.out).unwrap()
}

#[test]
fn what_is_served_goes_into_a_file_and_is_served_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let (data, files) = (folder.path().join("data"), folder.path().join("files"));
    std::fs::create_dir(&files).unwrap();
    let file = files.join("town.pmtiles");
    let name = file.to_str().unwrap();
    let server = demo(&data, &[]);
    in_memory(&server);
    let written = command(&data, &["tiles", "export", LAYERS, name, "--min-zoom", "8", "--max-zoom", "17"]);
    assert!(written.ok, "{}", written.err);
    assert!(written.out.contains("zoom 8 to 17") && !written.out.contains("database"), "{}", written.out);
    the_file_is_what_is_served(&server, &file);
    what_can_not_be_written_leaves_nothing(&data, &files, name);
    what_is_killed_leaves_nothing(&data, &files);
    drop(server);

    let base = "base.tif";
    let place = ["-of", "GTiff", "-a_srs", "EPSG:3857", "-a_ullr", "1740000", "4600000", "1740700", "4599400"];
    let mut ppm = b"P6\n350 300\n255\n".to_vec();
    ppm.extend((0..350u32 * 300).flat_map(|at| [(at % 251) as u8, (at / 350 % 256) as u8, 90]));
    std::fs::write(files.join("base.ppm"), ppm).unwrap();
    gdal(&files, &[&place[..], &["base.ppm", base]].concat());
    gdal(&files, &["-of", "MBTILES", base, "pictures.mbtiles"]);
    gdal(&files, &["-of", "COG", "-co", "TILING_SCHEME=GoogleMapsCompatible", "-co", "COMPRESS=DEFLATE", base, "ortho.tif"]);
    std::fs::write(files.join("broken.pmtiles"), "PMTiles, but no more than its name").unwrap();
    for (whole, short) in [("town.pmtiles", "short.pmtiles"), ("pictures.mbtiles", "short.mbtiles"), ("ortho.tif", "short.tif")] {
        let bytes = std::fs::read(files.join(whole)).unwrap();
        std::fs::write(files.join(short), &bytes[..bytes.len() - 100]).unwrap();
    }
    std::fs::copy(files.join("town.pmtiles"), files.join("shrinks.pmtiles")).unwrap();
    let made = Command::new("mkfifo").arg(files.join("pipe.pmtiles")).status().unwrap();
    assert!(made.success());
    let archive = |id: &str, file: &str, more: &str| format!("[archives.{id}]\nfile = '{}'\n{more}\n", files.join(file).display());
    let configuration = [
        archive("town_file", "town.pmtiles", "title = { it = \"Il paese\", en = \"The town\" }"),
        archive("pictures", "pictures.mbtiles", "audience = \"officers\""),
        archive("ortho", "ortho.tif", "base-map = true\nattribution = '<b>Comune</b> di prova'"),
        archive("broken", "broken.pmtiles", ""),
        archive("short_pmtiles", "short.pmtiles", ""),
        archive("short_mbtiles", "short.mbtiles", ""),
        archive("short_tif", "short.tif", ""),
        archive("shrinks", "shrinks.pmtiles", ""),
        archive("pipe", "pipe.pmtiles", ""),
        archive("folder", ".", ""),
        // a layer keeps its name
        archive("parcels", "town.pmtiles", ""),
    ]
    .concat();
    let toml = folder.path().join("opensit.toml");
    std::fs::write(&toml, configuration).unwrap();
    let toml = toml.to_str().unwrap();
    let server = demo(&data, &["--config", toml, "--martin-prefix", "/martin"]);
    in_memory(&server);
    the_file_is_served_as_its_layers_are(&server);
    files_of_pictures_are_served(&server);
    files_have_rules_as_layers_have(&data, &server);
    martins_users_find_their_addresses(&server);
    glyphs_are_where_styles_say(&server);
    a_file_that_shrinks_says_so(&server, &files.join("shrinks.pmtiles"));
    let checked = command(&data, &["check", "--config", toml]);
    let line =
        |what: &str| checked.out.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {}", checked.out)).to_owned();
    assert!(line("`broken`").starts_with("PROBLEM") && !checked.ok, "{}", checked.out);
    for id in ["short_pmtiles", "short_mbtiles", "short_tif", "shrinks"] {
        let line = line(&format!("`{id}`"));
        assert!(line.starts_with("PROBLEM") && line.contains("cut short") && line.contains("Copy it again"), "{line}");
        assert_eq!(server.get(&format!("/xyz/{id}")).status, if id == "shrinks" { 200 } else { 404 }, "{id}");
    }
    assert!(line("`pipe`").contains("a pipe, not a file"), "{}", checked.out);
    assert!(line("`folder`").contains("its name does not say") || line("`folder`").contains("a directory"), "{}", checked.out);
    assert!(line("`ortho`").starts_with("ok") && line("`ortho`").contains("pictures"), "{}", checked.out);
    assert!(line("layer of that name").contains("`parcels`"), "{}", checked.out);
}

fn the_file_is_what_is_served(server: &Server, file: &Path) {
    let found = compared(file, &format!("{}/xyz/{LAYERS}", server.url));
    assert_eq!(found["different"], serde_json::json!([]), "{found}");
    assert!(found["filled"].as_u64().unwrap() > 50 && found["compared"].as_u64() > found["filled"].as_u64(), "{found}");
    let described = server.get(&format!("/xyz/{LAYERS}")).json();
    let (header, metadata) = (&found["header"], &found["metadata"]);
    assert_eq!((&header["minZoom"], &header["maxZoom"], &header["specVersion"]), (&8.into(), &17.into(), &3.into()));
    for (side, name) in ["minLon", "minLat", "maxLon", "maxLat"].iter().enumerate() {
        let off = header[name].as_f64().unwrap() - described["bounds"][side].as_f64().unwrap();
        assert!(off.abs() < 1e-6, "{name}: {header} and {described}");
    }
    let layers = |of: &Value| of["vector_layers"].as_array().unwrap().iter().map(|layer| layer["id"].clone()).collect::<Vec<_>>();
    assert_eq!(layers(metadata), layers(&described));
    assert_eq!(metadata["attribution"], described["attribution"]);
    assert!(metadata["vector_layers"][0]["fields"].as_object().is_some_and(|fields| !fields.is_empty()), "{metadata}");
}

fn what_can_not_be_written_leaves_nothing(data: &Path, files: &Path, name: &str) {
    let before = std::fs::read(name).unwrap();
    let refused = |arguments: &[&str], why: &str| {
        let output = command(data, &[&["tiles", "export"], arguments].concat());
        assert!(!output.ok && output.err.contains(why), "{arguments:?}: {}", output.err);
    };
    let other = files.join("other.pmtiles");
    let other = other.to_str().unwrap();
    refused(&[LAYERS, name], "exists already");
    refused(&["nothing", other], "there is no layer `nothing`");
    refused(&["tree_inspections", other], "not for everybody");
    refused(&["streets,streets", other], "once");
    refused(&["streets", other, "--min-zoom", "9", "--max-zoom", "8"], "none of these zooms");
    refused(&["streets", other, "--bbox", "1,2,3"], "four numbers");
    refused(&["streets", other, "--bbox", "560000,4210000,561000,4211000"], "another system");
    refused(&["streets", other, "--bbox", "0,0,0.1,0.1", "--max-zoom", "12"], "nothing to write");
    refused(&["streets", "/nowhere/town.pmtiles"], "can't be written");
    refused(&["streets", files.join("town.txt").to_str().unwrap()], "town.pmtiles");
    refused(&["streets", files.to_str().unwrap(), "--replace"], "not named as what is written");
    assert_eq!(std::fs::read(name).unwrap(), before);
    let left: Vec<_> = std::fs::read_dir(files).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["town.pmtiles"]);
    let replaced = command(data, &["tiles", "export", LAYERS, name, "--min-zoom", "8", "--max-zoom", "17", "--replace"]);
    assert!(replaced.ok, "{}", replaced.err);
    // the same state gives the same file
    assert!(std::fs::read(name).unwrap() == before);
    let secret = command(data, &["tiles", "export", "tree_inspections", other, "--max-zoom", "14", "--everything"]);
    assert!(secret.ok, "{}", secret.err);
    std::fs::remove_file(other).unwrap();
}

/// Killed while it writes; where the file system has no files without a name, the next one clears what was left.
fn what_is_killed_leaves_nothing(data: &Path, files: &Path) {
    let file = files.join("killed.pmtiles");
    let arguments = ["tiles", "export", LAYERS, file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    let mut child = opensit().args(arguments).args(["--max-zoom", "20"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let writes = || {
        let open = std::fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|target| target.parent() == Some(files))
    };
    let begun = Instant::now();
    while !writes() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it does not begin to write");
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let again = command(data, &["tiles", "export", "streets", file.to_str().unwrap(), "--max-zoom", "12"]);
    assert!(again.ok, "{}", again.err);
    std::fs::remove_file(&file).unwrap();
    let left: Vec<_> = std::fs::read_dir(files).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["town.pmtiles"]);
}

/// A tile of the town in the middle of the file.
fn middle(described: &Value) -> String {
    let number = |i: usize| described["center"][i].as_f64().unwrap();
    let n = f64::from(1u32 << 14);
    let phi = number(1).to_radians();
    let x = ((number(0) + 180.0) / 360.0 * n) as u32;
    let y = ((1.0 - phi.tan().asinh() / std::f64::consts::PI) / 2.0 * n) as u32;
    format!("14/{x}/{y}")
}

fn the_file_is_served_as_its_layers_are(server: &Server) {
    let described = server.get("/xyz/town_file?lang=en").json();
    assert_eq!((&described["name"], &described["format"], &described["served_from"]), (&"The town".into(), &"pbf".into(), &"file".into()));
    assert_eq!((&described["minzoom"], &described["maxzoom"]), (&8.into(), &17.into()));
    let tile = middle(&described);
    let path = format!("/xyz/town_file/{tile}");
    let (plain, layers) = (server.get_with(&path, &[("accept-encoding", "identity")]), server.get(&format!("/xyz/{LAYERS}/{tile}")));
    assert_eq!((plain.status, plain.header("content-type")), (200, Some("application/vnd.mapbox-vector-tile")));
    assert_eq!(plain.header("content-encoding"), None);
    assert!(plain.body == layers.body && !plain.body.is_empty(), "{tile}");
    let packed = server.get_with(&path, &[("accept-encoding", "gzip")]);
    assert_ne!(packed.header("etag"), plain.header("etag"));
    for answer in [&plain, &packed] {
        let again = server.get_with(&path, &[("if-none-match", answer.header("etag").unwrap())]);
        assert_eq!((again.status, again.body.len()), (304, 0));
    }
    let statuses = ["/xyz/town_file/18/0/0", "/xyz/town_file/15/0/0", "/xyz/town_file/3/8/0", "/xyz/town_file/a/0/0", "/xyz/town_file?x=1"];
    let found: Vec<u16> = statuses.iter().map(|path| server.get(path).status).collect();
    assert_eq!(found, [204, 204, 404, 400, 400]);
    let mixed = server.get(&format!("/xyz/town_file,streets/{tile}"));
    assert!(mixed.status == 400 && mixed.text().contains("fetched by itself"), "{}", mixed.text());
    assert_eq!((server.get("/xyz/broken").status, server.get("/xyz/town_file/changes").status), (404, 404));
    assert_ne!(server.get("/xyz/parcels").json()["served_from"], "file");
}

/// Overwritten while it is served: the tiles that are gone are told to be, and the log has it once.
fn a_file_that_shrinks_says_so(server: &Server, file: &Path) {
    let tile = format!("/xyz/shrinks/{}", middle(&server.get("/xyz/shrinks").json()));
    assert_eq!(server.get(&tile).status, 200);
    std::fs::File::options().write(true).open(file).unwrap().set_len(20_000).unwrap();
    for _ in 0..2 {
        let answer = server.get(&tile);
        let problem = answer.json();
        assert_eq!((answer.status, &problem["type"]), (503, &"https://opensit.it/problems/damaged-file".into()), "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("`shrinks`"), "{problem}");
    }
}

fn files_of_pictures_are_served(server: &Server) {
    // the middle of the picture, EPSG:3857
    let (side, zoom) = (40_075_016.685_578_49 / f64::from(1u32 << 16), 16);
    let (x, y) = (((1_740_350.0 + 20_037_508.342_789_244) / side) as u32, ((20_037_508.342_789_244 - 4_599_700.0) / side) as u32);
    let tile = server.get(&format!("/xyz/ortho/{zoom}/{x}/{y}.png"));
    assert_eq!((tile.status, tile.header("content-type"), &tile.body[..4]), (200, Some("image/png"), &b"\x89PNG"[..]));
    assert!(tile.header("etag").is_some() && tile.header("content-encoding").is_none());
    let described = server.get("/xyz/ortho").json();
    assert_eq!(
        (&described["maxzoom"], &described["attribution"], &described["format"]),
        (&16.into(), &"Comune di prova".into(), &"png".into())
    );
    let portal = server.get("/portal/catalogue.json").json();
    let base = portal["basemaps"].as_array().unwrap().iter().find(|map| map["id"] == "ortho").unwrap();
    assert_eq!((&base["kind"], &base["url"]), (&"xyz".into(), &format!("{}/xyz/ortho/{{z}}/{{x}}/{{y}}", server.url).into()));
}

fn files_have_rules_as_layers_have(data: &Path, server: &Server) {
    let key = |arguments: &[&str]| {
        let made = command(data, &[&["keys", "create", "--name", "files", "--scope", "read"], arguments].concat());
        assert!(made.ok, "{}", made.err);
        made.out.trim().to_owned()
    };
    let (all, some) = (key(&[]), key(&["--layers", "streets"]));
    let status = |path: &str, key: &str| match key {
        "" => server.get(path).status,
        key => server.get_with(path, &[("x-api-key", key)]).status,
    };
    for path in ["/xyz/pictures", "/martin/pictures"] {
        assert_eq!((status(path, ""), status(path, &all), status(path, &some)), (404, 200, 404), "{path}");
        assert_eq!(
            server.get(path).text().replace("pictures", "nothing_here"),
            server.get(&path.replace("pictures", "nothing_here")).text()
        );
    }
    let listed = |key: &str| {
        let answer = if key.is_empty() { server.get("/martin/catalog") } else { server.get_with("/martin/catalog", &[("x-api-key", key)]) };
        let tiles = answer.json()["tiles"].as_object().unwrap().clone();
        ["pictures", "tree_inspections", "streets"].map(|id| tiles.contains_key(id))
    };
    assert_eq!((listed(""), listed(&all), listed(&some)), ([false, false, true], [true, true, true], [false, false, true]));
}

fn martins_users_find_their_addresses(server: &Server) {
    let health = server.get("/martin/health");
    assert_eq!((health.status, health.text().as_str()), (200, "OK"));
    let catalog = server.get("/martin/catalog").json();
    let kinds: Vec<&String> = catalog.as_object().unwrap().keys().collect();
    assert_eq!(kinds, ["tiles", "sprites", "fonts", "styles"]);
    assert_eq!(catalog["tiles"]["streets"]["content_type"], "application/vnd.mapbox-vector-tile");
    assert_eq!((&catalog["tiles"]["ortho"]["content_type"], &catalog["tiles"]["broken"]), (&"image/png".into(), &Value::Null));
    let described = server.get(&format!("/martin/{LAYERS}")).json();
    assert_eq!(described["tiles"][0], format!("{}/martin/{LAYERS}/{{z}}/{{x}}/{{y}}", server.url));
    let tile = middle(&described);
    for id in [LAYERS, "town_file", "ortho"] {
        let (theirs, ours) = (server.get(&format!("/martin/{id}/{tile}")), server.get(&format!("/xyz/{id}/{tile}")));
        assert_eq!((theirs.status, theirs.header("etag"), &theirs.body), (ours.status, ours.header("etag"), &ours.body), "{id}");
    }
    let proxied = [("x-forwarded-host", "maps.example.it"), ("x-forwarded-proto", "https")];
    assert_eq!(server.get_with("/martin/streets", &proxied).json()["tiles"][0], format!("{}/martin/streets/{{z}}/{{x}}/{{y}}", server.url));
    assert_eq!((server.get("/martin/nothing").status, server.get("/martin/").status, server.get("/catalog").status), (404, 404, 404));
    assert_eq!(server.get("/martin/streets/99/0/0").status, 400);
}

/// What MapLibre's reader finds of the letters that labels are drawn with.
fn glyphs_are_where_styles_say(server: &Server) {
    let script = root().join("e2e/tests/clients/read_glyphs.mjs");
    let library = root().join("web-map/node_modules/pbf/index.js");
    let style = format!("{}/styles/streets.json", server.url);
    let read = |stack: &str| -> Value {
        let output = run(Command::new("node").arg(&script).arg(&library).args([&style, stack]));
        assert!(output.ok, "{}", output.err);
        serde_json::from_str(&output.out).unwrap()
    };
    let letter = |of: &Value, c: char| -> Value {
        let glyphs = of["glyphs"].as_array().unwrap();
        glyphs.iter().find(|glyph| glyph["id"] == u32::from(c)).unwrap_or_else(|| panic!("no `{c}`")).clone()
    };
    let number = |glyph: &Value, name: &str| glyph[name].as_i64().unwrap();
    let (plain, strong) = (read("Titillium Web"), read("Titillium Web SemiBold,Titillium Web"));
    assert_eq!((&plain["status"], &plain["type"], &plain["range"]), (&200.into(), &"application/x-protobuf".into(), &"0-255".into()));
    assert_eq!(strong["name"], "Titillium Web SemiBold,Titillium Web");
    for c in "AgÀèìù09°".chars() {
        let glyph = letter(&plain, c);
        let (width, height) = (number(&glyph, "width"), number(&glyph, "height"));
        assert_eq!(number(&glyph, "bytes"), (width + 6) * (height + 6), "{glyph}");
        // within the letter far from its outline, and outside it
        assert!(number(&glyph, "darkest") > 192 && number(&glyph, "edge") < 128, "{glyph}");
        assert!((5..25).contains(&number(&glyph, "advance")) && (-24..6).contains(&number(&glyph, "top")), "{glyph}");
    }
    // accents stand above, bold letters are wider, a blank has no picture
    assert!(number(&letter(&plain, 'À'), "top") > number(&letter(&plain, 'A'), "top"));
    assert!(number(&letter(&strong, 'm'), "advance") >= number(&letter(&plain, 'm'), "advance"));
    assert_ne!(letter(&strong, 'm'), letter(&plain, 'm'));
    assert_eq!((number(&letter(&plain, ' '), "width"), number(&letter(&plain, ' '), "bytes")), (0, 0));
    let martin = server.get("/martin/font/Titillium%20Web/0-255");
    assert_eq!((martin.status, &martin.body), (200, &server.get("/font/Titillium%20Web/0-255").body));
    let statuses =
        ["/font/Titillium%20Web/1-255", "/font/Comic%20Sans/0-255", "/font/Titillium%20Web%20Italic,Titillium%20Web/65280-65535"];
    assert_eq!(statuses.map(|path| server.get(path).status), [400, 404, 200]);
}

#[test]
fn a_prefix_that_is_an_address_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for prefix in ["/xyz", "/collections", "/a/b", "/reports"] {
        let output = run(opensit().args(["config", "show", "--martin-prefix", prefix, "--data-dir"]).arg(folder.path()));
        let refused = !output.ok && (output.err.contains("prefix") || output.err.contains("below it"));
        // a theme's name is known when the routes are made
        assert!(refused || prefix == "/reports", "{prefix}: {}{}", output.out, output.err);
    }
}
