//! The formats that few offices send and every office gets once: GML, KML, GPX, DXF, FlatGeobuf, sequences of GeoJSON. And that none of
//! them makes anybody fetch or write anything.

use std::net::TcpListener;
use std::path::Path;

use gdal::spatial_ref::SpatialRef;
use gdal::vector::OGRwkbGeometryType;
use kernel::Srid;
use kernel::layer::FieldType;

use super::{Seen, read, read_bytes, read_text, write};
use crate::report::Reason;
use crate::source::open::Opener;
use crate::source::sniff::Content;
use crate::source::{DeclaredCrs, Value, open};
use crate::{IngestError, Limits};

fn names(seen: &Seen) -> Vec<&str> {
    seen.layer.fields.iter().map(|f| f.name.as_str()).collect()
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

fn notes(seen: &Seen) -> String {
    seen.layer.notes.iter().map(|n| n.text().en.clone()).collect::<Vec<_>>().join("; ")
}

fn open_layer(path: &Path, layer: Option<&str>) -> Result<String, IngestError> {
    let sources = open::open(&[path.to_owned()], layer, path.parent().unwrap(), &Opener::Here, &Limits::default())?;
    Ok(sources[0].reader.layer().name.clone())
}

#[test]
fn a_sequence_is_read_whole_or_not_at_all() {
    let feature = |n: u32| {
        let shape = format!("[15.6,{}]", 38.0 + f64::from(n) / 100.0);
        format!(r#"{{"type":"Feature","properties":{{"n":{n}}},"geometry":{{"type":"Point","coordinates":{shape}}}}}"#)
    };
    let seen = read_text("a.geojsonl", &format!("{}\n{}\n", feature(1), feature(2))).unwrap();
    assert_eq!((seen.layer.format, seen.layer.crs.clone()), ("GeoJSONSeq", DeclaredCrs::Stated(Srid::CRS84)));
    assert_eq!(seen.geometries(), [Ok(vec![[15.6, 38.01]]), Ok(vec![[15.6, 38.02]])]);
    // the first line is longer than what a driver looks at to recognise it
    let long = feature(1).replace("\"n\":1", &format!("\"n\":1,\"t\":\"{}\"", "x".repeat(20_000)));
    assert_eq!(read_text("a.json", &format!("{long}\n{}", feature(2))).unwrap().rows.len(), 2);
    let separated = format!("\u{1e}{}\n\u{1e}{}\n", feature(1).replace(',', ",\n"), feature(2));
    assert_eq!(read_text("a.geojsons", &separated).unwrap().rows.len(), 2);
    // GDAL alone passes over the second
    let broken = format!("{}\n{}\n{}\n", feature(1), &feature(2)[..40], feature(3));
    let error = read_text("a.geojsonl", &broken).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(&error, IngestError::Damaged { cause, .. } if cause.starts_with("line 2")), "{error}");
}

#[test]
fn flatgeobuf_is_read_and_one_cut_off_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let many = vec!["LINESTRING (0 0, 1 1, 2 2)"; 2000];
    write(&path, "FlatGeobuf", Some(&SpatialRef::from_epsg(7792).unwrap()), OGRwkbGeometryType::wkbLineString, &many);
    let seen = read(&path).unwrap();
    assert_eq!((seen.layer.crs, seen.layer.rows, seen.rows.len()), (DeclaredCrs::Stated(Srid::RDN2008_UTM33), Some(2000), 2000));
    let bytes = std::fs::read(&path).unwrap();
    for part in [2, 10, 100] {
        std::fs::write(&path, &bytes[..bytes.len() / part]).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(matches!(outcome, Err(IngestError::Damaged { format: "FlatGeobuf", .. })), "1/{part}: {outcome:?}");
    }
    // sizes and offsets that lie
    for at in [20, 60, bytes.len() / 2] {
        let mut lies = bytes.clone();
        lies[at..at + 8].fill(0xff);
        std::fs::write(&path, &lies).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(outcome.as_ref().map_or(true, |rows| *rows <= 2000), "{outcome:?}");
    }
}

const PARCEL: &str = r#"<wfs:FeatureCollection xmlns:CP="http://mapserver.gis.umn.edu/mapserver" xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:wfs="http://www.opengis.net/wfs/2.0">
  <wfs:member><CP:CadastralParcel gml:id="p.1">
    <CP:msGeometry><gml:Polygon gml:id="g.1" srsName="urn:ogc:def:crs:EPSG::6706"><gml:exterior><gml:LinearRing>
      <gml:posList>38.01 15.01 38.02 15.01 38.02 15.03 38.01 15.01</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></CP:msGeometry>
    <CP:LABEL>0329</CP:LABEL><CP:NOTE>perché</CP:NOTE>
  </CP:CadastralParcel></wfs:member></wfs:FeatureCollection>"#;

