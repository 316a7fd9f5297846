use std::ops::ControlFlow;

use kernel::layer::FieldType;

use crate::report::Reason;
use crate::source::{RawGeometry, Reader, Row, Value};
use crate::{IngestError, Limits};

type Fields = Vec<(String, FieldType)>;

/// Reads a text to the end: its fields, its rows and its notes in English.
fn read(bytes: &[u8]) -> Result<(Fields, Vec<Row>, Vec<String>), IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    std::fs::write(&path, bytes).unwrap();
    let mut reader = super::open(&path, "a.csv", &Limits::default())?;
    let mut rows = Vec::new();
    reader.read(&mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    let layer = reader.layer();
    let fields = layer.fields.iter().map(|f| (f.name.clone(), f.kind)).collect();
    Ok((fields, rows, layer.notes.iter().map(|n| n.text().en.clone()).collect()))
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[test]
fn a_decimal_comma_is_read_and_told() {
    let (fields, rows, notes) = read(b"nome;altezza;x;y\nPino;12,5;1.472.210,83;4978439,95\nAcero;8;1472211,0;4978440,1\n").unwrap();
    assert_eq!(fields, [("nome".to_owned(), FieldType::Text), ("altezza".to_owned(), FieldType::Number)]);
    assert_eq!(rows[0].geometry, RawGeometry::Position([1_472_210.83, 4_978_439.95]));
    assert_eq!(rows[0].values, [text("Pino"), Value::Number(12.5)]);
    assert!(notes.contains(&"decimal comma in: altezza, x, y".to_owned()), "{notes:?}");
}

#[test]
fn windows_1252_and_utf_8_give_the_same_letters() {
    let (_, latin, notes) = read(b"citt\xe0,x,y\nForl\xec \x80,1,2\n").unwrap();
    assert!(notes[0].contains("Windows-1252"), "{notes:?}");
    let (fields, utf8, notes) = read("città,x,y\nForlì €,1,2\n".as_bytes()).unwrap();
    assert!(notes[0].contains("UTF-8"), "{notes:?}");
    assert_eq!(latin, utf8);
    assert_eq!(fields[0].0, "città");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let (_, rows, _) = read("\u{feff}x,y\n1,2\n".as_bytes()).unwrap();
    assert_eq!(rows[0].geometry, RawGeometry::Position([1.0, 2.0]));
}

#[test]
fn utf_16_as_excel_writes_it_is_read() {
    for little in [true, false] {
        let units = "\u{feff}città\tx\ty\r\nForlì\t1\t2\r\n".encode_utf16();
        let bytes: Vec<u8> = units.flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect();
        let (fields, rows, notes) = read(&bytes).unwrap();
        assert_eq!((fields[0].0.as_str(), &rows[0].values[0]), ("città", &text("Forlì")), "little: {little}");
        assert!(notes[0].contains("UTF-16") && notes[0].contains("TAB"), "{notes:?}");
    }
}

#[test]
fn a_character_cut_by_the_block_is_no_sign_of_windows_1252() {
    let mut text = b"nome,x,y\n".to_vec();
    while text.len() < (1 << 18) - 1 {
        text.push(b'a');
    }
    text.extend("è,1,2\n".as_bytes());
    let (_, _, notes) = read(&text).unwrap();
    assert!(notes[0].contains("UTF-8"), "{notes:?}");
}

#[test]
fn rows_that_are_too_long_short_or_without_numbers_are_told_apart() {
    let (_, rows, _) = read(b"n,x,y\na,1,2\nb,1,2,3\nc,1\nd,,\ne,n/d,2\nf,NaN,2\n").unwrap();
    let geometries: Vec<&RawGeometry> = rows.iter().map(|r| &r.geometry).collect();
    assert_eq!(
        geometries,
        [
            &RawGeometry::Position([1.0, 2.0]),
            &RawGeometry::Broken(Reason::TooManyValues),
            &RawGeometry::Missing,
            &RawGeometry::Missing,
            &RawGeometry::Broken(Reason::Unreadable),
            &RawGeometry::Broken(Reason::Unreadable),
        ]
    );
    assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn well_known_text_is_a_position_too() {
    let (fields, rows, _) = read(b"nome;WKT\na;\"LINESTRING (0 0, 1 1)\"\nb;\n").unwrap();
    assert_eq!(fields.len(), 1);
    assert_eq!(rows[0].geometry, RawGeometry::Wkt("LINESTRING (0 0, 1 1)".to_owned()));
    assert_eq!(rows[1].geometry, RawGeometry::Missing);
}

#[test]
fn a_table_without_positions_is_read_and_one_without_names_is_not() {
    let (fields, rows, _) = read(b"nome;via\na;b\n").unwrap();
    assert_eq!((fields.len(), &rows[0].geometry), (2, &RawGeometry::Missing));
    assert!(matches!(read(b"1,2,3\n4,5,6\n"), Err(IngestError::NoHeader { .. })));
}

#[test]
fn a_text_of_a_megabyte_is_kept_out_and_the_rest_read_on() {
    let mut bytes = b"n,x,y\n".to_vec();
    bytes.extend(vec![b'a'; 2 << 20]);
    bytes.extend(b",1,2\nb,3,4\n");
    let (_, rows, _) = read(&bytes).unwrap();
    assert_eq!(rows[0].geometry, RawGeometry::Broken(Reason::TextTooLong));
    assert_eq!(rows[1].geometry, RawGeometry::Position([3.0, 4.0]));
}

#[test]
fn four_hundred_columns_are_read_and_too_many_refused() {
    let wide = |columns: usize| {
        let names: Vec<String> = (0..columns).map(|i| format!("c{i}")).collect();
        format!("x,y,{}\n1,2,{}\n", names.join(","), vec!["7"; columns].join(","))
    };
    assert_eq!(read(wide(400).as_bytes()).unwrap().0.len(), 400);
    assert!(matches!(read(wide(1000).as_bytes()), Err(IngestError::TooManyFields { found: 1002, .. })));
}

#[test]
fn a_quotation_mark_that_is_never_closed_is_told_with_its_line() {
    let refused = |text: &[u8]| read(text).map(|_| ()).unwrap_err().to_string();
    let text = refused(b"nome,x,y\nPino,1,2\n\"Acero,1,2\nFaggio,3,4\n");
    assert!(text.contains("line 3") && text.contains("never closed"), "{text}");
    assert!(refused(b"nome,x,\"y\nPino,1,2\n").contains("line 1"));
    for good in [&b"nome,x,y\nPino 5\" alto,1,2\n"[..], b"nome,x,y\n\"Pino\nalto\",1,2", b"x,y,nome\n1,2,\"a \"\"b\"\"\"\r\n"] {
        assert_eq!(read(good).unwrap().1.len(), 1);
    }
}
