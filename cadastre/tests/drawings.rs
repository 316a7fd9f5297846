//! Drawings of sheets (DXF) into a real database.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

mod maps;

use std::path::Path;

use cadastre::export;
use cadastre::register::Request;
use kernel::Language;
use maps::{STORAGE, Scene, counts};

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

const PARCELS: &str = "select string_agg(id || ' ' || round(st_area(geom)), ', ' order by id) from cadastre.parcels where valid_to is null";

#[tokio::test]
async fn a_drawing_comes_in_as_the_sheet_that_it_is_of() {
    let scene = Scene::new().await;
    let drawing = scene.file("X101_001200.dxf", data("X101_001200.dxf"));
    let done = scene.import(&drawing, "2026-01-10").await;
    assert!(done.number.is_some() && done.report.is_clean(), "{}", done.text(Language::En));
    assert_eq!(
        scene.ask(PARCELS).await,
        "X101_001200.1 1109, X101_001200.2 100, X101_001200.3 1191, X101_001200.4 2040, X101_001200.ACQUA 548, X101_001200.ACQUA-2 522, X101_001200.STRADA 390"
    );
    let buildings = "select string_agg(id || ' ' || parcel, ', ' order by id) from cadastre.buildings";
    assert_eq!(scene.ask(buildings).await, "X101_001200.1+ 1, X101_001200.1+-2 1, X101_001200.3+ 3");
    assert_eq!(scene.ask("select string_agg(id, ' ' order by id) from cadastre.fiducials").await, "X101_001200.PF15 X101_001200.PF8");
    assert_eq!(scene.ask("select round(size_m::numeric, 1)::text from cadastre.cadastral_texts where text like 'Loc%'").await, "2.0");
    assert_eq!(scene.ask("select count(*)::text from cadastre.sheets where scale is null").await, "1");
    let sheet = "X101_001200".parse().unwrap();
    let (_, bytes) = export::map(&mut scene.conn().await, &sheet, "2026-12-31T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(bytes, data("X101_001200.dxf"));
    // the same sheet in the exchange format has the same parcels
    let map = scene.file("X101_001200.CXF", data("X101_001200.CXF"));
    let again = scene.import(&map, "2026-02-10").await;
    assert_eq!((counts(&again, "parcels"), counts(&again, "buildings")), ([0, 0, 0, 7], [0, 0, 0, 3]), "{}", again.text(Language::En));
}

#[tokio::test]
async fn of_a_sheet_in_both_formats_the_exchange_format_counts() {
    for files in [["X101_001200.CXF", "X101_001200.dxf"], ["X101_001200.dxf", "X101_001200.CXF"]] {
        let scene = Scene::new().await;
        let paths = files.map(|name| scene.file(name, data(name)));
        let request = Request { crs: Some(STORAGE), ..scene.request(&[&paths[0], &paths[1]], "2026-01-10") };
        let done = scene.run(request).await.unwrap();
        let text = done.text(Language::En);
        assert!(text.contains("the map X101_001200 is there as CXF too: that one counts; not imported"), "{text}");
        assert_eq!((counts(&done, "parcels"), counts(&done, "fiducials")), ([7, 0, 0, 0], [2, 0, 0, 0]));
        assert_eq!(scene.ask("select file from cadastre.map_files").await, "X101_001200.CXF");
        assert_eq!(scene.ask("select scale::text from cadastre.sheets").await, "2000");
    }
}

#[tokio::test]
async fn parcels_that_a_drawing_does_not_name_stay() {
    let scene = Scene::new().await;
    let map = scene.file("X101_001200.CXF", data("X101_001200.CXF"));
    scene.import(&map, "2026-01-10").await;
    // without the number of 3, which has a building
    let text = String::from_utf8_lossy(&data("X101_001200.dxf")).replace("\r\n  1\r\n3\r\n", "\r\n  1\r\n\r\n");
    let drawing = scene.file("X101_001200.dxf", &text);
    let done = scene.import(&drawing, "2026-02-10").await;
    let told = done.text(Language::En);
    assert!(
        told.contains("no number stands in the parcel near") && told.contains("1 parcels of the drawing stay without a number"),
        "{told}"
    );
    assert_eq!((counts(&done, "parcels"), counts(&done, "buildings")), ([0, 0, 0, 6], [0, 0, 0, 2]));
    assert!(scene.ask(PARCELS).await.contains("X101_001200.3 1191"));
}

#[tokio::test]
async fn a_drawing_without_parcels_suppresses_none() {
    let scene = Scene::new().await;
    let map = scene.file("X101_001200.CXF", data("X101_001200.CXF"));
    scene.import(&map, "2026-01-10").await;
    let bytes = data("X101_001200.dxf");
    let cut = &bytes[..bytes.len() / 2];
    let empty = b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n";
    for (bytes, why) in [
        (&empty[..], "there is no parcel in the drawing"),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "the drawing is binary DXF"),
        (cut, "the map is cut short"),
    ] {
        let drawing = scene.file("X101_001200.dxf", bytes);
        let done = scene.import(&drawing, "2026-02-10").await;
        let text = done.text(Language::En);
        assert!(done.number.is_none() && text.contains(why), "{text}");
    }
    // whose sheet it is, nothing but its name says
    let drawing = scene.file("piano terra.dxf", data("X101_001200.dxf"));
    let done = scene.import(&drawing, "2026-02-10").await;
    assert!(done.number.is_none() && done.text(Language::En).contains("“PIANO TERRA” is not the name of a map"));
}

