//! Maps and published parcels into a real database, and again.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

mod maps;

use std::fs;

use cadastre::export;
use cadastre::register::{Request, UndoError, undo};
use kernel::{Language, Srid};
use maps::{Scene, counts, cxf};

const SQUARE: [[f64; 2]; 4] = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0], [0.0, 100.0]];
const LEFT: [[f64; 2]; 4] = [[0.0, 0.0], [50.0, 0.0], [50.0, 100.0], [0.0, 100.0]];
const RIGHT: [[f64; 2]; 4] = [[50.0, 0.0], [100.0, 0.0], [100.0, 100.0], [50.0, 100.0]];
const RIGHT_LOW: [[f64; 2]; 4] = [[50.0, 0.0], [100.0, 0.0], [100.0, 40.0], [50.0, 40.0]];
const RIGHT_HIGH: [[f64; 2]; 4] = [[50.0, 40.0], [100.0, 40.0], [100.0, 100.0], [50.0, 100.0]];
const HOUSE: [[f64; 2]; 4] = [[10.0, 10.0], [20.0, 10.0], [20.0, 20.0], [10.0, 20.0]];
const SHED: [[f64; 2]; 4] = [[30.0, 10.0], [35.0, 10.0], [35.0, 15.0], [30.0, 15.0]];
const DRAWN: &str = "TESTO\r\nVIA NUOVA\r\n  40\r\n       1.571\r\n  555010.000\r\n 4215050.000\r\n\
    SIMBOLO\r\n   2\r\n       0.000\r\n  555050.000\r\n 4215000.000\r\n\
    FIDUCIALE\r\n   1\r\n  20\r\n  555000.000\r\n 4215000.000\r\n  555001.000\r\n 4215001.000\r\n\
    LINEA\r\n   5\r\n   2\r\n  555000.000\r\n 4215050.000\r\n  555100.000\r\n 4215050.000\r\n";

fn first() -> String {
    let pieces: [(&str, &[[f64; 2]]); 5] = [("X101_001200", &SQUARE), ("1", &LEFT), ("100", &RIGHT), ("1+", &HOUSE), ("1+", &SHED)];
    cxf("X101_001200", &pieces, DRAWN)
}

/// 100 was split into 501 and 502, and the house is gone; the shed is not.
fn second() -> String {
    let pieces: [(&str, &[[f64; 2]]); 5] =
        [("X101_001200", &SQUARE), ("1", &LEFT), ("501", &RIGHT_LOW), ("502", &RIGHT_HIGH), ("1+", &SHED)];
    cxf("X101_001200", &pieces, DRAWN)
}

const CURRENT: &str = "select string_agg(id, ' ' order by id) from cadastre.parcels where valid_to is null";

