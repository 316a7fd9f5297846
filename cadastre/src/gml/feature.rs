use kernel::Srid;

use super::system;
use crate::Reference;
use crate::remark::{Issue, Remarks};

/// Positions that a feature may have.
const MOST_POSITIONS: usize = 1_000_000;
/// Fields other than the known ones that a feature may have.
const MOST_OTHERS: usize = 64;

/// What a feature is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FeatureKind {
    /// A particella, or streets or water (`CadastralParcel`).
    Parcel,
    /// A sheet (`CadastralZoning`).
    Sheet,
}

impl FeatureKind {
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "CadastralParcel" => Some(Self::Parcel),
            "CadastralZoning" => Some(Self::Sheet),
            _ => None,
        }
    }
}

/// A polygon: the outer ring, then the holes, each ending where it began, east coordinate first.
pub type Polygon = Vec<Vec<[f64; 2]>>;

/// A parcel or a sheet as it is published.
#[derive(Clone, Debug, PartialEq)]
pub struct Feature {
    /// What it is.
    pub kind: FeatureKind,
    /// Its `gml:id`.
    pub id: String,
    /// `INSPIREID_LOCALID`.
    pub local_id: String,
    /// `INSPIREID_NAMESPACE`.
    pub namespace: String,
    /// What is written on the map.
    pub label: String,
    /// The national reference as written.
    pub written_reference: String,
    /// The national reference, if it is one.
    pub reference: Option<Reference>,
    /// The Belfiore code of the comune (`ADMINISTRATIVEUNIT`).
    pub comune: String,
    /// Of sheets: `LEVEL` and `LEVELNAME`.
    pub level: [String; 2],
    /// Fields that are known by no other name here.
    pub others: Vec<(String, String)>,
    /// Its areas.
    pub polygons: Vec<Polygon>,
    /// The system of its positions.
    pub system: Option<Srid>,
}

/// A text of positions.
pub(super) struct Positions<'a> {
    pub(super) text: &'a str,
    pub(super) dimension: usize,
}

/// A feature that is being read.
pub(super) struct Pending {
    pub(super) line: u64,
    pub(super) system: Option<String>,
    pub(super) dimension: usize,
    feature: Feature,
    ring: Vec<[f64; 2]>,
    /// Whether positions of the ring could not be read.
    lost: bool,
    /// Whether the outer ring of the polygon was.
    without_outer: bool,
    positions: usize,
}

impl Pending {
    pub(super) fn new(kind: FeatureKind, id: String, line: u64) -> Self {
        let none = String::new;
        let feature = Feature {
            kind,
            id,
            local_id: none(),
            namespace: none(),
            label: none(),
            written_reference: none(),
            reference: None,
            comune: none(),
            level: [none(), none()],
            others: Vec::new(),
            polygons: Vec::new(),
            system: None,
        };
        Self { line, system: None, dimension: 2, feature, ring: Vec::new(), lost: false, without_outer: false, positions: 0 }
    }

    pub(super) fn field(&mut self, name: &str, text: &str) {
        if text.is_empty() {
            return;
        }
        let text: String = text.chars().take(1000).collect();
        let feature = &mut self.feature;
        let place = match name.to_ascii_lowercase().as_str() {
            "inspireid_localid" | "localid" => &mut feature.local_id,
            "inspireid_namespace" | "namespace" => &mut feature.namespace,
            "label" => &mut feature.label,
            "nationalcadastralreference" | "nationalcadastralzoningreference" => &mut feature.written_reference,
            "administrativeunit" => &mut feature.comune,
            "level" => &mut feature.level[0],
            "levelname" => &mut feature.level[1],
            _ => {
                if feature.others.len() < MOST_OTHERS {
                    feature.others.push((name.to_owned(), text));
                }
                return;
            }
        };
        *place = text;
    }

    pub(super) fn begin_polygon(&mut self) {
        self.feature.polygons.push(Vec::new());
        self.without_outer = false;
    }

    pub(super) fn begin_ring(&mut self) {
        self.ring.clear();
        self.lost = false;
    }

