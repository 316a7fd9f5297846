//! Cassini-Soldner: the planes of the old cadastral maps, each round an origin of its own.

use std::sync::Arc;

use kernel::Srid;
use kernel::layer::Accuracy;
use thiserror::Error;

use crate::datum::Datum;
use crate::pipeline::Pipeline;
use crate::transformer::shift;
use crate::{Crs, CrsError, Settings, Unit, engine};

/// Beyond this no cadastral origin serves, and the projection's series give nothing of use.
const FARTHEST_M: f64 = 300_000.0;

/// The ellipsoids on which cadastral maps were computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ellipsoid {
    /// Bessel 1841, EPSG:7004.
    Bessel,
    /// International 1924, which is Hayford's, EPSG:7022.
    International,
}

/// Why positions can't be counted from an origin.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum OriginError {
    /// What is given can be no origin of a map.
    #[error("{0}: nothing can be counted from there")]
    NoOrigin(String),
    /// The position is farther from its map's origin than any map reaches, or no position at all.
    #[error("the position {x}, {y} lies too far from the origin of its map")]
    Far {
        /// East coordinate as given.
        x: f64,
        /// North coordinate as given.
        y: f64,
    },
    /// The way on from there is none.
    #[error(transparent)]
    Crs(#[from] CrsError),
}

/// A plane round an origin: metres east and north of it, north being its meridian's (EPSG method 9806).
#[derive(Clone, Debug)]
pub struct CassiniSoldner {
    /// Longitude and latitude, degrees.
    origin: [f64; 2],
    /// The system of these.
    on: &'static Crs,
    ellipsoid: Ellipsoid,
    /// What the map calls the origin, metres east and north.
    called: [f64; 2],
}

/// The pinned way from such a plane to a system of the register.
#[derive(Clone, Debug)]
pub struct FromOrigin {
    called: [f64; 2],
    to: &'static Crs,
    pipeline: Arc<str>,
    accuracy: Accuracy,
}

impl CassiniSoldner {
    /// Round an origin of which longitude and latitude (degrees, longitude first) are known in `on`, a system of degrees. `called` is what
    /// the map itself calls the origin: mostly 0 and 0.
    pub fn new(origin: [f64; 2], on: Srid, ellipsoid: Ellipsoid, called: [f64; 2]) -> Result<Self, OriginError> {
        let on = Crs::require(on)?;
        let wrong = |why: &str| Err(OriginError::NoOrigin(why.to_owned()));
        if on.unit() != Unit::Degree {
            return wrong(&format!("{} is not a system of latitude and longitude", on.srid()));
        }
        let [longitude, latitude] = origin;
        if !(longitude.abs() <= 180.0 && latitude.abs() < 89.0) {
            return wrong(&format!("{latitude}, {longitude} are no latitude and longitude in degrees"));
        }
        if !called.iter().all(|n| n.abs() <= FARTHEST_M) {
            return wrong(&format!("{}, {} are not what a map calls its origin, in metres", called[0], called[1]));
        }
        Ok(Self { origin, on, ellipsoid, called })
    }

    /// The way to a system of the register: off the plane, onto the ellipsoid of the origin's datum, and by that datum's pinned way.
    pub fn to(&self, to: Srid, settings: &Settings) -> Result<FromOrigin, OriginError> {
        let to = Crs::require(to)?;
        let (steps, accuracy) = shift(self.on.datum(), to.datum(), settings);
        let steps = self.unproject().join(self.laid_on(self.on.datum())).join(steps).join(to.unproject().inverse());
        let pipeline: Arc<str> = steps.text().unwrap_or_default().into();
        engine::prepare(&pipeline)?;
        Ok(FromOrigin { called: self.called, to, pipeline, accuracy })
    }

    fn unproject(&self) -> Pipeline {
        let ([longitude, latitude], [east, north]) = (self.origin, self.called);
        let ellipsoid = self.ellipsoid.figure().name;
        Pipeline::default()
            .then_inverse(format!("+proj=cass +lat_0={latitude} +lon_0={longitude} +x_0={east} +y_0={north} +ellps={ellipsoid}"))
    }

