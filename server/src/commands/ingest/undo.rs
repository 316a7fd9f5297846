use clap::Args;
use kernel::LayerId;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit ingest undo trees

The rows are again what they were before the last `ingest --update` or `--append`, under their old ids; said twice, it takes back the one before.")]
pub(super) struct Arguments {
    /// The layer
    #[arg(value_name = "LAYER", value_parser = super::layer_id)]
    layer: LayerId,
    /// Also rows that were edited since: they are as before the delivery, and the edits in the history alone
    #[arg(long)]
    over_edits: bool,
    /// Print what was done as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    let result = undo(arguments, config, &database).await;
    database.close().await?;
    result
}

async fn undo(arguments: &Arguments, config: &Config, database: &Database) -> Result<(), Failure> {
    let owner = migrate::run(database, config).await?;
    let undone = ::ingest::undo(&owner, &arguments.layer, arguments.over_edits, &kernel::Comuni::All).await;
    owner.close().await;
    let undone = undone.map_err(|e| Failure::new(e.to_string()))?;
    if arguments.json {
        say(&serde_json::to_string_pretty(&undone).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        say(&undone.text(kernel::Language::En));
    }
    Ok(())
}
