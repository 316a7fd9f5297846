use std::fs;

use kernel::{Language, Srid};

use super::{Content, NoFit, SystemFit, check};
use crate::files::Limits;

const MAP: &str = "MAPPA\nX101_001200\n2000.000\n\
    BORDO\nX101_001200\n0\n0\n0\n0\n0\n0\n0\n5\n0.0\n0.0\n20.0\n0.0\n20.0\n10.0\n0.0\n10.0\n0.0\n0.0\n\
    BORDO\n2\n0\n0\n1.0\n1.0\n0\n0\n0\n5\n0.0\n0.0\n20.0\n0.0\n20.0\n10.0\n0.0\n10.0\n0.0\n0.0\nEOF\n";
const SUP: &str = "X101_001200  20240131\nN.FABBRIC           0\nN.PARTIC            1\nN.STRADE            0\nN.ACQUE             0\n\
    N.SVIL-ALL          0\nFABBRIC             0\n2                 200\nPARTIC            200\nSTRADE              0\nACQUE               0\n\
    SVIL-ALL            0\nTOTALE            200\nCONFINE           200\nSBILANCIO           0\n";

fn write(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

#[test]
fn a_map_is_offered_the_systems_that_fit() {
    let folder = write(&[("X101_001200.CXF", MAP.as_bytes())]);
    let fits = |code, fits| SystemFit {
        crs: Srid::new(code).unwrap(),
        title: "t".into(),
        also: vec![],
        swapped: false,
        share_inside: if fits { 1.0 } else { 0.0 },
        distance_m: if fits { 0.0 } else { 18_000.0 },
        fits,
    };
    let report = check(&[folder.path()], &Limits::default(), &|name, positions| {
        assert_eq!((name.comune(), positions.len()), ("X101", 5));
        Ok(vec![fits(7792, true), fits(3004, false)])
    });
    assert!(report.is_clean(), "{report:?}");
    let text = report.text(Language::En);
    for words in [
        "EPSG:7792 (t): 100 % inside the comune: offered",
        "EPSG:3004 (t): 0 % inside the comune, its middle 18 km away: refused",
        "= 200.000; border 200.000; difference 0.000",
        "1 file, nothing to remark.",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(report.text(Language::It).contains("particelle 200.000 + strade 0.000"));
    let none = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert!(none.text(Language::En).contains("the file states none; with --boundary"));
    let strange = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::OtherComune));
    assert!(strange.text(Language::En).contains("line 2: the map is of the comune X101, which the boundary has not"));
}

#[test]
fn areas_are_compared_with_their_map_wherever_it_stands() {
    let folder = write(&[("A.SUP", SUP.as_bytes()), ("X101_001200.CXF", MAP.as_bytes()), ("leggimi.txt", b"hello")]);
    let report = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert!(matches!(&report.files[0].content, Content::Areas(areas) if areas.compared && areas.total_m2 == 200), "{report:?}");
    assert_eq!((report.remarks, report.other_files), (0, 1));
    let alone = check(&[folder.path().join("A.SUP")], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert_eq!((alone.remarks, alone.is_clean()), (1, false));
    let other =
        write(&[("A.SUP", SUP.replace("2                 200", "2                 300").as_bytes()), ("X101_001300.CXF", MAP.as_bytes())]);
    let report = check(&[other.path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    let kinds: Vec<String> = serde_json::to_value(&report).unwrap()["files"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|file| file["remarks"].as_array().unwrap().iter().map(|r| r["kind"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(kinds, ["sup_differs", "other_name"]);
}

#[test]
fn the_census_is_counted_and_nobody_named() {
    let folder = write(&[
        ("X101.SOG", b"X101| |7|P|PLANTEDNAME|MARIA|2|41091973|X101|PLNTDC73P41X101K||\nX101| |8|G|PLANTEDFIRM|X101|01234567890|\nX101| |x|G|PLANTEDFIRM|X101|01234567890|\n"),
        ("X101.TIT", b"X101| |7|P|14|F|10|PLANTEDRIGHT|3|4|C||12112003|N|1|1|2003|25082010|1|||||||9||28|SEN|PLANTEDCAUSE||\nX101| |8|G|14|F|10||1|2|||12112003|N|1|1|2003|25082010|1|||||||9||29|SEN|D||\n"),
        ("X101.FAB", b"X101| |14|F|1|2||0142|00101||0004||\nX101| |14|F|1|1|1|A02|1|x|-5||||||||||||||\n"),
        ("X101.PRM", b"Richiedente: PLANTEDNAME\n"),
    ]);
    let report = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    let json = serde_json::to_string(&report).unwrap();
    let all = format!("{json} {} {} {report:?}", report.text(Language::It), report.text(Language::En));
    for planted in ["PLANTED", "PLNTDC", "MARIA", "01234567890", "1973"] {
        assert!(!all.contains(planted), "{planted}: {all}");
    }
    assert!(json.contains(r#""of":"SOG","records":2,"types":[["G",1],["P",1]],"comune":"X101","different":2"#), "{json}");
    assert!(json.contains(r#""shares":[0,0,1]"#) && json.contains("5/4"), "{json}");
    for kind in ["key", "number", "negative_area", "few_fields", "shares_beyond"] {
        assert!(json.contains(&format!(r#""kind":"{kind}""#)), "{kind}: {json}");
    }
}

#[test]
fn where_nothing_is_of_the_cadastre_that_is_said() {
    let folder = write(&[("a.txt", b"hello")]);
    let report = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert!(!report.is_clean() && report.text(Language::En).ends_with("No cadastral file."));
    let report = check(&[folder.path().join("none")], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert!(report.remarks == 1 && report.text(Language::En).contains("can't be read"));
}

#[test]
fn what_is_said_once_is_not_behind_what_is_said_often() {
    let buildings: String =
        (0..300).map(|n| format!("BORDO\n{n}+\n0\n0\n1.0\n1.0\n0\n0\n0\n5\n1.0\n1.0\n2.0\n1.0\n2.0\n2.0\n1.0\n2.0\n1.0\n1.0\n")).collect();
    let folder = write(&[("X101_001300.CXF", MAP.replace("EOF", &format!("{buildings}EOF")).as_bytes())]);
    let report = check(&[folder.path()], &Limits::default(), &|_, _| Err(NoFit::OtherComune));
    let text = report.text(Language::En);
    for words in ["names a parcel that the sheet has not", "which the boundary has not", "X101_001300", "more remarks"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(text.matches("\n  ! ").count(), 21, "{text}");
}

#[test]
fn a_drawing_without_parcels_is_said_to_be_one() {
    let empty = b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n";
    let report = check(&[write(&[("X101_001200.dxf", empty)]).path()], &Limits::default(), &|_, _| Err(NoFit::NoBoundary));
    assert!(report.text(Language::En).contains("there is no parcel in the drawing"), "{}", report.text(Language::En));
}
