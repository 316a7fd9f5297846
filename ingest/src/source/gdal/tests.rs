mod formats;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use gdal::spatial_ref::SpatialRef;
use gdal::vector::sql::Dialect;
use gdal::vector::{Geometry, LayerAccess, LayerOptions, OGRFieldType, OGRwkbGeometryType};
use gdal::{Dataset, DatasetOptions, DriverManager, GdalOpenFlags};
use kernel::Srid;
use kernel::layer::FieldType;

use crate::report::Reason;
use crate::source::open::Opener;
use crate::source::{DeclaredCrs, RawGeometry, Row, Source, SourceLayer, Value, open};
use crate::{IngestError, Limits, geometry};

/// What is read of a file.
struct Seen {
    layer: SourceLayer,
    rows: Vec<Row>,
}

impl Seen {
    /// What becomes of each row's geometry: its positions, or why it is kept out.
    fn geometries(&self) -> Vec<Result<Vec<[f64; 2]>, Reason>> {
        let tidy = |row: &Row| geometry::tidy(row.geometry.clone(), &Limits::default()).map(|t| t.shape.positions);
        self.rows.iter().map(tidy).collect()
    }
}

fn open_all(path: &Path) -> Result<Vec<Source>, IngestError> {
    open::open(&[path.to_owned()], None, &path.parent().unwrap().join("unpacked"), &Opener::Here, &Limits::default())
}

fn read(path: &Path) -> Result<Seen, IngestError> {
    let mut sources = open_all(path)?;
    assert_eq!(sources.len(), 1);
    let mut rows = Vec::new();
    sources[0].reader.read(&mut |row| {
        rows.push(row);
        ControlFlow::Continue(())
    })?;
    Ok(Seen { layer: sources[0].reader.layer().clone(), rows })
}

fn read_text(name: &str, text: &str) -> Result<Seen, IngestError> {
    read_bytes(name, text.as_bytes())
}

fn read_bytes(name: &str, bytes: &[u8]) -> Result<Seen, IngestError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    read(&path)
}

/// A file with a field `nome` and these geometries.
fn write(path: &Path, driver: &str, srs: Option<&SpatialRef>, ty: OGRwkbGeometryType::Type, geometries: &[&str]) {
    let mut dataset = DriverManager::get_driver_by_name(driver).unwrap().create_vector_only(path).unwrap();
    add_layer(&mut dataset, "strade", srs, ty, geometries);
    dataset.close().unwrap();
}

fn add_layer(dataset: &mut Dataset, name: &str, srs: Option<&SpatialRef>, ty: OGRwkbGeometryType::Type, geometries: &[&str]) {
    let layer = dataset.create_layer(LayerOptions { name, srs, ty, options: None }).unwrap();
    layer.create_defn_fields(&[("nome", OGRFieldType::OFTString)]).unwrap();
    for (index, wkt) in geometries.iter().enumerate() {
        let mut feature = gdal::vector::Feature::new(layer.defn()).unwrap();
        feature.set_field_string(0, &format!("riga {index}")).unwrap();
        if !wkt.is_empty() {
            feature.set_geometry(Geometry::from_wkt(wkt).unwrap()).unwrap();
        }
        feature.create(&layer).unwrap();
    }
}

fn shapefile(folder: &Path, srs: Option<&SpatialRef>) -> PathBuf {
    let path = folder.join("strade.shp");
    write(&path, "ESRI Shapefile", srs, OGRwkbGeometryType::wkbPoint, &["POINT (1 2)", "POINT (3 4)"]);
    path
}

#[test]
fn geojson_without_a_word_is_longitude_and_latitude() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{"nome":"a","n":1,"h":1.5,"ok":true,"giorno":"2020-02-29"},"geometry":{"type":"Point","coordinates":[15.6,38.1,9]}},
        {"type":"Feature","properties":{"nome":null},"geometry":{"type":"Point","coordinates":[15.7,38.2]}}]}"#;
    let seen = read_text("a.geojson", text).unwrap();
    assert_eq!(seen.layer.crs, DeclaredCrs::Stated(Srid::CRS84));
    let kinds: Vec<FieldType> = seen.layer.fields.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [FieldType::Text, FieldType::Integer, FieldType::Number, FieldType::Boolean, FieldType::Date]);
    assert_eq!(seen.geometries(), [Ok(vec![[15.6, 38.1]]), Ok(vec![[15.7, 38.2]])]);
    // a property that a feature does not have is no zero
    assert_eq!(seen.rows[1].values, vec![Value::Null; 5]);
}

#[test]
fn geojson_in_another_system_says_so() {
    let text = r#"{"type":"FeatureCollection","crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::3004"}},
        "features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[2576990.8,4218220.8]}}]}"#;
    assert_eq!(read_text("a.geojson", text).unwrap().layer.crs, DeclaredCrs::Stated(Srid::new(3004).unwrap()));
}

