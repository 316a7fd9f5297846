//! Files of the cadastre: looked into without a database, imported, handed on.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says where it fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::{Output, Town, opensit, run};
use serde_json::{Value, json};

/// A sheet written by hand, in EPSG:7792 round 15.65 E, 38.11 N, though nothing in it says so.
fn sheet() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../cadastre/tests/data/X101_001200.CXF")
}

/// The boundary of an invented comune of this Belfiore code round the sheet.
fn boundary(folder: &Path, belfiore: &str) -> PathBuf {
    let ring = json!([[15.6, 38.0], [15.7, 38.0], [15.7, 38.2], [15.6, 38.2], [15.6, 38.0]]);
    let properties = json!({"com_istat_code": "080999", "com_catasto_code": belfiore, "name": "Inventata"});
    let feature = json!({"type": "Feature", "properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}});
    let path = folder.join(format!("{belfiore}.geojson"));
    fs::write(&path, json!({"type": "FeatureCollection", "features": [feature]}).to_string()).unwrap();
    path
}

fn check(paths: &[&Path], boundary: &Path, more: &[&str]) -> Output {
    run(opensit().args(["cadastre", "check"]).args(paths).arg("--boundary").arg(boundary).args(more))
}

#[test]
fn a_sheet_is_offered_the_system_that_puts_it_into_its_comune() {
    let folder = tempfile::tempdir().unwrap();
    let output = check(&[&sheet()], &boundary(folder.path(), "X101"), &["--json"]);
    assert!(output.ok, "{}{}", output.out, output.err);
    let report: Value = serde_json::from_str(&output.out).unwrap();
    let map = &report["files"][0];
    assert_eq!((map["kind"].as_str(), map["counts"]["parcels"].as_u64()), (Some("map"), Some(4)));
    assert_eq!((map["topology"]["border_m2"].as_f64(), map["topology"]["balance_m2"].as_f64()), (Some(5900.0), Some(0.0)));
    let systems = map["systems"].as_array().unwrap();
    let fits = |crs: u64| systems.iter().find(|s| s["crs"] == crs && s["swapped"] == false).unwrap()["fits"].as_bool();
    assert_eq!((systems[0]["crs"].as_u64(), fits(7792), fits(3004)), (Some(7792), Some(true), Some(false)));
}

#[test]
fn what_is_wrong_is_told_and_ends_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let sheet = fs::read(sheet()).unwrap();
    let broken = folder.path().join("X101_001200.CXF");
    fs::write(&broken, &sheet[..sheet.len() / 2]).unwrap();
    let output = check(&[&broken], &boundary(folder.path(), "X101"), &[]);
    assert!(!output.ok && output.out.contains("there is no EOF: the file may be cut short"), "{}{}", output.out, output.err);
    let output = check(&[&self::sheet()], &boundary(folder.path(), "X102"), &[]);
    assert!(!output.ok && output.out.contains("the map is of the comune X101, which the boundary has not"), "{}", output.out);
    let output = check(&[&folder.path().join("none")], &boundary(folder.path(), "X101"), &[]);
    assert!(!output.ok && output.out.contains("none: unreadable"), "{}", output.out);
}

/// A map of the demo town's comune with two parcels, by hand, EPSG:7792.
fn map(split: bool) -> String {
    map_at(split, [552_400, 4_205_600])
}

/// The same, with its corner elsewhere.
fn map_at(split: bool, [east, north]: [i32; 2]) -> String {
    let at = |x: i32, y: i32| format!("{:8}.000\r\n{:8}.000\r\n", east + x, north + y);
    let border = |code: &str, [w, s, e, n]: [i32; 4]| {
        let ring: String = [(w, s), (e, s), (e, n), (w, n), (w, s)].map(|(x, y)| at(x, y)).concat();
        format!("BORDO\r\n{code}\r\n  12\r\n       0.000\r\n{}{}   0\r\n   5\r\n{ring}", at(w + 5, s + 5), at(w + 5, s + 5))
    };
    let mut text = format!("MAPPA\r\nX101_990100\r\n1000\r\n{}{}", border("X101_990100", [0, 0, 60, 40]), border("7", [0, 0, 30, 40]));
    if split {
        text += &border("12", [30, 0, 60, 20]);
        text += &border("13", [30, 20, 60, 40]);
    } else {
        text += &border("8", [30, 0, 60, 40]);
    }
    text + &format!("FIDUCIALE\r\n1\r\n  20\r\n{}{}EOF\r\n", at(0, 0), at(2, 2))
}

/// What happens to a map from the command line, beside a server that shows it.
#[test]
fn a_map_is_imported_split_handed_on_and_taken_back() {
    let town = Town::own();
    let folder = town.scratch();
    let file = folder.path().join("X101_990100.CXF");
    fs::write(&file, map(false)).unwrap();
    let file = file.to_str().unwrap();
    let import = |more: &[&str]| town.command(&[&["cadastre", "import", file], more].concat());

    let asked = import(&[]);
    assert!(!asked.ok && asked.out.contains("EPSG:7792") && asked.out.contains("Say it with --crs"), "{}{}", asked.out, asked.err);
    let wrong = import(&["--crs", "EPSG:3004"]);
    assert!(!wrong.ok && wrong.out.contains("in EPSG:3004 the map does not lie in its comune"), "{}{}", wrong.out, wrong.err);
    let looked = import(&["--crs", "EPSG:7792", "--dry-run"]);
    assert!(
        looked.ok && looked.out.contains("Parcels: 2 new") && looked.out.contains("Nothing was written"),
        "{}{}",
        looked.out,
        looked.err
    );
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 404);
    let done = import(&["--crs", "EPSG:7792", "--day", "2026-01-10"]);
    assert!(done.ok && done.out.contains("Import 1;"), "{}{}", done.out, done.err);
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 200);
    assert_eq!(town.get("/collections/fiducials/items/X101_990100.PF1").status, 200);
    let again = import(&["--day", "2026-01-11"]);
    assert!(again.ok && again.out.contains("Nothing is new."), "{}{}", again.out, again.err);

    fs::write(file, map(true)).unwrap();
    let split = import(&["--json", "--day", "2026-02-10"]);
    let report: Value = serde_json::from_str(&split.out).unwrap();
    assert_eq!((report["lineage"].as_u64(), report["number"].as_i64()), (Some(2), Some(2)));
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 404);
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8?datetime=2026-01-20T00:00:00Z").status, 200);
    let found = town.get("/search?q=fg%209901%20p%2012").json();
    assert_eq!(found["results"][0]["id"], "X101_990100.12");

    let out = folder.path().join("again.CXF");
    let written = town.command(&["cadastre", "export", "X101_990100", out.to_str().unwrap()]);
    assert!(written.ok && fs::read_to_string(&out).unwrap() == map(true), "{}{}", written.out, written.err);
    let gml = folder.path().join("sheet.gml");
    let written = town.command(&["cadastre", "export", "X101_990100", gml.to_str().unwrap()]);
    assert!(written.ok && written.out.contains("3 parcels and 1 sheets"), "{}{}", written.out, written.err);
    let gdal = run(Command::new("ogrinfo").args(["-ro", "-al", "-q"]).arg(&gml));
    assert!(gdal.ok && gdal.out.contains("nationalCadastralReference (String) = X101_990100.13"), "{}{}", gdal.out, gdal.err);

    let back = town.command(&["cadastre", "undo", "1"]);
    assert!(!back.ok && back.err.contains("import 1 is not the last one that counts, which is 2"), "{}{}", back.out, back.err);
    assert!(town.command(&["cadastre", "undo"]).ok);
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 200);
}

