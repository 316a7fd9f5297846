//! Maps in Cassini-Soldner into a real database, by the origin that somebody has said.

#![allow(clippy::unwrap_used, reason = "a test says where it fails by panicking")]

mod maps;

use cadastre::check::{NoFit, SystemFit};
use cadastre::register::{Converter, Imported, Systems};
use cadastre::{Adjustment, ControlPoint, Freedom, MapName, Origin, OriginEllipsoid, export};
use crs::{CassiniSoldner, Ellipsoid, Settings};
use kernel::{Language, Srid};
use maps::{STORAGE, Scene};
use sqlx::types::Json;

/// The comune is ten kilometres square; no system in which maps are handed out puts the test's map there.
struct Known;

const WEST_SOUTH: [f64; 2] = [550_000.0, 4_210_000.0];
const SIDE_M: f64 = 10_000.0;

impl Systems for Known {
    fn fit(&self, map: &MapName, positions: &[[f64; 2]]) -> Result<Vec<SystemFit>, NoFit> {
        self.inside(map, positions).map(|fit| vec![fit])
    }

    fn converter(&self, _from: Srid) -> Result<Converter, String> {
        Ok(Box::new(|_| true))
    }

    fn origin_converter(&self, origin: &Origin, to: Srid) -> Result<Converter, String> {
        let at = [origin.longitude, origin.latitude];
        let plane = CassiniSoldner::new(at, origin.crs, Ellipsoid::Bessel, origin.called).map_err(|e| e.to_string())?;
        let way = plane.to(to, &Settings::default()).map_err(|e| e.to_string())?;
        Ok(Box::new(move |positions| way.convert(positions).is_ok()))
    }

    fn inside(&self, _map: &MapName, positions: &[[f64; 2]]) -> Result<SystemFit, NoFit> {
        let inside = |p: &[f64; 2]| (0..2).all(|axis| (0.0..SIDE_M).contains(&(p[axis] - WEST_SOUTH[axis])));
        let share_inside = positions.iter().filter(|p| inside(p)).count() as f64 / positions.len() as f64;
        let fits = share_inside > 0.5;
        let distance_m = if fits { 0.0 } else { 4_700.0 };
        Ok(SystemFit { crs: self.storage(), title: String::new(), also: Vec::new(), swapped: false, share_inside, distance_m, fits })
    }

    fn storage(&self) -> Srid {
        STORAGE
    }
}

/// One parcel, a triangle of which one corner is where `cs2cs` was asked for.
const SHEET: &str = "MAPPA\r\nX101_001200\r\n2000\r\n\
    BORDO\r\nX101_001200\r\n   5\r\n       0.000\r\n    1250.000\r\n   -4300.000\r\n    1250.000\r\n   -4300.000\r\n   0\r\n   4\r\n\
    \x20   1234.567\r\n   -4321.012\r\n    1334.567\r\n   -4321.012\r\n    1234.567\r\n   -4221.012\r\n    1234.567\r\n   -4321.012\r\n\
    BORDO\r\n7\r\n   5\r\n       0.000\r\n    1250.000\r\n   -4300.000\r\n    1250.000\r\n   -4300.000\r\n   0\r\n   4\r\n\
    \x20   1234.567\r\n   -4321.012\r\n    1334.567\r\n   -4321.012\r\n    1234.567\r\n   -4221.012\r\n    1234.567\r\n   -4321.012\r\n\
    EOF\r\n";

/// `cs2cs +proj=cass +lat_0=38.1 +lon_0=15.65 +ellps=intl +towgs84=-104.1,-49.1,-9.9,0.971,-2.917,0.714,-11.68 +to +proj=utm +zone=33
/// +ellps=GRS80`, of the corner 1234.567 -4321.012.
const CORNER: [f64; 2] = [558_250.192_2, 4_212_867.759_1];

fn origin(latitude: f64, longitude: f64) -> Origin {
    Origin { latitude, longitude, crs: Srid::new(4265).unwrap(), ellipsoid: OriginEllipsoid::Bessel, called: [0.0, 0.0] }
}

