use super::{Entity, Reader, Shape, is_drawing};
use crate::remark::{Issue, Remarks};

fn read(bytes: &[u8]) -> (Vec<Entity>, Remarks) {
    let mut reader = Reader::new(bytes);
    let mut found = Vec::new();
    while let Some(entity) = reader.read().unwrap() {
        found.push(entity.value);
    }
    (found, reader.into_remarks())
}

/// A drawing of what stands in its section of entities, one pair a word.
fn drawing(entities: &str) -> Vec<u8> {
    let pairs = format!("0 SECTION 2 ENTITIES {entities} 0 ENDSEC 0 EOF");
    pairs.split(' ').flat_map(|word| format!("{}\r\n", word.replace('_', " ")).into_bytes()).collect()
}

fn issues(remarks: &Remarks) -> Vec<Issue> {
    remarks.kept().iter().map(|r| r.issue.clone()).collect()
}

fn line(vertices: &[[i64; 2]], closed: bool) -> Shape {
    Shape::Line { vertices: vertices.to_vec(), closed, line_type: String::new() }
}

#[test]
fn every_way_to_draw_a_line_is_read() {
    let (found, remarks) = read(&drawing(
        "0 LINE 8 A 10 1.5 20 2 11 3 21 -4.25 \
         0 LWPOLYLINE 8 B 90 3 70 1 10 0 20 0 10 1 20 0 10 1 20 1 \
         0 POLYLINE 8 C 66 1 10 0 20 0 30 0 70 0 0 VERTEX 8 X 10 5 20 5 0 VERTEX 8 X 10 6 20 5 0 VERTEX 8 X 10 5 20 5 0 SEQEND 8 C \
         0 LINE 8 D 10 0 20 0 11 2.5e2 21 0",
    ));
    assert_eq!(issues(&remarks), []);
    let layers: Vec<&str> = found.iter().map(|e| e.layer.as_str()).collect();
    assert_eq!(layers, ["A", "B", "C", "D"]);
    let shapes: Vec<&Shape> = found.iter().map(|e| &e.shape).collect();
    let expected = [
        line(&[[1500, 2000], [3000, -4250]], false),
        line(&[[0, 0], [1000, 0], [1000, 1000]], true),
        // it ends where it began
        line(&[[5000, 5000], [6000, 5000]], true),
        line(&[[0, 0], [250_000, 0]], false),
    ];
    assert_eq!(shapes, expected.iter().collect::<Vec<_>>());
}

#[test]
fn texts_and_marks_stand_where_they_are_meant_to() {
    let (found, remarks) = read(&drawing(
        "0 TEXT 8 T 10 1 20 2 40 2.5 50 90 1 12 \
         0 TEXT 8 T 10 0 20 0 11 1 21 2 72 1 73 2 1 __A_1__ \
         0 TEXT 8 T 10 1 20 2 11 9 21 9 72 5 1 fit \
         0 MTEXT 8 T 10 1 20 2 11 1 21 0 40 2 3 {\\fArial|b0; 1 Via\\PRom\\U+00E0} \
         0 INSERT 8 S 2 SIMBOLO_5 10 1 20 2 50 30 0 POINT 8 S 10 1 20 2 0 HATCH 8 S 0 TEXT 8 T 67 1 10 1 20 2 1 paper",
    ));
    assert_eq!(issues(&remarks), []);
    let text = |text: &str, height, angle, centred| Shape::Text { text: text.into(), height, angle, position: [1000, 2000], centred };
    let mark = |block: &str, angle| Shape::Mark { block: block.into(), angle, position: [1000, 2000] };
    let expected = [
        text("12", 2500, 90_000, false),
        text("A 1", 0, 0, true),
        text("fit", 0, 0, false),
        text("Via Romà", 2000, 0, false),
        mark("SIMBOLO 5", 30_000),
        mark("", 0),
        Shape::Other { kind: "HATCH".into() },
    ];
    assert_eq!(found.iter().map(|e| e.shape.clone()).collect::<Vec<_>>(), expected);
}

#[test]
fn what_is_no_drawing_is_told() {
    let cut = b"0\nSECTION\n2\nENTITIES\n0\nTEXT\n8\nT\n10\n1\n20\n2\n1\n12\n0\nLINE\n8\nA\n10\n1";
    let (found, remarks) = read(cut);
    assert_eq!((found.len(), issues(&remarks)), (1, vec![Issue::NoEnd]));

    let (found, remarks) = read(&drawing("0 TEXT 8 T 10 NaN 20 2 1 12 0 LWPOLYLINE 8 A 10 inf 20 1 10 2 20 2 42 0.5 0 POINT 8 A"));
    assert_eq!(found.len(), 0, "without one of its vertices an area would be another");
    let lost = |found: &str| Issue::LostVertex { found: found.into() };
    let none = |kind: &str| Issue::NoPlace { kind: kind.into() };
    assert_eq!(issues(&remarks), [lost("NaN"), lost("inf"), Issue::Bulge, none("POINT")]);

    for (bytes, what) in [(&b"%PDF-1.7\nsome\ntext\n"[..], "%PDF-1.7"), (b"\xff\xfe\0\x01", "ÿþ��")] {
        let (found, remarks) = read(bytes);
        assert!(found.is_empty());
        assert!(matches!(&issues(&remarks)[0], Issue::NoGroupCode { found, .. } if found == what), "{:?}", issues(&remarks));
    }
    assert_eq!(read(b"").0, []);
}

#[test]
fn units_other_than_metres_are_told() {
    let header =
        |units: &str| format!("0\nSECTION\n2\nHEADER\n9\n$ACADVER\n1\nAC1009\n9\n$INSUNITS\n70\n{units}\n0\nENDSEC\n0\nEOF\n").into_bytes();
    assert_eq!(issues(&read(&header("6")).1), []);
    assert_eq!(issues(&read(&header("4")).1), [Issue::DrawingUnits { found: "4".into() }]);
}

#[test]
fn a_drawing_begins_with_a_section() {
    assert!(is_drawing(b"  0\r\nSECTION\r\n") && is_drawing(b"999\nby hand\n0\nSECTION\n") && is_drawing(b"AutoCAD Binary DXF\r\n\x1a\0"));
    assert!(!is_drawing(b"0\nTRAILER\n") && !is_drawing(b"MAPPA\nX101_001200\n") && !is_drawing(b""));
}
