use catalogue::store;
use clap::Args;
use identity::audit::{self, Action, Event};
use kernel::{Layer, LayerId, Principal};
use serde_json::json;
use sqlx::PgPool;

use crate::commands::say;
use crate::config::Config;
use crate::database::Database;
use crate::failure::Failure;
use crate::migrate;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit ingest alberi.gpkg --layer alberi --draft
  opensit layers publish alberi

A running server has it on map, tiles, API and search at once.")]
pub(super) struct Arguments {
    /// The layer
    #[arg(value_name = "LAYER", value_parser = layer_id)]
    layer: LayerId,
}

fn layer_id(text: &str) -> Result<LayerId, String> {
    LayerId::new(text).map_err(|e| e.to_string())
}

pub(super) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let database = Database::open_existing(config).await?;
    let result = publish(&arguments.layer, config, &database).await;
    database.close().await?;
    result
}

async fn publish(id: &LayerId, config: &Config, database: &Database) -> Result<(), Failure> {
    let owner = migrate::run(database, config).await?;
    let result = end_draft(id, &owner).await;
    owner.close().await;
    let layer = result?;
    let audience = format!("{:?}", layer.audience).to_lowercase();
    say(&format!("`{}` is published: it is there for its audience, {audience}", layer.id));
    Ok(())
}

async fn end_draft(id: &LayerId, owner: &PgPool) -> Result<Layer, Failure> {
    let failed = || Failure::database("publishing a layer");
    let mut transaction = owner.begin().await.map_err(failed())?;
    let absent = || Failure::new(format!("there is no layer `{id}`; `opensit layers` lists them"));
    let mut layer = store::get_to_change(&mut transaction, id).await?.ok_or_else(absent)?;
    if !layer.draft {
        return Err(Failure::new(format!("`{id}` is no draft: it is there for its audience already")));
    }
    layer.draft = false;
    store::change(&mut transaction, &layer).await?;
    let event = Event::new(Action::Administer).on(id).details(json!({ "what": "layer published" }));
    audit::record(&mut transaction, &Principal::operator(), event).await.map_err(failed())?;
    transaction.commit().await.map_err(failed())?;
    Ok(layer)
}
