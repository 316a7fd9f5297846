//! Coordinate systems: the one place that links PROJ and the only one that shifts datums.
//!
//! Two versions of PROJ disagree by 4.4 m at Reggio Calabria about the same Gauss-Boaga coordinates, because each
//! chooses among EPSG's parameter sets by bounding box. Here nothing is chosen by PROJ: every system is a row of the
//! [register](all), every datum has one pinned way to RDN2008 (the hub) with its EPSG source and accuracy, and a
//! system that is not in the register is refused. Which Monte Mario parameters hold is a matter of the installation's
//! [`Region`], never of a position. A [`CassiniSoldner`] plane has no code: it is given by its origin, and goes the pinned
//! way of the datum on which that is known.
//!
//! Positions are `[x, y]` with the **east coordinate first**, in degrees or metres, on both sides of a
//! [`Transformer`]; the authority's axis order is for reading and writing only
//! ([`Crs::to_authority_order`]).
//!
//! ```
//! use crs::{Settings, Transformer};
//! use kernel::Srid;
//!
//! let gauss_boaga = Srid::parse("EPSG:3004").unwrap();
//! let transformer = Transformer::new(gauss_boaga, Srid::RDN2008_UTM33, &Settings::default()).unwrap();
//! let mut positions = [[2576990.852, 4218220.833]];
//! transformer.convert(&mut positions).unwrap();
//! assert!((positions[0][0] - 556983.209).abs() < 0.001);
//! assert_eq!(transformer.accuracy().metres, 4.0);
//! ```

mod asked;
mod candidates;
mod cassini;
mod coordinates;
mod datum;
mod engine;
mod error;
mod pipeline;
mod region;
mod register;
mod settings;
mod transformer;

pub use asked::{AskedFilter, FILTER_PARAMETERS};
pub use candidates::{Candidate, candidates};
pub use cassini::{CassiniSoldner, Ellipsoid, FromOrigin, OriginError};
pub use coordinates::routes;
pub use error::CrsError;
pub use region::Region;
pub use register::{AxisOrder, Crs, Unit, all};
pub use settings::Settings;
pub use transformer::Transformer;

/// What [`routes`] answers, described.
#[derive(utoipa::OpenApi)]
#[openapi(paths(coordinates::coordinates))]
pub struct Api;