#[test]
fn geojson_in_a_system_that_nobody_knows_is_not_taken_for_wgs_84() {
    for (name, told) in [("urn:ogc:def:crs:EPSG::999999", "EPSG:999999"), ("EPSG:999999", "EPSG:999999"), ("pippo", "pippo")] {
        let text = format!(
            r#"{{"type":"FeatureCollection","crs":{{"type":"name","properties":{{"name":"{name}"}}}},
            "features":[{{"type":"Feature","properties":{{"t":"a\u0000b"}},"geometry":{{"type":"Point","coordinates":[15.6,38.1]}}}}]}}"#
        );
        let layer = read_text("a.geojson", &text).unwrap().layer;
        assert_eq!(layer.crs, DeclaredCrs::Unrecognised(told.to_owned()));
        assert!(layer.notes.iter().any(|n| n.text().en.contains("1 null character (")), "{:?}", layer.notes);
    }
}

#[test]
fn a_geopackage_without_layers_is_not_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vuoto.gpkg");
    write(&path, "GPKG", None, OGRwkbGeometryType::wkbPoint, &["POINT (1 2)"]);
    let options = DatasetOptions { open_flags: GdalOpenFlags::GDAL_OF_UPDATE, ..DatasetOptions::default() };
    let dataset = Dataset::open_ex(&path, options).unwrap();
    dataset.execute_sql("DROP TABLE strade", None, Dialect::DEFAULT).unwrap();
    dataset.close().unwrap();
    let error = read(&path).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::NoLayers { .. }), "{error}");
}

#[test]
fn null_empty_and_strange_geometries_are_told_apart() {
    let text = r#"{"type":"FeatureCollection","features":[
        {"type":"Feature","properties":{},"geometry":null},
        {"type":"Feature","properties":{},"geometry":{"type":"MultiPoint","coordinates":[]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[[0,0],[1,1]]]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1e999,2]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[NaN,NaN]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[15.6,NaN]}},
        {"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}]}"#;
    let seen = read_text("a.geojson", text).unwrap();
    assert_eq!(
        seen.geometries(),
        [
            Err(Reason::NoGeometry),
            Err(Reason::Empty),
            Err(Reason::TooFewPositions),
            Err(Reason::NotFinite),
            Err(Reason::NotFinite),
            Err(Reason::NotFinite),
            Ok(vec![[1.0, 2.0]])
        ]
    );
}

#[test]
fn a_geojson_that_ends_in_the_middle_is_damaged() {
    let whole =
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
    let error = read_text("a.geojson", whole).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::Damaged { format: "GeoJSON", .. }), "{error}");
}

#[test]
fn the_wrong_content_under_a_good_name_is_refused_and_a_good_one_under_a_wrong_name_read() {
    let error = read_text("a.gpkg", "x;y\n1;2\n").map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::Format { .. }), "{error}");
    let empty = read_text("a.gpkg", "").map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(empty, IngestError::EmptyFile(_)), "{empty}");
    let vrt = read_text("a.geojson", "<OGRVRTDataSource><OGRVRTLayer name=\"x\"/></OGRVRTDataSource>").map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(vrt, IngestError::Format { .. }), "{vrt}");
    let seen = read_text("a.gpkg", r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}"#).unwrap();
    assert_eq!(seen.rows.len(), 1);
    assert!(seen.layer.notes[0].text().en.contains("GeoJSON"), "{:?}", seen.layer.notes);
}

#[test]
fn a_path_of_gdal_s_own_is_no_file() {
    for path in ["/vsicurl/http://127.0.0.1:1/a.gpkg", "/vsizip/a.zip/a.gpkg", "GPKG:a.gpkg:strade"] {
        let outcome = open::open(&[path.into()], None, Path::new("/nowhere"), &Opener::Here, &Limits::default()).map(|s| s.len());
        assert!(matches!(outcome, Err(IngestError::NoFile(_))), "{path}");
    }
}

#[test]
fn a_geopackage_gives_its_system_key_and_lines_for_curves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let srs = SpatialRef::from_epsg(7792).unwrap();
    let curves = ["CIRCULARSTRING (0 0, 1 1, 2 0)", "LINESTRING (0 0, 1 1)", "LINESTRING EMPTY", ""];
    write(&path, "GPKG", Some(&srs), OGRwkbGeometryType::wkbUnknown, &curves);
    let seen = read(&path).unwrap();
    assert_eq!((seen.layer.crs.clone(), seen.layer.key.as_deref()), (DeclaredCrs::Stated(Srid::RDN2008_UTM33), Some("fid")));
    assert_eq!(seen.rows.iter().map(|r| r.key).collect::<Vec<_>>(), [Some(1), Some(2), Some(3), Some(4)]);
    let geometries = seen.geometries();
    assert!(geometries[0].as_ref().unwrap().len() > 20, "an arc has many vertices");
    assert_eq!(geometries[1..], [Ok(vec![[0.0, 0.0], [1.0, 1.0]]), Err(Reason::Empty), Err(Reason::NoGeometry)]);
}

