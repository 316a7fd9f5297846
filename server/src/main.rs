//! `opensit`: one program beside one PostGIS database.

mod cli;
mod cluster;
mod commands;
mod config;
mod database;
mod exports;
mod failure;
mod following;
mod http;
mod imports;
mod installation;
mod listen;
mod migrate;
mod modules;
mod workers;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory, FromArgMatches};

use crate::cli::{Cli, Command};
use crate::config::{Config, LogFormat, ServerOptions};
use crate::failure::Failure;

/// An edit spends a fifth of its processor time on memory with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long threads at work are waited for after a command has ended.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// The stack of each thread, of which only what is used is memory: a request goes through a dozen steps within each other, and a program that was not
/// optimised spends many times what it needs on each.
const STACK_BYTES: usize = 8 << 20;

fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    match run(&cli, &matches) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("opensit: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli, matches: &clap::ArgMatches) -> Result<ExitCode, Failure> {
    if let Command::Completions { shell } = &cli.command {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut Cli::command(), "opensit", &mut script);
        // who reads only its beginning does no wrong
        let _ = std::io::stdout().write_all(&script);
        return Ok(ExitCode::SUCCESS);
    }
    if let Command::ReadFile = &cli.command {
        return commands::read_file::run().map(|()| ExitCode::SUCCESS);
    }
    if let Command::WriteFile = &cli.command {
        return commands::write_file::run().map(|()| ExitCode::SUCCESS);
    }
    // the values of the innermost command, `config show` being one within another
    let mut matches = matches;
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    let none = ServerOptions::default();
    let (server, data_dir) = match &cli.command {
        Command::Demo(arguments) => (&arguments.server, database::default_data_dir(&format!("demo-{}", arguments.size))),
        Command::Config(commands::config::Command::Show { server }) => (server, database::default_data_dir("installation")),
        Command::Serve(arguments) => (&arguments.server, database::default_data_dir("installation")),
        _ => (&none, database::default_data_dir("installation")),
    };
    let config = Config::resolve(&cli.options, server, matches, &data_dir)?;
    start_logging(&config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build()
        .map_err(|e| Failure::new(format!("no threads to run on: {e}")))?;
    let outcome = runtime.block_on(commands::run(&cli.command, &config));
    // a thread that does not heed that its work is no longer wanted is not waited for
    runtime.shutdown_timeout(LEFTOVERS);
    outcome
}

/// Logs go to standard error: standard output is for what was asked for. They have colours on a terminal alone.
fn start_logging(config: &Config) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(&config.log.value)
        .map_err(|e| Failure::new(format!("log = `{}` (from {}): {e}", config.log.value, config.log.source)))?;
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours);
    match config.log_format.value {
        LogFormat::Text => log.with_target(false).init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(())
}