/// A parcel's page has what the other themes have there, each with its own page, as far as who asks sees it.
#[test]
fn a_parcel_tells_what_the_other_themes_have_on_it() {
    let town = Town::shared();
    let found = town.psql(
        "select p.id || ' ' || x.id from cadastre.parcels p join permits.permits x on st_contains(p.geom, st_pointonsurface(x.geom))
          where p.valid_to is null and p.kind = 'land' and p.comune = '080901' order by p.id limit 1",
    );
    let (parcel, permit) = found.split_once(' ').unwrap();
    let page = format!("/cadastre/parcels/{parcel}?f=json");
    let officer = town.sign_in("officer");
    let on = town.get_with(&page, &[("cookie", &officer)]).json()["on_it"].clone();
    let of = |layer: &str| on.as_array().unwrap().iter().filter(|one| one["layer"] == layer).cloned().collect::<Vec<_>>();
    let href = of("permits").iter().find(|one| one["id"] == permit).unwrap_or_else(|| panic!("{on}"))["href"].clone();
    let path = href.as_str().unwrap().strip_prefix(town.url().as_str()).unwrap().to_owned();
    assert_eq!(town.get_with(&path, &[("cookie", &officer)]).status, 200, "{path}");
    assert!(of("sheets").is_empty() && of("parcels").is_empty(), "{on}");
    let html = town.get_with(&format!("/cadastre/parcels/{parcel}?f=html"), &[("cookie", &officer)]).text();
    assert!(html.contains(&path), "{path}: {html}");
    // each alone by the same rule as on the map
    let seen = town.get(&page).json()["on_it"].clone();
    for one in seen.as_array().unwrap() {
        let item = format!("/collections/{}/items/{}", one["layer"].as_str().unwrap(), one["id"].as_str().unwrap());
        assert_eq!(town.get(&item).status, 200, "{item}");
    }
}

