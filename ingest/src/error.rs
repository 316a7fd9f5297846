mod details;
mod words;

use std::path::PathBuf;

use kernel::{LayerId, Srid, Text};
use thiserror::Error;

use crate::place::Guess;
use crate::report::KeptOut;

pub use details::{NoUndo, Stopping};
pub use words::Told;

/// Why a load did not happen. Nothing of it is in the database then. What is told of it stands in [`IngestError::words`];
/// as text it is the English at the command line.
#[derive(Debug, Error)]
pub enum IngestError {
    /// There is no such file.
    NoFile(PathBuf),
    /// The system does not let us read or write.
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// It has no bytes.
    EmptyFile(String),
    /// Its content is nothing that can be read.
    Format {
        /// The file.
        file: String,
        /// What it looks like.
        found: Text,
        /// What to do, with the punctuation before it.
        hint: Text,
    },
    /// It begins as its format does, but can't be read to the end.
    Damaged {
        /// The file.
        file: String,
        /// The format.
        format: &'static str,
        /// What the reader says, with the row where it is known.
        cause: String,
    },
    /// A part of a Shapefile is not there.
    MissingPart {
        /// The file.
        file: String,
        /// The suffix.
        part: &'static str,
    },
    /// An archive has something in it that we do not unpack.
    Archive {
        /// The archive.
        file: String,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        why: Text,
    },
    /// An archive has nothing in it that can be read.
    NothingInside {
        /// The archive or folder.
        file: String,
        /// Some of its entries.
        entries: String,
    },
    /// Several layers, and nobody said which.
    SeveralLayers {
        /// The file.
        file: String,
        /// Their names.
        layers: Vec<String>,
    },
    /// The layer asked for is not in the file.
    NoSuchLayer {
        /// The file.
        file: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        layers: Vec<String>,
    },
    /// A file without any table.
    NoLayers {
        /// The file.
        file: String,
    },
    /// A KML that only says where the data are.
    OnlyLinks {
        /// The file.
        file: String,
        /// How many links.
        links: u64,
    },
    /// A view that makes up more rows than can be stored in the file.
    MoreRowsThanBytes {
        /// The file.
        file: String,
        /// Its size.
        bytes: u64,
    },
    /// A table without positions.
    NoGeometryLayer {
        /// The file.
        file: String,
    },
    /// A CSV in which no position is found.
    NoCoordinates {
        /// The file.
        file: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// Rows that would be placed through a register that is not there.
    NoRegister {
        /// The file.
        file: String,
        /// By what its rows say where they are.
        by: Text,
    },
    /// Rows without coordinates, none of which the register knows.
    NothingPlaced {
        /// The file or files.
        file: String,
        /// By what its rows say where they are.
        by: Text,
        /// How many.
        rows: u64,
        /// Why, with counts.
        reasons: Vec<KeptOut>,
    },
    /// A CSV in which a value never ends.
    UnclosedQuote {
        /// The file.
        file: String,
        /// Where the row begins in which it opens.
        line: u64,
    },
    /// A CSV whose first row holds values.
    NoHeader {
        /// The file.
        file: String,
    },
    /// More fields than a table can have.
    TooManyFields {
        /// The file.
        file: String,
        /// How many.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// No row at all.
    NoRows {
        /// The file or files.
        file: String,
    },
    /// Rows, but none that can be loaded.
    NothingLeft {
        /// The file or files.
        file: String,
        /// How many.
        rows: u64,
        /// Why, with counts.
        reasons: Vec<KeptOut>,
    },
    /// Several files with different fields.
    FieldsDiffer {
        /// The file.
        file: String,
        /// The first file.
        first: String,
        /// What differs.
        difference: Text,
    },
    /// A plan that can't be read.
    Plan {
        /// The plan's file.
        file: String,
        /// What is wrong, where, and what is allowed.
        why: Text,
        /// What of it is wrong, as `field[3].name`, if that is known.
        field: Option<String>,
        /// The line, if it is known.
        line: Option<usize>,
    },
    /// A column that the plan speaks of is not there.
    PlanLacks {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// A column of texts would be read as numbers that may be two each.
    UnclearNumbers {
        /// The file.
        file: String,
        /// The column.
        column: String,
    },
    /// A rule said stop.
    Stopped {
        /// The file or files.
        file: String,
        /// For each rule, its rows, with examples and what to do.
        reasons: Vec<Stopping>,
    },
    /// Somebody asked for the load to stop.
    Cancelled,
    /// The order was carried out before.
    LoadedBefore {
        /// The layer.
        layer: LayerId,
        /// The delivery's number.
        number: i64,
    },
    /// The file changed while it was read.
    Changed {
        /// The file.
        file: String,
        /// Rows at first.
        before: u64,
        /// Rows then.
        after: u64,
    },
    /// The file states no coordinate system.
    NoCrs {
        /// The file.
        file: String,
        /// The name of a definition that is in it but that nobody recognises.
        definition: Option<String>,
        /// What it could be in, the likeliest first.
        candidates: Vec<Guess>,
    },
    /// The coordinate system is not one of ours.
    UnknownCrs {
        /// The file.
        file: String,
        /// What crate `crs` says, with the list.
        cause: crs::CrsError,
    },
    /// It lands outside the boundary.
    Outside {
        /// The file.
        file: String,
        /// The system it was read in.
        crs: Srid,
        /// Percent of the rows looked at that lie inside.
        share: u32,
        /// From the middle row to the boundary, metres; `None` if it is beyond measure.
        distance_m: Option<f64>,
        /// What else it could be in, the likeliest first.
        candidates: Vec<Guess>,
    },
    /// North comes first in it.
    SwappedAxes {
        /// The file.
        file: String,
        /// The system.
        crs: Srid,
        /// Percent of the rows looked at that lie inside when swapped.
        share: u32,
    },
    /// No boundary, and no word about the comune.
    NoBoundary,
    /// Rows may lie anywhere, but nobody says whose they are.
    OutsideOfNobody,
    /// `--comune` is no ISTAT code.
    Comune(String),
    /// The layer is there already.
    Exists(LayerId),
    /// There is nothing to add to.
    NoLayer(LayerId),
    /// A theme's own layer.
    Declared {
        /// The layer.
        layer: LayerId,
        /// The module.
        module: String,
    },
    /// Appending what does not fit.
    DoesNotFit {
        /// The layer.
        layer: LayerId,
        /// What differs.
        difference: Text,
    },
    /// A layer whose rows have a validity, and files of which nobody said where they have theirs.
    NoValidity(LayerId),
    /// Public ids that are there already.
    IdsThere {
        /// The layer.
        layer: LayerId,
        /// How many.
        rows: i64,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A layer told apart by another column.
    OtherKey {
        /// The layer.
        layer: LayerId,
        /// What was asked for.
        said: String,
        /// What its ids come from.
        known: String,
    },
    /// `--key`, or what the layer is known to be told apart by, names no column.
    NoKeyColumn {
        /// What was asked for.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// A key that does not tell the rows apart.
    KeyFails {
        /// The column.
        column: String,
        /// How many rows.
        rows: u64,
        /// Some of them, with what is wrong.
        examples: Vec<Text>,
    },
    /// Nothing to compare by.
    NoKey(LayerId),
    /// A layer whose ids are numbers that were counted.
    Numbered(LayerId),
    /// A layer in which ids stand in several versions.
    SeveralVersions {
        /// The layer.
        layer: LayerId,
        /// How many ids.
        ids: u64,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A layer that has rows of comuni for which whoever would replace it, or take its last delivery back, does not work.
    ForeignRows {
        /// The layer.
        layer: LayerId,
        /// How many.
        rows: u64,
    },
    /// A delivery that lacks many of the rows that are there.
    TooManyVanish {
        /// The layer.
        layer: LayerId,
        /// How many it lacks.
        vanished: u64,
        /// How many there are.
        there: u64,
        /// The one of the other, percent.
        share: f64,
        /// How many may, percent.
        at_most: f64,
    },
    /// Nothing in common.
    NothingInCommon {
        /// The layer.
        layer: LayerId,
        /// The column that was compared.
        key: String,
        /// Some ids of the file.
        theirs: Vec<String>,
        /// Some ids of the layer.
        ours: Vec<String>,
    },
    /// The layer was changed by other means while it was being compared.
    Redeclared(LayerId),
    /// Nothing to take back.
    NothingToUndo {
        /// The layer.
        layer: LayerId,
        /// Why not.
        why: NoUndo,
    },
    /// Rows that a delivery changed and somebody changed again.
    EditedSince {
        /// The layer.
        layer: LayerId,
        /// How many.
        rows: u64,
        /// Ids of some.
        examples: Vec<String>,
    },
    /// Ids of rows that would come back, and are taken.
    IdsTaken {
        /// The layer.
        layer: LayerId,
        /// Some of them.
        examples: Vec<String>,
    },
    /// Somebody else is at it.
    Busy(LayerId),
    /// A boundary file that is none.
    Boundary {
        /// The file.
        file: String,
        /// Why not.
        why: Text,
    },
    /// The database does not do as it should.
    Database {
        /// At what.
        what: &'static str,
        /// What it says.
        cause: sqlx::Error,
    },
    /// The database does not make a table of the file's fields.
    Table {
        /// The file or files.
        file: String,
        /// What the database says.
        cause: sqlx::Error,
    },
    /// The catalogue can't be read or written.
    Catalogue(#[from] catalogue::CatalogueError),
    /// The process that reads a file for us is gone, or makes no sense.
    ReaderEnded {
        /// The file.
        file: String,
        /// What became of the process.
        why: Text,
        /// How far it got.
        after: Text,
    },
    /// The reading thread died.
    Reader(String),
}

impl IngestError {
    /// For `map_err` on the database's errors.
    pub(crate) fn database(what: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |cause| Self::Database { what, cause }
    }

    /// For `map_err` on the system's errors.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        move |cause| Self::Io { path: path.into(), cause }
    }
}