    /// Takes the numbers of a text; of those with heights the first two of each.
    pub(super) fn add(&mut self, Positions { text, dimension }: &Positions<'_>) {
        let divided = |c: char| c.is_ascii_whitespace() || c == ',';
        let mut at = [0.0; 2];
        let mut index = 0;
        for number in text.split(divided).filter(|n| !n.is_empty()) {
            let number = number.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() < 1e9);
            let Some(number) = number else {
                self.lost = true;
                return;
            };
            if let Some(place) = at.get_mut(index) {
                *place = number;
            }
            index += 1;
            if index == *dimension {
                index = 0;
                self.positions += 1;
                if self.positions > MOST_POSITIONS {
                    self.lost = true;
                    return;
                }
                self.ring.push(at);
            }
        }
        self.lost |= index != 0;
    }

    pub(super) fn end_ring(&mut self, remarks: &mut Remarks) {
        let mut ring = std::mem::take(&mut self.ring);
        let Some(polygon) = self.feature.polygons.last_mut() else { return };
        let id = || self.feature.id.chars().take(80).collect::<String>();
        if self.without_outer {
            return;
        }
        ring.dedup();
        if !self.lost && ring.len() > 2 && ring.first() != ring.last() {
            remarks.add(self.line, Issue::Unclosed { code: id() });
            ring.extend(ring.first().copied());
        }
        if self.lost || ring.len() < 4 {
            let id = id();
            remarks.add(self.line, if self.lost { Issue::LostPositions { id } } else { Issue::FewVertices { code: id } });
            self.without_outer = polygon.is_empty();
        } else {
            polygon.push(ring);
        }
    }

    /// The feature, its reference read and its positions with the east first.
    pub(super) fn finish(mut self, of_collection: Option<&str>, remarks: &mut Remarks) -> Feature {
        let line = self.line;
        let feature = &mut self.feature;
        feature.polygons.retain(|polygon| !polygon.is_empty());
        if feature.written_reference.is_empty() {
            let id = if feature.local_id.is_empty() { &feature.id } else { &feature.local_id };
            let marks = ["AGE.PLA.", "AGE.MAP."];
            feature.written_reference = marks.iter().find_map(|mark| id.split_once(mark)).map_or("", |(_, rest)| rest).to_owned();
        }
        let shown = feature.id.chars().take(80).collect::<String>();
        match feature.written_reference.parse::<Reference>() {
            Ok(reference) => {
                let comune = reference.sheet().comune();
                if !feature.comune.is_empty() && feature.comune != comune {
                    let comune = feature.comune.chars().take(40).collect();
                    remarks.add(line, Issue::OtherComune { reference: reference.to_string(), comune });
                }
                feature.reference = Some(reference);
            }
            Err(_) => remarks.add(line, Issue::Reference { found: feature.written_reference.chars().take(40).collect() }),
        }
        if feature.polygons.is_empty() {
            remarks.add(line, Issue::NoGeometry { id: shown });
            return self.feature;
        }
        let north_first = match self.system.as_deref().or(of_collection) {
            None => {
                remarks.once(line, Issue::NoSystem);
                feature.system = Srid::new(6706);
                true
            }
            Some(name) => match system(name) {
                Some((srid, north_first)) => {
                    feature.system = Some(srid);
                    north_first
                }
                None => {
                    remarks.once(line, Issue::System { found: name.chars().take(80).collect() });
                    false
                }
            },
        };
        let first = feature.polygons.first().and_then(|polygon| polygon.first()?.first()).copied();
        let lies = first.and_then(north_first_by_place);
        if lies.is_some_and(|lies| lies != north_first) {
            remarks.once(line, Issue::Axes);
        }
        if lies.unwrap_or(north_first) {
            feature.polygons.iter_mut().flatten().flatten().for_each(|at| at.reverse());
        }
        self.feature
    }
}

/// In degrees no place in Italy can be another with its two numbers swapped: latitudes are 35 to 48, longitudes 6 to 19.
fn north_first_by_place([a, b]: [f64; 2]) -> Option<bool> {
    let (latitude, longitude) = (|n: f64| (35.0..48.0).contains(&n), |n: f64| (6.0..19.0).contains(&n));
    match (latitude(a) && longitude(b), longitude(a) && latitude(b)) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    }
}