#[test]
fn gml_with_the_latitude_first_comes_with_the_longitude_first() {
    let seen = read_text("a.gml", PARCEL).unwrap();
    assert_eq!(seen.layer.crs, DeclaredCrs::Stated(Srid::new(6706).unwrap()));
    assert_eq!(seen.geometries(), [Ok(vec![[15.01, 38.01], [15.01, 38.02], [15.03, 38.02], [15.01, 38.01]])]);
    assert_eq!(names(&seen), ["gml_id", "LABEL", "NOTE"]);
    assert_eq!(seen.rows[0].values, [text("p.1"), text("0329"), text("perché")], "zeros stay");
    // and so it does in Latin-1
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.xml");
    let latin = format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{PARCEL}");
    std::fs::write(&path, encoding_rs::WINDOWS_1252.encode(&latin).0).unwrap();
    assert_eq!(read(&path).unwrap().rows[0].values[2], text("perché"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is written beside it");
}

#[test]
fn arcs_of_a_gml_come_as_lines() {
    let arc = r#"<gml:Curve srsName="urn:ogc:def:crs:EPSG::6706"><gml:segments><gml:Arc><gml:posList>38 15 38.01 15.01 38 15.02</gml:posList></gml:Arc></gml:segments></gml:Curve>"#;
    let start = PARCEL.find("<gml:Polygon").unwrap();
    let end = PARCEL.find("</CP:msGeometry>").unwrap();
    let seen = read_text("a.gml", &format!("{}{arc}{}", &PARCEL[..start], &PARCEL[end..])).unwrap();
    let positions = seen.geometries()[0].clone().unwrap();
    assert!(positions.len() > 10 && positions[0] == [15.0, 38.0] && *positions.last().unwrap() == [15.02, 38.0], "{positions:?}");
}

#[test]
fn gml_cut_off_is_damaged() {
    let error = read_text("a.gml", &PARCEL[..PARCEL.len() - 60]).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::Damaged { format: "GML", .. }), "{error}");
}

const PLACES: &str = r#"<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>LINK
  <Placemark><name>Fontana</name><description>l'acqua è buona</description>
    <ExtendedData><Data name="tipo"><value>pubblica</value></Data></ExtendedData><Point><coordinates>15.6,38.1,9</coordinates></Point></Placemark>
  </Document></kml>"#;

#[test]
fn kml_gives_places_with_their_data_and_without_what_viewers_need() {
    let seen = read_text("a.kml", &PLACES.replace("LINK", "")).unwrap();
    assert_eq!((seen.layer.format, seen.layer.crs.clone()), ("KML", DeclaredCrs::Stated(Srid::CRS84)));
    assert_eq!(seen.geometries(), [Ok(vec![[15.6, 38.1]])]);
    let all = names(&seen);
    assert!(all.contains(&"Name") && all.contains(&"tipo") && !all.contains(&"tessellate"), "{all:?}");
    let value = |name: &str| seen.rows[0].values[all.iter().position(|n| *n == name).unwrap()].clone();
    assert_eq!((value("Name"), value("tipo"), value("description")), (text("Fontana"), text("pubblica"), text("l'acqua è buona")));
    let folder = |name: &str| format!("<Folder><name>{name}</name>{}</Folder>", placemark(name));
    let two =
        format!("<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{}{}</Document></kml>", folder("Fontane"), folder("Panchine"));
    let error = read_text("a.kml", &two).map(|s| s.rows.len()).unwrap_err();
    assert!(error.to_string().contains("Fontane, Panchine"), "{error}");
}

fn placemark(name: &str) -> String {
    format!("<Placemark><name>{name}</name><Point><coordinates>15.6,38.1</coordinates></Point></Placemark>")
}

