//! A plan is made, read, changed and obeyed to the letter; what was done is proposed again; rules keep, mend, keep out and stop.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::path::{Path, PathBuf};

use e2e::{Output, Town};
use serde_json::{Value, json};

/// A place in the demo town in EPSG:7792, and about the same in EPSG:3004, metres.
const RDN: [f64; 2] = [552_400.0, 4_205_600.0];
const GAUSS_BOAGA: [f64; 2] = [2_572_406.8, 4_205_600.6];

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn ingest(town: &Town, arguments: &[&str]) -> Output {
    town.command(&[&["ingest"], arguments].concat())
}

#[track_caller]
fn loaded(town: &Town, arguments: &[&str]) -> Value {
    let output = ingest(town, &[arguments, &["--json"]].concat());
    assert!(output.ok, "{arguments:?}: {}", output.err);
    serde_json::from_str(&output.out).unwrap_or_else(|e| panic!("{e}: {}", output.out))
}

#[track_caller]
fn refused(town: &Town, arguments: &[&str], words: &[&str]) {
    let output = ingest(town, arguments);
    assert!(!output.ok, "it was taken: {}", output.out);
    for word in words {
        assert!(output.err.contains(word), "`{word}` is not in: {}", output.err);
    }
    assert!(!output.err.contains("panicked"), "{}", output.err);
}

#[track_caller]
fn planned(town: &Town, arguments: &[&str]) -> Value {
    loaded(town, &[&["plan"], arguments].concat())
}

fn cookie(town: &Town, person: &str) -> String {
    let answer = town.ask("POST", &format!("/auth/demo/{person}"), &[("sec-fetch-site", "same-origin")]);
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    cookies.filter_map(|(_, value)| value.split(';').next()).find(|c| c.starts_with("__Host-opensit=")).unwrap().to_owned()
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Of what rule how many rows, and what was done.
fn finding<'a>(report: &'a Value, rule: &str) -> (i64, &'a str) {
    let found = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == rule);
    found.map_or((0, ""), |f| (f["rows"].as_i64().unwrap(), f["done"].as_str().unwrap()))
}

/// How many rows are kept out for a reason. Each row is counted under one, and all together are those that were read and not loaded.
fn kept_out(report: &Value, reason: &str) -> i64 {
    let list = report["kept_out"].as_array().unwrap();
    let rows = |value: &Value| value.as_i64().unwrap();
    let all: i64 = list.iter().map(|kept| rows(&kept["rows"])).sum();
    assert_eq!(all, rows(&report["rows_read"]) - rows(&report["rows_loaded"]), "{report}");
    assert!(report["findings"].as_array().unwrap().iter().all(|found| found["done"] != "keep-out"), "counted twice: {report}");
    list.iter().find(|kept| kept["reason"] == reason).map_or(0, |kept| rows(&kept["rows"]))
}

fn trees(header: &str, rows: &[&str]) -> String {
    let [x, y] = GAUSS_BOAGA;
    let row = |(index, row): (usize, &&str)| format!("{row};{:.2};{:.2}\n", x + index as f64 * 7.0, y);
    format!("{header};EST;NORD\n{}", rows.iter().enumerate().map(row).collect::<String>())
}

