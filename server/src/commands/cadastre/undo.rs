use ::cadastre::register;
use clap::Args;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The import that is meant, so that no other one is taken back [default: the last one]
    #[arg(value_name = "NUMBER")]
    number: Option<i64>,
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
    let mut conn = owner.acquire().await.map_err(Failure::database("taking an import back"))?;
    let undone = register::undo(&mut conn, arguments.number, "command line").await.map_err(|e| Failure::new(e.to_string()))?;
    drop(conn);
    owner.close().await;
    if arguments.json {
        say(&serde_json::to_string_pretty(&undone).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        let census = if undone.census_stays { " The census that it brought stays." } else { "" };
        say(&format!(
            "Import {} was taken back: {} rows are no more, {} hold again.{census}",
            undone.number, undone.removed, undone.restored
        ));
    }
    Ok(())
}