#[test]
fn gpx_gives_what_was_recorded() {
    let track = r#"<trk><name>Giro</name><trkseg><trkpt lat="38.1" lon="15.6"/><trkpt lat="38.2" lon="15.7"/></trkseg></trk>"#;
    let gpx = |inner: &str| format!(r#"<gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">{inner}</gpx>"#);
    let seen = read_text("a.gpx", &gpx(track)).unwrap();
    assert_eq!((seen.layer.name.as_str(), seen.rows.len()), ("tracks", 1));
    assert_eq!(seen.geometries(), [Ok(vec![[15.6, 38.1], [15.7, 38.2]])]);
    assert!(notes(&seen).contains("track_points"), "{}", notes(&seen));
    let both = gpx(&format!(r#"<wpt lat="38.1" lon="15.6"><name>Qui</name></wpt>{track}"#));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpx");
    std::fs::write(&path, both).unwrap();
    let error = open_layer(&path, None).unwrap_err();
    assert!(error.to_string().contains("waypoints, tracks"), "{error}");
    assert_eq!(open_layer(&path, Some("waypoints")).unwrap(), "waypoints");
    assert_eq!(open_layer(&path, Some("track_points")).unwrap(), "track_points");
    let empty = read_text("a.gpx", &gpx("")).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(empty, IngestError::NoLayers { .. }), "{empty}");
}

/// Pairs of code and value; entities in two layers, and a block that is inserted with an attribute.
fn drawing() -> Vec<u8> {
    let block = "0 BLOCK 8 0 2 ALBERO 10 0 20 0 3 ALBERO 0 CIRCLE 8 0 10 0 20 0 40 2 0 ENDBLK 8 0";
    let insert = "0 INSERT 8 VERDE 66 1 2 ALBERO 10 552400 20 4205600 0 ATTRIB 8 VERDE 10 0 20 0 40 1 1 Pino 2 SPECIE 0 SEQEND 8 VERDE";
    let line = "0 LINE 8 STRADE 10 552400 20 4205600 11 552410 21 4205610";
    let text = "0 TEXT 8 STRADE 10 552400 20 4205600 40 1 1 Citt\u{e0}";
    let all = format!(
        "0 SECTION 2 HEADER 9 $DWGCODEPAGE 3 ANSI_1252 0 ENDSEC 0 SECTION 2 BLOCKS {block} 0 ENDSEC 0 SECTION 2 ENTITIES {insert} {line} {text} 0 ENDSEC 0 EOF"
    );
    let lines: String = all.split(' ').map(|word| format!("{word}\r\n")).collect();
    encoding_rs::WINDOWS_1252.encode(&lines).0.into_owned()
}

#[test]
fn of_a_drawing_layers_and_blocks_are_attributes() {
    let seen = read_bytes("a.dxf", &drawing()).unwrap();
    assert_eq!((seen.layer.name.as_str(), seen.layer.crs.clone(), seen.rows.len()), ("entities", DeclaredCrs::None, 3));
    let all = names(&seen);
    let value = |row: usize, name: &str| seen.rows[row].values[all.iter().position(|n| *n == name).unwrap()].clone();
    let of_layer = |layer: &str| (0..3).find(|row| value(*row, "Layer") == text(layer)).unwrap();
    assert!((0..3).any(|row| value(row, "Text") == text("Citt\u{e0}")), "{:?}", seen.rows);
    let tree = of_layer("VERDE");
    assert_eq!(value(tree, "BlockName"), text("ALBERO"));
    assert!(matches!(value(tree, "BlockAttributes"), Value::Text(t) if t.contains("SPECIE") && t.contains("Pino")));
    assert_eq!(seen.geometries()[tree], Ok(vec![[552_400.0, 4_205_600.0]]));
    assert!(
        notes(&seen).contains("STRADE (2), VERDE (1)") && notes(&seen).contains("blocks inserted in the drawing: 1"),
        "{}",
        notes(&seen)
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.dxf");
    std::fs::write(&path, drawing()).unwrap();
    let mut sources = open::open(std::slice::from_ref(&path), Some("STRADE"), folder.path(), &Opener::Here, &Limits::default()).unwrap();
    let mut rows = 0;
    let counted = sources[0].reader.read(&mut |_| {
        rows += 1;
        std::ops::ControlFlow::Continue(())
    });
    assert_eq!((counted.is_ok(), rows), (true, 2));
    let error = open_layer(&path, Some("ACQUA' OR 1=1 --")).unwrap_err();
    assert!(error.to_string().contains("STRADE, VERDE"), "{error}");
    let cut = drawing();
    let outcome = read_bytes("a.dxf", &cut[..cut.len() - 60]).map(|s| s.rows.len());
    assert!(matches!(outcome, Err(IngestError::Damaged { format: "DXF", .. })), "{outcome:?}");
}

/// Answers nobody; says whether anybody asked.
fn asked(listener: &TcpListener) -> bool {
    listener.set_nonblocking(true).unwrap();
    listener.accept().is_ok()
}

#[test]
fn nothing_is_fetched_whatever_a_file_asks_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/x", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("segreto");
    std::fs::write(&secret, "SEGRETO").unwrap();

    let links =
        format!("<NetworkLink><Link><href>{url}</href></Link></NetworkLink><NetworkLink><Url><href>{url}</href></Url></NetworkLink>");
    let seen = read_text("a.kml", &PLACES.replace("LINK", &links)).unwrap();
    assert!(seen.rows.len() == 1 && notes(&seen).contains("(NetworkLink): 2"), "{}", notes(&seen));
    let only = format!("<kml xmlns=\"http://www.opengis.net/kml/2.2\"><Document>{links}</Document></kml>");
    let error = read_text("a.kml", &only).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::OnlyLinks { links: 2, .. }), "{error}");

    let schema =
        "xsi:schemaLocation=\"http://mapserver.gis.umn.edu/mapserver URL\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let gml = PARCEL.replacen("xmlns:CP", &format!("{} xmlns:CP", schema.replace("URL", &format!("{url}.xsd"))), 1);
    assert_eq!(read_text("a.gml", &gml).unwrap().rows.len(), 1);
    let linked = gml.replace("<CP:NOTE>", &format!("<CP:NOTE xmlns:xlink=\"http://www.w3.org/1999/xlink\" xlink:href=\"{url}\">"));
    assert_eq!(read_text("a.gml", &linked).unwrap().rows.len(), 1);

    for (name, whole) in [("a.kml", PLACES.replace("LINK", "").replace("Fontana", "&a;")), ("a.gml", PARCEL.replace("0329", "&a;"))] {
        let body = whole.split_once("?>").map_or(whole.as_str(), |(_, body)| body);
        for entity in [format!("SYSTEM '{url}'"), format!("SYSTEM 'file://{}'", secret.display()), "'aaaa'".to_owned()] {
            let error = read_text(name, &format!("<!DOCTYPE x [<!ENTITY a {entity}>]>{body}")).map(|s| s.rows.len()).unwrap_err();
            assert!(matches!(&error, IngestError::Format { found, .. } if found.en.contains("DOCTYPE")), "{name}: {error}");
        }
        // an entity without a document type is no entity
        let outcome = read_text(name, body).map(|s| s.rows.len());
        assert!(outcome.is_err(), "{name}: {outcome:?}");
    }
    assert!(!asked(&listener), "somebody was asked");
}