#[test]
fn a_plan_is_made_changed_obeyed_kept_and_proposed_again() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let rows = ["A1;Pino;12,5;1;01/02/2020", "A2;Leccio;8;2;03/04/2021", "A3;Acero;circa 3;9;05/06/2022"];
    let file = write(folder, "censimento piante.csv", &trees("CODICE;Specie;Altezza;Stato;Piantato", &rows));
    let plan = folder.join("piante.toml");

    let made = ingest(&town, &["plan", path(&file), "--out", path(&plan)]);
    assert!(made.ok && made.out.contains("EPSG:3004 (") && made.out.contains("look whether that is true"), "{} {}", made.out, made.err);
    refused(&town, &["plan", path(&file), "--out", path(&plan)], &["piante.toml", "is there already"]);
    let text = fs::read_to_string(&plan).unwrap();
    for words in
        ["layer = \"censimento_piante\"", "crs = \"EPSG:3004\"", "key = \"CODICE\"", "rows = 3", "points = 3", "encoding = \"UTF-8\""]
    {
        assert!(text.contains(words), "`{words}` is not in {text}");
    }
    assert_eq!(town.get("/collections/censimento_piante").status, 404, "nothing was loaded");

    // as it is, it can be loaded; changed, it is obeyed
    let changed = text
        .replace("it = \"Censimento piante\"", "it = \"Piante\"")
        .replace("name = \"altezza\"\ntype = \"text\"", "name = \"h\"\ntype = \"number\"\nunit = \"m\"")
        .replace("wrong-type = \"keep-out\"", "wrong-type = \"mend\"")
        .replace("undeclared-code = \"keep\"", "undeclared-code = \"keep-out\"");
    let code = |value: &str, it: &str, en: &str| format!("{{ value = \"{value}\", it = \"{it}\", en = \"{en}\" }}");
    let codes = format!("name = \"stato\"\ncodes = [{}, {}]", code("1", "sano", "sound"), code("2", "malato", "ill"));
    let changed = changed.replace("name = \"stato\"", &codes);
    let loose = changed.replace("undeclared-code = \"keep-out\"", "undeclared-code = \"keep\"");
    let loose = write(folder, "largo.toml", &loose);
    let report = loaded(&town, &[path(&file), "--plan", path(&loose), "--layer", "piante_tutte"]);
    assert_eq!((&report["rows_loaded"], finding(&report, "undeclared-code")), (&json!(3), (1, "keep")), "{report}");
    assert_eq!(finding(&report, "wrong-type"), (1, "mend"), "{report}");
    assert_eq!(town.psql("select count(*) from published.piante_tutte where h is null"), "1");
    let example = &report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "wrong-type").unwrap()["examples"][0];
    assert_eq!((&example["row"], &example["what"]), (&json!("4"), &json!("Altezza: circa 3")));
    assert!((example["at"][0].as_f64().unwrap() - 15.6).abs() < 0.1, "{example}");

    fs::write(&plan, &changed).unwrap();
    let report = loaded(&town, &[path(&file), "--plan", path(&plan)]);
    assert_eq!((&report["layer"], &report["rows_loaded"]), (&json!("censimento_piante"), &json!(2)), "{report}");
    assert_eq!(kept_out(&report, "undeclared_code"), 1);
    let example = &report["kept_out"][0]["found"][0];
    assert_eq!((&example["row"], &example["what"]), (&json!("4"), &json!("Stato: 9")), "{report}");
    assert!((example["at"][0].as_f64().unwrap() - 15.6).abs() < 0.1, "{example}");
    assert_eq!(finding(&report, "wrong-type"), (1, "mend"), "{report}");
    assert_eq!(report["title"]["it"], "Piante");
    assert_eq!(town.psql("select id, h, stato from published.censimento_piante order by id"), "A1|12.5|1\nA2|8|2");
    let declared = town.psql("select declaration from opensit.layers where id = 'censimento_piante'");
    let declared: Value = serde_json::from_str(&declared).unwrap();
    let field = |name: &str| declared["fields"].as_array().unwrap().iter().find(|f| f["name"] == name).unwrap().clone();
    assert_eq!((&field("h")["unit"], &field("stato")["codes"][1]["label"]["it"]), (&json!("m"), &json!("malato")));

    // the next delivery, by its columns alone
    let next = write(folder, "consegna 2027.csv", &trees("CODICE;Specie;Altezza;Stato;Vigore", &["A1;Pino;13;1;buono"]));
    let again = planned(&town, &[path(&next), "--layer", "censimento_piante"]);
    assert_eq!(
        (&again["layer"], &again["crs"], &again["rules"]["undeclared-code"]),
        (&json!("censimento_piante"), &json!("EPSG:3004"), &json!("keep-out"))
    );
    let lines = again["field"].as_array().unwrap();
    let line = |source: &str| lines.iter().find(|f| f["source"] == source);
    assert_eq!((&line("Altezza").unwrap()["name"], &line("Stato").unwrap()["codes"][0]["it"]), (&json!("h"), &json!("sano")));
    let remarks = again["found"]["remarks"].to_string();
    assert!(remarks.contains("`Piantato` is no longer in the file") && remarks.contains("`Vigore` is new"), "{remarks}");
    let same = write(folder, "senza nome.csv", &trees("CODICE;Specie;Altezza;Stato;Piantato", &rows[..1]));
    let recognised = planned(&town, &[path(&same)])["layer"].clone();
    assert!(recognised == "censimento_piante" || recognised == "piante_tutte", "{recognised}");
    // the report stands with the delivery
    let kept =
        "select report ->> 'rows_loaded', plan like '%wrong-type = \"mend\"%' from opensit.deliveries where layer = 'censimento_piante'";
    assert_eq!(town.psql(kept), "2|t");
}

