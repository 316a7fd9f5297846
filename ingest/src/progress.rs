use serde::Serialize;

/// Where a load stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Unpacking and opening files.
    Opening,
    /// Reading all rows once, to know what is in them.
    Surveying,
    /// Reading them again, into the database.
    Loading,
    /// Mending geometries and finding each row's comune, in the database.
    Placing,
    /// Comparing them with the layer's rows, and writing what differs.
    Comparing,
    /// Making indexes and putting the layer in its place.
    Publishing,
}

/// Somebody who wants to know how far a load is. Called from several threads.
pub trait Progress: Send + Sync {
    /// A stage begins; with the number of rows it will go through, if that is known.
    fn stage(&self, stage: Stage, rows: Option<u64>);
    /// This many rows of the stage are done.
    fn rows(&self, done: u64);
}

/// Nobody wants to know.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stage(&self, _: Stage, _: Option<u64>) {}
    fn rows(&self, _: u64) {}
}
