//! The register as the files of the offices fill it: maps, published parcels and the census, compared with what is there and written in
//! one transaction.
//!
//! Of a sheet that comes as a map (CXF) everything is compared; of one whose parcels are published (GML), the parcels. What is as it was is left
//! alone, so that the same file again changes nothing; what changed gets a new version and the old one an end; what is gone gets an end. All that an
//! import did to the map can be taken back; the census stays.

mod apply;
mod between;
mod compare;
mod import;
mod map;
mod placement;
mod reading;
mod repeated;
mod rows;
mod stage;
mod systems;
mod undo;
mod words;

pub use compare::Counts;
pub use import::{Difference, ImportError, Imported, Request, document, run};
pub use systems::{Converter, Systems};
pub use undo::{UndoError, Undone, undo};
pub use words::called;
