use crs::{Crs, Settings, Transformer, Unit};
use kernel::{Bbox, Problem, Srid};

/// How far beyond a system's area of use a rectangle is still looked at, in degrees.
const MARGIN: f64 = 10.0;

/// Rectangles, any of which a feature may touch, each in a system that PostGIS may be told it in. None: nothing matches.
pub(crate) type Boxes = Vec<(Bbox, Srid)>;

/// Reads `bbox` in the system of `bbox-crs` (OGC API Features, 7.15.3, and part 2, 6.3): four numbers, or six with heights,
/// in the axis order of the authority.
///
/// In degrees it may cross the antimeridian (west greater than east). What lies far outside the area of the storage system
/// is cut off, since it has no place there and no rows; a rectangle that holds all of that area is no condition: `None`.
pub(crate) fn parse(text: &str, crs: &'static Crs, storage: &'static Crs, settings: &Settings) -> Result<Option<Boxes>, Problem> {
    let wrong = |detail: String| Problem::invalid_parameter("bbox", detail, allowed(crs));
    let [a, b, c, d] = Bbox::parse_numbers(text).map_err(|e| wrong(e.to_string()))?;
    let ([west, south], [east, north]) = (crs.from_authority_order([a, b]), crs.from_authority_order([c, d]));
    for corner in [[west, south], [east, north]] {
        if !holds(crs, corner) {
            return Err(wrong(format!("{}, {} is outside the extent of {}", corner[0], corner[1], crs.srid())));
        }
    }
    let parts = if crs.unit() == Unit::Degree && west > east {
        vec![Bbox::new(west, south, 180.0, north), Bbox::new(-180.0, south, east, north)]
    } else {
        vec![Bbox::new(west, south, east, north)]
    };
    let limits = limits(crs, storage, settings);
    let mut boxes = Vec::new();
    for part in parts {
        let part = part.map_err(|e| wrong(e.to_string()))?;
        let part = limits.map_or(Some(part), |l| intersection(&part, &l));
        if part.is_some() && part == limits {
            return Ok(None);
        }
        if let Some(part) = part {
            boxes.push(into_family(part, crs, settings).map_err(wrong)?);
        }
    }
    Ok(Some(boxes))
}

/// What the parameter takes in this system.
fn allowed(crs: &Crs) -> String {
    let [first, second] = crs.axes();
    format!("min {first},min {second},max {first},max {second} in the units of {} ({})", crs.srid(), crs.unit().name())
}

fn holds(crs: &Crs, [x, y]: [f64; 2]) -> bool {
    match crs.unit() {
        Unit::Degree => x.abs() <= 180.0 && y.abs() <= 90.0,
        Unit::Metre => crs.holds([x, y]),
    }
}

/// The area of the storage system, in the rectangle's system; `None` if that can't be said.
fn limits(crs: &Crs, storage: &Crs, settings: &Settings) -> Option<Bbox> {
    let area = storage.area().widened(MARGIN);
    Transformer::new(Srid::CRS84, crs.srid(), settings).ok()?.transform_bbox(&area).ok()
}

fn intersection(a: &Bbox, b: &Bbox) -> Option<Bbox> {
    Bbox::new(a.west().max(b.west()), a.south().max(b.south()), a.east().min(b.east()), a.north().min(b.north())).ok()
}

/// Brings the rectangle to the system in which PostGIS may be told it.
fn into_family(part: Bbox, crs: &Crs, settings: &Settings) -> Result<(Bbox, Srid), String> {
    let to = crs.in_postgis();
    let transformed = Transformer::new(crs.srid(), to, settings).and_then(|t| t.transform_bbox(&part));
    transformed.map(|b| (b, to)).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crs::{Crs, Settings};
    use kernel::Srid;

    fn boxes(text: &str, code: i32) -> Result<Option<super::Boxes>, kernel::Problem> {
        let crs = Crs::get(Srid::new(code).unwrap()).unwrap();
        let storage = Crs::get(Srid::RDN2008_UTM33).unwrap();
        parse(text, crs, storage, &Settings::default())
    }

    fn sides(text: &str, code: i32) -> Vec<[f64; 4]> {
        boxes(text, code).unwrap().unwrap().into_iter().map(|(b, _)| b.into()).collect()
    }

    #[test]
    fn numbers_come_in_the_order_of_the_authority() {
        assert_eq!(sides("15,38,16,39", 84), [[15.0, 38.0, 16.0, 39.0]]);
        assert_eq!(sides("38,15,39,16", 4326), [[15.0, 38.0, 16.0, 39.0]]);
        assert_eq!(sides("15,38,0,16,39,100", 84), [[15.0, 38.0, 16.0, 39.0]]);
        assert_eq!(sides("4200000,550000,4210000,560000", 6708), [[550_000.0, 4_200_000.0, 560_000.0, 4_210_000.0]]);
    }

    #[test]
    fn the_world_is_cut_to_where_the_storage_system_is_used() {
        assert_eq!(boxes("-180,-90,180,90", 84), Ok(None));
        assert_eq!(boxes("-90,-180,90,180", 4326), Ok(None));
        let east = sides("15,-90,180,90", 84);
        assert!(east.len() == 1 && east[0][0] == 15.0 && east[0][2] < 29.0, "{east:?}");
        assert!(sides("-179,-80,-170,-70", 84).is_empty());
    }

    #[test]
    fn across_the_antimeridian() {
        assert!(sides("177,65,-177,70", 84).is_empty());
        assert_eq!(sides("14,38,-177,39", 84), [[14.0, 38.0, 28.0, 39.0]]);
        assert_eq!(sides("15,38,14,39", 84).len(), 2);
    }

    #[test]
    fn gauss_boaga_is_told_in_the_projection_it_almost_is() {
        let [(bbox, srid)] = boxes("2576990,4218220,2577990,4219220", 3004).unwrap().unwrap()[..] else { panic!("one box") };
        assert_eq!(srid, Srid::RDN2008_UTM33);
        assert!((bbox.west() - 556_982.36).abs() < 0.2 && (bbox.width() - 1000.0).abs() < 0.2, "{bbox:?}");
    }

    #[test]
    fn what_is_no_rectangle_there_is_refused() {
        for (bad, code) in [
            ("", 84),
            ("1,2,3", 84),
            ("1,2,3,4,5", 84),
            ("a,b,c,d", 84),
            ("NaN,0,1,1", 84),
            ("1e309,0,1,1", 84),
            ("0,10,1,5", 84),
            ("-181,0,1,1", 84),
            ("0,0,181,1", 84),
            ("0,-91,1,1", 84),
            ("100,15,101,16", 4326),
            ("2,0,1,1", 7792),
            ("0,0,1e12,1", 7792),
        ] {
            assert!(boxes(bad, code).is_err(), "{bad}");
        }
    }
}
