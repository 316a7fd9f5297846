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
        }
    }

    /// 0 for points, 1 for lines, 2 for areas.
    pub fn dimension(self) -> u8 {
        match self {
            Self::Point | Self::MultiPoint => 0,
            Self::LineString | Self::MultiLineString => 1,
            Self::Polygon | Self::MultiPolygon => 2,
        }
    }

    /// `point`, `line` or `polygon`.
    pub fn family(self) -> &'static str {
        ["point", "line", "polygon"][usize::from(self.dimension())]
    }

    /// The type of the same dimension that takes several parts.
    pub fn multi(self) -> Self {
        match self {
            Self::Point | Self::MultiPoint => Self::MultiPoint,
            Self::LineString | Self::MultiLineString => Self::MultiLineString,
            Self::Polygon | Self::MultiPolygon => Self::MultiPolygon,
        }
    }
}

impl fmt::Display for GeometryType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sql())
    }
}
