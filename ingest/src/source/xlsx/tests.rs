use std::fmt::Write as _;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::PathBuf;

use kernel::layer::FieldType;

use super::{XlsxReader, open};
use crate::source::sniff::{Content, sniff};
use crate::source::{RawGeometry, Reader, Row, Value};
use crate::{IngestError, Limits};

/// A workbook with these sheets: a name and its rows in SpreadsheetML.
fn workbook(sheets: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xlsx");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    let mut put = |name: &str, text: &str| {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    };
    let (mut list, mut links) = (String::new(), String::new());
    for (index, (name, rows)) in sheets.iter().enumerate() {
        write!(list, r#"<sheet name="{name}" sheetId="{index}" r:id="r{index}"/>"#).unwrap();
        write!(links, r#"<Relationship Id="r{index}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{index}.xml"/>"#).unwrap();
        let sheet = format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
        put(&format!("xl/worksheets/sheet{index}.xml"), &sheet);
    }
    put(
        "_rels/.rels",
        &format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="b" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>"#
        ),
    );
    put("xl/workbook.xml", &format!(r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{list}</sheets></workbook>"#));
    put(
        "xl/_rels/workbook.xml.rels",
        &format!(
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}<Relationship Id="s" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>"#
        ),
    );
    put(
        "xl/styles.xml",
        &format!(r#"<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs></styleSheet>"#),
    );
    zip.finish().unwrap();
    (folder, path)
}

/// A row: what begins with `=` is a number, `d=` a day, `t=` a moment, `e=` an error; the rest is text.
fn row(number: u32, values: &[&str]) -> String {
    let cells = values.iter().enumerate().map(|(index, value)| {
        let at = format!("{}{number}", char::from(b'A' + u8::try_from(index).unwrap()));
        match value.split_once('=') {
            _ if value.is_empty() => String::new(),
            Some(("", v)) => format!(r#"<c r="{at}"><v>{v}</v></c>"#),
            Some(("d", v)) => format!(r#"<c r="{at}" s="1"><v>{v}</v></c>"#),
            Some(("t", v)) => format!(r#"<c r="{at}" s="2"><v>{v}</v></c>"#),
            Some(("e", v)) => format!(r#"<c r="{at}" t="e"><v>{v}</v></c>"#),
            _ => format!(r#"<c r="{at}" t="inlineStr"><is><t>{value}</t></is></c>"#),
        }
    });
    format!(r#"<row r="{number}">{}</row>"#, cells.collect::<String>())
}

fn read(reader: &mut XlsxReader) -> Vec<Row> {
    let mut rows = Vec::new();
    let read = reader.read(&mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    });
    read.unwrap();
    rows
}

fn opened(sheets: &[(&str, &str)], wanted: Option<&str>) -> (tempfile::TempDir, Result<XlsxReader, IngestError>) {
    let (folder, path) = workbook(sheets);
    let reader = open(&path, "a.xlsx", wanted, &Limits::default());
    (folder, reader)
}

#[test]
fn a_number_is_one_and_a_text_like_it_may_be_two() {
    let rows = [
        row(1, &["X", "Y", "Numero", "Testo", "Misto"]),
        row(2, &["=552400.25", "=4205600", "=1.125", "1.125", "=1.125"]),
        row(3, &["=552400.25", "=4205600", "=2.375", "2.375", "2.375"]),
    ];
    let (_folder, reader) = opened(&[("Alberi", &rows.concat())], None);
    let reader = reader.unwrap();
    let fields = &reader.layer().fields;
    assert_eq!(fields.iter().map(|f| f.kind).collect::<Vec<_>>(), [FieldType::Number, FieldType::Text, FieldType::Number]);
    assert_eq!(fields.iter().map(|f| f.numbers.unclear).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn a_sheet_with_titles_above_its_header_is_read_with_its_kinds() {
    let rows = [
        row(1, &["Censimento degli alberi"]),
        row(3, &["Specie", "CAP", "Altezza", "Piantato", "Visto", "X", "Y"]),
        row(4, &["Pino", "00186", "=12.5", "d=43890", "t=43890.5", "=552400.25", "=4205600"]),
        row(5, &["Acero", "89100", "=8", "d=60", "t=43891", "552401,5", "4.205.601,25"]),
        row(7, &["Faggio", "", "e=#N/A", "", "", "", ""]),
    ];
    let (_folder, reader) = opened(&[("Alberi", &rows.concat()), ("Note", &row(1, &["Chiedere a Rossi"]))], None);
    let mut reader = reader.unwrap();
    let layer = reader.layer().clone();
    assert_eq!((layer.name.as_str(), layer.rows), ("Alberi", Some(3)));
    let kinds: Vec<FieldType> = layer.fields.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FieldType::Text, FieldType::Text, FieldType::Number, FieldType::Date, FieldType::DateTime]);
    let notes: Vec<&str> = layer.notes.iter().map(|n| n.text().en.as_str()).collect();
    assert!(notes.iter().any(|n| n.contains("row 3")) && notes.iter().any(|n| n.contains("left out: Note")), "{notes:?}");
    let rows = read(&mut reader);
    assert_eq!(rows.iter().map(|r| r.number).collect::<Vec<_>>(), [4, 5, 7]);
    assert_eq!(rows[0].geometry, RawGeometry::Position([552_400.25, 4_205_600.0]));
    assert_eq!(rows[1].geometry, RawGeometry::Position([552_401.5, 4_205_601.25]));
    assert_eq!((&rows[2].geometry, rows[2].lost), (&RawGeometry::Missing, true));
    let day = |y, m, d| Value::Date(chrono::NaiveDate::from_ymd_opt(y, m, d).unwrap());
    assert_eq!(rows[0].values[..4], [Value::Text("Pino".into()), Value::Text("00186".into()), Value::Number(12.5), day(2020, 2, 29)]);
    // noon in Rome in winter
    assert_eq!(rows[0].values[4].to_text().as_deref(), Some("2020-02-29T11:00:00Z"));
    // Excel's 29th of February 1900 is no day
    assert_eq!((&rows[1].values[3], rows[1].lost), (&Value::Null, true));
    assert_eq!(read(&mut reader).len(), 3, "as often as asked");
}

#[test]
fn of_several_sheets_with_coordinates_one_is_named() {
    let sheet = [row(1, &["nome", "lon", "lat"]), row(2, &["a", "=15.6", "=38.1"])].concat();
    let sheets = [("Uno", sheet.as_str()), ("Due", sheet.as_str()), ("Vuoto", "")];
    let error = opened(&sheets, None).1.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("Uno, Due") && error.contains("--source-layer"), "{error}");
    assert_eq!(opened(&sheets, Some("Due")).1.unwrap().layer().name, "Due");
    assert!(matches!(opened(&sheets, Some("Tre")).1, Err(IngestError::NoSuchLayer { .. })));
    assert!(matches!(opened(&sheets, Some("Vuoto")).1, Err(IngestError::NoRows { .. })));
    // one that says where rows are by parcels or addresses is second to one that does by coordinates, and before one that does not
    let (by_parcel, nowhere) = ([row(1, &["Elenco"]), row(2, &["Foglio", "Particella"])].concat(), row(1, &["nome", "note"]));
    let chosen = |sheets: &[(&str, &str)]| {
        let reader = opened(sheets, None).1.unwrap();
        (reader.layer().name.clone(), reader.layer().placed)
    };
    assert_eq!(chosen(&[("Particelle", &by_parcel), ("Uno", &sheet)]), ("Uno".to_owned(), true));
    assert_eq!(chosen(&[("Note", &nowhere), ("Particelle", &by_parcel)]), ("Particelle".to_owned(), false));
}

#[test]
fn a_cell_far_out_costs_nothing_and_is_a_value_too_many() {
    let far = r#"<row r="2"><c r="A2" t="inlineStr"><is><t>a</t></is></c><c r="B2"><v>1</v></c><c r="C2"><v>2</v></c><c r="XFD2"><v>3</v></c></row>
        <row r="1048576"><c r="B1048576"><v>1</v></c><c r="C1048576"><v>2</v></c></row>"#;
    let (_folder, reader) = opened(&[("Uno", &(row(1, &["nome", "x", "y"]) + far))], None);
    let rows = read(&mut reader.unwrap());
    assert_eq!(rows[0].geometry, RawGeometry::Broken(crate::report::Reason::TooManyValues));
    assert_eq!((rows[1].number, &rows[1].geometry), (1_048_576, &RawGeometry::Position([1.0, 2.0])));
}

#[test]
fn many_columns_and_long_texts_are_told() {
    let names: Vec<String> = (0..7).map(|i| format!("c{i}")).chain(["x".to_owned(), "y".to_owned()]).collect();
    let header = row(1, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let (_folder, path) = workbook(&[("Uno", &header)]);
    let few = Limits { fields: 8, ..Limits::default() };
    let error = open(&path, "a.xlsx", None, &few).map(|_| ()).unwrap_err();
    assert!(matches!(error, IngestError::TooManyFields { found: 9, allowed: 8, .. }), "{error}");
    let rows = [row(1, &["nome", "x", "y"]), row(2, &[&"a".repeat(2000), "=1", "=2"]), row(3, &["b", "=1", "=2"])].concat();
    let (_folder, path) = workbook(&[("Uno", &rows)]);
    let mut reader = open(&path, "a.xlsx", None, &Limits { text_bytes: 1000, ..Limits::default() }).unwrap();
    let geometries: Vec<RawGeometry> = read(&mut reader).into_iter().map(|r| r.geometry).collect();
    assert_eq!(geometries, [RawGeometry::Broken(crate::report::Reason::TextTooLong), RawGeometry::Position([1.0, 2.0])]);
}

#[test]
fn a_bomb_and_a_cut_workbook_are_refused() {
    let text = "a".repeat(1 << 20);
    let (_folder, path) = workbook(&[("Uno", &(row(1, &["nome", "x", "y"]) + &row(2, &[&text, "=1", "=2"])))]);
    assert_eq!(sniff(&path, "a.xlsx").unwrap(), Content::Xlsx);
    let few = Limits { archive_bytes: 1 << 20, ..Limits::default() };
    let error = open(&path, "a.xlsx", None, &few).map(|_| ()).unwrap_err();
    assert!(matches!(error, IngestError::Archive { .. }), "{error}");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let error = open(&path, "a.xlsx", None, &Limits::default()).map(|_| ()).unwrap_err();
    assert!(matches!(error, IngestError::Damaged { format: "XLSX", .. }), "{error}");
}
