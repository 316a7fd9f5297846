//! The process that opens files with GDAL: this program again, below limits, with a hidden command.

use std::io::{stdin, stdout};

use ::ingest::ReaderProcess;

use crate::failure::Failure;

/// The hidden command's name.
pub(crate) const NAME: &str = "read-file";

/// What the dynamic linker, PROJ and GDAL need where they are installed in unusual places; the rest of the environment
/// stays outside.
const ENVIRONMENT: [&str; 4] = ["LD_LIBRARY_PATH", "PROJ_DATA", "PROJ_LIB", "GDAL_DATA"];

/// How `ingest` starts it.
pub(crate) fn process() -> Result<ReaderProcess, Failure> {
    again(NAME)
}

/// This program with a hidden command.
pub(crate) fn again(command: &str) -> Result<ReaderProcess, Failure> {
    let program =
        std::env::current_exe().map_err(|e| Failure::new(format!("the program's own file can't be found, to open files with: {e}")))?;
    let given = ENVIRONMENT.iter().filter_map(|name| Some(((*name).into(), std::env::var_os(name)?)));
    let environment = given.chain([("PROJ_NETWORK".into(), "OFF".into())]).collect();
    Ok(ReaderProcess { program, arguments: vec![command.into()], environment })
}

/// Is that process. It takes its orders from standard input and writes rows to standard output, neither for people.
pub(crate) fn run() -> Result<(), Failure> {
    ::ingest::serve_reader(stdin(), stdout().lock()).map_err(|e| Failure::new(e.to_string()))
}
