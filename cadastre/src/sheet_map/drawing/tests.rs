use crate::cxf::{Record, TextRecord};
use crate::remark::{Issue, Remarks};
use crate::sheet_map::{Kind, SheetMap};

type Ring<'a> = &'a [[i64; 2]];

fn pair(code: i32, value: impl std::fmt::Display) -> String {
    format!("{code:3}\r\n{value}\r\n")
}

/// A closed line on a layer, metres.
fn ring(layer: &str, vertices: Ring<'_>) -> String {
    polyline(layer, vertices, 1)
}

fn polyline(layer: &str, vertices: Ring<'_>, flags: i32) -> String {
    let vertices: String = vertices.iter().map(|[x, y]| pair(10, x) + &pair(20, y)).collect();
    pair(0, "LWPOLYLINE") + &pair(8, layer) + &pair(70, flags) + &vertices
}

fn text(layer: &str, text: &str, [x, y]: [i64; 2]) -> String {
    pair(0, "TEXT") + &pair(8, layer) + &pair(10, x) + &pair(20, y) + &pair(40, 1) + &pair(1, text)
}

fn point(layer: &str, block: &str, [x, y]: [i64; 2]) -> String {
    pair(0, "INSERT") + &pair(8, layer) + &pair(2, block) + &pair(10, x) + &pair(20, y)
}

fn square(x: i64, y: i64, side: i64) -> [[i64; 2]; 4] {
    [[x, y], [x + side, y], [x + side, y + side], [x, y + side]]
}

fn read(entities: &[String]) -> (SheetMap, Remarks) {
    let drawing = pair(0, "SECTION") + &pair(2, "ENTITIES") + &entities.concat() + &pair(0, "ENDSEC") + &pair(0, "EOF");
    SheetMap::read_drawing(drawing.as_bytes(), "x101_001200").unwrap()
}

fn issues(remarks: &Remarks) -> Vec<Issue> {
    remarks.kept().iter().map(|r| r.issue.clone()).collect()
}

/// Kind, code and area of each piece, in order.
fn pieces(map: &SheetMap) -> Vec<(Kind, &str, i64)> {
    let mut all: Vec<_> = map.pieces.iter().map(|p| (p.kind, p.code.as_str(), p.area.whole_m2())).collect();
    all.sort_by_key(|(kind, code, area)| (format!("{kind:?}"), code.to_string(), *area));
    all
}

#[test]
fn layers_and_numbers_make_a_sheet() {
    let (map, mut remarks) = read(&[
        ring("CONFINE", &square(0, 0, 20)),
        ring("PARTICELLE", &[[0, 0], [10, 0], [10, 20], [0, 20]]),
        ring("PARTICELLE", &[[10, 0], [16, 0], [16, 20], [10, 20]]),
        ring("STRADE", &[[16, 0], [18, 0], [18, 20], [16, 20]]),
        ring("ACQUE", &[[18, 0], [20, 0], [20, 20], [18, 20]]),
        ring("FABBRICATI", &square(2, 2, 5)),
        ring("FABBRICATI", &square(3, 3, 2)),
        text("PARTICELLE", "12", [5, 15]),
        text("PARTICELLE", "A", [12, 15]),
        text("TESTI", "Via Nuova", [17, 5]),
        text("TESTI", "7", [17, 6]),
        point("SIMBOLI", "SIMBOLO_05", [19, 4]),
        point("FIDUCIALI", "PF", [1, 1]),
        text("FIDUCIALI", "PF15", [2, 2]),
        polyline("LINEEVARIE", &[[1, 1], [2, 2]], 0),
    ]);
    let topology = map.topology(&mut remarks);
    assert_eq!(issues(&remarks), []);
    assert_eq!((map.name.as_ref().unwrap().to_string().as_str(), map.unnumbered()), ("X101_001200", 0));
    let expected = [
        (Kind::Border, "X101_001200", 400),
        // the court in it is no building
        (Kind::Building, "12+", 21),
        (Kind::Parcel, "12", 200),
        (Kind::Parcel, "A", 120),
        (Kind::Street, "STRADA", 40),
        (Kind::Water, "ACQUA", 40),
    ];
    assert_eq!(pieces(&map), expected);
    assert_eq!(
        (topology.gap_m2, topology.overlap_m2, topology.buildings_inside),
        (Some(crate::sheet_map::Area::ZERO), Some(crate::sheet_map::Area::ZERO), 1)
    );
    let fiducial = map.records.iter().find_map(|r| if let Record::Fiducial(f) = &r.value { Some(f) } else { None }).unwrap();
    assert_eq!((fiducial.number.as_str(), fiducial.position, fiducial.label), ("15", [1000, 1000], [2000, 2000]));
    let symbol = map.records.iter().find_map(|r| if let Record::Symbol(s) = &r.value { Some(s.code) } else { None });
    assert_eq!(symbol, Some(5));
    let texts: Vec<&TextRecord> = map.records.iter().filter_map(|r| if let Record::Text(t) = &r.value { Some(t) } else { None }).collect();
    assert_eq!(texts.iter().map(|t| t.text.as_str()).collect::<Vec<_>>(), ["Via Nuova", "7"]);
    assert_eq!(map.text_height_m(texts[0].size), 1.0);
}

