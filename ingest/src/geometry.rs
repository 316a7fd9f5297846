//! Geometries of files, made fit for a layer: two dimensions, finite, closed, within bounds.

mod arc;
mod ewkb;
mod sound;
mod text;
mod tidy;
mod wkb;
mod wkt;

pub(crate) use ewkb::{write as write_ewkb, write_wkb};
pub(crate) use text::{to_geojson, to_wkt};
pub(crate) use wkb::read as read_wkb;

use geo_types::{Coord, LineString, Polygon};
use serde::{Deserialize, Serialize};

use crate::Limits;
use crate::report::Reason;
use crate::source::RawGeometry;

/// Points, lines or areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Family {
    Point,
    Line,
    Polygon,
}

/// A geometry of one family, its positions in one piece, so that a batch of them is transformed by one call.
///
/// East coordinate first. `sequences` are the ends, in `positions`, of lines or rings; `parts` the ends, in
/// `sequences`, of polygons, whose first ring is the outer one. Points have neither.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) family: Family,
    pub(crate) positions: Vec<[f64; 2]>,
    pub(crate) sequences: Vec<usize>,
    pub(crate) parts: Vec<usize>,
    /// Whether the file calls it a multi-geometry, however many parts it has.
    pub(crate) multi: bool,
}

/// A geometry that can be loaded, and whether it had to be mended for that.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tidied {
    pub(crate) shape: Shape,
    pub(crate) mended: bool,
}

impl Shape {
    pub(crate) fn new(family: Family) -> Self {
        Self { family, positions: Vec::new(), sequences: Vec::new(), parts: Vec::new(), multi: false }
    }

    /// Whether the database takes it for a layer (`opensit.sound`): no position of storage's is farther off than once round the Earth, metres.
    pub(crate) fn is_within_reach(&self) -> bool {
        const REACH: f64 = 28e6;
        self.positions.iter().all(|[x, y]| x.abs() <= REACH && y.abs() <= REACH)
    }

    /// How many points, lines or polygons it has.
    pub(crate) fn part_count(&self) -> usize {
        match self.family {
            Family::Point => self.positions.len(),
            Family::Line => self.sequences.len(),
            Family::Polygon => self.parts.len(),
        }
    }

    /// Of areas, in storage: square metres without holes, and metres of all outlines. What an outline that crosses itself
    /// encloses the other way round is taken off.
    pub(crate) fn size(&self) -> (f64, f64) {
        let (mut area, mut outline, mut first, mut ring) = (0.0, 0.0, 0, 0);
        for &end in &self.parts {
            for index in ring..end {
                let positions = &self.positions[first..self.sequences[index]];
                let mut twice = 0.0;
                for edge in positions.windows(2) {
                    let ([ax, ay], [bx, by], [ox, oy]) = (edge[0], edge[1], positions[0]);
                    twice += (ax - ox) * (by - oy) - (bx - ox) * (ay - oy);
                    outline += ((bx - ax) * (bx - ax) + (by - ay) * (by - ay)).sqrt();
                }
                area += if index == ring { twice.abs() } else { -twice.abs() } / 2.0;
                first = self.sequences[index];
            }
            ring = end;
        }
        (area, outline)
    }

    /// Its polygons, each the outer ring and the holes.
    pub(crate) fn polygons(&self) -> Vec<Polygon<f64>> {
        let ring = |index: usize| {
            let first = if index == 0 { 0 } else { self.sequences[index - 1] };
            LineString::new(self.positions[first..self.sequences[index]].iter().map(|p| Coord { x: p[0], y: p[1] }).collect())
        };
        let mut first = 0;
        let parts = self.parts.iter().map(|&end| {
            let rings = first..end;
            first = end;
            Polygon::new(ring(rings.start), (rings.start + 1..rings.end).map(ring).collect())
        });
        parts.collect()
    }

    /// As another family: lines that are closed, as areas. `None` for what is none.
    pub(crate) fn into_family(mut self, family: Family) -> Option<Self> {
        if self.family == family {
            return Some(self);
        }
        if (self.family, family) != (Family::Line, Family::Polygon) {
            return None;
        }
        let mut first = 0;
        for &end in &self.sequences {
            let line = &self.positions[first..end];
            if line.len() < 4 || line.first() != line.last() {
                return None;
            }
            first = end;
        }
        self.parts = (1..=self.sequences.len()).collect();
        self.family = Family::Polygon;
        Some(self)
    }

    /// The middle of its extent.
    pub(crate) fn middle(&self) -> Option<[f64; 2]> {
        let bbox = kernel::Bbox::around(self.positions.iter().map(|p| (p[0], p[1])))?;
        let (x, y) = bbox.centre();
        Some([x, y])
    }
}

/// Reads a row's geometry and makes it fit, or says why it can't be loaded.
pub(crate) fn tidy(raw: RawGeometry, limits: &Limits) -> Result<Tidied, Reason> {
    let shape = match raw {
        RawGeometry::Missing => return Err(Reason::NoGeometry),
        RawGeometry::Broken(reason) => return Err(reason),
        RawGeometry::Position(position) => Shape { positions: vec![position], ..Shape::new(Family::Point) },
        RawGeometry::Wkb(bytes) => wkb::read(&bytes, limits)?,
        RawGeometry::Wkt(text) => wkt::read(&text, limits)?,
    };
    tidy::tidy(shape)
}