#[test]
fn a_plan_that_is_wrong_says_where_and_loads_nothing() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let file = write(folder, "panchine.csv", &trees("ID;Tipo", &["1;legno", "2;ferro"]));
    let good = "version = 1\nlayer = \"panchine\"\ncrs = \"EPSG:3004\"\n\n[[field]]\nsource = \"Tipo\"\nname = \"tipo\"\ntype = \"text\"\n";
    for (from, to, words) in [
        ("crs =", "srs =", &["line 3", "unknown field `srs`", "`crs`"][..]),
        ("\"text\"", "\"string\"", &["line 8", "unknown variant `string`", "`text`"]),
        ("layer = \"panchine\"", "layer = \"Le panchine\"", &["line 2"]),
        ("source = \"Tipo\"", "source = \"Materiale\"", &["`Materiale`", "ID, Tipo", "opensit ingest plan"]),
    ] {
        let plan = write(folder, "piano.toml", &good.replacen(from, to, 1));
        refused(&town, &[path(&file), "--plan", path(&plan)], words);
    }
    refused(&town, &[path(&file), "--plan", path(&folder.join("manca.toml"))], &["manca.toml"]);
    assert_eq!(town.psql("select count(*) from opensit.layers where id = 'panchine'"), "0");
    // what the plan does not speak of is left out, and told
    let plan = write(folder, "piano.toml", good);
    let report = loaded(&town, &[path(&file), "--plan", path(&plan)]);
    assert!(report["notes"].to_string().contains("left out: ID"), "{report}");
    assert_eq!(town.psql("select string_agg(tipo, ',' order by tipo) from published.panchine"), "ferro,legno");
}

/// `1.100` may be eleven hundred or one and a tenth: the other values of the column tell, or somebody does.
#[test]
fn numbers_that_may_be_two_are_asked_for_and_not_guessed() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let header = "COD;Prezzo;Quota;Peso;Misto";
    let file =
        write(folder, "misure.csv", &trees(header, &["a;1.100;0.250;1.100;1.100", "b;2.350;12.125;12,5;circa 3", "c;;7.000;800;12,5"]));
    let looked = ingest(&town, &["plan", path(&file), "--layer", "misure", "--crs", "EPSG:3004"]);
    assert!(looked.ok, "{}", looked.err);
    assert!(looked.out.contains("`Prezzo` has numbers like 1.100, which may be 1100 or 1.1: it stays text"), "{}", looked.out);
    assert!(
        !looked.out.contains("`Quota` has") && !looked.out.contains("`Peso` has") && !looked.out.contains("`Misto` has"),
        "{}",
        looked.out
    );
    let values = |layer: &str| {
        town.psql(&format!("select string_agg(concat_ws(' ', prezzo, quota, peso, misto), ', ' order by id) from published.{layer}"))
    };

    // without a word it is text, and the report says so
    let report = loaded(&town, &[path(&file), "--layer", "misure", "--crs", "EPSG:3004", "--key", "COD"]);
    assert!(report["notes"].to_string().contains("may be two (1.100 is 1100 or 1.1), so left as text: Prezzo"), "{report}");
    assert_eq!(values("misure"), "1.100 0.25 1100 1.100, 2.350 12.125 12.5 circa 3, 7 800 12,5");

    // as numbers only by who says which; of a column that tells, as it tells
    let of = |column: &str, kind: &str, decimal: &str| {
        let place = format!("source = \"{column}\"\nname = \"{}\"\ntype = ", column.to_lowercase());
        let (before, after) = looked.out.split_once(&place).unwrap();
        let after = after.split_once('\n').unwrap().1;
        format!("{before}{place}\"{kind}\"\n{decimal}{after}")
    };
    let silent = write(folder, "muto.toml", &of("Prezzo", "number", ""));
    refused(
        &town,
        &[path(&file), "--plan", path(&silent), "--layer", "misure_a"],
        &["misure.csv", "`Prezzo`", "1.100 is 1100 or 1.1", "`decimal = "],
    );
    for (decimal, layer, first) in [("comma", "misure_b", "1100 0.25 1100 1.100"), ("point", "misure_c", "1.1 0.25 1100 1.100")] {
        let plan = write(folder, "detto.toml", &of("Prezzo", "number", &format!("decimal = \"{decimal}\"\n")));
        loaded(&town, &[path(&file), "--plan", path(&plan), "--layer", layer]);
        assert!(values(layer).starts_with(first), "{decimal}: {}", values(layer));
    }
    let plan = write(folder, "misto.toml", &of("Misto", "number", ""));
    let report = loaded(&town, &[path(&file), "--plan", path(&plan), "--layer", "misure_d"]);
    assert_eq!((&report["rows_loaded"], kept_out(&report, "wrong_type")), (&json!(2), 1), "{report}");
    assert_eq!(values("misure_d"), "1.100 0.25 1100 1100, 7 800 12.5");

    // who separates fields by commas writes decimals with a point
    let text = fs::read_to_string(&file).unwrap().replace("12,5", "12.5").replace(';', ",");
    let plain = write(folder, "virgole.csv", &text);
    loaded(&town, &[path(&plain), "--layer", "misure_e", "--crs", "EPSG:3004"]);
    assert!(values("misure_e").starts_with("1.1 0.25 1.1 1.100"), "{}", values("misure_e"));
}

