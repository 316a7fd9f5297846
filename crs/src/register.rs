use kernel::{Bbox, Srid};

use crate::CrsError;
use crate::datum::Datum;
use crate::pipeline::Pipeline;

/// A coordinate reference system of the register.
#[derive(Debug)]
pub struct Crs {
    code: i32,
    title: &'static str,
    axes: AxisOrder,
    datum: Datum,
    /// From longitude and latitude in radians on its own datum to its own numbers, east first.
    projection: &'static str,
    /// West, south, east, north in degrees.
    area: [f64; 4],
    /// The system in which PostGIS is told a rectangle of this one.
    in_postgis: i32,
}

/// In which order the authority writes a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisOrder {
    /// East (or longitude) first.
    EastNorth,
    /// North (or latitude) first.
    NorthEast,
}

/// What coordinates are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Degrees of arc.
    Degree,
    /// Metres.
    Metre,
}

use AxisOrder::{EastNorth, NorthEast};
use Datum::{Ed50, Etrs89, MonteMario, Rdn2008, Wgs84};

const DEGREES: &str = "+proj=unitconvert +xy_in=rad +xy_out=deg";
const UTM32: &str = "+proj=utm +zone=32 +ellps=GRS80";
const UTM33: &str = "+proj=utm +zone=33 +ellps=GRS80";
const UTM34: &str = "+proj=utm +zone=34 +ellps=GRS80";
const UTM32_WGS84: &str = "+proj=utm +zone=32 +ellps=WGS84";
const UTM33_WGS84: &str = "+proj=utm +zone=33 +ellps=WGS84";
const UTM32_ED50: &str = "+proj=utm +zone=32 +ellps=intl";
const UTM33_ED50: &str = "+proj=utm +zone=33 +ellps=intl";
const GAUSS_BOAGA_WEST: &str = "+proj=tmerc +lat_0=0 +lon_0=9 +k=0.9996 +x_0=1500000 +y_0=0 +ellps=intl";
const GAUSS_BOAGA_EAST: &str = "+proj=tmerc +lat_0=0 +lon_0=15 +k=0.9996 +x_0=2520000 +y_0=0 +ellps=intl";
const FUSO_ITALIA: &str = "+proj=tmerc +lat_0=0 +lon_0=12 +k=0.9985 +x_0=7000000 +y_0=0 +ellps=GRS80";
const FUSO_12: &str = "+proj=tmerc +lat_0=0 +lon_0=12 +k=1 +x_0=3000000 +y_0=0 +ellps=GRS80";
const WEB_MERCATOR: &str = "+proj=webmerc +ellps=WGS84";

const WORLD: [f64; 4] = [-180.0, -90.0, 180.0, 90.0];
const MERCATOR_WORLD: [f64; 4] = [-180.0, -85.06, 180.0, 85.06];
const EUROPE: [f64; 4] = [-16.1, 32.88, 40.18, 84.73];
const EUROPE_ED50: [f64; 4] = [-16.1, 25.71, 48.61, 84.73];
const ITALY: [f64; 4] = [5.93, 34.76, 18.99, 47.1];
const ITALY_WEST: [f64; 4] = [5.93, 36.53, 12.0, 47.04];
const ITALY_EAST: [f64; 4] = [12.0, 34.76, 18.99, 47.1];
const ITALY_33: [f64; 4] = [12.0, 34.79, 18.0, 47.1];
const ITALY_34: [f64; 4] = [17.99, 34.76, 18.99, 41.64];
const ZONE_32: [f64; 4] = [6.0, 0.0, 12.0, 84.0];
const ZONE_33: [f64; 4] = [12.0, 0.0, 18.0, 84.0];
const EUROPE_32: [f64; 4] = [5.99, 36.53, 12.01, 84.33];
const EUROPE_33: [f64; 4] = [12.0, 34.49, 18.01, 84.42];

