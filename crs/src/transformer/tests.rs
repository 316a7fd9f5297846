//! Expected values are those of `cs2cs` (PROJ 9.1.1), written down, with the pipelines of `projinfo` for the parameter
//! sets that `cs2cs` would not choose.

use std::time::Instant;

use kernel::{Bbox, Srid};

use super::Transformer;
use crate::{CrsError, Region, Settings, all};

const RAVAGNESE: [f64; 2] = [2576990.852, 4218220.833];

fn srid(code: i32) -> Srid {
    Srid::new(code).unwrap()
}

fn convert(from: i32, to: i32, region: Region, position: [f64; 2]) -> [f64; 2] {
    Transformer::new(srid(from), srid(to), &Settings::new(region)).unwrap().convert_one(position).unwrap()
}

#[track_caller]
fn near(got: [f64; 2], expected: [f64; 2], tolerance: f64) {
    let off = (got[0] - expected[0]).abs().max((got[1] - expected[1]).abs());
    assert!(off <= tolerance, "{got:?} is {off} from {expected:?}");
}

#[test]
fn gauss_boaga_at_reggio_goes_by_the_region_not_by_the_box() {
    near(convert(3004, 7792, Region::Mainland, RAVAGNESE), [556983.209, 4218219.355], 0.001);
    near(convert(3004, 7792, Region::Sicily, RAVAGNESE), [556986.910, 4218221.667], 0.001);
}

#[test]
fn every_system_agrees_with_cs2cs() {
    for (code, expected) in EXPECTED {
        near(convert(84, code, Region::Mainland, [15.65, 38.11]), expected, if expected[0].abs() < 180.0 { 1e-9 } else { 0.001 });
    }
}

/// To a millimetre and a half: EPSG's small-angle Helmert is its own inverse only to that.
#[test]
fn there_and_back_is_the_same_place() {
    for region in [Region::Mainland, Region::Sicily, Region::Sardinia] {
        for crs in all() {
            let there = convert(84, crs.srid().postgis(), region, [13.37, 38.11]);
            near(convert(crs.srid().postgis(), 84, region, there), [13.37, 38.11], 1.5e-8);
        }
    }
}

#[test]
fn accuracy_is_stated_with_its_source() {
    let accuracy = |from, to, region| Transformer::new(srid(from), srid(to), &Settings::new(region)).unwrap().accuracy().clone();
    assert_eq!(accuracy(7792, 25833, Region::Mainland).metres, 0.0);
    assert_eq!(accuracy(7792, 3857, Region::Mainland).metres, 1.0);
    assert_eq!(accuracy(7792, 23033, Region::Mainland).metres, 10.0);
    assert_eq!(accuracy(3003, 3004, Region::Mainland).metres, 0.0);
    let sicily = accuracy(4326, 3004, Region::Sicily);
    assert_eq!(sicily.metres, 4.0);
    assert!(sicily.source.it.contains("EPSG:1663") && sicily.source.it.contains("Sicilia"), "{}", sicily.source.it);
}

#[test]
fn what_is_not_in_the_register_is_refused() {
    let error = Transformer::new(srid(2154), Srid::CRS84, &Settings::default()).unwrap_err();
    assert!(matches!(error, CrsError::Unknown { .. }));
}

#[test]
fn a_grid_that_is_not_there_is_an_error_not_a_ballpark() {
    let settings = Settings::default().with_monte_mario_grid("/nowhere/R40.gsb".into()).unwrap();
    let error = Transformer::new(srid(3004), Srid::RDN2008_UTM33, &settings).and_then(|t| t.convert_one(RAVAGNESE)).unwrap_err();
    assert!(matches!(error, CrsError::Engine { .. } | CrsError::Position { .. }), "{error}");
}

#[test]
fn no_place_is_an_error_that_names_it() {
    let mercator = Transformer::new(Srid::CRS84, Srid::WEB_MERCATOR, &Settings::default()).unwrap();
    for bad in [[15.0, 90.0], [f64::NAN, 38.0], [15.0, f64::INFINITY], [15.0, 95.0]] {
        let mut positions = [[15.0, 38.0], bad];
        assert!(matches!(mercator.convert(&mut positions), Err(CrsError::Position { .. })), "{bad:?}");
    }
    let same = Transformer::new(Srid::CRS84, Srid::WGS84, &Settings::default()).unwrap();
    assert!(same.pipeline().is_none());
    assert!(same.convert_one([f64::NAN, 1.0]).is_err());
}

#[test]
fn systems_on_one_projection_share_their_numbers() {
    for (from, to) in [(7792, 25833), (7792, 6708), (4326, 6706), (84, 4258), (7791, 25832), (7794, 6875)] {
        assert_eq!(Transformer::new(srid(from), srid(to), &Settings::default()).unwrap().pipeline(), None, "{from} {to}");
    }
}

#[test]
fn a_box_follows_its_curved_sides() {
    let to_utm = Transformer::new(Srid::CRS84, srid(7791), &Settings::default()).unwrap();
    let image = to_utm.transform_bbox(&Bbox::new(15.0, 38.0, 16.0, 39.0).unwrap()).unwrap();
    let inside = to_utm.convert_one([15.5, 38.0]).unwrap();
    assert!(image.south() <= inside[1] && image.west() <= inside[0] && inside[0] <= image.east());
}

#[test]
fn many_threads_many_positions() {
    let transformer = Transformer::new(Srid::RDN2008_UTM33, Srid::CRS84, &Settings::default()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut positions = vec![[556983.209, 4218219.355]; 100_000];
                let start = Instant::now();
                transformer.convert(&mut positions).unwrap();
                let elapsed = start.elapsed();
                near(positions[99_999], [15.65, 38.11], 1e-7);
                assert!(elapsed.as_millis() < 2_000, "{elapsed:?}");
            });
        }
    });
}

/// `echo 38.11 15.65 | cs2cs -f %.10f EPSG:4326 EPSG:…`, east first.
const EXPECTED: [(i32, [f64; 2]); 23] = [
    (3003, [2083327.9152, 4238966.6716]),
    (3004, [2576990.8524, 4218220.8334]),
    (3857, [1742150.0309, 4594976.7990]),
    (4230, [15.6508083844, 38.1110437197]),
    (4258, [15.65, 38.11]),
    (4265, [15.6500526149, 38.1093814107]),
    (4326, [15.65, 38.11]),
    (6706, [15.65, 38.11]),
    (6707, [1083292.2287, 4238964.0711]),
    (6708, [556983.2086, 4218219.3548]),
    (6875, [7319680.8168, 4219667.3846]),
    (6876, [3320161.0584, 4226006.3942]),
    (7791, [1083292.2287, 4238964.0711]),
    (7792, [556983.2086, 4218219.3548]),
    (7793, [30823.3422, 4231561.0671]),
    (7794, [7319680.8168, 4219667.3846]),
    (23032, [1083380.9852, 4239156.1885]),
    (23033, [557055.8191, 4218405.7456]),
    (25832, [1083292.2287, 4238964.0711]),
    (25833, [556983.2086, 4218219.3548]),
    (32632, [1083292.2287, 4238964.0712]),
    (32633, [556983.2086, 4218219.3549]),
    (32634, [30823.3422, 4231561.0672]),
];