fn areas(folder: &Path, name: &str, areas: &[&str]) -> PathBuf {
    let feature = |(index, ring): (usize, &&str)| {
        let [x, y] = RDN;
        let positions: Vec<Value> = ring
            .split(' ')
            .map(|p| p.split_once(',').unwrap())
            .map(|(e, n)| json!([x + e.parse::<f64>().unwrap(), y + n.parse::<f64>().unwrap()]))
            .collect();
        json!({"type": "Feature", "properties": {"id": index + 1}, "geometry": {"type": "Polygon", "coordinates": [positions]}})
    };
    let features: Vec<Value> = areas.iter().enumerate().map(feature).collect();
    let crs = json!({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::7792"}});
    write(folder, name, &json!({"type": "FeatureCollection", "crs": crs, "features": features}).to_string())
}

#[test]
fn rules_keep_mend_keep_out_and_stop() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let square = "0,0 10,0 10,10 0,10 0,0";
    let over = "8,0 18,0 18,10 8,10 8,0";
    let touching = "18,0 28,0 28,10 18,10 18,0";
    let bowtie = "40,0 50,10 50,0 40,4 40,0";
    let sliver = "60,0 70,0 70,0.02 60,0.02 60,0";
    let file = areas(folder, "aree.geojson", &[square, over, touching, bowtie, sliver, square]);
    let with =
        |name: &str, rules: &str| write(folder, &format!("{name}.toml"), &format!("version = 1\nlayer = \"{name}\"\n\n[rules]\n{rules}\n"));
    let by = |name: &str, rules: &str| loaded(&town, &[path(&file), "--plan", path(&with(name, rules))]);

    // two areas twice: the same one again lies over the first, and over the second as the first does
    let report = by("regole_a", "overlap = \"keep\"");
    assert_eq!(report["rows_loaded"], 6, "{report}");
    assert_eq!((finding(&report, "overlap"), finding(&report, "sliver")), ((2, "keep"), (1, "keep")), "{report}");
    assert_eq!((finding(&report, "invalid-geometry"), finding(&report, "duplicate")), ((1, "mend"), (1, "keep")), "{report}");
    let examples = report["findings"].to_string();
    assert!(examples.contains("Self-intersection") && examples.contains(" m² → ") && examples.contains("20.00 m² ∩ 1"), "{examples}");

    // what was mended is drawn, before and after, where people read of it
    let mended = report["findings"].as_array().unwrap().iter().find(|f| f["rule"] == "invalid-geometry").unwrap();
    let picture = &mended["pictures"][0];
    assert_eq!((&picture["row"], &picture["width"]), (&json!("4"), &json!(160.0)), "{picture}");
    let paths = ["before", "after"].map(|when| picture[when].as_str().unwrap().matches('M').count());
    assert_eq!(paths, [1, 2], "a bow tie of one ring becomes two areas: {picture}");
    let [x, y] = [0, 1].map(|axis| picture["fault"][axis].as_f64().unwrap());
    let height = picture["height"].as_f64().unwrap();
    assert!((0.0..=160.0).contains(&x) && (0.0..=height).contains(&y) && picture["before"].as_str().unwrap().contains("160"), "{picture}");
    let page = folder.join("regole.html");
    assert!(ingest(&town, &["report", "regole_a", "--html", path(&page)]).ok);
    let page = fs::read_to_string(page).unwrap();
    assert!(
        page.contains("<svg class=\"mended\"") && page.contains(picture["before"].as_str().unwrap()) && page.contains("svg.mended"),
        "{page}"
    );

    let report = by("regole_b", "invalid-geometry = \"keep-out\"\nsliver = \"keep-out\"\nduplicate = \"keep-out\"");
    assert_eq!(report["rows_loaded"], 3, "{report}");
    let out = report["kept_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(|k| (k["reason"].as_str().unwrap(), k["rows"].as_i64().unwrap()))
        .collect::<Vec<_>>();
    assert_eq!(out, [("invalid", 1), ("sliver", 1), ("duplicate", 1)], "{report}");
    assert!(report["kept_out"][0]["found"][0]["what"].as_str().unwrap().contains("Self-intersection"), "{report}");

    for (rule, words) in
        [("invalid-geometry", "1 row with an invalid area (row 4)"), ("overlap", "over another row's ("), ("duplicate", "row 6")]
    {
        refused(
            &town,
            &[path(&file), "--plan", path(&with("regole_c", &format!("{rule} = \"stop\"")))],
            &["aree.geojson", "say stop", words, "Nothing was loaded"],
        );
        assert_eq!(town.psql("select count(*) from pg_tables where tablename like 'regole_c%'"), "0");
    }

    // a key that repeats refuses the file, unless the plan keeps those rows out
    let twice = write(folder, "doppie.csv", &trees("COD;Nome", &["A;uno", "A;due", ";tre", "B;quattro"]));
    let plan = |rules: &str| {
        write(folder, "doppie.toml", &format!("version = 1\nlayer = \"doppie\"\ncrs = \"EPSG:3004\"\nkey = \"COD\"\n[rules]\n{rules}\n"))
    };
    refused(&town, &[path(&twice), "--plan", path(&plan(""))], &["`COD`", "row 3", "row 4"]);
    let report = loaded(&town, &[path(&twice), "--plan", path(&plan("repeated-key = \"keep-out\""))]);
    assert_eq!((&report["rows_loaded"], kept_out(&report, "repeated_key")), (&json!(2), 2), "{report}");
    assert_eq!(town.psql("select string_agg(id, ',' order by id) from published.doppie"), "A,B");
}

#[test]
fn validity_and_kinds_of_geometry_are_as_the_plan_says() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let rows = ["a;2020-01-01;2021-01-01", "a;2021-01-01;", "b;2999-01-01;", "c;;", "d;2021-01-01;2020-01-01"];
    let file = write(folder, "ordinanze.csv", &trees("Nome;Dal;Al", &rows));
    let plan_text = |key: Option<&str>| {
        let key = key.map(|key| format!("key = \"{key}\"\n")).unwrap_or_default();
        format!(
            "version = 1\nlayer = \"ordinanze\"\ncrs = \"EPSG:3004\"\n{key}[validity]\nfrom = \"Dal\"\nto = \"Al\"\n[[field]]\nsource = \"Nome\"\nname = \"nome\"\ntype = \"text\"\n"
        )
    };
    let plan = write(folder, "ordinanze.toml", &plan_text(None));
    let report = loaded(&town, &[path(&file), "--plan", path(&plan)]);
    assert_eq!(
        (&report["rows_loaded"], &report["kept_out"][0]["reason"], &report["kept_out"][0]["rows"]),
        (&json!(3), &json!("no_validity"), &json!(2))
    );
    assert_eq!(
        town.psql("select count(*) from published.ordinanze where valid_from = '2021-01-01 00:00 Europe/Rome' and valid_to is null"),
        "1"
    );
    let end = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while town.get("/collections/ordinanze/items").json()["numberMatched"] != 1 {
        assert!(std::time::Instant::now() < end, "of three rows one is valid now");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // what is appended has a validity as well, and an update compares it as any other value
    let more = write(folder, "ordinanze2.csv", &trees("Nome;Dal;Al", &["e;2022-01-01;2023-01-01"]));
    let keyed = write(folder, "ordinanze3.toml", &plan_text(Some("Nome")));
    refused(
        &town,
        &[path(&more), "--layer", "ordinanze", "--crs", "EPSG:3004", "--append"],
        &["`ordinanze`", "[validity]", "report ordinanze --plan"],
    );
    let plain = write(folder, "ordinanze4.csv", &trees("Nome;Dal;Al", &["x;2020-01-01;", "y;2020-01-01;2021-01-01", "z;2020-01-01;"]));
    loaded(&town, &[path(&plain), "--plan", path(&keyed), "--replace"]);
    let report = loaded(&town, &[path(&more), "--plan", path(&keyed), "--append"]);
    assert_eq!(report["rows_loaded"], 1, "{report}");
    let before = town.psql("select string_agg((to_jsonb(t) - 'version' - 'geom')::text, ';' order by fid) from published.ordinanze t");
    let rows = ["x;2020-01-01;2024-01-01", "y;2020-01-01;2021-01-01", "z;2020-01-01;"];
    let next = write(folder, "ordinanze5.csv", &trees("Nome;Dal;Al", &rows));
    let report = loaded(&town, &[path(&next), "--plan", path(&keyed), "--update"]);
    let difference = &report["difference"];
    assert_eq!(
        (&difference["rows"]["changed"], &difference["rows"]["vanished"], &difference["rows"]["same"]),
        (&json!(1), &json!(1), &json!(2)),
        "{report}"
    );
    assert_eq!(difference["fields"], json!([{"field": "valid_to", "rows": 1}]), "{report}");
    assert_eq!(town.psql("select valid_to = '2024-01-01 00:00 Europe/Rome' from published.ordinanze where id = 'x'"), "t");
    assert!(ingest(&town, &["undo", "ordinanze"]).ok);
    assert_eq!(
        town.psql("select string_agg((to_jsonb(t) - 'version' - 'geom')::text, ';' order by fid) from published.ordinanze t"),
        before
    );
    // a key that stands in several versions can't be compared
    town.psql("insert into published.ordinanze (id, comune, geom, nome, valid_from, valid_to) select id, comune, geom, nome, '2000-01-01', '2001-01-01' from published.ordinanze where id = 'x'");
    refused(&town, &[path(&next), "--plan", path(&keyed), "--update"], &["several rows, each with a validity", "x", "--replace"]);

    // a row says whose it is
    let file = write(folder, "di_chi.csv", &trees("ID;ISTAT", &["1;80902", "2;080901", "3;999999", "4;"]));
    let plan = write(folder, "di_chi.toml", "version = 1\nlayer = \"di_chi\"\ncrs = \"EPSG:3004\"\ncomune-field = \"ISTAT\"\n");
    let report = loaded(&town, &[path(&file), "--plan", path(&plan)]);
    assert_eq!((&report["comuni"], finding(&report, "unknown-comune")), (&json!([["080901", 3], ["080902", 1]]), (1, "keep")), "{report}");

    // a drawing has outlines of buildings, lines and symbols; as areas only what is closed
    let [x, y] = RDN;
    let ring = format!("10 {x} 20 {y} 10 {} 20 {y} 10 {} 20 {}", x + 9.0, x + 9.0, y + 9.0);
    let open = format!("0 LWPOLYLINE 8 STRADE 90 3 70 0 {ring}");
    let closed = format!("0 LWPOLYLINE 8 EDIFICI 90 3 70 1 {ring}");
    let dxf = format!("0 SECTION 2 HEADER 0 ENDSEC 0 SECTION 2 ENTITIES {open} {closed} 0 POINT 8 VERDE 10 {x} 20 {y} 0 ENDSEC 0 EOF");
    let dxf = write(folder, "rilievo.dxf", &(dxf.replace(' ', "\n") + "\n"));
    let proposed = planned(&town, &[path(&dxf)]);
    assert_eq!((&proposed["geometry"], &proposed["crs"]), (&json!("line"), &Value::Null), "RDN2008 or ED50: nobody can tell: {proposed}");
    let remarks = proposed["found"]["remarks"].to_string();
    assert!(remarks.contains("EPSG:7792") && remarks.contains("EPSG:23033") && remarks.contains("Say in `crs`"), "{remarks}");
    let lines = proposed["field"].as_array().unwrap();
    let skipped = |source: &str| lines.iter().find(|f| f["source"] == source).unwrap()["skip"] == true;
    assert!(skipped("BlockName") && !skipped("Layer"), "columns without values are left out at first: {proposed}");
    assert!(proposed["found"]["file"][0]["layers"].to_string().contains("EDIFICI"), "{proposed}");
    assert!(proposed["found"]["remarks"].to_string().contains("2 lines, 1 point"), "{proposed}");
    let plan = write(folder, "rilievo.toml", "version = 1\nlayer = \"edifici_dxf\"\ncrs = \"EPSG:7792\"\ngeometry = \"area\"\n");
    let report = loaded(&town, &[path(&dxf), "--plan", path(&plan)]);
    assert_eq!((&report["rows_loaded"], &report["kept_out"][0]["reason"]), (&json!(1), &json!("other_family")), "{report}");
    assert_eq!(town.psql("select st_area(geom), layer from published.edifici_dxf"), "40.5|EDIFICI");
}

#[test]
fn a_report_stays_with_the_layer_for_those_who_administer_it() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let file = write(folder, "segnali.csv", &trees("COD;Nome", &["S1;cittÃ  <img src=x onerror=alert(1)>", "S2;due", "S3;"]));
    refused(&town, &["report", "segnali"], &["no report of `segnali`"]);
    loaded(&town, &[path(&file), "--layer", "segnali", "--crs", "EPSG:3004", "--key", "COD"]);
    let told = ingest(&town, &["report", "segnali", "--lang", "it"]);
    assert!(told.ok && told.out.contains("Livello `segnali`") && told.out.contains("hanno perso gli accenti"), "{} {}", told.out, told.err);
    let page = folder.join("segnali.html");
    assert!(ingest(&town, &["report", "segnali", "--lang", "it", "--html", path(&page)]).ok);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("@media print") && page.contains("Righe caricate") && page.contains("&lt;img src=x"), "{page}");
    assert!(!page.contains("<img src=x") && !page.contains("http://") && !page.contains("<script"), "it needs nothing from elsewhere");
    // the plan that was never written is kept all the same, and loads what it was made of
    let plan = ingest(&town, &["report", "segnali", "--plan"]);
    let plan = write(folder, "segnali.toml", &plan.out);
    let again = loaded(&town, &[path(&file), "--plan", path(&plan), "--replace"]);
    assert_eq!((&again["rows_loaded"], &again["id"]), (&json!(3), &json!({"column": "COD"})), "{again}");

    let shown = "/admin/layers/segnali/report";
    let absent = town.get("/admin/layers/never_was/report").text().replace("never_was", "segnali");
    assert_eq!((town.get(shown).status, town.get(shown).text()), (404, absent), "others are not told whether there is one");
    let cookie = cookie(&town, "administrator");
    let as_administrator = |path: &str, accept: &str| town.get_with(path, &[("cookie", &cookie), ("accept", accept)]);
    let page = as_administrator(&format!("{shown}?lang=en"), "text/html");
    assert_eq!(page.status, 200, "{}", page.text());
    let page = page.text();
    for words in ["texts that lost their accents", "&lt;img src=x", "portal/#map=19/", "Other deliveries", "version = 1"] {
        assert!(page.contains(words), "`{words}` is not in {page}");
    }
    assert!(!page.contains("<img src=x"), "{page}");
    let document = as_administrator(shown, "application/json").json();
    assert_eq!((&document["report"]["mode"], document["others"].as_array().unwrap().len()), (&json!("replace"), 1), "{document}");
    let first = document["others"][0]["number"].as_i64().unwrap();
    assert_eq!(as_administrator(&format!("{shown}?number={first}"), "application/json").json()["report"]["mode"], "create");
    assert_eq!(as_administrator(&format!("{shown}?number=0"), "application/json").status, 404);
    assert_eq!(as_administrator(&format!("{shown}?number=x"), "application/json").status, 400);
    assert_eq!(as_administrator("/admin/layers/parcels/report", "application/json").status, 404, "a theme's own layer has none");
}
