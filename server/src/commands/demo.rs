use std::time::Instant;

use clap::Args;
use demo_town::{DEFAULT_SEED, Size, Town, towns};
use kernel::{Srid, Text};
use sqlx::types::Json;
use sqlx::{AssertSqlSafe, Connection, PgPool};

use crate::commands::serve;
use crate::config::{Config, ServerOptions};
use crate::database::Database;
use crate::failure::Failure;
use crate::http::who;
use crate::listen::Bound;
use crate::{installation, migrate, modules};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  opensit demo
  opensit demo --size city --data-dir /srv/demo --listen 0.0.0.0:8080 --public-url http://10.0.0.5:8080 --no-open")]
pub(crate) struct Arguments {
    /// How large a town: about 3,000, 50,000 or 300,000 parcels; or a region of 3,000,000 in 98 comuni
    #[arg(long, env = "OPENSIT_DEMO_SIZE", value_name = "small|town|city|region", default_value = "town")]
    pub(crate) size: Size,
    /// Do not open a browser
    #[arg(long)]
    pub(crate) no_open: bool,
    #[command(flatten)]
    pub(crate) server: ServerOptions,
}

pub(crate) async fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    if config.boundary.is_some() || config.storage_crs.as_ref().is_some_and(|g| g.value != Srid::RDN2008_UTM33) {
        return Err(Failure::new(
            "the demo has a boundary and a system of its own: leave --boundary and --storage-crs out, or use `opensit serve`",
        ));
    }
    let bound = Bound::take(config)?;
    let database = Database::open(config, Some(serve::address(config))).await?;
    let owner = migrate::run(&database, config).await?;
    load(&owner, arguments.size, config).await?;
    serve::serve(bound, database, owner, config, serve::Serving::Demo { open: !arguments.no_open }).await
}

/// Fills an empty installation with the town, in one transaction: all of it or nothing. One that has it is left as it is.
async fn load(owner: &PgPool, size: Size, config: &Config) -> Result<(), Failure> {
    let (_, there) = installation::read(owner).await?;
    let wanted = size.to_string();
    if let Some(there) = there {
        if there != wanted {
            return Err(Failure::new(format!(
                "{} holds the demo town of size `{there}`, not `{wanted}`. Say --size {there}, or choose another --data-dir",
                config.data_dir.value.display()
            )));
        }
        return Ok(());
    }
    let foreign: bool = sqlx::query_scalar("select exists (select from territory.boundaries)")
        .fetch_one(owner)
        .await
        .map_err(Failure::database("reading the installation"))?;
    if foreign {
        return Err(Failure::new("this database holds a real installation: the demo town does not go into it. Choose another --data-dir"));
    }
    // what the census says of its invented people is sealed as that of real ones is
    let vault = who::installation_key(config)?.vault().clone();
    let start = Instant::now();
    eprintln!("Building the demo town ({wanted}) …");
    let failed = || Failure::database("loading the demo town");
    let broken_off = || Failure::new("the demo town could not be made");
    // the next town is made while one is loaded, and there are never more than these two
    let (sender, mut made) = tokio::sync::mpsc::channel::<Town>(1);
    let making = tokio::task::spawn_blocking(move || {
        for town in towns(size, DEFAULT_SEED) {
            // nobody takes it any more: loading failed, and says so
            if sender.blocking_send(town).is_err() {
                return;
            }
        }
    });
    let town = made.recv().await.ok_or_else(broken_off)?;
    let mut conn = owner.acquire().await.map_err(failed())?;
    let mut transaction = conn.begin().await.map_err(failed())?;
    let mut rows = modules::load_demo(&mut transaction, &town, &vault).await.map_err(failed())?;
    let title = Text::same(town.boundaries.first().map_or("Demo", |b| b.name.as_str()));
    drop(town);
    while let Some(town) = made.recv().await {
        rows += modules::load_neighbour(&mut transaction, &town).await.map_err(failed())?;
    }
    // a town that could not be made ends the channel too
    making.await.map_err(|_| broken_off())?;
    sqlx::query("update opensit.installation set demo = $1, title = $2")
        .bind(&wanted)
        .bind(Json(title))
        .execute(&mut *transaction)
        .await
        .map_err(failed())?;
    transaction.commit().await.map_err(failed())?;
    for module in modules::all()? {
        for layer in module.layers {
            sqlx::query(AssertSqlSafe(format!("analyze {}", layer.table.sql()))).execute(&mut *conn).await.map_err(failed())?;
        }
    }
    eprintln!("Loaded {rows} features in {:.1} s.", start.elapsed().as_secs_f64());
    Ok(())
}