/// A parcel of which the drawing has something that is no closed line is not gone.
#[tokio::test]
async fn an_outline_that_nobody_can_read_leaves_its_parcel_as_it_was() {
    let scene = Scene::new().await;
    scene.import(&scene.file("X101_001200.CXF", data("X101_001200.CXF")), "2026-01-10").await;
    let whole = String::from_utf8_lossy(&data("X101_001200.dxf")).into_owned();
    let entities: Vec<&str> = whole.split("\r\n  0\r\n").collect();
    let third =
        entities.iter().position(|entity| entity.starts_with("LWPOLYLINE\r\n  8\r\nPARTICELLE") && entity.contains("557020.123")).unwrap();
    let with = |other: &str| {
        let mut entities = entities.clone();
        entities[third] = other;
        entities.join("\r\n  0\r\n")
    };
    let open = with(&entities[third].replace(" 70\r\n1\r\n", " 70\r\n0\r\n"));
    let block = with("INSERT\r\n  8\r\nPARTICELLE\r\n  2\r\nISOLA\r\n 10\r\n557020.0\r\n 20\r\n4218045.0");
    // so many buildings in the street that the outline comes after the last that is taken
    let huts = (0..20_000).map(|n| {
        let (x, y) = (557_041.0 + f64::from(n % 50) * 0.1, 4_218_001.0 + f64::from(n / 50) * 0.1);
        let corners = [(x, y), (x + 0.05, y), (x, y + 0.05)].map(|(x, y)| format!(" 10\r\n{x:.3}\r\n 20\r\n{y:.3}"));
        format!("LWPOLYLINE\r\n  8\r\nFABBRICATI\r\n 70\r\n1\r\n{}\r\n  0\r\n", corners.join("\r\n"))
    });
    let crowded = with(&(huts.collect::<String>() + entities[third]));
    for (day, text, why) in [
        ("2026-02-10", open, "an open line on a layer of areas"),
        ("2026-02-11", block, "a block stands on a layer of areas"),
        ("2026-02-12", crowded, "more than 20000 closed lines"),
    ] {
        let done = scene.import(&scene.file("X101_001200.dxf", text), day).await;
        let told = done.text(Language::En);
        assert!(told.contains(why) && told.contains("not every area of the file was read"), "{told}");
        assert!(scene.ask(PARCELS).await.contains("X101_001200.3 1191"), "{told}");
    }
}