#[test]
fn of_several_files_in_a_folder_one_can_be_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("dati")).unwrap();
    for (name, text) in [("dati/a.csv", "nome;x;y\nuno;1;2\n"), ("b.csv", "via;x;y\ndue;3;4\n"), ("c.kml", &PLACES.replace("LINK", ""))] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let inside =
        |layer: &str| open::open(&[folder.path().to_owned()], Some(layer), Path::new("/nowhere"), &Opener::Here, &Limits::default());
    for (layer, file) in [("a", "dati/a.csv"), ("dati/a.csv", "dati/a.csv"), ("b.csv", "b.csv"), ("c", "c.kml")] {
        let sources = inside(layer).unwrap();
        assert!(sources.len() == 1 && sources[0].file.ends_with(file), "{layer}: {}", sources[0].file);
    }
    let error = inside("c:strade").map(|s| s.len()).unwrap_err();
    assert!(matches!(error, IngestError::NoSuchLayer { .. }), "{error}");
}

#[test]
fn content_beats_the_name_and_one_driver_is_asked() {
    let seen = read_text("a.gpkg", &PLACES.replace("LINK", "")).unwrap();
    assert!(seen.layer.format == Content::Kml.name() && notes(&seen).contains("its content is KML"), "{}", notes(&seen));
    for (name, head) in
        [("a.fgb", &b"fgb\x03nothing else"[..]), ("a.dxf", b"0\nSECTION\nnothing else"), ("a.gpx", b"<gpx>"), ("a.kml", b"<kml><")]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, head).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(matches!(outcome, Err(IngestError::Damaged { .. } | IngestError::NoLayers { .. })), "{name}: {outcome:?}");
    }
}

#[test]
fn heights_measures_and_what_is_no_geometry_are_told_in_the_row() {
    let nan = PLACES.replace("LINK", "").replace("15.6,38.1,9", "nan,38.1");
    let seen = read_text("a.kml", &nan).unwrap();
    assert!(matches!(seen.geometries()[0], Err(Reason::NotFinite | Reason::NoGeometry | Reason::Empty)), "{:?}", seen.geometries());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.fgb");
    let mixed = ["POINT ZM (1 2 3 4)", "POLYGON Z ((0 0 1,4 0 1,4 4 1,0 4 1,0 0 1))"];
    write(&path, "FlatGeobuf", None, OGRwkbGeometryType::wkbUnknown, &mixed);
    let seen = read(&path).unwrap();
    assert_eq!(seen.layer.crs, DeclaredCrs::None);
    let mut found = seen.geometries();
    found.sort_by_key(|g| g.as_ref().map_or(0, Vec::len));
    assert_eq!(found, [Ok(vec![[1.0, 2.0]]), Ok(vec![[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [0.0, 0.0]])]);
    assert!(seen.layer.fields.iter().all(|f| f.kind == FieldType::Text));
}
