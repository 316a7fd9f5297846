use geo_types::{LineString, MultiPolygon};
use kernel::Srid;

use crate::{Crs, Settings, Transformer, Unit};

/// A system that a file without one may be in.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The system to name with `--crs`.
    pub srid: Srid,
    /// Its name.
    pub title: &'static str,
    /// Systems that give the same positions to within their accuracy, so that a file can't tell them apart.
    pub also: Vec<Srid>,
    /// Whether the file's first number would be the north one.
    pub swapped: bool,
    /// How many of the positions fall inside the boundary, 0 to 1.
    pub share_inside: f64,
    /// From the middle position to the boundary in metres; 0 inside.
    pub distance_m: f64,
}

/// The questions asked, in order of preference among equally good answers. One group is one answer, its first system
/// the one that is offered: the Italian one, except in degrees, where files without a word about it mostly mean WGS 84.
#[rustfmt::skip]
const GROUPS: [&[i32]; 12] = [
    &[7792, 25833, 32633],
    &[7791, 25832, 32632],
    &[4326, 4258, 6706],
    &[3004],
    &[3003],
    &[3857],
    &[7794],
    &[6876],
    &[4265],
    &[4230],
    &[23033],
    &[23032],
];

/// Positions looked at, evenly spread over those given.
const SAMPLES: usize = 500;

/// Beyond this the Earth's other side begins.
const TOO_FAR_M: f64 = 20_100_000.0;

/// What positions could be in, given that they should lie in `boundary` (CRS84, longitude first): the best guess first.
///
/// Every group of systems is tried as it is and with the two numbers swapped. Systems in which the positions have no
/// place on Earth are left out.
pub fn candidates(positions: &[[f64; 2]], boundary: &MultiPolygon<f64>, settings: &Settings) -> Vec<Candidate> {
    let step = positions.len().div_ceil(SAMPLES).max(1);
    let sample: Vec<[f64; 2]> = positions.iter().step_by(step).copied().collect();
    let mut found: Vec<Candidate> = Vec::new();
    for group in GROUPS {
        for swapped in [false, true] {
            found.extend(try_group(group, swapped, &sample, boundary, settings));
        }
    }
    // A stable sort, so that preference decides among equals.
    found.sort_by(|a, b| {
        let share = b.share_inside.total_cmp(&a.share_inside);
        share.then(a.distance_m.round().total_cmp(&b.distance_m.round())).then(a.swapped.cmp(&b.swapped))
    });
    found
}

fn try_group(group: &[i32], swapped: bool, sample: &[[f64; 2]], boundary: &MultiPolygon<f64>, settings: &Settings) -> Option<Candidate> {
    let mut systems = group.iter().filter_map(|code| Srid::new(*code));
    let crs = Crs::get(systems.next()?)?;
    let mut places: Vec<[f64; 2]> = sample.iter().map(|[x, y]| if swapped { [*y, *x] } else { [*x, *y] }).collect();
    if crs.unit() == Unit::Degree && !places.iter().all(|[x, y]| x.abs() <= 180.0 && y.abs() <= 90.0) {
        return None;
    }
    Transformer::new(crs.srid(), Srid::CRS84, settings).ok()?.convert(&mut places).ok()?;
    let inside = places.iter().filter(|p| contains(boundary, **p)).count();
    let middle = median(&places)?;
    let distance_m = if contains(boundary, middle) { 0.0 } else { distance(boundary, middle) };
    (distance_m < TOO_FAR_M).then(|| Candidate {
        srid: crs.srid(),
        title: crs.title(),
        also: systems.collect(),
        swapped,
        share_inside: inside as f64 / places.len() as f64,
        distance_m,
    })
}

