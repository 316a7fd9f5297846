use chrono::NaiveDate;

use super::{CensusFile, Entry, LandArea, Nature, Property, Reader, Share, Shares, Subject};
use crate::remark::{Issue, Remarks};

fn read(file: CensusFile, bytes: &[u8]) -> (Vec<(u64, Entry)>, Remarks) {
    let mut reader = Reader::new(bytes, file);
    let mut entries = Vec::new();
    while let Some(entry) = reader.read().unwrap() {
        entries.push((entry.line, entry.value));
    }
    (entries, reader.into_remarks())
}

fn one(file: CensusFile, line: &str) -> (Entry, Vec<Issue>) {
    let (mut entries, remarks) = read(file, line.as_bytes());
    assert_eq!(entries.len(), 1, "{line}");
    (entries.remove(0).1, issues(&remarks))
}

fn issues(remarks: &Remarks) -> Vec<Issue> {
    remarks.kept().iter().map(|r| r.issue.clone()).collect()
}

fn day(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day)
}

/// FAB 1 up to the day of the notification: forty fields.
const UNIT: &str = "X101| |5810|F|3|1|006|A02|06|6,5|141|1825000|1057,45|1|2|A|12|013|T|1|2|3|27012020|28012020|V|045227|001|2020|00000000||V|000123|002|1999|0001234|Nota|341274286|341274290|RC0012345|30022020";

#[test]
fn a_unit_has_its_fields() {
    let line = UNIT.replace("30022020", "29022020");
    let (Entry::Property(key, Property::Unit(unit)), remarks) = one(CensusFile::Buildings, &line) else { panic!() };
    assert_eq!((key.comune.as_str(), key.section, key.property, key.nature, key.version), ("X101", None, 5810, Nature::Unit, 3));
    assert_eq!((unit.category.as_str(), unit.class.as_str(), unit.zone.as_str()), ("A02", "06", "006"));
    assert_eq!(unit.size.unwrap().thousandths(), 6_500);
    assert_eq!(unit.surface_m2.unwrap().thousandths(), 141_000);
    assert_eq!((unit.income_lire.unwrap().0, unit.income_euro.unwrap().to_string()), (1_825_000, "1057.45".into()));
    assert_eq!(
        (unit.lot_building_stairs.concat(), unit.doors.concat(), unit.storeys.concat()),
        ("12A".into(), "12013".into(), "T123".into())
    );
    assert_eq!((unit.since.effective, unit.since.registered), (day(2020, 1, 27), day(2020, 1, 28)));
    assert_eq!((unit.since.note.kind, unit.since.note.number.as_str(), unit.since.note.year.as_str()), (Some('V'), "045227", "2020"));
    // 00000000 is no day
    assert_eq!((unit.until.day(), unit.until.note.number.as_str()), (None, "000123"));
    assert_eq!((unit.partita.as_str(), unit.annotation.reveal(), unit.changes[1].as_str()), ("0001234", "Nota", "341274290"));
    assert_eq!((unit.notification.as_str(), unit.notified, unit.classification), ("RC0012345", day(2020, 2, 29), None));
    assert_eq!(remarks, []);
}

#[test]
fn lines_of_every_year_are_read() {
    let old = UNIT.replace("30022020", "29022020");
    for line in [
        old.clone(),
        format!("{old}|"),
        format!("{old}|VAR|Descrizione|VCL|Altra|3"),
        format!("{old}|VAR|Descrizione|VCL|Altra|3|"),
        format!("{old}|VAR|Descrizione|VCL|Altra|3||"),
        format!("{old}|VAR|Descrizione|VCL|Altra|3|x|"),
    ] {
        let (Entry::Property(_, Property::Unit(unit)), remarks) = one(CensusFile::Buildings, &line) else { panic!() };
        assert_eq!(remarks, [], "{line}");
        let recent = line.contains("VAR");
        assert_eq!(
            (unit.since.cause == "VAR", unit.until.description.reveal() == "Altra", unit.classification.is_some()),
            (recent, recent, recent)
        );
    }
    let (_, remarks) = one(CensusFile::Buildings, &format!("{old}|VAR|D|VCL|A|3|x|y|z"));
    assert_eq!(remarks, [Issue::ManyFields { record: "FAB 1", there: 48, most: 46 }]);
    let (Entry::Property(_, Property::Unit(unit)), remarks) = one(CensusFile::Buildings, "X101| |5810|F|3|1|006|A02|06") else { panic!() };
    assert_eq!((unit.category.as_str(), unit.since.day()), ("A02", None));
    assert_eq!(remarks, [Issue::FewFields { record: "FAB 1", there: 9, least: 40 }]);
}

