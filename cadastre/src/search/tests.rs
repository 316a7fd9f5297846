use super::lookups;

/// The layer and the values of what is named first.
fn found(text: &str) -> Option<(String, Vec<(&'static str, String)>)> {
    lookups(text).into_iter().next().map(|l| (l.layer.to_string(), l.equal))
}

fn parcel(values: &[(&'static str, &str)]) -> Option<(String, Vec<(&'static str, String)>)> {
    Some(("parcels".to_owned(), values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()))
}

#[test]
fn a_parcel_in_every_usual_spelling() {
    for text in [
        "fg 12 p 345",
        "12/345",
        " 12 / 345 ",
        "foglio 12 particella 345",
        "Foglio 12, Particella 345",
        "FG.12 P.LLA 345",
        "f.12 n.345",
        "f. 12 n. 345",
        "fg12 p345",
        "fg12p345",
        "fg 12 mappale 345",
        "fg 012 part. 0345",
        "0012/0345",
        "fg 12/345",
        "fg 12 345",
        "foglio: 12 mapp: 345",
        "particella 345 foglio 12",
        "fg 12 p 345 sub 3",
        "fg 12 p 345sub3",
        "foglio 12 n° 345",
        // slips of the pen
        "foglo 12 partcella 345",
        "fogloi 12 paticella 345",
        "fg.12part.345",
        "foglio 12 mapale 345",
    ] {
        assert_eq!(found(text), parcel(&[("sheet", "12"), ("number", "345")]), "{text}");
    }
}

#[test]
fn section_allegato_and_sviluppo() {
    for text in
        ["13A/594", "13a/594", "013A / 0594", "fg 13A p 594", "foglio 13a/594", "fg 13 all A p 594", "particella 594 fg 13 allegato a"]
    {
        assert_eq!(found(text), parcel(&[("sheet", "13"), ("attachment", "A"), ("number", "594")]), "{text}");
    }
    // `m` and `n` are letters of an allegato too
    assert_eq!(found("fg 13m/594"), parcel(&[("sheet", "13"), ("attachment", "M"), ("number", "594")]));
    assert_eq!(found("1154BZ/3"), parcel(&[("sheet", "1154"), ("attachment", "B"), ("development", "Z"), ("number", "3")]));
    for text in [
        "sez D fg 767 p 12",
        "D/767/12",
        "d / 0767 / 012",
        "sezione d foglio 767 particella 12",
        "fg 767 p 12 sez. D",
        "sez D 767/12",
        "767/12 sez D",
    ] {
        assert_eq!(found(text), parcel(&[("sheet", "767"), ("section", "D"), ("number", "12")]), "{text}");
    }
    assert_eq!(found("sez D fg 767"), Some(("sheets".to_owned(), vec![("number", "767".to_owned()), ("section", "D".to_owned())])));
}

#[test]
fn numbers_that_are_none() {
    assert_eq!(found("fg 2 p STRADA001"), parcel(&[("sheet", "2"), ("number", "STRADA001")]));
    assert_eq!(found("fg 767 p a"), parcel(&[("sheet", "767"), ("number", "A")]));
    assert_eq!(found("fg 767 p 10bis"), parcel(&[("sheet", "767"), ("number", "10BIS")]));
}

#[test]
fn references_and_sheets() {
    assert_eq!(found("x101_001200.345"), parcel(&[("id", "X101_001200.345")]));
    assert_eq!(found("H501D076700.acqua-2"), parcel(&[("id", "H501D076700.ACQUA-2")]));
    assert_eq!(found("H833_0013A0"), Some(("sheets".into(), vec![("id", "H833_0013A0".into())])));
    let zeros = lookups("X101_001200.0345");
    assert_eq!(zeros[1].equal, [("id", "X101_001200.345".to_owned())]);
    for text in ["foglio 12", "fg. 12", "fg12", "foglo 12"] {
        assert_eq!(found(text), Some(("sheets".into(), vec![("number", "12".into())])), "{text}");
    }
}

#[test]
fn what_is_named_comes_first_also_if_it_is_no_more_then_what_begins_so() {
    let both = lookups("fg 12 p 3");
    assert_eq!(both.len(), 2);
    assert_eq!((both[0].lineage.as_ref().map(ToString::to_string), both[0].starts.len()), (Some("cadastre.v_lineage".to_owned()), 0));
    assert_eq!((&both[1].equal[..], &both[1].starts[..]), (&[("sheet", "12".to_owned())][..], &[("number", "3".to_owned())][..]));
    assert!(both[1].lineage.is_none());
    let reference = lookups("X101_0012A0.3");
    assert_eq!(reference[1].starts, [("number", "3".to_owned()), ("id", "X101_0012A0.".to_owned())]);
    assert_eq!(lookups("fg 12 p 345 sub 3").len(), 1, "after the subalterno nothing more comes");
    assert_eq!(lookups("H501D076700.acqua-2").len(), 1);
}

#[test]
fn what_names_no_parcel_is_left_to_the_search_by_text() {
    for text in [
        "",
        " ",
        "12",
        "f 12",
        "via roma 12",
        "via roma 12/3",
        "12/a",
        "12/",
        "/12",
        "12/345/6",
        "12/345 via roma",
        "foglio",
        "foglio x",
        "fg 0 p 3",
        "fg 10000 p 3",
        "fg 12 p",
        "fg 12 p 345 via",
        "fg 12 p 345 sub",
        "fg 12 p 345 fg 3",
        "fg 12 centro",
        "fontana 12",
        "particella 345",
        "piazza 3 foglio 2",
        "12/0",
        "°/1",
        "f\u{131}glio 12 p 3",
        "99999999999/1",
        "fg 12 p 1234567890123",
        "sez DD fg 1 p 2",
        "X101_001200.345-x",
        "strada 1",
        "scala d/7/12 interno 3",
        &"12/3".repeat(40),
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}
