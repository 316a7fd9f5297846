//! The plan of a parcel among its neighbours, fitted to a piece of paper at a round scale: drawn on the page and in the document.

use maud::{Markup, html};
use serde_json::Value;

/// Positions of a ring, the last as the first.
pub(super) type Ring = Vec<(f64, f64)>;

/// The paper of the drawing, mm.
pub(super) const PAPER_MM: (f64, f64) = (180.0, 100.0);
/// Pixels of the picture on the page for a millimetre of the paper.
const PIXELS: f64 = 4.0;
/// How much larger than the parcel the paper is, so that its neighbours are seen.
const MARGIN: f64 = 1.35;
/// The scales of plans: 1 to so many.
const SCALES: [u32; 16] = [100, 200, 250, 500, 1_000, 1_500, 2_000, 2_500, 4_000, 5_000, 10_000, 15_000, 20_000, 25_000, 50_000, 100_000];
/// The longest bar of the scale, mm.
const BAR_MM: f64 = 40.0;

/// An area with its number.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Shape {
    pub(super) rings: Vec<Ring>,
    pub(super) number: String,
    /// Where the number is written.
    pub(super) label: Option<(f64, f64)>,
}

/// In the plane of the storage system, metres.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) parcel: Shape,
    pub(super) neighbours: Vec<Shape>,
}

/// How the plane lies on the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fit {
    /// The scale is 1 to so many.
    pub(super) scale: u32,
    centre: (f64, f64),
}

impl Shape {
    /// From a GeoJSON geometry.
    pub(super) fn new(geometry: &Value, number: &str, label: Option<(f64, f64)>) -> Self {
        let mut all = Vec::new();
        gather(geometry, &mut all);
        Self { rings: all, number: number.to_owned(), label }
    }
}

impl Plan {
    /// The parcel with its number and where that is written, among its neighbours.
    pub(super) fn new((geometry, number, label): (&Value, &str, (f64, f64)), neighbours: Vec<Shape>) -> Self {
        Self { parcel: Shape::new(geometry, number, Some(label)), neighbours }
    }

    /// The largest round scale at which the parcel and something round it are on the paper.
    pub(super) fn fit(&self) -> Fit {
        let positions = || self.parcel.rings.iter().flatten();
        let span = |of: fn(&(f64, f64)) -> f64| {
            let (least, most) =
                positions().map(of).fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), v| (least.min(v), most.max(v)));
            if least <= most { (least, most) } else { (0.0, 0.0) }
        };
        let ((west, east), (south, north)) = (span(|p| p.0), span(|p| p.1));
        let needed = ((east - west) / PAPER_MM.0).max((north - south) / PAPER_MM.1) * MARGIN * 1_000.0;
        let scale = SCALES.into_iter().find(|scale| f64::from(*scale) >= needed).unwrap_or(200_000);
        Fit { scale, centre: (f64::midpoint(west, east), f64::midpoint(south, north)) }
    }

    /// The picture for the page.
    pub(super) fn svg(&self, title: &str) -> Markup {
        let fit = self.fit();
        let (width, height) = (PAPER_MM.0 * PIXELS, PAPER_MM.1 * PIXELS);
        let pixel = |position| {
            let (x, y) = fit.on_paper(position);
            (x * PIXELS, height - y * PIXELS)
        };
        let outline = |shape: &Shape| shape.rings.iter().map(|ring| path(ring.iter().map(|p| pixel(*p)))).collect::<String>();
        let bar = fit.bar_m();
        let bar_end = 16.0 + fit.mm(bar) * PIXELS;
        html! {
            svg.plan viewBox=(format!("0 0 {width} {height}")) role="img" aria-label=(title) {
                @for shape in &self.neighbours { path.beside d=(outline(shape)) {} }
                path.itself d=(outline(&self.parcel)) {}
                @for shape in self.neighbours.iter().chain([&self.parcel]) {
                    @if let Some((x, y)) = shape.label.map(pixel).filter(|(x, y)| (0.0..width).contains(x) && (0.0..height).contains(y)) {
                        text x=(rounded(x)) y=(rounded(y + 4.0)) text-anchor="middle" { (shape.number) }
                    }
                }
                path.scale d=(format!("M16 {0}V{1}H{2}V{0}", rounded(height - 22.0), rounded(height - 16.0), rounded(bar_end))) {}
                text x=(rounded(bar_end + 6.0)) y=(rounded(height - 12.0)) { (bar) " m" }
                path.north d=(format!("M{0} 14L{1} 38L{0} 32L{2} 38Z", rounded(width - 24.0), rounded(width - 17.0), rounded(width - 31.0))) {}
                text x=(rounded(width - 24.0)) y="52" text-anchor="middle" { "N" }
            }
        }
    }
}