#[test]
fn a_day_that_is_none_is_left_empty() {
    let (Entry::Property(_, Property::Unit(unit)), remarks) = one(CensusFile::Buildings, UNIT) else { panic!() };
    assert_eq!((unit.notified, remarks), (None, vec![Issue::Date { field: "data di notifica" }]));
}

#[test]
fn groups_repeat() {
    let (Entry::Property(_, Property::Places(places)), remarks) =
        one(CensusFile::Buildings, "X101|A|351073|F|1|2|RC|0142|00101||0004||RC|0142|.0102|0001|0005|E|")
    else {
        panic!()
    };
    let found: Vec<(&str, &str, &str, &str)> =
        places.iter().map(|p| (p.foglio.as_str(), p.number.as_str(), p.denominator.as_str(), p.unit.as_str())).collect();
    assert_eq!(found, [("142", "101", "", "4"), ("142", ".0102", "1", "5")]);
    assert_eq!((places[1].edificality, remarks), (Some('E'), vec![]));
    let (Entry::Property(_, Property::Common(places)), remarks) =
        one(CensusFile::Buildings, "X101| |173704|F|2|4||0391|00329||||0391|00578|||")
    else {
        panic!()
    };
    assert_eq!((places.len(), places[1].number.as_str(), remarks), (2, "578", vec![]));
    let (Entry::Property(_, Property::Addresses(addresses)), remarks) =
        one(CensusFile::Buildings, "X101| |4326|F|3|3|236|DEI MILLE|0073|||603|")
    else {
        panic!()
    };
    assert_eq!((addresses[0].street.as_str(), addresses[0].house_numbers[0].as_str(), remarks), ("DEI MILLE", "73", vec![]));
    let (Entry::Property(_, Property::Reserves(reserves)), remarks) = one(CensusFile::Buildings, "X101| |3675191|F|4|5|5||1|0000012|")
    else {
        panic!()
    };
    assert_eq!((reserves.len(), reserves[1].partita.as_str(), remarks), (2, "0000012", vec![]));
    // a group that is cut is left out
    let (Entry::Property(_, Property::Places(places)), remarks) = one(CensusFile::Buildings, "X101| |3|F|1|2||0142|00101||0004|||0143|7")
    else {
        panic!()
    };
    assert_eq!((places.len(), remarks), (1, vec![Issue::GroupCut { record: "FAB 2", fields: 6, left: 3 }]));
}

/// TER 1 in the form before 2007, 39 fields: 2 ha 34 are 56 ca are 23,456 m².
const LAND: &str = "X101|B|2041104|T|2|1|0197|00198|0001|0002||041|02|2|34|56|1|0|0|25000|12500|12,91|6,46|19022001|20022001|M|121089|001|2001|03042010|05042010|F|000777|001|2010|0000123|Nota|234408950|234408951";

#[test]
fn land_has_its_area_and_incomes() {
    for line in [LAND.to_owned(), format!("{LAND}|"), format!("{LAND}|TM|Nuova costruzione|FR|Frazionamento"), format!("{LAND}|TM|a|FR|b|")]
    {
        let (Entry::Property(key, Property::Land(land)), remarks) = one(CensusFile::Land, &line) else { panic!() };
        assert_eq!((key.section, key.nature), (Some('B'), Nature::Land));
        assert_eq!((land.place.foglio.as_str(), land.place.number.as_str(), land.place.unit.as_str()), ("197", "198", "2"));
        assert_eq!((land.area.map(LandArea::m2), land.quality.as_str(), land.flags[0]), (Some(23_456), "041", Some('1')));
        let (lire, euro) = land.owners_income;
        // 25,000 lire are 12.911… euro
        assert_eq!((lire.unwrap().to_euro(), euro.unwrap().to_string().as_str()), (euro.unwrap(), "12.91"));
        assert_eq!((land.farmers_income.0.unwrap().to_euro().to_string(), land.until.day()), ("6.46".into(), day(2010, 4, 3)));
        assert_eq!((remarks, land.until.note.number.as_str()), (vec![], "000777"));
    }
    let (Entry::Property(_, Property::Land(land)), remarks) = one(CensusFile::Land, &LAND.replace("|2|34|56|", "|2|-34|56|")) else {
        panic!()
    };
    assert_eq!((land.area, remarks), (None, vec![Issue::NegativeArea]));
    let (Entry::Property(_, Property::Land(land)), _) = one(CensusFile::Land, &LAND.replace("|2|34|56|", "||07||")) else { panic!() };
    assert_eq!(land.area.map(LandArea::m2), Some(700));
}

