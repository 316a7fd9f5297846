use std::fmt;

use serde::{Deserialize, Serialize};

/// The geometry type of a layer's column, in the words of Simple Features and PostGIS. Two dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum GeometryType {
    /// One position a row.
    Point,
    /// Several positions a row.
    MultiPoint,
    /// One line a row.
    LineString,
    /// Several lines a row.
    MultiLineString,
    /// One area a row, with or without holes.
    Polygon,
    /// Several areas a row.
    MultiPolygon,
    /// Points, lines and areas in one column, each row of one part or several. Collections are none of them.
    Geometry,
}

impl GeometryType {
    /// PostGIS's name for it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Point => "Point",
            Self::MultiPoint => "MultiPoint",
            Self::LineString => "LineString",
            Self::MultiLineString => "MultiLineString",
            Self::Polygon => "Polygon",
            Self::MultiPolygon => "MultiPolygon",
            Self::Geometry => "Geometry",
        }
    }

    /// 0 for points, 1 for lines, 2 for areas; none where rows differ.
    pub fn dimension(self) -> Option<u8> {
        match self {
            Self::Point | Self::MultiPoint => Some(0),
            Self::LineString | Self::MultiLineString => Some(1),
            Self::Polygon | Self::MultiPolygon => Some(2),
            Self::Geometry => None,
        }
    }

    /// Whether rows may be of this dimension.
    pub fn holds(self, dimension: u8) -> bool {
        self.dimension().is_none_or(|own| own == dimension)
    }

    /// `point`, `line` or `polygon`; `mixed` where rows differ.
    pub fn family(self) -> &'static str {
        self.dimension().map_or("mixed", |dimension| ["point", "line", "polygon"][usize::from(dimension)])
    }

    /// The type of the same dimension that takes several parts; it is its own where it takes them.
    pub fn multi(self) -> Self {
        match self {
            Self::Point | Self::MultiPoint => Self::MultiPoint,
            Self::LineString | Self::MultiLineString => Self::MultiLineString,
            Self::Polygon | Self::MultiPolygon => Self::MultiPolygon,
            Self::Geometry => Self::Geometry,
        }
    }
}

impl fmt::Display for GeometryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}

#[cfg(test)]
mod tests {
    use super::GeometryType::{Geometry, LineString, MultiPolygon, Point};

    #[test]
    fn a_mixture_holds_every_dimension_and_has_none() {
        assert_eq!([Point, LineString, MultiPolygon, Geometry].map(|g| g.family()), ["point", "line", "polygon", "mixed"]);
        assert_eq!([0, 1, 2].map(|d| Geometry.holds(d)), [true, true, true]);
        assert_eq!([0, 1, 2].map(|d| LineString.holds(d)), [false, true, false]);
        assert_eq!((Geometry.dimension(), Geometry.multi(), Geometry.sql()), (None, Geometry, "Geometry"));
        assert_eq!(serde_json::from_str::<super::GeometryType>("\"Geometry\"").ok(), Some(Geometry));
    }
}
