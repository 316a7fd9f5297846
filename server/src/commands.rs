//! The commands, one a file.

pub(crate) mod audit;
pub(crate) mod cadastre;
pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod database;
pub(crate) mod demo;
mod draft;
pub(crate) mod environment;
pub(crate) mod export;
pub(crate) mod ingest;
pub(crate) mod keys;
pub(crate) mod layers;
pub(crate) mod migrate;
pub(crate) mod read_file;
pub(crate) mod serve;
pub(crate) mod sources;
pub(crate) mod tiles;
pub(crate) mod works;
pub(crate) mod write_file;

use std::process::ExitCode;

use crate::cli::Command;
use crate::config::Config;
use crate::failure::Failure;

/// Prints a line for who may have stopped reading: `opensit layers | head -1` is no error.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Runs a command. Only `check`, `cadastre check`, `cadastre import` and `audit verify` end with anything but success without a failure: they say what
/// they found.
pub(crate) async fn run(command: &Command, config: &Config) -> Result<ExitCode, Failure> {
    match command {
        Command::Demo(arguments) => demo::run(arguments, config).await?,
        Command::Serve(_) => serve::run(config).await?,
        Command::Ingest(arguments) => ingest::run(arguments, config).await?,
        Command::Export(arguments) => export::run(arguments, config).await?,
        Command::Migrate(arguments) => migrate::run(arguments, config).await?,
        Command::Layers(arguments) => layers::run(arguments, config).await?,
        Command::Tiles(command) => tiles::run(command, config).await?,
        Command::Database(command) => database::run(command, config).await?,
        Command::Keys(command) => keys::run(command, config).await?,
        Command::Sources(command) => sources::run(command, config).await?,
        Command::Environment(command) => environment::run(command, config).await?,
        Command::Audit(command) => return audit::run(command, config).await,
        Command::Works(command) => works::run(command, config).await?,
        Command::Cadastre(command) => return cadastre::run(command, config).await,
        Command::Check => return check::run(config).await,
        Command::Config(command) => config::run(command, config),
        // done before the configuration is read
        Command::Completions { .. } | Command::ReadFile | Command::WriteFile => {}
    }
    Ok(ExitCode::SUCCESS)
}