/// EPSG dataset 10.082 (as in PROJ 9.1.1): code, title, axis order, datum, projection, area of use; last, the system of
/// PostGIS's own family with the same axes' directions, in which a rectangle of this one is told to PostGIS.
///
/// EPSG:25832 and 25833 have the area of ED50 on the same zone, since EPSG's leaves out the south of Italy, where they are in
/// daily use all the same.
#[rustfmt::skip]
static REGISTER: [Crs; 24] = [
    row(84,    "WGS 84 (CRS84)",                  EastNorth, Wgs84,      DEGREES,          WORLD,          4326),
    row(3003,  "Monte Mario / Italy zone 1",      EastNorth, MonteMario, GAUSS_BOAGA_WEST, ITALY_WEST,     7791),
    row(3004,  "Monte Mario / Italy zone 2",      EastNorth, MonteMario, GAUSS_BOAGA_EAST, ITALY_EAST,     7792),
    row(3857,  "WGS 84 / Pseudo-Mercator",        EastNorth, Wgs84,      WEB_MERCATOR,     MERCATOR_WORLD, 3857),
    row(4230,  "ED50",                            NorthEast, Ed50,       DEGREES,          EUROPE_ED50,    6706),
    row(4258,  "ETRS89",                          NorthEast, Etrs89,     DEGREES,          EUROPE,         4258),
    row(4265,  "Monte Mario",                     NorthEast, MonteMario, DEGREES,          ITALY,          6706),
    row(4326,  "WGS 84",                          NorthEast, Wgs84,      DEGREES,          WORLD,          4326),
    row(6706,  "RDN2008",                         NorthEast, Rdn2008,    DEGREES,          ITALY,          6706),
    row(6707,  "RDN2008 / UTM zone 32N (N-E)",    NorthEast, Rdn2008,    UTM32,            ITALY_WEST,     7791),
    row(6708,  "RDN2008 / UTM zone 33N (N-E)",    NorthEast, Rdn2008,    UTM33,            ITALY_33,       7792),
    row(6875,  "RDN2008 / Italy zone (N-E)",      NorthEast, Rdn2008,    FUSO_ITALIA,      ITALY,          7794),
    row(6876,  "RDN2008 / Zone 12 (N-E)",         NorthEast, Rdn2008,    FUSO_12,          ITALY,          6876),
    row(7791,  "RDN2008 / UTM zone 32N",          EastNorth, Rdn2008,    UTM32,            ITALY_WEST,     7791),
    row(7792,  "RDN2008 / UTM zone 33N",          EastNorth, Rdn2008,    UTM33,            ITALY_33,       7792),
    row(7793,  "RDN2008 / UTM zone 34N",          EastNorth, Rdn2008,    UTM34,            ITALY_34,       7793),
    row(7794,  "RDN2008 / Italy zone (E-N)",      EastNorth, Rdn2008,    FUSO_ITALIA,      ITALY,          7794),
    row(23032, "ED50 / UTM zone 32N",             EastNorth, Ed50,       UTM32_ED50,       EUROPE_32,      25832),
    row(23033, "ED50 / UTM zone 33N",             EastNorth, Ed50,       UTM33_ED50,       EUROPE_33,      25833),
    row(25832, "ETRS89 / UTM zone 32N",           EastNorth, Etrs89,     UTM32,            EUROPE_32,      25832),
    row(25833, "ETRS89 / UTM zone 33N",           EastNorth, Etrs89,     UTM33,            EUROPE_33,      25833),
    row(32632, "WGS 84 / UTM zone 32N",           EastNorth, Wgs84,      UTM32_WGS84,      ZONE_32,        32632),
    row(32633, "WGS 84 / UTM zone 33N",           EastNorth, Wgs84,      UTM33_WGS84,      ZONE_33,        32633),
    row(32634, "WGS 84 / UTM zone 34N",           EastNorth, Wgs84,      "+proj=utm +zone=34 +ellps=WGS84", [18.0, 0.0, 24.0, 84.0], 32634),
];