#[test]
fn parts_of_land_have_six_fields_or_eight() {
    let (Entry::Property(_, Property::Portions(portions)), remarks) =
        one(CensusFile::Land, "X101| |1676490|T|1|4|AA|033|02|0|12|50|AB|041|01|1|00|05|")
    else {
        panic!()
    };
    assert_eq!(portions.iter().map(|p| p.area.unwrap().m2()).collect::<Vec<_>>(), [1_250, 10_005]);
    assert_eq!((portions[0].income.clone(), remarks), (None, vec![]));
    let (Entry::Property(_, Property::Portions(portions)), remarks) =
        one(CensusFile::Land, "X101| |1676490|T|1|4|AA|033|02|0|12|50|1,25|0,75|")
    else {
        panic!()
    };
    assert_eq!((portions[0].income.as_ref().unwrap().farmers.unwrap().thousandths(), remarks), (750, vec![]));
    let (Entry::Property(_, Property::Deductions(deductions)), remarks) = one(CensusFile::Land, "X101| |5992|T|10|2|<A6|B1|") else {
        panic!()
    };
    assert_eq!((deductions, remarks), (vec!["<A6".to_owned(), "B1".to_owned()], vec![]));
}

const PERSON: &[u8] = b"X101| |7125464|P|SEGRET\xd2|PLANTED|2|41091973|X101|SGRPNT73P41X101K|PLANTED NOTE|\r\nX101| |8363|G|PLANTED SRL|X101|01234567890|\r\n";

#[test]
fn nothing_of_a_person_is_printed() {
    let (entries, remarks) = read(CensusFile::Subjects, PERSON);
    let Entry::Subject { id, subject: Subject::Person(person), .. } = &entries[0].1 else { panic!() };
    assert_eq!((*id, person.surname.reveal(), person.fiscal_code.reveal()), (7_125_464, "SEGRETÒ", "SGRPNT73P41X101K"));
    assert_eq!(remarks.count(), 0);
    let (titles, more) = read(CensusFile::Titles, b"X101| |54898|P|1437626|F|99|PLANTED RIGHT|0|PLANTED|C||\n");
    let (parameters, _) = read(CensusFile::Parameters, b"Richiedente: PLANTED\n");
    let printed = format!("{entries:?} {titles:?} {parameters:?} {remarks:?} {more:?}");
    for planted in ["SEGRET", "PLANTED", "SGRPNT", "1973", "01234567890"] {
        assert!(!printed.contains(planted), "{planted}: {printed}");
    }
}

const TITLE: &str =
    "X101| |54898|P|1437626|F|10||1|2|C||12112003|N|053614|001|2003|25082010|0000012|||||||9167994||28099632|SEN|Divisione||";

#[test]
fn a_title_has_its_share_and_acts() {
    let (Entry::Title(title), remarks) = one(CensusFile::Titles, TITLE) else { panic!() };
    assert_eq!((title.subject, title.property, title.nature, title.right.as_str()), ((54_898, 'P'), 1_437_626, Nature::Unit, "10"));
    assert_eq!((title.share, title.regime), (Some(Share { numerator: 1, denominator: 2 }), Some('C')));
    assert_eq!((title.since.effective, title.since.registered, title.until.day()), (day(2003, 11, 12), day(2010, 8, 25), None));
    assert_eq!((title.since.note.number.as_str(), title.partita.as_str(), title.id), ("053614", "0000012", Some(28_099_632)));
    assert_eq!((title.since.cause.as_str(), remarks), ("SEN", vec![]));
    // before 2001 it had no number of its own
    let old: String = TITLE.split('|').take(27).collect::<Vec<_>>().join("|");
    let (Entry::Title(title), remarks) = one(CensusFile::Titles, &old) else { panic!() };
    assert_eq!((title.id, remarks), (None, vec![]));
    let (Entry::Title(title), remarks) = one(CensusFile::Titles, &TITLE.replace("|1|2|C|", "|1|0|C|")) else { panic!() };
    assert_eq!((title.share, remarks), (None, vec![Issue::Share]));
}

