//! What may harm, as surveys of the town found it: floods along its rivers, landslides on its hills, fires in its scrub, noise by what covers the
//! land; and where people bathe and leave their waste.

use crate::assemble::{ORIGIN, ring};
use crate::plane::{M, V};
use crate::records::{LandCoverKind, PoiKind, Point, Polygon};
use crate::rng::{Noise, Rng};
use crate::skeleton::{Course, Ground};
use crate::{CASTELMARINA, Town};

/// What a survey is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HazardKind {
    /// Land that may be flooded.
    Flood,
    /// Slopes that may slide.
    Landslide,
    /// How loud it may be.
    Noise,
    /// Where a fire was.
    Fire,
}

/// A zone of a survey. It may reach into both comuni, and beyond.
#[derive(Clone, Debug, PartialEq)]
pub struct Hazard {
    /// What the survey is of.
    pub kind: HazardKind,
    /// In which of the survey's versions it is: 1 and 2 one after the other, 3 a draft.
    pub versions: &'static [u8],
    /// `P1`…, `AA`, `I`…; none for a fire.
    pub class: &'static str,
    /// A river's name, a kind of landslide, a locality.
    pub about: String,
    /// The day of a fire.
    pub on: Option<String>,
    /// Surface.
    pub geometry: Polygon,
}

/// A stretch of sea where people bathe.
#[derive(Clone, Debug, PartialEq)]
pub struct BathingStretch {
    /// Name.
    pub name: String,
    /// `excellent`, `good`, `sufficient`, `poor`.
    pub quality: &'static str,
    /// Escherichia coli and enterococci in 100 ml.
    pub counts: [i32; 2],
    /// Surface.
    pub geometry: Polygon,
}

/// A container for waste.
#[derive(Clone, Debug, PartialEq)]
pub struct WasteContainer {
    /// ISTAT code.
    pub comune: &'static str,
    /// `paper`, `glass`, `plastic`, `organic`, `residual`, `textiles`, `batteries`.
    pub fraction: &'static str,
    /// The street.
    pub street: String,
    /// Where it stands.
    pub geometry: Point,
}

/// One house number in so many has containers before it.
const NUMBERS_A_STAND: usize = 30;
/// One landslide for so many square metres of hills.
const HILLS_A_SLIDE: f64 = 160_000.0;

/// Adds them to a town that has its land, house numbers and points of interest.
pub(crate) fn survey(ground: &Ground, seed: u64, town: &mut Town) {
    let mut rng = Rng::new(seed, 0x4A2A);
    floods(ground, town);
    slides(ground, &mut rng, town);
    noise(ground, &mut rng, town);
    fires(ground, &mut rng, town);
    bathing(ground, &mut rng, town);
    waste(&mut rng, town);
}

