mod publish;

use clap::{Args, Subcommand};
use serde::Serialize;
use sqlx::{AssertSqlSafe, PgPool};

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit layers
  opensit layers publish alberi
  opensit layers --json | jq '.[] | select(.audience != \"public\") | .id'")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Ends a draft: the layer is there for its audience
    Publish(publish::Arguments),
}

#[derive(Serialize)]
struct Row {
    id: String,
    relation: String,
    key: &'static str,
    geometry: String,
    srid: i32,
    audience: String,
    /// Whether only its author and administrators see it yet.
    draft: bool,
    /// None: its table can't be read.
    rows: Option<i64>,
    /// Whether its table is no longer what it declares.
    damaged: bool,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if let Some(Command::Publish(arguments)) = &arguments.command {
        return publish::run(arguments, config).await;
    }
    let database = Database::open_existing(config).await?;
    let owner = migrate::run(&database, config).await?;
    let rows = read(&owner).await?;
    if arguments.json {
        say(&serde_json::to_string_pretty(&rows).map_err(|e| Failure::new(e.to_string()))?);
    } else {
        say(&format!("{:<22} {:<30} {:<5} {:<16} {:>6}  {:<9} {:>10}", "id", "relation", "key", "geometry", "srid", "audience", "rows"));
        for r in &rows {
            let rows = r.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string());
            let draft = if r.draft { "  draft" } else { "" };
            let damaged = if r.damaged { "  damaged: see `opensit check`" } else { "" };
            say(&format!(
                "{:<22} {:<30} {:<5} {:<16} {:>6}  {:<9} {rows:>10}{draft}{damaged}",
                r.id, r.relation, r.key, r.geometry, r.srid, r.audience
            ));
        }
    }
    owner.close().await;
    database.close().await
}

async fn read(owner: &PgPool) -> Result<Vec<Row>, Failure> {
    let catalogue = catalogue::Catalogue::load(&kernel::Database::new(owner.clone())).await?;
    let mut rows = Vec::new();
    for row in catalogue.unreadable() {
        eprintln!("`{}` is left out: its declaration can't be read: {}. {}", row.id, row.cause, row.cure());
    }
    for entry in catalogue.layers(&kernel::Principal::operator()) {
        let layer = &entry.layer;
        let counted = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {}", layer.table.sql()))).fetch_one(owner).await;
        let damaged = entry.damage.is_some();
        let rows_of = match counted {
            Err(_) if damaged => None,
            counted => Some(counted.map_err(Failure::database("counting rows"))?),
        };
        rows.push(Row {
            id: layer.id.to_string(),
            relation: layer.table.to_string(),
            key: "fid",
            geometry: layer.geometry.to_string(),
            srid: layer.srid.postgis(),
            audience: format!("{:?}", layer.audience).to_lowercase(),
            draft: layer.draft,
            rows: rows_of,
            damaged,
        });
    }
    Ok(rows)
}
