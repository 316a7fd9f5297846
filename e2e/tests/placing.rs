//! Files without coordinates: placed through the registers of parcels and addresses, what these have not listed with its reason.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use e2e::{Output, Town, run};
use serde_json::{Value, json};

fn write(folder: &Path, name: &str, content: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn convert(from: &Path, to: &Path, format: &str) -> PathBuf {
    let output = run(Command::new("ogr2ogr").args(["-f", format, "-nlt", "NONE"]).args([to, from]));
    assert!(output.ok, "{}", output.err);
    to.to_owned()
}

fn ingest(town: &Town, file: &Path, more: &[&str]) -> Output {
    town.command(&[&["ingest", file.to_str().unwrap()], more].concat())
}

#[track_caller]
fn loaded(town: &Town, file: &Path, more: &[&str]) -> Value {
    let output = ingest(town, file, &[more, &["--json"]].concat());
    assert!(output.ok, "{}: {}", file.display(), output.err);
    serde_json::from_str(&output.out).unwrap_or_else(|e| panic!("{e}: {}", output.out))
}

#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    assert!(!output.ok, "it was taken: {}", output.out);
    for word in words {
        assert!(output.err.contains(word), "`{word}` is not in: {}", output.err);
    }
}

/// How many rows were kept out for a reason.
fn kept_out(report: &Value, reason: &str) -> i64 {
    let found = report["kept_out"].as_array().unwrap().iter().find(|k| k["reason"] == reason);
    found.map_or(0, |k| k["rows"].as_i64().unwrap())
}

/// Some parcels that there are now: comune, foglio, particella.
fn parcels(town: &Town, comune: &str, count: usize) -> Vec<(String, String)> {
    let sql = format!(
        "select sheet, number from cadastre.parcels where comune = '{comune}' and kind = 'land' and valid_to is null order by md5(id) limit {count}"
    );
    let rows = town.psql(&sql);
    rows.lines().map(|line| line.split_once('|').map(|(sheet, number)| (sheet.to_owned(), number.to_owned())).unwrap()).collect()
}

