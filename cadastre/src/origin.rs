//! Origins of maps in Cassini-Soldner, the system in which most sheets were drawn: each comune, or each sheet, counts metres from an origin of
//! its own.

use kernel::Srid;
use serde::{Deserialize, Serialize};

/// The ellipsoid on which a map was computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OriginEllipsoid {
    /// Bessel 1841.
    Bessel,
    /// International 1924.
    International,
}

/// The origin of maps, as somebody has said it; whether it can be one is known by who knows coordinate systems.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// The system in which these two are known: `EPSG:4265` is Roma 1940, `EPSG:6706` RDN2008.
    pub crs: Srid,
    /// The ellipsoid of the maps.
    pub ellipsoid: OriginEllipsoid,
    /// What the maps call the origin, metres east and north; mostly 0 and 0.
    pub called: [f64; 2],
}