/// The middle one by each coordinate: a few wild positions don't move it.
fn median(places: &[[f64; 2]]) -> Option<[f64; 2]> {
    let middle = |axis: usize| {
        let mut values: Vec<f64> = places.iter().map(|p| p[axis]).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    Some([middle(0)?, middle(1)?])
}

/// Even-odd rule over all rings; on the line may be either.
fn contains(areas: &MultiPolygon<f64>, [x, y]: [f64; 2]) -> bool {
    let crossings: usize = rings(areas)
        .flat_map(LineString::lines)
        .filter(|l| (l.start.y > y) != (l.end.y > y) && x < (l.end.x - l.start.x) * (y - l.start.y) / (l.end.y - l.start.y) + l.start.x)
        .count();
    crossings % 2 == 1
}

fn rings(areas: &MultiPolygon<f64>) -> impl Iterator<Item = &LineString<f64>> {
    areas.iter().flat_map(|area| std::iter::once(area.exterior()).chain(area.interiors()))
}

/// Metres to the nearest point of the outline: found in a plane round the place, then measured along a great circle.
fn distance(areas: &MultiPolygon<f64>, [x, y]: [f64; 2]) -> f64 {
    let shrink = y.to_radians().cos().max(0.01);
    let mut best = (f64::INFINITY, [x, y]);
    for line in rings(areas).flat_map(LineString::lines) {
        let (ax, ay) = ((line.start.x - x) * shrink, line.start.y - y);
        let (dx, dy) = ((line.end.x - line.start.x) * shrink, line.end.y - line.start.y);
        let length = dx * dx + dy * dy;
        let t = if length > 0.0 { (-(ax * dx + ay * dy) / length).clamp(0.0, 1.0) } else { 0.0 };
        let (px, py) = (ax + t * dx, ay + t * dy);
        if px * px + py * py < best.0 {
            best = (px * px + py * py, [x + px / shrink, y + py]);
        }
    }
    if best.0.is_finite() { haversine([x, y], best.1) } else { f64::INFINITY }
}

fn haversine([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let chord = half(by - ay) + ay.to_radians().cos() * by.to_radians().cos() * half(bx - ax);
    2.0 * 6_371_008.8 * chord.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use crate::{Settings, Transformer};
    use geo_types::{MultiPolygon, polygon};
    use kernel::Srid;

    fn reggio() -> MultiPolygon<f64> {
        let area = polygon![(x: 15.62, y: 38.05), (x: 15.80, y: 38.05), (x: 15.80, y: 38.20), (x: 15.62, y: 38.20)];
        MultiPolygon::new(vec![area])
    }

    fn positions_in(code: i32) -> Vec<[f64; 2]> {
        let mut places = vec![[15.65, 38.11], [15.66, 38.12], [15.70, 38.10]];
        Transformer::new(Srid::CRS84, Srid::new(code).unwrap(), &Settings::default()).unwrap().convert(&mut places).unwrap();
        places
    }

    fn best(positions: &[[f64; 2]]) -> (i32, bool, f64) {
        let found = candidates(positions, &reggio(), &Settings::default());
        (found[0].srid.postgis(), found[0].swapped, found[0].share_inside)
    }

    #[test]
    fn the_right_system_comes_first_and_the_italian_one_of_a_group() {
        assert_eq!(best(&positions_in(32633)), (7792, false, 1.0));
        assert_eq!(best(&positions_in(7791)), (7791, false, 1.0));
        assert_eq!(best(&positions_in(3004)), (3004, false, 1.0));
        assert_eq!(best(&positions_in(3857)), (3857, false, 1.0));
        assert_eq!(best(&positions_in(6876)), (6876, false, 1.0));
        assert_eq!(best(&[[15.65, 38.11]]), (4326, false, 1.0));
    }

    /// Monte Mario and ED50 lie so near to WGS 84 that positions in degrees alone never tell them apart.
    #[test]
    fn degrees_may_be_of_any_datum() {
        let found = candidates(&[[15.65, 38.11], [15.66, 38.12]], &reggio(), &Settings::default());
        let fit: Vec<i32> = found.iter().filter(|c| c.share_inside == 1.0).map(|c| c.srid.postgis()).collect();
        assert_eq!(fit, [4326, 4265, 4230]);
        assert_eq!(found[0].also.iter().map(|srid| srid.postgis()).collect::<Vec<_>>(), [4258, 6706]);
    }

    #[test]
    fn swapped_axes_are_recognised() {
        assert_eq!(best(&[[38.11, 15.65], [38.12, 15.66]]), (4326, true, 1.0));
        let swapped: Vec<[f64; 2]> = positions_in(7792).iter().map(|[x, y]| [*y, *x]).collect();
        assert_eq!(best(&swapped), (7792, true, 1.0));
    }

    #[test]
    fn elsewhere_has_a_distance_and_nowhere_has_no_answer() {
        let found = candidates(&[[12.5, 41.9]], &reggio(), &Settings::default());
        let rome = found.iter().find(|c| c.srid == Srid::WGS84 && !c.swapped).unwrap();
        assert_eq!(rome.share_inside, 0.0);
        assert!((rome.distance_m - 492_000.0).abs() < 5_000.0, "{}", rome.distance_m);
        assert_eq!(candidates(&[[1e300, 1e300]], &reggio(), &Settings::default()), []);
        assert_eq!(candidates(&[[f64::NAN, 1.0]], &reggio(), &Settings::default()), []);
        assert_eq!(candidates(&[], &reggio(), &Settings::default()), []);
    }
}