    /// From the map's ellipsoid to the datum's, laid upon each other so that they touch in the origin and have one vertical there: distances
    /// from the origin stay what they are on the map, to a millimetre over tens of kilometres. Were longitude and latitude taken over from one
    /// to the other, they would stretch by a six-thousandth.
    fn laid_on(&self, datum: Datum) -> Pipeline {
        let (own, other) = (self.ellipsoid.figure(), Figure::of(datum));
        if own.name == other.name {
            return Pipeline::default();
        }
        let (from, to) = (own.geocentric(self.origin), other.geocentric(self.origin));
        let [x, y, z] = [0, 1, 2].map(|axis| to[axis] - from[axis]);
        Pipeline::default()
            .then("+proj=push +v_3")
            .then(format!("+proj=cart +ellps={}", own.name))
            .then(format!("+proj=helmert +x={x:.6} +y={y:.6} +z={z:.6}"))
            .then_inverse(format!("+proj=cart +ellps={}", other.name))
            .then("+proj=pop +v_3")
    }
}

impl FromOrigin {
    /// How sure the result is because of the origin's datum alone, in metres, and the operation that says so.
    pub fn accuracy(&self) -> &Accuracy {
        &self.accuracy
    }

    /// The PROJ pipeline, east first.
    pub fn pipeline(&self) -> &str {
        &self.pipeline
    }

    /// Converts positions of the map in place, `[east, north]` in metres; see [`Transformer::convert`](crate::Transformer::convert).
    pub fn convert(&self, positions: &mut [[f64; 2]]) -> Result<(), OriginError> {
        let holds = |p: &[f64; 2]| (0..2).all(|axis| (p[axis] - self.called[axis]).abs() <= FARTHEST_M);
        let refused = match positions.iter().find(|p| !holds(p)) {
            Some(far) => Some(*far),
            None => engine::run(&self.pipeline, positions, |p| self.to.holds(p))?.err(),
        };
        refused.map_or(Ok(()), |[x, y]| Err(OriginError::Far { x, y }))
    }
}

/// An ellipsoid in numbers.
struct Figure {
    /// PROJ's name for it.
    name: &'static str,
    /// Half its equator's diameter, metres.
    axis: f64,
    /// One by its flattening.
    inverse_flattening: f64,
}

/// As EPSG has them.
const BESSEL: Figure = Figure { name: "bessel", axis: 6_377_397.155, inverse_flattening: 299.152_812_8 };
const INTERNATIONAL: Figure = Figure { name: "intl", axis: 6_378_388.0, inverse_flattening: 297.0 };
const GRS80: Figure = Figure { name: "GRS80", axis: 6_378_137.0, inverse_flattening: 298.257_222_101 };
const WGS84: Figure = Figure { name: "WGS84", axis: 6_378_137.0, inverse_flattening: 298.257_223_563 };

impl Ellipsoid {
    fn figure(self) -> Figure {
        match self {
            Self::Bessel => BESSEL,
            Self::International => INTERNATIONAL,
        }
    }
}

impl Figure {
    fn of(datum: Datum) -> Self {
        match datum {
            Datum::Ed50 | Datum::MonteMario => INTERNATIONAL,
            Datum::Etrs89 | Datum::Rdn2008 => GRS80,
            Datum::Wgs84 => WGS84,
        }
    }

    /// Where a place on it is, metres from its middle.
    fn geocentric(&self, [longitude, latitude]: [f64; 2]) -> [f64; 3] {
        let (longitude, latitude) = (longitude.to_radians(), latitude.to_radians());
        let flattening = 1.0 / self.inverse_flattening;
        let squared = flattening * (2.0 - flattening);
        let normal = self.axis / (1.0 - squared * latitude.sin().powi(2)).sqrt();
        let across = normal * latitude.cos();
        [across * longitude.cos(), across * longitude.sin(), normal * (1.0 - squared) * latitude.sin()]
    }
}

#[cfg(test)]
mod tests {
    //! Expected values are those of `cs2cs` (PROJ 9.1.1), written down.

    use kernel::Srid;

    use super::{CassiniSoldner, Ellipsoid, OriginError};
    use crate::{Region, Settings};

    const ROME_1940: i32 = 4265;
    const RDN2008: i32 = 6706;

    fn plane(on: i32, ellipsoid: Ellipsoid, called: [f64; 2]) -> CassiniSoldner {
        CassiniSoldner::new([15.65, 38.1], Srid::new(on).unwrap(), ellipsoid, called).unwrap()
    }

