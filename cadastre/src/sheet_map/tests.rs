use super::{Area, Kind, SheetMap};
use crate::remark::{Issue, Remarks};

/// A border of the exchange format.
fn border(code: &str, rings: &[&[[i64; 2]]]) -> String {
    let total: usize = rings.iter().map(|ring| ring.len()).sum();
    let counts: String = rings[1..].iter().map(|ring| format!("{}\n", ring.len())).collect();
    let positions: String = rings.concat().iter().map(|[x, y]| format!("{x}.000\n{y}.000\n")).collect();
    format!("BORDO\n{code}\n10\n0.000\n5.000\n5.000\n5000.000\n5000.000\n{}\n{total}\n{counts}{positions}", rings.len() - 1)
}

fn square(x: i64, y: i64, side: i64) -> [[i64; 2]; 5] {
    [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
}

fn read(heading: &str, borders: &[String]) -> (SheetMap, Remarks) {
    let text = format!("{heading}\nX101_001200\n2000.000\n{}EOF\n", borders.concat());
    SheetMap::read(text.as_bytes()).unwrap()
}

fn issues(remarks: &Remarks) -> Vec<Issue> {
    remarks.kept().iter().map(|r| r.issue.clone()).collect()
}

fn m2(thousandths: i128) -> Area {
    Area::of_m2_thousandths(thousandths)
}

/// Twenty metres by ten: a parcel with a hole for another, a street, water in two pieces.
fn whole() -> Vec<String> {
    vec![
        border("X101_001200", &[&[[0, 0], [20, 0], [20, 10], [0, 10], [0, 0]]]),
        border("1", &[&square(0, 0, 10), &square(2, 2, 3)]),
        border("2", &[&square(2, 2, 3)]),
        border("STRADA", &[&[[10, 0], [20, 0], [20, 4], [10, 4], [10, 0]]]),
        border("ACQUA", &[&[[10, 4], [20, 4], [20, 8], [10, 8], [10, 4]]]),
        border("ACQUA", &[&[[10, 8], [20, 8], [20, 10], [10, 10], [10, 8]]]),
        border("1+", &[&square(6, 6, 2)]),
        border("1+", &[&square(0, 0, 1)]),
    ]
}

#[test]
fn a_code_says_what_an_area_is() {
    let (map, _) = read("MAPPA", &whole());
    let kinds: Vec<(Kind, &str, u32)> = map.pieces.iter().map(|p| (p.kind, p.code.as_str(), p.ordinal)).collect();
    assert_eq!(
        kinds,
        [
            (Kind::Border, "X101_001200", 1),
            (Kind::Parcel, "1", 1),
            (Kind::Parcel, "2", 1),
            (Kind::Street, "STRADA", 1),
            (Kind::Water, "ACQUA", 1),
            (Kind::Water, "ACQUA", 2),
            (Kind::Building, "1+", 1),
            (Kind::Building, "1+", 2),
        ]
    );
    let one = [border("A", &[&square(0, 0, 1)]), border("S12", &[&square(0, 0, 1)]), border("Y999_001300", &[&square(0, 0, 1)])];
    let kinds = |heading: &str| read(heading, &one).0.pieces.iter().map(|p| p.kind).collect::<Vec<_>>();
    assert_eq!(kinds("MAPPA"), [Kind::Parcel, Kind::Parcel, Kind::SheetBorder]);
    assert_eq!(kinds("MAPPA FONDIARIO"), [Kind::Water, Kind::Street, Kind::SheetBorder]);
}

#[test]
fn areas_that_fit_together_leave_nothing_to_say() {
    let (map, mut remarks) = read("MAPPA", &whole());
    let found = map.topology(&mut remarks);
    assert_eq!((found.parcels_m2, found.streets_m2, found.water_m2), (m2(100_000), m2(40_000), m2(60_000)));
    assert_eq!((found.border_m2, found.balance_m2, found.buildings_m2), (m2(200_000), Area::ZERO, m2(5_000)));
    assert_eq!((found.overlap_m2, found.gap_m2, found.beyond_m2), (Some(Area::ZERO), Some(Area::ZERO), Some(Area::ZERO)));
    assert_eq!((found.buildings_inside, found.buildings_outside, found.buildings_without_parcel), (2, 0, 0));
    assert_eq!((found.inner_points_inside, found.positions_inside), (0, 2));
    assert_eq!(issues(&remarks), []);
    let parcel = map.of_kind(Kind::Parcel).next().unwrap();
    assert!(parcel.holds(parcel.label_point().unwrap()));
    assert_eq!(map.reference(parcel).unwrap().to_string(), "X101_001200.1");
}

#[test]
fn overlaps_gaps_and_what_lies_beyond_are_measured() {
    let mut borders = whole();
    // the second parcel one metre east: 3 m² upon the first, 3 m² open
    borders[2] = border("2", &[&square(3, 2, 3)]);
    // the street one metre south
    borders[3] = border("STRADA", &[&[[10, -1], [20, -1], [20, 3], [10, 3], [10, -1]]]);
    let (map, mut remarks) = read("MAPPA", &borders);
    let found = map.topology(&mut remarks);
    assert_eq!((found.overlap_m2, found.gap_m2, found.beyond_m2), (Some(m2(3_000)), Some(m2(13_000)), Some(m2(10_000))));
    assert_eq!(found.balance_m2, Area::ZERO);
    let found = issues(&remarks);
    assert!(found.contains(&Issue::Overlap { one: "1".into(), other: "2".into(), area: m2(3_000) }), "{found:?}");
    assert_eq!(found.iter().filter(|i| matches!(i, Issue::Gap { .. })).count(), 2);
    assert_eq!(found.iter().filter(|i| matches!(i, Issue::Beyond { .. })).count(), 1);
}

#[test]
fn buildings_are_looked_for_in_their_parcel() {
    let mut borders = whole();
    borders.push(border("2+", &[&square(4, 4, 2)]));
    borders.push(border("9+", &[&square(6, 6, 2)]));
    let (map, mut remarks) = read("MAPPA", &borders);
    let found = map.topology(&mut remarks);
    assert_eq!((found.buildings_inside, found.buildings_outside, found.buildings_without_parcel), (2, 1, 1));
    let expected = [Issue::OutsideParcel { code: "2+".into(), area: m2(3_000) }, Issue::NoParcel { code: "9+".into() }];
    assert_eq!(issues(&remarks), expected);
}

#[test]
fn rings_that_are_none_are_mended_or_left_out() {
    let open = border("1", &[&[[0, 0], [10, 0], [10, 10], [0, 10]]]);
    let (map, remarks) = read("MAPPA", &[open]);
    assert_eq!((map.pieces[0].area, issues(&remarks)), (m2(100_000), vec![Issue::Unclosed { code: "1".into() }]));
    let line = border("1", &[&[[0, 0], [10, 0], [0, 0]]]);
    let (map, remarks) = read("MAPPA", &[line]);
    assert_eq!((map.pieces[0].area, map.pieces[0].rings.len()), (Area::ZERO, 0));
    assert_eq!(issues(&remarks), [Issue::FewVertices { code: "1".into() }]);
    let bow_tie = border("1", &[&[[0, 0], [4, 4], [4, 0], [0, 4], [0, 0]]]);
    let (map, mut remarks) = read("MAPPA", &[bow_tie]);
    map.topology(&mut remarks);
    assert!(issues(&remarks).iter().any(|i| matches!(i, Issue::Crossing { .. })));
}

#[test]
fn a_border_that_is_missing_or_there_twice_is_told() {
    let mut borders = whole();
    let (map, mut remarks) = read("MAPPA", &borders[1..]);
    let found = map.topology(&mut remarks);
    assert_eq!((found.gap_m2, found.overlap_m2, issues(&remarks)), (None, Some(Area::ZERO), vec![Issue::NoBorder]));
    borders.push(borders[0].clone());
    let (map, mut remarks) = read("MAPPA", &borders);
    map.topology(&mut remarks);
    assert!(issues(&remarks).contains(&Issue::SeveralBorders { there: 2 }));
}

#[test]
fn a_parcel_by_a_name_of_its_own_has_no_reference() {
    let (map, remarks) = read("MAPPA", &[border(".12/3", &[&square(0, 0, 1)])]);
    assert_eq!(issues(&remarks), [Issue::NoNumberOfParcel { code: ".12/3".into() }]);
    assert!(map.reference(&map.pieces[0]).is_none());
}