async fn say(scene: &Scene, maps: &str, origin: &Origin) {
    let sql = "insert into cadastre.origins (maps, origin, by) values ($1, $2, 'a test')";
    sqlx::query(sql).bind(maps).bind(Json(origin)).execute(&mut scene.conn().await).await.unwrap();
}

async fn adjust(scene: &Scene, maps: &str, origin: Option<Origin>, found: Adjustment) {
    let sql = "insert into cadastre.adjustments (maps, srid, adjustment, points, origin, by) values ($1, 7792, $2, '[]', $3, 'a test')";
    let query = sqlx::query(sql).bind(maps).bind(Json(found)).bind(origin.map(Json));
    query.execute(&mut scene.conn().await).await.unwrap();
}

async fn import(scene: &Scene) -> Imported {
    scene.import_unsaid(&scene.file("X101_001200.CXF", SHEET), "2026-01-10").await
}

/// How far the parcel's first corner is from where it should be, metres.
async fn off(scene: &Scene, [east, north]: [f64; 2]) -> f64 {
    sqlx::query_scalar("select st_distance(st_pointn(st_exteriorring(geom), 1), st_setsrid(st_makepoint($1, $2), 7792)) from cadastre.parcels where valid_to is null")
        .bind(east)
        .bind(north)
        .fetch_one(&mut scene.conn().await)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_map_needs_its_origin_and_lands_where_proj_puts_it() {
    let scene = Scene::with(Known).await;
    let asked = import(&scene).await;
    assert_eq!(asked.number, None);
    assert!(asked.text(Language::En).contains("opensit cadastre origin"), "{}", asked.text(Language::En));

    say(&scene, "X101_0012", &origin(38.1, 15.65)).await;
    // a shorter beginning counts for other maps
    say(&scene, "X101", &origin(41.0, 12.0)).await;
    let done = import(&scene).await;
    assert!(done.number.is_some() && done.report.is_clean(), "{}", done.text(Language::En));
    assert!(off(&scene, CORNER).await < 0.01);
    let (kept, shifted): (Json<Origin>, bool) =
        sqlx::query_as("select origin, shift is not null from cadastre.map_files").fetch_one(&mut scene.conn().await).await.unwrap();
    assert_eq!((kept.0, shifted), (origin(38.1, 15.65), false));

    let sheet = "X101_001200".parse().unwrap();
    let (_, bytes) = export::map(&mut scene.conn().await, &sheet, "2026-12-31T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(bytes, SHEET.as_bytes());
    assert_eq!(import(&scene).await.number, None);
}

#[tokio::test]
async fn an_origin_that_puts_the_map_elsewhere_is_refused() {
    let scene = Scene::with(Known).await;
    say(&scene, "X101", &origin(38.1, 15.75)).await;
    let refused = import(&scene).await;
    assert_eq!(refused.number, None);
    let text = refused.text(Language::En);
    assert!(text.contains("the origin of X101 does not put the map into its comune, but 4700 m away; not imported"), "{text}");
}

#[tokio::test]
async fn what_is_left_is_adjusted_upon_the_origin() {
    let scene = Scene::with(Known).await;
    say(&scene, "X101", &origin(38.1, 15.65)).await;
    let moved = [CORNER[0] + 12.5, CORNER[1] - 3.0];
    let point = ControlPoint { name: "PF1".to_owned(), from: CORNER, to: moved };
    adjust(&scene, "X101", Some(origin(38.1, 15.65)), Adjustment::find(&[point], Freedom::Shift).unwrap()).await;
    let done = import(&scene).await;
    assert!(done.number.is_some(), "{}", done.text(Language::En));
    assert!(off(&scene, moved).await < 0.01);
}

#[tokio::test]
async fn an_adjustment_that_puts_the_map_elsewhere_is_refused() {
    let scene = Scene::with(Known).await;
    let point = ControlPoint { name: "PF1".to_owned(), from: [0.0, 0.0], to: [570_000.0, 4_215_000.0] };
    adjust(&scene, "X101", None, Adjustment::find(&[point], Freedom::Shift).unwrap()).await;
    let refused = import(&scene).await;
    assert_eq!(refused.number, None);
    assert!(refused.text(Language::En).contains("the adjustment of X101 does not put the map into its comune"));
}
