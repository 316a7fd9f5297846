//! Drawings of sheets (DXF) into a real database.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use cadastre::check::{NoFit, SystemFit};
use cadastre::files::Limits;
use cadastre::register::{Converter, Imported, Request, Systems, run};
use cadastre::{MapName, Origin, export};
use kernel::{Language, Srid, Vault};
use sqlx::PgConnection;
use test_database::Scratch;

/// Maps are in the system that layers are stored in.
struct Plain;

impl Systems for Plain {
    fn fit(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit> {
        self.inside(map, positions).map(|fit| vec![fit])
    }

    fn converter(&self, _from: Srid) -> Result<Converter, String> {
        Ok(Box::new(|_| true))
    }

    fn origin_converter(&self, _origin: &Origin, _to: Srid) -> Result<Converter, String> {
        Err("no origin is said in these tests".to_owned())
    }

    fn inside(&self, _map: &MapName, _positions: &[[f64; 2]]) -> Result<SystemFit, NoFit> {
        let crs = self.storage();
        Ok(SystemFit { crs, title: String::new(), also: Vec::new(), swapped: false, share_inside: 1.0, distance_m: 0.0, fits: true })
    }

    fn storage(&self) -> Srid {
        Srid::RDN2008_UTM33
    }
}

fn data(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

struct Scene {
    scratch: Scratch,
    folder: tempfile::TempDir,
}

impl Scene {
    async fn new() -> Self {
        let scene = Self { scratch: Scratch::new().await, folder: tempfile::tempdir().unwrap() };
        let sql = "insert into territory.boundaries (id, comune, name, catasto_code, geom) values
            ('080901', '080901', 'Castelmarina', 'X101', st_multi(st_makeenvelope(550000, 4210000, 560000, 4220000, 7792)))";
        sqlx::raw_sql(sql).execute(&mut scene.conn().await).await.unwrap();
        scene
    }

    async fn conn(&self) -> PgConnection {
        self.scratch.connection("opensit_owner").await
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    async fn import(&self, paths: &[&Path], day: &str) -> Imported {
        let request = Request {
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            limits: Limits::default(),
            crs: Some(Srid::RDN2008_UTM33),
            day: day.parse().unwrap(),
            today: "2026-11-30".parse().unwrap(),
            whole: false,
            by: "a test".to_owned(),
            whose: kernel::Comuni::All,
            only_look: false,
        };
        run(&mut self.conn().await, request, Arc::new(Plain), &Vault::new([7; 32])).await.unwrap()
    }

    async fn ask(&self, sql: &'static str) -> String {
        sqlx::query_scalar::<_, Option<String>>(sql).fetch_one(&mut self.conn().await).await.unwrap().unwrap_or_default()
    }
}

fn counts(done: &Imported, layer: &str) -> [i64; 4] {
    let c = done.counts.iter().find(|c| c.layer == layer).unwrap();
    [c.new, c.changed, c.gone, c.same]
}

const PARCELS: &str = "select string_agg(id || ' ' || round(st_area(geom)), ', ' order by id) from cadastre.parcels where valid_to is null";

#[tokio::test]
async fn a_drawing_comes_in_as_the_sheet_that_it_is_of() {
    let scene = Scene::new().await;
    let drawing = scene.file("X101_001200.dxf", &data("X101_001200.dxf"));
    let done = scene.import(&[&drawing], "2026-01-10").await;
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
    let map = scene.file("X101_001200.CXF", &data("X101_001200.CXF"));
    let again = scene.import(&[&map], "2026-02-10").await;
    assert_eq!((counts(&again, "parcels"), counts(&again, "buildings")), ([0, 0, 0, 7], [0, 0, 0, 3]), "{}", again.text(Language::En));
}

#[tokio::test]
async fn of_a_sheet_in_both_formats_the_exchange_format_counts() {
    for files in [["X101_001200.CXF", "X101_001200.dxf"], ["X101_001200.dxf", "X101_001200.CXF"]] {
        let scene = Scene::new().await;
        let paths = files.map(|name| scene.file(name, &data(name)));
        let done = scene.import(&[&paths[0], &paths[1]], "2026-01-10").await;
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
    let map = scene.file("X101_001200.CXF", &data("X101_001200.CXF"));
    scene.import(&[&map], "2026-01-10").await;
    // without the number of 3, which has a building
    let text = String::from_utf8_lossy(&data("X101_001200.dxf")).replace("\r\n  1\r\n3\r\n", "\r\n  1\r\n\r\n");
    let drawing = scene.file("X101_001200.dxf", text.as_bytes());
    let done = scene.import(&[&drawing], "2026-02-10").await;
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
    let map = scene.file("X101_001200.CXF", &data("X101_001200.CXF"));
    scene.import(&[&map], "2026-01-10").await;
    let bytes = data("X101_001200.dxf");
    let cut = &bytes[..bytes.len() / 2];
    let empty = b"0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n";
    for (bytes, why) in [
        (&empty[..], "there is no parcel in the drawing"),
        (b"AutoCAD Binary DXF\r\n\x1a\0", "the drawing is binary DXF"),
        (cut, "the map is cut short"),
    ] {
        let drawing = scene.file("X101_001200.dxf", bytes);
        let done = scene.import(&[&drawing], "2026-02-10").await;
        let text = done.text(Language::En);
        assert!(done.number.is_none() && text.contains(why), "{text}");
    }
    // whose sheet it is, nothing but its name says
    let drawing = scene.file("piano terra.dxf", &data("X101_001200.dxf"));
    let done = scene.import(&[&drawing], "2026-02-10").await;
    assert!(done.number.is_none() && done.text(Language::En).contains("“PIANO TERRA” is not the name of a map"));
}