const fn row(
    code: i32,
    title: &'static str,
    axes: AxisOrder,
    datum: Datum,
    projection: &'static str,
    area: [f64; 4],
    in_postgis: i32,
) -> Crs {
    Crs { code, title, axes, datum, projection, area, in_postgis }
}

/// Half round the Earth, and the largest false easting beyond.
const FARTHEST_M: f64 = 28_000_000.0;

/// Every system there is, by code; CRS84 first.
pub fn all() -> &'static [Crs] {
    &REGISTER
}

impl Crs {
    /// The system with this code, or `None` if the register does not have it.
    pub fn get(srid: Srid) -> Option<&'static Self> {
        REGISTER.iter().find(|crs| crs.srid() == srid)
    }

    /// The system with this code; the error lists those that there are.
    pub fn require(srid: Srid) -> Result<&'static Self, CrsError> {
        Self::get(srid).ok_or_else(|| CrsError::unknown(&srid.to_string()))
    }

    /// The system that a text names, in any way that [`Srid::parse`] reads; the error lists those that there are.
    pub fn named(text: &str) -> Result<&'static Self, CrsError> {
        Srid::parse(text).and_then(Self::get).ok_or_else(|| CrsError::unknown(text))
    }

    /// Its code.
    pub fn srid(&self) -> Srid {
        Srid::new(self.code).unwrap_or(Srid::CRS84)
    }

    /// EPSG's name for it.
    pub fn title(&self) -> &'static str {
        self.title
    }

    /// What its coordinates are counted in.
    pub fn unit(&self) -> Unit {
        if self.projection == DEGREES { Unit::Degree } else { Unit::Metre }
    }

    /// In which order its authority writes a position.
    pub fn axis_order(&self) -> AxisOrder {
        self.axes
    }

    /// The axes' names in the authority's order: `["E", "N"]`, `["Lat", "Lon"]`.
    pub fn axes(&self) -> [&'static str; 2] {
        match (self.unit(), self.axes) {
            (Unit::Metre, EastNorth) => ["E", "N"],
            (Unit::Metre, NorthEast) => ["N", "E"],
            (Unit::Degree, EastNorth) => ["Lon", "Lat"],
            (Unit::Degree, NorthEast) => ["Lat", "Lon"],
        }
    }

    /// Whether the numbers, east first, can be a position at all: finite, and on the Earth. PROJ itself takes and gives
    /// numbers far off it.
    pub fn holds(&self, [x, y]: [f64; 2]) -> bool {
        match self.unit() {
            Unit::Degree => x.abs() <= 360.0 && y.abs() <= 90.0,
            Unit::Metre => x.abs() <= FARTHEST_M && y.abs() <= FARTHEST_M,
        }
    }

    /// Where it is meant to be used, in degrees.
    pub fn area(&self) -> Bbox {
        let corners = [(self.area[0], self.area[1]), (self.area[2], self.area[3])];
        Bbox::around(corners).unwrap_or_else(|| unreachable!("the register's areas are finite"))
    }

    /// How many decimals a coordinate is written with: a tenth of a millimetre, or a millimetre's worth of degrees.
    pub fn decimals(&self) -> usize {
        match self.unit() {
            Unit::Degree => 8,
            Unit::Metre => 4,
        }
    }

    /// East-first numbers in the order of the authority.
    pub fn to_authority_order(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        match self.axes {
            EastNorth => [x, y],
            NorthEast => [y, x],
        }
    }

    /// Numbers in the order of the authority, east first.
    pub fn from_authority_order(&self, [a, b]: [f64; 2]) -> [f64; 2] {
        // Swapping two is its own inverse.
        self.to_authority_order([a, b])
    }

    /// Whether a position has the same numbers in both, east first: they differ at most in the order that their authority writes.
    pub fn has_the_numbers_of(&self, other: &Self) -> bool {
        (self.datum, self.projection) == (other.datum, other.projection)
    }

    /// The system in which PostGIS may be told a rectangle of this one: itself inside the RDN2008, ETRS89 and WGS84
    /// family, where all versions of PROJ agree; else the member of the family on the same projection, so that the
    /// rectangle, once brought there by a [`Transformer`](crate::Transformer), is still a rectangle to within centimetres.
    pub fn in_postgis(&self) -> Srid {
        Srid::new(self.in_postgis).unwrap_or(Srid::WGS84)
    }

    pub(crate) fn datum(&self) -> Datum {
        self.datum
    }

    pub(crate) fn projection(&self) -> &'static str {
        self.projection
    }

    /// From its numbers to longitude and latitude in radians on its own datum.
    pub(crate) fn unproject(&self) -> Pipeline {
        Pipeline::default().then_inverse(self.projection)
    }
}