#[test]
fn rows_are_placed_by_foglio_and_particella_however_they_are_written() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let (there, hill) = (parcels(&town, "080901", 5), parcels(&town, "080902", 1));
    let gone =
        town.psql("select sheet || ';' || number from cadastre.parcels where comune = '080901' and valid_to < now() order by id limit 1");
    let mut rows = vec!["CODICE;N° Foglio;P.lla;Sez.;Comune;Canone".to_owned()];
    let [a, b, c, d, e] = there.as_slice() else { panic!("five parcels") };
    rows.push(format!("L1;{};{};;Castelmarina dello Stretto;10", a.0, a.1));
    rows.push(format!("L2;000{};00{};_;080901;20,5", b.0, b.1));
    rows.push(format!("L3;fg. {};p.lla {} sub 4;;80901;30", c.0, c.1));
    rows.push(format!("L4;X101_000{}00;{};;x101;40", d.0, d.1));
    rows.push(format!("L5;{};{};;CASTELMARINA DELLO STRETTO (RC);50", e.0, e.1));
    rows.push(format!("L6;{};{};;Rocca Sant’Elia;60", hill[0].0, hill[0].1));
    rows.push("L7;99;1;;X101;=1+1".to_owned());
    rows.push(format!("L8;{gone};;X101;-8"));
    rows.push("L9;;;;X101;9".to_owned());
    rows.push(format!("L10;{};{}/{};;X101;10", a.0, a.1, b.1));
    rows.push(format!("L11;{};{};;Roma;11", a.0, a.1));
    rows.push(format!("L12;{};{};A;X101;12", a.0, a.1));
    let file = write(folder, "concessioni.csv", &rows.join("\r\n"));

    // the plan says by which columns, and how many rows would be placed
    let plan: Value = loaded(&town, Path::new("plan"), &[file.to_str().unwrap()]);
    let place = &plan["place"];
    assert_eq!((&place["by"], &place["sheet"], &place["number"]), (&json!("parcel-point"), &json!("N° Foglio"), &json!("P.lla")), "{plan}");
    assert_eq!((&place["section"], &place["comune"]), (&json!("Sez."), &json!("Comune")));
    assert!(plan["found"]["remarks"].to_string().contains("6 of 12 rows would be placed"), "{}", plan["found"]["remarks"]);

    let list = folder.join("da correggere.csv");
    let report = loaded(&town, &file, &["--layer", "concessioni", "--unplaced", list.to_str().unwrap()]);
    assert_eq!(
        (&report["rows_loaded"], &report["geometry"], &report["id"]),
        (&json!(6), &json!("Point"), &json!({"column": "CODICE"})),
        "{report}"
    );
    assert!(report["crs"][0]["decided"]["register"]["it"] == "Particelle", "{report}");
    for (reason, rows) in [("no_such_parcel", 3), ("no_parcel_number", 2), ("other_comune", 1)] {
        assert_eq!(kept_out(&report, reason), rows, "{reason}: {report}");
    }
    assert_eq!(report["unplaced"].as_array().unwrap().len(), 6);
    assert_eq!(report["unplaced"][0], json!({"row": "8", "reason": "no_such_parcel", "what": "080901 foglio 99, particella 1"}));
    // each point lies on the parcel that its row names, as PostGIS has it
    let wanted: Vec<String> =
        [a, b, c, d, e].iter().enumerate().map(|(i, p)| format!("('L{}', '080901', {}, '{}')", i + 1, p.0, p.1)).collect();
    let on_them = town.psql(&format!(
        "select count(*) from (values {}, ('L6', '080902', {}, '{}')) w (id, comune, sheet, number)
         join published.concessioni l using (id)
         join cadastre.parcels p on p.comune = w.comune and p.sheet = w.sheet and p.number = w.number and p.valid_to is null
         where st_intersects(l.geom, p.geom) and l.comune = w.comune",
        wanted.join(", "),
        hill[0].0,
        hill[0].1
    ));
    assert_eq!(on_them, "6");
    let unplaced = fs::read_to_string(&list).unwrap();
    assert_eq!(unplaced.lines().count(), 7, "{unplaced}");
    assert!(
        unplaced.starts_with("riga,motivo,CODICE,N° Foglio") && unplaced.contains("'=1+1") && unplaced.contains("particella che oggi"),
        "{unplaced}"
    );

    // the plan is kept, and a mended file updates the layer by its key
    rows[7] = format!("L7;{};{};;X101;7", a.0, a.1);
    let mended = write(folder, "concessioni2.csv", &rows.join("\n"));
    let report = loaded(&town, &mended, &["--layer", "concessioni", "--update"]);
    let rows_of = &report["difference"]["rows"];
    assert_eq!(
        (&rows_of["new"], &rows_of["changed"], &rows_of["vanished"], &rows_of["same"]),
        (&json!(1), &json!(0), &json!(0), &json!(6)),
        "{report}"
    );

    // as a rule, what can't be placed stops the load
    let strict = write(folder, "a.toml", "version = 1\nlayer = \"severe\"\n[rules]\nunplaced = \"stop\"\n");
    refused(&ingest(&town, &file, &["--plan", strict.to_str().unwrap()]), &["rules say stop", "row 8"]);
    assert_eq!(town.psql("select count(*) from opensit.layers where id = 'severe'"), "0");
}

