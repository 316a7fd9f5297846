use std::path::PathBuf;

use clap::Subcommand;
use environment::Bulletin;
use kernel::{Action, Edit, Journal, LayerId, Principal};
use sqlx::Connection;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::http::journal::Audit;
use crate::migrate;

#[derive(Debug, Subcommand)]
#[command(after_help = "Example:
  curl -fsO https://example.org/20261128-bollettino-oggi-zone.csv
  opensit environment import-bulletin 20261128-bollettino-oggi-zone.csv")]
pub(crate) enum Command {
    /// Writes a bulletin of the civil protection (CSV by zones) into the alert zones; done again it changes nothing
    ImportBulletin {
        /// The CSV
        file: PathBuf,
    },
}

pub(crate) async fn run(command: &Command, config: &Config) -> Result<(), Failure> {
    let Command::ImportBulletin { file } = command;
    let text = std::fs::read_to_string(file).map_err(|e| Failure::new(format!("{} can't be read: {e}", file.display())))?;
    let bulletin = Bulletin::read(&text).map_err(|faults| {
        let told: Vec<String> = faults.iter().map(|fault| format!("  {fault}")).collect();
        Failure::new(format!("{} is not taken, and nothing was changed:\n{}", file.display(), told.join("\n")))
    })?;
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let failed = || Failure::database("importing a bulletin");
    let mut conn = owner.acquire().await.map_err(failed())?;
    let mut transaction = conn.begin().await.map_err(failed())?;
    let operator = Principal::operator();
    let done = environment::import(&mut transaction, &bulletin, &operator.comuni()).await.map_err(failed())?;
    let layer = LayerId::new("alert_zones").map_err(|e| Failure::new(e.to_string()))?;
    let changed = ["hydraulic", "hydrogeological", "storms"].map(str::to_owned);
    for row in &done.rows {
        let edit = Edit {
            action: Action::Update,
            layer: &layer,
            fid: row.fid,
            id: &row.id,
            version: row.version,
            changed: &changed,
            restored: None,
        };
        Audit.wrote(&mut transaction, &operator, edit).await.map_err(failed())?;
    }
    transaction.commit().await.map_err(failed())?;
    drop(conn);
    say(&format!("{} lines of zones here, {} rows changed, {} lines of zones elsewhere", done.lines, done.rows.len(), done.elsewhere));
    owner.close().await;
    database.close().await
}
