//! The command line. What every command shares is [`Options`]; each command's own arguments stand beside its code.

use clap::{Parser, Subcommand};

use crate::commands::{
    audit, cadastre, config, database, demo, environment, export, ingest, keys, layers, migrate, read_file, serve, sources, tiles, works,
    write_file,
};
use crate::config::Options;

/// The open territorial information system of a city.
#[derive(Debug, Parser)]
#[command(name = "opensit", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXAMPLES: &str = "Examples:
  opensit demo                                            an invented town, at http://localhost:8080
  opensit serve --boundary comune.geojson                 an installation of your own
  opensit ingest alberi.gpkg --layer trees_2026           a file as a layer: map, tiles and API at once
  psql \"$(opensit database url)\"                          the database, in another program

Flags beat OPENSIT_* variables beat opensit.toml; `opensit config show` says what holds and where it comes from.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serves an invented coastal town, from a private database of its own
    Demo(demo::Arguments),
    /// Serves this installation
    Serve(serve::Arguments),
    /// Publishes files as a layer
    Ingest(ingest::Arguments),
    /// Writes a layer into a file
    Export(export::Arguments),
    /// Brings the database up to this version of the program
    Migrate(migrate::Arguments),
    /// Lists the layers
    Layers(layers::Arguments),
    /// Tiles into a file
    #[command(subcommand)]
    Tiles(tiles::Command),
    /// Connection string, backup and restore
    #[command(subcommand)]
    Database(database::Command),
    /// Makes, lists and ends keys of GIS clients and programs
    #[command(subcommand)]
    Keys(keys::Command),
    /// Proves or prints the log of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Folders and addresses that are looked at every so often
    #[command(subcommand)]
    Sources(sources::Command),
    /// Files of the cadastre
    #[command(subcommand)]
    Cadastre(cadastre::Command),
    /// Works of OpenCUP that wait to be drawn
    #[command(subcommand)]
    Works(works::Command),
    /// What comes from outside for the environment: bulletins of the civil protection
    #[command(subcommand)]
    Environment(environment::Command),
    /// Examines configuration, database and disk, with a cure for each problem
    Check,
    /// What is configured, and where each value comes from
    #[command(subcommand)]
    Config(config::Command),
    /// Prints completions for a shell
    #[command(after_help = "Example:\n  opensit completions bash > /etc/bash_completion.d/opensit")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Opens a file for another process of this program
    #[command(name = read_file::NAME, hide = true)]
    ReadFile,
    /// Writes a file for another process of this program
    #[command(name = write_file::NAME, hide = true)]
    WriteFile,
}