#[test]
fn a_parcel_can_be_the_row_s_area_and_several_are_not_guessed() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let ids = town.psql("select id from cadastre.parcels where kind = 'land' and valid_to is null order by md5(id) limit 40");
    let rows: Vec<String> = ids.lines().enumerate().map(|(i, id)| format!("{i};{id}")).collect();
    let file = write(
        folder,
        "vincoli.csv",
        &format!("num;Rif. catastale\n{}\n40;IT.AGE.PLA.{}\n41;12/345\n", rows.join("\n"), ids.lines().next().unwrap()),
    );
    let plan =
        write(folder, "v.toml", "version = 1\nlayer = \"vincoli_p\"\n[place]\nby = \"parcel-area\"\nreference = \"Rif. catastale\"\n");
    let report = loaded(&town, &file, &["--plan", plan.to_str().unwrap()]);
    assert_eq!(
        (&report["rows_loaded"], &report["geometry"], kept_out(&report, "no_parcel_number")),
        (&json!(41), &json!("Polygon"), 1),
        "{report}"
    );
    let same = "select count(*) from published.vincoli_p l join cadastre.parcels p on p.id = l.rif_catastale and p.valid_to is null and st_orderingequals(p.geom, l.geom)";
    assert_eq!(town.psql(same), "40");

    // foglio 1 there is in both comuni: without a word on the comune it may be either
    let both = town.psql(
        "select number from cadastre.parcels where sheet = 1 and kind = 'land' and valid_to is null group by number having count(distinct comune) = 2 order by 1 limit 1",
    );
    let file = write(folder, "quale.csv", &format!("foglio,particella\n1,{both}\n"));
    refused(&ingest(&town, &file, &["--layer", "quale"]), &["several parcels", "add the comune", "Nothing was loaded"]);
    let report = loaded(&town, &file, &["--layer", "quale", "--comune", "080902"]);
    assert_eq!(report["comuni"], json!([["080902", 1]]), "{report}");
    for (place, words) in [
        ("by = \"address\"\nsheet = \"foglio\"", vec!["`street`"]),
        ("by = \"parcel-point\"\nsheet = \"foglio\"", vec!["`sheet` and `number`", "`reference`"]),
        ("by = \"parcel\"", vec!["unknown variant", "parcel-area"]),
        ("by = \"parcel-point\"\nsheet = \"foglio\"\nnumber = \"mappale\"", vec!["`mappale`", "it has: foglio, particella"]),
    ] {
        let plan = write(folder, "bad.toml", &format!("version = 1\nlayer = \"bad\"\n[place]\n{place}\n"));
        refused(&ingest(&town, &file, &["--plan", plan.to_str().unwrap()]), &words);
    }
    let neither = write(folder, "neither.csv", "nome,note\na,b\n");
    refused(
        &ingest(&town, &neither, &["--layer", "neither"]),
        &["no coordinates in its columns (nome, note)", "x and y", "foglio and particella"],
    );
}

