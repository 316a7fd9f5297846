//! Files in: a GeoPackage, a Shapefile, a spreadsheet, a drawing becomes a layer, published at once or not at all.
//!
//! What happens, in the order of the modules: [`source`] opens the file (unpacking an archive within bounds) and gives
//! rows as they stand in it; [`register`] gives rows without coordinates the place that their parcel or address has; [`survey`] reads them once, without keeping them, to learn kinds of geometry, keys and
//! where they lie; [`place`] settles the coordinate system, or refuses with the likely ones; [`plan`] makes the
//! [`kernel::Layer`]; [`load`] reads them again, transforms them (crate `crs`; GDAL transforms nothing), fills the
//! layer's next table by COPY, and a staging table with the rows that PostGIS has to mend and place, and swaps the filled table in, in one transaction. A single
//! file is read once for both, as its first rows let guess it; the guess is proved once all were seen, or the file read again (`load/at_once.rs`). Or
//! [`update`] compares them with what is there, and writes what differs; and [`Report`] tells what happened in plain words.
//!
//! The other way goes [`export()`]: a layer's rows, as somebody sees them, into a file.
//!
//! A new format is a [`source::Reader`] and a line in `source/open.rs`. GDAL opens files in a process of its own
//! ([`ReaderProcess`]), below limits of the system, with one driver allowed, chosen by the file's content; what comes of
//! it, crashes included, is rows or an error here. Spreadsheets are opened there too. CSV is read in this process, by Rust alone.

mod boundary;
mod error;
mod export;
mod geometry;
mod load;
mod names;
mod place;
mod plan;
mod progress;
mod register;
mod report;
mod request;
mod rules;
mod run;
mod source;
mod stop;
mod style;
mod survey;
mod update;
mod whose;
mod workshop;

pub use boundary::{Boundary, Comune};
pub use error::{IngestError, NoUndo, Stopping, Told};
pub use export::{ExportError, Exported, Format, Ids, Wanted, Writing, count, export, serve_writer};
pub use place::Guess;
pub use plan::{
    CodeLine, FieldLine, Found, FoundColumn, FoundCrs, FoundFile, Kind, Looked, Mark, Place, PlaceBy, PlanFile, Sample, Validity, Words,
    look, propose,
};
pub use progress::{Progress, Silent, Stage};
pub use register::Unplaced;
pub use report::{CrsReport, CrsSource, ExtentReport, FieldReport, IdSource, KeptOut, KeptReport, Mended, Note, Reason, Report};
pub use request::{Limits, Mode, Request, Settings, Update};
pub use rules::{Example, Finding, Picture, Rule, Rules, Severity, Thresholds};
pub use run::run;
pub use source::process::{ReaderProcess, serve_reader};
pub use stop::Stop;
pub use style::{Asked as AskedStyles, Kind as StyleKind, LegendLine, Proposal, propose as propose_styles};
pub use update::{Changed, Counts, Difference, Edited, Examples, FieldChange, Moved, Undone, ids_of, undo};
pub use workshop::Workshop;