impl Fit {
    /// Millimetres of the paper for so many metres.
    pub(super) fn mm(&self, metres: f64) -> f64 {
        metres * 1_000.0 / f64::from(self.scale)
    }

    /// Where a position lies on the paper, mm from its lower left corner.
    pub(super) fn on_paper(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (PAPER_MM.0 / 2.0 + self.mm(x - self.centre.0), PAPER_MM.1 / 2.0 + self.mm(y - self.centre.1))
    }

    /// The length of the bar of the scale: the longest round number of metres that has room.
    pub(super) fn bar_m(&self) -> f64 {
        let most = BAR_MM * f64::from(self.scale) / 1_000.0;
        let power = 10_f64.powf(most.log10().floor());
        [5.0, 2.0].into_iter().map(|times| times * power).find(|metres| *metres <= most).unwrap_or(power)
    }
}

/// The rings of GeoJSON coordinates of any depth.
pub(super) fn rings(coordinates: &Value, all: &mut Vec<Ring>) {
    let Some(parts) = coordinates.as_array() else { return };
    let position = |value: &Value| Some((value.get(0)?.as_f64()?, value.get(1)?.as_f64()?));
    match parts.iter().map(position).collect::<Option<Ring>>() {
        Some(ring) if ring.len() >= 4 => all.push(ring),
        _ => parts.iter().for_each(|part| rings(part, all)),
    }
}

/// The rings of a geometry that may be a collection: what is cut at an edge may leave a line.
fn gather(geometry: &Value, all: &mut Vec<Ring>) {
    match geometry["type"].as_str() {
        Some("GeometryCollection") => {
            geometry["geometries"].as_array().into_iter().flatten().for_each(|part| gather(part, all));
        }
        Some("Polygon" | "MultiPolygon") => rings(&geometry["coordinates"], all),
        _ => {}
    }
}

fn path(positions: impl Iterator<Item = (f64, f64)>) -> String {
    let mut path = String::new();
    for (x, y) in positions {
        path.push(if path.is_empty() { 'M' } else { 'L' });
        path.push_str(&format!("{} {}", rounded(x), rounded(y)));
    }
    if !path.is_empty() {
        path.push('Z');
    }
    path
}

fn rounded(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::{Plan, Shape, rings};
    use serde_json::json;

    fn square(side: f64) -> Plan {
        let geometry = json!({"type": "Polygon", "coordinates": [[[0, 0], [side, 0], [side, side], [0, side], [0, 0]]]});
        let hole = json!({"type": "GeometryCollection", "geometries": [
            {"type": "LineString", "coordinates": [[0, 0], [1, 1], [2, 2], [3, 3]]},
            {"type": "MultiPolygon", "coordinates": [[[[side, 0], [side, 1], [side + 9.0, 1], [side, 0]]]]}
        ]});
        Plan::new((&geometry, "100", (side / 2.0, side / 2.0)), vec![Shape::new(&hole, "STRADA001", None)])
    }

    #[test]
    fn a_plan_has_a_round_scale_and_its_parcel_in_the_middle() {
        // 20 m and a third more on 100 mm
        let fit = square(20.0).fit();
        assert_eq!((fit.scale, fit.on_paper((10.0, 10.0)), fit.bar_m()), (500, (90.0, 50.0), 20.0));
        assert_eq!(fit.on_paper((20.0, 10.0)), (110.0, 50.0));
        assert_eq!((square(2_000.0).fit().scale, square(1e6).fit().scale), (50_000, 200_000));
        assert_eq!(Plan::new((&json!(null), "1", (0.0, 0.0)), Vec::new()).fit().scale, 100);
    }

    #[test]
    fn rings_are_found_at_any_depth_and_lines_are_none() {
        let plan = square(20.0);
        assert_eq!((plan.parcel.rings.len(), plan.neighbours[0].rings.len(), plan.neighbours[0].rings[0].len()), (1, 1, 4));
        let mut all = Vec::new();
        rings(&json!([[1, 2], "x"]), &mut all);
        assert!(all.is_empty());
    }

    #[test]
    fn the_picture_has_numbers_a_bar_and_the_north() {
        let svg = square(20.0).svg("Pianta").into_string();
        for part in ["aria-label=\"Pianta\"", ">100<", "20 m", ">N<", "M280 280L440 280L440 120L280 120L280 280Z"] {
            assert!(svg.contains(part), "{part}: {svg}");
        }
        assert!(!svg.contains("STRADA001"), "it has no place");
    }
}
