use std::path::PathBuf;

use kernel::{LayerId, Srid};
use thiserror::Error;

use crate::place::Guess;

/// Why a load did not happen. Nothing of it is in the database then. Each message says what, where, why and what to do.
#[derive(Debug, Error)]
pub enum IngestError {
    /// There is no such file.
    #[error("{}: no such file or folder; check the path", .0.display())]
    NoFile(PathBuf),
    /// The system does not let us read or write.
    #[error("{}: {cause}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// It has no bytes.
    #[error("{0}: the file is empty (0 bytes); export it again")]
    EmptyFile(String),
    /// Its content is nothing that can be read.
    #[error(
        "{file}: the content is {found}; GeoPackage, Shapefile, GeoJSON, FlatGeobuf, GML, KML, GPX, DXF, CSV, XLSX and DBF can be read, also zipped{hint}"
    )]
    Format {
        /// The file.
        file: String,
        /// What it looks like.
        found: String,
        /// What to do, with the punctuation before it.
        hint: String,
    },
    /// It begins as its format does, but can't be read to the end.
    #[error("{file}: it can't be read as {format}: {cause}. It is truncated or damaged; export or copy it again")]
    Damaged {
        /// The file.
        file: String,
        /// The format.
        format: &'static str,
        /// What the reader says, with the row where it is known.
        cause: String,
    },
    /// A part of a Shapefile is not there.
    #[error(
        "{file}: its .{part} file is missing; a Shapefile is .shp, .shx and .dbf (and .prj, .cpg) with the same name: put them together"
    )]
    MissingPart {
        /// The file.
        file: String,
        /// The suffix.
        part: &'static str,
    },
    /// An archive has something in it that we do not unpack.
    #[error("{file}: the archive's entry `{entry}` {why}; nothing was unpacked. Make the archive again, with plain files only")]
    Archive {
        /// The archive.
        file: String,
        /// The entry.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// An archive has nothing in it that can be read.
    #[error(
        "{file}: the archive has nothing that can be read (a .gpkg, .shp, .geojson, .csv, .xlsx, .gml, .kml, .gpx, .dxf or .fgb); it has: {entries}. Put the data into it, or name the file that has them"
    )]
    NothingInside {
        /// The archive or folder.
        file: String,
        /// Some of its entries.
        entries: String,
    },
    /// Several layers, and nobody said which.
    #[error("{file}: it has several layers: {}; say which one with `--source-layer NAME`", layers.join(", "))]
    SeveralLayers {
        /// The file.
        file: String,
        /// Their names.
        layers: Vec<String>,
    },
    /// The layer asked for is not in the file.
    #[error("{file}: it has no layer `{wanted}`; it has: {}", layers.join(", "))]
    NoSuchLayer {
        /// The file.
        file: String,
        /// What was asked for.
        wanted: String,
        /// What there is.
        layers: Vec<String>,
    },
    /// A file without any table.
    #[error("{file}: it has no layers, so there is nothing to load; export it again, with a layer in it")]
    NoLayers {
        /// The file.
        file: String,
    },
    /// A KML that only says where the data are.
    #[error(
        "{file}: it has no places, only links to other files (NetworkLink: {links}), which are not followed; fetch those and load them"
    )]
    OnlyLinks {
        /// The file.
        file: String,
        /// How many links.
        links: u64,
    },
    /// A table without positions.
    #[error("{file}: no layer in it has a geometry; it is a table, and a table has no place on a map")]
    NoGeometryLayer {
        /// The file.
        file: String,
    },
    /// A CSV in which no position is found.
    #[error(
        "{file}: no coordinates in its columns ({}). Name two of them x and y (or est, nord; lon, lat; longitudine, latitudine), or one wkt; or, to be placed through the register, foglio and particella, or indirizzo and civico",
        columns.join(", ")
    )]
    NoCoordinates {
        /// The file.
        file: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// Rows that would be placed through a register that is not there.
    #[error(
        "{file}: it has no coordinates, and its rows say where they are by {by}, of which this installation has no register. Give it coordinates, in two columns x and y or one wkt"
    )]
    NoRegister {
        /// The file.
        file: String,
        /// By what its rows say where they are.
        by: &'static str,
    },
    /// Rows without coordinates, none of which the register knows.
    #[error(
        "{file}: it has no coordinates, and by {by} {}: {reasons}. Nothing was loaded. Or give it coordinates, in two columns x and y or one wkt",
        none_of(*rows)
    )]
    NothingPlaced {
        /// The file or files.
        file: String,
        /// By what its rows say where they are.
        by: &'static str,
        /// How many.
        rows: u64,
        /// Why, with counts.
        reasons: String,
    },
    /// A CSV in which a value never ends.
    #[error(
        "{file}: a quotation mark opens at line {line} or after it and is never closed, so that all that follows is one value. Close it; one that belongs to the text is written twice (\"\")"
    )]
    UnclosedQuote {
        /// The file.
        file: String,
        /// Where the row begins in which it opens.
        line: u64,
    },
    /// A CSV whose first row holds values.
    #[error("{file}: its first row has values, not names of columns; put a row with the columns' names first")]
    NoHeader {
        /// The file.
        file: String,
    },
    /// More fields than a table can have.
    #[error("{file}: it has {found} fields, and {allowed} are allowed; keep those that are needed")]
    TooManyFields {
        /// The file.
        file: String,
        /// How many.
        found: usize,
        /// The limit.
        allowed: usize,
    },
    /// No row at all.
    #[error("{file}: it has no rows, so there is nothing to publish")]
    NoRows {
        /// The file or files.
        file: String,
    },
    /// Rows, but none that can be loaded.
    #[error("{file}: {}: {reasons}. Nothing was loaded", none_of(*rows))]
    NothingLeft {
        /// The file or files.
        file: String,
        /// How many.
        rows: u64,
        /// Why, with counts.
        reasons: String,
    },
    /// Several files with different fields.
    #[error("{file}: its fields differ from those of {first}: {difference}. Load them as two layers, or make their fields the same")]
    FieldsDiffer {
        /// The file.
        file: String,
        /// The first file.
        first: String,
        /// What differs.
        difference: String,
    },
    /// A plan that can't be read.
    #[error("{file}: the plan can't be taken: {why}")]
    Plan {
        /// The plan's file.
        file: String,
        /// What is wrong, where, and what is allowed.
        why: String,
        /// What of it is wrong, as `field[3].name`, if that is known.
        field: Option<String>,
        /// The line, if it is known.
        line: Option<usize>,
    },
    /// A column that the plan speaks of is not there.
    #[error(
        "{file}: the plan speaks of the column `{column}`, which the file has not; it has: {}. Correct `source` in the plan, take the field out, or make a new plan with `opensit ingest plan`",
        columns.join(", ")
    )]
    PlanLacks {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// A rule said stop.
    #[error("{file}: the plan's rules say stop: {}. Nothing was loaded. Correct the file, or set the rule to something else in the plan", reasons.join("; "))]
    Stopped {
        /// The file or files.
        file: String,
        /// For each rule, its rows, with examples and what to do.
        reasons: Vec<String>,
    },
    /// Somebody asked for the load to stop.
    #[error("the load was cancelled; nothing was loaded")]
    Cancelled,
    /// The order was carried out before.
    #[error("this delivery is in `{layer}` already, as number {number}")]
    LoadedBefore {
        /// The layer.
        layer: LayerId,
        /// The delivery's number.
        number: i64,
    },
    /// The file changed while it was read.
    #[error(
        "{file}: it had {before} rows when read first and {after} when read again; somebody is writing it. Try again when that is done"
    )]
    Changed {
        /// The file.
        file: String,
        /// Rows at first.
        before: u64,
        /// Rows then.
        after: u64,
    },
    /// The file states no coordinate system.
    #[error("{file}: it states {}. {}", stated(definition), guesses(candidates))]
    NoCrs {
        /// The file.
        file: String,
        /// The name of a definition that is in it but that nobody recognises.
        definition: Option<String>,
        /// What it could be in, the likeliest first.
        candidates: Vec<Guess>,
    },
    /// The coordinate system is not one of ours.
    #[error("{file}: {cause}. Export it in one of these, or say with `--crs` which of them it really is in")]
    UnknownCrs {
        /// The file.
        file: String,
        /// What crate `crs` says, with the list.
        cause: crs::CrsError,
    },
    /// It lands outside the boundary.
    #[error(
        "{file}: read as {crs} its rows lie outside the boundary ({share} % inside, the middle one {distance} away). {}",
        otherwise(candidates)
    )]
    Outside {
        /// The file.
        file: String,
        /// The system it was read in.
        crs: Srid,
        /// Percent of the rows looked at that lie inside.
        share: u32,
        /// From the middle row to the boundary, with its unit.
        distance: String,
        /// What else it could be in, the likeliest first.
        candidates: Vec<Guess>,
    },
    /// North comes first in it.
    #[error(
        "{file}: its coordinates are swapped: read as {crs} with the second number first, {share} % of its rows lie inside the boundary, and as it is none do. Load it with `--swap-axes`, or export it with east (longitude) first"
    )]
    SwappedAxes {
        /// The file.
        file: String,
        /// The system.
        crs: Srid,
        /// Percent of the rows looked at that lie inside when swapped.
        share: u32,
    },
    /// No boundary, and no word about the comune.
    #[error(
        "the installation knows no boundary, so the rows' comune can't be found; give one with `--boundary FILE`, or say the comune with `--comune ISTAT`"
    )]
    NoBoundary,
    /// Rows may lie anywhere, but nobody says whose they are.
    #[error(
        "`--outside ok` needs `--comune ISTAT`: what lies outside every boundary is in no comune of this installation, so say which one the rows belong to"
    )]
    OutsideOfNobody,
    /// `--comune` is no ISTAT code.
    #[error("`--comune {0}` is no ISTAT code of a comune: six digits, with their zeros, like 080063")]
    Comune(String),
    /// The layer is there already.
    #[error(
        "the layer `{0}` exists already; say `--update` to change what differs, `--replace` to put the file in its place, `--append` to add to it, or give `--layer` another name"
    )]
    Exists(LayerId),
    /// There is nothing to add to.
    #[error("there is no layer `{0}` yet; leave `--append` or `--update` away to make it")]
    NoLayer(LayerId),
    /// A theme's own layer.
    #[error(
        "the layer `{layer}` belongs to the module `{module}`, which declares its fields and fills it; a file can't take its place. Give `--layer` another name"
    )]
    Declared {
        /// The layer.
        layer: LayerId,
        /// The module.
        module: String,
    },
    /// Appending what does not fit.
    #[error("the file does not fit `{layer}`: {difference}. Make them the same, or use `--replace`")]
    DoesNotFit {
        /// The layer.
        layer: LayerId,
        /// What differs.
        difference: String,
    },
    /// Public ids that are there already.
    #[error("the file can't be appended to `{layer}`: {rows} of its rows have an `id` that the layer has already (for example {}). If they are the same objects, use `--replace`", examples.join(", "))]
    IdsThere {
        /// The layer.
        layer: LayerId,
        /// How many.
        rows: i64,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A layer told apart by another column.
    #[error(
        "`--key {said}`: the ids of `{layer}` come from the column `{known}`, and by another one its rows would all be others. Leave `--key` away; or use `--replace --key {said}`, by which every row is a new one"
    )]
    OtherKey {
        /// The layer.
        layer: LayerId,
        /// What was asked for.
        said: String,
        /// What its ids come from.
        known: String,
    },
    /// `--key`, or what the layer is known to be told apart by, names no column.
    #[error("the rows are told apart by `{column}`, and the file has no such column; it has: {}. Say another one with `--key`", columns.join(", "))]
    NoKeyColumn {
        /// What was asked for.
        column: String,
        /// What there is.
        columns: Vec<String>,
    },
    /// A key that does not tell the rows apart.
    #[error(
        "the column `{column}` does not tell the rows apart: in {rows} a value is missing, is there already, or has more than letters, digits and . _ - : {{ }} ({}). Mend them, or say another column with `--key`",
        examples.join("; ")
    )]
    KeyFails {
        /// The column.
        column: String,
        /// How many rows.
        rows: u64,
        /// Some of them.
        examples: Vec<String>,
    },
    /// Nothing to compare by.
    #[error(
        "`{0}` can't be updated: no column of the file tells its rows apart, so that nobody knows which of them is which of the layer's. Say the column with `--key`; or use `--replace`, by which every row is a new one, without its history"
    )]
    NoKey(LayerId),
    /// A layer whose ids are numbers that were counted.
    #[error(
        "`{0}` can't be updated: its ids are the numbers of the rows as they stood in its file, by which a new delivery can't be compared. Load it once more with `--replace --key COLUMN`; from then on it can be updated"
    )]
    Numbered(LayerId),
    /// A layer in which ids stand in several versions.
    #[error(
        "`{layer}` can't be updated: {ids} of its ids stand in several rows, each with a validity of its own (for example {}), and nobody knows which of them a delivery means. Use `--replace`",
        examples.join(", ")
    )]
    SeveralVersions {
        /// The layer.
        layer: LayerId,
        /// How many ids.
        ids: u64,
        /// Some of them.
        examples: Vec<String>,
    },
    /// A delivery that lacks many of the rows that are there.
    #[error(
        "`{layer}`: the file lacks {vanished} of the layer's {there} rows ({share:.0} %), and no more than {at_most} % may vanish with one delivery: it may be cut short. Nothing was written. `--dry-run --changes FILE` shows which they are; if they are gone indeed, say `--vanish-at-most 100`, or `vanish-at-most` in the plan; if the file is of a part only, `--keep-vanished`"
    )]
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
    #[error(
        "none of the file's rows has an id that `{layer}` has: by `{key}` the file's are {}, the layer's {}. If the key is another column, say it with `--key`; if these are other objects, use `--replace`",
        list(theirs),
        list(ours)
    )]
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
    #[error("`{0}` was declared anew while the file was read; nothing was loaded. Try again")]
    Redeclared(LayerId),
    /// Nothing to take back.
    #[error("`{layer}`: {why}")]
    NothingToUndo {
        /// The layer.
        layer: LayerId,
        /// Why not, and what to do.
        why: &'static str,
    },
    /// Rows that a delivery changed and somebody changed again.
    #[error(
        "the last delivery of `{layer}` can't be taken back as it is: {rows} of its rows were edited since (for example {}), and that would be lost. Nothing was changed. `--over-edits` takes them back as well; the history keeps what they were",
        examples.join(", ")
    )]
    EditedSince {
        /// The layer.
        layer: LayerId,
        /// How many.
        rows: u64,
        /// Ids of some.
        examples: Vec<String>,
    },
    /// Ids of rows that would come back, and are taken.
    #[error(
        "the last delivery of `{layer}` can't be taken back: rows that it took away would come back, and others have their ids now ({}). Nothing was changed. Delete those, or give them other ids",
        examples.join(", ")
    )]
    IdsTaken {
        /// The layer.
        layer: LayerId,
        /// Some of them.
        examples: Vec<String>,
    },
    /// Somebody else is at it.
    #[error("another load of the layer `{0}` is running; wait until it is done")]
    Busy(LayerId),
    /// A boundary file that is none.
    #[error(
        "{file}: it is no boundary of comuni: {why}. It must have areas with `com_istat_code` (six digits), `com_catasto_code` and `name`"
    )]
    Boundary {
        /// The file.
        file: String,
        /// Why not.
        why: String,
    },
    /// The database does not do as it should.
    #[error("the database {what}: {cause}; nothing was loaded")]
    Database {
        /// At what.
        what: &'static str,
        /// What it says.
        cause: sqlx::Error,
    },
    /// The database does not make a table of the file's fields.
    #[error(
        "{file}: the database can't make a table of its fields: {cause}; nothing was loaded. Rename or leave out in the file what the database names, and load it again"
    )]
    Table {
        /// The file or files.
        file: String,
        /// What the database says.
        cause: sqlx::Error,
    },
    /// The catalogue can't be read or written.
    #[error("the catalogue can't be changed: {0}; nothing was loaded")]
    Catalogue(#[from] catalogue::CatalogueError),
    /// The process that reads a file for us is gone, or makes no sense.
    #[error(
        "{file}: the process that reads it for us {why} {after}; nothing was loaded. The file is damaged or larger than is allowed: open it in QGIS, export it again as GeoPackage and load that. If it can be read there, please report it to us"
    )]
    ReaderEnded {
        /// The file.
        file: String,
        /// What became of the process.
        why: String,
        /// How far it got.
        after: String,
    },
    /// The reading thread died.
    #[error("reading stopped for a reason of our own ({0}); nothing was loaded. Please report this file to us")]
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

fn list(ids: &[String]) -> String {
    if ids.is_empty() { "none".to_owned() } else { ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ") }
}

fn none_of(rows: u64) -> String {
    if rows == 1 { "its only row can't be loaded".to_owned() } else { format!("of its {rows} rows none can be loaded") }
}

fn stated(definition: &Option<String>) -> String {
    definition.as_ref().map_or_else(|| "no coordinate system".to_owned(), |d| format!("{d}, which is unknown"))
}

fn guesses(candidates: &[Guess]) -> String {
    if candidates.is_empty() {
        return "No system of this program puts it near the boundary, or there is none; say which one it is in with `--crs EPSG:…`."
            .to_owned();
    }
    let list: Vec<String> = candidates.iter().map(ToString::to_string).collect();
    format!("Likely: {}.", list.join("; "))
}

fn otherwise(candidates: &[Guess]) -> String {
    if candidates.is_empty() {
        return "No other system of this program puts it inside. If it belongs there, `--outside ok --comune ISTAT` loads it; if not, check what was exported".to_owned();
    }
    format!("{} If it is right as it is, `--outside ok --comune ISTAT` loads it", guesses(candidates))
}