/// How far a position lies from a line.
fn distance([x, y]: [f64; 2], line: &[[f64; 2]]) -> f64 {
    let one = |edge: &[[f64; 2]]| {
        let ([ax, ay], [bx, by]) = (edge[0], edge[1]);
        let along = (((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / ((bx - ax).powi(2) + (by - ay).powi(2))).clamp(0.0, 1.0);
        (x - ax - along * (bx - ax)).hypot(y - ay - along * (by - ay))
    };
    line.windows(2).map(one).fold(f64::INFINITY, f64::min)
}

#[test]
fn curves_in_text_become_the_lines_that_gdal_makes_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let srs = SpatialRef::from_epsg(7792).unwrap();
    let curves = [
        "CIRCULARSTRING (0 0, 70 70, 140 0)",
        "CIRCULARSTRING (0 0, 50 90, 60 -20, 100 -50, 130 40)",
        "COMPOUNDCURVE ((-9 0, 0 0), CIRCULARSTRING (0 0, 1 1, 2 0), (2 0, 5 5))",
        "MULTICURVE ((0 0, 1 1), CIRCULARSTRING (0 0, 30 10, 20 0))",
        "CURVEPOLYGON (CIRCULARSTRING (0 0, 40 0, 0 0), (10 0, 20 0, 20 1, 10 0))",
        "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 1 1, 2 0), (2 0, 0 0)))",
        "MULTISURFACE (((0 0, 4 0, 4 4, 0 0)), CURVEPOLYGON (CIRCULARSTRING (9 9, 13 9, 9 9)))",
    ];
    write(&path, "GPKG", Some(&srs), OGRwkbGeometryType::wkbUnknown, &curves);
    for (wkt, gdal) in curves.iter().zip(read(&path).unwrap().rows) {
        let [ours, theirs] =
            [RawGeometry::Wkt((*wkt).to_owned()), gdal.geometry].map(|raw| geometry::tidy(raw, &Limits::default()).unwrap().shape);
        assert_eq!(
            (ours.family, ours.part_count(), ours.sequences.len()),
            (theirs.family, theirs.part_count(), theirs.sequences.len()),
            "{wkt}"
        );
        let pieces = |shape: &geometry::Shape| {
            let begins = std::iter::once(0).chain(shape.sequences.iter().copied());
            begins.zip(&shape.sequences).map(|(from, to)| shape.positions[from..*to].to_vec()).collect::<Vec<_>>()
        };
        for (our, their) in pieces(&ours).iter().zip(&pieces(&theirs)) {
            assert_eq!((our.first(), our.last()), (their.first(), their.last()), "{wkt}");
            assert!(our.len().abs_diff(their.len()) <= 3, "{wkt}: {} and {}", our.len(), their.len());
            // an arc's chord of four degrees lies 0.06 percent of its radius inside
            let farthest = our.iter().map(|p| distance(*p, their)).chain(their.iter().map(|p| distance(*p, our))).fold(0.0, f64::max);
            assert!(farthest < 0.0007 * 100.0, "{wkt}: {farthest}");
        }
    }
}

#[test]
fn of_several_layers_one_must_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let srs = SpatialRef::from_epsg(7792).unwrap();
    let mut dataset = DriverManager::get_driver_by_name("GPKG").unwrap().create_vector_only(&path).unwrap();
    add_layer(&mut dataset, "strade", Some(&srs), OGRwkbGeometryType::wkbPoint, &["POINT (1 2)"]);
    add_layer(&mut dataset, "piazze", Some(&srs), OGRwkbGeometryType::wkbPoint, &["POINT (3 4)"]);
    dataset.close().unwrap();
    let error = open_all(&path).map(|s| s.len()).unwrap_err();
    assert!(error.to_string().contains("strade, piazze") && error.to_string().contains("--source-layer"), "{error}");
    let named = |name: &str| open::open(std::slice::from_ref(&path), Some(name), folder.path(), &Opener::Here, &Limits::default());
    assert_eq!(named("piazze").unwrap()[0].reader.layer().name, "piazze");
    assert!(matches!(named("fiumi").map(|s| s.len()), Err(IngestError::NoSuchLayer { .. })));
}

