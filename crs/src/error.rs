use kernel::Srid;
use thiserror::Error;

/// Why positions can't be brought from one system to another.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum CrsError {
    /// The register does not have it: PROJ would know it, but by no operation that we have pinned and can answer for.
    #[error("`{name}` is not a coordinate system of this program; it has {}", list())]
    Unknown {
        /// As it was given, at most 80 characters of it.
        name: String,
    },
    /// The position has no place in the other system, or is no position at all.
    #[error("the position {x}, {y} ({from}) can't be expressed in {to}")]
    Position {
        /// The system it is in.
        from: Srid,
        /// The system it should go to.
        to: Srid,
        /// East coordinate as given.
        x: f64,
        /// North coordinate as given.
        y: f64,
    },
    /// A grid file's path has a character that PROJ would read as syntax.
    #[error("the grid's path `{0}` has a blank, quote, comma, `+`, `@` or control character, which PROJ can't read; move the file")]
    GridPath(String),
    /// PROJ refuses the pipeline; with a grid, most likely the file is absent or is no NTv2 file.
    #[error("PROJ can't use the pipeline `{pipeline}`: {cause}")]
    Engine {
        /// The pipeline.
        pipeline: String,
        /// PROJ's own words.
        cause: String,
    },
}

impl CrsError {
    pub(crate) fn unknown(name: &str) -> Self {
        Self::Unknown { name: name.chars().take(80).collect() }
    }
}

fn list() -> String {
    crate::all().iter().map(|crs| crs.srid().to_string()).collect::<Vec<_>>().join(", ")
}