/// Bands along each river, one within the other: graphs over the distance inland, so that none crosses itself.
fn floods(ground: &Ground, town: &mut Town) {
    let depth = ground.layout.depth;
    for (i, river) in ground.layout.rivers.iter().enumerate() {
        let course = Course::of(ground.seed, depth, i as u8, river);
        let edge = Noise::new(ground.seed, 210 + i as u64, 240.0);
        let bands: [(&str, f64, f64, &'static [u8]); 4] =
            [("P1", 95.0, 0.9, &[1, 2]), ("P2", 42.0, 0.45, &[1, 2]), ("P3", 6.0, 0.1, &[1]), ("P3", 14.0, 0.2, &[2])];
        for (class, beyond, spread, versions) in bands {
            let reach = |u: f64, side: f64| {
                let mouth = 1.0 + 1.4 * (1.0 - u / (0.4 * depth)).clamp(0.0, 1.0);
                side * (0.5 * river.width_at(u, depth) + beyond * mouth * (1.0 + spread * edge.at(u, side * 700.0)))
            };
            let steps: Vec<f64> = (0..).map(|k| 2.0 + 20.0 * f64::from(k)).take_while(|u| *u < depth - 15.0).collect();
            let south = steps.iter().map(|u| ground.frame.ground(*u, course.at(*u) + reach(*u, -1.0)));
            let north = steps.iter().rev().map(|u| ground.frame.ground(*u, course.at(*u) + reach(*u, 1.0)));
            let outline: Vec<M> = south.chain(north).collect();
            let about = river.name.to_owned();
            town.hazards.push(Hazard { kind: HazardKind::Flood, versions, class, about, on: None, geometry: area(&outline) });
        }
    }
}

/// On the slopes above the ring road.
fn slides(ground: &Ground, rng: &mut Rng, town: &mut Town) {
    let layout = ground.layout;
    let count = ((layout.depth - layout.ring) * layout.length / HILLS_A_SLIDE).ceil().max(8.0) as usize;
    for k in 0..count {
        let class = rng.pick(&["P1", "P1", "P2", "P2", "P3", "P4", "AA"]);
        let kind = rng.pick(&["scivolamento", "colata lenta", "crollo", "area a franosità diffusa"]);
        let middle = [rng.range(layout.ring + 150.0, layout.depth - 130.0), rng.range(150.0, layout.length - 150.0)];
        let radius = rng.range(28.0, 95.0);
        let about = kind.to_owned();
        // the draft has those of the plan in force and some that were found since
        let versions: &'static [u8] = if k % 7 == 3 { &[3] } else { &[2, 3] };
        let geometry = area(&blob(ground, middle, radius, 300 + k as u64));
        town.hazards.push(Hazard { kind: HazardKind::Landslide, versions, class, about, on: None, geometry });
    }
}

/// Every surface of the land has a class by what covers it (L. 447/1995).
fn noise(ground: &Ground, rng: &mut Rng, town: &mut Town) {
    let works = ground.layout.works;
    let zones = town.land_cover.iter().filter(|cover| cover.comune == CASTELMARINA).map(|cover| {
        let [u, v] = ground.frame.plan(middle(&cover.geometry));
        let class = match cover.kind {
            LandCoverKind::BuiltUp if works.iter().any(|area| area.holds(u, v)) => rng.pick(&["V", "VI"]),
            LandCoverKind::BuiltUp if u < ground.layout.corso + 60.0 => "IV",
            LandCoverKind::BuiltUp => rng.pick(&["III", "III", "II"]),
            LandCoverKind::Park => "I",
            LandCoverKind::Wood => "II",
            LandCoverKind::Sand => "IV",
            LandCoverKind::Farmland | LandCoverKind::Scrub => "III",
        };
        Hazard { kind: HazardKind::Noise, versions: &[2], class, about: String::new(), on: None, geometry: cover.geometry.clone() }
    });
    town.hazards.extend(zones.collect::<Vec<_>>());
}

/// In summer, where there is scrub or wood. Those before 2020 were in the first register too.
fn fires(ground: &Ground, rng: &mut Rng, town: &mut Town) {
    let dry = |kind| matches!(kind, LandCoverKind::Scrub | LandCoverKind::Wood);
    let wild: Vec<M> = town.land_cover.iter().filter(|cover| dry(cover.kind)).map(|cover| middle(&cover.geometry)).collect();
    let step = (wild.len() / 40).max(1);
    let places: Vec<String> =
        town.place_names.iter().filter(|name| name.kind == crate::PlaceKind::Locality).map(|name| name.name.clone()).collect();
    for (k, at) in wild.into_iter().step_by(step).enumerate() {
        let year = 2012 + rng.below(14);
        let on = format!("{year}-{:02}-{:02}", 6 + rng.below(4), 1 + rng.below(28));
        let about = if places.is_empty() { "Contrada Ginestra".to_owned() } else { places[rng.below(places.len())].clone() };
        let radius = rng.range(40.0, 150.0);
        let geometry = area(&blob(ground, ground.frame.plan(at), radius, 900 + k as u64));
        let versions: &'static [u8] = if year < 2020 { &[1, 2] } else { &[2] };
        town.hazards.push(Hazard { kind: HazardKind::Fire, versions, class: "", about, on: Some(on), geometry });
    }
}

/// Before the beach, 180 m out.
fn bathing(ground: &Ground, rng: &mut Rng, town: &mut Town) {
    let lidos: Vec<(f64, String)> = town
        .points_of_interest
        .iter()
        .filter(|place| place.kind == PoiKind::Lido)
        .map(|place| (ground.frame.plan(local(place.geometry))[1], place.name.clone()))
        .collect();
    let run = (ground.layout.length / 6.0).clamp(280.0, 1_400.0);
    let mut v = 0.0;
    while v + 0.5 * run < ground.layout.length {
        let end = (v + run).min(ground.layout.length);
        let steps: Vec<f64> = (0..=20).map(|k| v + (end - v) * f64::from(k) / 20.0).collect();
        // counter-clockwise, as rings of areas are
        let shore = steps.iter().map(|v| ground.frame.ground(-6.0, *v));
        let sea = steps.iter().rev().map(|v| ground.frame.ground(-180.0, *v));
        let outline: Vec<M> = shore.chain(sea).collect();
        let near_river = ground.layout.rivers.iter().any(|river| (v - 60.0..end + 60.0).contains(&river.v));
        let quality = if near_river { rng.pick(&["sufficient", "poor"]) } else { rng.pick(&["excellent", "excellent", "good"]) };
        let most = match quality {
            "excellent" => 200,
            "good" => 450,
            "sufficient" => 480,
            _ => 1_400,
        };
        let lido = lidos.iter().find(|(at, _)| (v..end).contains(at)).map(|(_, name)| name.clone());
        let name = lido.unwrap_or_else(|| format!("Tratto {}", town.bathing_stretches.len() + 1));
        let counts = [10 + rng.below(most) as i32, 5 + rng.below(most / 3) as i32];
        town.bathing_stretches.push(BathingStretch { name, quality, counts, geometry: area(&outline) });
        v = end;
    }
}

fn waste(rng: &mut Rng, town: &mut Town) {
    let fractions = ["paper", "glass", "plastic", "organic", "residual", "textiles", "batteries"];
    for house in town.house_numbers.iter().step_by(NUMBERS_A_STAND) {
        let how_many = 3 + rng.below(3);
        for (k, fraction) in fractions.into_iter().enumerate().take(how_many) {
            let [x, y] = house.geometry;
            let geometry = [((x + 1.4 * k as f64) * 1000.0).round() / 1000.0, y];
            town.waste_containers.push(WasteContainer { comune: house.comune, fraction, street: house.street.clone(), geometry });
        }
    }
}

/// A round shape with an uneven edge about a place of the plan, which never crosses itself.
fn blob(ground: &Ground, [u, v]: M, radius: f64, key: u64) -> Vec<M> {
    const EDGES: usize = 48;
    let noise = Noise::new(ground.seed, key, 1.0);
    (0..EDGES)
        .map(|k| {
            let turn = k as f64 / EDGES as f64;
            let (east, north) = (crate::rng::wave(turn + 0.25), crate::rng::wave(turn));
            let reach = radius * (1.0 + 0.3 * noise.at(1.2 * east, 1.2 * north));
            ground.frame.ground(u + 1.3 * reach * east, v + reach * north)
        })
        .collect()
}

fn area(outline: &[M]) -> Polygon {
    let vertices: Vec<V> = outline.iter().map(|p| V::round(*p)).collect();
    let mut kept: Vec<V> = Vec::with_capacity(vertices.len());
    for vertex in vertices {
        if kept.last() != Some(&vertex) {
            kept.push(vertex);
        }
    }
    vec![ring(&kept)]
}

/// Metres from the town's origin.
fn local(p: Point) -> M {
    [p[0] - ORIGIN[0] as f64 / 1000.0, p[1] - ORIGIN[1] as f64 / 1000.0]
}

/// The middle of a surface's outline.
fn middle(polygon: &Polygon) -> M {
    let outline = &polygon[0];
    let sum = outline.iter().fold([0.0, 0.0], |sum, p| [sum[0] + p[0], sum[1] + p[1]]);
    local([sum[0] / outline.len() as f64, sum[1] / outline.len() as f64])
}
