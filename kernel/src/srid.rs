use std::fmt;

use serde::{Deserialize, Serialize};

/// A coordinate reference system by its EPSG code.
///
/// [`Srid::CRS84`] is the one value that is not an EPSG code: OGC's CRS84, the positions of EPSG:4326 in longitude,
/// latitude order. Everything stored, and everything inside the program, has the east coordinate first; the axis order
/// of the authority is a matter of reading and writing (crate `crs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Srid(i32);

impl Srid {
    /// WGS 84, longitude and latitude in degrees, in this order (OGC CRS84). In PostGIS: 4326.
    pub const CRS84: Self = Self(84);
    /// WGS 84, latitude first by its authority.
    pub const WGS84: Self = Self(4326);
    /// Web Mercator, metres on a sphere.
    pub const WEB_MERCATOR: Self = Self(3857);
    /// RDN2008 / UTM zone 33N, east and north in metres: the storage system unless an installation says otherwise.
    pub const RDN2008_UTM33: Self = Self(7792);

    /// The system with this EPSG code, if the number can be one (1 to 998,999: what PostGIS accepts).
    pub fn new(code: i32) -> Option<Self> {
        (1..=998_999).contains(&code).then_some(Self(code))
    }

    /// Reads `EPSG:7792`, `7792`, `http://www.opengis.net/def/crs/EPSG/0/7792`, `urn:ogc:def:crs:EPSG::7792` and the
    /// CRS84 forms of the last two.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if matches!(
            lower.as_str(),
            "crs84" | "ogc:crs84" | "http://www.opengis.net/def/crs/ogc/1.3/crs84" | "urn:ogc:def:crs:ogc:1.3:crs84"
        ) {
            return Some(Self::CRS84);
        }
        let code = ["epsg:", "http://www.opengis.net/def/crs/epsg/0/", "urn:ogc:def:crs:epsg::"]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        code.parse().ok().and_then(Self::new)
    }

    /// The EPSG code; for CRS84 that of the same datum, 4326: what PostGIS calls it.
    pub fn postgis(self) -> i32 {
        if self == Self::CRS84 { 4326 } else { self.0 }
    }

    /// The URI that OGC APIs use, `http://www.opengis.net/def/crs/…`.
    pub fn uri(self) -> String {
        if self == Self::CRS84 {
            "http://www.opengis.net/def/crs/OGC/1.3/CRS84".to_owned()
        } else {
            format!("http://www.opengis.net/def/crs/EPSG/0/{}", self.0)
        }
    }
}

impl fmt::Display for Srid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::CRS84 { f.write_str("OGC:CRS84") } else { write!(f, "EPSG:{}", self.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::Srid;

    #[test]
    fn reads_every_way_of_naming_a_system_and_nothing_else() {
        for text in ["EPSG:7792", "epsg:7792", "7792", "http://www.opengis.net/def/crs/EPSG/0/7792", "urn:ogc:def:crs:EPSG::7792"] {
            assert_eq!(Srid::parse(text), Some(Srid::RDN2008_UTM33), "{text}");
        }
        assert_eq!(Srid::parse("http://www.opengis.net/def/crs/OGC/1.3/CRS84"), Some(Srid::CRS84));
        for text in ["", "EPSG:", "EPSG:-1", "0", "EPSG:999999", "EPSG:7792;drop", "https://evil/7792", "NaN"] {
            assert_eq!(Srid::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_uri_reads_back() {
        for srid in [Srid::CRS84, Srid::WGS84, Srid::RDN2008_UTM33] {
            assert_eq!(Srid::parse(&srid.uri()), Some(srid));
        }
    }
}