#[test]
fn rows_are_placed_by_address_however_it_is_written() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    // addresses that stand once in the register, of streets with one name
    let unique = |street: &str, number: &str| {
        town.psql(&format!(
            "select street, number from territory.house_numbers where comune = '080901' and street like '{street}' and number like '{number}'
             group by 1, 2 having count(*) = 1 order by md5(street || number) limit 1"
        ))
    };
    let split = |row: &str| row.split_once('|').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let (street, letter) = split(&unique("Via d%", "%/A"));
    let (avenue, plain) = split(&unique("Corso %", "_"));
    let rows = [
        "codice;DUG;Toponimo;Civico;Esponente".to_owned(),
        format!("1;VIA;{};{};", street.trim_start_matches("Via ").to_uppercase(), letter),
        format!("2;V.;{};{};a", street.trim_start_matches("Via "), letter.trim_end_matches("/A")),
        format!("3;C.so;{};n. {};", avenue.trim_start_matches("Corso "), plain),
        format!("4;CORSO;{};00{};", avenue.trim_start_matches("Corso "), plain),
        "5;Via;Che Non C'è Da Nessuna Parte;1;".to_owned(),
        format!("6;Via;{};9999;", street.trim_start_matches("Via ")),
        format!("7;Via;{};snc;", street.trim_start_matches("Via ")),
        "8;;;;".to_owned(),
    ];
    let file = write(folder, "esercizi.csv", &rows.join("\n"));
    let more = ["--comune", "080901"];
    let report = loaded(&town, &file, &[&["--layer", "esercizi"], more.as_slice()].concat());
    assert_eq!(report["rows_loaded"], 4, "{report}");
    for (reason, rows) in [("no_such_street", 1), ("no_such_number", 1), ("no_house_number", 1), ("no_address", 1)] {
        assert_eq!(kept_out(&report, reason), rows, "{reason}: {report}");
    }
    let at = |street: &str, number: &str, ids: &str| {
        town.psql(&format!(
            "select count(*) from published.esercizi e join territory.house_numbers h on st_equals(e.geom, h.geom)
             where h.comune = '080901' and h.street = '{}' and h.number = '{number}' and e.id in ({ids})",
            street.replace('\'', "''")
        ))
    };
    assert_eq!((at(&street, &letter, "'1', '2'"), at(&avenue, &plain, "'3', '4'")), ("2".to_owned(), "2".to_owned()));

    // an address in one column; a street that is spelled nearly so is told, and refused if the plan says so
    let misspelled = town.psql(
        "select street, min(number) from territory.house_numbers where comune = '080901' and street like 'Via dei P%' group by 1 having count(*) = count(distinct number) order by length(street) desc limit 1",
    );
    let (long, number) = split(&misspelled);
    let wrong = format!("{}{}", &long[..long.len() - 3], &long[long.len() - 2..]);
    let file = write(folder, "uno.csv", &format!("nome;indirizzo\na;{street}, {letter} - 89100 Castelmarina\nb;{wrong} {number}\n"));
    let report = loaded(&town, &file, &[&["--layer", "uno"], more.as_slice()].concat());
    assert_eq!((&report["rows_loaded"], report["notes"].to_string().contains(&format!("→ {long}"))), (&json!(2), true), "{report}");
    let plan = write(
        folder,
        "uno.toml",
        "version = 1\nlayer = \"uno\"\ncomune = \"080901\"\n[place]\nby = \"address\"\nstreet = \"indirizzo\"\nsimilar = false\n",
    );
    let report = loaded(&town, &file, &["--plan", plan.to_str().unwrap(), "--replace"]);
    assert_eq!((&report["rows_loaded"], kept_out(&report, "no_such_street")), (&json!(1), 1), "{report}");
}

#[test]
fn tables_of_every_kind_are_placed() {
    let town = Town::shared();
    let folder = town.scratch();
    let folder = folder.path();
    let there = parcels(&town, "080901", 30);
    let rows: String = there.iter().enumerate().map(|(i, (sheet, number))| format!("P{i},{sheet},{number},X101\n")).collect();
    let file = write(folder, "aree.csv", &format!("codice,foglio,particella,comune\n{rows}"));
    for (name, format) in [("aree.xlsx", "XLSX"), ("aree.gpkg", "GPKG"), ("aree.dbf", "ESRI Shapefile")] {
        let table = convert(&file, &folder.join(name), format);
        let report = loaded(&town, &table, &["--layer", "di_ogni", "--replace"]);
        assert_eq!((&report["rows_loaded"], &report["kept_out"]), (&json!(30), &json!([])), "{name}: {report}");
        let on_them = town.psql(
            "select count(*) from published.di_ogni l join cadastre.parcels p
                on p.comune = '080901' and p.sheet = l.foglio::text::integer and p.number = l.particella::text and p.valid_to is null and st_intersects(p.geom, l.geom)",
        );
        assert_eq!(on_them, "30", "{name}");
    }
    let page = town.command(&["ingest", "report", "di_ogni", "--plan"]);
    assert!(page.out.contains("[place]\nby = \"parcel-point\"\nsheet = \"foglio\""), "the plan is kept: {}", page.out);
}
