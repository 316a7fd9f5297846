use geo::{BoundingRect, CoordsIter, MapCoords, Validation};
use geo_types::{Coord, Geometry, LineString, Point, Polygon, Rect};
use thiserror::Error;

use crate::{Bbox, Srid};

/// A geometry to compare rows with: valid, two-dimensional, of one kind, with every position within its system. East
/// first, north second, in the units of the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    geometry: Geometry<f64>,
    srid: Srid,
    bbox: Bbox,
}

/// Why a geometry is no shape.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ShapeError {
    /// Without a single position.
    #[error("the geometry is empty")]
    Empty,
    /// More positions than are looked at.
    #[error("the geometry has {0} positions; at most {max} are taken", max = Shape::MAX_POSITIONS)]
    TooMany(usize),
    /// Points, lines and areas in one.
    #[error("a collection of geometries is not taken: ask for one kind of geometry, or for several conditions joined by `or`")]
    Collection,
    /// A position that is none.
    #[error("{0}, {1} is not a position in {2}")]
    Position(f64, f64, Srid),
    /// Crossing rings, a line without length and the like.
    #[error("the geometry is not valid: {0}")]
    Invalid(String),
}

impl Shape {
    /// As many positions a shape can have.
    pub const MAX_POSITIONS: usize = 5_000;

    /// Checks a geometry in this system.
    pub fn new(geometry: Geometry<f64>, srid: Srid) -> Result<Self, ShapeError> {
        let geometry = match geometry {
            Geometry::Line(line) => Geometry::LineString(line.into()),
            Geometry::Rect(rect) => Geometry::Polygon(rect.to_polygon()),
            Geometry::Triangle(triangle) => Geometry::Polygon(triangle.to_polygon()),
            Geometry::GeometryCollection(_) => return Err(ShapeError::Collection),
            other => other,
        };
        let positions = geometry.coords_count();
        if positions > Self::MAX_POSITIONS {
            return Err(ShapeError::TooMany(positions));
        }
        geometry.coords_iter().try_for_each(|c| Self::check_position(srid, c.x, c.y))?;
        let bbox = geometry.bounding_rect().and_then(|r| Bbox::new(r.min().x, r.min().y, r.max().x, r.max().y).ok());
        let bbox = bbox.ok_or(ShapeError::Empty)?;
        if has_empty_part(&geometry) {
            return Err(ShapeError::Empty);
        }
        geometry.check_validation().map_err(|e| ShapeError::Invalid(e.to_string()))?;
        Ok(Self { geometry, srid, bbox })
    }

    /// Whether the system has such a position: degrees as far as they go, metres to once round the Earth, as rows have it
    /// (`opensit.sound`).
    pub fn check_position(srid: Srid, x: f64, y: f64) -> Result<(), ShapeError> {
        let degrees = matches!(srid.postgis(), 4326 | 4258 | 6706);
        let (width, height) = if degrees { (180.0, 90.0) } else { (28e6, 28e6) };
        if x.abs() <= width && y.abs() <= height { Ok(()) } else { Err(ShapeError::Position(x, y, srid)) }
    }

    /// A rectangle with an area.
    pub fn rectangle(bbox: &Bbox, srid: Srid) -> Result<Self, ShapeError> {
        let polygon: Polygon<f64> = Rect::new((bbox.west(), bbox.south()), (bbox.east(), bbox.north())).to_polygon();
        Self::new(Geometry::Polygon(polygon), srid)
    }

    /// A rectangle, a line or point if it has no height or width, with points along its sides that let them be curved.
    pub fn outlined(bbox: &Bbox, srid: Srid) -> Result<Self, ShapeError> {
        let around = LineString::from(bbox.outline(16));
        Self::new(
            match (bbox.width() > 0.0, bbox.height() > 0.0) {
                (true, true) => Geometry::Polygon(Polygon::new(around, Vec::new())),
                (false, false) => Geometry::Point(Point::new(bbox.west(), bbox.south())),
                _ => Geometry::LineString(LineString::from(vec![(bbox.west(), bbox.south()), (bbox.east(), bbox.north())])),
            },
            srid,
        )
    }

    /// The same in another system, position by position.
    pub fn converted<E: From<ShapeError>>(&self, to: Srid, convert: impl Fn([f64; 2]) -> Result<[f64; 2], E>) -> Result<Self, E> {
        let geometry = self.geometry.try_map_coords(|c| convert([c.x, c.y]).map(|[x, y]| Coord { x, y }))?;
        Ok(Self::new(geometry, to)?)
    }

    /// The geometry.
    pub fn geometry(&self) -> &Geometry<f64> {
        &self.geometry
    }

    /// The system it is in.
    pub fn srid(&self) -> Srid {
        self.srid
    }

    /// The rectangle round it.
    pub fn bbox(&self) -> &Bbox {
        &self.bbox
    }
}

fn has_empty_part(geometry: &Geometry<f64>) -> bool {
    match geometry {
        Geometry::LineString(line) => line.0.is_empty(),
        Geometry::MultiLineString(lines) => lines.0.iter().any(|l| l.0.is_empty()),
        Geometry::Polygon(area) => area.exterior().0.is_empty() || area.interiors().iter().any(|r| r.0.is_empty()),
        Geometry::MultiPolygon(areas) => areas.0.iter().any(|a| a.exterior().0.is_empty() || a.interiors().iter().any(|r| r.0.is_empty())),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Shape, ShapeError};
    use crate::Srid;
    use geo_types::{Geometry, GeometryCollection, LineString, MultiPoint, Point, Polygon, polygon};

    #[test]
    fn refuses_what_the_database_could_stumble_on() {
        let point = |x, y| Shape::new(Geometry::Point(Point::new(x, y)), Srid::CRS84);
        assert!(point(180.0, -90.0).is_ok());
        for (x, y) in [(f64::NAN, 0.0), (f64::INFINITY, 0.0), (0.0, 1e308), (181.0, 0.0), (0.0, -90.1)] {
            assert!(matches!(point(x, y), Err(ShapeError::Position(..))), "{x} {y}");
        }
        let new = |geometry| Shape::new(geometry, Srid::RDN2008_UTM33);
        assert_eq!(new(Geometry::Polygon(Polygon::new(LineString(vec![]), vec![]))), Err(ShapeError::Empty));
        assert_eq!(new(Geometry::MultiPoint(MultiPoint(vec![]))), Err(ShapeError::Empty));
        assert_eq!(new(Geometry::GeometryCollection(GeometryCollection(vec![]))), Err(ShapeError::Collection));
        let bow = polygon![(x: 0., y: 0.), (x: 1., y: 1.), (x: 1., y: 0.), (x: 0., y: 1.)];
        assert!(matches!(new(Geometry::Polygon(bow)), Err(ShapeError::Invalid(_))));
        let long = LineString::from_iter((0..5001).map(|i| (f64::from(i), 0.0)));
        assert_eq!(new(Geometry::LineString(long)), Err(ShapeError::TooMany(5001)));
        let flat = Shape::rectangle(&crate::Bbox::new(0.0, 0.0, 0.0, 1.0).unwrap(), Srid::RDN2008_UTM33);
        assert!(matches!(flat, Err(ShapeError::Invalid(_))));
    }
}