#[test]
fn shares_that_make_more_than_one_are_told_where_they_do() {
    let titles = [
        TITLE.to_owned(),
        TITLE.replace("|1|2|C|", "|3|4|C|"),
        // ended in 2010, and of another right: neither counts
        TITLE.replace("|0000012|||", "|0000012|03042010||"),
        TITLE.replace("|10||1|2|", "|20||1|1|"),
        TITLE.replace("|1437626|", "|99|").replace("|1|2|", "|1|3|"),
    ];
    let (entries, _) = read(CensusFile::Titles, titles.join("\n").as_bytes());
    let (mut shares, mut remarks) = (Shares::default(), Remarks::default());
    for (line, entry) in &entries {
        let Entry::Title(title) = entry else { panic!() };
        shares.add(*line, title, &mut remarks);
    }
    let found: Vec<(u64, Issue)> = remarks.kept().iter().map(|r| (r.line, r.issue.clone())).collect();
    assert_eq!(found, [(2, Issue::SharesBeyond { numerator: 5, denominator: 4 })]);
    assert_eq!(shares.whole_less_more(), [1, 1, 1]);
}

#[test]
fn rows_that_belong_to_nobody_are_left_out_and_told() {
    let text = "101| |5|F|1|2|a\nX101| |x|F|1|2|a\nX101| |5|T|1|2|a\nX101| |5|F|1|9|a\n\nX102| |5|F|1|5|1|2|\nX101| |5|F|1|5|1|2|\n";
    let (entries, remarks) = read(CensusFile::Buildings, text.as_bytes());
    assert_eq!(entries.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [6, 7]);
    let found: Vec<(u64, Issue)> = remarks.kept().iter().map(|r| (r.line, r.issue.clone())).collect();
    assert_eq!(
        found,
        [
            (1, Issue::Key { field: "codice amministrativo" }),
            (2, Issue::Key { field: "identificativo immobile" }),
            (3, Issue::Key { field: "tipo immobile" }),
            (4, Issue::RecordType),
            (7, Issue::StrangeComune { comune: "X101".into(), first: "X102".into() }),
        ]
    );
}

#[test]
fn the_encoding_is_told_if_it_is_another() {
    let (_, remarks) = read(CensusFile::Buildings, "X101| |5|F|1|3|1|Città|1|||2|\nX101| |5|F|1|3|1|Città|1|||2|".as_bytes());
    assert_eq!(issues(&remarks), [Issue::Utf8]);
    let (entries, remarks) = read(CensusFile::Buildings, b"X101| |5|F|1|3|1|Citt\xe0|1|||2|");
    let Entry::Property(_, Property::Addresses(addresses)) = &entries[0].1 else { panic!() };
    assert_eq!((addresses[0].street.as_str(), remarks.count()), ("Città", 0));
}

#[test]
fn a_first_line_tells_the_file() {
    for (line, file) in [
        (UNIT, CensusFile::Buildings),
        (LAND, CensusFile::Land),
        (TITLE, CensusFile::Titles),
        ("X101| |8363|G|COMUNE DI X|X101|01234567890|", CensusFile::Subjects),
        ("X101| |7125464|P|ROSSI|MARIO|1|01091973|X101|RSSMRA73P01X101L||", CensusFile::Subjects),
    ] {
        assert_eq!(CensusFile::of_line(line.as_bytes()), Some(file), "{line}");
    }
    for line in ["", "a|b|c", "id|nome|x|F|z|1", "MAPPA", "X101|1|2|3|4|5"] {
        assert_eq!(CensusFile::of_line(line.as_bytes()), None, "{line}");
    }
    assert_eq!(CensusFile::of_suffix("Fab"), Some(CensusFile::Buildings));
}