/// A map in a system of its own is brought to where it belongs by points.
#[test]
fn a_map_in_no_known_system_is_adjusted() {
    let town = Town::own();
    let folder = town.scratch();
    let file = folder.path().join("X101_990100.CXF");
    // counted from a point of its own, as Cassini-Soldner sheets are
    fs::write(&file, map_at(false, [-9_600, 400])).unwrap();
    let file = file.to_str().unwrap();
    let lost = town.command(&["cadastre", "import", file]);
    assert!(!lost.ok && lost.out.contains("or else an adjustment"), "{}{}", lost.out, lost.err);
    let points = folder.path().join("points.csv");
    let rows = "name,x,y,east,north\nPF1,-9600,400,552400,4205600\nPF2,-9540,400,552460,4205600\nPF3,-9600,440,552400,4205640\n";
    fs::write(&points, rows).unwrap();
    let points = points.to_str().unwrap();
    let found = town.command(&["cadastre", "adjust", "X101_9901", points, "--to-crs", "EPSG:7792", "--json"]);
    assert!(found.ok, "{}{}", found.out, found.err);
    let found: Value = serde_json::from_str(&found.out).unwrap();
    assert!(found["rmse_m"].as_f64().unwrap() < 0.001, "{found}");
    let done = town.command(&["cadastre", "import", file, "--day", "2026-01-10"]);
    assert!(done.ok && done.out.contains("Parcels: 2 new"), "{}{}", done.out, done.err);
    let area = town
        .psql("select round(st_area(geom)::numeric, 3) || ' ' || round(st_xmin(geom)) from cadastre.parcels where id = 'X101_990100.8'");
    assert_eq!(area.trim(), "1200.000 552430");
}

