use kernel::Bbox;

use crate::geometry::Shape;

/// Strips that each area is cut into: a comune's outline has thousands of edges, a strip a handful.
const STRIPS: usize = 1024;

/// Tells in which area a point lies, some hundred nanoseconds each.
#[derive(Debug, Default)]
pub(crate) struct Locator {
    areas: Vec<Area>,
}

#[derive(Debug)]
struct Area {
    id: String,
    bbox: Bbox,
    /// From south to north; each has the edges that touch it, as `[x, y, x, y]`.
    strips: Vec<Vec<[f64; 4]>>,
}

impl Locator {
    /// Adds an area (polygons, with holes).
    pub(crate) fn add(&mut self, id: &str, shape: &Shape) {
        let Some(bbox) = Bbox::around(shape.positions.iter().map(|p| (p[0], p[1]))) else { return };
        let mut area = Area { id: id.to_owned(), bbox, strips: vec![Vec::new(); STRIPS] };
        let mut first = 0;
        for &end in &shape.sequences {
            for edge in shape.positions[first..end].windows(2) {
                let [[ax, ay], [bx, by]] = [edge[0], edge[1]];
                for strip in area.strip(ay.min(by))..=area.strip(ay.max(by)) {
                    area.strips[strip].push([ax, ay, bx, by]);
                }
            }
            first = end;
        }
        self.areas.push(area);
    }

    /// The names of the areas.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &str> {
        self.areas.iter().map(|area| area.id.as_str())
    }

    /// The first area that the point lies in; on an outline, either of the two.
    pub(crate) fn locate(&self, [x, y]: [f64; 2]) -> Option<&str> {
        let holds = |area: &&Area| {
            let b = &area.bbox;
            b.west() <= x && x <= b.east() && b.south() <= y && y <= b.north() && area.contains(x, y)
        };
        self.areas.iter().find(holds).map(|area| area.id.as_str())
    }
}

impl Area {
    fn strip(&self, y: f64) -> usize {
        let height = self.bbox.height();
        if height > 0.0 { (((y - self.bbox.south()) / height * STRIPS as f64) as usize).min(STRIPS - 1) } else { 0 }
    }

    /// The even-odd rule over all rings.
    fn contains(&self, x: f64, y: f64) -> bool {
        let crosses = |[ax, ay, bx, by]: &&[f64; 4]| (*ay > y) != (*by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax;
        self.strips[self.strip(y)].iter().filter(crosses).count() % 2 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::Locator;
    use crate::Limits;
    use crate::geometry;
    use crate::source::RawGeometry;

    fn locator(areas: &[(&str, &str)]) -> Locator {
        let mut locator = Locator::default();
        for (id, wkt) in areas {
            locator.add(id, &geometry::tidy(RawGeometry::Wkt((*wkt).to_owned()), &Limits::default()).unwrap().shape);
        }
        locator
    }

    #[test]
    fn holes_and_islands_are_told_apart() {
        let locator = locator(&[
            ("ring", "MULTIPOLYGON(((0 0,10 0,10 10,0 10,0 0),(4 4,6 4,6 6,4 6,4 4)),((20 0,21 0,21 1,20 1,20 0)))"),
            ("hole", "POLYGON((4 4,6 4,6 6,4 6,4 4))"),
        ]);
        let cases =
            [([1.0, 1.0], Some("ring")), ([5.0, 5.0], Some("hole")), ([20.5, 0.5], Some("ring")), ([15.0, 5.0], None), ([-1.0, 0.5], None)];
        for (point, id) in cases {
            assert_eq!(locator.locate(point), id, "{point:?}");
        }
    }

    #[test]
    fn a_jagged_circle_holds_what_is_nearer_than_its_inner_radius() {
        let corners: Vec<String> = (0..=20_000)
            .map(|i| {
                let angle = f64::from(i % 20_000) / 20_000.0 * std::f64::consts::TAU;
                let radius = if i % 2 == 0 { 100.0 } else { 101.0 };
                format!("{} {}", radius * angle.cos(), radius * angle.sin())
            })
            .collect();
        let locator = locator(&[("disc", &format!("POLYGON(({}))", corners.join(",")))]);
        for i in 0..10_000 {
            let (angle, radius) = (f64::from(i) * 0.7, f64::from(i % 110));
            let inside = locator.locate([radius * angle.cos(), radius * angle.sin()]).is_some();
            if !(99.9..101.1).contains(&radius) {
                assert_eq!(inside, radius < 100.5, "{radius} at {angle}");
            }
        }
    }
}