impl Unit {
    /// `degree` or `metre`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Degree => "degree",
            Self::Metre => "metre",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{AxisOrder, Crs, all};

    #[test]
    fn it_is_sorted_and_each_row_is_found() {
        assert!(all().is_sorted_by_key(|crs| crs.code));
        for crs in all() {
            assert_eq!(Crs::get(crs.srid()).unwrap().title(), crs.title());
            assert!(Crs::get(crs.in_postgis()).is_some(), "{}", crs.title());
            assert!(crs.area().width() > 0.0 && crs.area().height() > 0.0);
        }
    }

    /// Names and areas as `projinfo EPSG:…` prints them.
    #[test]
    fn names_and_areas_are_those_of_epsg() {
        for crs in all().iter().filter(|crs| crs.code != 84) {
            let code = format!("EPSG:{}", crs.code);
            let output = std::process::Command::new("projinfo").args([&code, "-o", "WKT2:2019", "--single-line", "-q"]).output();
            let wkt = String::from_utf8(output.expect("projinfo, of the package proj-bin").stdout).unwrap();
            assert_eq!(wkt.split('"').nth(1), Some(crs.title()), "{code}");
            let sides = wkt.rsplit("BBOX[").next().and_then(|rest| rest.split(']').next()).unwrap();
            let sides: Vec<f64> = sides.split(',').map(|side| side.parse().unwrap()).collect();
            let [west, south, east, north] = [sides[1], sides[0], sides[3], sides[2]];
            let area = crs.area();
            if matches!(crs.code, 25832 | 25833) {
                assert!(area.west() <= west && area.south() <= south && area.east() >= east && area.north() >= north, "{code}");
            } else {
                assert_eq!(crs.area, [west, south, east, north], "{code}");
            }
        }
    }

    /// EPSG's orders, as `projinfo EPSG:…` of PROJ 9.1.1 prints them.
    #[test]
    fn north_comes_first_where_the_authority_says_so() {
        let north_first: Vec<i32> = all().iter().filter(|c| c.axis_order() == AxisOrder::NorthEast).map(|c| c.code).collect();
        assert_eq!(north_first, [4230, 4258, 4265, 4326, 6706, 6707, 6708, 6875, 6876]);
    }

    #[test]
    fn the_same_numbers_are_those_of_one_datum_and_projection() {
        let crs = |code: i32| Crs::get(kernel::Srid::new(code).unwrap()).unwrap();
        assert!(crs(6708).has_the_numbers_of(crs(7792)) && crs(4326).has_the_numbers_of(crs(84)));
        assert!(!crs(3004).has_the_numbers_of(crs(7792)) && !crs(4265).has_the_numbers_of(crs(4230)));
    }

    #[test]
    fn a_stranger_is_told_what_there_is() {
        let error = Crs::named("EPSG:2154").unwrap_err().to_string();
        assert!(error.contains("`EPSG:2154`") && error.contains("OGC:CRS84, EPSG:3003") && error.contains("EPSG:7792"), "{error}");
        assert!(Crs::named("http://www.opengis.net/def/crs/OGC/1.3/CRS84").is_ok());
    }
}
