use clap::Subcommand;

use crate::commands::say;
use crate::config::{Config, ServerOptions};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows each value and where it comes from
    Show {
        #[command(flatten)]
        server: ServerOptions,
    },
}

pub(crate) fn run(Command::Show { .. }: &Command, config: &Config) {
    for (name, value, source) in config.rows() {
        say(&format!("{name:<34} {value:<44} ({source})"));
    }
}