/// A map in Cassini-Soldner is brought to where it belongs by its origin, and what is left by a point.
#[test]
fn a_map_in_cassini_soldner_needs_its_origin() {
    let town = Town::own();
    let folder = town.scratch();
    let file = folder.path().join("X101_990100.CXF");
    fs::write(&file, map_at(false, [-9_600, 400])).unwrap();
    let file = file.to_str().unwrap();
    let origin = |maps: &str, lon: &str, more: &[&str]| {
        let given = ["cadastre", "origin", maps, "--lat", "37.99233732", "--lon", lon, "--crs", "EPSG:6706"];
        town.command(&[&given[..], more].concat())
    };
    let lost = town.command(&["cadastre", "import", file]);
    assert!(!lost.ok && lost.out.contains("opensit cadastre origin"), "{}{}", lost.out, lost.err);
    let wrong = origin("X101", "16.70609399", &[]);
    assert!(wrong.ok, "{}{}", wrong.out, wrong.err);
    let lost = town.command(&["cadastre", "import", file]);
    assert!(!lost.ok && lost.out.contains("the origin of X101 does not put the map into its comune"), "{}{}", lost.out, lost.err);

    let kept = origin("x101_99", "15.70609399", &[]);
    assert!(kept.ok && kept.out.contains("It lies at 562000.000 east, 4205200.000 north (EPSG:7792)"), "{}{}", kept.out, kept.err);
    let list = town.command(&["cadastre", "origin", "--list"]);
    assert!(list.ok && list.out.contains("X101:") && list.out.contains("X101_99:"), "{}{}", list.out, list.err);
    let done = town.command(&["cadastre", "import", file, "--day", "2026-01-10"]);
    assert!(done.ok && done.out.contains("Parcels: 2 new"), "{}{}", done.out, done.err);
    // cs2cs +proj=cass +lat_0=37.99233732 +lon_0=15.70609399 +ellps=GRS80 +to +proj=utm +zone=33 +ellps=GRS80
    let away = |east: f64, north: f64| {
        let corner = format!("st_setsrid(st_makepoint({east}, {north}), 7792)");
        let sql = format!(
            "select round(st_distance(geom, {corner})::numeric, 2) from cadastre.parcels where id = 'X101_990100.8' and valid_to is null"
        );
        town.psql(&sql).trim().to_owned()
    };
    assert_eq!(away(552_430.682_9, 4_205_527.269_4), "0.00");
    let swapped = town.command(&["cadastre", "origin", "X101", "--lat", "15.70609399", "--lon", "37.99233732", "--crs", "EPSG:6706"]);
    assert!(!swapped.ok && swapped.err.contains("the wrong way round"), "{}{}", swapped.out, swapped.err);
    assert!(done.out.contains("EPSG:7792 (origin X101_99)"), "{}", done.out);
    // the same sheet comes as it lies, and somebody says so
    let utm = folder.path().join("utm");
    fs::create_dir(&utm).unwrap();
    fs::write(utm.join("X101_990100.CXF"), map(false)).unwrap();
    let looked = town.command(&["cadastre", "import", utm.to_str().unwrap(), "--crs", "EPSG:7792", "--dry-run"]);
    assert!(looked.out.contains("is not used: the map lies in its comune by EPSG:7792"), "{}{}", looked.out, looked.err);

    let out = folder.path().join("again.CXF");
    let written = town.command(&["cadastre", "export", "X101_990100", out.to_str().unwrap()]);
    assert!(written.ok && fs::read_to_string(&out).unwrap() == map_at(false, [-9_600, 400]), "{}{}", written.out, written.err);

    let points = folder.path().join("points.csv");
    fs::write(&points, "name,x,y,east,north\nPF1,-9570,400,552440.683,4205527.269\n").unwrap();
    let points = points.to_str().unwrap();
    let adjust = ["cadastre", "adjust", "X101_9901", points, "--to-crs", "EPSG:7792", "--kind", "shift", "--on-origin"];
    assert!(town.command(&adjust).ok);
    assert!(town.command(&["cadastre", "origin", "X101_99", "--forget"]).ok);
    let done = town.command(&["cadastre", "import", file, "--day", "2026-02-10"]);
    assert!(done.out.contains("2 changed"), "{}{}", done.out, done.err);
    assert_eq!(away(552_440.683, 4_205_527.269), "0.00");
}

