//! CQL2-JSON (OGC 21-065r2) and what we add to it.
//!
//! Read and written: `and`, `or`, `not`, `true`, `false`; `=`, `<>`, `<`, `<=`, `>`, `>=`, `in`, `between`, `like` (with
//! `\` before a character that is meant as such), `isNull`; `casei` round both arguments of `=`, `<>`, `like` and `in`; `s_intersects`,
//! `s_within`, `s_contains`, `s_disjoint` with a GeoJSON geometry or `{"bbox": […]}`; `t_before`, `t_after`, `t_equals`,
//! `t_during`, `t_intersects`, `t_disjoint` on a column of days or instants, and `t_intersects` on the interval of the columns
//! `valid_from`, `valid_to`. One argument is a property, the other a value. The geometry's property is `geometry` or `geom`.
//!
//! Ours: `{"op": "s_dwithin", "args": [{"property": "geometry"}, GEOMETRY, METRES]}`; `{"op": "sameText", "args":
//! [{"property": "number"}, "12/a"]}`, which regards A to Z only; the tests on who asks, `inScope`, `officeIs` and `subjectIs`
//! with a property, and `{"op": "hasRole", "args": ["officer", "planner"]}`; and the member `coordRefSys` (of JSON-FG) beside
//! a geometry or bbox that is not in CRS84. Coordinates come east first, whatever the system.

mod read;
mod strict;
mod value;
mod write;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Filter, FilterError};
use crate::Srid;

pub(super) const OPERATORS: [&str; 30] = [
    "and",
    "or",
    "not",
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "in",
    "between",
    "like",
    "isNull",
    "casei",
    "s_intersects",
    "s_within",
    "s_contains",
    "s_disjoint",
    "s_dwithin",
    "t_before",
    "t_after",
    "t_equals",
    "t_during",
    "t_intersects",
    "t_disjoint",
    "sameText",
    "inScope",
    "officeIs",
    "subjectIs",
    "hasRole",
];

impl Filter {
    /// The longest document that is read, in bytes.
    pub const MAX_BYTES: usize = 512 * 1024;
    /// How deep operators may stand in each other.
    pub const MAX_DEPTH: usize = 32;
    /// How many conditions, and values of `in`, one filter may have.
    pub const MAX_TERMS: usize = 1_000;
    /// The longest text to compare with, in bytes.
    pub const MAX_TEXT: usize = 1_000;

    /// Reads a document, as a request brings it. Geometries that do not say their system are in `srid` (`filter-crs`).
    pub fn read(text: &str, srid: Srid) -> Result<Self, FilterError> {
        Self::from_json(&document(text)?, srid)
    }

    /// The same from a document that has been parsed.
    pub fn from_json(document: &serde_json::Value, srid: Srid) -> Result<Self, FilterError> {
        Self::from_json_in(document, srid, false)
    }

    /// The same; `north_first`: geometries that do not say their system have the north coordinate first.
    pub(super) fn from_json_in(document: &serde_json::Value, srid: Srid, north_first: bool) -> Result<Self, FilterError> {
        read::Reader::new(srid, north_first).filter(document)
    }
}

/// The JSON of a filter, if it is not too much.
pub(super) fn document(text: &str) -> Result<serde_json::Value, FilterError> {
    if text.len() > Filter::MAX_BYTES {
        return Err(FilterError::new("", format!("it has {} bytes; at most {} are read", text.len(), Filter::MAX_BYTES)));
    }
    let strict::Strict(document) = serde_json::from_str(text).map_err(|e| {
        let what = if e.is_data() { e.to_string() } else { format!("it is not JSON: {e}") };
        FilterError::new("", what)
    })?;
    Ok(document)
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write::filter(self).map_err(serde::ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = serde_json::Value::deserialize(deserializer)?;
        Self::from_json(&document, Srid::CRS84).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