#[tokio::test]
async fn a_sheet_comes_in_comes_again_changes_and_is_taken_back() {
    let scene = Scene::new().await;
    let file = scene.file("X101_001200.CXF", first());

    let looked = scene.look(&file, "2026-01-10").await;
    assert_eq!((looked.number, counts(&looked, "parcels")), (None, [2, 0, 0, 0]));
    assert_eq!(scene.ask("select count(*)::text from cadastre.parcels").await, "0");

    let done = scene.import(&file, "2026-01-10").await;
    assert!(done.report.is_clean(), "{}", done.text(Language::En));
    for (layer, new) in [
        ("sheets", 1),
        ("parcels", 2),
        ("buildings", 2),
        ("fiducials", 1),
        ("cadastral_texts", 1),
        ("cadastral_symbols", 1),
        ("cadastral_lines", 1),
        ("cadastral_findings", 0),
    ] {
        assert_eq!(counts(&done, layer), [new, 0, 0, 0], "{layer}");
    }
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.100");
    assert_eq!(
        scene.ask("select string_agg(id || ' ' || parcel || ' ' || round(st_area(geom)), ', ' order by id) from cadastre.buildings").await,
        "X101_001200.1+ 1 100, X101_001200.1+-2 1 25"
    );
    assert_eq!(scene.ask("select text || ' ' || round(angle) || ' ' || size_m from cadastre.cadastral_texts").await, "VIA NUOVA 90 8");

    // the system is known now
    let again = scene.import_unsaid(&file, "2026-02-10").await;
    assert_eq!((again.number, again.differs(), counts(&again, "parcels")), (None, false, [0, 0, 0, 2]));

    let file = scene.file("X101_001200.CXF", second());
    let split = scene.import_unsaid(&file, "2026-03-10").await;
    assert_eq!((counts(&split, "parcels"), counts(&split, "buildings")), ([2, 0, 1, 1], [0, 0, 1, 1]));
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.501 X101_001200.502");
    assert_eq!(scene.ask("select string_agg(id, ' ') from cadastre.buildings where valid_to is null").await, "X101_001200.1+-2");
    assert_eq!(
        scene.ask("select string_agg(parent || '>' || child || ' ' || round(area_m2) || ' ' || day, ', ' order by child) from cadastre.lineage").await,
        "X101_001200.100>X101_001200.501 2000 2026-03-10, X101_001200.100>X101_001200.502 3000 2026-03-10"
    );
    assert_eq!(
        scene.ask("select (valid_to at time zone 'Europe/Rome')::text from cadastre.parcels where id = 'X101_001200.100'").await,
        "2026-03-10 00:00:00"
    );

    // the map is handed on as it came, today and as it was
    let sheet = "X101_001200".parse().unwrap();
    let (_, bytes) = export::map(&mut scene.conn().await, &sheet, "2026-12-31T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(bytes, second().as_bytes());
    let (_, bytes) = export::map(&mut scene.conn().await, &sheet, "2026-02-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(bytes, first().as_bytes());

    let refused = undo(&mut scene.conn().await, done.number, "a test").await;
    assert!(matches!(refused, Err(UndoError::NotLast { .. })));
    undo(&mut scene.conn().await, split.number, "a test").await.unwrap();
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.100");
    assert_eq!(scene.ask("select count(*)::text from cadastre.lineage").await, "0");
    undo(&mut scene.conn().await, None, "a test").await.unwrap();
    assert_eq!(scene.ask("select count(*)::text from cadastre.parcels").await, "0");
    assert!(matches!(undo(&mut scene.conn().await, None, "a test").await, Err(UndoError::None)));
}

#[tokio::test]
async fn a_map_without_a_system_is_asked_for_and_a_wrong_one_refused() {
    let scene = Scene::new().await;
    let file = scene.file("X101_001200.CXF", first());
    let asked = scene.import_unsaid(&file, "2026-01-10").await;
    assert_eq!(asked.number, None);
    assert!(asked.text(Language::En).contains("those that fit the boundary: EPSG:7792"), "{}", asked.text(Language::En));
    let wrong = scene.run(Request { crs: Srid::new(3004), ..scene.request(&[&file], "2026-01-10") }).await.unwrap();
    assert!(wrong.text(Language::En).contains("in EPSG:3004 the map does not lie in its comune"));
    assert_eq!(scene.ask("select count(*)::text from cadastre.imports").await, "0");
    let strange = scene.file("X102_001200.CXF", first().replace("X101_", "X102_"));
    let strange = scene.import(&strange, "2026-01-10").await;
    assert!(strange.text(Language::En).contains("X102"), "{}", strange.text(Language::En));
    assert_eq!(strange.number, None);
}

#[tokio::test]
async fn older_data_than_those_that_are_there_stay_out() {
    let scene = Scene::new().await;
    let file = scene.file("X101_001200.CXF", first());
    scene.import(&file, "2026-03-10").await;
    let file = scene.file("X101_001200.CXF", second());
    let older = scene.import(&file, "2026-01-10").await;
    assert!(older.text(Language::En).contains("the register has some of 2026-03-10"), "{}", older.text(Language::En));
    assert_eq!((older.number, older.sheets), (None, 0));
    // of the same day the later one counts
    let same = scene.import(&file, "2026-03-10").await;
    assert_eq!(counts(&same, "parcels"), [2, 0, 1, 1]);
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.501 X101_001200.502");
}

#[tokio::test]
async fn what_does_not_fit_together_is_a_layer() {
    let scene = Scene::new().await;
    // the house reaches out of its parcel, 2 lies upon 1, and 502's ground is nobody's
    let out: [[f64; 2]; 4] = [[45.0, 10.0], [55.0, 10.0], [55.0, 20.0], [45.0, 20.0]];
    let upon: [[f64; 2]; 4] = [[40.0, 0.0], [100.0, 0.0], [100.0, 40.0], [40.0, 40.0]];
    let pieces: [(&str, &[[f64; 2]]); 4] = [("X101_001200", &SQUARE), ("1", &LEFT), ("2", &upon), ("1+", &out)];
    let file = scene.file("X101_001200.CXF", cxf("X101_001200", &pieces, ""));
    let found = "select string_agg(kind || ' ' || codes || ' ' || round(area_m2), ', ' order by kind) from cadastre.cadastral_findings
                  where valid_to is null";
    scene.import(&file, "2026-01-10").await;
    assert_eq!(scene.ask(found).await, "building 1+ 50, gap  3000, overlap 1, 2 400");
    // another sheet that lies upon the first
    let moved: Vec<[f64; 2]> = SQUARE.iter().map(|[x, y]| [x + 90.0, *y]).collect();
    let pieces: [(&str, &[[f64; 2]]); 2] = [("X101_001300", &moved), ("7", &moved)];
    let file = scene.file("X101_001300.CXF", cxf("X101_001300", &pieces, ""));
    let done = scene.import(&file, "2026-01-10").await;
    assert_eq!(done.between_sheets, 1);
    assert_eq!(scene.ask(found).await, "building 1+ 50, gap  3000, overlap 1, 2 400, sheets X101_001200 1000");
    let again = scene.import(&file, "2026-01-11").await;
    assert!(!again.differs());
}

#[tokio::test]
async fn ground_between_sheets_is_told_of_once() {
    let scene = Scene::new().await;
    let found =
        "select string_agg(id || ' ' || kind || ' ' || codes || ' ' || round(area_m2), ', ' order by id) from cadastre.cadastral_findings
                  where valid_to is null and kind in ('sheets', 'between')";
    let sheet = |name: &str, [dx, dy]: [f64; 2]| {
        let moved: Vec<[f64; 2]> = SQUARE.iter().map(|[x, y]| [x + dx, y + dy]).collect();
        scene.file(&format!("{name}.CXF"), cxf(name, &[(name, &moved), ("1", &moved)], ""))
    };
    scene.import(&sheet("X101_001400", [102.0, 0.0]), "2026-01-10").await;
    // touching that at a corner, and 60 m away from it: neither leaves a gap
    scene.import(&sheet("X101_001500", [202.0, 100.0]), "2026-01-10").await;
    scene.import(&sheet("X101_001600", [262.0, 0.0]), "2026-01-10").await;
    assert_eq!(scene.ask(found).await, "");
    let file = sheet("X101_001200", [0.0, 0.0]);
    let looked = scene.look(&file, "2026-01-10").await;
    assert_eq!(
        (looked.between_sheets, looked.number, scene.ask(found).await),
        (1, None, String::new()),
        "a look says it too and writes nothing"
    );
    scene.import(&file, "2026-01-10").await;
    let gap = scene.ask(found).await;
    assert!(gap.starts_with("X101_001200.G") && gap.ends_with(" between X101_001400 199"), "{gap}: round at its two ends");
    // the other sheet once more, with another parcel: the gap is the same
    let moved: Vec<[f64; 2]> = SQUARE.iter().map(|[x, y]| [x + 102.0, *y]).collect();
    let file = scene.file("X101_001400.CXF", cxf("X101_001400", &[("X101_001400", &moved), ("2", &moved)], ""));
    assert_eq!(scene.import(&file, "2026-02-10").await.between_sheets, 0);
    assert_eq!(scene.ask(found).await, gap);
    // moved to where it belongs
    scene.import(&sheet("X101_001400", [100.0, 0.0]), "2026-03-10").await;
    assert_eq!(scene.ask(found).await, "");
    // and too far: the sheet that is told of is the later one, whichever came last
    scene.import(&sheet("X101_001400", [99.0, 0.0]), "2026-04-10").await;
    let upon = scene.ask(found).await;
    assert!(upon.starts_with("X101_001400.F") && upon.ends_with(" sheets X101_001200 100"), "{upon}");
    let file = scene.file("X101_001200.CXF", cxf("X101_001200", &[("X101_001200", &SQUARE), ("3", &SQUARE)], ""));
    assert_eq!(scene.import(&file, "2026-05-10").await.between_sheets, 0);
    assert_eq!(scene.ask(found).await, upon);
}

#[tokio::test]
async fn gaps_do_not_hang_on_the_order_in_which_sheets_come() {
    let sheets =
        [("X101_000100", [0.0, 0.0]), ("X101_000200", [102.0, 0.0]), ("X101_000300", [0.0, 102.0]), ("X101_000400", [102.0, 104.0])];
    let found = "select string_agg(id || ' ' || codes || ' ' || round(area_m2), ', ' order by id) from cadastre.cadastral_findings
                  where valid_to is null and kind = 'between'";
    let mut all = Vec::new();
    for order in [vec![vec![0, 1, 2, 3]], vec![vec![0], vec![1], vec![2], vec![3]], vec![vec![3], vec![0, 2], vec![1]]] {
        let scene = Scene::new().await;
        // each later file is of an older day: what was found before ends all the same
        for (day, together) in (1..).zip(&order) {
            let folder = scene.folder.path().join(format!("{day}"));
            fs::create_dir(&folder).unwrap();
            for index in together {
                let (name, [dx, dy]): (&str, [f64; 2]) = sheets[*index];
                let moved: Vec<[f64; 2]> = SQUARE.iter().map(|[x, y]| [x + dx, y + dy]).collect();
                fs::write(folder.join(format!("{name}.CXF")), cxf(name, &[(name, &moved), ("1", &moved)], "")).unwrap();
            }
            scene.import(&folder, &format!("2026-01-{:02}", 20 - day)).await;
        }
        all.push(scene.ask(found).await);
    }
    assert!(all[0].starts_with("X101_000100.G") && all[0].contains(" X101_000200, X101_000300, X101_000400 "), "{}", all[0]);
    assert!(!all[0].contains(", X101_000100.G") && all[0] == all[1] && all[0] == all[2], "{all:#?}");
}

/// A parcel that the file has and nobody can read is not gone, and without one of its corners it is not another one.
#[tokio::test]
async fn what_cannot_be_read_stays_as_it_was() {
    let scene = Scene::new().await;
    scene.import(&scene.file("X101_001200.CXF", first()), "2026-01-10").await;
    let shapes = "select string_agg(id || ' ' || round(st_area(geom)), ', ' order by id) from
                   (select id, geom, valid_to from cadastre.parcels union all select id, geom, valid_to from cadastre.buildings) a where valid_to is null";
    let before = scene.ask(shapes).await;
    let whole = first();
    let spoiled = whole.replacen("  555050.000\r\n 4215100.000", "         NaN\r\n 4215100.000", 1);
    let flat: [[f64; 2]; 2] = [[50.0, 0.0], [100.0, 0.0]];
    let pieces: [(&str, &[[f64; 2]]); 5] = [("X101_001200", &SQUARE), ("1", &LEFT), ("100", &flat), ("1+", &HOUSE), ("1+", &SHED)];
    assert_ne!(spoiled, whole);
    for (day, text) in [("2026-02-10", spoiled), ("2026-03-10", cxf("X101_001200", &pieces, DRAWN))] {
        let done = scene.import(&scene.file("X101_001200.CXF", &text), day).await;
        assert_eq!(scene.ask(shapes).await, before, "{}", done.text(Language::En));
        assert!(done.text(Language::En).contains("not every area of the file was read"), "{}", done.text(Language::En));
    }
}

/// Of one or two parcels, too, most moved.
#[tokio::test]
async fn a_sheet_of_few_parcels_that_moves_is_told_of() {
    for pieces in [vec![("1", SQUARE)], vec![("1", LEFT), ("100", RIGHT)]] {
        let scene = Scene::new().await;
        let moved_by = |metres: f64| {
            let shift = |ring: &[[f64; 2]; 4]| ring.map(|[x, y]| [x + metres, y]);
            let border = ("X101_001200", shift(&SQUARE));
            let all: Vec<_> = std::iter::once(border).chain(pieces.iter().map(|(code, ring)| (*code, shift(ring)))).collect();
            let borrowed: Vec<(&str, &[[f64; 2]])> = all.iter().map(|(code, ring)| (*code, ring.as_slice())).collect();
            cxf("X101_001200", &borrowed, "")
        };
        scene.import(&scene.file("X101_001200.CXF", moved_by(0.0)), "2026-01-10").await;
        let nudged = scene.import(&scene.file("X101_001200.CXF", moved_by(0.5)), "2026-02-10").await;
        assert!(nudged.report.is_clean(), "{}", nudged.text(Language::En));
        let told = scene.import(&scene.file("X101_001200.CXF", moved_by(40.5)), "2026-03-10").await.text(Language::En);
        assert!(told.contains(&format!("{} parcels move, the middle one by 40.000 m", pieces.len())), "{told}");
    }
}

/// Turned by a quarter against the clock: what was drawn along x is drawn along y.
#[tokio::test]
async fn what_turns_a_map_turns_its_texts_and_symbols() {
    let scene = Scene::new().await;
    sqlx::query(
        "insert into cadastre.adjustments (maps, srid, adjustment, points, by) values ('X101_0012', 7792,
             '{\"freedom\": \"similarity\", \"origin\": [555000, 4215000], \"target\": [555000, 4215000], \"matrix\": [[0, -1], [1, 0]],
               \"residuals\": [], \"rmse_m\": 0}', '[]', 'a test')",
    )
    .execute(&mut scene.conn().await)
    .await
    .unwrap();
    let file = scene.file("X101_001200.CXF", first());
    scene.import_unsaid(&file, "2026-01-10").await;
    let angles = "select concat_ws(' ', (select round(angle::numeric, 3) from cadastre.cadastral_texts), (select round(angle::numeric, 3) from cadastre.cadastral_symbols))";
    // 1.571 rad are 90.012°
    assert_eq!(scene.ask(angles).await, "180.012 90.000");
}

#[tokio::test]
async fn bad_sheets_are_told_of_and_the_rest_comes_in() {
    let scene = Scene::new().await;
    let bow: [[f64; 2]; 4] = [[0.0, 0.0], [50.0, 100.0], [50.0, 0.0], [0.0, 60.0]];
    let pieces: [(&str, &[[f64; 2]]); 4] = [("X101_001200", &SQUARE), ("1", &bow), ("100", &RIGHT), ("100", &RIGHT_LOW)];
    let file = scene.file("X101_001200.CXF", cxf("X101_001200", &pieces, "BORDO\r\n9\r\n   5\r\n"));
    let done = scene.import(&file, "2026-01-10").await;
    let text = done.text(Language::En);
    assert!(text.contains("the outline of X101_001200.1 crosses itself; the largest part was taken"), "{text}");
    assert!(text.contains("another record begins where BORDO is not at its end"), "{text}");
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.100 X101_001200.100-2");
    assert_eq!(scene.ask("select bool_and(st_isvalid(geom))::text from cadastre.parcels").await, "true");
}

/// A parcel as it is published, a square of 10 m.
fn published(map: &str, number: &str, [x, y]: [f64; 2]) -> String {
    let ring = [[x, y], [x + 10.0, y], [x + 10.0, y + 10.0], [x, y + 10.0], [x, y]];
    let positions: Vec<String> = ring.iter().map(|[x, y]| format!("{y} {x}")).collect();
    format!(
        "<gml:featureMember><CP:CadastralParcel gml:id=\"CadastralParcel.IT.AGE.PLA.{map}.{number}\"><CP:msGeometry>\
         <gml:Polygon srsName=\"urn:ogc:def:crs:EPSG::6706\"><gml:exterior><gml:LinearRing><gml:posList srsDimension=\"2\">{}\
         </gml:posList></gml:LinearRing></gml:exterior></gml:Polygon></CP:msGeometry>\
         <CP:NATIONALCADASTRALREFERENCE>{map}.{number}</CP:NATIONALCADASTRALREFERENCE></CP:CadastralParcel></gml:featureMember>",
        positions.join(" ")
    )
}

fn gml(features: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?><gml:FeatureCollection xmlns:gml=\"http://www.opengis.net/gml/3.2\" \
         xmlns:CP=\"http://mapserver.gis.umn.edu/mapserver\">{}</gml:FeatureCollection>",
        features.concat()
    )
}

#[tokio::test]
async fn an_extract_of_what_is_published_suppresses_nothing_and_lies_in_its_comune() {
    let scene = Scene::new().await;
    let file = scene.file("X101_001200.CXF", first());
    scene.import(&file, "2026-01-10").await;
    // the test's systems take any position for one of storage: here degrees would be metres
    let extract = scene.file("extract.gml", gml(&[published("X101_001200", "700", [555_200.0, 4_215_000.0])]));
    let done = scene.import_unsaid(&extract, "2026-02-10").await;
    assert_eq!(counts(&done, "parcels"), [1, 0, 0, 0], "{}", done.text(Language::En));
    assert!(done.text(Language::En).contains("2 parcels of the sheet X101_001200 are in the register and not in this delivery"));
    assert_eq!(scene.ask(CURRENT).await, "X101_001200.1 X101_001200.100 X101_001200.700");
    let far = scene.file("far.gml", gml(&[published("X101_001200", "701", [655_200.0, 4_215_000.0])]));
    let far = scene.import_unsaid(&far, "2026-02-11").await;
    assert!(far.text(Language::En).contains("are far from its comune"), "{}", far.text(Language::En));
    assert_eq!(far.number, None);
}

#[tokio::test]
async fn what_is_cut_short_or_of_a_day_to_come_suppresses_nothing() {
    let scene = Scene::new().await;
    let file = scene.file("X101_001200.CXF", first());
    scene.import(&file, "2026-01-10").await;
    let cut = scene.file("X101_001200.CXF", &first()[..700]);
    let cut = scene.import(&cut, "2026-02-10").await;
    assert!(cut.text(Language::En).contains("the map is cut short"), "{}", cut.text(Language::En));
    assert_eq!((cut.number, cut.sheets), (None, 0));
    let future = scene.run(scene.request(&[&file], "2035-01-01")).await;
    assert!(future.is_err_and(|e| e.to_string().contains("2035-01-01, lies in the future")));
}

#[tokio::test]
async fn odd_codes_and_sheets_that_move_are_told_of() {
    let scene = Scene::new().await;
    let strip = |n: f64| [[n * 20.0, 0.0], [n * 20.0 + 20.0, 0.0], [n * 20.0 + 20.0, 100.0], [n * 20.0, 100.0]];
    let strips: Vec<[[f64; 2]; 4]> = (0..5).map(|n| strip(f64::from(n))).collect();
    let codes = ["A\0B", "", "1/2'\"<script>", "4", "5"];
    let pieces = |moved: f64| -> Vec<(String, Vec<[f64; 2]>)> {
        let shift = |ring: &[[f64; 2]]| ring.iter().map(|[x, y]| [x + moved, *y]).collect();
        let border = ("X101_001200".to_owned(), shift(&SQUARE));
        std::iter::once(border).chain(codes.iter().zip(&strips).map(|(code, ring)| ((*code).to_owned(), shift(ring)))).collect()
    };
    let write = |moved: f64| {
        let pieces = pieces(moved);
        let borrowed: Vec<(&str, &[[f64; 2]])> = pieces.iter().map(|(code, ring)| (code.as_str(), ring.as_slice())).collect();
        cxf("X101_001200", &borrowed, "")
    };
    let done = scene.import(&scene.file("X101_001200.CXF", write(0.0)), "2026-01-10").await;
    assert!(done.number.is_some(), "{}", done.text(Language::En));
    assert!(done.text(Language::En).contains("a BORDO without a code"), "{}", done.text(Language::En));
    assert_eq!(counts(&done, "parcels"), [4, 0, 0, 0]);
    let moved = scene.import(&scene.file("X101_001200.CXF", write(60.0)), "2026-02-10").await;
    assert!(moved.text(Language::En).contains("4 parcels move, the middle one by 60.000 m"), "{}", moved.text(Language::En));
}

#[tokio::test]
async fn the_census_stays_when_its_import_is_taken_back() {
    let scene = Scene::new().await;
    let folder = scene.folder.path().join("all");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("X101_001200.CXF"), first()).unwrap();
    let land =
        "X101| |7|T|1|1|12|00001||||041|02|0|48|50|1|0|0|25000|12500|12,91|6,46|19022001|20022001|M|121089|001|2001|||||||0000123||1|2\r\n";
    fs::write(folder.join("X101_1.TER"), land).unwrap();
    let done = scene.import(&folder, "2026-01-10").await;
    let census = done.census.iter().find(|c| c.layer == "properties").unwrap();
    assert_eq!((census.new, counts(&done, "parcels")), (1, [2, 0, 0, 0]));
    // the map's parcels are told by the census of the same delivery, in the same transaction
    assert_eq!(scene.ask("select area_m2::text from cadastre.parcels where id = 'X101_001200.1'").await, "4850");
    assert!(!scene.import_unsaid(&folder, "2026-01-11").await.differs());
    let undone = undo(&mut scene.conn().await, done.number, "a test").await.unwrap();
    assert!(undone.census_stays);
    assert_eq!(scene.ask("select count(*)::text from cadastre.parcels").await, "0");
    assert_eq!(scene.ask("select count(*)::text from cadastre.properties").await, "1");
    fs::remove_file(folder.join("X101_001200.CXF")).unwrap();
    fs::write(folder.join("X101_1.TER"), land.replace("12,91", "13,00")).unwrap();
    let only = scene.import_unsaid(&folder, "2026-01-12").await;
    assert!(matches!(undo(&mut scene.conn().await, only.number, "a test").await, Err(UndoError::Census(_))));
}