#[test]
fn what_lies_in_a_parcel_is_no_part_of_it() {
    // two parcels in a hole that is drawn, one in a hole that is not, and ground of an allegato
    let (map, mut remarks) = read(&[
        ring("CONFINE", &square(0, 0, 100)),
        ring("CONFINE", &square(60, 60, 10)),
        ring("PARTICELLE", &square(0, 0, 100)),
        ring("PARTICELLE", &square(10, 10, 10)),
        ring("PARTICELLE", &[[10, 10], [15, 10], [15, 20], [10, 20]]),
        ring("PARTICELLE", &[[15, 20], [15, 10], [20, 10], [20, 20]]),
        ring("PARTICELLE", &square(30, 30, 10)),
        ring("PARTICELLE", &square(60, 60, 10)),
        text("PARTICELLE", "1", [50, 50]),
        text("PARTICELLE", "2", [11, 12]),
        text("PARTICELLE", "3", [17, 12]),
        text("PARTICELLE", "4", [32, 32]),
    ]);
    map.topology(&mut remarks);
    assert_eq!(issues(&remarks), []);
    let parcels: Vec<_> = pieces(&map).into_iter().filter(|(kind, ..)| *kind == Kind::Parcel).collect();
    assert_eq!(parcels, [(Kind::Parcel, "1", 9_700), (Kind::Parcel, "2", 50), (Kind::Parcel, "3", 50), (Kind::Parcel, "4", 100)]);
    assert_eq!(map.area_of(Kind::Border).whole_m2(), 9_900);
}

#[test]
fn a_number_beside_its_parcel_is_told_and_no_parcel_is_named_by_guess() {
    let (map, remarks) = read(&[
        ring("PARTICELLE", &square(0, 0, 10)),
        ring("PARTICELLE", &square(10, 0, 10)),
        ring("PARTICELLE", &square(20, 0, 10)),
        ring("PARTICELLE", &square(30, 0, 10)),
        ring("FABBRICATI", &square(12, 2, 5)),
        text("PARTICELLE", "1", [2, 2]),
        // two in one
        text("PARTICELLE", "3", [22, 2]),
        text("PARTICELLE", "4", [25, 5]),
        // outside of all
        text("PARTICELLE", "9", [50, 50]),
    ]);
    let stray = Issue::StrayNumber { number: "9".into() };
    let several = Issue::SeveralNumbers { numbers: "3, 4".into() };
    let found = issues(&remarks);
    assert!(found.contains(&stray) && found.contains(&several), "{found:?}");
    assert_eq!((found.len(), found.iter().filter(|issue| matches!(issue, Issue::Unnumbered { .. })).count()), (4, 2), "{found:?}");
    assert_eq!(map.unnumbered(), 3);
    let codes: Vec<&str> = map.of_kind(Kind::Parcel).map(|p| p.code.as_str()).collect();
    assert_eq!(codes, ["1", "", "", ""]);
    assert_eq!(map.of_kind(Kind::Building).map(|p| p.code.as_str()).collect::<Vec<_>>(), ["+"]);
}

#[test]
fn a_number_that_begins_beside_its_parcel_is_its_own_by_its_middle() {
    let (map, remarks) = read(&[
        ring("PARTICELLE", &square(0, 0, 10)),
        ring("PARTICELLE", &[[10, 0], [12, 0], [12, 10], [10, 10]]),
        text("PARTICELLE", "1", [2, 2]),
        // begins in the first, ends in the second
        text("PARTICELLE", "1234", [9, 5]),
    ]);
    assert_eq!(issues(&remarks), []);
    assert_eq!(map.of_kind(Kind::Parcel).map(|p| p.code.as_str()).collect::<Vec<_>>(), ["1", "1234"]);
}

#[test]
fn what_a_drawing_can_not_say_is_told() {
    let (map, remarks) = read(&[
        polyline("PARTICELLE", &[[0, 0], [5, 0], [5, 5]], 0),
        ring("0", &square(0, 0, 1)),
        pair(0, "HATCH") + &pair(8, "PARTICELLE"),
        text("FIDUCIALI", "3", [2, 2]),
        point("FIDUCIALI", "PF", [2_000, 2_000]),
    ]);
    let expected = [
        Issue::OpenOutline,
        Issue::OtherLayers { layers: "0".into(), entities: 1 },
        Issue::OtherEntities { kinds: "HATCH".into(), entities: 1 },
        Issue::NumberForPoint,
        Issue::PointWithoutNumber,
    ];
    assert_eq!(issues(&remarks), expected);
    assert_eq!(map.count(|r| matches!(r, Record::Line(_))), 1);

    let (_, remarks) = read(&[ring("MURI", &square(0, 0, 1))]);
    assert_eq!(issues(&remarks), [Issue::NoLevels { layers: "MURI".into() }]);
    let (map, remarks) = SheetMap::read_drawing(&b"AutoCAD Binary DXF\r\n\x1a\0..."[..], "piano terra").unwrap();
    assert_eq!(issues(&remarks), [Issue::BinaryDrawing, Issue::MapName { name: "PIANO TERRA".into() }]);
    assert!(map.pieces.is_empty() && map.name.is_none());
    let (map, _) = SheetMap::read_drawing(&b"0\nEOF\n"[..], "X101_0012").unwrap();
    assert_eq!(map.name.unwrap().to_string(), "X101_001200");
}

#[test]
fn a_million_vertices_and_rings_in_rings_take_no_time() {
    let many: Vec<[i64; 2]> = (0..1_000_100).map(|i| [i % 1000, i / 1000]).collect();
    let (map, remarks) = read(&[ring("PARTICELLE", &many)]);
    assert!(map.pieces.is_empty() && issues(&remarks).contains(&Issue::ManyVertices { allowed: 1_000_000 }), "{:?}", issues(&remarks));
    let nested: Vec<String> = (0..3_000).map(|i| ring("PARTICELLE", &square(i, i, 6_001 - 2 * i))).collect();
    let (map, remarks) = read(&nested);
    assert_eq!(map.unnumbered(), 3_000);
    assert!(!issues(&remarks).contains(&Issue::Tangled));
}
