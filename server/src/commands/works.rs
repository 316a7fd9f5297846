use std::path::PathBuf;

use clap::Subcommand;
use public_works::opencup;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:
  opensit works import-opencup Localizzazione.csv --data-dir /srv/sit")]
pub(crate) enum Command {
    /// Puts the works that OpenCUP's file of localisations has in our comuni on the list to draw; again, it changes nothing
    ImportOpencup {
        /// The CSV, with OpenCUP's header
        file: PathBuf,
    },
}

pub(crate) async fn run(Command::ImportOpencup { file }: &Command, config: &Config) -> Result<(), Failure> {
    let bytes = tokio::fs::read(file).await.map_err(|e| Failure::new(format!("{} can't be read: {e}", file.display())))?;
    let found = opencup::read(&bytes).map_err(|faults| {
        let lines: String = faults.iter().map(|fault| format!("\n  line {}: {}", fault.line, fault.detail)).collect();
        Failure::new(format!("{} is no list of localisations; nothing was imported{lines}", file.display()))
    })?;
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let mut connection = owner.acquire().await.map_err(failed)?;
    let outcome = opencup::keep(&mut connection, &found).await.map_err(failed)?;
    drop(connection);
    say(&format!("{} to draw now, {} known before, {} in other comuni", outcome.new, outcome.there_already, outcome.elsewhere));
    owner.close().await;
    database.close().await
}

fn failed(error: sqlx::Error) -> Failure {
    Failure::new(format!("the localisations can't be kept: {error}"))
}