    #[track_caller]
    fn lands(plane: &CassiniSoldner, region: Region, from: [f64; 2], expected: [f64; 2]) {
        let mut at = [from];
        plane.to(Srid::RDN2008_UTM33, &Settings::new(region)).unwrap().convert(&mut at).unwrap();
        let off = (at[0][0] - expected[0]).hypot(at[0][1] - expected[1]);
        assert!(off < 0.001, "{:?} is {off} from {expected:?}", at[0]);
    }

    /// `cs2cs +proj=cass +lat_0=38.1 +lon_0=15.65 +ellps=intl +towgs84=-104.1,-49.1,-9.9,0.971,-2.917,0.714,-11.68 +to +proj=utm +zone=33 +ellps=GRS80`
    #[test]
    fn on_the_ellipsoid_of_the_datum() {
        let plane = plane(ROME_1940, Ellipsoid::International, [0.0, 0.0]);
        lands(&plane, Region::Mainland, [0.0, 0.0], [556_985.886_8, 4_217_178.392_6]);
        lands(&plane, Region::Mainland, [1_234.567, -4_321.012], [558_250.192_2, 4_212_867.759_1]);
    }

    /// The same with `+ellps=bessel` and the move of the ellipsoid worked into the seven parameters by hand:
    /// `+towgs84=692.2727,174.0032,443.9397,0.971,-2.917,0.714,-11.68`.
    #[test]
    fn on_an_ellipsoid_that_touches_it() {
        let plane = plane(ROME_1940, Ellipsoid::Bessel, [0.0, 0.0]);
        lands(&plane, Region::Mainland, [1_234.567, -4_321.012], [558_250.192_2, 4_212_867.759_1]);
        lands(&plane, Region::Mainland, [-30_000.0, 25_000.0], [526_823.079_2, 4_241_957.244_4]);
    }

    /// `cs2cs +proj=cass +lat_0=38.1 +lon_0=15.65 +x_0=1000 +y_0=-2000 +ellps=GRS80 +to +proj=utm +zone=33 +ellps=GRS80`
    #[test]
    fn an_origin_may_have_numbers_of_its_own() {
        let plane = plane(RDN2008, Ellipsoid::Bessel, [1_000.0, -2_000.0]);
        lands(&plane, Region::Sicily, [1_000.0, -2_000.0], [556_990.976_8, 4_217_109.796_9]);
        lands(&plane, Region::Sicily, [0.0, 0.0], [555_977.363_9, 4_219_102.027_4]);
    }

    #[test]
    fn the_datum_goes_by_the_region_and_its_source_is_stated() {
        let plane = plane(ROME_1940, Ellipsoid::Bessel, [0.0, 0.0]);
        let way = |region| plane.to(Srid::RDN2008_UTM33, &Settings::new(region)).unwrap();
        assert!(way(Region::Sicily).accuracy().source.it.contains("EPSG:1663"));
        assert_eq!(way(Region::Mainland).accuracy().metres, 4.0);
        assert_ne!(way(Region::Sicily).pipeline(), way(Region::Mainland).pipeline());
    }

    #[test]
    fn what_can_be_no_origin_and_what_lies_too_far_from_one_is_refused() {
        for (origin, on, called) in [
            ([15.65, 38.1], 7792, [0.0, 0.0]),
            ([15.65, 138.1], 6706, [0.0, 0.0]),
            ([f64::NAN, 38.1], 6706, [0.0, 0.0]),
            ([15.65, 38.1], 6706, [f64::INFINITY, 0.0]),
        ] {
            let refused = CassiniSoldner::new(origin, Srid::new(on).unwrap(), Ellipsoid::Bessel, called);
            assert!(matches!(refused, Err(OriginError::NoOrigin(_))), "{origin:?} {on} {called:?}");
        }
        let way = plane(RDN2008, Ellipsoid::Bessel, [0.0, 0.0]).to(Srid::RDN2008_UTM33, &Settings::default()).unwrap();
        for far in [[556_000.0, 4_217_000.0], [f64::NAN, 0.0], [0.0, -300_001.0]] {
            assert!(matches!(way.convert(&mut [far]), Err(OriginError::Far { .. })), "{far:?}");
        }
    }
}
