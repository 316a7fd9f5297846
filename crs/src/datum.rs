use kernel::Text;

use crate::pipeline::Pipeline;
use crate::{Region, Settings};

/// A geodetic datum, with its one way to RDN2008.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Datum {
    /// European Datum 1950.
    Ed50,
    /// European Terrestrial Reference System 1989, of which RDN2008 is the Italian realisation (ETRF2000).
    Etrs89,
    /// Rome 1940, on the international ellipsoid.
    MonteMario,
    /// Rete Dinamica Nazionale 2008, the legal system (DPCM 10 November 2011): the hub.
    Rdn2008,
    /// World Geodetic System 1984, whichever realisation.
    Wgs84,
}

/// A way from a datum to RDN2008: longitude and latitude in radians on both sides.
pub(crate) struct Shift {
    pub(crate) steps: Pipeline,
    pub(crate) metres: f64,
    pub(crate) source: Text,
}

impl Datum {
    /// The pinned way to RDN2008.
    pub(crate) fn to_hub(self, settings: &Settings) -> Shift {
        match self {
            Self::Rdn2008 => null(0.0, "RDN2008 (nessuno spostamento)", "RDN2008 (no shift)"),
            Self::Etrs89 => null(
                0.0,
                "ETRS89 e RDN2008 coincidono (RDN2008 è la realizzazione italiana ETRF2000)",
                "ETRS89 and RDN2008 coincide (RDN2008 is the Italian realisation ETRF2000)",
            ),
            Self::Wgs84 => {
                null(1.0, "trasformazione nulla EPSG:6711, RDN2008 to WGS 84 (1)", "null transformation EPSG:6711, RDN2008 to WGS 84 (1)")
            }
            Self::MonteMario => monte_mario(settings),
            Self::Ed50 => ed50(settings),
        }
    }
}

fn null(metres: f64, it: &str, en: &str) -> Shift {
    Shift { steps: Pipeline::default(), metres, source: Text::new(it, en) }
}

/// EPSG's registered parameters (position vector; metres, seconds of arc, parts per million), 4 m each; or IGM's grid.
fn monte_mario(settings: &Settings) -> Shift {
    if let Some(grid) = settings.monte_mario_grid() {
        return by_grid(grid, 0.1, "EPSG:9734, Monte Mario to RDN2008 (5)");
    }
    let (parameters, operation, it, en) = match settings.region() {
        Region::Mainland => (
            "+x=-104.1 +y=-49.1 +z=-9.9 +rx=0.971 +ry=-2.917 +rz=0.714 +s=-11.68 +convention=position_vector",
            "EPSG:1659, Monte Mario to ETRS89 (1)",
            "Italia continentale",
            "mainland Italy",
        ),
        Region::Sardinia => (
            "+x=-168.6 +y=-34 +z=38.6 +rx=-0.374 +ry=-0.679 +rz=-1.379 +s=-9.48 +convention=position_vector",
            "EPSG:1661, Monte Mario to ETRS89 (2)",
            "Sardegna",
            "Sardinia",
        ),
        Region::Sicily => (
            "+x=-50.2 +y=-50.4 +z=84.8 +rx=-0.69 +ry=-2.012 +rz=0.459 +s=-28.08 +convention=position_vector",
            "EPSG:1663, Monte Mario to ETRS89 (3)",
            "Sicilia",
            "Sicily",
        ),
    };
    Shift {
        steps: helmert(parameters, "GRS80"),
        metres: 4.0,
        source: Text::new(format!("{operation}, parametri per {it}"), format!("{operation}, parameters for {en}")),
    }
}

fn ed50(settings: &Settings) -> Shift {
    if let Some(grid) = settings.ed50_grid() {
        return by_grid(grid, 0.2, "EPSG:9736, ED50 to RDN2008 (1)");
    }
    let operation = "EPSG:1133, ED50 to WGS 84 (1)";
    Shift { steps: helmert("+x=-87 +y=-98 +z=-121", "WGS84"), metres: 10.0, source: Text::same(operation) }
}

/// Through geocentric coordinates; the height is put aside and taken back.
fn helmert(parameters: &str, ellipsoid: &str) -> Pipeline {
    Pipeline::default()
        .then("+proj=push +v_3")
        .then("+proj=cart +ellps=intl")
        .then(format!("+proj=helmert {parameters}"))
        .then_inverse(format!("+proj=cart +ellps={ellipsoid}"))
        .then("+proj=pop +v_3")
}

fn by_grid(grid: &str, metres: f64, operation: &str) -> Shift {
    Shift {
        steps: Pipeline::default().then(format!("+proj=hgridshift +grids={grid}")),
        metres,
        source: Text::new(format!("{operation}, grigliato NTv2 dell'IGM"), format!("{operation}, NTv2 grid of IGM")),
    }
}
