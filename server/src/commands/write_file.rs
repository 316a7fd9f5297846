//! The process that writes files with GDAL: this program again, below limits, with a hidden command.

use std::io::{stdin, stdout};

use crate::failure::Failure;

/// The hidden command's name.
pub(crate) const NAME: &str = "write-file";

/// Is that process. It takes its orders and rows from standard input and answers on standard output, neither for people.
pub(crate) fn run() -> Result<(), Failure> {
    ::ingest::serve_writer(stdin().lock(), stdout().lock()).map_err(|e| Failure::new(e.to_string()))
}