#[test]
fn a_geopackage_cut_in_half_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gpkg");
    let many = vec!["LINESTRING (0 0, 1 1, 2 2, 3 3, 4 4, 5 5)"; 20_000];
    write(&path, "GPKG", Some(&SpatialRef::from_epsg(7792).unwrap()), OGRwkbGeometryType::wkbLineString, &many);
    let bytes = std::fs::read(&path).unwrap();
    for part in [2, 10, bytes.len() / 1000] {
        std::fs::write(&path, &bytes[..bytes.len() / part]).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(matches!(outcome, Err(IngestError::Damaged { .. } | IngestError::NoGeometryLayer { .. })), "1/{part}: {outcome:?}");
    }
}

#[test]
fn a_shapefile_states_its_system_even_without_a_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = shapefile(folder.path(), Some(&SpatialRef::from_epsg(3004).unwrap()));
    // as ArcGIS writes it: no code anywhere
    let prj = r#"PROJCS["Monte_Mario_Italy_2",GEOGCS["GCS_Monte_Mario",DATUM["D_Monte_Mario",SPHEROID["International_1924",6378388.0,297.0]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],PARAMETER["False_Easting",2520000.0],PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",15.0],PARAMETER["Scale_Factor",0.9996],PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]"#;
    std::fs::write(path.with_extension("prj"), prj).unwrap();
    let gauss_boaga = Srid::new(3004).unwrap();
    match read(&path).unwrap().layer.crs {
        DeclaredCrs::Stated(srid) | DeclaredCrs::Recognised(srid, _) => assert_eq!(srid, gauss_boaga),
        other => panic!("{other:?}"),
    }
    std::fs::remove_file(path.with_extension("prj")).unwrap();
    assert_eq!(read(&path).unwrap().layer.crs, DeclaredCrs::None);
    std::fs::write(path.with_extension("prj"), r#"LOCAL_CS["cantiere",UNIT["Meter",1.0]]"#).unwrap();
    assert_eq!(read(&path).unwrap().layer.crs, DeclaredCrs::None);
}

#[test]
fn a_shapefile_lacks_nothing_or_says_what() {
    let folder = tempfile::tempdir().unwrap();
    let path = shapefile(folder.path(), None);
    // `strade.*` names the parts as well
    let parts: Vec<PathBuf> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path()).collect();
    assert!(parts.len() >= 3);
    assert_eq!(open::open(&parts, None, folder.path(), &Opener::Here, &Limits::default()).unwrap().len(), 1);
    // and so does the folder
    assert_eq!(read(folder.path()).unwrap().rows.len(), 2);
    std::fs::remove_file(path.with_extension("shx")).unwrap();
    let error = read(&path).map(|s| s.rows.len()).unwrap_err();
    assert!(matches!(error, IngestError::MissingPart { part: "shx", .. }), "{error}");
}

#[test]
fn a_shapefile_cut_off_is_damaged() {
    for suffix in ["shp", "shx", "dbf"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("strade.shp");
        write(&path, "ESRI Shapefile", None, OGRwkbGeometryType::wkbPoint, &vec!["POINT (1 2)"; 500]);
        let part = path.with_extension(suffix);
        let bytes = std::fs::read(&part).unwrap();
        std::fs::write(&part, &bytes[..bytes.len() / 2]).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(matches!(outcome, Err(IngestError::Damaged { .. })), "{suffix}: {outcome:?}");
    }
}

#[test]
fn a_table_that_lies_about_its_rows_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = shapefile(folder.path(), None);
    let table = path.with_extension("dbf");
    let mut bytes = std::fs::read(&table).unwrap();
    for rows in [1u32, 3, u32::MAX] {
        bytes[4..8].copy_from_slice(&rows.to_le_bytes());
        std::fs::write(&table, &bytes).unwrap();
        let outcome = read(&path).map(|s| s.rows.len());
        assert!(matches!(outcome, Err(IngestError::Damaged { .. })), "{rows}: {outcome:?}");
    }
}

#[test]
fn a_zipped_shapefile_is_read_from_its_archive() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    shapefile(&inner, Some(&SpatialRef::from_epsg(7792).unwrap()));
    let path = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for entry in std::fs::read_dir(&inner).unwrap() {
        let entry = entry.unwrap();
        zip.start_file(format!("dati/{}", entry.file_name().to_string_lossy()), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(entry.path()).unwrap()).unwrap();
    }
    zip.start_file("__MACOSX/dati/._strade.shp", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"junk").unwrap();
    zip.finish().unwrap();
    let mut sources = open_all(&path).unwrap();
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].file, "a.zip/dati/strade.shp");
    let mut rows = 0;
    sources[0]
        .reader
        .read(&mut |row| {
            assert!(matches!(row.geometry, RawGeometry::Wkb(_)));
            rows += 1;
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(rows, 2);
}

#[test]
fn an_archive_without_data_says_what_is_in_it() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    zip.start_file("relazione.pdf", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(b"%PDF").unwrap();
    zip.finish().unwrap();
    let error = open_all(&path).map(|s| s.len()).unwrap_err();
    assert!(error.to_string().contains("relazione.pdf"), "{error}");
}