/// An officer drops a file into the portal, sees what differs, and imports it.
#[test]
fn an_officer_sends_a_map_and_imports_it() {
    let town = Town::own();
    let cookie = town.sign_in("officer");
    let with = |more: &[(&'static str, &'static str)]| -> Vec<(&str, &str)> {
        let mut all = vec![("cookie", cookie.as_str()), ("sec-fetch-site", "same-origin"), ("accept", "application/json")];
        all.extend(more.iter().copied());
        all
    };
    let form = |crs: &str| {
        format!(
            "--x\r\ncontent-disposition: form-data; name=\"crs\"\r\n\r\n{crs}\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; \
             filename=\"X101_990100.CXF\"\r\ncontent-type: application/octet-stream\r\n\r\n{}{}\r\n--x--\r\n",
            map(false),
            // what follows the end counts for nothing, but for the size of an ordinary sheet
            " ".repeat(400_000)
        )
    };
    let multipart = [("content-type", "multipart/form-data; boundary=x")];
    assert_eq!(town.send("POST", "/cadastre/imports", &multipart, form("EPSG:7792")).status, 404);
    let sent = town.send("POST", "/cadastre/imports", &with(&multipart), form("EPSG:7792"));
    let id = match sent.status {
        303 => sent.header("location").unwrap().rsplit('/').next().unwrap().to_owned(),
        _ => sent.json()["id"].as_str().unwrap_or_else(|| panic!("{}", sent.text())).to_owned(),
    };
    let page = format!("/cadastre/imports/{id}");
    let until = |state: &str| {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let now = town.get_with(&page, &with(&[])).json();
            if now["state"] == state {
                return now;
            }
            assert!(Instant::now() < end && now["state"] != "failed", "{now}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    let looked = until("looked");
    let parcels =
        |document: &Value| document["outcome"]["counts"].as_array().unwrap().iter().find(|c| c["layer"] == "parcels").unwrap().clone();
    assert_eq!((parcels(&looked)["new"].as_i64(), looked["number"].as_i64()), (Some(2), None));
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 404);
    // nobody else has it
    assert_eq!(town.get(&page).status, 404);
    let html = town.get_with(&page, &[("cookie", &cookie), ("accept", "text/html")]).text();
    assert!(html.contains("X101_990100") && html.contains("value=\"import\""), "{html}");
    let order = with(&[("content-type", "application/x-www-form-urlencoded")]);
    let ordered = town.send("POST", &page, &order, "do=import");
    assert!(matches!(ordered.status, 200 | 303), "{}", ordered.text());
    assert!(until("imported")["number"].as_i64().is_some());
    assert_eq!(town.get("/collections/parcels/items/X101_990100.8").status, 200);
    assert_eq!(town.send("POST", &page, &order, "do=import").status, 409);
    let report = town.get_with("/cadastre/imports/1", &[("cookie", &town.sign_in("officer-rocca")), ("accept", "text/html")]);
    assert!(
        report.status == 200 && report.text().contains("Parcels: 2 new") || report.text().contains("Particelle: nuovi 2"),
        "{}",
        report.text()
    );
    let list = town.get_with("/cadastre/imports", &with(&[])).json();
    let waiting = list["sent"].as_array().unwrap_or_else(|| panic!("{list}")).len();
    assert_eq!((list["imports"][0]["files"][0].as_str(), waiting), (Some("X101_990100.CXF"), 0));
    // what is none of the cadastre is told of
    let bad = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\nnothing\r\n--x--\r\n";
    let sent = town.send("POST", "/cadastre/imports", &with(&multipart), bad);
    assert!(matches!(sent.status, 200 | 303), "{}", sent.text());
    assert_eq!(town.send("POST", "/cadastre/imports", &with(&multipart), "--x--\r\n").status, 400);
}

/// Invented, and nobody's: whoever is not entitled must find neither of them anywhere.
const NAME: &str = "PIANTATISSIMA";
const CODE: &str = "PNTZRA80A41X101Q";

/// Names of the census are told to officers who say what for, and stand in nothing else that the program writes or answers.
#[test]
fn names_of_the_census_are_told_nowhere_else() {
    let town = Town::own();
    let folder = town.scratch();
    let census = folder.path().join("census");
    fs::create_dir(&census).unwrap();
    let subject = format!("X101| |900001|P|{NAME}|ZAIRA|2|41011980|X101|{CODE}|{NAME} NOTA|\r\n");
    fs::write(census.join("X101_1.SOG"), subject).unwrap();
    let land = "X101| |900001|T|1|1|9901|00008||||041|02|0|12|00|1|0|0|||12,91|6,46|19022001|20022001|M|1|001|2001|||||||0000123||1|2\r\n";
    fs::write(census.join("X101_1.TER"), land.replace("||1|2", &format!("|{NAME} ANNOTAZIONE|1|2"))).unwrap();
    let title = format!("X101| |900001|P|900001|T|10||1|1|C||12112003|N|1|001|2003||||||||||1||900001|SEN|{NAME} CAUSALE||\r\n");
    fs::write(census.join("X101_1.TIT"), title).unwrap();
    fs::write(folder.path().join("X101_990100.CXF"), map(false)).unwrap();
    let paths = [folder.path().join("X101_990100.CXF"), census];
    let paths = paths.each_ref().map(|path| path.to_str().unwrap());
    let hides = |what: &str, bytes: &[u8]| {
        for secret in [NAME, CODE] {
            let found = bytes.windows(secret.len()).any(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
            assert!(!found, "{what} tells {secret}");
        }
    };
    for more in
        [&["check"][..], &["check", "--json"], &["import", "--crs", "EPSG:7792", "--dry-run"], &["import", "--crs", "EPSG:7792", "--json"]]
    {
        let output = town.command(&[&["cadastre", more[0]], &more[1..], &paths[..]].concat());
        hides(&format!("{more:?}"), format!("{}{}", output.out, output.err).as_bytes());
    }
    assert_eq!(town.psql(&format!("select count(*) from cadastre.subjects where name = '{NAME}'")).trim(), "1");
    let officer = town.sign_in("officer");
    let pages = [
        format!("/search?q={}", &NAME[..9]),
        format!("/search?q={}", &CODE[..9]),
        "/search?q=fg%209901%20p%208".to_owned(),
        "/collections/parcels/items?limit=1000&f=json".to_owned(),
        "/collections/parcels/items/X101_990100.8?f=html".to_owned(),
        "/cadastre/parcels/X101_990100.8?f=json".to_owned(),
        "/cadastre/parcels/X101_990100.8?f=html".to_owned(),
        "/cadastre/parcels/X101_990100.8?f=pdf".to_owned(),
        "/identify?feature=parcels/X101_990100.8".to_owned(),
        "/cadastre/imports?f=json".to_owned(),
        "/cadastre/imports/1?f=json".to_owned(),
        "/cadastre/imports/1?f=html".to_owned(),
        "/cadastre/people".to_owned(),
        "/cadastre/people/080901/_/P900001".to_owned(),
        "/xyz/parcels/16/35603/25298".to_owned(),
        "/metrics".to_owned(),
        "/jobs".to_owned(),
        "/admin/audit".to_owned(),
    ];
    for cookie in ["", officer.as_str()] {
        for page in &pages {
            hides(page, &town.get_with(page, &[("cookie", cookie)]).body);
        }
    }
    // who says what for is told
    let asked = [
        ("cookie", officer.as_str()),
        ("sec-fetch-site", "same-origin"),
        ("content-type", "application/json"),
        ("accept", "application/json"),
        ("access-purpose", "accertamento"),
    ];
    let found = town.send("POST", "/cadastre/people", &asked, json!({ "q": CODE }).to_string());
    assert_eq!((found.status, found.text().contains(NAME), found.text().contains(CODE)), (200, true, true), "{}", found.text());
    let owners = town.get_with("/cadastre/parcels/X101_990100.8?f=json", &asked).text();
    assert!(owners.contains(NAME), "{owners}");
    // neither the server's database nor the audit log wrote it down
    assert_eq!(
        town.psql(&format!("select count(*) from identity.audit where audit::text ilike '%{NAME}%' or audit::text ilike '%{CODE}%'"))
            .trim(),
        "0"
    );
    let mut folders = vec![town.data_dir()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().filter_map(Result::ok) {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(path);
            } else if path.to_string_lossy().contains("log") && !path.to_string_lossy().contains("pg_wal") {
                hides(&path.display().to_string(), &fs::read(&path).unwrap_or_default());
            }
        }
    }
}
